// Shorter forms of the reference's arithmetic: the same numbers.
#include <inlay/kernels/portable/elementwise.hpp>
#include <inlay/kernels/small/convolution.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

namespace {

using namespace inlay;
using namespace inlay::detail;

bool same_ratio(float a, float b, float c) {
  return detail::quantize_ratio(a, b, c) == quantize_multiplier(double{a} * double{b} / double{c});
}

/// x with a × x = 1 modulo m; 0 if there is none.
std::int64_t inverse(std::int64_t a, std::int64_t m) {
  std::int64_t rest = m, next = a % m, x = 0, next_x = 1;
  while (next != 0) {
    const std::int64_t quotient = rest / next, r = rest - quotient * next, y = x - quotient * next_x;
    rest = next, next = r;
    x = next_x, next_x = y;
  }
  return rest != 1 ? 0 : x < 0 ? x + m : x;
}

std::int32_t mantissa(std::mt19937& random) {
  return static_cast<std::int32_t>(1u << 23 | (static_cast<std::uint32_t>(random()) & 0x7fffff));
}

}  // namespace

TEST_CASE("ratios of scales without floating point") {
  std::mt19937 random(1);
  const auto any_scale = [&random] {
    // Long runs of equal bits, too; subnormal numbers now and then.
    auto bits = static_cast<std::uint32_t>(random()) & 0x7fffff;
    const std::uint32_t low = (1u << random() % 24) - 1;
    const auto kind = random() % 4;
    bits = kind == 0 ? bits & ~low : kind == 1 ? bits | low : bits;
    const auto exponent = static_cast<std::uint32_t>(random() % 20 == 0 ? random() % 2 : 60 + random() % 120);
    return std::bit_cast<float>(exponent << 23 | (bits & 0x7fffff));
  };
  int compared = 0, wrong = 0;
  for (int i = 0; i < 2000000; ++i) {
    const float a = any_scale(), b = any_scale(), c = any_scale();
    // What the importer refuses.
    if (!(a > 0) || !(c > 0) || !(double{a} * double{b} / double{c} < 2147483648.0)) continue;
    ++compared;
    if (!same_ratio(a, b, c)) ++wrong;
  }
  CHECK(compared > 1000000);
  CHECK(wrong == 0);
  CHECK(same_ratio(0.5f, 0.0f, 0.25f));
}

TEST_CASE("ratios of scales next to a tie") {
  // x × y × 2^k = t × z − s with an odd t of 32 bits and a small s: half a step, but for s.
  std::mt19937 random(2);
  int compared = 0, wrong = 0;
  for (int i = 0; i < 300000; ++i) {
    const std::int64_t z = mantissa(random) | 1, x = mantissa(random), k = 6 + random() % 4;
    const std::int64_t s = static_cast<std::int64_t>(random() % 9) - 4;
    const std::int64_t unit = inverse(x % z * (std::int64_t{1} << k) % z, z);
    if (unit == 0) continue;
    std::int64_t y = (z - s) % z * unit % z;
    if (y < 1 << 23) y += z;
    if (y >= 1 << 24) continue;
    // Below 2^57: x × y has at most 48 bits.
    const std::int64_t t = (x * y * (std::int64_t{1} << k) + s) / z;
    if (t % 2 == 0 || t >> 31 != 1) continue;
    ++compared;
    if (!same_ratio(static_cast<float>(x), static_cast<float>(y), static_cast<float>(z))) ++wrong;
  }
  CHECK(compared > 5000);
  CHECK(wrong == 0);
}

TEST_CASE("high products by products of 32 bits") {
  int wrong = 0;
  const auto compare = [&](std::int32_t a, std::int32_t b) {
    const auto high = static_cast<std::int32_t>((std::int64_t{a} * b + (std::int64_t{1} << 31)) >> 32);
    if (detail::high_product_of_halves(a, b) != high) ++wrong;
    if (detail::primitives<isa::portable>::add_high_product(7, a, b) != high + 7) ++wrong;
  };
  constexpr std::int32_t most = 1 << 30;
  std::mt19937 random(3);
  for (int i = 0; i < 1'000'000; ++i)
    compare(static_cast<std::int32_t>(random() % (2u * most + 1)) - most, static_cast<std::int32_t>(random() >> 1));
  // Around every sum of halves that could overflow.
  for (const std::int32_t a : {-most, -most + 0x7fff, -0x8001, -0x8000, -1, 0, 1, 0x7fff, 0x8000, most - 0x8001, most})
    for (const std::int32_t b : {0, 1, 0x7fff, 0xffff, 0x10000, 0x7fff0000, 0x7fff7fff, 0x7fff8000, 0x7fffffff})
      for (std::int32_t away = -2; away <= 2; ++away)
        if (a + away >= -most && a + away <= most) compare(a + away, b);
  CHECK(wrong == 0);
}

TEST_CASE("quotients by integers") {
  const auto same = [](float a, float b) {
    const float quotient = a / b;
    if (quotient > 3.4028234e38f || quotient < -3.4028234e38f) return true;
    // Subnormal ones are 0 then.
    const bool tiny = quotient < 1.1754944e-38f && quotient > -1.1754944e-38f;
    return divided_by_integers(a, b) == (tiny ? 0.0f : quotient);
  };
  std::mt19937 random(1);
  int wrong = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const auto a = static_cast<std::uint32_t>(random()), b = static_cast<std::uint32_t>(random()) & 0x7fffffff;
    // Every other pair is close, so that neither end is reached.
    const std::uint32_t near = i % 2 != 0 ? (a & 0x807fffff) | (0x3e800000 + (b & 0x03800000)) : a;
    const auto over = std::bit_cast<float>(near), under = std::bit_cast<float>(b % 0x7f800000);
    if (over - over == 0 && under > 0 && !same(over, under)) ++wrong;
  }
  CHECK(wrong == 0);
  for (float half = 0.5f; half < 200; ++half)  // next to ties
    for (const float scale : {0.1f, 0.0039215689f, 1e-30f, 7.0f})
      for (const float real : {half * scale, std::nextafter(half * scale, 0.0f), std::nextafter(half * scale, 1e9f)})
        CHECK(same(real, scale));
  CHECK(divided_by_integers(std::bit_cast<float>(0x7fc00000), 1.0f) < -3e38f);
  CHECK(divided_by_integers(std::bit_cast<float>(0x7f800000), 1.0f) > 3e38f);
}

TEST_CASE("floats to int8") {
  int wrong = 0;
  for (const std::int32_t zero_point : {-128, 5, 127}) {
    const auto compare = [&](float steps) {
      if (detail::fast_quantize<isa::portable>::rounded(2 * steps, zero_point) !=
          detail::quantized(steps, 1.0f, zero_point))
        ++wrong;
    };
    // Floats of all sizes, infinities and NaN among them; all within a few bits of each half.
    for (std::uint32_t bits = 0; bits < 0xffff0000; bits += 0x1fff) compare(std::bit_cast<float>(bits));
    for (std::int32_t half = -1100; half <= 1100; ++half)
      for (std::int32_t away = -3; away <= 3; ++away)
        compare(std::bit_cast<float>(std::bit_cast<std::int32_t>(static_cast<float>(half) * 0.5f) + away));
  }
  CHECK(wrong == 0);
}
