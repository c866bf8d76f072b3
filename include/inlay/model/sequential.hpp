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
#include <inlay/graph/normalize.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/model.hpp>
#include <inlay/model/preconditions.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

/// A size in both directions: 3 is 3 × 3, {10, 4} is 10 high and 4 wide.
struct size2d {
  std::int32_t height;
  std::int32_t width;
  constexpr size2d(std::int32_t both) : height(both), width(both) {}
  constexpr size2d(std::int32_t h, std::int32_t w) : height(h), width(w) {}
};

/// What stands around a map: nothing, or zero points so that output = input / stride, rounded up.
enum class padding : std::uint8_t { same, valid };

/// The window of a convolution or pool.
struct window_options {
  size2d kernel = 1;
  size2d stride = 1;
  size2d dilation = 1;
  inlay::padding padding = inlay::padding::same;
};

/// One scale and zero point.
struct affine {
  float scale = 1;
  std::int32_t zero_point = 0;
};

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
inline constexpr no_data without_data{};

namespace detail {

/// A layer whose data has another number of weights or channels than it needs; layer −1 for none.
struct data_mismatch {
  std::int32_t layer = -1;
  std::int32_t given = 0;
  std::int32_t needed = 0;
};

/// Named in the static_assert about a layer's data, so that the numbers are printed.
template <std::int32_t Layer, std::int32_t GivenWeights, std::int32_t NeededWeights>
concept data_fits = Layer < 0 && GivenWeights == NeededWeights;

/// Builds a graph tensor by tensor. Without storage it only counts.
class topology_builder {
 public:
  constexpr topology_builder() = default;
  constexpr topology_builder(graph_builder storage, char* bytes) : graph_(storage), bytes_(bytes) {
    graph_.tensor_count = 0;
  }

  constexpr std::int32_t tensors() const { return graph_.tensor_count; }
  constexpr std::int32_t layers() const { return graph_.layer_count; }
  constexpr std::uint32_t byte_count() const { return position_; }
  constexpr bool has_all_data() const { return has_all_data_; }
  constexpr data_mismatch mismatch() const { return mismatch_; }
  constexpr const shape& extents(std::int32_t tensor) const { return extents_[static_cast<std::size_t>(tensor)]; }
  constexpr affine quantization_of(std::int32_t tensor) const {
    return quantization_[static_cast<std::size_t>(tensor)];
  }

  /// A new activation of the given extents, [1, height, width, channels].
  constexpr std::int32_t add_map(std::int32_t height, std::int32_t width, std::int32_t channels, affine q = {}) {
    return add_tensor({4, {1, height, width, channels}}, q, 0);
  }

  constexpr std::int32_t add_layer(layer l, std::int32_t output) {
    l.output = output;
    l.operator_index = graph_.layer_count;
    if (graph_.layers != nullptr) graph_.layers[graph_.layer_count] = l;
    ++graph_.layer_count;
    return output;
  }

  /// Weights and bias of a layer, with their bytes if there are any.
  template <typename Data>
  constexpr void add_weights(layer& l, const shape& weights, std::int32_t channels, const Data& data) {
    const auto count = static_cast<std::uint32_t>(weights.elements());
    l.inputs[1] = add_tensor(weights, {}, count);
    const std::uint32_t weights_at = position_;
    position_ += (count + 3) / 4 * 4;
    affine bias{};
    if constexpr (requires { data.weights; }) bias.scale = quantization_of(l.inputs[0]).scale * data.scales[0];
    l.inputs[2] = add_tensor({1, {channels}}, bias, 4 * static_cast<std::uint32_t>(channels));
    const std::uint32_t bias_at = position_;
    const std::uint32_t scales_at = bias_at + 4 * static_cast<std::uint32_t>(channels);
    position_ = scales_at + 4 * static_cast<std::uint32_t>(channels);
    if constexpr (requires { data.weights; }) {
      const auto given = static_cast<std::int32_t>(sizeof(data.weights));
      const auto given_channels = static_cast<std::int32_t>(sizeof(data.bias) / sizeof(data.bias[0]));
      if (given != weights.elements())
        note_mismatch({graph_.layer_count, given, weights.elements()});
      else if (given_channels != channels)
        note_mismatch({graph_.layer_count, given_channels, channels});
    } else {
      has_all_data_ = false;
    }
    if (graph_.tensors == nullptr) return;
    tensor& w = graph_.tensors[l.inputs[1]];
    w.data_at = weights_at;
    w.quant.channels = channels;
    w.quant.scales_at = scales_at;
    graph_.tensors[l.inputs[2]].data_at = bias_at;
    graph_.tensors[l.inputs[2]].type = element_type::int32;
    if constexpr (requires { data.weights; }) {
      if (mismatch_.layer >= 0) return;
      w.quant.scale = data.scales[0];
      for (std::uint32_t i = 0; i < count; ++i) bytes_[weights_at + i] = static_cast<char>(data.weights[i]);
      for (std::uint32_t c = 0; c < static_cast<std::uint32_t>(channels); ++c) {
        write(bias_at + 4 * c, static_cast<std::uint32_t>(data.bias[c]));
        write(scales_at + 4 * c, std::bit_cast<std::uint32_t>(data.scales[c]));
      }
    }
  }

