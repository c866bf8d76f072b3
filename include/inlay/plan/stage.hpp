// Inlay: stages. A schedule is a list of stages, each a range of layers that run together row by row, on all
// columns or on strips of them.
#pragma once

#include <inlay/graph/graph.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

/// Layers [first, end) of a graph, run together over patches of a grid. Rows of one patch are made as they are
/// needed and kept as long as they are needed, so that within a patch nothing is computed twice; patches
/// compute what they share, their halos, again.
struct stage {
  std::int32_t first = 0;
  std::int32_t end = 0;
  std::int32_t row_patches = 1;     // 1: rows are streamed from top to bottom
  std::int32_t column_patches = 1;  // 1: rows are as wide as the map

  constexpr std::int32_t layers() const { return end - first; }
  /// One layer over its whole map.
  constexpr bool is_one_layer() const { return layers() == 1 && row_patches == 1 && column_patches == 1; }
  friend constexpr bool operator==(const stage&, const stage&) = default;
};

/// Some rows, or some columns: [first, end).
struct interval {
  std::int32_t first = 0;
  std::int32_t end = 0;
  constexpr std::int32_t size() const { return end > first ? end - first : 0; }
  friend constexpr bool operator==(const interval&, const interval&) = default;
};

/// The smallest interval that holds both; an empty one holds nothing.
constexpr interval hull(interval a, interval b) {
  if (a.size() == 0) return b;
  if (b.size() == 0) return a;
  return {a.first < b.first ? a.first : b.first, a.end > b.end ? a.end : b.end};
}

/// Part p of `extent` cut into `parts` as evenly as whole pixels allow.
constexpr interval even_part(std::int32_t extent, std::int32_t parts, std::int32_t p) {
  return {static_cast<std::int32_t>(std::int64_t{extent} * p / parts),
          static_cast<std::int32_t>(std::int64_t{extent} * (p + 1) / parts)};
}

/// Rows or columns.
enum class direction : std::uint8_t { rows, columns };

constexpr std::int32_t extent_along(const shape& s, direction d) {
  return d == direction::rows ? map_rows(s) : s.width();
}

