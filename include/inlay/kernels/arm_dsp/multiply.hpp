// Inlay: the products of widened windows and weights for Cortex-M4, M7 and M33, written out.
#pragma once

#include <inlay/kernels/arm_dsp/primitives.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// Words for widened windows, sums before them.
constexpr std::int32_t buffer_words = 104;
constexpr std::int32_t deep_buffer_words = 216;  // the windows of three pixels of 3 × 3 × 16
constexpr std::int32_t least_sums = 16;          // beside whole windows

/// What the functions below read, right behind the widened windows.
struct multiplication {
  const std::int32_t* windows;
  std::uintptr_t from;       // base of the biases, or of the sums so far
  std::uintptr_t places[3];  // in the function's code
  std::uintptr_t multipliers, shifts;
  std::int32_t rounding;
  std::int32_t pitch;         // of the output
  std::int32_t weights_step;  // from the end of a channel's weights to the start of the next one's
  void* end;                  // of the outputs
  std::int32_t depth;         // from a channel's weights to the next one's
  std::uintptr_t sums;
};

// Functions that add the products of widened windows and weights, channel after channel. Compilers run out of
// registers here: r0 is in the windows, r1 their end and the multiplication, r2 weights, r3 an output. Channels are
// counted by r3: bases are addresses for r3 = 0. Rounds have some steps; skipped_steps are left out of the first.

