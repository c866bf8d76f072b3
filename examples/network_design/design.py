#!/usr/bin/env python3
"""Finds, trains and quantises the network for pictures in folders, a folder a class, and for a processor's memory.

    python design.py --data my_pictures/ --sram 32K --flash 256K

What comes of it is in --out: network.tflite, report.html, result.json. Stopped at any time, the same command goes on.
"""
import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from trainer import checkpoint, report
from trainer.check import inspect
from trainer.data import Pictures
from trainer.evaluate import evaluate, to_int8
from trainer.network import open_library
from trainer.planner import Planner
from trainer.search import halve, pictures_in
from trainer.train import Classifier, Plan

HERE = Path(__file__).resolve().parent


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True,
                        help="a folder for each class, or train/ and test/ with these; without, every tenth picture is for testing")
    parser.add_argument("--sram", required=True, help="bytes: 32K is 32768")
    parser.add_argument("--flash", required=True, help="bytes for weights and tables")
    parser.add_argument("--macs", default="10M", help="multiply-accumulates of a run (10M)")
    parser.add_argument("--picture", choices=("lines", "memory"), default="lines",
                        help="it comes line by line (the default), or stands in the SRAM")
    parser.add_argument("--target", help="a processor that inlay-design knows, as m4, for its tables in flash")
    parser.add_argument("--per-layer", action="store_true", help="layer after layer only, to compare")
    parser.add_argument("--teacher", type=Path, help="a classifier with the same classes, as .tflite, to learn from")
    parser.add_argument("--space", type=Path, default=HERE / "space.json", help="the search space")
    parser.add_argument("--candidates", type=int, default=8, help="networks that are tried (8)")
    parser.add_argument("--draws", type=int, default=20000, help="networks that are priced (20000)")
    parser.add_argument("--search-minutes", type=float, default=20, help="of one core (20)")
    parser.add_argument("--minutes", type=float, default=60, help="of training the network that is found (60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("design"))
    parser.add_argument("--programs", type=Path, default=HERE / "../../build/release/bin",
                        help="where inlay-design, inlay-inspect and libinlay-train.so are (build/release/bin)")
    return parser.parse_args()


def with_classes(space, count, folder):
    """The space with as many units at its end as there are classes, in a file of its own."""
    content = json.loads(space.read_text())
    dense = [block for block in content["head"] if block["kind"] == "dense"]
    if not dense:
        raise SystemExit(f"{space}: its head has no dense layer")
    dense[-1]["units"] = count
    path = folder / "space.json"
    path.write_text(json.dumps(content))
    return path


def main():
    given = options()
    given.out.mkdir(parents=True, exist_ok=True)
    library = open_library(given.programs / "libinlay-train.so")
    pictures = Pictures(given.data, given.out / "cache")
    task = Classifier(library, pictures, pictures.targets(library, given.teacher))
    print(f"{len(pictures.names)} pictures of {', '.join(pictures.classes)}", flush=True)

    planner = Planner(given.programs / "inlay-design", with_classes(given.space, len(pictures.classes), given.out),
                      given.sram, given.flash, given.macs, given.picture, given.target)
    found = planner.best(given.candidates, given.draws, given.seed, ["per_layer"] if given.per_layer else None)
    planner.close()
    if not found:
        raise SystemExit("No network of the space fits: a larger budget, or a space of smaller networks")
    plan = Plan(0, given.seed)
    best, log = halve(found, library, task, given.search_minutes, plan, given.out / "search.json", report.say)

    plan = replace(plan, pictures=pictures_in(given.minutes, [best["topology"]], plan))
    training = checkpoint.train(library, best["topology"], task, plan, given.out / "training.npz", progress=report.say)
    model = to_int8(training)
    path = given.out / "network.tflite"
    path.write_bytes(model)
    checked = inspect(given.programs / "inlay-inspect", path, best["needs"], given.picture, given.out)
    result = {"budget": {name: getattr(given, name) for name in ("sram", "flash", "macs", "picture", "target")},
              "classes": pictures.classes, "search": log, **best, "training": training.about(), "checked": checked,
              **evaluate(training, model)}
    (given.out / "result.json").write_text(json.dumps(result, indent=1))
    report.write(given.out / "report.html", result, training, found)
    print(f"{path}: {result['test']['int8']:.1%} of {result['test']['pictures']} test pictures right "
          f"({result['test']['float']:.1%} in float), {best['needs']['sram_bytes']} bytes of SRAM; {given.out}/report.html")


if __name__ == "__main__":
    sys.exit(main())
