#!/usr/bin/env python3
"""Trains a detector on pictures with boxes, and writes it as an int8 .tflite.

    python detect.py --data FOLDER --topology topology.json --pictures 200000 --out OUT

FOLDER has pictures/ and boxes.csv, a line a box: file, split (train, kept or test), class, x0, y0, x1, y1 as fractions.
OUT/detector.tflite says of each 8 × 8 pixels how likely nothing's middle is there and each class's; OUT/report.json what
it scores. It goes on where it was stopped.
"""
import argparse
import json
from pathlib import Path

from trainer import detector
from trainer.checkpoint import train
from trainer.network import open_library
from trainer.report import say
from trainer.train import Plan

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--topology", type=Path, required=True, help="as inlay-design has it, for 16 x 16 pixels a cell")
    parser.add_argument("--programs", type=Path, default=HERE / "../../build/release/bin",
                        help="where libinlay-train.so is (build/release/bin)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=200_000, help="views to train on (default %(default)s)")
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--least-area", type=float, default=0.0, help="of boxes that count, as a part of the picture")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    options.out.mkdir(parents=True, exist_ok=True)
    library = open_library(options.programs / "libinlay-train.so")
    topology = json.loads(options.topology.read_text())
    task = detector.Detector(library, detector.BoxedPictures(options.data, options.out / "cache"))
    # At first smaller, in whole cells of the last map.
    side, cell = topology["input"][0], detector.CELL * detector.BLOCK
    if side % cell:
        raise SystemExit(f"{options.topology}: the input's side is no multiple of {cell}")
    small = cell * round(0.6 * side / cell) / side
    plan = Plan(options.pictures, seed=options.seed, rate=options.rate, resolutions=((0.0, small), (0.4, 1.0)))
    training = train(library, topology, task, plan, options.out / "training.npz", progress=say)
    model = detector.to_int8(training)
    (options.out / "detector.tflite").write_bytes(model)
    report = {"training": training.about(), "macs": training.network.macs(), "bytes": len(model),
              **detector.evaluate(training, model, options.least_area)}
    (options.out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
