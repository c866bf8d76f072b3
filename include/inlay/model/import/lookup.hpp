// Inlay: operators on one tensor, element by element, softmax, and changes of quantisation become layers.
#pragma once

#include <inlay/config.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/tflite_reader.hpp>
#include <inlay/model/import/shape.hpp>

#include <cstdint>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI {

namespace detail {

constexpr bool import_softmax(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(1, 1)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output) || !r.require_same_shape(input, output)) return false;
  if (!same_number(r.at(output).quant.scale, 1.0f / 256) || r.at(output).quant.zero_point != -128)
    return r.fail(refusal::quantization, output, "its scale must be 1/256 and its zero point -128");
  layer l = r.make_layer(kind);
  l.beta = r.file.f32_or(r.options, 0, 0);
  // The reference scales differences by more than one: smaller products of beta and scale are refused.
  if (!is_positive_finite(l.beta) || as_double(l.beta) * as_double(r.at(input).quant.scale) * (1 << 26) <= 1.0)
    return r.fail(refusal::option, input, "beta times the input's scale must be above 2^-26");
  return r.append(l);
}

/// The reference's scale of logarithms, and its zero point.
constexpr bool import_log_softmax(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(1, 1)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output) || !r.require_same_shape(input, output)) return false;
  if (!same_number(r.at(output).quant.scale, 1.0f / 16) || r.at(output).quant.zero_point != 127)
    return r.fail(refusal::quantization, output, "the scale must be 1/16, the zero point 127");
  // It scales differences by more than one, and sums up powers in 12 bits.
  constexpr std::int32_t most_channels = (1 << 12) - 1;
  if (r.scale_of(input) * (1 << 26) <= 1.000001)
    return r.fail(refusal::quantization, input, "its scale must be above 2^-26");
  if (r.at(input).extents.channels() > most_channels)
    return r.fail(refusal::too_large, input, r.at(input).extents.channels(), most_channels);
  return r.append(r.make_layer(kind));
}

/// The reference answers in 1/128, whatever the result's scale is.
constexpr bool import_l2_normalization(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(1, 1)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output) || !r.require_same_map(input, output)) return false;
  if (r.at(input).extents != r.at(output).extents) return r.fail(refusal::shape, output);
  constexpr int most_axes = 4;
  if (r.at(input).extents.rank > most_axes) return r.fail(refusal::rank, input, r.at(input).extents.rank, most_axes);
  // As many squares of what a byte holds add up inside 32 bits.
  constexpr std::int32_t most_channels = 0x7fffffff / (255 * 255);
  if (r.at(input).extents.channels() > most_channels)
    return r.fail(refusal::too_large, input, r.at(input).extents.channels(), most_channels);
  if (r.file.i8_or(r.options, 0, 0) != 0) return r.fail(refusal::option, input, "it must have no fused activation");
  return r.append(r.make_layer(kind));
}

constexpr bool import_unary(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(1, 1)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output) || !r.require_same_map(input, output)) return false;
  const bool rescales = kind == layer_kind::relu || kind == layer_kind::abs;
  if (rescales && !r.require_ratio(r.scale_of(input) / r.scale_of(output), output)) return false;
  layer l = r.make_layer(kind);
  if (kind == layer_kind::relu) l.clamp = activation::relu;
  return r.append(l);
}

constexpr bool import_logistic(tflite_reader& r, layer_kind kind) {
  if (!import_unary(r, kind)) return false;
  const quantization& q = r.at(r.result(0)).quant;
  return q.zero_point == -128 ? true : r.fail(refusal::quantization, r.result(0), "its zero point must be -128");
}

/// The reference clamps the stored values as they are, so both tensors must mean the same by them.
constexpr bool import_relu6(tflite_reader& r, layer_kind kind) {
  if (!import_unary(r, kind) || !r.require_same_values(r.operand(0), r.result(0))) return false;
  layer& l = r.graph->layers[r.graph->layer_count - 1];
  l.clamp = activation::relu6;
  const error e = check_activation(r.graph->view(), l);
  return e ? r.fail(e.reason, e.tensor, e.found, e.supported, e.rule) : true;
}

/// The reference counts the result's steps in 32 bits: up to the input's largest, and down to −1.
constexpr bool import_elu(tflite_reader& r, layer_kind kind) {
  if (!import_unary(r, kind)) return false;
  const double largest = 255 * r.scale_of(r.operand(0));
  return r.require_ratio((largest > 1 ? largest : 1.0) / r.scale_of(r.result(0)), r.result(0), most_ratio / 2);
}

