"""Operators on two tensors of random shapes, broadcast along any axes: golden_test against the oracle.

    python tests/golden/random_pairs.py GOLDEN_TEST [--count N] [--seed N]

Models and answers go to a temporary folder; GOLDEN_TEST, the program, tries each by many schedules. All shapes of up to
six axes are accepted, so that one that is refused is a fault, too. Needs what requirements.txt lists.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
try:
    import numpy as np

    import oracle
    from builder import ModelBuilder
except ImportError as missing:
    print(f"SKIPPED: {missing}")
    sys.exit(77)

SAME = (0.05, 4), (0.05, 4)
OPERATORS = {
    "add": (ModelBuilder.add, (0.05, 4), (0.03, -20)),
    "sub": (ModelBuilder.sub, (0.05, 4), (0.03, -20)),
    "mul": (ModelBuilder.mul, (0.05, 4), (0.03, -20)),
    "maximum": (ModelBuilder.maximum, *SAME),
    "minimum": (ModelBuilder.minimum, *SAME),
    "squared_difference": (ModelBuilder.squared_difference, (0.05, 4), (0.03, -20)),
    "prelu": (ModelBuilder.prelu, (0.05, 4), (0.006, -20)),
    "div": (lambda b, x, y: ModelBuilder.div(b, x, y, out=(0.01, -3)), (0.05, 4), (0.03, -128)),
    "less": (lambda b, x, y: ModelBuilder.compare(b, x, y, "LESS"), (0.05, 4), (0.03, -20)),
    "not_equal": (lambda b, x, y: ModelBuilder.compare(b, x, y, "NOT_EQUAL"), *SAME),
}


def shapes(random):
    """A shape, and two that are broadcast to it; either may lack axes in front."""
    rank = int(random.integers(1, 7))
    whole = random.choice([1, 2, 2, 3, 4], rank)
    kept = random.random((2, rank)) < 0.6
    kept[1] |= ~kept[0]
    pair = []
    for axes in random.permutation(kept):
        shape = np.where(axes, whole, 1)
        lead = 0
        while lead < rank - 1 and shape[lead] == 1 and random.random() < 0.5:
            lead += 1
        pair.append(tuple(int(n) for n in shape[lead:]))
    return pair


def build(name, operator, first, second, constant):
    function, *quants = OPERATORS[operator]
    builder = ModelBuilder(name)
    tensors = [builder.constant(shape, quant) if position == constant else builder.input(shape, quant)
               for position, (shape, quant) in enumerate(zip((first, second), quants))]
    output = function(builder, *tensors)
    model = builder.model([output])
    inputs = [t.cases for t in builder.inputs]
    return model, inputs, oracle.run(model, inputs, 1)


def draw(random, count):
    for i in range(count):
        operator = list(OPERATORS)[i % len(OPERATORS)]
        first, second = shapes(random)
        words = ["x".join(map(str, shape)) for shape in (first, second)]
        name = f"{i}_{operator}_{words[0]}_{words[1]}"
        yield name, *build(name, operator, first, second, int(random.integers(-3, 2)))


def record(folder, name, model, inputs, results):
    """Writes a model, its inputs and their answers into a folder; returns their path but for the suffix."""
    path = pathlib.Path(folder) / name
    path.with_suffix(".tflite").write_bytes(model)
    path.with_suffix(".in").write_bytes(b"".join(v.tobytes() for case in zip(*inputs) for v in case))
    path.with_suffix(".out").write_bytes(b"".join(v.tobytes() for case in results for v in case))
    return path


def check(golden_test, folder, models):
    """The exit status of GOLDEN_TEST for models: of each its name, its bytes, its inputs, their answers."""
    for name, model, inputs, results in models:
        record(folder, name, model, inputs, results)
    nothing = pathlib.Path(folder) / "nothing.txt"
    nothing.touch()
    return subprocess.run([golden_test, folder, nothing], check=False).returncode


def main():
    parser = argparse.ArgumentParser(description="Random broadcasts against the oracle.")
    parser.add_argument("golden_test", metavar="GOLDEN_TEST")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return check(arguments.golden_test, folder, draw(np.random.default_rng(arguments.seed), arguments.count))


if __name__ == "__main__":
    sys.exit(main())
