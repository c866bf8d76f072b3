// Inlay: DEPTHWISE_CONV_2D for Cortex-M55 and M85: sixteen channels at a time.
#pragma once

#include <inlay/kernels/arm_mve/convolution.hpp>

#include <arm_mve.h>

#include <cstdint>

namespace inlay::arm_mve {

/// Taps of the largest window, and those of the largest one for fewer than 16 channels.
inline constexpr std::int32_t most_taps = 49, most_narrow_taps = 25;

/// Sums of sixteen channels. Widening a vector of bytes and one of halves leaves every fourth channel side by side:
/// items[i] has channels i, i + 4, i + 8, i + 12. Narrowing puts them back.
struct sixteen_sums {
  int32x4_t items[4];

  /// Adds the products of even channels, then those of odd ones.
  INLAY_ALWAYS_INLINE void add(int16x8_t even, int16x8_t odd) {
    items[0] = vaddq_s32(items[0], vmovlbq_s16(even));
    items[2] = vaddq_s32(items[2], vmovltq_s16(even));
    items[1] = vaddq_s32(items[1], vmovlbq_s16(odd));
    items[3] = vaddq_s32(items[3], vmovltq_s16(odd));
  }
};

/// The inputs of a window: for each tap where its first channel stands; outside the map where zero points stand.
struct tap_list {
  // Rounded up to what vectors of pointers take.
  alignas(8) const std::int8_t* items[(most_taps + 3) / 4 * 4];

  /// Moves all taps by a number of bytes.
  INLAY_ALWAYS_INLINE void advance(std::int32_t taps, std::int32_t by) {
    auto* words = reinterpret_cast<std::uint32_t*>(items);
    for (std::int32_t i = 0; i < taps; i += 4)
      vstrwq_u32(words + i, vaddq_n_u32(vldrwq_u32(words + i), static_cast<std::uint32_t>(by)));
  }
};

/// Sixteen channels of one pixel, or fewer: then the weights have a pitch of 16 all the same.
/// Two products of bytes fit 16 bits, except if all four are −128: then they are added one by one.
template <bool All>
INLAY_ALWAYS_INLINE void make_sixteen(const tap_list& list, std::int32_t taps, const std::int8_t* weights,
                                      std::int32_t weight_pitch, const channel_quad* quads, const finishing& f,
                                      bool pairs, std::int8_t* out, std::int32_t channels) {
  [[maybe_unused]] const mve_pred16_t inside = vctp8q(static_cast<std::uint32_t>(channels));
  const auto load = [&](const std::int8_t* from) {
    if constexpr (All)
      return vldrbq_s8(from);
    else
      return vldrbq_z_s8(from, inside);
  };
  sixteen_sums sums;
  for (int i = 0; i < 4; ++i) sums.items[i] = vldrwq_s32(quads[i].bias);
  const std::int8_t* const* tap = list.items;
  if (pairs)
    for (; taps > 1; taps -= 2, tap += 2) {
      const int8x16_t x0 = load(tap[0]), w0 = vldrbq_s8(weights);
      weights += weight_pitch;
      const int8x16_t x1 = load(tap[1]), w1 = vldrbq_s8(weights);
      weights += weight_pitch;
      sums.add(vaddq_s16(vmullbq_int_s8(x0, w0), vmullbq_int_s8(x1, w1)),
               vaddq_s16(vmulltq_int_s8(x0, w0), vmulltq_int_s8(x1, w1)));
    }
  for (; taps > 0; --taps, ++tap, weights += weight_pitch) {
    const int8x16_t x = load(*tap), w = vldrbq_s8(weights);
    sums.add(vmullbq_int_s8(x, w), vmulltq_int_s8(x, w));
  }
  for (int i = 0; i < 4; ++i)
    sums.items[i] = finish(sums.items[i], vldrwq_s32(quads[i].multiplier), vldrbq_s32(quads[i].shift), f);
  int16x8_t even = vdupq_n_s16(0), odd = even;
  even = vmovntq_s32(vmovnbq_s32(even, sums.items[0]), sums.items[2]);
  odd = vmovntq_s32(vmovnbq_s32(odd, sums.items[1]), sums.items[3]);
  const int8x16_t bytes = vmovntq_s16(vmovnbq_s16(vdupq_n_s8(0), even), odd);
  if constexpr (All)
    vstrbq_s8(out, bytes);
  else
    vstrbq_p_s8(out, bytes, inside);
}

/// Where a depthwise convolution works.
struct depthwise {
  const weighted_parameters& p;
  const map_view<std::int8_t>& output;
  const region& r;
  const map_view<const std::int8_t>& input;
  finishing finish{};
  bool pairs = true;

