#!/usr/bin/env python3
"""Lays the photographs of a collection out for training a detector: OUT/pictures/ and OUT/boxes.csv.

    python detections.py persons COLLECTION OUT --teacher openmv_yolov8n_192.tflite
    python detections.py faces COLLECTION OUT

boxes.csv has a line for each box: file, split, class, x0, y0, x1, y1, as fractions of the picture; the class is empty
where nobody should be blamed for what he says there, and a picture without boxes has one line without numbers. Splits
are train, kept (a tenth of what is for training, to choose by) and test.

Persons: COLLECTION has coco_boxes.csv with the persons of COCO pictures (coco_256.tar; those in val/ are the test);
boxes.csv with one dressed person a picture (kind person); and photographs (photos_*.tar, photos.csv) on which the teacher,
a detector whose answer is [1, 5, boxes] with x, y, width, height and score, proposes boxes. Where it is not sure, the
class is empty. Without a teacher there are only the COCO pictures: all that a test needs.

Faces, class 0 bare, 1 masked: faces_240.csv (2 is a mask worn wrongly, and counts as masked) with its own splits, and
boxes.csv (kind face) for training.
"""
import argparse
import csv
import hashlib
import io
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

try:
    import numpy as np
    from PIL import Image
except ImportError as missing:
    print(f"Skipped: {missing}; pip install -r requirements.txt")
    sys.exit(77)

SURE, UNSURE = 0.3, 0.08
HEADER = ("file", "split", "class", "x0", "y0", "x1", "y1")


def chance(name: str) -> float:
    """A number in [0, 1) that is the same for a name everywhere."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32


def split_of(name: str) -> str:
    return "kept" if chance("kept " + name) < 0.1 else "train"


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """A tar's files by their last name."""
    with tarfile.open(path) as tar:
        for member in tar:
            if member.isfile():
                yield member.name, tar.extractfile(member).read()


def rows(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


class Teacher:
    """Proposes boxes: [(score, x0, y0, x1, y1)] as fractions, those that overlap by half left out."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter
        self.runs = Interpreter(str(path), num_threads=1)
        self.runs.allocate_tensors()
        self.input, self.output = self.runs.get_input_details()[0], self.runs.get_output_details()[0]

    def __call__(self, picture: Image.Image) -> list[tuple[float, ...]]:
        _, height, width, _ = self.input["shape"]
        pixels = np.asarray(picture.resize((width, height), Image.BILINEAR))
        self.runs.set_tensor(self.input["index"], pixels[None])
        self.runs.invoke()
        x, y, w, h, score = self.runs.get_tensor(self.output["index"])[0]
        found = np.stack([score, x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1)[score >= UNSURE]
        kept = []
        for box in found[np.argsort(-found[:, 0])]:
            if all(overlap(box[1:], other[1:]) < 0.5 for other in kept):
                kept.append(np.concatenate([box[:1], box[1:].clip(0, 1)]))
        return [tuple(map(float, box)) for box in kept]


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Of what two boxes cover together, the part that both do."""
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = np.prod(np.maximum(sides, 0))
    return float(both / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - both))


class Writer:
    def __init__(self, out: Path) -> None:
        self.pictures = out / "pictures"
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.file = open(out / "boxes.csv", "w", newline="", encoding="utf-8")
        self.table = csv.writer(self.file)
        self.table.writerow(HEADER)
        self.count = 0

    def put(self, name: str, data: bytes, split: str, boxes: list[tuple]) -> None:
        """Boxes are (class or "", x0, y0, x1, y1)."""
        (self.pictures / name).write_bytes(data)
        for kind, *corners in boxes or [("", "", "", "", "")]:
            self.table.writerow([name, split, kind, *(f"{c:.5f}" if c != "" else "" for c in corners)])
        self.count += 1
        if self.count % 500 == 0:
            self.file.flush()
            print(f"{self.count} pictures", flush=True)


def labelled(table: list[tuple[str, list]]) -> dict[str, list]:
    boxes: dict[str, list] = {}
    for name, box in table:
        boxes.setdefault(name, [])
        if box:
            boxes[name].append(box)
    return boxes


def persons(collection: Path, writer: Writer, teacher: Teacher | None, count: int) -> None:
    coco = labelled([(name, [0, *map(float, box)] if box[0] else []) for name, *box in rows(collection / "coco_boxes.csv")])
    for name, data in members(collection / "coco_256.tar"):
        name = name.removeprefix("./")
        if name in coco:
            split = "test" if name.startswith("val/") else split_of(name)
            writer.put(name.replace("/", "_"), data, split, coco[name])
    if teacher is None:
        return

    dressed = labelled([(name, [0, *map(float, box)]) for name, kind, _, _, *box in rows(collection / "boxes.csv")
                        if kind == "person"])
    for name, data in members(collection / "boxes.tar.gz"):
        name = Path(name).name
        if name in dressed:
            # Those behind are not labelled.
            others = [("", *box) for _, *box in teacher(Image.open(io.BytesIO(data)).convert("RGB"))
                      if overlap(np.array(box), np.array(dressed[name][0][1:])) < 0.3]
            writer.put(name, data, split_of(name), dressed[name] + others)

    # As many with persons, by the classifier's score, as without.
    scores = {row[0]: float(row[8]) for row in rows(collection / "photos.csv") if row[1].startswith("photos")}
    order = sorted(scores, key=lambda name: chance("order " + name))
    wanted = {*[name for name in order if scores[name] > 0.5][:2 * count // 3],
              *[name for name in order if scores[name] <= 0.5][:count // 3]}
    for path in sorted(collection.glob("photos_*.tar")):
        for name, data in members(path):
            name = Path(name).name
            if name in wanted:
                found = teacher(Image.open(io.BytesIO(data)).convert("RGB"))
                writer.put(name, data, split_of(name), [(0 if score >= SURE else "", *box) for score, *box in found])


def faces(collection: Path, writer: Writer) -> None:
    table = rows(collection / "faces_240.csv")
    splits = {row[0]: row[1] for row in table}
    boxes = labelled([(name, [min(1, int(kind)), *map(float, box)]) for name, _, kind, *box in table])
    for name, data in members(collection / "faces_240.tar"):
        name = Path(name).name
        if name in boxes:
            split = splits[name] if splits[name] == "test" else split_of(name)
            writer.put(name, data, split, boxes[name])
    more = labelled([(name, [min(1, int(kind)), *map(float, box)])
                     for name, what, kind, _, *box in rows(collection / "boxes.csv") if what == "face"])
    for name, data in members(collection / "boxes.tar.gz"):
        name = Path(name).name
        if name in more:
            writer.put(name, data, split_of(name), more[name])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=("persons", "faces"))
    parser.add_argument("collection", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--teacher", type=Path, help="a detector of persons, .tflite")
    parser.add_argument("--photographs", type=int, default=9000, help="for the teacher (default %(default)s)")
    options = parser.parse_args()
    if not options.collection.is_dir():
        print(f"SKIPPED: {options.collection} is missing")
        return 77
    writer = Writer(options.out)
    if options.what == "faces":
        faces(options.collection, writer)
    else:
        persons(options.collection, writer, options.teacher and Teacher(options.teacher), options.photographs)
    print(f"{options.out}: {writer.count} pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
