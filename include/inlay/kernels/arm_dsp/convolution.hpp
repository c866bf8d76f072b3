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

enum class sums_start : std::int32_t { biases = 0, sums = 2, as_before = -1 };
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
      "cmp r0, #0\n"
      "blt 1f\n"
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
/// By the steps in the rounds; without any, a round is left out.
constexpr std::int32_t skipped_of_4_pixels(std::int32_t steps) { return 52 * (steps == 0 ? 4 : -steps & 3); }

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

/// Copies rows of at least one byte each.
INLAY_ALWAYS_INLINE void copy_rows(const std::int8_t* from, std::int32_t from_pitch, std::int32_t rows,
                                   std::int32_t row_bytes, std::int8_t* to, std::int32_t to_pitch) {
  // By words if they are long enough, of which the first one may overlap the next.
  const std::int32_t last = row_bytes - 4;
  std::int32_t at, word;
  if (last >= 0) {
    asm volatile(
        "1:\n"
        "mov %[at], %[last]\n"
        "2:\n"
        "ldr %[word], [%[from], %[at]]\n"
        "str %[word], [%[to], %[at]]\n"
        "subs %[at], #4\n"
        "bgt 2b\n"
        "ldr %[word], [%[from]]\n"
        "str %[word], [%[to]]\n"
        "add %[from], %[from], %[from_pitch]\n"
        "add %[to], %[to], %[to_pitch]\n"
        "subs %[rows], #1\n"
        "bne 1b\n"
        : [from] "+r"(from), [to] "+r"(to), [rows] "+l"(rows), [at] "=&l"(at), [word] "=&r"(word)
        : [from_pitch] "r"(from_pitch), [to_pitch] "r"(to_pitch), [last] "r"(last)
        : "cc", "memory");
  } else {
    do {
      for (std::int32_t i = row_bytes - 1; i >= 0; --i) to[i] = static_cast<std::int8_t>(keep(from[i]));
      from += from_pitch;
      to += to_pitch;
    } while (--rows > 0);
  }
}

/// The work on a region of one group's channels.
struct convolution_run {
  const convolution& p;
  map_view<const std::int8_t> input;  // from the group's first channel
  region r;                           // of the output
  std::int32_t input_width;
  const std::int32_t* table;
  const std::int8_t* shifts;
  const std::int8_t* weights;  // the first channel's first step
  const std::int8_t* biases;
  void (*finish)(const std::int32_t* sums, std::int32_t pixels, std::int32_t channels, const std::int32_t* multiplier,
                 const std::int8_t* shift, std::int32_t flags, const output_range& range, std::int8_t* output,
                 std::int32_t pitch);
  std::int32_t flags;  // of the table
  std::int32_t depth;
  std::int32_t before;  // bytes in front of a window that make its steps whole
  std::int32_t all_steps;
  std::int32_t first_channel, end_channel;
  bool to_outputs;  // sums of four pixels become outputs in registers
  bool dense;       // taps of a window are side by side, its rows one after the other
  bool joined;      // rows follow one another in the output
  sums_end sums_to;
  std::int32_t zero_points;  // four bytes
  std::int32_t words;
  std::int32_t* buffer;  // of so many words; m is right behind it
  multiplication& m;
};

