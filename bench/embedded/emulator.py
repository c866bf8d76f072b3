"""Builds programs for processors of microcontrollers and runs them in QEMU. Used by run.py and program.py."""
import argparse
import dataclasses
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "zoo"))
import options  # noqa: E402

SKIPPED = 77


@dataclasses.dataclass(frozen=True)
class Family:
    """Processors that share a compiler, an emulator and a part of the harness."""
    cxx: str
    qemu: str
    clang: str                  # its --target
    packages: dict[str, str]    # where Debian has the tools
    processor: str              # the part of the harness for them
    hosted: str                 # what runs a program with a main() of its own
    library: str                # a source with what a C library would have, where there is none
    libraries: tuple[str, ...]  # to link


ARM = Family("arm-none-eabi-g++", "qemu-system-arm", "arm-none-eabi",
             {"arm-none-eabi-g++": "gcc-arm-none-eabi", "qemu-system-arm": "qemu-system-arm",
              "<cstddef>": "libstdc++-arm-none-eabi-newlib", "libc.a": "libnewlib-arm-none-eabi"},
             "cortex_m.cpp", "hosted.cpp", "", ("--specs=nosys.specs",))
# Debian has no C++ library for it. The headers of that for Cortex-M are by the same compiler and the same for all
# processors but for a file that says what they have besides (bits/c++config.h); nothing is linked of it.
RISCV = Family("riscv64-unknown-elf-g++", "qemu-system-riscv32", "riscv32-unknown-elf",
               {"riscv64-unknown-elf-g++": "gcc-riscv64-unknown-elf", "qemu-system-riscv32": "qemu-system-misc",
                **{tool: package for tool, package in ARM.packages.items() if tool != ARM.qemu}},
               "riscv.cpp", "printing.cpp", "memory.cpp", ("-nostdlib", "-lgcc"))


@dataclasses.dataclass(frozen=True)
class Target:
    family: Family
    machine: str                # of QEMU; MACHINE.ld has its memory
    tick_instructions: float    # its clock's period; -icount shift=0 executes one instruction a nanosecond
    flags: str
    more: tuple[str, ...] = ()  # for QEMU


TARGETS = {
    # A Cortex-M0, which executes all that a Cortex-M0+ does, and where unaligned accesses fault as they do there.
    "m0": Target(ARM, "microbit", 62.5, "-mcpu=cortex-m0plus -mthumb",
                 ("-global", "nrf51-soc.flash-size=4194304", "-global", "nrf51-soc.sram-size=33554432")),
    "m3": Target(ARM, "mps2-an385", 40, "-mcpu=cortex-m3 -mthumb"),
    "m4": Target(ARM, "mps2-an386", 40, "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"),
    "m7": Target(ARM, "mps2-an500", 40, "-mcpu=cortex-m7 -mthumb -mfloat-abi=hard -mfpu=fpv5-d16"),
    "m33": Target(ARM, "mps2-an505", 50, "-mcpu=cortex-m33 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16"),
    "m55": Target(ARM, "mps3-an547", 31.25, "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard"),
    "rv32imc": Target(RISCV, "virt", 1, "-march=rv32imc -mabi=ilp32", ("-bios", "none")),
    "rv32imac": Target(RISCV, "virt", 1, "-march=rv32imac -mabi=ilp32", ("-bios", "none")),
}


class Failure(Exception):
    """A program that does not compile, link or run; the text says why."""


def run(*command: object) -> str:
    """A command's output; Failure with its first error if it fails."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode == 0:
        return done.stdout
    errors = [line for line in done.stderr.splitlines() if re.search("error:|Error:|undefined|overflow", line)]
    raise Failure((errors or done.stderr.splitlines() or [f"{command[0]} failed"])[0])


def missing_tools(arguments: argparse.Namespace) -> str:
    """What is missing and which packages have it, or nothing. Whatever compiles, g++ links, with its libraries."""
    family = TARGETS[arguments.target].family
    missing = [tool for tool in dict.fromkeys((family.cxx, family.qemu, ARM.cxx)) if shutil.which(tool) is None]
    if arguments.cxx not in family.packages and shutil.which(arguments.cxx) is None:
        return f"{arguments.cxx} is missing"
    if ARM.cxx not in missing:
        include = subprocess.run([ARM.cxx, "-xc++", "-fsyntax-only", "-include", "cstddef", "/dev/null"],
                                 capture_output=True)
        missing += [] if include.returncode == 0 else ["<cstddef>"]
        missing += [] if pathlib.Path(run(ARM.cxx, "-print-file-name=libc.a").strip()).is_absolute() else ["libc.a"]
    return ", ".join(f"{tool} is missing (Debian: {family.packages[tool]})" for tool in missing)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say what to compile for, and how."""
    parser.add_argument("--target", choices=TARGETS, required=True)
    options.add_flags(parser)
    parser.add_argument("--include", type=pathlib.Path, default=ROOT / "include", metavar="DIR",
                        help="where inlay.hpp is, to take another version's")
    parser.add_argument("--cxx", metavar="CXX",
                        help=f"compiler (default {ARM.cxx} or {RISCV.cxx}); clang++-19 takes the libraries of these")
    parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="for one program to run")


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    arguments = parser.parse_args()
    arguments.cxx = arguments.cxx or TARGETS[arguments.target].family.cxx
    return arguments


