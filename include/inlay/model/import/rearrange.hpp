// Inlay: more operators that only move elements become layers: REVERSE_V2, BROADCAST_TO, FILL, GATHER_ND,
// EMBEDDING_LOOKUP, MIRROR_PAD, DYNAMIC_UPDATE_SLICE, SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/tflite_reader.hpp>
#include <inlay/model/import/move.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// A slice with steps backwards. The reference takes axes only that follow one another.
constexpr bool import_reverse(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output)) return false;
  const shape& extents = r.at(input).extents;
  if (r.at(output).extents != extents) return r.fail(refusal::shape, output);
  std::int32_t axes[max_rank]{};
  if (!r.require_list(r.operand(1), 1)) return false;
  const std::int32_t count = r.integers(r.operand(1), axes, max_rank);
  if (count < 0 || !r.require_rank(r.operand(1), 1)) return false;
  layer l = r.make_layer(kind);
  std::uint32_t reversed = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    const std::int32_t axis = r.resolve_axis(axes[i], input);
    if (axis < 0) return false;
    if ((reversed >> axis & 1) != 0)
      return r.fail(refusal::option, r.operand(1), axes[i], -1, "no axis may be named twice");
    reversed |= 1u << axis;
  }
  const std::uint32_t from_the_first = reversed == 0 ? 0 : reversed >> std::countr_zero(reversed);
  if ((from_the_first & (from_the_first + 1)) != 0)
    return r.fail(refusal::option, r.operand(1), "the axes must follow one another");
  for (int axis = 0; axis < extents.rank; ++axis) {
    const auto a = static_cast<std::size_t>(axis);
    const bool backwards = (reversed >> axis & 1) != 0;
    // The step of a single element is never taken.
    l.step[a] = backwards && extents[axis] > 1 ? -1 : 1;
    l.begin[a] = backwards ? extents[axis] - 1 : 0;
  }
  return r.append(l);
}

/// The larger of the tensor and itself, which is as good as any function that a tensor is broadcast by.
constexpr bool append_broadcast(tflite_reader& r, layer_kind kind, std::int32_t input, int most_axes) {
  const std::int32_t output = r.result(0);
  const bool integers = r.is_integer_result();
  if (!integers && (!r.require_int8(input) || !r.require_int8(output))) return false;
  const shape& from = r.at(input).extents;
  const shape& to = r.at(output).extents;
  if (to.rank > most_axes || from.rank > to.rank) return r.fail(refusal::rank, output, to.rank, most_axes);
  for (int a = 0; a < from.rank; ++a)
    if (from.from_innermost(a) != 1 && from.from_innermost(a) != to.from_innermost(a))
      return r.fail(refusal::shape, output, to.from_innermost(a), from.from_innermost(a));
  if (integers) return import_shape_arithmetic(r, kind);
  layer l = r.make_layer(kind);
  l.inputs[0] = l.inputs[1] = input;
  return r.append(l);
}

constexpr bool require_extents(tflite_reader& r, std::int32_t list, const shape& extents) {
  std::int32_t wanted[max_rank]{};
  if (!r.require_list(list, 1, true)) return false;
  const std::int32_t count = r.integers(list, wanted, max_rank);
  if (count < 0) return false;
  if (count != extents.rank) return r.fail(refusal::shape, list, count, extents.rank);
  for (int axis = 0; axis < count; ++axis)
    if (wanted[axis] != extents[axis]) return r.fail(refusal::shape, r.result(0), extents[axis]);
  return true;
}

constexpr bool import_broadcast_to(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  constexpr int most_axes = 5;  // of the reference
  return require_extents(r, r.operand(1), r.at(r.result(0)).extents) &&
         append_broadcast(r, kind, r.operand(0), most_axes);
}

constexpr bool import_fill(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const std::int32_t value = r.operand(1);
  if (!r.require_rank(value, 0)) return false;
  return require_extents(r, r.operand(0), r.at(r.result(0)).extents) &&
         (r.is_integer_result() || r.require_same_values(value, r.result(0))) &&
         append_broadcast(r, kind, value, max_rank);
}

