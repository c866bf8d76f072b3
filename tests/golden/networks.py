"""The table of golden models: each name and the function that builds it.

The oracle refuses, or falls over, so the table has none of:
  DEPTHWISE_CONV_2D with its bias marked absent by index -1
  QUANTIZE from float32 to uint8
and leaves the padding of SPACE_TO_BATCH_ND unset, so it has none padded.
"""

import numpy as np

from builder import ModelBuilder, schema

MODELS = {}


def model(function):
    """Registers a function of a builder, which returns the model's outputs."""
    assert function.__name__ not in MODELS, function.__name__
    MODELS[function.__name__] = function
    return function


def near_ties(input_scale, weight_scale, output_scale):
    """16 accumulators that become about k + 1/2 after scaling.

    The nearest few integers on either side of the tie tell apart multipliers
    that differ by one part in 2**24, as when scales are multiplied as floats.
    """
    scales = np.float32([input_scale, weight_scale, output_scale]).astype(float)
    halves = np.linspace(-110, 110, 16).round() + 0.5
    return np.rint(halves / (scales[0] * scales[1] / scales[2])) + np.resize([-5, -3, -2, -1, 0, 1, 2, 4], 16)


# Two scales and the float next to their product, below it or above: where it stands for a scale, a multiplier is a
# simple fraction if it is computed with floats, and products are ties.
FLOAT_BELOW_PRODUCT = 0.0371, 0.042300012, 0.0015693303
FLOAT_ABOVE_PRODUCT = 0.0371, 0.0423, 0.00156933
# Likewise two scales of which the first is three quarters of the second as floats, and in truth a little less.
THREE_QUARTERS = 0.027825009, 0.037100013


def variants(operator):
    """A function that registers models of one input and this one operator."""

    def register(name, shape, *args, quant=None, **options):
        assert name not in MODELS, name
        MODELS[name] = lambda b: operator(b, b.input(shape, quant), *args, **options)

    return register


# CONV_2D

conv2d = variants(ModelBuilder.conv2d)
conv2d("conv2d_1x1", (1, 6, 5, 3), 4, 1)
conv2d("conv2d_1x1_stride2", (1, 7, 6, 4), 5, 1, stride=2)
conv2d("conv2d_3x3_same", (1, 7, 6, 3), 4, 3)
conv2d("conv2d_3x3_valid", (1, 7, 6, 3), 4, 3, padding="VALID")
conv2d("conv2d_stride2_same_even", (1, 8, 8, 3), 4, 3, stride=2)
conv2d("conv2d_stride2_same_odd", (1, 9, 7, 3), 4, 3, stride=2)
conv2d("conv2d_stride2_valid", (1, 8, 7, 3), 4, 3, stride=2, padding="VALID")
conv2d("conv2d_stride_1x2", (1, 7, 8, 2), 3, 3, stride=(1, 2))
conv2d("conv2d_stride_3x1", (1, 10, 5, 2), 3, 3, stride=(3, 1))
conv2d("conv2d_stride_over_kernel", (1, 9, 9, 2), 3, 2, stride=3)
conv2d("conv2d_2x2_same", (1, 5, 6, 2), 3, 2)
conv2d("conv2d_5x3_same", (1, 8, 6, 2), 3, (5, 3))
conv2d("conv2d_5x3_valid", (1, 8, 6, 2), 3, (5, 3), padding="VALID")
conv2d("conv2d_kernel_over_image", (1, 3, 3, 2), 3, 5)
conv2d("conv2d_whole_image_valid", (1, 5, 4, 3), 6, (5, 4), padding="VALID")
conv2d("conv2d_dilated_same", (1, 9, 8, 2), 3, 3, dilation=2)
conv2d("conv2d_dilated_valid", (1, 9, 8, 2), 3, 3, dilation=2, padding="VALID")
conv2d("conv2d_dilation_2x3", (1, 9, 10, 2), 3, 3, dilation=(2, 3))
conv2d("conv2d_dilated_stride2", (1, 9, 8, 2), 3, 3, dilation=2, stride=2)
conv2d("conv2d_3_to_8", (1, 6, 6, 3), 8, 3)
conv2d("conv2d_7_to_5", (1, 5, 6, 7), 5, 3)
conv2d("conv2d_16_to_16", (1, 5, 5, 16), 16, 3)
conv2d("conv2d_1x1_16_to_9", (1, 4, 5, 16), 9, 1)
conv2d("conv2d_one_in_channel", (1, 8, 7, 1), 6, 3)
conv2d("conv2d_one_out_channel", (1, 6, 7, 5), 1, 3)
conv2d("conv2d_row", (1, 1, 12, 3), 4, (1, 4))
conv2d("conv2d_batch2", (2, 5, 6, 2), 3, 3)
conv2d("conv2d_no_bias", (1, 6, 5, 3), 4, 3, bias=None)
conv2d("conv2d_no_bias_input", (1, 6, 5, 3), 4, 3, bias="omitted")
conv2d("conv2d_per_tensor_weights", (1, 6, 5, 3), 4, 3, weight_scale=0.005)
conv2d("conv2d_relu", (1, 6, 7, 3), 4, 3, activation="RELU")
conv2d("conv2d_relu_inside_range", (1, 6, 7, 3), 4, 3, activation="RELU", reach=16, out=(0.11, -17))
conv2d("conv2d_relu6", (1, 6, 7, 3), 4, 3, activation="RELU6", reach=9)
conv2d("conv2d_relu6_inside_range", (1, 6, 7, 3), 4, 3, activation="RELU6", reach=9, out=(0.06, -33))
conv2d("conv2d_relu_n1_to_1", (1, 6, 7, 3), 4, 3, activation="RELU_N1_TO_1", reach=2)
conv2d("conv2d_relu_n1_to_1_inside_range", (1, 6, 7, 3), 4, 3, activation="RELU_N1_TO_1", reach=2, out=(0.011, 21))
conv2d("conv2d_weights_low", (1, 6, 5, 3), 3, 3, weights=-127)
conv2d("conv2d_weights_high", (1, 6, 5, 3), 3, 3, weights=127)
conv2d("conv2d_weights_minus_128", (1, 6, 5, 3), 3, 3, weights=-128)
conv2d("conv2d_zero_point_low", (1, 6, 5, 3), 4, 3, quant=(0.02, -128))
conv2d("conv2d_zero_point_high", (1, 6, 5, 3), 4, 3, quant=(0.02, 127))
conv2d("conv2d_output_zero_point_low", (1, 6, 5, 3), 4, 3, reach=12, out=(0.05, -128))
conv2d("conv2d_output_zero_point_high", (1, 6, 5, 3), 4, 3, reach=12, out=(0.05, 127))
# The multiplier is weight_scale here: the other scales are 1. Powers of two,
# one that rounds up to the next power of two, several above 1, and some so
# small that only a large bias shows, or nothing at all.
conv2d("conv2d_multipliers_above_1", (1, 6, 5, 1), 5, 1, quant=(1.0, 3), out=(1.0, -5),
       weights=[[[[1]]], [[[-1]]], [[[2]]], [[[1]]], [[[-3]]]], bias=[0, 3, -7, 1, 2],
       weight_scale=[1.0, 1.37, 2.0, 3.9, 0.99999997])
conv2d("conv2d_multipliers_tiny", (1, 6, 5, 2), 6, 3, quant=(1.0, -11), out=(1.0, 9),
       bias=[0, 40_000_000, -110_000_000, 2_000_000_000, -2_000_000_000, 2_000_000_000],
       weight_scale=[2.0**-10, 1e-6, 1e-6, 2.0**-25, 2.0**-31, 1e-11])
# Every second, eighth ... accumulator is a tie.
conv2d("conv2d_multipliers_tie", (1, 8, 7, 1), 5, 1, quant=(1.0, 3), out=(1.0, -5),
       weights=[[[[1]]], [[[-1]]], [[[3]]], [[[-5]]], [[[127]]]], bias=[0, 3, -7, 1, 2],
       weight_scale=[0.5, 0.5, 0.125, 0.25, 2.0**-8])
# A saturated multiply of the largest accumulators.
conv2d("conv2d_saturated", (1, 5, 5, 16), 2, 3, quant=(1.0, 127), out=(1.0, 0),
       weights=127, weight_scale=[0.9, 1.9])
conv2d("conv2d_multipliers_precise", (1, 1, 2, 1), 16, 1, quant=(0.0371, 5), out=(0.0423, 1),
       weights=0, weight_scale=1.015e-6, bias=near_ties(0.0371, 1.015e-6, 0.0423))
conv2d("conv2d_grouped_2", (1, 6, 5, 4), 6, 3, groups=2)
conv2d("conv2d_grouped_3_stride2", (1, 7, 6, 6), 3, 3, groups=3, stride=2)


@model
def conv2d_twice(b):
    x = b.conv2d(b.input((1, 8, 7, 2)), 5, 3, stride=2, activation="RELU")
    return b.conv2d(x, 4, 3)


# DEPTHWISE_CONV_2D

