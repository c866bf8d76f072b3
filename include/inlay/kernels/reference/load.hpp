// Inlay: asks the program for weights.
#pragma once

#include <inlay/kernels/kernel.hpp>
#include <inlay/model/sourced_weights.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace inlay::inline INLAY_ABI::detail {

/// What run() takes for the weights of a sourced_weights.
template <typename Source>
concept source_of_weights = std::is_invocable_v<Source&, const weights_part&, std::span<std::int8_t>>;

/// Whether it says when weights are there: it, or what a std::reference_wrapper refers to.
template <typename Source>
concept waits_itself = requires(Source& source) { source.wait(weights_part{}); };
template <typename Source>
concept waits_by_reference = requires(Source& source) { source.get().wait(weights_part{}); };
template <typename Source>
concept waits_for_weights = waits_itself<Source> || waits_by_reference<Source>;

/// Where a loaded tensor, or the buffer of one, stands in the model.
constexpr weights_part loaded_part(graph_view g, const tensor& t) {
  const std::int32_t bytes = g.tensors[t.storage].extents.elements() - bytes_before_weights;
  return {t.data_at, static_cast<std::uint32_t>(bytes)};
}

/// Calls a source for what a layer reads.
template <>
struct reference_kernel<layer_kind::load> : no_table {
  using parameters = weights_part;

  static constexpr parameters prepare(graph_view g, const layer& l) { return loaded_part(g, g.output_of(l)); }

  template <typename Source>
  static constexpr void run(const parameters& p, std::int8_t* output, Source& source) {
    source(p, std::span<std::int8_t>(output + bytes_before_weights, p.bytes));
  }
};

/// Returns when weights are there, if a source has to be asked for that.
template <typename Source>
constexpr void wait_for(Source& source, const weights_part& weights) {
  if constexpr (waits_itself<Source>)
    source.wait(weights);
  else if constexpr (waits_by_reference<Source>)
    source.get().wait(weights);
}

}  // namespace inlay::detail
