"""A trained network as an int8 .tflite: batch normalisation folded, weights by channel, ranges as they were seen."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from .network import CLASSES, DEPTHWISE, FIRST, JOIN, POINTWISE, SCORES

EPSILON = 1e-3  # the engine's, of batch normalisation
NAMES = {"conv": schema.BuiltinOperator.CONV_2D, "depthwise": schema.BuiltinOperator.DEPTHWISE_CONV_2D,
         "add": schema.BuiltinOperator.ADD, "mean": schema.BuiltinOperator.MEAN,
         "dense": schema.BuiltinOperator.FULLY_CONNECTED, "softmax": schema.BuiltinOperator.SOFTMAX,
         "depth_to_space": schema.BuiltinOperator.DEPTH_TO_SPACE}
CLAMPS = {"none": schema.ActivationFunctionType.NONE, "relu": schema.ActivationFunctionType.RELU,
          "relu6": schema.ActivationFunctionType.RELU6}


class AlignedBuffer(schema.BufferT):
    """The schema asks for 16-byte aligned data, which the generated Pack() does not heed."""

    def Pack(self, builder):
        if self.data is not None:
            builder.StartVector(1, len(self.data), 16)
            builder.head -= len(self.data)
            builder.Bytes[builder.Head():builder.Head() + len(self.data)] = self.data
            data = builder.EndVector()
        schema.BufferStart(builder)
        if self.data is not None:
            schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)


def affine(low, high):
    """The scale and zero point of int8 for a range, which zero is in."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = max(high - low, 1e-6) / 255
    return np.float32(scale), int(np.clip(round(-128 - low / scale), -128, 127))


class Writer:
    """A .tflite with one subgraph."""

    def __init__(self):
        self.graph = schema.SubGraphT(tensors=[], inputs=[], outputs=[], operators=[], name="main")
        self.buffers, self.codes = [AlignedBuffer()], []

    def tensor(self, shape, scales, zero=0, data=None, kind=schema.TensorType.INT8, dimension=0):
        buffer = 0
        if data is not None:
            buffer = len(self.buffers)
            self.buffers.append(AlignedBuffer(data=data.tobytes()))
        quantization = None
        if scales is not None:
            scales = np.atleast_1d(np.float32(scales))
            quantization = schema.QuantizationParametersT(scale=scales, zeroPoint=np.full(len(scales), zero, np.int64),
                                                          quantizedDimension=dimension)
        self.graph.tensors.append(schema.TensorT(shape=np.array(shape, np.int32), type=kind, buffer=buffer, name="",
                                                 quantization=quantization))
        return len(self.graph.tensors) - 1

    def operator(self, name, inputs, output, kind, options):
        if name not in self.codes:
            self.codes.append(name)
        self.graph.operators.append(schema.OperatorT(opcodeIndex=self.codes.index(name), inputs=inputs, outputs=[output],
                                                     builtinOptionsType=kind, builtinOptions=options))

    def bytes(self):
        versions = {"conv": 3, "depthwise": 3, "add": 2, "mean": 2, "dense": 4, "softmax": 2, "depth_to_space": 1}
        codes = [schema.OperatorCodeT(deprecatedBuiltinCode=NAMES[name], builtinCode=NAMES[name], version=versions[name])
                 for name in self.codes]
        model = schema.ModelT(version=3, operatorCodes=codes, subgraphs=[self.graph], buffers=self.buffers, description="")
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def folded(layer, parameters, statistics):
    """Weights [rows, channels] and bias of a layer, its normalisation folded in."""
    rows, channels = layer.weights
    weights = parameters[layer.parameters:layer.parameters + rows * channels].reshape(rows, channels)
    if layer.norm < 0:
        end = layer.parameters + rows * channels
        return weights, parameters[end:end + channels]
    gamma, beta = parameters[layer.norm:layer.norm + 2 * channels].reshape(2, channels)
    mean, variance = statistics[layer.statistics:layer.statistics + 2 * channels].reshape(2, channels)
    factor = gamma / np.sqrt(variance + EPSILON)
    return weights * factor, beta - mean * factor


def same(layer, before):
    """Whether the zeros around are those of SAME padding, which VALID has none of."""
    return any((o - 1) * layer.stride + k > s for o, k, s in zip(layer.shape, layer.kernel, before))


