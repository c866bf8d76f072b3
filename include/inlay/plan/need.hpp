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
    const std::int32_t first = work.first * stride + begin;
    return {clamp_to_extent(first, extent), clamp_to_extent(first + (work.size() - 1) * stride + size, extent)};
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
    case layer_geometry::padded:
    case layer_geometry::sliced: {
      const moved_axis moved = find_moved_axis(g, l, d == direction::rows ? 2 : 1);
      if (d == direction::rows && !moves_rows_in_order(g, l)) return all;
      return moved.step > 0 ? window_need{moved.step, moved.begin, 1, extent, true} : window_need{};
    }
    case layer_geometry::transposed:
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

/// Bytes of one sum of a layer that accumulates.
inline constexpr std::int32_t sum_bytes = 4;

/// Bytes of the sums of a layer that accumulates.
constexpr std::int32_t sums_bytes(graph_view g, const layer& l) {
  return sum_bytes * g.output_of(l).extents.elements();
}

/// A layer of full connections to all of a map in the arena that takes more than its sums, with weights in memory.
constexpr bool sums_up_products(graph_view g, const layer& l) {
  const tensor& input = g.input_of(l);
  if (input.is_constant() || !g.input_of(l, 1).is_constant() || g.input_position(input.storage) >= 0) return false;
  const shape& map = g.tensors[input.storage].extents;
  return map.elements() == g.input_of(l, 1).extents[1] && input.extents.elements() == map.elements() &&
         map_rows(map) > 1 && sums_bytes(g, l) < map.elements();
}

/// A MEAN over height and width, an average pool whose one window is the whole map, or full connections to a map: it
/// can be summed up row by row as its input is made.
constexpr bool sums_up_rows(graph_view g, const layer& l) {
  if (!describe(l.kind).accumulates) return false;
  if (has_weights(l.kind)) return sums_up_products(g, l);
  const tensor& input = g.input_of(l);
  const shape& from = input.extents;
  if (from.rank != 4 || from[0] != 1 || input.is_constant() || is_reshaped(from, g.tensors[input.storage].extents))
    return false;
  if (!has_window(l.kind)) return l.axes == (1u << 1 | 1u << 2);
  // Of few pixels, the sums are larger than the map.
  return l.window.kernel == extent2d{from.height(), from.width()} && l.window.padding == padding2d{} &&
         g.output_of(l).extents.elements() == from.channels() && from.height() * from.width() > 2 * sum_bytes;
}

/// Whether a layer of a stage sums up rows as they come instead of waiting for all of them. Where patches
/// compute rows and columns more than once it waits.
constexpr bool accumulates(graph_view g, const stage& s, const layer& l) {
  return s.layers() > 1 && s.row_patches == 1 && s.column_patches == 1 && sums_up_rows(g, l);
}

/// Whether a layer's products are summed up by a schedule as rows of its input come.
constexpr bool sums_products(graph_view g, const stage* stages, std::int32_t count, std::int32_t index) {
  const layer& l = g.layers[index];
  if (!has_weights(l.kind) || !sums_up_rows(g, l)) return false;
  for (std::int32_t i = 0; i < count; ++i)
    if (stages[i].first <= index && index < stages[i].end) return accumulates(g, stages[i], l);
  return false;
}

/// Rows or columns of the map that a layer sums up.
constexpr std::int32_t summed_along(graph_view g, const layer& l, direction d) {
  return extent_along(g.tensors[g.input_of(l).storage].extents, d);
}

/// work_for and input_need of a layer in its stage.
constexpr interval work_in_stage(graph_view g, const stage& s, const layer& l, interval output, direction d) {
  if (!accumulates(g, s, l)) return work_for(g, l, output, d);
  return output.size() > 0 ? interval{0, summed_along(g, l, d)} : interval{};
}
/// find_window_need of a layer in its stage. Stages that go upwards count rows from the last one.
constexpr window_need window_in_stage(graph_view g, const stage& s, const layer& l, int position, direction d) {
  if (accumulates(g, s, l) && position == 0) return {1, 0, 1, summed_along(g, l, d), true};
  window_need window = find_window_need(g, l, position, d);
  if (s.upwards && d == direction::rows)
    window.begin = window.extent - (work_along(g, l, d) - 1) * window.stride - window.begin - window.size;
  return window;
}
constexpr interval need_in_stage(graph_view g, const stage& s, const layer& l, int position, interval work,
                                 direction d) {
  if (accumulates(g, s, l) && position == 0) return work;
  if (s.upwards && d == direction::rows && work.size() > 0) return window_in_stage(g, s, l, position, d).of(work);
  return input_need(g, l, position, work, d);
}

/// Whether there is anything for a layer to make in a row of such columns: outputs of a stage that are narrower than
/// others have patches without columns, as has what only they read. Weights are loaded once for all patches.
constexpr bool has_columns(const layer& l, interval columns) {
  return columns.size() > 0 || l.kind == layer_kind::load;
}

/// Rows counted from the other end.
constexpr interval mirrored(interval rows, std::int32_t all) { return {all - rows.end, all - rows.first}; }

/// A row of a layer's work, counted as its stage does, as kernels count it.
constexpr std::int32_t row_of_work(graph_view g, const stage& s, const layer& l, std::int32_t y) {
  return s.upwards ? work_along(g, l, direction::rows) - 1 - y : y;
}

/// Whether no row of a layer's output is there before all its work is done.
constexpr bool is_made_at_once(graph_view g, const stage& s, const layer& l) {
  if (accumulates(g, s, l)) return true;
  if (describe(l.kind).geometry != layer_geometry::placed) return !makes_regions(l.kind);
  // Blocks below others wait for their end; those beside each other grow together.
  return map_rows(g.input_of(l).extents) != map_rows(g.tensors[g.output_of(l).storage].extents);
}

/// Whether there is a formula for the rows that a layer needs of its operands.
constexpr bool has_row_formula(graph_view g, const layer& l) {
  for (int position = 0; position < 2; ++position)
    if (g.has_input(l, position) && !g.input_of(l, position).is_constant() &&
        !find_window_need(g, l, position, direction::rows).exists)
      return false;
  return true;
}

/// Whether a stage can make its rows from the last to the first: all that its layers need has a formula. Programs give
/// their rows, and sums take them, from the first on; and segments of a row come from the left.
constexpr bool can_go_upwards(graph_view g, const stage& s) {
  if (s.row_patches > 1 || s.column_parts() > 1) return false;
  for (std::int32_t i = s.first; i < s.end; ++i) {
    const layer& l = g.layers[i];
    const bool is_placed = describe(l.kind).geometry == layer_geometry::placed;
    if (l.kind == layer_kind::fetch || accumulates(g, s, l) || !has_row_formula(g, l) ||
        (is_placed && is_made_at_once(g, s, l)))
      return false;
  }
  return true;
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
    return {offset < limit ? window.stride : 0, offset, limit, true};
  }
  const std::int32_t offset = end(0);
  row_need need{offset != limit ? 1 : 0, offset, limit, true};
  for (std::int32_t y = 0; y < work; ++y)
    if (need.end(y) != end(y)) need.exact = false;
  return need;
}

}  // namespace inlay::detail
