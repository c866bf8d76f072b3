#!/usr/bin/env python3
"""Builds an application for a chip, runs it in QEMU before a simulated camera, and compares it with the desk's program.

What the desk's program sees of some pictures is what the camera gives, line by line. The linker has the chip's memory as
its limit. Both must find the same, letter by letter, and their answers' checksums must be equal. Exit status: 77 if a
tool is missing.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "bench" / "embedded"))
import emulator  # noqa: E402


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("application", help="its name: APPLICATION.cpp is here, APPLICATION.tflite in its own folder")
    parser.add_argument("--desk", type=pathlib.Path, required=True, metavar="PROGRAM", help="the desk's program")
    parser.add_argument("--pictures", nargs="+", type=pathlib.Path, required=True, metavar="FILE")
    parser.add_argument("--ram", type=int, required=True, metavar="KB", help="of the chip")
    emulator.add_arguments(parser)
    return emulator.parse(parser)


def desk(arguments: argparse.Namespace, folder: pathlib.Path) -> tuple[bytes, list[str]]:
    """What the network sees of each picture, less 128; and the lines that a chip should print of them."""
    def run(*more: object) -> list[str]:
        return emulator.run(arguments.desk, *more).splitlines()
    run(*arguments.pictures, "--seen", "--output", folder)
    seen = [folder / f"{picture.stem}-seen.ppm" for picture in arguments.pictures]
    pixels = [picture.read_bytes().split(b"\n255\n", 1)[1] for picture in seen]
    checksums = [json.loads(line)["checksum"] for line in run("--json", *seen)[:-1]]
    lines, picture = [], -1
    for line in run(*seen):
        if line.startswith(tuple(f"{path.name}, " for path in seen)):
            picture += 1
            lines.append(f"picture {picture}: answer {checksums[picture]}")
            # What is said of a whole picture stands on its own line.
            if said := re.search(r": (.* %) \(", line):
                lines.append(f"  {said[1]}")
        elif picture >= 0 and line.startswith("  "):
            lines.append(line)
    return bytes(byte ^ 128 for frame in pixels for byte in frame), lines


def build(arguments: argparse.Namespace, folder: pathlib.Path) -> pathlib.Path:
    name = arguments.application
    emulator.run(sys.executable, ROOT / "cmake" / "embed.py", ROOT / "examples" / name / f"{name}.tflite",
                 folder / f"{name}.hpp", name)
    objects = []
    for source in (HERE / f"{name}.cpp", HERE / "qemu" / "board.cpp"):
        objects.append(folder / f"{source.stem}.o")
        emulator.run(*emulator.compiler(arguments), "-fno-exceptions", "-fno-rtti", f"-I{folder}", f"-I{HERE}",
                     f"-I{ROOT / 'examples'}", f"-I{ROOT / 'examples' / 'vision'}",
                     f'-DCAMERA_PICTURES="{folder / "pictures"}"', "-c", source, "-o", objects[-1])
    program = folder / "program.elf"
    emulator.link(arguments, [*objects, *emulator.harness(arguments, folder)], program,
                  HERE / "qemu" / "chip.ld", f"-Wl,--defsym=ram_size={arguments.ram}K")
    return program


def memory(program: pathlib.Path) -> str:
    """What the chip's memories hold, of what they could."""
    sizes = {name: int(size) for name, size in
             re.findall(r"^(\.\S+)\s+(\d+)", emulator.run("arm-none-eabi-size", "-A", "-d", program), re.MULTILINE)}
    ram = {"stack": sizes[".stack"], "data": sizes[".data"] + sizes[".bss"]}
    flash = sum(sizes.get(name, 0) for name in
                (".vectors", ".harness", ".text", ".rodata", ".unwinding", ".constructors", ".data"))
    return (f"RAM {sum(ram.values())} bytes, of them stack {ram['stack']}; flash {flash} bytes, code, constants and what "
            "starts the chip")


def main() -> int:
    arguments = parse_arguments()
    if missing := emulator.missing_tools(arguments):
        print(f"SKIPPED: {missing}")
        return emulator.SKIPPED
    with tempfile.TemporaryDirectory(prefix="inlay-firmware-") as scratch:
        folder = pathlib.Path(scratch)
        pixels, expected = desk(arguments, folder)
        (folder / "pictures").write_bytes(pixels)
        program = build(arguments, folder)
        print(memory(program))
        status, printed = emulator.execute(program, emulator.TARGETS[arguments.target], arguments.timeout, "stdio")
    print(printed, end="")
    lines = [line for line in printed.splitlines() if not line.startswith("  took ")]
    if lines != expected:
        print("\n".join(["The desk's program has:", *expected]))
    return 0 if status == 0 and lines == expected and expected else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except emulator.Failure as failure:
        sys.exit(f"run.py: {failure}")
