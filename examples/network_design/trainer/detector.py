"""Detectors: pictures with boxes, and networks whose answer is a map of where the middles of things are.

A topology ends in a map of cells, 16 × 16 pixels of the picture each, whose channels are those of four smaller cells:
depth-to-space makes it a map of 8 × 8 pixels a cell, with one channel for nothing and one for each class. So all layers
with many channels work on few pixels, and the answer is as fine as that of a network that keeps them.
"""

import copy
import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from PIL import Image

from .data import SPLITS, Squares, whole
from .quantise import quantise
from .tflite import Runner
from .train import Order, softmax, vary

SIDE = 192
CELL = 8
BLOCK = 2
UNSURE = -1


def letterboxed(image, side):
    """A picture scaled so that its longer side fills a square, at the top left of it; and the part that it fills."""
    scale = side / max(image.size)
    width, height = (max(1, round(s * scale)) for s in image.size)
    canvas = np.zeros((side, side, 3), np.uint8)
    canvas[:height, :width] = image.resize((width, height), Image.BILINEAR)
    return canvas, (width / side, height / side)


class BoxedPictures(Squares):
    """The pictures of FOLDER/pictures with the boxes of FOLDER/boxes.csv, letterboxed, in a cache."""

    def __init__(self, folder, cache):
        super().__init__(Path(folder), Path(cache))
        self.parts = np.array(self.about["parts"], np.float32)
        # By picture: class, x0, y0, x1, y1 as fractions of the square.
        self.boxes = [np.array(boxes, np.float32).reshape(-1, 5) for boxes in self.about["boxes"]]
        self.classes = 1 + max(int(boxes[:, 0].max()) for boxes in self.boxes if len(boxes))

    def decode(self, folder, file):
        found = {}
        with open(folder / "boxes.csv", newline="", encoding="utf-8") as table:
            for name, split, kind, *corners in list(csv.reader(table))[1:]:
                _, boxes = found.setdefault(name, (split, []))
                if corners[0]:
                    boxes.append([UNSURE if kind == "" else int(kind), *map(float, corners)])
        parts, boxes_of = [], []
        for name, (_, boxes) in found.items():
            with Image.open(folder / "pictures" / name) as image:
                pixels, (wide, high) = letterboxed(image.convert("RGB"), SIDE)
            file.write(pixels.tobytes())
            parts.append((wide, high))
            boxes_of.append([[k, x0 * wide, y0 * high, x1 * wide, y1 * high] for k, x0, y0, x1, y1 in boxes])
        return {"names": list(found), "splits": [SPLITS.index(split) for split, _ in found.values()],
                "sides": [SIDE] * len(found), "parts": parts, "boxes": boxes_of}


def targets_of(boxes, cells, classes):
    """What the map should say: for each class a heat, 1 in the cell of a box's middle and less around it; and how much
    each cell counts."""
    heat = np.zeros((cells, cells, classes + 1), np.float32)
    heat[..., -1] = 1
    boxes = boxes * np.array([1, *[cells] * 4], np.float32)
    for kind, x0, y0, x1, y1 in boxes:
        if kind == UNSURE:
            heat[max(0, int(y0)):max(0, int(np.ceil(y1))), max(0, int(x0)):max(0, int(np.ceil(x1))), -1] = 0
    centres = np.arange(cells) + 0.5
    for kind, x0, y0, x1, y1 in boxes:
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        if kind == UNSURE or not (0 <= x < cells and 0 <= y < cells):
            continue
        across = (centres - x) / max(0.6, (x1 - x0) / 8)
        down = (centres - y) / max(0.6, (y1 - y0) / 8)
        blob = np.exp(-0.5 * (across[None, :] ** 2 + down[:, None] ** 2))
        blob[int(y), int(x)] = 1
        heat[..., int(kind)] = np.maximum(heat[..., int(kind)], blob)
        heat[int(y), int(x), -1] = 1
    return heat


