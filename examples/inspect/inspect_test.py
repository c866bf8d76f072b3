#!/usr/bin/env python3
"""Checks inlay-inspect from outside: what it prints for a model, and how it refuses.

usage: inspect_test.py INLAY_INSPECT MODEL SMALL_MODELS CXX BUILD
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

PROGRAM, MODEL, SMALL_MODELS, CXX, BUILD = sys.argv[1:6]
KEYS = ["model", "inputs", "outputs", "operators", "macs", "recomputed_macs", "parameters", "input_bytes",
        "per_layer_bytes", "arena_bytes", "raster_bound_bytes", "schedule", "schedule_type", "stages", "peak_at", "places",
        "kernels", "model_bytes", "constant_bytes", "table_bytes", "flash_bytes", "layers"]


def run(*options, status=0, model=MODEL):
    result = subprocess.run([PROGRAM, model, *options], capture_output=True, text=True, check=False)
    assert result.returncode == status, (options, result.returncode, result.stderr)
    return result.stderr if status else result.stdout


def small(name):
    return str(pathlib.Path(SMALL_MODELS) / f"{name}.tflite")


def report(*options, model=MODEL):
    found = json.loads(run("--json", *options, model=model))
    assert list(found)[:len(KEYS)] == KEYS, list(found)
    ends = [stage["end"] for stage in found["stages"]]
    assert [stage["first"] for stage in found["stages"]] == [0] + ends[:-1] and ends[-1] == len(found["layers"])
    return found


def check_schedules():
    per_layer, least = report(), report("--least-memory")
    assert per_layer["schedule"] == "per_layer" and per_layer["arena_bytes"] == per_layer["per_layer_bytes"]
    assert least["recomputed_macs"] == 0 and least["arena_bytes"] < per_layer["arena_bytes"]
    assert 0 < least["raster_bound_bytes"] == per_layer["raster_bound_bytes"] <= least["arena_bytes"]
    assert "--least-memory" in run()
    budget = least["arena_bytes"] - 1
    fitting = report("--sram", str(budget))
    assert fitting["arena_bytes"] <= budget and fitting["recomputed_macs"] > 0
    within = report("--max-overhead", "5")
    assert within["arena_bytes"] <= least["arena_bytes"] and within["recomputed_macs"] * 20 <= within["macs"]
    for found in (least, fitting, within):
        again = report("--schedule", found["schedule"])
        assert again == found, found["schedule"]
    streamed = [layer for layer in least["layers"] if layer["weight_reads"] > 8]
    assert streamed and all(layer["weight_bytes"] > 0 for layer in streamed)
    limit = min(layer["weight_bytes"] for layer in streamed)
    seldom = report("--least-memory", "--weights-read", str(limit), "8")
    for stage in seldom["stages"]:
        for layer in seldom["layers"][stage["first"]:stage["end"]]:
            alone = stage["end"] - stage["first"] == 1
            assert alone or layer["weight_bytes"] <= limit or layer["weight_reads"] <= 8, layer
    assert least["arena_bytes"] <= seldom["arena_bytes"] <= per_layer["arena_bytes"]
    grid = report("--schedule", "2:3x2")["stages"][0]
    assert grid["grid"] == {"rows": 3, "columns": 2} and grid["policy"] == "recompute"
    assert 0 < grid["clamped_percent"] < grid["unclamped_percent"]
    points = report("--pareto")["pareto"]
    assert points[0]["arena_bytes"] == least["arena_bytes"]
    for left, right in zip(points, points[1:]):
        assert left["arena_bytes"] > right["arena_bytes"] and left["macs"] < right["macs"]


def check_tensors():
    found = report(model=small("network_two_inputs_two_outputs"))
    assert [(t["name"], t["type"], t["extents"]) for t in found["inputs"]] == [
        ("t0", "int8", [1, 6, 6, 2]), ("t1", "int8", [1, 5])], found["inputs"]
    assert [t["extents"] for t in found["outputs"]] == [[1, 3], [1, 4]]
    assert all(t["scale"] > 0 and -128 <= t["zero_point"] <= 127 for t in found["inputs"] + found["outputs"])
    said = run(model=small("network_float_io"))
    assert "0  t0: float32 6×6×2\n" in said, said
    assert "real = 0.00390625 × (stored − -128)" in run(model=small("network_two_inputs_two_outputs"))


def check_places():
    for options in ([], ["--least-memory"]):
        found = report(*options)
        places = found["places"]
        assert max(p["offset"] + p["bytes"] for p in places) == found["arena_bytes"]
        for layer in range(len(found["layers"])):
            alive = [p for p in places if p["first_layer"] <= layer <= p["last_layer"]]
            assert alive and sum(p["bytes"] for p in alive) >= found["layers"][layer]["live_bytes"]


def check_targets():
    model = small("network_inverted_residual")
    without = report(model=model)
    assert without["kernels"] == "the reference kernels" and "kernel" not in without["layers"][0]
    targets = {"host": ["--cxx", CXX, "--flags=-DINLAY_ISA=portable"]}
    if shutil.which("arm-none-eabi-g++"):
        targets |= {"m4": [], "m55": []}
    kernels = {"host": "portable", "m4": "arm_dsp", "m55": "arm_mve"}
    for target, options in targets.items():
        found = report("--target", target, *options, model=model)
        assert found["kernels"] == target and found["flash_bytes"] == found["constant_bytes"] + found["table_bytes"]
        convolutions = [layer for layer in found["layers"] if layer["kind"] == "conv2d"]
        assert convolutions and all(layer["kernel"] == kernels[target] for layer in convolutions), found["layers"]
        assert all(layer["table_bytes"] > 0 for layer in convolutions)
        assert sum(layer["table_bytes"] for layer in found["layers"]) == found["table_bytes"]
        said = run("--target", target, *options, model=model)
        assert f"kernel on {target}" in said and kernels[target] in said
    # What is left to the reference kernels is named as such.
    for target in ["m0", "m4"] if len(targets) > 1 else []:
        for layer in report("--target", target, model=small("network_keyword"))["layers"]:
            assert (layer["kernel"] == "reference") == (layer["kind"] == "softmax"), layer
    assert "none: not found" in run("--target", "host", "--cxx", "none", status=2, model=model)
    assert "error: " in run("--target", "host", "--cxx", CXX, "--flags=-fno-such-flag", status=2, model=model)


def check_refusals():
    assert "; tensor 2, t2, " in run(status=1, model=small("div_coarse"))
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
        # Those that the README shows; `inspect_pictures` draws them anew.
        drawn = [pathlib.Path(folder) / f"{pathlib.Path(MODEL).stem}-{kind}.svg" for kind in ("memory", "pareto")]
        run("--least-memory", "--svg", str(drawn[0]), "--svg-pareto", str(drawn[1]))
        for picture in drawn:
            shown = pathlib.Path(__file__).parent / picture.name
            assert picture.read_text() == shown.read_text(), f"{picture.name} shows something else"


def check_page():
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder) / "page.html"
        for options, pictures in (([], 2), (["--schedule", "2:3x2,4:rows"], 4)):
            run(*options, "--html", str(page))
            root = xml.parse(page).getroot()
            assert len([e for e in root.iter() if e.tag.endswith("}svg")]) == pictures
            cells = {"".join(cell.itertext()) for cell in root.iter("{http://www.w3.org/1999/xhtml}td")}
            found = report(*options)
            for key in ("arena_bytes", "macs", "flash_bytes"):
                assert f"{found[key]:,}" in cells, key
            assert all(f"{layer['macs']:,}" in cells for layer in found["layers"])
            assert all(str(t["zero_point"]) in cells for t in found["inputs"] + found["outputs"])
            # Nothing is fetched.
            assert not [e for e in root.iter() for name in e.attrib if name.rpartition("}")[2] in ("src", "href")]
            assert not {"script", "link", "img", "iframe"} & {e.tag.rpartition("}")[2] for e in root.iter()}


def check_installed():
    """The installed program works by itself, and so does the script that embeds models."""
    global PROGRAM
    model = small("tiny")
    with tempfile.TemporaryDirectory() as folder:
        prefix, built = pathlib.Path(folder) / "prefix", PROGRAM
        subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
        PROGRAM = str(prefix / "bin" / "inlay-inspect")
        on_host = ["--target", "host", "--cxx", CXX, "--flags=-DINLAY_ISA=portable"]
        assert "kernel on host" in run(*on_host, model=model)
        with open(prefix / "share" / "inlay" / "probe.cpp", "a", encoding="utf-8") as probe:
            probe.write('#error "the installed one"\n')
        assert "the installed one" in run(*on_host, status=2, model=model)
        PROGRAM = built
        header = pathlib.Path(folder) / "tiny.hpp"
        subprocess.run([prefix / "bin" / "inlay-embed", model, header], check=True)
        subprocess.run([CXX, "-std=c++20", f"-I{prefix / 'include'}", "-include", "inlay.hpp", "-include", header,
                        "-fsyntax-only", "-xc++", "/dev/null"], check=True)


check_schedules()
check_tensors()
check_places()
check_targets()
check_refusals()
check_pictures()
check_page()
check_installed()