depthwise = variants(ModelBuilder.depthwise)
depthwise("depthwise_3x3_same", (1, 7, 6, 5), 3)
depthwise("depthwise_3x3_valid", (1, 7, 6, 5), 3, padding="VALID")
depthwise("depthwise_stride2_same_even", (1, 8, 8, 4), 3, stride=2)
depthwise("depthwise_stride2_same_odd", (1, 9, 7, 4), 3, stride=2)
depthwise("depthwise_stride2_valid", (1, 8, 7, 4), 3, stride=2, padding="VALID")
depthwise("depthwise_stride_2x1", (1, 8, 7, 3), 3, stride=(2, 1))
depthwise("depthwise_multiplier2", (1, 6, 7, 3), 3, 2)
depthwise("depthwise_multiplier3_stride2", (1, 7, 8, 2), 3, 3, stride=2)
depthwise("depthwise_one_channel_multiplier8", (1, 7, 6, 1), 3, 8)
depthwise("depthwise_one_channel", (1, 7, 6, 1), 3)
depthwise("depthwise_9_channels", (1, 5, 6, 9), 3)
depthwise("depthwise_16_channels", (1, 5, 5, 16), 3)
depthwise("depthwise_1x1", (1, 5, 6, 4), 1)
depthwise("depthwise_2x2_same", (1, 5, 6, 4), 2)
depthwise("depthwise_5x5", (1, 7, 8, 3), 5)
depthwise("depthwise_5x5_stride2", (1, 8, 9, 3), 5, stride=2)
depthwise("depthwise_7x7", (1, 8, 7, 2), 7)
depthwise("depthwise_dilated_same", (1, 9, 8, 3), 3, dilation=2)
depthwise("depthwise_dilated_valid", (1, 9, 8, 3), 3, dilation=2, padding="VALID")
depthwise("depthwise_no_row_inside", (1, 1, 8, 5), (4, 1), dilation=(2, 1))
depthwise("depthwise_4x1_valid", (1, 10, 1, 3), (4, 1), padding="VALID")
depthwise("depthwise_1x5_same", (1, 1, 12, 3), (1, 5))
depthwise("depthwise_10x4_multiplier8_stride2", (1, 12, 6, 1), (10, 4), 8, stride=2)
depthwise("depthwise_global_valid", (1, 4, 5, 3), (4, 5), padding="VALID")
depthwise("depthwise_batch2", (2, 5, 6, 2), 3)
depthwise("depthwise_relu", (1, 6, 7, 4), 3, activation="RELU")
depthwise("depthwise_relu6", (1, 6, 7, 4), 3, activation="RELU6", reach=9)
depthwise("depthwise_relu6_inside_range", (1, 6, 7, 4), 3, activation="RELU6", reach=9, out=(0.06, 4))
depthwise("depthwise_no_bias_input", (1, 6, 5, 3), 3, bias="omitted")
depthwise("depthwise_per_tensor_weights", (1, 6, 5, 3), 3, weight_scale=0.005)
depthwise("depthwise_weights_low", (1, 6, 5, 3), 3, weights=-127)
depthwise("depthwise_zero_point_low", (1, 6, 5, 3), 3, quant=(0.02, -128))
depthwise("depthwise_zero_point_high", (1, 6, 5, 3), 3, quant=(0.02, 127))
depthwise("depthwise_multipliers_tiny", (1, 6, 5, 4), 3, quant=(1.0, -11), out=(1.0, 9),
          bias=[0, 40_000_000, 2_000_000_000, -2_000_000_000], weight_scale=[2.0**-10, 1e-6, 2.0**-31, 1e-11])
depthwise("depthwise_multipliers_precise", (1, 1, 2, 1), 1, 16, quant=(0.0371, 5), out=(0.0423, 1),
          weights=0, weight_scale=1.015e-6, bias=near_ties(0.0371, 1.015e-6, 0.0423))

# FULLY_CONNECTED

fully_connected = variants(ModelBuilder.fully_connected)
fully_connected("fully_connected", (1, 11), 6)
fully_connected("fully_connected_16_to_16", (1, 16), 16)
fully_connected("fully_connected_one_unit", (5, 13), 1)
fully_connected("fully_connected_rank4", (1, 4, 3, 2), 5)
fully_connected("fully_connected_rows", (4, 7), 5)
fully_connected("fully_connected_keep_num_dims", (1, 6, 8), 5, keep_num_dims=True)
fully_connected("fully_connected_keep_num_dims_rank4", (1, 3, 2, 6), 4, keep_num_dims=True)
fully_connected("fully_connected_no_bias", (1, 12), 6, bias=None)
fully_connected("fully_connected_no_bias_input", (1, 12), 6, bias="omitted")
fully_connected("fully_connected_relu", (3, 12), 9, activation="RELU")
fully_connected("fully_connected_relu6", (3, 12), 9, activation="RELU6", reach=9)
fully_connected("fully_connected_relu_n1_to_1", (3, 12), 9, activation="RELU_N1_TO_1", reach=2)
fully_connected("fully_connected_per_channel", (3, 12), 7, weight_scale=None)
fully_connected("fully_connected_weights_low", (1, 12), 4, weights=-127)
fully_connected("fully_connected_zero_point_low", (1, 12), 6, quant=(0.02, -128))
fully_connected("fully_connected_zero_point_high", (1, 12), 6, quant=(0.02, 127))
fully_connected("fully_connected_multiplier_above_1", (4, 4), 5, quant=(1.0, 3), out=(1.0, -5),
                weights=[[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, -1], [1, 0, -1, 0], [0, 1, 0, 0]],
                bias=[0, 3, -7, 1, 2], weight_scale=1.71)
fully_connected("fully_connected_multiplier_tiny", (2, 8), 4, quant=(1.0, 3), out=(1.0, -5),
                bias=[0, 40_000_000, -50_000_000, 100_000_000], weight_scale=1e-6)
fully_connected("fully_connected_multiplier_precise", (2, 1), 16, quant=(0.0371, 5), out=(0.0423, 1),
                weights=0, weight_scale=1.015e-6, bias=near_ties(0.0371, 1.015e-6, 0.0423))
fully_connected("fully_connected_per_channel_precise", (2, 1), 16, quant=(0.0371, 5), out=(0.0423, 1),
                weights=0, weight_scale=np.full(16, 1.015e-6), bias=near_ties(0.0371, 1.015e-6, 0.0423))
fully_connected("fully_connected_asymmetric", (3, 12), 7, weights_zero_point=9)
fully_connected("fully_connected_asymmetric_relu", (3, 12), 7, activation="RELU", weights_zero_point=-128)
fully_connected("fully_connected_tanh", (3, 12), 9, activation="TANH")


# ADD, SUB, MUL

def arithmetic(name, operator, shape_a, shape_b, quant_a=None, quant_b=None, **options):
    """Two inputs and this operator between them."""
    assert name not in MODELS, name
    MODELS[name] = lambda b: operator(b, b.input(shape_a, quant_a), b.input(shape_b, quant_b), **options)


for word, operator in (("add", ModelBuilder.add), ("sub", ModelBuilder.sub), ("mul", ModelBuilder.mul)):
    arithmetic(f"{word}_same_shape", operator, (1, 5, 4, 3), (1, 5, 4, 3))
    arithmetic(f"{word}_rank2", operator, (2, 13), (2, 13))
    arithmetic(f"{word}_broadcast_channels", operator, (1, 5, 4, 3), (1, 1, 1, 3))
    arithmetic(f"{word}_broadcast_first", operator, (1, 1, 1, 3), (1, 5, 4, 3))
    arithmetic(f"{word}_relu", operator, (1, 5, 4, 3), (1, 5, 4, 3), (0.05, -4), (0.04, 13), activation="RELU")
    arithmetic(f"{word}_relu6", operator, (1, 5, 4, 3), (1, 5, 4, 3), (0.05, -4), (0.04, 13),
               activation="RELU6")
    arithmetic(f"{word}_relu_n1_to_1", operator, (1, 5, 4, 3), (1, 5, 4, 3), (0.012, 5), (0.015, -9),
               activation="RELU_N1_TO_1")
    arithmetic(f"{word}_scales_apart", operator, (1, 5, 4, 3), (1, 5, 4, 3), (0.9, -30), (0.004, 20))
    arithmetic(f"{word}_zero_points_at_ends", operator, (1, 5, 4, 3), (1, 5, 4, 3), (0.03, -128), (0.02, 127))
    arithmetic(f"{word}_equal_scales", operator, (1, 5, 4, 3), (1, 5, 4, 3), (0.05, 3), (0.05, 3), out=(0.05, 3))
    MODELS[f"{word}_constant_second"] = lambda b, operator=operator: operator(
        b, b.input((1, 5, 4, 3)), b.constant((1, 5, 4, 3)))
    MODELS[f"{word}_constant_first"] = lambda b, operator=operator: operator(
        b, b.constant((1, 5, 4, 3)), b.input((1, 5, 4, 3)))
    MODELS[f"{word}_constant_channels"] = lambda b, operator=operator: operator(
        b, b.input((1, 5, 4, 3)), b.constant((3,)))
    MODELS[f"{word}_constant_scalar"] = lambda b, operator=operator: operator(
        b, b.input((1, 5, 4, 3)), b.constant((), (0.06, -3), 41))
    MODELS[f"{word}_constant_scalar_first"] = lambda b, operator=operator: operator(
        b, b.constant((), (0.06, -3), 41), b.input((1, 5, 4, 3)))

# SUB reads its operands as ADD does.
for word, operator in (("add", ModelBuilder.add), ("mul", ModelBuilder.mul)):
    arithmetic(f"{word}_broadcast_plane", operator, (1, 5, 4, 3), (1, 5, 4, 1))
    arithmetic(f"{word}_broadcast_row", operator, (1, 5, 4, 3), (1, 1, 4, 3))
    arithmetic(f"{word}_broadcast_both", operator, (1, 5, 1, 3), (1, 1, 4, 1))
    arithmetic(f"{word}_broadcast_rank1", operator, (1, 5, 4, 3), (3,))
    arithmetic(f"{word}_broadcast_one", operator, (1, 5, 4, 3), (1,))

# Each operand smaller than the result, on different axes.
PAIRS = {
    "add": ModelBuilder.add,
    "sub": ModelBuilder.sub,
    "mul": ModelBuilder.mul,
    "maximum": ModelBuilder.maximum,
    "minimum": ModelBuilder.minimum,
    "squared_difference": ModelBuilder.squared_difference,
}
CROSSED = {
    "outer": ((2, 1, 1, 3), (1, 2, 1, 3)),
    "rows": ((2, 1, 4, 3), (3, 1, 3)),
    "4axes": ((2, 3, 4, 5), (5,)),
    "4axes_first": ((3, 1, 1), (2, 3, 4, 2)),
    "every_second": ((2, 1, 3, 1), (1, 4, 1, 2)),
    "5axes": ((2, 1, 3, 1, 2), (1, 4, 1, 2, 1)),
    "6axes": ((2, 1, 2, 1, 3, 2), (1, 3, 2, 2, 1, 2)),
    "6axes_rank": ((2, 2, 1, 3, 1, 2), (3, 1, 2, 1)),
}
for word, operator in PAIRS.items():
    quants = ((0.05, 4), (0.05, 4)) if word in ("maximum", "minimum") else (None, None)
    for name, shapes in CROSSED.items():
        if word in ("add", "mul") or name in ("outer", "rows", "5axes", "6axes"):
            arithmetic(f"{word}_crossed_{name}", operator, *shapes, *quants)


@model
def add_crossed_inside(b):
    """Rows of both operands are wanted again and again, between layers that can be streamed."""
    x = b.conv2d(b.input((1, 6, 5, 2)), 3, 3, stride=(1, 5))
    y = b.conv2d(b.input((1, 5, 7, 2)), 3, 3, stride=(5, 1))
    return b.conv2d(b.mul(b.add(x, y), y), 2, 3)


