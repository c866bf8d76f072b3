#!/usr/bin/env python3
"""A user's project: golden models of all operators in one program that includes Inlay from an ordinary folder, built
by every compiler that is installed, with all warnings as errors, after hostile macros, and with flags that loosen
floating point; where this machine can run it, its answers must be the recorded ones.

usage: run.py PART…     PART is one of those below; exit status 77 if no compiler of it is there

  warnings     strict warnings at -O0, -O2 and -O3, and for other processors
  macros       after the macros of Arduino, windows.h and the C library, in C++ with GNU's extensions
  floats       -ffast-math and its parts, contraction into multiply-adds
  linked       translation units for several instruction sets in one program
  refused      what cannot be compiled ends with one sentence
  table        docs/build.md's table of compilers is what `warnings` builds with
"""
import argparse
import dataclasses
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODELS = ROOT / "tests" / "golden" / "models"
SKIPPED = 77
sys.path.insert(0, str(ROOT / "bench" / "embedded"))
from emulator import ARM, TARGETS, borrowed  # noqa: E402

# All operators, every kernel's common cases.
NAMES = """abs add_broadcast_channels arg_max_channels average_pool_3x3_same average_pool_global concatenation_height
    conv2d_16_to_16 conv2d_stride2_same_odd depth_to_space depthwise_16_channels depthwise_3x3_same dequantize
    fully_connected gather_channels hard_swish_finer_output leaky_relu_negative_slope logistic max_pool_2x2_stride2_same_odd
    maximum_broadcast_channels mean_channels mean_height_width minimum_same_shape mul_broadcast_both network_float_io
    network_inverted_residual network_two_inputs_two_outputs network_uint8_io pack_channels pad_all_axes prelu
    quantize_float quantize_rescale reduce_max_height_width relu resize_bilinear_down resize_nearest_uneven slice
    softmax_rows space_to_depth squared_difference strided_slice_masks sub_constant_first sum_height_width tanh
    transpose_conv_relu transpose_reversed""".split()
# Those in which floats decide bytes, or did.
FLOATS = """average_pool_3x3_same average_pool_global hard_swish_finer_output mean_height_width network_float_io
    quantize_float resize_nearest_uneven softmax_rows""".split()
FEW = ["network_float_io", "network_inverted_residual", "resize_nearest_uneven"]

STRICT = ("-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wdouble-promotion -Wfloat-equal -Weffc++ -Wshadow "
          "-Wold-style-cast -Wcast-qual -Wformat=2 -Wnull-dereference -Wundef -Werror").split()
GCC_ONLY = ["-Wuseless-cast"]


@dataclasses.dataclass(frozen=True)
class Compiler:
    command: str
    package: str      # Debian's
    versions: str     # as in docs/build.md
    flags: tuple[str, ...]
    runs: bool = False
    library: tuple[str, ...] = ()  # where its C++ library is, if not its own

    def is_gcc(self) -> bool:
        return not self.command.startswith("clang")


# Those that go through all parts.
NEWEST = ("g++-12", "clang++-19")
M4 = "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"
# For RISC-V Debian has no C++ library: the headers of that for Cortex-M.
BORROWED = tuple(borrowed(TARGETS["rv32imac"])) if shutil.which(ARM.cxx) else ()
COMPILERS = [
    Compiler("g++-11", "g++-11", "g++ 11", ("-O2",), True),
    Compiler("g++-12", "g++-12", "g++ 12",
             ("-O0", "-O2 -mavx2", "-O3",
              # g++ 12 warns of the undefined vectors in its own avx512fintrin.h (GCC bug 105593).
              "-O3 -mavx512f -mavx512bw -mavx512vl -mavx512vnni -Wno-uninitialized -Wno-maybe-uninitialized"), True),
    Compiler("clang++-14", "clang-14", "clang 14", ("-O2",), True),
    Compiler("clang++-15", "clang-15", "clang 15", ("-O0",), True),
    Compiler("clang++-16", "clang-16", "clang 16", ("-O2",), True),
    Compiler("clang++-19", "clang-19", "clang 19", ("-O0", "-O3 -mavx2"), True),
    Compiler("aarch64-linux-gnu-g++", "g++-aarch64-linux-gnu", "aarch64-linux-gnu-g++ 12", ("-O2",)),
    Compiler("arm-none-eabi-g++", "libstdc++-arm-none-eabi-newlib", "arm-none-eabi-g++ 12",
             ("-mcpu=cortex-m0plus -mthumb -Os", f"{M4} -O3", "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard -O3")),
    Compiler("riscv64-unknown-elf-g++", "gcc-riscv64-unknown-elf", "riscv64-unknown-elf-g++ 12",
             ("-march=rv32imac -mabi=ilp32 -O2",), library=BORROWED),
]


