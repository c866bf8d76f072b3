// Inlay: DEPTHWISE_CONV_2D for Cortex-M4, M7 and M33.
//
// One channel at a time, from a copy of some rows of its input: a `plane` of int16, the zero point subtracted, 0 where
// it leaves the map. One instruction multiplies two neighbours in a row with two neighbouring weights. A plane's
// columns start where the first output's window starts, so that neighbours stand in one word at stride 2 and, for
// every other output, at stride 1:
//
//   output 0   c0 c1 | c2              weights  w0 w1 | w2
//   output 1      c1 | c2 c3                       w0 | w1 w2
//   output 2           c2 c3 | c4                       w0 w1 | w2
//
// A row of weights is the pairs for that: (w0, w1), (w1, w2) … at stride 1, (w0, w1), (w2, 0) … at stride 2.
//
// The planes of two channels are made together. Where planes of the whole width fit into the scratch of a layer that
// writes its output over its input, they are all that is copied of it.
#pragma once

#include <inlay/kernels/arm_dsp/primitives.hpp>
#include <inlay/kernels/overwrite.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace inlay {

namespace detail::arm_dsp {

/// A square window of 3, 5 or 7, stride 1 or 2 from column to column.
struct depthwise_window {
  std::int8_t size = 3, stride = 1;
  friend constexpr bool operator==(const depthwise_window&, const depthwise_window&) = default;

