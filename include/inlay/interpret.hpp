// Inlay: runs a graph that is known only at run time, through the reference kernels. For tools and tests on a
// host; it needs no heap. Programs use network, which knows its model when it is compiled.
#pragma once

#include <inlay/kernels/reference/convolution.hpp>
#include <inlay/kernels/reference/elementwise.hpp>
#include <inlay/kernels/reference/move.hpp>
#include <inlay/kernels/reference/reduce.hpp>
#include <inlay/plan/arena.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay {

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

/// Runs one layer. `model` is the file that the graph was read from, `inputs` points to the network's inputs
/// in their own types, `arena` has the plan's size, `table` has interpreter_table_bytes.
inline void interpret_layer(graph_view g, const arena_place* places, std::int32_t index, const void* model,
                            const void* const* inputs, std::int8_t* arena, void* table) {
  const layer& l = g.layers[index];
  const auto operand = [&](std::size_t position) -> const void* {
    const tensor& t = g.tensors[l.inputs[position]];
    if (t.is_constant()) return static_cast<const std::int8_t*>(model) + t.data_at;
    const std::int32_t input = g.input_position(t.storage);
    return input >= 0 ? inputs[input] : arena + places[t.storage].offset;
  };
  with_layer_kind(l.kind, [&](auto kind) {
    using kernel = reference_kernel<kind()>;
    const auto parameters = kernel::prepare(g, l);
    auto* entries = static_cast<typename kernel::table_entry*>(table);
    kernel::fill_table(g, l, static_cast<const std::int8_t*>(model), entries);
    std::int8_t* output = arena + places[g.output_of(l).storage].offset;
    const arena_place& scratch = places[scratch_place(g, index)];
    const auto bytes = [&](std::size_t position) { return static_cast<const std::int8_t*>(operand(position)); };
    if constexpr (kind() == layer_kind::quantize) {
      kernel::run(parameters, entries, output, static_cast<const float*>(operand(0)));
    } else if constexpr (pointer_operands(kind()) == 2) {
      if constexpr (kind() == layer_kind::depthwise_conv2d)
        if (scratch.used()) return kernel::run_over(parameters, entries, output, arena + scratch.offset, bytes(1));
      kernel::run(parameters, entries, output, bytes(0), bytes(1));
    } else {
      if constexpr (has_window(kind()))
        if (scratch.used()) return kernel::run_over(parameters, entries, output, arena + scratch.offset);
      kernel::run(parameters, entries, output, bytes(0));
    }
  });
}

}  // namespace inlay
