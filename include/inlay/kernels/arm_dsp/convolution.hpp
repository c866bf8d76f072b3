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

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

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

/// A word of flags and how many multipliers there are, the multipliers, then a byte for each channel: what scale_table
/// has, but for channels that always make the zero point, which have no multiplier.
///
/// Where all outputs are saturated and the zero point is −128, no negative sum makes anything else than −128, so that
/// rounding of negative sums does not matter, and both roundings are one: with the shift n and L = 14,
///
///   (a × m + 2^30 + 2^(30+n)) >> (31 + n)  =  ((a << (15 − n)) × m + 2^32 × k >> 32) >> L,  k = 2^(L−1) + 2^(L−n−1)
///
/// The table has 15 − n, then. a << (15 − n) must fit into 32 bits, k must be whole.
struct convolution_table : scale_table {
  static constexpr std::int32_t from_minus_128 = 1;  // as above
  static constexpr std::int32_t has_constants = 2;   // some channels with one of the constant shifts
  static constexpr std::int32_t is_uncommon = 4;     // some channels with other negative shifts
  static constexpr std::int32_t fraction_bits = 14;  // L
  // Channels that always make the zero point: this, and how many of them follow one another from here on.
  static constexpr std::int32_t zero_point_shift = constant_shift, most_zero_points = 24;
  static constexpr bool is_constant(std::int32_t shift) { return shift <= zero_point_shift + most_zero_points; }
  static constexpr bool has_multiplier(std::int32_t shift) { return shift == constant_shift || !is_constant(shift); }
  static constexpr std::int32_t constants_from(std::int32_t shift) {
    return shift == constant_shift ? 1 : shift - zero_point_shift;
  }

  static constexpr std::int32_t table_size(graph_view g, const layer& l) { return scale_table::table_size(g, l) + 1; }
  static constexpr std::int32_t used_entries(graph_view g, const layer& l, const std::int32_t* table) {
    return 1 + (table[0] >> 8) + (channel_table::table_size(g, l) + 3) / 4;
  }

  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte* model, const channel_constants* constants,
                                   const std::int32_t* sums, std::int32_t* table) {
    std::int32_t* const multipliers = table + 1;
    scale_table::fill_table(g, l, model, constants, sums, multipliers);
    const std::int32_t channels = channel_table::table_size(g, l);
    std::int32_t* const shifts = multipliers + channels;
    const output_range range = range_of(g, l);
    const std::int64_t most = most_products(g, l);
    std::int32_t flags = range.zero_point == -128 && range.high == 127 ? from_minus_128 : 0, count = 0;
    for (std::int32_t c = 0; c < channels; ++c) {
      const std::int32_t shift = get_byte(shifts, c), multiplier = multipliers[c];
      if (multiplier == 0 && shift != constant_shift) {
        put_byte(shifts, c, zero_point_shift + 1);
        flags |= has_constants;
        continue;
      }
      multipliers[count++] = multiplier;
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
        if (const std::int32_t shift = get_byte(shifts, c); shift >= 0) put_byte(shifts, c, fraction_bits - shift);
    for (std::int32_t c = channels - 2; c >= 0; --c)
      if (const std::int32_t next = get_byte(shifts, c + 1); get_byte(shifts, c) == zero_point_shift + 1 &&
                                                             !has_multiplier(next) &&
                                                             next < zero_point_shift + most_zero_points)
        put_byte(shifts, c, next + 1);
    for (std::int32_t i = 0; i < (channels + 3) / 4; ++i) multipliers[count + i] = shifts[i];
    table[0] = flags | count << 8;
  }
};

/// Room for widened windows, sums before them.
constexpr std::int32_t buffer_words = 128;
constexpr std::int32_t least_sums = 16;  // beside whole windows
constexpr std::int32_t most_sums = 64;   // beside parts of windows, which are widened again for the next ones

/// What the functions below read, right behind the widened windows.
struct multiplication {
  const std::int32_t* windows;
  std::uintptr_t from;       // base of the biases, or of the sums so far
  std::uintptr_t places[3];  // in the function's code
  std::uintptr_t multipliers, shifts;
  std::int32_t rounding, one;
  std::int32_t pitch, pitch_times_3;  // of the output
  std::int32_t weights_step;          // from the end of a channel's weights to the start of the next one's
  void* end;                          // of what is made
  std::uintptr_t sums;
};

// Functions that add the products of widened windows and weights, channel after channel. Compilers run out of
// registers here: r0 is in the windows, r1 their end and the multiplication, r2 weights, r3 what is made. Channels are
// counted by r3: bases are addresses for r3 = 0. A round has eight steps; skipped_bytes of instructions are left out of
// the first.

