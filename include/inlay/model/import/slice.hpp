// Inlay: operators that cut a tensor become layers.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/tflite_reader.hpp>
#include <inlay/model/import/move.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// Appends a slice of such extents. Where the result drops an axis, its bytes are the same.
constexpr bool append_slice(tflite_reader& r, layer l, const shape& extents) {
  const std::int32_t output = l.output;
  if (r.at(output).extents.elements() != extents.elements())
    return r.fail(refusal::shape, output, r.at(output).extents.elements(), extents.elements());
  if (r.at(output).extents == extents) return r.append(l);
  if (map_rows(extents) > most_rows) return r.fail(refusal::too_large, output, map_rows(extents), most_rows);
  l.output = r.add_tensor(extents, r.at(output).quant);
  layer view = r.make_layer(layer_kind::reshape);
  view.inputs[0] = l.output;
  view.output = output;
  return r.append(l) && r.append(view);
}

constexpr std::int64_t clamp_position(std::int64_t value, std::int64_t low, std::int64_t high) {
  return value < low ? low : value > high ? high : value;
}

constexpr bool import_strided_slice(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(4, 4)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  const bool integers = r.is_integer_result();
  if (!integers && (!r.require_int8(input) || !r.require_int8(output))) return false;
  const shape& from = r.at(input).extents;
  std::int32_t begin[max_rank]{}, end[max_rank]{}, step[max_rank]{};
  const std::int32_t count = r.integers(r.operand(1), begin, max_rank);
  if (count < 0 || r.integers(r.operand(2), end, max_rank) < 0 || r.integers(r.operand(3), step, max_rank) < 0)
    return false;
  if (count != from.rank || r.at(r.operand(2)).extents.elements() != count ||
      r.at(r.operand(3)).extents.elements() != count)
    return r.fail(refusal::shape, r.operand(1), count, from.rank);
  if (r.file.i32_or(r.options, schema::ellipsis_mask, 0) != 0 ||
      r.file.i32_or(r.options, schema::new_axis_mask, 0) != 0 || r.file.flag(r.options, schema::offset))
    return r.fail(refusal::option, input, "ellipsis_mask, new_axis_mask and offset must be 0");
  const std::int32_t begin_mask = r.file.i32_or(r.options, schema::begin_mask, 0);
  const std::int32_t end_mask = r.file.i32_or(r.options, schema::end_mask, 0);
  const std::int32_t shrink_mask = r.file.i32_or(r.options, schema::shrink_axis_mask, 0);
  layer l = r.make_layer(kind);
  shape extents{from.rank, {}}, kept{};
  for (int axis = 0; axis < from.rank; ++axis) {
    const std::int32_t extent = from[axis], stride = step[axis];
    if (stride == 0) return r.fail(refusal::option, r.operand(3), "no stride may be 0");
    const bool forward = stride > 0;
    // Positions one before the first and one after the last stand for "beyond".
    const std::int32_t lowest = forward ? 0 : -1, highest = forward ? extent : extent - 1;
    std::int64_t first = begin[axis], last = end[axis];
    if (first < 0) first += extent;
    if (last < 0) last += extent;
    first = (begin_mask >> axis & 1) != 0 ? (forward ? lowest : highest) : clamp_position(first, lowest, highest);
    last = (end_mask >> axis & 1) != 0 ? (forward ? highest : lowest) : clamp_position(last, lowest, highest);
    if ((shrink_mask >> axis & 1) != 0) {
      if (stride != 1) return r.fail(refusal::option, r.operand(3), stride, 1, "an axis that is dropped has stride 1");
      last = first + 1;
    }
    const std::int64_t distance = forward ? last - first : first - last;
    const std::int64_t pace = forward ? stride : -std::int64_t{stride};
    const std::int64_t taken = distance <= 0 ? 0 : (distance + pace - 1) / pace;
    if (taken < 1 || first < 0 || first >= extent) return r.fail(refusal::shape, output);
    l.begin[static_cast<std::size_t>(axis)] = static_cast<std::int32_t>(first);
    // The stride of a single element is never taken; it may be too large to multiply.
    l.step[static_cast<std::size_t>(axis)] = taken == 1 ? 1 : stride;
    extents[axis] = static_cast<std::int32_t>(taken);
    if ((shrink_mask >> axis & 1) == 0) kept[kept.rank++] = extents[axis];
  }
  const shape& to = r.at(output).extents;
  if (to.rank != kept.rank) return r.fail(refusal::rank, output, to.rank, kept.rank);
  for (int axis = 0; axis < to.rank; ++axis)
    if (to[axis] != kept[axis]) return r.fail(refusal::shape, output, to[axis], kept[axis]);
  if (integers) return import_shape_arithmetic(r, kind);
  return append_slice(r, l, extents);
}

