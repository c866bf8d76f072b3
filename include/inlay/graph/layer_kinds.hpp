// Inlay: the kinds of layers, each described once. Whatever else has to be known of a kind follows from its row.
#pragma once

#include <inlay/config.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// What a layer reads.
enum class layer_operands : std::uint8_t {
  none,      // what the caller hands over
  unary,     // a map
  pair,      // two maps; pixelwise, each has the output's shape or is broadcast to it
  weighted,  // a map, weights and a bias, which may be missing
};

/// Which pixels of its operands a pixel of a layer's output comes from. A kernel makes any rows and columns of its
/// output, but for the last two: all of it at once.
enum class layer_geometry : std::uint8_t {
  pixelwise,   // the same pixel
  window,      // a window of pixels
  transposed,  // those that have it in their window, which slides over the output
  padded,      // the same pixel, where the map around which others are put has it
  sliced,      // every step-th pixel from some pixel on
  placed,      // the same pixel of the block that the operand becomes in the output
  blocked,     // the pixel whose channels become a block of pixels, or the block that becomes a pixel
  nearest,     // the one nearest to it as the map is resized
  blended,     // the neighbours of where it is as the map is resized
  reduced,     // all along the axes of the mask
  whole,       // any
};

/// How a layer can write its output over its operand.
enum class layer_overwriting : std::uint8_t {
  never,
  pixels,  // it has read a pixel before it writes it, and does not want it again
  rows,    // it keeps channels apart: row after row, from copies of the rows that its window reads
};

struct layer_description {
  const char* name;
  layer_operands operands;
  layer_geometry geometry;
  layer_overwriting overwriting;
  bool clamps;       // an activation can be part of it
  bool accumulates;  // over a whole map, it can take the rows of its input one by one as they are made
};

}  // namespace detail

// clang-format off
// Every layer has one output; operators with several inputs or outputs of the same kind (CONCATENATION, SPLIT) become
// several `place` or `slice` layers.
//
//  kind                operands  geometry    overwrites  clamps  accumulates
#define INLAY_LAYER_KINDS(X)                                                                                         \
  X(conv2d,             weighted, window,     never,      true,   false) /* weights [out, kh, kw, in / groups] */    \
  X(depthwise_conv2d,   weighted, window,     rows,       true,   false) /* weights [1, kh, kw, in × multiplier] */  \
  X(fully_connected,    weighted, whole,      never,      true,   true)  /* weights [out, in] */                     \
  X(asymmetric_fully_connected, weighted, whole, never, true, true)  /* the weights have a zero point */          \
  X(transpose_conv2d,   weighted, transposed, never,      false,  false) /* weights [out, kh, kw, in] */             \
  X(add,                pair,     pixelwise,  pixels,     true,   false)                                             \
  X(sub,                pair,     pixelwise,  pixels,     true,   false)                                             \
  X(mul,                pair,     pixelwise,  pixels,     true,   false)                                             \
  X(div,                pair,     pixelwise,  pixels,     true,   false)                                             \
  X(maximum,            pair,     pixelwise,  pixels,     false,  false)                                             \
  X(minimum,            pair,     pixelwise,  pixels,     false,  false)                                             \
  X(squared_difference, pair,     pixelwise,  pixels,     false,  false)                                             \
  X(equal,              pair,     pixelwise,  pixels,     false,  false) /* 1 or 0 */                                \
  X(not_equal,          pair,     pixelwise,  pixels,     false,  false) /* 1 or 0 */                                \
  X(greater,            pair,     pixelwise,  pixels,     false,  false) /* 1 or 0 */                                \
  X(greater_equal,      pair,     pixelwise,  pixels,     false,  false) /* 1 or 0 */                                \
  X(where_true,         pair,     pixelwise,  pixels,     false,  false) /* the second where the first is not 0 */ \
  X(where_false,        pair,     pixelwise,  pixels,     false,  false) /* the second where the first is 0 */     \
  X(either,             pair,     pixelwise,  pixels,     false,  false) /* one of them is 0: the other */           \
  X(update,             pair,     pixelwise,  pixels,     false,  false) /* the second in a block of the first */  \
  X(batch_matmul,       pair,     whole,      never,      false,  false) /* the mask: which are transposed */       \
  X(prelu,              pair,     pixelwise,  pixels,     false,  false) /* input and slopes */                      \
  X(average_pool2d,     unary,    window,     rows,       true,   true)                                              \
  X(max_pool2d,         unary,    window,     rows,       true,   false)                                             \
  X(mean,               unary,    reduced,    never,      false,  true)                                              \
  X(sum,                unary,    reduced,    never,      false,  false)                                             \
  X(reduce_max,         unary,    reduced,    never,      false,  false)                                             \
  X(reduce_min,         unary,    reduced,    never,      false,  false)                                             \
  X(add_n,              unary,    reduced,    never,      false,  false) /* over the axis of the mask */            \
  X(cumsum,             unary,    whole,      never,      false,  false) /* along the axis of the mask */            \
  X(arg_max,            unary,    reduced,    never,      false,  false) /* int32: four bytes, low byte first */     \
  X(arg_min,            unary,    reduced,    never,      false,  false) /* likewise */                              \
  X(softmax,            unary,    pixelwise,  pixels,     false,  false) /* over the innermost axis */               \
  X(log_softmax,        unary,    pixelwise,  pixels,     false,  false) /* likewise */                              \
  X(l2_normalization,   unary,    pixelwise,  pixels,     false,  false) /* likewise */                              \
  X(logistic,           unary,    pixelwise,  pixels,     false,  false)                                             \
  X(tanh,               unary,    pixelwise,  pixels,     false,  false)                                             \
  X(relu,               unary,    pixelwise,  pixels,     false,  false) /* also bounded above, see activation */    \
  X(leaky_relu,         unary,    pixelwise,  pixels,     false,  false)                                             \
  X(elu,                unary,    pixelwise,  pixels,     false,  false)                                             \
  X(hard_swish,         unary,    pixelwise,  pixels,     false,  false)                                             \
  X(abs,                unary,    pixelwise,  pixels,     false,  false)                                             \
  X(rsqrt,              unary,    pixelwise,  pixels,     false,  false)                                             \
  X(square,             unary,    pixelwise,  pixels,     false,  false) /* of floats, behind a DEQUANTIZE */        \
  X(zeros_like,         unary,    pixelwise,  pixels,     false,  false)                                             \
  X(to_bool,            unary,    pixelwise,  pixels,     false,  false)                                             \
  X(requantize,         unary,    pixelwise,  pixels,     false,  false) /* of one scale to another */               \
  X(quantize,           unary,    pixelwise,  never,      false,  false) /* of a float input of the network */       \
  X(reshape,            unary,    whole,      never,      false,  false) /* only where a copy must be in the arena */ \
  X(pad,                unary,    padded,     never,      false,  false) /* with the zero point or a given value */  \
  X(mirror_pad,         unary,    whole,      never,      false,  false) /* with what is inside */                   \
  X(slice,              unary,    sliced,     never,      false,  false)                                             \
  X(place,              unary,    placed,     never,      false,  false) /* one part of a CONCATENATION */           \
  X(transpose,          unary,    whole,      never,      false,  false)                                             \
  X(gather,             unary,    whole,      never,      false,  false) /* along the axis of the mask */            \
  X(depth_to_space,     unary,    blocked,    never,      false,  false)                                             \
  X(space_to_depth,     unary,    blocked,    never,      false,  false)                                             \
  X(resize_nearest,     unary,    nearest,    never,      false,  false)                                             \
  X(resize_bilinear,    unary,    blended,    never,      false,  false)                                             \
  X(fetch,              none,     pixelwise,  never,      false,  false) /* the caller's pixels, row by row, see sourced */ \
  X(load,               none,     whole,      never,      false,  false) /* constants, see sourced_weights */
