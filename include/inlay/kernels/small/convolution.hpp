// Inlay: CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED with the least code: the loops of plain C++
// without tables.
#pragma once

#include <inlay/kernels/portable/convolution.hpp>

#include <bit>
#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

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
INLAY_NEVER_INLINE constexpr fixed_multiplier quantize_ratio(float a, float b, float c) {
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

/// Multipliers worked out from the model's scales, for a few channels at a time.
struct computed_multipliers : no_table {
  struct parameters : window_layer {
    std::int32_t scales_at = 0;    // of the channels' scales, counted from the weights
    std::int32_t scales_step = 0;  // bytes from one to the next: none if one scale is for all
    float input_scale = 0, output_scale = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const tensor& weights = g.input_of(l, 1);
    return {window_layer::make(g, l),
            static_cast<std::int32_t>(weights.quant.scales_at) - static_cast<std::int32_t>(weights.data_at),
            weights.quant.channels > 1 ? 4 : 0, g.input_of(l).quant.scale, g.output_of(l).quant.scale};
  }
  template <typename Byte>
  static constexpr void fill_table(graph_view, const layer&, const Byte*, const channel_constants*, const std::int32_t*,
                                   table_entry*) {}
  static fixed_multiplier of(const parameters& p, const table_entry*, const std::int8_t* weights, std::int32_t c) {
    return quantize_ratio(p.input_scale, read_float(weights + p.scales_at + p.scales_step * c, 0), p.output_scale);
  }
};

template <>
struct fast_kernel<isa::small, layer_kind::conv2d> : window_kernel<computed_multipliers> {};
template <>
struct fast_kernel<isa::small, layer_kind::depthwise_conv2d> : window_kernel<computed_multipliers> {};
template <>
struct fast_kernel<isa::small, layer_kind::fully_connected> : window_kernel<computed_multipliers> {};

}  // namespace inlay::detail
