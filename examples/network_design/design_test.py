#!/usr/bin/env python3
"""Checks inlay-design from outside: a tiny space enumerated whole, draws by seed, answers to a trainer, and that what it
prints as C++ has the arena, the multiply-accumulates and the flash that it says; so has a network that is trained.

usage: design_test.py INLAY_DESIGN CXX INCLUDE_FOLDER INLAY_INSPECT SMALL_MODELS
"""
import itertools
import json
import pathlib
import random as random_numbers
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

PROGRAM, CXX, INCLUDE, INSPECT, SMALL_MODELS = sys.argv[1:6]
SPACE = {
    "resolution": [16, 23], "channels": [1, 3], "width": [0.5, 1],
    "stem": [{"kind": "conv2d", "filters": 8, "kernel": 3, "stride": 2, "clamp": "relu6"}],
    "stages": [{"filters": 8, "stride": 1, "depth": [1, 2], "kernel": [3, 5], "expansion": [1, 3]},
               {"filters": 16, "stride": 2, "depth": [1], "kernel": [3], "expansion": [4]}],
    "head": [{"kind": "global_average_pool"}, {"kind": "dense", "units": 2}, {"kind": "softmax"}],
}


def run(*options, status=0, given="", space=SPACE):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "space.json"
        file.write_text(space if isinstance(space, str) else json.dumps(space))
        result = subprocess.run([PROGRAM, "--space", file, *options], input=given, capture_output=True, text=True,
                                check=False)
    assert result.returncode == status, (options, result.returncode, result.stderr)
    return result.stderr if status == 2 else result.stdout


def serve(requests, *options):
    lines = [request if isinstance(request, str) else json.dumps(request) for request in requests]
    answers = [json.loads(line) for line in run("--serve", *options, given="".join(f"{l}\n" for l in lines)).splitlines()]
    assert len(answers) == len(requests)
    return answers


def candidates():
    """All of the space, without the program."""
    def blocks(stage):
        pairs = list(itertools.product(stage["kernel"], stage["expansion"]))
        for depth in stage["depth"]:
            for chosen in itertools.product(pairs, repeat=depth):
                yield {"kernel": [k for k, _ in chosen], "expansion": [e for _, e in chosen]}
    for resolution, channels, width in itertools.product(SPACE["resolution"], SPACE["channels"], SPACE["width"]):
        for stages in itertools.product(*(blocks(stage) for stage in SPACE["stages"])):
            yield {"resolution": resolution, "channels": channels, "width": width, "stages": list(stages)}


def frontier(points):
    best = []
    for point in sorted(points, key=lambda p: (p[0], -p[1])):
        if not best or point[1] > best[-1][1]:
            best.append(point)
    return best


def check_enumeration():
    asked = [{"candidate": c} for c in candidates()]
    assert len(asked) == 160
    for budgets in ([], ["--sram", "1500", "--flash", "4K", "--macs", "400k"], ["--picture", "memory", "--sram", "2500"]):
        answers = serve(asked, *budgets)
        found = json.loads(run("--all", "--json", *budgets))
        assert found["candidates"] == 160 and found["refused"] == 0
        fits = [a for a in answers if a["feasible"]]
        assert len(fits) == found["fit_patched"] and (not budgets or 0 < len(fits) < 160), len(fits)
        per_layer = [(a["per_layer_bytes"], a["macs"]) for a in fits if a["policy"] == "per_layer"]
        assert len(per_layer) == found["fit_per_layer"]
        patched = [(a["sram_bytes"] if a["policy"] == "fit" else a["least_memory_bytes"], a["macs"]) for a in fits]
        for mine, its in ((per_layer, found["per_layer"]), (patched, found["patched"])):
            assert frontier(mine) == [(e["sram_bytes"], e["macs"]) for e in its]
        for entry in found["per_layer"] + found["patched"]:
            assert entry["sram_bytes"] == entry["arena_bytes"] + (entry["input_bytes"] if "memory" in budgets else 0)
            assert not budgets or entry["sram_bytes"] <= int(budgets[budgets.index("--sram") + 1])
            assert "4K" not in budgets or entry["flash_bytes"] <= 4096
            assert "400k" not in budgets or entry["macs"] + entry["recomputed_macs"] <= 400_000
    policies, recomputing = set(), 0
    for sram in (700, 900, 1300, 2000, 4000):
        for a in serve(asked, "--sram", str(sram)):
            if not a["feasible"]:
                assert a["exceeded"] == "sram" and a["least_memory_bytes"] > sram
                continue
            policies.add(a["policy"])
            cheapest = "per_layer" if a["per_layer_bytes"] <= sram else \
                "least_memory" if a["least_memory_bytes"] <= sram else "fit"
            assert a["policy"] == cheapest and a["sram_bytes"] <= sram
            # A fit computes again only what it must: nothing, where least_memory is placed worse than was estimated.
            assert a["recomputed_macs"] == 0 or cheapest == "fit"
            recomputing += a["recomputed_macs"] > 0
    assert policies == {"per_layer", "least_memory", "fit"} and recomputing > 0, (policies, recomputing)