def source(names: list[str], folder: pathlib.Path) -> pathlib.Path:
    """A program that counts the models whose answers are not as recorded."""
    lines = ['#include "consumer.hpp"', ""]
    for name in names:
        for suffix, embedded in (("tflite", name), ("in", f"{name}_in"), ("out", f"{name}_out")):
            header = folder / f"golden_{embedded}.hpp"
            if not header.exists():
                subprocess.run([sys.executable, ROOT / "cmake" / "embed.py", MODELS / f"{name}.{suffix}", header,
                                f"golden_{embedded}"], check=True)
            lines.append(f'#include "{header.name}"')
    lines += ["", "namespace {", ""]
    lines += [f"struct model_{name} : inlay::tflite<golden_{name}> {{}};" for name in names]
    lines += ["", "template <typename Network, std::size_t InputSize, std::size_t AnswerSize>",
              "int wrong(const char (&inputs)[InputSize], const char (&answers)[AnswerSize]) {",
              "  return consumer::exact<Network>(inputs, InputSize - 1, answers, AnswerSize - 1) ? 0 : 1;", "}", "",
              "}  // namespace", "", "int CONSUMER_MAIN();", "int CONSUMER_MAIN() {", "  int count = 0;"]
    for i, name in enumerate(names):
        schedule = "least_memory" if i % 2 else "per_layer"
        lines.append(f"  count += wrong<inlay::network<model_{name}, inlay::{schedule}>>(golden_{name}_in, "
                     f"golden_{name}_out);")
    lines += ["  return count;", "}", ""]
    path = folder / f"consumer_{len(names)}.cpp"
    path.write_text("\n".join(lines))
    return path


def compile_command(command: str, *flags: str) -> list[str]:
    return [command, "-std=c++20", f"-I{ROOT / 'include'}", f"-I{HERE}", *flags]


def run(*command: object) -> subprocess.CompletedProcess:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


class Report:
    def __init__(self) -> None:
        self.passed, self.failed = 0, 0

    def line(self, what: str, problem: str) -> None:
        self.passed += not problem
        self.failed += bool(problem)
        print(f"{'ok' if not problem else 'FAILED'}: {what}" + (f"\n{problem}" if problem else ""), flush=True)

    def build(self, what: str, file: pathlib.Path, command: list[str], emulator: list[str] | None,
              silent: bool = True) -> None:
        """Compiles a program; runs it if there is something that runs it."""
        program = file.with_suffix(".out")
        if emulator is None:
            done = run(*command, "-DCONSUMER_MAIN=main", "-c", file, "-o", program)
        else:
            done = run(*command, "-DCONSUMER_MAIN=main", file, "-o", program)
        if done.returncode != 0 or (silent and done.stderr):
            self.line(what, "\n".join(done.stderr.splitlines()[:12]) or "fails without a word")
        elif emulator is None:
            self.line(what, "")
        else:
            ran = run(*emulator, program)
            self.line(what, "" if ran.returncode == 0 else f"ends with {ran.returncode}: so many answers are wrong")


def has_headers(compiler: Compiler) -> bool:
    return run(compiler.command, *compiler.library, "-xc++", "-std=c++20", "-fsyntax-only", "-include", "span",
               "/dev/null").returncode == 0


