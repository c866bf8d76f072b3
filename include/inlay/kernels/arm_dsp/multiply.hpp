// Inlay: the products of widened windows and weights for Cortex-M4, M7 and M33, written out.
#pragma once

#include <inlay/kernels/arm_dsp/primitives.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// Words for widened windows, sums before them.
constexpr std::int32_t buffer_words = 104;
constexpr std::int32_t deep_buffer_words = 216;  // the windows of three pixels of 3 × 3 × 16
constexpr std::int32_t least_sums = 16;          // beside whole windows

// Functions that add the products of widened windows and weights, channel after channel. Compilers run out of
// registers here. Rounds have some steps; skipped_steps are left out of the first.

/// What multiply_3_pixels reads, and changes. Assembly counts on the order.
struct three_pixels {
  const std::int32_t* windows;
  const std::int32_t* windows_end;
  std::uintptr_t rounds;            // steps that are left out of the first one, then where it starts in the code
  std::int32_t distance;            // from the first channel's weights to the second's
  std::int32_t weights_step;        // from where the first channel's weights end to the next two channels' start
  std::int32_t channel_step;        // from the first channel to the second: 1, or 0 if there is one channel only
  const std::int32_t* multipliers;  // of the first channel
  std::int32_t biases;              // bytes from a channel's multiplier to its bias
  std::uintptr_t shifts;            // less where the output is
  const std::int8_t* last;          // output of the last channel
  std::int32_t pitch;               // from a pixel to the next
  std::int32_t rounding;
  const std::int32_t* from_sums;
  std::int32_t* to_sums;
};
static_assert(sizeof(three_pixels) == 14 * 4);

enum class three_starts : std::int32_t { biases = 0, sums = 2 };
enum class three_ends : std::int32_t { sums = 4, outputs = 6, outputs_from_minus_128 = 8 };

