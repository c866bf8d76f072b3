// Inlay: what a layer needs of its operands for some of its work, by itself and in a stage.
#pragma once

#include <inlay/graph/geometry.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/plan/stage.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// What a layer's kernel counts as its rows or columns: pixels of its output, of its input for `place`; one for
/// kernels that make everything at once.
constexpr std::int32_t work_along(graph_view g, const layer& l, direction d) {
  if (!makes_regions(l.kind)) return 1;
  const bool is_placed = describe(l.kind).geometry == layer_geometry::placed;
  return extent_along(is_placed ? g.input_of(l).extents : g.output_of(l).extents, d);
}

/// Pixels of one operand that a layer needs for some of its work, where a formula has them, as for most kinds of
/// layers: a window of `size` pixels for each pixel of work, `stride` pixels after the one before, from `begin` on.
struct window_need {
  std::int32_t stride = 0;
  std::int32_t begin = 0;
  std::int32_t size = 0;
  std::int32_t extent = 0;  // of the map
  bool exists = false;

  constexpr interval of(interval work) const {
    const std::int32_t first = work.first * stride + begin, end = (work.end - 1) * stride + begin + size;
    const interval inside{first > 0 ? first : 0, end < extent ? end : extent};
    return inside.first < inside.end ? inside : interval{};
  }
};

constexpr window_need find_window_need(graph_view g, const layer& l, int position, direction d) {
  const tensor& input = g.input_of(l, position);
  const shape& owner = input.is_constant() ? input.extents : g.tensors[input.storage].extents;
  const std::int32_t extent = extent_along(owner, d);
  const window_need all{0, 0, extent, extent, true};
  // Behind a reshape, pixels are others than those of the map that was made: all of it is needed.
  if (!makes_regions(l.kind) || is_reshaped(owner, input.extents)) return all;
  const window_axis axis = along(l.window, d);
  switch (describe(l.kind).geometry) {
    case layer_geometry::window: return {axis.stride, -axis.before, axis.reach, extent, true};
    case layer_geometry::pixelwise:
    case layer_geometry::placed: return extent == work_along(g, l, d) ? window_need{1, 0, 1, extent, true} : all;
    case layer_geometry::transposed:
    case layer_geometry::padded:
    case layer_geometry::sliced:
    case layer_geometry::blocked:
    case layer_geometry::nearest:
    case layer_geometry::blended: return {};
    case layer_geometry::reduced:
    case layer_geometry::whole: break;
  }
  return all;
}

/// Pixels of one operand that a layer needs for some of its work, counted in the map that owns the memory.
constexpr interval input_need(graph_view g, const layer& l, int position, interval work, direction d) {
  if (work.size() == 0) return {};
  const window_need window = find_window_need(g, l, position, d);
  if (window.exists) return window.of(work);
  const std::int32_t extent = extent_along(g.tensors[g.input_of(l, position).storage].extents, d);
  const std::int32_t to = extent_along(g.output_of(l).extents, d);
  interval need{0, extent};
  switch (describe(l.kind).geometry) {
    case layer_geometry::transposed: need = transposed_need(l.window, work, d); break;
    case layer_geometry::padded:
    case layer_geometry::sliced: need = moved_need(g, l, work, d); break;
    case layer_geometry::blocked: need = blocked_need(work, extent, to); break;
    case layer_geometry::nearest:
      need = {nearest_pixel(l, work.first, extent, to), nearest_pixel(l, work.end - 1, extent, to) + 1};
      break;
    case layer_geometry::blended:
      need = {blended_pixels(l, work.first, extent, to).lower, blended_pixels(l, work.end - 1, extent, to).upper + 1};
      break;
    case layer_geometry::pixelwise:
    case layer_geometry::window:
    case layer_geometry::placed:
    case layer_geometry::reduced:
    case layer_geometry::whole: break;  // find_window_need's
  }
  return {clamp_to_extent(need.first, extent), clamp_to_extent(need.end, extent)};
}

