#!/usr/bin/env python3
"""The README's C++ must stand, line for line, in a program of examples/ that is compiled.

usage: readme.py README.md EXAMPLES
"""
import pathlib
import re
import sys


def main() -> int:
    text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    programs = [path.read_text(encoding="utf-8") for path in pathlib.Path(sys.argv[2]).rglob("*.cpp")]
    snippets = re.findall(r"```cpp\n(.*?)```", text, flags=re.DOTALL)
    missing = [snippet for snippet in snippets if not any(snippet in program for program in programs)]
    for snippet in missing:
        print(f"not in any example:\n{snippet}")
    print(f"{len(snippets) - len(missing)} of {len(snippets)} snippets are in examples")
    return 1 if missing or not snippets else 0


if __name__ == "__main__":
    sys.exit(main())
