#!/usr/bin/env python3
"""Writes a C++ header that holds a file's bytes as a string literal, which compilers read fastest.

usage: embed.py FILE HEADER [NAME]     NAME defaults to the file's name, made an identifier
"""
import pathlib
import re
import sys

CHUNK = 64  # bytes a line


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


def main() -> None:
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    source = pathlib.Path(sys.argv[1])
    name = sys.argv[3] if len(sys.argv) == 4 else re.sub(r"\W", "_", source.stem)
    if not name.isidentifier():
        sys.exit(f"embed.py: {name} is not a C++ identifier; give a name")
    pathlib.Path(sys.argv[2]).write_text(header(source.read_bytes(), name), encoding="ascii")


if __name__ == "__main__":
    main()