/// A constant list of int32 indices, each below the extent of its axis: `depth` of them are one position.
constexpr bool require_indices(tflite_reader& r, std::int32_t list, const shape& from, std::int32_t depth) {
  const tensor& t = r.at(list);
  if (t.type != element_type::int32)
    return r.fail(refusal::unsupported_type, list, static_cast<std::int32_t>(t.type),
                  static_cast<std::int32_t>(element_type::int32));
  if (!t.is_constant()) return r.fail(refusal::not_constant, list);
  for (std::int32_t i = 0; i < t.extents.elements(); ++i) {
    const std::int32_t index = r.file.i32(t.data_at + 4 * static_cast<std::uint32_t>(i));
    const std::int32_t extent = from[i % depth];
    if (index < 0 || index >= extent) return r.fail(refusal::option, list, index < 0 ? -1 : index, extent - 1);
  }
  return true;
}

/// Positions along the first axes of the input become what stands there, in the list's order.
constexpr bool append_positions(tflite_reader& r, layer_kind kind, std::int32_t input, std::int32_t list, int depth,
                                int list_axes) {
  const std::int32_t output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output)) return false;
  const shape& from = r.at(input).extents;
  const shape& to = r.at(output).extents;
  if (depth < 1 || depth > from.rank) return r.fail(refusal::rank, list, depth, from.rank);
  if (to.rank != list_axes + from.rank - depth) return r.fail(refusal::rank, output, to.rank);
  for (int axis = 0; axis < to.rank; ++axis) {
    const std::int32_t expected = axis < list_axes ? r.at(list).extents[axis] : from[axis - list_axes + depth];
    if (to[axis] != expected) return r.fail(refusal::shape, output, to[axis], expected);
  }
  if (!require_indices(r, list, from, depth)) return false;
  layer l = r.make_layer(kind);
  l.inputs[0] = input;
  l.inputs[1] = list;
  l.axes = (1u << depth) - 1;
  return r.append(l);
}

constexpr bool import_gather_nd(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const shape& list = r.at(r.operand(1)).extents;
  constexpr std::int32_t most_depth = 5;  // of the reference
  if (list.rank < 1 || list.channels() > most_depth) return r.fail(refusal::shape, r.operand(1));
  return append_positions(r, kind, r.operand(0), r.operand(1), list.channels(), list.rank - 1);
}

constexpr bool import_embedding_lookup(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2) || !r.require_rank(r.operand(0), 1)) return false;
  if (r.at(r.operand(1)).extents.rank < 2) return r.fail(refusal::rank, r.operand(1));
  return append_positions(r, kind, r.operand(1), r.operand(0), 1, 1);
}

constexpr bool import_mirror_pad(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output)) return false;
  const shape& from = r.at(input).extents;
  const shape& to = r.at(output).extents;
  std::int32_t amounts[2 * max_rank]{};
  if (!r.require_list(r.operand(1), 2, true)) return false;
  if (r.at(r.operand(1)).extents[0] != from.rank)
    return r.fail(refusal::shape, r.operand(1), r.at(r.operand(1)).extents[0], from.rank);
  const std::int32_t count = r.integers(r.operand(1), amounts, 2 * max_rank);
  if (count < 0 || !r.require_rank(r.operand(1), 2)) return false;
  if (count != 2 * from.rank || to.rank != from.rank) return r.fail(refusal::shape, r.operand(1), count, 2 * from.rank);
  // Without options the reference repeats the edge, though REFLECT is the schema's default.
  const std::int32_t mode = r.options ? r.file.i8_or(r.options, 0, 0) : 1;
  if (mode != 0 && mode != 1) return r.fail(refusal::option, input, mode, 1);
  const std::int32_t left_out = mode == 0 ? 1 : 0;
  layer l = r.make_layer(kind);
  for (int axis = 0; axis < from.rank; ++axis) {
    const std::int32_t before = amounts[2 * axis], after = amounts[2 * axis + 1], most = from[axis] - left_out;
    if (before < 0 || after < 0 || before > most || after > most)
      return r.fail(refusal::option, r.operand(1), before > after ? before : after, most,
                    "a mirror image may not be larger than the map");
    if (from[axis] + before + after != to[axis]) return r.fail(refusal::shape, output, to[axis]);
    l.begin[static_cast<std::size_t>(axis)] = before;
    l.step[static_cast<std::size_t>(axis)] = left_out;
  }
  return r.append(l);
}

