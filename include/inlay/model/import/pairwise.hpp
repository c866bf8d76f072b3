// Inlay: operators on two tensors, element by element, become layers.
#pragma once

#include <inlay/config.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/tflite_reader.hpp>
#include <inlay/model/import/shape.hpp>

#include <cstddef>
#include <cstdint>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI {

namespace detail {

/// Two operands that are broadcast to the result: along each axis they have its extent, or 1.
constexpr bool require_broadcast(tflite_reader& r, std::int32_t a, std::int32_t b, std::int32_t output) {
  const shape& out = r.at(output).extents;
  for (int axis = 0; axis < max_rank; ++axis) {
    const std::int32_t x = r.at(a).extents.from_innermost(axis), y = r.at(b).extents.from_innermost(axis);
    const std::int32_t expected = out.from_innermost(axis);
    if (x != 1 && x != expected) return r.fail(refusal::shape, a, x, expected);
    if (y != 1 && y != expected) return r.fail(refusal::shape, b, y, expected);
    if (x != expected && y != expected) return r.fail(refusal::shape, output, expected, 1);
  }
  return true;
}

/// Known integers that can be divided by.
constexpr bool require_divisors(tflite_reader& r, std::int32_t index) {
  std::int32_t divisors[max_rank]{};
  const std::int32_t count = r.integers(index, divisors, max_rank);
  for (std::int32_t i = 0; i < count; ++i)
    if (divisors[i] == 0) return r.fail(refusal::option, index, "no integer can be divided by 0");
  return count >= 0;
}

constexpr bool import_pair(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const std::int32_t a = r.operand(0), b = r.operand(1), output = r.result(0);
  if (r.is_integer_result() && kind != layer_kind::prelu)
    return require_broadcast(r, a, b, output) && (kind != layer_kind::div || require_divisors(r, b)) &&
           import_shape_arithmetic(r, kind);
  if (!r.require_int8(a) || !r.require_int8(b) || !r.require_int8(output)) return false;
  if (!require_broadcast(r, a, b, output)) return false;
  layer l = r.make_layer(kind);
  l.inputs[1] = b;
  const double twice_larger = 2 * (r.scale_of(a) > r.scale_of(b) ? r.scale_of(a) : r.scale_of(b));
  switch (kind) {
    case layer_kind::maximum:
    case layer_kind::minimum: return r.append(l);
    case layer_kind::squared_difference:
      return r.require_ratio(twice_larger * twice_larger / ((1 << 14) * r.scale_of(output)), output) && r.append(l);
    case layer_kind::prelu:
      return r.require_ratio(r.scale_of(a) * r.scale_of(b) / r.scale_of(output), output) &&
             r.require_ratio(r.scale_of(a) / r.scale_of(output), output) && r.append(l);
    case layer_kind::mul:
      if (!r.require_ratio(r.scale_of(a) * r.scale_of(b) / r.scale_of(output), output)) return false;
      break;
    case layer_kind::div: {
      // Outside these bounds the reference shifts by less than 0 or more than 31 bits, which is not defined.
      const double ratio = r.scale_of(a) / (r.scale_of(b) * r.scale_of(output));
      if (!(ratio >= 1 << 6) || !(ratio < 1 << 21))
        return r.fail(
            refusal::quantization, output,
            "the scale of the dividend / (divisor × result) must be from 2^6 to 2^21: elsewhere the reference "
            "shifts by more bits than there are");
      break;
    }
    default:
      // The reference rescales the sum, which has 20 more bits, by less than one.
      if (!r.require_ratio(twice_larger / ((1 << 20) * r.scale_of(output)), output, 1.0)) return false;
  }
  return r.read_activation(r.file.i8_or(r.options, 0, 0), l.clamp) && r.append(l);
}

constexpr bool require_type(tflite_reader& r, std::int32_t index, element_type type) {
  return r.at(index).type == type
             ? true
             : r.fail(refusal::unsupported_type, index, static_cast<std::int32_t>(r.at(index).type),
                      static_cast<std::int32_t>(type));
}

constexpr bool import_comparison(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const std::int32_t a = r.operand(0), b = r.operand(1), output = r.result(0);
  if (!r.require_int8(a) || !r.require_int8(b) || !require_type(r, output, element_type::boolean)) return false;
  if (!require_broadcast(r, a, b, output)) return false;
  // The reference scales by less than one.
  for (std::int32_t operand : {a, b})
    if (!(r.scale_of(operand) < 1) || quantize_multiplier(r.scale_of(operand)).shift > 0)
      return r.fail(refusal::quantization, operand, "the scale of a compared tensor must be below 1");
  const bool swapped = r.op == tflite_operator::less || r.op == tflite_operator::less_equal;
  layer l = r.make_layer(kind);
  l.inputs[0] = swapped ? b : a;
  l.inputs[1] = swapped ? a : b;
  return r.append(l);
}

/// Two values, each where the condition wants it and 0 elsewhere; then either of them.
constexpr bool import_select(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(3, 3)) return false;
  const std::int32_t condition = r.operand(0), output = r.result(0);
  if (!require_type(r, condition, element_type::boolean) || !r.require_int8(output)) return false;
  constexpr int most_axes = 5;  // of the reference, which has the result's rank from the operands
  int rank = 0;
  for (int position = 0; position < 3; ++position)
    if (const int axes = r.at(r.operand(position)).extents.rank; axes > rank) rank = axes;
  if (rank > most_axes) return r.fail(refusal::rank, output, rank, most_axes);
  if (!r.require_rank(output, rank)) return false;
  layer either = r.make_layer(kind);
  for (int value = 1; value <= 2; ++value) {
    const std::int32_t from = r.operand(value);
    if (!r.require_int8(from)) return false;
    layer l = r.make_layer(value == 1 ? layer_kind::where_true : layer_kind::where_false);
    shape extents{};
    for (std::int32_t index : {condition, from})
      if (r.at(index).extents.rank > extents.rank) extents.rank = r.at(index).extents.rank;
    for (int axis = 0; axis < extents.rank; ++axis) {
      const std::int32_t x = r.at(condition).extents.from_innermost(axis), y = r.at(from).extents.from_innermost(axis);
      extents[extents.rank - 1 - axis] = x > y ? x : y;
    }
    if (map_rows(extents) > most_rows) return r.fail(refusal::too_large, from, map_rows(extents), most_rows);
    l.inputs[1] = from;
    l.output = r.add_tensor(extents, r.at(output).quant);
    if (!require_broadcast(r, condition, from, l.output) || !r.append(l)) return false;
    either.inputs[static_cast<std::size_t>(value - 1)] = l.output;
  }
  return require_broadcast(r, either.inputs[0], either.inputs[1], output) && r.append(either);
}

inline constexpr tflite_importer pairwise_importers[]{
    {tflite_operator::add, import_pair, layer_kind::add},
    {tflite_operator::sub, import_pair, layer_kind::sub},
    {tflite_operator::mul, import_pair, layer_kind::mul},
    {tflite_operator::div, import_pair, layer_kind::div},
    {tflite_operator::maximum, import_pair, layer_kind::maximum},
    {tflite_operator::minimum, import_pair, layer_kind::minimum},
    {tflite_operator::squared_difference, import_pair, layer_kind::squared_difference},
    {tflite_operator::prelu, import_pair, layer_kind::prelu},
    {tflite_operator::equal, import_comparison, layer_kind::equal},
    {tflite_operator::not_equal, import_comparison, layer_kind::not_equal},
    {tflite_operator::greater, import_comparison, layer_kind::greater},
    {tflite_operator::greater_equal, import_comparison, layer_kind::greater_equal},
    {tflite_operator::less, import_comparison, layer_kind::greater},
    {tflite_operator::less_equal, import_comparison, layer_kind::greater_equal},
    {tflite_operator::select_v2, import_select, layer_kind::either},
};

}  // namespace detail

}  // namespace inlay

INLAY_END_EXACT_FLOATS