def check_draws():
    first = run("--samples", "60", "--seed", "7", "--json", "--threads", "1")
    assert first == run("--samples", "60", "--seed", "7", "--json", "--threads", "3")
    assert first != run("--samples", "60", "--seed", "8", "--json")
    space = subprocess.run([PROGRAM, "--print-space"], capture_output=True, text=True, check=True).stdout
    assert json.loads(run("--samples", "3", "--json", space=space))["candidates"] == 3
    assert "networks" in run("--all", "--sram", "2K") and "with patches" in run("--all")
    run("--all", "--sram", "10", status=1)


def check_refusals():
    for space, why in [("{", "parse error"), ("[]", "a space is an object"), ({**SPACE, "depths": 3}, "a space has no depths"),
                       ({**SPACE, "width": []}, "width is an array"), ({**SPACE, "resolution": [0]}, "at least 1"),
                       ({**SPACE, "stem": [{"kind": "conv"}]}, "kind is one of conv2d, ")]:
        said = run("--all", status=2, space=space)
        assert why in said and said.count("\n") == 1, said
    assert "draw some of them" in run("--all", status=2, space={**SPACE, "stages": 9 * [
        {"filters": 8, "depth": [4], "kernel": [3, 5, 7], "expansion": [3, 4, 6]}]})


def check_serving():
    good = {"id": "a", "topology": {"input": [8, 9, 3], "blocks": [
        {"kind": "conv2d", "filters": 4, "kernel": [3, 5], "padding": "valid"},
        {"kind": "residual", "inside": [{"kind": "depthwise_conv2d", "kernel": 3, "clamp": "relu"}]}]}}

    def with_block(block):
        return {"topology": {"input": [8, 8, 1], "blocks": [block]}}
    bad = [("", "not JSON"), ("{", "not JSON"), ("\x00", "not JSON"), ('"x"', "a request is an object"),
           ({"id": 5}, "either a topology or a candidate"), ({**good, "sram": "much"}, "sram is a number"),
           ({**good, "speed": 1}, "a request has no speed"), ({**good, "picture": "film"}, "picture is memory or lines"),
           ({"topology": {"input": [8, 8], "blocks": []}}, "input is [height, width, channels]"),
           ({"topology": {"input": [8, 8, 1], "blocks": []}}, "no input, no output"),
           ({"topology": {"input": [8, 8, 1 << 40], "blocks": []}}, "an integer of 32 bits"),
           ({"topology": {"input": [1 << 20, 1 << 20, 1], "blocks": [{"kind": "softmax"}]}}, "more elements"),
           (with_block({"kind": "conv2d", "filters": 0}), "block 0: "),
           (with_block({"kind": "conv2d", "filters": 1.5}), "filters is an integer of 32 bits"),
           (with_block({"kind": "conv2d", "stride": 0}), "stride and dilation of a window are 1 to"),
           (with_block({"kind": "dense", "filters": 3}), "dense has no filters"),
           (with_block({"kind": "lstm"}), "kind is one of"), (with_block({"kind": "concatenate"}), "at least one branch"),
           (with_block({"kind": "chain", "inside": 3}), "blocks are an array"),
           ('{"topology":{"input":[8,8,1],"blocks":' + '[{"kind":"chain","inside":' * 9999 + "[]" + "}]" * 9999 + "}}",
            "too deeply"),
           ({"candidate": {"resolution": 16, "channels": 1, "width": 1, "stages": []}}, "the space has 2 stages"),
           ({"candidate": {"resolution": -16, "channels": 1, "width": 1, "stages": []}}, "at least 1")]
    answers = serve(list(itertools.chain.from_iterable((request, good) for request, _ in bad)))
    for (request, why), answer, after in zip(bad, answers[::2], answers[1::2]):
        assert why in answer["error"] and "\n" not in answer["error"], (request, answer)
        assert answer.get("id") == (request.get("id") if isinstance(request, dict) else None), (request, answer)
        assert after["id"] == "a" and after["feasible"] and after["macs"] == 6 * 5 * 4 * (45 + 9), after
    loose, tight, none, wide = serve([{**good, "sram": None}, {**good, "sram": 60}, {**good, "macs": 10},
                                      {**good, "picture": "memory"}], "--sram", "4000")
    assert loose["policy"] == "least_memory" or loose["policy"] == "per_layer"
    assert not tight["feasible"] and tight["exceeded"] == "sram" and tight["least_memory_bytes"] > 60
    assert not none["feasible"] and none["exceeded"] == "macs"
    assert wide["sram_bytes"] == wide["arena_bytes"] + 8 * 9 * 3 and wide["input_bytes"] == 8 * 9 * 3


