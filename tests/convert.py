#!/usr/bin/env python3
"""Runs a script of examples/convert and looks whether Inlay runs what it writes, with the reference's answers.

usage: convert.py SCRIPT MODULE [FILE] --python PYTHON --oracle PYTHON --cxx CXX

Exit status 77 if the first Python does not have the module, or the second no package tflite-micro.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(__file__).resolve().parent / "zoo"


def has(python: str, module: str) -> bool:
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", look]).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("script", type=pathlib.Path)
    parser.add_argument("module")
    parser.add_argument("file", nargs="*", type=pathlib.Path, help="what the script converts, if it does not make it")
    parser.add_argument("--python", required=True, help="for the script")
    parser.add_argument("--oracle", required=True, help="for record_answers.py")
    parser.add_argument("--cxx", required=True)
    arguments = parser.parse_args()
    for python, module in ((arguments.python, arguments.module), (arguments.oracle, "tflite_micro")):
        if not has(python, module):
            print(f"SKIPPED: {python} has no module {module}")
            return 77
    with tempfile.TemporaryDirectory(prefix="inlay-convert-") as folder:
        model = pathlib.Path(folder) / "converted.tflite"
        subprocess.run([arguments.python, arguments.script, *arguments.file, model], check=True)
        subprocess.run([arguments.oracle, TOOLS / "record_answers.py", model], check=True)
        return subprocess.run([sys.executable, TOOLS / "run.py", "--model", model, "--cxx", arguments.cxx]).returncode


if __name__ == "__main__":
    sys.exit(main())
