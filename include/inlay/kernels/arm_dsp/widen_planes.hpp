// Inlay: makes the planes of depthwise_planes.hpp: rows of one or two channels, widened to int16.
#pragma once

#include <inlay/kernels/arm_dsp/primitives.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// Rows of planes, and of the input that they are made from. Assembly counts on the order.
struct widening {
  std::int32_t pixel_pitch;  // of the input
  std::int32_t columns;      // of the input, without an odd one
  std::int32_t odd;          // whether there is one before those, after an odd one of the plane that is not in the map
  std::int32_t beside;       // zero point of the input, twice as int8
  std::int32_t minus_zero_points;
  std::int32_t plane_bytes;           // from the plane of the first channel to that of the second
  std::int32_t row_pitch, row_bytes;  // of the input, and of a plane
};

// r0 is row_pitch and row_bytes, r1 from, r3 to; r2 counts columns, r4 to r9 are the others of `rows`, r10 and r11 the
// column and its place in the plane. A column that has the other half of a word becomes 0.
#define INLAY_WIDEN_TWO(load, store) \
  load " r12, [r10]\n" load          \
       " lr, [r10, r4]\n"            \
       "add r10, r10, r4, lsl #1\n"  \
       "orr r12, r12, lr, lsl #16\n" store
#define INLAY_WIDEN_FUNCTION(name, load, store)                                                                        \
  [[gnu::naked, gnu::noinline]] inline void name(const widening&, const std::int8_t*, std::int32_t, std::int32_t*) {   \
    asm("push {r2, r4-r11, lr}\n"                                                                                    \
        "ldmia r0!, {r4-r9}\n"                                                                                       \
        "1:\n"                                                                                                       \
        "mov r10, r1\n"                                                                                              \
        "mov r11, r3\n"                                                                                              \
        "cbz r6, 2f\n" load                                                                                          \
        " r12, [r10]\n"                                                                                              \
        "add r10, r10, r4\n"                                                                                         \
        "orr r12, r7, r12, lsl #16\n" store                                                                          \
        "2:\n"                                                                                                       \
        "subs r2, r5, #4\n" \
        "blt 4f\n" \
        "3:\n" INLAY_WIDEN_TWO(load, store) INLAY_WIDEN_TWO(load, store) \
        "subs r2, r2, #4\n" \
        "bge 3b\n" \
        "4:\n" \
        "adds r2, r2, #2\n" \
        "bmi 6f\n" INLAY_WIDEN_TWO(load, store) \
        "subs r2, r2, #2\n" \
        "6:\n" \
        "adds r2, r2, #1\n"                                                                                          \
        "bmi 5f\n" load                                                                                              \
        " r12, [r10]\n"                                                                                              \
        "orr r12, r12, r7, lsl #16\n" store                                                                          \
        "5:\n"                                                                                                       \
        "ldrd r12, lr, [r0]\n"                                                                                       \
        "ldr r2, [sp]\n"                                                                                             \
        "add r1, r1, r12\n"                                                                                          \
        "add r3, r3, lr\n"                                                                                           \
        "subs r2, r2, #1\n"                                                                                          \
        "str r2, [sp]\n"                                                                                             \
        "bne 1b\n"                                                                                                   \
        "pop {r2, r4-r11, pc}\n"); \
  }
#define INLAY_STORE_PLANE \
  "sxtab16 lr, r8, r12\n" \
  "str lr, [r11], #4\n"
#define INLAY_STORE_PLANES        \
  "sxtab16 lr, r8, r12, ror #8\n" \
  "str lr, [r11, r9]\n" INLAY_STORE_PLANE
INLAY_WIDEN_FUNCTION(widen_channel, "ldrb", INLAY_STORE_PLANE)
INLAY_WIDEN_FUNCTION(widen_channels, "ldrh", INLAY_STORE_PLANES)
#undef INLAY_STORE_PLANES
#undef INLAY_STORE_PLANE
#undef INLAY_WIDEN_FUNCTION
#undef INLAY_WIDEN_TWO

/// Words, of which there may be none; no calls of memset or memcpy.
INLAY_ALWAYS_INLINE void clear_words(std::int32_t* to, const std::int32_t* end) {
  for (; to < end; ++to) *to = keep(0);
}
/// Words, and as many `distance` words further.
INLAY_ALWAYS_INLINE void clear_twice(std::int32_t* to, std::int32_t count, std::int32_t distance) {
  for (; count > 0; --count, ++to) to[0] = to[distance] = keep(0);
}
INLAY_NEVER_INLINE inline void move_words(const std::int32_t* from, const std::int32_t* end, std::int32_t* to) {
  while (end - from >= 4)
    asm volatile("ldmia %0!, {r8-r11}\nstmia %1!, {r8-r11}"
                 : "+r"(from), "+r"(to)
                 :
                 : "r8", "r9", "r10", "r11", "memory");
  while (from < end) *to++ = keep(*from++);
}

}  // namespace inlay::detail::arm_dsp