/// Widens steps of the windows of neighbouring pixels, of which the first one starts at row y, column x of the input:
/// whole words of a pixel.
INLAY_SMALL INLAY_NEVER_INLINE inline void widen_words(const convolution_run& s, std::int32_t pixels, std::int32_t y,
                                                       std::int32_t x, std::int32_t first_step, std::int32_t steps,
                                                       std::int32_t* to) {
  const convolution& p = s.p;
  const std::int32_t minus_zero_points = minus_twice(p.input_zero_point);
  const std::int32_t channels = p.group_channels;
  const bool dense = s.input.pixel_pitch == channels && p.dilation_width == 1;
  const std::int32_t pixel_distance = p.stride_width * s.input.pixel_pitch;
  const std::int32_t first = 4 * first_step;
  const std::int32_t tap = first / channels;
  std::int32_t channel = first - tap * channels;
  std::int32_t ky = tap / p.kernel_width;
  std::int32_t kx = tap - ky * p.kernel_width;
  for (std::int32_t count = 4 * steps; count > 0;) {
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

/// Copies steps of the window that starts at row y, column x of the input; zero points where it is outside and before
/// the window.
INLAY_SMALL INLAY_NEVER_INLINE inline void copy_part(const convolution_run& s, std::int32_t y, std::int32_t x,
                                                     std::int32_t first_step, std::int32_t steps, std::int8_t* to) {
  const convolution& p = s.p;
  const std::int32_t channels = p.group_channels;
  const std::int32_t row_bytes = p.kernel_width * channels, tap_pitch = p.dilation_width * s.input.pixel_pitch;
  std::int32_t left = 4 * steps;
  for (std::int32_t i = 0; i < left; i += 4) store_word(to + i, s.zero_points);
  // Taps of a row that are inside.
  std::int32_t first_tap = 0, end_tap = p.kernel_width;
  while (first_tap < end_tap && x + first_tap * p.dilation_width < 0) ++first_tap;
  while (first_tap < end_tap && x + (end_tap - 1) * p.dilation_width >= s.input_width) --end_tap;
  // Side by side they are copied as one.
  const bool dense = tap_pitch == channels;
  const std::int32_t piece_taps = dense ? end_tap - first_tap : 1;

  std::int32_t at = 4 * first_step - s.before;
  if (at < 0) left += at, to -= at, at = 0;
  std::int32_t ky = at / row_bytes, in_row = at - ky * row_bytes;
  for (; left > 0; ++ky, in_row = 0) {
    const std::int32_t row = y + ky * p.dilation_height;
    const std::int32_t end_in_row = in_row + left < row_bytes ? in_row + left : row_bytes;
    if (row >= 0 && row < p.input_height) {
      const std::int8_t* const from = s.input.pixel(row, x);
      for (std::int32_t tap = first_tap; tap < end_tap; tap += piece_taps) {
        std::int32_t start = tap * channels, end = start + piece_taps * channels;
        const std::int8_t* const piece = from + tap * tap_pitch - start;
        if (start < in_row) start = in_row;
        if (end > end_in_row) end = end_in_row;
        if (start < end) copy_rows(piece + start, 0, 1, end - start, to + start - in_row, 0);
      }
    }
    to += end_in_row - in_row;
    left -= end_in_row - in_row;
  }
}

/// Copies the window that starts at row y, column x of the input; zero points where it is outside and before the
/// window. Without dilation.
INLAY_SMALL INLAY_NEVER_INLINE inline void copy_window(const convolution_run& s, std::int32_t y, std::int32_t x,
                                                       std::int8_t* to) {
  const convolution& p = s.p;
  for (std::int32_t i = 0; i < s.all_steps; ++i) store_word(to + 4 * i, s.zero_points);
  const std::int32_t first_tap = x < 0 ? -x : 0;
  const std::int32_t end_tap = s.input_width - x < p.kernel_width ? s.input_width - x : p.kernel_width;
  const std::int32_t end_row = p.input_height < y + p.kernel_height ? p.input_height : y + p.kernel_height;
  if (first_tap >= end_tap) return;
  const std::int32_t to_pitch = p.kernel_width * p.group_channels;
  to += s.before + first_tap * p.group_channels;
  if (y < 0) to -= y * to_pitch, y = 0;
  while (y < end_row) {
    // Up to where the ring of rows starts again.
    const std::int32_t in_ring = s.input.rows - y % s.input.rows;
    const std::int32_t rows = end_row - y < in_ring ? end_row - y : in_ring;
    copy_rows(s.input.pixel(y, x + first_tap), s.input.row_pitch, rows, (end_tap - first_tap) * p.group_channels, to,
              to_pitch);
    y += rows;
    to += rows * to_pitch;
  }
}

/// Widens steps of the windows of the neighbouring pixels from (y, x) of the output on, to before `end`.
INLAY_SMALL INLAY_NEVER_INLINE inline void widen_windows(const convolution_run& s, std::int32_t pixels, std::int32_t y,
                                                         std::int32_t x, std::int32_t step, std::int32_t steps,
                                                         std::int32_t* end) {
  const convolution& p = s.p;
  std::int32_t* const to = end - 2 * pixels * steps;
  if (p.group_channels % 4 == 0) {
    widen_words(s, pixels, y * p.stride_height - p.padding_top, x * p.stride_width - p.padding_left, step, steps, to);
    return;
  }
  std::int8_t* const copies = reinterpret_cast<std::int8_t*>(to - pixels * steps);
  for (std::int8_t* copy = copies; copy != reinterpret_cast<std::int8_t*>(to); copy += 4 * steps) {
    const std::int32_t row = y * p.stride_height - p.padding_top, column = x * p.stride_width - p.padding_left;
    if (s.dense && steps == s.all_steps)
      copy_window(s, row, column, copy);
    else
      copy_part(s, row, column, step, steps, copy);
    if (++x == s.r.end_column) ++y, x = s.r.first_column;
  }
  if (pixels == 4)
    widen_four(copies, 4 * steps, end, minus_twice(p.input_zero_point), to);
  else
    widen(copies, steps, minus_twice(p.input_zero_point), 1, to);
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

inline std::uintptr_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

/// Multiplies steps with the weights of channels up to `end` and makes sums, or, of four pixels, outputs. `to` is the
/// first pixel.
INLAY_SMALL INLAY_NEVER_INLINE inline void multiply(const convolution_run& s, std::int32_t pixels, std::int32_t channel,
                                                    std::int32_t end, std::int32_t step, std::int32_t steps,
                                                    bool to_outputs, std::int8_t* to) {
  multiplication& m = s.m;
  const bool from_biases = step == 0 && s.biases != nullptr;
  m.windows = s.buffer + s.words - 2 * pixels * steps;
  m.weights_step = s.depth - 4 * steps;
  m.from = from_biases ? address_of(s.biases) - 4 * address_of(to) : m.sums;
  m.end = to + end;
  const std::int8_t* const weights = s.weights + channel * s.depth + 4 * step;
  if (pixels == 4) {
    multiply_4_pixels(from_biases ? sums_start::biases : sums_start::sums, &m, weights, to + channel,
                      skipped_of_4_pixels(from_biases ? steps - 1 : steps), to_outputs ? s.sums_to : sums_end::sums);
  } else {
    m.places[0] = static_cast<std::uintptr_t>(step_bytes_of_1_pixel * (3 - (steps & 3)));
    multiply_1_pixel(0, &m, weights, to + channel);
  }
}

/// Makes the outputs of four pixels from (y, x) on, and of the next ones while there are four in the row, with all
/// channels at once; returns how many.
INLAY_NEVER_INLINE inline std::int32_t make_fours(const convolution_run& s, std::int32_t y, std::int32_t x,
                                                  std::int8_t* to) {
  const convolution& p = s.p;
  multiplication& m = s.m;
  const std::int32_t minus_zero_points = minus_twice(p.input_zero_point);
  const std::int32_t steps = s.all_steps, pitch = m.pitch;
  std::int32_t* const end = s.buffer + s.words;
  std::int32_t* const windows = end - 8 * steps;
  std::int8_t* const copies = reinterpret_cast<std::int8_t*>(windows - 4 * steps);
  m.windows = windows;
  m.weights_step = -s.before;

  const std::int32_t row = y * p.stride_height - p.padding_top;
  const std::int32_t ring_row = row >= 0 ? row % s.input.rows : 0;
  const bool rows_inside =
      s.dense && row >= 0 && row + p.kernel_height <= p.input_height && ring_row + p.kernel_height <= s.input.rows;
  const std::int32_t distance = p.stride_width * s.input.pixel_pitch;
  std::int32_t column = x * p.stride_width - p.padding_left;
  const std::int8_t* from =
      s.input.data + ring_row * s.input.row_pitch + (column - s.input.first_column) * s.input.pixel_pitch;
  const bool whole_words = p.group_channels % 4 == 0;
  const std::int32_t skipped = skipped_of_4_pixels(steps - 1);
  sums_start start = sums_start::biases;
  const std::int32_t first = x, last = s.joined ? x : s.r.end_column - 4;
  do {
    if (p.pointwise && whole_words) {
      widen_four(from, distance, end, minus_zero_points, windows);
    } else if (!whole_words && rows_inside && x + 4 <= s.r.end_column) {
      for (std::int32_t pixel = 0; pixel < 4; ++pixel) {
        const std::int32_t window_column = column + pixel * p.stride_width;
        std::int8_t* const copy = copies + pixel * 4 * steps;
        if (window_column >= 0 && window_column + p.kernel_width <= s.input_width) {
          store_word(copy, s.zero_points);
          const std::int32_t row_bytes = p.kernel_width * p.group_channels;
          copy_rows(from + pixel * distance, s.input.row_pitch, p.kernel_height, row_bytes, copy + s.before, row_bytes);
        } else {
          copy_window(s, row, window_column, copy);
        }
      }
      widen_four(copies, 4 * steps, end, minus_zero_points, windows);
    } else {
      widen_windows(s, 4, y, x, 0, steps, end);
    }
    m.from = address_of(s.biases) - 4 * address_of(to);
    m.multipliers = address_of(s.table) - 4 * address_of(to);
    m.shifts = address_of(s.shifts) - address_of(to);
    m.end = to + s.end_channel;
    multiply_4_pixels(start, &m, s.weights + s.first_channel * s.depth, to + s.first_channel, skipped, s.sums_to);
    start = sums_start::as_before;
    to += 4 * pitch;
    from += 4 * distance;
    column += 4 * p.stride_width;
    x += 4;
  } while (x <= last);
  return x - first;
}

/// Makes the outputs of neighbouring pixels from (y, x) on; `to` is the first.
INLAY_SMALL INLAY_NEVER_INLINE inline void make_pixels(const convolution_run& s, std::int32_t pixels, std::int32_t y,
                                                       std::int32_t x, std::int8_t* to) {
  const bool to_outputs = s.to_outputs && pixels == 4;
  const bool keeps_sums = !to_outputs || s.biases == nullptr;
  const std::int32_t step_words = (s.p.group_channels % 4 == 0 ? 2 : 3) * pixels;
  const bool at_once = s.all_steps * step_words <= s.words - (keeps_sums ? least_sums : 0);
  const std::int32_t part_steps = at_once ? s.all_steps : (s.words - most_sums) / step_words;
  const std::int32_t most_channels =
      at_once && !keeps_sums ? s.end_channel : (s.words - part_steps * step_words) / pixels;
  const auto is_constant = [&s](std::int32_t channel) {
    return s.shifts[channel] == scale_table::constant_shift;
  };
  const bool has_constants = (s.flags & convolution_table::has_constants) != 0;
  bool widened = false;
  s.m.multipliers = address_of(s.table) - 4 * address_of(to);
  s.m.shifts = address_of(s.shifts) - address_of(to);
  for (std::int32_t channel = s.first_channel, end; channel < s.end_channel; channel = end) {
    std::int32_t computed = s.end_channel - channel < most_channels ? s.end_channel - channel : most_channels;
    end = channel + computed;
    if (has_constants) {
      computed = 0;
      for (end = channel; end < s.end_channel; ++end) {
        if (is_constant(end)) continue;
        if (computed == most_channels) break;
        ++computed;
      }
    }
    if (s.biases == nullptr)
      for (std::int32_t i = 0; i < computed * pixels; ++i) s.buffer[i] = 0;
    for (std::int32_t step = 0; step < s.all_steps && computed > 0; step += part_steps) {
      const std::int32_t steps = s.all_steps - step < part_steps ? s.all_steps - step : part_steps;
      if (!widened) {
        widened = at_once;
        widen_windows(s, pixels, y, x, step, steps, s.buffer + s.words);
      }
      s.m.sums = address_of(s.buffer) - 4 * static_cast<std::uintptr_t>(pixels) * address_of(to + channel);
      for (std::int32_t c = channel, run_end; c < end; c = run_end) {
        run_end = end;
        if (has_constants) {
          run_end = c + 1;
          if (is_constant(c)) {
            // There are no sums of it.
            s.m.sums += 4 * static_cast<std::uintptr_t>(-pixels);
            continue;
          }
          while (run_end < end && !is_constant(run_end)) ++run_end;
        }
        multiply(s, pixels, c, run_end, step, steps, to_outputs && step + part_steps >= s.all_steps, to);
      }
    }
    if (!to_outputs)
      s.finish(s.buffer, pixels, end - channel, s.table + channel, s.shifts + channel, s.flags, s.p.range, to + channel,
               s.m.pitch);
    else if (has_constants)
      for (std::int32_t c = channel; c < end; ++c)
        if (is_constant(c))
          for (std::int32_t pixel = 0; pixel < 4; ++pixel)
            to[c + pixel * s.m.pitch] = static_cast<std::int8_t>(s.table[c]);
  }
}

/// Weights [taps][outputs] as [outputs][taps].
inline void order_weights(const std::int8_t* weights, std::int32_t outputs, std::int32_t taps, std::int8_t* ordered) {
  for (std::int32_t tap = 0; tap < taps; ++tap)
    for (std::int32_t c = 0; c < outputs; ++c) ordered[c * taps + tap] = static_cast<std::int8_t>(keep(*weights++));
}

/// A convolution's region; layers share the code. TapsFirst: weights are [taps][outputs], at most
/// most_ordered_weights, and the table is a scale_table.
template <requantisation R, bool TapsFirst = false>
INLAY_NEVER_INLINE void convolve(const convolution& p, const std::int32_t* table, const map_view<std::int8_t>& output,
                                 const region& whole, const map_view<const std::int8_t>& input,
                                 const std::int8_t* weights) {
  const std::int32_t depth = p.kernel_height * p.kernel_width * p.group_channels;
  const std::int32_t outputs = p.group_outputs;
  const std::int8_t* const shifts = scale_table::shifts(table, outputs * p.groups);
  std::int32_t flags = 0;
  if constexpr (TapsFirst) {
    for (std::int32_t c = 0; c < outputs; ++c)
      if (shifts[c] < 0)
        flags |= shifts[c] == scale_table::constant_shift ? convolution_table::has_constants
                                                          : convolution_table::is_uncommon;
  } else {
    flags = shifts[outputs * p.groups];
  }
  constexpr std::int32_t words = TapsFirst ? buffer_words_beside_ordered : buffer_words;
  struct {
    std::int32_t buffer[words];
    multiplication m;
  } memory;
  const std::int8_t* const biases = p.bias_distance != 0 ? weights + p.bias_distance : nullptr;
  [[maybe_unused]] std::int8_t ordered[TapsFirst ? 4 + most_ordered_weights : 1];
  if constexpr (TapsFirst) {
    order_weights(weights, outputs, depth, ordered + 4);
    weights = ordered + 4;
  }
  const std::int32_t before = -depth & 3;
  const std::uint32_t zero_point = static_cast<std::uint8_t>(p.input_zero_point);
  convolution_run s{
      .p = p,
      .input = input,
      .r = whole,
      .input_width = p.input_width,
      .table = table,
      .shifts = shifts,
      .weights = weights - before,
      .biases = biases,
      .finish = finish<R>,
      .flags = flags,
      .depth = depth,
      .before = before,
      .all_steps = (depth + 3) >> 2,
      .first_channel = 0,
      .end_channel = outputs,
      .to_outputs = R == requantisation::saturating && !(flags & convolution_table::is_uncommon),
      .dense = p.dilation_width == 1 && p.dilation_height == 1 && input.pixel_pitch == p.group_channels,
      .joined = false,
      .sums_to = flags & convolution_table::from_minus_128 ? sums_end::outputs_from_minus_128 : sums_end::outputs,
      .zero_points = static_cast<std::int32_t>(zero_point * 0x1010101u),
      .words = words,
      .buffer = memory.buffer,
      .m = memory.m};
  region& r = s.r;
  const std::int32_t columns = r.end_column - r.first_column;
  // Rows that follow one another in the output may be one long row …
  s.joined = r.end_row <= output.rows && output.row_pitch == columns * output.pixel_pitch;
  if (p.group_channels % 4 == 0) {
    // … if they are in the input, too. Else windows are copied one by one.
    if (s.joined && p.pointwise && p.stride_height == 1 && p.stride_width == 1 && columns == p.input_width &&
        r.end_row <= input.rows && input.row_pitch == p.input_width * input.pixel_pitch) {
      s.input_width = r.end_row * p.input_width;
      r = {0, 1, r.first_row * p.input_width, s.input_width};
    }
    s.joined = false;
  }
  multiplication& m = memory.m;
  m.one = 1;
  m.rounding = flags & convolution_table::from_minus_128 ? -255 * (1 << (convolution_table::fraction_bits - 1))
                                                         : 2 * p.range.zero_point + 1;
  m.pitch = output.pixel_pitch;
  m.pitch_times_3 = 3 * output.pixel_pitch;
  // The common case takes one multiplication for all channels of four pixels.
  const bool simple = s.to_outputs && biases != nullptr && !(flags & convolution_table::has_constants) &&
                      s.all_steps * (p.group_channels % 4 == 0 ? 8 : 12) <= words;
  for (std::int32_t g = 0; g < p.groups; ++g) {
    for (std::int32_t y = r.first_row, x = r.first_column; y < r.end_row;) {
      if (x >= r.end_column) {
        // Joined rows may end inside of the pixels.
        ++y;
        x -= r.end_column - r.first_column;
        continue;
      }
      const std::int32_t left = r.end_column - x + (s.joined ? (r.end_row - 1 - y) * columns : 0);
      // Three pixels are four with the one before.
      const bool again = left == 3 && x > r.first_column;
      if (again) --x;
      std::int8_t* const to = output.pixel(y, x);
      const std::int32_t pixels = left >= 4 || again ? 4 : 1;
      if (simple && pixels == 4) {
        x += make_fours(s, y, x, to);
      } else {
        make_pixels(s, pixels, y, x, to);
        x += pixels;
      }
    }
    s.input.data += p.group_channels;
    s.first_channel += outputs;
    s.end_channel += outputs;
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