# Half of the sums and differences, a quarter of the products: many ties.
for word, operator in (("add", ModelBuilder.add), ("sub", ModelBuilder.sub)):
    arithmetic(f"{word}_ties", operator, (1, 5, 4, 3), (1, 5, 4, 3), (0.1, 3), (0.1, -4), out=(0.2, 2))


@model
def mul_ties(b):
    few = b.constant((8,), (0.3, -5), [-8, -7, -6, -5, -4, -3, -2, -9])
    return b.mul(b.input((1, 4, 3, 8), (0.1, 3)), few, out=(0.12, 1))


@model
def add_twice_the_same(b):
    x = b.input((1, 5, 4, 3))
    return b.add(x, x)


@model
def mul_square(b):
    x = b.input((1, 5, 4, 3), (0.03, -20))
    return b.mul(x, x, out=(0.06, -128))


@model
def add_residual(b):
    x = b.input((1, 6, 5, 4), (0.05, -12))
    return b.add(x, b.conv2d(x, 4, 3, reach=8), activation="RELU")


# PAD

pad = variants(ModelBuilder.pad)
pad("pad_height_width", (1, 4, 5, 3), ((0, 0), (1, 2), (2, 1), (0, 0)))
pad("pad_all_axes", (1, 3, 4, 2), ((1, 0), (2, 1), (0, 3), (1, 2)))
pad("pad_channels", (1, 4, 3, 2), ((0, 0), (0, 0), (0, 0), (0, 3)))
pad("pad_nothing", (1, 4, 3, 2), ((0, 0), (0, 0), (0, 0), (0, 0)))
pad("pad_rank2", (3, 5), ((1, 0), (2, 3)))
pad("pad_zero_point_low", (1, 4, 5, 2), ((0, 0), (1, 1), (1, 1), (0, 0)), quant=(0.02, -128))
pad("padv2", (1, 4, 5, 3), ((0, 0), (1, 2), (2, 1), (0, 0)), value=-77)

SURROUND = ((0, 0), (1, 1), (1, 1), (0, 0))
BELOW_RIGHT = ((0, 0), (0, 1), (0, 1), (0, 0))


@model
def pad_conv2d_valid(b):
    return b.conv2d(b.pad(b.input((1, 6, 5, 3)), SURROUND), 4, 3, padding="VALID")


@model
def pad_conv2d_valid_stride2_uneven(b):
    x = b.pad(b.input((1, 8, 6, 3)), BELOW_RIGHT)
    return b.conv2d(x, 4, 3, stride=2, padding="VALID", activation="RELU6", reach=9)


@model
def pad_max_pool_lowest(b):
    """What is added never is the largest."""
    return b.max_pool(b.pad(b.input((1, 6, 5, 3), (0.02, -128)), SURROUND), 3, 2, "VALID")


@model
def pad_max_pool_zero_point(b):
    return b.max_pool(b.pad(b.input((1, 6, 5, 3), (0.02, -9)), SURROUND), 3, 2, "VALID")


@model
def pad_nothing_max_pool(b):
    """Layers that leave every byte where it is, between others."""
    x = b.relu(b.pad(b.input((1, 6, 5, 3), (0.02, -128)), ((0, 0), (0, 0), (0, 0), (0, 0))))
    x = b.transpose(b.max_pool(b.quantize(x, (0.02, -128)), 2, 2), (1, 0, 2, 3))
    return b.slice(x, (0, 0, 0, 0), (-1, -1, -1, -1))


@model
def pad_conv2d_same(b):
    return b.conv2d(b.pad(b.input((1, 5, 6, 2)), SURROUND), 3, 3)


@model
def pad_channels_conv2d_valid(b):
    return b.conv2d(b.pad(b.input((1, 5, 6, 2)), ((0, 0), (1, 1), (1, 1), (0, 1))), 3, 3, padding="VALID")


@model
def pad_depthwise_valid_stride2_uneven(b):
    x = b.pad(b.input((1, 8, 6, 4)), BELOW_RIGHT)
    return b.depthwise(x, 3, stride=2, padding="VALID", activation="RELU6", reach=9)


@model
def pad_depthwise_wider_than_kernel(b):
    return b.depthwise(b.pad(b.input((1, 4, 3, 2)), ((0, 0), (4, 0), (0, 5), (0, 0))), 3, padding="VALID")


@model
def pad_feeds_two_conv2d(b):
    x = b.pad(b.input((1, 5, 6, 2)), SURROUND)
    return [b.conv2d(x, 3, 3, padding="VALID"), b.conv2d(x, 2, 3, stride=2, padding="VALID")]


@model
def pad_is_an_output_too(b):
    x = b.pad(b.input((1, 4, 5, 2)), SURROUND)
    return [b.conv2d(x, 3, 3, padding="VALID"), x]


@model
def pad_over_dying_rows(b):
    """Below the rows that it puts zeros around, which die meanwhile, there are only zeros."""
    return b.pad(b.conv2d(b.conv2d(b.input((1, 9, 2, 5)), 17, 3), 17, 3), ((0, 0), (1, 2), (2, 2), (0, 0)))


@model
def pad_max_pool(b):
    return b.max_pool(b.pad(b.input((1, 6, 7, 3)), SURROUND), 3, 2, "VALID")


@model
def pad_average_pool(b):
    return b.average_pool(b.pad(b.input((1, 6, 7, 3)), SURROUND), 3, 2, "VALID")


# Several samples

conv2d("conv2d_batch3_valid", (3, 6, 5, 2), 3, 3, stride=2, padding="VALID")
conv2d("conv2d_tanh", (1, 6, 5, 2), 3, 3, activation="TANH")
variants(ModelBuilder.average_pool)("average_pool_batch2", (2, 6, 5, 3), 2, 2)
variants(ModelBuilder.max_pool)("max_pool_batch2", (2, 6, 5, 3), 3, 1, "VALID")
variants(ModelBuilder.transpose_conv)("transpose_conv_batch2", (2, 3, 4, 2), 3, 3)
variants(ModelBuilder.resize_nearest)("resize_nearest_batch2", (2, 3, 4, 2), (5, 8))
variants(ModelBuilder.resize_bilinear)("resize_bilinear_batch2", (2, 3, 4, 2), (6, 7))
variants(ModelBuilder.depth_to_space)("depth_to_space_batch2", (2, 3, 4, 8), 2)
variants(ModelBuilder.space_to_depth)("space_to_depth_batch2", (2, 4, 6, 3), 2)


@model
def network_batch2(b):
    x = b.conv2d(b.input((2, 8, 7, 2)), 4, 3, stride=2, activation="RELU")
    x = b.max_pool(b.depthwise(x, 3), 2, 2, "VALID")
    return b.fully_connected(b.mean(x, (1, 2), keep_dims=False), 3)


# AVERAGE_POOL_2D, MAX_POOL_2D

for word, operator in (("average_pool", ModelBuilder.average_pool), ("max_pool", ModelBuilder.max_pool)):
    pool = variants(operator)
    pool(f"{word}_2x2_stride2", (1, 6, 8, 3), 2, 2, "VALID")
    pool(f"{word}_2x2_stride2_same_odd", (1, 7, 5, 3), 2, 2)
    pool(f"{word}_2x2_stride2_valid_odd", (1, 7, 5, 3), 2, 2, "VALID")
    pool(f"{word}_3x3_same", (1, 6, 5, 4), 3)
    pool(f"{word}_3x3_stride2_same", (1, 7, 6, 3), 3, 2)
    pool(f"{word}_3x3_valid", (1, 6, 7, 2), 3, 1, "VALID")
    pool(f"{word}_2x4_stride_1x3", (1, 6, 10, 2), (2, 4), (1, 3))
    pool(f"{word}_global", (1, 5, 7, 6), (5, 7), 1, "VALID")
    pool(f"{word}_row", (1, 1, 12, 3), (1, 4), (1, 4), "VALID")
    pool(f"{word}_relu", (1, 6, 5, 3), 2, 2, activation="RELU", quant=(0.05, -20))
    pool(f"{word}_relu6", (1, 6, 5, 3), 2, 2, activation="RELU6", quant=(0.05, -20))
    pool(f"{word}_relu_n1_to_1", (1, 6, 5, 3), 2, 1, activation="RELU_N1_TO_1", quant=(0.02, 7))

# MEAN, SUM, REDUCE_MAX

mean = variants(ModelBuilder.mean)
mean("mean_height_width", (1, 5, 6, 9), (1, 2))
mean("mean_height_width_drop_dims", (1, 5, 6, 4), (1, 2), keep_dims=False)
mean("mean_width_height", (1, 5, 6, 4), (2, 1))
mean("mean_negative_axes", (1, 5, 6, 4), (-3, -2))
mean("mean_equal_quantisation", (1, 5, 6, 9), (1, 2), out="same")
mean("mean_equal_quantisation_drop_dims", (1, 5, 6, 4), (1, 2), keep_dims=False, out="same")
mean("mean_equal_scale_other_zero_point", (1, 5, 6, 4), (1, 2), quant=(0.04, 30), out=(0.04, -50))
mean("mean_coarser_output", (1, 5, 6, 9), (1, 2), quant=(0.02, 30), out=(0.031, 12))
mean("mean_single_element", (1, 1, 1, 9), (1, 2), quant=(0.02, 30), out=(0.023, 12))
mean("mean_of_two_equal_quantisation", (1, 2, 6, 5), 1, out="same")
mean("mean_of_two_half_scale", (1, 2, 6, 5), 1, quant=(0.1, -9), out=(0.2, 4))
mean("mean_large_plane", (1, 20, 22, 3), (1, 2), quant=(0.04, 30), out=(0.011, -7))
mean("mean_large_plane_equal_quantisation", (1, 21, 20, 2), (1, 2), out="same")
mean("mean_zero_point_low", (1, 5, 6, 4), (1, 2), quant=(0.02, -128), out=(0.013, -128))
mean("mean_height", (1, 5, 6, 4), 1)
mean("mean_width", (1, 5, 6, 4), 2, keep_dims=False)
mean("mean_channels", (1, 5, 6, 4), 3)
mean("mean_channels_equal_quantisation", (1, 5, 6, 4), 3, out="same")
mean("mean_channels_drop_dims", (1, 5, 6, 4), -1, keep_dims=False)
mean("mean_all_but_batch", (1, 5, 3, 4), (1, 2, 3), keep_dims=False)
mean("mean_rank3", (1, 8, 5), 1, keep_dims=False)
mean("mean_rank2", (3, 10), 1)
mean("mean_batch2", (2, 4, 5, 3), (1, 2))

