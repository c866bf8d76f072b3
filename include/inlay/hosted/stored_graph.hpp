// Inlay: graphs of sizes that are known when the program runs.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/model/sourced.hpp>
#include <inlay/model/sourced_weights.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace inlay::inline INLAY_ABI {

/// A graph that owns its parts: what graph_storage is where sizes are constants.
class stored_graph {
 public:
  stored_graph() = default;
  explicit stored_graph(const graph_counts& counts)
      : tensors_(static_cast<std::size_t>(counts.tensors)),
        layers_(static_cast<std::size_t>(counts.layers)),
        inputs_(static_cast<std::size_t>(counts.inputs)),
        outputs_(static_cast<std::size_t>(counts.outputs)) {}

  /// To be filled, and given to keep() then.
  graph_builder builder() {
    return {tensors_.data(), layers_.data(), inputs_.data(), outputs_.data(), count(tensors_), 0,
            count(inputs_),  count(outputs_)};
  }
  /// Keeps the layers that a builder has in the end.
  void keep(const graph_builder& filled) { layers_.resize(static_cast<std::size_t>(filled.layer_count)); }

  graph_view view() const {
    return {tensors_.data(), layers_.data(), inputs_.data(), outputs_.data(),
            count(tensors_), count(layers_), count(inputs_), count(outputs_)};
  }

 private:
  template <typename Item>
  static std::int32_t count(const std::vector<Item>& items) {
    return static_cast<std::int32_t>(items.size());
  }

  std::vector<tensor> tensors_{};
  std::vector<layer> layers_{};
  std::vector<std::int32_t> inputs_{}, outputs_{};
};

/// The graph of sourced<Model> for a model's graph: its inputs are asked for, row by row, and never in memory.
inline stored_graph sourced_graph(graph_view g) {
  stored_graph sourced(detail::sourced_counts(g));
  graph_builder builder = sourced.builder();
  detail::source_inputs(g, builder);
  sourced.keep(builder);
  return sourced;
}

/// The graph of sourced_weights<Model, prefetch<Ahead>> for a model's graph: its weights are asked for.
inline stored_graph sourced_weights_graph(graph_view g, std::int32_t ahead = 0) {
  stored_graph sourced(detail::sourced_weights_counts(g));
  graph_builder builder = sourced.builder();
  detail::source_weights(g, ahead, builder);
  sourced.keep(builder);
  return sourced;
}

}  // namespace inlay
