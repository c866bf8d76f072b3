#!/usr/bin/env python3
"""Builds the manual: a site without warnings, or an error. Exit status 77 if Sphinx is not there."""
import argparse
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, help="one with what requirements.txt lists")
    parser.add_argument("--inspect", required=True, type=pathlib.Path, help="the program inlay-inspect")
    parser.add_argument("--to", required=True, type=pathlib.Path, help="a folder of its own")
    arguments = parser.parse_args()
    needed = "import furo, myst_parser, sphinx"
    if subprocess.run([arguments.python, "-c", needed], stderr=subprocess.DEVNULL).returncode != 0:
        print(f"SKIPPED: {arguments.python} lacks what {HERE / 'requirements.txt'} lists")
        return 77
    # Always all of it: pages show files and figures that Sphinx does not know of.
    built = subprocess.run([arguments.python, "-m", "sphinx", "-E", "-q", "-W", "--keep-going", "-b", "html",
                            "-d", arguments.to / "doctrees", HERE, arguments.to / "site"],
                           env=os.environ | {"INLAY_INSPECT": str(arguments.inspect)})
    if built.returncode == 0:
        print(f"the manual is in {arguments.to / 'site' / 'index.html'}")
    return built.returncode


if __name__ == "__main__":
    sys.exit(main())