/// The reference stops at what is below zero: there must be nothing.
constexpr bool import_rsqrt(tflite_reader& r, layer_kind kind) {
  if (!import_unary(r, kind)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (r.at(input).quant.zero_point != -128)
    return r.fail(refusal::quantization, input,
                  "the zero point must be -128: the reference stops at what is below zero");
  const std::int32_t shift = quantize_multiplier(1.0 / (square_root(r.scale_of(input)) * r.scale_of(output))).shift;
  return shift >= -11 && shift <= 30 ? true
                                     : r.fail(refusal::quantization, output, "its scale does not fit the input's");
}

/// What is stored, in another type.
constexpr bool import_cast(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(1, 1) || !r.require_type_option(0) || !r.require_type_option(1)) return false;
  if (r.is_integer_result())
    return r.require_same_elements(r.operand(0), r.result(0)) && import_shape_arithmetic(r, kind);
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_same_map(input, output)) return false;
  // The types stand in the options, too, where the reference wants them to be types at least.
  for (std::uint32_t field : {0u, 1u})
    if (const std::int32_t type = r.file.i8_or(r.options, field, 0); type < 0 || type > 18)
      return r.fail(refusal::option, input, type, 18, "its options must name types");
  const element_type from = r.at(input).type, to = r.at(output).type;
  if (from != element_type::int8 && from != element_type::boolean) return r.fail_type(input);
  if (from == element_type::int8 && to == element_type::boolean) return r.append(r.make_layer(layer_kind::to_bool));
  if (to == element_type::float32)
    r.graph->tensors[output].quant = {1.0f, 0, 1, 0, 0};
  else if (to != element_type::int8 || !r.require_quantized(output))
    return r.fail_type(output);
  return r.append(r.make_layer(kind));
}

constexpr bool import_leaky_relu(tflite_reader& r, layer_kind kind) {
  if (!import_unary(r, kind)) return false;
  const float slope = r.file.f32_or(r.options, 0, 0);
  const double size = as_double(slope < 0 ? -slope : slope) * r.scale_of(r.operand(0));
  // The reference multiplies floats: no product may overflow, or round up to a ratio that does not fit.
  constexpr double most_float = 3.4e38;
  if (!(size < most_float) || !(size / r.scale_of(r.result(0)) < most_ratio / 2))
    return r.fail(refusal::option, r.operand(0), "the slope is too large for the scales");
  r.graph->layers[r.graph->layer_count - 1].slope = slope;
  return r.require_ratio(r.scale_of(r.operand(0)) / r.scale_of(r.result(0)), r.result(0), most_ratio / 2);
}

/// The reference has 16 bits for its multipliers, and shifts the output to the right only.
constexpr bool import_hard_swish(tflite_reader& r, layer_kind kind) {
  if (!import_unary(r, kind)) return false;
  const double fine_scale = r.scale_of(r.operand(0)) / 128;
  const double to_output = fine_scale / r.scale_of(r.result(0)), to_gate = fine_scale * 32768 / 3;
  constexpr double least = 1.0 / (1 << 15), most_gate = 1 << 15;
  const bool good = to_output >= least && to_output < 1 && to_gate >= least && to_gate < most_gate;
  return good ? true : r.fail(refusal::quantization, r.result(0), "its scale does not fit the input's");
}

/// Floats that are bytes in memory: a DEQUANTIZE's, as they are or moved.
constexpr bool require_dequantized(tflite_reader& r, std::int32_t input, std::int32_t output) {
  for (const std::int32_t index : {input, output})
    if (r.at(index).type != element_type::float32) return r.fail_type(index);
  if (r.at(input).quant.channels != 1) return r.fail(refusal::float_network, input);
  return r.require_same_elements(input, output);
}

/// Of floats: the same bytes mean as much below zero.
constexpr bool import_negate(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(1, 1)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!require_dequantized(r, input, output)) return false;
  r.graph->tensors[output].quant = r.at(input).quant;
  r.graph->tensors[output].quant.scale = -r.at(input).quant.scale;
  return r.append(r.make_layer(kind));
}

/// Of floats, which are only known as the bytes that a QUANTIZE makes of them.
constexpr bool import_square(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(1, 1)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  return require_dequantized(r, input, output) && r.require_same_map(input, output) && r.append(r.make_layer(kind));
}

/// A tensor of int8 in place of one of floats: the caller's, or the same in another order, which they are brought to
/// after they have been quantised. Returns its index.
constexpr std::int32_t quantized_first(tflite_reader& r, std::int32_t floats, const quantization& quant) {
  layer l = r.make_layer(layer_kind::quantize);
  l.inputs[0] = floats;
  if (r.graph->view().input_position(floats) < 0) {
    const std::int32_t mover = r.maker_of(floats);
    l = r.graph->layers[mover];
    r.graph->layers[mover] = layer{};  // nothing is left to do
    r.graph->tensors[floats].storage = -1;
    l.inputs[0] = quantized_first(r, l.inputs[0], quant);
  }
  l.output = r.add_tensor(r.at(floats).extents, quant);
  r.append(l);
  return l.output;
}

