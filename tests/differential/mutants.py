"""Models that differ from a sound one in a single property."""

import pathlib
import sys

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "golden"))
from builder import AlignedBuffer  # noqa: E402

TYPES = schema.TensorType
ELEMENT_BYTES = {TYPES.INT32: 4, TYPES.INT64: 8}


def read(data):
    model = schema.ModelT.InitFromPackedBuf(data)
    for index, buffer in enumerate(model.buffers):
        aligned = AlignedBuffer()
        aligned.data = None if buffer.data is None else bytes(np.asarray(buffer.data, np.uint8))
        model.buffers[index] = aligned
    return model


def write(model):
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


class Change:
    """Sets an attribute or an item, and sets it back."""

    def __init__(self, name, holder, key, value):
        self.name, self.holder, self.key, self.value = name, holder, key, value

    def swap(self):
        if isinstance(self.holder, list):
            self.value, self.holder[self.key] = self.holder[self.key], self.value
        else:
            old = getattr(self.holder, self.key)
            setattr(self.holder, self.key, self.value)
            self.value = old


class Changes:
    """Several of them at once."""

    def __init__(self, name, changes):
        self.name, self.changes = name, changes

    def swap(self):
        for change in self.changes:
            change.swap()


def ints(values):
    return [] if values is None else [int(value) for value in values]


def tensor_changes(model, index):
    tensor = model.subgraphs[0].tensors[index]
    where = f"tensor {index}"
    q = tensor.quantization
    scales = [] if q is None or q.scale is None else [float(scale) for scale in q.scale]
    points = [] if q is None else ints(q.zeroPoint)

    def scaled(name, value):
        return Change(f"{where} scale {name}", q, "scale", value)

    if scales:
        for factor in (2.0, 0.5, 1.5, 1 + 2.0**-18, 1 + 2.0**-10, 1e-6, 1e6):
            yield scaled(f"× {factor:.6g}", [scale * factor for scale in scales])
        for value in (0.0, -scales[0], float("nan"), float("inf"), 1e-38, 1e38):
            yield scaled(f"= {value:g}", [value] * len(scales))
        yield scaled("none", [])
        yield scaled("one more", [*scales, scales[-1]])
        if len(scales) > 1:
            yield scaled("one", scales[:1])
            yield scaled("one less", scales[:-1])
            yield scaled("last × 1.5", [*scales[:-1], scales[-1] * 1.5])
        yield Change(f"{where} not quantised", tensor, "quantization", None)
        for dimension in range(-1, 5):
            if dimension != q.quantizedDimension:
                yield Change(f"{where} quantised along {dimension}", q, "quantizedDimension", dimension)
    if points:
        for value in sorted({points[0] + 1, points[0] - 1, -128, 127, 0, 3, 128, -129, 255, 1 << 40} - {points[0]}):
            yield Change(f"{where} zero point {value}", q, "zeroPoint", [value] * len(points))
        yield Change(f"{where} zero points none", q, "zeroPoint", [])
        yield Change(f"{where} zero points one more", q, "zeroPoint", [*points, points[-1]])
        if len(points) > 1:
            yield Change(f"{where} zero points one", q, "zeroPoint", points[:1])
            yield Change(f"{where} zero points last + 1", q, "zeroPoint", [*points[:-1], points[-1] + 1])
    for name in ("FLOAT32", "INT32", "UINT8", "INT64", "BOOL", "INT16", "INT8", "INT4"):
        if getattr(TYPES, name) != tensor.type:
            yield Change(f"{where} type {name}", tensor, "type", getattr(TYPES, name))
    shape = ints(tensor.shape)

    def shaped(to):
        return Change(f"{where} shape {to}", tensor, "shape", to)

    for axis, extent in enumerate(shape):
        for other in {extent + 1, extent - 1, 1, 0, 2 * extent, -1} - {extent}:
            yield shaped([*shape[:axis], other, *shape[axis + 1 :]])
        if extent == 1:
            yield shaped([*shape[:axis], *shape[axis + 1 :]])
        if axis + 1 < len(shape) and shape[axis + 1] != extent:
            yield shaped([*shape[:axis], shape[axis + 1], extent, *shape[axis + 2 :]])
            yield shaped([*shape[:axis], extent * shape[axis + 1], *shape[axis + 2 :]])
    yield shaped([1, *shape])
    yield shaped([*shape, 1])
    if shape:
        yield shaped([])
    yield Change(f"{where} variable", tensor, "isVariable", True)
    data = model.buffers[tensor.buffer].data
    if data is not None:
        yield Change(f"{where} without data", tensor, "buffer", 0)
        size = ELEMENT_BYTES.get(tensor.type, 0)
        if size and len(data) <= 64:
            values = np.frombuffer(data, {4: np.int32, 8: np.int64}[size])
            for at in range(len(values)):
                for value in {values[at] + 1, values[at] - 1, -values[at], 0, -2, 7} - {values[at]}:
                    changed = values.copy()
                    changed[at] = value
                    yield Change(f"{where} values {changed.tolist()}", model.buffers[tensor.buffer], "data",
                                 changed.tobytes())
    else:
        yield Change(f"{where} with data", tensor, "buffer", len(model.buffers) - 1)


