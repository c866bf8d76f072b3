#!/usr/bin/env python3
"""Writes what TensorFlow Lite Micro's reference kernels answer: NAME.in and NAME.out beside each NAME.tflite.

Needs the packages of tests/golden/requirements.txt. Inputs are made up, in turns of noise, of extremes and of a smooth
field, unless NAME.in is there already: the cases back to back, each with the inputs in the model's order, in their own
types. Afterwards tests/zoo/run.py --model NAME.tflite says whether Inlay answers the same, to the byte, and
bench/embedded/run.py --target m4 --model NAME.tflite whether it does on a Cortex-M4.
"""
import argparse
import multiprocessing
import pathlib
import signal
import sys

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
sys.dont_write_bytecode = True
sys.path.insert(0, str(GOLDEN))

MOST_ARENA_BYTES = 1 << 28


def limits_of(tensor: int, subgraph, codes: list, schema) -> tuple[float, float]:
    """What a float input is quantised from."""
    for op in subgraph.operators:
        if codes[op.opcodeIndex] == schema.BuiltinOperator.QUANTIZE and op.inputs[0] == tensor:
            to = subgraph.tensors[op.outputs[0]].quantization
            return tuple(float(to.scale[0]) * (stored - int(to.zeroPoint[0])) for stored in (-128, 127))
    return -1.0, 1.0


def record(path: pathlib.Path, cases: int) -> str:
    """Returns a sentence about it."""
    import numpy as np
    import oracle
    from tflite_micro import runtime
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema
    data = path.read_bytes()
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    subgraph = model.subgraphs[0]
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=MOST_ARENA_BYTES)
    details = [interpreter.get_input_details(i) for i in range(len(subgraph.inputs))]
    shapes = [tuple(map(int, detail["shape"])) for detail in details]
    types = [np.dtype(detail["dtype"]) for detail in details]
    case_bytes = sum(int(np.prod(shape)) * dtype.itemsize for shape, dtype in zip(shapes, types))
    inputs = path.with_suffix(".in")
    if inputs.exists():
        recorded = inputs.read_bytes()
        if len(recorded) == 0 or len(recorded) % case_bytes != 0:
            raise ValueError(f"{inputs.name} has {len(recorded)} bytes, not a multiple of the {case_bytes} of a case")
    else:
        random = np.random.default_rng(0)
        made = [[value for _ in range((cases + 2) // 3) for value in
                 oracle.cases(shape, dtype.name, limits_of(int(tensor), subgraph, codes, schema), random)]
                for tensor, shape, dtype in zip(subgraph.inputs, shapes, types)]
        recorded = b"".join(value.tobytes() for case in list(zip(*made))[:cases] for value in case)
    answers = bytearray()
    at = 0
    while at < len(recorded):
        for i, (shape, dtype) in enumerate(zip(shapes, types)):
            value = np.frombuffer(recorded, dtype, int(np.prod(shape)), at)
            at += value.nbytes
            interpreter.set_input(value.reshape(shape), i)
        interpreter.invoke()
        for i in range(len(subgraph.outputs)):
            answers += interpreter.get_output(i).tobytes()
    inputs.write_bytes(recorded)
    path.with_suffix(".out").write_bytes(answers)
    return f"{len(recorded) // case_bytes} cases, {len(recorded)} bytes of inputs, {len(answers)} of answers"


def record_one(path: pathlib.Path, cases: int) -> None:
    try:
        print(f"{path}: {record(path, cases)}")
    except ImportError as missing:
        sys.exit(f"record_answers.py: {missing}; pip install -r {GOLDEN / 'requirements.txt'}")
    except OSError as error:
        sys.exit(f"record_answers.py: {error.filename}: {error.strerror}")
    except Exception as refusal:  # whatever the interpreter, or the reading of a damaged file, throws
        sys.exit(f"{path}: the reference does not run it: {refusal}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", nargs="+", type=pathlib.Path, metavar="NAME.tflite")
    parser.add_argument("--cases", type=int, default=6, metavar="N", help="made-up inputs (default %(default)s)")
    arguments = parser.parse_args()
    failed = False
    for path in arguments.model:
        # The reference ends the whole process at some models.
        one = multiprocessing.Process(target=record_one, args=(path, max(1, arguments.cases)))
        one.start()
        one.join()
        failed = failed or one.exitcode != 0
        if one.exitcode < 0:
            print(f"{path}: the reference does not run it: it ends with {signal.Signals(-one.exitcode).name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