/// For four pixels, r4 to r7: from biases or sums to outputs or sums. Biases go into a first step of its own.
enum class four_starts : std::int16_t { as_before = -1, biases = 0, sums = 2, biases_to_sums = 4, sums_to_sums = 6 };
enum class four_ends : std::int32_t { sums = 8, outputs = 10, outputs_from_minus_128 = 12 };
[[gnu::naked, gnu::noinline]] inline void multiply_4_pixels(four_starts, multiplication*,
                                                            const std::int8_t* /*weights*/, void* /*to*/,
                                                            std::int32_t /*skipped_bytes*/, four_ends) {
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
#define INLAY_NEXT_CHANNEL   \
  "ldrd r8, r9, [r1, #44]\n" \
  "add r2, r2, r8\n"         \
  "cmp r3, r9\n"             \
  "bne 1b\n"                 \
  "pop {r4-r11, pc}\n"
  asm("push {r4-r11, lr}\n"
      "cmp r0, #0\n"
      "blt 1f\n"
      "adr r4, 9f\n"
      "ldrd r5, r6, [sp, #36]\n"
      "ldrsh r0, [r4, r0]\n"
      "ldrsh r6, [r4, r6]\n"
      "ldrsh r7, [r4, #14]\n"
      "add r5, r5, r7\n"
      "add r0, r0, r4\n"
      "add r5, r5, r4\n"
      "add r6, r6, r4\n"
      "strd r0, r5, [r1, #8]\n"
      "str r6, [r1, #16]\n"
      "1:\n"
      "ldm r1, {r0, r4, pc}\n"
      // From sums to sums, and to outputs.
      "2:\n"
      "ldm r3, {r4-r7}\n"
      "ldr pc, [r1, #12]\n"
      "3:\n"
      "add r4, r4, r3, lsl #4\n"
      "ldm r4, {r4-r7}\n"
      "ldr pc, [r1, #12]\n"
      // From biases to sums, and to outputs.
      "4:\n"
      "add r4, r4, r3, lsr #2\n"
      "sub r4, r4, r3, lsl #2\n"
      "5:\n"
      "ldr r4, [r4, r3, lsl #2]\n" INLAY_STEP("r4", "r4", "r4")
      "ldr pc, [r1, #12]\n"
      "6:\n" INLAY_NEXT_STEP INLAY_NEXT_STEP INLAY_NEXT_STEP INLAY_NEXT_STEP INLAY_NEXT_STEP INLAY_NEXT_STEP
          INLAY_NEXT_STEP INLAY_NEXT_STEP
      "cmp r0, r1\n"
      "bne 6b\n"
      "ldr pc, [r1, #16]\n"
      "7:\n"
      "stm r3!, {r4-r7}\n" INLAY_NEXT_CHANNEL
      "8:\n"
      "add r0, r1, #20\n"
      "ldm r0, {r8-r12, lr}\n"
      "ldr r8, [r8, r3, lsl #2]\n"
      "ldrb r9, [r9, r3]\n"
      "lsl r10, r10, r9\n" INLAY_SIGNED_OUTPUT("r5", "[r3, r12]") INLAY_SIGNED_OUTPUT("r6", "[r3, r12, lsl #1]")
          INLAY_SIGNED_OUTPUT("r7", "[r3, lr]") INLAY_SIGNED_OUTPUT("r4", "[r3], #1") INLAY_NEXT_CHANNEL
      ".balign 4\n"
      "9:\n"
      ".hword 5b - 9b + 1, 3b - 9b + 1, 4b - 9b + 1, 2b - 9b + 1\n"
      ".hword 7b - 9b + 1, 8b - 9b + 1, 2f - 9b + 1, 6b - 9b + 1\n"
      "2:\n"
      "add r0, r1, #20\n"
      "ldm r0, {r8-r12, lr}\n"
      "ldr r8, [r8, r3, lsl #2]\n"
      "ldrb r9, [r9, r3]\n"
      "lsl r11, r11, r9\n"
      "add r10, r10, r11, lsr #2\n" INLAY_OUTPUT("r5", "[r3, r12]") INLAY_OUTPUT("r6", "[r3, r12, lsl #1]")
          INLAY_OUTPUT("r7", "[r3, lr]") INLAY_OUTPUT("r4", "[r3], #1") INLAY_NEXT_CHANNEL);
#undef INLAY_NEXT_CHANNEL
#undef INLAY_SIGNED_OUTPUT
#undef INLAY_OUTPUT
#undef INLAY_NEXT_STEP
#undef INLAY_STEP
}
/// By the steps in the rounds; without any, a round is left out.
constexpr std::int32_t skipped_of_4_pixels(std::int32_t steps) { return 52 * (steps == 0 ? 8 : -steps & 7); }