  constexpr std::int32_t weights_row_words() const { return stride == 1 ? size - 1 : (size + 1) / 2; }
  constexpr std::int32_t weights_words() const { return size * weights_row_words(); }
  constexpr std::int32_t block_words() const { return weights_words() + 8; }
  /// Words of a row of a plane under so many outputs.
  constexpr std::int32_t plane_row_words(std::int32_t outputs) const {
    return ((outputs - 1) * stride + size + 1) / 2;
  }
  /// Words beside planes: the block, and what is read behind the last plane by steps of four outputs, not all wanted.
  constexpr std::int32_t words_beside() const { return block_words() + 3; }
  /// Words that suffice for outputs side by side.
  constexpr std::int32_t least_words(std::int32_t outputs) const {
    return words_beside() + (size == 3 ? 2 : 1) * size * plane_row_words(outputs);
  }
};

// What one channel needs is a `block` of words, in the order in which instructions that load many registers take it:
//
//   bias, weights, multiplier, rounding, shift, distance from an output to the next
//   ends of a row of the plane: of the steps that make four outputs, of those that make two
//   distance from the last output but one to the last: 0 if there is one less, which then overwrites the other

/// Rows of outputs in steps, and of a plane; all but the first row's outputs. Assembly counts on the order.
struct depthwise_rows {
  std::int32_t plane_pitch;              // bytes from a row to the next
  std::int32_t fours_bytes, twos_bytes;  // to the ends in the block
  std::int32_t plane_step, output_step;  // from the end of a row of outputs to the start of the next
  std::int32_t count;
  std::int32_t columns, output_pitch, output_row_pitch;
  std::int32_t top;     // the row of the input that the first row of windows starts with
  std::int32_t stored;  // and the one that the plane starts with
  std::int32_t stride;  // from a row of windows to the next
  std::int32_t input_height;
};

using depthwise_function = void(std::int32_t* block, const std::int32_t* plane, const depthwise_rows& rows,
                                std::int8_t* output);

#define INLAY_REQUANTISE(sum, multiplier, rounding, shift, temporary) \
  "add " temporary ", " rounding ", " sum ", asr #31\n"               \
  "smmlar " sum ", " sum ", " multiplier ", " temporary "\n"          \
  "asr " sum ", " sum ", " shift "\n"                                 \
  "ssat " sum ", #8, " sum ", asr #1\n"
#define INLAY_REQUANTISE_4(temporary)                   \
  INLAY_REQUANTISE("r0", "r4", "r5", "r6", temporary)   \
  INLAY_REQUANTISE("r1", "r4", "r5", "r6", temporary)   \
  INLAY_REQUANTISE("r2", "r4", "r5", "r6", temporary)   \
  INLAY_REQUANTISE("r3", "r4", "r5", "r6", temporary)
#define INLAY_STORE_2(a, b, output, pitch) \
  "strb " b ", [" output ", " pitch "]\n"  \
  "strb " a ", [" output "]\n"             \
  "add " output ", " output ", " pitch ", lsl #1\n"
#define INLAY_STORE_4(output) INLAY_STORE_2("r0", "r1", output, "r7") INLAY_STORE_2("r2", "r3", output, "r7")

// Windows of 3. r0 to r3 are the sums, r4 and r5 weights, r6 to r8 columns of the plane; r9 to r11 the plane's rows,
// r12 the block, lr the output. The first row starts from the bias, r3.
#define INLAY_THREE_ROWS(row)                                                \
  row("r9", "ldmia r12!, {r3-r5}\n", "r3", "r3", "r3", "r3")                 \
  row("r10", "ldmia r12!, {r4-r5}\n", "r0", "r1", "r2", "r3")                \
  row("r11", "ldmia r12!, {r4-r5}\n", "r0", "r1", "r2", "r3")
#define INLAY_WINDOWS_OF_3(name, four_outputs, two_outputs)                                                          \
  [[gnu::naked, gnu::noinline]] inline void name(std::int32_t*, const std::int32_t*, const depthwise_rows&,          \
                                                 std::int8_t*) {                                                     \
    asm("push {r2-r11, lr}\n"                                                                                        \
        "mov r12, r0\n"                                                                                              \
        "mov r9, r1\n"                                                                                               \
        "mov lr, r3\n"                                                                                               \
        "ldr r4, [r2, #20]\n"                                                                                        \
        "1:\n"                                                                                                       \
        "str r4, [sp, #4]\n"                                                                                         \
        "ldr r8, [sp]\n"                                                                                             \
        "ldmia r8, {r0-r2}\n"                                                                                        \
        "add r10, r9, r0\n"                                                                                          \
        "add r11, r10, r0\n"                                                                                         \
        "add r1, r9, r1\n"                                                                                           \
        "add r2, r9, r2\n"                                                                                           \
        "strd r1, r2, [r12, #44]\n"                                                                                  \
        "cmp r9, r1\n"                                                                                               \
        "beq 3f\n"                                                                                                   \
        "2:\n" INLAY_THREE_ROWS(four_outputs)                                                                        \
        "ldmia r12, {r4-r8}\n"                                                                                       \
        "sub r12, r12, #28\n"                                                                                        \
        "cmp r9, r8\n" INLAY_REQUANTISE_4("r8") INLAY_STORE_4("lr")                                                  \
        "bne 2b\n"                                                                                                   \
        "3:\n"                                                                                                       \
        "ldr r8, [r12, #48]\n"                                                                                       \
        "cmp r9, r8\n"                                                                                               \
        "beq 5f\n"                                                                                                   \
        "4:\n" INLAY_THREE_ROWS(two_outputs)                                                                         \
        "ldmia r12, {r2-r8}\n"                                                                                       \
        "sub r12, r12, #28\n"                                                                                        \
        "cmp r9, r7\n"                                                                                               \
        "it eq\n"                                                                                                    \
        "moveq r5, r8\n" INLAY_REQUANTISE("r0", "r2", "r3", "r4", "r8") INLAY_REQUANTISE("r1", "r2", "r3", "r4", "r8") \
        INLAY_STORE_2("r0", "r1", "lr", "r5")                                                                        \
        "bne 4b\n"                                                                                                   \
        "5:\n"                                                                                                       \
        "ldrd r8, r4, [sp]\n"                                                                                        \
        "ldrd r0, r1, [r8, #12]\n"                                                                                   \
        "add r9, r9, r0\n"                                                                                           \
        "add lr, lr, r1\n"                                                                                           \
        "subs r4, r4, #1\n"                                                                                          \
        "bne 1b\n"                                                                                                   \
        "add sp, #8\n"                                                                                               \
        "pop {r4-r11, pc}\n");                                                                                       \
  }

#define INLAY_FOUR_OUTPUTS(plane, load, a, b, c, d) \
  load                                              \
  "ldrd r6, r7, [" plane "], #8\n"                  \
  "ldr r8, [" plane "]\n"                           \
  "smlad r0, r6, r4, " a "\n"                       \
  "smlatb r1, r6, r4, " b "\n"                      \
  "smlabt r0, r7, r5, r0\n"                         \
  "smlad r1, r7, r5, r1\n"                          \
  "smlad r2, r7, r4, " c "\n"                       \
  "smlatb r3, r7, r4, " d "\n"                      \
  "smlabt r2, r8, r5, r2\n"                         \
  "smlad r3, r8, r5, r3\n"
#define INLAY_TWO_OUTPUTS(plane, load, a, b, c, d) \
  load                                             \
  "ldrd r6, r7, [" plane "], #4\n"                 \
  "smlad r0, r6, r4, " a "\n"                      \
  "smlatb r1, r6, r4, " b "\n"                     \
  "smlabt r0, r7, r5, r0\n"                        \
  "smlad r1, r7, r5, r1\n"
INLAY_WINDOWS_OF_3(depthwise_3_stride_1, INLAY_FOUR_OUTPUTS, INLAY_TWO_OUTPUTS)
#undef INLAY_TWO_OUTPUTS
#undef INLAY_FOUR_OUTPUTS

#define INLAY_FOUR_OUTPUTS(plane, load, a, b, c, d) \
  load                                              \
  "ldrd r6, r7, [" plane "], #8\n"                  \
  "smlad r0, r6, r4, " a "\n"                       \
  "smlabb r0, r7, r5, r0\n"                         \
  "smlad r1, r7, r4, " b "\n"                       \
  "ldrd r6, r7, [" plane "], #8\n"                  \
  "smlabb r1, r6, r5, r1\n"                         \
  "smlad r2, r6, r4, " c "\n"                       \
  "smlabb r2, r7, r5, r2\n"                         \
  "smlad r3, r7, r4, " d "\n"                       \
  "ldr r6, [" plane "]\n"                           \
  "smlabb r3, r6, r5, r3\n"
#define INLAY_TWO_OUTPUTS(plane, load, a, b, c, d) \
  load                                             \
  "ldrd r6, r7, [" plane "], #8\n"                 \
  "smlad r0, r6, r4, " a "\n"                      \
  "smlabb r0, r7, r5, r0\n"                        \
  "smlad r1, r7, r4, " b "\n"                      \
  "ldr r6, [" plane "]\n"                          \
  "smlabb r1, r6, r5, r1\n"
INLAY_WINDOWS_OF_3(depthwise_3_stride_2, INLAY_FOUR_OUTPUTS, INLAY_TWO_OUTPUTS)
#undef INLAY_TWO_OUTPUTS
#undef INLAY_FOUR_OUTPUTS
#undef INLAY_WINDOWS_OF_3
#undef INLAY_THREE_ROWS

/// A row of outputs from larger windows. Assembly counts on the order.
struct depthwise_steps {
  std::int32_t bias;
  const std::int32_t* plane;
  std::int32_t plane_pitch;
  const std::int32_t *weights, *weights_end;  // of the window's rows in the map
  std::int32_t multiplier, rounding, shift, pitch;
  std::int8_t* output;
  std::int32_t columns;
};

// Larger windows, row by row. r0 to r3 are the sums, r10 the plane's row, r11 the distance to the next, r12 the
// weights, lr their end; weights and columns are in the others.
#define INLAY_LARGER_WINDOWS(name, step_bytes, row)                                            \
  [[gnu::naked, gnu::noinline]] inline void name(depthwise_steps&) {                           \
    asm("push {r0, r4-r11, lr}\n"                                                              \
        "1:\n"                                                                                 \
        "ldr r8, [sp]\n"                                                                       \
        "ldmia r8, {r3, r10-r12, lr}\n"                                                        \
        "add r4, r10, " step_bytes                                                             \
        "\n"                                                                                   \
        "str r4, [r8, #4]\n"                                                                   \
        "mov r0, r3\n"                                                                         \
        "mov r1, r3\n"                                                                         \
        "mov r2, r3\n"                                                                         \
        "2:\n" row                                                                             \
        "add r10, r10, r11\n"                                                                  \
        "cmp r12, lr\n"                                                                        \
        "bne 2b\n"                                                                             \
        "ldr r12, [sp]\n"                                                                      \
        "add r12, r12, #20\n"                                                                  \
        "ldmia r12, {r4-r9}\n" INLAY_REQUANTISE_4("r10")                                       \
        "subs r9, r9, #4\n"                                                                    \
        "blt 3f\n" INLAY_STORE_4("r8")                                                         \
        "strd r8, r9, [r12, #16]\n"                                                            \
        "bne 1b\n"                                                                             \
        "pop {r0, r4-r11, pc}\n"                                                               \
        "3:\n"                                                                                 \
        "strb r0, [r8]\n"                                                                      \
        "adds r9, r9, #2\n"                                                                    \
        "it ge\n"                                                                              \
        "strbge r1, [r8, r7]\n"                                                                \
        "it gt\n"                                                                              \
        "strbgt r2, [r8, r7, lsl #1]\n"                                                        \
        "pop {r0, r4-r11, pc}\n");                                                             \
  }
#define INLAY_MULTIPLY(how, sum, column, weight) "smla" how " " sum ", " column ", " weight ", " sum "\n"

INLAY_LARGER_WINDOWS(depthwise_5_stride_1, "#8",
                     "ldmia r12!, {r4-r7}\n"
                     "ldrd r8, r9, [r10]\n"
                     INLAY_MULTIPLY("d", "r0", "r8", "r4")
                     INLAY_MULTIPLY("tb", "r1", "r8", "r4")
                     INLAY_MULTIPLY("d", "r0", "r9", "r6")
                     INLAY_MULTIPLY("d", "r1", "r9", "r5")
                     INLAY_MULTIPLY("d", "r2", "r9", "r4")
                     INLAY_MULTIPLY("tb", "r3", "r9", "r4")
                     "ldrd r8, r9, [r10, #8]\n"
                     INLAY_MULTIPLY("bt", "r0", "r8", "r7")
                     INLAY_MULTIPLY("d", "r1", "r8", "r7")
                     INLAY_MULTIPLY("d", "r2", "r8", "r6")
                     INLAY_MULTIPLY("d", "r3", "r8", "r5")
                     INLAY_MULTIPLY("bt", "r2", "r9", "r7")
                     INLAY_MULTIPLY("d", "r3", "r9", "r7"))
INLAY_LARGER_WINDOWS(depthwise_5_stride_2, "#16",
                     "ldmia r12!, {r4-r6}\n"
                     "ldmia r10, {r7-r9}\n"
                     INLAY_MULTIPLY("d", "r0", "r7", "r4")
                     INLAY_MULTIPLY("d", "r0", "r8", "r5")
                     INLAY_MULTIPLY("d", "r1", "r8", "r4")
                     INLAY_MULTIPLY("bb", "r0", "r9", "r6")
                     INLAY_MULTIPLY("d", "r1", "r9", "r5")
                     INLAY_MULTIPLY("d", "r2", "r9", "r4")
                     "ldrd r7, r8, [r10, #12]\n"
                     "ldr r9, [r10, #20]\n"
                     INLAY_MULTIPLY("bb", "r1", "r7", "r6")
                     INLAY_MULTIPLY("d", "r2", "r7", "r5")
                     INLAY_MULTIPLY("d", "r3", "r7", "r4")
                     INLAY_MULTIPLY("bb", "r2", "r8", "r6")
                     INLAY_MULTIPLY("d", "r3", "r8", "r5")
                     INLAY_MULTIPLY("bb", "r3", "r9", "r6"))
INLAY_LARGER_WINDOWS(depthwise_7_stride_1, "#8",
                     "ldmia r12!, {r4-r6}\n"
                     "ldmia r10, {r7-r9}\n"
                     INLAY_MULTIPLY("d", "r0", "r7", "r4")
                     INLAY_MULTIPLY("tb", "r1", "r7", "r4")
                     INLAY_MULTIPLY("d", "r0", "r8", "r6")
                     INLAY_MULTIPLY("d", "r1", "r8", "r5")
                     INLAY_MULTIPLY("d", "r2", "r8", "r4")
                     INLAY_MULTIPLY("tb", "r3", "r8", "r4")
                     INLAY_MULTIPLY("d", "r2", "r9", "r6")
                     INLAY_MULTIPLY("d", "r3", "r9", "r5")
                     "ldmia r12!, {r4-r6}\n"
                     "ldrd r7, r8, [r10, #12]\n"
                     INLAY_MULTIPLY("d", "r0", "r9", "r5")
                     INLAY_MULTIPLY("d", "r1", "r9", "r4")
                     INLAY_MULTIPLY("bt", "r0", "r7", "r6")
                     INLAY_MULTIPLY("d", "r1", "r7", "r6")
                     INLAY_MULTIPLY("d", "r2", "r7", "r5")
                     INLAY_MULTIPLY("d", "r3", "r7", "r4")
                     INLAY_MULTIPLY("bt", "r2", "r8", "r6")
                     INLAY_MULTIPLY("d", "r3", "r8", "r6"))
INLAY_LARGER_WINDOWS(depthwise_7_stride_2, "#16",
                     "ldmia r12!, {r4-r7}\n"
                     "ldrd r8, r9, [r10]\n"
                     INLAY_MULTIPLY("d", "r0", "r8", "r4")
                     INLAY_MULTIPLY("d", "r0", "r9", "r5")
                     INLAY_MULTIPLY("d", "r1", "r9", "r4")
                     "ldrd r8, r9, [r10, #8]\n"
                     INLAY_MULTIPLY("d", "r0", "r8", "r6")
                     INLAY_MULTIPLY("d", "r1", "r8", "r5")
                     INLAY_MULTIPLY("d", "r2", "r8", "r4")
                     INLAY_MULTIPLY("bb", "r0", "r9", "r7")
                     INLAY_MULTIPLY("d", "r1", "r9", "r6")
                     INLAY_MULTIPLY("d", "r2", "r9", "r5")
                     INLAY_MULTIPLY("d", "r3", "r9", "r4")
                     "ldrd r8, r9, [r10, #16]\n"
                     INLAY_MULTIPLY("bb", "r1", "r8", "r7")
                     INLAY_MULTIPLY("d", "r2", "r8", "r6")
                     INLAY_MULTIPLY("d", "r3", "r8", "r5")
                     INLAY_MULTIPLY("bb", "r2", "r9", "r7")
                     INLAY_MULTIPLY("d", "r3", "r9", "r6")
                     "ldr r8, [r10, #24]\n"
                     INLAY_MULTIPLY("bb", "r3", "r8", "r7"))
#undef INLAY_MULTIPLY
#undef INLAY_LARGER_WINDOWS
#undef INLAY_STORE_4
#undef INLAY_STORE_2
#undef INLAY_REQUANTISE_4
#undef INLAY_REQUANTISE

/// Larger windows: only their rows in the map.
template <depthwise_window W>
INLAY_NEVER_INLINE void depthwise_larger(std::int32_t* block, const std::int32_t* plane, const depthwise_rows& rows,
                                         std::int8_t* output) {
  constexpr auto make = W == depthwise_window{5, 1}   ? depthwise_5_stride_1
                        : W == depthwise_window{5, 2} ? depthwise_5_stride_2
                        : W == depthwise_window{7, 1} ? depthwise_7_stride_1
                                                      : depthwise_7_stride_2;
  const std::int32_t* const weights = block + 1;
  const std::int32_t* const scale = weights + W.weights_words();
  depthwise_steps steps;
  steps.bias = block[0];
  steps.plane_pitch = rows.plane_pitch;
  steps.multiplier = scale[0];
  steps.rounding = scale[1];
  steps.shift = scale[2];
  steps.pitch = rows.output_pitch;
  std::int32_t top = rows.top;
  for (std::int32_t left = rows.count; left > 0; --left, top += rows.stride, output += rows.output_row_pitch) {
    const std::int32_t first = top < 0 ? -top : 0, below = rows.input_height - top;
    steps.plane = plane + (top + first - rows.stored) * rows.plane_pitch / 4;
    steps.weights = weights + first * W.weights_row_words();
    steps.weights_end = weights + (below < W.size ? below : W.size) * W.weights_row_words();
    steps.output = output;
    steps.columns = rows.columns;
    make(steps);
  }
}

template <depthwise_window W>
constexpr depthwise_function* depthwise_function_of = depthwise_larger<W>;
template <>
inline constexpr depthwise_function* depthwise_function_of<depthwise_window{3, 1}> = depthwise_3_stride_1;
template <>
inline constexpr depthwise_function* depthwise_function_of<depthwise_window{3, 2}> = depthwise_3_stride_2;

/// The lower halves of two words.
INLAY_ALWAYS_INLINE std::int32_t lower_halves(std::int32_t a, std::int32_t b) {
  std::int32_t pair;
  asm("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a), "r"(b));
  return pair;
}

INLAY_ALWAYS_INLINE std::int32_t load_half(const void* from) {
  std::uint16_t half;
  std::memcpy(&half, from, sizeof half);
  return half;
}

/// Rows of planes, and of the input that they are made from.
struct widening {
  std::int32_t pixel_pitch, row_pitch;  // of the input
  std::int32_t columns;                 // of the input; before the first may be one of the plane
  bool odd;                             // whether there is
  std::int8_t zero_point;
  std::int32_t row_words;    // of a plane
  std::int32_t plane_words;  // from a plane to the next
};

/// Makes rows of the planes of one or two neighbouring channels. A column that has the other half of a word becomes 0.
template <std::int32_t Planes>
INLAY_NEVER_INLINE void widen_rows(const widening& rows, const std::int8_t* from, std::int32_t count,
                                   std::int32_t* to) {
  const std::int32_t minus_zero_points = minus_twice(rows.zero_point), pitch = rows.pixel_pitch;
  const std::int32_t beside = (rows.zero_point & 0xff) * 0x101;
  for (; count > 0; --count, from += rows.row_pitch, to += rows.row_words) {
    const std::int8_t* column = from;
    std::int32_t* word = to;
    const auto load = [](const std::int8_t* at) -> std::int32_t {
      return Planes == 2 ? load_half(at) : static_cast<std::uint8_t>(*at);
    };
    const auto store = [&](std::int32_t a, std::int32_t b) {
      const std::int32_t both = lower_halves(a, b);
      if constexpr (Planes == 2) word[rows.plane_words] = add_odd_bytes(minus_zero_points, both);
      *word++ = add_even_bytes(minus_zero_points, both);
    };
    std::int32_t left = rows.columns;
    if (rows.odd) {
      store(beside, load(column));
      column += pitch;
      --left;
    }
    for (; left >= 2; left -= 2, column += 2 * pitch) store(load(column), load(column + pitch));
    if (left > 0) store(load(column), beside);
  }
}

/// Twice the weights of a channel, for a block: requantisation takes twice the sums.
template <depthwise_window W>
INLAY_NEVER_INLINE void gather_weights(const std::int8_t* weights, std::int32_t channels, std::int32_t* to) {
  for (std::int32_t y = 0; y < W.size; ++y) {
    std::int32_t last = weights[0] << 1;
#pragma GCC unroll 8
    for (std::int32_t x = 1; x < W.size; x += W.stride, weights += W.stride * channels) {
      const std::int32_t weight = weights[channels] << 1;
      *to++ = lower_halves(last, weight);
      last = W.stride == 1 ? weight : weights[2 * channels] << 1;
    }
    if (W.stride == 2) *to++ = last;
    weights += channels;
  }
}

/// Words, of which there may be none; no calls of memset or memcpy.
INLAY_ALWAYS_INLINE void clear_words(std::int32_t* to, const std::int32_t* end) {
  for (; to < end; ++to) *to = keep(0);
}
INLAY_NEVER_INLINE inline void move_words(const std::int32_t* from, const std::int32_t* end, std::int32_t* to) {
  for (; end - from >= 4; from += 4, to += 4) std::memcpy(to, from, 16);
  while (from < end) *to++ = keep(*from++);
}

}  // namespace detail::arm_dsp

/// Square windows of 3, 5 and 7 that are not dilated: over any number of channels with one output each, and over one
/// channel.
template <>
struct fast_kernel<isa::arm_dsp, layer_kind::depthwise_conv2d> : detail::arm_dsp::scale_table {
  struct parameters {
    std::int16_t input_height, input_width, input_channels, channels;
    std::int8_t top, left;  // padding
    std::int8_t row_stride;
    std::int8_t input_zero_point;
    detail::arm_dsp::output_range range;
    detail::arm_dsp::requantisation requantisation;
    detail::arm_dsp::depthwise_window window;
    std::int32_t bias_distance;
  };
  struct spec {
    detail::arm_dsp::depthwise_window window;
    bool general;   // some channels cannot go the short way
    bool in_place;  // run_over is there
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    const shape& in = g.input_of(l).extents;
    const shape& out = g.output_of(l).extents;
    const window2d& w = l.window;
    const std::int32_t size = w.kernel.width;
    // Some of each window is in the map.
    const auto is_over_map = [size](std::int32_t before, std::int32_t outputs, std::int32_t stride, std::int32_t extent) {
      return before < size && (outputs - 1) * stride - before < extent;
    };
    return in.height() <= 0x7fff && in.width() <= 0x7fff && out.channels() <= 0x7fff && w.dilation == extent2d{1, 1} &&
           w.kernel.height == size && (size == 3 || size == 5 || size == 7) && w.stride.width <= 2 &&
           w.stride.height <= 0x7f && is_over_map(w.padding.top, out.height(), w.stride.height, in.height()) &&
           is_over_map(w.padding.left, out.width(), w.stride.width, in.width()) &&
           (in.channels() == out.channels() || in.channels() == 1);
  }

