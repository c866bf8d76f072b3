// Inlay: how far a patch reaches, and what that costs: what a designer of topologies wants to know.
//
//   inlay::receptive_field<mine, inlay::split<5>>.height            input rows behind one pixel
//   inlay::stage_overhead<mine, inlay::after_block<mine, 5>, inlay::grid<4, 4>>::clamped_percent
//   inlay::peak_bytes<mine, inlay::per_layer>
#pragma once

#include <inlay/graph/geometry.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/plan/fitting.hpp>
#include <inlay/plan/layout.hpp>
#include <inlay/plan/need.hpp>
#include <inlay/plan/schedule.hpp>
#include <inlay/plan/stage.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// nearest_pixel on maps that go on forever.
constexpr std::int32_t unbounded_nearest_pixel(const layer& l, std::int32_t output, std::int32_t input_size,
                                               std::int32_t output_size) {
  const bool corners = l.align_corners && output_size > 1;
  const std::int64_t inputs = corners ? input_size - 1 : input_size;
  const std::int64_t outputs = corners ? output_size - 1 : output_size;
  const std::int64_t halves = (2 * std::int64_t{output} + (l.half_pixel_centers ? 1 : 0)) * inputs;
  return divide_down(l.align_corners ? halves + outputs : halves, 2 * outputs);
}

/// Pixels of an operand that pixels of a layer's output depend on, as if the maps went on beyond their borders.
constexpr interval unbounded_need(graph_view g, const layer& l, int position, interval output, direction d) {
  const tensor& input = g.input_of(l, position);
  const shape& from = g.tensors[input.storage].extents;
  const shape& to = g.output_of(l).extents;
  const interval all{0, extent_along(from, d)};
  if (is_reshaped(from, input.extents)) return all;
  const std::int32_t size = extent_along(to, d);
  switch (describe(l.kind).geometry) {
    case layer_geometry::window: {
      const window_axis axis = along(l.window, d);
      return {output.first * axis.stride - axis.before, (output.end - 1) * axis.stride - axis.before + axis.reach};
    }
    case layer_geometry::blended:
      return {divide_down(blend_position(l, output.first, all.end, size), 1024),
              divide_down(blend_position(l, output.end - 1, all.end, size) + 1023, 1024) + 1};
    case layer_geometry::nearest:
      return {unbounded_nearest_pixel(l, output.first, all.end, size),
              unbounded_nearest_pixel(l, output.end - 1, all.end, size) + 1};
    case layer_geometry::transposed: return transposed_need(l.window, output, d);
    case layer_geometry::blocked: return blocked_need(output, all.end, size);
    case layer_geometry::placed: return all.end == size ? output : work_for(g, l, output, d);
    case layer_geometry::padded:
    case layer_geometry::sliced: return moved_need(g, l, output, d);
    case layer_geometry::pixelwise: return all.end == size ? output : all;
    case layer_geometry::reduced:
    case layer_geometry::whole: break;
  }
  return all;
}

/// From the last layer of a stage to the first: `needed`, of which there is one for each tensor, grows by the
/// pixels that what is in it depends on.
template <typename Need>
constexpr void trace_back(graph_view g, const stage& s, interval* needed, Need need) {
  for (std::int32_t i = s.end - 1; i >= s.first; --i) {
    const layer& l = g.layers[i];
    const interval output = needed[g.output_of(l).storage];
    if (output.size() == 0) continue;
    for (int position = 0; position < 2; ++position) {
      if (!g.has_input(l, position) || g.input_of(l, position).is_constant()) continue;
      interval& input = needed[g.input_of(l, position).storage];
      input = hull(input, need(l, position, output));
    }
  }
}

/// Pixels of the network's input, the largest if there are several, that are in `needed`.
constexpr std::int32_t needed_of_inputs(graph_view g, const interval* needed) {
  std::int32_t most = 0;
  for (std::int32_t i = 0; i < g.input_count; ++i)
    if (const std::int32_t size = needed[g.inputs[i]].size(); size > most) most = size;
  return most;
}

/// std::gcd, whose header does not survive macros named min and max.
constexpr std::int32_t greatest_common_divisor(std::int32_t a, std::int32_t b) {
  return b == 0 ? a : greatest_common_divisor(b, a % b);
}

