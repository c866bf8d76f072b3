// Inlay: CONV_2D and FULLY_CONNECTED for Cortex-M4, M7 and M33.
//
// The windows of four neighbouring pixels, or of one, are widened to int16, the zero point taken off and 0 put where
// they leave the map, and multiplied with the weights of one channel after the other. Four bytes of depth are a step.
// Widened steps of all pixels are interleaved, bytes 0 and 2 of each pixel before bytes 1 and 3, so that one LDM
// loads what half a step of the weights needs:
//
//   p0 d0 d2 | p1 d0 d2 | p2 d0 d2 | p3 d0 d2 | p0 d1 d3 | p1 d1 d3 | p2 d1 d3 | p3 d1 d3
//
// Windows too deep for the buffer are widened and multiplied in parts, for some channels at a time. Channels with
// the same output for every input, such as training has switched off, are not computed.
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

/// scale_table, and behind the shifts a byte of flags about all channels.
///
/// Where all outputs are saturated and the zero point is −128, no negative sum makes anything else than −128, so that
/// rounding of negative sums does not matter, and both roundings are one: with the shift n and L = 14,
///
///   (a × m + 2^30 + 2^(30+n)) >> (31 + n)  =  ((a << (15 − n)) × m + 2^32 × k >> 32) >> L,  k = 2^(L−1) + 2^(L−n−1)
///
/// The table has 15 − n, then. a << (15 − n) must fit into 32 bits, k must be whole.
struct convolution_table : scale_table {
  static constexpr std::int32_t from_minus_128 = 1;  // as above
  static constexpr std::int32_t has_constants = 2;   // some channels with constant_shift
  static constexpr std::int32_t is_uncommon = 4;     // some channels with other negative shifts
  static constexpr std::int32_t fraction_bits = 14;  // L

  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    const std::int32_t channels = channel_table::table_size(g, l);
    return channels + channels / 4 + 1;
  }

  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte* model, const channel_constants* constants,
                                   const std::int32_t* sums, std::int32_t* table) {
    scale_table::fill_table(g, l, model, constants, sums, table);
    const std::int32_t channels = channel_table::table_size(g, l);
    const output_range range = range_of(g, l);
    const std::int64_t most = most_products(g, l);
    std::int32_t flags = range.zero_point == -128 && range.high == 127 ? from_minus_128 : 0;
    for (std::int32_t c = 0; c < channels; ++c) {
      if (table[c] == 0) {
        table[c] = range.zero_point;
        put_byte(table + channels, c, constant_shift);
      }
      const std::int32_t shift = get_byte(table + channels, c);
      if (shift == constant_shift) {
        flags |= has_constants;
      } else if (shift < 0) {
        flags |= is_uncommon;
      } else {
        const std::int64_t bias = constants[c].bias, highest = most + (bias < 0 ? -bias : bias);
        if (shift > fraction_bits - 2 || highest << (fraction_bits - shift) > 0x7fffffff) flags &= ~from_minus_128;
      }
    }
    if (flags & from_minus_128)
      for (std::int32_t c = 0; c < channels; ++c)
        if (const std::int32_t shift = get_byte(table + channels, c); shift >= 0)
          put_byte(table + channels, c, fraction_bits - shift);
    if (channels % 4 == 0) table[channels + channels / 4] = 0;
    put_byte(table + channels, channels, flags);
  }
};

/// Room for widened windows, sums before them.
constexpr std::int32_t buffer_words = 128;
constexpr std::int32_t least_sums = 16;  // beside whole windows
constexpr std::int32_t most_sums = 64;   // beside parts of windows, which are widened again for the next ones

/// Depthwise convolutions of one channel are convolutions but for the order of their weights, which are copied: room
/// for them, with the bytes that are read before them, and for less beside them.
constexpr std::int32_t most_ordered_weights = 128;
constexpr std::int32_t buffer_words_beside_ordered = 88;

/// A group of a convolution's channels, and where its input is.
struct convolution_group {
  const convolution& p;
  map_view<const std::int8_t> input;  // from the group's first channel
  std::int32_t input_width;
};

