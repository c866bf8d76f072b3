// Inlay: whole maps of DEPTHWISE_CONV_2D for Cortex-M4, M7 and M33.
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

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// A square window of 3, 5 or 7, stride 1 or 2 from column to column.
struct depthwise_window {
  std::int8_t size = 3, stride = 1;

  /// Whether weights are as at stride 1; those of 3 × 3 always.
  constexpr bool all_pairs() const { return stride == 1 || size == 3; }
  constexpr std::int32_t weights_row_words() const { return all_pairs() ? size - 1 : (size + 1) / 2; }
  constexpr std::int32_t weights_words() const { return size * weights_row_words(); }
  constexpr std::int32_t block_words() const { return weights_words() + 8; }
  /// Words of a row of a plane under so many outputs.
  constexpr std::int32_t plane_row_words(std::int32_t outputs) const { return ((outputs - 1) * stride + size + 1) / 2; }
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
//   where a row of the plane ends: for steps that make four outputs, for those that make two
//   distance between the two outputs of the last step; 0 drops the second one: the first one is written over it
//
// The last three words are for windows of 3; others have the output and how many are left there.

/// Rows of outputs, and of the plane that they are made from. Assembly counts on the order.
struct depthwise_rows {
  std::int32_t plane_pitch;              // bytes from a row of the plane to the next
  std::int32_t fours_bytes, twos_bytes;  // from a row's start to the ends that the block has
  std::int32_t plane_step, output_step;  // from the last output's place in a row to the start of the next
  std::int32_t count;                    // rows of outputs
  std::int32_t columns, output_pitch, output_row_pitch;
  std::int32_t top;     // the row of the input that the first row of windows starts with
  std::int32_t stored;  // and the one that the plane starts with
  std::int32_t stride;  // from a row of windows to the next
  std::int32_t input_height;
};

using depthwise_function = void(std::int32_t* block, const std::int32_t* plane, const depthwise_rows& rows,
                                std::int8_t* output);

#define INLAY_REQUANTISE(sum, multiplier, rounding, shift, temporary) \
  "add " temporary ", " rounding ", " sum                             \
  ", asr #31\n"                                                       \
  "smmlar " sum ", " sum ", " multiplier ", " temporary               \
  "\n"                                                                \
  "asr " sum ", " sum ", " shift                                      \
  "\n"                                                                \
  "ssat " sum ", #8, " sum ", asr #1\n"
// Where the zero point is −128 no negative sum makes anything else, however it is rounded.
#define INLAY_REQUANTISE_FROM_MINUS_128(sum, multiplier, rounding, shift, temporary) \
  "smmlar " sum ", " sum ", " multiplier ", " rounding                               \
  "\n"                                                                               \
  "asr " sum ", " sum ", " shift                                                     \
  "\n"                                                                               \
  "ssat " sum ", #8, " sum ", asr #1\n"
#define INLAY_4_TIMES(requantise, temporary)                                                  \
  requantise("r0", "r4", "r5", "r6", temporary) requantise("r1", "r4", "r5", "r6", temporary) \
      requantise("r2", "r4", "r5", "r6", temporary) requantise("r3", "r4", "r5", "r6", temporary)
#define INLAY_STORE_2(a, b, output, pitch) \
  "strb " b ", [" output ", " pitch        \
  "]\n"                                    \
  "strb " a ", [" output                   \
  "]\n"                                    \
  "add " output ", " output ", " pitch ", lsl #1\n"
#define INLAY_STORE_4(output) INLAY_STORE_2("r0", "r1", output, "r7") INLAY_STORE_2("r2", "r3", output, "r7")

// Windows of 3. r0 to r3 are the sums, r4 and r5 weights, r6 to r8 columns of the plane; r9 to r11 the plane's rows,
// r12 the block, lr the output. The first row starts from the bias, r3. Single loads in a row take a cycle each, and
// one more.
#define INLAY_THREE_ROWS(row)                                                                \
  row("r9", "ldr r3, [r12]\nldr r4, [r12, #4]\nldr r5, [r12, #8]\n", "r3", "r3", "r3", "r3") \
      row("r10", "ldr r4, [r12, #12]\nldr r5, [r12, #16]\n", "r0", "r1", "r2", "r3")         \
          row("r11", "ldr r4, [r12, #20]\nldr r5, [r12, #24]\n", "r0", "r1", "r2", "r3")
#define INLAY_WINDOWS_OF_3(name, requantise, four_outputs, two_outputs)                                                \
  [[gnu::naked, gnu::noinline]] inline void name(std::int32_t*, const std::int32_t*, const depthwise_rows&,            \
                                                 std::int8_t*) {                                                       \
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
        "ldr r4, [r12, #28]\n"\
 "ldr r5, [r12, #32]\n"\
 "ldr r6, [r12, #36]\n"\
 "ldr r7, [r12, #40]\n"\
 "ldr r8, [r12, #44]\n"\
 "cmp r9, r8\n" INLAY_4_TIMES(requantise, "r8") INLAY_STORE_4("lr")                                                  \
        "bne 2b\n"                                                                                                   \
        "3:\n"                                                                                                       \
        "ldr r8, [r12, #48]\n"                                                                                       \
        "cmp r9, r8\n"                                                                                               \
        "beq 5f\n"                                                                                                   \
        "4:\n" INLAY_THREE_ROWS(two_outputs)                                                                         \
        "add r8, r12, #28\n"\
 "ldm r8, {r2-r8}\n"\
        "cmp r9, r7\n"                                                                                               \
        "it eq\n"                                                                                                    \
        "moveq r5, r8\n" requantise("r0", "r2", "r3", "r4", "r8") requantise("r1", "r2", "r3", "r4", "r8") \
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
        "pop {r4-r11, pc}\n"); \
  }