constexpr bool import_quantize(tflite_reader& r, layer_kind) {
  if (!r.require_operands(1, 1)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_same_map(input, output)) return false;
  const element_type from = r.at(input).type, to = r.at(output).type;
  if (to != element_type::int8 && !(to == element_type::uint8 && from == element_type::int8))
    return r.fail(refusal::unsupported_type, output, static_cast<std::int32_t>(to),
                  static_cast<std::int32_t>(element_type::int8));
  if (!r.require_quantized(output)) return false;
  // The reference counts a float's steps in 32 bits.
  constexpr double least_scale = 1.0 / (1 << 24), most_steps = most_ratio / 256, most_float = 3.4e38;
  if (from == element_type::float32 && r.scale_of(output) < least_scale)
    return r.fail(refusal::quantization, output, "the scale of floats must be at least 2^-24");
  const std::int32_t maker = r.maker_of(input);
  if (maker >= 0 && r.graph->layers[maker].kind == layer_kind::square) {
    layer l = r.graph->layers[maker];
    const double largest = 255 * size_of(r.scale_of(l.inputs[0]));
    l.output = output;
    return r.require_ratio(largest * largest, output, most_float) &&
           r.require_ratio(largest * largest / r.scale_of(output), output, most_ratio) && r.append(l);
  }
  if (from == element_type::float32 && r.at(input).quant.channels != 1) {
    // Floats live only in the caller's buffers.
    if (r.graph->view().input_position(input) >= 0) return r.append(r.make_layer(layer_kind::quantize));
    if (!r.is_of_float_input(input)) return r.fail(refusal::float_network, input);
    layer view = r.make_layer(layer_kind::reshape);
    view.inputs[0] = quantized_first(r, input, r.at(output).quant);
    return r.append(view);
  }
  // The result of a DEQUANTIZE: the reference rounds its floats.
  if (from == element_type::float32)
    return r.require_ratio(255 * size_of(r.scale_of(input)), output, most_float) &&
           r.require_ratio(size_of(r.scale_of(input)) / r.scale_of(output), output, most_steps) &&
           r.append(r.make_layer(layer_kind::requantize));
  if (from != element_type::int8 && from != element_type::uint8)
    return r.fail(refusal::unsupported_type, input, static_cast<std::int32_t>(from),
                  static_cast<std::int32_t>(element_type::int8));
  return r.require_quantized(input) && r.require_ratio(r.scale_of(input) / r.scale_of(output), output) &&
         r.append(r.make_layer(layer_kind::requantize));
}

constexpr bool import_dequantize(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(1, 1)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input) || !r.require_same_elements(input, output)) return false;
  if (r.at(output).type != element_type::float32)
    return r.fail(refusal::unsupported_type, output, static_cast<std::int32_t>(r.at(output).type),
                  static_cast<std::int32_t>(element_type::float32));
  r.graph->tensors[output].quant = r.at(input).quant;
  return r.append(r.make_layer(kind));
}

inline constexpr tflite_importer lookup_importers[]{
    {tflite_operator::softmax, import_softmax, layer_kind::softmax},
    {tflite_operator::log_softmax, import_log_softmax, layer_kind::log_softmax},
    {tflite_operator::l2_normalization, import_l2_normalization, layer_kind::l2_normalization},
    {tflite_operator::logistic, import_logistic, layer_kind::logistic},
    {tflite_operator::tanh, import_unary, layer_kind::tanh},
    {tflite_operator::relu, import_unary, layer_kind::relu},
    {tflite_operator::relu6, import_relu6, layer_kind::relu},
    {tflite_operator::leaky_relu, import_leaky_relu, layer_kind::leaky_relu},
    {tflite_operator::elu, import_elu, layer_kind::elu},
    {tflite_operator::hard_swish, import_hard_swish, layer_kind::hard_swish},
    {tflite_operator::abs, import_unary, layer_kind::abs},
    {tflite_operator::rsqrt, import_rsqrt, layer_kind::rsqrt},
    {tflite_operator::neg, import_negate, layer_kind::reshape},
    {tflite_operator::square, import_square, layer_kind::square},
    {tflite_operator::zeros_like, import_unary, layer_kind::zeros_like},
    {tflite_operator::cast, import_cast, layer_kind::reshape},
    {tflite_operator::quantize, import_quantize, layer_kind::quantize},
    {tflite_operator::dequantize, import_dequantize, layer_kind::reshape},
};

}  // namespace detail

}  // namespace inlay

INLAY_END_EXACT_FLOATS