total = variants(ModelBuilder.sum)
total("sum_height_width", (1, 5, 6, 9), (1, 2), quant=(0.02, 30), out=(0.4, -20))
total("sum_height_width_drop_dims", (1, 5, 6, 4), (1, 2), keep_dims=False)
total("sum_channels", (1, 5, 6, 4), 3)
total("sum_equal_quantisation", (1, 2, 5, 4), 1, quant=(0.05, -2), out="same")

reduce_max = variants(ModelBuilder.reduce_max)
reduce_max("reduce_max_height_width", (1, 5, 6, 4), (1, 2))
reduce_max("reduce_max_channels", (1, 5, 6, 4), 3, keep_dims=False)

# SOFTMAX

softmax = variants(ModelBuilder.softmax)
softmax("softmax_2", (1, 2))
softmax("softmax_10", (1, 10))
softmax("softmax_50", (1, 50))
softmax("softmax_one", (1, 1))
softmax("softmax_rows", (4, 7))
softmax("softmax_rank4", (1, 3, 4, 5))
softmax("softmax_beta_half", (1, 12), beta=0.5)
softmax("softmax_beta_3", (1, 12), beta=3.0)
softmax("softmax_flat_scale", (1, 12), quant=(0.001, 5))
softmax("softmax_steep_scale", (1, 12), quant=(1.2, -100))

# RESHAPE

reshape = variants(ModelBuilder.reshape)
reshape("reshape_constant", (1, 4, 3, 2), (1, 24))
reshape("reshape_unknown", (1, 4, 3, 2), (-1, 6))
reshape("reshape_options_only", (1, 4, 3, 2), (1, 24), target="options")
reshape("reshape_options_unknown", (1, 4, 3, 2), (1, -1), target="options")


@model
def reshape_after_conv2d(b):
    x = b.conv2d(b.input((1, 5, 6, 2)), 3, 3, stride=2, padding="VALID")
    return b.fully_connected(b.reshape(x, (1, 12)), 4)


def keras_reshape(b, x, *sizes):
    """Reshape as Keras exports it: the batch size is read from the input at run time."""
    batch = b.strided_slice(b.shape(x), [0], [1], [1], shrink_mask=1)
    target = b.pack([batch, *map(b.integers, sizes)])
    return b.reshape(x, (x.shape[0], *sizes), target)


@model
def reshape_keras_flatten(b):
    return keras_reshape(b, b.input((1, 4, 3, 2)), 24)


@model
def reshape_keras(b):
    x = keras_reshape(b, b.input((1, 24)), 4, 3, 2)
    return b.conv2d(x, 3, 3)


@model
def reshape_scalar(b):
    """To no axes at all, of which the list is empty."""
    x = b.conv2d(b.input((1, 3, 3, 2)), 1, 3, padding="VALID")
    return b.op("RESHAPE", [x, b.integers([])], [b.like(x, ())], schema.ReshapeOptionsT(newShape=[]))


@model
def reshape_weights(b):
    """A constant with one scale becomes weights with one for each channel."""
    x = b.input((1, 6, 5, 4))
    weights = b.tensor((3, 1, 2, 4), "int8", [0.004, 0.002, 0.008])
    b.op("RESHAPE", [b.constant((24,), (0.01, 0)), b.integers(weights.shape)], [weights])
    return b.op("CONV_2D", [x, weights], [b.tensor((1, 6, 5, 3), "int8", 0.05, 3)],
                schema.Conv2DOptionsT(strideH=1, strideW=1))


@model
def reshape_constant_output(b):
    """A constant that is reshaped and used, and leaves the network twice."""
    y = b.reshape(b.constant((12,)), (1, 3, 2, 2))
    return [b.add(b.input((1, 3, 2, 2)), y), y, y]


@model
def tensors_unused(b):
    """Tensors of no operator may be of any kind."""
    b.tensor((0,), "int32")
    b.tensor((2, 3, 0), "float32")
    b.tensor((1,) * 8)
    x = b.input((1, 4, 3, 2))
    return b.add(x, x)


@model
def subgraph_unused(b):
    """A second subgraph that nothing calls."""
    x = b.input((1, 4, 3, 2))
    y = b.add(x, x)
    b.others.append(b.subgraph_of([y]))
    return y


@model
def shape_concatenated(b):
    """Reshape with a shape of a part that is read and a part that is known."""
    x = b.conv2d(b.input((1, 4, 3, 2)), 3, 3)
    batch = b.strided_slice(b.shape(x), [0], [1], [1])
    target = b.known("CONCATENATION", [batch, b.integers([36])], (2,), schema.ConcatenationOptionsT(axis=0))
    return b.reshape(x, (1, 36), target)


@model
def shape_multiplied(b):
    """Twice as large, whatever the size."""
    x = b.input((1, 4, 3, 2))
    sizes = b.shape(x)
    batch, height, width = (b.strided_slice(sizes, [i], [i + 1], [1], shrink_mask=1) for i in range(3))
    height, width = (b.known("MUL", [n, b.integers(2)], (), schema.MulOptionsT()) for n in (height, width))
    return b.transpose_conv(x, 3, 3, target=b.pack([batch, height, width, b.integers(3)]))


@model
def shape_arithmetic(b):
    """All that can be computed with integers, and comes to the result's shape."""
    x = b.input((1, 4, 3, 2))
    sizes = b.known("MUL", [b.shape(x), b.integers([1, 2, 2, 2])], (4,), schema.MulOptionsT())
    sizes = b.known("SUB", [sizes, b.integers([1, 0, 0, 2])], (4,), schema.SubOptionsT())
    one = b.known("FILL", [b.integers([1]), b.integers(1)], (1,), schema.FillOptionsT())
    ones = b.known("BROADCAST_TO", [one, b.integers([4])], (4,), schema.BroadcastToOptionsT())
    sizes = b.known("MAXIMUM", [sizes, ones], (4,), schema.MaximumMinimumOptionsT())
    sizes = b.known("ADD", [sizes, b.integers([0, 0, 0, 1])], (4,), schema.AddOptionsT())
    sizes = b.known("SQUARED_DIFFERENCE", [sizes, b.integers([0] * 4)], (4,))
    sizes = b.known("DIV", [sizes, b.integers([1, 8, 6, 3])], (4,), schema.DivOptionsT())
    sizes = b.known("MINIMUM", [sizes, b.integers([9] * 4)], (4,), schema.MaximumMinimumOptionsT())
    sizes = b.reshape(b.known("CAST", [sizes], (4,), schema.CastOptionsT()), (1, 4))
    sizes = b.squeeze(b.slice(sizes, [0, 0], [1, 4]), (0,))
    return b.transpose_conv(x, 3, 3, target=sizes)


@model
def shape(b):
    x = b.input((1, 4, 3, 2))
    return [b.shape(x), b.relu(x)]


squeeze = variants(ModelBuilder.squeeze)
squeeze("squeeze_all", (1, 4, 1, 5))
squeeze("squeeze_dims", (1, 1, 4, 1), (1, 3))
squeeze("squeeze_negative_dim", (1, 4, 1, 5), (-2,))

expand_dims = variants(ModelBuilder.expand_dims)
expand_dims("expand_dims_1", (1, 6, 4), 1)
expand_dims("expand_dims_last", (1, 6, 4), -1)

# LOGISTIC, TANH, RELU, RELU6, LEAKY_RELU, PRELU, HARD_SWISH: element by
# element, so with enough elements to meet most of the 256 values.

logistic = variants(ModelBuilder.logistic)
logistic("logistic", (1, 16, 20), quant=(0.047, 3))
logistic("logistic_flat_scale", (1, 16, 10), quant=(0.004, -50))
logistic("logistic_steep_scale", (1, 16, 10), quant=(0.4, 77))
tanh = variants(ModelBuilder.tanh)
tanh("tanh", (1, 16, 20), quant=(0.023, -9))
tanh("tanh_flat_scale", (1, 16, 10), quant=(0.003, 60))
tanh("tanh_steep_scale", (1, 16, 10), quant=(0.3, -77))
relu = variants(ModelBuilder.relu)
relu("relu", (1, 5, 6, 3), quant=(0.05, -13))
relu("relu_other_scale", (1, 5, 6, 3), quant=(0.05, -13), out=(0.031, -128))
relu("relu_coarser_scale", (1, 5, 6, 3), quant=(0.05, 20), out=(0.083, -60))
relu("relu_half_scale", (1, 5, 6, 3), quant=(0.1, 21), out=(0.2, -31))
relu6 = variants(ModelBuilder.relu6)
relu6("relu6", (1, 5, 6, 3), quant=(0.06, -13))
relu6("relu6_finer_scale", (1, 5, 6, 3), quant=(0.03, -100))
leaky_relu = variants(ModelBuilder.leaky_relu)
leaky_relu("leaky_relu", (1, 16, 10), 0.2)
leaky_relu("leaky_relu_small_slope", (1, 16, 10), 0.01, quant=(0.05, 40))
leaky_relu("leaky_relu_equal_scale", (1, 16, 10), 0.3, quant=(0.05, 4), out=(0.05, 4))
leaky_relu("leaky_relu_ties", (1, 16, 10), 0.1, quant=(THREE_QUARTERS[0], 3), out=(THREE_QUARTERS[1], -20))
leaky_relu("leaky_relu_half_slope", (1, 16, 10), 0.5, quant=(0.1, 4), out=(0.1, 4))
leaky_relu("leaky_relu_negative_slope", (1, 16, 10), -0.5, quant=(0.05, 4), out=(0.04, -60))
prelu = variants(ModelBuilder.prelu)
prelu("prelu", (1, 5, 6, 3), (1, 1, 3))
prelu("prelu_full_slope", (1, 4, 3, 2), (4, 3, 2))
prelu("prelu_one_slope", (1, 4, 3, 2), (1, 1, 1))
arithmetic("prelu_slopes", ModelBuilder.prelu, (1, 4, 3, 2), (1, 4, 3, 2), (0.05, 9), (0.006, -20))
arithmetic("prelu_crossed_outer", ModelBuilder.prelu, (2, 1, 1, 3), (1, 2, 1, 3), (0.05, 9), (0.006, -20))
arithmetic("prelu_crossed_5axes", ModelBuilder.prelu, (2, 1, 3, 1, 2), (1, 4, 1, 2, 1), (0.05, 9), (0.006, -20))
hard_swish = variants(ModelBuilder.hard_swish)
hard_swish("hard_swish", (1, 16, 20), quant=(0.04, 5))
hard_swish("hard_swish_coarse", (1, 16, 10), quant=(0.2, -30))
hard_swish("hard_swish_fine", (1, 16, 10), quant=(0.008, 20))
hard_swish("hard_swish_finer_output", (1, 16, 10), quant=(0.04, 5), out=(0.011, -70))
# Of the output's multiplier the reference keeps 15 bits: a tie as floats, less in truth.
hard_swish("hard_swish_ties", (1, 16, 20), quant=(0.21429954, 39), out=(0.23917872, 32))
# The coarsest multiplier that there is.
hard_swish("hard_swish_nearly_one", (1, 16, 20), quant=(0.99999994, -100), out=(1 / 128, -128))


