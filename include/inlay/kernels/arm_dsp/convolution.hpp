// Inlay: CONV_2D and FULLY_CONNECTED for Cortex-M4, M7 and M33.
//
// The windows of one, two or four neighbouring pixels are widened to int16, the zero point taken off and 0 put
// where they leave the map, and multiplied with as many channels as make four sums: 4 pixels × 1 channel,
// 2 × 2 or 1 × 4. Four bytes of depth are a step. Widened steps of all pixels are interleaved, bytes 0 and 2 of
// each pixel before bytes 1 and 3, so that one LDM loads what a step of the weights needs:
//
//   p0 d0 d2 | p1 d0 d2 | p2 d0 d2 | p3 d0 d2 | p0 d1 d3 | p1 d1 d3 | p2 d1 d3 | p3 d1 d3
//
// Windows too deep for the buffer are widened and multiplied in parts, for some channels at a time.
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
  bool pointwise = false;  // windows of one pixel, none of them outside
};

constexpr bool fits_int16(std::int32_t value) { return value >= 0 && value <= 0x7fff; }
constexpr bool fits_uint8(std::int32_t value) { return value >= 0 && value <= 0xff; }

/// Room for widened windows, sums behind them.
constexpr std::int32_t buffer_words = 128;
constexpr std::int32_t least_sums = 16;  // beside whole windows
constexpr std::int32_t most_sums = 64;   // beside parts of windows, which are widened again for the next ones

/// A group of a convolution's channels, and where its input is.
struct convolution_group {
  const convolution& p;
  map_view<const std::int8_t> input;  // from the group's first channel
  std::int32_t input_width;
};

// Functions that add the products of widened windows, from x to end, and weights to blocks of four sums: a channel's
// pixels, then those of the next channel, channel_pitch bytes further. weights_step leads from the end of a block's
// weights to the start of the next one's.
//
// Compilers run out of registers here. r0 is x, r1 end, r2 weights; r4 to r7 are the sums. Arguments from the fifth
// on stand at sp + 40. A round has four steps; skipped_bytes of instructions are left out of the first. ADD reads
// the pc as the address behind the NOP.
using multiply_function = void(std::int32_t channel_pitch, const std::int32_t* end, const std::int8_t* weights,
                               std::int32_t* sums, const std::int32_t* x, std::int32_t skipped_bytes,
                               std::int32_t weights_step, const std::int32_t* sums_end,
                               std::int32_t channel_pitch_times_3);
#define INLAY_MULTIPLY_FUNCTION(name)                                                                                  \
  [[gnu::naked, gnu::noinline]] inline void name(std::int32_t, const std::int32_t*, const std::int8_t*, std::int32_t*, \
                                                 const std::int32_t*, std::int32_t, std::int32_t, const std::int32_t*, \
                                                 std::int32_t)
#define INLAY_ENTER "push {r3-r11, lr}\n"
#define INLAY_LEAVE "add sp, #4\npop {r4-r11, pc}\n"
#define INLAY_ROUNDS(step, t) "add pc, pc, " t "\nnop\n1:\n" step step step step "cmp r0, r1\nbne 1b\n"

INLAY_MULTIPLY_FUNCTION(multiply_4_pixels) {
#define INLAY_STEP            \
  "ldmia r0!, {r8-r11}\n"     \
  "ldr r12, [r2], #4\n"       \
  "sxtb16 lr, r12\n"          \
  "sxtb16 r12, r12, ror #8\n" \
  "smlad r4, r8, lr, r4\n"    \
  "smlad r5, r9, lr, r5\n"    \
  "smlad r6, r10, lr, r6\n"   \
  "smlad r7, r11, lr, r7\n"   \
  "ldmia r0!, {r8-r11}\n"     \
  "smlad r4, r8, r12, r4\n"   \
  "smlad r5, r9, r12, r5\n"   \
  "smlad r6, r10, r12, r6\n"  \
  "smlad r7, r11, r12, r7\n"
  asm(INLAY_ENTER
      "2:\n"
      "ldmia r3, {r4-r7}\n"
      "ldrd r0, r12, [sp, #40]\n" INLAY_ROUNDS(INLAY_STEP, "r12")
      "stmia r3!, {r4-r7}\n"
      "ldrd r12, lr, [sp, #48]\n"
      "add r2, r2, r12\n"
      "cmp r3, lr\n"
      "bne 2b\n" INLAY_LEAVE);
#undef INLAY_STEP
}

