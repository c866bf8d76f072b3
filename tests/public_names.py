#!/usr/bin/env python3
"""Checks that the names in namespace inlay, outside of inlay::detail, are those of public_names.txt.

usage: public_names.py INCLUDE_FOLDER [--write]     --write keeps the names that there are; exit status 77 without ctags
"""
import json
import pathlib
import shutil
import subprocess
import sys

LIST = pathlib.Path(__file__).resolve().parent / "public_names.txt"
# Not members, template parameters, or what a preprocessor knows.
KINDS = {"class", "enum", "function", "struct", "typedef", "variable"}


def names_in(header: pathlib.Path) -> set[str]:
    # ctags takes the macro in `inline INLAY_ABI` for a name.
    text = header.read_text(encoding="utf-8").replace("inlay::inline INLAY_ABI", "inlay")
    tags = subprocess.run(["ctags", "--language-force=C++", "--output-format=json", "--fields=+KsZ", "--kinds-C++=+x-p",
                           "-f", "-", "--_interactive=default"], check=True, capture_output=True, text=True,
                          input=json.dumps({"command": "generate-tags", "filename": "header.hpp",
                                            "size": len(text.encode())}) + "\n" + text).stdout
    found = [json.loads(line) for line in tags.splitlines()]
    return {tag["name"] for tag in found if tag.get("scope") == "inlay" and tag.get("kind") in KINDS
            and not tag["name"].startswith(("operator", "__anon"))}


def main() -> int:
    if shutil.which("ctags") is None:
        print("SKIPPED: there is no ctags (Debian: universal-ctags)")
        return 77
    names = sorted(set().union(*map(names_in, pathlib.Path(sys.argv[1]).rglob("*.hpp"))))
    if "--write" in sys.argv[2:]:
        LIST.write_text("\n".join(names) + "\n")
        return 0
    kept = LIST.read_text().split()
    for problem, some in (("not in public_names.txt, and not in inlay::detail", set(names) - set(kept)),
                          ("in public_names.txt only", set(kept) - set(names))):
        if some:
            print(f"{problem}: {', '.join(sorted(some))}")
    print(f"{len(names)} public names")
    return 0 if names == kept and names else 1


if __name__ == "__main__":
    sys.exit(main())
