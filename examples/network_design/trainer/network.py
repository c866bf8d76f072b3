"""A network that can be trained: the layers of a topology (as inlay-design has it), with the engine's arrays."""

import ctypes
from dataclasses import dataclass

import numpy as np

FIRST, POINTWISE, DEPTHWISE, JOIN, CLASSES, SCORES = range(6)
CLAMPS = {"none": 0, "relu": 1, "relu6": 2}


class Unsupported(ValueError):
    """The trainer knows no such layer."""


class Description(ctypes.Structure):
    """A layer as the engine has it (engine.cpp)."""
    _fields_ = [(name, ctypes.c_int32) for name in (
        "kind", "source", "other", "channels", "kernel_height", "kernel_width", "stride", "top", "left",
        "height", "width", "clamp", "adds", "parameters", "norm", "statistics")]


@dataclass
class Layer:
    """A layer of the network: what it reads (maps are counted from 0, the picture), its shape and its parameters."""
    kind: int
    source: int
    shape: tuple  # height, width, channels of what it puts out
    weights: tuple = ()  # shape of the weights among the parameters
    kernel: tuple = (1, 1)
    stride: int = 1
    pads: tuple = (0, 0)  # above and left
    clamp: str = "none"
    other: int = -1  # of JOIN: what is added
    adds: bool = False  # the gradient of its input has been begun by another layer
    parameters: int = 0
    norm: int = -1  # gamma, beta
    statistics: int = -1  # mean, variance

    def describe(self):
        height, width, channels = self.shape
        return Description(self.kind, self.source, self.other, channels, *self.kernel, self.stride, *self.pads, height,
                           width, CLAMPS[self.clamp], self.adds, self.parameters, self.norm, self.statistics)


def both(value):
    return tuple(value) if isinstance(value, (list, tuple)) else (value, value)