INLAY_MULTIPLY_FUNCTION(multiply_2_pixels) {
#define INLAY_STEP            \
  "ldmia r0!, {r8-r11}\n"     \
  "ldr r12, [r2, lr]\n"       \
  "sxtb16 r3, r12\n"          \
  "sxtb16 r12, r12, ror #8\n" \
  "smlad r6, r8, r3, r6\n"    \
  "smlad r7, r9, r3, r7\n"    \
  "smlad r6, r10, r12, r6\n"  \
  "smlad r7, r11, r12, r7\n"  \
  "ldr r12, [r2], #4\n"       \
  "sxtb16 r3, r12\n"          \
  "sxtb16 r12, r12, ror #8\n" \
  "smlad r4, r8, r3, r4\n"    \
  "smlad r5, r9, r3, r5\n"    \
  "smlad r4, r10, r12, r4\n"  \
  "smlad r5, r11, r12, r5\n"
  asm(INLAY_ENTER
      "mov lr, r0\n"
      "2:\n"
      "ldmia r3, {r4-r7}\n"
      "ldrd r0, r12, [sp, #40]\n" INLAY_ROUNDS(INLAY_STEP, "r12")
      "ldr r3, [sp]\n"
      "stmia r3!, {r4-r7}\n"
      "str r3, [sp]\n"
      "ldrd r0, r12, [sp, #48]\n"
      "add r2, r2, r0\n"
      "cmp r3, r12\n"
      "bne 2b\n" INLAY_LEAVE);
#undef INLAY_STEP
}

INLAY_MULTIPLY_FUNCTION(multiply_1_pixel) {
#define INLAY_CHANNEL(sum)       \
  "sxtb16 r11, r10\n"            \
  "sxtb16 r10, r10, ror #8\n"    \
  "smlad " sum ", r8, r11, " sum \
  "\n"                           \
  "smlad " sum ", r9, r10, " sum "\n"
#define INLAY_STEP                                                                       \
  "ldrd r8, r9, [r0], #8\n"                                                              \
  "ldr r10, [r2, lr]\n" INLAY_CHANNEL("r5") "ldr r10, [r2, lr, lsl #1]\n" INLAY_CHANNEL( \
      "r6") "ldr r10, [r2, r3]\n" INLAY_CHANNEL("r7") "ldr r10, [r2], #4\n" INLAY_CHANNEL("r4")
  asm(INLAY_ENTER
      "mov r12, r3\n"
      "mov lr, r0\n"
      "ldr r3, [sp, #56]\n"
      "2:\n"
      "ldmia r12, {r4-r7}\n"
      "ldrd r0, r10, [sp, #40]\n" INLAY_ROUNDS(INLAY_STEP, "r10")
      "stmia r12!, {r4-r7}\n"
      "ldrd r0, r10, [sp, #48]\n"
      "add r2, r2, r0\n"
      "cmp r12, r10\n"
      "bne 2b\n" INLAY_LEAVE);
#undef INLAY_STEP
#undef INLAY_CHANNEL
}
#undef INLAY_ROUNDS
#undef INLAY_LEAVE
#undef INLAY_ENTER
#undef INLAY_MULTIPLY_FUNCTION

/// By pixels: the function, and the bytes of a step's instructions.
inline multiply_function* multiply_pixels(std::int32_t pixels) {
  return pixels == 4 ? multiply_4_pixels : pixels == 2 ? multiply_2_pixels : multiply_1_pixel;
}
constexpr std::int32_t step_bytes(std::int32_t pixels) { return pixels == 4 ? 52 : pixels == 2 ? 60 : 84; }

/// Widens steps of one window; those of `pixels` windows are interleaved.
inline void widen(const std::int8_t* from, std::int32_t steps, std::int32_t minus_zero_points, std::int32_t pixels,
                  std::int32_t* to) {
  for (; steps > 0; --steps, from += 4, to += 2 * pixels) {
    const std::int32_t word = load_word(from);
    to[0] = add_even_bytes(minus_zero_points, word);
    to[pixels] = add_odd_bytes(minus_zero_points, word);
  }
}

