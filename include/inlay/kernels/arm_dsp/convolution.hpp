// Inlay: CONV_2D and FULLY_CONNECTED for Cortex-M4, M7 and M33.
//
// The windows of one, two or four neighbouring pixels are widened to int16, the zero point taken off and 0 put
// where they leave the map, and multiplied with as many channels as make four sums: 4 pixels × 1 channel,
// 2 × 2 or 1 × 4. Four bytes of depth are a step. Widened steps of all pixels are interleaved, bytes 0 and 2 of
// each pixel before bytes 1 and 3, so that one LDM loads what a step of the weights needs:
//
//   p0 d0 d2 | p1 d0 d2 | p2 d0 d2 | p3 d0 d2 | p0 d1 d3 | p1 d1 d3 | p2 d1 d3 | p3 d1 d3
//
// Windows too deep for the buffer are multiplied in parts, of some channels at a time.
#pragma once

#include <inlay/kernels/arm_dsp/primitives.hpp>

#include <cstdint>

namespace inlay::detail::arm_dsp {

/// A window over a map with all its channels, or with those of one of several groups.
struct convolution {
  std::int32_t bias_distance = 0;  // bytes from the weights, 0 without biases
  std::int16_t input_height = 0, input_width = 0;
  std::int16_t group_channels = 0;  // input channels that an output channel reads
  std::int16_t group_outputs = 0;   // output channels that read the same ones
  std::int16_t groups = 1;
  std::uint8_t kernel_height = 1, kernel_width = 1;
  std::uint8_t stride_height = 1, stride_width = 1;
  std::uint8_t dilation_height = 1, dilation_width = 1;
  std::uint8_t padding_top = 0, padding_left = 0;
  std::int8_t input_zero_point = 0;
  output_range range{};
};

constexpr bool fits_int16(std::int32_t value) { return value >= 0 && value <= 0x7fff; }
constexpr bool fits_uint8(std::int32_t value) { return value >= 0 && value <= 0xff; }

/// Room for widened windows: all of it for them, or less, with the sums of some channels behind.
constexpr std::int32_t buffer_words = 144;
constexpr std::int32_t blocks_at_once = 16;
constexpr std::int32_t words_beside_sums = buffer_words - 4 * blocks_at_once;

/// What making one pixel needs to know.
struct convolution_step {
  const convolution& p;
  map_view<const std::int8_t> input;  // from the group's first channel
  std::int32_t input_width;
  const std::int8_t* weights;
  const std::int8_t* biases;
  const std::int32_t* multipliers;
  const std::int8_t* shifts;
  std::int32_t depth;  // weights of an output channel
  std::int32_t buffer[buffer_words];
};

/// Four sums and how to go through the weights: what the functions below get in one LDM.
struct block {
  std::int32_t sums[4];  // of a channel's pixels, then of the next channel's
  std::int32_t skipped_bytes;
  std::int32_t channel_pitch, channel_pitch_times_3;
};

// Add products of widened windows, from x to end, and the weights of some channels to the sums. Compilers run out of
// registers, so these are whole functions: r0 x, r1 end, r2 weights, r3 block, r4 to r7 the sums. A round has four
// steps; `skipped_bytes` of them are left out of the first. ADD reads the pc as the address behind the NOP.
#define INLAY_ROUNDS(step) "add pc, pc, r12\nnop\n1:\n" step step step step "cmp r0, r1\nbne 1b\n"

/// Bytes of a step's instructions, by pixels.
constexpr std::int32_t step_bytes(std::int32_t pixels) { return pixels == 4 ? 52 : pixels == 2 ? 60 : 84; }

[[gnu::naked, gnu::noinline]] inline void multiply_4_pixels(const std::int32_t*, const std::int32_t*,
                                                            const std::int8_t*, block*) {
  asm("push {r4-r11, lr}\n"
      "ldmia r3, {r4-r7, r12}\n"
#define INLAY_STEP                 \
  "ldmia r0!, {r8-r11}\n"          \
  "ldr r12, [r2], #4\n"            \
  "sxtb16 lr, r12\n"               \
  "sxtb16 r12, r12, ror #8\n"      \
  "smlad r4, r8, lr, r4\n"         \
  "smlad r5, r9, lr, r5\n"         \
  "smlad r6, r10, lr, r6\n"        \
  "smlad r7, r11, lr, r7\n"        \
  "ldmia r0!, {r8-r11}\n"          \
  "smlad r4, r8, r12, r4\n"        \
  "smlad r5, r9, r12, r5\n"        \
  "smlad r6, r10, r12, r6\n"       \
  "smlad r7, r11, r12, r7\n"
      INLAY_ROUNDS(INLAY_STEP)
#undef INLAY_STEP
      "stmia r3, {r4-r7}\n"
      "pop {r4-r11, pc}\n");
}

[[gnu::naked, gnu::noinline]] inline void multiply_2_pixels(const std::int32_t*, const std::int32_t*,
                                                            const std::int8_t*, block*) {
  asm("push {r3-r11, lr}\n"
      "ldmia r3, {r4-r7, r12, lr}\n"
#define INLAY_STEP                 \
  "ldmia r0!, {r8-r11}\n"          \
  "ldr r12, [r2, lr]\n"            \
  "sxtb16 r3, r12\n"               \
  "sxtb16 r12, r12, ror #8\n"      \
  "smlad r6, r8, r3, r6\n"         \
  "smlad r7, r9, r3, r7\n"         \
  "smlad r6, r10, r12, r6\n"       \
  "smlad r7, r11, r12, r7\n"       \
  "ldr r12, [r2], #4\n"            \
  "sxtb16 r3, r12\n"               \
  "sxtb16 r12, r12, ror #8\n"      \
  "smlad r4, r8, r3, r4\n"         \
  "smlad r5, r9, r3, r5\n"         \
  "smlad r4, r10, r12, r4\n"       \
  "smlad r5, r11, r12, r5\n"
      INLAY_ROUNDS(INLAY_STEP)
#undef INLAY_STEP
      "ldr r3, [sp], #4\n"
      "stmia r3, {r4-r7}\n"
      "pop {r4-r11, pc}\n");
}

[[gnu::naked, gnu::noinline]] inline void multiply_1_pixel(const std::int32_t*, const std::int32_t*,
                                                           const std::int8_t*, block*) {
  asm("push {r3-r11, lr}\n"
      "ldmia r3, {r4-r7, r12, lr}\n"
      "ldr r3, [r3, #24]\n"
#define INLAY_CHANNEL(sum)                \
  "sxtb16 r11, r10\n"                     \
  "sxtb16 r10, r10, ror #8\n"             \
  "smlad " sum ", r8, r11, " sum "\n"     \
  "smlad " sum ", r9, r10, " sum "\n"
#define INLAY_STEP                                       \
  "ldrd r8, r9, [r0], #8\n"                              \
  "ldr r10, [r2, lr]\n" INLAY_CHANNEL("r5")              \
  "ldr r10, [r2, lr, lsl #1]\n" INLAY_CHANNEL("r6")      \
  "ldr r10, [r2, r3]\n" INLAY_CHANNEL("r7")              \
  "ldr r10, [r2], #4\n" INLAY_CHANNEL("r4")
      INLAY_ROUNDS(INLAY_STEP)
#undef INLAY_STEP
#undef INLAY_CHANNEL
      "ldr r3, [sp], #4\n"
      "stmia r3, {r4-r7}\n"
      "pop {r4-r11, pc}\n");
}
#undef INLAY_ROUNDS

template <int Pixels>
INLAY_ALWAYS_INLINE void multiply(const std::int32_t* x, const std::int32_t* end, const std::int8_t* weights,
                                  block& b) {
  if constexpr (Pixels == 4)
    multiply_4_pixels(x, end, weights, &b);
  else if constexpr (Pixels == 2)
    multiply_2_pixels(x, end, weights, &b);
  else
    multiply_1_pixel(x, end, weights, &b);
}

/// Widens steps of one window; those of `pixels` windows are interleaved.
inline void widen(const std::int8_t* from, std::int32_t steps, std::int32_t minus_zero_points, std::int32_t pixels,
                  std::int32_t* to) {
  for (; steps > 0; --steps, from += 4, to += 2 * pixels) {
    const std::int32_t word = load_word(from);
    to[0] = add_even_bytes(minus_zero_points, word);
    to[pixels] = add_odd_bytes(minus_zero_points, word);
  }
}

/// Widens steps of four windows, `distance` bytes apart.
inline void widen_four(const std::int8_t* from, std::int32_t distance, std::int32_t steps,
                       std::int32_t minus_zero_points, std::int32_t* to) {
  for (std::int32_t pixel = 0; pixel < 4; ++pixel)
    widen(from + pixel * distance, steps, minus_zero_points, 4, to + pixel);
}

/// Bytes first … first + count − 1 of the windows of neighbouring pixels, of which the first one's window starts at
/// row y, column x of the input. Widens them to `to`, or, of one pixel, copies them there. Negative bytes are
/// outside as well.
template <bool Widens>
INLAY_NEVER_INLINE void gather(const convolution_step& s, std::int32_t pixels, std::int32_t y, std::int32_t x,
                               std::int32_t first, std::int32_t count, void* to) {
  const convolution& p = s.p;
  const std::int32_t minus_zero_points = minus_twice(p.input_zero_point);
  auto* words = static_cast<std::int32_t*>(to);
  auto* bytes = static_cast<std::int8_t*>(to);
  if constexpr (!Widens)
    for (; first < 0; ++first, --count) *bytes++ = p.input_zero_point;
  const std::int32_t channels = p.group_channels;
  std::int32_t tap = first / channels;
  std::int32_t channel = first - tap * channels;
  std::int32_t ky = tap / p.kernel_width;
  std::int32_t kx = tap - ky * p.kernel_width;
  const bool dense = s.input.pixel_pitch == channels && p.dilation_width == 1;
  const std::int32_t pixel_distance = p.stride_width * s.input.pixel_pitch;
  const std::int32_t pixels_width = (pixels - 1) * p.stride_width;
  while (count > 0) {
    const std::int32_t row = y + ky * p.dilation_height;
    const std::int32_t column = x + kx * p.dilation_width;
    const bool row_inside = row >= 0 && row < p.input_height;
    // All taps of a row at once where they are inside and side by side.
    const std::int32_t taps = dense ? p.kernel_width - kx : 1;
    const bool inside = row_inside && column >= 0 && column + pixels_width + taps <= s.input_width;
    std::int32_t run = (inside ? taps : 1) * channels - channel;
    if (run > count) run = count;
    const std::int8_t* from = row_inside ? s.input.data + row % s.input.rows * s.input.row_pitch +
                                               (column - s.input.first_column) * s.input.pixel_pitch + channel
                                         : nullptr;
    if constexpr (Widens) {
      if (inside && pixels == 4) {
        widen_four(from, pixel_distance, run / 4, minus_zero_points, words);
      } else {
        for (std::int32_t pixel = 0; pixel < pixels; ++pixel) {
          const std::int32_t pixel_column = column + pixel * p.stride_width;
          if (row_inside && pixel_column >= 0 && pixel_column < s.input_width) {
            widen(from + pixel * pixel_distance, run / 4, minus_zero_points, pixels, words + pixel);
          } else {
            std::int32_t* zeros = words + pixel;
            for (std::int32_t i = 0; i < run; i += 2, zeros += pixels) *zeros = 0;
          }
        }
      }
      words += run / 2 * pixels;
    } else {
      for (std::int32_t i = 0; i < run; ++i)
        bytes[i] = row_inside && column >= 0 && column < s.input_width ? from[i] : p.input_zero_point;
      bytes += run;
    }
    count -= run;
    channel = 0;
    kx += inside ? taps : 1;
    if (kx == p.kernel_width) {
      kx = 0;
      ++ky;
    }
  }
}

/// Widens some steps of the windows of neighbouring pixels into the buffer.
inline void widen_windows(convolution_step& s, std::int32_t pixels, std::int32_t y, std::int32_t x,
                          std::int32_t first_step, std::int32_t steps) {
  const convolution& p = s.p;
  const std::int32_t first = 4 * first_step - (-s.depth & 3);
  if (p.group_channels % 4 == 0) {
    gather<true>(s, pixels, y, x, first, 4 * steps, s.buffer);
    return;
  }
  constexpr std::int32_t steps_at_once = 16;
  for (std::int32_t pixel = 0; pixel < pixels; ++pixel) {
    for (std::int32_t i = 0; i < steps; i += steps_at_once) {
      alignas(4) std::int8_t bytes[4 * steps_at_once];
      const std::int32_t now = steps - i < steps_at_once ? steps - i : steps_at_once;
      gather<false>(s, 1, y, x + pixel * p.stride_width, first + 4 * i, 4 * now, bytes);
      widen(bytes, now, minus_twice(p.input_zero_point), pixels, s.buffer + 2 * pixels * i + pixel);
    }
  }
}

/// All channels of neighbouring pixels.
template <int Pixels, requantisation R>
INLAY_NEVER_INLINE void make_pixels(convolution_step& s, std::int32_t y, std::int32_t x, std::int8_t* output,
                                    std::int32_t output_pitch) {
  constexpr std::int32_t block_channels = 4 / Pixels;
  const std::int32_t depth = s.depth;
  const std::int32_t channels = s.p.group_outputs;
  // Blocks of fewer channels compute the same one several times.
  const bool full = channels >= block_channels;
  const std::int32_t channel_step = full ? 1 : 0;
  const std::int32_t block_step = full ? block_channels : 1;
  const std::int32_t last_block = full ? channels - block_channels : channels - 1;
  const std::int32_t all_steps = (depth + 3) / 4;
  block b;
  b.channel_pitch = channel_step * depth;
  b.channel_pitch_times_3 = 3 * b.channel_pitch;
  const bool at_once = all_steps * 2 * Pixels <= buffer_words;
  const std::int32_t part_steps = at_once ? all_steps : words_beside_sums / (2 * Pixels);
  const std::int32_t part_channels = at_once ? channels : blocks_at_once * block_step;
  for (std::int32_t first_channel = 0; first_channel < channels; first_channel += part_channels) {
    for (std::int32_t step = 0; step < all_steps; step += part_steps) {
      const std::int32_t steps = all_steps - step < part_steps ? all_steps - step : part_steps;
      widen_windows(s, Pixels, y, x, step, steps);
      b.skipped_bytes = (-steps & 3) * step_bytes(Pixels);
      std::int32_t* sums_so_far = s.buffer + words_beside_sums;
      for (std::int32_t c = first_channel; c < channels && c < first_channel + part_channels; c += block_step) {
        // The last block may overlap the one before.
        const std::int32_t channel = c < last_block ? c : last_block;
        if (step == 0) {
          for (std::int32_t i = 0; i < 4; ++i)
            b.sums[i] = s.biases != nullptr ? load_word(s.biases + 4 * (channel + i / Pixels * channel_step)) : 0;
        } else {
          for (std::int32_t i = 0; i < 4; ++i) b.sums[i] = sums_so_far[i];
        }
        const std::int8_t* weights = s.weights + channel * depth + 4 * step - (-depth & 3);
        multiply<Pixels>(s.buffer, s.buffer + 2 * Pixels * steps, weights, b);
        if (step + steps < all_steps) {
          for (std::int32_t i = 0; i < 4; ++i) sums_so_far[i] = b.sums[i];
          sums_so_far += 4;
          continue;
        }
        sums_so_far += 4;
        for (std::int32_t i = 0; i < block_channels; ++i) {
          const std::int32_t of = channel + i * channel_step;
          const channel_scale<R> scale(s.multipliers[of], s.shifts[of], s.p.range.zero_point);
          for (std::int32_t pixel = 0; pixel < Pixels; ++pixel)
            output[pixel * output_pitch + of] =
                static_cast<std::int8_t>(scale.output(b.sums[i * Pixels + pixel], s.p.range));
        }
      }
    }
  }
}

/// A convolution's region; layers share the code.
template <requantisation R>
INLAY_NEVER_INLINE void convolve(const convolution& p, const std::int32_t* table, const map_view<std::int8_t>& output,
                                 region r, const map_view<const std::int8_t>& input, const std::int8_t* weights) {
  const std::int32_t depth = p.kernel_height * p.kernel_width * p.group_channels;
  const std::int32_t channels = p.group_outputs * p.groups;
  convolution_step s{p, input, p.input_width, weights, p.bias_distance != 0 ? weights + p.bias_distance : nullptr,
                     table, scale_table::shifts(table, channels), depth, {}};
  for (std::int32_t group = 0; group < p.groups; ++group) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      const std::int32_t first_row = y * p.stride_height - p.padding_top;
      for (std::int32_t x = r.first_column; x < r.end_column;) {
        std::int32_t left = r.end_column - x;
        // Three pixels are four with the one before.
        if (left == 3 && x > r.first_column) --x, left = 4;
        std::int8_t* out = output.pixel(y, x) + group * p.group_outputs;
        const std::int32_t first_column = x * p.stride_width - p.padding_left;
        if (left >= 4) {
          make_pixels<4, R>(s, first_row, first_column, out, output.pixel_pitch);
          x += 4;
        } else if (left >= 2) {
          make_pixels<2, R>(s, first_row, first_column, out, output.pixel_pitch);
          x += 2;
        } else {
          make_pixels<1, R>(s, first_row, first_column, out, output.pixel_pitch);
          x += 1;
        }
      }
    }
    s.input.data += p.group_channels;
    s.weights += p.group_outputs * depth;
    if (s.biases != nullptr) s.biases += 4 * p.group_outputs;
    s.multipliers += p.group_outputs;
    s.shifts += p.group_outputs;
  }
}

