// Inlay: rewrites a graph into an equal one with less to do. Only exact rewrites stand here.
#pragma once

#include <inlay/graph/graph.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

constexpr void count_readers(graph_builder& g) {
  for (std::int32_t t = 0; t < g.tensor_count; ++t) g.tensors[t].readers = 0;
  for (std::int32_t o = 0; o < g.output_count; ++o) ++g.tensors[g.outputs[o]].readers;
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    for (std::int32_t input : g.layers[i].inputs)
      if (input >= 0) ++g.tensors[input].readers;
}

/// A PAD around a map, read by nothing but windows that can pad instead: a convolution's own padding contributes
/// exactly what a zero point does, a maximum's what the lowest value does.
constexpr bool can_fold_pad(graph_view g, const layer& pad) {
  const tensor& from = g.input_of(pad);
  const tensor& to = g.output_of(pad);
  if (from.extents.rank != 4 || to.extents.channels() != from.extents.channels() || to.extents[0] != from.extents[0])
    return false;
  if (!same_values(from.quant, to.quant) || g.is_output(pad.output)) return false;
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    const layer& l = g.layers[i];
    if (l.inputs[1] == pad.output || l.inputs[2] == pad.output) return false;
    if (l.inputs[0] != pad.output) continue;
    const bool convolution = l.kind == layer_kind::conv2d || l.kind == layer_kind::depthwise_conv2d;
    const bool same =
        convolution ? pad.fill == to.quant.zero_point : l.kind == layer_kind::max_pool2d && pad.fill == -128;
    if (!same) return false;
  }
  return true;
}

constexpr void fold_pads(graph_builder& g) {
  for (std::int32_t p = 0; p < g.layer_count; ++p) {
    const layer& pad = g.layers[p];
    if (pad.kind != layer_kind::pad || !can_fold_pad(g.view(), pad)) continue;
    const shape& from = g.tensors[pad.inputs[0]].extents;
    const shape& to = g.tensors[pad.output].extents;
    for (std::int32_t i = p + 1; i < g.layer_count; ++i) {
      layer& l = g.layers[i];
      if (l.inputs[0] != pad.output) continue;
      l.inputs[0] = pad.inputs[0];
      l.window.padding.top += pad.begin[1];
      l.window.padding.left += pad.begin[2];
      l.window.padding.bottom += to[1] - from[1] - pad.begin[1];
      l.window.padding.right += to[2] - from[2] - pad.begin[2];
    }
  }
}

/// A RELU on its own, after a layer that can clamp and that nothing else reads, is that layer's clamp: both
/// tensors mean the same by their bytes, so the reference's rescaling by one leaves them as they are.
constexpr void fold_activations(graph_builder& g) {
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    layer& clamp = g.layers[i];
    if (clamp.kind != layer_kind::relu) continue;
    for (std::int32_t p = 0; p < i; ++p) {
      layer& l = g.layers[p];
      if (l.output != clamp.inputs[0] || !describe(l.kind).clamps || l.clamp != activation::none) continue;
      if (!same_values(g.tensors[l.output].quant, g.tensors[clamp.output].quant)) continue;
      if (g.tensors[l.output].extents != g.tensors[clamp.output].extents) continue;
      if (g.tensors[l.output].readers != 1) continue;
      l.clamp = clamp.clamp;
      l.output = clamp.output;
      clamp = layer{};  // nothing is left to do
      break;
    }
  }
}

/// Removes layers whose output nobody reads: folded PADs among them.
constexpr void drop_unread_layers(graph_builder& g) {
  for (std::int32_t i = g.layer_count - 1; i >= 0; --i) {
    layer& l = g.layers[i];
    if (l.output < 0 || g.tensors[l.output].readers != 0) continue;
    for (std::int32_t input : l.inputs)
      if (input >= 0) --g.tensors[input].readers;
    l = layer{};
  }
}

