// Inlay: vectors of AArch64.
#pragma once

#include <inlay/kernels/vector/lanes.hpp>

#if INLAY_HAS_NEON
#include <arm_neon.h>
#endif

namespace inlay::inline INLAY_ABI::detail {

#if INLAY_HAS_NEON

/// What both sets of kernels have in common.
struct neon_sums {
  static constexpr std::int32_t lanes = 4;
  static constexpr int block_panels = 4;
  static constexpr int block_pixels(int panels) { return panels == 1 ? 12 : panels == 2 ? 6 : 4; }
  static constexpr int pointed = 3;
  static constexpr std::int32_t element_offset = 0;
  static std::int32_t row_lead(const std::int8_t*, std::int32_t) { return 0; }
  using sums = int32x4_t;
  using accumulator = sums;
  using group = channel_lanes<lanes>;

  static sums load(const std::int32_t* from) { return vld1q_s32(from); }
  static sums add(sums a, sums b) { return vaddq_s32(a, b); }
  static sums zero() { return vdupq_n_s32(0); }
  static sums shifts(const group& g) {
    std::int8_t all[8]{};
    std::memcpy(all, g.shift, sizeof g.shift);
    return vmovl_s16(vget_low_s16(vmovl_s8(vld1_s8(all))));
  }
  static sums zero_points(const group& g) { return vmovl_s16(vld1_s16(g.zero_point)); }

  /// Sums that have their bias to outputs, not clamped yet.
  struct requantiser {
    int32x4_t multiplier, shift, zero_point;
    explicit requantiser(const group& g)
        : multiplier(load(g.multiplier)), shift(shifts(g)), zero_point(zero_points(g)) {}
    sums operator()(sums v) const {
      const int32x4_t product = vqrdmulhq_s32(v, multiplier);
      // The rounding shift rounds ties up: those of negative numbers are brought below.
      return vaddq_s32(vrshlq_s32(vaddq_s32(product, vshrq_n_s32(product, 31)), shift), zero_point);
    }
  };
  /// The same, whatever the constants.
  static sums requantise_any(sums v, const group& g) {
    const int32x4_t shift = shifts(g), right = vminq_s32(shift, zero());
    const int32x4_t product = vqrdmulhq_s32(vshlq_s32(v, vmaxq_s32(shift, zero())), load(g.multiplier));
    const int32x4_t below = vandq_s32(vshrq_n_s32(product, 31), vshrq_n_s32(right, 31));
    return vaddq_s32(vrshlq_s32(vaddq_s32(product, below), right), zero_points(g));
  }

  static int8x8_t clamp(int8x8_t bytes, const output_range& range) {
    return vmin_s8(vmax_s8(bytes, vdup_n_s8(static_cast<std::int8_t>(range.low))),
                   vdup_n_s8(static_cast<std::int8_t>(range.high)));
  }
  /// The first `count` lanes, clamped.
  static void store_outputs(std::int8_t* to, sums v, const output_range& range, std::int32_t count) {
    const int16x4_t words = vqmovn_s32(v);
    store_some<lanes>(to, clamp(vqmovn_s16(vcombine_s16(words, words)), range), count);
  }
  template <std::int32_t Most>
  static void store_some(std::int8_t* to, int8x8_t bytes, std::int32_t count) {
    std::int8_t all[8];
    vst1_s8(all, bytes);
    if (count >= Most)
      std::memcpy(to, all, Most);
    else
      copy_few(to, all, count);
  }
};

/// AArch64 without dot products: inputs and weights are multiplied as 16-bit numbers, four of them in a vector of sums.
struct neon_vectors : neon_sums, element_moves<neon_vectors, std::int16_t>, channel_block<4, 2> {
  static constexpr std::int32_t depth = 1;
  using element = std::int16_t;
  using weight = std::int16_t;

  using neon_sums::load;
  static sums load(const std::int16_t* from) {
    return vreinterpretq_s32_s16(vcombine_s16(vld1_s16(from), vdup_n_s16(0)));
  }
  static sums from_words(int16x4_t words) { return vreinterpretq_s32_s16(vcombine_s16(words, vdup_n_s16(0))); }
  static int16x4_t words(sums v) { return vget_low_s16(vreinterpretq_s16_s32(v)); }
  static sums broadcast(const element* from) { return from_words(vld1_dup_s16(from)); }
  static sums dot(sums to, sums elements, sums weights) { return vmlal_s16(to, words(elements), words(weights)); }