# CONCATENATION

def concatenation(name, shapes, axis):
    assert name not in MODELS, name
    MODELS[name] = lambda b: b.concatenation([b.input(shape, (0.05, -7)) for shape in shapes], axis)


concatenation("concatenation_channels", [(1, 4, 5, 3), (1, 4, 5, 2)], 3)
concatenation("concatenation_negative_axis", [(1, 4, 5, 3), (1, 4, 5, 2)], -1)
concatenation("concatenation_height", [(1, 2, 5, 3), (1, 3, 5, 3)], 1)
concatenation("concatenation_width", [(1, 4, 2, 3), (1, 4, 5, 3)], 2)
concatenation("concatenation_3_inputs", [(1, 4, 5, 3), (1, 4, 5, 1), (1, 4, 5, 4)], 3)
concatenation("concatenation_rank2", [(2, 5), (2, 3)], 1)
concatenation("concatenation_height_of_samples", [(2, 2, 5, 3), (2, 3, 5, 3)], 1)
concatenation("concatenation_inside_5axes", [(1, 2, 1, 3, 4), (1, 2, 2, 3, 4), (1, 2, 1, 3, 4)], 2)


@model
def concatenation_constant(b):
    return b.concatenation([b.constant((1, 4, 5, 2), (0.05, -7)), b.input((1, 4, 5, 3), (0.05, -7))])


@model
def concatenation_constant_of_samples(b):
    x = b.relu(b.input((2, 3, 4, 2), (0.05, -7)))
    return b.concatenation([x, b.constant((2, 1, 4, 2), (0.05, -7)), x], 1)


@model
def concatenation_twice_the_same(b):
    x = b.input((1, 3, 4, 2))
    return b.concatenation([x, x], 2)


@model
def concatenation_of_conv2d(b):
    x = b.input((1, 5, 6, 2))
    out = (0.04, 6)
    return b.concatenation([b.conv2d(x, 3, 1, reach=5, out=out),
                            b.conv2d(x, 2, 3, activation="RELU", reach=5, out=out)])


# STRIDED_SLICE, TRANSPOSE

strided_slice = variants(ModelBuilder.strided_slice)
strided_slice("strided_slice", (1, 6, 7, 3), [0, 1, 2, 0], [1, 5, 6, 2])
strided_slice("strided_slice_strides", (1, 7, 8, 3), [0, 1, 0, 0], [1, 7, 8, 3], [1, 2, 3, 1])
strided_slice("strided_slice_masks", (1, 6, 7, 3), [0, 2, 3, 1], [0, 0, 5, 0], begin_mask=0b0101, end_mask=0b1011)
strided_slice("strided_slice_negative_indices", (1, 6, 7, 3), [0, -4, 1, -2], [1, -1, -2, 3])
strided_slice("strided_slice_end_beyond", (1, 6, 7, 3), [0, 2, 3, 0], [1, 99, 99, 3])
strided_slice("strided_slice_reversed", (1, 5, 6, 2), [0, 0, 0, 0], [1, 0, 0, 2], [1, -1, -2, 1],
              begin_mask=0b0110, end_mask=0b0110)
strided_slice("strided_slice_shrink_axis", (1, 6, 7, 3), [0, 2, 1, 0], [1, 3, 6, 3], shrink_mask=0b0010)
strided_slice("strided_slice_shrink_last", (1, 6, 7, 3), [0, 0, 0, 1], [1, 6, 7, 2], shrink_mask=0b1000)
strided_slice("strided_slice_rank2", (2, 11), [0, 3], [2, 10], [1, 2])

transpose = variants(ModelBuilder.transpose)
transpose("transpose_channels_first", (1, 4, 5, 3), (0, 3, 1, 2))
transpose("transpose_channels_last", (1, 4, 5, 3), (0, 2, 3, 1))
transpose("transpose_height_width", (1, 4, 5, 3), (0, 2, 1, 3))
transpose("transpose_reversed", (2, 3, 4, 5), (3, 2, 1, 0))
transpose("transpose_identity", (1, 4, 3, 2), (0, 1, 2, 3))
transpose("transpose_rank2", (4, 7), (1, 0))
transpose("transpose_rank3", (3, 4, 5), (1, 2, 0))


@model
def transpose_some_rows(b):
    """Of rows that are made all at once, a few are read."""
    x = b.transpose(b.conv2d(b.input((1, 5, 8, 3)), 3, 1), (0, 2, 1, 3))
    return b.conv2d(b.slice(x, [0, 3, 0, 0], [1, 3, -1, -1]), 2, 2)


# RESIZE_NEAREST_NEIGHBOR, RESIZE_BILINEAR

for word, operator in (("resize_nearest", ModelBuilder.resize_nearest),
                       ("resize_bilinear", ModelBuilder.resize_bilinear)):
    resize = variants(operator)
    resize(f"{word}_x2", (1, 4, 5, 2), (8, 10))
    resize(f"{word}_x2_half_pixel_centers", (1, 4, 5, 2), (8, 10), half_pixel_centers=True)
    resize(f"{word}_x2_align_corners", (1, 4, 5, 2), (8, 10), align_corners=True)
    resize(f"{word}_uneven", (1, 4, 5, 2), (7, 9))
    resize(f"{word}_uneven_half_pixel_centers", (1, 4, 5, 2), (7, 9), half_pixel_centers=True)
    resize(f"{word}_uneven_align_corners", (1, 4, 5, 2), (7, 9), align_corners=True)
    resize(f"{word}_down", (1, 9, 8, 2), (4, 3))
    resize(f"{word}_down_half_pixel_centers", (1, 9, 8, 2), (4, 3), half_pixel_centers=True)
    resize(f"{word}_down_align_corners", (1, 9, 8, 2), (4, 3), align_corners=True)
    resize(f"{word}_from_one_pixel", (1, 1, 1, 4), (3, 4))
    resize(f"{word}_to_one_pixel", (1, 4, 3, 4), (1, 1))

# QUANTIZE, DEQUANTIZE

@model
def quantize_float(b):
    return b.quantize(b.input((1, 4, 5, 2), (-4, 3), "float32"), (0.025, 17))


@model
def quantize_float_ties(b):
    # Steps of a quarter of the scale: half of the values lie halfway between two.
    return b.quantize(b.input((1, 4, 64), (-32, 31.75), "float32"), (0.5, 3))


@model
def quantize_float_twice(b):
    x = b.input((1, 4, 5, 2), (-4, 3), "float32")
    return b.maximum(b.relu(b.quantize(x, (0.025, 17)), out=(0.025, 17)), b.quantize(x, (0.025, 17)))


@model
def quantize_float_to_two_scales(b):
    x = b.input((1, 4, 5, 2), (-4, 3), "float32")
    return b.add(b.quantize(x, (0.025, 17)), b.quantize(x, (0.05, -10)))


@model
def input_unread(b):
    x, _, _ = b.input((1, 4, 5, 2)), b.input((1, 3, 3, 1)), b.input((1, 7), (-4, 3), "float32")
    return b.conv2d(x, 3, 3)


@model
def quantize_rescale(b):
    return b.quantize(b.input((1, 4, 5, 3), (0.05, 10)), (0.083, -21))


@model
def quantize_rescale_finer(b):
    return b.quantize(b.input((1, 4, 5, 3), (0.05, 10)), (0.021, -21))


@model
def quantize_rescale_half(b):
    return b.quantize(b.input((1, 4, 5, 6), (0.1, 10)), (0.2, -21))


@model
def quantize_uint8_to_int8(b):
    return b.quantize(b.input((1, 4, 5, 3), (0.05, 138), "uint8"), (0.05, 10))


@model
def quantize_uint8_to_int8_rescale(b):
    return b.quantize(b.input((1, 4, 5, 3), (0.05, 138), "uint8"), (0.071, -40))


@model
def quantize_int8_to_uint8(b):
    return b.quantize(b.input((1, 4, 5, 3), (0.05, 10)), (0.05, 138), "uint8")


@model
def quantize_int8_to_uint8_rescale(b):
    return b.quantize(b.input((1, 4, 5, 3), (0.05, 10)), (0.071, 88), "uint8")


@model
def quantize_float_transposed(b):
    """Channels first, as PyTorch has them."""
    x = b.quantize(b.transpose(b.input((1, 2, 6, 5), (-1.2, 1.1), "float32"), (0, 2, 3, 1)), (0.0086, -3))
    return b.conv2d(x, 3, 3)


@model
def quantize_float_reshaped(b):
    x = b.reshape(b.transpose(b.input((1, 60), (-1.2, 1.1), "float32"), (1, 0)), (1, 5, 6, 2))
    return b.conv2d(b.quantize(x, (0.0086, -3)), 3, 3)


@model
def quantize_uint8_reshaped(b):
    x = b.reshape(b.input((1, 60), (0.01, 128), "uint8"), (1, 5, 6, 2))
    return b.conv2d(b.quantize(x, (0.01, 0)), 3, 3)


@model
def dequantize_transposed_quantize(b):
    """Back to floats only to be moved."""
    x = b.conv2d(b.input((1, 5, 6, 2)), 3, 3)
    y = b.transpose(b.dequantize(x), (0, 2, 1, 3))
    return b.conv2d(b.quantize(y, (x.scale, x.zero_point)), 2, 3)


@model
def dequantize_quantize_other_scale(b):
    return b.quantize(b.dequantize(b.input((1, 16, 16), (0.05, 10))), (0.083, -21))


@model
def negate(b):
    return b.quantize(b.negate(b.dequantize(b.input((1, 16, 16), (0.05, 10)))), (0.05, -11))


