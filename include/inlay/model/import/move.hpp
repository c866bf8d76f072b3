// Inlay: operators that only move elements become layers.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/tflite_reader.hpp>
#include <inlay/model/import/shape.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// A tensor of bytes that another can have in another order.
constexpr bool require_movable(tflite_reader& r, std::int32_t input, std::int32_t output) {
  const tensor& from = r.at(input);
  const tensor& to = r.at(output);
  if (from.type == element_type::float32 && to.type == element_type::float32) {
    // The result of a DEQUANTIZE is int8 in memory; the caller's floats are quantised first, see quantized_first.
    r.graph->tensors[output].quant = from.quant;
    return from.quant.channels == 1 || r.is_of_float_input(input) ? true : r.fail(refusal::float_network, input);
  }
  // The reference leaves these where they are, or has no kernel for them.
  const bool stays = r.op == tflite_operator::reshape || r.op == tflite_operator::squeeze;
  if (stays && from.type == element_type::uint8 && to.type == element_type::uint8)
    return r.require_quantized(input) && r.require_quantized(output);
  if (stays && from.type == element_type::boolean && to.type == element_type::boolean) return true;
  return r.require_int8(input) && r.require_int8(output);
}

/// The same bytes with other extents are a constant, too, which may have scales of its own. What leaves the network is
/// copied instead.
constexpr bool reshape_constant(tflite_reader& r, std::int32_t input, std::int32_t output) {
  tensor& to = r.graph->tensors[output];
  const tensor& from = r.at(input);
  if (!from.is_constant() || from.type != element_type::int8 || to.type != element_type::int8) return false;
  for (std::uint32_t i = 0; i < r.outputs.count; ++i)
    if (r.file.i32(r.outputs.at + 4 * i) == output) return false;
  to.data_at = from.data_at;
  to.data_bytes = from.data_bytes;
  return true;
}

constexpr bool import_reshape(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(1, 2)) return false;
  if (r.is_integer_result())
    return r.require_same_elements(r.operand(0), r.result(0)) && import_shape_arithmetic(r, kind);
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_same_elements(input, output)) return false;
  if (reshape_constant(r, input, output)) return true;
  return require_movable(r, input, output) && r.append(r.make_layer(kind));
}

/// A reshape whose result must have just these extents.
constexpr bool append_reshape(tflite_reader& r, layer_kind kind, const shape& extents) {
  const std::int32_t input = r.operand(0), output = r.result(0);
  // Of integers, the reference takes axes away only.
  const bool integers = r.op == tflite_operator::squeeze && r.is_integer_result();
  if (!integers && !require_movable(r, input, output)) return false;
  const shape& to = r.at(output).extents;
  if (to.rank != extents.rank) return r.fail(refusal::rank, output, to.rank, extents.rank);
  for (int axis = 0; axis < to.rank; ++axis)
    if (to[axis] != extents[axis]) return r.fail(refusal::shape, output, to[axis], extents[axis]);
  return integers ? import_shape_arithmetic(r, kind) : r.append(r.make_layer(kind));
}

constexpr bool import_expand_dims(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const shape& from = r.at(r.operand(0)).extents;
  std::int32_t axis = 0;
  if (const std::int32_t count = r.integers(r.operand(1), &axis, 1); count != 1)
    return count < 0 ? false : r.fail(refusal::shape, r.operand(1), count, 1);
  if (r.at(r.operand(1)).extents.rank > 1)
    return r.fail(refusal::rank, r.operand(1), r.at(r.operand(1)).extents.rank, 1);
  const std::int32_t place = axis < 0 ? axis + from.rank + 1 : axis;
  if (place < 0 || place > from.rank || from.rank == max_rank)
    return r.fail(refusal::option, r.operand(1), axis, from.rank);
  shape extents{from.rank + 1, {}};
  for (int a = 0; a < extents.rank; ++a) extents[a] = a == place ? 1 : from[a < place ? a : a - 1];
  return append_reshape(r, kind, extents);
}

