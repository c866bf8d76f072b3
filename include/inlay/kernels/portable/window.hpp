// Inlay: layers with weights in plain C++: what they are described by in few bytes, and how windows are clipped.
#pragma once

#include <inlay/kernels/portable/requantize.hpp>
#include <inlay/kernels/reference/convolution.hpp>
#include <inlay/kernels/weight_sums.hpp>
#include <inlay/narrow.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// A layer with weights as a window over a map; FULLY_CONNECTED is one of 1 × 1 over a row.
///
/// Output channel c reads input channels [c / group_outputs × group_channels, … + group_channels). Its weights begin at
/// c × channel_pitch, those of tap t at t × tap_pitch from there.
struct window_layer {
  std::int32_t channel_pitch = 0;
  std::int16_t tap_pitch = 0;
  std::int16_t input_height = 0, input_width = 0, output_channels = 0;
  std::int16_t group_channels = 0, group_outputs = 0;
  std::uint8_t kernel_height = 1, kernel_width = 1;
  std::uint8_t stride_height = 1, stride_width = 1;
  std::uint8_t dilation_height = 1, dilation_width = 1;
  std::uint8_t padding_top = 0, padding_left = 0;
  std::int8_t input_zero_point = 0, output_zero_point = 0, low = -128, high = 127;

  static constexpr bool accepts(graph_view g, const layer& l) {
    const window2d& w = l.window;
    for (const std::int32_t small : {w.kernel.height, w.kernel.width, w.stride.height, w.stride.width,
                                     w.dilation.height, w.dilation.width, w.padding.top, w.padding.left})
      if (small > 0xff) return false;
    for (const tensor* t : {&g.input_of(l), &g.output_of(l)})
      for (int axis = 0; axis < t->extents.rank; ++axis)
        if (t->extents[axis] > 0x7fff) return false;
    const shape& weights = g.input_of(l, 1).extents;
    return weights[0] <= 0x7fff && weights.channels() <= 0x7fff && map_rows(g.input_of(l).extents) <= 0x7fff &&
           (l.kind != layer_kind::fully_connected || g.input_of(l).extents.elements() / weights[1] <= 0x7fff);
  }

  static constexpr window_layer make(graph_view g, const layer& l) {
    const shape& in = g.input_of(l).extents;
    const shape& weights = g.input_of(l, 1).extents;
    const quantization& to = g.output_of(l).quant;
    const stored_range range = activation_range(l.clamp, to);
    const auto bits16 = [](std::int32_t value) {
      return narrow<std::int16_t>(value);
    };
    const auto bits8 = [](std::int32_t value) {
      return narrow<std::uint8_t>(value);
    };
    window_layer p{};
    if (l.kind == layer_kind::depthwise_conv2d) {
      p.output_channels = bits16(weights.channels());
      p.group_channels = 1;
      p.group_outputs = bits16(weights.channels() / in.channels());
      p.channel_pitch = 1;
      p.tap_pitch = p.output_channels;
    } else {
      p.output_channels = bits16(weights[0]);
      p.group_channels = bits16(weights.channels());
      p.group_outputs = p.output_channels;
      p.channel_pitch = weights.elements() / weights[0];
      p.tap_pitch = p.group_channels;
    }
    if (l.kind == layer_kind::fully_connected) {
      p.input_height = 1;
      p.input_width = bits16(in.elements() / weights[1]);
    } else {
      const window2d& w = l.window;
      if (l.kind == layer_kind::conv2d)
        p.group_outputs = bits16(p.output_channels / (in.channels() / p.group_channels));
      p.input_height = bits16(in.height());
      p.input_width = bits16(in.width());
      p.kernel_height = bits8(w.kernel.height);
      p.kernel_width = bits8(w.kernel.width);
      p.stride_height = bits8(w.stride.height);
      p.stride_width = bits8(w.stride.width);
      p.dilation_height = bits8(w.dilation.height);
      p.dilation_width = bits8(w.dilation.width);
      p.padding_top = bits8(w.padding.top);
      p.padding_left = bits8(w.padding.left);
    }
    p.input_zero_point = narrow<std::int8_t>(g.input_of(l).quant.zero_point);
    p.output_zero_point = narrow<std::int8_t>(to.zero_point);
    p.low = narrow<std::int8_t>(range.low);
    p.high = narrow<std::int8_t>(range.high);
    return p;
  }

  std::int8_t finish(std::int32_t sum, fixed_multiplier by) const {
    return stored_range{low, high}.clamp(wrapping_add(scale_by(sum, by), output_zero_point));
  }
};

/// The taps of a window along one axis that are inside the map.
struct inside_taps {
  std::int32_t first = 0, count = 0;
  std::int32_t position = 0;  // of the first tap, in the map

  static inside_taps clip(std::int32_t position, std::int32_t taps, std::int32_t dilation, std::int32_t extent) {
    std::int32_t first = 0;
    for (; position < 0 && taps > 0; position += dilation, --taps) ++first;
    while (taps > 0 && position + (taps - 1) * dilation >= extent) --taps;
    return {first, taps, position};
  }
};

}  // namespace inlay::detail
