// Inlay: how a tensor's bytes stand for real numbers, and the fixed-point numbers made from scales.
#pragma once

#include <inlay/config.hpp>

#include <bit>
#include <cstdint>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI {

namespace detail {

/// All floats are doubles, too.
constexpr double as_double(float value) { return static_cast<double>(value); }

/// Whether positive numbers are equal: their bits are.
constexpr bool same_number(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

/// a / b by integers, rounded as IEEE 754 says, for positive finite b. What is too large becomes the largest float,
/// what would be subnormal 0, and NaN the lowest float.
constexpr float divided_by_integers(float a, float b) {
  struct parts {
    std::uint32_t fraction;  // [2^23, 2^24), or 0
    std::int32_t exponent;
  };
  const auto split = [](std::uint32_t bits) {
    parts p{bits & 0x007fffff, static_cast<std::int32_t>(bits >> 23 & 0xff)};
    if (p.exponent > 0) p.fraction |= 0x00800000;
    if (p.exponent == 0) p.exponent = 1;
    for (; p.fraction != 0 && p.fraction < 0x00800000; p.fraction <<= 1) --p.exponent;
    return p;
  };
  const auto bits = std::bit_cast<std::uint32_t>(a);
  const std::uint32_t unsigned_bits = bits & 0x7fffffff;
  constexpr std::uint32_t infinity = 0x7f800000, largest = 0x7f7fffff;
  const std::uint32_t sign = unsigned_bits > infinity ? 0x80000000 : bits & 0x80000000;
  if (unsigned_bits >= infinity) return std::bit_cast<float>(sign | largest);
  const parts over = split(unsigned_bits), under = split(std::bit_cast<std::uint32_t>(b));
  if (over.fraction == 0) return 0;
  const bool less = over.fraction < under.fraction;
  const std::uint64_t numerator = std::uint64_t{over.fraction} << (less ? 25 : 24);
  const auto quotient = static_cast<std::uint32_t>(numerator / under.fraction);  // [2^24, 2^25)
  const bool inexact = std::uint64_t{quotient} * under.fraction != numerator;
  const bool up = (quotient & 1) != 0 && (inexact || (quotient & 2) != 0);
  const std::int32_t exponent = over.exponent - under.exponent + (less ? 126 : 127);
  if (exponent <= 0) return 0;
  if (exponent >= 255) return std::bit_cast<float>(sign | largest);
  const std::uint32_t rounded =
      (static_cast<std::uint32_t>(exponent) << 23) + (quotient / 2 - 0x00800000) + (up ? 1 : 0);
  return std::bit_cast<float>(sign | (rounded > largest ? largest : rounded));
}

/// a / b, b positive and finite, as IEEE 754 rounds it under any flags of the compiler.
constexpr float exact_quotient(float a, float b) {
  INLAY_EXACT_DIVISION
  if constexpr (INLAY_HAS_EXACT_FLOATS)
    return a / b;
  else
    return divided_by_integers(a, b);
}

/// A positive real number as multiplier × 2^(shift − 31), the multiplier in [2^30, 2^31) or 0.
struct fixed_multiplier {
  std::int32_t multiplier = 0;
  std::int32_t shift = 0;
  friend constexpr bool operator==(const fixed_multiplier&, const fixed_multiplier&) = default;
};

/// Little-endian numbers in a model's bytes, of whatever character type. The caller knows that they are there.
template <typename Byte>
constexpr std::int32_t read_int32(const Byte* bytes, std::uint32_t at) {
  static_assert(sizeof(Byte) == 1);
  return static_cast<std::int32_t>(static_cast<std::uint8_t>(bytes[at]) |
                                   static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[at + 1])) << 8 |
                                   static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[at + 2])) << 16 |
                                   static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[at + 3])) << 24);
}
template <typename Byte>
constexpr float read_float(const Byte* bytes, std::uint32_t at) {
  return std::bit_cast<float>(read_int32(bytes, at));
}

/// Half away from zero, as std::round, which is not constexpr in C++20. |value| < 2^62.
constexpr std::int64_t round_half_away(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  const double rest = value - static_cast<double>(whole);
  if (rest >= 0.5) return whole + 1;
  if (rest <= -0.5) return whole - 1;
  return whole;
}

constexpr std::int64_t floor_to_integer(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return static_cast<double>(whole) > value ? whole - 1 : whole;
}

/// A positive finite number as fraction × 2^exponent with the fraction in [0.5, 1): std::frexp, constexpr.
struct binary_fraction {
  double fraction = 0;
  int exponent = 0;
};

constexpr binary_fraction split_binary(double value) {
  if (!(value > 0)) return {};
  int exponent = 0;
  // Subnormal numbers have no implicit leading bit: lift them into the normal range first.
  if (value < 0x1p-1022) {
    value *= 0x1p64;
    exponent -= 64;
  }
  const auto bits = std::bit_cast<std::uint64_t>(value);
  exponent += static_cast<int>((bits >> 52) & 0x7ff) - 1022;
  const auto fraction = (bits & 0x000fffffffffffffULL) | 0x3fe0000000000000ULL;
  return {std::bit_cast<double>(fraction), exponent};
}

/// √value of a positive finite number, by Newton's method.
constexpr double square_root(double value) {
  const int half = split_binary(value).exponent / 2;
  double root = 1;
  for (int i = 0; i < (half < 0 ? -half : half); ++i) root = half < 0 ? root / 2 : root * 2;
  // Each time, twice as many digits are right.
  for (int i = 0; i < 7; ++i) root = (root + value / root) / 2;
  return root;
}

/// QuantizeMultiplier of tensorflow/lite/kernels/internal/quantization_util.cc, double rounding.
constexpr fixed_multiplier quantize_multiplier(double real) {
  const binary_fraction split = split_binary(real);
  if (!(split.fraction > 0)) return {};
  int shift = split.exponent;
  std::int64_t fixed = round_half_away(split.fraction * 2147483648.0);
  if (fixed == (std::int64_t{1} << 31)) {
    fixed /= 2;
    ++shift;
  }
  // Smaller numbers would shift every bit out.
  if (shift < -31) return {};
  return {static_cast<std::int32_t>(fixed), shift};
}

}  // namespace detail

/// real = scale × (stored − zero_point). Weights may have one scale per output channel: `scales_at` is where
/// the first of `channels` little-endian floats stands in the model's bytes, `zero_points_at` the same for
/// int64 zero points, 0 if the model leaves them out.
struct quantization {
  float scale = 0;
  std::int32_t zero_point = 0;
  std::int32_t channels = 0;  // number of scales: 0 not quantised, 1 per tensor
  std::uint32_t scales_at = 0;
  std::uint32_t zero_points_at = 0;

  /// Same meaning of every stored value. For activations, which have one scale.
  friend constexpr bool same_values(const quantization& a, const quantization& b) {
    return detail::same_number(a.scale, b.scale) && a.zero_point == b.zero_point;
  }
};

}  // namespace inlay

INLAY_END_EXACT_FLOATS
