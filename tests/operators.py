#!/usr/bin/env python3
"""Writes the README's table of operators: which have a kernel of their own for which instruction set.

usage: operators.py [--check]     --check compares instead of writing; exit status 77 if a compiler is missing

operators.cpp is compiled for every instruction set and says which kernels exist. The operators are those of the
importer in model/tflite.hpp: one without a row below is an error, and so is a kind of layer without an operator.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
README = ROOT / "README.md"
IMPORTER = ROOT / "include/inlay/model/tflite.hpp"

# The first is there with the package g++, the second with g++-12 alone.
X86 = next(filter(shutil.which, ["x86_64-linux-gnu-g++", "x86_64-linux-gnu-g++-12"]), "x86_64-linux-gnu-g++")
AARCH64, CORTEX_M = "aarch64-linux-gnu-g++", "arm-none-eabi-g++"
PACKAGES = {X86: "g++ or g++-x86-64-linux-gnu", AARCH64: "g++-aarch64-linux-gnu", CORTEX_M: "gcc-arm-none-eabi"}
# Columns of the table: the instruction sets that share one, each with its compiler and flags.
COLUMNS = {
    "x86": {
        "avx2": (X86, "-mavx2"),
        "avx_vnni": (X86, "-mavx2 -mavxvnni"),
        "avx512_vnni": (X86, "-mavx512f -mavx512bw -mavx512vl -mavx512vnni"),
    },
    "AArch64": {
        "neon": (AARCH64, "-march=armv8-a"),
        "neon_dot": (AARCH64, "-march=armv8.2-a+dotprod"),
    },
    "Cortex-M, DSP": {"arm_dsp": (CORTEX_M, "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard")},
    "Cortex-M, MVE": {"arm_mve": (CORTEX_M, "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard")},
}

# The rows: operators with the kinds of layers that compute them (none: worked out by the compiler or by the output
# view), and a note.
FAMILIES = [
    ({"conv_2d": "conv2d", "depthwise_conv_2d": "depthwise_conv2d"}, "dilation, any stride, groups, depth multiplier"),
    ({"transpose_conv": "transpose_conv2d", "fully_connected": "fully_connected"}, "per tensor and per channel"),
    ({"add": "add", "sub": "sub", "mul": "mul", "maximum": "maximum", "minimum": "minimum",
      "squared_difference": "squared_difference"}, "broadcast, constant operands"),
    ({"average_pool_2d": "average_pool2d", "max_pool_2d": "max_pool2d"}, ""),
    ({"mean": "mean", "sum": "sum", "reduce_max": "reduce_max"}, "over any axes"),
    ({"arg_max": "arg_max", "arg_min": "arg_min"}, "an output of the network, in int32"),
    ({"softmax": "softmax", "logistic": "logistic", "tanh": "tanh", "relu": "relu", "relu6": "relu",
      "leaky_relu": "leaky_relu", "prelu": "prelu", "hard_swish": "hard_swish", "abs": "abs"}, ""),
    ({"pad": "pad", "padv2": "pad"}, "folded into the convolution or maximum behind it where that is exact"),
    ({"concatenation": "place", "pack": "place"}, "made in place where possible"),
    ({"split": "slice", "split_v": "slice", "unpack": "slice", "slice": "slice", "strided_slice": "slice"}, ""),
    ({"transpose": "transpose"}, ""),
    ({"gather": "gather"}, "constant indices"),
    ({"depth_to_space": "depth_to_space", "space_to_depth": "space_to_depth"}, ""),
    ({"reshape": "reshape", "squeeze": "reshape", "expand_dims": "reshape"}, "cost nothing"),
    ({"resize_nearest_neighbor": "resize_nearest", "resize_bilinear": "resize_bilinear"}, ""),
    ({"quantize": "requantize"}, "one quantisation to another, int8 and uint8"),
    ({"quantize": "quantize"}, "a float input of the network"),
    ({"dequantize": ""}, "a float output, computed as it is read"),
    ({"shape": ""}, "where it computes the extents of a reshape"),
]
# Kinds of layers that no operator becomes: the rows that a sourced network asks for.
OF_NO_OPERATOR = {"fetch"}


def kernels_of(isa: str, cxx: str, flags: str, folder: pathlib.Path) -> dict[str, str]:
    """For each kind of layer the letters that operators.cpp writes."""
    compiled = folder / f"{isa}.o"
    subprocess.run([cxx, "-std=c++20", *flags.split(), f"-I{ROOT / 'include'}", "-c", HERE / "operators.cpp",
                    "-o", compiled], check=True)
    lines = re.findall(rb"kernels of (\w+):((?: \w+=\w*)+)", compiled.read_bytes())
    if [name.decode() for name, _ in lines] != [isa]:
        sys.exit(f"operators.py: {cxx} {flags} compiles for {lines}, not for {isa}")
    return dict(word.split("=") for word in lines[0][1].decode().split())


def check_rows(kinds: set[str]) -> None:
    """The rows must have the importer's operators and all kinds of layers."""
    imported = set(re.findall(r"importer\{tflite_operator::(\w+),", IMPORTER.read_text()))
    listed = {operator for operators, _ in FAMILIES for operator in operators}
    computing = {kind for operators, _ in FAMILIES for kind in operators.values() if kind} | OF_NO_OPERATOR
    for difference, problem in ((imported - listed, "operators without a row"),
                                (listed - imported, "rows of operators that are not imported"),
                                (kinds - computing, "kinds of layers without an operator"),
                                (computing - kinds, "kinds of layers that there are not")):
        if difference:
            sys.exit(f"operators.py: {problem}: {', '.join(sorted(difference))}")