  /// For any table.
  static constexpr spec specialise(graph_view, const layer& l) { return {window_of(l), true, false}; }
  static constexpr spec specialise(graph_view g, const layer& l, const table_entry* table) {
    const bool general = is_general(table, g.output_of(l).extents.channels());
    const bool fits = window_of(l).least_words(g.output_of(l).extents.width()) * 4 <= detail::overwrite_scratch(g, l);
    return {window_of(l), general, fits && !general};
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& in = g.input_of(l).extents;
    return {static_cast<std::int16_t>(in.height()),
            static_cast<std::int16_t>(in.width()),
            static_cast<std::int16_t>(in.channels()),
            static_cast<std::int16_t>(g.output_of(l).extents.channels()),
            static_cast<std::int8_t>(l.window.padding.top),
            static_cast<std::int8_t>(l.window.padding.left),
            static_cast<std::int8_t>(l.window.stride.height),
            static_cast<std::int8_t>(g.input_of(l).quant.zero_point),
            detail::arm_dsp::range_of(g, l),
            detail::arm_dsp::short_requantisation(g, l),
            window_of(l),
            detail::arm_dsp::bias_distance(g, l)};
  }

  template <spec S>
  INLAY_ALWAYS_INLINE static void run(const parameters& p, const table_entry* table,
                                      const map_view<std::int8_t>& output, const region& r,
                                      const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    run_on_stack<S.window>(p, table, output, r, input, weights);
    if constexpr (S.general) run_uncommon(p, table, output, r, input, weights);
  }

