// Inlay: CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED in plain C++. Weights are read where the model has them.
#pragma once

#include <inlay/kernels/portable/depthwise.hpp>
#include <inlay/kernels/portable/outputs.hpp>
#include <inlay/kernels/portable/pairs.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// A layer with weights.
struct window_kernel : folded_channels {
  struct parameters : window_layer {
    std::int8_t window_zero = 0;
  };
  struct spec {
    bool depthwise = false, by_channel = false;  // one output channel for each input channel
  };

  static constexpr bool accepts(graph_view g, const layer& l) { return window_layer::accepts(g, l); }
  static constexpr spec specialise(graph_view g, const layer& l) {
    return {l.kind == layer_kind::depthwise_conv2d, is_by_channel(g, l)};
  }
  static constexpr parameters prepare(graph_view g, const layer& l) {
    return {window_layer::make(g, l), narrow<std::int8_t>(window_zero(g, l))};
  }

  template <spec S>
  INLAY_ALWAYS_INLINE static void run(const parameters& p, const table_entry* table,
                                      const map_view<std::int8_t>& output, const region& r,
                                      const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    if constexpr (S.depthwise)
      run_depthwise<S.by_channel>({p, table, output, r, input, weights});
    else
      run_groups({p, table, output, r, input, weights});
  }
  template <spec>
  INLAY_NEVER_INLINE static void run_whole(const parameters& p, const table_entry* table, std::int8_t* output,
                                           const std::int8_t* input, const std::int8_t* weights) {
    const map_view<std::int8_t> to{output, p.output_channels, 0, 1, 0};
    const map_view<const std::int8_t> from{input, p.group_channels, 0, 1, 0};
    const region all{0, 1, 0, p.input_width};
    run_groups({p, table, to, all, from, weights});
  }

 private:
  struct job {
    const parameters& p;
    const table_entry* table;
    const map_view<std::int8_t>& output;
    const region& r;
    const map_view<const std::int8_t>& input;
    const std::int8_t* weights;
  };

  static constexpr std::int32_t most_words = 128;    // of windows
  static constexpr std::int32_t most_channels = 32;  // whose sums are at hand
  static constexpr std::int32_t most_pixels = window_products::sums_pitch;

