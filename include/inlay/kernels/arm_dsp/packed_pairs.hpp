// Inlay: CONV_2D for Cortex-M4, M7 and M33: the products of widened windows and weights that lie as they are read.
//
// Two channels of the output after the other, each pair with all that it needs: biases, weights, the first multiplier,
// what pair_scales makes, the second multiplier. A word of weights is bytes 0 and 2 of four weights of both channels,
// or bytes 1 and 3 of them: the first channel's are bytes 0 and 2 of the word.
#pragma once

#include <inlay/kernels/arm_dsp/primitives.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// Bytes of a pair, the weights of both channels among them, and those before its weights.
constexpr std::int32_t pair_bytes(std::int32_t weights) { return 20 + weights; }
constexpr std::int32_t pair_bytes_before = 8;

/// Both shifts, and where channels between are constant: from the first to the second, and to the next pair's first.
constexpr std::int32_t most_advance = 127;
constexpr std::int32_t pair_scales(std::int32_t first_shift, std::int32_t second_shift, std::int32_t distance,
                                   std::int32_t advance) {
  const std::int32_t shifts = first_shift | second_shift << 9;
  return distance == 1 && advance == 2
             ? shifts
             : static_cast<std::int32_t>(static_cast<std::uint32_t>(shifts | 1 << 8 | distance << 17) |
                                         static_cast<std::uint32_t>(advance) << 25);
}

enum class pairs_start : std::int32_t { biases, sums };
enum class pairs_end : std::int32_t { sums = 0, outputs = 2, outputs_from_minus_128 = 4 };

/// What multiply_pairs reads, and changes. Assembly counts on the order.
struct packed_pairs {
  const std::int32_t* windows;
  const std::int32_t* windows_end;
  std::uintptr_t rounds;        // steps that are left out of the first one, or where others are in the code
  std::int32_t before, behind;  // bytes of a pair before these weights, and behind them: for sums
  std::int32_t pitch;           // from a pixel to the next
  std::int32_t rounding;
  const std::int8_t* end;  // of the pairs
  const std::int32_t* from_sums;
  std::int32_t* to_sums;
};
static_assert(sizeof(packed_pairs) == 10 * 4);

/// For three pixels and two channels at a time: 26 cycles for the 24 products of a step of four channels, of which a
/// round has eight. r8 to r10 are the sums of the first channel, r11 to lr those of the second; r0 is in the windows,
/// r2 in the pairs.
///
/// Returns where the first pixel's next output would be.
/// On the stack: how pairs start, where in the code they end, the first pixel's output, r4 to r11 and lr, the work.
[[gnu::naked, gnu::noinline]] inline std::int8_t* multiply_pairs(pairs_start, pairs_end, const std::int8_t* /*pairs*/,
                                                                 std::int8_t* /*to*/, packed_pairs) {
  asm(R"(
  .macro inlay_half more:vararg
    ldr r4, [r0, #4]
    ldr r5, [r0, #8]
    ldr r1, [r2], #4
    \more
    ldr r3, [r0], #12
    sxtb16 r7, r1
    smlad r8, r3, r7, r8
    smlad r9, r4, r7, r9
    smlad r10, r5, r7, r10
    sxtb16 r1, r1, ror #8
    smlad r11, r3, r1, r11
    smlad r12, r4, r1, r12
    smlad lr, r5, r1, lr
  .endm
  )" INLAY_ARM_DSP_OUTPUTS R"(
  .macro inlay_finish outputs
    ldr r3, [sp, #8]
    ldr r7, [sp, #72]
    ldmia r2!, {r0, r4, r5}
    mov r6, #1
    \outputs r0, r8, r9, r10
    lsrs r4, r4, #9
    \outputs r5, r11, r12, lr
  .endm
    adr r12, 9f
    ldrsh r1, [r12, r1]
    add r1, r1, r12
    push {r0-r1, r3-r11, lr}
    ldr r0, [sp, #56]
    ldrsh r1, [r12, #6]
    ldrsh r4, [r12, #8]
    cmp r0, #8
    bhs 1f
    add r1, r1, r12
    mla r0, r0, r4, r1
    str r0, [sp, #56]
  1:
    ldr r0, [sp, #48]
    ldr r4, [sp]
  // From biases, or from sums.
  2:
    cbnz r4, 3f
    ldrd r8, r11, [r2], #8
    mov r9, r8
    mov r10, r8
    mov r12, r11
    mov lr, r11
    ldr pc, [sp, #56]
  3:
    ldr r1, [sp, #80]
    ldr r3, [sp, #60]
    ldm r1!, {r8-r12, lr}
    add r2, r2, r3
    str r1, [sp, #80]
    ldr pc, [sp, #56]
  4:
    inlay_half
    inlay_half
  5:
    .rept 13
    inlay_half
    .endr
    inlay_half ldr r6, [sp, #52]
    cmp r0, r6
    bne 4b
    ldr pc, [sp, #4]
    .balign 4
  9:
    .hword 7f - 9b + 1, 8f - 9b + 1, 10f - 9b + 1, 4b - 9b + 1, 5b - 4b
  // To sums, to outputs, and to outputs from −128.
  7:
    ldr r0, [sp, #84]
    ldr r1, [sp, #64]
    stmia r0!, {r8-r12, lr}
    add r2, r2, r1
    str r0, [sp, #84]
    b 12f
  8:
    inlay_finish inlay_signed_outputs
    b 11f
  10:
    inlay_finish inlay_outputs
  // The first pixel last: it may be in the place of the others.
  11:
    ldr r0, [sp, #68]
    bcs 13f
    add r5, r3, r0, lsl #1
    add r4, r3, r0
    strb r10, [r5]
    strb lr, [r5, #1]
    strb r9, [r4]
    strb r12, [r4, #1]
    strb r8, [r3]
    strb r11, [r3, #1]
    add r3, r3, #2
  14:
    str r3, [sp, #8]
  12:
    ldr r1, [sp, #76]
    ldr r0, [sp, #48]
    ldr r4, [sp]
    cmp r2, r1
    bne 2b
    mov r0, r3
    add sp, #12
    pop {r4-r11, pc}
  // Channels that are not neighbours. One alone is the first, after itself.
  13:
    add r5, r3, r0, lsl #1
    ubfx r6, r4, #8, #8
    add r1, r3, r0
    strb lr, [r5, r6]
    strb r10, [r5]
    strb r12, [r1, r6]
    strb r9, [r1]
    strb r11, [r3, r6]
    strb r8, [r3]
    add r3, r3, r4, lsr #16
    b 14b
    .purgem inlay_half
    .purgem inlay_outputs
    .purgem inlay_signed_outputs
    .purgem inlay_finish
  )");
}
constexpr std::int32_t steps_of_pairs = 8;  // in a round

}  // namespace inlay::detail::arm_dsp
