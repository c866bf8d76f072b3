"""Writes small quantised .tflite models straight from the schema.

A ModelBuilder makes one model. Every method that stands for
an operator appends it and returns its output tensor. Weights are random. Output
scales are chosen so that the outputs use most of the int8 range and saturate
only now and then: the unfinished model is run up to the operator's inputs, and
the real-valued result for them gives the range. Any method that invents a scale
takes `out=(scale, zero_point)` to overrule it.
"""

import copy
import dataclasses
import zlib

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

import oracle

TYPES = {
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
    "int32": schema.TensorType.INT32,
    "float32": schema.TensorType.FLOAT32,
    "bool": schema.TensorType.BOOL,
}


@dataclasses.dataclass(eq=False)
class Tensor:
    index: int
    shape: tuple
    dtype: str
    scale: float = None
    zero_point: int = 0
    cases: list = None  # its values in each case, once known

    def range(self):
        low = {"int8": -128, "uint8": 0}[self.dtype]
        return np.array([low - self.zero_point, low + 255 - self.zero_point]) * self.scale


class AlignedBuffer(schema.BufferT):
    """The schema asks for 16-byte aligned data, which the generated Pack() does not heed."""

    def Pack(self, builder):
        if self.data is not None:
            builder.StartVector(1, len(self.data), 16)
            builder.head -= len(self.data)
            builder.Bytes[builder.Head() : builder.Head() + len(self.data)] = self.data
            data = builder.EndVector()
        schema.BufferStart(builder)
        if self.data is not None:
            schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def window_output(size, kernel, stride, dilation, padding):
    """Output height and width of a convolution or pooling."""
    if padding == "SAME":
        return tuple(-(-n // s) for n, s in zip(size, stride))
    return tuple(-(-(n - (k - 1) * d) // s) for n, k, s, d in zip(size, kernel, stride, dilation))


class ModelBuilder:
    def __init__(self, name):
        self.name = name
        self.random = np.random.default_rng(zlib.crc32(name.encode()))
        self.subgraph = schema.SubGraphT(tensors=[], inputs=[], outputs=[], operators=[], name="main")
        self.buffers = [AlignedBuffer()]  # buffer 0 stands for "no data"
        self.operators = []  # builtin operator names, in order
        self.codes = []
        self.inputs = []
        self.others = []  # subgraphs behind the first

    # Tensors

    def tensor(self, shape, dtype="int8", scale=None, zero_point=0, data=None, axis=0):
        """Adds a tensor; `scale` may be a list (then per channel along `axis`)."""
        buffer = 0
        if data is not None:
            buffer = len(self.buffers)
            self.buffers.append(AlignedBuffer(data=np.asarray(data).tobytes()))
        quantization = None
        if scale is not None:
            scales = [float(s) for s in np.ravel(scale)]
            quantization = schema.QuantizationParametersT(
                scale=scales, zeroPoint=[int(zero_point)] * len(scales), quantizedDimension=axis)
        index = len(self.subgraph.tensors)
        self.subgraph.tensors.append(schema.TensorT(
            shape=[int(n) for n in shape], type=TYPES[dtype], buffer=buffer,
            name=f"t{index}", quantization=quantization, hasRank=True))
        return Tensor(index, tuple(int(n) for n in shape), dtype, scale, zero_point)

    def input(self, shape, quant=None, dtype="int8"):
        """A model input. For float32, `quant` is the range to draw values from."""
        if dtype == "float32":
            tensor = self.tensor(shape, dtype)
        else:
            quant = quant or self.some_quant()
            tensor = self.tensor(shape, dtype, quant[0], quant[1])
        tensor.cases = oracle.cases(shape, dtype, quant, self.random)
        self.inputs.append(tensor)
        return tensor

    def some_quant(self):
        return self.random.uniform(0.01, 0.1), int(self.random.integers(-90, 90))

    def integers(self, values):
        """An int32 constant without quantisation: axes, shapes, paddings."""
        values = np.array(values, np.int32)
        return self.tensor(values.shape, "int32", data=values)

    def constant(self, shape, quant=None, values=None):
        """An int8 constant."""
        if values is None:
            values = self.random.integers(-128, 128, shape)
        values = np.asarray(values, np.int8)
        tensor = self.tensor(shape, "int8", *(quant or self.some_quant()), values)
        tensor.cases = [values] * 3
        return tensor

    def stored(self, x):
        """The values of `x` as they are stored, case by case."""
        if x.cases is None:
            inputs = [t.cases for t in self.inputs]
            x.cases = [outputs[0] for outputs in oracle.run(self.model([x]), inputs, 1)]
        return x.cases

    def known(self, operator, inputs, shape, options=None):
        """An operator on integers that are known before the network runs."""
        return self.op(operator, inputs, [self.tensor(shape, "int32")], options)

    def real(self, x):
        """The real values that stand in `x`, case by case."""
        return [(values.astype(float) - x.zero_point) * x.scale for values in self.stored(x)]

    def fitted(self, shape, real, out=None, activation="NONE"):
        """An int8 tensor that holds most of the values in `real`, or with `out` as its quantisation."""
        if out is None:
            clamp = {"NONE": (-np.inf, np.inf), "TANH": (-np.inf, np.inf), "RELU": (0, np.inf), "RELU6": (0, 6), "RELU_N1_TO_1": (-1, 1)}
            low, high = np.quantile(np.ravel(real), [0.005, 0.995])
            low, high = np.clip([min(low, 0), max(high, 0)], *clamp[activation])
            scale = (high - low) / 255 or 1.0  # of zeros alone
            out = scale, int(np.clip(round(-128 - low / scale), -128, 127))
        return self.tensor(shape, "int8", *out)

    def like(self, x, shape):
        """A tensor with the quantisation of `x`, as data movement demands."""
        return self.tensor(shape, x.dtype, x.scale, x.zero_point)

    # Operators

    def op(self, operator, inputs, outputs, options=None):
        code = getattr(schema.BuiltinOperator, operator)
        self.operators.append(operator)
        if code not in self.codes:
            self.codes.append(code)
        node = schema.OperatorT(
            opcodeIndex=self.codes.index(code),
            inputs=[-1 if t is None else t.index for t in inputs],
            outputs=[t.index for t in outputs])
        if options is not None:
            node.builtinOptions = options
            node.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        self.subgraph.operators.append(node)
        return outputs[0] if len(outputs) == 1 else outputs

    def _weighted(self, x, features, spread, shape, axis, weights, weight_scale, bias, reach):
        """Weights with their biases, and two bounds of the real-valued result.

        `spread` brings a list of one number per input feature to the weights'
        shape. `bias`: True for random ones that centre each channel near zero,
        or the integers; None marks the third input as absent with index -1,
        "omitted" leaves only two inputs. `reach` scales the weights so that the
        result goes about that far from zero.
        """
        channels = shape[axis]
        if weights is None:
            weights = self.random.integers(-127, 128, shape)
        weights = np.broadcast_to(np.asarray(weights, np.int8), shape)
        if weight_scale is None:
            # A decade between the channels: every channel has its own multiplier.
            weight_scale = 10 ** self.random.uniform(-3, -2, channels)

        # The result's mean and deviation per channel, in units of weight_scale.
        real = np.reshape(self.real(x), (-1, features))
        others = tuple(i for i in range(len(shape)) if i != axis)
        middle = (weights * spread(real.mean(0))).sum(others)
        deviation = np.sqrt(((weights * spread(real.std(0))) ** 2).sum(others)) + x.scale
        if bias is True:
            bias = (self.random.uniform(-1.5, 1.5, channels) * deviation - middle) / x.scale
        biased = bias is not None and not isinstance(bias, str)
        if biased:
            bias = np.broadcast_to(np.asarray(bias), (channels,)).astype(np.int32)
            middle = middle + bias * x.scale
        bounds = weight_scale * np.array([middle - 2.5 * deviation, middle + 2.5 * deviation])
        if reach is not None:
            stretch = reach / np.abs(bounds).max()
            weight_scale, bounds = weight_scale * stretch, bounds * stretch

        weight_scale = np.float32(weight_scale)
        parameters = [self.tensor(shape, "int8", weight_scale, 0, weights, axis)]
        if biased:
            parameters.append(self.tensor((channels,), "int32", np.float32(x.scale) * weight_scale, 0, bias))
        elif bias is None:
            parameters.append(None)
        return parameters, [bounds.min(), bounds.max()]

    def conv2d(self, x, channels, kernel, stride=1, dilation=1, padding="SAME", activation="NONE",
               bias=True, groups=1, weights=None, weight_scale=None, reach=None, out=None):
        kernel, stride, dilation = pair(kernel), pair(stride), pair(dilation)
        depth = x.shape[3] // groups
        parameters, real = self._weighted(
            x, x.shape[3], lambda v: np.repeat(v.reshape(groups, 1, 1, depth), channels // groups, 0),
            (channels, *kernel, depth), 0, weights, weight_scale, bias, reach)
        size = window_output(x.shape[1:3], kernel, stride, dilation, padding)
        y = self.fitted((x.shape[0], *size, channels), real, out, activation)
        return self.op("CONV_2D", [x, *parameters], [y], schema.Conv2DOptionsT(
            padding=getattr(schema.Padding, padding), strideH=stride[0], strideW=stride[1],
            dilationHFactor=dilation[0], dilationWFactor=dilation[1],
            fusedActivationFunction=getattr(schema.ActivationFunctionType, activation)))

    def depthwise(self, x, kernel, multiplier=1, stride=1, dilation=1, padding="SAME", activation="NONE",
                  bias=True, weights=None, weight_scale=None, reach=None, out=None):
        kernel, stride, dilation = pair(kernel), pair(stride), pair(dilation)
        channels = x.shape[3] * multiplier
        parameters, real = self._weighted(
            x, x.shape[3], lambda v: np.repeat(v, multiplier),
            (1, *kernel, channels), 3, weights, weight_scale, bias, reach)
        size = window_output(x.shape[1:3], kernel, stride, dilation, padding)
        y = self.fitted((x.shape[0], *size, channels), real, out, activation)
        return self.op("DEPTHWISE_CONV_2D", [x, *parameters], [y], schema.DepthwiseConv2DOptionsT(
            padding=getattr(schema.Padding, padding), strideH=stride[0], strideW=stride[1],
            dilationHFactor=dilation[0], dilationWFactor=dilation[1], depthMultiplier=multiplier,
            fusedActivationFunction=getattr(schema.ActivationFunctionType, activation)))

    def fully_connected(self, x, units, activation="NONE", bias=True, keep_num_dims=False,
                        weights=None, weight_scale=0.004, weights_zero_point=0, reach=None, out=None):
        depth = x.shape[-1] if keep_num_dims else int(np.prod(x.shape[1:]))
        parameters, real = self._weighted(
            x, depth, lambda v: v, (units, depth), 0, weights, weight_scale, bias, reach)
        self.subgraph.tensors[parameters[0].index].quantization.zeroPoint[0] = weights_zero_point
        shape = (*x.shape[:-1], units) if keep_num_dims else (x.shape[0], units)
        y = self.fitted(shape, real, out, activation)
        return self.op("FULLY_CONNECTED", [x, *parameters], [y], schema.FullyConnectedOptionsT(
            keepNumDims=keep_num_dims,
            fusedActivationFunction=getattr(schema.ActivationFunctionType, activation)))

    def transpose_conv(self, x, channels, kernel, stride=2, padding="SAME", activation="NONE",
                       bias=True, weights=None, weight_scale=None, out=None, target=None):
        """`target`: a computed tensor that holds the output's shape."""
        kernel, stride = pair(kernel), pair(stride)
        (filters, *biases), real = self._weighted(
            x, x.shape[3], lambda v: v, (channels, *kernel, x.shape[3]), 0, weights, weight_scale, bias, None)
        size = [n * s if padding == "SAME" else (n - 1) * s + k
                for n, s, k in zip(x.shape[1:3], stride, kernel)]
        shape = (x.shape[0], *size, channels)
        y = self.fitted(shape, real, out, activation)
        inputs = [target or self.integers(shape), filters, x, *biases]
        return self.op("TRANSPOSE_CONV", inputs, [y], schema.TransposeConvOptionsT(
            padding=getattr(schema.Padding, padding), strideH=stride[0], strideW=stride[1],
            fusedActivationFunction=getattr(schema.ActivationFunctionType, activation)))

    def _arithmetic(self, operator, function, options, a, b, activation, out):
        real = [function(p, q) for p, q in zip(self.real(a), self.real(b))]
        y = self.fitted(np.broadcast_shapes(a.shape, b.shape), real, out, activation)
        return self.op(operator, [a, b], [y], options(
            fusedActivationFunction=getattr(schema.ActivationFunctionType, activation)))

    def add(self, a, b, activation="NONE", out=None):
        return self._arithmetic("ADD", np.add, schema.AddOptionsT, a, b, activation, out)

    def sub(self, a, b, activation="NONE", out=None):
        return self._arithmetic("SUB", np.subtract, schema.SubOptionsT, a, b, activation, out)

    def mul(self, a, b, activation="NONE", out=None):
        return self._arithmetic("MUL", np.multiply, schema.MulOptionsT, a, b, activation, out)

    def div(self, a, b, activation="NONE", out=None):
        return self._arithmetic("DIV", lambda p, q: p / np.where(q == 0, b.scale, q), schema.DivOptionsT, a, b,
                                activation, out)

    def add_n(self, tensors, out=None):
        real = [sum(values) for values in zip(*map(self.real, tensors))]
        return self.op("ADD_N", tensors, [self.fitted(tensors[0].shape, real, out)], schema.AddNOptionsT())

    def compare(self, a, b, relation):
        """`relation`: EQUAL, LESS ..."""
        options = "".join(word.title() for word in relation.split("_")) + "OptionsT"
        return self.op(relation, [a, b], [self.tensor(np.broadcast_shapes(a.shape, b.shape), "bool")],
                       getattr(schema, options)())

    def select(self, condition, a, b):
        """The output takes `a`'s quantisation, whatever `b`'s is."""
        shape = np.broadcast_shapes(condition.shape, a.shape, b.shape)
        return self.op("SELECT_V2", [condition, a, b], [self.like(a, shape)], schema.SelectV2OptionsT())

    def cast(self, x, dtype, quant=()):
        return self.op("CAST", [x], [self.tensor(x.shape, dtype, *quant)], schema.CastOptionsT())

    def squared_difference(self, a, b, out=None):
        real = [(p - q) ** 2 for p, q in zip(self.real(a), self.real(b))]
        y = self.fitted(np.broadcast_shapes(a.shape, b.shape), real, out)
        return self.op("SQUARED_DIFFERENCE", [a, b], [y], schema.SquaredDifferenceOptionsT())

    def pad(self, x, paddings, value=None):
        """`paddings` per axis: ((before, after), ...); `value` makes it a PADV2."""
        shape = [n + before + after for n, (before, after) in zip(x.shape, paddings)]
        inputs = [x, self.integers(paddings)]
        if value is None:
            return self.op("PAD", inputs, [self.like(x, shape)], schema.PadOptionsT())
        inputs.append(self.constant((), (x.scale, x.zero_point), value))
        return self.op("PADV2", inputs, [self.like(x, shape)], schema.PadV2OptionsT())

    def mirror_pad(self, x, paddings, mode):
        shape = [n + before + after for n, (before, after) in zip(x.shape, paddings)]
        return self.op("MIRROR_PAD", [x, self.integers(paddings)], [self.like(x, shape)],
                       schema.MirrorPadOptionsT(mode=getattr(schema.MirrorPadMode, mode)))

    def _pool(self, operator, x, kernel, stride, padding, activation):
        kernel, stride = pair(kernel), pair(stride)
        size = window_output(x.shape[1:3], kernel, stride, (1, 1), padding)
        y = self.like(x, (x.shape[0], *size, x.shape[3]))
        return self.op(operator, [x], [y], schema.Pool2DOptionsT(
            padding=getattr(schema.Padding, padding), strideH=stride[0], strideW=stride[1],
            filterHeight=kernel[0], filterWidth=kernel[1],
            fusedActivationFunction=getattr(schema.ActivationFunctionType, activation)))

    def average_pool(self, x, kernel, stride=1, padding="SAME", activation="NONE"):
        return self._pool("AVERAGE_POOL_2D", x, kernel, stride, padding, activation)

    def max_pool(self, x, kernel, stride=1, padding="SAME", activation="NONE"):
        return self._pool("MAX_POOL_2D", x, kernel, stride, padding, activation)

    def _reduce(self, operator, function, x, axes, keep_dims, out):
        axes = [axes] if isinstance(axes, int) else list(axes)
        reduced = tuple(axis % len(x.shape) for axis in axes)
        shape = [1 if i in reduced else n for i, n in enumerate(x.shape) if keep_dims or i not in reduced]
        real = [function(values, reduced) for values in self.real(x)]
        y = self.like(x, shape) if out == "same" else self.fitted(shape, real, out)
        return self.op(operator, [x, self.integers(axes)], [y], schema.ReducerOptionsT(keepDims=keep_dims))

    def mean(self, x, axes, keep_dims=True, out=None):
        """`out="same"` keeps the input's quantisation."""
        return self._reduce("MEAN", np.mean, x, axes, keep_dims, out)

    def sum(self, x, axes, keep_dims=True, out=None):
        return self._reduce("SUM", np.sum, x, axes, keep_dims, out)

    def reduce_max(self, x, axes, keep_dims=True):
        return self._reduce("REDUCE_MAX", np.max, x, axes, keep_dims, "same")

    def reduce_min(self, x, axes, keep_dims=True):
        return self._reduce("REDUCE_MIN", np.min, x, axes, keep_dims, "same")

    def cumsum(self, x, axis, exclusive=False, reverse=False, out=None):
        real = [np.cumsum(values, axis) for values in self.real(x)]
        return self.op("CUMSUM", [x, self.integers([axis])], [self.fitted(x.shape, real, out)],
                       schema.CumsumOptionsT(exclusive=exclusive, reverse=reverse))

    def reshape(self, x, shape, target="constant"):
        """`target`: "constant" (a shape tensor and options), "options" alone, or a computed tensor."""
        options = schema.ReshapeOptionsT(newShape=list(shape))
        inputs = [x]
        if target == "constant":
            inputs.append(self.integers(shape))
        elif target != "options":
            inputs.append(target)
            options = None
        size = int(np.prod(x.shape))
        known = -int(np.prod(shape))
        return self.op("RESHAPE", inputs, [self.like(x, [size // known if n < 0 else n for n in shape])], options)

    def squeeze(self, x, dims=()):
        gone = [d % len(x.shape) for d in dims] or [i for i, n in enumerate(x.shape) if n == 1]
        y = self.like(x, [n for i, n in enumerate(x.shape) if i not in gone])
        return self.op("SQUEEZE", [x], [y], schema.SqueezeOptionsT(squeezeDims=list(dims)))

    def expand_dims(self, x, axis):
        y = self.like(x, np.expand_dims(np.empty(x.shape), axis).shape)
        return self.op("EXPAND_DIMS", [x, self.integers([axis])], [y], schema.ExpandDimsOptionsT())

    def shape(self, x):
        return self.op("SHAPE", [x], [self.tensor((len(x.shape),), "int32")],
                       schema.ShapeOptionsT(outType=schema.TensorType.INT32))

    def strided_slice(self, x, begin, end, strides=None, begin_mask=0, end_mask=0, shrink_mask=0):
        strides = strides or [1] * len(begin)
        taken = tuple(
            b if shrink_mask >> i & 1 else
            slice(None if begin_mask >> i & 1 else b, None if end_mask >> i & 1 else e, s)
            for i, (b, e, s) in enumerate(zip(begin, end, strides)))
        y = self.like(x, np.empty(x.shape)[taken].shape)
        return self.op("STRIDED_SLICE", [x, *map(self.integers, (begin, end, strides))], [y],
                       schema.StridedSliceOptionsT(
                           beginMask=begin_mask, endMask=end_mask, shrinkAxisMask=shrink_mask))

    def slice(self, x, begin, size):
        shape = [n - b if s < 0 else s for n, b, s in zip(x.shape, begin, size)]
        return self.op("SLICE", [x, self.integers(begin), self.integers(size)], [self.like(x, shape)],
                       schema.SliceOptionsT())

    def pack(self, tensors, axis=0):
        shape = list(tensors[0].shape)
        shape.insert(axis % (len(shape) + 1), len(tensors))
        return self.op("PACK", tensors, [self.like(tensors[0], shape)],
                       schema.PackOptionsT(valuesCount=len(tensors), axis=axis))

    def unpack(self, x, axis):
        shape = np.delete(x.shape, axis)
        return self.op("UNPACK", [x], [self.like(x, shape) for _ in range(x.shape[axis])],
                       schema.UnpackOptionsT(num=x.shape[axis], axis=axis))

    def split(self, x, parts, axis):
        shape = [n // parts if i == axis % len(x.shape) else n for i, n in enumerate(x.shape)]
        return self.op("SPLIT", [self.integers(axis), x], [self.like(x, shape) for _ in range(parts)],
                       schema.SplitOptionsT(numSplits=parts))

    def split_v(self, x, sizes, axis):
        outputs = [self.like(x, [size if i == axis else n for i, n in enumerate(x.shape)]) for size in sizes]
        return self.op("SPLIT_V", [x, self.integers(sizes), self.integers(axis)], outputs,
                       schema.SplitVOptionsT(numSplits=len(sizes)))

    def concatenation(self, tensors, axis=-1):
        shape = list(tensors[0].shape)
        shape[axis] = sum(t.shape[axis] for t in tensors)
        return self.op("CONCATENATION", tensors, [self.like(tensors[0], shape)],
                       schema.ConcatenationOptionsT(axis=axis))

    def transpose(self, x, order):
        return self.op("TRANSPOSE", [x, self.integers(order)], [self.like(x, [x.shape[i] for i in order])],
                       schema.TransposeOptionsT())

    def gather(self, x, indices, axis):
        shape = np.take(np.empty(x.shape), indices, axis).shape
        return self.op("GATHER", [x, self.integers(indices)], [self.like(x, shape)],
                       schema.GatherOptionsT(axis=axis))

    def gather_nd(self, x, indices):
        shape = np.empty(x.shape)[tuple(np.moveaxis(np.array(indices), -1, 0))].shape
        return self.op("GATHER_ND", [x, self.integers(indices)], [self.like(x, shape)], schema.GatherNdOptionsT())

    def embedding_lookup(self, table, indices):
        return self.op("EMBEDDING_LOOKUP", [self.integers(indices), table],
                       [self.like(table, (len(indices), *table.shape[1:]))])

    def reverse(self, x, axes):
        return self.op("REVERSE_V2", [x, self.integers(axes)], [self.like(x, x.shape)], schema.ReverseV2OptionsT())

    def broadcast_to(self, x, shape):
        return self.op("BROADCAST_TO", [x, self.integers(shape)], [self.like(x, shape)], schema.BroadcastToOptionsT())

    def fill(self, shape, value):
        return self.op("FILL", [self.integers(shape), value], [self.like(value, shape)], schema.FillOptionsT())

    def zeros_like(self, x, quant=None):
        return self.op("ZEROS_LIKE", [x], [self.tensor(x.shape, "int8", *(quant or self.some_quant()))],
                       schema.ZerosLikeOptionsT())

    def dynamic_update_slice(self, x, update, begin):
        return self.op("DYNAMIC_UPDATE_SLICE", [x, update, self.integers(begin)], [self.like(x, x.shape)],
                       schema.DynamicUpdateSliceOptionsT())

    def resize_nearest(self, x, size, align_corners=False, half_pixel_centers=False):
        y = self.like(x, (x.shape[0], *size, x.shape[3]))
        return self.op("RESIZE_NEAREST_NEIGHBOR", [x, self.integers(size)], [y],
                       schema.ResizeNearestNeighborOptionsT(
                           alignCorners=align_corners, halfPixelCenters=half_pixel_centers))

    def resize_bilinear(self, x, size, align_corners=False, half_pixel_centers=False):
        y = self.like(x, (x.shape[0], *size, x.shape[3]))
        return self.op("RESIZE_BILINEAR", [x, self.integers(size)], [y], schema.ResizeBilinearOptionsT(
            alignCorners=align_corners, halfPixelCenters=half_pixel_centers))

    def depth_to_space(self, x, block):
        n, h, w, c = x.shape
        return self.op("DEPTH_TO_SPACE", [x], [self.like(x, (n, h * block, w * block, c // block**2))],
                       schema.DepthToSpaceOptionsT(blockSize=block))

    def space_to_depth(self, x, block):
        n, h, w, c = x.shape
        return self.op("SPACE_TO_DEPTH", [x], [self.like(x, (n, h // block, w // block, c * block**2))],
                       schema.SpaceToDepthOptionsT(blockSize=block))

    def space_to_batch(self, x, block, paddings):
        sizes = [(size + sum(p)) // b for size, p, b in zip(x.shape[1:], paddings, block)]
        return self.op("SPACE_TO_BATCH_ND", [x, self.integers(block), self.integers(paddings)],
                       [self.like(x, (x.shape[0] * int(np.prod(block)), *sizes, x.shape[-1]))],
                       schema.SpaceToBatchNDOptionsT())

    def batch_to_space(self, x, block, crops):
        sizes = [size * b - sum(crop) for size, crop, b in zip(x.shape[1:], crops, block)]
        return self.op("BATCH_TO_SPACE_ND", [x, self.integers(block), self.integers(crops)],
                       [self.like(x, (x.shape[0] // int(np.prod(block)), *sizes, x.shape[-1]))],
                       schema.BatchToSpaceNDOptionsT())

    def maximum(self, a, b):
        return self.op("MAXIMUM", [a, b], [self.like(a, np.broadcast_shapes(a.shape, b.shape))],
                       schema.MaximumMinimumOptionsT())

    def minimum(self, a, b):
        return self.op("MINIMUM", [a, b], [self.like(a, np.broadcast_shapes(a.shape, b.shape))],
                       schema.MaximumMinimumOptionsT())

    def arg_max(self, x, axis, operator="ARG_MAX"):
        options = {"ARG_MAX": schema.ArgMaxOptionsT, "ARG_MIN": schema.ArgMinOptionsT}[operator]
        return self.op(operator, [x, self.integers(axis)], [self.tensor(np.delete(x.shape, axis), "int32")],
                       options(outputType=schema.TensorType.INT32))

    def batch_matmul(self, a, b, adjoint_a=False, adjoint_b=False, out=None):
        def matrices(x, adjoint):
            return [v.swapaxes(-1, -2) if adjoint else v for v in self.real(x)]

        real = [p @ q for p, q in zip(matrices(a, adjoint_a), matrices(b, adjoint_b))]
        return self.op("BATCH_MATMUL", [a, b], [self.fitted(real[0].shape, real, out)],
                       schema.BatchMatMulOptionsT(adjX=adjoint_a, adjY=adjoint_b))

    def _elementwise(self, operator, function, inputs, out=None, options=None):
        real = [function(*values) for values in zip(*map(self.real, inputs))]
        return self.op(operator, inputs, [self.fitted(real[0].shape, real, out)], options)

    def relu(self, x, out=None):
        """Without `out` it keeps the input's quantisation."""
        return self.op("RELU", [x], [self.fitted(x.shape, [], out) if out else self.like(x, x.shape)])

    def relu6(self, x):
        return self.op("RELU6", [x], [self.like(x, x.shape)])

    def leaky_relu(self, x, alpha, out=None):
        return self._elementwise("LEAKY_RELU", lambda v: np.where(v < 0, alpha * v, v), [x], out,
                                 schema.LeakyReluOptionsT(alpha=alpha))

    def prelu(self, x, slopes, out=None):
        """`slopes` may be the shape of constant ones."""
        if isinstance(slopes, tuple):
            slopes = self.constant(slopes, (0.006, -20))
        return self._elementwise("PRELU", lambda v, slope: np.where(v < 0, slope * v, v), [x, slopes], out)

    def hard_swish(self, x, out=None):
        return self._elementwise("HARD_SWISH", lambda v: v * np.clip(v + 3, 0, 6) / 6, [x], out,
                                 schema.HardSwishOptionsT())

    def elu(self, x, out=None):
        return self._elementwise("ELU", lambda v: np.where(v < 0, np.expm1(v), v), [x], out)

    def absolute(self, x, out=None):
        return self._elementwise("ABS", np.abs, [x], out, schema.AbsOptionsT())

    def rsqrt(self, x, out=None):
        """`x` must have nothing below zero."""
        return self._elementwise("RSQRT", lambda v: 1 / np.sqrt(np.maximum(v, x.scale)), [x], out)

    def l2_normalization(self, x, quant=(1 / 128, 0)):
        return self.op("L2_NORMALIZATION", [x], [self.tensor(x.shape, "int8", *quant)], schema.L2NormOptionsT())

    def log_softmax(self, x):
        return self.op("LOG_SOFTMAX", [x], [self.tensor(x.shape, "int8", 1 / 16, 127)], schema.LogSoftmaxOptionsT())

    def softmax(self, x, beta=1.0):
        return self.op("SOFTMAX", [x], [self.tensor(x.shape, "int8", 1 / 256, -128)],
                       schema.SoftmaxOptionsT(beta=beta))

    def logistic(self, x):
        return self.op("LOGISTIC", [x], [self.tensor(x.shape, "int8", 1 / 256, -128)])

    def tanh(self, x):
        return self.op("TANH", [x], [self.tensor(x.shape, "int8", 1 / 128, 0)])

    def quantize(self, x, quant, dtype="int8"):
        return self.op("QUANTIZE", [x], [self.tensor(x.shape, dtype, *quant)],
                       schema.QuantizeOptionsT())

    def dequantize(self, x):
        return self.op("DEQUANTIZE", [x], [self.tensor(x.shape, "float32")], schema.DequantizeOptionsT())

    def negate(self, x):
        return self.op("NEG", [x], [self.tensor(x.shape, "float32")], schema.NegOptionsT())

    def square(self, x):
        return self.op("SQUARE", [x], [self.tensor(x.shape, "float32")], schema.SquareOptionsT())

    # The model

    def subgraph_of(self, outputs):
        """A copy of the subgraph so far, with these outputs."""
        self.subgraph.inputs = [t.index for t in self.inputs]
        self.subgraph.outputs = [t.index for t in outputs]
        return copy.deepcopy(self.subgraph)

    def model(self, outputs):
        """The model so far, with these outputs."""
        subgraph = self.subgraph_of(outputs)
        # Readers older than the wide operator codes look at the narrow field, capped at 127.
        codes = [schema.OperatorCodeT(deprecatedBuiltinCode=min(c, 127), builtinCode=c, version=1)
                 for c in self.codes]
        model = schema.ModelT(version=3, description=self.name, operatorCodes=codes,
                              subgraphs=[subgraph, *self.others], buffers=self.buffers)
        builder = flatbuffers.Builder(4096)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())