def installed(report_missing: bool) -> list[Compiler]:
    there = []
    for compiler in COMPILERS:
        if shutil.which(compiler.command) is None:
            problem = f"there is no {compiler.command}"
        elif not has_headers(compiler):
            problem = f"{compiler.command} has no C++ library"
        else:
            there.append(compiler)
            continue
        if report_missing:
            print(f"skipped: {problem} (Debian: {compiler.package})")
    return there


def executes(compiler: Compiler, flags: str, folder: pathlib.Path) -> bool:
    """Whether this machine has the instructions."""
    if not compiler.runs:
        return False
    probe = folder / "probe.cpp"
    wanted = [f for f in ("avx2", "avx512f", "avx512bw", "avx512vl", "avx512vnni") if f"-m{f}" in flags.split()]
    probe.write_text("int main() { return " + " && ".join([f'__builtin_cpu_supports("{f}")' for f in wanted] or ["true"])
                     + " ? 0 : 1; }\n")
    return run(compiler.command, probe, "-o", folder / "probe").returncode == 0 and run(folder / "probe").returncode == 0


def check_warnings(report: Report, folder: pathlib.Path) -> None:
    file, hosted = source(NAMES, folder), folder / "hosted.cpp"
    hosted.write_text("#include <inlay/report.hpp>\n\nint CONSUMER_MAIN();\nint CONSUMER_MAIN() { return 0; }\n")
    for compiler in installed(True):
        strict = STRICT + (GCC_ONLY if compiler.is_gcc() else [])
        for flags in compiler.flags:
            report.build(f"{compiler.command} {flags}", file,
                         compile_command(compiler.command, *compiler.library, *strict, *flags.split()),
                         [] if executes(compiler, flags, folder) else None)
        if compiler.runs:
            report.build(f"{compiler.command}: reports", hosted, compile_command(compiler.command, *strict, "-O1"), [])


def check_macros(report: Report, folder: pathlib.Path) -> None:
    file = source(FEW, folder)
    for compiler in installed(True):
        if compiler.runs and compiler.command not in NEWEST:
            continue
        flags = compiler.flags[-1]
        report.build(f"{compiler.command} {flags}", file,
                     compile_command(compiler.command, *compiler.library, "-std=gnu++20", "-DCONSUMER_HOSTILE",
                                     *flags.split()),
                     [] if executes(compiler, flags, folder) else None, silent=False)


def check_floats(report: Report, folder: pathlib.Path) -> None:
    file = source(FLOATS, folder)
    loosened = ["-Ofast -march=haswell", "-O2 -ffast-math", "-O2 -funsafe-math-optimizations", "-O2 -freciprocal-math",
                "-O3 -march=haswell -ffp-contract=fast"]
    there = [c for c in installed(True) if c.runs]
    for compiler in there:
        for flags in loosened if compiler.command in NEWEST else loosened[:1]:
            # clang calls -Ofast deprecated.
            report.build(f"{compiler.command} {flags}", file,
                         compile_command(compiler.command, *flags.split(), "-Wno-deprecated"), [], silent=False)
    aarch64 = [c.command for c in installed(False) if c.command.startswith("aarch64")]
    if aarch64 and shutil.which("qemu-aarch64"):
        for flags in ("-Ofast", "-O3 -ffp-contract=fast"):
            report.build(f"{aarch64[0]} {flags}", file, compile_command(aarch64[0], *flags.split(), "-static"),
                         ["qemu-aarch64"])


