#!/usr/bin/env python3
"""Checks that docs/errors.md has every message of include/, and none that is not there.

A message is what a static_assert or #error says, a sentence or rule of a refusal, and the fixed parts of texts with numbers
in them, which the page has with … in their place.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "errors.md"
STRING = r'"(?:\\.|[^"\\])*"'
STRINGS = rf"{STRING}(?:\s*{STRING})*"
# Headers whose strings are all sentences, rules or parts of them: those of refused models. Words that are shorter than
# a sentence are part of any.
REFUSALS = ("model/import/", "model/preconditions.hpp", "model/topology.hpp", "model/tflite_reader.hpp",
            "model/refusal_text.hpp")
SHORTEST = 14


def joined(strings: str) -> str:
    return "".join(part[1:-1] for part in re.findall(STRING, strings)).replace('\\"', '"')


def bare(message: str) -> str:
    return re.sub(r"\s+", " ", message).strip(" ;:,.")


def messages() -> dict[str, str]:
    """Each message, or part of one, and the header that has it."""
    found = {}
    for path in sorted((ROOT / "include").rglob("*.hpp")):
        header = path.relative_to(ROOT / "include").as_posix().removeprefix("inlay/")
        text = re.sub(r"^\s*//.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        some = [message for message in map(joined, re.findall(STRINGS, text)) if message.startswith("Inlay")]
        for made in re.findall(r"error_text text;\n(.*?)return text;", text, flags=re.DOTALL):
            some += map(joined, re.findall(STRINGS, made))
        if header == "model/error.hpp":
            some += re.findall(r'^  X\(\w+, "((?:\\.|[^"\\])*)"\)', text, flags=re.MULTILINE)
        if header.startswith(REFUSALS):
            some += map(joined, re.findall(STRINGS, text))
        for message in map(bare, some):
            if len(message) >= SHORTEST and " " in message:
                found.setdefault(message, header)
    return found


def main() -> int:
    page = PAGE.read_text(encoding="utf-8")
    known = messages()
    missing = [f"{header}: not on the page: {message}" for message, header in known.items()
               if message not in re.sub(r"\s+", " ", page)]
    # Code of several words is a message, C++ of so many words there is none on the page.
    shown = {bare(part) for code in re.findall(r"`([^`]+)`", page) if code.count(" ") >= 4 for part in code.split("…")}
    stale = [f"errors.md: no header says: {part}" for part in sorted(shown)
             if len(part) >= SHORTEST and not any(part in message for message in known)]
    print(*missing, *stale, f"{len(known)} messages, {len(missing)} not on the page, {len(stale)} stale", sep="\n")
    return 1 if missing or stale else 0


if __name__ == "__main__":
    sys.exit(main())
