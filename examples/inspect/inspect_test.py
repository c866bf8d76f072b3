#!/usr/bin/env python3
"""Checks inlay-inspect from outside: what it prints for a model, and how it refuses.

usage: inspect_test.py INLAY_INSPECT MODEL
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

PROGRAM, MODEL = sys.argv[1:3]
KEYS = ["model", "operators", "macs", "recomputed_macs", "parameters", "input_bytes", "per_layer_bytes", "arena_bytes",
        "schedule", "stages", "peak_at", "model_bytes", "table_bytes", "flash_bytes", "layers"]


def run(*options, status=0):
    result = subprocess.run([PROGRAM, MODEL, *options], capture_output=True, text=True, check=False)
    assert result.returncode == status, (options, result.returncode, result.stderr)
    return result.stderr if status else result.stdout


def report(*options):
    found = json.loads(run("--json", *options))
    assert list(found)[:len(KEYS)] == KEYS, list(found)
    ends = [stage["end"] for stage in found["stages"]]
    assert [stage["first"] for stage in found["stages"]] == [0] + ends[:-1] and ends[-1] == len(found["layers"])
    return found


def check_schedules():
    per_layer, least = report(), report("--least-memory")
    assert per_layer["schedule"] == "per_layer" and per_layer["arena_bytes"] == per_layer["per_layer_bytes"]
    assert least["recomputed_macs"] == 0 and least["arena_bytes"] < per_layer["arena_bytes"]
    assert "--least-memory" in run()
    budget = least["arena_bytes"] - 1
    fitting = report("--sram", str(budget))
    assert fitting["arena_bytes"] <= budget and fitting["recomputed_macs"] > 0
    within = report("--max-overhead", "5")
    assert within["arena_bytes"] <= least["arena_bytes"] and within["recomputed_macs"] * 20 <= within["macs"]
    for found in (least, fitting, within):
        again = report("--schedule", found["schedule"])
        assert again == found, found["schedule"]
    grid = report("--schedule", "2:3x2")["stages"][0]
    assert grid["grid"] == {"rows": 3, "columns": 2} and grid["policy"] == "recompute"
    assert 0 < grid["clamped_percent"] < grid["unclamped_percent"]
    points = report("--pareto")["pareto"]
    assert points[0]["arena_bytes"] == least["arena_bytes"]
    for left, right in zip(points, points[1:]):
        assert left["arena_bytes"] > right["arena_bytes"] and left["macs"] < right["macs"]


def check_refusals():
    assert "the least it finds is" in run("--sram", "16", status=1)
    budget = str(report("--least-memory")["arena_bytes"] - 1)
    assert "more than 0.0 %" in run("--sram", budget, "--max-overhead", "0", status=1)
    for schedule, why in [("nonsense", "END:rows"), ("1000:rows", "ends at 1 to"), ("2:rows,2:rows", "ends at 3 to"),
                          ("1:500x1", "too few for this grid"), ("2:0x1", "END:rows"), ("2:rows,", "END:rows")]:
        assert why in run("--schedule", schedule, status=1), schedule
    assert "runs row by row or in patches" in run("--svg-patches", "unused.svg", status=1)


def check_pictures():
    with tempfile.TemporaryDirectory() as folder:
        for option in ("--svg", "--svg-patches", "--svg-pareto"):
            picture = pathlib.Path(folder) / f"{option}.svg"
            run("--schedule", "2:3x2", option, str(picture))
            assert xml.parse(picture).getroot().tag.endswith("svg")


check_schedules()
check_refusals()
check_pictures()