  /// Writes the whole output over the input.
  template <spec S>
  requires(S.in_place) static void run_over(const parameters& p, const table_entry* table,
                                            const detail::overwriting& over, const map_view<std::int8_t>& map,
                                            std::int8_t* scratch, const std::int8_t* weights) {
    make(p, table, map, {0, over.output_rows, 0, over.output_columns},
         {map.data, over.channels, over.row_bytes, over.input_rows, 0}, weights,
         {detail::arm_dsp::depthwise_function_of<S.window>, detail::arm_dsp::gather_weights<S.window>, reinterpret_cast<std::int32_t*>(scratch),
          over.ring_rows * over.row_bytes / 4});
  }

 private:
  static constexpr detail::arm_dsp::depthwise_window window_of(const layer& l) {
    return {static_cast<std::int8_t>(l.window.kernel.width), static_cast<std::int8_t>(l.window.stride.width)};
  }

  /// How to make rows, and where.
  struct workplace {
    detail::arm_dsp::depthwise_function* make_rows;
    decltype(detail::arm_dsp::gather_weights<detail::arm_dsp::depthwise_window{}>)* gather_weights;
    std::int32_t* buffer;
    std::int32_t buffer_words;
  };

  template <detail::arm_dsp::depthwise_window W>
  INLAY_NEVER_INLINE static void run_on_stack(const parameters& p, const table_entry* table,
                                              const map_view<std::int8_t>& output, const region& r,
                                              const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    constexpr std::int32_t least = W.least_words(4), usual = 140;
    constexpr std::int32_t buffer_words = least > usual ? least : usual;
    std::int32_t buffer[buffer_words];
    make(p, table, output, r, input, weights, {detail::arm_dsp::depthwise_function_of<W>, detail::arm_dsp::gather_weights<W>, buffer, buffer_words});
  }