/// For one pixel, r12, from biases or sums; r3 is an output, also where sums are made. places[2] is the end of the
/// windows' steps before the rounds.
enum class one_ends : std::int32_t { sums = 0, outputs = 2, outputs_from_minus_128 = 4 };
[[gnu::naked, gnu::noinline]] inline void multiply_1_pixel(one_ends, multiplication*, const std::int8_t* /*weights*/,
                                                           std::int8_t* /*to*/) {
#define INLAY_PRODUCTS(even, odd) \
  "ldr lr, [r2], #4\n"            \
  "sxtb16 r3, lr\n"               \
  "sxtb16 lr, lr, ror #8\n"       \
  "smlad r12, r3, " even          \
  ", r12\n"                       \
  "smlad r12, lr, " odd ", r12\n"
#define INLAY_FOUR_STEPS                                                                                   \
  "ldmia r0!, {r4-r11}\n" INLAY_PRODUCTS("r4", "r5") INLAY_PRODUCTS("r6", "r7") INLAY_PRODUCTS("r8", "r9") \
      INLAY_PRODUCTS("r10", "r11")
#define INLAY_NEXT_CHANNEL   \
  "str r3, [sp]\n"           \
  "ldrd r4, r5, [r1, #44]\n" \
  "add r2, r2, r4\n"         \
  "cmp r3, r5\n"             \
  "bne 1b\n"                 \
  "add sp, #4\n"             \
  "pop {r4-r11, pc}\n"
  asm("push {r3-r11, lr}\n"
      "adr r4, 9f\n"
      "ldrsh r0, [r4, r0]\n"
      "add r0, r0, r4\n"
      "ldr r5, [r1]\n"
      "ldr r6, [r1, #16]\n"
      "cmp r5, r6\n"
      "ite eq\n"
      "ldrsheq r5, [r4, #6]\n"
      "ldrshne r5, [r4, #8]\n"
      "add r5, r5, r4\n"
      "strd r5, r0, [r1, #8]\n"
      "1:\n"
      "ldm r1, {r0, r4, pc}\n"
      // Steps before the rounds.
      "2:\n"
      "ldr r12, [r4, r3, lsl #2]\n"
      "ldr r6, [r1, #16]\n"
      "3:\n"
      "ldrd r4, r5, [r0], #8\n" INLAY_PRODUCTS("r4", "r5")
      "cmp r0, r6\n"
      "bne 3b\n"
      "cmp r0, r1\n"
      "beq 6f\n"
      "b 5f\n"
      "4:\n"
      "ldr r12, [r4, r3, lsl #2]\n"
      "5:\n" INLAY_FOUR_STEPS INLAY_FOUR_STEPS
      "cmp r0, r1\n"
      "bne 5b\n"
      "6:\n"
      "ldr r3, [sp]\n"
      "ldr pc, [r1, #12]\n"
      // Ends: sums, outputs, outputs from −128.
      "7:\n"
      "ldr r4, [r1, #52]\n"
      "str r12, [r4, r3, lsl #2]\n"
      "add r3, r3, #1\n" INLAY_NEXT_CHANNEL
      "8:\n"
      "ldrd r4, r5, [r1, #20]\n"
      "ldr r6, [r1, #28]\n"
      "ldr r4, [r4, r3, lsl #2]\n"
      "ldrb r5, [r5, r3]\n"
      "lsl r6, r6, r5\n"
      "add r6, r6, r12, asr #31\n"
      "lsl r12, r12, #1\n"
      "smmlar r12, r12, r4, r6\n"
      "asr r12, r12, r5\n"
      "ssat r12, #8, r12, asr #1\n"
      "strb r12, [r3], #1\n" INLAY_NEXT_CHANNEL
      ".balign 4\n"
      "9:\n"
      ".hword 7b - 9b + 1, 8b - 9b + 1, 10f - 9b + 1, 4b - 9b + 1, 2b - 9b + 1, 0\n"
      "10:\n"
      "ldrd r4, r5, [r1, #20]\n"
      "ldrd r6, r7, [r1, #28]\n"
      "ldr r4, [r4, r3, lsl #2]\n"
      "ldrb r5, [r5, r3]\n"
      "lsl r7, r7, r5\n"
      "add r6, r6, r7, lsr #2\n"
      "lsl r12, r12, r5\n"
      "smmla r12, r12, r4, r6\n"
      "ssat r12, #8, r12, asr #14\n"
      "strb r12, [r3], #1\n" INLAY_NEXT_CHANNEL);
#undef INLAY_NEXT_CHANNEL
#undef INLAY_FOUR_STEPS
#undef INLAY_PRODUCTS
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

/// The work on a region of one group's channels: four pixels at a time, or one.
struct convolution_run {
  const convolution& p;
  const map_view<const std::int8_t>& input;
  multiplication& m;                              // behind the buffer
  std::int32_t first_column = 0, end_column = 0;  // of the output
  std::int32_t input_width = 0;
  const std::int32_t* multipliers = nullptr;
  const std::int8_t* shifts = nullptr;
  const std::int8_t* weights = nullptr;  // the first channel's first step
  const std::int8_t* biases = nullptr;
  std::int32_t depth = 0;
  std::int16_t first_channel = 0, end_channel = 0;
  std::int16_t group_at = 0;  // the group's first channel in the input
  std::int16_t all_steps = 0;
  std::uint8_t before = 0;  // bytes in front of a window that make its steps whole
  std::uint8_t flags = 0;   // of the table
  std::uint8_t ends = 0;    // how multiplications end that make outputs: see four_ends; 0 if none does
  bool dense = false;       // a window's taps are side by side, its rows one after the other
  bool joined = false;      // rows of the output follow one another

  // What is in work: pixels from (y, x) on, their outputs, and steps of their windows.
  std::uint8_t pixels = 0;
  bool from_biases = false, makes_outputs = false;
  std::int16_t y = 0;
  std::int32_t x = 0;
  std::int8_t* to = nullptr;
  std::int16_t step = 0, steps = 0;
  std::int16_t skipped_bytes = 0;
  four_starts start = four_starts::as_before;

  INLAY_ALWAYS_INLINE const std::int8_t* pixel(std::int32_t row, std::int32_t column) const {
    return input.data + group_at + row % input.rows * input.row_pitch +
           (column - input.first_column) * input.pixel_pitch;
  }
  INLAY_ALWAYS_INLINE std::int32_t* end() const { return reinterpret_cast<std::int32_t*>(&m); }
  INLAY_ALWAYS_INLINE std::int32_t* buffer() const { return end() - buffer_words; }
  INLAY_ALWAYS_INLINE std::int32_t* windows() const { return end() - 2 * pixels * steps; }
};

inline std::uintptr_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

/// Widens the steps in work where a pixel's channels are whole words.
INLAY_SMALL INLAY_NEVER_INLINE inline void widen_words(const convolution_run& s) {
  const convolution& p = s.p;
  const std::int32_t channels = p.group_channels, row_bytes = p.kernel_width * channels;
  // Taps of a row that are side by side are one piece where they are inside.
  const bool dense = s.input.pixel_pitch == channels && p.dilation_width == 1;
  std::int32_t ky = 4 * s.step / row_bytes, in_row = 4 * s.step - ky * row_bytes;
  for (std::int32_t* to = s.windows(); to != s.end();) {
    const std::int32_t row = s.y * p.stride_height - p.padding_top + ky * p.dilation_height;
    const std::int32_t kx = in_row / channels;
    const std::int32_t column = s.x * p.stride_width - p.padding_left + kx * p.dilation_width;
    const bool row_inside = row >= 0 && row < p.input_height;
    const std::int32_t last_column = column + (s.pixels - 1) * p.stride_width;
    const bool inside = row_inside && column >= 0 && last_column < s.input_width;
    std::int32_t end_in_row = (kx + 1) * channels;
    if (dense && inside && last_column + p.kernel_width - kx <= s.input_width) end_in_row = row_bytes;
    const std::int32_t left = static_cast<std::int32_t>(s.end() - to) * 2 / s.pixels;
    const std::int32_t piece = end_in_row - in_row < left ? end_in_row - in_row : left;
    const std::int8_t* from = row_inside ? s.pixel(row, column) + in_row - kx * channels : nullptr;
    if (inside && s.pixels == 4) {
      widen_four(from, p.stride_width * s.input.pixel_pitch, to + 2 * piece, minus_twice(p.input_zero_point), to);
    } else {
      for (std::int32_t pixel = 0, x = column; pixel < s.pixels; ++pixel, x += p.stride_width) {
        if (row_inside && x >= 0 && x < s.input_width)
          widen(from + (x - column) * s.input.pixel_pitch, piece / 4, minus_twice(p.input_zero_point), s.pixels,
                to + pixel);
        else
          for (std::int32_t i = 0; i < piece / 2; ++i) to[i * s.pixels + pixel] = 0;
      }
    }
    to += piece * s.pixels / 2;
    in_row += piece;
    if (in_row == row_bytes) in_row = 0, ++ky;
  }
}

/// Four zero points of the input.
INLAY_ALWAYS_INLINE std::int32_t zero_points(const convolution& p) {
  return static_cast<std::int32_t>(static_cast<std::uint8_t>(p.input_zero_point) * 0x1010101u);
}

/// Copies the steps in work of the window that starts at row y, column x of the input; zero points where it is outside
/// and before the window.
INLAY_SMALL INLAY_NEVER_INLINE inline void copy_part(const convolution_run& s, std::int32_t y, std::int32_t x,
                                                     std::int8_t* to) {
  const convolution& p = s.p;
  const std::int32_t channels = p.group_channels;
  const std::int32_t row_bytes = p.kernel_width * channels, tap_pitch = p.dilation_width * s.input.pixel_pitch;
  const std::int8_t* const end = to + 4 * s.steps;
  std::int32_t at = 4 * s.step - s.before;
  for (; at < 0; ++at) *to++ = p.input_zero_point;
  std::int32_t ky = at / row_bytes, kx = at % row_bytes / channels, channel = at % row_bytes % channels;
  for (; to != end; ++ky, kx = 0) {
    const std::int32_t row = y + ky * p.dilation_height;
    const bool row_inside = row >= 0 && row < p.input_height;
    const std::int8_t* const from = row_inside ? s.pixel(row, x) : nullptr;
    for (; to != end && kx < p.kernel_width; ++to) {
      const std::int32_t column = x + kx * p.dilation_width;
      const bool inside = row_inside && column >= 0 && column < s.input_width;
      *to = inside ? from[kx * tap_pitch + channel] : p.input_zero_point;
      if (++channel == channels) channel = 0, ++kx;
    }
  }
}

/// Copies the whole window that starts at row y, column x of the input; zero points where it is outside and before the
/// window. Without dilation.
INLAY_SMALL INLAY_NEVER_INLINE inline void copy_window(const convolution_run& s, std::int32_t y, std::int32_t x,
                                                       std::int8_t* to) {
  const convolution& p = s.p;
  for (std::int32_t i = 0; i < s.all_steps; ++i) store_word(to + 4 * i, zero_points(p));
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
    copy_rows(s.pixel(y, x + first_tap), s.input.row_pitch, rows, (end_tap - first_tap) * p.group_channels, to,
              to_pitch);
    y += rows;
    to += rows * to_pitch;
  }
}

