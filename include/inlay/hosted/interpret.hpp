// Inlay: runs a graph that is known only at run time, through the reference kernels. For tools and tests on a
// host; it needs no heap. Programs use network, which knows its model when it is compiled.
#pragma once

#include <inlay/graph/geometry.hpp>
#include <inlay/kernels/invoke.hpp>
#include <inlay/kernels/overwrite.hpp>
#include <inlay/kernels/reference.hpp>
#include <inlay/plan/arena.hpp>
#include <inlay/plan/stage.hpp>

#include <cstddef>
#include <cstdint>

#if !INLAY_HAS_EXACT_FLOATS
#error "Inlay reads models at run time with exact floats: compile without -ffast-math and its parts"
#include <inlay/stops_here>
#endif

namespace inlay::inline INLAY_ABI::detail {

/// Bytes of room for the table of one layer at a time, aligned as std::max_align_t.
constexpr std::size_t interpreter_table_bytes(graph_view g) {
  std::size_t most = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    with_layer_kind(g.layers[i].kind, [&]<layer_kind Kind>() {
      using kernel = reference_kernel<Kind>;
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

 private:
  /// Where a layer's operands and its output are.
  template <layer_kind Kind>
  struct operands {
    const interpreter& owner;
    std::int32_t index;
    const std::int32_t* first_columns;
    const std::int32_t* newer_rows;

    const layer& own_layer() const { return owner.graph.layers[index]; }
    const tensor& input(std::size_t position) const { return owner.graph.tensors[own_layer().inputs[position]]; }
    std::int32_t storage() const { return owner.graph.output_of(own_layer()).storage; }

    const void* data(std::size_t position) const {
      const tensor& t = input(position);
      if (t.is_constant()) return static_cast<const std::int8_t*>(owner.model) + t.data_at;
      const std::int32_t given = owner.graph.input_position(t.storage);
      return given >= 0 ? owner.inputs[given] : owner.arena + owner.places[t.storage].offset;
    }
    template <std::size_t Position>
    const std::int8_t* pointer() const {
      return static_cast<const std::int8_t*>(data(Position));
    }
    template <std::size_t Position>
    auto map() const {
      const tensor& t = input(Position);
      if constexpr (Kind == layer_kind::quantize) {
        return whole_map(static_cast<const float*>(data(Position)), t.extents);
      } else {
        // Rows that are summed up are those that were made.
        const shape& extents = makes_regions(Kind) ? t.extents : owner.graph.tensors[t.storage].extents;
        if (t.is_constant() || owner.graph.input_position(t.storage) >= 0 ||
            is_reshaped(extents, owner.graph.tensors[t.storage].extents))
          return whole_map(pointer<Position>(), extents);
        return in_arena(pointer<Position>(), extents, t.storage);
      }
    }
    std::int8_t* output() const { return owner.arena + owner.places[storage()].offset; }
    map_view<std::int8_t> output_map() const {
      return in_arena(output() + owner.graph.output_of(own_layer()).first_channel,
                      owner.graph.tensors[storage()].extents, storage());
    }
    std::int8_t* scratch() const { return owner.arena + owner.places[scratch_place(owner.graph, index)].offset; }
    std::int32_t rows_at_once() const { return owner.places[owner.graph.output_of(own_layer()).storage].rows_at_once; }
    overwriting overwrites() const {
      return overwriting_of(input(0).extents, owner.graph.output_of(own_layer()).extents, own_layer());
    }

    template <typename Element>
    map_view<Element> in_arena(Element* elements, const shape& extents, std::int32_t stored) const {
      const std::int32_t writer = owner.spans[stored].first_writer;
      const map_layout& map = owner.maps[writer];
      return {elements,           extents.channels(), map.row_pitch, map.rows, first_columns[writer],
              newer_rows[writer], map.ahead};
    }
  };

 public:
  /// Makes room for a layer's next segment, in row y.
  void make_room(std::int32_t index, std::int32_t y, std::int32_t segment) const {
    const std::int32_t storage = graph.output_of(graph.layers[index]).storage;
    const map_layout& map = maps[spans[storage].first_writer];
    if (begins_ring(map, y, segment)) move_ahead(arena + places[storage].offset, map.rows * map.row_pitch, map.ahead);
  }

  /// Makes a region of one layer's output (all of it for kernels that cannot do parts) in its stage. `first_columns`
  /// and `newer_rows` tell, for each layer, the column that the rows of its output start with and map_view's newer row.
  void run(const stage& s, std::int32_t index, region work, const std::int32_t* first_columns,
           const std::int32_t* newer_rows) const {
    const layer& l = graph.layers[index];
    with_layer_kind(l.kind, [&]<layer_kind Kind>() {
      using kernel = reference_kernel<Kind>;
      auto* entries = static_cast<typename kernel::table_entry*>(table);
      kernel::fill_table(graph, l, static_cast<const std::int8_t*>(model), entries);
      run_kernel<kernel, Kind>(kernel::prepare(graph, l), entries, s, index, work, first_columns, newer_rows);
    });
  }

 protected:
  template <typename Kernel, layer_kind Kind, typename Parameters, typename Entry>
  void run_kernel(const Parameters& parameters, const Entry* entries, const stage& s, std::int32_t index, region work,
                  const std::int32_t* first_columns, const std::int32_t* newer_rows) const {
    invoke<Kind>(call_of(graph, s, index, places), bound_kernel<Kernel, Parameters, Entry>{parameters, entries},
                 operands<Kind>{*this, index, first_columns, newer_rows}, work);
  }
};

}  // namespace inlay::detail