def quantise(network, parameters, statistics, ranges, final=None, finish=None):
    """The .tflite. ranges: the least and greatest value of each map; final: of the scores. Where these are a map, finish
    puts behind it what it wants: it is given the writer, the tensor, its quantity and shape, and returns the last tensor."""
    writer = Writer()
    # The picture's bytes less 128.
    quantities = [(np.float32(1 / 128), 0)]
    maps = [writer.tensor((1, *network.input), *quantities[0])]
    writer.graph.inputs = [maps[0]]

    def weigh(source, weights, bias, dimension):
        """Tensors of weights, channels last here, and bias."""
        scales = np.maximum(np.abs(weights).max(0), 1e-6) / 127
        integers = np.clip(np.round(weights / scales), -127, 127).astype(np.int8)
        steps = quantities[source][0] * scales
        whole = np.clip(np.round(bias / steps), -2**30, 2**30).astype(np.int32)
        return integers, scales.astype(np.float32), whole, steps.astype(np.float32), dimension

    def constants(shape, integers, scales, whole, steps, dimension):
        return [writer.tensor(shape, scales, 0, integers, dimension=dimension),
                writer.tensor((len(whole),), steps, 0, whole, schema.TensorType.INT32)]

    def put(shape, quantity):
        quantities.append(quantity)
        maps.append(writer.tensor((1, *shape), *quantity))
        return maps[-1]

    for layer in network.layers:
        before = network.shapes[layer.source]
        if layer.kind in (FIRST, POINTWISE, DEPTHWISE):
            weights, bias = folded(layer, parameters, statistics)
            padding = schema.Padding.SAME if same(layer, before) else schema.Padding.VALID
            options = dict(padding=padding, strideW=layer.stride, strideH=layer.stride, dilationWFactor=1,
                           dilationHFactor=1, fusedActivationFunction=CLAMPS[layer.clamp])
            if layer.kind == DEPTHWISE:
                integers, *rest = weigh(layer.source, weights, bias, 3)
                tensors = constants((1, *layer.kernel, before[2]), integers, *rest)
                kind, options = schema.BuiltinOptions.DepthwiseConv2DOptions, schema.DepthwiseConv2DOptionsT(
                    depthMultiplier=1, **options)
            else:
                taps = layer.kernel[0] * layer.kernel[1] * before[2]
                integers, *rest = weigh(layer.source, weights[:taps], bias, 0)
                tensors = constants((layer.shape[2], *layer.kernel, before[2]), np.ascontiguousarray(integers.T), *rest)
                kind, options = schema.BuiltinOptions.Conv2DOptions, schema.Conv2DOptionsT(**options)
            source = maps[layer.source]
            out = put(layer.shape, affine(*ranges[len(maps)]))
            writer.operator("depthwise" if layer.kind == DEPTHWISE else "conv", [source, *tensors], out, kind, options)
        elif layer.kind == JOIN and layer.other < 0:
            maps.append(maps[layer.source])
            quantities.append(quantities[layer.source])
        elif layer.kind == JOIN:
            inputs = [maps[layer.source], maps[layer.other]]
            out = put(layer.shape, affine(*ranges[len(maps)]))
            writer.operator("add", inputs, out, schema.BuiltinOptions.AddOptions, schema.AddOptionsT(potScaleInt16=True))
        elif layer.kind == CLASSES:
            axes = writer.tensor((2,), None, data=np.array([1, 2], np.int32), kind=schema.TensorType.INT32)
            means = writer.tensor((1, before[2]), *quantities[layer.source])
            writer.operator("mean", [maps[layer.source], axes], means, schema.BuiltinOptions.ReducerOptions,
                            schema.ReducerOptionsT(keepDims=False))
            weights, bias = folded(layer, parameters, statistics)
            # Fully connected layers have one scale for all units.
            scale = max(np.abs(weights).max(), 1e-6) / 127
            step = np.float32(quantities[layer.source][0] * scale)
            tensors = [writer.tensor(weights.T.shape, scale, 0, np.round(weights.T / scale).astype(np.int8)),
                       writer.tensor(bias.shape, step, 0, np.round(bias / step).astype(np.int32), schema.TensorType.INT32)]
            maps.append(writer.tensor((1, weights.shape[1]), *affine(*final)))
            writer.operator("dense", [means, *tensors], maps[-1], schema.BuiltinOptions.FullyConnectedOptions,
                            schema.FullyConnectedOptionsT())
        elif layer.kind == SCORES and finish is not None:
            maps.append(finish(writer, maps[-1], quantities[-1], layer.shape))
    writer.graph.outputs = [maps[-1]]
    return writer.bytes()