template <requantisation Short>
INLAY_ALWAYS_INLINE void convolve_layer(const convolution& p, const std::int32_t* table,
                                        const map_view<std::int8_t>& output, region r,
                                        const map_view<const std::int8_t>& input, const std::int8_t* weights) {
  if (scale_table::is_general(table, p.group_outputs * p.groups))
    convolve<requantisation::general>(p, table, output, r, input, weights);
  else
    convolve<Short>(p, table, output, r, input, weights);
}

/// The kernels read whole words, up to three bytes before the weights: any model has so many before its data.
constexpr bool has_bytes_before(const tensor& weights) { return weights.is_constant() && weights.data_at >= 3; }

}  // namespace inlay::detail::arm_dsp

namespace inlay {

template <>
struct fast_kernel<isa::arm_dsp, layer_kind::conv2d> : detail::arm_dsp::scale_table {
  using parameters = detail::arm_dsp::convolution;
  struct spec {
    detail::arm_dsp::requantisation requantisation;
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    using namespace detail::arm_dsp;
    const window2d& w = l.window;
    const shape& in = g.input_of(l).extents;
    return fits_int16(in.height()) && fits_int16(in.width()) && fits_int16(in.channels()) &&
           fits_int16(g.output_of(l).extents.channels()) && fits_uint8(w.kernel.height) &&
           fits_uint8(w.kernel.width) && fits_uint8(w.stride.height) && fits_uint8(w.stride.width) &&
           fits_uint8(w.dilation.height) && fits_uint8(w.dilation.width) && fits_uint8(w.padding.top) &&
           fits_uint8(w.padding.left) && has_bytes_before(g.input_of(l, 1));
  }