/// Takes away the axes that its options name, which have extent 1, or all that have.
constexpr bool import_squeeze(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(1, 1)) return false;
  const shape& from = r.at(r.operand(0)).extents;
  const flatbuffer_vector named = r.file.vector(r.options, 0, 4);
  std::uint32_t taken = 0;
  for (std::uint32_t i = 0; i < named.count; ++i) {
    const std::int32_t axis = r.resolve_axis(r.file.i32(named.at + 4 * i), r.operand(0));
    if (axis < 0) return false;
    if (from[axis] != 1) return r.fail(refusal::shape, r.operand(0), from[axis], 1);
    taken |= 1u << axis;
  }
  shape extents{};
  for (int a = 0; a < from.rank; ++a) {
    const bool goes = named.count == 0 ? from[a] == 1 : (taken >> a & 1) != 0;
    if (!goes) extents[extents.rank++] = from[a];
  }
  return append_reshape(r, kind, extents);
}

constexpr bool import_pad(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 3)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output)) return false;
  const shape& from = r.at(input).extents;
  const shape& to = r.at(output).extents;
  std::int32_t amounts[2 * max_rank]{};
  const std::int32_t count = r.integers(r.operand(1), amounts, 2 * max_rank);
  if (count < 0) return false;
  if (count != 2 * from.rank || to.rank != from.rank) return r.fail(refusal::shape, r.operand(1), count, 2 * from.rank);
  layer l = r.make_layer(kind);
  for (int axis = 0; axis < from.rank; ++axis) {
    const std::int32_t before = amounts[2 * axis], after = amounts[2 * axis + 1];
    if (before < 0 || after < 0) return r.fail(refusal::option, r.operand(1), "paddings must not be negative");
    if (std::int64_t{from[axis]} + before + after != to[axis]) return r.fail(refusal::shape, output, to[axis]);
    l.begin[static_cast<std::size_t>(axis)] = before;
  }
  l.fill = r.at(output).quant.zero_point;
  if (r.operand(2) >= 0) {
    const tensor& value = r.at(r.operand(2));
    if (!r.require_int8(r.operand(2))) return false;
    if (!value.is_constant()) return r.fail(refusal::not_constant, r.operand(2));
    if (!same_values(value.quant, r.at(output).quant))
      return r.fail(refusal::quantization, r.operand(2), "it must have the scale and zero point of the result");
    l.fill = r.file.i8(value.data_at);
  }
  return r.append(l);
}

/// Places a part in a map of three axes, seen as such a map itself, at a position of the second.
constexpr bool append_block(tflite_reader& r, std::int32_t part, const shape& block, std::int32_t whole,
                            std::int32_t position) {
  layer view = r.make_layer(layer_kind::reshape);
  view.inputs[0] = part;
  view.output = r.add_tensor(block, r.at(whole).quant);
  layer place = r.make_layer(layer_kind::place);
  place.inputs[0] = view.output;
  place.output = whole;
  place.begin[1] = position;
  return r.append(view) && r.append(place);
}

