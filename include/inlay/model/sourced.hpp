// Inlay: a model whose inputs are not buffers but asked for, a row at a time.
#pragma once

#include <inlay/graph/graph.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// The layer that turns a float input into int8, −1 if the input is not float.
constexpr std::int32_t quantizer_of(graph_view g, std::int32_t input) {
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    if (g.layers[i].kind == layer_kind::quantize && g.layers[i].inputs[0] == input) return i;
  return -1;
}

}  // namespace detail

/// A model whose input images need never be in memory: camera lines, external flash, a decoder.
///
///   inlay::network<inlay::sourced<person>, inlay::least_memory> detector;
///   auto scores = detector.run([&](inlay::region r, auto pixels) { … });
///
/// run() takes one callable for each input. It is called with a region of the input, one row of it, all or some
/// columns, and a destination for the region's elements: a std::span of the input's type, or for float inputs
/// something like it that keeps int8. Rows come from top to bottom, again from the top for each column strip.
template <typename Model>
struct sourced {
 private:
  static constexpr graph_view original = Model::graph();
  static constexpr graph_counts counts{original.tensor_count, original.layer_count + original.input_count, 0,
                                       original.output_count};

  static constexpr graph_storage<counts> storage = [] {
    graph_storage<counts> result{};
    for (std::int32_t t = 0; t < original.tensor_count; ++t) result.tensors[t] = original.tensors[t];
    for (std::int32_t o = 0; o < original.output_count; ++o) result.outputs[o] = original.outputs[o];
    for (std::int32_t i = 0; i < original.input_count; ++i) {
      const std::int32_t quantizer = detail::quantizer_of(original, original.inputs[i]);
      layer fetch{};
      fetch.kind = layer_kind::fetch;
      fetch.origin = i;
      // Floats are kept as what they are quantised to.
      fetch.output = quantizer < 0 ? original.inputs[i] : original.layers[quantizer].output;
      result.layers[result.layer_count++] = fetch;
    }
    for (std::int32_t i = 0; i < original.layer_count; ++i)
      if (original.layers[i].kind != layer_kind::quantize) result.layers[result.layer_count++] = original.layers[i];
    return result;
  }();

 public:
  /// What stands behind the inputs of the model, for their types.
  using source_model = Model;
  static constexpr graph_view graph() { return storage.view(); }
  static constexpr const auto* bytes() { return Model::bytes(); }
  static constexpr std::size_t byte_count = Model::byte_count;
  static constexpr bool has_weights = Model::has_weights;
};

}  // namespace inlay
