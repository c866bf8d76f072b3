#!/usr/bin/env python3
"""Records what it costs to compile a model, or checks that it has not grown.

It measures all models and updates bench/results; with --model those only, with --gate the few that --check compares.

For each model, compiler and schedule: processor seconds and peak memory of a whole compilation with -O2, and how
many templates are instantiated. For g++ that is the sum of its two tables of specialisations (-fstats), for clang
the classes and functions that it instantiates (-ftime-trace): compare each compiler with itself only.

Instantiations are the same on every run, memory nearly so; seconds depend on the machine. A record holds for one
version of a compiler: with another, --check ends with status 77.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "zoo"))
import run as zoo_run  # noqa: E402
import options  # noqa: E402

RESULTS = ROOT / "bench" / "results"
RECORD = RESULTS / "compile_cost.json"
TABLE = RESULTS / "compile_cost.md"

OWN = {
    "face_mask_detection": ROOT / "examples/face_mask_detection/face_mask_detection.tflite",
    "network_inverted_residual": ROOT / "tests/golden/models/network_inverted_residual.tflite",
    "network_branches": ROOT / "tests/golden/models/network_branches.tflite",
}
# Of the zoo's there may be none.
GATE = [*OWN, "mlperf_kws_ref_model", "mlperf_vww_96_int8", "mlperf_pretrainedResnet_quant"]
SCHEDULES = ["per_layer", "least_memory"]
FLAGS = "-O2"

# How far above the record a figure may be: a factor, and an amount that is noise in any case.
LIMITS = {
    "instantiations": (1.02, 0),  # most of them are the standard library's
    "peak_bytes": (1.05, 4 << 20),
    "seconds": (3.0, 3.0),  # the record's machine may be a faster one
}
# No model may cost more.
MOST_SECONDS = 40
MOST_BYTES = 2_000_000_000
NAMES = {"instantiations": "template instantiations", "peak_bytes": "bytes of memory", "seconds": "processor seconds"}


def version_of(cxx: str) -> str:
    """The compiler's name and version, as it gives them, without the name that it was called by."""
    line = subprocess.run([cxx, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return line if "clang" in line else "g++ " + line.split(" ", 1)[1]


def count_instantiations(cxx: str, version: str, schedule: str, model: pathlib.Path, folder: pathlib.Path) -> int:
    if "clang" in version:
        trace = folder / "trace.json"
        flags = f"-fsyntax-only -Xclang -ftime-trace={trace} -Xclang -ftime-trace-granularity=0"
    else:
        flags = "-fsyntax-only -fstats"
    command = zoo_run.compile_command(cxx, flags, schedule, model, folder)
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    if "clang" in version:
        return len(re.findall(r'"name":"Instantiate(?:Class|Function)"', trace.read_text()))
    counts = re.findall(r"^(?:decl|type)_specializations: size \d+, (\d+) elements", done.stderr, re.MULTILINE)
    if len(counts) != 2:
        sys.exit(f"compile_cost.py: {cxx} -fstats says something else:\n{done.stderr[:2000]}")
    return sum(map(int, counts))


def measure(name: str, model: pathlib.Path, cxx: str, version: str, schedule: str) -> dict:
    with tempfile.TemporaryDirectory(prefix="inlay-cost-") as scratch:
        folder = pathlib.Path(scratch)
        reason, seconds, memory = zoo_run.compile_model(cxx, FLAGS, schedule, model, folder)
        if reason:
            sys.exit(f"compile_cost.py: {name} with {schedule} does not compile: {reason}")
        return {"model": name, "compiler": version, "schedule": schedule, "seconds": round(seconds, 2),
                "peak_bytes": memory, "instantiations": count_instantiations(cxx, version, schedule, model, folder)}


def key(row: dict) -> tuple:
    return row["model"], row["compiler"], row["schedule"]


def processor() -> str:
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*: (.*)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else []
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def write_record(record: dict, rows: list[dict]) -> None:
    """Replaces the rows that were measured again; keeps the others."""
    merged = {key(row): row for row in record["rows"]} | {
        key(row): row | {"date": datetime.date.today().isoformat(), "machine": processor()} for row in rows}
    record = {"flags": FLAGS, "rows": [merged[k] for k in sorted(merged)]}
    RESULTS.mkdir(parents=True, exist_ok=True)
    # One line for each row, so that changes are easy to see.
    lines = ",\n".join("  " + json.dumps(row) for row in record["rows"])
    RECORD.write_text(f'{{\n "flags": {json.dumps(FLAGS)},\n "rows": [\n{lines}\n ]\n}}\n')
    TABLE.write_text(table(record["rows"]))


def table(rows: list[dict]) -> str:
    lines = ["# What it costs to compile a model", "",
             "Written by `bench/compile_cost.py`, whose head says how. Each cell: processor seconds, MB of memory at the",
             "peak, thousands of template instantiations. Compare each compiler with itself only: they count differently.",
             ""]
    compilers = sorted({row["compiler"] for row in rows})
    for compiler in compilers:
        mine = {(row["model"], row["schedule"]): row for row in rows if row["compiler"] == compiler}
        dates = sorted({row["date"] for row in mine.values()})
        machines = sorted({row["machine"] for row in mine.values()})
        slowest = max(mine.values(), key=lambda row: row["seconds"])
        largest = max(mine.values(), key=lambda row: row["peak_bytes"])
        lines += [f"## {compiler}", "", f"{FLAGS}; {' to '.join(sorted({dates[0], dates[-1]}))}; {'; '.join(machines)}.",
                  f"At most {slowest['seconds']:.1f} s ({slowest['model']}); the limit is {MOST_SECONDS} s. At most "
                  f"{largest['peak_bytes'] / 1e6:.0f} MB ({largest['model']}); the limit is {MOST_BYTES / 1e6:.0f} MB.", "",
                  "| model | " + " | ".join(f"`{s}`: s | MB | k" for s in SCHEDULES) + " |",
                  "|---|" + "--:|" * 3 * len(SCHEDULES)]
        for model in sorted({model for model, _ in mine}):
            cells = []
            for schedule in SCHEDULES:
                row = mine.get((model, schedule))
                cells += [f"{row['seconds']:.1f}", f"{row['peak_bytes'] / 1e6:.0f}",
                          f"{row['instantiations'] / 1e3:.1f}"] if row else ["", "", ""]
            lines.append(f"| {model} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def problems_of(row: dict, recorded: dict) -> list[str]:
    problems = []
    for figure, (factor, amount) in LIMITS.items():
        now, before = row[figure], recorded[figure]
        if now > before * factor + amount:
            problems.append(f"{row['model']}, {row['schedule']}, {row['compiler']}: {now} {NAMES[figure]} instead of "
                            f"{before}, {100 * (now / before - 1):+.1f} %")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_models(parser, "the project's own and all of the folder")
    parser.add_argument("--cxx", nargs="+", default=["g++-12", "clang++-19"], metavar="CXX",
                        help="compilers (default g++-12 clang++-19)")
    parser.add_argument("--gate", action="store_true", help="only the models that --check compares")
    parser.add_argument("--check", action="store_true", help="compare with the record instead of updating it")
    arguments = parser.parse_args()
    models = OWN | {path.stem: path for path in sorted(arguments.models.glob("*.tflite"))}
    if arguments.check or arguments.gate:
        models = {name: models[name] for name in GATE if name in models}
    elif arguments.model:
        models = {path.stem: path for path in options.model_files(arguments)}
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {"rows": []}
    recorded = {key(row): row for row in record["rows"]}
    rows, problems = [], []
    for cxx in arguments.cxx:
        if shutil.which(cxx) is None:
            sys.exit(f"compile_cost.py: no compiler {cxx}")
        version = version_of(cxx)
        if arguments.check and all(row["compiler"] != version for row in record["rows"]):
            print(f"there is no record of {version}")
            continue
        for name, model in models.items():
            for schedule in SCHEDULES:
                row = measure(name, model, cxx, version, schedule)
                rows.append(row)
                print(f"{name:<40} {version[:12]:<12} {schedule:<12} {row['seconds']:6.1f} s "
                      f"{row['peak_bytes'] / 1e6:6.0f} MB {row['instantiations']:>7} instantiations", flush=True)
                if arguments.check and key(row) not in recorded:
                    problems.append(f"{name}, {schedule}, {version}: is not in the record")
                elif arguments.check:
                    problems += problems_of(row, recorded[key(row)])
    above = [f"{row['model']}, {row['schedule']}, {row['compiler']}: {row['seconds']:.1f} s, {row['peak_bytes'] / 1e6:.0f} MB"
             for row in rows if row["seconds"] > MOST_SECONDS or row["peak_bytes"] > MOST_BYTES]
    if above:
        print(f"\nAbove the limits of {MOST_SECONDS} s and {MOST_BYTES / 1e6:.0f} MB:", *above, sep="\n")
    if not arguments.check:
        write_record(record, rows)
        return 1 if above else 0
    if not rows:
        print("SKIPPED: there is no record of any of the compilers")
        return 77
    if problems:
        print("\nCompiling costs more than recorded in bench/results/compile_cost.json:", *problems,
              "\nWhere that is what it has to cost, measure again and commit the record:",
              "    python3 bench/compile_cost.py --gate", sep="\n")
    return 1 if problems or above else 0


if __name__ == "__main__":
    sys.exit(main())