#define INLAY_FOUR_OUTPUTS(plane, load, a, b, c, d) \
  load "ldr r7, [" plane                            \
       ", #4]\n"                                    \
       "ldr r8, [" plane                            \
       ", #8]\n"                                    \
       "ldr r6, [" plane                            \
       "], #8\n"                                    \
       "smlad r0, r6, r4, " a                       \
       "\n"                                         \
       "smlatb r1, r6, r4, " b                      \
       "\n"                                         \
       "smlabt r0, r7, r5, r0\n"                    \
       "smlad r1, r7, r5, r1\n"                     \
       "smlad r2, r7, r4, " c                       \
       "\n"                                         \
       "smlatb r3, r7, r4, " d                      \
       "\n"                                         \
       "smlabt r2, r8, r5, r2\n"                    \
       "smlad r3, r8, r5, r3\n"
#define INLAY_TWO_OUTPUTS(plane, load, a, b, c, d) \
  load "ldr r7, [" plane                           \
       ", #4]\n"                                   \
       "ldr r6, [" plane                           \
       "], #4\n"                                   \
       "smlad r0, r6, r4, " a                      \
       "\n"                                        \
       "smlatb r1, r6, r4, " b                     \
       "\n"                                        \
       "smlabt r0, r7, r5, r0\n"                   \
       "smlad r1, r7, r5, r1\n"
INLAY_WINDOWS_OF_3(depthwise_3_stride_1, INLAY_REQUANTISE, INLAY_FOUR_OUTPUTS, INLAY_TWO_OUTPUTS)
INLAY_WINDOWS_OF_3(depthwise_3_stride_1_from_minus_128, INLAY_REQUANTISE_FROM_MINUS_128, INLAY_FOUR_OUTPUTS,
                   INLAY_TWO_OUTPUTS)
#undef INLAY_TWO_OUTPUTS
#undef INLAY_FOUR_OUTPUTS

#define INLAY_FOUR_OUTPUTS(plane, load, a, b, c, d) \
  load "ldr r7, [" plane                            \
       ", #4]\n"                                    \
       "ldr r8, [" plane                            \
       ", #8]\n"                                    \
       "ldr r6, [" plane                            \
       "], #16\n"                                   \
       "smlad r0, r6, r4, " a                       \
       "\n"                                         \
       "smlabt r0, r7, r5, r0\n"                    \
       "smlad r1, r7, r4, " b                       \
       "\n"                                         \
       "smlabt r1, r8, r5, r1\n"                    \
       "smlad r2, r8, r4, " c                       \
       "\n"                                         \
       "ldr r6, [" plane                            \
       ", #-4]\n"                                   \
       "ldr r7, [" plane                            \
       "]\n"                                        \
       "smlabt r2, r6, r5, r2\n"                    \
       "smlad r3, r6, r4, " d                       \
       "\n"                                         \
       "smlabt r3, r7, r5, r3\n"