def cells(kind: str, kernels: dict[str, dict[str, str]]) -> tuple[str, ...]:
    if not kind:
        return "", "", *("" for _ in COLUMNS)
    first = next(iter(kernels.values()))
    found = ["✓" if letter in first[kind] else "" for letter in "rp"]
    for sets in COLUMNS.values():
        having = [isa for isa in sets if "n" in kernels[isa][kind]]
        found.append("✓" if len(having) == len(sets) else ", ".join(f"`{isa}`" for isa in having))
    return tuple(found)


def table(kernels: dict[str, dict[str, str]]) -> str:
    lines = ["<!-- operators: tests/operators.py -->",
             f"| TensorFlow Lite | reference | portable | {' | '.join(COLUMNS)} | notes |",
             f"|---|{':-:|' * (2 + len(COLUMNS))}---|"]
    for operators, note in FAMILIES:
        alike: dict[tuple[str, ...], list[str]] = {}
        for operator, kind in operators.items():
            alike.setdefault(cells(kind, kernels), []).append(operator.upper())
        lines += [f"| {', '.join(names)} | {' | '.join(found)} | {note} |" for found, names in alike.items()]
    return "\n".join([*lines, "<!-- end of operators -->"])


def main() -> int:
    if missing := [f"{cxx} (Debian: {package})" for cxx, package in PACKAGES.items() if shutil.which(cxx) is None]:
        print(f"SKIPPED: there is no {', no '.join(missing)}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        kernels = {isa: kernels_of(isa, *how, pathlib.Path(folder)) for sets in COLUMNS.values()
                   for isa, how in sets.items()}
    check_rows(set(next(iter(kernels.values()))))
    text = README.read_text(encoding="utf-8")
    written, places = re.subn(r"<!-- operators: .*?<!-- end of operators -->", lambda _: table(kernels), text,
                              flags=re.DOTALL)
    if places != 1:
        sys.exit(f"operators.py: README.md has {places} places for the table")
    if "--check" not in sys.argv[1:]:
        README.write_text(written, encoding="utf-8")
    elif written != text:
        print(f"README.md has another table of operators than python3 tests/operators.py writes:\n{table(kernels)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
