// Inlay: which pixels a layer's pixels come from, along rows or columns.
#pragma once

#include <inlay/config.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/narrow.hpp>

#include <cstddef>
#include <cstdint>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI::detail {

/// Some rows, or some columns: [first, end).
struct interval {
  std::int32_t first = 0;
  std::int32_t end = 0;
  constexpr std::int32_t size() const { return end > first ? end - first : 0; }
  friend constexpr bool operator==(const interval&, const interval&) = default;
};

/// Grows an interval as far as it takes to have [first, end) in it. In place: a search does it very often, and
/// compilers keep every temporary.
constexpr void grow(interval& to, std::int32_t first, std::int32_t end) {
  if (first >= end) return;
  const bool is_empty = to.first >= to.end;
  if (is_empty || first < to.first) to.first = first;
  if (is_empty || end > to.end) to.end = end;
}

/// The smallest interval that holds both; an empty one holds nothing.
constexpr interval hull(interval a, interval b) {
  grow(a, b.first, b.end);
  return a;
}

/// Part p of `extent` cut into `parts` as evenly as whole pixels allow.
constexpr interval even_part(std::int32_t extent, std::int32_t parts, std::int32_t p) {
  return {narrow<std::int32_t>(std::int64_t{extent} * p / parts),
          narrow<std::int32_t>(std::int64_t{extent} * (p + 1) / parts)};
}

/// Rows or columns.
enum class direction : std::uint8_t { rows, columns };

constexpr std::int32_t extent_along(const shape& s, direction d) {
  return d == direction::rows ? map_rows(s) : s.width();
}

/// A window along rows or columns: the pixels that it spans, how far it moves for each pixel of the output, and the
/// padding before the map.
struct window_axis {
  std::int32_t reach = 1;
  std::int32_t stride = 1;
  std::int32_t before = 0;
};

constexpr window_axis along(const window2d& w, direction d) {
  return d == direction::rows
             ? window_axis{dilated_extent(w.kernel.height, w.dilation.height), w.stride.height, w.padding.top}
             : window_axis{dilated_extent(w.kernel.width, w.dilation.width), w.stride.width, w.padding.left};
}

/// Two views of the same bytes have different pixels.
constexpr bool is_reshaped(const shape& a, const shape& b) {
  return a.channels() != b.channels() || a.width() != b.width();
}

/// resize_bilinear: where an output pixel stands among the input's, in 1/1024 of a pixel.
/// tensorflow/lite/kernels/internal/reference/resize_bilinear.h: ResizeBilinearInteger.
constexpr std::int32_t blend_position(const layer& l, std::int32_t output, std::int32_t input_size,
                                      std::int32_t output_size) {
  const bool corners = l.align_corners && output_size > 1;
  const std::int32_t from = corners ? input_size - 1 : input_size, to = corners ? output_size - 1 : output_size;
  const std::int32_t scale = (1024 * from + to / 2) / to;
  return output * scale + (l.half_pixel_centers ? scale / 2 - 512 : 0);
}

/// resize_nearest's input pixel for an output pixel.
/// tensorflow/lite/kernels/internal/reference/resize_nearest_neighbor.h: GetNearestNeighbor.
constexpr std::int32_t nearest_pixel(const layer& l, std::int32_t output, std::int32_t input_size,
                                     std::int32_t output_size) {
  const bool corners = l.align_corners && output_size > 1;
  const float scale = exact_quotient(static_cast<float>(corners ? input_size - 1 : input_size),
                                     static_cast<float>(corners ? output_size - 1 : output_size));
  const float position = (static_cast<float>(output) + (l.half_pixel_centers ? 0.5f : 0.0f)) * scale;
  const std::int64_t index =
      l.align_corners ? round_half_away(as_double(position)) : floor_to_integer(as_double(position));
  return narrow<std::int32_t>(index < input_size - 1 ? index : input_size - 1);
}

/// Where a pixel of resize_bilinear comes from along one axis: two input pixels, which may be the same, and what the
/// upper counts in 1/1024, the lower counting the rest.
struct blend {
  std::int32_t lower = 0;
  std::int32_t upper = 0;
  std::int32_t upper_weight = 0;
};