namespace detail {

/// resize_nearest's input pixel for an output pixel.
/// tensorflow/lite/kernels/internal/reference/resize_nearest_neighbor.h: GetNearestNeighbor.
constexpr std::int32_t nearest_pixel(const layer& l, std::int32_t output, std::int32_t input_size,
                                     std::int32_t output_size) {
  const bool corners = l.align_corners && output_size > 1;
  const float scale = corners ? static_cast<float>(input_size - 1) / static_cast<float>(output_size - 1)
                              : static_cast<float>(input_size) / static_cast<float>(output_size);
  const float position = (static_cast<float>(output) + (l.half_pixel_centers ? 0.5f : 0.0f)) * scale;
  const std::int64_t index = l.align_corners ? round_half_away(double{position}) : floor_to_integer(double{position});
  return static_cast<std::int32_t>(index < input_size - 1 ? index : input_size - 1);
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
constexpr std::int64_t divide_down(std::int64_t numerator, std::int64_t denominator) {
  const std::int64_t quotient = numerator / denominator;
  return numerator % denominator < 0 ? quotient - 1 : quotient;
}

/// Input pixels whose windows in the output of a transposed convolution hold any of its pixels, not clamped to the
/// map. Where strides leave pixels that no window holds, the interval is empty and stands before the next one.
constexpr interval transposed_need(const window2d& w, interval output, direction d) {
  const bool rows = d == direction::rows;
  const std::int32_t kernel = rows ? w.kernel.height : w.kernel.width;
  const std::int32_t stride = rows ? w.stride.height : w.stride.width;
  const std::int32_t padding = rows ? w.padding.top : w.padding.left;
  return {static_cast<std::int32_t>(divide_down(output.first + padding - kernel, stride)) + 1,
          static_cast<std::int32_t>(divide_down(output.end - 1 + padding, stride)) + 1};
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

/// Input pixels of pad or slice, not clamped to the map. All rows where several axes are rows, and where rows are
/// taken from the last to the first: what has been read may be wanted again.
constexpr interval moved_need(graph_view g, const layer& l, interval output, direction d) {
  const shape& from = g.input_of(l).extents;
  const moved_axis axis = find_moved_axis(g, l, d == direction::rows ? 2 : 1);
  const std::int32_t first = axis.begin + output.first * axis.step, last = axis.begin + (output.end - 1) * axis.step;
  if (d == direction::columns) return first < last ? interval{first, last + 1} : interval{last, first + 1};
  const bool in_order = axis.step > 0 && map_rows(from) == axis.from && map_rows(g.output_of(l).extents) == axis.to;
  return in_order ? interval{first, last + 1} : interval{0, map_rows(from)};
}

/// Input pixels of depth_to_space or space_to_depth, not clamped to the map.
constexpr interval blocked_need(interval output, std::int32_t from, std::int32_t to) {
  if (from > to) return {output.first * (from / to), output.end * (from / to)};
  const std::int32_t block = to / from;
  return {static_cast<std::int32_t>(divide_down(output.first, block)),
          static_cast<std::int32_t>(divide_down(output.end - 1, block)) + 1};
}

constexpr std::int32_t clamp_to_extent(std::int32_t pixel, std::int32_t extent) {
  return pixel < 0 ? 0 : pixel < extent ? pixel : extent;
}

}  // namespace detail

/// What a layer's kernel counts as its rows or columns: pixels of its output, of its input for `place`; one for
/// kernels that make everything at once.
constexpr std::int32_t work_along(graph_view g, const layer& l, direction d) {
  if (!makes_regions(l.kind)) return 1;
  const bool is_placed = describe(l.kind).geometry == layer_geometry::placed;
  return extent_along(is_placed ? g.input_of(l).extents : g.output_of(l).extents, d);
}

/// Two views of the same bytes have different pixels.
constexpr bool is_reshaped(const shape& a, const shape& b) {
  return a.channels() != b.channels() || a.width() != b.width();
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
  const window2d& w = l.window;
  switch (describe(l.kind).geometry) {
    case layer_geometry::window:
      return d == direction::rows ? window_need{w.stride.height, -w.padding.top,
                                                dilated_extent(w.kernel.height, w.dilation.height), extent, true}
                                  : window_need{w.stride.width, -w.padding.left,
                                                dilated_extent(w.kernel.width, w.dilation.width), extent, true};
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
    case layer_geometry::transposed: need = detail::transposed_need(l.window, work, d); break;
    case layer_geometry::padded:
    case layer_geometry::sliced: need = detail::moved_need(g, l, work, d); break;
    case layer_geometry::blocked: need = detail::blocked_need(work, extent, to); break;
    case layer_geometry::nearest:
      need = {detail::nearest_pixel(l, work.first, extent, to), detail::nearest_pixel(l, work.end - 1, extent, to) + 1};
      break;
    case layer_geometry::blended:
      need = {detail::blended_pixels(l, work.first, extent, to).lower,
              detail::blended_pixels(l, work.end - 1, extent, to).upper + 1};
      break;
    case layer_geometry::pixelwise:
    case layer_geometry::window:
    case layer_geometry::placed:
    case layer_geometry::reduced:
    case layer_geometry::whole: break;  // find_window_need's
  }
  return {detail::clamp_to_extent(need.first, extent), detail::clamp_to_extent(need.end, extent)};
}

/// Work of a layer that makes some pixels of its output.
constexpr interval work_for(graph_view g, const layer& l, interval output, direction d) {
  if (output.size() == 0) return {};
  if (!makes_regions(l.kind)) return {0, 1};
  if (describe(l.kind).geometry != layer_geometry::placed) return output;
  // A block at an offset makes only what lies inside it.
  const shape& from = g.input_of(l).extents;
  std::int32_t begin = 0;
  for (int axis = 0; axis < from.rank; ++axis) {
    const int innermost = from.rank - 1 - axis;
    if (d == direction::columns ? innermost == 1 : innermost >= 2) begin += l.begin[static_cast<std::size_t>(axis)];
  }
  const std::int32_t extent = extent_along(from, d);
  const interval inside{output.first > begin ? output.first - begin : 0,
                        output.end - begin < extent ? output.end - begin : extent};
  return inside.size() > 0 ? inside : interval{};
}

/// A MEAN over height and width, which can be summed up row by row as its input is made.
constexpr bool is_global_mean(graph_view g, const layer& l) {
  if (!describe(l.kind).accumulates || l.axes != (1u << 1 | 1u << 2)) return false;
  const tensor& input = g.input_of(l);
  return input.extents.rank == 4 && !input.is_constant() &&
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

/// For each tensor that owns memory: the first layer that writes it and the last that reads it; layer_count
/// where it is an output of the network.
struct layer_span {
  std::int32_t first_writer = -1;
  std::int32_t last_writer = -1;
  std::int32_t last_reader = -1;
};

/// The first layer of a stage that writes a map, counted from the stage's first layer. There is one: the map's
/// last writer is not before the stage.
constexpr std::int32_t first_maker_in(graph_view g, const layer_span& span, const stage& s) {
  std::int32_t i = span.first_writer > s.first ? span.first_writer : s.first;
  const std::int32_t storage = g.output_of(g.layers[span.last_writer]).storage;
  while (i < span.last_writer && g.output_of(g.layers[i]).storage != storage) ++i;
  return i - s.first;
}

constexpr void find_spans(graph_view g, layer_span* spans) {
  for (std::int32_t t = 0; t < g.tensor_count; ++t) spans[t] = {};
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    layer_span& out = spans[g.output_of(g.layers[i]).storage];
    if (out.first_writer < 0) out.first_writer = i;
    out.last_writer = i;
    if (out.last_reader < i) out.last_reader = i;
    for (std::int32_t input : g.layers[i].inputs)
      if (input >= 0) spans[g.tensors[input].storage].last_reader = i;
  }
  for (std::int32_t o = 0; o < g.output_count; ++o) spans[g.tensors[g.outputs[o]].storage].last_reader = g.layer_count;
}

/// How a layer's output stands in memory.
struct map_layout {
  std::int32_t rows = 0;       // that fit: all, or those of a ring
  std::int32_t row_pitch = 0;  // bytes from one row to the next
  bool internal = false;       // made and read within its stage
  bool transient = false;      // one row, read as soon as it is made

  constexpr std::int32_t bytes() const { return rows * row_pitch; }
};

/// What is known of one layer while its stage runs, or is run dry. Layers are counted from the stage's first; −1 is
/// none. Lists, so that the work for each row does not grow with the network.
struct layer_progress {
  interval rows{};                      // its work in this patch
  std::int32_t done = 0;                // rows of work done, counted from the top of the map
  std::int32_t all_rows = 0;            // of its output's map
  std::int32_t made_rows = 0;           // of these, from the top
  window_need window[2]{};              // how its work's rows need those of each operand
  interval need[2]{};                   // rows of each operand that its next row needs
  std::int32_t map = -1;                // the first layer that writes its output's map
  std::int32_t operand_map[2]{-1, -1};  // the first layers that write its operands
  std::int32_t makers = -1;             // of a map, at its first layer: the last one that writes it …
  std::int32_t next_maker = -1;         // … and the one before this
  std::int32_t readers = -1;            // of a map, at its first layer: the last operand that is it, as
  std::int32_t next_reader[2]{-1, -1};  // 2 × layer + position, and the one before this
  std::int32_t next_candidate = -1;
  bool is_candidate = false;  // it may be able to run
  bool at_once = false;       // its output is there when all its work is done
  bool leaves = false;        // later stages read its output
  bool wanted = false;        // somebody waits for its next row
};

namespace detail {

/// Whether no row of a layer's output is there before all its work is done.
constexpr bool is_made_at_once(graph_view g, const layer& l) {
  if (describe(l.kind).geometry != layer_geometry::placed) return !makes_regions(l.kind);
  // Blocks below others wait for their end; those beside each other grow together.
  return map_rows(g.input_of(l).extents) != map_rows(g.tensors[g.output_of(l).storage].extents);
}

constexpr void update(graph_view g, const stage& s, layer_progress* progress, std::int32_t index) {
  layer_progress& p = progress[index];
  const bool finished = p.done >= p.rows.end;
  p.made_rows = p.rows.size() == 0 ? 0x7fffffff : !p.at_once ? p.done : finished ? p.all_rows : 0;
  const interval row{p.done, p.done + 1};
  for (int position = 0; position < 2; ++position)
    if (p.operand_map[position] >= 0)
      p.need[position] = finished ? interval{0x7fffffff, 0x7fffffff}
                         : p.window[position].exists
                             ? p.window[position].of(row)
                             : input_need(g, g.layers[s.first + index], position, row, direction::rows);
}

/// Layers that may be able to run, the last one first.
struct candidates {
  std::int32_t first = -1;

  constexpr void add(layer_progress* progress, std::int32_t index) {
    if (progress[index].is_candidate) return;
    std::int32_t* after = &first;
    while (*after > index) after = &progress[*after].next_candidate;
    progress[index].next_candidate = *after;
    progress[index].is_candidate = true;
    *after = index;
  }
  constexpr std::int32_t take_first(layer_progress* progress) {
    const std::int32_t index = first;
    first = progress[index].next_candidate;
    progress[index].is_candidate = false;
    return index;
  }
};

/// How far the planning of a stage has come.
struct dry_run {
  std::int32_t row_patch = 0;
  bool patch_started = false;
  std::int32_t previous = -1;  // the layer that made the last row
  candidates waiting{};
};

/// Wants the rows of its operands that a layer lacks for its next row; true if there are none.
constexpr bool has_operands(layer_progress* progress, candidates& waiting, std::int32_t index) {
  bool all = true;
  for (int position = 0; position < 2; ++position) {
    const std::int32_t map = progress[index].operand_map[position];
    if (map < 0) continue;
    const std::int32_t needed = progress[index].need[position].end;
    for (std::int32_t m = progress[map].makers; m >= 0; m = progress[m].next_maker) {
      if (progress[m].made_rows >= needed) continue;
      all = false;
      if (!progress[m].wanted) waiting.add(progress, m);
      progress[m].wanted = true;
    }
  }
  return all;
}

/// The next layer to make a row, −1 when the patch is done. Rows are pulled: the stage's outputs want theirs, a
/// layer that lacks rows of an operand wants them from whoever makes it, and the last layer that is wanted and
/// can runs. So rows are made as late as possible and used soon.
constexpr std::int32_t next_layer(layer_progress* progress, candidates& waiting) {
  while (waiting.first >= 0) {
    const std::int32_t i = waiting.take_first(progress);
    if (progress[i].done >= progress[i].rows.end || !has_operands(progress, waiting, i)) continue;
    progress[i].wanted = false;
    return i;
  }
  return -1;
}

/// The work of each layer of a stage in one of its row or column patches, and the part of each layer's output
/// map that is made there: what the stage's outputs need, from the last layer to the first. `work` and `made`
/// have one entry for each layer of the stage.
constexpr void find_work(graph_view g, const stage& s, direction d, std::int32_t patch, const layer_span* spans,
                         interval* work, interval* made) {
  const std::int32_t patches = d == direction::rows ? s.row_patches : s.column_patches;
  for (std::int32_t i = 0; i < s.layers(); ++i) {
    const std::int32_t storage = g.output_of(g.layers[s.first + i]).storage;
    // What later stages read is cut evenly; the rest follows from it.
    const bool leaves = spans[storage].last_reader >= s.end;
    made[i] = leaves ? even_part(extent_along(g.tensors[storage].extents, d), patches, patch) : interval{};
  }
  for (std::int32_t i = s.layers() - 1; i >= 0; --i) {
    const layer& l = g.layers[s.first + i];
    const layer_span& span = spans[g.output_of(l).storage];
    // Layers that place blocks in one map keep its interval at the first of them.
    made[i] = made[first_maker_in(g, span, s)];
    if (!makes_regions(l.kind) && made[i].size() > 0)
      made[i] = {0, extent_along(g.tensors[g.output_of(l).storage].extents, d)};
    work[i] = work_in_stage(g, s, l, made[i], d);
    for (int position = 0; position < 2; ++position) {
      if (!g.has_input(l, position)) continue;
      const tensor& input = g.input_of(l, position);
      if (input.is_constant() || spans[input.storage].last_writer < s.first) continue;
      interval& needed = made[first_maker_in(g, spans[input.storage], s)];
      needed = hull(needed, need_in_stage(g, s, l, position, work[i], d));
    }
  }
}

/// Prepares a stage's progress for one patch of rows.
constexpr candidates start_patch(graph_view g, const stage& s, const interval* work, const layer_span* spans,
                                 layer_progress* progress) {
  candidates waiting;
  for (std::int32_t i = 0; i < s.layers(); ++i) {
    const layer& l = g.layers[s.first + i];
    const layer_span& output = spans[g.output_of(l).storage];
    layer_progress& p = progress[i];
    p = {};
    p.rows = work[i];
    p.done = work[i].first;
    p.all_rows = map_rows(g.tensors[g.output_of(l).storage].extents);
    p.at_once = is_made_at_once(g, l);
    p.leaves = output.last_reader >= s.end;
    p.map = first_maker_in(g, output, s);
    p.next_maker = progress[p.map].makers;
    progress[p.map].makers = i;
    for (int position = 0; position < 2; ++position) {
      if (!g.has_input(l, position) || g.input_of(l, position).is_constant()) continue;
      const layer_span& span = spans[g.input_of(l, position).storage];
      if (span.last_writer < s.first) continue;
      const std::int32_t map = first_maker_in(g, span, s);
      p.operand_map[position] = map;
      p.window[position] = window_in_stage(g, s, l, position, direction::rows);
      p.next_reader[position] = progress[map].readers;
      progress[map].readers = 2 * i + position;
    }
    update(g, s, progress, i);
    if (p.leaves) waiting.add(progress, i);
  }
  return waiting;
}

/// Counts a row of a layer as made, for which its readers may have waited.
constexpr void advance(graph_view g, const stage& s, layer_progress* progress, candidates& waiting,
                       std::int32_t index) {
  ++progress[index].done;
  update(g, s, progress, index);
  if (progress[index].leaves) waiting.add(progress, index);
  for (std::int32_t r = progress[progress[index].map].readers; r >= 0; r = progress[r / 2].next_reader[r % 2])
    if (progress[r / 2].wanted || progress[r / 2].leaves) waiting.add(progress, r / 2);
}

/// Rows of a layer's output map that are made and still wanted.
constexpr std::int32_t rows_alive(const layer_progress* progress, std::int32_t maker) {
  std::int32_t oldest = progress[maker].made_rows;
  for (std::int32_t r = progress[progress[maker].map].readers; r >= 0; r = progress[r / 2].next_reader[r % 2])
    if (progress[r / 2].need[r % 2].first < oldest) oldest = progress[r / 2].need[r % 2].first;
  return progress[maker].made_rows - oldest;
}

/// Goes on with a patch of rows on counters alone, for at most `rows_left` rows; true when it is done. Widens each
/// map's rows to as many as are alive at once, and clears `transient` where a row is wanted longer than by the layer
/// that runs next.
constexpr bool run_dry(dry_run& run, layer_progress* progress, map_layout* maps, graph_view g, const stage& s,
                       std::int32_t& rows_left) {
  for (; rows_left > 0; --rows_left) {
    const std::int32_t i = next_layer(progress, run.waiting);
    if (i < 0) return true;
    advance(g, s, progress, run.waiting, i);
    if (run.previous >= 0 && maps[run.previous].transient && rows_alive(progress, run.previous) > 0)
      maps[run.previous].transient = false;
    run.previous = i;
    map_layout& map = maps[progress[i].map];
    if (!map.internal) continue;
    const std::int32_t alive = rows_alive(progress, i);
    if (alive > map.rows) map.rows = alive;
  }
  return false;
}

}  // namespace detail

/// Runs a patch of a stage: calls run(layer of the stage, rows) for one row of one layer after another; for a
/// stage of one layer, for all rows at once. `rows` is the layers' work in this patch, `progress` scratch.
template <typename Run>
constexpr void run_patch(graph_view g, const stage& s, const interval* rows, const layer_span* spans,
                         layer_progress* progress, Run run) {
  if (s.layers() == 1) {
    if (rows[0].size() > 0) run(0, rows[0]);
    return;
  }
  detail::candidates waiting = detail::start_patch(g, s, rows, spans, progress);
  for (std::int32_t i = detail::next_layer(progress, waiting); i >= 0; i = detail::next_layer(progress, waiting)) {
    run(i, interval{progress[i].done, progress[i].done + 1});
    detail::advance(g, s, progress, waiting, i);
  }
}

/// The layout of a stage. `rows` and `columns` are the work of each layer in each row and column patch
/// ([patch × layers + layer]), `made_columns` the columns of its output that are made in each column patch; `maps`
/// has one entry for each layer of the stage, `progress` and `made` are scratch of that length.
struct stage_tables {
  interval* rows;
  interval* columns;
  interval* made_columns;
  map_layout* maps;
  layer_progress* progress;
  interval* made;
};

/// Starts to lay out a stage: its columns, and full maps for what later stages read.
constexpr void start_stage_plan(graph_view g, const stage& s, const layer_span* spans, const stage_tables& to) {
  const std::int32_t layers = s.layers();
  for (std::int32_t p = 0; p < s.column_patches; ++p)
    detail::find_work(g, s, direction::columns, p, spans, to.columns + p * layers, to.made_columns + p * layers);
  for (std::int32_t i = 0; i < layers; ++i) {
    const std::int32_t storage = g.output_of(g.layers[s.first + i]).storage;
    const shape& extents = g.tensors[storage].extents;
    map_layout& map = to.maps[i];
    map.internal = spans[storage].first_writer >= s.first && spans[storage].last_reader < s.end;
    map.transient = map.internal && spans[storage].first_writer == spans[storage].last_writer;
    map.rows = map.internal ? 1 : map_rows(extents);
    std::int32_t width = map.internal ? 1 : extents.width();
    for (std::int32_t p = 0; p < s.column_patches; ++p)
      if (to.made_columns[p * layers + i].size() > width) width = to.made_columns[p * layers + i].size();
    map.row_pitch = width * extents.channels();
  }
}

/// Goes on to lay out a stage: rings of as many rows as are alive at once for what later stages do not read. True when
/// the stage is laid out, false after some `rows_left` rows: compilers bound the work of one constant expression.
constexpr bool go_on_with_stage_plan(graph_view g, const stage& s, const layer_span* spans, detail::dry_run& run,
                                     const stage_tables& to, std::int32_t rows_left) {
  const std::int32_t layers = s.layers();
  for (; run.row_patch < s.row_patches; ++run.row_patch) {
    interval* work = to.rows + run.row_patch * layers;
    if (!run.patch_started) {
      detail::find_work(g, s, direction::rows, run.row_patch, spans, work, to.made);
      if (layers > 1) run.waiting = detail::start_patch(g, s, work, spans, to.progress);
      run.previous = -1;
      run.patch_started = true;
      rows_left -= layers;
    }
    if (layers > 1 && !detail::run_dry(run, to.progress, to.maps, g, s, rows_left)) return false;
    run.patch_started = false;
  }
  for (std::int32_t i = 0; i < layers; ++i) {
    const std::int32_t first = first_maker_in(g, spans[g.output_of(g.layers[s.first + i]).storage], s);
    if (first != i) to.maps[i] = to.maps[first];
    to.maps[i].transient = to.maps[i].transient && to.maps[i].rows == 1 && layers > 1;
  }
  return true;
}

/// Multiply-accumulates of a stage, halos counted as often as they are computed.
constexpr std::int64_t stage_macs(graph_view g, const stage& s, const interval* rows, const interval* columns) {
  std::int64_t sum = 0;
  for (std::int32_t i = 0; i < s.layers(); ++i) {
    const layer& l = g.layers[s.first + i];
    const std::int64_t all = std::int64_t{work_along(g, l, direction::rows)} * work_along(g, l, direction::columns);
    std::int64_t rows_done = 0, columns_done = 0;
    for (std::int32_t p = 0; p < s.row_patches; ++p) rows_done += rows[p * s.layers() + i].size();
    for (std::int32_t p = 0; p < s.column_patches; ++p) columns_done += columns[p * s.layers() + i].size();
    sum += layer_macs(g, l) / all * rows_done * columns_done;
  }
  return sum;
}

}  // namespace inlay