  static void copy(element* to, const std::int8_t* from, std::int32_t count) {
    std::int32_t i = 0;
    for (; i + 8 <= count; i += 8) vst1q_s16(to + i, vmovl_s8(vld1_s8(from + i)));
    for (; i < count; ++i) to[i] = from[i];
  }

  static void pack(weight* panel, const std::int8_t* rows, std::int32_t pitch, std::int32_t row_count,
                   std::int32_t count) {
    for (std::int32_t k = 0; k < count; ++k)
      for (std::int32_t i = 0; i < lanes; ++i) *panel++ = i < row_count ? rows[i * pitch + k] : weight{0};
  }

  static constexpr std::int32_t row_step = 8;
  static sums multiply_rows(const element* elements, const std::int8_t* weights, std::int32_t count, std::int32_t first,
                            std::int32_t end) {
    sums v[lanes];
    for (int i = 0; i < lanes; ++i) {
      const std::int8_t* row = weights + (first + i < end ? first + i : first) * count;
      v[i] = zero();
      for (std::int32_t at = 0; at < count; at += 8) {
        const std::int32_t rest = count - at;
        const int16x8_t w = vmovl_s8(rest >= 8 ? vld1_s8(row + at) : vld1_s8(repeat<8>(row + at, rest, 1).bytes));
        const int16x8_t e = vld1q_s16(elements + at);
        v[i] = vmlal_high_s16(vmlal_s16(v[i], vget_low_s16(e), vget_low_s16(w)), e, w);
      }
    }
    return vpaddq_s32(vpaddq_s32(v[0], v[1]), vpaddq_s32(v[2], v[3]));
  }

  // A block: eight channels, one tap at a time.
  struct parts {
    sums v[parts_count];
  };
  static parts interleave(const sums (&taps)[depth]) {
    const int16x8_t all = vreinterpretq_s16_s32(taps[0]);
    return {{from_words(vget_low_s16(all)), from_words(vget_high_s16(all))}};
  }
  using neon_sums::store_outputs;
  static void store_outputs(std::int8_t* to, const parts& p, const output_range& range, std::int32_t count) {
    const int16x8_t all = vcombine_s16(vqmovn_s32(p.v[0]), vqmovn_s32(p.v[1]));
    store_some<block>(to, clamp(vqmovn_s16(all), range), count);
  }
  static sums load_weights(const std::int8_t* from, std::int32_t channels, std::int32_t pixels) {
    return vreinterpretq_s32_s16(vmovl_s8(vld1_s8(repeat<block>(from, channels, pixels).bytes)));
  }
  static sums load_elements(const element* from) { return vreinterpretq_s32_s16(vld1q_s16(from)); }
};

#endif

#if INLAY_HAS_NEON_DOT

/// AArch64 with dot products.
struct neon_dot_vectors : neon_sums, element_moves<neon_dot_vectors, std::int8_t>, channel_block<4, 4> {
  static constexpr std::int32_t depth = 4;
  using element = std::int8_t;
  using weight = std::int8_t;

  using neon_sums::load;
  static sums load(const std::int8_t* from) { return vreinterpretq_s32_s8(vld1q_s8(from)); }
  static void store(std::int8_t* to, sums v) { vst1q_s8(to, vreinterpretq_s8_s32(v)); }
  /// Up to 16 bytes.
  static sums load_some(const std::int8_t* from, std::int32_t count) {
    return count >= 16 ? load(from) : load(repeat<16>(from, count, 1).bytes);
  }
  static sums broadcast(const element* from) {
    std::int32_t four;
    std::memcpy(&four, from, 4);
    return vdupq_n_s32(four);
  }
  static sums dot(sums to, sums elements, sums weights) {
    return vdotq_s32(to, vreinterpretq_s8_s32(elements), vreinterpretq_s8_s32(weights));
  }

