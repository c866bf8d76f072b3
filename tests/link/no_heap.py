#!/usr/bin/env python3
"""Compiles a program for a microcontroller and fails if its object file refers to the heap, to guards of local
statics, to exit handlers or to static constructors.

usage: no_heap.py SOURCE --cxx CXX --nm NM --include DIR…
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

FLAGS = ["-std=c++20", "-O2", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra", "-Werror"]
# Zn and Zd: operator new and delete, with [] or without, in all their forms.
FORBIDDEN = re.compile(r"^_?(malloc|calloc|realloc|free|aligned_alloc|_Z[nd][wal]\w*|__cxa_\w+|atexit|"
                       r"_GLOBAL__sub_I_.*|__cxx_global_var_init.*)$")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("--cxx", required=True)
    parser.add_argument("--nm", required=True)
    parser.add_argument("--include", nargs="+", default=[])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "program.o"
        subprocess.run([arguments.cxx, *FLAGS, *(f"-I{path}" for path in arguments.include), "-c", arguments.source,
                        "-o", program], check=True)
        listed = subprocess.run([arguments.nm, program], check=True, capture_output=True, text=True).stdout
    symbols = [line.split()[-1] for line in listed.splitlines() if line.strip()]
    found = sorted({symbol for symbol in symbols if FORBIDDEN.match(symbol)})
    print("\n".join(f"refers to {symbol}" for symbol in found) or f"none of {len(symbols)} symbols is forbidden")
    return 1 if found or not symbols else 0


if __name__ == "__main__":
    sys.exit(main())