constexpr bool import_dynamic_update_slice(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(3, 3)) return false;
  const std::int32_t input = r.operand(0), block = r.operand(1), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(block) || !r.require_int8(output)) return false;
  const shape& map = r.at(input).extents;
  const shape& part = r.at(block).extents;
  if (r.at(output).extents != map) return r.fail(refusal::shape, output);
  if (part.rank != map.rank) return r.fail(refusal::rank, block, part.rank, map.rank);
  std::int32_t begin[max_rank]{};
  if (!r.require_list(r.operand(2), 1, true)) return false;
  const std::int32_t count = r.integers(r.operand(2), begin, max_rank);
  if (count < 0) return false;
  if (count != map.rank) return r.fail(refusal::shape, r.operand(2), count, map.rank);
  layer l = r.make_layer(kind);
  l.inputs[1] = block;
  for (int axis = 0; axis < map.rank; ++axis) {
    const std::int32_t most = map[axis] - part[axis];
    if (most < 0) return r.fail(refusal::shape, block, part[axis], map[axis]);
    // The reference moves a block inside that would reach beyond the map.
    const std::int32_t first = begin[axis] < most ? begin[axis] : most;
    l.begin[static_cast<std::size_t>(axis)] = first > 0 ? first : 0;
  }
  return r.append(l);
}

/// Appends what brings axes into another order: views of six axes before and behind.
constexpr bool append_reordered(tflite_reader& r, std::int32_t input, std::int32_t output, const shape& from,
                                const std::int32_t (&order)[max_rank]) {
  shape to{max_rank, {}};
  layer l = r.make_layer(layer_kind::transpose);
  for (int axis = 0; axis < max_rank; ++axis) {
    to[axis] = from[order[axis]];
    l.begin[static_cast<std::size_t>(axis)] = order[axis];
  }
  if (map_rows(from) > most_rows || map_rows(to) > most_rows)
    return r.fail(refusal::too_large, output, map_rows(to), most_rows);
  layer before = r.make_layer(layer_kind::reshape), behind = before;
  before.inputs[0] = input;
  before.output = l.inputs[0] = r.add_tensor(from, r.at(input).quant);
  l.output = behind.inputs[0] = r.add_tensor(to, r.at(output).quant);
  behind.output = output;
  return r.append(before) && r.append(l) && r.append(behind);
}

/// The two block sizes and the amounts around them of SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND. A tensor of three axes
/// has no width.
struct batch_blocks {
  std::int32_t height = 1, width = 1;
  std::int32_t amounts[4]{};
  bool good = false;
};

constexpr batch_blocks read_blocks(tflite_reader& r) {
  if (!r.require_operands(3, 3)) return {};
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output)) return {};
  const int rank = r.at(input).extents.rank, spatial = rank - 2;
  if (rank != 3 && rank != 4) return r.fail(refusal::rank, input, rank, 4), batch_blocks{};
  if (r.at(output).extents.rank != rank)
    return r.fail(refusal::rank, output, r.at(output).extents.rank, rank), batch_blocks{};
  std::int32_t sizes[2]{1, 1};
  batch_blocks found{};
  if (!r.require_list(r.operand(1), 1) || !r.require_list(r.operand(2), 2)) return {};
  if (r.integers(r.operand(1), sizes, 2) != spatial || r.integers(r.operand(2), found.amounts, 4) != 2 * spatial)
    return r.fail(refusal::shape, r.operand(1), -1, spatial), batch_blocks{};
  for (std::int32_t size : sizes)
    if (size < 1 || size > most_extent)
      return r.fail(refusal::option, r.operand(1), size, -1, "blocks are 1 to 32768"), batch_blocks{};
  for (std::int32_t amount : found.amounts)
    if (amount < 0 || amount > most_extent)
      return r.fail(refusal::option, r.operand(2), amount, -1, "amounts are 0 to 32768"), batch_blocks{};
  found.height = sizes[0];
  found.width = sizes[1];
  found.good = true;
  return found;
}

/// A tensor of three axes [batch, height, channels] counts as one of four.
constexpr shape with_width(const shape& s) { return s.rank == 4 ? s : shape{4, {s[0], s[1], 1, s[2]}}; }

