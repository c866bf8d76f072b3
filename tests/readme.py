#!/usr/bin/env python3
"""The C++ of the README and of the manual must stand, line for line, in a program that is compiled: one of examples/ or
docs/snippets/. Most pages show parts of these as they are built.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main() -> int:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    programs = [path.read_text(encoding="utf-8") for folder in ("examples", "docs/snippets")
                for path in (ROOT / folder).rglob("*.cpp")]
    snippets = [(page, snippet) for page in pages
                for snippet in re.findall(r"```cpp\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)]
    missing = [found for found in snippets if not any(found[1] in program for program in programs)]
    for page, snippet in missing:
        print(f"{page.name}: in no program:\n{snippet}")
    print(f"{len(snippets) - len(missing)} of {len(snippets)} snippets are in programs")
    return 1 if missing or not snippets else 0


if __name__ == "__main__":
    sys.exit(main())