@model
def negate_other_scale(b):
    return b.quantize(b.negate(b.dequantize(b.input((1, 16, 16), (0.05, 10)))), (0.083, -21))


@model
def negate_twice_moved(b):
    x = b.transpose(b.negate(b.dequantize(b.input((1, 5, 6, 2)))), (0, 2, 1, 3))
    return b.conv2d(b.quantize(b.negate(b.reshape(x, (1, 10, 6, 1))), (0.021, 4)), 2, 3)


@model
def negate_float_output(b):
    return b.negate(b.dequantize(b.input((1, 4, 5, 3))))


@model
def square(b):
    return b.quantize(b.square(b.dequantize(b.input((1, 16, 16), (0.05, 10)))), (0.15, -128))


@model
def square_to_two_scales(b):
    x = b.square(b.negate(b.dequantize(b.conv2d(b.input((1, 6, 6, 2)), 3, 3))))
    return b.add(b.quantize(x, (0.05, -100)), b.quantize(x, (0.01, -128)))


@model
def network_normalized(b):
    """Normalisation over channels as Keras 3 has it, with the mean taken off behind the scaling."""
    x = b.conv2d(b.input((1, 6, 6, 2)), 8, 3)
    mean = b.mean(x, (3,), keep_dims=True)
    square = b.quantize(b.square(b.dequantize(x)), (0.01, -128))
    variance = b.sub(b.mean(square, (3,), keep_dims=True), b.mul(mean, mean), out=(0.01, -128))
    by = b.rsqrt(variance, (0.05, -128))
    minus = b.quantize(b.negate(b.dequantize(mean)), (mean.scale, -1 - mean.zero_point))
    return b.add(b.mul(x, by), b.mul(minus, by))


@model
def input_is_an_output(b):
    x = b.input((1, 5, 6, 2))
    return [b.conv2d(x, 3, 3), x]


@model
def dequantize(b):
    return b.dequantize(b.input((1, 4, 5, 3)))


@model
def dequantize_uint8(b):
    return b.dequantize(b.input((1, 4, 5, 3), dtype="uint8"))


@model
def network_float_io(b):
    x = b.quantize(b.input((1, 6, 6, 2), (-1.2, 1.1), "float32"), (0.0086, -3))
    x = b.conv2d(x, 4, 3, stride=2, activation="RELU")
    return b.dequantize(b.fully_connected(b.mean(x, (1, 2), keep_dims=False), 3))


@model
def network_uint8_io(b):
    x = b.quantize(b.input((1, 6, 6, 2), (1 / 255, 0), "uint8"), (1 / 255, -128))
    x = b.softmax(b.fully_connected(b.conv2d(x, 3, 3, stride=2, activation="RELU"), 5, reach=4))
    return b.quantize(x, (1 / 256, 0), "uint8")


# Neighbours of the operators above

for word, operator in (("maximum", ModelBuilder.maximum), ("minimum", ModelBuilder.minimum)):
    arithmetic(f"{word}_same_shape", operator, (1, 4, 5, 3), (1, 4, 5, 3), (0.05, 4), (0.05, 4))
    arithmetic(f"{word}_broadcast_channels", operator, (1, 4, 5, 3), (1, 1, 1, 3), (0.05, 4), (0.05, 4))

arithmetic("squared_difference", ModelBuilder.squared_difference, (1, 4, 5, 3), (1, 4, 5, 3),
           (0.03, 4), (0.02, -30))
# Of DIV the oracle shifts by less than 0 or more than 31 bits where quotients are coarse: what comes of that is not
# defined, so all but one have fine ones. What is divided by zero has an answer, too.
arithmetic("div_same_shape", ModelBuilder.div, (1, 5, 4, 3), (1, 5, 4, 3), (0.05, 4), (0.03, -128), out=(0.02, -9))
arithmetic("div_signs", ModelBuilder.div, (1, 16, 16), (1, 16, 16), (0.05, 4), (0.03, 9), out=(0.011, -3))
arithmetic("div_broadcast", ModelBuilder.div, (1, 5, 1, 3), (1, 4, 1), (0.05, -20), (0.03, -128), out=(0.005, 1))
arithmetic("div_crossed_5axes", ModelBuilder.div, (2, 1, 3, 1, 2), (1, 4, 1, 2, 1), (0.05, -20), (0.03, -128),
           out=(0.015, -80))
arithmetic("div_relu6", ModelBuilder.div, (1, 5, 4, 3), (1, 5, 4, 3), (0.05, 4), (0.03, -128), out=(0.025, -128),
           activation="RELU6")
arithmetic("div_scales_apart", ModelBuilder.div, (1, 5, 4, 3), (1, 5, 4, 3), (0.9, -30), (0.004, -128), out=(2.0, 5))
arithmetic("div_coarse", ModelBuilder.div, (1, 5, 4, 3), (1, 5, 4, 3), (0.05, 4), (0.03, -128), out=(0.5, -9))


@model
def div_ties(b):
    first, second, product = FLOAT_ABOVE_PRODUCT
    return b.div(b.input((1, 4, 8, 2), (64 * product, 3)), b.constant((2,), (first, -128), (0, -64)), out=(second, 1))


MODELS["div_constant"] = lambda b: b.div(b.input((1, 5, 4, 3)), b.constant((3,), (0.01, -9), (-90, 50, 127)),
                                         out=(0.02, 7))
MODELS["div_by_one_input"] = lambda b: b.div(b.constant((), (0.02, -3), 41), b.input((1, 5, 4, 3), (0.05, -128)),
                                             out=(0.0031, -7))


def add_n(name, count, **options):
    assert name not in MODELS, name
    MODELS[name] = lambda b: b.add_n([b.input((1, 4, 5, 3), (0.05, -7)) for _ in range(count)], **options)


add_n("add_n_2", 2)
add_n("add_n_3", 3)
add_n("add_n_5_coarse", 5, out=(0.31, 12))
add_n("add_n_3_ties", 3, out=(0.1, -7))

for word in ("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"):
    name = word.lower()
    arithmetic(name, ModelBuilder.compare, (1, 6, 8, 6), (1, 6, 8, 6), (0.05, 4), (0.05, 4), relation=word)
    arithmetic(f"{name}_other_scale", ModelBuilder.compare, (1, 16, 16), (1, 16, 16), (0.05, 4), (0.025, -20),
               relation=word)
    arithmetic(f"{name}_broadcast", ModelBuilder.compare, (1, 5, 1, 7), (1, 9, 1), (0.05, 4), (0.1, 1), relation=word)
arithmetic("less_tiny_scales", ModelBuilder.compare, (1, 16, 16), (1, 16, 16), (1e-4, 4), (1.5e-4, 4), relation="LESS")
arithmetic("equal_tiny_scales", ModelBuilder.compare, (1, 16, 16), (1, 16, 16), (1e-5, 0), (2e-5, 0), relation="EQUAL")
MODELS["greater_constant"] = lambda b: b.compare(b.input((1, 5, 6, 3)), b.constant((), (0.06, -3), 11), "GREATER")


def where(name, condition, a, b, quants=((0.05, 4), (0.05, 4))):
    """The larger of two compared decides which of two others comes through."""
    assert name not in MODELS, name

    def build(m):
        compared = m.compare(m.input(condition, (0.05, 3)), m.constant((1,), (0.05, 3), 9), "GREATER")
        return m.select(compared, m.input(a, quants[0]), m.input(b, quants[1]))

    MODELS[name] = build


where("select", (1, 5, 4, 3), (1, 5, 4, 3), (1, 5, 4, 3))
where("select_broadcast_condition", (1, 5, 4, 1), (1, 5, 4, 3), (1, 5, 4, 3))
where("select_broadcast_all", (5, 1, 1), (4, 1), (1, 3))
where("select_scalar", (1, 5, 4, 3), (1, 5, 4, 3), (1,))
where("select_other_scales", (1, 5, 4, 3), (1, 5, 4, 3), (1, 5, 4, 3), ((0.05, 4), (0.02, -9)))
where("select_5axes", (2, 1, 3, 1, 2), (1, 4, 1, 2, 1), (2,))


@model
def select_constants(b):
    x = b.input((1, 5, 4, 3))
    mask = b.compare(x, b.constant((), (0.05, 0), 3), "LESS")
    return b.select(mask, b.constant((3,), (0.05, 4)), b.constant((), (0.05, 4), -100))


@model
def select_masks_maps(b):
    """A mask used twice, among layers that can be streamed."""
    x = b.conv2d(b.input((1, 9, 7, 2)), 3, 3)
    mask = b.compare(x, b.constant((1, 1, 3), (0.05, 0)), "GREATER_EQUAL")
    x = b.select(mask, x, b.constant((), (x.scale, x.zero_point), x.zero_point))
    return [b.conv2d(x, 2, 3), b.cast(mask, "int8", (1.0, 0))]


MODELS["cast_int8"] = lambda b: b.cast(b.input((1, 4, 5, 3)), "int8", (0.3, 9))
MODELS["cast_to_float"] = lambda b: b.cast(b.input((1, 4, 5, 3)), "float32")
MODELS["cast_to_bool"] = lambda b: b.cast(b.relu(b.input((1, 4, 5, 3), (0.05, 0))), "bool")
MODELS["cast_bool_to_float"] = lambda b: b.cast(
    b.compare(b.input((1, 4, 5, 3)), b.input((1, 4, 5, 3)), "LESS"), "float32")

arithmetic("batch_matmul", ModelBuilder.batch_matmul, (2, 4, 6), (2, 6, 3))
arithmetic("batch_matmul_adjoint", ModelBuilder.batch_matmul, (1, 4, 6), (1, 3, 6), adjoint_b=True)
arithmetic("batch_matmul_adjoint_first", ModelBuilder.batch_matmul, (2, 6, 4), (2, 6, 3), adjoint_a=True)
arithmetic("batch_matmul_adjoint_both", ModelBuilder.batch_matmul, (2, 6, 4), (2, 3, 6),
           adjoint_a=True, adjoint_b=True)
