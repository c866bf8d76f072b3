// Inlay: DEPTHWISE_CONV_2D for Cortex-M55 and M85: sixteen channels at a time.
#pragma once

#include <inlay/kernels/arm_mve/convolution.hpp>

#include <arm_mve.h>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_mve {

/// Taps of the largest window, and those of the largest one for fewer than 16 channels; rows of the highest.
inline constexpr std::int32_t most_taps = 49, most_narrow_taps = 25, most_tap_rows = 9;

/// Sums of sixteen channels. Widening a vector of bytes and one of halves leaves every fourth channel side by side:
/// s0 has channels 0, 4, 8, 12, and so on. Narrowing puts them back.
struct sixteen_sums {
  int32x4_t s0, s1, s2, s3;

  /// Adds the products of even channels, then those of odd ones.
  INLAY_ALWAYS_INLINE void add(int16x8_t even, int16x8_t odd) {
    s0 = vaddq_s32(s0, vmovlbq_s16(even));
    s2 = vaddq_s32(s2, vmovltq_s16(even));
    s1 = vaddq_s32(s1, vmovlbq_s16(odd));
    s3 = vaddq_s32(s3, vmovltq_s16(odd));
  }

  /// Adds what pairs of taps make, from a channel on; `tap` and `weights` go on. Written out to do with eight
  /// registers.
  INLAY_ALWAYS_INLINE void add_pairs(const std::int8_t* const*& tap, const std::int8_t*& weights,
                                     std::int32_t weight_pitch, std::int32_t channel, std::int32_t pairs) {
    const std::int8_t *x0, *x1;
    asm volatile(
        "   dls lr, %[pairs]\n"
        "1: ldrd %[x0], %[x1], [%[tap]], #8\n"
        "   add %[x0], %[channel]\n"
        "   add %[x1], %[channel]\n"
        "   vldrb.8 q0, [%[x0]]\n"
        "   vldrb.8 q1, [%[weights]]\n"
        "   add %[weights], %[weight_pitch]\n"
        "   vmullb.s8 q2, q0, q1\n"
        "   vmullt.s8 q0, q0, q1\n"
        "   vldrb.8 q1, [%[x1]]\n"
        "   vldrb.8 q3, [%[weights]]\n"
        "   vmullb.s8 q3, q1, q3\n"
        "   vadd.i16 q2, q2, q3\n"
        "   vldrb.8 q3, [%[weights]]\n"
        "   add %[weights], %[weight_pitch]\n"
        "   vmullt.s8 q1, q1, q3\n"
        "   vadd.i16 q0, q0, q1\n"
        "   vmovlb.s16 q1, q2\n"
        "   vadd.i32 %q[s0], %q[s0], q1\n"
        "   vmovlt.s16 q2, q2\n"
        "   vadd.i32 %q[s2], %q[s2], q2\n"
        "   vmovlb.s16 q1, q0\n"
        "   vadd.i32 %q[s1], %q[s1], q1\n"
        "   vmovlt.s16 q0, q0\n"
        "   vadd.i32 %q[s3], %q[s3], q0\n"
        "   le lr, 1b\n"
        : [tap] "+r"(tap), [weights] "+r"(weights), [x0] "=&r"(x0), [x1] "=&r"(x1), [s0] "+w"(s0), [s1] "+w"(s1),
          [s2] "+w"(s2), [s3] "+w"(s3)
        : [weight_pitch] "r"(weight_pitch), [channel] "r"(channel), [pairs] "r"(pairs)
        : "q0", "q1", "q2", "q3", "lr", "memory");
  }
};

/// The inputs of a window: for each tap where its first channel stands; outside the map where zero points stand.
template <std::int32_t Most>
struct tap_list {
  // Rounded up to what vectors of pointers take.
  alignas(8) const std::int8_t* items[static_cast<std::size_t>((Most + 3) / 4 * 4)];

