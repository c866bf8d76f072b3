"""Pictures sorted into classes by folders, decoded once; and what a teacher says of views of them."""

import ctypes
import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image

from .network import pointer

SIDE = 128
VIEWS = 4
SPLITS = ("train", "kept", "test")


class View(ctypes.Structure):
    """A part of a picture, as the engine has it (views.hpp)."""
    _fields_ = [("box", ctypes.c_float * 4), ("gain", ctypes.c_float * 3), ("offset", ctypes.c_float * 3)]


VIEW = np.dtype([("box", np.float32, 4), ("gain", np.float32, 3), ("offset", np.float32, 3)])


def whole(count):
    """Views of all of a picture as it is."""
    views = np.zeros(count, VIEW)
    views["box"] = (0, 0, 1, 1)
    views["gain"] = 1
    return views


def chance(text):
    """A number in [0, 1) that is the same for a name everywhere."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def find(folder, kept):
    """(path, class, split) of all pictures, and the names of the classes. Without FOLDER/test every tenth is one."""
    parts = [(folder / split, split) for split in ("train", "test") if (folder / split).is_dir()] or [(folder, None)]
    names = sorted({path.name for part, _ in parts for path in part.iterdir() if path.is_dir()})
    if len(names) < 2:
        raise SystemExit(f"{folder}: there are to be two or more folders with pictures, one a class")
    found = []
    for part, split in parts:
        for label, name in enumerate(names):
            for path in sorted((part / name).iterdir()):
                place = split or ("test" if chance(path.name) < 0.1 else "train")
                found.append((path, label, place))
    # So many are kept apart from training, to choose by.
    training = sorted((path.name for path, _, split in found if split == "train"), key=chance)
    apart = set(training[:min(kept, len(training) // 10)])
    return [(path, label, "kept" if split == "train" and path.name in apart else split)
            for path, label, split in found], names


class Squares:
    """Pictures as squares no larger than they are, decoded once, in a cache that is mapped into memory."""

    def __init__(self, folder, cache, *more):
        cache.mkdir(parents=True, exist_ok=True)
        self.cache = cache
        if not (cache / "pictures.json").exists():
            with open(cache / "pictures.bin", "wb") as file:
                about = self.decode(folder, file, *more)
            (cache / "pictures.json").write_text(json.dumps(about))
        self.about = json.loads((cache / "pictures.json").read_text())
        self.names, self.splits = self.about["names"], np.array(self.about["splits"])
        self.sides = np.array(self.about["sides"])
        self.places = np.concatenate([[0], np.cumsum(3 * self.sides**2)])
        self.bytes = np.memmap(cache / "pictures.bin", np.uint8, "r")

    def pixels(self, place):
        side = self.sides[place]
        return self.bytes[self.places[place]:self.places[place + 1]].reshape(side, side, 3)

    def views(self, library, index, views, side, numbers=None):
        """Views of the pictures of an index, side × side: as bytes, or as the engine's numbers into an array."""
        views = np.ascontiguousarray(views, VIEW)
        places, sides = (np.ascontiguousarray(values[index], np.int64) for values in (self.places, self.sides))
        out = np.zeros((len(index), side, side, 3), np.uint8) if numbers is None else numbers
        library.engine_views(pointer(self.bytes), *map(pointer, (places, sides, views)), ctypes.c_int64(len(index)),
                             ctypes.c_int64(side), *((pointer(out), None) if numbers is None else (None, pointer(out))))
        return out

    def of(self, split):
        return np.flatnonzero(self.splits == SPLITS.index(split))


class Pictures(Squares):
    """The pictures of a folder, squashed to squares, and their classes."""

    def __init__(self, folder, cache, kept=2000):
        super().__init__(Path(folder), cache, kept)
        self.classes, self.labels = self.about["classes"], np.array(self.about["labels"])

    def decode(self, folder, file, kept):
        found, classes = find(folder, kept)
        names, sides = [], []
        for path, _, _ in found:
            try:
                with Image.open(path) as image:
                    sides.append(min(SIDE, *image.size))
                    image = image.convert("RGB").resize((sides[-1], sides[-1]), Image.BICUBIC)
            except OSError as problem:
                raise SystemExit(f"{path}: {problem}") from problem
            file.write(image.tobytes())
            names.append(str(path.relative_to(folder)))
        return {"classes": classes, "names": names, "labels": [label for _, label, _ in found],
                "splits": [SPLITS.index(split) for _, _, split in found], "sides": sides}

    def boxes(self):
        """For each picture the views that it is shown by: all of it, and parts."""
        rng = np.random.default_rng(1)
        count = len(self.names)
        boxes = np.zeros((count, VIEWS, 4), np.float32)
        area, shape = rng.uniform(0.35, 1, (count, VIEWS)), np.exp(rng.uniform(-0.25, 0.25, (count, VIEWS)))
        sides = np.minimum(np.sqrt(area)[..., None] * np.stack([shape, 1 / shape], -1), 1)
        sides[:, 0] = 1
        boxes[..., :2] = rng.uniform(0, 1, (count, VIEWS, 2)) * (1 - sides)
        boxes[..., 2:] = boxes[..., :2] + sides
        return boxes

    def targets(self, library, teacher=None, progress=print):
        """What is to be said of each picture by each view: its class, or what the teacher says."""
        if teacher is None:
            return np.repeat(np.eye(len(self.classes), dtype=np.float32)[self.labels][:, None], VIEWS, 1)
        path = self.cache / f"{Path(teacher).stem}-{VIEWS}.npy"
        if not path.exists():
            from .tflite import Teacher
            says, boxes = Teacher(teacher), self.boxes()
            out = np.zeros((len(self.names), VIEWS, len(self.classes)), np.float32)
            for place in range(len(self.names)):
                views = whole(VIEWS)
                views["box"] = boxes[place]
                out[place] = says(self.views(library, np.full(VIEWS, place), views, says.side))
                if place % 1000 == 999:
                    progress(f"teacher: {place + 1} of {len(self.names)} pictures")
            np.save(path, out)
        return np.load(path)
