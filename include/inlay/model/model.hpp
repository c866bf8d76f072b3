// Inlay: what a type must have to be a model, and what else it may have.
#pragma once

#include <inlay/graph/graph.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// Bytes of a model that are an array of their own in a program: so many from position `at` on.
template <typename Byte>
struct model_part {
  std::uint32_t at = 0, bytes = 0;
  std::uint32_t array = 0;  // parts with equal bytes share one
  const Byte* data = nullptr;
};

/// The compiler reads a model's bytes(), in which the graph has its positions. What a program has of them in flash are
/// the parts that kernels read: all of bytes() where that is the only one.
template <typename Type>
concept model_like = requires {
  { Type::graph() } -> std::same_as<graph_view>;
  Type::bytes();
  { Type::byte_count } -> std::convertible_to<std::size_t>;
  { Type::part_count } -> std::convertible_to<std::size_t>;
  Type::part(std::size_t{});
  { Type::has_weights } -> std::convertible_to<bool>;
};

/// Stands in for the graph of what cannot be used, so that its refusal is the only message.
template <graph_counts Counts>
constexpr graph_storage<Counts> dummy_graph() {
  graph_storage<Counts> graph{};
  for (std::int32_t i = 0; i < Counts.tensors; ++i) {
    graph.tensors[i].storage = i;
    graph.tensors[i].quant = {1.0f, 0, 1, 0};
    graph.tensors[i].extents = {1, {1}};
  }
  const std::int32_t last = Counts.tensors - 1;
  graph.layers[0].kind = layer_kind::relu;
  graph.layers[0].inputs[0] = 0;
  graph.layers[0].output = last;
  graph.layer_count = 1;
  for (std::int32_t i = 0; i < Counts.outputs; ++i) graph.outputs[i] = last;
  return graph;
}

/// Stands in for what is no model.
struct no_model {
 private:
  static constexpr auto storage = dummy_graph<graph_counts{2, 1, 1, 1}>();

 public:
  static constexpr graph_view graph() { return storage.view(); }
  static constexpr const char* bytes() { return nullptr; }
  static constexpr std::size_t byte_count = 0;
  static constexpr std::size_t part_count = 1;
  static constexpr model_part<char> part(std::size_t) { return {}; }
  static constexpr bool has_weights = true;
};

/// The part of a model that a constant at this position is in; parts stand in order.
template <typename Model>
constexpr auto part_with(std::uint32_t at) {
  std::size_t first = 0;
  for (std::size_t end = Model::part_count; end - first > 1;) {
    const std::size_t middle = first + (end - first) / 2;
    (Model::part(middle).at <= at ? first : end) = middle;
  }
  return Model::part(first);
}

/// Where the constant at this position is in a program.
template <typename Model>
constexpr auto constant_at(std::uint32_t at) {
  const auto part = part_with<Model>(at);
  return part.data + (at - part.at);
}

/// A text in a model's bytes.
struct text_place {
  std::uint32_t at = 0;
  std::uint32_t length = 0;
};

/// A copy of such a text as characters with a zero behind them. In flash only where it is used.
template <typename Model, std::uint32_t At, std::uint32_t Length>
inline constexpr auto name_characters = [] {
  std::array<char, Length + 1> text{};
  for (std::uint32_t i = 0; i < Length; ++i) text[i] = static_cast<char>(Model::bytes()[At + i]);
  return text;
}();

/// The name of a network's input or output, empty where the model has none.
template <typename Model, bool IsOutput, std::size_t Item>
constexpr std::string_view io_name() {
  if constexpr (requires { typename Model::source_model; }) {
    return io_name<typename Model::source_model, IsOutput, Item>();
  } else if constexpr (requires { Model::input_name(Item); }) {
    constexpr text_place place = IsOutput ? Model::output_name(Item) : Model::input_name(Item);
    return {name_characters<Model, place.at, place.length>.data(), place.length};
  } else {
    return "";
  }
}

}  // namespace detail

/// A model that network can run: tflite, sequential with weights, sourced, and what derives from one of them.
template <typename Type>
concept runnable_model = detail::model_like<Type> && Type::has_weights;

}  // namespace inlay
