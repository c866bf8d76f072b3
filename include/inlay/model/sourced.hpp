// Inlay: a model whose inputs are not buffers but asked for, a row at a time.
#pragma once

#include <inlay/graph/graph.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// Whether anything but a QUANTIZE reads an input, the program that runs the network included.
constexpr bool is_read_as_it_is(graph_view g, std::int32_t input) {
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    for (const std::int32_t operand : g.layers[i].inputs)
      if (operand >= 0 && g.tensors[operand].storage == input && g.layers[i].kind != layer_kind::quantize) return true;
  return g.is_output(input);
}

/// The first float input that becomes int8 in several ways, or none; −1 if all become int8 once or are not read.
constexpr std::int32_t find_unsourceable_input(graph_view g) {
  for (std::int32_t i = 0; i < g.input_count; ++i) {
    if (g.tensors[g.inputs[i]].type != element_type::float32) continue;
    std::int32_t quantizers = 0;
    for (std::int32_t l = 0; l < g.layer_count; ++l)
      if (g.layers[l].kind == layer_kind::quantize && g.layers[l].inputs[0] == g.inputs[i]) ++quantizers;
    if (quantizers > 1 || is_read_as_it_is(g, g.inputs[i])) return i;
  }
  return -1;
}

/// What the graph needs of which no input is in memory.
constexpr graph_counts sourced_counts(graph_view g) {
  return {g.tensor_count, g.layer_count + g.input_count, 0, g.output_count};
}

/// Fills a graph of these sizes: layers fetch what inputs were.
constexpr void source_inputs(graph_view g, graph_builder& to) {
  for (std::int32_t t = 0; t < g.tensor_count; ++t) to.tensors[t] = g.tensors[t];
  for (std::int32_t o = 0; o < g.output_count; ++o) to.outputs[o] = g.outputs[o];
  const auto append_fetch = [&to](std::int32_t input, std::int32_t output) {
    layer fetch{};
    fetch.kind = layer_kind::fetch;
    fetch.origin = input;
    fetch.output = output;
    to.append(fetch);
  };
  for (std::int32_t i = 0; i < g.input_count; ++i)
    if (is_read_as_it_is(g, g.inputs[i])) append_fetch(i, g.inputs[i]);
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    const layer& l = g.layers[i];
    // Floats are kept as what they are quantised to.
    if (l.kind == layer_kind::quantize)
      append_fetch(g.input_position(l.inputs[0]), l.output);
    else
      to.append(l);
  }
}

/// Named in the static_assert, so that the input's number is printed.
template <std::int32_t Input>
concept all_quantized_once = Input < 0;

/// Does not compile for an input that cannot be asked for, with one sentence.
template <std::int32_t Input>
struct refuse_source {
  static_assert(
      all_quantized_once<Input>,
      "Inlay: a float input is quantised in several ways, so that its source would be asked for each row more "
      "than once: give this model buffers, without inlay::sourced, or convert it with int8 inputs");
};

}  // namespace detail

/// A model whose input images need never be in memory: camera lines, external flash, a decoder.
///
///   inlay::network<inlay::sourced<person>, inlay::least_memory> detector;
///   auto scores = detector.run([&](inlay::region r, auto pixels) { … });
///
/// run() takes one callable for each input. It is called with a region of the input, one row of it, or some columns of
/// one where the schedule computes columns again, and a destination for the region's elements: a std::span of the
/// input's type, or for float inputs something like it that keeps int8. Rows come from top to bottom, again from the
/// top for each column strip. The source of an input that nobody reads is not called.
template <typename Model>
struct sourced {
 private:
  static constexpr graph_view original = Model::graph();
  static_assert(sizeof(detail::refuse_source<detail::find_unsourceable_input(original)>) > 0);
  static constexpr graph_counts counts = detail::sourced_counts(original);
  static constexpr graph_storage<counts> storage = [] {
    graph_storage<counts> result{};
    graph_builder builder = result.builder();
    detail::source_inputs(original, builder);
    result.layer_count = builder.layer_count;
    return result;
  }();

 public:
  /// What stands behind the inputs of the model, for their types.
  using source_model = Model;
  static constexpr graph_view graph() { return storage.view(); }
  static constexpr const auto* bytes() { return Model::bytes(); }
  static constexpr std::size_t byte_count = Model::byte_count;
  static constexpr std::size_t part_count = Model::part_count;
  static constexpr auto part(std::size_t i) { return Model::part(i); }
  static constexpr bool has_weights = Model::has_weights;
};

}  // namespace inlay