 private:
  constexpr void note_mismatch(data_mismatch m) {
    if (mismatch_.layer < 0) mismatch_ = m;
  }

  constexpr std::int32_t add_tensor(const shape& s, affine q, std::uint32_t data_bytes) {
    const std::int32_t index = graph_.tensor_count++;
    // Layers look back at these while they are counted, too.
    extents_[static_cast<std::size_t>(index)] = s;
    quantization_[static_cast<std::size_t>(index)] = q;
    if (graph_.tensors != nullptr) {
      tensor& t = graph_.tensors[index];
      t.extents = s;
      t.quant = {q.scale, q.zero_point, 1, 0, 0};
      t.data_bytes = data_bytes;
      t.storage = index;
    }
    return index;
  }

  constexpr void write(std::uint32_t at, std::uint32_t value) {
    for (std::uint32_t i = 0; i < 4; ++i) bytes_[at + i] = static_cast<char>(value >> 8 * i & 0xff);
  }

  static constexpr std::size_t most_tensors = 1024;
  graph_builder graph_{};
  char* bytes_ = nullptr;
  std::uint32_t position_ = 0;
  std::array<shape, most_tensors> extents_{};
  std::array<affine, most_tensors> quantization_{};
  bool has_all_data_ = true;
  data_mismatch mismatch_{};
};

template <const auto& Data>
constexpr affine output_of_data() {
  if constexpr (requires { Data.output; })
    return Data.output;
  else
    return {};
}

constexpr window2d resolve_window(const window_options& o, const shape& from) {
  window2d w{
      {o.kernel.height, o.kernel.width}, {o.stride.height, o.stride.width}, {o.dilation.height, o.dilation.width}, {}};
  if (o.padding == padding::same) {
    const same_padding rows = pad_to_same(from.height(), o.kernel.height, o.stride.height, o.dilation.height);
    const same_padding columns = pad_to_same(from.width(), o.kernel.width, o.stride.width, o.dilation.width);
    w.padding = {rows.before, columns.before, rows.after, columns.after};
  }
  return w;
}

constexpr std::int32_t add_windowed_map(topology_builder& b, const window2d& w, const shape& from,
                                        std::int32_t channels, affine q) {
  return b.add_map(
      window_output(from.height(), w.padding.top, w.padding.bottom, w.kernel.height, w.stride.height,
                    w.dilation.height),
      window_output(from.width(), w.padding.left, w.padding.right, w.kernel.width, w.stride.width, w.dilation.width),
      channels, q);
}

constexpr layer layer_from(layer_kind kind, std::int32_t input, activation clamp = activation::none) {
  layer l{};
  l.kind = kind;
  l.inputs[0] = input;
  l.clamp = clamp;
  return l;
}

}  // namespace detail

// Each layer type has build(builder, input tensor) → output tensor.

/// The network's input: [1, Height, Width, Channels] of int8.
template <std::int32_t Height, std::int32_t Width, std::int32_t Channels, affine Quantization = affine{}>
struct input {
  static constexpr std::int32_t build(detail::topology_builder& b) {
    return b.add_map(Height, Width, Channels, Quantization);
  }
};

struct conv2d_options {
  std::int32_t filters = 1;
  window_options window{};
  activation clamp = activation::none;
};

/// CONV_2D.
template <conv2d_options Options, const auto& Data = without_data>
struct conv2d {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    const shape in = b.extents(from);
    layer l = detail::layer_from(layer_kind::conv2d, from, Options.clamp);
    l.window = detail::resolve_window(Options.window, in);
    b.add_weights(l, {4, {Options.filters, l.window.kernel.height, l.window.kernel.width, in.channels()}},
                  Options.filters, Data);
    return b.add_layer(l, detail::add_windowed_map(b, l.window, in, Options.filters, detail::output_of_data<Data>()));
  }
};

