// Inlay: DEPTHWISE_CONV_2D for Cortex-M4, M7 and M33.
//
// Four channels at a time, along a row of outputs. Every column of the input is widened once, its zero point
// subtracted, into pairs of rows, so that one instruction multiplies what stands below one another, and is added to
// the sums of all outputs that it is part of; then the oldest of them is complete. What a channel needs for that
// stands together on the stack, a `block`, in the order in which instructions that load many registers take it:
//
//   sums of the outputs begun, oldest first; the bias: the sum of the next one
//   for each pair of rows (the last may be a single one):
//     the pair of the column, its weights for each of the sums
//   multiplier, rounding, shift
//
// At stride 2 two columns are added at once: first the one whose place in the window is odd. Columns beyond the map's
// sides are 0, or left out; for rows beyond its top and bottom it is the weights that are 0.
#pragma once

#include <inlay/kernels/arm_dsp/convolution.hpp>
#include <inlay/kernels/arm_dsp/primitives.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay {

namespace detail::arm_dsp {

/// A square window of 3, 5 or 7, stride 1 or 2; any size and stride over one channel.
struct depthwise_window {
  std::int8_t size = 3, stride = 1;
  bool one_channel = false;
  friend constexpr bool operator==(const depthwise_window&, const depthwise_window&) = default;