#define INLAY_TWO_OUTPUTS(plane, load, a, b, c, d) \
  load "ldr r7, [" plane                           \
       ", #4]\n"                                   \
       "ldr r8, [" plane                           \
       ", #8]\n"                                   \
       "ldr r6, [" plane                           \
       "], #8\n"                                   \
       "smlad r0, r6, r4, " a                      \
       "\n"                                        \
       "smlabt r0, r7, r5, r0\n"                   \
       "smlad r1, r7, r4, " b                      \
       "\n"                                        \
       "smlabt r1, r8, r5, r1\n"
INLAY_WINDOWS_OF_3(depthwise_3_stride_2, INLAY_REQUANTISE, INLAY_FOUR_OUTPUTS, INLAY_TWO_OUTPUTS)
INLAY_WINDOWS_OF_3(depthwise_3_stride_2_from_minus_128, INLAY_REQUANTISE_FROM_MINUS_128, INLAY_FOUR_OUTPUTS,
                   INLAY_TWO_OUTPUTS)
#undef INLAY_TWO_OUTPUTS
#undef INLAY_FOUR_OUTPUTS
#undef INLAY_WINDOWS_OF_3
#undef INLAY_THREE_ROWS

// Larger windows, four outputs at a time, row by row, only the rows in the map. r0 to r3 are the sums, r10 the plane's
// row, r11 the distance to the next, r12 the weights, lr their end; weights and columns of the plane are in the others.
//
// On the stack: plane, distance, weights, their end, rows of outputs left, the row of the input that the window starts
// with; then the arguments. After shift and distance in the block: the output, and how many are left.
#define INLAY_LARGER_WINDOWS(name, size, weights_bytes, step_bytes, row)                                              \
  [[gnu::naked, gnu::noinline]] inline void name(std::int32_t*, const std::int32_t*, const depthwise_rows&,           \
                                                 std::int8_t*) {                                                      \
    asm("push {r0-r11, lr}\n"                                                                                       \
        "sub sp, #24\n"                                                                                             \
        "ldr r4, [r2, #20]\n"                                                                                       \
        "ldr r5, [r2, #36]\n"                                                                                       \
        "1:\n"                                                                                                      \
        "str r4, [sp, #16]\n"                                                                                       \
        "ldrd r0, r1, [sp, #24]\n"                                                                                  \
        "ldrd r2, r3, [sp, #32]\n"                                                                                  \
        "rsbs r6, r5, #0\n"                                                                                         \
        "it mi\n"                                                                                                   \
        "movmi r6, #0\n"                                                                                            \
        "ldr r7, [r2, #48]\n"                                                                                       \
        "sub r7, r7, r5\n"                                                                                          \
        "cmp r7, #" size                                                                                            \
        "\n"                                                                                                        \
        "it gt\n"                                                                                                   \
        "movgt r7, #" size                                                                                          \
        "\n"                                                                                                        \
        "ldr r10, [r2, #40]\n"                                                                                      \
        "ldr r11, [r2]\n"                                                                                           \
        "sub r10, r5, r10\n"                                                                                        \
        "add r10, r10, r6\n"                                                                                        \
        "mla r10, r10, r11, r1\n"                                                                                   \
        "strd r10, r11, [sp]\n"                                                                                     \
        "add r0, r0, #4\n"                                                                                          \
        "mov r8, #" weights_bytes                                                                                   \
        "\n"                                                                                                        \
        "mla r6, r6, r8, r0\n"                                                                                      \
        "mla r7, r7, r8, r0\n"                                                                                      \
        "strd r6, r7, [sp, #8]\n"                                                                                   \
        "ldrd r6, r7, [r2, #24]\n"                                                                                  \
        "strd r3, r6, [r0, #(" size " * " weights_bytes                                                             \
        " + 16)]\n"                                                                                                 \
        "ldr r7, [r2, #32]\n"                                                                                       \
        "add r3, r3, r7\n"                                                                                          \
        "str r3, [sp, #36]\n"                                                                                       \
        "ldr r7, [r2, #44]\n"                                                                                       \
        "add r5, r5, r7\n"                                                                                          \
        "str r5, [sp, #20]\n"                                                                                       \
        "2:\n"                                                                                                      \
        "ldr r8, [sp, #24]\n"                                                                                       \
        "ldm sp, {r10-r12, lr}\n"                                                                                   \
        "ldr r3, [r8]\n"                                                                                            \
        "add r4, r10, #" step_bytes                                                                                 \
        "\n"                                                                                                        \
        "str r4, [sp]\n"                                                                                            \
        "mov r0, r3\n"                                                                                              \
        "mov r1, r3\n"                                                                                              \
        "mov r2, r3\n"                                                                                              \
        "3:\n" row                                                                                                  \
        "add r10, r10, r11\n"                                                                                       \
        "cmp r12, lr\n"                                                                                             \
        "bne 3b\n"                                                                                                  \
        "ldr r12, [sp, #24]\n"                                                                                      \
        "add r12, r12, #(" size " * " weights_bytes                                                                 \
        " + 4)\n"                                                                                                   \
        "ldmia r12, {r4-r9}\n" INLAY_4_TIMES(INLAY_REQUANTISE, "r10")                                                            \
        "subs r9, r9, #4\n"                                                                                         \
        "blt 4f\n" INLAY_STORE_4("r8")                                                                              \
        "strd r8, r9, [r12, #16]\n"                                                                                 \
        "bne 2b\n"                                                                                                  \
        "b 5f\n"                                                                                                    \
        "4:\n"                                                                                                      \
        "strb r0, [r8]\n"                                                                                           \
        "adds r9, r9, #2\n"                                                                                         \
        "it ge\n"                                                                                                   \
        "strbge r1, [r8, r7]\n"                                                                                     \
        "it gt\n"                                                                                                   \
        "strbgt r2, [r8, r7, lsl #1]\n"                                                                             \
        "5:\n"                                                                                                      \
        "ldrd r4, r5, [sp, #16]\n"                                                                                  \
        "subs r4, r4, #1\n"                                                                                         \
        "bne 1b\n"                                                                                                  \
        "add sp, #40\n"                                                                                             \
        "pop {r4-r11, pc}\n"); \
  }
