#!/usr/bin/env python3
"""Writes docs/zoo.md: compiles and runs every model of a folder layer after layer and with the least memory.

Exit status 1 if a model fails or a condition is not met. With --model it prints the page of these instead.
What TensorFlow Lite Micro plans is kept in bench/results/tflm_memory.json; --tflm records that anew, and nothing else; it needs
the package tflite-micro, see tests/golden/requirements.txt.
"""
import argparse
import datetime
import importlib.metadata
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

import options

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
import compile_cost  # noqa: E402

PAGE = ROOT / "docs" / "zoo.md"
TFLM = ROOT / "bench" / "results" / "tflm_memory.json"
SCHEDULES = ["per_layer", "least_memory"]

MOST_OF_TFLM = 1 / 6

# The head of the arena after AllocateTensors: the planned tensors and, where it is more, what kernels need at once
# while they are prepared.
PRINT_ALLOCATIONS = """
import sys
from tflite_micro import runtime
runtime.Interpreter.from_file(sys.argv[1], arena_size=64 << 20).print_allocations()
"""


def record_tflm(models: list[pathlib.Path]) -> None:
    try:
        version = importlib.metadata.version("tflite-micro")
    except importlib.metadata.PackageNotFoundError:
        sys.exit(f"record.py: {sys.executable} has no package tflite-micro: see tests/golden/requirements.txt")
    planned = {}
    for model in models:
        # It prints to the process's standard error.
        said = subprocess.run([sys.executable, "-c", PRINT_ALLOCATIONS, model], capture_output=True, text=True,
                              check=True).stderr
        planned[model.stem] = int(re.search(r"Arena allocation head (\d+) bytes", said)[1])
    TFLM.write_text(json.dumps({"package": f"tflite-micro {version}", "planned_bytes": planned}, indent=1) + "\n")


def measure(models: list[pathlib.Path], cxx: str, schedule: str) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        results = pathlib.Path(folder) / "results.json"
        # One at a time; its exit status says what its rows say.
        subprocess.run([sys.executable, HERE / "run.py", "--model", *models, "--cxx", cxx, "--jobs", "1",
                        "--schedule", schedule, "--json", results])
        rows = {row["model"]: row for row in json.loads(results.read_text())}
    for model in models:
        if rows[model.stem]["ok"]:
            rows[model.stem]["input_bytes"] = model.with_suffix(".in").stat().st_size // rows[model.stem]["cases"]
    return rows


def geometric_mean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def conditions(names: list[str], rows: dict, planned: dict) -> list[tuple[bool, str]]:
    """Each as whether it is met, and a sentence with its figure."""
    result = []
    for schedule in SCHEDULES:
        passed = sum(row["ok"] for row in rows[schedule].values())
        result.append((passed == len(names),
                       f"{passed} of {len(names)} models pass with `{schedule}`: every answer is the recorded one, to "
                       "the byte."))
    everything = [row for schedule in SCHEDULES for row in rows[schedule].values()]
    slowest = max(everything, key=lambda row: row["compile_seconds"] or 0)
    largest = max(everything, key=lambda row: row["compile_bytes"] or 0)
    result.append((slowest["compile_seconds"] <= compile_cost.MOST_SECONDS,
                   f"At most {slowest['compile_seconds']:.1f} s to compile ({slowest['model']}); the limit is "
                   f"{compile_cost.MOST_SECONDS} s."))
    result.append((largest["compile_bytes"] <= compile_cost.MOST_BYTES,
                   f"At most {largest['compile_bytes'] / 1e6:,.0f} MB to compile ({largest['model']}); the limit is "
                   f"{compile_cost.MOST_BYTES / 1e6:,.0f} MB."))
    per_layer, least = (rows[schedule] for schedule in SCHEDULES)
    done = [name for name in names if per_layer[name]["ok"] and least[name]["ok"]]
    above = [name for name in done if least[name]["arena_bytes"] > per_layer[name]["arena_bytes"]]
    result.append((not above, f"Models whose arena is larger with `least_memory` than with `per_layer`: "
                              f"{', '.join(above) or 'none'}."))
    again = [name for name in done if least[name]["recomputed_macs"] != 0]
    result.append((not again, f"Models of which `least_memory` recomputes anything: {', '.join(again) or 'none'}."))
    if done:
        mean = geometric_mean([least[name]["arena_bytes"] / planned[name] for name in done])
        with_input = geometric_mean([(least[name]["arena_bytes"] + least[name]["input_bytes"]) / planned[name]
                                     for name in done])
        result.append((mean <= MOST_OF_TFLM,
                       f"Geometric mean of least arena / what TensorFlow Lite Micro plans: {mean:.3f}; the limit is "
                       f"{MOST_OF_TFLM:.3f}. (If the input must stand in memory as well: {with_input:.3f}.)"))
    return result