  /// Outputs begun and not complete.
  constexpr int begun() const { return (size - 1) / stride; }
  constexpr int pairs() const { return size / 2; }
  /// Whether registers suffice for the column; then blocks have no place for it.
  constexpr bool columns_in_registers() const { return size == 3; }
  /// Words of a block before the columns, for a pair of rows, and in all.
  constexpr int sums() const { return begun() + 1; }
  constexpr int row() const { return columns_in_registers() ? size : size + stride; }
  constexpr int block() const { return sums() + (pairs() + 1) * row() + 3; }
  /// Where among the words of a pair of rows the column with place x in the window has its weights.
  constexpr int weight_place(int x) const {
    if (stride == 1) return row() - 1 - x;
    if (columns_in_registers()) return (x + 2) % 3;
    return x % 2 == 1 ? (size - x) / 2 : (size + 1) / 2 + 1 + (size - 1 - x) / 2;
  }
  /// Where the first or second of the columns added at once is itself.
  constexpr int column_place(int which) const { return which == 0 ? 0 : (size + 1) / 2; }
};

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

/// Four int8 of each of two rows, `bias` added, as pairs, each to a block of its own.
INLAY_ALWAYS_INLINE void store_pairs(std::int32_t a, std::int32_t b, std::int32_t bias, std::int32_t* to, int block) {
  const std::int32_t lower = lower_halves(a, b), upper = upper_halves(a, b);
  to[0] = add_even_bytes(bias, lower);
  to[block] = add_odd_bytes(bias, lower);
  to[2 * block] = add_even_bytes(bias, upper);
  to[3 * block] = add_odd_bytes(bias, upper);
}

/// The same for one row. The upper halves are not used.
INLAY_ALWAYS_INLINE void store_singles(std::int32_t a, std::int32_t bias, std::int32_t* to, int block) {
  std::int32_t third, fourth;
  asm("sxtab16 %0, %1, %2, ror #16" : "=r"(third) : "r"(bias), "r"(a));
  asm("sxtab16 %0, %1, %2, ror #24" : "=r"(fourth) : "r"(bias), "r"(a));
  to[0] = add_even_bytes(bias, a);
  to[block] = add_odd_bytes(bias, a);
  to[2 * block] = third;
  to[3 * block] = fourth;
}

// Adds a column, or two, to the sums of one channel, and makes the output that is complete. Registers r0 … are the
// sums, those behind them hold a column and its weights. `block` goes on to the next channel's.
#define INLAY_REQUANTISE        \
  "add r2, r2, r0, asr #31\n\t" \
  "smmlar r0, r0, r1, r2\n\t"   \
  "asr r0, r0, r3\n\t"          \
  "ssat r0, #8, r0, asr #1\n\t" \
  "strb r0, [lr], #1\n\t"

#define INLAY_ROW_5_1(multiply)                                                                            \
  "ldmia r12!, {r5-r6, r8-r11}\n\t" multiply " r0, r5, r6, r0\n\t" multiply " r1, r5, r8, r1\n\t" multiply \
  " r2, r5, r9, r2\n\t" multiply " r3, r5, r10, r3\n\t" multiply " r4, r5, r11, r4\n\t"
#define INLAY_ROW_5_2(multiply)                                                                            \
  "ldmia r12!, {r3-r6, r8-r10}\n\t" multiply " r0, r3, r4, r0\n\t" multiply " r1, r3, r5, r1\n\t" multiply \
  " r0, r6, r8, r0\n\t" multiply " r1, r6, r9, r1\n\t" multiply " r2, r6, r10, r2\n\t"
#define INLAY_ROW_7_1(multiply)                                                                      \
  "ldmia r12!, {r8-r11}\n\t" multiply " r0, r8, r9, r0\n\t" multiply " r1, r8, r10, r1\n\t" multiply \
  " r2, r8, r11, r2\n\t"                                                                             \
  "ldmia r12!, {r9-r11}\n\t" multiply " r3, r8, r9, r3\n\t" multiply " r4, r8, r10, r4\n\t" multiply \
  " r5, r8, r11, r5\n\t"                                                                             \
  "ldr r9, [r12], #4\n\t" multiply " r6, r8, r9, r6\n\t"
#define INLAY_ROW_7_2(multiply)                                                                           \
  "ldmia r12!, {r4-r6, r8}\n\t" multiply " r0, r4, r5, r0\n\t" multiply " r1, r4, r6, r1\n\t" multiply    \
  " r2, r4, r8, r2\n\t"                                                                                   \
  "ldmia r12!, {r4-r6, r8-r9}\n\t" multiply " r0, r4, r5, r0\n\t" multiply " r1, r4, r6, r1\n\t" multiply \
  " r2, r4, r8, r2\n\t" multiply " r3, r4, r9, r3\n\t"

/// Adds a column, or two at stride 2, that stand in the blocks, and makes an output of each channel.
template <depthwise_window W>
INLAY_NEVER_INLINE void add_stored_column(std::int32_t* block, std::int8_t* output) {
  // Few registers are left; operands in fixed ones suit every build. r7 may be the frame pointer.
  register std::int32_t* first asm("r0") = block;
  register std::int8_t* second asm("r1") = output;
  // From behind the rows back to the sums.
  constexpr int back = -4 * (W.block() - 3);
#define INLAY_CHANNEL(load, rows, store) load rows store "ldmia r12!, {r1-r3}\n\t" INLAY_REQUANTISE
#define INLAY_ADD_COLUMN(code)                                                   \
  asm volatile("mov r12, r0\n\tmov lr, r1\n\t" code                              \
               : "+r"(first), "+r"(second)                                       \
               : [back] "i"(back), [back2] "i"(back + 8), [back4] "i"(back + 16) \
               : "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory")
  // The bits of a shift above the lowest eight say that there are more channels.
#define INLAY_ADD_COLUMNS(channel) INLAY_ADD_COLUMN("1:\n\t" channel "lsrs r3, r3, #8\n\tbne 1b\n\t")
  if constexpr (W == depthwise_window{5, 1}) {
    INLAY_ADD_COLUMNS(INLAY_CHANNEL("ldmia r12!, {r0-r4}\n\t",
                                    INLAY_ROW_5_1("smlad") INLAY_ROW_5_1("smlad") INLAY_ROW_5_1("smlabb"),
                                    "strd r1, r2, [r12, %[back]]\n\tstrd r3, r4, [r12, %[back2]]\n\t"));
  } else if constexpr (W == depthwise_window{5, 2}) {
    INLAY_ADD_COLUMNS(INLAY_CHANNEL("ldmia r12!, {r0-r2}\n\t",
                                    INLAY_ROW_5_2("smlad") INLAY_ROW_5_2("smlad") INLAY_ROW_5_2("smlabb"),
                                    "strd r1, r2, [r12, %[back]]\n\t"));
  } else if constexpr (W == depthwise_window{7, 1}) {
    INLAY_ADD_COLUMNS(INLAY_CHANNEL("ldmia r12!, {r0-r6}\n\t",
                                    INLAY_ROW_7_1("smlad") INLAY_ROW_7_1("smlad") INLAY_ROW_7_1("smlad")
                                        INLAY_ROW_7_1("smlabb"),
                                    "strd r1, r2, [r12, %[back]]\n\tstrd r3, r4, [r12, %[back2]]\n\t"
                                    "strd r5, r6, [r12, %[back4]]\n\t"));
  } else {
    static_assert(W == depthwise_window{7, 2});
    INLAY_ADD_COLUMNS(INLAY_CHANNEL("ldmia r12!, {r0-r3}\n\t",
                                    INLAY_ROW_7_2("smlad") INLAY_ROW_7_2("smlad") INLAY_ROW_7_2("smlad")
                                        INLAY_ROW_7_2("smlabb"),
                                    "strd r1, r2, [r12, %[back]]\n\tstr r3, [r12, %[back2]]\n\t"));
  }
#undef INLAY_ADD_COLUMNS
#undef INLAY_ADD_COLUMN
#undef INLAY_CHANNEL
}
#undef INLAY_ROW_5_1
#undef INLAY_ROW_5_2
#undef INLAY_ROW_7_1
#undef INLAY_ROW_7_2

/// Twice the weights of four channels, to their blocks; those of the window's rows not in [first_row, end_row) as 0.
template <depthwise_window W>
INLAY_ALWAYS_INLINE void gather_weights(const std::int8_t* weights, std::int32_t channels, std::int32_t first_row,
                                        std::int32_t end_row, std::int32_t* block) {
  const auto mask = [&](int y) {
    return y >= first_row && y < end_row ? -1 : 0;
  };
  std::int32_t* row = block + W.sums();
  int y = 0;
  for (; y < W.size - 1; y += 2, row += W.row(), weights += W.size * channels) {
    const std::int32_t mask_a = mask(y), mask_b = mask(y + 1);
    const std::int8_t* below = weights + W.size * channels;
    for (int x = 0; x < W.size; ++x, weights += channels, below += channels) {
      const std::int32_t a = load_word(weights) & mask_a, b = load_word(below) & mask_b;
      std::int32_t* to = row + W.weight_place(x);
      const std::int32_t lower = lower_halves(a, b), upper = upper_halves(a, b);
      to[0] = add_even_bytes(even_bytes(lower), lower);
      to[W.block()] = add_odd_bytes(odd_bytes(lower), lower);
      to[2 * W.block()] = add_even_bytes(even_bytes(upper), upper);
      to[3 * W.block()] = add_odd_bytes(odd_bytes(upper), upper);
    }
  }
  const std::int32_t mask_a = mask(y);
  for (int x = 0; x < W.size; ++x, weights += channels) {
    const std::int32_t a = load_word(weights) & mask_a;
    std::int32_t* to = row + W.weight_place(x);
    to[0] = a << 24 >> 23;
    to[W.block()] = a << 16 >> 24 << 1;
    to[2 * W.block()] = a << 8 >> 24 << 1;
    to[3 * W.block()] = a >> 24 << 1;
  }
}

/// Four channels of a row of outputs. Assembly counts on the order.
template <depthwise_window W>
struct depthwise_row {
  const std::int8_t* rows[W.size];  // input under each row of the window, column 0
  std::int32_t input_pitch;         // from a column to the next
  std::int32_t at;                  // from column 0 to the one to add
  std::int32_t blocks[4 * W.block()];
  std::int32_t output_pitch;
  std::int32_t count;  // columns to add, or pairs of them
  std::int32_t bias;   // minus_twice() of the input's zero point
};

/// Adds columns, and returns where the output after theirs goes. `output_pitch` is from behind one output to the next.
template <depthwise_window W>
INLAY_NEVER_INLINE std::int8_t* add_columns(depthwise_row<W>& row, std::int8_t* output) {
  register depthwise_row<W>* first asm("r0") = &row;
  register std::int8_t* second asm("r1") = output;
#define INLAY_ADD_COLUMNS(code)                                                                                        \
  asm volatile("mov r12, r0\n\tmov lr, r1\n\t1:\n\t" code                                                              \
               "ldmia r12, {r0-r1}\n\t"                                                                                \
               "sub r12, r12, %[size]\n\t"                                                                             \
               "add lr, lr, r0\n\t"                                                                                    \
               "subs r1, r1, #1\n\t"                                                                                   \
               "str r1, [r12, %[count]]\n\t"                                                                           \
               "bne 1b\n\tmov r1, lr\n\t"                                                                              \
               : "+r"(first), "+r"(second)                                                                             \
               : [size] "i"(offsetof(depthwise_row<W>, output_pitch)), [count] "i"(offsetof(depthwise_row<W>, count)), \
                 [bias] "i"(offsetof(depthwise_row<W>, bias) - offsetof(depthwise_row<W>, blocks))                     \
               : "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory")
  if constexpr (W.stride == 1) {
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

/// Where the outputs of a row are and the input under them.
template <depthwise_window W>
struct depthwise_columns {
  const std::int8_t* rows[W.size];  // input under each row of the window, column 0
  std::int32_t pitch;               // from a column to the next
  std::int32_t output_pitch;
  std::int32_t first, end;  // outputs
  std::int32_t left;        // padding
  std::int32_t width;       // of the input
  std::int32_t zero_point;  // of the input

  /// The first column that outputs need. Sums of outputs before them are made and dropped.
  std::int32_t low() const {
    const std::int32_t column = first * W.stride - left;
    return column > 0 ? column : 0;
  }
  /// The last columns that output i needs; at stride 2 the first of two.
  std::int32_t column(std::int32_t i) const { return i * W.stride - left + W.size - W.stride; }
  /// The first output that gets anything from the map.
  std::int32_t begun() const {
    std::int32_t i = first - W.begun();
    while (column(i) + W.stride <= 0) ++i;
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

template <depthwise_window W>
struct depthwise_parts {
  // Columns in the map and beyond it, and two that are half in it at both sides; some wanted, some not.
  depthwise_part items[7];
  int count = 0;

  INLAY_ALWAYS_INLINE explicit depthwise_parts(const depthwise_columns<W>& in) {
    if (!W.columns_in_registers()) return;
    for (std::int32_t i = in.begun(); i < in.end; ++count) {
      const std::int32_t x = in.column(i), rest = (i < in.first ? in.first : in.end) - i;
      const bool inside = x >= in.low() && x + W.stride <= in.width;
      std::int32_t steps = inside ? (in.width - x) / W.stride : x >= in.width ? rest : 1;
      if (steps > rest) steps = rest;
      items[count] = {x, static_cast<std::int16_t>(steps), i >= in.first, inside};
      i += steps;
    }
  }
};

/// Outputs of four channels, from c on, the first at `output`.
template <depthwise_window W>
INLAY_ALWAYS_INLINE void make_outputs(const depthwise_columns<W>& in, const depthwise_parts<W>& parts, std::int32_t c,
                                      depthwise_row<W>& row, std::int8_t* output) {
  std::int8_t dropped[4];
  std::int32_t sides[W.size * W.stride];
  const std::int32_t beyond = (in.zero_point & 0xff) * 0x01010101;
  for (const depthwise_part* part = parts.items; part < parts.items + parts.count; ++part) {
    if (part->inside) {
      for (int y = 0; y < W.size; ++y) row.rows[y] = in.rows[y] + c;
      row.input_pitch = in.pitch;
      row.at = part->x * in.pitch;
    } else if (W.stride == 1 || part->x >= in.width) {
      row.input_pitch = row.at = 0;
      for (const std::int8_t*& r : row.rows) r = reinterpret_cast<const std::int8_t*>(&beyond);
    } else {
      row.input_pitch = 4;
      row.at = 0;
      for (int y = 0; y < W.size; ++y) {
        row.rows[y] = reinterpret_cast<const std::int8_t*>(sides + y * W.stride);
        for (int which = 0; which < W.stride; ++which) {
          const std::int32_t x = part->x + which;
          sides[y * W.stride + which] =
              x >= in.low() && x < in.width ? load_word(in.rows[y] + x * in.pitch + c) : beyond;
        }
      }
    }
    row.count = part->count;
    row.output_pitch = (part->wanted ? in.output_pitch : 0) - 4;
    std::int8_t* next = add_columns(row, part->wanted ? output : dropped);
    if (part->wanted) output = next;
  }
}

/// The same for windows that need more registers than there are.
template <depthwise_window W>
INLAY_NEVER_INLINE void make_stored_outputs(const depthwise_columns<W>& in, std::int32_t c, depthwise_row<W>& row,
                                            std::int8_t* output) {
  const std::int32_t low = in.low();
  std::int8_t dropped[4];
  for (std::int32_t i = in.begun(); i < in.end; ++i) {
    for (int which = 0; which < W.stride; ++which) {
      std::int32_t* stored = row.blocks + W.sums() + W.column_place(which);
      const std::int32_t column = in.column(i) + which;
      if (column >= low && column < in.width) {
        const std::int32_t at = column * in.pitch + c;
        for (int pair = 0; pair < W.pairs(); ++pair, stored += W.row())
          store_pairs(load_word(in.rows[2 * pair] + at), load_word(in.rows[2 * pair + 1] + at), row.bias, stored,
                      W.block());
        store_singles(load_word(in.rows[2 * W.pairs()] + at), row.bias, stored, W.block());
      } else {
        for (int pair = 0; pair <= W.pairs(); ++pair, stored += W.row())
          for (int channel = 0; channel < 4; ++channel) stored[channel * W.block()] = 0;
      }
    }
    add_stored_column<W>(row.blocks, i >= in.first ? output : dropped);
    if (i >= in.first) output += in.output_pitch;
  }
}

}  // namespace detail::arm_dsp

/// Square windows that are not dilated: of 3, 5 and 7 over four channels or more with one output each, and those over
/// one channel that have few weights.
template <>
struct fast_kernel<isa::arm_dsp, layer_kind::depthwise_conv2d> : detail::arm_dsp::scale_table {
  struct parameters {
    std::int16_t input_height, input_width, channels;
    std::int8_t top, left;  // padding
    std::int8_t row_stride;
    std::int8_t input_zero_point;
    detail::arm_dsp::output_range range;
    detail::arm_dsp::requantisation requantisation;
    std::int32_t bias_distance;
  };
  struct spec {
    detail::arm_dsp::depthwise_window window;
    bool general;  // some channels cannot go the short way
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    const shape& in = g.input_of(l).extents;
    const shape& out = g.output_of(l).extents;
    const window2d& w = l.window;
    const auto is_size = [](std::int32_t size) {
      return size == 3 || size == 5 || size == 7;
    };
    if (in.height() > 0x7fff || in.width() > 0x7fff || in.channels() > 0x7fff || w.padding.top > 0x7f ||
        w.padding.left >= w.kernel.width || w.dilation != extent2d{1, 1} || w.kernel.height != w.kernel.width ||
        w.stride.height > 0x7f)
      return false;
    if (in.channels() == 1)
      return g.input_of(l, 1).extents.elements() <= detail::arm_dsp::most_ordered_weights && w.kernel.width == 3 &&
             w.stride.width <= 2;
    return out.channels() == in.channels() && in.channels() >= 4 && is_size(w.kernel.width) && w.stride.width <= 2;
  }

  /// For any table.
  static constexpr spec specialise(graph_view g, const layer& l) {
    return {{static_cast<std::int8_t>(l.window.kernel.width), static_cast<std::int8_t>(l.window.stride.width),
             g.input_of(l).extents.channels() == 1},
            true};
  }
  static constexpr spec specialise(graph_view g, const layer& l, const table_entry* table) {
    return {{static_cast<std::int8_t>(l.window.kernel.width), static_cast<std::int8_t>(l.window.stride.width),
             g.input_of(l).extents.channels() == 1},
            is_general(table, g.output_of(l).extents.channels())};
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& in = g.input_of(l).extents;
    return {static_cast<std::int16_t>(in.height()),
            static_cast<std::int16_t>(in.width()),
            static_cast<std::int16_t>(g.output_of(l).extents.channels()),
            static_cast<std::int8_t>(l.window.padding.top),
            static_cast<std::int8_t>(l.window.padding.left),
            static_cast<std::int8_t>(l.window.stride.height),
            static_cast<std::int8_t>(g.input_of(l).quant.zero_point),
            detail::arm_dsp::range_of(g, l),
            detail::arm_dsp::short_requantisation(g, l),
            detail::arm_dsp::bias_distance(g, l)};
  }

  template <spec S>
  INLAY_ALWAYS_INLINE static void run(const parameters& p, const table_entry* table,
                                      const map_view<std::int8_t>& output, const region& r,
                                      const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    if constexpr (S.window.one_channel) {
      using namespace detail::arm_dsp;
      convolve<true>(as_convolution<S.window>(p), table, output, r, input, weights);
    } else {
      run_short<S.window>(p, table, output, r, input, weights);
      if constexpr (S.general) run_uncommon<S.window>(p, table, output, r, input, weights);
    }
  }

 private:
  template <detail::arm_dsp::depthwise_window W>
  static constexpr detail::arm_dsp::convolution as_convolution(const parameters& p) {
    detail::arm_dsp::convolution c;
    c.bias_distance = p.bias_distance;
    c.input_height = p.input_height;
    c.input_width = p.input_width;
    c.group_channels = 1;
    c.group_outputs = p.channels;
    c.kernel_height = c.kernel_width = static_cast<std::uint8_t>(W.size);
    c.stride_height = static_cast<std::uint8_t>(p.row_stride);
    c.stride_width = static_cast<std::uint8_t>(W.stride);
    c.padding_top = static_cast<std::uint8_t>(p.top);
    c.padding_left = static_cast<std::uint8_t>(p.left);
    c.input_zero_point = p.input_zero_point;
    c.range = p.range;
    return c;
  }

  template <detail::arm_dsp::depthwise_window W>
  INLAY_NEVER_INLINE static void run_short(const parameters& p, const table_entry* table,
                                           const map_view<std::int8_t>& output, const region& r,
                                           const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    using namespace detail::arm_dsp;
    depthwise_row<W> row;
    depthwise_columns<W> columns{{},     input.pixel_pitch, output.pixel_pitch, r.first_column, r.end_column,
                                 p.left, p.input_width,     p.input_zero_point};
    const depthwise_parts<W> parts(columns);
    row.bias = minus_twice(p.input_zero_point);
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      const std::int32_t top = y * p.row_stride - p.top;
      const std::int32_t first_row = top < 0 ? -top : 0;
      const std::int32_t end_row = top + W.size > p.input_height ? p.input_height - top : W.size;
      for (int i = 0; i < W.size; ++i)
        columns.rows[i] = input.pixel(top + (i < first_row ? first_row : i >= end_row ? end_row - 1 : i), 0);
      std::int8_t* outputs = output.pixel(y, r.first_column);
      for (std::int32_t c = 0;; c = c + 8 <= p.channels ? c + 4 : p.channels - 4) {
        gather_weights<W>(weights + c, p.channels, first_row, end_row, row.blocks);
        fill_blocks<W>(p, table, weights, c, row.blocks);
        if constexpr (W.columns_in_registers())
          make_outputs<W>(columns, parts, c, row, outputs + c);
        else
          make_stored_outputs<W>(columns, c, row, outputs + c);
        if (c + 4 >= p.channels) break;
      }
      if (p.requantisation == requantisation::clamped)
        clamp_row(p, outputs, r.end_column - r.first_column, output.pixel_pitch);
    }
  }

  /// What blocks have beside columns and weights.
  template <detail::arm_dsp::depthwise_window W>
  INLAY_ALWAYS_INLINE static void fill_blocks(const parameters& p, const table_entry* table, const std::int8_t* weights,
                                              std::int32_t c, std::int32_t* block) {
    using namespace detail::arm_dsp;
    for (std::int32_t end = c + 4; c < end; ++c, block += W.block()) {
      const std::int32_t bias = p.bias_distance != 0 ? load_word(weights + p.bias_distance + 4 * c) << 1 : 0;
      for (int i = 0; i < W.sums(); ++i) block[i] = bias;
      std::int32_t shift = shifts(table, p.channels)[c];
      std::int32_t* scale = block + W.block() - 3;
      if (shift >= 0) {
        scale[0] = table[c];
        scale[1] = (2 * p.range.zero_point + 1) << shift;
      } else {
        // The same output whatever the sum; right for constant_shift.
        shift = 1;
        scale[0] = 0;
        scale[1] = 4 * table[c] + 2;
      }
      scale[2] = c + 1 < end ? shift | 0x100 : shift;
    }
  }

  INLAY_NEVER_INLINE static void clamp_row(const parameters& p, std::int8_t* outputs, std::int32_t count,
                                           std::int32_t pitch) {
    for (; count > 0; --count, outputs += pitch)
      for (std::int32_t c = 0; c < p.channels; ++c)
        outputs[c] = static_cast<std::int8_t>(clamp_between(outputs[c], p.range.low, p.range.high));
  }

  /// The channels whose multipliers or biases are too large, anew.
  template <detail::arm_dsp::depthwise_window W>
  INLAY_NEVER_INLINE static void run_uncommon(const parameters& p, const table_entry* table,
                                              const map_view<std::int8_t>& output, const region& r,
                                              const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    using namespace detail::arm_dsp;
    for (std::int32_t c = 0; c < p.channels; ++c) {
      const std::int32_t shift = shifts(table, p.channels)[c];
      if (shift >= 0 || shift == constant_shift) continue;
      const std::int32_t bias = p.bias_distance != 0 ? load_word(weights + p.bias_distance + 4 * c) : 0;
      for (std::int32_t y = r.first_row; y < r.end_row; ++y)
        for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
          std::int32_t sum = bias;
          for (std::int32_t ky = 0; ky < W.size; ++ky)
            for (std::int32_t kx = 0; kx < W.size; ++kx) {
              const std::int32_t iy = y * p.row_stride - p.top + ky, ix = x * W.stride - p.left + kx;
              if (iy < 0 || iy >= p.input_height || ix < 0 || ix >= p.input_width) continue;
              const std::int32_t value = input.pixel(iy, ix)[c] - p.input_zero_point;
              sum = wrapping_add(sum, value * weights[(ky * W.size + kx) * p.channels + c]);
            }
          output.pixel(y, x)[c] = static_cast<std::int8_t>(uncommon_output(sum, table[c], shift, p.range));
        }
    }
  }
};

}  // namespace inlay