/// Neighbouring pixels behind a layer that enlarges maps depend on as many pixels or on one more; so many pixels on, it
/// repeats.
constexpr std::int32_t enlarged_period(graph_view g, std::int32_t layers, direction d) {
  std::int32_t period = 1;
  for (std::int32_t i = 0; i < layers; ++i) {
    const layer& l = g.layers[i];
    const layer_geometry geometry = describe(l.kind).geometry;
    if (geometry == layer_geometry::transposed)
      period *= d == direction::rows ? l.window.stride.height : l.window.stride.width;
    const bool scales = geometry == layer_geometry::nearest || geometry == layer_geometry::blended ||
                        geometry == layer_geometry::blocked;
    if (!scales) continue;
    const std::int32_t corners = l.align_corners ? 1 : 0;
    const std::int32_t from = extent_along(g.input_of(l).extents, d) - corners;
    const std::int32_t to = extent_along(g.output_of(l).extents, d) - corners;
    if (to > 0) period *= to / greatest_common_divisor(from, to);
  }
  return period;
}

constexpr std::int32_t find_receptive_extent(graph_view g, std::int32_t layer_index, direction d, interval* needed) {
  const std::int32_t output = g.output_of(g.layers[layer_index]).storage;
  const std::int32_t extent = extent_along(g.tensors[output].extents, d);
  const std::int32_t period = enlarged_period(g, layer_index + 1, d);
  std::int32_t most = 0;
  // From the middle on, so that a layer that reads all of its input does not seem to reach beyond it.
  for (std::int32_t pixel = extent / 2; pixel < extent / 2 + (period < extent ? period : extent); ++pixel) {
    for (std::int32_t t = 0; t < g.tensor_count; ++t) needed[t] = {};
    needed[output] = {pixel, pixel + 1};
    trace_back(g, {0, layer_index + 1}, needed, [&](const layer& l, int position, interval pixels) {
      return unbounded_need(g, l, position, pixels, d);
    });
    if (const std::int32_t size = needed_of_inputs(g, needed); size > most) most = size;
  }
  return most;
}

/// What find_work finds, with every patch at a border as large as one inside. `needed` has one entry for each
/// tensor of the graph and keeps what the patch needs of the stage's inputs.
constexpr void find_unbounded_work(graph_view g, const stage& s, direction d, std::int32_t patch,
                                   const layer_span* spans, interval* work, interval* needed) {
  const std::int32_t patches = d == direction::rows ? s.row_patches : s.column_patches;
  for (std::int32_t t = 0; t < g.tensor_count; ++t) needed[t] = {};
  for (std::int32_t i = s.first; i < s.end; ++i) {
    const std::int32_t storage = g.output_of(g.layers[i]).storage;
    if (spans[storage].last_reader >= s.end)
      needed[storage] = even_part(extent_along(g.tensors[storage].extents, d), patches, patch);
  }
  // A kernel that makes everything at once needs everything, whatever its layer is.
  trace_back(g, s, needed, [&](const layer& l, int position, interval pixels) {
    return makes_regions(l.kind) ? unbounded_need(g, l, position, pixels, d) : input_need(g, l, position, {0, 1}, d);
  });
  for (std::int32_t i = s.first; i < s.end; ++i) {
    const layer& l = g.layers[i];
    const interval output = needed[g.output_of(l).storage];
    if (output.size() == 0 || !makes_regions(l.kind))
      work[i - s.first] = {0, output.size() == 0 ? 0 : 1};
    else
      work[i - s.first] =
          describe(l.kind).geometry == layer_geometry::placed ? unbounded_need(g, l, 0, output, d) : output;
  }
}

/// Pixels of the network's input that one pixel of a layer's output depends on, as if the maps went on beyond
/// their borders. A layer that reads all of its input, such as a mean, depends on all of it and what that
/// reaches. `needed` is scratch, one entry for each tensor.
constexpr extent2d find_receptive_field(graph_view g, std::int32_t layer_index, interval* needed) {
  return {find_receptive_extent(g, layer_index, direction::rows, needed),
          find_receptive_extent(g, layer_index, direction::columns, needed)};
}

template <typename Topology, typename Split>
struct receptive_field_of;
template <typename Topology, std::int32_t Layer>
struct receptive_field_of<Topology, split<Layer>> {
  static constexpr graph_view graph = described<Topology>::graph;
  static constexpr bool is_inside = split_inside_network<Layer, 0, graph.layer_count>;
  static_assert(split_inside_network<Layer, 0, graph.layer_count>,
                "Inlay: a receptive field is that of a layer inside the network");
  static constexpr extent2d value = [] {
    interval needed[static_cast<std::size_t>(graph.tensor_count)]{};
    return find_receptive_field(graph, is_inside ? Layer - 1 : 0, needed);
  }();
};

/// Named in the static_assert about after_block, so that the numbers are printed.
template <std::int32_t Block, std::int32_t Blocks>
concept block_inside_topology = Block >= 1 && Block <= Blocks;