/// Widens steps of four windows, `distance` bytes apart, until the end of what it makes; at least one step.
INLAY_NEVER_INLINE inline void widen_four(const std::int8_t* from, std::int32_t distance, const std::int32_t* end,
                                          std::int32_t minus_zero_points, std::int32_t* to) {
  std::int32_t even;
  asm volatile(
      "1:\n"
      "ldr r9, [%[from], %[distance]]\n"
      "ldr r10, [%[from], %[distance], lsl #1]\n"
      "ldr r11, [%[from], %[distance3]]\n"
      "ldr r8, [%[from]], #4\n"
      "sxtab16 %[even], %[zero], r8\n"
      "sxtab16 r12, %[zero], r9\n"
      "strd %[even], r12, [%[to]], #8\n"
      "sxtab16 %[even], %[zero], r10\n"
      "sxtab16 r12, %[zero], r11\n"
      "strd %[even], r12, [%[to]], #8\n"
      "sxtab16 r8, %[zero], r8, ror #8\n"
      "sxtab16 r9, %[zero], r9, ror #8\n"
      "sxtab16 r10, %[zero], r10, ror #8\n"
      "sxtab16 r11, %[zero], r11, ror #8\n"
      "stmia %[to]!, {r8-r11}\n"
      "cmp %[to], %[end]\n"
      "bne 1b\n"
      : [from] "+r"(from), [to] "+r"(to), [even] "=&r"(even)
      : [distance] "r"(distance), [distance3] "r"(3 * distance), [zero] "r"(minus_zero_points), [end] "r"(end)
      : "r8", "r9", "r10", "r11", "r12", "cc", "memory");
}

/// At least one byte; returns the end of the copy.
INLAY_ALWAYS_INLINE std::int8_t* copy_bytes(const std::int8_t* from, std::int32_t count, std::int8_t* to) {
  if (count >= 4) {
    // Words, the first of which may overlap the next.
    store_word(to, load_word(from));
    std::int32_t i = count - 4;
    if (i > 0) {
      do {
        store_word(to + i, keep(load_word(from + i)));
        i -= 4;
      } while (i > 0);
    }
  } else {
    std::int32_t i = count - 1;
    do to[i] = static_cast<std::int8_t>(keep(from[i]));
    while (--i >= 0);
  }
  return to + count;
}

/// Widens bytes first … first + count − 1 of the windows of neighbouring pixels, of which the first one starts at row
/// y, column x of the input: whole words of a pixel.
INLAY_SMALL INLAY_NEVER_INLINE inline void widen_words(const convolution_group& s, std::int32_t pixels, std::int32_t y,
                                                       std::int32_t x, std::int32_t first, std::int32_t count,
                                                       std::int32_t* to) {
  const convolution& p = s.p;
  const std::int32_t minus_zero_points = minus_twice(p.input_zero_point);
  const std::int32_t channels = p.group_channels;
  const bool dense = s.input.pixel_pitch == channels && p.dilation_width == 1;
  const std::int32_t pixel_distance = p.stride_width * s.input.pixel_pitch;
  const std::int32_t tap = first / channels;
  std::int32_t channel = first - tap * channels;
  std::int32_t ky = tap / p.kernel_width;
  std::int32_t kx = tap - ky * p.kernel_width;
  while (count > 0) {
    const std::int32_t row = y + ky * p.dilation_height;
    const std::int32_t column = x + kx * p.dilation_width;
    // All taps of a row at once where they are inside and side by side.
    std::int32_t taps = dense ? p.kernel_width - kx : 1;
    const bool row_inside = row >= 0 && row < p.input_height;
    const bool inside = row_inside && column >= 0 && column + (pixels - 1) * p.stride_width + taps <= s.input_width;
    if (!inside) taps = 1;
    std::int32_t run = taps * channels - channel;
    if (run > count) run = count;
    const std::int8_t* from = s.input.data + channel;
    if (row_inside)
      from += row % s.input.rows * s.input.row_pitch + (column - s.input.first_column) * s.input.pixel_pitch;
    if (inside && pixels == 4) {
      widen_four(from, pixel_distance, to + 2 * run, minus_zero_points, to);
    } else {
      for (std::int32_t pixel = 0; pixel < pixels; ++pixel, from += pixel_distance) {
        const std::int32_t pixel_column = column + pixel * p.stride_width;
        if (row_inside && pixel_column >= 0 && pixel_column < s.input_width) {
          widen(from, run / 4, minus_zero_points, pixels, to + pixel);
        } else {
          std::int32_t* zeros = to + pixel;
          for (std::int32_t i = 0; i < run; i += 2, zeros += pixels) *zeros = 0;
        }
      }
    }
    to += run / 2 * pixels;
    count -= run;
    channel = 0;
    kx += taps;
    if (kx == p.kernel_width) kx = 0, ++ky;
  }
}

