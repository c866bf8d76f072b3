// Inlay: the graph, a plain value that everything downstream reads.
#pragma once

#include <inlay/graph/layers.hpp>
#include <inlay/graph/quantization.hpp>
#include <inlay/graph/shape.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace inlay::inline INLAY_ABI {

/// Element types of tensors, numbered as in TensorFlow Lite's schema.
enum class element_type : std::uint8_t {
  float32 = 0,
  float16 = 1,
  int32 = 2,
  uint8 = 3,
  int64 = 4,
  string = 5,
  boolean = 6,
  int16 = 7,
  complex64 = 8,
  int8 = 9,
  float64 = 10,
  complex128 = 11,
  uint64 = 12,
  resource = 13,
  variant = 14,
  uint32 = 15,
  uint16 = 16,
  int4 = 17,
  bfloat16 = 18,
};

constexpr const char* name(element_type type) {
  constexpr const char* names[] = {"float32", "float16",   "int32",  "uint8",   "int64",      "string", "bool",
                                   "int16",   "complex64", "int8",   "float64", "complex128", "uint64", "resource",
                                   "variant", "uint32",    "uint16", "int4",    "bfloat16"};
  const auto index = static_cast<std::size_t>(type);
  return index < sizeof(names) / sizeof(names[0]) ? names[index] : "unknown";
}

namespace detail {

/// The C++ type of an element of a network's input or output.
template <element_type Type>
using element_of = std::conditional_t<
    Type == element_type::float32, float,
    std::conditional_t<Type == element_type::int32, std::int32_t,
                       std::conditional_t<Type == element_type::uint8, std::uint8_t,
                                          std::conditional_t<Type == element_type::boolean, bool, std::int8_t>>>>;

/// count × part / whole, rounded down, of which the product need not fit.
constexpr std::int64_t share_of(std::int64_t count, std::int64_t part, std::int64_t whole) {
  return count / whole * part + count % whole * part / whole;
}

}  // namespace detail

/// What a layer reads or makes: an activation or a constant.
struct tensor {
  shape extents{};
  /// The type that the model declares. In memory every activation is one byte an element: a float32
  /// output is the int8 map it would be computed from.
  element_type type = element_type::int8;
  quantization quant{};
  /// Constants: where the values stand in the model's bytes. data_bytes is 0 for activations.
  std::uint32_t data_at = 0;
  std::uint32_t data_bytes = 0;
  /// Values that a `load` puts into the arena: data_at is where they stand in the model's bytes, data_bytes is 0, and
  /// first_channel of the bytes of their storage stand before them.
  bool is_loaded = false;
  /// The tensor whose memory this one is: itself, the input of the reshape that made it, or the concatenation
  /// that it is a part of, beginning with this channel of it.
  std::int32_t storage = -1;
  std::int32_t first_channel = 0;
  /// How often layers read it, plus one if it is an output of the network.
  std::int32_t readers = 0;

  constexpr bool is_constant() const { return data_bytes != 0; }
};

/// Read-only graph: layers in the order they run; inputs and outputs are indices of tensors. Points into
/// storage owned elsewhere (graph_storage, or a host program's vectors).
struct graph_view {
  const tensor* tensors = nullptr;
  const layer* layers = nullptr;
  const std::int32_t* inputs = nullptr;
  const std::int32_t* outputs = nullptr;
  std::int32_t tensor_count = 0;
  std::int32_t layer_count = 0;
  std::int32_t input_count = 0;
  std::int32_t output_count = 0;

  constexpr const tensor& input_of(const layer& l, int position = 0) const {
    return tensors[l.inputs[static_cast<std::size_t>(position)]];
  }
  constexpr const tensor& output_of(const layer& l) const { return tensors[l.output]; }
  constexpr bool has_input(const layer& l, int position) const {
    return l.inputs[static_cast<std::size_t>(position)] >= 0;
  }
  /// Position of a tensor among the network's inputs, −1 if it is none.
  constexpr std::int32_t input_position(std::int32_t index) const {
    for (std::int32_t i = 0; i < input_count; ++i)
      if (inputs[i] == index) return i;
    return -1;
  }
  constexpr bool is_output(std::int32_t index) const {
    for (std::int32_t i = 0; i < output_count; ++i)
      if (outputs[i] == index) return true;
    return false;
  }
};