def operator_changes(model, index):
    operator = model.subgraphs[0].operators[index]
    where = f"operator {index}"
    options = operator.builtinOptions
    for name, value in sorted(vars(options).items()) if options is not None else []:
        others = []
        if isinstance(value, bool):
            others = [not value]
        elif isinstance(value, int):
            others = sorted({value + 1, value - 1, 0, 1, 2, 3, 4, 5, -1, -5} - {value})
        elif isinstance(value, float):
            others = [value * 2, value * 1.01, 0.0, -value, 1e-9, 1e9, float("nan")]
        for other in others:
            yield Change(f"{where} {name} {other}", options, name, other)
    if options is not None:
        yield Change(f"{where} without options", operator, "builtinOptions", None)
    inputs, outputs = ints(operator.inputs), ints(operator.outputs)
    tensors = model.subgraphs[0].tensors
    moved = {index: tensors[index] for index in (inputs[0], *outputs)}
    for name in ("FLOAT32", "INT32", "UINT8", "INT64", "BOOL", "INT16", "INT8"):
        if any(tensor.type != getattr(TYPES, name) for tensor in moved.values()):
            yield Changes(f"{where} type {name}",
                          [Change("", tensor, "type", getattr(TYPES, name)) for tensor in moved.values()])

    def wired(to):
        return Change(f"{where} inputs {to}", operator, "inputs", to)

    yield wired(inputs[:-1])
    yield wired([*inputs, inputs[-1]])
    yield wired([*inputs, -1])
    for at, given in enumerate(inputs):
        yield wired([*inputs[:at], -1, *inputs[at + 1 :]])
        for other in {inputs[0], inputs[at - 1]} - {given}:
            yield wired([*inputs[:at], other, *inputs[at + 1 :]])
    if len(inputs) > 1:
        yield wired([inputs[1], inputs[0], *inputs[2:]])
    yield Change(f"{where} outputs {outputs[:-1]}", operator, "outputs", outputs[:-1])
    yield Change(f"{where} outputs {[*outputs, outputs[-1]]}", operator, "outputs", [*outputs, outputs[-1]])


def network_changes(model):
    subgraph = model.subgraphs[0]
    inputs, outputs = ints(subgraph.inputs), ints(subgraph.outputs)
    for index in range(len(subgraph.tensors)):
        if index not in outputs:
            yield Change(f"also output {index}", subgraph, "outputs", [*outputs, index])
    for name, values in (("inputs", inputs), ("outputs", outputs)):
        yield Change(f"{name} none", subgraph, name, [])
        yield Change(f"{name} twice", subgraph, name, [*values, values[0]])
        if len(values) > 1:
            yield Change(f"{name} turned round", subgraph, name, values[::-1])
    for count in (0, 2):
        yield Change(f"subgraphs {count}", model, "subgraphs", [subgraph] * count)


NUMPY = {TYPES.FLOAT32: np.float32, TYPES.INT8: np.int8, TYPES.UINT8: np.uint8, TYPES.INT16: np.int16,
         TYPES.INT32: np.int32, TYPES.INT64: np.int64, TYPES.BOOL: np.bool_}


def inputs_for(model):
    """Noise for all inputs of a model, back to back."""
    random = np.random.default_rng(1)
    data = b""
    for index in ints(model.subgraphs[0].inputs) if model.subgraphs else []:
        tensor = model.subgraphs[0].tensors[index]
        count = max(int(np.prod(ints(tensor.shape))), 0)
        dtype = NUMPY.get(tensor.type, np.int8)
        real = random.uniform(-4, 4, count).astype(np.float32)
        data += (real if dtype is np.float32 else random.integers(-128, 128, count).astype(dtype)).tobytes()
    return data


def mutants(data, wanted=lambda number: True):
    """Yields (what is changed, the model's bytes, its inputs) for each change that `wanted` takes by its number. The
    first is none."""
    model = read(data)
    yield "nothing", data, inputs_for(model)
    subgraph = model.subgraphs[0]
    changes = [change for index in range(len(subgraph.tensors)) for change in tensor_changes(model, index)]
    changes += [change for index in range(len(subgraph.operators)) for change in operator_changes(model, index)]
    changes += network_changes(model)
    for number, change in enumerate(changes):
        if not wanted(number):
            continue
        change.swap()
        try:
            yield change.name, write(model), inputs_for(model)
        except Exception:  # what the schema's writer does not write is no model
            pass
        change.swap()
