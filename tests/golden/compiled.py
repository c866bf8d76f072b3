#!/usr/bin/env python3
"""Says which golden models are compiled as networks, one a line: those of networks.txt, and for each operator that none
of them has the first model that has it."""
import json
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent


def names() -> list[str]:
    listed = (FOLDER / "networks.txt").read_text().split()
    refused = {line.split(":")[0] for line in (FOLDER / "not_supported.txt").read_text().splitlines()}
    operators = {name: set(model["operators"])
                 for name, model in json.loads((FOLDER / "models/stamp.json").read_text())["models"].items()}
    covered = set().union(*(operators[name] for name in listed))
    for name in sorted(operators.keys() - refused):
        if new := operators[name] - covered:
            listed.append(name)
            covered |= new
    return listed


if __name__ == "__main__":
    print("\n".join(names()))
