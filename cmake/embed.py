#!/usr/bin/env python3
"""Writes a C++ header that holds a file's bytes as a string literal, which compilers read fastest.

Of a .tflite file each constant is an array of its own besides, so that a program's flash has those that it reads and
nothing else of the file. NAME, to be given to inlay::tflite, defaults to the file's name, made an identifier.
"""
import argparse
import dataclasses
import pathlib
import re
import struct
import sys

CHUNK = 64  # bytes a line

# The header stands at the top of a program, so names that are taken there are taken, too.
TAKEN = set("""
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class
    co_await co_return co_yield compl concept const consteval constexpr constinit const_cast continue decltype default
    delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline int long
    mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register
    reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch template this
    thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor
    xor_eq inlay main std""".split())


def escaped(chunk: bytes) -> str:
    """Octal throughout: three digits end an escape, whatever follows."""
    return "".join(f"\\{byte:03o}" for byte in chunk)


def literal(data: bytes) -> str:
    return "\n".join(f'  "{escaped(data[i:i + CHUNK])}"' for i in range(0, len(data), CHUNK)) or '  ""'


@dataclasses.dataclass(frozen=True)
class FlatBuffer:
    """Follows a FlatBuffer's offsets; struct.error where one leaves the file."""
    data: bytes

    def number(self, code: str, at: int) -> int:
        if at < 0:
            raise struct.error
        return struct.unpack_from(code, self.data, at)[0]

    def follow(self, at: int) -> int:
        return at + self.number("<I", at)

    def field(self, table: int, index: int) -> int:
        """Where a table has a field; 0 if it leaves it out."""
        entries = table - self.number("<i", table)
        if 6 + 2 * index > self.number("<H", entries):
            return 0
        offset = self.number("<H", entries + 4 + 2 * index)
        return table + offset if offset else 0

    def vector(self, table: int, index: int) -> tuple[int, int]:
        """Where the elements of a table's vector begin, and how many there are."""
        at = self.field(table, index)
        return (self.follow(at) + 4, self.number("<I", self.follow(at))) if at else (0, 0)


def constants(data: bytes) -> list[tuple[int, int]]:
    """Where a .tflite file has its buffers, and how large they are: the file's order, none of them empty. What they
    mean is no business of this script; that they are the vectors in the fifth field of the root is all it knows."""
    if data[4:8] != b"TFL3":
        return []
    file = FlatBuffer(data)
    try:
        first, count = file.vector(file.follow(0), 4)
        found = {file.vector(file.follow(first + 4 * i), 0) for i in range(count)}
    except struct.error:
        return []  # damaged, which the compiler will say
    return sorted((at, size) for at, size in found if 0 < size <= len(data) - at)


def header(data: bytes, name: str, section: str = "") -> str:
    def placed(array: str) -> str:
        """The attribute that puts an array into a section of its own, whose name begins with the given one."""
        return f'[[gnu::section("{section}.{array}")]] ' if section else ""

    body = f"{placed(name)}alignas(16) inline constexpr char {name}[] =\n{literal(data)};\n"
    if places := constants(data):
        prefix = name.rstrip("_")
        # Their lengths stand in front of them, as in the file: kernels read by words, up to three bytes before.
        arrays: dict[bytes, str] = {}
        for at, size in places:
            arrays.setdefault(data[at - 4:at + size], f"{prefix}_at_{at}")
        body = "".join(f"{placed(array)}alignas(4) inline constexpr char {array}[] =\n{literal(held)};\n"
                       for held, array in arrays.items())
        body += f"inline constexpr char {prefix}_file[] =\n{literal(data)};\n"
        owners = list(arrays)
        parts = ",\n".join(f"    {{{at}, {size}, {owners.index(data[at - 4:at + size])}, "
                           f"{arrays[data[at - 4:at + size]]} + 4}}" for at, size in places)
        body += f"""inline constexpr struct {prefix}_parts {{
  struct part {{
    unsigned at, bytes, array;
    const char* data;
  }};
  static constexpr part parts[] = {{
{parts}}};
  static constexpr const char* data() {{ return {prefix}_file; }}
  static constexpr decltype(sizeof 0) size() {{ return sizeof {prefix}_file - 1; }}
}} {name}{{}};
"""
    return f"""#pragma once
// {len(data)} bytes, for inlay::tflite<{name}>.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
#endif
{body}#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
"""


def default_name(file: pathlib.Path) -> str:
    """As inlay_add_model has it: what is not a letter or a digit is one _, and a letter stands in front."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", file.stem)
    return name if name[:1].isalpha() else f"model_{name.lstrip('_')}"


def problem_of(name: str) -> str:
    """Why a name cannot be that of an array, or nothing."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return "is not a C++ identifier"
    if name in TAKEN:
        return "has a meaning in C++ already"
    if name.startswith("_") or "__" in name:
        return "is reserved for the compiler: names begin with a letter and have no two _ in a row"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], epilog=__doc__.split("\n\n")[1])
    parser.add_argument("file", type=pathlib.Path, metavar="FILE")
    parser.add_argument("header", type=pathlib.Path, metavar="HEADER")
    parser.add_argument("name", nargs="?", metavar="NAME")
    parser.add_argument("--section", default="", metavar="SECTION",
                        help="put the constants into sections SECTION.NAME_at_POSITION, for a linker script")
    arguments = parser.parse_args()
    name = default_name(arguments.file) if arguments.name is None else arguments.name
    if problem := problem_of(name):
        sys.exit(f"embed.py: the name {name} {problem}; give another one as NAME")
    if not re.fullmatch(r"(\.?[A-Za-z_][A-Za-z0-9_.]*)?", arguments.section):
        sys.exit(f"embed.py: {arguments.section!r} is not a section's name such as .qspi")
    try:
        data = arguments.file.read_bytes()
        arguments.header.write_text(header(data, name, arguments.section), encoding="ascii")
    except OSError as error:
        sys.exit(f"embed.py: {error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
