#!/usr/bin/env python3
"""Follows docs/first_hour.md command by command in a clean folder: from training to answers on a Cortex-M4.

Every ```sh block of the page is run, in order, and nothing else, but for what takes a network: packages are not installed,
and each virtual environment that the page makes is one that is given. Where that has not what it needs, the commands that
use it are left out, and it is said; in place of a network that nobody could train stands examples/convert/stripes.tflite.

Exit status: 0 if all commands end well, the program says what the page does, and it took less than ten minutes of
processor time; 77 if a tool is missing.
"""
import argparse
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "first_hour.md"
TOOLS = ["bash", "cmake", "ninja", "g++", "arm-none-eabi-g++", "qemu-system-arm"]
MOST_SECONDS = 600


def commands(way: str) -> list[str]:
    """The page's commands, of Keras and PyTorch one."""
    other = {"keras": "pytorch", "pytorch": "keras"}[way]
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    lines = "".join(blocks).replace("\\\n", "").splitlines()
    return [line for line in lines if line.strip() and not line.startswith(f"{other}/") and f"venv {other} " not in line]


def seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def has(python: str, module: str) -> bool:
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", look]).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("way", choices=["keras", "pytorch"])
    for name in ("keras", "pytorch", "oracle"):
        parser.add_argument(f"--{name}", required=True, help="a Python for the virtual environment of this name")
    arguments = parser.parse_args()
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        print("SKIPPED: there is no", ", ".join(missing))
        return 77
    modules = {"keras": "tensorflow", "pytorch": "litert_torch", "oracle": "tflite_micro"}
    absent = {name for name in modules if not has(getattr(arguments, name), modules[name])}
    printed = ""
    with tempfile.TemporaryDirectory(prefix="inlay-first-hour-") as scratch:
        folder = pathlib.Path(scratch)
        (folder / "inlay").symlink_to(ROOT)
        for command in commands(arguments.way):
            print("$", command, flush=True)
            if command.startswith("sudo apt-get"):
                continue
            if made := re.match(r"python3 -m venv (\w+) ", command):
                python = folder / made[1] / "bin" / "python"
                python.parent.mkdir(parents=True)
                python.write_text(f'#!/bin/sh\nexec "{getattr(arguments, made[1])}" "$@"\n')
                python.chmod(0o755)
                continue
            if (user := re.match(r"(\w+)/bin/python ", command)) and user[1] in absent:
                print(f"SKIPPED: {getattr(arguments, user[1])} has no module {modules[user[1]]}")
                if user[1] == arguments.way:
                    shutil.copy(ROOT / "examples" / "convert" / "stripes.tflite", folder / "model.tflite")
                continue
            if "model.tflite" in command and "oracle" in absent and "zoo/run.py" in command:
                print("SKIPPED: there are no answers to compare with")
                continue
            before = seconds()
            ran = subprocess.run(["bash", "-e", "-c", command], cwd=folder, text=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
            print(ran.stdout[-3000:], f"[{seconds() - before:.1f} s of processor time]", sep="", flush=True)
            if ran.returncode != 0:
                print("it failed")
                return 1
            printed = ran.stdout if "--target m4 app.cpp" in command else printed
    took = seconds()
    said = "4 of 4 right" in printed
    print(f"{took:.0f} s of processor time; the Cortex-M4 {'answers as the page says' if said else 'says something else'}")
    return 0 if said and took < MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