  /// Moves all taps by a number of bytes.
  INLAY_ALWAYS_INLINE void advance(std::int32_t taps, std::int32_t by) {
    auto* words = reinterpret_cast<std::uint32_t*>(items);
    for (std::int32_t i = 0; i < taps; i += 4)
      vstrwq_u32(words + i, vaddq_n_u32(vldrwq_u32(words + i), static_cast<std::uint32_t>(by)));
  }
};

/// How to make sixteen channels.
struct depthwise_variant {
  std::int32_t most_taps = 9;
  bool narrow = false;     // fewer than sixteen channels
  bool any_shift = false;  // see scale()
  bool pairs = true;       // two products of bytes fit 16 bits, except if all four are −128
};

/// Sixteen elements of the output from a channel on, or fewer: then there are sixteen weights all the same.
template <depthwise_variant V, bool All>
INLAY_ALWAYS_INLINE void make_sixteen(const tap_list<V.most_taps>& list, std::int32_t taps, const std::int8_t* weights,
                                      std::int32_t weight_pitch, std::int32_t channel, const channel_quad* quads,
                                      const finishing& f, std::int8_t* out, std::int32_t elements) {
  weights += channel;
  sixteen_sums sums{vldrwq_s32(quads[0].bias), vldrwq_s32(quads[1].bias), vldrwq_s32(quads[2].bias),
                    vldrwq_s32(quads[3].bias)};
  const std::int8_t* const* tap = list.items;
  // Fewer than sixteen bytes must not be read beyond.
  if constexpr (V.pairs && All) {
    if (taps > 1) sums.add_pairs(tap, weights, weight_pitch, channel, taps >> 1);
    taps &= 1;
  }
  for (; taps > 0; --taps, ++tap, weights += weight_pitch) {
    const std::int8_t* from = *tap + channel;
    const int8x16_t x = All ? vldrbq_s8(from) : vldrbq_z_s8(from, vctp8q(static_cast<std::uint32_t>(elements)));
    const int8x16_t w = vldrbq_s8(weights);
    sums.add(vmullbq_int_s8(x, w), vmulltq_int_s8(x, w));
  }
  const auto scaled = [&](int32x4_t sum, const channel_quad& q) {
    return scale<V.any_shift>(sum, vldrwq_s32(q.multiplier), vldrbq_s32(q.shift), f.zero_point);
  };
  // Saturating is a clamp, too; the other one can wait for bytes.
  int32x4_t v = scaled(sums.s0, quads[0]);
  int16x8_t even = vqmovnbq_s32(vreinterpretq_s16_s32(v), v);
  even = vqmovntq_s32(even, scaled(sums.s2, quads[2]));
  v = scaled(sums.s1, quads[1]);
  int16x8_t odd = vqmovnbq_s32(vreinterpretq_s16_s32(v), v);
  odd = vqmovntq_s32(odd, scaled(sums.s3, quads[3]));
  int8x16_t bytes = vqmovntq_s16(vqmovnbq_s16(vreinterpretq_s8_s16(even), even), odd);
  bytes = vmaxq_s8(bytes, vdupq_n_s8(static_cast<std::int8_t>(f.low)));
  bytes = vminq_s8(bytes, vdupq_n_s8(static_cast<std::int8_t>(f.high)));
  if constexpr (All)
    vstrbq_s8(out + channel, bytes);
  else
    vstrbq_p_s8(out + channel, bytes, vctp8q(static_cast<std::uint32_t>(elements)));
}

/// Where a depthwise convolution works.
struct depthwise {
  const weighted_parameters& p;
  const map_view<std::int8_t>& output;
  const region& r;
  const map_view<const std::int8_t>& input;

  /// The taps of output pixel x of a row. `rows` are the input's from column 0 on, null where outside.
  INLAY_NEVER_INLINE void find_taps(const std::int8_t* const* rows, std::int32_t x, const std::int8_t* zero_points,
                                    const std::int8_t** tap) const {
    const std::int32_t first_x = x * p.stride_width - p.left, step = p.dilation_width * input.pixel_pitch;
    for (std::int32_t ky = 0; ky < p.kernel_height; ++ky) {
      const std::int8_t* row = rows[ky];
      if (row == nullptr) {
        for (std::int32_t kx = p.kernel_width; kx > 0; --kx) *tap++ = zero_points;
        continue;
      }
      std::int32_t ix = first_x;
      const std::int8_t* from = row + ix * input.pixel_pitch;
      for (std::int32_t kx = p.kernel_width; kx > 0; --kx, ix += p.dilation_width, from += step)
        *tap++ = static_cast<std::uint32_t>(ix) < static_cast<std::uint32_t>(p.input_width) ? from : zero_points;
    }
  }