  static constexpr spec specialise(graph_view g, const layer& l) {
    return {detail::arm_dsp::short_requantisation(g, l)};
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& in = g.input_of(l).extents;
    const window2d& w = l.window;
    const std::int32_t channels = g.input_of(l, 1).extents.channels();
    const std::int32_t groups = in.channels() / channels;
    parameters p;
    p.bias_distance = detail::arm_dsp::bias_distance(g, l);
    p.input_height = static_cast<std::int16_t>(in.height());
    p.input_width = static_cast<std::int16_t>(in.width());
    p.group_channels = static_cast<std::int16_t>(channels);
    p.group_outputs = static_cast<std::int16_t>(g.output_of(l).extents.channels() / groups);
    p.groups = static_cast<std::int16_t>(groups);
    p.kernel_height = static_cast<std::uint8_t>(w.kernel.height);
    p.kernel_width = static_cast<std::uint8_t>(w.kernel.width);
    p.stride_height = static_cast<std::uint8_t>(w.stride.height);
    p.stride_width = static_cast<std::uint8_t>(w.stride.width);
    p.dilation_height = static_cast<std::uint8_t>(w.dilation.height);
    p.dilation_width = static_cast<std::uint8_t>(w.dilation.width);
    p.padding_top = static_cast<std::uint8_t>(w.padding.top);
    p.padding_left = static_cast<std::uint8_t>(w.padding.left);
    p.input_zero_point = static_cast<std::int8_t>(g.input_of(l).quant.zero_point);
    p.range = detail::arm_dsp::range_of(g, l);
    return p;
  }

