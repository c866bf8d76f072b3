#!/usr/bin/env python3
"""Counts, with callgrind, the instructions that a network executes layer after layer and streamed.

usage: instructions.py ZOO [--cxx CXX]     exit status 77 if there is no such folder or no valgrind
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODEL = "mlperf_vww_96_int8"
MOST_OVERHEAD = 0.10


def instructions(arguments: argparse.Namespace, schedule: str, folder: pathlib.Path) -> int:
    model = arguments.zoo / f"{MODEL}.tflite"
    header = folder / "model.hpp"
    subprocess.run([sys.executable, ROOT / "cmake" / "embed.py", model, header, "embedded_model"], check=True)
    subprocess.run([arguments.cxx, "-std=c++20", "-O2", f"-I{ROOT / 'include'}", "-DMODEL=embedded_model",
                    f"-DSCHEDULE={schedule}", f'-DMODEL_HEADER="{header}"', HERE / "runner.cpp",
                    "-o", folder / "runner"], check=True)
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", folder / "runner",
                           model.with_suffix(".in"), model.with_suffix(".out")],
                          capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("zoo", type=pathlib.Path)
    parser.add_argument("--cxx", default="c++")
    arguments = parser.parse_args()
    if not arguments.zoo.is_dir() or shutil.which("valgrind") is None:
        print(f"SKIPPED: there is no folder {arguments.zoo}, or no valgrind")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        per_layer, streamed = (instructions(arguments, f"inlay::{schedule}", pathlib.Path(folder))
                               for schedule in ("per_layer", "least_memory"))
    overhead = streamed / per_layer - 1
    print(f"{MODEL}: {per_layer} instructions per layer, {streamed} streamed: {overhead:+.2%}")
    return 0 if overhead <= MOST_OVERHEAD else 1


if __name__ == "__main__":
    sys.exit(main())