  /// Makes channels `first` to `end` − 1, at least sixteen; what is left over is made with channels before it, again.
  /// Narrow: fewer, which `weights` repeats; of `pixels_at_once` pixels where their windows are inside.
  template <depthwise_variant V>
  INLAY_NEVER_INLINE void run(const std::int8_t* weights, std::int32_t weight_pitch, const channel_quad* quads,
                              const std::int8_t* zero_points, std::int32_t first, std::int32_t end,
                              std::int32_t pixels_at_once) const {
    const finishing f = finishing_of(p);
    const std::int32_t taps = p.kernel_height * p.kernel_width, stride = p.stride_width;
    tap_list<V.most_taps> list;
    const std::int8_t* rows[most_tap_rows];
    // Columns whose windows are inside the map.
    const std::int32_t span = (p.kernel_width - 1) * p.dilation_width + 1;
    const std::int32_t inside_first = (p.left + stride - 1) / stride;
    const std::int32_t room = p.input_width + p.left - span;
    const std::int32_t inside_end = room < 0 ? 0 : room / stride + 1;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      bool all_rows = true;
      for (std::int32_t ky = 0; ky < p.kernel_height; ++ky) {
        const std::int32_t iy = y * p.stride_height - p.top + ky * p.dilation_height;
        const bool inside = iy >= 0 && iy < p.input_height;
        rows[ky] = inside ? input.pixel(iy, 0) : nullptr;
        all_rows = all_rows && inside;
      }
      // Taps of the zero point stay where they are, so that pixels that have some find theirs again.
      const std::int32_t first_moving = all_rows ? inside_first : r.end_column;
      std::int8_t* out = output.pixel(y, r.first_column);
      std::int32_t moving = 0;  // pixels that the taps are to be moved by
      for (std::int32_t x = r.first_column; x < r.end_column;) {
        if (moving != 0 && x < inside_end)
          list.advance(taps, moving * stride * input.pixel_pitch);
        else
          find_taps(rows, x, zero_points, list.items);
        std::int32_t pixels = 1;
        moving = 0;
        if (x >= first_moving && x < inside_end) {
          const std::int32_t last = inside_end < r.end_column ? inside_end : r.end_column;
          if constexpr (V.narrow) pixels = last - x < pixels_at_once ? last - x : pixels_at_once;
          moving = pixels;
        }
        if constexpr (V.narrow) {
          if (pixels * end == lanes)
            make_sixteen<V, true>(list, taps, weights, weight_pitch, 0, quads, f, out, lanes);
          else
            make_sixteen<V, false>(list, taps, weights, weight_pitch, 0, quads, f, out, pixels * end);
        } else {
          const channel_quad* q = quads;
          std::int32_t c = first;
          for (; c <= end - lanes; c += lanes, q += 4)
            make_sixteen<V, true>(list, taps, weights, weight_pitch, c, q, f, out, lanes);
          if (c < end) make_sixteen<V, true>(list, taps, weights, weight_pitch, end - lanes, q, f, out, lanes);
        }
        x += pixels;
        out += pixels * output.pixel_pitch;
      }
    }
  }

  template <depthwise_variant V>
  INLAY_NEVER_INLINE void run_wide(const std::int8_t* weights, const channel_quad* quads) const {
    constexpr std::int32_t channels_at_once = 128;
    std::int8_t zero_points[channels_at_once];
    fill_bytes(zero_points, p.input_zero_point, channels_at_once);
    const std::int32_t channels = p.input_channels;
    for (std::int32_t first = 0; first < channels; first += channels_at_once, quads += channels_at_once / 4) {
      const std::int32_t end = first + channels_at_once < channels ? first + channels_at_once : channels;
      // Taps stand where channel 0 is.
      const std::int32_t begin = end - first < lanes ? end - lanes : first;
      run<V>(weights, channels, quads, zero_points - begin, begin, end, 1);
    }
  }

  template <depthwise_variant V>
  INLAY_NEVER_INLINE void run_narrow(const std::int8_t* weights, const channel_quad* quads) const {
    std::int8_t repeated[static_cast<std::size_t>((V.most_taps + 1) * lanes)];
    const std::int32_t taps = p.kernel_height * p.kernel_width, channels = p.input_channels;
    const uint8x16_t channel = viwdupq_n_u8(0, static_cast<std::uint32_t>(channels), 1);
    std::int8_t* to = repeated;
    for (std::int32_t t = 0; t < taps; ++t, to += lanes, weights += channels)
      vstrbq_s8(to, vldrbq_gather_offset_s8(weights, channel));
    fill_bytes(to, p.input_zero_point, lanes);
    const bool side_by_side = p.stride_width == 1 && output.pixel_pitch == channels && input.pixel_pitch == channels;
    run<V>(repeated, lanes, quads, to, 0, channels, side_by_side ? lanes / channels : 1);
  }
};

