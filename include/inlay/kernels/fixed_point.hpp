// Inlay: the integer arithmetic of TensorFlow Lite's int8 kernels, to the bit.
#pragma once

#include <inlay/config.hpp>
#include <inlay/graph/graph.hpp>

#include <bit>
#include <cstdint>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI::detail {

/// a × b × 2 in the upper word, rounded to nearest, ties upwards; −2^31 × −2^31 saturates.
/// SaturatingRoundingDoublingHighMul of gemmlowp/fixedpoint/fixedpoint.h.
constexpr std::int32_t doubling_high_multiply(std::int32_t a, std::int32_t b) {
  constexpr std::int32_t lowest = -0x7fffffff - 1;
  if (a == lowest && b == lowest) return 0x7fffffff;
  // The reference divides, which rounds towards zero, with another nudge for negative products: the same numbers.
  return static_cast<std::int32_t>((std::int64_t{a} * b + (std::int64_t{1} << 30)) >> 31);
}

/// value / 2^exponent rounded to nearest, ties away from zero; exponent 0 to 31.
/// RoundingDivideByPOT of gemmlowp.
constexpr std::int32_t divide_by_power_of_two(std::int32_t value, std::int32_t exponent) {
  const auto mask = static_cast<std::int32_t>((std::uint32_t{1} << exponent) - 1);
  const std::int32_t remainder = value & mask;
  const std::int32_t threshold = static_cast<std::int32_t>(static_cast<std::uint32_t>(mask) >> 1) + (value < 0 ? 1 : 0);
  return (value >> exponent) + (remainder > threshold ? 1 : 0);
}

/// value × 2^exponent with wrap-around, as the reference's shifts do on every machine it runs on.
constexpr std::int32_t shift_left(std::int32_t value, std::int32_t exponent) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(value) << exponent);
}