// clang-format on

/// What a layer computes.
enum class layer_kind : std::uint8_t {
#define INLAY_ENUMERATOR(kind, ...) kind,
  INLAY_LAYER_KINDS(INLAY_ENUMERATOR)
#undef INLAY_ENUMERATOR
};

namespace detail {

inline constexpr layer_description layer_descriptions[] = {
#define INLAY_DESCRIPTION(kind, operands, geometry, overwriting, clamps, accumulates) \
  {#kind, layer_operands::operands, layer_geometry::geometry, layer_overwriting::overwriting, clamps, accumulates},
    INLAY_LAYER_KINDS(INLAY_DESCRIPTION)
#undef INLAY_DESCRIPTION
};

inline constexpr std::size_t layer_kind_count = sizeof(layer_descriptions) / sizeof(layer_description);

constexpr const layer_description& describe(layer_kind kind) {
  return layer_descriptions[static_cast<std::size_t>(kind)];
}

/// The layer has weights, as its second input, and may have a bias.
constexpr bool has_weights(layer_kind kind) { return describe(kind).operands == layer_operands::weighted; }

/// The layer reads two maps.
constexpr bool is_pair(layer_kind kind) { return describe(kind).operands == layer_operands::pair; }

/// How many of a layer's operands a kernel reads as it runs: a bias is known before.
constexpr int operands_read(layer_kind kind) {
  return describe(kind).operands == layer_operands::none ? 0 : describe(kind).operands == layer_operands::unary ? 1 : 2;
}

/// The layer slides a window over its first input.
constexpr bool has_window(layer_kind kind) { return describe(kind).geometry == layer_geometry::window; }

/// The layer's kernel can make any rows and columns of its output; others make all of it at once.
constexpr bool makes_regions(layer_kind kind) {
  return describe(kind).geometry != layer_geometry::reduced && describe(kind).geometry != layer_geometry::whole;
}
/// … and some columns of a row before others. Programs give rows whole, as cameras do.
constexpr bool makes_segments(layer_kind kind) { return makes_regions(kind) && kind != layer_kind::fetch; }

/// Calls f.operator()<kind>(), but for layers that call the program, which only a compiled network can.
template <typename Function>
constexpr void with_layer_kind(layer_kind kind, Function&& f) {
  switch (kind) {
#define INLAY_CASE(k, ...)                                                                                          \
  case layer_kind::k:                                                                                               \
    if constexpr (describe(layer_kind::k).operands != layer_operands::none) f.template operator()<layer_kind::k>(); \
    return;
    INLAY_LAYER_KINDS(INLAY_CASE)
#undef INLAY_CASE
  }
}

}  // namespace detail

constexpr const char* name(layer_kind kind) { return detail::describe(kind).name; }

#undef INLAY_LAYER_KINDS

}  // namespace inlay