/// The same where a pixel's channels are no whole words, by way of copies of windows. Bytes before a window are
/// outside, too.
INLAY_SMALL INLAY_NEVER_INLINE inline void widen_copies(const convolution_group& s, std::int32_t pixels, std::int32_t y,
                                                        std::int32_t x, std::int32_t first, std::int32_t count,
                                                        std::int32_t* to) {
  const convolution& p = s.p;
  constexpr std::int32_t bytes_at_once = 40;
  alignas(4) std::int8_t bytes[bytes_at_once];
  const std::int32_t channels = p.group_channels;
  const std::int32_t row_bytes = p.kernel_width * channels;
  const std::int32_t tap_pitch = p.dilation_width * s.input.pixel_pitch;
  for (; count > 0; count -= bytes_at_once, first += bytes_at_once, to += bytes_at_once / 2 * pixels) {
    const std::int8_t* const end = bytes + (count < bytes_at_once ? count : bytes_at_once);
    const std::int32_t before = first < 0 ? -first : 0;
    const std::int32_t first_ky = (first + before) / row_bytes;
    const std::int32_t first_in_row = first + before - first_ky * row_bytes;
    const std::int32_t first_row = y + first_ky * p.dilation_height;
    const std::int32_t rows =
        (first_in_row + static_cast<std::int32_t>(end - bytes) - before + row_bytes - 1) / row_bytes;
    const std::int32_t last_row = first_row + (rows - 1) * p.dilation_height;
    // The common case: taps of a row side by side, rows at equal distances.
    const std::int32_t ring_row = first_row >= 0 ? first_row % s.input.rows : 0;
    const bool even = tap_pitch == channels && first_row >= 0 && last_row < p.input_height &&
                      ring_row + last_row - first_row < s.input.rows;
    const std::int8_t* window =
        s.input.data + ring_row * s.input.row_pitch + (x - s.input.first_column) * s.input.pixel_pitch + first_in_row;
    for (std::int32_t pixel = 0; pixel < pixels; ++pixel, window += p.stride_width * s.input.pixel_pitch) {
      std::int8_t* byte = bytes;
      while (byte != bytes + before) *byte++ = static_cast<std::int8_t>(keep(p.input_zero_point));
      const std::int32_t column = x + pixel * p.stride_width;
      std::int32_t in_row = first_in_row;
      if (even && column >= 0 && column + p.kernel_width <= s.input_width) {
        const std::int8_t* from = window;
        for (;; from += p.dilation_height * s.input.row_pitch - in_row, in_row = 0) {
          const std::int32_t left = static_cast<std::int32_t>(end - byte), run = row_bytes - in_row;
          byte = copy_bytes(from, run < left ? run : left, byte);
          if (byte == end) break;
        }
      } else {
        for (std::int32_t row = first_row; byte != end; row += p.dilation_height, in_row = 0) {
          const std::int8_t* from = row >= 0 && row < p.input_height ? s.input.pixel(row, column) : nullptr;
          std::int32_t kx = in_row / channels;
          std::int32_t channel = in_row - kx * channels;
          for (; byte != end && kx < p.kernel_width; ++byte) {
            const std::int32_t tap_column = column + kx * p.dilation_width;
            const bool inside = from != nullptr && tap_column >= 0 && tap_column < s.input_width;
            *byte = inside ? from[kx * tap_pitch + channel] : p.input_zero_point;
            if (++channel == channels) channel = 0, ++kx;
          }
        }
      }
      widen(bytes, static_cast<std::int32_t>(end - bytes) / 4, minus_twice(p.input_zero_point), pixels, to + pixel);
    }
  }
}

/// Sums of a channel's pixels start with its bias; sums_step from a channel's to the next one's.
INLAY_NEVER_INLINE inline void start_sums(std::int32_t* sums, const std::int32_t* sums_end, std::int32_t sums_step,
                                          std::int32_t pixels, const std::int8_t* bias, std::int32_t bias_bytes) {
  if (pixels == 4) {
    do {
      const std::int32_t b = load_word(bias);
      bias += bias_bytes;
      asm volatile(
          "strd %1, %1, [%0], #8\n"
          "strd %1, %1, [%0], #8"
          : "+r"(sums)
          : "r"(b)
          : "memory");
    } while (sums != sums_end);
  } else {
    do {
      const std::int32_t b = load_word(bias);
      bias += bias_bytes;
      sums[0] = b;
      sums[pixels - 1] = b;
      sums += sums_step;
    } while (sums != sums_end);
  }
}

