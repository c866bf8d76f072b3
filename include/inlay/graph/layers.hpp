// Inlay: the layers a graph is made of.
#pragma once

#include <inlay/graph/layer_kinds.hpp>
#include <inlay/graph/shape.hpp>

#include <array>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

/// The clamp that follows a layer's arithmetic.
enum class activation : std::uint8_t { none, relu, relu_n1_to_1, relu6 };

constexpr const char* name(activation clamp) {
  switch (clamp) {
    case activation::none: return "none";
    case activation::relu: return "relu";
    case activation::relu_n1_to_1: return "relu_n1_to_1";
    case activation::relu6: return "relu6";
  }
  return "";
}

/// One step of a network: what it computes, from which tensors. What does not belong to its kind is not set.
struct layer {
  layer_kind kind = layer_kind::reshape;
  activation clamp = activation::none;
  /// Tensors read: activations first, then weights and bias. −1 where there is none.
  std::array<std::int32_t, 3> inputs{-1, -1, -1};
  std::int32_t output = -1;
  window2d window{};

  /// By kind: `pad` elements before each axis; `slice` first element; `place` where the block starts;
  /// `transpose` the input axis that each output axis is.
  std::array<std::int32_t, max_rank> begin{};
  /// `slice`: distance between the elements taken along each axis, negative to go backwards.
  std::array<std::int32_t, max_rank> step{};

  std::uint32_t axes = 0;           // bit a set where axis a is reduced or gathered from
  std::int32_t fill = 0;            // pad: the stored value around the input
  std::int32_t origin = -1;         // fetch: which of the network's inputs
  float beta = 1;                   // softmax
  float slope = 0;                  // leaky_relu: of what is below zero
  bool align_corners = false;       // of resizes
  bool half_pixel_centers = false;  // of resizes

  std::int32_t operator_index = -1;  // index of the operator in the model, for reports and errors
};

}  // namespace inlay
