// Inlay: CONV_2D for Cortex-M4, M7 and M33 of windows of one pixel over eight channels.
//
// Two pixels are widened, the zero point taken off, and stay in registers, while output channels pass by. What each
// needs is laid out at compile time, in the order in which it is read: bias, weights (bytes 0 and 2, 1 and 3 of both
// words), multiplier, rounding.
//
// Where outputs are made from −128 sums are multiplied by 2^(15 − n) first (convolution_table.hpp). Here pixels and
// weights are: `doublings` of it are the pixels', the others those of each channel's weights, so that both fit into 16
// bits.
#pragma once

#include <inlay/kernels/arm_dsp/pointwise.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// Assembly counts on the order.
struct pixel_pairs {
  const std::int32_t* end;  // of the channels
  std::int32_t to_second;   // from behind the first pixel's output of a channel to the second's
  std::int32_t to_next;     // from behind the first pixel's last output to the third's first
  std::int32_t gap;         // from an input pixel to the next
  std::int32_t doublings;
  std::int32_t count;
};

/// The outputs of two pixels at a time, for an even number of channels: 27 cycles for the two of a channel. r2 to r9
/// are the pixels, r10 and r11 the sums; r0 is in the channels, r1 in the output.
[[gnu::naked, gnu::noinline]] inline void multiply_pixel_pairs(const std::int8_t* /*from*/, std::int8_t* /*to*/,
                                                               const std::int32_t* /*channels*/,
                                                               std::int32_t /*minus_zero_points*/, pixel_pairs) {
  asm(R"(
    push {r1-r11, lr}
  1:
    ldr r10, [sp, #60]
    ldr r11, [sp, #8]
    ldr r12, [r0, #4]
    ldr lr, [r0]
    sxtab16 r4, r11, r12
    sxtab16 r5, r11, r12, ror #8
    sxtab16 r2, r11, lr
    sxtab16 r3, r11, lr, ror #8
    add r10, r0, r10
    ldr r0, [sp, #60]
    ldr r12, [r10, #4]
    ldr lr, [r10]
    add r0, r10, r0
    sxtab16 r8, r11, r12
    sxtab16 r9, r11, r12, ror #8
    sxtab16 r6, r11, lr
    sxtab16 r7, r11, lr, ror #8
    str r0, [sp]
    ldr lr, [sp, #64]
    ldr r0, [sp, #4]
    b 3f
  2:
    .irp pixel, r2, r3, r4, r5, r6, r7, r8, r9
    sadd16 \pixel, \pixel, \pixel
    .endr
  3:
    subs lr, lr, #1
    bpl 2b
  4:
    .rept 2
    ldmia r0!, {r10, r12, lr}
    smlad r11, r6, r12, r10
    smlad r10, r2, r12, r10
    smlad r11, r7, lr, r11
    smlad r10, r3, lr, r10
    ldmia r0!, {r12, lr}
    smlad r11, r8, r12, r11
    smlad r10, r4, r12, r10
    smlad r11, r9, lr, r11
    smlad r10, r5, lr, r10
    ldmia r0!, {r12, lr}
    smmla r10, r10, r12, lr
    smmla r11, r11, r12, lr
    ssat r10, #8, r10, asr #14
    ssat r11, #8, r11, asr #14
    ldr r12, [sp, #52]
    strb r10, [r1], #1
    strb r11, [r1, r12]
    .endr
    ldr r12, [sp, #48]
    cmp r0, r12
    bne 4b
    ldr r12, [sp, #56]
    ldr r0, [sp]
    ldr lr, [sp, #68]
    add r1, r1, r12
    subs lr, lr, #1
    str lr, [sp, #68]
    bne 1b
    pop {r1-r11, pc}
  )");
}

INLAY_SMALL INLAY_NEVER_INLINE inline void convolve_pixel_pairs(const convolution& p, const std::int32_t* table,
                                                                const map_view<std::int8_t>& output, const region& r,
                                                                const map_view<const std::int8_t>& input,
                                                                const std::int8_t* weights) {
  const pixel_rows rows(p, output, r, input);
  const std::int32_t* const channels = reinterpret_cast<const std::int32_t*>(weights);
  const std::int32_t outputs = p.group_outputs, pitch = output.pixel_pitch, gap = p.stride_width * input.pixel_pitch;
  pixel_pairs pairs;
  pairs.end = channels + outputs * convolution_table::pixel_pair_words;
  pairs.doublings = table[0] >> 8;
  for (std::int32_t y = rows.first_row; y < rows.end_row; ++y) {
    const std::int8_t* from = rows.from(y);
    std::int8_t* to = rows.to(y);
    // Two at a time, and the last one of an odd number as if it were two.
    for (std::int32_t left = rows.columns, pixels; left > 0; left -= pixels) {
      pixels = left == 1 ? 1 : left & ~1;
      const std::int32_t step = pixels == 1 ? 0 : pitch;
      pairs.to_second = step - 1;
      pairs.to_next = 2 * step - outputs;
      pairs.gap = pixels == 1 ? 0 : gap;
      pairs.count = (pixels + 1) / 2;
      multiply_pixel_pairs(from, to, channels, minus_twice(p.input_zero_point), pairs);
      from += pixels * gap;
      to += pixels * pitch;
    }
  }
}

}  // namespace inlay::detail::arm_dsp
