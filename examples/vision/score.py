#!/usr/bin/env python3
"""Scores a detector by what its program finds in labelled pictures.

    python3 examples/vision/score.py PROGRAM --data FOLDER [--split test] [--kinds bare masked]

FOLDER has pictures/ and boxes.csv, a line a box: file, split, class, x0, y0, x1, y1 as fractions of the picture; the class
is empty where nobody is sure, and a picture without boxes has a line without numbers. Findings are taken from the
likeliest to the least likely. One whose middle lies inside a box that none has claimed yet claims it (the one with the
nearest middle where there are several); one inside a box that is unsure, or smaller than --least-area, counts neither way;
any other is a false alarm. F1 = 2 hits / (2 hits + false alarms + boxes missed).
"""
import argparse
import csv
import json
import pathlib
import subprocess
import sys

Box = tuple[int, float, float, float, float]  # class, left, top, right, bottom in pixels; −1 unsure


def labels(folder: pathlib.Path, split: str) -> dict[str, list[list[str]]]:
    boxes: dict[str, list[list[str]]] = {}
    with open(folder / "boxes.csv", newline="", encoding="utf-8") as file:
        for name, part, *box in list(csv.reader(file))[1:]:
            if part == split:
                boxes.setdefault(name, []).extend([box] if box[1] else [])
    return boxes


def score(found: list[dict], boxes: list[Box], least_pixels: float) -> tuple[int, int, int, int]:
    """Hits, hits of the right class, false alarms, boxes."""
    def inside(f: dict, box: Box) -> bool:
        return box[1] <= f["x"] <= box[3] and box[2] <= f["y"] <= box[4]

    def counts(box: Box) -> bool:
        return box[0] >= 0 and (box[3] - box[1]) * (box[4] - box[2]) >= least_pixels
    free = [box for box in boxes if counts(box)]
    others = [box for box in boxes if not counts(box)]
    total, hits, right, wrong = len(free), 0, 0, 0
    for f in sorted(found, key=lambda f: -f["percent"]):
        claims = [box for box in free if inside(f, box)]
        if claims:
            nearest = min(claims, key=lambda b: (b[1] + b[3] - 2 * f["x"]) ** 2 + (b[2] + b[4] - 2 * f["y"]) ** 2)
            free.remove(nearest)
            hits += 1
            right += nearest[0] == f["class"]
        elif not any(inside(f, box) for box in others):
            wrong += 1
    return hits, right, wrong, total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, required=True, metavar="FOLDER")
    parser.add_argument("--split", default="test", help="default %(default)s")
    parser.add_argument("--kinds", nargs="+", default=[], metavar="NAME", help="the program's names of classes 0, 1, …")
    parser.add_argument("--least-area", type=float, default=0.0, help="of boxes that count, as a part of the picture")
    parser.add_argument("--threshold", type=float, help="the program's own if none is given; 0 tries several")
    options = parser.parse_args()
    boxes_of = labels(options.data, options.split)
    command = [options.program, "--json"]
    if options.threshold is not None:
        command += ["--threshold", str(options.threshold or 0.2)]
    names = sorted(boxes_of)
    printed = subprocess.run([*command, *(options.data / "pictures" / name for name in names)], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    pictures = [json.loads(line) for line in printed.splitlines()][:-1]
    for least in ([0] if options.threshold != 0 else range(20, 90, 2)):
        sums = [0, 0, 0, 0]
        for name, picture in zip(names, pictures):
            width, height = picture["width"], picture["height"]
            boxes = [(int(kind) if kind else -1, float(x0) * width, float(y0) * height, float(x1) * width,
                      float(y1) * height) for kind, x0, y0, x1, y1 in boxes_of[name]]
            found = [f | {"class": options.kinds.index(f["kind"]) if options.kinds else 0}
                     for f in picture["findings"] if f["percent"] >= least]
            sums = [a + b for a, b in zip(sums, score(found, boxes, options.least_area * width * height))]
        hits, right, wrong, total = sums
        print(f"{f'{least} %: ' if least else ''}{len(names)} pictures, {total} boxes: "
              f"F1 {2 * hits / max(1, hits + wrong + total):.3f}, precision {hits / max(1, hits + wrong):.3f}, "
              f"recall {hits / max(1, total):.3f}, right class {right / max(1, hits):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
