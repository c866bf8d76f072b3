#!/usr/bin/env python3
"""Compiles one program for each model, runs it and compares its answers byte for byte.

Beside each NAME.tflite stand NAME.in (the cases' inputs back to back, each case's inputs in the model's order) and
NAME.out (the outputs likewise), raw little-endian in the tensors' own types; record_answers.py makes them.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import options

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_models(parser, "all of the folder")
    options.add_schedules(parser)
    options.add_weights(parser)
    options.add_compiler(parser)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="models at a time")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the results there")
    return parser.parse_args()


def compile_command(cxx: str, flags: str, schedule: str, model: pathlib.Path, folder: pathlib.Path) -> list:
    """Writes the model's header into the folder; returns how to compile the runner there."""
    header = folder / "model.hpp"
    subprocess.run([sys.executable, ROOT / "cmake" / "embed.py", model, header, "embedded_model"], check=True)
    return [cxx, "-std=c++20", *flags.split(), "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}",
            "-DMODEL=embedded_model", f"-DSCHEDULE={options.schedule_type(schedule)}", f'-DMODEL_HEADER="{header}"',
            HERE / "runner.cpp", "-o", folder / "runner"]


def reason_of(said: str) -> str:
    """What a compiler's messages come to: Inlay's own sentence, or else the first error."""
    errors = re.findall(r"^.*?\b(?:fatal )?error: (.*)$", said, re.MULTILINE)
    for error in errors:
        # Words that a program makes are arguments of a template: one, or several parts.
        if "model_refused<" in error:
            return "".join(re.findall(r'\{"((?:[^"\\]|\\.)*)"\}', error)).replace("\\", "")
        if "Inlay: " in error:
            return error[error.index("Inlay: ") + len("Inlay: "):]
    return (errors or said.splitlines() or ["the compiler failed"])[0]


def compile_model(cxx: str, flags: str, schedule: str, model: pathlib.Path,
                  folder: pathlib.Path) -> tuple[str, float, int]:
    """Returns what the compiler said if it failed, its processor seconds and its peak memory in bytes."""
    command = compile_command(cxx, flags, schedule, model, folder)
    # A process of its own, whose children are this compiler alone. Processor time, since others may be at work.
    measure = ("import resource,subprocess,sys;r=subprocess.run(sys.argv[1:]).returncode;"
               "u=resource.getrusage(resource.RUSAGE_CHILDREN);print(u.ru_utime+u.ru_stime,u.ru_maxrss);sys.exit(r)")
    done = subprocess.run([sys.executable, "-c", measure, *map(str, command)], capture_output=True, text=True)
    used = done.stdout.split() or ["0", "0"]
    seconds, memory = float(used[-2]), int(used[-1]) * 1024
    if done.returncode == 0:
        return "", seconds, memory
    return reason_of(done.stderr), seconds, memory


def check(model: pathlib.Path, schedule: str, arguments: argparse.Namespace) -> dict:
    row = {"model": model.stem, "schedule": schedule, "ok": False, "reason": "", "compile_seconds": None,
           "compile_bytes": None, "arena_bytes": None, "flash_bytes": None, "macs": None, "recomputed_macs": None,
           "cases": None}
    recordings = [model.with_suffix(".in"), model.with_suffix(".out")]
    missing = [path.name for path in [model, *recordings] if not path.exists()]
    if missing:
        row["reason"] = f"missing: {', '.join(missing)}"
        return row
    with tempfile.TemporaryDirectory(prefix="inlay-zoo-") as scratch:
        folder = pathlib.Path(scratch)
        ahead = options.weights_ahead(arguments.weights)
        flags = arguments.flags + ("" if ahead is None else f" -DWEIGHTS_AHEAD={ahead}")
        reason, seconds, memory = compile_model(arguments.cxx, flags, schedule, model, folder)
        row |= {"compile_seconds": round(seconds, 2), "compile_bytes": memory}
        if reason:
            row["reason"] = f"does not compile: {reason}"
            return row
        run = subprocess.run([folder / "runner", *recordings], capture_output=True, text=True)
    figures = re.search(r"arena (\d+) flash (\d+) macs (\d+) recomputed (\d+) cases (\d+)", run.stdout)
    if figures:
        row |= dict(zip(("arena_bytes", "flash_bytes", "macs", "recomputed_macs", "cases"),
                        map(int, figures.groups())))
    row["ok"] = run.returncode == 0 and bool(figures) and row["cases"] > 0
    if not row["ok"]:
        row["reason"] = (run.stdout.splitlines() or [f"exit status {run.returncode} {run.stderr}"])[0]
    return row


def line(row: dict) -> str:
    seconds = f"{row['compile_seconds']:6.1f} s" if row["compile_seconds"] is not None else " " * 8
    arena = f"{row['arena_bytes']:>9} bytes" if row["arena_bytes"] is not None else " " * 15
    return f"{row['model']:<60} {row['schedule']:<12} {seconds} {arena}  {'ok' if row['ok'] else row['reason']}"


def main() -> int:
    arguments = parse_arguments()
    if not arguments.model and not arguments.models.is_dir():
        sys.exit(f"run.py: there is no folder {arguments.models}")
    if shutil.which(arguments.cxx) is None:
        sys.exit(f"run.py: no compiler {arguments.cxx}")
    runs = [(model, schedule) for model in options.model_files(arguments) for schedule in arguments.schedule]
    rows = []
    with concurrent.futures.ThreadPoolExecutor(max(1, arguments.jobs)) as pool:
        for row in pool.map(lambda run: check(*run, arguments), runs):
            rows.append(row)
            print(line(row), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    passed = sum(row["ok"] for row in rows)
    print(f"{passed} passed, {len(rows) - passed} failed")
    return 0 if rows and passed == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
