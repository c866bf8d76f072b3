// Inlay: what the reference demands of each layer before it runs it, beyond types and shapes. Whatever a graph is made
// from, each of its layers is checked here.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>

#include <cstddef>
#include <cstdint>

INLAY_EXACT_FLOATS

namespace inlay::inline INLAY_ABI {

namespace detail {

// Of a tensor, and of all activations together: far beyond any microcontroller. It keeps every byte count and
// every sum of them inside 32 bits.
inline constexpr std::int32_t most_elements = 1 << 27;
// Rows are counted in 16 bits while a network runs.
inline constexpr std::int32_t most_rows = (1 << 15) - 1;
// Of two scales, as the fixed-point numbers of the kernels hold it.
inline constexpr double most_ratio = 2147483648.0;

constexpr bool is_positive_finite(float value) { return value > 0 && value <= 3.402823466e38f; }

/// One good scale, and a zero point in the range of the type.
constexpr bool is_quantized(const tensor& t) {
  const std::int32_t lowest = t.type == element_type::uint8 ? 0 : -128;
  return t.quant.channels == 1 && is_positive_finite(t.quant.scale) && t.quant.zero_point >= lowest &&
         t.quant.zero_point <= lowest + 255;
}

constexpr double size_of(double value) { return value < 0 ? -value : value; }

constexpr error refuse_quantization(std::int32_t tensor, const char* rule) {
  return {.reason = refusal::quantization, .tensor = tensor, .rule = rule};
}

/// Both tensors must mean the same by their bytes.
constexpr error require_same_quantization(graph_view g, std::int32_t tensor, std::int32_t as) {
  const bool same = same_values(g.tensors[tensor].quant, g.tensors[as].quant);
  return same ? error{}
              : refuse_quantization(tensor, "it must have the scale and zero point of the tensor it becomes a part of");
}

/// Pools copy values as they are: tensorflow/lite/micro/kernels/pooling_common.cc.
constexpr error check_pool(graph_view g, const layer& l) {
  const quantization& from = g.input_of(l).quant;
  const quantization& to = g.output_of(l).quant;
  const bool same = size_of(as_double(from.scale) - as_double(to.scale)) <= 1.0e-6 && from.zero_point == to.zero_point;
  return same ? error{} : refuse_quantization(l.output, "it must have the scale and zero point of the pool's input");
}

/// A bias on weights of one scale is added as it is: tensorflow/lite/kernels/kernel_util.cc,
/// GetQuantizedConvolutionMultipler.
constexpr error check_fully_connected(graph_view g, const layer& l) {
  const quantization& weights = g.input_of(l, 1).quant;
  if (l.inputs[2] < 0 || weights.channels > 1) return {};
  const double product = as_double(g.input_of(l).quant.scale) * as_double(weights.scale);
  const double difference = size_of(product - as_double(g.input_of(l, 2).quant.scale));
  const bool close = difference / as_double(g.output_of(l).quant.scale) <= 0.02;
  return close
             ? error{}
             : refuse_quantization(l.inputs[2], "the bias must have the scale of the input times that of the weights");
}

/// Where an activation ends must be a whole number of steps: tensorflow/lite/kernels/kernel_util.cc,
/// CalculateActivationRangeQuantized. Of RELU6 by itself the reference does not look, and the number is undefined.
constexpr error check_activation(graph_view g, const layer& l) {
  if (l.clamp == activation::none || l.clamp == activation::relu) return {};
  const float bound = l.clamp == activation::relu6 ? 6.0f : 1.0f;
  return exact_quotient(bound, g.output_of(l).quant.scale) < 2147483648.0f
             ? error{}
             : refuse_quantization(l.output, "its activation must end less than 2^31 steps from zero");
}

/// The operator that a layer is, if there is one of about its name.
constexpr tflite_operator operator_of(layer_kind kind) {
  switch (kind) {
    case layer_kind::conv2d: return tflite_operator::conv_2d;
    case layer_kind::depthwise_conv2d: return tflite_operator::depthwise_conv_2d;
    case layer_kind::transpose_conv2d: return tflite_operator::transpose_conv;
    case layer_kind::fully_connected: return tflite_operator::fully_connected;
    case layer_kind::average_pool2d: return tflite_operator::average_pool_2d;
    case layer_kind::max_pool2d: return tflite_operator::max_pool_2d;
    case layer_kind::add: return tflite_operator::add;
    case layer_kind::mul: return tflite_operator::mul;
    case layer_kind::place: return tflite_operator::concatenation;
    default: return tflite_operator{-1};
  }
}

/// Looks at the scale and zero point of every channel of a layer's weights. Apart from the importer, so that
/// a compiler can do it one layer at a time: a large network has tens of thousands.
template <typename Byte>
constexpr error check_channels(graph_view g, const layer& l, const Byte* file) {
  if (!has_weights(l.kind)) return {};
  const quantization& weights = g.input_of(l, 1).quant;
  const double input_scale = as_double(g.input_of(l).quant.scale), output_scale = as_double(g.output_of(l).quant.scale);
  error refused{
      .reason = refusal::none, .op = operator_of(l.kind), .operator_index = l.operator_index, .tensor = l.inputs[1]};
  for (std::int32_t c = 0; c < weights.channels; ++c) {
    const auto channel = static_cast<std::uint32_t>(c);
    const float scale = read_float(file, weights.scales_at + 4 * channel);
    // A channel without weights may have scale 0. 2^31 is the largest ratio that fits the kernels' numbers.
    if (!(scale >= 0) || !(input_scale * as_double(scale) / output_scale < 2147483648.0))
      refused.reason = refusal::not_quantized;
    if (weights.zero_points_at == 0 || l.kind == layer_kind::asymmetric_fully_connected) continue;
    const std::uint32_t zero_point = weights.zero_points_at + 8 * channel;
    if ((read_int32(file, zero_point) | read_int32(file, zero_point + 4)) != 0)
      refused.reason = refusal::asymmetric_weights;
  }
  return refused.reason == refusal::none ? error{} : refused;
}

/// Each operand is of the output's shape, or broadcast to it.
constexpr error check_pair(graph_view g, const layer& l) {
  for (int position = 0; position < 2; ++position)
    for (int axis = 0; axis < max_rank; ++axis) {
      const std::int32_t extent = g.input_of(l, position).extents.from_innermost(axis);
      const std::int32_t expected = g.output_of(l).extents.from_innermost(axis);
      if (extent != 1 && extent != expected)
        return {.reason = refusal::shape,
                .tensor = l.inputs[static_cast<std::size_t>(position)],
                .found = extent,
                .supported = expected};
    }
  return {};
}

/// What the reference demands of a layer; the error has the tensor that does not meet it.
constexpr error check_preconditions(graph_view g, const layer& l) {
  if (const error e = check_activation(g, l)) return e;
  switch (l.kind) {
    case layer_kind::average_pool2d:
    case layer_kind::max_pool2d: return check_pool(g, l);
    case layer_kind::fully_connected:
    case layer_kind::asymmetric_fully_connected: return check_fully_connected(g, l);
    case layer_kind::place: return require_same_quantization(g, l.inputs[0], l.output);
    default: return {};
  }
}

/// Extents that can be counted.
constexpr error check_extents(const shape& s, std::int32_t index) {
  std::int64_t elements = 1;
  for (int axis = 0; axis < s.rank; ++axis) {
    if (s[axis] < 1) return {.reason = refusal::shape, .tensor = index, .found = s[axis], .supported = 1};
    elements *= s[axis];
    if (elements > most_elements) return {.reason = refusal::too_large, .tensor = index, .supported = most_elements};
  }
  return {};
}

/// A tensor that can be counted and, if it is an activation, has its meaning.
constexpr error check_tensor(graph_view g, std::int32_t index) {
  const tensor& t = g.tensors[index];
  if (const error e = check_extents(t.extents, index)) return e;
  if (t.is_constant()) return {};
  if (map_rows(t.extents) > most_rows)
    return {.reason = refusal::too_large, .tensor = index, .found = map_rows(t.extents), .supported = most_rows};
  return is_quantized(t) ? error{} : error{.reason = refusal::not_quantized, .tensor = index};
}

/// All of a graph of int8 layers that was not read from a file, whose importer looks at more.
template <typename Byte>
constexpr error check_graph(graph_view g, const Byte* bytes, bool has_data) {
  for (std::int32_t i = 0; i < g.tensor_count; ++i)
    if (const error e = check_tensor(g, i)) return e;
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    const layer& l = g.layers[i];
    // A topology has shapes, but no scales.
    error e = is_pair(l.kind) ? check_pair(g, l) : error{};
    if (!e && has_data) e = check_preconditions(g, l);
    if (!e && has_data) e = check_channels(g, l, bytes);
    if (!e) continue;
    e.op = operator_of(l.kind);
    e.operator_index = l.operator_index;
    return e;
  }
  return {};
}

}  // namespace detail

}  // namespace inlay

INLAY_END_EXACT_FLOATS
