#!/usr/bin/env python3
"""Writes one header that holds all of Inlay: token for token what inlay.hpp includes.

usage: amalgamate.py HEADER [--include DIR]
"""
import argparse
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r"\s*#\s*include\s*<([^>]+)>")
CONDITION = re.compile(r"\s*#\s*(if|el|endif)")


class Amalgamation:
    """Headers in the order in which a compiler meets them. One that stands behind an #if, and is included again where
    that need not hold, is repeated there with a guard of its own: `repeated` are those, found on the way."""

    def __init__(self, folder: pathlib.Path, repeated: set[str]) -> None:
        self.folder = folder
        self.repeated = repeated
        self.placed: dict[str, set[str]] = {}  # headers, each with the conditions that it stands behind
        self.lines: list[str] = []
        self.add("inlay.hpp", [])

    def add(self, name: str, conditions: list[str]) -> None:
        if self.placed.get(name, {""}) <= set(conditions):
            return
        if name in self.placed:
            self.repeated.add(name)
        self.placed[name] = set(conditions)
        guard = "INLAY_PLACED_" + re.sub(r"\W", "_", name)
        body = (self.folder / name).read_text().splitlines()
        if name in self.repeated:
            body = [f"#ifndef {guard}", f"#define {guard}", *body, "#endif"]
        inner = list(conditions)
        for line in body:
            if condition := CONDITION.match(line):
                before = "" if condition[1] == "if" else inner.pop() + " "
                if condition[1] != "endif":
                    inner.append(before + line.strip())
            included = INCLUDE.match(line)
            if line.strip() == "#pragma once":
                continue
            if included and (self.folder / included[1]).is_file():
                self.add(included[1], inner)
            elif included is None or not self.placed.get(included[1], {""}) <= set(inner):
                self.lines.append(line)
                if included:
                    self.placed[included[1]] = set(inner)


def amalgamated(folder: pathlib.Path) -> str:
    repeated: set[str] = set()
    Amalgamation(folder, repeated)
    text = "\n".join(Amalgamation(folder, repeated).lines) + "\n"
    licence = "".join(f"// {line}".rstrip() + "\n" for line in (ROOT / "LICENSE").read_text().splitlines())
    return f"{licence}#pragma once\n\n" + re.sub(r"\n{3,}", "\n\n", text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("header", type=pathlib.Path)
    parser.add_argument("--include", type=pathlib.Path, default=ROOT / "include", metavar="DIR")
    arguments = parser.parse_args()
    arguments.header.write_text(amalgamated(arguments.include))


if __name__ == "__main__":
    main()