namespace detail {

/// Calls f(layer index, operand's position) for each constant that a kernel of a graph reads as it runs.
template <typename Function>
constexpr void for_each_constant_read(graph_view g, Function f) {
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    for (int position = 0; position < operands_read(g.layers[i].kind); ++position)
      if (g.has_input(g.layers[i], position) && g.input_of(g.layers[i], position).is_constant()) f(i, position);
}

}  // namespace detail

/// How much storage a graph needs; layers is an upper bound.
struct graph_counts {
  std::int32_t tensors = 0;
  std::int32_t layers = 0;
  std::int32_t inputs = 0;
  std::int32_t outputs = 0;
};

/// A graph under construction, over storage of the sizes that graph_counts gives.
struct graph_builder {
  tensor* tensors = nullptr;
  layer* layers = nullptr;
  std::int32_t* inputs = nullptr;
  std::int32_t* outputs = nullptr;
  std::int32_t tensor_count = 0;
  std::int32_t layer_count = 0;
  std::int32_t input_count = 0;
  std::int32_t output_count = 0;

  constexpr void append(const layer& l) { layers[layer_count++] = l; }
  constexpr graph_view view() const {
    return {tensors, layers, inputs, outputs, tensor_count, layer_count, input_count, output_count};
  }
};

/// A graph that owns its parts, of sizes known at compile time.
template <graph_counts Counts>
struct graph_storage {
  // An array cannot be empty; the counts below say what is used.
  static constexpr std::size_t at_least_one(std::int32_t count) {
    return static_cast<std::size_t>(count > 0 ? count : 1);
  }
  tensor tensors[at_least_one(Counts.tensors)]{};
  layer layers[at_least_one(Counts.layers)]{};
  std::int32_t inputs[at_least_one(Counts.inputs)]{};
  std::int32_t outputs[at_least_one(Counts.outputs)]{};
  std::int32_t layer_count = 0;

  constexpr graph_builder builder() {
    return {tensors, layers, inputs, outputs, Counts.tensors, 0, Counts.inputs, Counts.outputs};
  }
  constexpr graph_view view() const {
    return {tensors, layers, inputs, outputs, Counts.tensors, layer_count, Counts.inputs, Counts.outputs};
  }
};

/// Multiply-accumulates of one layer. Padding counts as if it were multiplied, as in published figures.
constexpr std::int64_t layer_macs(graph_view g, const layer& l) {
  if (!detail::has_weights(l.kind)) return 0;
  const shape& weights = g.input_of(l, 1).extents;
  if (detail::describe(l.kind).geometry == detail::layer_geometry::transposed)
    return std::int64_t{weights.elements() / weights.channels()} * g.input_of(l).extents.elements();
  const std::int32_t outputs = l.kind == layer_kind::depthwise_conv2d ? weights.channels() : weights[0];
  return std::int64_t{weights.elements() / outputs} * g.output_of(l).extents.elements();
}

/// Multiply-accumulates of a network, each counted once.
constexpr std::int64_t total_macs(graph_view g) {
  std::int64_t sum = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i) sum += layer_macs(g, g.layers[i]);
  return sum;
}

/// Weights and biases: elements of the constants that conv2d, depthwise_conv2d and fully_connected read.
constexpr std::int64_t total_parameters(graph_view g) {
  std::int64_t sum = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    const layer& l = g.layers[i];
    if (!detail::has_weights(l.kind)) continue;
    for (int position = 1; position < 3; ++position)
      if (g.has_input(l, position)) sum += g.input_of(l, position).extents.elements();
  }
  return sum;
}

}  // namespace inlay