/// QUANTIZEs of one float input to one scale and zero point are one.
constexpr void merge_equal_quantizes(graph_builder& g) {
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    const layer& kept = g.layers[i];
    if (kept.kind != layer_kind::quantize) continue;
    for (std::int32_t j = i + 1; j < g.layer_count; ++j) {
      const layer& other = g.layers[j];
      if (other.kind != layer_kind::quantize || other.inputs[0] != kept.inputs[0]) continue;
      if (!same_values(g.tensors[kept.output].quant, g.tensors[other.output].quant)) continue;
      if (g.tensors[kept.output].extents != g.tensors[other.output].extents) continue;
      for (std::int32_t r = j + 1; r < g.layer_count; ++r)
        for (std::int32_t& input : g.layers[r].inputs)
          if (input == other.output) input = kept.output;
      for (std::int32_t o = 0; o < g.output_count; ++o)
        if (g.outputs[o] == other.output) g.outputs[o] = kept.output;
    }
  }
}

/// Closes the gaps that removed layers, which have no output, leave.
constexpr void compact(graph_builder& g) {
  std::int32_t kept = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    if (g.layers[i].output >= 0) g.layers[kept++] = g.layers[i];
  g.layer_count = kept;
}

/// The layer that makes a tensor, −1 if none or several do.
constexpr std::int32_t only_maker(graph_view g, std::int32_t tensor) {
  std::int32_t maker = -1;
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    if (g.layers[i].output < 0 || g.tensors[g.layers[i].output].storage != tensor) continue;
    if (maker >= 0) return -1;
    maker = i;
  }
  return maker;
}

/// Another tensor is the same memory read with other extents.
constexpr bool is_reshaped_somewhere(graph_view g, std::int32_t tensor) {
  for (std::int32_t t = 0; t < g.tensor_count; ++t)
    if (t != tensor && g.tensors[t].storage == tensor) return true;
  return false;
}

/// Concatenated along channels, a map that nothing else reads can be made where it belongs at once: its pixels
/// stand further apart, and nothing is copied. Kernels that make whole maps at once need them dense.
constexpr void place_in_concatenations(graph_builder& g) {
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    layer& place = g.layers[i];
    if (place.kind != layer_kind::place) continue;
    tensor& part = g.tensors[place.inputs[0]];
    const tensor& whole = g.tensors[place.output];
    const bool owns_memory = !part.is_constant() && part.storage == place.inputs[0] && whole.storage == place.output &&
                             g.view().input_position(place.inputs[0]) < 0;
    if (!owns_memory || part.readers != 1 || part.extents.width() != whole.extents.width() ||
        map_rows(part.extents) != map_rows(whole.extents) || is_reshaped_somewhere(g.view(), place.inputs[0]))
      continue;
    const std::int32_t maker = only_maker(g.view(), place.inputs[0]);
    if (maker < 0 || !makes_regions(g.layers[maker].kind) || g.layers[maker].kind == layer_kind::place) continue;
    part.storage = place.output;
    part.first_channel = place.begin[static_cast<std::size_t>(part.extents.rank - 1)];
    place = layer{};
  }
}

/// A reshape moves nothing: its output is its input's memory read with other extents, or as the reals that the output
/// view computes. Only what the caller owns, or a constant, must be copied to become an output.
constexpr void share_reshaped_storage(graph_builder& g) {
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    layer& l = g.layers[i];
    if (l.kind != layer_kind::reshape) continue;
    const std::int32_t source = g.tensors[l.inputs[0]].storage;
    const bool borrowed = g.tensors[source].is_constant() || g.view().input_position(source) >= 0;
    if (borrowed && (g.tensors[source].is_constant() || g.view().is_output(l.output))) continue;
    g.tensors[l.output].storage = source;
    l = layer{};
  }
}

/// Folds PAD into convolutions and maxima and RELU into the layer before it, merges equal QUANTIZEs, drops what nothing
/// reads, and lets the results of RESHAPE and DEQUANTIZE share their input's memory. The answers stay the same, bit
/// for bit.
constexpr void normalize(graph_builder& g) {
  fold_pads(g);
  merge_equal_quantizes(g);
  count_readers(g);
  fold_activations(g);
  drop_unread_layers(g);
  compact(g);
  share_reshaped_storage(g);
  compact(g);
  count_readers(g);
  place_in_concatenations(g);
  compact(g);
}

}  // namespace inlay::detail
