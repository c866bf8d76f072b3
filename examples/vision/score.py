#!/usr/bin/env python3
"""Scores an application by what its program says of labelled pictures.

    python3 examples/vision/score.py PROGRAM --data FOLDER [--split test] [--kinds bare masked]
    python3 examples/vision/score.py PROGRAM --data NAME_300x96x96x3_u8.bin --kinds "no person" person

FOLDER has pictures/ and boxes.csv, a line a box: file, split, class, x0, y0, x1, y1 as fractions of the picture; the class
is empty where nobody is sure, and a picture without boxes has a line without numbers. Findings are taken from the
likeliest to the least likely. One whose middle lies inside a box that none has claimed yet claims it (the one with the
nearest middle where there are several); one inside a box that is unsure, or smaller than --least-area, counts neither way;
any other is a false alarm. F1 = 2 hits / (2 hits + false alarms + boxes missed).

A file has pictures one after the other, as many and as large as its name says; NAME.labels beside it has the class of each.
Right is a picture whose only finding is of its class. Exit status: 77 if the data are missing.
"""
import argparse
import csv
import json
import pathlib
import re
import subprocess
import sys
import tempfile

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


def said(command: list, files: list[pathlib.Path]) -> list[dict]:
    """What the program says of each picture."""
    printed = subprocess.run([*command, *files], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in printed.splitlines()][:-1]


def score_classes(command: list, data: pathlib.Path, kinds: list[str]) -> float:
    """Prints how many pictures are right, class by class; returns the share."""
    size = re.fullmatch(r".*_(\d+)x(\d+)x(\d+)x3_u8", data.stem)
    if size is None:
        sys.exit(f"score.py: {data.name}: its name does not end in COUNTxHEIGHTxWIDTHx3_u8")
    count, height, width = map(int, size.groups())
    pixels, labels = data.read_bytes(), [int(line) for line in data.with_suffix(".labels").read_text().split()]
    if len(pixels) != 3 * count * height * width or len(labels) != count:
        sys.exit(f"score.py: {data.name}: the file or its labels have another size than its name says")
    with tempfile.TemporaryDirectory(prefix="inlay-score-") as scratch:
        files = [pathlib.Path(scratch) / f"{i}.ppm" for i in range(count)]
        for i, file in enumerate(files):
            picture = pixels[3 * height * width * i:3 * height * width * (i + 1)]
            file.write_bytes(b"P6\n%d %d\n255\n" % (width, height) + picture)
        pictures = said(command, files)
    right = [[finding["kind"] for finding in picture["findings"]] == [kinds[label]]
             for picture, label in zip(pictures, labels, strict=True)]
    classes = ", ".join(f"{sum(r for r, of in zip(right, labels) if of == label)} of {labels.count(label)} {kind}"
                        for label, kind in enumerate(kinds))
    print(f"{count} pictures: {100 * sum(right) / count:.1f} % right; {classes}")
    return sum(right) / count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, required=True, metavar="FOLDER|FILE.bin")
    parser.add_argument("--split", default="test", help="default %(default)s")
    parser.add_argument("--kinds", nargs="+", default=[], metavar="NAME", help="the program's names of classes 0, 1, …")
    parser.add_argument("--least-area", type=float, default=0.0, help="of boxes that count, as a part of the picture")
    parser.add_argument("--threshold", type=float, help="the program's own if none is given; 0 tries several")
    parser.add_argument("--at-least", type=float, metavar="PERCENT", help="fail if F1, or the part of a FILE that is right, is less")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"SKIPPED: {options.data} is missing")
        return 77
    command = [options.program, "--json"]
    if options.threshold is not None:
        command += ["--threshold", str(options.threshold or 0.2)]
    if options.data.is_file():
        return 0 if 100 * score_classes(command, options.data, options.kinds) >= (options.at_least or 0) else 1
    boxes_of = labels(options.data, options.split)
    names = sorted(boxes_of)
    pictures = said(command, [options.data / "pictures" / name for name in names])
    best = 0.0
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
        f1 = 2 * hits / max(1, hits + wrong + total)
        best = max(best, f1)
        print(f"{f'{least} %: ' if least else ''}{len(names)} pictures, {total} boxes: F1 {f1:.3f}, "
              f"precision {hits / max(1, hits + wrong):.3f}, "
              f"recall {hits / max(1, total):.3f}, right class {right / max(1, hits):.3f}")
    return 0 if 100 * best >= (options.at_least or 0) else 1


if __name__ == "__main__":
    sys.exit(main())