struct depthwise_conv2d_options {
  std::int32_t multiplier = 1;  // output channels for each input channel
  window_options window{};
  activation clamp = activation::none;
};

/// DEPTHWISE_CONV_2D.
template <depthwise_conv2d_options Options, const auto& Data = without_data>
struct depthwise_conv2d {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    const shape in = b.extents(from);
    const std::int32_t channels = in.channels() * Options.multiplier;
    layer l = detail::layer_from(layer_kind::depthwise_conv2d, from, Options.clamp);
    l.window = detail::resolve_window(Options.window, in);
    b.add_weights(l, {4, {1, l.window.kernel.height, l.window.kernel.width, channels}}, channels, Data);
    return b.add_layer(l, detail::add_windowed_map(b, l.window, in, channels, detail::output_of_data<Data>()));
  }
};

struct dense_options {
  std::int32_t units = 1;
  activation clamp = activation::none;
};

/// FULLY_CONNECTED over everything that comes in: [1, 1, 1, units].
template <dense_options Options, const auto& Data = without_data>
struct dense {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    layer l = detail::layer_from(layer_kind::fully_connected, from, Options.clamp);
    b.add_weights(l, {2, {Options.units, b.extents(from).elements()}}, Options.units, Data);
    return b.add_layer(l, b.add_map(1, 1, Options.units, detail::output_of_data<Data>()));
  }
};

namespace detail {
template <layer_kind Kind, window_options Options>
struct pool2d {
  static constexpr std::int32_t build(topology_builder& b, std::int32_t from) {
    const shape in = b.extents(from);
    layer l = layer_from(Kind, from);
    l.window = resolve_window(Options, in);
    return b.add_layer(l, add_windowed_map(b, l.window, in, in.channels(), b.quantization_of(from)));
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
    layer l = detail::layer_from(layer_kind::mean, from);
    l.axes = 1u << 1 | 1u << 2;
    return b.add_layer(l, b.add_map(1, 1, b.extents(from).channels(), b.quantization_of(from)));
  }
};

/// SOFTMAX over the channels.
struct softmax {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    const shape in = b.extents(from);
    return b.add_layer(detail::layer_from(layer_kind::softmax, from),
                       b.add_map(in.height(), in.width(), in.channels(), {1.0f / 256, -128}));
  }
};

/// LOGISTIC.
struct logistic {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    const shape in = b.extents(from);
    return b.add_layer(detail::layer_from(layer_kind::logistic, from),
                       b.add_map(in.height(), in.width(), in.channels(), {1.0f / 256, -128}));
  }
};

/// Layers one after another, as one layer.
template <typename... Layers>
struct chain {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    ((from = Layers::build(b, from)), ...);
    return from;
  }
};

namespace detail {
template <layer_kind Kind>
constexpr std::int32_t add_binary(topology_builder& b, std::int32_t x, std::int32_t y, affine q) {
  const shape s = b.extents(x);
  layer l = layer_from(Kind, x);
  l.inputs[1] = y;
  return b.add_layer(l, b.add_map(s.height(), s.width(), s.channels(), q));
}
}  // namespace detail

/// input + Layers(input), quantised as Output.
template <affine Output, typename... Layers>
struct residual_as {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    return detail::add_binary<layer_kind::add>(b, chain<Layers...>::build(b, from), from, Output);
  }
};
template <typename... Layers>
using residual = residual_as<affine{}, Layers...>;

/// input × Layers(input), the latter broadcast: a squeeze-and-excite block has a global_average_pool, layers
/// on one pixel and a logistic.
template <affine Output, typename... Layers>
struct scaled_as {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    return detail::add_binary<layer_kind::mul>(b, from, chain<Layers...>::build(b, from), Output);
  }
};
template <typename... Layers>
using scaled = scaled_as<affine{}, Layers...>;

/// CONCATENATION of the outputs of branches, each a layer or chain on the same input, along the channels.
template <typename... Branches>
struct concatenate {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    const std::array<std::int32_t, sizeof...(Branches)> parts{Branches::build(b, from)...};
    const shape first = b.extents(parts[0]);
    std::int32_t channels = 0;
    for (std::int32_t part : parts) channels += b.extents(part).channels();
    const std::int32_t output = b.add_map(first.height(), first.width(), channels, b.quantization_of(parts[0]));
    std::int32_t position = 0;
    for (std::int32_t part : parts) {
      layer l = detail::layer_from(layer_kind::place, part);
      l.begin[3] = position;
      position += b.extents(part).channels();
      b.add_layer(l, output);
    }
    return output;
  }
};

