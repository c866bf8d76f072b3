#!/usr/bin/env python3
"""Checks that headers include only what stands before them in inlay.hpp, which is the flow of data, those for
microcontrollers nothing that drags in the heap or streams, and that headers which compute with scales stand between
INLAY_EXACT_FLOATS and INLAY_END_EXACT_FLOATS.

usage: headers.py INCLUDE_FOLDER     hosted/, report/ and report.hpp, for hosted programs only, may include what they like
"""
import pathlib
import re
import sys

FORBIDDEN = {"iostream", "ostream", "sstream", "fstream", "cstdio", "vector", "string", "memory", "functional", "map",
             "unordered_map", "set", "deque", "list", "stdexcept", "cstdlib", "new"}
HOSTED = {"hosted", "report", "report.hpp"}


def is_hosted(header: pathlib.Path) -> bool:
    return len(header.parts) > 1 and header.parts[1] in HOSTED


def inlay_includes(text: str) -> list[str]:
    return re.findall(r"^#include <(inlay/[^>]+\.hpp)>", text, re.MULTILINE)


def place(name: str, flow: list[str]) -> int:
    """Of a header in the flow. What inlay.hpp does not list stands with the first of its folder, or with the fast kernels;
    hosted headers stand last, reports behind what they show."""
    if name in flow:
        return flow.index(name)
    beside = [other for other in flow if pathlib.Path(other).parent == pathlib.Path(name).parent]
    if beside and name != "inlay/report.hpp":
        return flow.index(beside[0])
    if name.startswith("inlay/kernels/"):
        return flow.index("inlay/kernels/fast.hpp")
    return len(flow) + (0 if name == "inlay.hpp" else 1 if name.startswith("inlay/hosted/") else 2)


def against_flow(header: str, text: str, flow: list[str]) -> list[str]:
    here = place(header, flow)
    return [f"{header}: includes <{name}>, which comes later" for name in inlay_includes(text)
            if place(name, flow) > here or (name in flow and header in flow and place(name, flow) == here)]


def main() -> int:
    headers = sorted(pathlib.Path(sys.argv[1]).rglob("*.hpp"))
    flow = inlay_includes((pathlib.Path(sys.argv[1]) / "inlay.hpp").read_text())
    problems = []
    for header in headers:
        text = header.read_text()
        if "#pragma once" not in text:
            problems.append(f"{header}: no #pragma once")
        if re.search(r"as_double\([^;]*[*/]|quantize_multiplier\(|exact_quotient\(", re.sub("//.*", "", text)):
            lines = text.splitlines()
            if [lines.count(macro) for macro in ("INLAY_EXACT_FLOATS", "INLAY_END_EXACT_FLOATS")] != [1, 1]:
                problems.append(f"{header}: computes with scales outside of INLAY_EXACT_FLOATS")
        problems += against_flow(str(header.relative_to(sys.argv[1])), text, flow)
        included = re.findall(r"^\s*#\s*include\s*<([^>]+)>", text, re.MULTILINE)
        if not is_hosted(header.relative_to(sys.argv[1])):
            problems += [f"{header}: includes <{name}>" for name in included
                         if name in FORBIDDEN or is_hosted(pathlib.Path(name))]
    print("\n".join(problems or [f"{len(headers)} headers include what comes before them and nothing hosted, and compute "
                                 "with exact floats"]))
    return 1 if problems or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