arithmetic("batch_matmul_rank2", ModelBuilder.batch_matmul, (5, 7), (7, 3))
arithmetic("batch_matmul_rank4", ModelBuilder.batch_matmul, (1, 2, 5, 4), (1, 2, 4, 5))
arithmetic("batch_matmul_broadcast_first", ModelBuilder.batch_matmul, (4, 6), (3, 6, 2))
arithmetic("batch_matmul_broadcast_second", ModelBuilder.batch_matmul, (3, 4, 6), (1, 6, 2))
arithmetic("batch_matmul_broadcast_both", ModelBuilder.batch_matmul, (2, 1, 4, 6), (3, 3, 6), adjoint_b=True)
arithmetic("batch_matmul_5axes", ModelBuilder.batch_matmul, (2, 1, 2, 3, 4), (1, 2, 2, 4, 3))
arithmetic("batch_matmul_zero_points", ModelBuilder.batch_matmul, (1, 4, 6), (1, 6, 3), (0.03, -128), (0.02, 127))
arithmetic("batch_matmul_precise", ModelBuilder.batch_matmul, (1, 16, 2), (1, 2, 16), (0.0371, 5), (0.0423, 1),
           out=(0.171, -3))
# Half of what it reads, a little more as doubles, but not as floats.


@model
def batch_matmul_ties(b):
    first, second, product = FLOAT_BELOW_PRODUCT
    return b.batch_matmul(b.input((1, 16, 1), (first, 3)), b.constant((1, 1, 2), (second, -5), [[[-4, -6]]]),
                          out=(2 * product, 1))


MODELS["batch_matmul_constant"] = lambda b: b.batch_matmul(b.input((2, 4, 6)), b.constant((6, 3)))
MODELS["batch_matmul_constant_first"] = lambda b: b.batch_matmul(b.constant((2, 4, 6)), b.input((2, 6, 3)))


@model
def batch_matmul_square(b):
    x = b.input((1, 5, 4), (0.03, -20))
    return b.batch_matmul(x, x, adjoint_b=True)


variants(ModelBuilder.split)("split_channels", (1, 4, 3, 6), 3, 3)
variants(ModelBuilder.split)("split_height", (1, 4, 3, 2), 2, 1)
variants(ModelBuilder.split_v)("split_v_channels", (1, 4, 3, 6), (1, 3, 2), 3)
variants(ModelBuilder.unpack)("unpack_channels", (1, 4, 5, 3), 3)
variants(ModelBuilder.unpack)("unpack_height", (1, 2, 5, 3), 1)
variants(ModelBuilder.gather)("gather_channels", (1, 4, 3, 5), [4, 0, 2, 2], 3)
variants(ModelBuilder.gather)("gather_one", (1, 3, 4, 2), 2, 1)
variants(ModelBuilder.gather)("gather_height", (1, 5, 3, 2), [3, 1], 1)
variants(ModelBuilder.arg_max)("arg_max_rank2", (3, 10), 1)
variants(ModelBuilder.arg_max)("arg_max_channels", (1, 5, 6, 4), 3)
variants(ModelBuilder.arg_max)("arg_min_channels", (1, 5, 6, 4), 3, "ARG_MIN")
variants(ModelBuilder.slice)("slice", (1, 6, 7, 3), (0, 1, 2, 0), (1, 4, -1, 2))
mirror_pad = variants(ModelBuilder.mirror_pad)
mirror_pad("mirror_pad_reflect", (1, 4, 5, 2), SURROUND, "REFLECT")
mirror_pad("mirror_pad_symmetric", (1, 4, 5, 2), SURROUND, "SYMMETRIC")
mirror_pad("mirror_pad_reflect_most", (1, 4, 5, 3), ((0, 0), (3, 2), (0, 4), (2, 1)), "REFLECT")
mirror_pad("mirror_pad_symmetric_most", (1, 4, 5, 3), ((1, 1), (4, 3), (2, 5), (3, 1)), "SYMMETRIC")
mirror_pad("mirror_pad_rank2", (4, 7), ((1, 2), (3, 0)), "REFLECT")
mirror_pad("mirror_pad_rank5", (1, 2, 3, 2, 3), ((0, 0), (1, 1), (2, 0), (0, 1), (0, 0)), "SYMMETRIC")
variants(ModelBuilder.depth_to_space)("depth_to_space", (1, 3, 4, 8), 2)
variants(ModelBuilder.space_to_depth)("space_to_depth", (1, 4, 6, 3), 2)
space_to_batch = variants(ModelBuilder.space_to_batch)
space_to_batch("space_to_batch", (1, 4, 6, 2), (2, 2), ((0, 0), (0, 0)))
space_to_batch("space_to_batch_2x3", (2, 4, 6, 2), (2, 3), ((0, 0), (0, 0)))
space_to_batch("space_to_batch_rank3", (1, 6, 2), (3,), ((0, 0),))
batch_to_space = variants(ModelBuilder.batch_to_space)
batch_to_space("batch_to_space", (4, 3, 3, 2), (2, 2), ((0, 1), (0, 0)))
batch_to_space("batch_to_space_crops", (6, 3, 4, 2), (2, 3), ((1, 2), (2, 4)))
batch_to_space("batch_to_space_batches", (8, 3, 2, 2), (2, 2), ((0, 0), (0, 0)))
batch_to_space("batch_to_space_rank3", (6, 4, 2), (3,), ((2, 1),))
variants(ModelBuilder.absolute)("abs", (1, 16, 10))
elu = variants(ModelBuilder.elu)
elu("elu", (1, 16, 20))
elu("elu_flat_scale", (1, 16, 20), quant=(0.003, 60))
elu("elu_steep_scale", (1, 16, 20), quant=(0.3, 20))
elu("elu_fine_output", (1, 16, 20), quant=(0.04, 20), out=(0.0041, 111))
elu("elu_low", (1, 16, 20), quant=(0.05, 127))
rsqrt = variants(ModelBuilder.rsqrt)
rsqrt("rsqrt", (1, 16, 20), quant=(0.031, -128))
rsqrt("rsqrt_flat_scale", (1, 16, 20), quant=(0.0007, -128))
rsqrt("rsqrt_steep_scale", (1, 16, 20), quant=(1.7, -128), out=(0.0032, -128))
rsqrt("rsqrt_fine_output", (1, 16, 20), quant=(0.02, -128), out=(0.011, -100))
l2_normalization = variants(ModelBuilder.l2_normalization)
l2_normalization("l2_normalization", (3, 12))
l2_normalization("l2_normalization_rank4", (1, 5, 6, 7), quant=(0.02, -30))
l2_normalization("l2_normalization_long", (2, 900), quant=(0.02, 127))
l2_normalization("l2_normalization_one", (1, 9, 9, 1), quant=(0.02, 5))
MODELS["l2_normalization_other_output"] = lambda b: b.l2_normalization(b.input((4, 5), (0.02, 5)), (0.02, -9))
log_softmax = variants(ModelBuilder.log_softmax)
log_softmax("log_softmax", (1, 10))
log_softmax("log_softmax_rank4", (1, 5, 6, 7), quant=(0.09, 4))
log_softmax("log_softmax_flat_scale", (4, 20), quant=(0.001, 5))
log_softmax("log_softmax_steep_scale", (4, 20), quant=(1.2, -100))
log_softmax("log_softmax_200", (2, 200), quant=(0.06, 0))
log_softmax("log_softmax_one", (3, 1), quant=(0.06, 0))

reduce_min = variants(ModelBuilder.reduce_min)
reduce_min("reduce_min_height_width", (1, 5, 6, 4), (1, 2))
reduce_min("reduce_min_channels", (1, 5, 6, 4), 3, keep_dims=False)
cumsum = variants(ModelBuilder.cumsum)
cumsum("cumsum_channels", (1, 4, 5, 6), 3)
cumsum("cumsum_height", (1, 6, 4, 3), 1, quant=(0.02, 31))
cumsum("cumsum_width_exclusive", (1, 4, 6, 3), 2, exclusive=True)
cumsum("cumsum_reverse", (2, 11), -1, reverse=True)
cumsum("cumsum_exclusive_reverse", (1, 3, 7, 2), -2, exclusive=True, reverse=True, quant=(0.05, 4), out=(0.2, 5))
cumsum("cumsum_rank5", (1, 2, 3, 2, 3), 2)

reverse = variants(ModelBuilder.reverse)
reverse("reverse_channels", (1, 4, 5, 3), [3])
reverse("reverse_height_width", (1, 4, 5, 3), [1, 2])
reverse("reverse_all", (2, 3, 4, 2), [3, 0, -2, 1])
reverse("reverse_rank2", (4, 7), [-1])
gather_nd = variants(ModelBuilder.gather_nd)
gather_nd("gather_nd_rows", (5, 3, 2), [[4], [0], [0]])
gather_nd("gather_nd_pixels", (3, 4, 2), [[2, 1], [0, 3], [1, 1]])
gather_nd("gather_nd_elements", (3, 4, 2), [[[2, 1, 0], [0, 0, 1]], [[0, 3, 1], [1, 2, 1]], [[0, 0, 0], [2, 3, 1]]])
broadcast_to = variants(ModelBuilder.broadcast_to)
broadcast_to("broadcast_to", (1, 3, 1, 2), (2, 3, 4, 2))
broadcast_to("broadcast_to_rank", (3, 1), (2, 2, 3, 4))
broadcast_to("broadcast_to_5axes", (2, 1, 3, 1), (2, 2, 4, 3, 2))
broadcast_to("broadcast_to_same", (1, 3, 4, 2), (1, 3, 4, 2))
variants(ModelBuilder.zeros_like)("zeros_like", (1, 3, 4, 2))
MODELS["fill"] = lambda b: b.add(b.input((1, 3, 4, 2)), b.fill((1, 3, 4, 2), b.constant((), (0.05, 3), 41)))
MODELS["embedding_lookup"] = lambda b: b.add(
    b.embedding_lookup(b.constant((6, 5), (0.05, 3)), [3, 0, 5, 3]), b.input((4, 5)))


def dynamic_update_slice(name, shape, update, begin):
    assert name not in MODELS, name
    MODELS[name] = lambda b: b.dynamic_update_slice(b.input(shape, (0.05, -7)), b.input(update, (0.05, -7)), begin)


dynamic_update_slice("dynamic_update_slice", (1, 5, 6, 3), (1, 2, 3, 2), (0, 1, 2, 1))
dynamic_update_slice("dynamic_update_slice_beyond", (1, 5, 6, 3), (1, 2, 3, 3), (0, 9, -4, 0))
dynamic_update_slice("dynamic_update_slice_all", (1, 2, 6, 3), (1, 2, 6, 3), (0, 1, 0, 0))
dynamic_update_slice("dynamic_update_slice_rows", (4, 7), (1, 7), (2, 0))
dynamic_update_slice("dynamic_update_slice_rank5", (2, 3, 2, 3, 2), (1, 2, 2, 1, 2), (1, 1, 0, 2, 0))