/// tensorflow/lite/kernels/internal/reference/resize_bilinear.h: ComputeInterpolationValuesInteger.
constexpr blend blended_pixels(const layer& l, std::int32_t output, std::int32_t input_size, std::int32_t output_size) {
  const std::int32_t position = blend_position(l, output, input_size, output_size);
  const std::int32_t lower = position > 0 ? position / 1024 : 0;
  const std::int32_t upper = (position + 1023) / 1024;
  return {lower, upper < input_size - 1 ? upper : input_size - 1, position - 1024 * lower};
}

/// A fraction rounded down.
constexpr std::int32_t divide_down(std::int64_t numerator, std::int64_t denominator) {
  const std::int64_t quotient = numerator / denominator;
  return narrow<std::int32_t>(numerator % denominator < 0 ? quotient - 1 : quotient);
}

/// Input pixels whose windows in the output of a transposed convolution hold any of its pixels, not clamped to the
/// map. Where strides leave pixels that no window holds, the interval is empty and stands before the next one.
constexpr interval transposed_need(const window2d& w, interval output, direction d) {
  const window_axis axis = along(w, d);
  return {divide_down(output.first + axis.before - axis.reach, axis.stride) + 1,
          divide_down(output.end - 1 + axis.before, axis.stride) + 1};
}

/// One axis of pad or slice: output element i is input element begin + i × step, where there is one.
struct moved_axis {
  std::int32_t to = 1, from = 1;  // extents of output and input
  std::int32_t begin = 0, step = 1;

  /// −1 outside the input.
  constexpr std::int32_t source(std::int32_t i) const {
    const std::int32_t element = begin + i * step;
    return element >= 0 && element < from ? element : -1;
  }
};

constexpr moved_axis find_moved_axis(graph_view g, const layer& l, int from_innermost) {
  const shape& from = g.input_of(l).extents;
  const int axis = from.rank - 1 - from_innermost;
  if (axis < 0) return {};
  const auto a = static_cast<std::size_t>(axis);
  const bool is_pad = describe(l.kind).geometry == layer_geometry::padded;
  return {g.output_of(l).extents[axis], from[axis], is_pad ? -l.begin[a] : l.begin[a], is_pad ? 1 : l.step[a]};
}

/// Whether pad or slice takes rows of one axis from the first to the last.
constexpr bool moves_rows_in_order(graph_view g, const layer& l) {
  const moved_axis axis = find_moved_axis(g, l, 2);
  return axis.step > 0 && map_rows(g.input_of(l).extents) == axis.from && map_rows(g.output_of(l).extents) == axis.to;
}

/// Input pixels of pad or slice, not clamped to the map. All rows where several axes are rows, and where rows are
/// taken from the last to the first: what has been read may be wanted again.
constexpr interval moved_need(graph_view g, const layer& l, interval output, direction d) {
  const shape& from = g.input_of(l).extents;
  const moved_axis axis = find_moved_axis(g, l, d == direction::rows ? 2 : 1);
  const std::int32_t first = axis.begin + output.first * axis.step, last = axis.begin + (output.end - 1) * axis.step;
  if (d == direction::columns) return first < last ? interval{first, last + 1} : interval{last, first + 1};
  return moves_rows_in_order(g, l) ? interval{first, last + 1} : interval{0, map_rows(from)};
}

/// Input pixels of depth_to_space or space_to_depth, not clamped to the map.
constexpr interval blocked_need(interval output, std::int32_t from, std::int32_t to) {
  if (from > to) return {output.first * (from / to), output.end * (from / to)};
  const std::int32_t block = to / from;
  return {divide_down(output.first, block), divide_down(output.end - 1, block) + 1};
}

/// The first row or column of the block that `place` makes of its input.
constexpr std::int32_t placed_at(const layer& l, const shape& output, direction d) {
  if (output.rank < 2) return 0;
  if (d == direction::columns) return l.begin[static_cast<std::size_t>(output.rank - 2)];
  std::int32_t row = 0;
  for (int axis = 0; axis < output.rank - 2; ++axis) row = row * output[axis] + l.begin[static_cast<std::size_t>(axis)];
  return row;
}

constexpr std::int32_t clamp_to_extent(std::int32_t pixel, std::int32_t extent) {
  return pixel < 0 ? 0 : pixel < extent ? pixel : extent;
}

}  // namespace inlay::detail

INLAY_END_EXACT_FLOATS