/// Makes a channel's outputs that do not go the short way.
INLAY_SMALL INLAY_NEVER_INLINE inline void finish_uncommon(const std::int32_t* sums, std::int32_t pixels,
                                                           std::int32_t multiplier, std::int32_t shift,
                                                           const output_range& range, std::int8_t* output,
                                                           std::int32_t pitch) {
  for (std::int32_t pixel = 0; pixel < pixels; ++pixel, output += pitch)
    *output = static_cast<std::int8_t>(shift == scale_table::constant_shift
                                           ? multiplier
                                           : scale_table::uncommon_output(sums[pixel], multiplier, shift, range));
}

/// Makes outputs of channels of neighbouring pixels from their sums, sums_step from a channel's to the next one's.
template <std::int32_t Pixels, requantisation R>
INLAY_NEVER_INLINE void finish(const std::int32_t* sums, const std::int32_t* sums_end, std::int32_t sums_step,
                               const std::int32_t* multiplier, const std::int8_t* shift, const output_range& range,
                               std::int8_t* output, std::int32_t pitch) {
  const std::int32_t zero_point = range.zero_point;
  do {
    const std::int32_t m = *multiplier++, n = *shift++;
    if (n >= 0) [[likely]] {
      const channel_scale<R> scale(m, n, zero_point);
      const auto make = [&](std::int32_t pixel) {
        output[pixel * pitch] = static_cast<std::int8_t>(scale.output(sums[pixel], range));
      };
      make(0);
      if constexpr (Pixels > 1) make(1);
      if constexpr (Pixels > 2) make(2), make(3);
    } else {
      finish_uncommon(sums, Pixels, m, n, range, output, pitch);
    }
    sums += Pixels == 4 ? 4 : sums_step;
    ++output;
  } while (sums != sums_end);
}

