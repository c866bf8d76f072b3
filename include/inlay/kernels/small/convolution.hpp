// Inlay: CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED with the least code: one loop for all three, and no tables.
#pragma once

#include <inlay/kernels/portable/window.hpp>

#include <bit>
#include <cstdint>

namespace inlay {

namespace detail {

/// A positive float as whole number × 2^exponent, the number in [2^23, 2^24); 0 for zero.
struct whole_fraction {
  std::uint32_t number = 0;
  std::int32_t exponent = 0;

  static constexpr whole_fraction of(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    whole_fraction f{bits & 0x7fffff, static_cast<std::int32_t>(bits >> 23) - 150};
    if (f.exponent > -150)
      f.number |= 0x800000;
    else if (f.number != 0)
      for (++f.exponent; f.number < 0x800000; --f.exponent) f.number <<= 1;
    return f;
  }
};

/// quantize_multiplier(a × b / c) without floating point. In double, the product of two floats is exact, and the
/// quotient is rounded to 53 bits, ties to even, before it is rounded to 31 bits, ties up: up from 2^−23 below a half.
constexpr fixed_multiplier quantize_ratio(float a, float b, float c) {
  const whole_fraction x = whole_fraction::of(a), y = whole_fraction::of(b), z = whole_fraction::of(c);
  if (x.number == 0 || y.number == 0) return {};
  std::uint64_t dividend = std::uint64_t{x.number} * y.number << 6;
  std::int32_t shift = x.exponent + y.exponent - z.exponent + 31 - 6;
  for (; static_cast<std::uint32_t>(dividend >> 30) < z.number; dividend <<= 1) --shift;
  // Long division: a quotient of 31 bits.
  auto rest = static_cast<std::uint32_t>(dividend >> 31);
  auto bits = static_cast<std::uint32_t>(dividend) << 1;
  std::uint32_t quotient = 0;
  for (int i = 0; i < 31; ++i) {
    rest = rest << 1 | bits >> 31;
    bits <<= 1;
    quotient <<= 1;
    if (rest >= z.number) {
      rest -= z.number;
      ++quotient;
    }
  }
  const auto missing = static_cast<std::int32_t>(z.number - 2 * rest);
  if (missing <= static_cast<std::int32_t>(z.number >> 22)) ++quotient;
  if (quotient >> 31 != 0) {
    quotient >>= 1;
    ++shift;
  }
  return shift < -31 ? fixed_multiplier{} : fixed_multiplier{static_cast<std::int32_t>(quotient), shift};
}

/// A layer with weights, channel after channel: what a channel needs is worked out once for all pixels.
struct small_window : no_table {
  static constexpr bool needs_weight_sums = false;
  struct spec {};
  struct parameters : window_layer {
    std::int32_t scales_at = 0;    // of the channels' scales, counted from the weights
    std::int32_t scales_step = 0;  // 4, or 0 for one scale for all
    float input_scale = 0, output_scale = 0;
  };

  static constexpr bool accepts(graph_view g, const layer& l) { return window_layer::accepts(g, l); }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
  static constexpr parameters prepare(graph_view g, const layer& l) {
    const tensor& weights = g.input_of(l, 1);
    return {window_layer::make(g, l),
            static_cast<std::int32_t>(weights.quant.scales_at) - static_cast<std::int32_t>(weights.data_at),
            weights.quant.channels > 1 ? 4 : 0, g.input_of(l).quant.scale, g.output_of(l).quant.scale};
  }
  template <typename Byte>
  static constexpr void fill_table(graph_view, const layer&, const Byte*, const channel_constants*, const std::int32_t*,
                                   table_entry*) {}

  template <spec>
  INLAY_ALWAYS_INLINE static void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                                      const region& r, const map_view<const std::int8_t>& input,
                                      const std::int8_t* weights) {
    run_channels(p, output, r, input, weights);
  }
  template <spec>
  INLAY_NEVER_INLINE static void run_whole(const parameters& p, const table_entry*, std::int8_t* output,
                                           const std::int8_t* input, const std::int8_t* weights) {
    run_channels(p, p.output_row(output), p.all_of_row(), p.input_row(input), weights);
  }

 private:
  INLAY_NEVER_INLINE static void run_channels(const parameters& p, const map_view<std::int8_t>& output, const region& r,
                                              const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    const std::int8_t* filter = weights;
    for (std::int32_t c = 0; c < p.output_channels; ++c, filter += p.channel_pitch) {
      const float scale = std::bit_cast<float>(read_int32(weights + p.scales_at + p.scales_step * c, 0));
      const fixed_multiplier multiplier = quantize_ratio(p.input_scale, scale, p.output_scale);
      const std::int32_t bias = p.bias(weights, c);
      const std::int32_t first_channel = c / p.group_outputs * p.group_channels;
      for (std::int32_t y = r.first_row; y < r.end_row; ++y)
        for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
          std::int32_t sum = bias;
          for (std::int32_t ky = 0; ky < p.kernel_height; ++ky) {
            const std::int32_t iy = y * p.stride_height - p.padding_top + ky * p.dilation_height;
            if (iy < 0 || iy >= p.input_height) continue;
            for (std::int32_t kx = 0; kx < p.kernel_width; ++kx) {
              const std::int32_t ix = x * p.stride_width - p.padding_left + kx * p.dilation_width;
              if (ix < 0 || ix >= p.input_width) continue;
              const std::int8_t* pixel = input.pixel(iy, ix) + first_channel;
              const std::int8_t* tap = filter + (ky * p.kernel_width + kx) * p.tap_pitch;
              for (std::int32_t i = 0; i < p.group_channels; ++i)
                sum = wrapping_add(sum, (pixel[i] - p.input_zero_point) * tap[i]);
            }
          }
          output.pixel(y, x)[c] = p.finish(sum, multiplier);
        }
    }
  }
};

}  // namespace detail

template <>
struct fast_kernel<isa::small, layer_kind::conv2d> : detail::small_window {};
template <>
struct fast_kernel<isa::small, layer_kind::depthwise_conv2d> : detail::small_window {};
template <>
struct fast_kernel<isa::small, layer_kind::fully_connected> : detail::small_window {};

}  // namespace inlay
