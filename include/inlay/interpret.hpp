// Inlay: runs a graph that is known only at run time, through the reference kernels. For tools and tests on a
// host; it needs no heap. Programs use network, which knows its model when it is compiled.
#pragma once

#include <inlay/kernels/overwrite.hpp>
#include <inlay/kernels/reference/channels.hpp>
#include <inlay/kernels/reference/convolution.hpp>
#include <inlay/kernels/reference/elementwise.hpp>
#include <inlay/kernels/reference/lookup.hpp>
#include <inlay/kernels/reference/matrix.hpp>
#include <inlay/kernels/reference/move.hpp>
#include <inlay/kernels/reference/reduce.hpp>
#include <inlay/graph/geometry.hpp>
#include <inlay/plan/arena.hpp>
#include <inlay/plan/stage.hpp>

#include <cstddef>
#include <cstdint>

#if !INLAY_HAS_EXACT_FLOATS
#error "Inlay reads models at run time with exact floats: compile without -ffast-math and its parts"
#include <inlay/stops_here>
#endif

namespace inlay::inline INLAY_ABI {

/// Bytes of room for the table of one layer at a time, aligned as std::max_align_t.
constexpr std::size_t interpreter_table_bytes(graph_view g) {
  std::size_t most = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    with_layer_kind(g.layers[i].kind, [&](auto kind) {
      using kernel = reference_kernel<kind()>;
      const std::size_t bytes =
          static_cast<std::size_t>(kernel::table_size(g, g.layers[i])) * sizeof(typename kernel::table_entry);
      if (bytes > most) most = bytes;
    });
  return most;
}

/// A planned graph with the memory to run it in. Everything is owned elsewhere.
struct interpreter {
  graph_view graph{};
  const layer_span* spans = nullptr;
  const map_layout* maps = nullptr;     // of each layer's output
  const arena_place* places = nullptr;  // place_count(graph) of them
  const void* model = nullptr;          // the file that the graph was read from
  const void* const* inputs = nullptr;  // the network's inputs in their own types
  std::int8_t* arena = nullptr;         // as large as the plan says
  void* table = nullptr;                // interpreter_table_bytes

  /// Makes a region of one layer's output (all of it for kernels that cannot do parts). `first_columns` tells,
  /// for each layer, the column that the rows of its output start with.
  void run(std::int32_t index, region work, const std::int32_t* first_columns) const {
    const layer& l = graph.layers[index];
    with_layer_kind(l.kind, [&](auto kind) {
      using kernel = reference_kernel<kind()>;
      auto* entries = static_cast<typename kernel::table_entry*>(table);
      kernel::fill_table(graph, l, static_cast<const std::int8_t*>(model), entries);
      run_kernel<kernel, kind()>(kernel::prepare(graph, l), entries, index, work, first_columns);
    });
  }

 protected:
  template <typename Kernel, layer_kind Kind, typename Parameters, typename Entry>
  void run_kernel(const Parameters& parameters, const Entry* entries, std::int32_t index, region work,
                  const std::int32_t* first_columns) const {
    const layer& l = graph.layers[index];
    const std::int32_t storage = graph.output_of(l).storage;
    std::int8_t* output = arena + places[storage].offset;
    const arena_place& scratch = places[scratch_place(graph, index)];
    constexpr bool weighted = has_weights(Kind);
    const std::int8_t* weights = weighted ? bytes(l, 1) : nullptr;
    if constexpr (Kind == layer_kind::mean)
      if (scratch.used())
        return Kernel::accumulate(parameters, output, arena + scratch.offset, work, view(l, 0, first_columns));
    if constexpr (!makes_regions(Kind)) {
      if constexpr (pointer_operands(Kind) == 2)
        Kernel::run_whole(parameters, entries, output, bytes(l, 0), bytes(l, 1));
      else
        Kernel::run_whole(parameters, entries, output, bytes(l, 0));
    } else {
      const std::int32_t writer = spans[storage].first_writer;
      const map_view<std::int8_t> map{output + graph.output_of(l).first_channel,
                                      graph.tensors[storage].extents.channels(), maps[writer].row_pitch,
                                      maps[writer].rows, first_columns[writer]};
      if constexpr (has_window(Kind)) {
        if (scratch.used()) {
          detail::over_rows(detail::overwriting_of(graph.input_of(l).extents, graph.output_of(l).extents, l), map,
                            arena + scratch.offset, [&](const region& row, const map_view<const std::int8_t>& copies) {
                              if constexpr (weighted)
                                Kernel::run(parameters, entries, map, row, copies, weights);
                              else
                                Kernel::run(parameters, entries, map, row, copies);
                            });
          return;
        }
      }
      if constexpr (Kind == layer_kind::quantize)
        Kernel::run(parameters, entries, map, work,
                    whole_map(static_cast<const float*>(pointer(l, 0)), graph.input_of(l).extents));
      else if constexpr (weighted)
        Kernel::run(parameters, entries, map, work, view(l, 0, first_columns), weights);
      else if constexpr (pointer_operands(Kind) == 2)
        Kernel::run(parameters, entries, map, work, view(l, 0, first_columns), view(l, 1, first_columns));
      else
        Kernel::run(parameters, entries, map, work, view(l, 0, first_columns));
    }
  }

 private:
  const void* pointer(const layer& l, int position) const {
    const tensor& t = graph.input_of(l, position);
    if (t.is_constant()) return static_cast<const std::int8_t*>(model) + t.data_at;
    const std::int32_t input = graph.input_position(t.storage);
    return input >= 0 ? inputs[input] : arena + places[t.storage].offset;
  }

  const std::int8_t* bytes(const layer& l, int position) const {
    return static_cast<const std::int8_t*>(pointer(l, position));
  }

  map_view<const std::int8_t> view(const layer& l, int position, const std::int32_t* first_columns) const {
    const tensor& t = graph.input_of(l, position);
    if (t.is_constant() || graph.input_position(t.storage) >= 0 ||
        is_reshaped(t.extents, graph.tensors[t.storage].extents))
      return whole_map(bytes(l, position), t.extents);
    const std::int32_t writer = spans[t.storage].first_writer;
    return {bytes(l, position), t.extents.channels(), maps[writer].row_pitch, maps[writer].rows, first_columns[writer]};
  }
};

}  // namespace inlay