  INLAY_SMALL INLAY_NEVER_INLINE static void make(const parameters& p, const table_entry* table,
                                      const map_view<std::int8_t>& output, const region& r,
                                      const map_view<const std::int8_t>& input, const std::int8_t* weights,
                                      const workplace& place) {
    using namespace detail::arm_dsp;
    const depthwise_window w = p.window;
    const bool shared = p.input_channels == 1;  // one plane for all outputs
    // Rows of the input under all outputs. Those that larger windows leave the map with are not stored.
    std::int32_t all_rows = (r.end_row - r.first_row - 1) * p.row_stride + w.size;
    if (w.size > 3) {
      const std::int32_t top = r.first_row * p.row_stride - p.top;
      if (all_rows > p.input_height - top) all_rows = p.input_height - top;
      if (top < 0) all_rows += top;
    }
    // Two planes are made in less time than one after the other, but weights that are gathered again for each piece
    // of a plane take more.
    const std::int32_t words = place.buffer_words - w.words_beside();
    const std::int32_t all_words = all_rows * w.plane_row_words(r.end_column - r.first_column);
    const bool twins = !shared && (w.size == 3 || 2 * all_words <= words);
    const std::int32_t plane_words = twins ? words / 2 : words;
    const std::int32_t most_columns = (plane_words / w.size * 2 - w.size) / w.stride + 1;
    std::int32_t* const planes = place.buffer + w.words_beside();
    depthwise_rows rows;
    rows.output_pitch = output.pixel_pitch;
    rows.output_row_pitch = output.row_pitch;
    rows.stride = p.row_stride;
    rows.input_height = p.input_height;
    for (std::int32_t x = r.first_column; x < r.end_column; x += rows.columns) {
      rows.columns = r.end_column - x < most_columns ? r.end_column - x : most_columns;
      const std::int32_t row_words = w.plane_row_words(rows.columns);
      rows.plane_pitch = 4 * row_words;
      rows.fours_bytes = (rows.columns >> 2) * 8 * w.stride;
      rows.twos_bytes = rows.fours_bytes + ((rows.columns & 3) + 1) / 2 * 4 * w.stride;
      rows.plane_step = rows.stride * rows.plane_pitch - rows.twos_bytes;
      rows.output_step = rows.output_row_pitch - (rows.columns & ~1) * rows.output_pitch;
      std::int32_t plane_rows = plane_words / row_words;
      std::int32_t most_rows = (plane_rows - w.size) / rows.stride + 1;
      if (plane_rows >= all_rows) {
        plane_rows = all_rows;
        most_rows = r.end_row - r.first_row;
      }
      // Columns of the plane that are in the map.
      const std::int32_t left = x * w.stride - p.left;
      const std::int32_t first_column = left < 0 ? 0 : left;
      const std::int32_t before = first_column - left;
      std::int32_t columns = (rows.columns - 1) * w.stride + w.size - before;
      if (columns > p.input_width - first_column) columns = p.input_width - first_column;
      const widening widened{input.pixel_pitch,  input.row_pitch, columns,
                             (before & 1) != 0,  p.input_zero_point, row_words,
                             plane_rows * row_words};
      std::int32_t* row_end = planes;
      for (std::int32_t i = twins ? 2 * plane_rows : plane_rows; i > 0; --i) {
        std::int32_t* const row = row_end;
        row_end += row_words;
        clear_words(row, row + (before + 1) / 2);
        clear_words(row + (before + columns) / 2, row_end);
      }
      std::int32_t c = 0, now = 0;
      for (; c < p.input_channels; c += now) {
        now = twins && c + 1 < p.input_channels ? 2 : 1;
        std::int32_t end = 0;  // of the input's rows in the planes
        for (std::int32_t y = r.first_row; y < r.end_row; y += rows.count) {
          rows.count = r.end_row - y < most_rows ? r.end_row - y : most_rows;
          const std::int32_t until_wrap = output.rows - y % output.rows;
          if (rows.count > until_wrap) rows.count = until_wrap;
          rows.top = y * rows.stride - p.top;
          const std::int32_t stored = w.size > 3 && rows.top < 0 ? 0 : rows.top;
          std::int32_t* to = planes;
          std::int32_t row = stored;
          if (y > r.first_row && row < end) {
            // The first ones are the last ones of before.
            for (std::int32_t* plane = planes; plane <= planes + (now - 1) * widened.plane_words;
                 plane += widened.plane_words)
              move_words(plane + (row - rows.stored) * row_words, plane + (end - rows.stored) * row_words, plane);
            to += (end - row) * row_words;
            row = end;
          }
          rows.stored = stored;
          end = rows.top + (rows.count - 1) * rows.stride + w.size;
          if (w.size > 3 && end > p.input_height) end = p.input_height;
          while (row < end) {
            std::int32_t made = 1;
            if (row >= 0 && row < p.input_height) {
              // Until the input's memory wraps.
              const std::int32_t ring_row = row % input.rows;
              made = (end < p.input_height ? end : p.input_height) - row;
              if (made > input.rows - ring_row) made = input.rows - ring_row;
              (now == 2 ? widen_rows<2> : widen_rows<1>)(widened, input.pixel(ring_row, first_column) + c, made,
                                                         to + before / 2);
            } else if (c == 0 || rows.count < r.end_row - r.first_row) {
              clear_words(to, to + row_words);
              if (twins) clear_words(to + widened.plane_words, to + widened.plane_words + row_words);
            }
            row += made;
            to += made * row_words;
          }
          std::int8_t* const outputs = output.pixel(y, x);
          const std::int32_t end_channel = shared ? p.channels : c + now;
          const std::int32_t* plane = planes;
          for (std::int32_t channel = c; channel < end_channel;
               ++channel, plane += shared ? 0 : widened.plane_words) {
            if (twins || shared || y == r.first_row) {
              place.gather_weights(weights + channel, p.channels, place.buffer + 1);
              fill_block(p, table, weights, channel, output.pixel_pitch, (rows.columns & 1) != 0, place.buffer);
            }
            place.make_rows(place.buffer, plane, rows, outputs + channel);
          }
        }
      }
    }
    if (p.requantisation == requantisation::clamped)
      for (std::int32_t y = r.first_row; y < r.end_row; ++y)
        clamp_row(p, output.pixel(y, r.first_column), r.end_column - r.first_column, output.pixel_pitch);
  }

