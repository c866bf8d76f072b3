// Inlay: CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED with the least code and tables: the loops of plain C++, and
// multipliers that are worked out from the model's scales.
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

/// Multipliers worked out from the model's scales, for a few channels at a time. The table has the biases, if there are
/// any, and the scales, one if it is for all channels.
struct computed_channels {
  struct parameters : window_layer {
    std::int16_t scales_at = 0;  // entries of the table before the scales
    bool one_scale = false;
    float input_scale = 0, output_scale = 0;
  };
  using table_entry = std::int32_t;

  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    return bias_count(g, l) + scale_count(g, l);
  }
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte* model, const channel_constants* constants,
                                   const std::int32_t*, table_entry* table) {
    for (std::int32_t c = 0; c < bias_count(g, l); ++c) *table++ = constants[c].bias;
    const std::uint32_t scales_at = g.input_of(l, 1).quant.scales_at;
    for (std::int32_t c = 0; c < scale_count(g, l); ++c)
      *table++ = read_int32(model, scales_at + 4 * static_cast<std::uint32_t>(c));
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    return {window_layer::make(g, l), narrow<std::int16_t>(bias_count(g, l)), scale_count(g, l) == 1,
            g.input_of(l).quant.scale, g.output_of(l).quant.scale};
  }
  static channel_constants of(const parameters& p, const table_entry* table, std::int32_t c) {
    const std::int32_t scale = table[p.scales_at + (p.one_scale ? 0 : c)];
    return {p.scales_at > 0 ? table[c] : 0, quantize_ratio(p.input_scale, std::bit_cast<float>(scale), p.output_scale)};
  }

 private:
  static constexpr std::int32_t bias_count(graph_view g, const layer& l) {
    return g.has_input(l, 2) ? channel_table::table_size(g, l) : 0;
  }
  static constexpr std::int32_t scale_count(graph_view g, const layer& l) { return g.input_of(l, 1).quant.channels; }
};

template <>
struct fast_kernel<isa::small, layer_kind::conv2d> : window_kernel<computed_channels> {};
template <>
struct fast_kernel<isa::small, layer_kind::depthwise_conv2d> : window_kernel<computed_channels> {};
template <>
struct fast_kernel<isa::small, layer_kind::fully_connected> : window_kernel<computed_channels> {};

}  // namespace inlay::detail
