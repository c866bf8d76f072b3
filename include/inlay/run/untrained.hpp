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

/// Bytes of the table that a layer's kernel in this program's networks keeps in flash, at most: where training switches
/// channels off or leaves biases small, some need less.
constexpr std::size_t untrained_table_bytes(graph_view g, const layer& l) {
  const auto bytes = [&]<typename Kernel>(std::type_identity<Kernel>) {
    if constexpr (requires { typename Kernel::table_entry; })
      return static_cast<std::size_t>(Kernel::table_size(g, l)) * sizeof(typename Kernel::table_entry);
    else
      return std::size_t{0};
  };
  std::size_t found = 0;
  with_layer_kind(l.kind, [&]<layer_kind Kind>() {
    switch (choose_kernel<Kind>(g, l)) {
      case kernel_choice::native: found = bytes(std::type_identity<fast_kernel<native_isa, Kind>>{}); break;
      case kernel_choice::second: found = bytes(std::type_identity<fast_kernel<second_isa, Kind>>{}); break;
      case kernel_choice::portable: found = bytes(std::type_identity<portable_kernel<Kind>>{}); break;
      case kernel_choice::reference: found = bytes(std::type_identity<reference_kernel<Kind>>{}); break;
    }
  });
  return found;
}

constexpr std::size_t untrained_table_bytes(graph_view g) {
  std::size_t sum = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i) sum += untrained_table_bytes(g, g.layers[i]);
  return sum;
}

}  // namespace detail

/// What network::flash_bytes will be once a topology is trained, at most, with this program's kernels.
constexpr std::size_t untrained_flash_bytes(graph_view g) {
  return detail::untrained_constant_bytes(g) + detail::untrained_table_bytes(g);
}

}  // namespace inlay
