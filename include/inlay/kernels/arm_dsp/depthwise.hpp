// Inlay: DEPTHWISE_CONV_2D for Cortex-M4, M7 and M33.
//
// A few channels at a time: the input under a strip of outputs is widened into a buffer on the stack, its zero point
// subtracted, in pairs of rows, so that one instruction multiplies what stands below one another. What lies beyond
// the map's sides is 0 in the buffer; weights beyond its top and bottom are taken as 0. At stride 1 two rows of
// outputs share a buffer: a window of odd height leaves one row of the pairs unused, and the next row of outputs uses
// it with weights moved down by one. With wider strides, columns that are a stride apart stand side by side, so that
// every window becomes a few dense ones.
#pragma once

#include <inlay/kernels/arm_dsp/primitives.hpp>

#include <cstdint>
#include <cstring>

namespace inlay {

namespace detail::arm_dsp {

/// The lower halves of two words, and the upper ones.
INLAY_ALWAYS_INLINE std::int32_t lower_halves(std::int32_t a, std::int32_t b) {
  std::int32_t pair;
  asm("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a), "r"(b));
  return pair;
}
INLAY_ALWAYS_INLINE std::int32_t upper_halves(std::int32_t a, std::int32_t b) {
  std::int32_t pair;
  asm("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(b), "r"(a));
  return pair;
}

/// sum + both products, to another register.
INLAY_ALWAYS_INLINE std::int32_t plus_pairs(std::int32_t sum, std::int32_t a, std::int32_t b) {
  std::int32_t result;
  asm("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  return result;
}

/// Two or four int8 from anywhere.
template <int Channels>
INLAY_ALWAYS_INLINE std::int32_t load_channels(const std::int8_t* from) {
  static_assert(Channels == 2 || Channels == 4);
  if constexpr (Channels == 4) {
    return load_word(from);
  } else {
    std::uint16_t half;
    std::memcpy(&half, from, sizeof half);
    return half;
  }
}

/// Values of channels in two rows, `bias` added, as pairs: a plane for each channel.
template <int Channels>
INLAY_ALWAYS_INLINE void store_pairs(std::int32_t a, std::int32_t b, std::int32_t bias, std::int32_t* to,
                                     std::int32_t plane) {
  const std::int32_t lower = lower_halves(a, b);
  to[0] = add_even_bytes(bias, lower);
  to[plane] = add_odd_bytes(bias, lower);
  if constexpr (Channels == 4) {
    const std::int32_t upper = upper_halves(a, b);
    to[2 * plane] = add_even_bytes(bias, upper);
    to[3 * plane] = add_odd_bytes(bias, upper);
  }
}

/// How a window is computed.
struct depthwise_spec {
  std::int8_t height = 1, width = 1;  // of the kernel
  std::int8_t row_stride = 1, column_stride = 1;
  friend constexpr bool operator==(const depthwise_spec&, const depthwise_spec&) = default;

  /// Rows of outputs that share a buffer.
  constexpr int rows() const { return row_stride == 1 ? 2 : 1; }
  /// Pairs of rows in the buffer.
  constexpr int pairs() const { return (height + rows()) / 2; }
  constexpr int weights() const { return pairs() * width; }
  /// Channels at a time.
  constexpr int channels() const { return pairs() <= 2 ? 4 : 2; }
  /// Columns of the buffer that stand a stride apart.
  constexpr int columns() const { return 128 / (channels() * pairs() * column_stride); }
  /// Outputs of a strip: four are computed at once.
  constexpr int outputs() const { return (columns() - (width - 1) / column_stride) & ~3; }
};

/// Where a strip's columns come from.
struct strip_columns {
  std::int32_t before = 0, inside = 0, after = 0;  // columns left of the map, in it, right of it
};

/// Widens a pair of rows of a strip.
template <int Channels>
INLAY_NEVER_INLINE void widen_rows(const std::int8_t* a, const std::int8_t* b, std::int32_t pitch,
                                   strip_columns columns, std::int32_t bias, std::int32_t* to, std::int32_t plane) {
  const auto clear = [&](std::int32_t count) {
    for (; count > 0; --count, ++to)
      for (int c = 0; c < Channels; ++c) to[c * plane] = 0;
  };
  clear(columns.before);
  for (std::int32_t i = columns.inside; i > 0; --i, a += pitch, b += pitch, ++to)
    store_pairs<Channels>(load_channels<Channels>(a), load_channels<Channels>(b), bias, to, plane);
  clear(columns.after);
}

/// The weights of some channels as pairs of rows, `first_row` (which may be −1) and the next coming first; those of
/// rows not in [0, end_row) are 0.
template <depthwise_spec S>
INLAY_NEVER_INLINE void gather_weights(const std::int8_t* weights, std::int32_t pitch, std::int32_t first_row,
                                       std::int32_t end_row, std::int32_t* to) {
  const std::int32_t row_pitch = S.width * pitch;
  for (int pair = 0; pair < S.pairs(); ++pair, first_row += 2) {
    const bool has_a = first_row >= 0 && first_row < end_row, has_b = first_row + 1 >= 0 && first_row + 1 < end_row;
    const std::int8_t* a = weights + (has_a ? first_row * row_pitch : 0);
    const std::int8_t* b = weights + (has_b ? (first_row + 1) * row_pitch : 0);
    const std::int32_t mask = (has_a ? 0xffff : 0) | (has_b ? -0x10000 : 0);
    for (int phase = 0; phase < S.column_stride; ++phase)
      for (int x = phase; x < S.width; x += S.column_stride, ++to) {
        store_pairs<S.channels()>(load_channels<S.channels()>(a + x * pitch),
                                  load_channels<S.channels()>(b + x * pitch), 0, to, S.weights());
        for (int c = 0; c < S.channels(); ++c) to[c * S.weights()] &= mask;
      }
  }
}

/// Adds Taps columns of a pair of rows to four sums.
template <int Taps>
INLAY_ALWAYS_INLINE void add_columns(const std::int32_t* columns, const std::int32_t* weights,
                                     std::int32_t (&sums)[4]) {
  for (int t = 0; t < Taps; ++t)
    for (int i = 0; i < 4; ++i) sums[i] = plus_pairs(sums[i], columns[t + i], weights[t]);
}

/// Sums of one channel's outputs in a strip.
template <depthwise_spec S>
INLAY_NEVER_INLINE void sum_strip(const std::int32_t* columns, const std::int32_t* weights, std::int32_t bias,
                                  std::int32_t* sums, std::int32_t count) {
  for (; count > 0; count -= 4, columns += 4, sums += 4) {
    std::int32_t four[4] = {bias, bias, bias, bias};
    const std::int32_t* column = columns;
    const std::int32_t* weight = weights;
    for (int pair = 0; pair < S.pairs(); ++pair)
      [&]<std::int32_t... Phase>(std::integer_sequence<std::int32_t, Phase...>) {
        ((add_columns<(S.width - Phase + S.column_stride - 1) / S.column_stride>(column, weight, four),
          column += S.columns(), weight += (S.width - Phase + S.column_stride - 1) / S.column_stride),
         ...);
      }
    (std::make_integer_sequence<std::int32_t, S.column_stride>{});
    for (int i = 0; i < 4; ++i) sums[i] = four[i];
  }
}

/// Outputs of one channel from their sums.
template <requantisation R>
INLAY_ALWAYS_INLINE void finish_strip_as(const std::int32_t* sums, std::int32_t count, const channel_scale<R>& scale,
                                         const output_range& range, std::int8_t* to, std::int32_t pitch) {
  for (; count > 0; --count, to += pitch) *to = static_cast<std::int8_t>(scale.output(*sums++, range));
}

INLAY_NEVER_INLINE inline void finish_strip(const std::int32_t* sums, std::int32_t count, requantisation r,
                                            std::int32_t multiplier, std::int32_t shift, const output_range& range,
                                            std::int8_t* to, std::int32_t pitch) {
  const auto finish_as = [&]<requantisation R>(std::integral_constant<requantisation, R>) {
    finish_strip_as(sums, count, channel_scale<R>(multiplier, shift, range.zero_point), range, to, pitch);
  };
  if (r == requantisation::saturating)
    finish_as(std::integral_constant<requantisation, requantisation::saturating>{});
  else if (r == requantisation::clamped)
    finish_as(std::integral_constant<requantisation, requantisation::clamped>{});
  else
    finish_as(std::integral_constant<requantisation, requantisation::general>{});
}

}  // namespace detail::arm_dsp

/// Windows that are not dilated, over four channels or more with one output each.
template <>
struct fast_kernel<isa::arm_dsp, layer_kind::depthwise_conv2d> : detail::arm_dsp::scale_table {
  struct parameters {
    std::int16_t input_height, input_width, channels;
    std::int8_t top, left;  // padding
    std::int8_t input_zero_point;
    detail::arm_dsp::output_range range;
    detail::arm_dsp::requantisation requantisation;
    std::int32_t bias_distance;
  };
  using spec = detail::arm_dsp::depthwise_spec;

  static constexpr bool accepts(graph_view g, const layer& l) {
    const shape& in = g.input_of(l).extents;
    const shape& out = g.output_of(l).extents;
    const window2d& w = l.window;
    const auto small = [](std::int32_t size, std::int32_t most) {
      return size <= most;
    };
    if (!small(in.height(), 0x7fff) || !small(in.width(), 0x7fff) || !small(in.channels(), 0x7fff)) return false;
    if (!small(w.padding.top, 127) || !small(w.padding.left, 127)) return false;
    if (out.channels() != in.channels() || in.channels() < 4) return false;
    if (w.dilation != extent2d{1, 1}) return false;
    if (!small(w.kernel.height, 16) || !small(w.kernel.width, 16) || !small(w.stride.height, 16) ||
        !small(w.stride.width, 4))
      return false;
    return specialise(g, l).outputs() > 0;
  }

  static constexpr spec specialise(graph_view, const layer& l) {
    const window2d& w = l.window;
    return {static_cast<std::int8_t>(w.kernel.height), static_cast<std::int8_t>(w.kernel.width),
            static_cast<std::int8_t>(w.stride.height), static_cast<std::int8_t>(w.stride.width)};
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& in = g.input_of(l).extents;
    return {static_cast<std::int16_t>(in.height()),
            static_cast<std::int16_t>(in.width()),
            static_cast<std::int16_t>(in.channels()),
            static_cast<std::int8_t>(l.window.padding.top),
            static_cast<std::int8_t>(l.window.padding.left),
            static_cast<std::int8_t>(g.input_of(l).quant.zero_point),
            detail::arm_dsp::range_of(g, l),
            detail::arm_dsp::short_requantisation(g, l),
            detail::arm_dsp::bias_distance(g, l)};
  }

  template <spec S>
  INLAY_NEVER_INLINE static void run(const parameters& p, const table_entry* table, map_view<std::int8_t> output,
                                     region r, map_view<const std::int8_t> input, const std::int8_t* weights) {
    for (std::int32_t c = 0; c < p.channels; c += S.channels()) {
      if (c > p.channels - S.channels()) c = p.channels - S.channels();
      for (std::int32_t y = r.first_row; y < r.end_row; y += S.rows())
        for (std::int32_t x = r.first_column; x < r.end_column; x += S.outputs()) {
          const region part{y, smaller(y + S.rows(), r.end_row), x, smaller(x + S.outputs(), r.end_column)};
          run_strip<S>(p, table, output, part, input, weights, c);
        }
    }
  }

 private:
  static constexpr std::int32_t smaller(std::int32_t a, std::int32_t b) { return a < b ? a : b; }
  static constexpr std::int32_t larger(std::int32_t a, std::int32_t b) { return a > b ? a : b; }

  /// Some channels, from c on, of outputs that share a buffer.
  template <spec S>
  INLAY_ALWAYS_INLINE static void run_strip(const parameters& p, const table_entry* table, map_view<std::int8_t> output,
                                            region part, map_view<const std::int8_t> input, const std::int8_t* weights,
                                            std::int32_t c) {
    using namespace detail::arm_dsp;
    constexpr int planes = S.pairs() * S.column_stride;
    constexpr int plane = planes * S.columns();
    std::int32_t buffer[S.channels() * plane];
    std::int32_t gathered[S.channels() * S.weights()];
    std::int32_t sums[S.outputs()];
    const std::int32_t count = part.end_column - part.first_column;
    const std::int32_t top = larger(part.first_row * S.row_stride - p.top, 0);
    const std::int32_t end = smaller((part.end_row - 1) * S.row_stride - p.top + S.height, p.input_height);
    const std::int32_t bias = minus_twice(p.input_zero_point);
    for (int pair = 0; pair < S.pairs(); ++pair) {
      const std::int32_t y = top + 2 * pair;
      if (y >= end) break;
      const std::int32_t below = y + 1 < end ? y + 1 : y;
      for (int phase = 0; phase < S.column_stride; ++phase) {
        const std::int32_t first = part.first_column * S.column_stride - p.left + phase;
        const std::int32_t all = count + (S.width - 1 - phase) / S.column_stride;
        const auto columns_before = [&](std::int32_t column) {
          return smaller(larger((column - first + S.column_stride - 1) / S.column_stride, 0), all);
        };
        const std::int32_t before = columns_before(0), in_map = columns_before(p.input_width);
        const std::int32_t x = first + before * S.column_stride;
        widen_rows<S.channels()>(input.pixel(y, x) + c, input.pixel(below, x) + c, S.column_stride * input.pixel_pitch,
                                 {before, in_map - before, all - in_map}, bias,
                                 buffer + (pair * S.column_stride + phase) * S.columns(), plane);
      }
    }
    for (std::int32_t row = part.first_row; row < part.end_row; ++row) {
      const std::int32_t window = row * S.row_stride - p.top;
      gather_weights<S>(weights + c, p.channels, top - window, smaller(S.height, end - window), gathered);
      for (int i = 0; i < S.channels(); ++i) {
        const std::int32_t b = p.bias_distance != 0 ? load_word(weights + p.bias_distance + 4 * (c + i)) : 0;
        sum_strip<S>(buffer + i * plane, gathered + i * S.weights(), b, sums, count);
        finish_strip(sums, count, is_general(table, p.channels) ? requantisation::general : p.requantisation,
                     table[c + i], shifts(table, p.channels)[c + i], p.range,
                     output.pixel(row, part.first_column) + c + i, output.pixel_pitch);
      }
    }
  }
};

}  // namespace inlay
