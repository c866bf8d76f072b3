#!/usr/bin/env python3
"""Writes a C++ header that holds a file's bytes as a string literal, which compilers read fastest.

NAME, of the array that has them, defaults to the file's name, made an identifier.
"""
import argparse
import pathlib
import re
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


def header(data: bytes, name: str) -> str:
    lines = "\n".join(f'  "{escaped(data[i:i + CHUNK])}"' for i in range(0, len(data), CHUNK))
    return f"""#pragma once
// {len(data)} bytes, for inlay::tflite<{name}>.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
#endif
alignas(16) inline constexpr char {name}[] =
{lines or '  ""'};
#if defined(__GNUC__)
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
    arguments = parser.parse_args()
    name = default_name(arguments.file) if arguments.name is None else arguments.name
    if problem := problem_of(name):
        sys.exit(f"embed.py: the name {name} {problem}; give another one as NAME")
    try:
        data = arguments.file.read_bytes()
        arguments.header.write_text(header(data, name), encoding="ascii")
    except OSError as error:
        sys.exit(f"embed.py: {error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