/// One input channel for all output channels: a convolution, whose weights have another order. They are brought into
/// it on the stack, as many channels at a time as there is room for; taps and rows of the largest window.
inline constexpr std::int32_t most_reordered_weights = 288, most_taps_of_one = 128, most_rows_of_one = 12;

template <bool AnyShift, std::int32_t MostTaps>
INLAY_NEVER_INLINE void convolve_one_channel(const weighted_parameters& p, const channel_quad* quads,
                                             const map_view<std::int8_t>& output, const region& r,
                                             const map_view<const std::int8_t>& input, const std::int8_t* weights) {
  constexpr std::int32_t room = 4 * MostTaps > most_reordered_weights ? 4 * MostTaps : most_reordered_weights;
  std::int8_t reordered[static_cast<std::size_t>(room)];
  const std::int32_t some = room / p.depth / 4 * 4;
  for (std::int32_t first = 0; first < p.output_channels; first += some) {
    const std::int32_t channels = first + some < p.output_channels ? some : p.output_channels - first;
    std::int8_t* to = reordered;
    for (std::int32_t c = first; c < first + channels; ++c) {
      const std::int8_t* from = weights + c;
      for (std::int32_t t = p.depth; t > 0; --t, from += p.output_channels) *to++ = *from;
    }
    const product m{reordered, quads + first / 4, p.depth, channels, finishing_of(p)};
    map_view<std::int8_t> part = output;
    part.data += first;
    convolution<AnyShift, 0, 2 * MostTaps, most_rows_of_one>{p, m, part, r, input}.run();
  }
}

}  // namespace inlay::detail::arm_mve

