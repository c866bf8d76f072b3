"""Makes the golden vectors: small models, inputs, and the oracle's outputs.

    python tests/golden/make.py              all of them, in place
    python tests/golden/make.py --only NAME  one of them

For each NAME it writes into models/:
  NAME.tflite  the model
  NAME.in      three cases of inputs, back to back; within a case the inputs
               in the model's order; raw, little-endian, in the tensors' types
  NAME.out     the outputs of the cases, likewise
and stamp.json, which says what made them and what each model holds.

The oracle is TensorFlow Lite Micro's interpreter with its reference kernels,
from the package pinned in requirements.txt.
"""

import argparse
import hashlib
import json
import pathlib

import numpy as np
import tflite_micro

import oracle
from builder import ModelBuilder
from networks import MODELS

FOLDER = pathlib.Path(__file__).parent / "models"


def describe(tensor):
    facts = {"shape": list(tensor.shape), "type": tensor.dtype}
    if tensor.scale is not None:
        facts.update(scale=float(np.float32(tensor.scale)), zero_point=int(tensor.zero_point))
    return facts


def liveliness(results):
    """How much the outputs show: distinct values, and the part of them at the int8 bounds."""
    values = np.concatenate([np.ravel(r) for case in results for r in case])
    return len(np.unique(values)), np.isin(values, (-128, 127)).mean()


def make(name):
    builder = ModelBuilder(name)
    outputs = MODELS[name](builder)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    model = builder.model(outputs)
    inputs = [t.cases for t in builder.inputs]
    results = oracle.run(model, inputs, len(outputs))
    # In another order over another arena: memory that nobody set would show.
    again = oracle.run(model, [cases[::-1] for cases in inputs], len(outputs), arena_size=200_000)[::-1]
    assert all(map(np.array_equal, sum(results, []), sum(again, []))), f"{name}: the oracle is of two minds"
    for case in results:
        for tensor, values in zip(outputs, case):
            assert values.dtype == tensor.dtype and values.shape == tensor.shape, (
                f"{name}: expected {tensor.dtype}{tensor.shape}, got {values.dtype}{values.shape}")

    out = b"".join(values.tobytes() for case in results for values in case)
    (FOLDER / f"{name}.tflite").write_bytes(model)
    (FOLDER / f"{name}.in").write_bytes(b"".join(values.tobytes() for case in zip(*inputs) for values in case))
    (FOLDER / f"{name}.out").write_bytes(out)

    distinct, bounded = liveliness(results)
    print(f"{name:44} {len(model):6} bytes  {distinct:4} values  {bounded:4.0%} at the bounds")
    return {
        "operators": builder.operators,
        "inputs": [describe(t) for t in builder.inputs],
        "outputs": [describe(t) for t in outputs],
        "sha256": hashlib.sha256(out).hexdigest(),
    }


def write_stamp(arguments, models):
    compact = json.JSONEncoder(separators=(",", ":")).encode
    lines = ",\n".join(f"  {json.dumps(name)}: {compact(models[name])}" for name in sorted(models))
    head = {"oracle": "tflite-micro", "version": tflite_micro.__version__, "arguments": arguments}
    fields = "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items())
    (FOLDER / "stamp.json").write_text(f'{{\n{fields}"models": {{\n{lines}\n}}\n}}\n')


def main():
    parser = argparse.ArgumentParser(description="Makes the golden vectors.")
    parser.add_argument("--only", metavar="NAME", choices=sorted(MODELS), help="make one model anew")
    only = parser.parse_args().only

    FOLDER.mkdir(exist_ok=True)
    if only:
        # The stamp comes out as a run without arguments would write it.
        models = json.loads((FOLDER / "stamp.json").read_text())["models"]
        models[only] = make(only)
    else:
        for pattern in ("*.tflite", "*.in", "*.out"):
            for stale in FOLDER.glob(pattern):
                stale.unlink()
        models = {name: make(name) for name in MODELS}
    write_stamp([], models)


if __name__ == "__main__":
    main()
