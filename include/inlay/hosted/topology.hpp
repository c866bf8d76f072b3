// Inlay: topologies of which nothing is known at compile time: blocks become a graph by the functions that make it of
// layer types.
#pragma once

#include <inlay/hosted/stored_graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/topology.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace inlay::inline INLAY_ABI {

/// A network of blocks whose weights are not known: for planning, what a sequential of the same layer types is.
class loaded_topology {
 public:
  /// The network's input has one sample. Of a block that holds others, those stand behind it.
  loaded_topology(const extent2d& input, std::int32_t channels, std::vector<topology_block> blocks)
      : input_(input), channels_(channels), blocks_(std::move(blocks)) {
    detail::topology_builder counted;
    add_to(counted);
    refused_ = counted.refused();
    if (!refused_ && counted.layers() == 0) refused_ = {.reason = refusal::no_input_or_output};
    if (refused_) return;
    stored_graph filled({counted.tensors(), counted.layers(), 1, 1});
    graph_builder storage = filled.builder();
    detail::topology_builder b(storage, nullptr, counted.weight_bytes());
    storage.inputs[0] = 0;
    storage.outputs[0] = add_to(b);
    refused_ = detail::finish_topology(b, storage, nullptr);
    if (refused_) return;
    filled.keep(storage);
    graph_ = std::move(filled);
    byte_count_ = counted.byte_count();
  }

  /// Why there is no such network; the graph is empty then.
  const error& refused() const { return refused_; }
  /// The number of the outermost block that is refused; −1 if it is none alone.
  std::int32_t refused_block() const { return refused_block_; }

  graph_view graph() const { return graph_.view(); }
  const extent2d& input() const { return input_; }
  std::int32_t input_channels() const { return channels_; }
  const std::vector<topology_block>& blocks() const { return blocks_; }
  /// Bytes of weights, biases and scales, as a sequential has them.
  std::size_t byte_count() const { return byte_count_; }

 private:
  /// Returns the last tensor.
  std::int32_t add_to(detail::topology_builder& b) {
    std::int32_t tensor = b.add_map(input_.height, input_.width, channels_);
    const auto count = static_cast<std::int32_t>(blocks_.size());
    for (std::int32_t i = 0, number = 0; i < count && !b.refused(); ++number) {
      const topology_block& block = blocks_[static_cast<std::size_t>(i)];
      const std::int32_t rest = count - i;
      const std::int32_t items = block.inside >= 0 && block.inside < rest ? 1 + block.inside : rest;
      tensor = detail::add_blocks(b, &block, items, tensor);
      if (b.refused()) refused_block_ = number;
      i += items;
    }
    return tensor;
  }

  extent2d input_;
  std::int32_t channels_;
  std::vector<topology_block> blocks_;
  stored_graph graph_{};
  std::size_t byte_count_ = 0;
  error refused_{};
  std::int32_t refused_block_ = -1;
};

}  // namespace inlay
