// Inlay: pools and MEAN for Cortex-M55 and M85: eight or sixteen channels at a time.
#pragma once

#include <inlay/kernels/arm_mve/requantize.hpp>
#include <inlay/kernels/portable/reduce.hpp>

#include <arm_mve.h>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_mve {

/// Sums of bytes that fit 16 bits.
inline constexpr std::int32_t most_addends = 256;

/// Sums of eight channels of pixels, at most most_addends of them, that stand `pitch` elements apart; `from` goes on.
INLAY_ALWAYS_INLINE int16x8_t sum_pixels(const std::int8_t*& from, std::int32_t pitch, std::int32_t pixels,
                                         int16x8_t sums, mve_pred16_t inside) {
  for (; pixels > 0; --pixels, from += pitch) sums = vaddq_s16(sums, vldrbq_z_s16(from, inside));
  return sums;
}

/// AVERAGE_POOL_2D and MAX_POOL_2D.
template <bool Average>
struct pool : detail::no_table {
  using portable = detail::fast_pool<Average>;
  using spec = typename portable::spec;
  using parameters = typename portable::parameters;

  static constexpr bool accepts(graph_view g, const layer& l) {
    const extent2d& kernel = l.window.kernel;
    return portable::accepts(g, l) && kernel.height <= most_addends && kernel.width <= most_addends &&
           kernel.height * kernel.width <= most_addends;
  }
  static constexpr spec specialise(graph_view g, const layer& l) { return portable::specialise(g, l); }
  static constexpr parameters prepare(graph_view g, const layer& l) { return portable::prepare(g, l); }

  /// An average over the whole map, row by row.
  template <spec S>
  static void accumulate(const parameters& p, std::int8_t* output, std::int8_t* sums, const region& row,
                         const map_view<const std::int8_t>& input) {
    portable::template accumulate<S>(p, output, sums, row, input);
  }

  template <spec>
  INLAY_NEVER_INLINE static void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                                     const region& r, const map_view<const std::int8_t>& input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      const inside rows = clip(y * p.stride_height - p.padding_top, p.kernel_height, p.input_height);
      std::int8_t* out = output.pixel(y, r.first_column);
      for (std::int32_t x = r.first_column; x < r.end_column; ++x, out += output.pixel_pitch) {
        const inside columns = clip(x * p.stride_width - p.padding_left, p.kernel_width, p.input_width);
        for (std::int32_t c = 0; c < p.channels; c += at_once) {
          const std::int32_t left = p.channels - c;
          if constexpr (Average)
            make_average(p, input, rows, columns, c, left, out + c);
          else
            make_maximum(p, input, rows, columns, c, left, out + c);
        }
      }
    }
  }

 private:
  static constexpr std::int32_t at_once = Average ? 8 : 16;

  struct inside {
    std::int32_t first = 0, size = 0;
  };
  static inside clip(std::int32_t first, std::int32_t size, std::int32_t extent) {
    const std::int32_t begin = first > 0 ? first : 0;
    const std::int32_t end = first + size < extent ? first + size : extent;
    return {begin, end - begin};
  }

  INLAY_ALWAYS_INLINE static void make_average(const parameters& p, const map_view<const std::int8_t>& input,
                                               inside rows, inside columns, std::int32_t c, std::int32_t left,
                                               std::int8_t* out) {
    const mve_pred16_t lanes_inside = vctp16q(static_cast<std::uint32_t>(left));
    int16x8_t sums = vdupq_n_s16(0);
    for (std::int32_t i = 0; i < rows.size; ++i) {
      const std::int8_t* from = input.pixel(rows.first + i, columns.first) + c;
      sums = sum_pixels(from, input.pixel_pitch, columns.size, sums, lanes_inside);
    }
    // The absolute values, and half of the divisor, divided by multiplication: exact below 2^16.
    const std::int32_t count = rows.size * columns.size;
    const auto reciprocal =
        vdupq_n_u32((0x80000000u + static_cast<std::uint32_t>(count) - 1) / static_cast<std::uint32_t>(count));
    const int16x8_t sign = vshrq_n_s16(sums, 15);
    // −32768 is as good as an unsigned 32768.
    const uint16x8_t dividend =
        vaddq_n_u16(vreinterpretq_u16_s16(vabsq_s16(sums)), static_cast<std::uint16_t>(count / 2));
    const auto divided = [&](uint32x4_t v) {
      return vmulhq_u32(vshlq_n_u32(v, 1), reciprocal);
    };
    uint16x8_t quotient =
        vmovntq_u32(vreinterpretq_u16_u32(divided(vmovlbq_u16(dividend))), divided(vmovltq_u16(dividend)));
    int16x8_t v = vsubq_s16(veorq_s16(vreinterpretq_s16_u16(quotient), sign), sign);
    v = vminq_s16(vmaxq_s16(v, vdupq_n_s16(p.low)), vdupq_n_s16(p.high));
    vstrbq_p_s16(out, v, lanes_inside);
  }

  INLAY_ALWAYS_INLINE static void make_maximum(const parameters& p, const map_view<const std::int8_t>& input,
                                               inside rows, inside columns, std::int32_t c, std::int32_t left,
                                               std::int8_t* out) {
    const mve_pred16_t lanes_inside = vctp8q(static_cast<std::uint32_t>(left));
    int8x16_t most = vdupq_n_s8(-128);
    for (std::int32_t i = 0; i < rows.size; ++i) {
      const std::int8_t* from = input.pixel(rows.first + i, columns.first) + c;
      for (std::int32_t j = columns.size; j > 0; --j, from += input.pixel_pitch)
        most = vmaxq_s8(most, vldrbq_z_s8(from, lanes_inside));
    }
    most = vminq_s8(vmaxq_s8(most, vdupq_n_s8(p.low)), vdupq_n_s8(p.high));
    vstrbq_p_s8(out, most, lanes_inside);
  }
};