/// A convolution's region; layers share the code.
template <requantisation R>
INLAY_SMALL INLAY_NEVER_INLINE void convolve(const convolution& p, const std::int32_t* table,
                                             const map_view<std::int8_t>& output, const region& whole,
                                             const map_view<const std::int8_t>& input, const std::int8_t* weights) {
  convolution_group group{p, input, p.input_width};
  region r = whole;
  // Whole rows that follow one another are one long row.
  if (p.pointwise && p.stride_height == 1 && p.stride_width == 1 && r.first_column == 0 &&
      r.end_column == p.input_width && r.end_row <= input.rows && r.end_row <= output.rows &&
      input.row_pitch == p.input_width * input.pixel_pitch && output.row_pitch == p.input_width * output.pixel_pitch) {
    group.input_width = r.end_row * p.input_width;
    r = {0, 1, r.first_row * p.input_width, group.input_width};
  }
  const std::int32_t depth = p.kernel_height * p.kernel_width * p.group_channels;
  const std::int32_t before = -depth & 3;  // bytes to the first whole step
  const std::int32_t all_steps = (depth + 3) >> 2;
  const std::int32_t outputs = p.group_outputs;
  const std::int32_t no_bias = 0;
  const bool has_bias = p.bias_distance != 0;
  const std::int8_t* const biases =
      has_bias ? weights + p.bias_distance : reinterpret_cast<const std::int8_t*>(&no_bias);
  const std::int32_t bias_bytes = has_bias ? 4 : 0;
  std::int32_t buffer[buffer_words];

  for (std::int32_t g = 0; g < p.groups; ++g, group.input.data += p.group_channels) {
    const std::int32_t end_channel = (g + 1) * outputs;
    std::int32_t pixels = 0;
    for (std::int32_t y = r.first_row, x = r.first_column; y < r.end_row; x += pixels) {
      std::int32_t left = r.end_column - x;
      if (left <= 0) {
        ++y;
        x = r.first_column;
        pixels = 0;
        continue;
      }
      // Three pixels are four with the one before.
      if (left == 3 && x > r.first_column) --x, left = 4;
      pixels = left >= 4 ? 4 : left >= 2 ? 2 : 1;

      // A block of a layer with fewer channels computes one channel several times.
      const std::int32_t block_channels = 4 / pixels;
      const bool full = outputs >= block_channels;
      const std::int32_t block_step = full ? block_channels : 1;
      const std::int32_t channel_pitch = full ? depth : 0;
      const std::int32_t sums_step = full ? pixels : 4;

      const std::int32_t step_words = 2 * pixels;
      const bool at_once = all_steps * step_words <= buffer_words - least_sums;
      const std::int32_t part_steps = at_once ? all_steps : (buffer_words - most_sums) / step_words;
      std::int32_t* const sums = buffer + part_steps * step_words;
      const std::int32_t most_channels = (buffer_words - part_steps * step_words) / 4 * block_step;
      for (std::int32_t channel = end_channel - outputs; channel < end_channel;) {
        std::int32_t now = end_channel - channel;
        if (now > most_channels) now = most_channels;
        if (now < block_step) {
          // Less than a block is left: some channels again.
          channel = end_channel - block_step;
          now = block_step;
        }
        now &= -block_step;
        std::int32_t* const sums_end = sums + now * sums_step;
        start_sums(sums, sums_end, sums_step, pixels, biases + bias_bytes * channel, bias_bytes);
        const std::int8_t* const from = weights + channel * depth - before;
        for (std::int32_t step = 0; step < all_steps; step += part_steps) {
          const std::int32_t steps = all_steps - step < part_steps ? all_steps - step : part_steps;
          if (!at_once || channel == end_channel - outputs) {
            if (p.pointwise && before == 0 && pixels == 4)
              widen_four(group.input.pixel(y * p.stride_height, x * p.stride_width) + 4 * step,
                         p.stride_width * input.pixel_pitch, buffer + step_words * steps,
                         minus_twice(p.input_zero_point), buffer);
            else
              (p.group_channels % 4 == 0 ? widen_words : widen_copies)(
                  group, pixels, y * p.stride_height - p.padding_top, x * p.stride_width - p.padding_left,
                  4 * step - before, 4 * steps, buffer);
          }
          multiply_pixels(pixels)(channel_pitch, buffer + step_words * steps, from + 4 * step, sums, buffer,
                                  (-steps & 3) * step_bytes(pixels), block_step * depth - 4 * steps, sums_end,
                                  3 * channel_pitch);
        }
        std::int8_t* const to = output.pixel(y, x) + channel;
        const std::int8_t* const shifts = scale_table::shifts(table, outputs * p.groups) + channel;
        (pixels == 4 ? finish<4, R>
         : pixels == 2
             ? finish<2, R>
             : finish<1, R>)(sums, sums_end, sums_step, table + channel, shifts, p.range, to, output.pixel_pitch);
        channel += now;
      }
    }
  }
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
           fits_int16(g.output_of(l).extents.channels()) && fits_uint8(w.kernel.height) && fits_uint8(w.kernel.width) &&
           fits_uint8(w.stride.height) && fits_uint8(w.stride.width) && fits_uint8(w.dilation.height) &&
           fits_uint8(w.dilation.width) && fits_uint8(w.padding.top) && fits_uint8(w.padding.left) &&
           has_bytes_before(g.input_of(l, 1));
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
    p.pointwise = w.kernel == extent2d{1, 1} && w.padding == padding2d{};
    p.input_zero_point = static_cast<std::int8_t>(g.input_of(l).quant.zero_point);
    p.range = detail::arm_dsp::range_of(g, l);
    return p;
  }

  template <spec Spec>
  static void run(const parameters& p, const std::int32_t* table, const map_view<std::int8_t>& output, const region& r,
                  const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    detail::arm_dsp::convolve<Spec.requantisation>(p, table, output, r, input, weights);
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
    p.pointwise = true;
    p.input_zero_point = static_cast<std::int8_t>(g.input_of(l).quant.zero_point);
    p.range = detail::arm_dsp::range_of(g, l);
    return p;
  }

  template <spec Spec>
  static void run_whole(const parameters& p, const std::int32_t* table, std::int8_t* output, const std::int8_t* input,
                        const std::int8_t* weights) {
    const region all{0, 1, 0, p.input_width};
    detail::arm_dsp::convolve<Spec.requantisation>(p, table, {output, p.group_outputs, 0, 1, 0}, all,
                                                   {input, p.group_channels, 0, 1, 0}, weights);
  }
};

}  // namespace inlay
