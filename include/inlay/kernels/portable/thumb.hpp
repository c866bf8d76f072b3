// Inlay: the loops of pairs.hpp, depthwise.hpp and outputs.hpp for Cortex-M0 and M0+. Compilers keep sums out of r8 to
// lr, to which only additions have access, and run out of r0 to r7.
#pragma once

#include <inlay/kernels/portable/work.hpp>

#include <cstddef>

namespace inlay::inline INLAY_ABI::detail::thumb {

static_assert(offsetof(window_products, channel_pitch) == 24);
static_assert(offsetof(depthwise_windows, columns) == 60 && offsetof(depthwise_windows, offsets) == 64);
static_assert(offsetof(output_channels, half) == 40);

#define INLAY_PUSH     \
  "push {r4-r7, lr}\n" \
  "mov r4, r8\n"       \
  "mov r5, r9\n"       \
  "mov r6, r10\n"      \
  "mov r7, r11\n"      \
  "push {r4-r7}\n"
#define INLAY_POP \
  "pop {r4-r7}\n" \
  "mov r8, r4\n"  \
  "mov r9, r5\n"  \
  "mov r10, r6\n" \
  "mov r11, r7\n" \
  "pop {r4-r7, pc}\n"

/// Four pixels by one channel: see multiply_four. r0 to r3 are words and products, r4 a weight, which stands at r5 +
/// r6, words at r7, their end is lr; r8 and r9 add up sums of products, r10 and r11 their upper halves; r12 is half of
/// what those are counted in. The description stands at sp.
#define INLAY_ADD_SUMS \
  "add r8, r0\n"       \
  "add r9, r1\n"       \
  "add r0, r12\n"      \
  "add r1, r12\n"      \
  "asrs r0, r0, #16\n" \
  "asrs r1, r1, #16\n" \
  "add r10, r0\n"      \
  "add r11, r1\n"
#define INLAY_TWO_ELEMENTS \
  "ldmia r7!, {r0-r3}\n"   \
  "ldrsb r4, [r5, r6]\n"   \
  "adds r6, #1\n"          \
  "muls r0, r4\n"          \
  "muls r1, r4\n"          \
  "ldrsb r4, [r5, r6]\n"   \
  "adds r6, #1\n"          \
  "muls r2, r4\n"          \
  "muls r3, r4\n"          \
  "adds r0, r0, r2\n"      \
  "adds r1, r1, r3\n" INLAY_ADD_SUMS
[[gnu::naked, gnu::noinline]] inline void multiply_four(window_products*) {
  asm(".syntax unified\n" INLAY_PUSH
      "ldr r1, [r0, #8]\n"
      "push {r0, r1}\n"
      "mov lr, r1\n"
      "movs r1, #128\n"
      "lsls r1, r1, #8\n"
      "mov r12, r1\n"
      "1:\n"
      "ldr r0, [sp]\n"
      "ldr r1, [r0, #12]\n"
      "ldmia r1!, {r2-r5}\n"
      "mov r10, r3\n"
      "lsls r3, r3, #16\n"
      "adds r2, r2, r3\n"
      "mov r8, r2\n"
      "mov r11, r5\n"
      "lsls r5, r5, #16\n"
      "adds r4, r4, r5\n"
      "mov r9, r4\n"
      "ldr r5, [r0, #20]\n"
      "movs r6, #0\n"
      "ldr r7, [r0]\n"
      "ldr r2, [r0, #4]\n"
      "cmp r7, r2\n"
      "beq 3f\n"
      "2:\n"
      "ldmia r7!, {r0, r1}\n"
      "ldrsb r4, [r5, r6]\n"
      "adds r6, #1\n"
      "muls r0, r4\n"
      "muls r1, r4\n" INLAY_ADD_SUMS
      "cmp r7, r2\n"
      "bne 2b\n"
      "3:\n"
      "cmp r7, lr\n"
      "beq 5f\n"
      "4:\n" INLAY_TWO_ELEMENTS INLAY_TWO_ELEMENTS INLAY_TWO_ELEMENTS INLAY_TWO_ELEMENTS
      "cmp r7, lr\n"
      "bne 4b\n"
      "5:\n"
      "mov r0, r8\n"
      "mov r1, r10\n"
      "lsls r2, r1, #16\n"
      "subs r0, r0, r2\n"
      "mov r2, r9\n"
      "mov r3, r11\n"
      "lsls r4, r3, #16\n"
      "subs r2, r2, r4\n"
      "ldr r7, [sp]\n"
      "ldr r6, [r7, #12]\n"
      "stmia r6!, {r0-r3}\n"
      "str r6, [r7, #12]\n"
      "ldr r4, [r7, #20]\n"
      "ldr r5, [r7, #24]\n"
      "adds r4, r4, r5\n"
      "str r4, [r7, #20]\n"
      "ldr r5, [r7, #16]\n"
      "cmp r6, r5\n"
      "beq 6f\n"
      "b 1b\n"
      "6:\n"
      "add sp, #8\n" INLAY_POP);
}
#undef INLAY_TWO_ELEMENTS
#undef INLAY_ADD_SUMS

/// One pixel by four channels: see multiply_one. r0 is a word, r1 a weight; weights stand at r2 + r6 to r5 + r6,
/// words at r7; r8 to r11 are sums, r12 the words' end.
[[gnu::naked, gnu::noinline]] inline void multiply_one(window_products*) {
#define INLAY_ELEMENT    \
  "ldmia r7!, {r0}\n"    \
  "ldrsb r1, [r2, r6]\n" \
  "muls r1, r0\n"        \
  "add r8, r1\n"         \
  "ldrsb r1, [r3, r6]\n" \
  "muls r1, r0\n"        \
  "add r9, r1\n"         \
  "ldrsb r1, [r4, r6]\n" \
  "muls r1, r0\n"        \
  "add r10, r1\n"        \
  "ldrsb r1, [r5, r6]\n" \
  "muls r1, r0\n"        \
  "add r11, r1\n"        \
  "adds r6, #1\n"
  asm(".syntax unified\n" INLAY_PUSH
      "ldr r1, [r0, #8]\n"
      "push {r0, r1}\n"
      "1:\n"
      "ldr r1, [sp, #4]\n"
      "mov r12, r1\n"
      "ldr r0, [sp]\n"
      "ldr r1, [r0, #12]\n"
      "ldr r2, [r1]\n"
      "ldr r3, [r1, #16]\n"
      "ldr r4, [r1, #32]\n"
      "ldr r5, [r1, #48]\n"
      "mov r8, r2\n"
      "mov r9, r3\n"
      "mov r10, r4\n"
      "mov r11, r5\n"
      "ldr r2, [r0, #20]\n"
      "ldr r5, [r0, #24]\n"
      "adds r3, r2, r5\n"
      "adds r4, r3, r5\n"
      "adds r5, r4, r5\n"
      "ldr r7, [r0]\n"
      "ldr r1, [r0, #4]\n"
      "movs r6, #0\n"
      "b 3f\n"
      "2:\n" INLAY_ELEMENT
      "ldr r0, [sp]\n"
      "ldr r1, [r0, #4]\n"
      "3:\n"
      "cmp r7, r1\n"
      "bne 2b\n"
      "cmp r7, r12\n"
      "beq 5f\n"
      "4:\n" INLAY_ELEMENT INLAY_ELEMENT
      "cmp r7, r12\n"
      "bne 4b\n"
      "5:\n"
      "ldr r7, [sp]\n"
      "ldr r6, [r7, #12]\n"
      "mov r0, r8\n"
      "mov r1, r9\n"
      "mov r2, r10\n"
      "mov r3, r11\n"
      "str r0, [r6]\n"
      "str r1, [r6, #16]\n"
      "str r2, [r6, #32]\n"
      "str r3, [r6, #48]\n"
      "adds r6, #64\n"
      "str r6, [r7, #12]\n"
      "ldr r4, [r7, #20]\n"
      "ldr r5, [r7, #24]\n"
      "lsls r5, r5, #2\n"
      "adds r4, r4, r5\n"
      "str r4, [r7, #20]\n"
      "ldr r5, [r7, #16]\n"
      "cmp r6, r5\n"
      "bne 1b\n"
      "add sp, #8\n" INLAY_POP);
#undef INLAY_ELEMENT
}

// Four channels after four: see multiply_depthwise. r0 and r1 are an element and a weight, of the tap at r2 and r3; r4
// to r7 are the offsets of channels, r8 to r11 sums, r12 and lr the steps from tap to tap. At sp are the windows, the
// end of the row of taps, the rows that are left, the pixel, the end of the pixels' sums.
#define INLAY_PRODUCT(WEIGHT, channel, offset, sum) \
  "ldrsb r0, [r2, " offset "]\n" WEIGHT(channel, offset) "muls r0, r1\n" \
  "add " sum ", r0\n"
#define INLAY_TAP(WEIGHT) \
  INLAY_PRODUCT(WEIGHT, "0", "r4", "r8") INLAY_PRODUCT(WEIGHT, "1", "r5", "r9") INLAY_PRODUCT(WEIGHT, "2", "r6", "r10") \
  INLAY_PRODUCT(WEIGHT, "3", "r7", "r11") \
  "add r2, r12\n" \
  "add r3, lr\n"
#define INLAY_WEIGHT_LIKE_ELEMENT(channel, offset) "ldrsb r1, [r3, " offset "]\n"
#define INLAY_WEIGHT_APART(channel, offset) "ldrb r1, [r3, #" channel "]\nsxtb r1, r1\n"
#define INLAY_DEPTHWISE(OFFSETS, WEIGHT) \
  asm(".syntax unified\n" INLAY_PUSH \
      "sub sp, #20\n" \
      "str r0, [sp]\n" \
      "ldr r2, [r0, #40]\n" \
      "ldr r3, [r0, #44]\n" \
      "mov r12, r2\n" \
      "mov lr, r3\n" \
      "1:\n" \
      "ldr r2, [r0]\n" \
      "str r2, [sp, #12]\n" \
      "ldr r3, [r0, #12]\n" \
      "ldr r1, [r0, #52]\n" \
      "adds r1, r1, r3\n" \
      "str r1, [sp, #16]\n" \
      "2:\n" \
      "ldr r1, [r0, #8]\n" \
      "ldmia r1!, {r4-r7}\n" \
      "mov r8, r4\n" \
      "mov r9, r5\n" \
      "mov r10, r6\n" \
      "mov r11, r7\n" \
      OFFSETS \
      "ldr r3, [r0, #16]\n" \
      "str r3, [sp, #8]\n" \
      "ldr r3, [r0, #4]\n" \
      "3:\n" \
      "ldr r1, [r0, #60]\n" \
      "cmp r1, #3\n" \
      "beq 6f\n" \
      "ldr r0, [r0, #20]\n" \
      "adds r0, r2, r0\n" \
      "str r0, [sp, #4]\n" \
      "4:\n" INLAY_TAP(WEIGHT) \
      "ldr r0, [sp, #4]\n" \
      "cmp r2, r0\n" \
      "bne 4b\n" \
      "b 7f\n" \
      "6:\n" INLAY_TAP(WEIGHT) INLAY_TAP(WEIGHT) INLAY_TAP(WEIGHT) \
      "7:\n" \
      "ldr r0, [sp]\n" \
      "ldr r1, [r0, #24]\n" \
      "adds r2, r2, r1\n" \
      "ldr r1, [r0, #32]\n" \
      "cmp r2, r1\n" \
      "blo 5f\n" \
      "ldr r1, [r0, #36]\n" \
      "subs r2, r2, r1\n" \
      "5:\n" \
      "ldr r1, [r0, #28]\n" \
      "adds r3, r3, r1\n" \
      "ldr r1, [sp, #8]\n" \
      "subs r1, #1\n" \
      "str r1, [sp, #8]\n" \
      "bne 3b\n" \
      "ldr r1, [r0, #12]\n" \
      "mov r4, r8\n" \
      "mov r5, r9\n" \
      "mov r6, r10\n" \
      "mov r7, r11\n" \
      "str r4, [r1]\n" \
      "str r5, [r1, #32]\n" \
      "str r6, [r1, #64]\n" \
      "str r7, [r1, #96]\n" \
      "adds r1, #4\n" \
      "str r1, [r0, #12]\n" \
      "ldr r2, [sp, #12]\n" \
      "ldr r3, [r0, #48]\n" \
      "adds r2, r2, r3\n" \
      "str r2, [sp, #12]\n" \
      "ldr r3, [sp, #16]\n" \
      "cmp r1, r3\n" \
      "beq 8f\n" \
      "b 2b\n" \
      "8:\n" \
      "ldr r4, [r0, #52]\n" \
      "subs r4, #128\n" \
      "subs r4, r1, r4\n" \
      "ldmia r0!, {r1-r3}\n" \
      "adds r1, #4\n" \
      "adds r2, #4\n" \
      "adds r3, #16\n" \
      "subs r0, #12\n" \
      "stmia r0!, {r1-r4}\n" \
      "ldr r0, [sp]\n" \
      "ldr r1, [r0, #56]\n" \
      "cmp r4, r1\n" \
      "beq 9f\n" \
      "b 1b\n" \
      "9:\n" \
      "add sp, #20\n" INLAY_POP)
[[gnu::naked, gnu::noinline]] inline void multiply_depthwise(depthwise_windows*) {
  INLAY_DEPTHWISE("movs r4, #0\nmovs r5, #1\nmovs r6, #2\nmovs r7, #3\n", INLAY_WEIGHT_LIKE_ELEMENT);
}
/// Elements have offsets of their own: four channels only.
[[gnu::naked, gnu::noinline]] inline void multiply_depthwise_apart(depthwise_windows*) {
  INLAY_DEPTHWISE("movs r7, r0\nadds r7, #64\nldmia r7!, {r4-r6}\nldr r7, [r7]\n", INLAY_WEIGHT_APART);
}
#undef INLAY_DEPTHWISE
#undef INLAY_WEIGHT_APART
#undef INLAY_WEIGHT_LIKE_ELEMENT
#undef INLAY_TAP
#undef INLAY_PRODUCT

/// Outputs of channels up to one whose shift is negative: see make_outputs. r0 to r3 are what becomes an output, r4 its
/// sum's place, r5 and r6 halves of the multiplier, r7 the shift; r8 is 2^15, r9 the offset of right_scale, r10 and r11
/// the range, r12 the output's place, lr the pitch of pixels. At sp are the outputs and the end of the channel's sums.
[[gnu::naked, gnu::noinline]] inline void make_outputs(output_channels*) {
  asm(".syntax unified\n" INLAY_PUSH
      "sub sp, #8\n"
      "str r0, [sp]\n"
      "movs r1, #128\n"
      "lsls r1, r1, #8\n"
      "ldr r2, [r0, #28]\n"
      "ldr r3, [r0, #32]\n"
      "ldr r4, [r0, #36]\n"
      "mov r8, r1\n"
      "mov lr, r2\n"
      "mov r10, r3\n"
      "mov r11, r4\n"
      // A channel.
      "1:\n"
      "ldmia r0!, {r1-r4}\n"
      "ldrb r7, [r1]\n"
      "sxtb r7, r7\n"
      "cmp r7, #0\n"
      "blt 5f\n"
      "ldr r5, [r2]\n"
      "mov r12, r3\n"
      "adds r1, #1\n"
      "adds r2, #4\n"
      "adds r3, #1\n"
      "ldr r6, [r0, #4]\n"
      "adds r6, r6, r4\n"
      "subs r0, #16\n"
      "stmia r0!, {r1-r3, r6}\n"
      "ldr r1, [r0, #8]\n"
      "adds r1, r1, r4\n"
      "str r1, [sp, #4]\n"
      "ldr r1, [r0, #24]\n"
      "subs r2, r7, #1\n"
      "lsls r1, r2\n"
      "mov r9, r1\n"
      "asrs r6, r5, #16\n"
      "uxth r5, r5\n"
      // A pixel: high_product_of_halves.
      "2:\n"
      "ldmia r4!, {r0}\n"
      "lsls r0, r0, #1\n"
      "sxth r1, r0\n"
      "mov r2, r0\n"
      "add r2, r8\n"
      "asrs r2, r2, #16\n"
      "asrs r0, r0, #31\n"
      "add r0, r9\n"
      "mov r3, r1\n"
      "muls r3, r5\n"
      "asrs r3, r3, #16\n"
      "muls r1, r6\n"
      "adds r1, r1, r3\n"
      "mov r3, r2\n"
      "muls r3, r5\n"
      "add r3, r8\n"
      "adds r1, r1, r3\n"
      "asrs r1, r1, #16\n"
      "muls r2, r6\n"
      "adds r0, r0, r1\n"
      "adds r0, r0, r2\n"
      "asrs r0, r7\n"
      "cmp r0, r10\n"
      "bge 3f\n"
      "mov r0, r10\n"
      "3:\n"
      "cmp r0, r11\n"
      "ble 4f\n"
      "mov r0, r11\n"
      "4:\n"
      "mov r1, r12\n"
      "strb r0, [r1]\n"
      "add r12, lr\n"
      "ldr r1, [sp, #4]\n"
      "cmp r4, r1\n"
      "bne 2b\n"
      "ldr r0, [sp]\n"
      "ldr r1, [r0, #4]\n"
      "ldr r2, [r0, #16]\n"
      "cmp r1, r2\n"
      "bne 1b\n"
      "5:\n"
      "add sp, #8\n" INLAY_POP);
}

#undef INLAY_POP
#undef INLAY_PUSH

}  // namespace inlay::detail::thumb
