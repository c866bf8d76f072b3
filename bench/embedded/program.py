#!/usr/bin/env python3
"""Builds a C++ program with a main() for a microcontroller's processor and runs it in QEMU: tests, mostly.

It may print, use the heap and throw; on RISC-V it may only print. Exit status: whether main() returned 0; 77 if a
tool is missing.
"""
import argparse
import pathlib
import sys
import tempfile

import emulator


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("source", nargs="+", type=pathlib.Path, metavar="FILE.cpp")
    parser.add_argument("--headers", nargs="+", default=[], type=pathlib.Path, metavar="DIR",
                        help="folders of this machine's headers to let it include by their names, such as "
                        "/usr/include/doctest, but not those beside them")
    emulator.add_arguments(parser)
    return emulator.parse(parser)


def main() -> int:
    arguments = parse_arguments()
    if missing := emulator.missing_tools(arguments):
        print(f"SKIPPED: {missing}")
        return emulator.SKIPPED
    with tempfile.TemporaryDirectory(prefix="inlay-embedded-") as scratch:
        folder = pathlib.Path(scratch)
        (folder / "headers").mkdir()
        for headers in arguments.headers:
            (folder / "headers" / headers.name).symlink_to(headers)
        target = emulator.TARGETS[arguments.target]
        objects = []
        for i, source in enumerate([*arguments.source, emulator.HERE / target.family.hosted]):
            objects.append(folder / f"{i}.o")
            # doctest's options: what newlib does not have.
            emulator.run(*emulator.compiler(arguments), "-isystem", folder / "headers", "-Wno-psabi",
                         "-DDOCTEST_CONFIG_NO_POSIX_SIGNALS", "-DDOCTEST_CONFIG_NO_MULTITHREADING",
                         "-c", source, "-o", objects[-1])
        program = folder / "program.elf"
        emulator.link(arguments, [*objects, *emulator.harness(arguments, folder)], program)
        status, printed = emulator.execute(program, target, arguments.timeout)
    print(printed, end="")
    return 0 if status == 0 else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except emulator.Failure as failure:
        sys.exit(f"program.py: {failure}")
