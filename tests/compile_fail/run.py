#!/usr/bin/env python3
"""Checks what a compiler says about a program that must not compile.

usage: run.py FILE --cxx CXX --include DIR…

FILE opens with what must be printed, one text a line: "// expect: TEXT", or "// expect gcc: TEXT" and
"// expect clang: TEXT" where the compilers differ. Why a model is refused is an argument of a template, which clang prints
in parts: they are joined. There must be exactly one error, a short one. With -DFIXED the same file must compile.
"""
import argparse
import pathlib
import re
import subprocess
import sys

# What is still read: the error itself, and all that the compiler says about where it comes from.
LONGEST_ERROR = 1000
MOST_LINES = 60


def compile_file(arguments: argparse.Namespace, *more: str) -> subprocess.CompletedProcess:
    command = [arguments.cxx, "-std=c++20", "-Wall", "-Wextra", "-fsyntax-only", "-fdiagnostics-color=never",
               *(f"-I{path}" for path in arguments.include), *more, arguments.file]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--cxx", required=True)
    parser.add_argument("--include", nargs="+", default=[])
    arguments = parser.parse_args()
    version = subprocess.run([arguments.cxx, "--version"], capture_output=True, text=True).stdout
    family = "clang" if "clang" in version else "gcc"
    expected = [text for which, text in re.findall(r"^// expect(?: (gcc|clang))?: (.*)$", arguments.file.read_text(),
                                                   re.MULTILINE) if which in ("", family)]
    problems = []
    failed = compile_file(arguments)
    errors = [line for line in failed.stderr.splitlines() if "error:" in line]
    if failed.returncode == 0:
        problems.append("it compiles")
    if not expected:
        problems.append("it expects nothing")
    said = re.sub(r'"\}, words<\w+>\{"', "", failed.stderr)
    problems += [f"missing: {text}" for text in expected if text not in said]
    if failed.returncode != 0 and len(errors) != 1:
        problems.append(f"{len(errors)} errors instead of one")
    problems += [f"an error of {len(line)} characters" for line in errors if len(line) > LONGEST_ERROR]
    if len(failed.stderr.splitlines()) > MOST_LINES:
        problems.append(f"{len(failed.stderr.splitlines())} lines")
    fixed = compile_file(arguments, "-DFIXED")
    if fixed.returncode != 0 or fixed.stderr:
        problems.append("with -DFIXED the compiler says:\n" + fixed.stderr)
    if problems:
        print(*problems, "", "The compiler says:", failed.stderr, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
