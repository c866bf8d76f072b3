// Inlay: models of which nothing is known at compile time, and reports on them. Hosted programs only: this is
// the one header that uses the heap.
#pragma once

#include <inlay/interpret.hpp>
#include <inlay/model/tflite.hpp>
#include <inlay/plan/arena.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace inlay {

/// A .tflite file read and planned at run time by the functions that the compiler uses.
class loaded_model {
 public:
  explicit loaded_model(std::vector<char> file) : file_(std::move(file)) {
    const tflite_header header = read_tflite_header(file_.data(), file_.size());
    refused_ = header.refused;
    if (refused_) return;
    tensors_.resize(static_cast<std::size_t>(header.counts.tensors));
    layers_.resize(static_cast<std::size_t>(header.counts.layers));
    inputs_.resize(static_cast<std::size_t>(header.counts.inputs));
    outputs_.resize(static_cast<std::size_t>(header.counts.outputs));
    graph_builder builder{tensors_.data(),      layers_.data(), inputs_.data(),      outputs_.data(),
                          header.counts.tensors, 0,              header.counts.inputs, header.counts.outputs};
    refused_ = read_tflite(file_.data(), file_.size(), builder);
    if (refused_) return;
    graph_ = builder.view();
    std::vector<placement> scratch(static_cast<std::size_t>(place_count(graph_)));
    for (const placement_order order : {placement_order::largest_first, placement_order::earliest_first}) {
      std::vector<arena_place> places(scratch.size());
      const std::int32_t bytes = plan_arena(graph_, order, places.data(), scratch.data());
      if (places_.empty() || bytes < arena_bytes_) {
        places_ = std::move(places);
        arena_bytes_ = bytes;
      }
    }
  }

  /// Why the file cannot be used; the rest is empty then.
  const error& refused() const { return refused_; }
  graph_view graph() const { return graph_; }
  /// One place for each tensor, then one for each layer's scratch.
  const std::vector<arena_place>& places() const { return places_; }
  std::int32_t arena_bytes() const { return arena_bytes_; }
  const std::vector<char>& file() const { return file_; }

 private:
  std::vector<char> file_;
  error refused_{};
  std::vector<tensor> tensors_;
  std::vector<layer> layers_;
  std::vector<std::int32_t> inputs_, outputs_;
  graph_view graph_{};
  std::vector<arena_place> places_;
  std::int32_t arena_bytes_ = 0;
};

/// Bytes of a tensor in the type that the model declares: what a caller gives or gets.
inline std::size_t declared_bytes(const tensor& t) {
  return static_cast<std::size_t>(t.extents.elements()) * (t.type == element_type::float32 ? 4 : 1);
}

/// Runs a loaded model. `inputs` are the network's inputs in their own types, one after another, aligned as
/// their types; `after_layer(i, arena)` is called as each layer is done. Returns the arena.
inline std::vector<std::int8_t> interpret(
    const loaded_model& model, const std::vector<std::vector<char>>& inputs,
    const std::function<void(std::int32_t, std::vector<std::int8_t>&)>& after_layer = {}) {
  const graph_view g = model.graph();
  std::vector<const void*> pointers;
  for (const std::vector<char>& input : inputs) pointers.push_back(input.data());
  std::vector<std::max_align_t> table(interpreter_table_bytes(g) / sizeof(std::max_align_t) + 1);
  std::vector<std::int8_t> arena(static_cast<std::size_t>(model.arena_bytes()));
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    interpret_layer(g, model.places().data(), i, model.file().data(), pointers.data(), arena.data(), table.data());
    if (after_layer) after_layer(i, arena);
  }
  return arena;
}

}  // namespace inlay