template <typename Topology, std::int32_t Block>
struct block_end {
  static_assert(block_inside_topology<Block, Topology::block_count>,
                "Inlay: after_block counts the layers of a sequential, its input excepted, from one");
  static constexpr std::int32_t layer =
      Topology::layers_after(block_inside_topology<Block, Topology::block_count> ? Block : 1);
};

/// What becomes of patches at the border of a map: they end there, or are counted as if the map went on.
enum class borders : std::uint8_t { clamped, full_size };

/// The first Layers layers in Rows × Columns patches.
template <typename Topology, std::int32_t Layers, std::int32_t Rows, std::int32_t Columns>
struct patched_stage {
  using known = described<Topology>;
  static constexpr graph_view graph = known::graph;
  static constexpr stage s{0, Layers, Rows, Columns};

  /// Of all layers in all patches, and the input that the largest patch needs.
  template <std::int32_t Patches>
  struct work {
    interval items[static_cast<std::size_t>(Patches * Layers)]{};
    std::int32_t input = 0;
  };
  // One constant for each direction, to stay inside the compilers' limits.
  template <direction Direction, borders Borders>
  static constexpr auto work_of = [] {
    constexpr std::int32_t patches = Direction == direction::rows ? Rows : Columns;
    work<patches> result{};
    interval needed[static_cast<std::size_t>(graph.tensor_count)]{};
    interval made[static_cast<std::size_t>(Layers)]{};
    for (std::int32_t p = 0; p < patches; ++p) {
      interval* items = result.items + p * Layers;
      if constexpr (Borders == borders::clamped)
        find_work(graph, s, Direction, p, known::spans.items, items, made);
      else
        find_unbounded_work(graph, s, Direction, p, known::spans.items, items, needed);
      if (const std::int32_t size = needed_of_inputs(graph, needed); size > result.input) result.input = size;
    }
    return result;
  }();

  template <borders Borders>
  static constexpr std::int64_t macs =
      stage_macs(graph, s, work_of<direction::rows, Borders>.items, work_of<direction::columns, Borders>.items);
};

constexpr double percent_of(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? 100 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}

}  // namespace detail

/// The receptive field of one pixel behind the first layers of a network, in pixels of its input: an extent2d.
template <typename Topology, typename Split>
inline constexpr extent2d receptive_field = detail::receptive_field_of<Topology, Split>::value;

/// The split behind the first so many layer types of a sequential, its input not counted.
template <typename Topology, std::int32_t Block>
using after_block = split<detail::block_end<Topology, Block>::layer>;

/// Bytes of the arena: the most that is alive at once.
template <typename Topology, typename Schedule>
inline constexpr std::int32_t peak_bytes = detail::planned<Topology, Schedule>::arena.bytes;

/// What it costs to run the layers before a split in patches that recompute their halos. Published overheads
/// count in two ways: with patches that end at the border of the map, as they are computed, and with every
/// patch as large as one that lies inside.
template <typename Topology, typename Split, typename Grid>
struct stage_overhead;

template <typename Topology, std::int32_t Layer, std::int32_t Rows, std::int32_t Columns>
struct stage_overhead<Topology, split<Layer>, grid<Rows, Columns>> {
 private:
  using refusal = detail::refuse_stage<Topology, 0, per_patch<split<Layer>, grid<Rows, Columns>>>;
  static_assert(sizeof(refusal) > 0);
  static constexpr bool is_good = refusal::check::is_good;
  using patched = detail::patched_stage<Topology, is_good ? Layer : 1, is_good ? Rows : 1, is_good ? Columns : 1>;

 public:
  /// Multiply-accumulates of the stage, each counted once, and of the whole network.
  static constexpr std::int64_t macs = [] {
    std::int64_t sum = 0;
    for (std::int32_t i = 0; i < patched::s.end; ++i) sum += layer_macs(patched::graph, patched::graph.layers[i]);
    return sum;
  }();
  static constexpr std::int64_t network_macs = total_macs(patched::graph);

  /// Multiply-accumulates done again.
  static constexpr std::int64_t clamped_macs = patched::template macs<detail::borders::clamped> - macs;
  static constexpr std::int64_t unclamped_macs = patched::template macs<detail::borders::full_size> - macs;

  /// In percent of the stage; of the network, with clamped patches.
  static constexpr double clamped_percent = detail::percent_of(clamped_macs, macs);
  static constexpr double unclamped_percent = detail::percent_of(unclamped_macs, macs);
  static constexpr double network_percent = detail::percent_of(clamped_macs, network_macs);

  /// Pixels of the input that a patch inside the map needs: the receptive field of all of its output.
  static constexpr extent2d patch{
      patched::template work_of<detail::direction::rows, detail::borders::full_size>.input,
      patched::template work_of<detail::direction::columns, detail::borders::full_size>.input};
};

}  // namespace inlay
