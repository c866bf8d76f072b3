// Inlay: what a topology will need of flash once it is trained.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/run/steps.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// Bytes of the constants that kernels read, of which no two are equal in a network that is trained.
constexpr std::size_t untrained_constant_bytes(graph_view g) {
  std::size_t sum = 0;
  for_each_constant_read(g, [&](std::int32_t i, int position) { sum += g.input_of(g.layers[i], position).data_bytes; });
  return sum;
}

template <typename Kernel>
constexpr std::size_t table_bytes_of(graph_view g, const layer& l) {
  if constexpr (requires { Kernel::untrained_bytes(g, l); })
    return static_cast<std::size_t>(Kernel::untrained_bytes(g, l));
  else if constexpr (requires { typename Kernel::table_entry; })
    return static_cast<std::size_t>(Kernel::table_size(g, l)) * sizeof(typename Kernel::table_entry);
  else
    return 0;
}

/// Bytes of the table that a layer's kernel in this program's networks keeps in flash, at most: where training switches
/// channels off or leaves biases small, some need less.
constexpr std::size_t untrained_table_bytes(graph_view g, const layer& l) {
  std::size_t found = 0;
  with_layer_kind(l.kind, [&]<layer_kind Kind>() {
    switch (choose_kernel<Kind>(g, l)) {
      case kernel_choice::native: found = table_bytes_of<fast_kernel<native_isa, Kind>>(g, l); break;
      case kernel_choice::second: found = table_bytes_of<fast_kernel<second_isa, Kind>>(g, l); break;
      case kernel_choice::portable: found = table_bytes_of<portable_kernel<Kind>>(g, l); break;
      case kernel_choice::reference: found = table_bytes_of<reference_kernel<Kind>>(g, l); break;
    }
  });
  return found;
}

/// Of all layers. bytes_of(l) is untrained_table_bytes(g, l), on whatever processor. Where a schedule sums up products
/// as rows come, reference kernels do; without one no layer is.
template <typename BytesOf>
constexpr std::size_t scheduled_table_bytes(graph_view g, const stage* stages, std::int32_t count,
                                            const BytesOf& bytes_of) {
  std::size_t sum = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    const layer& l = g.layers[i];
    sum += sums_products(g, stages, count, i) ? table_bytes_of<reference_kernel<layer_kind::fully_connected>>(g, l)
                                              : bytes_of(l);
  }
  return sum;
}

constexpr std::size_t untrained_table_bytes(graph_view g, const stage* stages = nullptr, std::int32_t count = 0) {
  return scheduled_table_bytes(g, stages, count, [&](const layer& l) { return untrained_table_bytes(g, l); });
}

}  // namespace detail

/// What network::flash_bytes will be once a topology is trained, at most, with this program's kernels, layer after
/// layer.
constexpr std::size_t untrained_flash_bytes(graph_view g) {
  return detail::untrained_constant_bytes(g) + detail::untrained_table_bytes(g);
}

}  // namespace inlay
