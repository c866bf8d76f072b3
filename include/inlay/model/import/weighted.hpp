// Inlay: operators with weights become layers.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/tflite_reader.hpp>
#include <inlay/model/import/samples.hpp>
#include <inlay/model/import/window.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// The scales of weights stand along an axis that has as many elements.
constexpr bool require_scales_along_axis(tflite_reader& r, std::int32_t weights) {
  const std::int32_t channels = r.at(weights).quant.channels;
  if (channels == 1) return true;
  const std::int32_t axis = r.quantized_axis(weights);
  const shape& w = r.at(weights).extents;
  if (axis < 0 || axis >= w.rank) return r.fail(refusal::option, weights, axis, w.rank - 1);
  return w[axis] == channels ? true : r.fail(refusal::shape, weights, w[axis], channels);
}

constexpr bool require_weights(tflite_reader& r, std::int32_t input, std::int32_t weights, std::int32_t bias,
                               std::int32_t output, std::int32_t output_channels) {
  const tensor& w = r.at(weights);
  if (r.at(input).type == element_type::float32 && w.type == element_type::int8)
    return r.fail(refusal::hybrid_network, input);
  if (!r.require_int8(input) || !r.require_int8(output)) return false;
  if (w.type != element_type::int8) return r.fail_type(weights);
  if (!w.is_constant()) return r.fail(refusal::not_constant, weights);
  const bool takes_zero_point = r.op == tflite_operator::fully_connected && w.quant.channels == 1 &&
                                w.quant.zero_point >= -128 && w.quant.zero_point <= 127;
  if (w.quant.zero_point != 0 && !takes_zero_point) return r.fail(refusal::asymmetric_weights, weights);
  if (w.quant.channels != 1 && w.quant.channels != output_channels)
    return r.fail(refusal::not_quantized, weights, w.quant.channels, output_channels);
  if (!require_scales_along_axis(r, weights)) return false;
  if (bias < 0) return true;
  const tensor& b = r.at(bias);
  if (b.type != element_type::int32)
    return r.fail(refusal::unsupported_type, bias, static_cast<std::int32_t>(b.type),
                  static_cast<std::int32_t>(element_type::int32));
  if (!b.is_constant()) return r.fail(refusal::not_constant, bias);
  if (b.extents.elements() != output_channels)
    return r.fail(refusal::shape, bias, b.extents.elements(), output_channels);
  return true;
}

constexpr bool import_convolution(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 3)) return false;
  const bool depthwise = kind == layer_kind::depthwise_conv2d;
  const std::int32_t input = r.operand(0), weights = r.operand(1), bias = r.operand(2), output = r.result(0);
  if (!r.require_rank(input, 4) || !r.require_rank(weights, 4) || !r.require_rank(output, 4) ||
      !r.require_samples(input, output))
    return false;
  const shape& w = r.at(weights).extents;
  const std::int32_t channels_in = r.at(input).extents.channels();
  const std::int32_t channels_out = r.at(output).extents.channels();
  if (!require_weights(r, input, weights, bias, output, channels_out)) return false;

  layer l = r.make_layer(kind);
  l.inputs[1] = weights;
  l.inputs[2] = bias;
  l.window.kernel = {w[1], w[2]};
  std::int32_t clamp = 0;
  if (depthwise) {
    if (w[0] != 1 || w[3] != channels_out) return r.fail(refusal::shape, weights, w[3], channels_out);
    if (channels_out % channels_in != 0) return r.fail(refusal::shape, weights, channels_out, channels_in);
    const std::int32_t multiplier = r.file.i32_or(r.options, schema::dw_multiplier, 0);
    if (multiplier != channels_out / channels_in)
      return r.fail(refusal::option, weights, multiplier, channels_out / channels_in);
    // The reference looks for a bias wherever there is a third operand.
    if (r.operands.count == 3 && bias < 0) return r.fail(refusal::operands);
    l.window.stride = {r.file.i32_or(r.options, schema::dw_stride_h, 0),
                       r.file.i32_or(r.options, schema::dw_stride_w, 0)};
    l.window.dilation = {r.file.i32_or(r.options, schema::dw_dilation_h, 1),
                         r.file.i32_or(r.options, schema::dw_dilation_w, 1)};
    clamp = r.file.i8_or(r.options, schema::dw_activation, 0);
  } else {
    if (w[0] != channels_out) return r.fail(refusal::shape, weights, w[0], channels_out);
    // Fewer channels in the weights than in the input: a grouped convolution.
    if (channels_in % w[3] != 0 || channels_out % (channels_in / w[3]) != 0)
      return r.fail(refusal::shape, weights, w[3], channels_in);
    l.window.stride = {r.file.i32_or(r.options, schema::conv_stride_h, 0),
                       r.file.i32_or(r.options, schema::conv_stride_w, 0)};
    l.window.dilation = {r.file.i32_or(r.options, schema::conv_dilation_h, 1),
                         r.file.i32_or(r.options, schema::conv_dilation_w, 1)};
    clamp = r.file.i8_or(r.options, schema::conv_activation, 0);
    if (!r.require_type_option(schema::conv_bias_type)) return false;
  }
  return r.read_activation(clamp, l.clamp) && read_window(r, r.file.i8_or(r.options, 0, 0), input, output, l.window) &&
         append_for_samples(r, l);
}