/// Sum with wrap-around: accumulators of hostile models may overflow, which must not be undefined.
constexpr std::int32_t wrapping_add(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

/// MultiplyByQuantizedMultiplier of tensorflow/lite/kernels/internal/common.cc, with double rounding.
constexpr std::int32_t multiply(std::int32_t value, fixed_multiplier by) {
  const std::int32_t left = by.shift > 0 ? by.shift : 0;
  const std::int32_t right = by.shift > 0 ? 0 : -by.shift;
  return divide_by_power_of_two(doubling_high_multiply(shift_left(value, left), by.multiplier), right);
}

constexpr std::int32_t clamp_between(std::int32_t value, std::int32_t low, std::int32_t high) {
  return value < low ? low : value > high ? high : value;
}

constexpr std::int8_t saturate_to_int8(std::int32_t value) {
  return static_cast<std::int8_t>(clamp_between(value, -128, 127));
}

/// Lowest and highest stored value that an activation leaves.
struct stored_range {
  std::int32_t low = -128;
  std::int32_t high = 127;
  constexpr std::int8_t clamp(std::int32_t value) const {
    return static_cast<std::int8_t>(clamp_between(value, low, high));
  }
};

/// CalculateActivationRangeQuantized of tensorflow/lite/kernels/kernel_util.cc, for int8.
constexpr stored_range activation_range(activation a, const quantization& q) {
  const auto stored = [&q](float real) {
    // Far outside the range of int8 all values are alike; the bound keeps the sum in range.
    const float steps = real / q.scale;
    const float bounded = steps > 1e6f ? 1e6f : steps < -1e6f ? -1e6f : steps;
    return q.zero_point + static_cast<std::int32_t>(round_half_away(as_double(bounded)));
  };
  const auto at_least = [](std::int32_t v) {
    return v > -128 ? v : -128;
  };
  const auto at_most = [](std::int32_t v) {
    return v < 127 ? v : 127;
  };
  switch (a) {
    case activation::none: return {};
    case activation::relu: return {at_least(stored(0.0f)), 127};
    case activation::relu_n1_to_1: return {at_least(stored(-1.0f)), at_most(stored(1.0f))};
    case activation::relu6: return {at_least(stored(0.0f)), at_most(stored(6.0f))};
  }
  return {};
}

// Fixed-point functions of gemmlowp/fixedpoint/fixedpoint.h. A number with i integer bits is a raw int32 that
// stands for raw / 2^(31 − i).

/// raw × 2^exponent, saturating.
constexpr std::int32_t saturating_shift_left(std::int32_t raw, std::int32_t exponent) {
  const std::int32_t limit = 0x7fffffff >> exponent;
  if (raw > limit) return 0x7fffffff;
  if (raw < -limit - 1) return -0x7fffffff - 1;
  return shift_left(raw, exponent);
}

/// (a + b) / 2 rounded, ties away from zero.
constexpr std::int32_t rounding_half_sum(std::int32_t a, std::int32_t b) {
  const std::int64_t sum = std::int64_t{a} + b;
  return static_cast<std::int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
}

/// doubling_high_multiply for functions that need it often and run seldom.
INLAY_NEVER_INLINE constexpr std::int32_t multiply_fractions(std::int32_t a, std::int32_t b) {
  return doubling_high_multiply(a, b);
}

/// e^a for a in [−1/4, 0), no integer bits.
INLAY_SMALL constexpr std::int32_t exp_near_zero(std::int32_t a) {
  constexpr std::int32_t exp_minus_one_eighth = 1895147668;
  constexpr std::int32_t one_third = 715827883;
  // A Taylor polynomial around −1/8.
  const std::int32_t x = wrapping_add(a, 1 << 28);
  const std::int32_t x2 = multiply_fractions(x, x);
  const std::int32_t x3 = multiply_fractions(x2, x);
  const std::int32_t x4 = multiply_fractions(x2, x2);
  const std::int32_t x4_over_4 = divide_by_power_of_two(x4, 2);
  const std::int32_t tail =
      divide_by_power_of_two(wrapping_add(multiply_fractions(wrapping_add(x4_over_4, x3), one_third), x2), 1);
  return wrapping_add(exp_minus_one_eighth, multiply_fractions(exp_minus_one_eighth, wrapping_add(x, tail)));
}

/// e^a for a ≤ 0 with IntegerBits integer bits, at most 5; the result has none. One copy serves all its callers.
template <int IntegerBits>
INLAY_SMALL INLAY_NEVER_INLINE constexpr std::int32_t exp_of_negative(std::int32_t a) {
  static_assert(IntegerBits <= 5);
  constexpr int fractional_bits = 31 - IntegerBits;
  if (a == 0) return 0x7fffffff;
  constexpr std::int32_t quarter = 1 << (fractional_bits - 2);
  const std::int32_t rest = (a & (quarter - 1)) - quarter;
  std::int32_t result = exp_near_zero(saturating_shift_left(rest, IntegerBits));
  const std::int32_t remainder = wrapping_add(rest, wrapping_add(~a, 1));
  // e^(−2^k) for k from −2: one factor for each bit that is set in what the polynomial left out.
  constexpr std::int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  for (int k = -2; k < IntegerBits; ++k)
    if ((remainder >> (fractional_bits + k) & 1) != 0) result = multiply_fractions(result, factors[k + 2]);
  return result;
}

/// Newton's approximation of 2 / (1 + a), two integer bits, for a in [0, 1] without integer bits.
INLAY_SMALL constexpr std::int32_t two_over_one_plus(std::int32_t a) {
  constexpr std::int32_t forty_eight_over_seventeen = 1515870810;
  constexpr std::int32_t minus_thirty_two_over_seventeen = -1010580540;
  constexpr std::int32_t one = 1 << 29;
  const std::int32_t half_denominator = rounding_half_sum(a, 0x7fffffff);
  std::int32_t x =
      wrapping_add(forty_eight_over_seventeen, multiply_fractions(half_denominator, minus_thirty_two_over_seventeen));
  for (int i = 0; i < 3; ++i) {
    const std::int32_t error = one - multiply_fractions(half_denominator, x);
    // The product of two numbers with two integer bits has four.
    x = wrapping_add(x, saturating_shift_left(multiply_fractions(x, error), 2));
  }
  return x;
}

/// 1 / (1 + a), no integer bits.
constexpr std::int32_t one_over_one_plus(std::int32_t a) {
  // Halving is a change of one integer bit; the result has none.
  return saturating_shift_left(two_over_one_plus(a), 1);
}

/// A positive number as fraction × 2^−bits, the fraction in (1/2, 1] without integer bits.
struct scaled_fraction {
  std::int32_t fraction = 0;
  std::int32_t bits = 0;
};

/// 1 / x for x > 0 with so many integer bits. GetReciprocal of tensorflow/lite/kernels/internal/common.h.
constexpr scaled_fraction reciprocal_of(std::int32_t x, std::int32_t integer_bits) {
  const std::int32_t headroom = std::countl_zero(static_cast<std::uint32_t>(x));
  // Of 0, which has no reciprocal, nothing is left either.
  const std::uint32_t normalised = (static_cast<std::uint32_t>(x) << (headroom & 31)) - (1u << 31);
  return {one_over_one_plus(static_cast<std::int32_t>(normalised)), integer_bits - headroom};
}

/// 1 / √x for an integer x ≥ 0; 0 counts as 1.
/// GetInvSqrtQuantizedMultiplierExp of tensorflow/lite/kernels/internal/common.h.
constexpr fixed_multiplier inverse_square_root(std::int32_t x) {
  if (x <= 1) return {0x7fffffff, 0};
  std::int32_t shift = 11;
  for (; x >= 1 << 29; x /= 4) ++shift;
  const std::int32_t pairs = (std::countl_zero(static_cast<std::uint32_t>(x)) - 1) / 2 - 1;
  shift -= pairs;
  // Newton's method from 1, with three integer bits: y (3 − x y²) / 2.
  const std::int32_t half_x = divide_by_power_of_two(x << 2 * pairs >> 1, 1);
  constexpr std::int32_t three_halves = 3 << 27, half_sqrt_two = 1518500250;
  std::int32_t y = 1 << 28;
  for (int i = 0; i < 5; ++i) {
    const std::int32_t cube = saturating_shift_left(multiply_fractions(multiply_fractions(y, y), y), 6);
    y = saturating_shift_left(multiply_fractions(three_halves, y) - multiply_fractions(half_x, cube), 3);
  }
  y = multiply_fractions(y, half_sqrt_two);
  return shift < 0 ? fixed_multiplier{shift_left(y, -shift), 0} : fixed_multiplier{y, -shift};
}

/// The natural logarithm of x ≥ 1 with 12 integer bits; the result has 5.
/// log_x_for_x_greater_than_or_equal_to_1 of tensorflow/lite/kernels/internal/common.h.
constexpr std::int32_t log_of(std::int32_t x) {
  constexpr std::int32_t integer_bits = 12, sum_bits = 6;
  constexpr std::int32_t log_two = 1488522236, fourth_root_of_half = 1805811301, root_of_half = 1518500250;
  constexpr std::int32_t quarter = (1 << 29) >> sum_bits;
  const auto headroom_of = [](std::int32_t value) {
    return std::countl_zero(static_cast<std::uint32_t>(value)) - 1;
  };
  // x = 2^power × r: r may lie on either side of 1/√2, the candidate with the smaller r is meant.
  const std::int32_t headroom = headroom_of(x);
  const std::int32_t lower =
      saturating_shift_left(multiply_fractions(saturating_shift_left(x, headroom), root_of_half), 1);
  const std::int32_t other_headroom = headroom_of(multiply_fractions(x, root_of_half));
  const std::int32_t upper = saturating_shift_left(x, other_headroom);
  const std::int32_t r = lower < upper ? lower : upper;
  const std::int32_t lower_power = (integer_bits - headroom - 1) * (1 << (31 - sum_bits)) + quarter;
  const std::int32_t upper_power = (integer_bits - other_headroom) * (1 << (31 - sum_bits)) - quarter;
  const std::int32_t power = lower_power > upper_power ? lower_power : upper_power;
  // A rational function around the fourth root of 1/2.
  const std::int32_t p = rounding_half_sum(r, fourth_root_of_half);
  const std::int32_t q = wrapping_add(r - fourth_root_of_half, r - fourth_root_of_half);
  const std::int32_t squared = multiply_fractions(q, q);
  const std::int32_t numerator =
      wrapping_add(multiply_fractions(q, r), multiply_fractions(multiply_fractions(q, squared), 117049297));
  const std::int32_t inner = wrapping_add(wrapping_add(1057819769, q), multiply_fractions(127690142, squared));
  const std::int32_t denominator = wrapping_add(multiply_fractions(p, inner), multiply_fractions(638450708, q));
  const std::int32_t quotient =
      multiply_fractions(divide_by_power_of_two(numerator, sum_bits), one_over_one_plus(denominator));
  return saturating_shift_left(wrapping_add(multiply_fractions(power, log_two), quotient), 1);
}

/// (1 − a) / (1 + a), no integer bits.
constexpr std::int32_t one_minus_over_one_plus(std::int32_t a) {
  return saturating_shift_left(two_over_one_plus(a) - (1 << 29), 2);
}

/// 1 / (1 + e^−a), a with four integer bits, the result with none.
constexpr std::int32_t logistic_of(std::int32_t a) {
  if (a == 0) return 1 << 30;
  const std::int32_t positive = one_over_one_plus(exp_of_negative<4>(a > 0 ? -a : a));
  return a > 0 ? positive : 0x7fffffff - positive;
}

/// tanh a, a with four integer bits, the result with none.
constexpr std::int32_t tanh_of(std::int32_t a) {
  if (a == 0) return 0;
  // 2a with five integer bits is the same raw number.
  const std::int32_t of_negative = one_minus_over_one_plus(exp_of_negative<5>(a > 0 ? -a : a));
  return a < 0 ? -of_negative : of_negative;
}

}  // namespace inlay::detail

INLAY_END_EXACT_FLOATS