/// MEAN over axes that follow one another, as detail::fast_mean. Sums that wait for more rows are those of four even
/// and of four odd channels in turn.
struct mean : detail::no_table {
  using portable = detail::fast_mean;
  using spec = portable::spec;
  using parameters = portable::parameters;

  static constexpr bool accepts(graph_view g, const layer& l) {
    // Of one channel at a time, nothing is gained; sums of a whole map in steps need room for eight.
    const parameters p = portable::accepts(g, l) ? portable::prepare(g, l) : parameters{};
    return p.inner >= 8 && p.inner % 8 == 0 && p.multiplier.shift <= -1 && p.multiplier.shift >= -31;
  }
  static constexpr spec specialise(graph_view g, const layer& l) { return portable::specialise(g, l); }
  static constexpr parameters prepare(graph_view g, const layer& l) { return portable::prepare(g, l); }

  template <spec>
  INLAY_NEVER_INLINE static void run_whole(const parameters& p, const table_entry*, std::int8_t* output,
                                           const std::int8_t* input) {
    for (std::int32_t i = p.outer; i > 0; --i, input += p.reduced * p.inner)
      for (std::int32_t c = 0; c < p.inner; c += 8, output += 8) {
        eight_sums sums = sum_all(input + c, p.inner, p.reduced);
        finish(p, sums, output);
      }
  }

  template <spec>
  INLAY_NEVER_INLINE static void accumulate(const parameters& p, std::int8_t* output, std::int8_t* stored,
                                            const region& row, const map_view<const std::int8_t>& input) {
    const std::int8_t* pixels = input.pixel(row.first_row, row.first_column);
    auto* stored_sums = reinterpret_cast<std::int32_t*>(stored);
    for (std::int32_t c = 0; c < p.inner; c += 8, stored_sums += 8) {
      eight_sums sums = sum_all(pixels + c, input.pixel_pitch, row.end_column - row.first_column);
      if (!starts(row)) {
        sums.even = vaddq_s32(sums.even, vldrwq_s32(stored_sums));
        sums.odd = vaddq_s32(sums.odd, vldrwq_s32(stored_sums + 4));
      }
      vstrwq_s32(stored_sums, sums.even);
      vstrwq_s32(stored_sums + 4, sums.odd);
      if (row.end_row == p.rows) finish(p, sums, output + c);
    }
  }

 private:
  struct eight_sums {
    int32x4_t even, odd;
  };

  INLAY_ALWAYS_INLINE static eight_sums sum_all(const std::int8_t* from, std::int32_t pitch, std::int32_t pixels) {
    eight_sums all{vdupq_n_s32(0), vdupq_n_s32(0)};
    for (; pixels > 0; pixels -= most_addends) {
      const std::int32_t some = pixels < most_addends ? pixels : most_addends;
      int16x8_t sums = vdupq_n_s16(0);
      asm volatile(
          "   dls lr, %[some]\n"
          "1: vldrb.s16 q0, [%[from]]\n"
          "   add %[from], %[pitch]\n"
          "   vadd.i16 %q[sums], %q[sums], q0\n"
          "   le lr, 1b\n"
          : [from] "+r"(from), [sums] "+w"(sums)
          : [pitch] "r"(pitch), [some] "r"(some)
          : "q0", "lr", "memory");
      all.even = vaddq_s32(all.even, vmovlbq_s16(sums));
      all.odd = vaddq_s32(all.odd, vmovltq_s16(sums));
    }
    return all;
  }

  INLAY_ALWAYS_INLINE static void finish(const parameters& p, const eight_sums& sums, std::int8_t* output) {
    const auto scaled = [&p](int32x4_t v) {
      const int32x4_t high = vqrdmulhq_n_s32(vsubq_n_s32(v, p.zero_point_sum), p.multiplier.multiplier);
      const int32x4_t shifted = vrshlq_n_s32(vaddq_s32(high, vshrq_n_s32(high, 31)), p.multiplier.shift);
      return vaddq_n_s32(shifted, p.output_zero_point);
    };
    const int32x4_t even = scaled(sums.even);
    const int16x8_t both = vqmovntq_s32(vqmovnbq_s32(vreinterpretq_s16_s32(even), even), scaled(sums.odd));
    vstrbq_s16(output, vminq_s16(vmaxq_s16(both, vdupq_n_s16(-128)), vdupq_n_s16(127)));
  }
};

}  // namespace inlay::detail::arm_mve

namespace inlay::inline INLAY_ABI::detail {

template <>
struct fast_kernel<isa::arm_mve, layer_kind::average_pool2d> : arm_mve::pool<true> {};
template <>
struct fast_kernel<isa::arm_mve, layer_kind::max_pool2d> : arm_mve::pool<false> {};
template <>
struct fast_kernel<isa::arm_mve, layer_kind::mean> : arm_mve::mean {};

}  // namespace inlay::detail
