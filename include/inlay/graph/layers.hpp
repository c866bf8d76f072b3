// Inlay: the layers a graph is made of.
#pragma once

#include <inlay/graph/shape.hpp>

#include <array>
#include <cstdint>

namespace inlay {

/// What a layer computes. Every layer has one output; operators with several inputs or outputs of the
/// same kind (CONCATENATION, SPLIT) become several `place` or `slice` layers.
enum class layer_kind : std::uint8_t {
  conv2d,            // input, weights [out, kh, kw, in / groups], bias
  depthwise_conv2d,  // input, weights [1, kh, kw, in × multiplier], bias
  fully_connected,   // input, weights [out, in], bias
  add,               // two inputs, broadcast
  sub,               // two inputs, broadcast
  mul,               // two inputs, broadcast
  average_pool2d,    //
  max_pool2d,        //
  mean,              // over the axes of the mask
  softmax,           // over the innermost axis
  logistic,          //
  tanh,              //
  relu,              // also with its upper bounds, see activation
  requantize,        // one quantisation to another; int8 and uint8
  quantize,          // float input of the network to int8
  dequantize,        // int8 to a float output of the network; never computed, the output view does it
  reshape,           // same bytes, other extents; never computed
  pad,               // with the zero point or a given value
  slice,             // every step-th element from begin
  place,             // the input becomes a block of the output: one part of a CONCATENATION
  transpose,         //
  resize_nearest,    //
  fetch,             // the caller's pixels, asked for row by row; no inputs, see sourced
};

/// The clamp that follows a layer's arithmetic.
enum class activation : std::uint8_t { none, relu, relu_n1_to_1, relu6 };

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
  /// `slice`: elements taken along each axis of the input.
  std::array<std::int32_t, max_rank> extent{};

  std::uint32_t axes = 0;           // mean: bit a set where axis a is reduced
  std::int32_t fill = 0;            // pad: the stored value around the input
  std::int32_t origin = -1;         // fetch: which of the network's inputs
  float beta = 1;                   // softmax
  bool align_corners = false;       // resize_nearest
  bool half_pixel_centers = false;  // resize_nearest

  std::int32_t source = -1;  // index of the operator in the model, for reports and errors
};

constexpr const char* name(layer_kind kind) {
  switch (kind) {
    case layer_kind::conv2d: return "conv2d";
    case layer_kind::depthwise_conv2d: return "depthwise_conv2d";
    case layer_kind::fully_connected: return "fully_connected";
    case layer_kind::add: return "add";
    case layer_kind::sub: return "sub";
    case layer_kind::mul: return "mul";
    case layer_kind::average_pool2d: return "average_pool2d";
    case layer_kind::max_pool2d: return "max_pool2d";
    case layer_kind::mean: return "mean";
    case layer_kind::softmax: return "softmax";
    case layer_kind::logistic: return "logistic";
    case layer_kind::tanh: return "tanh";
    case layer_kind::relu: return "relu";
    case layer_kind::requantize: return "requantize";
    case layer_kind::quantize: return "quantize";
    case layer_kind::dequantize: return "dequantize";
    case layer_kind::reshape: return "reshape";
    case layer_kind::pad: return "pad";
    case layer_kind::slice: return "slice";
    case layer_kind::place: return "place";
    case layer_kind::transpose: return "transpose";
    case layer_kind::resize_nearest: return "resize_nearest";
    case layer_kind::fetch: return "fetch";
  }
  return "";
}

/// Output element i depends on element i of each full-size input and on nothing else of it.
constexpr bool is_elementwise(layer_kind kind) {
  switch (kind) {
    case layer_kind::add:
    case layer_kind::sub:
    case layer_kind::mul:
    case layer_kind::logistic:
    case layer_kind::tanh:
    case layer_kind::relu:
    case layer_kind::requantize: return true;
    default: return false;
  }
}

/// The layer's kernel can make any rows and columns of its output; others make all of it at once.
constexpr bool makes_regions(layer_kind kind) {
  switch (kind) {
    case layer_kind::fully_connected:
    case layer_kind::mean:
    case layer_kind::pad:
    case layer_kind::slice:
    case layer_kind::transpose: return false;
    default: return true;
  }
}

/// The layer has weights, as its second input, and may have a bias.
constexpr bool has_weights(layer_kind kind) {
  return kind == layer_kind::conv2d || kind == layer_kind::depthwise_conv2d || kind == layer_kind::fully_connected;
}

/// The layer slides a window over its first input.
constexpr bool has_window(layer_kind kind) {
  switch (kind) {
    case layer_kind::conv2d:
    case layer_kind::depthwise_conv2d:
    case layer_kind::average_pool2d:
    case layer_kind::max_pool2d: return true;
    default: return false;
  }
}

}  // namespace inlay
