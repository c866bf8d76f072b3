// Inlay: single rows of DEPTHWISE_CONV_2D with windows of 3 × 3 for Cortex-M4, M7 and M33, as streamed layers make
// them.
//
// Four channels at a time, along a row of outputs. Every column of the input is widened once, its zero point
// subtracted, its first two rows as pairs, so that one instruction multiplies what stands below one another, and is
// added to the sums of all outputs that it is part of; then the oldest of them is complete. What a channel needs for
// that stands together on the stack, a `block`, in the order in which instructions that load many registers take it:
//
//   sums of the outputs begun, oldest first; the bias: the sum of the next one
//   for the pair of rows, and for the third one: the column's weights for each of the sums
//   multiplier, rounding, shift
//
// At stride 2 two columns are added at once: first the one whose place in the window is 1. Columns beyond the map's
// sides are 0, or left out; for rows beyond its top and bottom it is the weights that are 0.
#pragma once

#include <inlay/kernels/arm_dsp/primitives.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// Words of a block, at a stride of 1 or 2.
template <std::int32_t Stride>
struct depthwise_block {
  static constexpr std::int32_t begun = 2 / Stride;  // outputs begun and not complete
  static constexpr std::int32_t weights = begun + 1;
  static constexpr std::int32_t scale = weights + 6;
  static constexpr std::int32_t words = scale + 3;
  /// Where among a row's weights those are of the column with place x in the window.
  static constexpr std::int32_t weight_place(std::int32_t x) { return Stride == 1 ? 2 - x : (x + 2) % 3; }
};

/// Beside a channel's shift: there are more channels.
inline constexpr std::int32_t more_channels = 0x100;