/// Widens the steps in work by way of copies.
INLAY_SMALL INLAY_NEVER_INLINE inline void widen_copies(const convolution_run& s) {
  const convolution& p = s.p;
  std::int32_t* const windows = s.windows();
  std::int8_t* const copies = reinterpret_cast<std::int8_t*>(windows - s.pixels * s.steps);
  std::int32_t y = s.y, x = s.x;
  for (std::int8_t* copy = copies; copy != reinterpret_cast<std::int8_t*>(windows); copy += 4 * s.steps) {
    (s.dense && s.steps == s.all_steps ? copy_window : copy_part)(s, y * p.stride_height - p.padding_top,
                                                                  x * p.stride_width - p.padding_left, copy);
    if (++x == s.end_column) ++y, x = s.first_column;
  }
  if (s.pixels == 4)
    widen_four(copies, 4 * s.steps, s.end(), minus_twice(p.input_zero_point), windows);
  else
    widen(copies, s.steps, minus_twice(p.input_zero_point), 1, windows);
}

INLAY_ALWAYS_INLINE void widen_windows(const convolution_run& s) {
  const convolution& p = s.p;
  if (s.pixels == 4 && p.pointwise && s.before == 0) {
    widen_four(s.pixel(s.y * p.stride_height, s.x * p.stride_width) + 4 * s.step, p.stride_width * s.input.pixel_pitch,
               s.end(), minus_twice(p.input_zero_point), s.windows());
  } else {
    (s.p.group_channels % 4 == 0 ? widen_words : widen_copies)(s);
  }
}

