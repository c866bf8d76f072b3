// Inlay: the sums of each output channel's weights, for kernels that take the zero point out of their loops.
#pragma once

#include <inlay/kernels/kernel.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// Weights that one output channel multiplies.
constexpr std::int32_t weights_per_channel(graph_view g, const layer& l) {
  const shape& weights = g.input_of(l, 1).extents;
  const std::int32_t channels = l.kind == layer_kind::depthwise_conv2d ? weights.channels() : weights[0];
  return channels > 0 ? weights.elements() / channels : 0;
}

/// Output channels whose weights one constant expression can add up within every compiler's default limits.
constexpr std::int32_t weight_sum_channels(graph_view g, const layer& l) {
  if (!has_weights(l.kind)) return 1;
  constexpr std::int32_t weights_at_once = 1 << 16;
  const std::int32_t each = weights_per_channel(g, l);
  return each > 0 && each < weights_at_once ? weights_at_once / each : 1;
}

/// The sums of the weights of output channels first … end − 1, at their places in `sums`.
template <typename Byte>
constexpr void sum_weights(graph_view g, const layer& l, const Byte* model, std::int32_t first, std::int32_t end,
                           std::int32_t* sums) {
  const std::int32_t each = weights_per_channel(g, l);
  const Byte* weights = model + g.input_of(l, 1).data_at;
  // Depthwise weights have the channels innermost, others outermost.
  const bool interleaved = l.kind == layer_kind::depthwise_conv2d;
  const std::int32_t pitch = interleaved ? g.input_of(l, 1).extents.channels() : 1;
  for (std::int32_t c = first; c < end; ++c) {
    const Byte* weight = weights + (interleaved ? c : c * each);
    std::int32_t sum = 0, i = 0;
    // A round of a loop costs a compiler more than an addition.
    for (; i + 4 <= each; i += 4, weight += 4 * pitch)
      sum += static_cast<std::int8_t>(weight[0]) + static_cast<std::int8_t>(weight[pitch]) +
             static_cast<std::int8_t>(weight[2 * pitch]) + static_cast<std::int8_t>(weight[3 * pitch]);
    for (; i < each; ++i, weight += pitch) sum += static_cast<std::int8_t>(*weight);
    sums[c] = sum;
  }
}

}  // namespace inlay::detail