/// Work of a layer that makes some pixels of its output.
constexpr interval work_for(graph_view g, const layer& l, interval output, direction d) {
  if (output.size() == 0) return {};
  if (!makes_regions(l.kind)) return {0, 1};
  if (describe(l.kind).geometry != layer_geometry::placed) return output;
  // A block at an offset makes only what lies inside it.
  const std::int32_t begin = placed_at(l, g.output_of(l).extents, d);
  const std::int32_t extent = extent_along(g.input_of(l).extents, d);
  const interval inside{output.first > begin ? output.first - begin : 0,
                        output.end - begin < extent ? output.end - begin : extent};
  return inside.size() > 0 ? inside : interval{};
}

/// A MEAN over height and width, which can be summed up row by row as its input is made.
constexpr bool is_global_mean(graph_view g, const layer& l) {
  if (!describe(l.kind).accumulates || l.axes != (1u << 1 | 1u << 2)) return false;
  const tensor& input = g.input_of(l);
  return input.extents.rank == 4 && input.extents[0] == 1 && !input.is_constant() &&
         !is_reshaped(input.extents, g.tensors[input.storage].extents);
}

/// Whether a layer of a stage sums up rows as they come instead of waiting for all of them. Where patches
/// compute rows and columns more than once it waits.
constexpr bool accumulates(graph_view g, const stage& s, const layer& l) {
  return s.layers() > 1 && s.row_patches == 1 && s.column_patches == 1 && is_global_mean(g, l);
}

/// work_for and input_need of a layer in its stage.
constexpr interval work_in_stage(graph_view g, const stage& s, const layer& l, interval output, direction d) {
  if (!accumulates(g, s, l)) return work_for(g, l, output, d);
  return output.size() > 0 ? interval{0, extent_along(g.input_of(l).extents, d)} : interval{};
}
constexpr interval need_in_stage(graph_view g, const stage& s, const layer& l, int position, interval work,
                                 direction d) {
  return accumulates(g, s, l) && position == 0 ? work : input_need(g, l, position, work, d);
}

/// find_window_need of a layer in its stage.
constexpr window_need window_in_stage(graph_view g, const stage& s, const layer& l, int position, direction d) {
  return accumulates(g, s, l) && position == 0 ? window_need{1, 0, 1, extent_along(g.input_of(l).extents, d), true}
                                               : find_window_need(g, l, position, d);
}

/// Rows of an operand, from the top, that must be there for row y of a layer's work: a formula that holds for most
/// kinds of layers.
struct row_need {
  std::int32_t stride = 0;
  std::int32_t offset = 0;
  std::int32_t limit = 0;
  bool exact = false;  // the formula holds for all rows
  constexpr std::int32_t end(std::int32_t y) const {
    const std::int32_t rows = y * stride + offset;
    return rows < limit ? rows : limit;
  }
};

/// The formula of a layer that works on `work` rows.
constexpr row_need find_row_need(graph_view g, const stage& s, const layer& l, int position, std::int32_t work) {
  const auto end = [&](std::int32_t y) {
    return need_in_stage(g, s, l, position, {y, y + 1}, direction::rows).end;
  };
  const std::int32_t limit = end(work - 1);
  const window_need window = window_in_stage(g, s, l, position, direction::rows);
  if (window.exists) {
    const std::int32_t offset = window.begin + window.size;
    // Below the map, windows need nothing.
    const bool exact = (work - 1) * window.stride + window.begin < window.extent;
    return {offset < limit ? window.stride : 0, offset, limit, exact};
  }
  const std::int32_t offset = end(0);
  row_need need{offset != limit ? 1 : 0, offset, limit, true};
  for (std::int32_t y = 0; y < work; ++y)
    if (need.end(y) != end(y)) need.exact = false;
  return need;
}

}  // namespace inlay::detail