/// Makes outputs of constant channels; returns the next multiplier.
INLAY_NEVER_INLINE inline const std::int32_t* fill_constants(const convolution_run& s, std::int32_t channel,
                                                             std::int32_t end, const std::int32_t* multiplier) {
  while (channel < end) {
    const std::int32_t shift = s.shifts[channel];
    const bool has_multiplier = convolution_table::has_multiplier(shift);
    const std::int32_t value = has_multiplier ? *multiplier++ : s.p.range.zero_point;
    std::int32_t count = 1;
    if (convolution_table::is_constant(shift)) {
      count = convolution_table::constants_from(shift);
      if (count > end - channel) count = end - channel;
      std::int8_t* to = s.to + channel;
      for (std::int32_t pixel = 0; pixel < s.pixels; ++pixel, to += s.m.pitch)
        for (std::int32_t i = 0; i < count; ++i) to[i] = static_cast<std::int8_t>(keep(value));
    }
    channel += count;
  }
  return multiplier;
}

/// Makes outputs of channels from their sums, of all or, if multiplications have made outputs, of uncommon ones.
INLAY_SMALL INLAY_NEVER_INLINE inline void finish(const convolution_run& s, std::int32_t channel, std::int32_t end,
                                                  const std::int32_t* multiplier) {
  const output_range range = s.p.range;
  const std::int32_t* sums = s.buffer();
  for (; channel < end; ++channel) {
    std::int32_t shift = s.shifts[channel];
    const std::int32_t m = *multiplier;
    multiplier += convolution_table::has_multiplier(shift);
    if (convolution_table::is_constant(shift)) continue;
    if (s.ends == 0 || shift < 0) {
      if (shift >= 0 && (s.flags & convolution_table::from_minus_128)) shift = convolution_table::fraction_bits - shift;
      for (std::int32_t pixel = 0; pixel < s.pixels; ++pixel)
        s.to[channel + pixel * s.m.pitch] = static_cast<std::int8_t>(output_of(sums[pixel], m, shift, range));
    }
    sums += s.pixels;
  }
}

