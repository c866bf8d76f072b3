"""The inputs to try a model on, and the interpreter that says what comes of them."""

import numpy as np
from tflite_micro import runtime


def smooth(shape, random):
    """A field of slow waves in -1..1, one wave per axis."""
    waves = np.zeros(shape)
    for axis, size in enumerate(shape):
        line = np.cos(2 * np.pi * (random.uniform(0.4, 1.3) * np.arange(size) / size + random.uniform()))
        waves += line.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return waves / np.abs(waves).max()


def extremes(shape):
    """All lowest, then lowest and highest in turn, then all highest, a third each."""
    count = int(np.prod(shape))
    index = np.arange(count)
    low, high = index < count / 3, index >= 2 * count / 3
    return np.where(low, -1.0, np.where(high, 1.0, 1.0 - 2.0 * (index % 2))).reshape(shape)


def cases(shape, dtype, limits, random):
    """Three inputs: noise, extremes, a smooth field; `limits` bound them if they are float32."""
    fields = [random.uniform(-1, 1, shape), extremes(shape), smooth(shape, random)]
    if dtype == "float32":
        low, high = limits
        return [(low + (high - low) * (f + 1) / 2).astype(np.float32) for f in fields]
    low = np.iinfo(dtype).min
    return [(low + np.rint(255 * (f + 1) / 2)).astype(dtype) for f in fields]


def run(model, inputs, output_count, arena_size=1 << 18):
    """The outputs for each case; `inputs` holds the cases of each input."""
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_size)
    results = []
    for case in zip(*inputs):
        for index, values in enumerate(case):
            interpreter.set_input(values, index)
        interpreter.invoke()
        results.append([interpreter.get_output(index).copy() for index in range(output_count)])
    return results
