// Inlay: stages. A schedule is a list of stages, each a range of layers that run together row by row, on all
// columns or on strips of them.
#pragma once

#include <inlay/graph/graph.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

/// What happens to pixels that neighbouring patches share: computed again by each, or kept, or of these the rows kept
/// and the columns computed again.
enum class halo : std::uint8_t { recompute, reuse, reuse_rows };

/// Layers [first, end) of a graph, run together over patches of a grid. Rows of one patch are made as they are
/// needed and kept as long as they are needed, so that within a patch nothing is computed twice; patches
/// compute what they share, their halos, again.
struct stage {
  std::int32_t first = 0;
  std::int32_t end = 0;
  std::int32_t row_patches = 1;     // 1: rows are streamed from top to bottom
  std::int32_t column_patches = 1;  // 1: rows are as wide as the map
  bool upwards = false;             // rows are made from the last to the first
  bool is_fast = false;             // it may take somewhat more memory than it needs to be faster
  /// Into so many parts a row is cut that are made from left to right, each as it is needed; none of them is wider than
  /// it must be for the ones of the stage's outputs. Of stages that are not cut into patches.
  std::int32_t segments = 1;

  constexpr std::int32_t layers() const { return end - first; }
  /// Intervals of columns in which each layer makes its rows.
  constexpr std::int32_t column_parts() const { return column_patches * segments; }
  /// What happens to what its patches share.
  constexpr halo halos() const {
    return row_patches > 1 ? halo::recompute : column_patches > 1 ? halo::reuse_rows : halo::reuse;
  }
  /// One layer over its whole map.
  constexpr bool is_one_layer() const { return layers() == 1 && halos() == halo::reuse; }
  friend constexpr bool operator==(const stage&, const stage&) = default;
};

/// How often weights may be read in a run: those of a layer that has more than so many bytes, at most so many times.
struct read_limit {
  std::int32_t bytes = 0x7fffffff;
  std::int32_t times = 0;

  constexpr bool allows(std::int64_t weight_bytes, std::int64_t reads) const {
    return weight_bytes <= bytes || reads <= times;
  }
  friend constexpr bool operator==(const read_limit&, const read_limit&) = default;
};

/// Bytes of the constants that a layer's kernel reads as it runs.
constexpr std::int64_t weight_bytes(graph_view g, const layer& l) {
  std::int64_t sum = 0;
  for (int position = 0; position < detail::operands_read(l.kind); ++position)
    if (g.has_input(l, position)) sum += g.input_of(l, position).data_bytes;
  return sum;
}

namespace detail {

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

}  // namespace detail

/// How a layer's output stands in memory.
struct map_layout {
  std::int32_t rows = 0;       // that fit: all, or those of a ring
  std::int32_t row_pitch = 0;  // bytes from one row to the next
  bool internal = false;       // made and read within its stage
  bool transient = false;      // one row, or a segment of one, read as soon as it is made
  /// Bytes by which it must lie ahead of the map that dies in its stage to be written over that one's rows as they die;
  /// 0 where it cannot.
  std::int32_t distance = 0;
  /// Bytes by which a row that is still read lies behind the newer one that is written over it: see map_view.
  std::int32_t ahead = 0;

  constexpr std::int32_t bytes() const { return rows * row_pitch + ahead; }
};

}  // namespace inlay