struct inverted_residual_options {
  std::int32_t filters = 1;
  std::int32_t expansion = 6;  // channels inside for each that comes in; 1: no expansion
  window_options window{};     // of the depthwise convolution
};

/// MobileNetV2's block: 1×1 expansion, depthwise, 1×1 projection; the input is added where shapes allow.
template <inverted_residual_options Options>
struct inverted_residual {
  static constexpr std::int32_t build(detail::topology_builder& b, std::int32_t from) {
    const shape in = b.extents(from);
    constexpr bool keeps_size = Options.window.stride.height == 1 && Options.window.stride.width == 1 &&
                                Options.window.padding == padding::same;
    std::int32_t inside = from;
    if constexpr (Options.expansion > 1)
      inside = add_pointwise(b, inside, in.channels() * Options.expansion, activation::relu6);
    inside = depthwise_conv2d<depthwise_conv2d_options{.window = Options.window, .clamp = activation::relu6}>::build(
        b, inside);
    const std::int32_t output = add_pointwise(b, inside, Options.filters, activation::none);
    if (!keeps_size || in.channels() != Options.filters) return output;
    return detail::add_binary<layer_kind::add>(b, output, from, {});
  }

 private:
  /// A 1×1 convolution whose width depends on what comes in.
  static constexpr std::int32_t add_pointwise(detail::topology_builder& b, std::int32_t from, std::int32_t filters,
                                              activation clamp) {
    const shape in = b.extents(from);
    layer l = detail::layer_from(layer_kind::conv2d, from, clamp);
    b.add_weights(l, {4, {filters, 1, 1, in.channels()}}, filters, without_data);
    return b.add_layer(l, b.add_map(in.height(), in.width(), filters));
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
    std::uint32_t bytes = 0;
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
    result.bytes = b.byte_count();
    result.has_weights = b.has_all_data();
    result.mismatch = b.mismatch();
    return result;
  }();
  static_assert(detail::data_fits<needed.mismatch.layer, needed.mismatch.given, needed.mismatch.needed>,
                "Inlay: a layer_data has other sizes than its layer needs");

  struct built {
    graph_storage<needed.counts> graph{};
    char bytes[needed.bytes > 0 ? needed.bytes : 1]{};
    error refused{};
  };
  static constexpr built contents = [] {
    built result{};
    graph_builder storage = result.graph.builder();
    detail::topology_builder b(storage, result.bytes);
    result.graph.inputs[0] = Input::build(b);
    result.graph.outputs[0] = chain<Layers...>::build(b, result.graph.inputs[0]);
    storage.layer_count = b.layers();
    result.refused = detail::check_graph(storage.view(), result.bytes, needed.has_weights);
    if (result.refused) {
      result.graph = detail::dummy_graph<needed.counts>();
      return result;
    }
    detail::normalize(storage);
    result.graph.layer_count = storage.layer_count;
    return result;
  }();
  static constexpr error_text refusal_text{contents.refused};
  // Its errors are the refusals.
  static_assert(sizeof(detail::refuse_layers<refusal_text, static_cast<bool>(contents.refused)>) > 0);

 public:
  static constexpr graph_view graph() { return contents.graph.view(); }
  static constexpr const char* bytes() { return contents.bytes; }
  static constexpr std::size_t byte_count = needed.bytes;
  static constexpr std::size_t part_count = 1;
  static constexpr detail::model_part<char> part(std::size_t) {
    return {0, static_cast<std::uint32_t>(byte_count), 0, contents.bytes};
  }
  /// False for a topology, which can be analysed but not run.
  static constexpr bool has_weights = needed.has_weights || contents.refused;
  static constexpr auto block_count = static_cast<std::int32_t>(sizeof...(Layers));
  /// Layers of the graph that the first so many of Layers become; see after_block.
  static constexpr std::int32_t layers_after(std::int32_t blocks) {
    std::int32_t count = 0;
    for (std::int32_t i = 0; i < graph().layer_count; ++i)
      if (graph().layers[i].operator_index < needed.block_ends[static_cast<std::size_t>(blocks)]) ++count;
    return count;
  }
};

}  // namespace inlay