def fine(scores, classes):
    """Depth to space: [pictures, rows, columns, at least 4 × channels] to [pictures, 2 × rows, 2 × columns, channels]."""
    count, rows, columns, _ = scores.shape
    parts = scores[..., :BLOCK * BLOCK * (1 + classes)].reshape(count, rows, columns, BLOCK, BLOCK, 1 + classes)
    return parts.transpose(0, 1, 3, 2, 4, 5).reshape(count, BLOCK * rows, BLOCK * columns, 1 + classes)


def coarse(values, channels):
    """The way back, with zeros in channels that nothing is made of."""
    count, rows, columns, wanted = values.shape
    parts = values.reshape(count, rows // BLOCK, BLOCK, columns // BLOCK, BLOCK, wanted).transpose(0, 1, 3, 2, 4, 5)
    out = np.zeros((count, rows // BLOCK, columns // BLOCK, channels), np.float32)
    out[..., :BLOCK * BLOCK * wanted] = parts.reshape(count, rows // BLOCK, columns // BLOCK, -1)
    return out


class Detector:
    """What is trained on: views of pictures, and what a map should say of them. A task of train.Training."""

    def __init__(self, library, pictures):
        self.library, self.pictures, self.training = library, pictures, pictures.of("train")
        self.order = Order(self.training)

    def start(self, training):
        """Most cells hold nothing: the network begins by saying so."""
        last = [layer for layer in training.network.layers if layer.weights][-1]
        channels, wanted = last.shape[2], BLOCK * BLOCK * (1 + self.pictures.classes)
        beta = training.parameters[last.norm + channels:last.norm + 2 * channels]
        beta[:wanted:1 + self.pictures.classes] = np.log(0.95 / 0.05 * self.pictures.classes)

    def views(self, index, rng):
        """Parts of the letterboxed squares: [left, top, right, bottom]; larger and smaller than all of it."""
        count = len(index)
        shown = np.exp(rng.uniform(np.log(0.55), np.log(1.6), count))
        stretch = np.exp(rng.uniform(-0.15, 0.15, count))
        sides = np.stack([shown * stretch, shown / stretch], -1)
        parts = self.pictures.parts[index]
        # Somewhere on the picture where less of it is shown than there is, and it somewhere in the view where more is.
        free = parts - sides
        corner = rng.uniform(0, 1, (count, 2)) * free
        return np.concatenate([corner, corner + sides], -1)

    def batch(self, plan, step, numbers):
        """Fills in the pictures of a step; their targets. Every second one is four pictures beside each other: far away
        people are seldom the subject of a photograph."""
        index = self.order.of(plan, step)
        rng = np.random.default_rng([plan.seed, 2, step])
        alone, side = plan.batch - plan.batch // 2, numbers.shape[1]
        quarters = np.concatenate([index[alone:, None], rng.choice(self.training, (plan.batch // 2, 3))], 1)
        boxes = self.show(index[:alone], 1, rng, numbers[:alone])
        parts = np.empty((quarters.size, side // 2, side // 2, 3), numbers.dtype)
        of_parts = self.show(quarters.ravel(), 2, rng, parts)
        for k, (top, left) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
            rows, columns = (slice(at * (side // 2), (at + 1) * (side // 2)) for at in (top, left))
            numbers[alone:, rows, columns] = parts[k::4]
        for place in range(0, quarters.size, 4):
            boxes.append(np.concatenate([of_parts[place + k] * [1, .5, .5, .5, .5] + [0, left, top, left, top]
                                         for k, (top, left) in enumerate(((0, 0), (0, .5), (.5, 0), (.5, .5)))]))
        return np.stack([targets_of(of_one, side // CELL, self.pictures.classes) for of_one in boxes])

    def show(self, index, across, rng, numbers):
        """Fills in views of pictures, so many across a square; their boxes."""
        views = whole(len(index))
        views["box"] = self.views(index, rng)
        vary(views, rng)
        self.pictures.views(self.library, index, views, numbers.shape[1], numbers)
        return [self.seen(self.pictures.boxes[place], view, 0.018 * across)
                for place, view in zip(index, views["box"])]

    @staticmethod
    def seen(boxes, view, least):
        """A picture's boxes as fractions of a view of it. What is mostly cut off, or narrower, nobody is sure of."""
        left, top, right, bottom = view
        corners = (boxes[:, 1:] - [left, top, left, top]) / [right - left, bottom - top, right - left, bottom - top]
        if right < left:
            corners = corners[:, [2, 1, 0, 3]]
        cut = corners.clip(0, 1)
        sides = cut[:, 2:] - cut[:, :2]
        whole_area = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
        kinds = np.where((np.prod(sides, axis=1) < 0.6 * whole_area) | (sides.min(axis=1) < least), UNSURE, boxes[:, 0])
        return np.concatenate([kinds[:, None], cut], 1)[sides.min(axis=1) > 0].astype(np.float32)

    def loss(self, scores, targets):
        """CenterNet's focal loss, and its gradient by the scores: hard cells count most, cells near a middle little."""
        given = softmax(fine(scores, self.pictures.classes))
        heat, weight = targets[..., :-1], targets[..., -1:]
        thing = given[..., 1:].clip(1e-4, 1 - 1e-4)
        middle = heat >= 1
        count = np.float32(max(1, np.sum(middle * weight)))
        far = (1 - heat) ** 4
        loss = np.where(middle, -(1 - thing) ** 2 * np.log(thing), -far * thing ** 2 * np.log(1 - thing))
        by_thing = np.where(middle, 2 * (1 - thing) * np.log(thing) - (1 - thing) ** 2 / thing,
                            -far * (2 * thing * np.log(1 - thing) - thing ** 2 / (1 - thing)))
        by_given = np.concatenate([np.zeros_like(given[..., :1]), by_thing * weight / count], -1)
        by_scores = given * (by_given - np.sum(given * by_given, -1, keepdims=True))
        return float(np.sum(loss * weight) / count), coarse(by_scores, scores.shape[-1])


def peaks(cells, threshold):
    """[(probability, x, y, class)] of a map of probabilities, in fractions of the square, likeliest first."""
    heat = 1 - cells[..., 0]
    rows, columns = heat.shape
    padded = np.pad(heat, 1)
    peak = heat >= threshold
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            neighbour = padded[1 + dy:1 + dy + rows, 1 + dx:1 + dx + columns]
            peak &= heat > neighbour if (dy, dx) < (0, 0) else heat >= neighbour
    found = []
    for i, j in np.argwhere(peak):
        weight = padded[i:i + 3, j:j + 3]
        x = j + 0.5 + weight.sum(axis=0) @ [-1, 0, 1] / weight.sum()
        y = i + 0.5 + weight.sum(axis=1) @ [-1, 0, 1] / weight.sum()
        found.append((heat[i, j], x / columns, y / rows, int(cells[i, j, 1:].argmax())))
    return sorted(found, reverse=True)


def score(found_of, boxes_of, threshold, least_area_of):
    """F1 and the part of right classes among what was found: a peak inside a box that no likelier one has claimed.
    Boxes below the picture's least area, and unsure ones, are neither to be found nor is it wrong to find them."""
    hits = wrong = right_class = total = 0
    for found, boxes, least_area in zip(found_of, boxes_of, least_area_of):
        area = np.prod(boxes[:, 3:] - boxes[:, 1:3], axis=1)
        counts = (area >= least_area) & (boxes[:, 0] != UNSURE)
        free, others = list(boxes[counts]), list(boxes[~counts])
        total += len(free)
        for heat, x, y, kind in found:
            if heat < threshold:
                continue
            inside = [k for k, (_, x0, y0, x1, y1) in enumerate(free) if x0 <= x <= x1 and y0 <= y <= y1]
            if inside:
                nearest = min(inside, key=lambda k: (free[k][1] + free[k][3] - 2 * x) ** 2
                              + (free[k][2] + free[k][4] - 2 * y) ** 2)
                hits += 1
                right_class += free.pop(nearest)[0] == kind
            elif not any(x0 <= x <= x1 and y0 <= y <= y1 for _, x0, y0, x1, y1 in others):
                wrong += 1
    return {"f1": 2 * hits / max(1, hits + wrong + total), "precision": hits / max(1, hits + wrong),
            "recall": hits / max(1, total), "right_class": right_class / max(1, hits)}


def best_threshold(found_of, boxes_of, least_area_of):
    """The threshold with the highest F1, and what it scores."""
    scored = [(threshold, score(found_of, boxes_of, threshold, least_area_of)) for threshold in np.arange(0.2, 0.9, 0.02)]
    return max(scored, key=lambda item: item[1]["f1"])


# ---- the file ------------------------------------------------------------------------------------------

def cropped(network, parameters, statistics, channels):
    """The network whose last map has only its first channels; with its parameters and statistics."""
    *layers, last, scores = network.layers
    rows, every = last.weights
    weights = parameters[last.parameters:last.parameters + rows * every].reshape(rows, every)[:, :channels]
    norm = parameters[last.norm:last.norm + 2 * every].reshape(2, every)[:, :channels]
    seen = statistics[last.statistics:last.statistics + 2 * every].reshape(2, every)[:, :channels]
    shape = (*last.shape[:2], channels)
    small = copy.copy(network)
    small.shapes = [*network.shapes[:-1], shape]
    small.layers = [*layers, replace(last, shape=shape, weights=(rows, channels), parameters=len(parameters),
                                     norm=len(parameters) + weights.size, statistics=len(statistics)),
                    replace(scores, shape=shape)]
    return small, np.concatenate([parameters, weights.ravel(), norm.ravel()]), np.concatenate([statistics, seen.ravel()])


def finish(writer, source, quantity, shape, classes):
    """Depth to space, and a softmax over nothing and each class; the tensor of probabilities."""
    rows, columns, _ = shape
    shape = (1, BLOCK * rows, BLOCK * columns, 1 + classes)
    cells = writer.tensor(shape, *quantity)
    writer.operator("depth_to_space", [source], cells, schema.BuiltinOptions.DepthToSpaceOptions,
                    schema.DepthToSpaceOptionsT(blockSize=BLOCK))
    # The reference's softmax has these, whatever it is asked for.
    said = writer.tensor(shape, 1 / 256, -128)
    writer.operator("softmax", [cells], said, schema.BuiltinOptions.SoftmaxOptions, schema.SoftmaxOptionsT(beta=1.0))
    return said


def to_int8(training):
    """The .tflite of a trained detector."""
    classes = training.task.pictures.classes
    network, parameters, statistics = cropped(training.network, training.parameters, training.statistics,
                                              BLOCK * BLOCK * (1 + classes))
    return quantise(network, parameters, statistics, training.ranges(),
                    finish=lambda *last: finish(*last, classes))


def maps_of(training, index):
    """The trained network's maps of pictures, in float."""
    return softmax(fine(training.scores(index), training.task.pictures.classes))


def evaluate(training, model, least_area=0.0):
    """F1 in float and as the int8 file, on the pictures kept apart, where the threshold is chosen, and on the test's."""
    pictures = training.task.pictures
    runner = Runner(model)
    out, threshold = {}, None
    for split in ("kept", "test"):
        index = pictures.of(split)
        # Areas are of the picture, not of the square.
        boxes = [pictures.boxes[place] for place in index]
        area = [least_area * float(np.prod(pictures.parts[place])) for place in index]
        views = pictures.views(training.library, index, whole(len(index)), runner.side)
        for kind, maps in (("float", maps_of(training, index)), ("int8", runner.numbers(runner(views)))):
            found = [peaks(cells, 0.2) for cells in maps]
            if threshold is None:
                threshold, _ = best_threshold(found, boxes, area)
            out.setdefault(split, {"pictures": len(index)})[kind] = score(found, boxes, threshold, area)
    return {"threshold": round(float(threshold), 2), **out}