#define INLAY_MULTIPLY(how, sum, column, weight) "smla" how " " sum ", " column ", " weight ", " sum "\n"

// An instruction a line.
// clang-format off
INLAY_LARGER_WINDOWS(depthwise_5_stride_1, "5", "16", "8",
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
INLAY_LARGER_WINDOWS(depthwise_5_stride_2, "5", "12", "16",
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
INLAY_LARGER_WINDOWS(depthwise_7_stride_1, "7", "24", "8",
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
INLAY_LARGER_WINDOWS(depthwise_7_stride_2, "7", "16", "16",
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
// clang-format on
#undef INLAY_MULTIPLY
#undef INLAY_LARGER_WINDOWS
#undef INLAY_STORE_4
#undef INLAY_STORE_2
#undef INLAY_4_TIMES
#undef INLAY_REQUANTISE_FROM_MINUS_128
#undef INLAY_REQUANTISE

/// Twice the weights of a channel, for a block: requantisation takes twice the sums. `step` is from a column of the
/// window to the next, `row_step` from a row.
template <std::int32_t Size, bool AllPairs>
INLAY_NEVER_INLINE void gather_window(const std::int8_t* weights, std::int32_t step, std::int32_t row_step,
                                      std::int32_t* to) {
  constexpr std::int32_t columns = AllPairs ? 1 : 2;
  for (std::int32_t y = 0; y < Size; ++y, weights += row_step) {
    const std::int8_t* from = weights;
    std::int32_t last = from[0] << 1;
#pragma GCC unroll 8
    for (std::int32_t x = 1; x < Size; x += columns, from += columns * step) {
      const std::int32_t weight = from[step] << 1;
      *to++ = lower_halves(last, weight);
      last = AllPairs ? weight : from[2 * step] << 1;
    }
    if (!AllPairs) *to++ = last;
  }
}

constexpr depthwise_function* depthwise_function_of(depthwise_window w, bool from_minus_128) {
  if (w.size == 3 && from_minus_128)
    return w.stride == 1 ? depthwise_3_stride_1_from_minus_128 : depthwise_3_stride_2_from_minus_128;
  if (w.size == 3) return w.stride == 1 ? depthwise_3_stride_1 : depthwise_3_stride_2;
  if (w.size == 5) return w.stride == 1 ? depthwise_5_stride_1 : depthwise_5_stride_2;
  return w.stride == 1 ? depthwise_7_stride_1 : depthwise_7_stride_2;
}

}  // namespace inlay::detail::arm_dsp
