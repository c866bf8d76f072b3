// Inlay: topologies as values: blocks become a graph, in a compiler and in a program.
//
//   constexpr topology_block blocks[] = {{.kind = block_kind::conv2d, .filters = 16, .window = {.kernel = 3}}, …};
//
// sequential makes its graph of layer types with the functions here; hosted/topology.hpp makes one of blocks that
// nobody has compiled.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/graph/normalize.hpp>
#include <inlay/model/error.hpp>
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
  friend constexpr bool operator==(const size2d&, const size2d&) = default;
};

/// What stands around a map: nothing, or zero points so that output = input / stride, rounded up.
enum class padding : std::uint8_t { same, valid };

/// The window of a convolution or pool.
struct window_options {
  size2d kernel = 1;
  size2d stride = 1;
  size2d dilation = 1;
  inlay::padding padding = inlay::padding::same;
  friend constexpr bool operator==(const window_options&, const window_options&) = default;
};

/// One scale and zero point.
struct affine {
  float scale = 1;
  std::int32_t zero_point = 0;
};

/// A convolution: how many channels it makes, by which windows, and what its output is clamped to.
struct conv2d_options {
  std::int32_t filters = 1;
  window_options window{};
  activation clamp = activation::none;
};

/// A convolution of each channel by itself.
struct depthwise_conv2d_options {
  std::int32_t multiplier = 1;  // output channels for each input channel
  window_options window{};
  activation clamp = activation::none;
};

/// A fully connected layer.
struct dense_options {
  std::int32_t units = 1;
  activation clamp = activation::none;
};

/// MobileNetV2's block.
struct inverted_residual_options {
  std::int32_t filters = 1;
  std::int32_t expansion = 6;  // channels inside for each that comes in; 1: no expansion
  window_options window{};     // of the depthwise convolution
};

/// The layer types of sequential that a block can be.
enum class block_kind : std::uint8_t {
  conv2d,
  depthwise_conv2d,
  dense,
  average_pool2d,
  max_pool2d,
  global_average_pool,
  softmax,
  logistic,
  inverted_residual,
  chain,
  residual,
  scaled,
  concatenate,
};

constexpr const char* name(block_kind kind) {
  constexpr const char* names[] = {
      "conv2d",   "depthwise_conv2d",  "dense", "average_pool2d", "max_pool2d", "global_average_pool", "softmax",
      "logistic", "inverted_residual", "chain", "residual",       "scaled",     "concatenate"};
  return names[static_cast<std::size_t>(kind)];
}

/// One layer type of a topology as a value; each kind reads what its layer type has.
struct topology_block {
  block_kind kind = block_kind::conv2d;
  std::int32_t filters = 1;     // of conv2d and inverted_residual; the units of dense
  std::int32_t multiplier = 1;  // of depthwise_conv2d
  std::int32_t expansion = 6;   // of inverted_residual
  window_options window{};
  activation clamp = activation::none;
  /// Of chain, residual, scaled and concatenate: so many of the blocks that follow are inside of it.
  std::int32_t inside = 0;
  friend constexpr bool operator==(const topology_block&, const topology_block&) = default;
};

namespace detail {

/// A layer whose data has another number of weights or channels than it needs; layer −1 for none.
struct data_mismatch {
  std::int32_t layer = -1;
  std::int32_t given = 0;
  std::int32_t needed = 0;
};

/// The weights that a layer is given, whatever type has them; none for a topology.
struct data_view {
  const std::int8_t* weights = nullptr;
  const std::int32_t* bias = nullptr;
  const float* scales = nullptr;
  std::int32_t weight_count = 0;
  std::int32_t channels = 0;
  affine output{};
};

/// Kernels, strides and dilations are at most this, as rows are: products of two fit 32 bits.
inline constexpr std::int32_t most_window = most_rows;

/// Builds a graph tensor by tensor. Without storage it only counts. What cannot be is refused; the graph is of no use
/// then, but what follows can be added.
class topology_builder {
 public:
  constexpr topology_builder() = default;
  /// Weights have the first bytes, as many as one that counts says; what is known of them before a run has those
  /// behind.
  constexpr topology_builder(graph_builder storage, char* bytes, std::uint32_t weight_bytes)
      : graph_(storage), bytes_(bytes), facts_at_(weight_bytes) {
    graph_.tensor_count = 0;
  }