namespace inlay::inline INLAY_ABI::detail {

template <>
struct fast_kernel<isa::arm_mve, layer_kind::depthwise_conv2d> : arm_mve::quad_table {
  using parameters = arm_mve::weighted_parameters;
  struct spec {
    std::int32_t most_taps = 9;  // so that code is shared, and windows of few taps take little stack
    bool narrow = false;         // fewer than sixteen channels
    bool one_channel = false;    // of the input
    shifts shifting{};
    friend constexpr bool operator==(const spec&, const spec&) = default;
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    const window_parameters p = prepare_window(g, l);
    const std::int32_t taps = p.window.kernel.height * p.window.kernel.width;
    if (!arm_mve::fits_weighted(p)) return false;
    if (p.input_channels == 1)
      return taps <= arm_mve::most_taps_of_one && p.window.kernel.height <= arm_mve::most_rows_of_one;
    // fill_table looks at every weight; more would be too much for one constant expression.
    return p.input_channels == p.output_channels && g.input_of(l, 1).extents.elements() <= 1 << 16 &&
           p.window.kernel.height <= arm_mve::most_tap_rows &&
           taps <= (p.input_channels < arm_mve::lanes ? arm_mve::most_narrow_taps : arm_mve::most_taps);
  }
  static constexpr spec specialise(graph_view g, const layer& l) {
    const std::int32_t taps = l.window.kernel.height * l.window.kernel.width;
    const std::int32_t channels = g.input_of(l).extents.channels();
    return {taps <= 9                    ? 9
            : taps <= 25                 ? 25
            : taps <= arm_mve::most_taps ? arm_mve::most_taps
                                         : arm_mve::most_taps_of_one,
            channels < arm_mve::lanes,
            channels == 1,
            {}};
  }
  static constexpr spec specialise(graph_view g, const layer& l, const arm_mve::channel_quad* table) {
    spec s = specialise(g, l);
    s.shifting = shifts_of(table);
    return s;
  }
  static constexpr parameters prepare(graph_view g, const layer& l) {
    return arm_mve::make_weighted(prepare_window(g, l), l.window.kernel.height * l.window.kernel.width);
  }

  /// Quads in the order of sixteen_sums; the last sixteen channels may have been there before. Fewer than sixteen
  /// are repeated.
  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    if (g.input_of(l).extents.channels() == 1) return arm_mve::product_table::table_size(g, l);
    return 1 + (g.output_of(l).extents.channels() + arm_mve::lanes - 1) / arm_mve::lanes * 4;
  }
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte* model, const channel_constants* constants,
                                   const std::int32_t* sums, arm_mve::channel_quad* table) {
    if (g.input_of(l).extents.channels() == 1)
      return arm_mve::product_table::fill_table(g, l, model, constants, sums, table);
    const std::int32_t channels = g.output_of(l).extents.channels();
    const std::int32_t too_much = excess(g, l);
    table[0] = {};
    for (std::int32_t first = 0; first < channels; first += arm_mve::lanes)
      for (std::int32_t i = 0; i < arm_mve::lanes; ++i) {
        const bool whole = channels >= arm_mve::lanes;
        const std::int32_t begin = whole && first + arm_mve::lanes > channels ? channels - arm_mve::lanes : first;
        const std::int32_t c = whole ? begin + i : i % channels;
        set(table, table[1 + first / 4 + i % 4], i / 4, constants[c], sums[c], too_much);
      }
    const tensor& weights = g.input_of(l, 1);
    for (std::int32_t i = 0; i < weights.extents.elements(); ++i)
      if (as_int8(model[weights.data_at + static_cast<std::uint32_t>(i)]) == -128) table[0].bias[1] = 1;
  }

  template <spec S>
  INLAY_ALWAYS_INLINE static void run(const parameters& p, const arm_mve::channel_quad* table,
                                      const map_view<std::int8_t>& output, const region& r,
                                      const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    if constexpr (S.one_channel) {
      if (S.shifting.need_any(table))
        arm_mve::convolve_one_channel<true, S.most_taps>(p, table + 1, output, r, input, weights);
      else
        arm_mve::convolve_one_channel<false, S.most_taps>(p, table + 1, output, r, input, weights);
    } else if (S.shifting.need_any(table) || S.shifting.has_least_weight(table))
      run_variant<arm_mve::depthwise_variant{S.most_taps, S.narrow, true, false}>(p, table + 1, output, r, input,
                                                                                  weights);
    else
      run_variant<arm_mve::depthwise_variant{S.most_taps, S.narrow, false, true}>(p, table + 1, output, r, input,
                                                                                  weights);
  }

 private:
  template <arm_mve::depthwise_variant V>
  INLAY_NEVER_INLINE static void run_variant(const parameters& p, const arm_mve::channel_quad* quads,
                                             const map_view<std::int8_t>& output, const region& r,
                                             const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    const arm_mve::depthwise d{p, output, r, input};
    if constexpr (V.narrow)
      d.run_narrow<V>(weights, quads);
    else
      d.run_wide<V>(weights, quads);
  }
};

}  // namespace inlay::detail