  INLAY_ALWAYS_INLINE static void fill_block(const parameters& p, const table_entry* table, const std::int8_t* weights,
                                             std::int32_t c, std::int32_t pitch, bool odd, std::int32_t* block) {
    using namespace detail::arm_dsp;
    block[0] = p.bias_distance != 0 ? load_word(weights + p.bias_distance + 4 * c) << 1 : 0;
    block += 1 + p.window.weights_words();
    std::int32_t shift = shifts(table, p.channels)[c];
    if (shift >= 0) {
      block[0] = table[c];
      block[1] = (2 * p.range.zero_point + 1) << shift;
    } else {
      // The same output whatever the sum; right for constant_shift.
      shift = 1;
      block[0] = 0;
      block[1] = 4 * table[c] + 2;
    }
    block[2] = shift;
    block[3] = pitch;
    block[6] = odd ? 0 : pitch;
  }

  INLAY_NEVER_INLINE static void clamp_row(const parameters& p, std::int8_t* outputs, std::int32_t count,
                                           std::int32_t pitch) {
    for (; count > 0; --count, outputs += pitch)
      for (std::int32_t c = 0; c < p.channels; ++c)
        outputs[c] = static_cast<std::int8_t>(clamp_between(outputs[c], p.range.low, p.range.high));
  }