constexpr bool import_transpose_conv(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(3, 4) || !r.require_type_option(schema::tc_bias_type)) return false;
  const std::int32_t extents = r.operand(0), weights = r.operand(1), input = r.operand(2), bias = r.operand(3);
  const std::int32_t output = r.result(0);
  if (!r.require_rank(input, 4) || !r.require_rank(weights, 4) || !r.require_rank(output, 4) ||
      !r.require_samples(input, output))
    return false;
  const shape& from = r.at(input).extents;
  const shape& to = r.at(output).extents;
  const shape& w = r.at(weights).extents;
  if (!require_weights(r, input, weights, bias, output, to.channels())) return false;
  if (w[0] != to.channels()) return r.fail(refusal::shape, weights, w[0], to.channels());
  if (w[3] != from.channels()) return r.fail(refusal::shape, weights, w[3], from.channels());
  // What a SHAPE chain computes is the result's shape.
  if (r.at(extents).is_constant()) {
    std::int32_t wanted[4]{};
    if (const std::int32_t count = r.integers(extents, wanted, 4); count != 4)
      return count < 0 ? false : r.fail(refusal::shape, extents, count, 4);
    for (int axis = 0; axis < 4; ++axis)
      if (wanted[axis] != to[axis]) return r.fail(refusal::shape, output, to[axis], -1);
  }
  layer l = r.make_layer(kind);
  l.inputs = {input, weights, bias};
  l.window.kernel = {w[1], w[2]};
  l.window.stride = {r.file.i32_or(r.options, schema::tc_stride_h, 0),
                     r.file.i32_or(r.options, schema::tc_stride_w, 0)};
  // The window slides over the output, and must stop at as many places as the input has pixels.
  return r.read_activation(r.file.i8_or(r.options, schema::tc_activation, 0), l.clamp) &&
         read_window(r, r.file.i8_or(r.options, schema::tc_padding, 0), output, input, l.window) &&
         append_for_samples(r, l);
}

constexpr bool import_fully_connected(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 3)) return false;
  const std::int32_t input = r.operand(0), weights = r.operand(1), bias = r.operand(2), output = r.result(0);
  if (!r.require_rank(weights, 2)) return false;
  const std::int32_t units = r.at(weights).extents[0], depth = r.at(weights).extents[1];
  if (!require_weights(r, input, weights, bias, output, units)) return false;
  if (r.file.i8_or(r.options, schema::fc_weights_format, 0) != 0)
    return r.fail(refusal::option, weights, "weights must not be shuffled (weights_format DEFAULT)");
  if (!r.require_type_option(schema::fc_bias_type)) return false;
  const std::int32_t rows = r.at(input).extents.elements() / depth;
  if (r.at(input).extents.elements() != rows * depth)
    return r.fail(refusal::shape, input, r.at(input).extents.elements(), depth);
  if (r.at(output).extents.channels() != units)
    return r.fail(refusal::shape, output, r.at(output).extents.channels(), units);
  if (r.at(output).extents.elements() != std::int64_t{rows} * units)
    return r.fail(refusal::shape, output, r.at(output).extents.elements(), clamp_to_int32(std::int64_t{rows} * units));
  layer l = r.make_layer(r.at(weights).quant.zero_point == 0 ? kind : layer_kind::asymmetric_fully_connected);
  l.inputs[1] = weights;
  l.inputs[2] = bias;
  return r.read_activation(r.file.i8_or(r.options, schema::fc_activation, 0), l.clamp) && r.append(l);
}

inline constexpr tflite_importer weighted_importers[]{
    {tflite_operator::conv_2d, import_convolution, layer_kind::conv2d},
    {tflite_operator::depthwise_conv_2d, import_convolution, layer_kind::depthwise_conv2d},
    {tflite_operator::transpose_conv, import_transpose_conv, layer_kind::transpose_conv2d},
    {tflite_operator::fully_connected, import_fully_connected, layer_kind::fully_connected},
};

}  // namespace detail

}  // namespace inlay