/// What the functions below read, right behind the widened windows. They count channels by the address of a channel's
/// first output: bases are addresses for output 0.
struct multiplication {
  const std::int32_t* windows;
  std::uintptr_t from;       // base of what the sums start with: biases, or sums
  std::uintptr_t places[3];  // in the function's code; the first is skipped_bytes for one pixel
  std::uintptr_t multipliers, shifts;
  std::int32_t rounding, one;
  std::int32_t pitch, pitch_times_3;  // of the output
  std::int32_t weights_step;          // from the end of a channel's weights to the start of the next one's
  std::int8_t* end;                   // of the outputs
  std::uintptr_t sums;
};

enum class sums_start : std::int32_t { biases = 0, sums = 2 };
enum class sums_end : std::int32_t { sums = 4, outputs = 6, outputs_from_minus_128 = 8 };

// Functions that add the products of widened windows and weights, channel after channel. Compilers run out of
// registers here: r0 is in the windows, r1 their end and the multiplication, r2 weights, r3 output. A round has four
// steps; skipped_bytes of instructions are left out of the first.

/// Four pixels: r4 to r7 are the sums. Biases go into a first step of its own.
[[gnu::naked, gnu::noinline]] inline void multiply_4_pixels(sums_start, multiplication*, const std::int8_t* /*weights*/,
                                                            std::int8_t* /*output*/, std::int32_t /*skipped_bytes*/,
                                                            sums_end) {
#define INLAY_STEP(sum5, sum6, sum7) \
  "ldmia r0!, {r8-r11}\n"            \
  "ldr r12, [r2], #4\n"              \
  "sxtb16 lr, r12\n"                 \
  "sxtb16 r12, r12, ror #8\n"        \
  "smlad r5, r9, lr, " sum5          \
  "\n"                               \
  "smlad r6, r10, lr, " sum6         \
  "\n"                               \
  "smlad r7, r11, lr, " sum7         \
  "\n"                               \
  "smlad r4, r8, lr, r4\n"           \
  "ldmia r0!, {r8-r11}\n"            \
  "smlad r4, r8, r12, r4\n"          \
  "smlad r5, r9, r12, r5\n"          \
  "smlad r6, r10, r12, r6\n"         \
  "smlad r7, r11, r12, r7\n"
#define INLAY_NEXT_STEP INLAY_STEP("r5", "r6", "r7")
#define INLAY_OUTPUT(sum, to) \
  "lsl " sum ", " sum         \
  ", r9\n"                    \
  "smmla " sum ", " sum       \
  ", r8, r10\n"               \
  "ssat " sum ", #8, " sum    \
  ", asr #14\n"               \
  "strb " sum ", " to "\n"
#define INLAY_SIGNED_OUTPUT(sum, to) \
  "add r11, r10, " sum               \
  ", asr #31\n"                      \
  "lsl " sum ", " sum                \
  ", #1\n"                           \
  "smmlar " sum ", " sum             \
  ", r8, r11\n"                      \
  "asr " sum ", " sum                \
  ", r9\n"                           \
  "ssat " sum ", #8, " sum           \
  ", asr #1\n"                       \
  "strb " sum ", " to "\n"
  asm("push {r4-r11, lr}\n"
      "adr r4, 9f\n"
      "ldrd r5, r6, [sp, #36]\n"
      "ldrsh r0, [r4, r0]\n"
      "ldrsh r6, [r4, r6]\n"
      "ldrsh r7, [r4, #10]\n"
      "add r0, r0, r4\n"
      "add r5, r5, r4\n"
      "add r5, r5, r7\n"
      "add r6, r6, r4\n"
      "strd r0, r5, [r1, #8]\n"
      "str r6, [r1, #16]\n"
      "1:\n"
      "ldm r1, {r0, r4, pc}\n"
      "2:\n"
      "ldr r4, [r4, r3, lsl #2]\n" INLAY_STEP("r4", "r4", "r4")
      "ldr pc, [r1, #12]\n"
      "3:\n"
      "add r4, r4, r3, lsl #4\n"
      "ldm r4, {r4-r7}\n"
      "ldr pc, [r1, #12]\n"
      "4:\n" INLAY_NEXT_STEP INLAY_NEXT_STEP INLAY_NEXT_STEP INLAY_NEXT_STEP
      "cmp r0, r1\n"
      "bne 4b\n"
      "ldr pc, [r1, #16]\n"
      "5:\n"
      "ldr r12, [r1, #52]\n"
      "add r12, r12, r3, lsl #4\n"
      "stm r12, {r4-r7}\n"
      "add r3, r3, #1\n"
      "b 8f\n"
      "6:\n"
      "add r0, r1, #20\n"
      "ldm r0, {r8-r12, lr}\n"
      "ldr r8, [r8, r3, lsl #2]\n"
      "ldrb r9, [r9, r3]\n"
      "lsl r10, r10, r9\n"
      INLAY_SIGNED_OUTPUT("r5", "[r3, r12]") INLAY_SIGNED_OUTPUT("r6", "[r3, r12, lsl #1]")
          INLAY_SIGNED_OUTPUT("r7", "[r3, lr]") INLAY_SIGNED_OUTPUT("r4", "[r3], #1")
      "b 8f\n"
      "7:\n"
      "add r0, r1, #20\n"
      "ldm r0, {r8-r12, lr}\n"
      "ldr r8, [r8, r3, lsl #2]\n"
      "ldrb r9, [r9, r3]\n"
      "lsl r11, r11, r9\n"
      "add r10, r10, r11, lsr #2\n" INLAY_OUTPUT("r5", "[r3, r12]") INLAY_OUTPUT("r6", "[r3, r12, lsl #1]")
          INLAY_OUTPUT("r7", "[r3, lr]") INLAY_OUTPUT("r4", "[r3], #1")
      "8:\n"
      "ldrd r8, r9, [r1, #44]\n"
      "add r2, r2, r8\n"
      "cmp r3, r9\n"
      "bne 1b\n"
      "pop {r4-r11, pc}\n"
      ".balign 4\n"
      "9:\n"
      ".hword 2b - 9b + 1, 3b - 9b + 1, 5b - 9b + 1, 6b - 9b + 1, 7b - 9b + 1, 4b - 9b + 1\n");
#undef INLAY_SIGNED_OUTPUT
#undef INLAY_OUTPUT
#undef INLAY_NEXT_STEP
#undef INLAY_STEP
}
constexpr std::int32_t step_bytes_of_4_pixels = 52;