  /// The channels whose multipliers or biases are too large, anew.
  INLAY_NEVER_INLINE static void run_uncommon(const parameters& p, const table_entry* table,
                                              const map_view<std::int8_t>& output, const region& r,
                                              const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    using namespace detail::arm_dsp;
    const depthwise_window w = p.window;
    for (std::int32_t c = 0; c < p.channels; ++c) {
      const std::int32_t shift = shifts(table, p.channels)[c];
      if (shift >= 0 || shift == constant_shift) continue;
      const std::int32_t bias = p.bias_distance != 0 ? load_word(weights + p.bias_distance + 4 * c) : 0;
      const std::int32_t input_channel = p.input_channels == 1 ? 0 : c;
      for (std::int32_t y = r.first_row; y < r.end_row; ++y)
        for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
          std::int32_t sum = bias;
          for (std::int32_t ky = 0; ky < w.size; ++ky)
            for (std::int32_t kx = 0; kx < w.size; ++kx) {
              const std::int32_t iy = y * p.row_stride - p.top + ky, ix = x * w.stride - p.left + kx;
              if (iy < 0 || iy >= p.input_height || ix < 0 || ix >= p.input_width) continue;
              const std::int32_t value = input.pixel(iy, ix)[input_channel] - p.input_zero_point;
              sum = wrapping_add(sum, value * weights[(ky * w.size + kx) * p.channels + c]);
            }
          output.pixel(y, x)[c] = static_cast<std::int8_t>(uncommon_output(sum, table[c], shift, p.range));
        }
    }
  }
};

}  // namespace inlay