constexpr bool import_slice(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(3, 3)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  const bool integers = r.is_integer_result();
  if (!integers && (!r.require_int8(input) || !r.require_int8(output))) return false;
  const shape& from = r.at(input).extents;
  layer l = r.make_layer(kind);
  std::int32_t begin[max_rank]{}, size[max_rank]{};
  const std::int32_t count = r.integers(r.operand(1), begin, max_rank);
  if (count < 0 || r.integers(r.operand(2), size, max_rank) < 0) return false;
  if (count != from.rank || r.at(r.operand(2)).extents.elements() != count || r.at(output).extents.rank != from.rank)
    return r.fail(refusal::shape, r.operand(1), count, from.rank);
  for (int axis = 0; axis < from.rank; ++axis) {
    const auto a = static_cast<std::size_t>(axis);
    const std::int32_t taken = r.at(output).extents[axis];
    if (begin[axis] < 0 || begin[axis] > from[axis] - taken)
      return r.fail(refusal::option, r.operand(1), -1, from[axis], "it must begin and end inside the map");
    // −1 stands for the rest.
    if (taken != (size[axis] == -1 ? from[axis] - begin[axis] : size[axis]))
      return r.fail(refusal::shape, output, taken, size[axis]);
    l.begin[a] = begin[axis];
    l.step[a] = 1;
  }
  return integers ? import_shape_arithmetic(r, kind) : r.append(l);
}

/// Cuts a tensor along an axis: one slice for each result, of sizes[i] elements.
constexpr bool cut(tflite_reader& r, layer_kind kind, std::int32_t input, std::int32_t axis,
                   const std::int32_t* sizes) {
  const shape& from = r.at(input).extents;
  std::int32_t position = 0;
  for (std::uint32_t i = 0; i < r.results.count; ++i) {
    const std::int32_t output = r.result(static_cast<int>(i));
    if (!require_movable(r, input, output)) return false;
    if (r.at(input).type != element_type::int8) return r.fail(refusal::float_network, input);
    if (sizes[i] < 1 || sizes[i] > from[axis] - position) return r.fail(refusal::shape, output, sizes[i], from[axis]);
    layer l = r.make_layer(kind);
    l.inputs[0] = input;
    l.output = output;
    shape extents = from;
    extents[axis] = sizes[i];
    for (std::size_t a = 0; a < l.step.size(); ++a) l.step[a] = 1;
    l.begin[static_cast<std::size_t>(axis)] = position;
    position += sizes[i];
    if (r.op != tflite_operator::unpack && r.at(output).extents != extents)
      return r.fail(refusal::shape, output, r.at(output).extents[axis], sizes[i]);
    if (!append_slice(r, l, extents)) return false;
  }
  return position == from[axis] ? true : r.fail(refusal::shape, input, position, from[axis]);
}

constexpr bool require_results(tflite_reader& r, std::int32_t tensor) {
  return r.results.count <= most_results
             ? true
             : r.fail(refusal::operands, tensor, static_cast<std::int32_t>(r.results.count), most_results);
}

constexpr bool cut_evenly(tflite_reader& r, layer_kind kind, std::int32_t input, std::int32_t axis) {
  if (axis < 0 || !require_results(r, input)) return false;
  std::int32_t sizes[most_results]{};
  const auto parts = static_cast<std::int32_t>(r.results.count);
  for (std::int32_t i = 0; i < parts; ++i) sizes[i] = r.at(input).extents[axis] / parts;
  return cut(r, kind, input, axis, sizes);
}

constexpr bool import_split(tflite_reader& r, layer_kind kind) {
  if (r.operands.count != 2 || r.operand(1) < 0) return r.fail(refusal::operands);
  std::int32_t axis = 0;
  if (r.integers(r.operand(0), &axis, 1) != 1) return r.fail(refusal::operands, r.operand(0));
  return cut_evenly(r, kind, r.operand(1), r.resolve_axis(axis, r.operand(1)));
}

constexpr bool import_split_v(tflite_reader& r, layer_kind kind) {
  if (r.operands.count != 3 || r.operand(0) < 0 || !require_results(r, r.operand(0))) return r.fail(refusal::operands);
  std::int32_t sizes[most_results]{}, axis = 0;
  if (r.integers(r.operand(1), sizes, most_results) != static_cast<std::int32_t>(r.results.count) ||
      r.integers(r.operand(2), &axis, 1) != 1)
    return r.fail(refusal::operands, r.operand(1));
  axis = r.resolve_axis(axis, r.operand(0));
  if (axis < 0) return false;
  // −1 stands for what the others leave.
  std::int64_t rest = r.at(r.operand(0)).extents[axis];
  for (std::int32_t size : sizes) rest -= size > 0 ? size : 0;
  for (std::int32_t& size : sizes)
    if (size == -1) size = static_cast<std::int32_t>(rest > 0 ? rest : 0);
  return cut(r, kind, r.operand(0), axis, sizes);
}

constexpr bool import_unpack(tflite_reader& r, layer_kind kind) {
  if (r.operands.count != 1 || r.operand(0) < 0) return r.fail(refusal::operands);
  constexpr std::uint32_t axis_field = 1;
  return cut_evenly(r, kind, r.operand(0), r.resolve_axis(r.file.i32_or(r.options, axis_field, 0), r.operand(0)));
}

inline constexpr tflite_importer slice_importers[]{
    {tflite_operator::strided_slice, import_strided_slice, layer_kind::slice},
    {tflite_operator::slice, import_slice, layer_kind::slice},
    {tflite_operator::split, import_split, layer_kind::slice},
    {tflite_operator::split_v, import_split_v, layer_kind::slice},
    {tflite_operator::unpack, import_unpack, layer_kind::slice},
};

}  // namespace detail

}  // namespace inlay
