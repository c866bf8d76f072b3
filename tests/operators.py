#!/usr/bin/env python3
"""Writes docs/operators.md's table of operators: which have a kernel of their own for which instruction set.

usage: operators.py [--check]     --check compares instead of writing; exit status 77 if a compiler is missing

operators.cpp is compiled for every instruction set and says which kernels exist; operator_kinds.cpp says which
operators the golden models have, and what kinds of layers they become. A kind of layer that none becomes is an error.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import instruction_sets

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PAGE = ROOT / "docs" / "operators.md"
KINDS = ROOT / "include/inlay/graph/layer_kinds.hpp"

# The first is there with the package g++, the second with g++-12 alone.
X86 = next(filter(shutil.which, ["x86_64-linux-gnu-g++", "x86_64-linux-gnu-g++-12"]), "x86_64-linux-gnu-g++")
AARCH64, CORTEX_M = "aarch64-linux-gnu-g++", "arm-none-eabi-g++"
HOST = next(filter(shutil.which, ["c++", "g++-12"]), "c++")
PACKAGES = {HOST: "g++", X86: "g++ or g++-x86-64-linux-gnu", AARCH64: "g++-aarch64-linux-gnu", CORTEX_M: "gcc-arm-none-eabi"}
# Columns of the table: the instruction sets that share one, each with its compiler and flags.
COLUMNS: dict[str, dict[str, tuple[str, str]]] = {}
for row in instruction_sets.rows():
    if row.processors != "plain":
        compiler = {"x86": X86, "AArch64": AARCH64}.get(row.processors, CORTEX_M)
        COLUMNS.setdefault(row.processors, {})[row.name] = compiler, row.flags

# What is to be said of operators, and of some kinds of layers that they become: the first that fits.
NOTES = {
    "asymmetric_fully_connected": "weights with a zero point",
    "conv_2d depthwise_conv_2d": "dilation, any stride, groups, depth multiplier",
    "transpose_conv fully_connected": "per tensor and per channel",
    "add sub mul maximum minimum squared_difference prelu": "broadcast, up to six axes; constant operands",
    "div": "broadcast; scales that the reference's shifts are defined for",
    "equal not_equal greater greater_equal less less_equal": "broadcast; an output of the network, or for SELECT_V2",
    "select_v2": "broadcast; in three steps",
    "batch_matmul": "either operand constant, transposed or broadcast",
    "reduce_max": "over any axes; fast over height and width",
    "mean sum reduce_min": "over any axes",
    "arg_max arg_min": "an output of the network, in int32",
    "pad padv2": "folded into the convolution or maximum behind it where that is exact",
    "concatenation pack": "made in place where possible",
    "gather gather_nd embedding_lookup": "constant indices",
    "dynamic_update_slice": "constant position",
    "space_to_batch_nd": "without padding, which the reference leaves unset",
    "rsqrt": "of what has zero point -128",
    "neg": "between DEQUANTIZE and QUANTIZE, or a float output: costs nothing",
    "square": "between DEQUANTIZE and QUANTIZE",
    "cast": "int8 and bool, and to a float output",
    "dequantize": "a float output, computed as it is read",
    "reshape squeeze expand_dims": "cost nothing",
    "requantize": "one quantisation to another, int8 and uint8",
    "quantize": "a float input of the network",
    "shape": "where it computes the extents of another tensor, with others on integers",
}
# The reference's other operators, all that its interpreter for Python has, and why they are not supported.
OTHERS = {
    "the reference has no int8 for them": "ceil cos exp floor floor_div floor_mod l2_pool_2d log round sin sqrt",
    "they compute on bool or on shapes only": "broadcast_args logical_and logical_not logical_or reduce_all",
    "they keep state from one run to the next, or choose what runs":
        "assign_variable call_once if read_variable svdf unidirectional_sequence_lstm var_handle while",
}
HELPERS = {"slice", "place"}
# Kinds of layers that no operator becomes: the rows, and the weights, that a sourced network asks for.
OF_NO_OPERATOR = {"fetch", "load"}


def kernels_of(isa: str, cxx: str, flags: str, folder: pathlib.Path) -> dict[str, str]:
    """For each kind of layer the letters that operators.cpp writes."""
    compiled = folder / f"{isa}.o"
    subprocess.run([cxx, "-std=c++20", *flags.split(), f"-I{ROOT / 'include'}", "-c", HERE / "operators.cpp",
                    "-o", compiled], check=True)
    lines = re.findall(rb"kernels of (\w+):((?: \w+=\w*)+)", compiled.read_bytes())
    if [name.decode() for name, _ in lines] != [isa]:
        sys.exit(f"operators.py: {cxx} {flags} compiles for {lines}, not for {isa}")
    return dict(word.split("=") for word in lines[0][1].decode().split())


def kinds_of_operators(folder: pathlib.Path) -> dict[str, set[str]]:
    """For each operator of the golden models the kinds of layers that it becomes."""
    program = folder / "operator_kinds"
    subprocess.run([HOST, "-std=c++20", f"-I{ROOT / 'include'}", HERE / "operator_kinds.cpp", "-o", program], check=True)
    printed = subprocess.run([program, HERE / "golden/models"], check=True, capture_output=True, text=True).stdout
    becomes: dict[str, set[str]] = {}
    for line in printed.splitlines():
        operator, *kinds = line.split()
        becomes.setdefault(operator, set()).update(kinds)
    # What others have besides, to view, cut and join bytes, is not what they do.
    return {operator: kinds - {"reshape"} - HELPERS or kinds - {"reshape"} or kinds
            for operator, kinds in becomes.items()}


def note_on(operator: str, kind: str) -> str:
    return next((note for words, note in NOTES.items() if {operator, kind} & set(words.split())), "")


def cells(kind: str, kernels: dict[str, dict[str, str]]) -> tuple[str, ...]:
    if not kind:
        return "✓", "", *("" for _ in COLUMNS)  # known before anything runs
    first = next(iter(kernels.values()))
    found = ["✓" if letter in first[kind] else "" for letter in "rp"]
    for sets in COLUMNS.values():
        having = [isa for isa in sets if "n" in kernels[isa][kind]]
        found.append("✓" if len(having) == len(sets) else ", ".join(f"`{isa}`" for isa in having))
    return tuple(found)


def table(becomes: dict[str, set[str]], kernels: dict[str, dict[str, str]]) -> str:
    """Operators of kinds that are described alike, with the same kernels and the same note, share a line."""
    described = {kind: (operands, geometry) for kind, operands, geometry in
                 re.findall(r"^  X\((\w+), +(\w+), +(\w+),", KINDS.read_text(encoding="utf-8"), re.MULTILINE)}
    order = [*described, ""]
    if unused := described.keys() - set().union(*becomes.values()) - OF_NO_OPERATOR:
        sys.exit(f"operators.py: no golden model has an operator that becomes {', '.join(sorted(unused))}")
    alike: dict[tuple, list[str]] = {}
    for kind, operator in sorted(((kind, operator) for operator, kinds in becomes.items() for kind in kinds or {""}),
                                 key=lambda pair: (order.index(pair[0]), pair[1])):
        key = described.get(kind), cells(kind, kernels), note_on(operator, kind)
        if operator.upper() not in alike.setdefault(key, []):
            alike[key].append(operator.upper())
    lines = ["<!-- operators: tests/operators.py -->",
             f"| TensorFlow Lite | reference | portable | {' | '.join(COLUMNS)} | notes |",
             f"|---|{':-:|' * (2 + len(COLUMNS))}---|"]
    lines += [f"| {', '.join(names)} | {' | '.join(found)} | {note} |" for (_, found, note), names in alike.items()]
    if both := sorted(set(" ".join(OTHERS.values()).split()) & becomes.keys()):
        sys.exit(f"operators.py: supported, though it says why not: {', '.join(both)}")
    lines += ["", "The reference has more operators that are not supported; custom ones are not supported either.", "",
              "| because | |", "|---|---|"]
    lines += [f"| {reason} | {', '.join(name.upper() for name in names.split())} |" for reason, names in OTHERS.items()]
    return "\n".join([*lines, "<!-- end of operators -->"])


def main() -> int:
    if missing := [f"{cxx} (Debian: {package})" for cxx, package in PACKAGES.items() if shutil.which(cxx) is None]:
        print(f"SKIPPED: there is no {', no '.join(missing)}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        kernels = {isa: kernels_of(isa, *how, pathlib.Path(folder)) for sets in COLUMNS.values()
                   for isa, how in sets.items()}
        becomes = kinds_of_operators(pathlib.Path(folder))
    text = PAGE.read_text(encoding="utf-8")
    written, places = re.subn(r"<!-- operators: .*?<!-- end of operators -->", lambda _: table(becomes, kernels), text,
                              flags=re.DOTALL)
    if places != 1:
        sys.exit(f"operators.py: docs/operators.md has {places} places for the table")
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(written, encoding="utf-8")
    elif written != text:
        print(f"docs/operators.md has another table than python3 tests/operators.py writes:\n{table(becomes, kernels)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