/// One pixel: r12 is the sum, places[0] the bytes that are left out of three steps before the rounds.
[[gnu::naked, gnu::noinline]] inline void multiply_1_pixel(std::int32_t, multiplication*,
                                                           const std::int8_t* /*weights*/, std::int8_t* /*output*/) {
#define INLAY_PRODUCTS(even, odd) \
  "ldr lr, [r2], #4\n"            \
  "sxtb16 r3, lr\n"               \
  "sxtb16 lr, lr, ror #8\n"       \
  "smlad r12, r3, " even          \
  ", r12\n"                       \
  "smlad r12, lr, " odd ", r12\n"
#define INLAY_STEP "ldrd r4, r5, [r0], #8\n" INLAY_PRODUCTS("r4", "r5")
  asm("push {r3-r11, lr}\n"
      "1:\n"
      "ldm r1, {r0, r4, r5}\n"
      "ldr r12, [r4, r3, lsl #2]\n"
      "add pc, pc, r5\n"
      "nop\n" INLAY_STEP INLAY_STEP INLAY_STEP
      "cmp r0, r1\n"
      "beq 3f\n"
      "2:\n"
      "ldmia r0!, {r4-r11}\n" INLAY_PRODUCTS("r4", "r5") INLAY_PRODUCTS("r6", "r7") INLAY_PRODUCTS("r8", "r9")
          INLAY_PRODUCTS("r10", "r11")
      "cmp r0, r1\n"
      "bne 2b\n"
      "3:\n"
      "ldr r3, [sp]\n"
      "ldrd r4, r5, [r1, #44]\n"
      "ldr r6, [r1, #52]\n"
      "str r12, [r6, r3, lsl #2]\n"
      "add r3, r3, #1\n"
      "str r3, [sp]\n"
      "add r2, r2, r4\n"
      "cmp r3, r5\n"
      "bne 1b\n"
      "add sp, #4\n"
      "pop {r4-r11, pc}\n");
#undef INLAY_STEP
#undef INLAY_PRODUCTS
}
constexpr std::int32_t step_bytes_of_1_pixel = 24;

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

