#!/usr/bin/env python3
"""Counts, with callgrind, the instructions that a network executes layer after layer and streamed.

Exit status 77 if there is no such model or no valgrind.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import options

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODEL = "mlperf_vww_96_int8"
MOST_OVERHEAD = 0.10


def instructions(model: pathlib.Path, arguments: argparse.Namespace, schedule: str, folder: pathlib.Path) -> int:
    header = folder / "model.hpp"
    subprocess.run([sys.executable, ROOT / "cmake" / "embed.py", model, header, "embedded_model"], check=True)
    subprocess.run([arguments.cxx, "-std=c++20", *arguments.flags.split(), f"-I{ROOT / 'include'}", "-DMODEL=embedded_model",
                    f"-DSCHEDULE={options.schedule_type(schedule)}", f'-DMODEL_HEADER="{header}"', HERE / "runner.cpp",
                    "-o", folder / "runner"], check=True)
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", folder / "runner",
                           model.with_suffix(".in"), model.with_suffix(".out")],
                          capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_models(parser, MODEL)
    options.add_compiler(parser)
    arguments = parser.parse_args()
    models = options.model_files(arguments, [MODEL])
    if not all(model.exists() for model in models) or shutil.which("valgrind") is None:
        print(f"SKIPPED: there is no {models[0]}, or no valgrind")
        return 77
    too_many = False
    for model in models:
        with tempfile.TemporaryDirectory() as folder:
            per_layer, streamed = (instructions(model, arguments, schedule, pathlib.Path(folder))
                                   for schedule in ("per_layer", "least_memory"))
        overhead = streamed / per_layer - 1
        too_many = too_many or overhead > MOST_OVERHEAD
        print(f"{model.stem}: {per_layer} instructions per layer, {streamed} streamed: {overhead:+.2%}")
    return 1 if too_many else 0


if __name__ == "__main__":
    sys.exit(main())
