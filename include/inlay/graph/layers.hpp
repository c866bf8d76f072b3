// Inlay: the layers a graph is made of.
#pragma once

#include <inlay/graph/shape.hpp>

#include <array>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

/// What a layer computes. Every layer has one output; operators with several inputs or outputs of the
/// same kind (CONCATENATION, SPLIT) become several `place` or `slice` layers.
enum class layer_kind : std::uint8_t {
  conv2d,              // input, weights [out, kh, kw, in / groups], bias
  depthwise_conv2d,    // input, weights [1, kh, kw, in × multiplier], bias
  fully_connected,     // input, weights [out, in], bias
  transpose_conv2d,    // input, weights [out, kh, kw, in], bias; the window slides over the output
  add,                 // two inputs, broadcast
  sub,                 // two inputs, broadcast
  mul,                 // two inputs, broadcast
  maximum,             // two inputs, broadcast
  minimum,             // two inputs, broadcast
  squared_difference,  // two inputs, broadcast
  prelu,               // input and slopes, broadcast
  average_pool2d,      //
  max_pool2d,          //
  mean,                // over the axes of the mask
  sum,                 // over the axes of the mask
  reduce_max,          // over the axes of the mask
  arg_max,             // over the axis of the mask, as int32: four bytes, low byte first
  arg_min,             // likewise
  softmax,             // over the innermost axis
  logistic,            //
  tanh,                //
  relu,                // also with its upper bounds, see activation
  leaky_relu,          //
  hard_swish,          //
  abs,                 //
  requantize,          // one quantisation to another; int8 and uint8
  quantize,            // float input of the network to int8
  dequantize,          // int8 to a float output of the network; never computed, the output view does it
  reshape,             // same bytes, other extents; computed only where the arena must own a copy
  pad,                 // with the zero point or a given value
  slice,               // every step-th element from begin
  place,               // the input becomes a block of the output: one part of a CONCATENATION
  transpose,           //
  gather,              // the elements along the axis of the mask that a list of indices names
  depth_to_space,      // channels of a pixel become a block of pixels
  space_to_depth,      // a block of pixels becomes channels of one pixel
  resize_nearest,      //
  resize_bilinear,     //
  fetch,               // the caller's pixels, asked for row by row; no inputs, see sourced
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

  std::uint32_t axes = 0;           // bit a set where axis a is reduced or gathered from
  std::int32_t fill = 0;            // pad: the stored value around the input
  std::int32_t origin = -1;         // fetch: which of the network's inputs
  float beta = 1;                   // softmax
  float slope = 0;                  // leaky_relu: of what is below zero
  bool align_corners = false;       // of resizes
  bool half_pixel_centers = false;  // of resizes

  std::int32_t source = -1;  // index of the operator in the model, for reports and errors
};

constexpr const char* name(layer_kind kind) {
  switch (kind) {
    case layer_kind::conv2d: return "conv2d";
    case layer_kind::depthwise_conv2d: return "depthwise_conv2d";
    case layer_kind::fully_connected: return "fully_connected";
    case layer_kind::transpose_conv2d: return "transpose_conv2d";
    case layer_kind::add: return "add";
    case layer_kind::sub: return "sub";
    case layer_kind::mul: return "mul";
    case layer_kind::maximum: return "maximum";
    case layer_kind::minimum: return "minimum";
    case layer_kind::squared_difference: return "squared_difference";
    case layer_kind::prelu: return "prelu";
    case layer_kind::average_pool2d: return "average_pool2d";
    case layer_kind::max_pool2d: return "max_pool2d";
    case layer_kind::mean: return "mean";
    case layer_kind::sum: return "sum";
    case layer_kind::reduce_max: return "reduce_max";
    case layer_kind::arg_max: return "arg_max";
    case layer_kind::arg_min: return "arg_min";
    case layer_kind::softmax: return "softmax";
    case layer_kind::logistic: return "logistic";
    case layer_kind::tanh: return "tanh";
    case layer_kind::relu: return "relu";
    case layer_kind::leaky_relu: return "leaky_relu";
    case layer_kind::hard_swish: return "hard_swish";
    case layer_kind::abs: return "abs";
    case layer_kind::requantize: return "requantize";
    case layer_kind::quantize: return "quantize";
    case layer_kind::dequantize: return "dequantize";
    case layer_kind::reshape: return "reshape";
    case layer_kind::pad: return "pad";
    case layer_kind::slice: return "slice";
    case layer_kind::place: return "place";
    case layer_kind::transpose: return "transpose";
    case layer_kind::gather: return "gather";
    case layer_kind::depth_to_space: return "depth_to_space";
    case layer_kind::space_to_depth: return "space_to_depth";
    case layer_kind::resize_nearest: return "resize_nearest";
    case layer_kind::resize_bilinear: return "resize_bilinear";
    case layer_kind::fetch: return "fetch";
  }
  return "";
}

/// The layer combines two inputs element by element, each of the output's shape or broadcast to it.
constexpr bool is_pair(layer_kind kind) {
  switch (kind) {
    case layer_kind::add:
    case layer_kind::sub:
    case layer_kind::mul:
    case layer_kind::maximum:
    case layer_kind::minimum:
    case layer_kind::squared_difference:
    case layer_kind::prelu: return true;
    default: return false;
  }
}

/// Output element i depends on element i of each full-size input and on nothing else of it.
constexpr bool is_elementwise(layer_kind kind) {
  switch (kind) {
    case layer_kind::logistic:
    case layer_kind::tanh:
    case layer_kind::relu:
    case layer_kind::leaky_relu:
    case layer_kind::hard_swish:
    case layer_kind::abs:
    case layer_kind::requantize: return true;
    default: return is_pair(kind);
  }
}

/// The layer's kernel can make any rows and columns of its output; others make all of it at once.
constexpr bool makes_regions(layer_kind kind) {
  switch (kind) {
    case layer_kind::fully_connected:
    case layer_kind::mean:
    case layer_kind::sum:
    case layer_kind::reduce_max:
    case layer_kind::arg_max:
    case layer_kind::arg_min:
    case layer_kind::reshape:
    case layer_kind::transpose:
    case layer_kind::gather: return false;
    default: return true;
  }
}

/// The layer has weights, as its second input, and may have a bias.
constexpr bool has_weights(layer_kind kind) {
  switch (kind) {
    case layer_kind::conv2d:
    case layer_kind::depthwise_conv2d:
    case layer_kind::fully_connected:
    case layer_kind::transpose_conv2d: return true;
    default: return false;
  }
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

/// resize_bilinear: where an output pixel stands among the input's, in 1/1024 of a pixel.
/// tensorflow/lite/kernels/internal/reference/resize_bilinear.h: ResizeBilinearInteger.
constexpr std::int32_t blend_position(const layer& l, std::int32_t output, std::int32_t input_size,
                                      std::int32_t output_size) {
  const bool corners = l.align_corners && output_size > 1;
  const std::int32_t from = corners ? input_size - 1 : input_size, to = corners ? output_size - 1 : output_size;
  const std::int32_t scale = (1024 * from + to / 2) / to;
  return output * scale + (l.half_pixel_centers ? scale / 2 - 512 : 0);
}

}  // namespace inlay