  constexpr std::int32_t tensors() const { return graph_.tensor_count; }
  constexpr std::int32_t layers() const { return graph_.layer_count; }
  constexpr std::int32_t weight_tensors() const { return weight_tensors_; }
  constexpr std::uint32_t weight_bytes() const { return weights_end_; }
  /// Of weights, biases and scales, for a builder that counts.
  constexpr std::uint32_t byte_count() const { return weights_end_ + facts_at_; }
  constexpr bool has_all_data() const { return has_all_data_; }
  constexpr data_mismatch mismatch() const { return mismatch_; }
  /// The first thing that cannot be.
  constexpr const error& refused() const { return refused_; }
  constexpr const shape& extents(std::int32_t tensor) const { return extents_[static_cast<std::size_t>(tensor)]; }
  constexpr affine quantization_of(std::int32_t tensor) const {
    return quantization_[static_cast<std::size_t>(tensor)];
  }

  constexpr void refuse(error e) {
    e.operator_index = graph_.layer_count;
    if (!refused_) refused_ = e;
  }
  /// Refuses what does not meet a rule; whether it does.
  constexpr bool demand(bool met, const char* rule) {
    if (!met) refuse({.reason = refusal::option, .rule = rule});
    return met;
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
  constexpr void add_weights(layer& l, const shape& weights, std::int32_t channels, const data_view& data = {}) {
    l.inputs[1] = add_tensor(weights, {}, 1);
    const std::int32_t elements = extents(l.inputs[1]).elements();
    const auto count = static_cast<std::uint32_t>(elements);
    const std::uint32_t weights_at = take_bytes(weights_end_, (count + 3) / 4 * 4);
    ++weight_tensors_;
    const bool has_data = data.weights != nullptr;
    affine bias{};
    if (has_data) bias.scale = quantization_of(l.inputs[0]).scale * data.scales[0];
    l.inputs[2] = add_tensor({1, {channels}}, bias, 4);
    const std::uint32_t fact_bytes = 4 * static_cast<std::uint32_t>(extents(l.inputs[2]).elements());
    const std::uint32_t bias_at = take_bytes(facts_at_, fact_bytes), scales_at = take_bytes(facts_at_, fact_bytes);
    if (!has_data)
      has_all_data_ = false;
    else if (data.weight_count != elements)
      note_mismatch({graph_.layer_count, data.weight_count, elements});
    else if (data.channels != channels)
      note_mismatch({graph_.layer_count, data.channels, channels});
    if (graph_.tensors == nullptr) return;
    tensor& w = graph_.tensors[l.inputs[1]];
    w.data_at = weights_at;
    w.quant.channels = channels;
    w.quant.scales_at = scales_at;
    graph_.tensors[l.inputs[2]].data_at = bias_at;
    graph_.tensors[l.inputs[2]].type = element_type::int32;
    if (!has_data || mismatch_.layer >= 0) return;
    w.quant.scale = data.scales[0];
    for (std::uint32_t i = 0; i < count; ++i) bytes_[weights_at + i] = static_cast<char>(data.weights[i]);
    for (std::uint32_t c = 0; c < static_cast<std::uint32_t>(channels); ++c) {
      write(bias_at + 4 * c, static_cast<std::uint32_t>(data.bias[c]));
      write(scales_at + 4 * c, std::bit_cast<std::uint32_t>(data.scales[c]));
    }
  }

 private:
  constexpr void note_mismatch(data_mismatch m) {
    if (mismatch_.layer < 0) mismatch_ = m;
  }

  /// A tensor; `element_bytes` is 0 for an activation. One that cannot be is refused and counts as a pixel.
  constexpr std::int32_t add_tensor(shape s, affine q, std::uint32_t element_bytes) {
    if (graph_.tensor_count == most_tensors) {
      refuse({.reason = refusal::too_many});
      return most_tensors - 1;
    }
    const std::int32_t index = graph_.tensor_count++;
    if (const error e = check_extents(s, index)) {
      refuse(e);
      for (int axis = 0; axis < s.rank; ++axis) s[axis] = 1;
    }
    // Layers look back at these while they are counted, too.
    extents_[static_cast<std::size_t>(index)] = s;
    quantization_[static_cast<std::size_t>(index)] = q;
    if (graph_.tensors != nullptr) {
      tensor& t = graph_.tensors[index];
      t.extents = s;
      t.quant = {q.scale, q.zero_point, 1, 0, 0};
      t.data_bytes = element_bytes * static_cast<std::uint32_t>(s.elements());
      t.storage = index;
    }
    return index;
  }

  /// Where so many bytes begin. All together fit 31 bits.
  constexpr std::uint32_t take_bytes(std::uint32_t& end, std::uint32_t bytes) {
    const std::uint32_t at = end;
    if (bytes > (1u << 30) - at)
      refuse({.reason = refusal::too_large});
    else
      end += bytes;
    return at;
  }

  constexpr void write(std::uint32_t at, std::uint32_t value) {
    for (std::uint32_t i = 0; i < 4; ++i) bytes_[at + i] = static_cast<char>(value >> 8 * i & 0xff);
  }

  static constexpr std::int32_t most_tensors = 1024;
  graph_builder graph_{};
  char* bytes_ = nullptr;
  std::uint32_t weights_end_ = 4;  // kernels read by words, up to three bytes before
  std::uint32_t facts_at_ = 0;
  std::int32_t weight_tensors_ = 0;
  std::array<shape, static_cast<std::size_t>(most_tensors)> extents_{};
  std::array<affine, static_cast<std::size_t>(most_tensors)> quantization_{};
  bool has_all_data_ = true;
  data_mismatch mismatch_{};
  error refused_{};
};

// ---- layers ----------------------------------------------------------------------------------------------
// Each adds a layer type to a builder and returns the tensor that it makes.

/// A window over a map; one pixel where it is refused.
constexpr window2d resolve_window(topology_builder& b, const window_options& o, const shape& from) {
  const auto is_possible = [](const size2d& s) {
    return s.height >= 1 && s.width >= 1 && s.height <= most_window && s.width <= most_window;
  };
  if (!b.demand(is_possible(o.kernel) && is_possible(o.stride) && is_possible(o.dilation),
                "kernel, stride and dilation of a window are 1 to 32767"))
    return {};
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

/// So many times the channels of a map; as many as it has where that is refused.
constexpr std::int32_t multiply_channels(topology_builder& b, const shape& in, std::int32_t by) {
  return b.demand(by >= 1 && by <= most_elements / in.channels(),
                  "there is at least one channel for each that comes in")
             ? in.channels() * by
             : in.channels();
}

constexpr std::int32_t add_conv2d(topology_builder& b, std::int32_t from, const conv2d_options& o,
                                  const data_view& data = {}) {
  const shape in = b.extents(from);
  layer l = layer_from(layer_kind::conv2d, from, o.clamp);
  l.window = resolve_window(b, o.window, in);
  b.add_weights(l, {4, {o.filters, l.window.kernel.height, l.window.kernel.width, in.channels()}}, o.filters, data);
  return b.add_layer(l, add_windowed_map(b, l.window, in, o.filters, data.output));
}

constexpr std::int32_t add_depthwise_conv2d(topology_builder& b, std::int32_t from, const depthwise_conv2d_options& o,
                                            const data_view& data = {}) {
  const shape in = b.extents(from);
  const std::int32_t channels = multiply_channels(b, in, o.multiplier);
  layer l = layer_from(layer_kind::depthwise_conv2d, from, o.clamp);
  l.window = resolve_window(b, o.window, in);
  b.add_weights(l, {4, {1, l.window.kernel.height, l.window.kernel.width, channels}}, channels, data);
  return b.add_layer(l, add_windowed_map(b, l.window, in, channels, data.output));
}

constexpr std::int32_t add_dense(topology_builder& b, std::int32_t from, const dense_options& o,
                                 const data_view& data = {}) {
  layer l = layer_from(layer_kind::fully_connected, from, o.clamp);
  b.add_weights(l, {2, {o.units, b.extents(from).elements()}}, o.units, data);
  return b.add_layer(l, b.add_map(1, 1, o.units, data.output));
}

constexpr std::int32_t add_pool2d(topology_builder& b, std::int32_t from, layer_kind kind, const window_options& o) {
  const shape in = b.extents(from);
  layer l = layer_from(kind, from);
  l.window = resolve_window(b, o, in);
  return b.add_layer(l, add_windowed_map(b, l.window, in, in.channels(), b.quantization_of(from)));
}

constexpr std::int32_t add_global_average_pool(topology_builder& b, std::int32_t from) {
  layer l = layer_from(layer_kind::mean, from);
  l.axes = 1u << 1 | 1u << 2;
  return b.add_layer(l, b.add_map(1, 1, b.extents(from).channels(), b.quantization_of(from)));
}

/// SOFTMAX or LOGISTIC, whose outputs' scale the reference demands.
constexpr std::int32_t add_probabilities(topology_builder& b, std::int32_t from, layer_kind kind) {
  const shape in = b.extents(from);
  return b.add_layer(layer_from(kind, from), b.add_map(in.height(), in.width(), in.channels(), {1.0f / 256, -128}));
}

constexpr std::int32_t add_binary(topology_builder& b, layer_kind kind, std::int32_t x, std::int32_t y, affine q) {
  const shape s = b.extents(x);
  layer l = layer_from(kind, x);
  l.inputs[1] = y;
  return b.add_layer(l, b.add_map(s.height(), s.width(), s.channels(), q));
}

constexpr std::int32_t add_inverted_residual(topology_builder& b, std::int32_t from,
                                             const inverted_residual_options& o) {
  const shape in = b.extents(from);
  const size2d stride = o.window.stride;
  const bool keeps_size = stride == size2d(1) && o.window.padding == padding::same;
  std::int32_t inside = from;
  if (const std::int32_t expanded = multiply_channels(b, in, o.expansion); o.expansion > 1)
    inside = add_conv2d(b, inside, {.filters = expanded, .clamp = activation::relu6});
  inside = add_depthwise_conv2d(b, inside, {.window = o.window, .clamp = activation::relu6});
  const std::int32_t output = add_conv2d(b, inside, {.filters = o.filters});
  if (!keeps_size || in.channels() != o.filters) return output;
  return add_binary(b, layer_kind::add, output, from, {});
}

/// CONCATENATION of `count` maps along the channels: a layer for each puts it where it belongs.
constexpr std::int32_t add_concatenation(topology_builder& b, const std::int32_t* parts, std::int32_t count) {
  const shape first = b.extents(parts[0]);
  std::int32_t channels = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    const shape& part = b.extents(parts[i]);
    b.demand(part.height() == first.height() && part.width() == first.width(),
             "what is concatenated along the channels has one height and one width");
    if (b.demand(part.channels() <= most_elements - channels, "there are too many channels"))
      channels += part.channels();
  }
  const std::int32_t output = b.add_map(first.height(), first.width(), channels, b.quantization_of(parts[0]));
  std::int32_t position = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    layer l = layer_from(layer_kind::place, parts[i]);
    l.begin[3] = position;
    position += b.extents(parts[i]).channels();
    b.add_layer(l, output);
  }
  return output;
}

// ---- blocks ----------------------------------------------------------------------------------------------

constexpr std::int32_t add_blocks(topology_builder& b, const topology_block* blocks, std::int32_t count,
                                  std::int32_t from);

/// Branches on one map, one behind the other.
constexpr std::int32_t add_branches(topology_builder& b, const topology_block* blocks, std::int32_t count,
                                    std::int32_t from) {
  constexpr std::int32_t most_branches = 32;
  std::int32_t parts[most_branches]{}, branches = 0;
  for (std::int32_t i = 0; i < count; i += 1 + blocks[i].inside) {
    if (!b.demand(branches < most_branches, "concatenate has at most 32 branches")) return from;
    const std::int32_t rest = count - i;
    parts[branches++] = add_blocks(b, blocks + i, blocks[i].inside < rest ? 1 + blocks[i].inside : rest, from);
    if (b.refused()) return from;
  }
  return b.demand(branches > 0, "concatenate has at least one branch") ? add_concatenation(b, parts, branches) : from;
}

/// A block, behind which those inside of it stand.
constexpr std::int32_t add_block(topology_builder& b, const topology_block& block, std::int32_t from) {
  const topology_block* const inside = &block + 1;
  switch (block.kind) {
    case block_kind::conv2d: return add_conv2d(b, from, {block.filters, block.window, block.clamp});
    case block_kind::depthwise_conv2d:
      return add_depthwise_conv2d(b, from, {block.multiplier, block.window, block.clamp});
    case block_kind::dense: return add_dense(b, from, {block.filters, block.clamp});
    case block_kind::average_pool2d: return add_pool2d(b, from, layer_kind::average_pool2d, block.window);
    case block_kind::max_pool2d: return add_pool2d(b, from, layer_kind::max_pool2d, block.window);
    case block_kind::global_average_pool: return add_global_average_pool(b, from);
    case block_kind::softmax: return add_probabilities(b, from, layer_kind::softmax);
    case block_kind::logistic: return add_probabilities(b, from, layer_kind::logistic);
    case block_kind::inverted_residual:
      return add_inverted_residual(b, from, {block.filters, block.expansion, block.window});
    case block_kind::chain: return add_blocks(b, inside, block.inside, from);
    case block_kind::residual:
      return add_binary(b, layer_kind::add, add_blocks(b, inside, block.inside, from), from, {});
    case block_kind::scaled: return add_binary(b, layer_kind::mul, from, add_blocks(b, inside, block.inside, from), {});
    case block_kind::concatenate: return add_branches(b, inside, block.inside, from);
  }
  return from;
}

constexpr bool holds_blocks(block_kind kind) { return kind >= block_kind::chain; }

/// Blocks one after another. Ends with the first that is refused.
constexpr std::int32_t add_blocks(topology_builder& b, const topology_block* blocks, std::int32_t count,
                                  std::int32_t from) {
  for (std::int32_t i = 0; i < count && !b.refused(); i += 1 + blocks[i].inside) {
    const std::int32_t most = holds_blocks(blocks[i].kind) ? count - i - 1 : 0;
    if (!b.demand(blocks[i].inside >= 0 && blocks[i].inside <= most, "a block has no more inside than follows it"))
      break;
    from = add_block(b, blocks[i], from);
  }
  return from;
}

/// The last thing to be done to a graph of blocks: looks at all of it, and makes its normal form. The graph is of no
/// use if it is refused.
constexpr error finish_topology(const topology_builder& b, graph_builder& graph, const char* bytes) {
  graph.layer_count = b.layers();
  error refused = b.refused();
  if (!refused) refused = check_graph(graph.view(), bytes, b.has_all_data());
  if (!refused) normalize(graph);
  return refused;
}

/// Layers of a graph that its first `operators` layers, as they were built, became.
constexpr std::int32_t layers_of_first(graph_view g, std::int32_t operators) {
  std::int32_t count = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    if (g.layers[i].operator_index < operators) ++count;
  return count;
}

}  // namespace detail

}  // namespace inlay