/// Prepares the multiplication of the steps in work.
INLAY_SMALL INLAY_NEVER_INLINE inline void prepare_multiply(convolution_run& s, bool makes_outputs) {
  multiplication& m = s.m;
  s.makes_outputs = makes_outputs;
  s.from_biases = s.step == 0 && s.biases != nullptr;
  s.skipped_bytes = static_cast<std::int16_t>(skipped_of_4_pixels(s.from_biases ? s.steps - 1 : s.steps));
  s.start = s.makes_outputs ? (s.from_biases ? four_starts::biases : four_starts::sums)
                            : (s.from_biases ? four_starts::biases_to_sums : four_starts::sums_to_sums);
  m.windows = s.windows();
  m.weights_step = s.depth - 4 * s.steps;
  m.shifts = address_of(s.shifts) - address_of(s.to);
}

/// Multiplies the steps in work with the weights of channels up to `end`.
INLAY_NEVER_INLINE inline void multiply(convolution_run& s, std::int32_t channel, std::int32_t end,
                                        const std::int32_t* multiplier, std::int32_t* sums) {
  multiplication& m = s.m;
  std::int8_t* const to = s.to + channel;
  const std::int8_t* const weights = s.weights + channel * s.depth + 4 * s.step;
  const std::uintptr_t biases = address_of(s.biases + 4 * channel);
  const std::int32_t ends = s.makes_outputs ? s.ends : 0;
  m.multipliers = address_of(multiplier) - 4 * address_of(to);
  m.end = s.to + end;
  if (s.pixels == 1) {
    m.sums = address_of(sums) - 4 * address_of(to);
    m.from = s.from_biases ? biases - 4 * address_of(to) : m.sums;
    m.places[2] = address_of(m.windows + 2 * (s.steps & 7));
    multiply_1_pixel(static_cast<one_ends>(ends), &m, weights, to);
    return;
  }
  m.from = s.from_biases ? biases - 4 * address_of(to) : address_of(sums) - 16 * address_of(to);
  void* made = to;
  if (!s.makes_outputs) {
    m.from = biases - address_of(sums) / 4;
    m.end = sums + 4 * (end - channel);
    made = sums;
  }
  multiply_4_pixels(s.start, &m, weights, made, s.skipped_bytes,
                    static_cast<four_ends>(static_cast<std::int32_t>(four_ends::sums) + ends));
  s.start = four_starts::as_before;
}

/// Copies the windows of the four pixels in work, to before `end`.
INLAY_NEVER_INLINE inline void copy_four(const convolution_run& s, std::int8_t* end) {
  const convolution& p = s.p;
  const std::int32_t row_bytes = p.kernel_width * p.group_channels, copy_bytes = 4 * s.all_steps;
  std::int32_t y = s.y, x = s.x, row = 0, column = 0;
  bool rows_inside = false;
  const std::int8_t* from = nullptr;
  for (std::int8_t* copy = end - 4 * copy_bytes; copy != end; copy += copy_bytes) {
    if (from == nullptr) {
      row = y * p.stride_height - p.padding_top;
      column = x * p.stride_width - p.padding_left;
      const std::int32_t ring_row = row >= 0 ? row % s.input.rows : 0;
      rows_inside = row >= 0 && row + p.kernel_height <= p.input_height && ring_row + p.kernel_height <= s.input.rows;
      from = s.pixel(ring_row, column);
    }
    if (rows_inside && column >= 0 && column + p.kernel_width <= s.input_width) {
      store_word(copy, zero_points(p));
      copy_rows(from, s.input.row_pitch, p.kernel_height, row_bytes, copy + s.before, row_bytes);
    } else {
      copy_window(s, row, column, copy);
    }
    column += p.stride_width;
    from += p.stride_width * s.input.pixel_pitch;
    if (++x == s.end_column) ++y, x = s.first_column, from = nullptr;
  }
}

/// Makes the outputs of four pixels and of the next ones while there are four in the row, with all channels at once.
INLAY_NEVER_INLINE inline void make_fours(convolution_run& s) {
  const convolution& p = s.p;
  multiplication& m = s.m;
  const std::int32_t minus_zero_points = minus_twice(p.input_zero_point);
  s.step = 0;
  s.steps = s.all_steps;
  prepare_multiply(s, true);
  std::int32_t* const windows = s.windows();
  const std::int32_t distance = p.stride_width * s.input.pixel_pitch;
  const std::int32_t last = s.joined ? s.x : s.end_column - 4;
  do {
    if (s.p.group_channels % 4 != 0) {
      std::int8_t* const copies = reinterpret_cast<std::int8_t*>(windows) - 16 * s.steps;
      copy_four(s, reinterpret_cast<std::int8_t*>(windows));
      widen_four(copies, 4 * s.steps, s.end(), minus_zero_points, windows);
    } else if (p.pointwise) {
      widen_four(s.pixel(s.y * p.stride_height, s.x * p.stride_width), distance, s.end(), minus_zero_points, windows);
    } else {
      widen_words(s);
    }
    std::int8_t* const to = s.to + s.first_channel;
    m.from = address_of(s.biases + 4 * s.first_channel) - 4 * address_of(to);
    m.multipliers = address_of(s.multipliers + s.first_channel) - 4 * address_of(to);
    m.shifts = address_of(s.shifts) - address_of(s.to);
    m.end = s.to + s.end_channel;
    multiply_4_pixels(s.start, &m, s.weights + s.first_channel * s.depth, to, s.skipped_bytes,
                      static_cast<four_ends>(static_cast<std::int32_t>(four_ends::sums) + s.ends));
    s.start = four_starts::as_before;
    s.to += 4 * m.pitch;
    s.x += 4;
  } while (s.x <= last);
}