def check_linked(report: Report, folder: pathlib.Path) -> None:
    """One program of the same networks for several instruction sets: each must run its own kernels."""
    file = source(FEW[:1], folder)
    parts = {"plain": "", "sse4": "-msse4.2", "avx": "-mavx", "avx2": "-mavx2 -mfma", "portable": "-mavx2 -DINLAY_ISA=portable",
             "small": "-DINLAY_ISA=small", "fast": "-ffast-math"}
    for compiler in installed(False):
        if compiler.command not in NEWEST:
            continue
        if not executes(compiler, "-mavx2", folder):
            print(f"skipped: {compiler.command}, this machine has no AVX2")
            continue
        objects, problem = [], ""
        for name, flags in parts.items():
            objects.append(folder / f"{name}.o")
            # Without inlining, every function has a name.
            done = run(*compile_command(compiler.command, "-O1", "-fno-inline", *flags.split(),
                                        f"-DCONSUMER_MAIN=wrong_{name}", "-c", file, "-o", objects[-1]))
            problem = problem or done.stderr
        main = folder / "main.cpp"
        main.write_text("".join(f"int wrong_{name}();\n" for name in parts)
                        + f"int main() {{ return {' + '.join(f'wrong_{name}()' for name in parts)}; }}\n")
        problem = problem or run(compiler.command, main, *objects, "-o", folder / "linked").stderr
        if not problem and (code := run(folder / "linked").returncode) != 0:
            problem = f"ends with {code}: so many answers are wrong"
        report.line(f"{compiler.command}: {', '.join(parts)}", problem or shared_code(objects))


def shared_code(objects: list[pathlib.Path]) -> str:
    """A function of Inlay that two objects define under one name: the linker would take either."""
    seen: dict[str, pathlib.Path] = {}
    for path in objects:
        for name in re.findall(r"^\S* ?[WVu] (\S*5inlay\S*)$", run("nm", path).stdout, re.MULTILINE):
            if name in seen:
                return f"{name} is in {seen[name].name} and in {path.name}"
            seen[name] = path
    return "" if seen else "no functions found"


def check_refused(report: Report, folder: pathlib.Path) -> None:
    file = folder / "refused.cpp"
    file.write_text("#ifdef CONSUMER_MSVC\n#undef __GNUC__\n#endif\n#include <inlay.hpp>\n#ifdef CONSUMER_LOADED\n#include <inlay/report.hpp>\n#endif\n"
                    "int main() { return static_cast<int>(inlay::native_isa); }\n")
    cases = [("-std=c++17", "Inlay needs C++20: compile with -std=c++20 or later"),
             ("-m32 -mno-sse", "Inlay computes in float and double as they are"),
             ("-DCONSUMER_MSVC", "Inlay needs g++ 11, clang 14 or later: MSVC"),
             ("-frounding-math", "compile without -frounding-math"),
             ("-ffast-math -DCONSUMER_LOADED", "compile without -ffast-math")]
    for compiler in installed(False):
        if compiler.command not in NEWEST:
            continue
        for flags, sentence in cases:
            if not compiler.is_gcc() and ("rounding" in flags or "fast" in flags):
                continue  # clang computes constants as ever, and can be told to be exact
            said = run(*compile_command(compiler.command, *flags.split(), "-fsyntax-only", file)).stderr
            errors = [line for line in said.splitlines() if "error:" in line]
            alone = len(errors) == 2 and sentence in errors[0] and "stops_here" in errors[1]
            problem = "" if alone else said or "it compiles"
            report.line(f"{compiler.command} {flags}", problem)


def check_table(report: Report, page: pathlib.Path) -> None:
    """The page names the compilers that are tested, and no others."""
    found = re.search(r"<!-- compilers: tests/consumer/run.py -->\n(.*?)<!-- end of compilers -->", page.read_text(),
                      re.DOTALL)
    rows = [] if found is None else re.findall(r"^\| `?([^|`]*?)`? \|", found[1], re.MULTILINE)[1:]
    expected = [compiler.versions for compiler in COMPILERS]
    report.line("docs/build.md's table", "" if rows == expected else f"it has {rows} instead of {expected}")


def main() -> int:
    parts = {"warnings": check_warnings, "macros": check_macros, "floats": check_floats, "linked": check_linked,
             "refused": check_refused}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="+", choices=[*parts, "table"], metavar="PART")
    arguments = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="inlay-consumer-") as scratch:
        for part in arguments.part:
            if part == "table":
                check_table(report, ROOT / "docs" / "build.md")
            else:
                parts[part](report, pathlib.Path(scratch))
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0 if report.passed else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