/// For three pixels and two channels at a time: 27 cycles for the 24 products of a step. r8 to r10 are the sums of the
/// first channel, r11 to lr those of the second, which is the first one again where there is none.
///
/// On the stack: the distance from the first channel's weights to the second's, the multiplication, r3 for both
/// channels, and where a round is entered.
enum class three_starts : std::int16_t { as_before = -1, biases = 0, sums = 2 };
enum class three_ends : std::int32_t { sums = 4, outputs = 6, outputs_from_minus_128 = 8 };
[[gnu::naked, gnu::noinline]] inline void multiply_3_pixels(three_starts, multiplication*,
                                                            const std::int8_t* /*weights*/, std::int8_t* /*to*/,
                                                            std::int32_t /*skipped_steps*/, three_ends) {
  asm(R"(
  .macro inlay_products word, sum0, sum1, sum2
    smlad \sum0, r3, \word, \sum0
    smlad \sum1, r4, \word, \sum1
    smlad \sum2, r5, \word, \sum2
  .endm
  .macro inlay_step
    ldr r1, [sp]
    ldr r4, [r0, #4]
    ldr r7, [r2, r1]
    ldr r6, [r2], #4
    ldr r5, [r0, #8]
    ldr r3, [r0], #24
    sxtb16 r1, r6
    inlay_products r1, r8, r9, r10
    sxtb16 r1, r7
    inlay_products r1, r11, r12, lr
    ldmdb r0, {r3-r5}
    sxtb16 r6, r6, ror #8
    inlay_products r6, r8, r9, r10
    sxtb16 r7, r7, ror #8
    inlay_products r7, r11, r12, lr
  .endm
  .macro inlay_sums instruction
    add r4, r3, r3, lsl #1
    add r4, r1, r4, lsl #2
    \instruction r4, {r8-r10}
    add r4, r6, r6, lsl #1
    add r4, r1, r4, lsl #2
    \instruction r4, {r11, r12, lr}
  .endm
  .macro inlay_outputs multiplier, shift, sums:vararg
    mov r1, #1
    lsl r1, r1, \shift
    lsr r1, r1, #2
    sub r1, r1, #(255 << 13)
    .irp sum, \sums
    lsl \sum, \sum, \shift
    smmla \sum, \sum, \multiplier, r1
    ssat \sum, #8, \sum, asr #14
    .endr
  .endm
  .macro inlay_signed_outputs multiplier, shift, sums:vararg
    ldr r1, [sp, #4]
    ldr r1, [r1, #28]
    lsl r1, r1, \shift
    .irp sum, \sums
    add r4, r1, \sum, asr #31
    lsl \sum, \sum, #1
    smmlar \sum, \sum, \multiplier, r4
    asr \sum, \sum, \shift
    ssat \sum, #8, \sum, asr #1
    .endr
  .endm
  .macro inlay_scales
    ldrd r3, r4, [sp, #8]
    ldrd r5, r6, [r1, #20]
    ldr r0, [r5, r3, lsl #2]
    ldrb r7, [r6, r3]
    ldr r5, [r5, r4, lsl #2]
    ldrb r6, [r6, r4]
  .endm
    push {r4-r11, lr}
    sub sp, #20
    str r1, [sp, #4]
    cmp r0, #0
    blt 1f
    adr r4, 9f
    ldrd r5, r6, [sp, #56]
    ldrsh r0, [r4, r0]
    ldrsh r6, [r4, r6]
    ldrsh r7, [r4, #10]
    ldrsh r8, [r4, #12]
    mla r5, r5, r8, r7
    add r0, r0, r4
    add r5, r5, r4
    add r6, r6, r4
    strd r0, r5, [r1, #8]
    str r6, [r1, #16]
  1:
    ldr r4, [r1, #12]
    str r4, [sp, #16]
  2:
    ldrd r5, r4, [r1, #40]
    add r6, r3, #1
    cmp r6, r5
    itt eq
    moveq r6, r3
    moveq r4, #0
    strd r3, r6, [sp, #8]
    str r4, [sp]
    ldm r1, {r0, r1, pc}
  // From biases, and from sums.
  3:
    ldr r8, [r1, r3, lsl #2]
    ldr r11, [r1, r6, lsl #2]
    mov r9, r8
    mov r10, r8
    mov r12, r11
    mov lr, r11
    ldr pc, [sp, #16]
  4:
    inlay_sums ldm
    ldr pc, [sp, #16]
  5:
    inlay_step
  6:
    inlay_step
    inlay_step
    inlay_step
    inlay_step
    inlay_step
    ldr r1, [sp, #4]
    cmp r0, r1
    bne 5b
    ldr pc, [r1, #16]
  // To sums, to outputs, and to outputs from −128.
  7:
    ldr r3, [sp, #8]
    ldr r6, [sp, #12]
    ldr r1, [r1, #48]
    inlay_sums stm
    b 11f
  8:
    inlay_scales
    inlay_signed_outputs r0, r7, r8, r9, r10
    inlay_signed_outputs r5, r6, r11, r12, lr
    b 10f
    .balign 4
  9:
    .hword 3b - 9b + 1, 4b - 9b + 1, 7b - 9b + 1, 8b - 9b + 1, 9f - 9b + 1, 5b - 9b + 1, 6b - 5b
  9:
    inlay_scales
    inlay_outputs r0, r7, r8, r9, r10
    inlay_outputs r5, r6, r11, r12, lr
  10:
    ldr r1, [sp, #4]
    ldr r4, [sp, #12]
    ldr r0, [r1, #32]
    strb r8, [r3]
    strb r9, [r3, r0]
    strb r10, [r3, r0, lsl #1]
    strb r11, [r4]
    strb r12, [r4, r0]
    strb lr, [r4, r0, lsl #1]
  11:
    ldr r1, [sp, #4]
    ldr r4, [sp]
    ldr r3, [sp, #12]
    ldrd r5, r6, [r1, #36]
    add r3, r3, #1
    add r2, r2, r4
    add r2, r2, r5
    cmp r3, r6
    bne 2b
    add sp, #20
    pop {r4-r11, pc}
    .purgem inlay_products
    .purgem inlay_step
    .purgem inlay_sums
    .purgem inlay_outputs
    .purgem inlay_signed_outputs
    .purgem inlay_scales
  )");
}
constexpr std::int32_t steps_of_3_pixels = 6;  // in a round

/// For one pixel and four channels at a time, which share its widened window: 24 cycles for the 16 products of a step.
/// r8 to r11 are the sums, r2 and r12 the weights of the first and of the third channel, r3 the distance from those to
/// the next channel's. Where fewer than four are left some are computed twice: 0 1 1 2, 0 1 0 1 or 0 0 0 0. A round has
/// four steps.
///
/// On the stack: the multiplication, and what r3 is at the start for each of the four channels: where outputs go.
enum class one_ends : std::int32_t { sums = 0, outputs = 2, outputs_from_minus_128 = 4, outputs_of_one_scale = 10 };
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
  .macro inlay_rounded_output sum, multiplier, shift, rounding
    add r0, \rounding, \sum, asr #31
    lsl \sum, \sum, #1
    smmlar \sum, \sum, \multiplier, r0
    asr \sum, \sum, \shift
    ssat \sum, #8, \sum, asr #1
  .endm
  .macro inlay_signed_output sum
    lsl r0, r5, lr
    inlay_rounded_output \sum, r7, lr, r0
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
    ldm r0, {r3-r5}
    mov r6, #1
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
    ldrd r4, r5, [r1, #36]
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
    ldrd r6, r4, [r1, #40]
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
    ldr r0, [r1, #48]
    .irp sum, r8, r9, r10, r11
    ldr r12, [sp, #4]!
    str \sum, [r0, r12, lsl #2]
    .endr
    sub sp, #16
    inlay_next_channels
  5:
    inlay_outputs inlay_signed_output
  8:
    inlay_next_channels
    .balign 4
  9:
    .hword 4b - 9b + 1, 5b - 9b + 1, 6f - 9b + 1, 3b - 2b, 2b - 9b + 1, 7f - 9b + 1
  6:
    inlay_outputs inlay_output
    inlay_next_channels
  // Outputs of one scale, which the multiplication has in place of where multipliers and shifts are.
  7:
    add r2, r12, r3
    add r0, r1, #20
    ldm r0, {r3-r5}
    lsl r5, r5, r4
    .irp sum, r8, r9, r10, r11
    ldr r12, [sp, #4]!
    inlay_rounded_output \sum, r3, r4, r5
    strb \sum, [r12]
    .endr
    sub sp, #16
    b 8b
    .purgem inlay_products
    .purgem inlay_step
    .purgem inlay_rounded_output
    .purgem inlay_signed_output
    .purgem inlay_output
    .purgem inlay_outputs
    .purgem inlay_next_channels
  )");
}

}  // namespace inlay::detail::arm_dsp