def flags(arguments: argparse.Namespace) -> list[str]:
    return [*TARGETS[arguments.target].flags.split(), *arguments.flags.split()]


def borrowed(target: Target) -> list[str]:
    """Options for a compiler that has no C++ library of its own: to take that of g++ for Cortex-M."""
    kin = target if target.family is ARM else TARGETS["m0"]
    listed = subprocess.run([ARM.cxx, *kin.flags.split(), "-xc++", "-E", "-v", "/dev/null"],
                            capture_output=True, text=True).stderr
    folders = re.search(r"#include <\.\.\.>.*?\n(.*?)End of search list", listed, re.DOTALL)[1].split()
    # Not g++'s own headers: intrinsics are each compiler's.
    return [option for folder in folders if "/arm-none-eabi/include" in folder for option in ("-isystem", folder)]


def compiler(arguments: argparse.Namespace) -> list[object]:
    target = TARGETS[arguments.target]
    clang = "clang" in arguments.cxx
    return [arguments.cxx, *([f"--target={target.family.clang}"] if clang else []),
            *(borrowed(target) if clang or target.family is not ARM else []), "-std=c++20", *flags(arguments),
            "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror",
            f"-I{arguments.include.resolve()}", f"-I{HERE}"]


def part(source: str, made: pathlib.Path, target: Target, *more: str) -> pathlib.Path:
    """Compiles a part of the harness so that it calls nothing of a library."""
    run(target.family.cxx, *(borrowed(target) if target.family is not ARM else []), "-std=c++20",
        *target.flags.split(), "-Os", "-fno-exceptions", "-fno-rtti", "-fno-builtin",
        "-fno-tree-loop-distribute-patterns", "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror",
        *more, "-c", HERE / source, "-o", made)
    return made


def harness(arguments: argparse.Namespace, folder: pathlib.Path, *sources: str) -> list[pathlib.Path]:
    """Objects of the processor's part and of others, with names that sections.ld knows; and the library's."""
    target = TARGETS[arguments.target]
    sources = ("processor.cpp", target.family.processor, *sources)
    objects = [part(source, folder / f"harness_{source}.o", target) for source in sources]
    library = target.family.library
    return [*objects, *([part(library, folder / f"{library}.o", target, "-O2")] if library else [])]


def link(arguments: argparse.Namespace, objects: list[pathlib.Path], program: pathlib.Path,
         script: pathlib.Path | None = None, *more: str) -> None:
    """`script` is another than the machine's own, for less memory than that has; `more` are options before it."""
    target = TARGETS[arguments.target]
    run(target.family.cxx, *flags(arguments), "-nostartfiles", f"-L{HERE}",
        *more, f"-T{script or HERE / f'{target.machine}.ld'}",
        "-Wl,--gc-sections", *objects, *target.family.libraries, "-o", program)


def command(program: pathlib.Path, target: Target, semihosting: str, *more: str, serial: str = "none") -> list[object]:
    """To emulate a program; `semihosting` are more of its options, `serial` is what its UART is connected to."""
    return [target.family.qemu, "-M", target.machine, *target.more, "-semihosting-config",
            f"enable=on,target=native,{semihosting}", "-nographic", "-monitor", "none", "-serial", serial, *more,
            "-kernel", program]


def execute(program: pathlib.Path, target: Target, timeout: float, serial: str = "none") -> tuple[int, str]:
    """Runs a program; returns its exit status and what it printed."""
    try:
        done = subprocess.run(command(program, target, "arg=measure", "-icount", "shift=0", serial=serial),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                              errors="replace", timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Failure(f"did not end in {timeout:g} s") from None
    if fault := re.search(r"^(?:FAULT|qemu).*", done.stdout, re.MULTILINE):
        raise Failure(fault[0])
    return done.returncode, done.stdout