def window(shape, block):
    """The map behind a window and the zeros above and left of it."""
    kernel, stride = both(block.get("kernel", 1)), both(block.get("stride", 1))
    if both(block.get("dilation", 1)) != (1, 1) or stride[0] != stride[1]:
        raise Unsupported("windows with dilation, or strides that differ")
    if block.get("padding", "same") == "valid":
        return kernel, stride[0], (0, 0), tuple((s - k) // stride[0] + 1 for s, k in zip(shape, kernel))
    out = tuple(-(-s // stride[0]) for s in shape[:2])
    pads = tuple(max((o - 1) * stride[0] + k - s, 0) // 2 for o, k, s in zip(out, kernel, shape))
    return kernel, stride[0], pads, out


class Network:
    """Layers, and where each one's numbers stand in the flat arrays of parameters and statistics."""

    def __init__(self, topology):
        self.input = tuple(topology["input"])
        self.layers = []
        self.shapes = [self.input]  # of maps
        self.plain = [True]  # whether a map stands in memory as it is read
        self.parameter_count = self.statistic_count = 0
        blocks = list(topology["blocks"])
        for block, after in zip(blocks, [*blocks[1:], {}]):
            self.add(block)
            if self.skips(after) and not self.plain[-1]:
                self.join(-1)
        if self.layers[-1].kind != CLASSES:
            self.put(Layer(SCORES, self.last, self.shapes[-1]))
        users = {}
        for layer in reversed(self.layers):
            # Backwards: who comes first there begins the gradient of a map that more than one reads.
            for source in {layer.source, layer.other} - {-1}:
                if source in users and source == layer.source:
                    layer.adds = True
                users[source] = True

    @property
    def last(self):
        return len(self.shapes) - 1

    def skips(self, block):
        return (block.get("kind") == "inverted_residual" and both(block.get("stride", 1)) == (1, 1)
                and block["filters"] == self.shapes[-1][2])

    def put(self, layer):
        if layer.weights:
            layer.parameters = self.parameter_count
            self.parameter_count += int(np.prod(layer.weights))
            if layer.kind == CLASSES:
                self.parameter_count += layer.weights[1]
            else:
                layer.norm, layer.statistics = self.parameter_count, self.statistic_count
                self.parameter_count += 2 * layer.shape[2]
                self.statistic_count += 2 * layer.shape[2]
        self.layers.append(layer)
        if layer.kind <= JOIN:
            if layer.shape[2] % 8:
                raise Unsupported("maps whose channels are no multiple of eight")
            self.shapes.append(layer.shape)
            self.plain.append(layer.kind == JOIN)

    def join(self, other):
        self.put(Layer(JOIN, self.last, self.shapes[-1], other=other))

    def convolution(self, block):
        channels, filters, clamp = self.shapes[-1][2], block["filters"], block.get("clamp", "none")
        kernel, stride, pads, out = window(self.shapes[-1], block)
        if kernel == (1, 1) and stride == 1 and self.layers:
            self.put(Layer(POINTWISE, self.last, (*out, filters), (channels, filters), clamp=clamp))
        elif not self.layers:
            rows = -(-kernel[0] * kernel[1] * channels // 8) * 8
            self.put(Layer(FIRST, self.last, (*out, filters), (rows, filters), kernel, stride, pads, clamp))
        else:
            raise Unsupported("convolutions with a window behind the first layer")

    def depthwise(self, block, clamp):
        channels = self.shapes[-1][2]
        kernel, stride, pads, out = window(self.shapes[-1], block)
        self.put(Layer(DEPTHWISE, self.last, (*out, channels), (kernel[0] * kernel[1], channels), kernel, stride, pads,
                       clamp))

    def add(self, block):
        kind = block["kind"]
        if kind == "conv2d":
            self.convolution(block)
        elif kind == "depthwise_conv2d" and block.get("multiplier", 1) == 1:
            self.depthwise(block, block.get("clamp", "none"))
        elif kind == "inverted_residual":
            source, skips = self.last, self.skips(block)
            if block.get("expansion", 6) > 1:
                self.convolution({"filters": self.shapes[-1][2] * block.get("expansion", 6), "clamp": "relu6"})
            self.depthwise(block, "relu6")
            self.convolution({"filters": block["filters"]})
            if skips:
                self.join(source)
        elif kind == "global_average_pool":
            self.pooled = True
        elif kind == "dense" and getattr(self, "pooled", False):
            self.put(Layer(CLASSES, self.last, (1, 1, block["units"]), (self.shapes[-1][2], block["units"])))
        elif kind not in ("softmax", "logistic"):
            raise Unsupported(f"a {kind}")

    def scores(self):
        """The shape of what the network says of one picture."""
        shape = self.layers[-1].shape
        return shape[2:] if self.layers[-1].kind == CLASSES else shape

    def macs(self):
        total = 0
        for layer in self.layers:
            if layer.weights:
                rows = layer.weights[0]
                if layer.kind == FIRST:
                    rows = layer.kernel[0] * layer.kernel[1] * self.input[2]
                total += int(np.prod(layer.shape)) * rows
        return total

    def numbers(self):
        """How many numbers its layers put out for a picture."""
        return sum(int(np.prod(layer.shape)) for layer in self.layers if layer.weights)

    def initial(self, seed):
        """Parameters, statistics, and which parameters decay."""
        rng = np.random.default_rng(seed)
        parameters = np.zeros(self.parameter_count, np.float32)
        decays = np.zeros(self.parameter_count, np.float32)
        statistics = np.zeros(self.statistic_count, np.float32)
        for layer in self.layers:
            if not layer.weights:
                continue
            rows, columns = layer.weights
            place = slice(layer.parameters, layer.parameters + rows * columns)
            fan_in = rows
            values = rng.normal(0, np.sqrt((1 if layer.clamp == "none" else 2) / fan_in), (rows, columns))
            if layer.kind == FIRST:
                values[layer.kernel[0] * layer.kernel[1] * self.input[2]:] = 0
            parameters[place] = values.ravel()
            decays[place] = layer.kind != DEPTHWISE
            if layer.norm >= 0:
                parameters[layer.norm:layer.norm + layer.shape[2]] = 1
                statistics[layer.statistics + layer.shape[2]:layer.statistics + 2 * layer.shape[2]] = 1
        return parameters, statistics, decays


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


class Engine:
    """A network of one size of batch, ready to run. The arrays are the caller's; many engines can share them."""

    def __init__(self, library, network, batch):
        self.library, self.network, self.batch = library, network, batch
        layers = (Description * len(network.layers))(*(layer.describe() for layer in network.layers))
        self.handle = ctypes.c_void_p(library.engine_new(layers, ctypes.c_int64(len(layers)), ctypes.c_int64(batch),
                                                         *map(ctypes.c_int64, network.input)))
        place = library.engine_pictures(self.handle)
        count = batch * int(np.prod(network.input))
        self.pictures = np.ctypeslib.as_array(ctypes.cast(place, ctypes.POINTER(ctypes.c_uint16)), (count,))
        self.pictures = self.pictures.reshape(batch, *network.input)
        self.answers = np.zeros((batch, *network.scores()), np.float32)

    def forward(self, parameters, statistics, given):
        """The scores of self.pictures; statistics are given, or become those of this batch."""
        self.library.engine_forward(self.handle, pointer(parameters), pointer(statistics), ctypes.c_int32(given),
                                    pointer(self.answers))
        return self.answers

    def backward(self, parameters, gradients, by_scores):
        self.library.engine_backward(self.handle, pointer(parameters), pointer(gradients),
                                     pointer(np.ascontiguousarray(by_scores, np.float32)))

    def close(self):
        self.library.engine_delete(self.handle)


def open_library(path):
    library = ctypes.CDLL(str(path))
    library.engine_new.restype = library.engine_pictures.restype = ctypes.c_void_p
    return library


def to_bf16(values):
    """Numbers as the engine has pictures."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
