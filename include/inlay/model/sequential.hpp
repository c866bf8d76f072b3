// Inlay: layer types become a graph.
//
//   using mine = inlay::sequential<inlay::input<96, 96, 3>,
//                                  inlay::conv2d<{.filters = 16, .window = {.kernel = 3, .stride = 2}}>,
//                                  inlay::inverted_residual<{.filters = 24, .expansion = 6, .window = {.kernel = 3}}>,
//                                  inlay::global_average_pool, inlay::dense<{.units = 2}>>;
//
// Without weights such a type is a topology, to be analysed. Layers that are given a layer_data have weights;
// a sequential of them runs.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/model.hpp>
#include <inlay/model/topology.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

/// The weights of a layer in TensorFlow Lite's order (conv2d [filters, kh, kw, in], depthwise_conv2d
/// [kh, kw, out], dense [units, in]), one bias and one scale for each output channel, and how the output is
/// quantised.
template <std::size_t Weights, std::size_t Channels>
struct layer_data {
  std::int8_t weights[Weights];
  std::int32_t bias[Channels];
  float scales[Channels];
  affine output;
};

/// Stands for the layer_data of a layer that has none.
struct no_data {};
/// What a layer type has by itself: no weights, to be analysed.
inline constexpr no_data without_data{};

namespace detail {

/// Named in the static_assert about a layer's data, so that the numbers are printed.
template <std::int32_t Layer, std::int32_t GivenWeights, std::int32_t NeededWeights>
concept data_fits = Layer < 0 && GivenWeights == NeededWeights;

/// A layer's data, of whatever type it is.
template <const auto& Data>
inline constexpr data_view data_of = [] {
  if constexpr (requires { Data.weights; })
    return data_view{&Data.weights[0],
                     &Data.bias[0],
                     &Data.scales[0],
                     static_cast<std::int32_t>(sizeof(Data.weights)),
                     static_cast<std::int32_t>(sizeof(Data.bias) / sizeof(Data.bias[0])),
                     Data.output};
  else
    return data_view{};
}();

}  // namespace detail

// Each layer type has build(builder, input tensor) → output tensor.

/// The network's input: [1, Height, Width, Channels] of int8.
template <std::int32_t Height, std::int32_t Width, std::int32_t Channels, affine Quantization = affine{}>
struct input {
  static constexpr std::int32_t build(detail::topology_builder& b) {
    return b.add_map(Height, Width, Channels, Quantization);
  }
};

/// CONV_2D.
template <conv2d_options Options, const auto& Data = without_data>
struct conv2d {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    return detail::add_conv2d(b, from, Options, detail::data_of<Data>);
  }
};

/// DEPTHWISE_CONV_2D.
template <depthwise_conv2d_options Options, const auto& Data = without_data>
struct depthwise_conv2d {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    return detail::add_depthwise_conv2d(b, from, Options, detail::data_of<Data>);
  }
};

/// FULLY_CONNECTED over everything that comes in: [1, 1, 1, units].
template <dense_options Options, const auto& Data = without_data>
struct dense {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    return detail::add_dense(b, from, Options, detail::data_of<Data>);
  }
};

namespace detail {
template <layer_kind Kind, window_options Options>
struct pool2d {
  static constexpr std::int32_t build(topology_builder& b, std::int32_t from) {
    return add_pool2d(b, from, Kind, Options);
  }
};
template <layer_kind Kind>
struct probabilities {
  static constexpr std::int32_t build(topology_builder& b, std::int32_t from) {
    return add_probabilities(b, from, Kind);
  }
};
}  // namespace detail

/// AVERAGE_POOL_2D and MAX_POOL_2D; the output is quantised as the input.
template <window_options Options>
using average_pool2d = detail::pool2d<layer_kind::average_pool2d, Options>;
template <window_options Options>
using max_pool2d = detail::pool2d<layer_kind::max_pool2d, Options>;

/// MEAN over height and width: [1, 1, 1, channels], quantised as the input.
struct global_average_pool {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    return detail::add_global_average_pool(b, from);
  }
};

/// SOFTMAX over the channels.
using softmax = detail::probabilities<layer_kind::softmax>;

/// LOGISTIC.
using logistic = detail::probabilities<layer_kind::logistic>;

/// Layers one after another, as one layer.
template <typename... Layers>
struct chain {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    ((from = Layers::build(b, from)), ...);
    return from;
  }
};

/// input + Layers(input), quantised as Output.
template <affine Output, typename... Layers>
struct residual_as {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    return detail::add_binary(b, layer_kind::add, chain<Layers...>::build(b, from), from, Output);
  }
};
template <typename... Layers>
using residual = residual_as<affine{}, Layers...>;

/// input × Layers(input), the latter broadcast: a squeeze-and-excite block has a global_average_pool, layers
/// on one pixel and a logistic.
template <affine Output, typename... Layers>
struct scaled_as {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    return detail::add_binary(b, layer_kind::mul, from, chain<Layers...>::build(b, from), Output);
  }
};
template <typename... Layers>
using scaled = scaled_as<affine{}, Layers...>;