transpose_conv = variants(ModelBuilder.transpose_conv)
transpose_conv("transpose_conv_2x2_stride2", (1, 4, 5, 3), 4, 2)
transpose_conv("transpose_conv_3x3_stride2_same", (1, 4, 5, 3), 4, 3)
transpose_conv("transpose_conv_3x3_stride2_valid", (1, 4, 5, 3), 4, 3, padding="VALID")
transpose_conv("transpose_conv_3x3_stride1", (1, 4, 5, 3), 4, 3, stride=1)
transpose_conv("transpose_conv_no_bias", (1, 4, 5, 3), 4, 3, bias="omitted")
transpose_conv("transpose_conv_relu", (1, 4, 5, 3), 4, 3, activation="RELU")
transpose_conv("transpose_conv_relu_inside_range", (1, 4, 5, 3), 4, 3, activation="RELU", out=(0.05, -17))
transpose_conv("transpose_conv_stride_over_kernel", (1, 4, 5, 3), 4, 2, stride=3)
transpose_conv("transpose_conv_5x2_stride_3x1", (1, 4, 5, 3), 2, (5, 2), stride=(3, 1))


@model
def pack_channels(b):
    return b.pack([b.input((1, 4, 5), (0.05, 3)) for _ in range(3)], -1)


@model
def pack_height(b):
    return b.pack([b.input((1, 5, 2), (0.05, 3)) for _ in range(2)], 1)


@model
def depthwise_between_space_to_batch(b):
    """A dilated depthwise convolution as some converters write it."""
    x = b.space_to_batch(b.input((1, 8, 8, 3)), (2, 2), ((0, 0), (0, 0)))
    return b.batch_to_space(b.depthwise(x, 3, padding="VALID"), (2, 2), ((0, 0), (0, 0)))


# Whole networks

@model
def tiny(b):
    """Small enough to run while a program compiles."""
    x = b.conv2d(b.input((1, 6, 6, 1)), 2, 3, activation="RELU")
    return b.fully_connected(b.average_pool(x, 6, 1, "VALID"), 3)


@model
def network_inverted_residual(b):
    """Three bottleneck blocks, two of them with a residual sum, as in MobileNetV2."""
    x = b.conv2d(b.input((1, 16, 16, 3), (0.0078, -1)), 6, 3, stride=2, activation="RELU6", reach=8)
    x = b.conv2d(b.depthwise(x, 3, activation="RELU6", reach=8), 4, 1)

    y = b.conv2d(x, 12, 1, activation="RELU6", reach=8)
    y = b.conv2d(b.depthwise(y, 3, activation="RELU6", reach=8), 4, 1)
    x = b.add(x, y)

    y = b.conv2d(x, 12, 1, activation="RELU6", reach=8)
    x = b.conv2d(b.depthwise(y, 3, stride=2, activation="RELU6", reach=8), 6, 1)

    y = b.conv2d(x, 18, 1, activation="RELU6", reach=8)
    y = b.conv2d(b.depthwise(y, 3, activation="RELU6", reach=8), 6, 1)
    x = b.add(x, y)

    x = b.conv2d(x, 16, 1, activation="RELU6", reach=8)
    return b.softmax(b.fully_connected(b.mean(x, (1, 2), keep_dims=False), 10, reach=4))


@model
def network_separable(b):
    """A stem and depthwise separable blocks, averaged by a pool, as in MobileNetV1."""
    x = b.pad(b.input((1, 12, 12, 1), (0.0078, -1)), BELOW_RIGHT)
    x = b.conv2d(x, 4, 3, stride=2, padding="VALID", activation="RELU6", reach=9)
    x = b.conv2d(b.depthwise(x, 3, activation="RELU6", reach=8), 6, 1, activation="RELU6", reach=8)
    x = b.depthwise(b.pad(x, BELOW_RIGHT), 3, stride=2, padding="VALID", activation="RELU6", reach=9)
    x = b.conv2d(x, 9, 1, activation="RELU6", reach=8)
    x = b.reshape(b.conv2d(b.average_pool(x, 3, 3, "VALID"), 2, 1, reach=3), (1, 2))
    return b.softmax(x)


@model
def network_squeeze_excite(b):
    x = b.conv2d(b.input((1, 8, 7, 2)), 6, 3, activation="RELU")
    s = b.conv2d(b.conv2d(b.mean(x, (1, 2)), 3, 1, activation="RELU"), 6, 1, reach=4)
    return b.conv2d(b.mul(x, b.logistic(s)), 4, 1)


@model
def network_squeeze_excite_dense(b):
    x = b.conv2d(b.input((1, 7, 6, 2)), 5, 3, reach=5)
    x = b.hard_swish(x)
    s = b.fully_connected(b.mean(x, (1, 2), keep_dims=False), 3, activation="RELU")
    s = b.reshape(b.logistic(b.fully_connected(s, 5, reach=4)), (1, 1, 1, 5))
    return b.mul(s, x)


@model
def network_branches(b):
    """Branches of several kernels, joined by their channels."""
    x = b.conv2d(b.input((1, 8, 8, 2)), 4, 3, stride=2, activation="RELU")
    out, reach = (x.scale, x.zero_point), x.range()[1]
    joined = b.concatenation([
        b.conv2d(x, 3, 1, activation="RELU", reach=reach, out=out),
        b.conv2d(b.conv2d(x, 2, 1), 4, 3, activation="RELU", reach=reach, out=out),
        b.max_pool(x, 3),
        b.quantize(b.conv2d(b.average_pool(x, 3), 2, 1, reach=reach), out),
    ])
    return b.fully_connected(b.mean(joined, (1, 2), keep_dims=False), 5)


@model
def network_upsampling(b):
    """Ways to make maps larger and smaller, and where along the channels the largest value stands."""
    x = b.leaky_relu(b.conv2d(b.input((1, 8, 6, 3)), 8, 3, stride=2), 0.1)
    x = b.conv2d(b.resize_bilinear(x, (7, 6), half_pixel_centers=True), 8, 3)
    y = b.maximum(b.depth_to_space(x, 2), b.transpose_conv(x, 2, 3))
    y = b.hard_swish(b.space_to_depth(b.prelu(y, (1, 1, 2)), 2))
    y = b.transpose_conv(b.resize_bilinear(y, (5, 4), align_corners=True), 3, 2, stride=3)
    return [y, b.arg_max(y, 3), b.reduce_max(y, (1, 2), keep_dims=False)]


@model
def network_grouped(b):
    """Layers that read a part of the channels or repeat them, large enough for what they take of each MAC and output:
    bench/embedded/run.py --model network_grouped --profile."""
    x = b.prelu(b.depthwise(b.input((1, 16, 16, 8)), 3, 2), (1, 1, 16))
    x = b.conv2d(x, 16, 3, groups=2, activation="RELU")
    x = b.prelu(b.conv2d(x, 32, 1, groups=4), (1, 1, 32))
    x = b.conv2d(b.conv2d(x, 32, 3, groups=8, activation="RELU"), 4, 1)
    return b.conv2d(b.depthwise(x, 3, 8, stride=2, activation="RELU"), 8, 1)


@model
def network_two_inputs_two_outputs(b):
    image, numbers = b.input((1, 6, 6, 2)), b.input((1, 5))
    out = (0.04, -128)
    x = b.mean(b.conv2d(image, 4, 3, activation="RELU", reach=20), (1, 2), keep_dims=False, out=out)
    y = b.fully_connected(numbers, 4, activation="RELU", reach=10, out=out)
    joined = b.concatenation([x, y])
    return [b.fully_connected(joined, 3), b.softmax(b.fully_connected(joined, 4, reach=4))]


@model
def network_output_used_inside(b):
    x = b.conv2d(b.input((1, 6, 5, 2)), 3, 3, activation="RELU")
    return [b.fully_connected(x, 4), x]


@model
def network_autoencoder(b):
    x = b.fully_connected(b.input((1, 24)), 12, activation="RELU")
    x = b.fully_connected(x, 4, activation="RELU")
    x = b.fully_connected(x, 12, activation="RELU")
    return b.fully_connected(x, 24)


@model
def network_two_dense(b):
    x = b.fully_connected(b.input((1, 16)), 8, activation="RELU")
    return b.fully_connected(x, 6)


@model
def network_time_series(b):
    """Convolutions over time only, written as Keras exports its Conv1D."""
    x = b.expand_dims(b.input((1, 24, 3)), 1)
    x = b.conv2d(x, 5, (1, 5), stride=(1, 2), activation="RELU")
    x = b.max_pool(x, (1, 2), (1, 2), "VALID")
    x = b.conv2d(x, 6, (1, 3), dilation=(1, 2), activation="RELU")
    x = b.reshape(x, (1, 6, 6))
    return b.fully_connected(b.mean(x, 1, keep_dims=False), 4)


@model
def network_encoder_decoder(b):
    """Down, up again, and a skip connection."""
    x = b.conv2d(b.input((1, 8, 8, 1)), 3, 3, activation="RELU")
    y = b.max_pool(x, 2, 2, "VALID")
    y = b.conv2d(y, 4, 3, activation="RELU", reach=x.range()[1], out=(x.scale, x.zero_point))
    y = b.concatenation([b.resize_nearest(y, (8, 8)), x])
    return b.logistic(b.conv2d(y, 1, 3, reach=4))


@model
def network_keyword(b):
    """Spectrogram in, ten words out."""
    x = b.depthwise(b.input((1, 25, 10, 1)), (10, 4), 8, stride=2, activation="RELU6", reach=8)
    x = b.conv2d(b.depthwise(x, 3, activation="RELU6", reach=8), 8, 1, activation="RELU6", reach=8)
    x = b.average_pool(x, (13, 5), (13, 5), "VALID")
    return b.softmax(b.fully_connected(keras_reshape(b, x, 8), 10, reach=4))


@model
def network_dense_over_map(b):
    """Full connections to a map that takes more than their sums; the picture comes as a list."""
    x = b.conv2d(b.reshape(b.input((1, 240)), (1, 12, 10, 2)), 6, 3, activation="RELU")
    return b.softmax(b.fully_connected(b.reshape(x, (1, 720)), 5, reach=4))


@model
def network_asymmetric_dense_over_map(b):
    x = b.depthwise(b.conv2d(b.input((1, 9, 14, 3)), 4, 3, stride=2), 3)
    x = b.fully_connected(b.reshape(x, (1, 140)), 7, weights_zero_point=9, activation="RELU")
    return b.fully_connected(x, 3)
