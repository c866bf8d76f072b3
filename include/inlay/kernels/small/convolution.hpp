// Inlay: CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED with the least code and tables: several output channels at a
// time, windows clipped once a pixel, multipliers worked out from the model's scales.
#pragma once

#include <inlay/kernels/portable/window.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace inlay::inline INLAY_ABI::detail {

/// A positive float as whole number × 2^exponent, the number in [2^23, 2^24); 0 for zero.
struct whole_fraction {
  std::uint32_t number = 0;
  std::int32_t exponent = 0;

  static constexpr whole_fraction of(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    whole_fraction f{bits & 0x7fffff, static_cast<std::int32_t>(bits >> 23) - 150};
    if (f.exponent > -150)
      f.number |= 0x800000;
    else if (f.number != 0)
      for (++f.exponent; f.number < 0x800000; --f.exponent) f.number <<= 1;
    return f;
  }
};

/// quantize_multiplier(a × b / c) without floating point. In double, the product of two floats is exact, and the
/// quotient is rounded to 53 bits, ties to even, before it is rounded to 31 bits, ties up: up from 2^−23 below a half.
INLAY_NEVER_INLINE constexpr fixed_multiplier quantize_ratio(float a, float b, float c) {
  const whole_fraction x = whole_fraction::of(a), y = whole_fraction::of(b), z = whole_fraction::of(c);
  if (x.number == 0 || y.number == 0) return {};
  std::uint64_t dividend = std::uint64_t{x.number} * y.number << 6;
  std::int32_t shift = x.exponent + y.exponent - z.exponent + 31 - 6;
  for (; static_cast<std::uint32_t>(dividend >> 30) < z.number; dividend <<= 1) --shift;
  // Long division: a quotient of 31 bits.
  auto rest = static_cast<std::uint32_t>(dividend >> 31);
  auto bits = static_cast<std::uint32_t>(dividend) << 1;
  std::uint32_t quotient = 0;
  for (int i = 0; i < 31; ++i) {
    rest = rest << 1 | bits >> 31;
    bits <<= 1;
    quotient <<= 1;
    if (rest >= z.number) {
      rest -= z.number;
      ++quotient;
    }
  }
  const auto missing = static_cast<std::int32_t>(z.number - 2 * rest);
  if (missing <= static_cast<std::int32_t>(z.number >> 22)) ++quotient;
  if (quotient >> 31 != 0) {
    quotient >>= 1;
    ++shift;
  }
  return shift < -31 ? fixed_multiplier{} : fixed_multiplier{static_cast<std::int32_t>(quotient), shift};
}

/// Multipliers worked out from the model's scales, for a few channels at a time. The table has the biases, if there are
/// any, and the scales, one if it is for all channels.
struct computed_channels {
  struct parameters : window_layer {
    std::int16_t scales_at = 0;  // entries of the table before the scales
    bool one_scale = false;
    float input_scale = 0, output_scale = 0;
  };
  using table_entry = std::int32_t;

  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    return bias_count(g, l) + scale_count(g, l);
  }
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte* model, const channel_constants* constants,
                                   const std::int32_t*, table_entry* table) {
    for (std::int32_t c = 0; c < bias_count(g, l); ++c) *table++ = constants[c].bias;
    const std::uint32_t scales_at = g.input_of(l, 1).quant.scales_at;
    for (std::int32_t c = 0; c < scale_count(g, l); ++c)
      *table++ = read_int32(model, scales_at + 4 * static_cast<std::uint32_t>(c));
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    return {window_layer::make(g, l), narrow<std::int16_t>(bias_count(g, l)), scale_count(g, l) == 1,
            g.input_of(l).quant.scale, g.output_of(l).quant.scale};
  }
  static channel_constants of(const parameters& p, const table_entry* table, std::int32_t c) {
    const std::int32_t scale = table[p.scales_at + (p.one_scale ? 0 : c)];
    return {p.scales_at > 0 ? table[c] : 0, quantize_ratio(p.input_scale, std::bit_cast<float>(scale), p.output_scale)};
  }

 private:
  static constexpr std::int32_t bias_count(graph_view g, const layer& l) {
    return g.has_input(l, 2) ? channel_table::table_size(g, l) : 0;
  }
  static constexpr std::int32_t scale_count(graph_view g, const layer& l) { return g.input_of(l, 1).quant.channels; }
};

/// Sums of some output channels of one pixel.
template <std::size_t Channels>
struct channel_sums {
  std::int32_t items[Channels]{};
};

/// Convolutions whose output channels read the same input channels: their weights stand channel_pitch apart.
struct neighbours_share_input {
  template <std::size_t... Item>
  INLAY_ALWAYS_INLINE static void multiply_add(std::index_sequence<Item...>, channel_sums<sizeof...(Item)>& sums,
                                               const std::int8_t* pixel, const std::int8_t* weights,
                                               const window_layer& p, std::int32_t elements) {
    const std::int32_t pitch = p.channel_pitch, zero_point = p.input_zero_point;
    for (; elements > 0; --elements, ++pixel, ++weights) {
      const std::int32_t value = *pixel - zero_point;
      ((sums.items[Item] = wrapping_add(sums.items[Item], value * weights[static_cast<std::int32_t>(Item) * pitch])),
       ...);
    }
  }
};