/// The upper halves of two words.
INLAY_ALWAYS_INLINE std::int32_t upper_halves(std::int32_t a, std::int32_t b) {
  std::int32_t pair;
  asm("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(b), "r"(a));
  return pair;
}

// Adds a column, or two, to the sums of one channel, and makes the output that is complete. Registers r0 … are the
// sums, those behind them hold a column and its weights. `block` goes on to the next channel's.
#define INLAY_REQUANTISE        \
  "add r2, r2, r0, asr #31\n\t" \
  "smmlar r0, r0, r1, r2\n\t"   \
  "asr r0, r0, r3\n\t"          \
  "ssat r0, #8, r0, asr #1\n\t" \
  "strb r0, [lr], #1\n\t"

/// Twice the weights of four channels, to their blocks; those of the window's rows not in [first_row, end_row) as 0.
template <std::int32_t Stride>
INLAY_ALWAYS_INLINE void gather_weights(const std::int8_t* weights, std::int32_t channels, std::int32_t first_row,
                                        std::int32_t end_row, std::int32_t* block) {
  using layout = depthwise_block<Stride>;
  constexpr std::int32_t next = layout::words;
  const auto mask = [&](int y) {
    return y >= first_row && y < end_row ? -1 : 0;
  };
  const std::int32_t mask_a = mask(0), mask_b = mask(1), mask_c = mask(2);
  block += layout::weights;
  for (int x = 0; x < 3; ++x, weights += channels) {
    const std::int32_t a = load_word(weights) & mask_a, b = load_word(weights + 3 * channels) & mask_b;
    const std::int32_t c = load_word(weights + 6 * channels) & mask_c;
    std::int32_t* to = block + layout::weight_place(x);
    const std::int32_t lower = lower_halves(a, b), upper = upper_halves(a, b);
    to[0] = add_even_bytes(even_bytes(lower), lower);
    to[next] = add_odd_bytes(odd_bytes(lower), lower);
    to[2 * next] = add_even_bytes(even_bytes(upper), upper);
    to[3 * next] = add_odd_bytes(odd_bytes(upper), upper);
    to += 3;
    to[0] = c << 24 >> 23;
    to[next] = c << 16 >> 24 << 1;
    to[2 * next] = c << 8 >> 24 << 1;
    to[3 * next] = c >> 24 << 1;
  }
}

/// Four channels of a row of outputs. Assembly counts on the order.
template <std::int32_t Stride>
struct depthwise_row {
  const std::int8_t* rows[3];  // input under each row of the window, column 0
  std::int32_t input_pitch;    // from a column to the next
  std::int32_t at;             // from column 0 to the one to add
  std::int32_t blocks[4 * depthwise_block<Stride>::words];
  std::int32_t output_pitch;
  std::int32_t count;  // columns to add, or pairs of them
  std::int32_t bias;   // minus_twice() of the input's zero point
  // For pairs of columns: where two outputs go, from them to the next two, and what is kept of the last two channels.
  std::int8_t* to[2];
  std::int32_t step;
  std::int32_t upper[2];
};

/// Adds columns, and returns where the output after theirs goes. `output_pitch` is from behind one output to the next.
template <std::int32_t Stride>
INLAY_NEVER_INLINE std::int8_t* add_columns(depthwise_row<Stride>& row, std::int8_t* output) {
  register depthwise_row<Stride>* first asm("r0") = &row;
  register std::int8_t* second asm("r1") = output;
#define INLAY_ADD_COLUMNS(code)                                                                              \
  asm volatile("mov r12, r0\n\tmov lr, r1\n\t1:\n\t" code                                                    \
               "ldmia r12, {r0-r1}\n\t"                                                                      \
               "sub r12, r12, %[size]\n\t"                                                                   \
               "add lr, lr, r0\n\t"                                                                          \
               "subs r1, r1, #1\n\t"                                                                         \
               "str r1, [r12, %[count]]\n\t"                                                                 \
               "bne 1b\n\tmov r1, lr\n\t"                                                                    \
               : "+r"(first), "+r"(second)                                                                   \
               : [size] "i"(offsetof(depthwise_row<Stride>, output_pitch)),                                  \
                 [count] "i"(offsetof(depthwise_row<Stride>, count)),                                        \
                 [bias] "i"(offsetof(depthwise_row<Stride>, bias) - offsetof(depthwise_row<Stride>, blocks)) \
               : "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory")
  if constexpr (Stride == 1) {
#define INLAY_CHANNEL(rows, row) \
  "ldmia r12!, {r0-r5}\n\t"      \
  "sxtab16 r6, r11, " rows       \
  "\n\t"                         \
  "smlad r0, r6, r3, r0\n\t"     \
  "smlad r1, r6, r4, r1\n\t"     \
  "smlad r2, r6, r5, r2\n\t"     \
  "ldmia r12!, {r3-r5}\n\t"      \
  "sxtab16 r6, r11, r10" row     \
  "\n\t"                         \
  "smlabb r0, r6, r3, r0\n\t"    \
  "smlabb r1, r6, r4, r1\n\t"    \
  "smlabb r2, r6, r5, r2\n\t"    \
  "strd r1, r2, [r12, #-36]\n\t" \
  "ldmia r12!, {r1-r3}\n\t" INLAY_REQUANTISE
    INLAY_ADD_COLUMNS(
        "ldmia r12!, {r0-r4}\n\t"
        "ldr r11, [r12, %[bias]]\n\t"
        "ldr r0, [r0, r4]\n\t"
        "ldr r1, [r1, r4]\n\t"
        "ldr r10, [r2, r4]\n\t"
        "add r4, r4, r3\n\t"
        "str r4, [r12, #-4]\n\t"
        "pkhbt r8, r0, r1, lsl #16\n\t"
        "pkhtb r9, r1, r0, asr #16\n\t" INLAY_CHANNEL("r8", "") INLAY_CHANNEL("r8, ror #8", ", ror #8")
            INLAY_CHANNEL("r9", ", ror #16") INLAY_CHANNEL("r9, ror #8", ", ror #24"));
#undef INLAY_CHANNEL
  } else {
#define INLAY_CHANNEL(rows, row) \
  "ldmia r12!, {r0-r4}\n\t"      \
  "sxtab16 r5, r6, r8" rows      \
  "\n\t"                         \
  "smlad r0, r5, r2, r0\n\t"     \
  "sxtab16 r5, r6, r9" rows      \
  "\n\t"                         \
  "smlad r0, r5, r3, r0\n\t"     \
  "smlad r1, r5, r4, r1\n\t"     \
  "ldmia r12!, {r2-r4}\n\t"      \
  "sxtab16 r5, r6, r10" row      \
  "\n\t"                         \
  "smlabb r0, r5, r2, r0\n\t"    \
  "sxtab16 r5, r6, r11" row      \
  "\n\t"                         \
  "smlabb r0, r5, r3, r0\n\t"    \
  "smlabb r1, r5, r4, r1\n\t"    \
  "str r1, [r12, #-32]\n\t"      \
  "ldmia r12!, {r1-r3}\n\t" INLAY_REQUANTISE
    // Registers are short: the upper halves of the first two rows are loaded when the lower ones are done with.
    INLAY_ADD_COLUMNS(
        "ldmia r12!, {r0-r4}\n\t"
        "ldr r5, [r0, r4]\n\t"
        "ldr r6, [r1, r4]\n\t"
        "ldr r10, [r2, r4]\n\t"
        "pkhbt r8, r5, r6, lsl #16\n\t"
        "add r4, r4, r3\n\t"
        "ldr r0, [r0, r4]\n\t"
        "ldr r1, [r1, r4]\n\t"
        "ldr r11, [r2, r4]\n\t"
        "pkhbt r9, r0, r1, lsl #16\n\t"
        "add r4, r4, r3\n\t"
        "str r4, [r12, #-4]\n\t"
        "ldr r6, [r12, %[bias]]\n\t"
        INLAY_CHANNEL("", "")
        INLAY_CHANNEL(", ror #8", ", ror #8")
        "ldrd r0, r1, [r12, #-108]\n\t"
        "ldrd r2, r3, [r12, #-96]\n\t"
        "sub r3, r3, r2\n\t"
        "ldr r4, [r0, r3]\n\t"
        "ldr r5, [r1, r3]\n\t"
        "pkhtb r9, r5, r4, asr #16\n\t"
        "sub r3, r3, r2\n\t"
        "ldr r4, [r0, r3]\n\t"
        "ldr r5, [r1, r3]\n\t"
        "pkhtb r8, r5, r4, asr #16\n\t"
        INLAY_CHANNEL("", ", ror #16")
        INLAY_CHANNEL(", ror #8", ", ror #24"));
#undef INLAY_CHANNEL
  }
#undef INLAY_ADD_COLUMNS
#undef INLAY_REQUANTISE
  return second;
}

/// Two columns at a time, at stride 1: 24 cycles an output of a channel in place of 31. `to` says where outputs go, and
/// then where the next ones do. r0 to r3 are the sums, r8 to r11 the columns, lr is bias.
INLAY_NEVER_INLINE inline void add_column_pairs(depthwise_row<1>& row) {
  register depthwise_row<1>* first asm("r0") = &row;
  constexpr std::size_t behind = offsetof(depthwise_row<1>, output_pitch), block = 4 * depthwise_block<1>::words;
  constexpr std::size_t at_blocks = offsetof(depthwise_row<1>, blocks);
  asm volatile(
      R"(
  .macro inlay_requantise sum
    add r7, r5, \sum, asr #31
    smmlar \sum, \sum, r4, r7
    asr \sum, \sum, r6
    ssat \sum, #8, \sum, asr #1
  .endm
  .macro inlay_channel channel, pair, to
    ldmia r12!, {r0-r2, r4-r6}
    mov r3, r2
    sxtab16 r7, lr, r8, ror #\pair
    smlad r0, r7, r4, r0
    smlad r1, r7, r5, r1
    smlad r2, r7, r6, r2
    sxtab16 r7, lr, r9, ror #\pair
    smlad r1, r7, r4, r1
    smlad r2, r7, r5, r2
    smlad r3, r7, r6, r3
    ldmia r12!, {r4-r6}
    sxtab16 r7, lr, r10, ror #8 * \channel
    smlabb r0, r7, r4, r0
    smlabb r1, r7, r5, r1
    smlabb r2, r7, r6, r2
    sxtab16 r7, lr, r11, ror #8 * \channel
    smlabb r1, r7, r4, r1
    smlabb r2, r7, r5, r2
    smlabb r3, r7, r6, r3
    strd r2, r3, [r12, #-36]
    ldmia r12!, {r4-r6}
    inlay_requantise r0
    inlay_requantise r1
    ldrd r4, r5, [r12, #\to]
    strb r0, [r4, #\channel]
    strb r1, [r5, #\channel]
  .endm
    push {r7}
    mov r12, r0
  1:
    ldmia r12!, {r0-r4}
    ldr r5, [r0, r4]
    ldr r6, [r1, r4]
    ldr r10, [r2, r4]
    ldr lr, [r12, %[bias]]
    add r4, r4, r3
    pkhbt r8, r5, r6, lsl #16
    pkhtb r7, r6, r5, asr #16
    ldr r5, [r0, r4]
    ldr r6, [r1, r4]
    ldr r11, [r2, r4]
    add r4, r4, r3
    str r4, [r12, #-4]
    pkhbt r9, r5, r6, lsl #16
    pkhtb r6, r6, r5, asr #16
    strd r7, r6, [r12, %[upper]]
    inlay_channel 0, 0, %c[to] + 3 * %c[block]
    inlay_channel 1, 8, %c[to] + 2 * %c[block]
    ldrd r8, r9, [r12, %[half_upper]]
    inlay_channel 2, 0, %c[to] + %c[block]
    inlay_channel 3, 8, %c[to]
    ldr r0, [r12, %[count]]
    ldr r1, [r12, %[step]]
    ldrd r2, r3, [r12, %[to]]
    subs r0, r0, #1
    str r0, [r12, %[count]]
    add r2, r2, r1
    add r3, r3, r1
    strd r2, r3, [r12, %[to]]
    sub r12, r12, %[behind]
    bne 1b
    pop {r7}
    .purgem inlay_requantise
    .purgem inlay_channel
  )"
      : "+r"(first)
      : [behind] "i"(behind), [block] "i"(block), [count] "i"(offsetof(depthwise_row<1>, count) - behind),
        [step] "i"(offsetof(depthwise_row<1>, step) - behind), [to] "i"(offsetof(depthwise_row<1>, to) - behind),
        [bias] "i"(offsetof(depthwise_row<1>, bias) - at_blocks),
        [upper] "i"(offsetof(depthwise_row<1>, upper) - at_blocks),
        [half_upper] "i"(offsetof(depthwise_row<1>, upper) - at_blocks - 2 * block)
      : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

/// Where the outputs of a row are and the input under them.
template <std::int32_t Stride>
struct depthwise_columns {
  const std::int8_t* rows[3];  // input under each row of the window, column 0
  std::int32_t pitch;          // from a column to the next
  std::int32_t output_pitch;
  std::int32_t first, end;  // outputs
  std::int32_t left;        // padding
  std::int32_t width;       // of the input
  std::int32_t zero_point;  // of the input

  /// The first column that outputs need. Sums of outputs before them are made and dropped.
  std::int32_t low() const {
    const std::int32_t column = first * Stride - left;
    return column > 0 ? column : 0;
  }
  /// The last columns that output i needs; at stride 2 the first of two.
  std::int32_t column(std::int32_t i) const { return i * Stride - left + 3 - Stride; }
  /// The first output that gets anything from the map.
  std::int32_t begun() const {
    std::int32_t i = first - depthwise_block<Stride>::begun;
    while (column(i) + Stride <= 0) ++i;
    return i;
  }
};

/// Columns to add one after another.
struct depthwise_part {
  std::int32_t x;
  std::int16_t count;
  bool wanted;  // whether the outputs they complete are
  bool inside;  // the map
};

template <std::int32_t Stride>
struct depthwise_parts {
  // Columns in the map and beyond it, and two that are half in it at both sides; some wanted, some not.
  depthwise_part items[7];
  int count = 0;

  INLAY_ALWAYS_INLINE explicit depthwise_parts(const depthwise_columns<Stride>& in) {
    for (std::int32_t i = in.begun(); i < in.end; ++count) {
      const std::int32_t x = in.column(i), rest = (i < in.first ? in.first : in.end) - i;
      const bool inside = x >= in.low() && x + Stride <= in.width;
      std::int32_t steps = inside ? (in.width - x) / Stride : x >= in.width ? rest : 1;
      if (steps > rest) steps = rest;
      items[count] = {x, static_cast<std::int16_t>(steps), i >= in.first, inside};
      i += steps;
    }
  }
};

/// Outputs of four channels, from c on, the first at `output`.
template <std::int32_t Stride>
INLAY_ALWAYS_INLINE void make_outputs(const depthwise_columns<Stride>& in, const depthwise_parts<Stride>& parts,
                                      std::int32_t c, depthwise_row<Stride>& row, std::int8_t* output) {
  std::int8_t dropped[4];
  std::int32_t sides[static_cast<std::size_t>(3 * Stride)];
  const std::int32_t beyond = (in.zero_point & 0xff) * 0x01010101;
  for (const depthwise_part* part = parts.items; part < parts.items + parts.count; ++part) {
    if (part->inside) {
      for (int y = 0; y < 3; ++y) row.rows[y] = in.rows[y] + c;
      row.input_pitch = in.pitch;
      row.at = part->x * in.pitch;
    } else if (Stride == 1 || part->x >= in.width) {
      row.input_pitch = row.at = 0;
      for (const std::int8_t*& r : row.rows) r = reinterpret_cast<const std::int8_t*>(&beyond);
    } else {
      row.input_pitch = 4;
      row.at = 0;
      for (int y = 0; y < 3; ++y) {
        row.rows[y] = reinterpret_cast<const std::int8_t*>(sides + y * Stride);
        for (int which = 0; which < Stride; ++which) {
          const std::int32_t x = part->x + which;
          sides[y * Stride + which] = x >= in.low() && x < in.width ? load_word(in.rows[y] + x * in.pitch + c) : beyond;
        }
      }
    }
    std::int32_t count = part->count;
    if constexpr (Stride == 1) {
      if (part->wanted && count > 1) {
        row.to[0] = output;
        row.to[1] = output + in.output_pitch;
        row.step = 2 * in.output_pitch;
        row.count = count / 2;
        add_column_pairs(row);
        output = row.to[0];
        count %= 2;
        if (count == 0) continue;
      }
    }
    row.count = count;
    row.output_pitch = (part->wanted ? in.output_pitch : 0) - 4;
    std::int8_t* next = add_columns(row, part->wanted ? output : dropped);
    if (part->wanted) output = next;
  }
}

}  // namespace inlay::detail::arm_dsp
