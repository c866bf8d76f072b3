#!/usr/bin/env python3
"""Checks that headers for microcontrollers include nothing that drags in the heap or streams, and that headers which
compute with scales stand between INLAY_EXACT_FLOATS and INLAY_END_EXACT_FLOATS.

usage: headers.py INCLUDE_FOLDER     report.hpp and report/, for hosted programs only, may include what they like
"""
import pathlib
import re
import sys

FORBIDDEN = {"iostream", "ostream", "sstream", "fstream", "cstdio", "vector", "string", "memory", "functional", "map",
             "unordered_map", "set", "deque", "list", "stdexcept", "cstdlib", "new"}


def is_hosted(header: pathlib.Path) -> bool:
    return header.is_relative_to("inlay/report") or header == pathlib.Path("inlay/report.hpp")


def main() -> int:
    headers = sorted(pathlib.Path(sys.argv[1]).rglob("*.hpp"))
    problems = []
    for header in headers:
        text = header.read_text()
        if "#pragma once" not in text:
            problems.append(f"{header}: no #pragma once")
        if re.search(r"as_double\([^;]*[*/]|quantize_multiplier\(|exact_quotient\(", re.sub("//.*", "", text)):
            lines = text.splitlines()
            if [lines.count(macro) for macro in ("INLAY_EXACT_FLOATS", "INLAY_END_EXACT_FLOATS")] != [1, 1]:
                problems.append(f"{header}: computes with scales outside of INLAY_EXACT_FLOATS")
        included = re.findall(r"^\s*#\s*include\s*<([^>]+)>", text, re.MULTILINE)
        if not is_hosted(header.relative_to(sys.argv[1])):
            problems += [f"{header}: includes <{name}>" for name in included
                         if name in FORBIDDEN or is_hosted(pathlib.Path(name))]
    print("\n".join(problems or [f"{len(headers)} headers include nothing hosted and compute with exact floats"]))
    return 1 if problems or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