/// Parts beside each other along a new axis: whatever axes there are, they are blocks of a map of three.
constexpr bool import_pack(tflite_reader& r, layer_kind kind) {
  const auto parts = static_cast<std::int32_t>(r.operands.count);
  if (const std::int32_t values = r.file.i32_or(r.options, 0, 0); values != parts)
    return r.fail(refusal::operands, r.result(0), parts, values);
  if (r.results.count != 1) return r.fail(refusal::operands);
  const std::int32_t output = r.result(0);
  const bool integers = r.is_integer_result();
  if (!integers && !r.require_int8(output)) return false;
  const shape& to = r.at(output).extents;
  constexpr std::uint32_t axis_field = 1;
  const std::int32_t axis = r.resolve_axis(r.file.i32_or(r.options, axis_field, 0), output);
  if (axis < 0) return false;
  if (to[axis] != parts) return r.fail(refusal::shape, output, to[axis], parts);
  for (std::int32_t i = 0; i < parts; ++i) {
    const std::int32_t input = r.operand(i);
    if (input < 0) return r.fail(refusal::operands);
    if (!integers && !r.require_int8(input)) return false;
    const shape& from = r.at(input).extents;
    if (from.rank != to.rank - 1) return r.fail(refusal::rank, input, from.rank, to.rank - 1);
    for (int a = 0; a < from.rank; ++a)
      if (from[a] != to[a < axis ? a : a + 1]) return r.fail(refusal::shape, input, from[a], to[a < axis ? a : a + 1]);
  }
  if (integers) return import_shape_arithmetic(r, kind);
  std::int32_t outer = 1, inner = 1;
  for (int a = 0; a < to.rank; ++a)
    if (a != axis) (a < axis ? outer : inner) *= to[a];
  if (outer > most_rows) return r.fail(refusal::too_large, output, outer, most_rows);
  layer view = r.make_layer(layer_kind::reshape);
  view.inputs[0] = parts == 1 ? r.operand(0) : r.add_tensor({3, {outer, parts, inner}}, r.at(output).quant);
  for (std::int32_t i = 0; i < parts && parts > 1; ++i)
    if (!append_block(r, r.operand(i), {3, {outer, 1, inner}}, view.inputs[0], i)) return false;
  return r.append(view);
}

/// Elements along one axis in the order of a constant list, or one of them.
constexpr bool import_gather(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const std::int32_t input = r.operand(0), indices = r.operand(1), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output)) return false;
  const shape& from = r.at(input).extents;
  const tensor& list = r.at(indices);
  if (list.type != element_type::int32)
    return r.fail(refusal::unsupported_type, indices, static_cast<std::int32_t>(list.type),
                  static_cast<std::int32_t>(element_type::int32));
  if (!list.is_constant()) return r.fail(refusal::not_constant, indices);
  const std::int32_t axis = r.resolve_axis(r.file.i32_or(r.options, 0, 0), input);
  if (axis < 0) return false;
  constexpr std::uint32_t batch_dims = 1;
  if (r.file.i32_or(r.options, batch_dims, 0) != 0) return r.fail(refusal::option, indices, "batch_dims must be 0");
  const std::int32_t count = list.extents.elements();
  for (std::int32_t i = 0; i < count; ++i) {
    const std::int32_t index = r.file.i32(list.data_at + 4 * static_cast<std::uint32_t>(i));
    if (index < 0 || index >= from[axis])
      return r.fail(refusal::option, indices, index < 0 ? -1 : index, from[axis] - 1,
                    "an index must be inside its axis");
  }
  // The list's axes stand in the place of the axis.
  const shape& to = r.at(output).extents;
  const int added = list.extents.rank - 1;
  if (to.rank != from.rank + added) return r.fail(refusal::rank, output, to.rank, from.rank + added);
  for (int a = 0; a < to.rank; ++a) {
    const std::int32_t expected = a < axis ? from[a] : a <= axis + added ? list.extents[a - axis] : from[a - added];
    if (to[a] != expected) return r.fail(refusal::shape, output, to[a], expected);
  }
  layer l = r.make_layer(kind);
  l.inputs[1] = indices;
  l.axes = 1u << axis;
  return r.append(l);
}

