// Inlay: what Cortex-M55 and M85 kernels share: from sums to int8, four or sixteen at a time.
#pragma once

#include <inlay/kernels/reference/convolution.hpp>
#include <inlay/narrow.hpp>

#include <arm_mve.h>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_mve {

/// What four output channels need after their sums. Multiplier and shift as of fixed_multiplier.
struct channel_quad {
  std::int32_t bias[4]{};  // less what the input's zero point adds
  std::int32_t multiplier[4]{};
  std::int8_t shift[4]{};
};

/// Output channels that a vector of bytes holds.
inline constexpr std::int32_t lanes = 16;

/// What comes after a sum, alike for all channels of a layer.
struct finishing {
  std::int32_t zero_point = 0;
  std::int32_t low = -128, high = 127;
};

/// multiply() of fixed_point.hpp, then the zero point.
/// VQRDMULH is doubling_high_multiply: it rounds ties upwards, which for them comes to the same. VRSHL rounds ties
/// upwards too; away from zero is one less before the shift where the value is negative.
/// AnyShift: some channel multiplies by 1/2 or more, so that shifts may be to the left, or by nothing and not round.
template <bool AnyShift>
INLAY_ALWAYS_INLINE int32x4_t scale(int32x4_t sum, int32x4_t multiplier, int32x4_t shift, std::int32_t zero_point) {
  if constexpr (AnyShift) {
    sum = vshlq_s32(sum, vmaxq_s32(shift, vdupq_n_s32(0)));
    shift = vminq_s32(shift, vdupq_n_s32(0));
  }
  const int32x4_t high = vqrdmulhq_s32(sum, multiplier);
  const int32x4_t tie = vshrq_n_s32(AnyShift ? vandq_s32(high, shift) : high, 31);
  return vaddq_n_s32(vrshlq_s32(vaddq_s32(high, tie), shift), zero_point);
}

/// The table of a layer with weights: first a quad whose bias[0] says whether scale() needs AnyShift, and bias[1]
/// whether a weight is −128; then the quads.
struct quad_table {
  using table_entry = channel_quad;
  static constexpr std::int32_t excess(graph_view g, const layer& l) { return g.input_of(l).quant.zero_point; }

  /// What a kernel's code depends on: the table's first quad as a constant, if it is known.
  struct shifts {
    bool known = false, any = false, least_weight = false;
    friend constexpr bool operator==(const shifts&, const shifts&) = default;

    constexpr bool need_any(const channel_quad* table) const { return known ? any : table[0].bias[0] != 0; }
    constexpr bool has_least_weight(const channel_quad* table) const {
      return known ? least_weight : table[0].bias[1] != 0;
    }
  };
  static constexpr shifts shifts_of(const channel_quad* table) {
    return {true, table[0].bias[0] != 0, table[0].bias[1] != 0};
  }

  static constexpr void set(channel_quad* table, channel_quad& quad, int lane, const channel_constants& c,
                            std::int32_t weight_sum, std::int32_t too_much) {
    quad.bias[lane] = wrapping_add(c.bias, static_cast<std::int32_t>(0u - static_cast<std::uint32_t>(too_much) *
                                                                              static_cast<std::uint32_t>(weight_sum)));
    quad.multiplier[lane] = c.multiplier.multiplier;
    quad.shift[lane] = narrow<std::int8_t>(c.multiplier.shift);
    if (c.multiplier.shift >= 0) table[0].bias[0] = 1;
  }
};

}  // namespace inlay::detail::arm_mve
