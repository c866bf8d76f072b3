#!/usr/bin/env python3
"""Checks that the compiler and the search at run time agree on the least budget of some models.

usage: agreement.py --program SEARCH_TEST --golden DIR --cxx CXX --include DIR MODEL…

A fit with the least budget compiles; with one byte less it does not, and the error has both numbers in it.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "cmake"))
import embed

PROGRAM = """#include <inlay.hpp>
#include "model_bytes.hpp"
struct model : inlay::tflite<model_bytes> {{}};
using net = inlay::network<model, inlay::fit<inlay::sram<{budget}>>>;
static_assert(net::arena_bytes <= {budget});
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    for option in ("--program", "--golden", "--cxx", "--include"):
        parser.add_argument(option, required=True)
    parser.add_argument("models", nargs="+")
    arguments = parser.parse_args()
    golden = pathlib.Path(arguments.golden)
    told = subprocess.run([arguments.program, golden, "0", "--least", *arguments.models], capture_output=True, text=True,
                          check=True).stdout
    wrong = 0
    for name, least in re.findall(r"^(\S+) (\d+)$", told, re.MULTILINE):
        with tempfile.TemporaryDirectory(prefix="inlay-search-") as scratch:
            folder = pathlib.Path(scratch)
            (folder / "model_bytes.hpp").write_text(
                embed.header((golden / f"{name}.tflite").read_bytes(), "model_bytes"))
            for budget in (int(least), int(least) - 1):
                (folder / "program.cpp").write_text(PROGRAM.format(budget=budget))
                done = subprocess.run([arguments.cxx, "-std=c++20", "-fsyntax-only", f"-I{arguments.include}",
                                       folder / "program.cpp"], capture_output=True, text=True)
                good = done.returncode == 0
                if budget < int(least):
                    good = not good and re.search(rf"\b{least}\b", done.stderr) and f"{budget}" in done.stderr
                print(f"{name}: fit<sram<{budget}>> of at least {least}: {'as it should be' if good else 'WRONG'}")
                if not good:
                    wrong += 1
                    print(done.stderr)
    return 1 if wrong or len(told.splitlines()) != len(arguments.models) else 0


if __name__ == "__main__":
    sys.exit(main())