/// Makes the outputs of the pixels in work, with the group's multipliers; returns the next group's.
INLAY_SMALL INLAY_NEVER_INLINE inline const std::int32_t* make_pixels(convolution_run& s,
                                                                      const std::int32_t* multiplier) {
  const bool keeps_sums = s.ends == 0 || s.biases == nullptr || (s.flags & convolution_table::is_uncommon);
  const std::int32_t step_words = (s.p.group_channels % 4 == 0 ? 2 : 3) * s.pixels;
  const bool at_once = s.all_steps * step_words <= buffer_words - (keeps_sums ? least_sums : 0);
  const std::int32_t part_steps = at_once ? s.all_steps : (buffer_words - most_sums) / step_words;
  const std::int32_t most_channels =
      at_once && !keeps_sums ? s.end_channel : (buffer_words - part_steps * step_words) / s.pixels;
  const bool is_plain = (s.flags & (convolution_table::has_constants | convolution_table::is_uncommon)) == 0;
  bool widened = false;
  for (std::int32_t channel = s.first_channel, end; channel < s.end_channel; channel = end) {
    std::int32_t computed = s.end_channel - channel < most_channels ? s.end_channel - channel : most_channels;
    end = channel + computed;
    if (!is_plain) {
      computed = 0;
      for (end = channel; end < s.end_channel;) {
        const std::int32_t shift = s.shifts[end];
        if (!convolution_table::is_constant(shift) && computed++ == most_channels) break;
        end += convolution_table::is_constant(shift) ? convolution_table::constants_from(shift) : 1;
      }
      if (end > s.end_channel) end = s.end_channel;
      if (computed > most_channels) computed = most_channels;
    }
    if (s.biases == nullptr)
      for (std::int32_t i = 0; i < computed * s.pixels; ++i) s.buffer()[i] = keep(0);
    for (std::int32_t step = 0; step < s.all_steps && computed > 0; step += part_steps) {
      s.step = static_cast<std::int16_t>(step);
      s.steps = static_cast<std::int16_t>(s.all_steps - step < part_steps ? s.all_steps - step : part_steps);
      if (!widened) {
        widened = at_once;
        widen_windows(s);
      }
      const bool is_last = step + part_steps >= s.all_steps;
      if (is_plain && s.pixels == 4 && step > part_steps && !is_last) {
        // Like the part before.
        multiply_4_pixels(four_starts::as_before, &s.m, s.weights + channel * s.depth + 4 * step, s.buffer(), 0,
                          four_ends::sums);
        continue;
      }
      const bool makes_outputs = s.ends != 0 && is_last;
      prepare_multiply(s, makes_outputs);
      std::int32_t* sums = s.buffer();
      const std::int32_t* m = multiplier;
      for (std::int32_t c = channel, run_end = end; c < end; c = run_end) {
        if (!is_plain) {
          const std::int32_t shift = s.shifts[c];
          if (convolution_table::is_constant(shift)) {
            m += convolution_table::has_multiplier(shift);
            run_end = c + convolution_table::constants_from(shift);
            continue;
          }
          run_end = c + 1;
          const bool is_uncommon = shift < 0;
          while (run_end < end && !is_uncommon && s.shifts[run_end] >= 0) ++run_end;
          if (s.makes_outputs != (makes_outputs && !is_uncommon)) prepare_multiply(s, !s.makes_outputs);
        }
        multiply(s, c, run_end, m, sums);
        m += run_end - c;
        sums += s.pixels * (run_end - c);
      }
    }
    if (s.ends == 0 || (s.flags & convolution_table::is_uncommon)) finish(s, channel, end, multiplier);
    multiplier = is_plain ? multiplier + computed : fill_constants(s, channel, end, multiplier);
  }
  return multiplier;
}

