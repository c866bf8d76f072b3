"""Scores a face_mask_detection.tflite on labelled photographs.

    python evaluate.py face_mask_detection.tflite --data DIR

DIR holds faces_240.tar (the photographs) and faces_240.csv (one face a line:
file, split, class, x0, y0, x1, y1; the box as fractions of the photograph;
class 0 without a mask, 1 with, 2 with a mask worn incorrectly). Class 2 counts
as masked.

What the network sees: the photograph scaled, its aspect kept, so that its
longer side fills the square input; it lies at the top left, and what is left
over at the right or at the bottom is black. Value 0..255 becomes 0..1.

What the network says: a map of cells, 8x8 input pixels each, with three
channels: background, bare face, masked face (they sum to 1).

The score: a cell is a peak if its face probability (1 - background) reaches
the threshold and none of its eight neighbours has a higher one (of equal
neighbours the first in reading order is the peak). The peak stands at the mean
of the centres of these nine cells, each weighted by its face probability.
Peaks are taken from the strongest to the weakest. One that lies
inside a labelled box that no peak has claimed yet claims it (the one with the
nearest centre where there are several) and is a true positive; any other peak,
a second one inside the same box too, is a false positive. A box without a peak
is a false negative, however small the face. F1 = 2TP / (2TP + FP + FN). The
class accuracy is that of the true positives: bare or masked, whichever channel
of the peak's cell is larger.
"""

import argparse
import csv
import io
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

CELL = 8
BARE, MASKED = 0, 1
THRESHOLD = 0.66


def load(data, split):
    """The photographs of a split: [(image, boxes)], a box being x0, y0, x1, y1, class."""
    boxes = {}
    with open(data / "faces_240.csv", newline="") as file:
        for name, part, label, *corners in list(csv.reader(file))[1:]:
            if part == split:
                kind = BARE if label == "0" else MASKED
                boxes.setdefault(name, []).append([*map(float, corners), kind])
    images = {}
    with tarfile.open(data / "faces_240.tar") as tar:
        for member in tar:
            name = Path(member.name).name
            if name in boxes:
                image = Image.open(io.BytesIO(tar.extractfile(member).read()))
                images[name] = image.convert("RGB")
    return [(images[name], np.array(boxes[name])) for name in sorted(boxes)]


def letterbox(image, boxes, size):
    """The network's input (uint8) and the boxes in its pixels."""
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    canvas = np.zeros((size, size, 3), np.uint8)
    canvas[:height, :width] = image.resize((width, height), Image.BILINEAR)
    return canvas, boxes * [width, height, width, height, 1]


def find_peaks(cells, threshold):
    """[(face probability, x, y, kind)] of a map of probabilities, strongest first."""
    face = 1 - cells[..., 0]
    rows, columns = face.shape
    padded = np.pad(face, 1, constant_values=-1)
    peak = face >= threshold
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            neighbour = padded[1 + dy:1 + dy + rows, 1 + dx:1 + dx + columns]
            if (dy, dx) < (0, 0):
                peak &= face > neighbour
            else:
                peak &= face >= neighbour
    found = []
    padded = np.maximum(padded, 0)
    for i, j in np.argwhere(peak):
        weight = padded[i:i + 3, j:j + 3]
        x = j + 0.5 + weight.sum(axis=0) @ [-1, 0, 1] / weight.sum()
        y = i + 0.5 + weight.sum(axis=1) @ [-1, 0, 1] / weight.sum()
        found.append((face[i, j], x * CELL, y * CELL, BARE if cells[i, j, 1] > cells[i, j, 2] else MASKED))
    return sorted(found, reverse=True)


def score(maps, boxes_of, threshold):
    """F1, precision, recall and class accuracy over a list of maps and their boxes."""
    hits = false_alarms = right_class = total = 0
    for cells, boxes in zip(maps, boxes_of):
        free = list(boxes)
        total += len(boxes)
        for _, x, y, kind in find_peaks(cells, threshold):
            inside = [k for k, (x0, y0, x1, y1, _) in enumerate(free)
                      if x0 <= x <= x1 and y0 <= y <= y1]
            if not inside:
                false_alarms += 1
                continue
            nearest = min(inside, key=lambda k: (free[k][0] + free[k][2] - 2 * x) ** 2
                          + (free[k][1] + free[k][3] - 2 * y) ** 2)
            hits += 1
            right_class += free.pop(nearest)[4] == kind
    return {"f1": 2 * hits / (hits + false_alarms + total),
            "precision": hits / max(1, hits + false_alarms),
            "recall": hits / total,
            "class_accuracy": right_class / max(1, hits)}


def run_tflite(model, photos):
    """The maps of an int8 .tflite (its bytes) for the photographs, and their boxes."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_content=model)
    interpreter.allocate_tensors()
    source, sink = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero_point = sink["quantization"]
    maps, boxes_of = [], []
    for image, boxes in photos:
        canvas, boxes = letterbox(image, boxes, source["shape"][1])
        # The input's scale is 1/255 and its zero point -128: a pixel less 128.
        interpreter.set_tensor(source["index"], (canvas.astype(np.int16) - 128).astype(np.int8)[None])
        interpreter.invoke()
        cells = interpreter.get_tensor(sink["index"])[0].astype(np.float32)
        maps.append((cells - zero_point) * scale)
        boxes_of.append(boxes)
    return maps, boxes_of


def report(maps, boxes_of, threshold):
    values = score(maps, boxes_of, threshold)
    print(f"threshold {threshold:.2f}: " + ", ".join(f"{k} {v:.3f}" for k, v in values.items()))


def main():
    parser = argparse.ArgumentParser(description="Scores an int8 .tflite on the labelled photographs.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True,
                        help="folder with faces_240.tar and faces_240.csv")
    parser.add_argument("--split", choices=("train", "test"), default="test")
    parser.add_argument("--threshold", type=float, default=THRESHOLD)
    options = parser.parse_args()
    photos = load(options.data, options.split)
    report(*run_tflite(options.model.read_bytes(), photos), options.threshold)


if __name__ == "__main__":
    main()
