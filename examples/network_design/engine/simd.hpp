// Sixteen floats at a time, and numbers of sixteen bits (bfloat16) as they stand in memory.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

namespace engine {

using bf16 = std::uint16_t;
using size = std::size_t;

constexpr size lanes = 16;

using floats = float __attribute__((vector_size(64)));
using words = std::uint32_t __attribute__((vector_size(64)));
using halves = std::uint16_t __attribute__((vector_size(32)));
using mask = std::int32_t __attribute__((vector_size(64)));

inline floats load(const float* from) {
  floats value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline floats load(const bf16* from) {
  halves value;
  std::memcpy(&value, from, sizeof value);
  return __builtin_bit_cast(floats, __builtin_convertvector(value, words) << 16);
}

/// Sixteen, or with half the first eight alone.
inline void store(float* to, floats value, bool half = false) {
  if (half) {
    std::memcpy(to, &value, sizeof value / 2);
  } else {
    std::memcpy(to, &value, sizeof value);
  }
}

inline halves rounded(floats value) {
#ifdef __AVX512BF16__
  return __builtin_bit_cast(halves, _mm512_cvtneps_pbh(__builtin_bit_cast(__m512, value)));
#else
  const words bits = __builtin_bit_cast(words, value);
  return __builtin_convertvector((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16, halves);
#endif
}

inline void store(bf16* to, floats value, bool half = false) {
  const halves narrow = rounded(value);
  if (half) {
    std::memcpy(to, &narrow, sizeof narrow / 2);
  } else {
    std::memcpy(to, &narrow, sizeof narrow);
  }
}

inline floats splat(float value) { return value - floats{}; }

inline floats chosen(mask which, floats value) {
  return __builtin_bit_cast(floats, which & __builtin_bit_cast(mask, value));
}

inline floats clamped(floats value, float low, float high) {
  const floats lowest = splat(low), highest = splat(high);
  value = value < lowest ? lowest : value;
  return value > highest ? highest : value;
}

inline floats first_half(floats value) {
  constexpr mask first{-1, -1, -1, -1, -1, -1, -1, -1};
  return chosen(first, value);
}

/// Calls action(i, j, half) for each vector of count floats (a multiple of eight), j being its place in a period (a
/// multiple of sixteen); half for a last one of eight.
template <class Action>
inline void each(size count, size period, Action action) {
  const size whole = count / lanes * lanes;
  for (size base = 0; base < count; base += period) {
    for (size j = 0; j < period && base + j < whole; j += lanes) action(base + j, j, false);
  }
  if (whole < count) action(whole, whole % period, true);
}

}  // namespace engine
