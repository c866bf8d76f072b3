#!/usr/bin/env python3
"""Follows docs/first_hour.md command by command in a clean folder: from training to answers on a Cortex-M4.

Every ```sh block of the page is run, in order, and nothing else, but for what takes a network: packages are not installed,
and each virtual environment that the page makes is one that is given. Of the two ways to a model one is gone; `kept` goes
neither, and begins with examples/convert/stripes.tflite, which the first made.

Exit status: 0 if all commands end well, the program says what the page does, and it took less than ten minutes of
processor time; 77 if a tool or what the way needs is missing. Without tflite_micro, what asks it is left out, and said.
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
# Virtual environments of the page, and what is in them.
MODULES = {"keras": "tensorflow", "pytorch": "litert_torch", "oracle": "tflite_micro"}
MOST_SECONDS = 600


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [line for line in "".join(blocks).splitlines() if line.strip()]


def seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def has(python: str, module: str) -> bool:
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", look]).returncode == 0


def environment_of(command: str) -> str | None:
    """The virtual environment that a command makes or uses."""
    found = re.match(r"python3 -m venv (\w+) |(\w+)/bin/python ", command)
    return found and (found[1] or found[2])


def make_environment(folder: pathlib.Path, python: str) -> None:
    program = folder / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
    program.chmod(0o755)


def follow(folder: pathlib.Path, way: str, pythons: dict[str, str]) -> str | None:
    """What the program said on the Cortex-M4; none if a command failed."""
    said = ""
    asks = has(pythons["oracle"], MODULES["oracle"])
    for command in commands():
        environment = environment_of(command)
        if command.startswith("sudo apt-get") or environment in {"keras", "pytorch"} - {way}:
            continue
        print("$", command, flush=True)
        if environment and command.startswith("python3 -m venv"):
            make_environment(folder / environment, pythons[environment])
            continue
        if not asks and (environment == "oracle" or re.search(r"\brun\.py\b", command)):
            print(f"SKIPPED: {pythons['oracle']} has no module {MODULES['oracle']}")
            continue
        before = seconds()
        ran = subprocess.run(["bash", "-c", command], cwd=folder, text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
        print(f"{ran.stdout[-3000:]}[{seconds() - before:.1f} s of processor time]", flush=True)
        if ran.returncode != 0:
            print("it failed")
            return None
        if "program.py" in command:
            said = ran.stdout
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("way", choices=["keras", "pytorch", "kept"])
    for name in MODULES:
        parser.add_argument(f"--{name}", required=True, help="a Python for the virtual environment of this name")
    arguments = parser.parse_args()
    pythons = {name: getattr(arguments, name) for name in MODULES}
    missing = [f"program {tool}" for tool in TOOLS if shutil.which(tool) is None]
    if arguments.way in MODULES and not has(pythons[arguments.way], MODULES[arguments.way]):
        missing.append(f"module {MODULES[arguments.way]} in {pythons[arguments.way]}")
    if missing:
        print("SKIPPED: there is no", ", no ".join(missing))
        return 77
    with tempfile.TemporaryDirectory(prefix="inlay-first-hour-") as scratch:
        folder = pathlib.Path(scratch)
        (folder / "inlay").symlink_to(ROOT)
        if arguments.way == "kept":
            shutil.copy(ROOT / "examples" / "convert" / "stripes.tflite", folder / "model.tflite")
        said = follow(folder, arguments.way, pythons)
    expected = re.search(r"```text\n(.*?)\n4 of 4 right", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    is_right = said is not None and expected is not None and said.startswith(expected[1])
    took = seconds()
    print(f"{took:.0f} s of processor time; the Cortex-M4 {'says what the page does' if is_right else 'says something else'}")
    return 0 if is_right and took < MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