def check_hostile():
    """Topologies of random numbers, most of which cannot be, are each answered."""
    random = random_numbers.Random(5)
    windowed = ("conv2d", "depthwise_conv2d", "inverted_residual", "average_pool2d", "max_pool2d")
    options = {"filters": ("conv2d", "inverted_residual"), "units": ("dense",), "multiplier": ("depthwise_conv2d",),
               "expansion": ("inverted_residual",), "kernel": windowed, "stride": windowed, "dilation": windowed}
    holders = ("chain", "residual", "scaled", "concatenate")

    def number():
        hostile = [0, -1, 2**31 - 1, -2**31, 65536, 32767, 40000, 2**20]
        return random.choice(hostile) if random.random() < 0.2 else random.choice([1, 2, 3, 8])

    def block(depth=0):
        kind = random.choice(windowed + holders + ("dense", "global_average_pool", "softmax", "logistic"))
        made = {"kind": kind, **{key: number() for key, kinds in options.items()
                                 if kind in kinds and random.random() < 0.6}}
        if kind in holders and depth < 4:
            made["inside"] = [block(depth + 1) for _ in range(random.randint(0, 3))]
        return made
    answers = serve([{"topology": {"input": [random.choice([1, 8, 17, 24, number()]) for _ in range(3)],
                                   "blocks": [block() for _ in range(random.randint(1, 5))]},
                      "sram": random.choice([500, 2000, 100000]), "cpp": True} for _ in range(2000)],
                    "--macs", "10M")
    refused = [answer for answer in answers if "error" in answer]
    assert 200 < len(refused) < 1800 and all(len(answer) == 1 for answer in refused), len(refused)
    assert sum(answer.get("feasible", False) for answer in answers) > 100


def check_agreement():
    """The compiler has the same figures, for each way to run a network."""
    space = {**SPACE, "resolution": [24]}
    candidate = {"resolution": 24, "channels": 3, "width": 1, "stages": [
        {"kernel": [5, 3], "expansion": [3, 3]}, {"kernel": [3], "expansion": [4]}]}
    everything = {"input": [20, 20, 2], "blocks": [
        {"kind": "conv2d", "filters": 6, "kernel": 3, "stride": 2},
        {"kind": "concatenate", "inside": [{"kind": "max_pool2d", "kernel": 3}, {"kind": "chain", "inside": [
            {"kind": "conv2d", "filters": 5}, {"kind": "average_pool2d", "kernel": 3}]}]},
        {"kind": "scaled", "inside": [{"kind": "global_average_pool"}, {"kind": "conv2d", "filters": 11},
                                      {"kind": "logistic"}]},
        {"kind": "depthwise_conv2d", "multiplier": 2, "kernel": [5, 3], "dilation": 2, "clamp": "relu"},
        {"kind": "dense", "units": 3}]}
    requests = [{"candidate": candidate, **more, "cpp": True, "blocks": True} for more in (
        {}, {"picture": "memory"}, {"sram": 3500}, {"sram": 2000, "picture": "lines"})]
    requests += [{"topology": everything, "cpp": True}, {"topology": everything, "cpp": True, "sram": 2500}]
    answers = serve(requests)
    least = serve([{**request, "sram": answer["least_memory_bytes"]} for request, answer in zip(requests, answers)])
    less = serve([{**request, "sram": answer["least_memory_bytes"] - 16} for request, answer in zip(requests, answers)])
    found = [answer for answer in answers + least + less if answer["feasible"]]
    assert {answer["policy"] for answer in found} == {"per_layer", "least_memory", "fit"}, found
    assert any(answer["recomputed_macs"] > 0 for answer in found)
    again = serve([{"topology": answers[0]["topology"], "cpp": True}])[0]
    assert again == {k: v for k, v in answers[0].items() if k != "topology"}
    source = "#include <inlay.hpp>\n"
    for i, text in enumerate(sorted({json.dumps(answer) for answer in found})):
        answer = json.loads(text)
        body = answer["cpp"].replace("#pragma once", "").replace("#include <inlay.hpp>", "")
        source += f"namespace network_{i} {{\n{body}\nusing prepared = inlay::detail::prepared<model, plan>;\n"
        source += f"static_assert(prepared::arena.bytes == {answer['arena_bytes']});\n"
        source += f"static_assert(prepared::constant_bytes + prepared::table_bytes == {answer['flash_bytes']});\n"
        done = f"(prepared::macs > {answer['macs']} ? prepared::macs - {answer['macs']} : 0)"
        source += f"static_assert({done} == {answer['recomputed_macs']});\n}}\n"
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "networks.cpp"
        file.write_text(source)
        subprocess.run([CXX, "-std=c++20", "-Wall", "-Wextra", f"-I{INCLUDE}", "-fsyntax-only", file], check=True)


