"""How good a trained network is, in float and as the int8 file."""

import numpy as np

from .data import whole
from .quantise import quantise
from .tflite import Runner


def to_int8(training):
    """The .tflite of a trained network; ranges of activations from training pictures."""
    some = training.task.training[:512]
    scores = training.scores(some)
    return quantise(training.network, training.parameters, training.statistics, training.ranges(),
                    (scores.min(), scores.max()))


def confusion(labels, said, count):
    return np.bincount(labels * count + said, minlength=count * count).reshape(count, count).tolist()


def evaluate(training, model):
    """Accuracy on the test split; agreement with the targets (the teacher's) on the pictures kept apart."""
    pictures, targets = training.task.pictures, training.task.targets
    runner = Runner(model)
    out = {}
    for split, wanted in (("test", pictures.labels), ("kept", targets[:, 0].argmax(1))):
        index = pictures.of(split)
        views = pictures.views(training.library, index, whole(len(index)), runner.side)
        int8 = runner.numbers(runner(views)).argmax(1)
        floats = training.scores(index).argmax(1)
        out[split] = {"pictures": len(index), "float": round(float((floats == wanted[index]).mean()), 4),
                      "int8": round(float((int8 == wanted[index]).mean()), 4)}
        if split == "test":
            out[split]["confusion"] = confusion(wanted[index], int8, len(pictures.classes))
            out[split]["wrong"] = [pictures.names[place] for place in index[int8 != wanted[index]]]
    return out