  static void copy(element* to, const std::int8_t* from, std::int32_t count) {
    std::int32_t i = 0;
    for (; i + 16 <= count; i += 16) vst1q_s8(to + i, vld1q_s8(from + i));
    copy_few(to + i, from + i, count - i);
  }

  static void pack(weight* panel, const std::int8_t* rows, std::int32_t pitch, std::int32_t row_count,
                   std::int32_t count) {
    for (std::int32_t first = 0; first < count; first += 16) {
      const std::int32_t rest = count - first;
      sums v[lanes];
      for (int i = 0; i < lanes; ++i) v[i] = i < row_count ? load_some(rows + i * pitch + first, rest) : zero();
      const int32x4_t low_even = vtrn1q_s32(v[0], v[1]), low_odd = vtrn2q_s32(v[0], v[1]);
      const int32x4_t high_even = vtrn1q_s32(v[2], v[3]), high_odd = vtrn2q_s32(v[2], v[3]);
      const auto low_halves = [](int32x4_t a, int32x4_t b) {
        return vcombine_s32(vget_low_s32(a), vget_low_s32(b));
      };
      const auto high_halves = [](int32x4_t a, int32x4_t b) {
        return vcombine_s32(vget_high_s32(a), vget_high_s32(b));
      };
      weight* to = panel + first * lanes;
      store(to, low_halves(low_even, high_even));
      if (rest > 4) store(to + 16, low_halves(low_odd, high_odd));
      if (rest > 8) store(to + 32, high_halves(low_even, high_even));
      if (rest > 12) store(to + 48, high_halves(low_odd, high_odd));
    }
  }

  static constexpr std::int32_t row_step = 16;
  static sums multiply_rows(const element* elements, const std::int8_t* weights, std::int32_t count, std::int32_t first,
                            std::int32_t end) {
    sums v[lanes];
    for (int i = 0; i < lanes; ++i) {
      const std::int8_t* row = weights + (first + i < end ? first + i : first) * count;
      v[i] = zero();
      for (std::int32_t at = 0; at < count; at += 16)
        v[i] = dot(v[i], load(elements + at), load_some(row + at, count - at));
    }
    return vpaddq_s32(vpaddq_s32(v[0], v[1]), vpaddq_s32(v[2], v[3]));
  }

  struct parts {
    sums v[parts_count];
  };
  static parts interleave(const sums (&taps)[depth]) {
    const int8x16_t a = vreinterpretq_s8_s32(taps[0]), b = vreinterpretq_s8_s32(taps[1]);
    const int8x16_t c = vreinterpretq_s8_s32(taps[2]), d = vreinterpretq_s8_s32(taps[3]);
    const int16x8_t low_ab = vreinterpretq_s16_s8(vzip1q_s8(a, b)), high_ab = vreinterpretq_s16_s8(vzip2q_s8(a, b));
    const int16x8_t low_cd = vreinterpretq_s16_s8(vzip1q_s8(c, d)), high_cd = vreinterpretq_s16_s8(vzip2q_s8(c, d));
    return {{vreinterpretq_s32_s16(vzip1q_s16(low_ab, low_cd)), vreinterpretq_s32_s16(vzip2q_s16(low_ab, low_cd)),
             vreinterpretq_s32_s16(vzip1q_s16(high_ab, high_cd)), vreinterpretq_s32_s16(vzip2q_s16(high_ab, high_cd))}};
  }
  using neon_sums::store_outputs;
  static void store_outputs(std::int8_t* to, const parts& p, const output_range& range, std::int32_t count) {
    const int16x8_t low = vcombine_s16(vqmovn_s32(p.v[0]), vqmovn_s32(p.v[1]));
    const int16x8_t high = vcombine_s16(vqmovn_s32(p.v[2]), vqmovn_s32(p.v[3]));
    const int8x16_t bytes = vcombine_s8(clamp(vqmovn_s16(low), range), clamp(vqmovn_s16(high), range));
    write_some<block>(to, count, [&](std::int8_t* all) { vst1q_s8(all, bytes); });
  }
  static sums load_weights(const std::int8_t* from, std::int32_t channels, std::int32_t pixels) {
    return load(repeat<block>(from, channels, pixels).bytes);
  }
  static sums load_elements(const element* from) { return load(from); }
};

#endif

}  // namespace inlay::detail
