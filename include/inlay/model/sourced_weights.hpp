// Inlay: a model whose weights are in no memory that kernels can read, but asked for as its layers run.
#pragma once

#include <inlay/graph/graph.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

/// Weights that a source is asked for: where they stand in the model's bytes, for a .tflite file in the file.
struct weights_part {
  std::uint32_t position = 0;
  std::uint32_t bytes = 0;
};

/// Of how many layers more, behind the one that is about to run, sourced_weights asks for the weights.
template <std::int32_t Layers>
struct prefetch {
  static_assert(Layers >= 0, "Inlay: weights are asked for before they are read: prefetch<0> or more");
  static constexpr std::int32_t layers = Layers;
};

namespace detail {

/// Bytes in front of loaded weights: kernels read words, up to three bytes before them.
inline constexpr std::int32_t bytes_before_weights = 4;

constexpr bool reads_constants(graph_view g, std::int32_t layer_index) {
  const layer& l = g.layers[layer_index];
  for (int position = 0; position < operands_read(l.kind); ++position)
    if (g.has_input(l, position) && g.input_of(l, position).is_constant()) return true;
  return false;
}

/// What the graph needs of which no constant that kernels read is in memory.
constexpr graph_counts sourced_weights_counts(graph_view g) {
  std::int32_t reads = 0;
  for_each_constant_read(g, [&](std::int32_t, int) { ++reads; });
  return {g.tensor_count + 2 * reads, g.layer_count + reads, g.input_count, g.output_count};
}

/// Fills a graph of these sizes: a layer loads what was a constant into a buffer of its own, which lives until it has
/// been read. It stands before the layer that reads it and before the `ahead` readers of constants in front of that.
constexpr void source_weights(graph_view g, std::int32_t ahead, graph_builder& to) {
  for (std::int32_t t = 0; t < g.tensor_count; ++t) to.tensors[t] = g.tensors[t];
  for (std::int32_t i = 0; i < g.input_count; ++i) to.inputs[i] = g.inputs[i];
  for (std::int32_t o = 0; o < g.output_count; ++o) to.outputs[o] = g.outputs[o];
  // Buffers and what stands in them, in pairs, in the order of their readers.
  std::int32_t buffer = g.tensor_count, next_buffer = g.tensor_count, asked = 0, readers_asked = 0, readers = 0;
  const auto load = [&](const tensor& constant) {
    tensor& all = to.tensors[buffer];
    all.extents = {1, {static_cast<std::int32_t>(constant.data_bytes) + bytes_before_weights}};
    all.data_at = constant.data_at;
    all.storage = buffer;
    tensor& values = to.tensors[buffer + 1] = constant;
    values.data_bytes = 0;
    values.is_loaded = true;
    values.storage = buffer;
    values.first_channel = bytes_before_weights;
    layer l{};
    l.kind = layer_kind::load;
    l.output = buffer;
    to.append(l);
    buffer += 2;
  };
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    layer l = g.layers[i];
    if (reads_constants(g, i)) {
      for (++readers; asked < g.layer_count && readers_asked < readers + ahead; ++asked) {
        if (!reads_constants(g, asked)) continue;
        ++readers_asked;
        const layer& reader = g.layers[asked];
        for (int position = 0; position < operands_read(reader.kind); ++position)
          if (g.has_input(reader, position) && g.input_of(reader, position).is_constant())
            load(g.input_of(reader, position));
      }
      for (int position = 0; position < operands_read(l.kind); ++position)
        if (g.has_input(l, position) && g.input_of(l, position).is_constant()) {
          l.inputs[static_cast<std::size_t>(position)] = next_buffer + 1;
          next_buffer += 2;
        }
    }
    to.append(l);
  }
}

/// Whether the program is asked for constants.
constexpr bool asks_for_weights(graph_view g) {
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    if (g.layers[i].kind == layer_kind::load) return true;
  return false;
}

/// Whether a layer that does not read them runs between asking for some and reading them.
constexpr bool asks_ahead(graph_view g) {
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    if (g.layers[i].kind != layer_kind::load) continue;
    std::int32_t next = i + 1;
    while (next < g.layer_count && g.layers[next].kind == layer_kind::load) ++next;
    bool reads = false;
    for (const std::int32_t input : g.layers[next].inputs)
      if (input >= 0 && g.tensors[input].storage == g.layers[i].output) reads = true;
    if (!reads) return true;
  }
  return false;
}

}  // namespace detail

/// A model whose weights need not be where processors can read them: serial flash, an SD card, a radio. Only tables
/// (biases, multipliers and the like) and code are in flash.
///
///   inlay::network<inlay::sourced_weights<person>> detector;
///   auto scores = detector.run(frame, [&](inlay::weights_part w, std::span<std::int8_t> to) { … });
///
/// run() takes one more argument behind the inputs, a callable that fills `to`, to.size() == w.bytes, with the bytes
/// from w.position on of the model: those of the .tflite file as it is. They are all that kernels read as they run,
/// constant operands of any layer. Each is asked for once a run, before the layer that reads it runs, into a buffer in
/// the arena. A stage of several layers keeps all of its weights as long as it runs.
///
/// With prefetch<Layers> the weights of so many layers more are asked for before a layer runs, and the callable need
/// only begin to fill `to`: source.wait(w) is called before w is read, in stages of several layers for each row, and
/// returns when w is there.
///
///   inlay::network<inlay::sourced_weights<person, inlay::prefetch<1>>> detector;
///
/// For images that are asked for, too: sourced<sourced_weights<person>>.
template <typename Model, typename Prefetch = prefetch<0>>
struct sourced_weights : Model {
 private:
  static constexpr graph_view original = Model::graph();
  static constexpr graph_counts counts = detail::sourced_weights_counts(original);
  static constexpr graph_storage<counts> storage = [] {
    graph_storage<counts> result{};
    graph_builder builder = result.builder();
    detail::source_weights(original, Prefetch::layers, builder);
    result.layer_count = builder.layer_count;
    return result;
  }();

 public:
  static constexpr graph_view graph() { return storage.view(); }
};

}  // namespace inlay