/// A convolution's region; layers share the code.
INLAY_SMALL INLAY_NEVER_INLINE inline void convolve(const convolution& p, const std::int32_t* table,
                                                    const map_view<std::int8_t>& output, const region& r,
                                                    const map_view<const std::int8_t>& input,
                                                    const std::int8_t* weights) {
  struct {
    std::int32_t buffer[buffer_words];
    multiplication m;
  } memory;
  const std::int32_t depth = p.kernel_height * p.kernel_width * p.group_channels;
  const std::int32_t outputs = p.group_outputs;
  convolution_run s{p, input, memory.m};
  s.input_width = p.input_width;
  s.biases = p.bias_distance != 0 ? weights + p.bias_distance : nullptr;
  s.depth = depth;
  s.before = -depth & 3;
  s.all_steps = static_cast<std::int16_t>((depth + 3) >> 2);
  s.dense = p.dilation_width == 1 && p.dilation_height == 1 && input.pixel_pitch == p.group_channels;
  s.flags = static_cast<std::uint8_t>(table[0]);
  s.multipliers = table + 1;
  s.shifts = scale_table::shifts(s.multipliers, table[0] >> 8);
  s.weights = weights - s.before;
  s.ends = !p.range.is_whole() ? 0 : s.flags & convolution_table::from_minus_128 ? 4 : 2;
  multiplication& m = s.m;
  m.one = 1;
  m.rounding = s.flags & convolution_table::from_minus_128 ? -255 * (1 << (convolution_table::fraction_bits - 1))
                                                           : 2 * p.range.zero_point + 1;
  m.pitch = output.pixel_pitch;
  m.pitch_times_3 = 3 * output.pixel_pitch;
  std::int32_t first_row = r.first_row, end_row = r.end_row;
  s.first_column = r.first_column;
  s.end_column = r.end_column;
  const std::int32_t columns = r.end_column - r.first_column;
  // Rows that follow one another in the output may be one long row …
  s.joined = end_row <= output.rows && output.row_pitch == columns * output.pixel_pitch;
  if (p.group_channels % 4 == 0) {
    // … if they are in the input, too. Else windows are copied one by one.
    if (s.joined && p.pointwise && p.stride_height == 1 && p.stride_width == 1 && columns == p.input_width &&
        end_row <= input.rows && input.row_pitch == columns * input.pixel_pitch) {
      s.first_column = first_row * columns;
      s.end_column = s.input_width = end_row * columns;
      first_row = 0;
      end_row = 1;
    }
    s.joined = false;
  }
  // The common case takes one multiplication for all channels of four pixels.
  const bool simple = s.ends != 0 && s.biases != nullptr &&
                      !(s.flags & (convolution_table::has_constants | convolution_table::is_uncommon)) &&
                      s.all_steps * (p.group_channels % 4 == 0 ? 8 : 12) <= buffer_words &&
                      (p.group_channels % 4 == 0 || s.dense);
  const std::int32_t* multiplier = s.multipliers;
  for (std::int32_t g = 0; g < p.groups; ++g) {
    s.first_channel = static_cast<std::int16_t>(g * outputs);
    s.end_channel = static_cast<std::int16_t>((g + 1) * outputs);
    const std::int32_t* next_multiplier = multiplier + outputs;
    s.x = s.first_column;
    for (s.y = static_cast<std::int16_t>(first_row); s.y < end_row;) {
      if (s.x >= s.end_column) {
        // Joined rows may end inside of the pixels.
        ++s.y;
        s.x -= columns;
        continue;
      }
      const std::int32_t left = s.end_column - s.x + (s.joined ? (end_row - 1 - s.y) * columns : 0);
      // Three pixels are four with the one before.
      const bool again = left == 3 && s.x > s.first_column;
      if (again) --s.x;
      s.pixels = left >= 4 || again ? 4 : 1;
      s.to = output.pixel(s.y, s.x);
      if (simple && s.pixels == 4) {
        make_fours(s);
      } else {
        next_multiplier = make_pixels(s, multiplier);
        s.x += s.pixels;
      }
    }
    multiplier = next_multiplier;
    s.group_at = static_cast<std::int16_t>(s.group_at + p.group_channels);
  }
}

/// The kernels read whole words, up to three bytes before the weights: any model has so many before its data.
constexpr bool has_bytes_before(const tensor& weights) { return weights.is_constant() && weights.data_at >= 3; }

}  // namespace inlay::detail::arm_dsp

namespace inlay::inline INLAY_ABI {

template <>
struct fast_kernel<isa::arm_dsp, layer_kind::conv2d> : detail::arm_dsp::convolution_table {
  using parameters = detail::arm_dsp::convolution;
  struct spec {};

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

  static constexpr spec specialise(graph_view, const layer&) { return {}; }

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
    detail::arm_dsp::convolve(p, table, output, r, input, weights);
  }
};

/// A window of one pixel; the rows are the pixels.
template <>
struct fast_kernel<isa::arm_dsp, layer_kind::fully_connected> : detail::arm_dsp::convolution_table {
  using parameters = detail::arm_dsp::convolution;
  struct spec {};

  static constexpr bool accepts(graph_view g, const layer& l) {
    using namespace detail::arm_dsp;
    const shape& weights = g.input_of(l, 1).extents;
    return fits_int16(weights[0]) && fits_int16(weights[1]) &&
           fits_int16(g.input_of(l).extents.elements() / weights[1]) && has_bytes_before(g.input_of(l, 1));
  }

  static constexpr spec specialise(graph_view, const layer&) { return {}; }

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
    detail::arm_dsp::convolve(p, table, {output, p.group_outputs, 0, 1, 0}, all, {input, p.group_channels, 0, 1, 0},
                              weights);
  }
};

}  // namespace inlay
