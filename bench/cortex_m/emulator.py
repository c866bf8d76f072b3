"""Builds programs for Cortex-M processors and runs them in QEMU. Used by run.py and program.py."""
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

CXX = "arm-none-eabi-g++"
QEMU = "qemu-system-arm"
# Where Debian has them.
PACKAGES = {CXX: "gcc-arm-none-eabi", QEMU: "qemu-system-arm",
            "<cstddef>": "libstdc++-arm-none-eabi-newlib", "libc.a": "libnewlib-arm-none-eabi"}
SKIPPED = 77


@dataclasses.dataclass(frozen=True)
class Target:
    machine: str                # of QEMU; MACHINE.ld has its memory
    tick_instructions: float    # SysTick's period; -icount shift=0 executes one instruction a nanosecond
    flags: str
    more: tuple[str, ...] = ()  # for QEMU


TARGETS = {
    # A Cortex-M0, which executes all that a Cortex-M0+ does, and where unaligned accesses fault as they do there.
    "m0": Target("microbit", 62.5, "-mcpu=cortex-m0plus -mthumb",
                 ("-global", "nrf51-soc.flash-size=4194304", "-global", "nrf51-soc.sram-size=33554432")),
    "m4": Target("mps2-an386", 40, "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"),
    "m7": Target("mps2-an500", 40, "-mcpu=cortex-m7 -mthumb -mfloat-abi=hard -mfpu=fpv5-d16"),
    "m55": Target("mps3-an547", 31.25, "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard"),
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


def missing_tools(cxx: str) -> str:
    """What is missing and which packages have it, or nothing. Whatever compiles, g++ links, with its libraries."""
    missing = [tool for tool in (CXX, QEMU) if shutil.which(tool) is None]
    if cxx != CXX and shutil.which(cxx) is None:
        return f"{cxx} is missing"
    if CXX not in missing:
        include = subprocess.run([CXX, "-xc++", "-fsyntax-only", "-include", "cstddef", "/dev/null"],
                                 capture_output=True)
        missing += [] if include.returncode == 0 else ["<cstddef>"]
        missing += [] if pathlib.Path(run(CXX, "-print-file-name=libc.a").strip()).is_absolute() else ["libc.a"]
    return ", ".join(f"{tool} is missing (Debian: {PACKAGES[tool]})" for tool in missing)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say what to compile for, and how."""
    parser.add_argument("--target", choices=TARGETS, required=True)
    options.add_flags(parser)
    parser.add_argument("--include", type=pathlib.Path, default=ROOT / "include", metavar="DIR",
                        help="where inlay.hpp is, to take another version's")
    parser.add_argument("--cxx", default=CXX, metavar="CXX",
                        help="compiler (default %(default)s); clang++-19 takes the libraries of the default")
    parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="for one program to run")


def flags(arguments: argparse.Namespace) -> list[str]:
    return [*TARGETS[arguments.target].flags.split(), *arguments.flags.split()]


def borrowed(target: str) -> list[str]:
    """Options for clang, which has no C++ library for Cortex-M of its own: to take g++'s."""
    listed = subprocess.run([CXX, *TARGETS[target].flags.split(), "-xc++", "-E", "-v", "/dev/null"],
                            capture_output=True, text=True).stderr
    folders = re.search(r"#include <\.\.\.>.*?\n(.*?)End of search list", listed, re.DOTALL)[1].split()
    # Not g++'s own headers: intrinsics are each compiler's.
    return ["--target=arm-none-eabi", *(option for folder in folders if "/arm-none-eabi/include" in folder
                                        for option in ("-isystem", folder))]


def compiler(arguments: argparse.Namespace) -> list[object]:
    more = borrowed(arguments.target) if "clang" in arguments.cxx else []
    return [arguments.cxx, *more, "-std=c++20", *flags(arguments), "-ffunction-sections", "-fdata-sections", "-Wall",
            "-Wextra", "-Werror", f"-I{arguments.include.resolve()}", f"-I{HERE}"]


def harness_object(source: str, target: str, folder: pathlib.Path) -> pathlib.Path:
    """Compiles a part of the harness so that it calls nothing of a library, to a name that sections.ld knows."""
    made = folder / f"harness_{source.removesuffix('.cpp')}.o"
    run(CXX, "-std=c++20", *TARGETS[target].flags.split(), "-Os", "-fno-exceptions", "-fno-rtti", "-fno-builtin",
        "-fno-tree-loop-distribute-patterns", "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror",
        "-c", HERE / source, "-o", made)
    return made


def link(arguments: argparse.Namespace, objects: list[pathlib.Path], program: pathlib.Path) -> None:
    run(CXX, *flags(arguments), "-nostartfiles", "--specs=nosys.specs", f"-L{HERE}",
        f"-T{HERE / TARGETS[arguments.target].machine}.ld", "-Wl,--gc-sections", *objects, "-o", program)


def execute(program: pathlib.Path, target: str, timeout: float) -> tuple[int, str]:
    """Runs a program; returns its exit status and what it printed."""
    machine = TARGETS[target]
    try:
        done = subprocess.run([QEMU, "-M", machine.machine, *machine.more, "-icount", "shift=0", "-semihosting-config",
                               "enable=on,target=native", "-nographic", "-monitor", "none", "-serial", "none",
                               "-kernel", program],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                              errors="replace", timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Failure(f"did not end in {timeout:g} s") from None
    if fault := re.search(r"^(?:FAULT|qemu).*", done.stdout, re.MULTILINE):
        raise Failure(fault[0])
    return done.returncode, done.stdout