constexpr bool import_concatenation(tflite_reader& r, layer_kind kind) {
  constexpr std::int32_t most_parts = 10;  // of the reference
  if (r.operands.count > most_parts)
    return r.fail(refusal::operands, r.result(0), static_cast<std::int32_t>(r.operands.count), most_parts);
  if (r.results.count != 1) return r.fail(refusal::operands);
  const std::int32_t output = r.result(0);
  const bool integers = r.is_integer_result();
  if (!integers && !r.require_int8(output)) return false;
  const shape& to = r.at(output).extents;
  const std::int32_t axis = r.resolve_axis(r.file.i32_or(r.options, 0, 0), output);
  if (axis < 0) return false;
  constexpr std::uint32_t fused_activation = 1;
  if (r.file.i8_or(r.options, fused_activation, 0) != 0)
    return r.fail(refusal::option, output, "it must have no fused activation");
  // Along height and further out, parts stand one below another only if there is nothing around them. Else they are
  // blocks of a map of three axes.
  std::int32_t outer = 1, inner = 1;
  for (int a = 0; a < to.rank; ++a)
    if (a != axis) (a < axis ? outer : inner) *= to[a];
  const bool in_blocks = !integers && axis < to.rank - 2 && outer > 1;
  layer view = r.make_layer(layer_kind::reshape);
  if (in_blocks) view.inputs[0] = r.add_tensor({3, {outer, to[axis], inner}}, r.at(output).quant);
  std::int32_t position = 0;
  for (std::uint32_t i = 0; i < r.operands.count; ++i) {
    const std::int32_t input = r.operand(static_cast<int>(i));
    if (input < 0) return r.fail(refusal::operands);
    if (!integers && !r.require_int8(input)) return false;
    const shape& from = r.at(input).extents;
    if (from.rank != to.rank) return r.fail(refusal::rank, input, from.rank, to.rank);
    for (int a = 0; a < to.rank; ++a)
      if (a != axis && from[a] != to[a]) return r.fail(refusal::shape, input, from[a], to[a]);
    if (from[axis] > to[axis] - position) return r.fail(refusal::shape, output, to[axis]);
    layer l = r.make_layer(kind);
    l.inputs[0] = input;
    l.begin[static_cast<std::size_t>(axis)] = position;
    if (in_blocks) {
      if (const error e = require_same_quantization(r.graph->view(), input, output))
        return r.fail(e.reason, e.tensor, e.found, e.supported, e.rule);
      if (!append_block(r, input, {3, {outer, from[axis], inner}}, view.inputs[0], position)) return false;
    } else if (!integers) {
      r.append(l);
    }
    position += from[axis];
  }
  if (position != to[axis]) return r.fail(refusal::shape, output, to[axis], position);
  if (in_blocks) return r.append(view);
  return !integers || import_shape_arithmetic(r, kind);
}

constexpr bool import_transpose(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!require_movable(r, input, output)) return false;
  const shape& from = r.at(input).extents;
  const shape& to = r.at(output).extents;
  std::int32_t order[max_rank]{};
  if (!r.require_rank(r.operand(1), 1)) return false;
  const std::int32_t count = r.integers(r.operand(1), order, max_rank);
  if (count < 0 || !r.require_rank(r.operand(1), 1)) return false;
  if (count != from.rank || to.rank != from.rank) return r.fail(refusal::shape, r.operand(1), count, from.rank);
  layer l = r.make_layer(kind);
  std::uint32_t seen = 0;
  for (int axis = 0; axis < from.rank; ++axis) {
    const std::int32_t source = order[axis];
    if (source < 0 || source >= from.rank || (seen >> source & 1) != 0)
      return r.fail(refusal::option, r.operand(1), source, -1, "it must name every axis once, from 0 on");
    seen |= 1u << source;
    if (to[axis] != from[source]) return r.fail(refusal::shape, output, to[axis], from[source]);
    l.begin[static_cast<std::size_t>(axis)] = source;
  }
  return r.append(l);
}

inline constexpr tflite_importer move_importers[]{
    {tflite_operator::reshape, import_reshape, layer_kind::reshape},
    {tflite_operator::squeeze, import_squeeze, layer_kind::reshape},
    {tflite_operator::expand_dims, import_expand_dims, layer_kind::reshape},
    {tflite_operator::pad, import_pad, layer_kind::pad},
    {tflite_operator::padv2, import_pad, layer_kind::pad},
    {tflite_operator::pack, import_pack, layer_kind::place},
    {tflite_operator::concatenation, import_concatenation, layer_kind::place},
    {tflite_operator::gather, import_gather, layer_kind::gather},
    {tflite_operator::transpose, import_transpose, layer_kind::transpose},
};

}  // namespace detail

}  // namespace inlay