  /// The taps of output pixel x of a row, whose input rows begin with column 0; first of them `channel`.
  INLAY_NEVER_INLINE void find_taps(const std::int8_t* const* rows, std::int32_t x, std::int32_t channel,
                                    const std::int8_t* zero_points, tap_list& taps) const {
    const std::int8_t** tap = taps.items;
    const std::int32_t first_x = x * p.stride_width - p.left;
    for (std::int32_t ky = 0; ky < p.kernel_height; ++ky)
      for (std::int32_t kx = 0; kx < p.kernel_width; ++kx) {
        const std::int32_t ix = first_x + kx * p.dilation_width;
        const bool inside = rows[ky] != nullptr && ix >= 0 && ix < p.input_width;
        *tap++ = inside ? rows[ky] + ix * input.pixel_pitch + channel : zero_points;
      }
  }

  /// The input's rows for an output row, null where outside.
  INLAY_ALWAYS_INLINE void find_rows(std::int32_t y, const std::int8_t** rows) const {
    for (std::int32_t ky = 0; ky < p.kernel_height; ++ky) {
      const std::int32_t iy = y * p.stride_height - p.top + ky * p.dilation_height;
      rows[ky] = iy >= 0 && iy < p.input_height ? input.pixel(iy, 0) : nullptr;
    }
  }

  /// Output columns whose windows are inside the map.
  INLAY_ALWAYS_INLINE bool is_inside(std::int32_t x) const {
    const std::int32_t first_x = x * p.stride_width - p.left;
    return first_x >= 0 && first_x + (p.kernel_width - 1) * p.dilation_width < p.input_width;
  }

  /// At least 16 channels. What is left over is made with channels before it, again.
  INLAY_NEVER_INLINE void run_wide(const std::int8_t* weights, const channel_quad* quads) const {
    constexpr std::int32_t channels_at_once = 256;
    std::int8_t zero_points[channels_at_once];
    fill_bytes(zero_points, p.input_zero_point, channels_at_once);
    const std::int32_t taps = p.kernel_height * p.kernel_width, channels = p.input_channels;
    tap_list list;
    const std::int8_t* rows[most_taps];
    for (std::int32_t begin = 0; begin < channels; begin += channels_at_once) {
      const std::int32_t end = begin + channels_at_once < channels ? begin + channels_at_once : channels;
      // A rest of less than 16 channels begins earlier.
      const std::int32_t first = end - begin < lanes ? end - lanes : begin;
      for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
        find_rows(y, rows);
        std::int32_t moved = -1;
        for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
          const bool inside = is_inside(x);
          if (inside && moved >= 0)
            list.advance(taps, p.stride_width * input.pixel_pitch - moved);
          else
            find_taps(rows, x, first, zero_points, list);
          std::int8_t* out = output.pixel(y, x);
          std::int32_t c = first;
          const channel_quad* q = quads + 4 * ((first + lanes - 1) / lanes);
          for (;;) {
            make_sixteen<true>(list, taps, weights + c, channels, q, finish, pairs, out + c, lanes);
            if (c + lanes >= end) break;
            const std::int32_t next = c + 2 * lanes <= end ? c + lanes : end - lanes;
            list.advance(taps, next - c);
            c = next;
            q += 4;
          }
          // Rows outside the map have taps among the zero points.
          moved = inside && rows[0] != nullptr && rows[p.kernel_height - 1] != nullptr ? c - first : -1;
        }
      }
    }
  }

  /// Fewer channels: as many pixels at once as fill sixteen lanes where they stand side by side.
  INLAY_NEVER_INLINE void run_narrow(const std::int8_t* weights, const channel_quad* quads) const {
    std::int8_t repeated[(most_narrow_taps + 1) * lanes];
    const std::int32_t taps = p.kernel_height * p.kernel_width, channels = p.input_channels;
    for (std::int32_t t = 0; t < taps; ++t)
      for (std::int32_t i = 0; i < lanes; ++i) repeated[t * lanes + i] = weights[t * channels + i % channels];
    std::int8_t* zero_points = repeated + taps * lanes;
    fill_bytes(zero_points, p.input_zero_point, lanes);
    const bool side_by_side = p.stride_width == 1 && output.pixel_pitch == channels && input.pixel_pitch == channels;
    const std::int32_t most_pixels = side_by_side ? lanes / channels : 1;
    tap_list list;
    const std::int8_t* rows[most_taps];
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      find_rows(y, rows);
      for (std::int32_t x = r.first_column; x < r.end_column;) {
        std::int32_t pixels = 1;
        if (is_inside(x))
          while (pixels < most_pixels && x + pixels < r.end_column && is_inside(x + pixels)) ++pixels;
        find_taps(rows, x, 0, zero_points, list);
        if (pixels * channels == lanes)
          make_sixteen<true>(list, taps, repeated, lanes, quads, finish, pairs, output.pixel(y, x), lanes);
        else
          make_sixteen<false>(list, taps, repeated, lanes, quads, finish, pairs, output.pixel(y, x), pixels * channels);
        x += pixels;
      }
    }
  }
};

}  // namespace inlay::arm_mve