/// For three pixels and two channels at a time: 27 cycles for the 24 products of a step. r8 to r10 are the sums of the
/// first channel, r11 to lr those of the second; r0 is in the windows, r2 in the weights. Where one channel is left,
/// the second is made of the same weights, and dropped.
///
/// On the stack: where in the code channels start and end, the first pixel's output, r4 to r11 and lr, the work.
[[gnu::naked, gnu::noinline]] inline void multiply_3_pixels(three_starts, three_ends, const std::int8_t* /*weights*/,
                                                            std::int8_t* /*to*/, three_pixels) {
  asm(R"(
  .macro inlay_products word, sum0, sum1, sum2
    smlad \sum0, r3, \word, \sum0
    smlad \sum1, r4, \word, \sum1
    smlad \sum2, r5, \word, \sum2
  .endm
  .macro inlay_step
    ldr r1, [sp, #60]
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
  )" INLAY_ARM_DSP_OUTPUTS R"(
  .macro inlay_finish outputs
    ldr r3, [sp, #8]
    ldr r4, [sp, #80]
    ldr r1, [sp, #72]
    ldr r7, [sp, #92]
    ldrh r4, [r4, r3]
    ldrd r0, r5, [r1], #8
    str r1, [sp, #72]
    mov r6, #1
    \outputs r0, r8, r9, r10
    lsr r4, r4, #8
    \outputs r5, r11, r12, lr
  .endm
    adr r12, 9f
    ldrsh r0, [r12, r0]
    ldrsh r1, [r12, r1]
    add r0, r0, r12
    add r1, r1, r12
    push {r0-r1, r3-r11, lr}
    ldr r0, [sp, #56]
    ldrsh r1, [r12, #10]
    ldrsh r4, [r12, #12]
    add r1, r1, r12
    mla r0, r0, r4, r1
    str r0, [sp, #56]
  1:
    ldr r1, [sp, #72]
    ldr r3, [sp, #76]
    ldr r0, [sp, #48]
    ldr pc, [sp]
  // From biases, and from sums.
  2:
    add r1, r1, r3
    ldrd r8, r11, [r1]
    mov r9, r8
    mov r10, r8
    mov r12, r11
    mov lr, r11
    ldr pc, [sp, #56]
  3:
    ldr r1, [sp, #96]
    ldm r1!, {r8-r12, lr}
    str r1, [sp, #96]
    ldr pc, [sp, #56]
  4:
    inlay_step
  5:
    inlay_step
    inlay_step
    inlay_step
    inlay_step
    inlay_step
    ldr r1, [sp, #52]
    cmp r0, r1
    bne 4b
    ldr pc, [sp, #4]
    .balign 4
  9:
    .hword 2b - 9b + 1, 3b - 9b + 1, 7f - 9b + 1, 8f - 9b + 1, 10f - 9b + 1, 4b - 9b + 1, 5b - 4b
  // To sums, to outputs, and to outputs from −128.
  7:
    ldr r0, [sp, #100]
    ldr r5, [sp, #68]
    ldr r1, [sp, #72]
    ldr r3, [sp, #8]
    add r5, r5, r5, lsl #1
    add r1, r1, #8
    add r5, r0, r5, lsl #2
    str r1, [sp, #72]
    stm r5, {r11, r12, lr}
    stm r0, {r8-r10}
    add r0, r0, #24
    str r0, [sp, #100]
    b 12f
  8:
    inlay_finish inlay_signed_outputs
    b 11f
  10:
    inlay_finish inlay_outputs
  11:
    ldr r0, [sp, #88]
    ldr r5, [sp, #68]
    add r4, r3, r5
    strb lr, [r4, r0, lsl #1]
    strb r12, [r4, r0]
    strb r11, [r4]
    strb r10, [r3, r0, lsl #1]
    strb r9, [r3, r0]
    strb r8, [r3]
  12:
    add r3, r3, #2
    str r3, [sp, #8]
    ldr r1, [sp, #84]
    ldr r4, [sp, #64]
    cmp r3, r1
    add r2, r2, r4
    blo 1b
    bhi 13f
    mov r1, #0
    str r1, [sp, #60]
    str r1, [sp, #68]
    b 1b
  13:
    add sp, #12
    pop {r4-r11, pc}
    .purgem inlay_products
    .purgem inlay_step
    .purgem inlay_outputs
    .purgem inlay_signed_outputs
    .purgem inlay_finish
  )");
}
constexpr std::int32_t steps_of_3_pixels = 6;  // in a round

/// What multiply_1_pixel reads, right behind the widened windows. Channels are counted by r3, where the output goes:
/// bases are addresses for r3 = 0.
struct one_pixel {
  const std::int32_t* windows;
  std::uintptr_t from;       // base of the biases, or of the sums so far
  std::uintptr_t places[2];  // in the function's code
  std::uintptr_t multipliers, shifts;
  std::int32_t rounding;
  std::int32_t weights_step;  // from the end of a channel's weights to the start of the next one's
  void* end;                  // of the outputs
  std::int32_t depth;         // from a channel's weights to the next one's
  std::uintptr_t sums;
};

/// For one pixel and four channels at a time, which share its widened window: 24 cycles for the 16 products of a step.
/// r8 to r11 are the sums, r2 and r12 the weights of the first and of the third channel, r3 the distance from those to
/// the next channel's. Where fewer than four are left some are computed twice: 0 1 1 2, 0 1 0 1 or 0 0 0 0. A round has
/// four steps.
///
/// On the stack: the multiplication, and what r3 is at the start for each of the four channels: where outputs go.
enum class one_ends : std::int32_t { sums = 0, outputs = 2, outputs_from_minus_128 = 4, outputs_of_one_scale = 10 };
[[gnu::naked, gnu::noinline]] inline void multiply_1_pixel(one_ends, one_pixel*, const std::int8_t* /*weights*/,
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
    add r0, r1, #16
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
    ldrd r4, r5, [r1, #28]
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
    ldrd r6, r4, [r1, #32]
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
    ldr r0, [r1, #40]
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
    add r0, r1, #16
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