def line(name: str, per_layer: dict, least: dict, planned_bytes: int) -> str:
    if not (per_layer["ok"] and least["ok"]):
        return f"| {name} | failed: {(per_layer['reason'] or least['reason']).replace('|', '/')} |"
    overhead = 100 * least["recomputed_macs"] / per_layer["macs"] if per_layer["macs"] else 0
    return (f"| {name} | {per_layer['macs'] / 1e6:.2f} | {per_layer['arena_bytes']:,} | {least['arena_bytes']:,} | "
            f"{overhead:.0f} % | {least['input_bytes']:,} | {planned_bytes:,} | {per_layer['compile_seconds']:.1f} | "
            f"{least['compile_seconds']:.1f} |")


def page(names: list[str], rows: dict, recorded: dict, cxx: str, checked: list[tuple[bool, str]]) -> str:
    planned = recorded["planned_bytes"]
    lines = [f"# {len(names)} published models", "",
             "Int8 models of MLPerf Tiny, MCUNet, STMicroelectronics, OpenMV, Arm, Wake Vision, TinyMaix, NXP,",
             "CFU-Playground, Silicon Labs and others, from public repositories. Written by", "",
             "    python3 tests/zoo/record.py", "",
             "which compiles a program for each with each schedule, runs it on the recorded inputs and compares its",
             "answers byte for byte with those of TensorFlow Lite Micro's reference kernels.", "",
             *[f"- {sentence}{'' if met else ' **Not met.**'}" for met, sentence in checked], "",
             f"{compile_cost.version_of(cxx)} {compile_cost.FLAGS}, {datetime.date.today().isoformat()}, "
             f"{compile_cost.processor()}; processor seconds.", "",
             "Memory in bytes. Inlay's arena is everything that it writes, without the input, which it reads where the",
             f"caller has it. TensorFlow Lite Micro's ({recorded['package']}) is the head of its arena,",
             "the tensors that it plans, the input among them; its persistent data come on top. Overhead is what the",
             "least memory costs in multiply-accumulates done again.", "",
             "[bench/results/compile_cost.md](../bench/results/compile_cost.md) has what they cost to compile with clang,",
             "too.", "",
             "| model | MMAC | arena, per layer | arena, least memory | overhead | input | TFLM plans | "
             "s to compile, per layer | least memory |", "|---|" + 8 * "--:|"]
    lines += [line(name, *(rows[schedule][name] for schedule in SCHEDULES), planned[name]) for name in names]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_models(parser, "all of the folder")
    parser.add_argument("--cxx", default="g++-12", metavar="CXX", help="compiler (default %(default)s)")
    parser.add_argument("--tflm", action="store_true", help="record what TensorFlow Lite Micro plans")
    arguments = parser.parse_args()
    models = options.model_files(arguments)
    if not models:
        sys.exit(f"record.py: no models in {arguments.models}")
    if arguments.tflm:
        record_tflm(models)
        return 0
    recorded = json.loads(TFLM.read_text())
    names = [model.stem for model in models]
    if unknown := set(names) - set(recorded["planned_bytes"]):
        sys.exit(f"record.py: {TFLM.name} does not have {', '.join(sorted(unknown))}: record it anew with --tflm")
    rows = {schedule: measure(models, arguments.cxx, schedule) for schedule in SCHEDULES}
    checked = conditions(names, rows, recorded["planned_bytes"])
    text = page(names, rows, recorded, arguments.cxx, checked)
    if arguments.model:
        print(text)
    else:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
    for met, sentence in checked:
        print(f"{'ok' if met else 'NOT MET'}: {sentence}")
    return 0 if all(met for met, _ in checked) else 1


if __name__ == "__main__":
    sys.exit(main())