/// Depthwise convolutions with one output channel for each input channel.
struct neighbours_have_own_input {
  template <std::size_t... Item>
  INLAY_ALWAYS_INLINE static void multiply_add(std::index_sequence<Item...>, channel_sums<sizeof...(Item)>& sums,
                                               const std::int8_t* pixel, const std::int8_t* weights,
                                               const window_layer& p, std::int32_t) {
    const std::int32_t zero_point = p.input_zero_point;
    // Keeps the loop over taps from being vectorised, which g++ 12 -O3 does wrongly for x86.
    asm("" : "+r"(pixel));
    ((sums.items[Item] = wrapping_add(sums.items[Item], (pixel[Item] - zero_point) * weights[Item])), ...);
  }
};

/// A layer with weights, a few output channels after another: what they need is read once for all pixels.
struct small_window_kernel : computed_channels {
  static constexpr std::int32_t excess(graph_view, const layer&) { return 0; }
  struct spec {
    layer_kind kind = layer_kind::conv2d;
  };

  static constexpr bool accepts(graph_view g, const layer& l) { return window_layer::accepts(g, l); }
  static constexpr spec specialise(graph_view, const layer& l) { return {l.kind}; }

  template <spec S>
  INLAY_ALWAYS_INLINE static void run(const parameters& p, const table_entry* table,
                                      const map_view<std::int8_t>& output, const region& r,
                                      const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    if constexpr (S.kind == layer_kind::depthwise_conv2d)
      run_depthwise({p, table, output, r, input, weights});
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

  INLAY_NEVER_INLINE static void run_groups(const job& j) {
    std::int32_t first_channel = 0;
    for (std::int32_t c = 0; c < j.p.output_channels; first_channel += j.p.group_channels) {
      const std::int32_t end = c + j.p.group_outputs;
      for (; c + 4 <= end; c += 4) run_channels<neighbours_share_input, 4>(j, c, first_channel);
      for (; c < end; ++c) run_channels<neighbours_share_input, 1>(j, c, first_channel);
    }
  }

  INLAY_NEVER_INLINE static void run_depthwise(const job& j) {
    std::int32_t c = 0;
    if (j.p.group_outputs == 1)
      for (; c + 4 <= j.p.output_channels; c += 4) run_channels<neighbours_have_own_input, 4>(j, c, c);
    for (; c < j.p.output_channels; ++c) run_channels<neighbours_share_input, 1>(j, c, c / j.p.group_outputs);
  }

  template <typename Neighbours, std::size_t Count>
  INLAY_NEVER_INLINE static void run_channels(const job& j, std::int32_t c, std::int32_t first_channel) {
    const parameters& p = j.p;
    const map_view<const std::int8_t>& input = j.input;
    channel_sums<Count> biases;
    fixed_multiplier multipliers[Count];
    for (std::size_t i = 0; i < Count; ++i) {
      const channel_constants channel = of(p, j.table, c + static_cast<std::int32_t>(i));
      biases.items[i] = channel.bias;
      multipliers[i] = channel.multiplier;
    }
    const std::int8_t* weights = j.weights + c * p.channel_pitch;
    // Without gaps between pixels, the taps of a row are one run of channels.
    const bool dense =
        p.dilation_width == 1 && input.pixel_pitch == p.group_channels && p.tap_pitch == p.group_channels;
    const std::int32_t tap_step = input.pixel_pitch * p.dilation_width;
    const std::int32_t row_step = input.row_pitch * p.dilation_height;
    const std::int8_t* ring_end = input.data + input.size();
    for (std::int32_t y = j.r.first_row; y < j.r.end_row; ++y) {
      const inside_taps rows =
          inside_taps::clip(y * p.stride_height - p.padding_top, p.kernel_height, p.dilation_height, p.input_height);
      const std::int8_t* first_row = input.pixel(rows.count > 0 ? rows.position : 0, 0) + first_channel;
      const std::int8_t* row_weights = weights + rows.first * p.kernel_width * p.tap_pitch;
      std::int8_t* out = j.output.pixel(y, j.r.first_column) + c;
      for (std::int32_t x = j.r.first_column; x < j.r.end_column; ++x, out += j.output.pixel_pitch) {
        const inside_taps columns =
            inside_taps::clip(x * p.stride_width - p.padding_left, p.kernel_width, p.dilation_width, p.input_width);
        const std::int32_t run = dense ? columns.count * p.group_channels : p.group_channels;
        channel_sums<Count> sums = biases;
        const std::int8_t* row = first_row + columns.position * input.pixel_pitch;
        const std::int8_t* wrap = ring_end + (columns.position - input.first_column) * input.pixel_pitch;
        const std::int8_t* tap_weights = row_weights + columns.first * p.tap_pitch;
        for (std::int32_t ky = rows.count; ky > 0; --ky) {
          const std::int8_t *pixel = row, *w = tap_weights;
          for (std::int32_t kx = dense ? 1 : columns.count; kx > 0; --kx, pixel += tap_step, w += p.tap_pitch)
            Neighbours::multiply_add(std::make_index_sequence<Count>{}, sums, pixel, w, p, run);
          tap_weights += p.kernel_width * p.tap_pitch;
          row += row_step;
          if (row >= wrap) row -= input.size();
        }
        for (std::size_t i = 0; i < Count; ++i) out[i] = p.finish(sums.items[i], multipliers[i]);
      }
    }
  }
};

template <>
struct fast_kernel<isa::small, layer_kind::conv2d> : small_window_kernel {};
template <>
struct fast_kernel<isa::small, layer_kind::depthwise_conv2d> : small_window_kernel {};
template <>
struct fast_kernel<isa::small, layer_kind::fully_connected> : small_window_kernel {};

}  // namespace inlay::detail