namespace inlay {

template <>
struct fast_kernel<isa::arm_mve, layer_kind::depthwise_conv2d> : arm_mve::quad_table {
  static constexpr bool needs_weight_sums = true;
  using parameters = arm_mve::weighted_parameters;
  using spec = arm_mve::no_spec;

  static constexpr bool accepts(graph_view g, const layer& l) {
    const detail::window_parameters p = detail::prepare_window(g, l);
    const std::int32_t taps = p.window.kernel.height * p.window.kernel.width;
    return arm_mve::fits_weighted(p) && p.input_channels == p.output_channels &&
           taps <= (p.input_channels < arm_mve::lanes ? arm_mve::most_narrow_taps : arm_mve::most_taps);
  }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
  static constexpr parameters prepare(graph_view g, const layer& l) {
    return arm_mve::make_weighted(detail::prepare_window(g, l), l.window.kernel.height * l.window.kernel.width);
  }

  /// Quads in the order of sixteen_sums; the last sixteen channels may have been there before. Fewer than sixteen
  /// are repeated.
  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    return 1 + (g.output_of(l).extents.channels() + arm_mve::lanes - 1) / arm_mve::lanes * 4;
  }
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte* model, const channel_constants* constants,
                                   const std::int32_t* sums, arm_mve::channel_quad* table) {
    const std::int32_t channels = g.output_of(l).extents.channels();
    const std::int32_t zero_point = g.input_of(l).quant.zero_point;
    table[0] = {};
    for (std::int32_t first = 0; first < channels; first += arm_mve::lanes)
      for (std::int32_t i = 0; i < arm_mve::lanes; ++i) {
        const bool whole = channels >= arm_mve::lanes;
        const std::int32_t begin = whole && first + arm_mve::lanes > channels ? channels - arm_mve::lanes : first;
        const std::int32_t c = whole ? begin + i : i % channels;
        set(table, table[1 + first / 4 + i % 4], i / 4, constants[c], sums[c], zero_point);
      }
    const tensor& weights = g.input_of(l, 1);
    for (std::int32_t i = 0; i < weights.extents.elements(); ++i)
      if (detail::as_int8(model[weights.data_at + static_cast<std::uint32_t>(i)]) == -128) table[0].bias[1] = 1;
  }

  template <spec>
  static void run(const parameters& p, const arm_mve::channel_quad* table, const map_view<std::int8_t>& output,
                  const region& r, const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    const arm_mve::depthwise d{p, output, r, input, arm_mve::finishing_of(p, table), table[0].bias[1] == 0};
    if (p.input_channels < arm_mve::lanes)
      d.run_narrow(weights, table + 1);
    else
      d.run_wide(weights, table + 1);
  }
};

}  // namespace inlay