  template <spec Spec>
  static void run(const parameters& p, const std::int32_t* table, map_view<std::int8_t> output, region r,
                  map_view<const std::int8_t> input, const std::int8_t* weights) {
    detail::arm_dsp::convolve_layer<Spec.requantisation>(p, table, output, r, input, weights);
  }
};

/// A window of one pixel; the rows are the pixels.
template <>
struct fast_kernel<isa::arm_dsp, layer_kind::fully_connected> : detail::arm_dsp::scale_table {
  using parameters = detail::arm_dsp::convolution;
  struct spec {
    detail::arm_dsp::requantisation requantisation;
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    using namespace detail::arm_dsp;
    const shape& weights = g.input_of(l, 1).extents;
    return fits_int16(weights[0]) && fits_int16(weights[1]) &&
           fits_int16(g.input_of(l).extents.elements() / weights[1]) && has_bytes_before(g.input_of(l, 1));
  }

  static constexpr spec specialise(graph_view g, const layer& l) {
    return {detail::arm_dsp::short_requantisation(g, l)};
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& weights = g.input_of(l, 1).extents;
    parameters p;
    p.bias_distance = detail::arm_dsp::bias_distance(g, l);
    p.input_height = 1;
    p.input_width = static_cast<std::int16_t>(g.input_of(l).extents.elements() / weights[1]);
    p.group_channels = static_cast<std::int16_t>(weights[1]);
    p.group_outputs = static_cast<std::int16_t>(weights[0]);
    p.input_zero_point = static_cast<std::int8_t>(g.input_of(l).quant.zero_point);
    p.range = detail::arm_dsp::range_of(g, l);
    return p;
  }

  template <spec Spec>
  static void run_whole(const parameters& p, const std::int32_t* table, std::int8_t* output, const std::int8_t* input,
                        const std::int8_t* weights) {
    const region all{0, 1, 0, p.input_width};
    detail::arm_dsp::convolve_layer<Spec.requantisation>(p, table, {output, p.group_outputs, 0, 1, 0}, all,
                                                         {input, p.group_channels, 0, 1, 0}, weights);
  }
};

}  // namespace inlay
