// Inlay: the products of widened windows and weights for Cortex-M4, M7 and M33, written out.
#pragma once

#include <inlay/kernels/arm_dsp/primitives.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

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
  std::int32_t depth;                 // from a channel's weights to the next one's
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

/// For one pixel and four channels at a time, which share its widened window: 24 cycles for the 16 products of a step.
/// r8 to r11 are the sums, r2 and r12 the weights of the first and of the third channel, r3 the distance from those to
/// the next channel's. Where fewer than four are left some are computed twice: 0 1 1 2, 0 1 0 1 or 0 0 0 0. A round has
/// four steps; skipped_steps are left out of the first.
///
/// On the stack: the multiplication, and what r3 is at the start for each of the four channels: where outputs go.
enum class one_ends : std::int32_t { sums = 0, outputs = 2, outputs_from_minus_128 = 4 };
[[gnu::naked, gnu::noinline]] inline void multiply_1_pixel(one_ends, multiplication*, const std::int8_t* /*weights*/,
                                                           std::int8_t* /*to*/, std::int32_t /*skipped_steps*/) {
  asm(R"(
  .macro inlay_products sum, weights
    sxtb16 lr, \weights
    sxtb16 \weights, \weights, ror #8
    smlad \sum, r4, lr, \sum
    smlad \sum, r5, \weights, \sum
  .endm
  .macro inlay_step more:vararg
    ldr r5, [r0, #4]
    ldr r4, [r0], #8
    ldr r6, [r2, r3]
    ldr r7, [r2], #4
    ldr r1, [r12, r3]
    inlay_products r9, r6
    inlay_products r8, r7
    ldr r7, [r12], #4
    \more
    inlay_products r11, r1
    inlay_products r10, r7
  .endm
  .macro inlay_signed_output sum
    lsl r0, r5, lr
    add r0, r0, \sum, asr #31
    lsl \sum, \sum, #1
    smmlar \sum, \sum, r7, r0
    asr \sum, \sum, lr
    ssat \sum, #8, \sum, asr #1
  .endm
  .macro inlay_output sum
    lsl r0, r6, lr
    add r0, r5, r0, lsr #2
    lsl \sum, \sum, lr
    smmla \sum, \sum, r7, r0
    ssat \sum, #8, \sum, asr #14
  .endm
  .macro inlay_outputs output
    add r2, r12, r3
    add r0, r1, #20
    ldm r0, {r3-r6}
    .irp sum, r8, r9, r10, r11
    ldr r12, [sp, #4]!
    ldrb lr, [r4, r12]
    ldr r7, [r3, r12, lsl #2]
    \output \sum
    strb \sum, [r12]
    .endr
    sub sp, #16
  .endm
  .macro inlay_next_channels
    ldrd r4, r5, [r1, #44]
    add r3, r12, #1
    add r2, r2, r4
    cmp r3, r5
    bne 1b
    add sp, #20
    pop {r4-r11, pc}
  .endm
    push {r4-r11, lr}
    sub sp, #20
    str r1, [sp]
    adr r4, 9f
    ldrsh r0, [r4, r0]
    ldr r5, [sp, #56]
    ldrsh r6, [r4, #6]
    ldrsh r7, [r4, #8]
    add r0, r0, r4
    mla r5, r5, r6, r7
    add r5, r5, r4
    strd r5, r0, [r1, #8]
  1:
    ldrd r6, r4, [r1, #48]
    mov r5, #1
    sub r6, r6, r3
    sub r6, r6, #2
    cmp r6, #2
    it gt
    movgt r6, #2
    cmp r6, #0
    ittt lt
    movlt r6, #0
    movlt r5, #0
    movlt r4, #0
    mla r12, r6, r4, r2
    add r6, r3, r6
    add r7, r6, r5
    add r5, r3, r5
    strd r3, r5, [sp, #4]
    strd r6, r7, [sp, #12]
    ldm r1, {r0, r1}
    ldr r8, [r1, r3, lsl #2]
    ldr r9, [r1, r5, lsl #2]
    ldr r10, [r1, r6, lsl #2]
    ldr r11, [r1, r7, lsl #2]
    mov r3, r4
    ldr r1, [sp]
    ldr pc, [r1, #8]
  2:
    inlay_step
  3:
    inlay_step
    inlay_step
    inlay_step ldr r6, [sp]
    cmp r0, r6
    bne 2b
    mov r1, r6
    ldr pc, [r1, #12]
  // Ends: sums, outputs, outputs from −128.
  4:
    add r2, r12, r3
    ldr r0, [r1, #56]
    .irp sum, r8, r9, r10, r11
    ldr r12, [sp, #4]!
    str \sum, [r0, r12, lsl #2]
    .endr
    sub sp, #16
    inlay_next_channels
  5:
    inlay_outputs inlay_signed_output
    inlay_next_channels
    .balign 4
  9:
    .hword 4b - 9b + 1, 5b - 9b + 1, 6f - 9b + 1, 3b - 2b, 2b - 9b + 1
  6:
    inlay_outputs inlay_output
    inlay_next_channels
    .purgem inlay_products
    .purgem inlay_step
    .purgem inlay_signed_output
    .purgem inlay_output
    .purgem inlay_outputs
    .purgem inlay_next_channels
  )");
}

}  // namespace inlay::detail::arm_dsp