/// Every block's pixels go to as many samples. What the reference pads with is memory that nobody has set.
constexpr bool import_space_to_batch(tflite_reader& r, layer_kind) {
  const batch_blocks blocks = read_blocks(r);
  if (!blocks.good) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  const shape from = with_width(r.at(input).extents), to = with_width(r.at(output).extents);
  for (std::int32_t amount : blocks.amounts)
    if (amount != 0)
      return r.fail(refusal::option, r.operand(2), amount, 0,
                    "the reference pads with memory that nobody has set: put a PAD in front, or write the dilation "
                    "into the convolution");
  if (from[1] != std::int64_t{to[1]} * blocks.height) return r.fail(refusal::shape, output, from[1], to[1]);
  if (from[2] != std::int64_t{to[2]} * blocks.width) return r.fail(refusal::shape, output, from[2], to[2]);
  if (to[0] != std::int64_t{from[0]} * blocks.height * blocks.width || from[3] != to[3])
    return r.fail(refusal::shape, output, to[0], from[0]);
  return append_reordered(r, input, output, {6, {from[0], to[1], blocks.height, to[2], blocks.width, to[3]}},
                          {2, 4, 0, 1, 3, 5});
}

constexpr bool import_batch_to_space(tflite_reader& r, layer_kind) {
  const batch_blocks blocks = read_blocks(r);
  if (!blocks.good) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  const shape from = with_width(r.at(input).extents), to = with_width(r.at(output).extents);
  const std::int64_t height = std::int64_t{from[1]} * blocks.height, width = std::int64_t{from[2]} * blocks.width;
  if (from[0] != std::int64_t{to[0]} * blocks.height * blocks.width || from[3] != to[3])
    return r.fail(refusal::shape, output, to[0], from[0]);
  if (to[1] != height - blocks.amounts[0] - blocks.amounts[1]) return r.fail(refusal::shape, output, to[1]);
  if (to[2] != width - blocks.amounts[2] - blocks.amounts[3]) return r.fail(refusal::shape, output, to[2]);
  const shape parts{6, {blocks.height, blocks.width, to[0], from[1], from[2], to[3]}};
  if (to[1] == height && to[2] == width) return append_reordered(r, input, output, parts, {2, 3, 0, 4, 1, 5});
  const shape whole{4, {to[0], static_cast<std::int32_t>(height), static_cast<std::int32_t>(width), to[3]}};
  if (whole[0] * height > most_rows) return r.fail(refusal::too_large, output, whole[1], most_rows);
  layer crop = r.make_layer(layer_kind::slice);
  crop.inputs[0] = r.add_tensor(whole, r.at(output).quant);
  crop.output = r.at(output).extents.rank == 4 ? output : r.add_tensor(to, r.at(output).quant);
  crop.begin = {0, blocks.amounts[0], blocks.amounts[2], 0};
  crop.step = {1, 1, 1, 1, 1, 1};
  if (!append_reordered(r, input, crop.inputs[0], parts, {2, 3, 0, 4, 1, 5}) || !r.append(crop)) return false;
  layer view = r.make_layer(layer_kind::reshape);
  view.inputs[0] = crop.output;
  return crop.output == output ? true : r.append(view);
}

inline constexpr tflite_importer rearrange_importers[]{
    {tflite_operator::mirror_pad, import_mirror_pad, layer_kind::mirror_pad},
    {tflite_operator::reverse_v2, import_reverse, layer_kind::slice},
    {tflite_operator::dynamic_update_slice, import_dynamic_update_slice, layer_kind::update},
    {tflite_operator::gather_nd, import_gather_nd, layer_kind::gather},
    {tflite_operator::embedding_lookup, import_embedding_lookup, layer_kind::gather},
    {tflite_operator::broadcast_to, import_broadcast_to, layer_kind::maximum},
    {tflite_operator::fill, import_fill, layer_kind::maximum},
    {tflite_operator::space_to_batch_nd, import_space_to_batch, layer_kind::transpose},
    {tflite_operator::batch_to_space_nd, import_batch_to_space, layer_kind::transpose},
};

}  // namespace detail

}  // namespace inlay
