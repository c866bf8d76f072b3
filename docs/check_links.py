#!/usr/bin/env python3
"""Checks that what the project's Markdown links to is there: files, and the headings that links name."""
import pathlib
import re
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Not ours, or made.
LEFT_OUT = {"build", "subprojects", ".git", "templates"}


def markdown_files() -> list[pathlib.Path]:
    return [path for path in sorted(ROOT.rglob("*.md")) if not LEFT_OUT & set(path.relative_to(ROOT).parts)]


def prose(text: str) -> str:
    """The text without code."""
    return re.sub(r"^(`{3,}).*?^\1|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(path: pathlib.Path) -> set[str]:
    """The names that hosts of repositories and the manual give headings."""
    titles = re.findall(r"^#+ (.*)$", re.sub(r"^(`{3,}).*?^\1", "", path.read_text(encoding="utf-8"),
                                             flags=re.DOTALL | re.MULTILINE), flags=re.MULTILINE)
    return {re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", title.lower().replace("`", "")).strip()) for title in titles}


def main() -> int:
    links, dead = 0, []
    for page in markdown_files():
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8"))):
            address, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", address):
                continue
            links += 1
            place = page.parent / urllib.parse.unquote(address) if address else page
            if not place.exists():
                dead.append(f"{page.relative_to(ROOT)}: {target}: there is no such file")
            elif anchor and place.suffix == ".md" and anchor not in anchors(place):
                dead.append(f"{page.relative_to(ROOT)}: {target}: there is no such heading")
    print(*dead, f"{links} links, {len(dead)} dead", sep="\n")
    return 1 if dead or not links else 0


if __name__ == "__main__":
    sys.exit(main())