  /// Four pixels after others, or one. A window that is longer than the buffer is read in parts, again for every few
  /// channels.
  INLAY_NEVER_INLINE static void run_groups(const job& j) {
    const parameters& p = j.p;
    pair_word words[most_words];
    std::int32_t sums[most_channels * most_pixels];
    const std::int32_t depth = p.kernel_height * p.kernel_width * p.group_channels;
    const bool dense = p.dilation_width == 1 && j.input.pixel_pitch == p.group_channels;
    region r = j.r;
    std::int32_t input_width = p.input_width;
    // Rows that follow one another are one.
    const std::int32_t columns = r.end_column - r.first_column;
    if (depth == p.group_channels && p.padding_top + p.padding_left == 0 && p.stride_height * p.stride_width == 1 &&
        j.input.row_pitch == columns * j.input.pixel_pitch && j.output.row_pitch == columns * j.output.pixel_pitch &&
        j.input.rows >= r.end_row && j.output.rows >= r.end_row) {
      r.end_column = r.first_column + columns * (r.end_row - r.first_row);
      r.end_row = r.first_row + 1;
      input_width = r.end_column;
    }
    window_products products{};
    products.channel_pitch = p.channel_pitch;
    window_block windows{p, j.input, input_width, p.window_zero};
    const std::int8_t* shifts = folded_channels::shifts(p, j.table);
    std::int32_t first_channel = 0;
    for (std::int32_t group = 0; group < p.output_channels; group += p.group_outputs, first_channel += p.group_channels)
      for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
        const inside_taps rows =
            inside_taps::clip(y * p.stride_height - p.padding_top, p.kernel_height, p.dilation_height, p.input_height);
        const std::int8_t* row =
            j.input.pixel(rows.count > 0 ? rows.position : 0, j.input.first_column) + first_channel;
        std::int8_t* out = j.output.pixel(y, r.first_column);
        for (std::int32_t x = r.first_column, pixels; x < r.end_column; x += pixels) {
          const std::int32_t left = r.end_column - x;
          pixels = left >= most_pixels ? most_pixels : left == 3 ? left : 1;
          const std::int32_t column = x * p.stride_width - p.padding_left;
          const std::int32_t last = column + (pixels - 1) * p.stride_width + (p.kernel_width - 1) * p.dilation_width;
          windows.start(rows, row, column, pixels, dense && column >= 0 && last < input_width);
          const std::int32_t at_once = most_words / windows.pairs();
          if (depth <= at_once) windows.read(words, depth);
          for (std::int32_t c = group; c < group + p.group_outputs; c += most_channels) {
            const std::int32_t others = group + p.group_outputs - c;
            const std::int32_t channels = others < most_channels ? others : most_channels;
            const std::int32_t* biases = j.table + c;
            for (std::int32_t* to = sums; to != sums + channels * most_pixels; ++biases)
              for (std::int32_t i = 0; i < most_pixels; ++i) *to++ = *biases;
            for (std::int32_t at = 0; at < depth; at += at_once) {
              const std::int32_t count = depth - at < at_once ? depth - at : at_once;
              if (depth > at_once) {
                if (at == 0) windows.start(rows, row, column, pixels, windows.rows_at_once);
                windows.read(words, count);
              }
              products.use(words, count, windows.pairs());
              // Channels that are not constant.
              for (std::int32_t i = 0, end; i < channels; i = end + 1) {
                for (end = i; end < channels && shifts[c + end] != constant_shift;) ++end;
                if (end == i) continue;
                products.sums = sums + i * most_pixels;
                products.sums_end = sums + end * most_pixels;
                products.weights = j.weights + (c + i) * p.channel_pitch + at;
                multiply_windows(products, pixels > 1);
              }
            }
            finish(p, j.table, c, channels, sums, most_pixels, pixels, out + c, j.output.pixel_pitch);
          }
          out += pixels * j.output.pixel_pitch;
        }
      }
  }

  /// Pixels whose windows are clipped alike are taken at once.
  template <bool ByChannel>
  INLAY_NEVER_INLINE static void run_depthwise(const job& j) {
    const parameters& p = j.p;
    const map_view<const std::int8_t>& input = j.input;
    constexpr std::int32_t channels_at_once = ByChannel ? 16 : 4, pitch = depthwise_windows::most_pixels;
    std::int32_t sums[std::size_t{channels_at_once} * pitch], biases[std::size_t{channels_at_once}];
    depthwise_windows w{};
    w.ring_bytes = input.size();
    w.ring_end = input.data + w.ring_bytes;
    w.tap_step = input.pixel_pitch * p.dilation_width;
    w.weights_step = p.tap_pitch;
    w.pixel_step = input.pixel_pitch * p.stride_width;
    for (std::int32_t y = j.r.first_row; y < j.r.end_row; ++y) {
      const inside_taps rows =
          inside_taps::clip(y * p.stride_height - p.padding_top, p.kernel_height, p.dilation_height, p.input_height);
      const std::int8_t* row = input.pixel(rows.count > 0 ? rows.position : 0, input.first_column);
      std::int8_t* out = j.output.pixel(y, j.r.first_column);
      for (std::int32_t x = j.r.first_column, pixels = 1; x < j.r.end_column; x += pixels) {
        std::int32_t column = x * p.stride_width - p.padding_left;
        const inside_taps columns = inside_taps::clip(column, p.kernel_width, p.dilation_width, p.input_width);
        pixels = 1;
        if (columns.count == p.kernel_width && rows.count > 0) {
          const std::int32_t left = j.r.end_column - x, most = left < pitch ? left : pitch;
          column += (p.kernel_width - 1) * p.dilation_width + p.stride_width;
          for (; pixels < most && column < p.input_width; column += p.stride_width) ++pixels;
        }
        const bool inside = columns.count * rows.count == p.kernel_width * p.kernel_height;
        w.rows = columns.count > 0 ? rows.count : 0;
        w.columns = columns.count;
        w.row_bytes = columns.count * w.tap_step;
        w.row_skip = input.row_pitch * p.dilation_height - w.row_bytes;
        w.weights_skip = (p.kernel_width - columns.count) * p.tap_pitch;
        w.pixel_bytes = 4 * pixels;
        const std::int8_t* pixel = row + (columns.position - input.first_column) * input.pixel_pitch;
        const std::int8_t* weights = j.weights + (rows.first * p.kernel_width + columns.first) * p.tap_pitch;
        // The input channel of a channel that has no own one, and how many have had it before.
        std::int32_t source = 0, before = 0;
        for (std::int32_t c = 0, channels; c < p.output_channels; c += channels) {
          channels = p.output_channels - c < channels_at_once ? p.output_channels - c : channels_at_once;
          w.biases = j.table + c;
          if (!inside) {
            for (std::int32_t i = 0; i < channels; ++i) biases[i] = w.biases[i];
            add_outside(p, rows, columns, j.weights + c, channels, biases);
            w.biases = biases;
          }
          w.pixel = pixel + (ByChannel ? c : source);
          if constexpr (!ByChannel) {
            const std::int32_t first = source;
            for (std::int32_t i = 0; i < channels; ++i) {
              w.offsets[i] = source - first;
              if (++before == p.group_outputs) before = 0, ++source;
            }
          }
          w.weights = weights + c;
          w.sums = sums;
          w.sums_end = sums + channels * pitch;
          if (w.rows > 0)
            (ByChannel ? multiply_depthwise : multiply_depthwise_apart)(w);
          else
            for (std::int32_t i = 0; i < channels; ++i) sums[i * pitch] = biases[i];
          finish(p, j.table, c, channels, sums, pitch, pixels, out + c, j.output.pixel_pitch);
        }
        out += pixels * j.output.pixel_pitch;
      }
    }
  }
};

template <>
struct portable_kernel<layer_kind::conv2d> : window_kernel {};
template <>
struct portable_kernel<layer_kind::depthwise_conv2d> : window_kernel {};
template <>
struct portable_kernel<layer_kind::fully_connected> : window_kernel {};

}  // namespace inlay::detail
