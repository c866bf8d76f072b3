// Inlay: short exact forms of the reference's fixed-point arithmetic, for values that are known to be small.
#pragma once

#include <inlay/isa/isa.hpp>
#include <inlay/kernels/fixed_point.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// a × b / 2^32 rounded to nearest, ties up, by products of 32 bits: for |a| ≤ 2^30 and b ≥ 0, where no sum overflows.
constexpr std::int32_t high_product_of_halves(std::int32_t a, std::int32_t b) {
  const std::int32_t a_low = static_cast<std::int16_t>(a), a_high = (a + 0x8000) >> 16;
  const std::int32_t b_low = b & 0xffff, b_high = b >> 16;
  return a_high * b_high + ((a_high * b_low + (a_low * b_low >> 16) + 0x8000 + a_low * b_high) >> 16);
}

/// What an instruction set has an instruction for.
template <isa Isa>
struct primitives {
  /// c + a × b / 2^32, the quotient rounded to nearest, ties up, for |a| ≤ 2^30 and b ≥ 0.
  static std::int32_t add_high_product(std::int32_t c, std::int32_t a, std::int32_t b) {
    if (INLAY_HAS_THUMB1) return c + high_product_of_halves(a, b);
    const std::int64_t product = std::int64_t{a} * b;
    return c + static_cast<std::int32_t>(product >> 32) + static_cast<std::int32_t>(product >> 31 & 1);
  }

  static std::int32_t saturate(std::int32_t value) { return saturate_to_int8(value); }
};

/// multiply(value, by), any value. doubling_high_multiply rounds ties up, whatever the sign.
INLAY_ALWAYS_INLINE std::int32_t scale_by(std::int32_t value, fixed_multiplier by) {
  const std::int32_t left = by.shift > 0 ? by.shift : 0;
  const std::int64_t product = std::int64_t{shift_left(value, left)} * by.multiplier;
  const auto high = static_cast<std::int32_t>((product + (1 << 30)) >> 31);
  return divide_by_power_of_two(high, left - by.shift);
}

/// multiply(value, by) + zero point for |value| < 2^29 and by.shift in [−22, −1].
///
/// doubling_high_multiply rounds ties up, so it is the upper word of (2 × value) × multiplier. The division that
/// follows rounds ties away from zero: half is added, and one less where the value is negative.
struct right_scale {
  std::int32_t multiplier = 0;
  std::int32_t offset = 0;  // half of what is divided by, and the zero point times it
  std::int32_t shift = 0;

  static constexpr bool accepts(fixed_multiplier by) { return by.shift >= -22 && by.shift <= -1; }
  static constexpr right_scale make(fixed_multiplier by, std::int32_t zero_point) {
    const std::int32_t right = -by.shift;
    return {by.multiplier, zero_point * (1 << right) + (1 << (right - 1)), right};
  }

  template <isa Isa>
  INLAY_ALWAYS_INLINE std::int32_t of_doubled(std::int32_t twice_value) const {
    return primitives<Isa>::add_high_product(offset + (twice_value >> 31), twice_value, multiplier) >> shift;
  }
};

/// Clamps to a range; where it is int8's, by a constant. A word, so that nothing is widened before it is stored.
template <isa Isa, bool Saturates>
INLAY_ALWAYS_INLINE std::int32_t clamp_to(stored_range range, std::int32_t value) {
  return Saturates ? primitives<Isa>::saturate(value) : clamp_between(value, range.low, range.high);
}

constexpr bool saturates(stored_range range) { return range.low == -128 && range.high == 127; }

}  // namespace inlay::detail