/// Copies bytes first … first + count − 1 of the window that starts at row y, column x of the input; zero points where
/// it is outside and before the window.
INLAY_NEVER_INLINE inline void copy_window(const convolution_group& s, std::int32_t y, std::int32_t x,
                                           std::int32_t first, std::int32_t count, std::int8_t* to) {
  const convolution& p = s.p;
  const std::int32_t channels = p.group_channels, zero_point = p.input_zero_point;
  const std::int32_t row_bytes = p.kernel_width * channels;
  const std::int8_t* const end = to + count;
  std::int32_t ky = 0, in_row = 0;
  if (first < 0) {
    do *to++ = static_cast<std::int8_t>(keep(zero_point));
    while (++first < 0);
  } else if (first > 0) {
    ky = first / row_bytes;
    in_row = first - ky * row_bytes;
  }
  const std::int32_t tap_pitch = p.dilation_width * s.input.pixel_pitch;
  const std::int32_t last_column = x + (p.kernel_width - 1) * p.dilation_width;
  const bool side_by_side = tap_pitch == channels && x >= 0 && last_column < s.input_width;
  for (std::int32_t row = y + ky * p.dilation_height; to != end; row += p.dilation_height, in_row = 0) {
    const std::int32_t left = static_cast<std::int32_t>(end - to);
    const std::int32_t now = row_bytes - in_row < left ? row_bytes - in_row : left;
    const bool row_inside = row >= 0 && row < p.input_height;
    const std::int8_t* const from =
        s.input.data + row % s.input.rows * s.input.row_pitch + (x - s.input.first_column) * s.input.pixel_pitch;
    if (row_inside && side_by_side) {
      to = copy_bytes(from + in_row, now, to);
      continue;
    }
    std::int32_t kx = in_row / channels;
    std::int32_t channel = in_row - kx * channels;
    for (const std::int8_t* const row_end = to + now; to != row_end; ++to) {
      const std::int32_t column = x + kx * p.dilation_width;
      const bool inside = row_inside && column >= 0 && column < s.input_width;
      *to = inside ? from[kx * tap_pitch + channel] : static_cast<std::int8_t>(zero_point);
      if (++channel == channels) channel = 0, ++kx;
    }
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

/// Makes outputs of channels of neighbouring pixels from their sums; there are none of constant channels.
template <requantisation R>
INLAY_NEVER_INLINE void finish(const std::int32_t* sums, std::int32_t pixels, std::int32_t channels,
                               const std::int32_t* multiplier, const std::int8_t* shift, std::int32_t flags,
                               const output_range& range, std::int8_t* output, std::int32_t pitch) {
  const std::int32_t zero_point = range.zero_point;
  for (const std::int8_t* const end = shift + channels; shift != end; ++output) {
    const std::int32_t m = *multiplier++;
    std::int32_t n = *shift++;
    if (n < 0) {
      finish_uncommon(sums, pixels, m, n, range, output, pitch);
      if (n != scale_table::constant_shift) sums += pixels;
      continue;
    }
    if (flags & convolution_table::from_minus_128) n = convolution_table::fraction_bits - n;
    const channel_scale<R> scale(m, n, zero_point);
    const std::int32_t* const sums_end = sums + pixels;
    std::int8_t* to = output;
    do {
      *to = static_cast<std::int8_t>(scale.output(*sums++, range));
      to += pitch;
    } while (sums != sums_end);
  }
}

/// Weights [taps][outputs] as [outputs][taps].
inline void order_weights(const std::int8_t* weights, std::int32_t outputs, std::int32_t taps, std::int8_t* ordered) {
  for (std::int32_t tap = 0; tap < taps; ++tap)
    for (std::int32_t c = 0; c < outputs; ++c) ordered[c * taps + tap] = static_cast<std::int8_t>(keep(*weights++));
}

/// The address of an array's element 0 where elements are counted by the address of `first`, a byte.
inline std::uintptr_t base_of(const void* elements, std::uintptr_t element_bytes, const std::int8_t* first) {
  return reinterpret_cast<std::uintptr_t>(elements) - element_bytes * reinterpret_cast<std::uintptr_t>(first);
}

/// A convolution's region; layers share the code. TapsFirst: weights are [taps][outputs], at most
/// most_ordered_weights, and the table is a scale_table.
template <requantisation R, bool TapsFirst = false>
INLAY_SMALL INLAY_NEVER_INLINE void convolve(const convolution& p, const std::int32_t* table,
                                             const map_view<std::int8_t>& output, const region& whole,
                                             const map_view<const std::int8_t>& input, const std::int8_t* weights) {
  using table_type = convolution_table;
  convolution_group group{p, input, p.input_width};
  region r = whole;
  const bool whole_words = p.group_channels % 4 == 0;
  // Whole rows that follow one another are one long row.
  bool joined = r.end_row <= output.rows && output.row_pitch == (r.end_column - r.first_column) * output.pixel_pitch;
  if (joined && p.pointwise && p.stride_height == 1 && p.stride_width == 1 &&
      r.end_column - r.first_column == p.input_width && r.end_row <= input.rows &&
      input.row_pitch == p.input_width * input.pixel_pitch) {
    group.input_width = r.end_row * p.input_width;
    r = {0, 1, r.first_row * p.input_width, group.input_width};
  }
  if (whole_words) joined = false;
  const std::int32_t columns = r.end_column - r.first_column;
  const std::int32_t depth = p.kernel_height * p.kernel_width * p.group_channels;
  const std::int32_t before = -depth & 3;  // bytes to the first whole step
  const std::int32_t all_steps = (depth + 3) >> 2;
  const std::int32_t outputs = p.group_outputs;
  const bool has_bias = p.bias_distance != 0;
  const std::int8_t* const biases = weights + p.bias_distance;
  const std::int8_t* const shifts = table_type::shifts(table, outputs * p.groups);
  std::int32_t flags = 0;
  if constexpr (TapsFirst) {
    for (std::int32_t c = 0; c < outputs; ++c)
      if (shifts[c] < 0)
        flags |= shifts[c] == table_type::constant_shift ? table_type::has_constants : table_type::is_uncommon;
  } else {
    flags = shifts[outputs * p.groups];
  }
  constexpr std::int32_t words = TapsFirst ? buffer_words_beside_ordered : buffer_words;
  struct {
    std::int32_t buffer[words];
    multiplication m;
  } memory;
  multiplication& m = memory.m;
  m.one = 1;
  m.rounding =
      flags & table_type::from_minus_128 ? -255 << (table_type::fraction_bits - 1) : 2 * p.range.zero_point + 1;
  m.pitch = output.pixel_pitch;
  m.pitch_times_3 = 3 * output.pixel_pitch;
  [[maybe_unused]] std::int8_t ordered[TapsFirst ? 4 + most_ordered_weights : 1];
  if constexpr (TapsFirst) {
    order_weights(weights, outputs, depth, ordered + 4);
    weights = ordered + 4;
  }

  for (std::int32_t g = 0; g < p.groups; ++g, group.input.data += p.group_channels) {
    const std::int32_t end_channel = (g + 1) * outputs;
    std::int32_t pixels = 0;
    for (std::int32_t y = r.first_row, x = r.first_column; y < r.end_row; x += pixels) {
      if (x >= r.end_column) {
        // Joined rows may end inside of the pixels.
        ++y;
        x -= columns;
        pixels = 0;
        continue;
      }
      const std::int32_t left = r.end_column - x + (joined ? (r.end_row - 1 - y) * columns : 0);
      // Three pixels are four with the one before.
      const bool again = left == 3 && x > r.first_column;
      if (again) --x;
      pixels = left >= 4 || again ? 4 : 1;
      const bool fused = pixels == 4 && R == requantisation::saturating && !(flags & table_type::is_uncommon);
      const bool keeps_sums = !fused || !has_bias;

      const std::int32_t step_words = (whole_words ? 2 : 3) * pixels;
      const bool at_once = all_steps * step_words <= words - (keeps_sums ? least_sums : 0);
      const std::int32_t part_steps = at_once ? all_steps : (words - most_sums) / step_words;
      const std::int32_t room = words - part_steps * step_words;
      const std::int32_t most_channels = at_once && !keeps_sums ? outputs : room / pixels;
      std::int8_t* const to = output.pixel(y, x);
      m.multipliers = base_of(table, 4, to);
      m.shifts = base_of(shifts, 1, to);
      bool widened = false;
      for (std::int32_t channel = end_channel - outputs, end; channel < end_channel; channel = end) {
        std::int32_t computed = end_channel - channel < most_channels ? end_channel - channel : most_channels;
        end = channel + computed;
        if (flags & table_type::has_constants) {
          computed = 0;
          for (end = channel; end < end_channel; ++end) {
            if (shifts[end] == table_type::constant_shift) continue;
            if (computed == most_channels) break;
            ++computed;
          }
        }
        if (!has_bias)
          for (std::int32_t i = 0; i < computed * pixels; ++i) memory.buffer[i] = 0;
        for (std::int32_t step = 0; step < all_steps && computed > 0; step += part_steps) {
          const std::int32_t steps = all_steps - step < part_steps ? all_steps - step : part_steps;
          std::int32_t* const windows = memory.buffer + words - 2 * pixels * steps;
          if (!widened) {
            widened = at_once;
            if (p.pointwise && before == 0 && pixels == 4) {
              widen_four(group.input.pixel(y * p.stride_height, x * p.stride_width) + 4 * step,
                         p.stride_width * input.pixel_pitch, memory.buffer + words, minus_twice(p.input_zero_point),
                         windows);
            } else if (whole_words) {
              widen_words(group, pixels, y * p.stride_height - p.padding_top, x * p.stride_width - p.padding_left,
                          4 * step, 4 * steps, windows);
            } else {
              std::int8_t* const copies = reinterpret_cast<std::int8_t*>(memory.buffer + room);
              std::int32_t row = y, column = x;
              for (std::int32_t pixel = 0; pixel < pixels; ++pixel) {
                copy_window(group, row * p.stride_height - p.padding_top, column * p.stride_width - p.padding_left,
                            4 * step - before, 4 * steps, copies + pixel * 4 * steps);
                if (++column == r.end_column) ++row, column = r.first_column;
              }
              if (pixels == 4)
                widen_four(copies, 4 * steps, memory.buffer + words, minus_twice(p.input_zero_point), windows);
              else
                widen(copies, steps, minus_twice(p.input_zero_point), 1, windows);
            }
          }
          const bool from_biases = step == 0 && has_bias;
          const bool to_outputs = fused && step + part_steps >= all_steps;
          m.windows = windows;
          m.weights_step = depth - 4 * steps;
          m.from = base_of(biases, 4, to);
          m.sums = base_of(memory.buffer, 4 * static_cast<std::uintptr_t>(pixels), to + channel);
          for (std::int32_t c = channel, run_end; c < end; c = run_end) {
            run_end = end;
            if (flags & table_type::has_constants) {
              run_end = c;
              if (shifts[c] == table_type::constant_shift) {
                // There are no sums of this channel.
                m.sums -= 4 * static_cast<std::uintptr_t>(pixels);
                ++run_end;
                continue;
              }
              while (run_end < end && shifts[run_end] != table_type::constant_shift) ++run_end;
            }
            m.end = to + run_end;
            if (!from_biases) m.from = m.sums;
            const std::int8_t* const from = weights + c * depth - before + 4 * step;
            if (pixels == 4) {
              const std::int32_t in_rounds = from_biases ? steps - 1 : steps;
              multiply_4_pixels(from_biases ? sums_start::biases : sums_start::sums, &m, from, to + c,
                                step_bytes_of_4_pixels * (in_rounds == 0 ? 4 : -in_rounds & 3),
                                !to_outputs                          ? sums_end::sums
                                : flags & table_type::from_minus_128 ? sums_end::outputs_from_minus_128
                                                                     : sums_end::outputs);
            } else {
              m.places[0] = static_cast<std::uintptr_t>(step_bytes_of_1_pixel * (3 - (steps & 3)));
              multiply_1_pixel(0, &m, from, to + c);
            }
          }
        }
        if (!fused)
          finish<R>(memory.buffer, pixels, end - channel, table + channel, shifts + channel, flags, p.range,
                    to + channel, output.pixel_pitch);
        else if (flags & table_type::has_constants)
          for (std::int32_t c = channel; c < end; ++c)
            if (shifts[c] == table_type::constant_shift)
              for (std::int32_t pixel = 0; pixel < 4; ++pixel)
                to[c + pixel * output.pixel_pitch] = static_cast<std::int8_t>(table[c]);
      }
    }
  }
}

/// The kernels read whole words, up to three bytes before the weights: any model has so many before its data.
constexpr bool has_bytes_before(const tensor& weights) { return weights.is_constant() && weights.data_at >= 3; }

}  // namespace inlay::detail::arm_dsp

namespace inlay {

template <>
struct fast_kernel<isa::arm_dsp, layer_kind::conv2d> : detail::arm_dsp::convolution_table {
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
struct fast_kernel<isa::arm_dsp, layer_kind::fully_connected> : detail::arm_dsp::convolution_table {
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