/// CONCATENATION of the outputs of branches, each a layer or chain on the same input, along the channels.
template <typename... Branches>
struct concatenate {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    const std::array<std::int32_t, sizeof...(Branches)> parts{Branches::build(b, from)...};
    return detail::add_concatenation(b, parts.data(), static_cast<std::int32_t>(parts.size()));
  }
};

/// MobileNetV2's block: 1×1 expansion, depthwise, 1×1 projection; the input is added where shapes allow.
template <inverted_residual_options Options>
struct inverted_residual {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    return detail::add_inverted_residual(b, from, Options);
  }
};

namespace detail {
/// Does not compile for refused layers.
template <const auto& Text, bool Refused>
struct refuse_layers {};
template <const auto& Text>
struct refuse_layers<Text, true> : refuse_model<Text> {};
}  // namespace detail

/// A network of layer types, its first an input. It is a model like tflite.
template <typename Input, typename... Layers>
struct sequential {
 private:
  struct size {
    graph_counts counts{};
    std::uint32_t weight_bytes = 0;
    std::uint32_t bytes = 0;
    std::size_t parts = 1;
    bool has_weights = false;
    detail::data_mismatch mismatch{};
    std::array<std::int32_t, sizeof...(Layers) + 1> block_ends{};  // layers before each of Layers, and in all
  };
  static constexpr size needed = [] {
    detail::topology_builder b;
    size result{};
    std::int32_t tensor = Input::build(b);
    std::size_t block = 0;
    ((tensor = Layers::build(b, tensor), result.block_ends[++block] = b.layers()), ...);
    result.counts = {b.tensors(), b.layers(), 1, 1};
    result.weight_bytes = b.weight_bytes();
    result.bytes = b.byte_count();
    if (b.weight_tensors() > 1) result.parts = static_cast<std::size_t>(b.weight_tensors());
    result.has_weights = b.has_all_data();
    result.mismatch = b.mismatch();
    return result;
  }();
  static_assert(detail::data_fits<needed.mismatch.layer, needed.mismatch.given, needed.mismatch.needed>,
                "Inlay: a layer_data has other sizes than its layer needs");

  static constexpr bool is_weights(const tensor& t) { return t.is_constant() && t.type == element_type::int8; }

  struct built {
    graph_storage<needed.counts> graph{};
    char bytes[needed.bytes]{};
    error refused{};
  };
  static constexpr built contents = [] {
    built result{};
    graph_builder storage = result.graph.builder();
    detail::topology_builder b(storage, result.bytes, needed.weight_bytes);
    result.graph.inputs[0] = Input::build(b);
    result.graph.outputs[0] = chain<Layers...>::build(b, result.graph.inputs[0]);
    result.refused = detail::finish_topology(b, storage, result.bytes);
    if (result.refused)
      result.graph = detail::dummy_graph<needed.counts>();
    else
      result.graph.layer_count = storage.layer_count;
    return result;
  }();
  static constexpr error_text refusal_text{contents.refused};
  // Its errors are the refusals.
  static_assert(sizeof(detail::refuse_layers<refusal_text, static_cast<bool>(contents.refused)>) > 0);

  // What a program has of the bytes: the weights, each layer's a part.
  struct weight_list {
    alignas(4) char bytes[needed.weight_bytes]{};
  };
  static constexpr weight_list weights = [] {
    weight_list list{};
    if constexpr (needed.has_weights)
      for (const tensor& t : contents.graph.tensors)
        for (std::uint32_t i = 0; is_weights(t) && i < t.data_bytes; ++i)
          list.bytes[t.data_at + i] = contents.bytes[t.data_at + i];
    return list;
  }();
  static constexpr auto parts = [] {
    std::array<detail::model_part<char>, needed.parts> list{};
    std::uint32_t count = 0;
    for (const tensor& t : contents.graph.tensors) {
      if (!is_weights(t)) continue;
      list[count] = {t.data_at, t.data_bytes, count, weights.bytes + t.data_at};
      ++count;
    }
    return list;
  }();

 public:
  static constexpr graph_view graph() { return contents.graph.view(); }
  static constexpr const char* bytes() { return contents.bytes; }
  static constexpr std::size_t byte_count = needed.bytes;
  /// The parts of them that a program has in flash, each the weights of a layer.
  static constexpr std::size_t part_count = needed.parts;
  static constexpr detail::model_part<char> part(std::size_t i) { return parts[i]; }
  /// False for a topology, which can be analysed but not run.
  static constexpr bool has_weights = needed.has_weights || contents.refused;
  static constexpr auto block_count = static_cast<std::int32_t>(sizeof...(Layers));
  /// Layers of the graph that the first so many of Layers become; see after_block.
  static constexpr std::int32_t layers_after(std::int32_t blocks) {
    return detail::layers_of_first(graph(), needed.block_ends[static_cast<std::size_t>(blocks)]);
  }
};

}  // namespace inlay