def check_targets():
    """A topology's flash on a processor is that of a trained network of the same form. On Cortex-M4, where tables depend
    on what training makes of the numbers, it is no less: two bytes more for each depthwise channel, as biases may not
    fit 16 bits, and five more for each output of the dense layer, as it may have many scales."""
    trained = pathlib.Path(SMALL_MODELS) / "network_inverted_residual.tflite"

    def block(filters, **more):
        return {"kind": "inverted_residual", "filters": filters, "expansion": 3, "kernel": 3, **more}
    request = {"picture": "memory", "topology": {"input": [16, 16, 3], "blocks": [
        {"kind": "conv2d", "filters": 6, "kernel": 3, "stride": 2, "clamp": "relu6"}, block(4, expansion=1), block(4),
        block(6, stride=2), block(6), {"kind": "conv2d", "filters": 16, "clamp": "relu6"},
        {"kind": "global_average_pool"}, {"kind": "dense", "units": 10}, {"kind": "softmax"}]}}
    portable = ["--target", "host", "--cxx", CXX, "--flags=-DINLAY_ISA=portable"]
    targets = [portable] + [["--target", t] for t in ("m0", "m4", "m55") if shutil.which("arm-none-eabi-g++")]
    for target in targets:
        planned = serve([request], *target)[0]
        said = json.loads(subprocess.run([INSPECT, trained, "--json", *target], capture_output=True, check=True).stdout)
        for key in ("macs", "arena_bytes", "parameters"):
            assert planned[key] == said[key] > 0, (target, key, planned[key], said[key])
        depthwise_channels, dense_outputs = 6 + 12 + 12 + 18, 10
        most = 2 * depthwise_channels + 5 * dense_outputs if "m4" in target else 0
        more = planned["flash_bytes"] - said["flash_bytes"]
        assert 0 <= more <= most and said["flash_bytes"] > 0, (target, planned["flash_bytes"], said["flash_bytes"])
    found, asked = (json.loads(run("--all", "--json", *options)) for options in ([], portable))
    assert asked == found
    assert "none: not found" in serve([request], "--target", "host", "--cxx", "none")[0]["error"]


def check_files():
    with tempfile.TemporaryDirectory() as folder:
        picture, header = pathlib.Path(folder) / "frontier.svg", pathlib.Path(folder) / "largest.hpp"
        found = json.loads(run("--all", "--sram", "2K", "--json", "--svg", picture, "--cpp", header))
        root = xml.parse(picture).getroot()
        circles = [element for element in root.iter() if element.tag.endswith("circle")]
        assert len(circles) == len(found["per_layer"]) + len(found["patched"]) > 2
        assert f"== {found['patched'][-1]['arena_bytes']});" in header.read_text()


check_enumeration()
check_draws()
check_refusals()
check_serving()
check_hostile()
check_agreement()
check_targets()
check_files()
