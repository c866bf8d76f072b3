// Inlay: CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED in plain C++: several output channels at a time, windows
// clipped once a pixel. Weights and biases are read where the model has them; the table holds multipliers.
#pragma once

#include <inlay/kernels/portable/window.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace inlay {

namespace detail {

/// Sums of some output channels of one pixel.
template <std::size_t Channels>
struct channel_sums {
  std::int32_t items[Channels]{};
};

/// Convolutions whose output channels read the same input channels: their weights stand channel_pitch apart.
struct neighbours_share_input {
  template <std::size_t... I>
  INLAY_ALWAYS_INLINE static void multiply_add(std::index_sequence<I...>, channel_sums<sizeof...(I)>& sums,
                                               const std::int8_t* pixel, const std::int8_t* weights,
                                               const window_layer& p, std::int32_t elements) {
    const std::int32_t pitch = p.channel_pitch, zero_point = p.input_zero_point;
    for (; elements > 0; --elements, ++pixel, ++weights) {
      const std::int32_t value = *pixel - zero_point;
      ((sums.items[I] = wrapping_add(sums.items[I], value * weights[static_cast<std::int32_t>(I) * pitch])), ...);
    }
  }
};

/// Depthwise convolutions with one output channel for each input channel.
struct neighbours_have_own_input {
  template <std::size_t... I>
  INLAY_ALWAYS_INLINE static void multiply_add(std::index_sequence<I...>, channel_sums<sizeof...(I)>& sums,
                                               const std::int8_t* pixel, const std::int8_t* weights,
                                               const window_layer& p, std::int32_t) {
    const std::int32_t zero_point = p.input_zero_point;
    ((sums.items[I] = wrapping_add(sums.items[I], (pixel[I] - zero_point) * weights[I])), ...);
  }
};

/// A layer with weights, a few output channels after another: what they need is read once for all pixels.
template <typename Neighbours>
struct portable_window {
  static constexpr bool needs_weight_sums = false;
  static constexpr bool shares_input = std::is_same_v<Neighbours, neighbours_share_input>;
  struct spec {};
  using parameters = window_layer;
  using table_entry = fixed_multiplier;

  static constexpr bool accepts(graph_view g, const layer& l) { return window_layer::accepts(g, l); }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
  static constexpr parameters prepare(graph_view g, const layer& l) { return window_layer::make(g, l); }
  static constexpr std::int32_t table_size(graph_view g, const layer& l) { return channel_table::table_size(g, l); }
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte*, const channel_constants* constants,
                                   const std::int32_t*, table_entry* table) {
    const std::int32_t channels = table_size(g, l);
    for (std::int32_t c = 0; c < channels; ++c) table[c] = constants[c].multiplier;
  }

  template <spec>
  INLAY_ALWAYS_INLINE static void run(const parameters& p, const table_entry* table,
                                      const map_view<std::int8_t>& output, const region& r,
                                      const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    run_layer(p, table, output, r, input, weights);
  }
  template <spec>
  INLAY_NEVER_INLINE static void run_whole(const parameters& p, const table_entry* table, std::int8_t* output,
                                           const std::int8_t* input, const std::int8_t* weights) {
    run_layer(p, table, p.output_row(output), p.all_of_row(), p.input_row(input), weights);
  }

 private:
  INLAY_NEVER_INLINE static void run_layer(const parameters& p, const table_entry* table,
                                           const map_view<std::int8_t>& output, const region& r,
                                           const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    const std::int32_t together = shares_input ? p.group_outputs : p.output_channels;
    std::int32_t first_channel = 0;
    for (std::int32_t c = 0; c < p.output_channels; first_channel += p.group_channels)
      for (const std::int32_t end = c + together; c < end;) {
        const std::int32_t from = shares_input ? first_channel : c / p.group_outputs;
        if (c + 4 <= end && (shares_input || p.group_outputs == 1)) {
          run_channels<4>(p, table, output, r, input, weights, c, from);
          c += 4;
        } else {
          run_channels<1>(p, table, output, r, input, weights, c, from);
          ++c;
        }
      }
  }

  template <std::size_t Channels>
  INLAY_NEVER_INLINE static void run_channels(const parameters& p, const table_entry* table,
                                              const map_view<std::int8_t>& output, const region& r,
                                              const map_view<const std::int8_t>& input, const std::int8_t* weights,
                                              std::int32_t c, std::int32_t first_channel) {
    channel_sums<Channels> biases;
    for (std::size_t i = 0; i < Channels; ++i) biases.items[i] = p.bias(weights, c + static_cast<std::int32_t>(i));
    weights += c * p.channel_pitch;
    // Without gaps between pixels, the taps of a row are one run of channels.
    const bool dense = shares_input && p.dilation_width == 1 && input.pixel_pitch == p.group_channels;
    const std::int32_t tap_step = input.pixel_pitch * p.dilation_width;
    const std::int32_t row_step = input.row_pitch * p.dilation_height;
    const std::int8_t* ring_end = input.data + input.rows * input.row_pitch;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      const inside_taps rows =
          inside_taps::clip(y * p.stride_height - p.padding_top, p.kernel_height, p.dilation_height, p.input_height);
      const std::int8_t* first_row = input.pixel(rows.count > 0 ? rows.position : 0, 0) + first_channel;
      const std::int8_t* row_weights = weights + rows.first * p.kernel_width * p.tap_pitch;
      std::int8_t* out = output.pixel(y, r.first_column) + c;
      for (std::int32_t x = r.first_column; x < r.end_column; ++x, out += output.pixel_pitch) {
        const inside_taps columns =
            inside_taps::clip(x * p.stride_width - p.padding_left, p.kernel_width, p.dilation_width, p.input_width);
        const std::int32_t run = dense ? columns.count * p.group_channels : p.group_channels;
        channel_sums<Channels> sums = biases;
        const std::int8_t* row = first_row + columns.position * input.pixel_pitch;
        const std::int8_t* wrap = ring_end + columns.position * input.pixel_pitch;
        const std::int8_t* tap_weights = row_weights + columns.first * p.tap_pitch;
        for (std::int32_t ky = rows.count; ky > 0; --ky) {
          const std::int8_t *pixel = row, *w = tap_weights;
          for (std::int32_t kx = dense ? 1 : columns.count; kx > 0; --kx, pixel += tap_step, w += p.tap_pitch)
            Neighbours::multiply_add(std::make_index_sequence<Channels>{}, sums, pixel, w, p, run);
          tap_weights += p.kernel_width * p.tap_pitch;
          row += row_step;
          if (row >= wrap) row -= input.rows * input.row_pitch;
        }
        for (std::size_t i = 0; i < Channels; ++i)
          out[i] = p.finish(sums.items[i], table[c + static_cast<std::int32_t>(i)]);
      }
    }
  }
};

}  // namespace detail

template <>
struct portable_kernel<layer_kind::conv2d> : detail::portable_window<detail::neighbours_share_input> {};
template <>
struct portable_kernel<layer_kind::depthwise_conv2d> : detail::portable_window<detail::neighbours_have_own_input> {};
template <>
struct portable_kernel<layer_kind::fully_connected> : detail::portable_window<detail::neighbours_share_input> {};

}  // namespace inlay
