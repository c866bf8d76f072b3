#!/usr/bin/env python3
"""Lays the photographs of a collection out as folders for design.py: OUT/train/CLASS/ and OUT/test/CLASS/.

    python pictures.py COLLECTION OUT

COLLECTION holds photos_*.tar and boxes.tar.gz, photos.csv with a teacher's score for each photograph, and the 300
labelled pictures of MLPerf Tiny's visual wake words, vww01_dev_300x96x96x3_u8.bin, which are for testing.
"""
import csv
import sys
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("none", "person")


def main():
    collection, out = map(Path, sys.argv[1:])
    with open(collection / "photos.csv") as file:
        scores = {row["file"]: float(row["teacher_person"]) for row in csv.DictReader(file)}
    for split in ("train", "test"):
        for name in CLASSES:
            (out / split / name).mkdir(parents=True, exist_ok=True)
    for path in sorted([*collection.glob("photos_*.tar"), collection / "boxes.tar.gz"]):
        with tarfile.open(path) as tar:
            for member in tar:
                name = Path(member.name).name
                if member.isfile() and name in scores:
                    (out / "train" / CLASSES[scores[name] > 0.5] / name).write_bytes(tar.extractfile(member).read())
    pictures = np.fromfile(collection / "vww01_dev_300x96x96x3_u8.bin", np.uint8).reshape(-1, 96, 96, 3)
    labels = (collection / "vww01_dev_300x96x96x3_u8.labels").read_text().split()
    for number, (picture, label) in enumerate(zip(pictures, labels)):
        Image.fromarray(picture).save(out / "test" / CLASSES[int(label)] / f"{number:03}.png")


if __name__ == "__main__":
    main()
