// Inlay: pixels times rows of weights for Cortex-M55 and M85.
#pragma once

#include <inlay/kernels/arm_mve/requantize.hpp>

#include <arm_mve.h>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_mve {

/// What is added to pointers between the products of a quad of rows of weights, besides whole vectors.
struct row_steps {
  std::int32_t depth = 0;
  std::int32_t back = 0, to_odd_rows = 0;  // from a row's end to the pixel's start, and to the next row
  std::int32_t back_again = 0, to_next_quad = 0;
  constexpr explicit row_steps(std::int32_t depth_)
      : depth(depth_),
        back(-((depth_ + 15) & ~15)),
        to_odd_rows(depth_ + back),
        back_again(back),
        to_next_quad(3 * depth_ + back) {}
};

/// Sums of products of `depth` bytes, and biases: a quad of rows of weights with two pixels. The weights' pointers, to
/// rows 0 and 2, go on to the next quad. Rows 0 and 2 first, then 1 and 3, because vectors take them so.
/// Written out because compilers do not make loops with tail predication of intrinsics.
INLAY_ALWAYS_INLINE void dot_4x2(const std::int8_t*& w0, const std::int8_t*& w2, const std::int8_t*& p0,
                                 const std::int8_t*& p1, const std::int32_t* bias, const row_steps& steps,
                                 int32x4_t& sums0, int32x4_t& sums1) {
  std::int32_t s00, s01, s20, s21;
  asm volatile(
      "   ldr %[s00], [%[bias]]\n"
      "   ldr %[s20], [%[bias], #8]\n"
      "   ldr lr, [%[steps]]\n"
      "   mov %[s01], %[s00]\n"
      "   mov %[s21], %[s20]\n"
      "   dlstp.8 lr, lr\n"
      "1: vldrb.8 q0, [%[w0]], #16\n"
      "   vldrb.8 q2, [%[p0]], #16\n"
      "   vmladava.s8 %[s00], q0, q2\n"
      "   vldrb.8 q3, [%[p1]], #16\n"
      "   vmladava.s8 %[s01], q0, q3\n"
      "   vldrb.8 q1, [%[w2]], #16\n"
      "   vmladava.s8 %[s20], q1, q2\n"
      "   vmladava.s8 %[s21], q1, q3\n"
      "   letp lr, 1b\n"
      "   vmov %q[sums0][2], %q[sums0][0], %[s00], %[s20]\n"
      "   vmov %q[sums1][2], %q[sums1][0], %[s01], %[s21]\n"
      "   ldrd %[s00], %[s01], [%[steps], #4]\n"
      "   add %[p0], %[s00]\n"
      "   add %[p1], %[s00]\n"
      "   add %[w0], %[s01]\n"
      "   add %[w2], %[s01]\n"
      "   ldr %[s00], [%[bias], #4]\n"
      "   ldr %[s20], [%[bias], #12]\n"
      "   ldr lr, [%[steps]]\n"
      "   mov %[s01], %[s00]\n"
      "   mov %[s21], %[s20]\n"
      "   dlstp.8 lr, lr\n"
      "1: vldrb.8 q0, [%[w0]], #16\n"
      "   vldrb.8 q2, [%[p0]], #16\n"
      "   vmladava.s8 %[s00], q0, q2\n"
      "   vldrb.8 q3, [%[p1]], #16\n"
      "   vmladava.s8 %[s01], q0, q3\n"
      "   vldrb.8 q1, [%[w2]], #16\n"
      "   vmladava.s8 %[s20], q1, q2\n"
      "   vmladava.s8 %[s21], q1, q3\n"
      "   letp lr, 1b\n"
      "   vmov %q[sums0][3], %q[sums0][1], %[s00], %[s20]\n"
      "   vmov %q[sums1][3], %q[sums1][1], %[s01], %[s21]\n"
      "   ldrd %[s00], %[s01], [%[steps], #12]\n"
      "   add %[p0], %[s00]\n"
      "   add %[p1], %[s00]\n"
      "   add %[w0], %[s01]\n"
      "   add %[w2], %[s01]\n"
      : [w0] "+r"(w0), [w2] "+r"(w2), [p0] "+r"(p0), [p1] "+r"(p1), [s00] "=&Te"(s00), [s01] "=&Te"(s01),
        [s20] "=&Te"(s20), [s21] "=&Te"(s21), [sums0] "=&w"(sums0), [sums1] "=&w"(sums1)
      : [bias] "r"(bias), [steps] "r"(&steps)
      : "q0", "q1", "q2", "q3", "lr", "memory");
}

/// Sums of products of `depth` bytes: four rows of weights with one pixel.
INLAY_ALWAYS_INLINE void dot_4x1(const std::int8_t*& w0, const std::int8_t*& w1, const std::int8_t*& w2,
                                 const std::int8_t*& w3, const std::int8_t*& pixel, std::int32_t depth,
                                 std::int32_t& s0, std::int32_t& s1, std::int32_t& s2, std::int32_t& s3) {
  asm volatile(
      "   dlstp.8 lr, %[depth]\n"
      "1: vldrb.8 q2, [%[pixel]], #16\n"
      "   vldrb.8 q0, [%[w0]], #16\n"
      "   vmladava.s8 %[s0], q0, q2\n"
      "   vldrb.8 q1, [%[w1]], #16\n"
      "   vmladava.s8 %[s1], q1, q2\n"
      "   vldrb.8 q0, [%[w2]], #16\n"
      "   vmladava.s8 %[s2], q0, q2\n"
      "   vldrb.8 q1, [%[w3]], #16\n"
      "   vmladava.s8 %[s3], q1, q2\n"
      "   letp lr, 1b\n"
      : [w0] "+r"(w0), [w1] "+r"(w1), [w2] "+r"(w2), [w3] "+r"(w3), [pixel] "+r"(pixel), [s0] "+Te"(s0), [s1] "+Te"(s1),
        [s2] "+Te"(s2), [s3] "+Te"(s3)
      : [depth] "r"(depth)
      : "q0", "q1", "q2", "lr", "memory");
}

INLAY_ALWAYS_INLINE int32x4_t vector_of(std::int32_t s0, std::int32_t s1, std::int32_t s2, std::int32_t s3) {
  int32x4_t v;
  asm("vmov %q[v][2], %q[v][0], %[s0], %[s2]\n"
      "vmov %q[v][3], %q[v][1], %[s1], %[s3]\n"
      : [v] "=&w"(v)
      : [s0] "r"(s0), [s1] "r"(s1), [s2] "r"(s2), [s3] "r"(s3));
  return v;
}

/// Pixels' products with weights.
struct product {
  const std::int8_t* weights = nullptr;  // [channels, depth]
  const channel_quad* quads = nullptr;
  std::int32_t depth = 0, channels = 0;
  finishing finish{};
};

INLAY_ALWAYS_INLINE int32x4_t clamp(int32x4_t v, const finishing& f) {
  return vminq_s32(vmaxq_s32(v, vdupq_n_s32(f.low)), vdupq_n_s32(f.high));
}

/// One pixel's output channels from `first` on. The rows of weights that the last quad lacks are its first one again.
template <bool AnyShift>
INLAY_NEVER_INLINE void multiply_one(const product& m, std::int32_t first, const std::int8_t* pixel, std::int8_t* out) {
  const std::int32_t depth = m.depth, whole_vectors = (depth + 15) & ~15;
  const std::int8_t* w = m.weights + first * depth;
  const finishing f = m.finish;
  const channel_quad* quad = m.quads + first / 4;
  out += first;
  for (std::int32_t left = m.channels - first; left > 0; left -= 4, ++quad, out += 4) {
    const std::int8_t* w1 = left > 1 ? w + depth : w;
    const std::int8_t* w2 = left > 2 ? w + 2 * depth : w;
    const std::int8_t* w3 = left > 3 ? w + 3 * depth : w;
    std::int32_t s0 = quad->bias[0], s1 = quad->bias[1], s2 = quad->bias[2], s3 = quad->bias[3];
    dot_4x1(w, w1, w2, w3, pixel, depth, s0, s1, s2, s3);
    w += 4 * depth - whole_vectors;
    pixel -= whole_vectors;
    int32x4_t sums = vector_of(s0, s1, s2, s3);
    sums = clamp(scale<AnyShift>(sums, vldrwq_s32(quad->multiplier), vldrbq_s32(quad->shift), f.zero_point), f);
    vstrbq_p_s32(out, sums, vctp32q(static_cast<std::uint32_t>(left)));
  }
}

/// Depths that have code of their own.
constexpr bool is_short_row(std::int32_t depth) { return depth == 8 || depth == 16; }
constexpr bool is_written_out(std::int32_t depth) {
  return depth == 24 || depth == 32 || depth == 40 || depth == 48 || depth == 64;
}

/// Products of four rows of Depth weights with two pixels: no loop, and no more registers than there are; compilers
/// would load all weights first, and spill them. Eight bytes that are left over take 16 bits each.
template <std::int32_t Depth>
INLAY_ALWAYS_INLINE void dot_written_out(const std::int8_t* w0, const std::int8_t* p0, const std::int8_t* p1,
                                         int32x4_t& sums0, int32x4_t& sums1) {
  static_assert(is_written_out(Depth));
  const std::int8_t* w2 = w0 + 2 * Depth;
  std::int32_t s00, s01, s10, s11, s20, s21, s30, s31;
#define INLAY_PRODUCTS(load, multiply, at, at_next_row)                                                  \
  load " q0, [%[p0], #" at "]\n" load " q1, [%[p1], #" at "]\n" load " q2, [%[w0], #" at "]\n" multiply  \
       " %[s00], q2, q0\n" multiply " %[s01], q2, q1\n" load " q3, [%[w0], #" at_next_row "]\n" multiply \
       " %[s10], q3, q0\n" multiply " %[s11], q3, q1\n" load " q2, [%[w2], #" at "]\n" multiply          \
       " %[s20], q2, q0\n" multiply " %[s21], q2, q1\n" load " q3, [%[w2], #" at_next_row "]\n" multiply \
       " %[s30], q3, q0\n" multiply " %[s31], q3, q1\n"
#define INLAY_OPERANDS                                                                             \
  : [s00] "=&Te"(s00), [s01] "=&Te"(s01), [s10] "=&Te"(s10), [s11] "=&Te"(s11), [s20] "=&Te"(s20),          \
    [s21] "=&Te"(s21), [s30] "=&Te"(s30), [s31] "=&Te"(s31)                                                 \
  : [w0] "r"(w0), [w2] "r"(w2), [p0] "r"(p0), [p1] "r"(p1)                                                  \
  : "q0", "q1", "q2", "q3", "memory"
  // clang-format off
  if constexpr (Depth == 24)
    asm volatile(INLAY_PRODUCTS("vldrb.8", "vmladav.s8", "0", "24")
        INLAY_PRODUCTS("vldrb.s16", "vmladava.s16", "16", "40") INLAY_OPERANDS);
  else if constexpr (Depth == 32)
    asm volatile(INLAY_PRODUCTS("vldrb.8", "vmladav.s8", "0", "32")
        INLAY_PRODUCTS("vldrb.8", "vmladava.s8", "16", "48") INLAY_OPERANDS);
  else if constexpr (Depth == 40)
    asm volatile(INLAY_PRODUCTS("vldrb.8", "vmladav.s8", "0", "40")
        INLAY_PRODUCTS("vldrb.8", "vmladava.s8", "16", "56")
        INLAY_PRODUCTS("vldrb.s16", "vmladava.s16", "32", "72") INLAY_OPERANDS);
  else if constexpr (Depth == 48)
    asm volatile(INLAY_PRODUCTS("vldrb.8", "vmladav.s8", "0", "48")
        INLAY_PRODUCTS("vldrb.8", "vmladava.s8", "16", "64")
        INLAY_PRODUCTS("vldrb.8", "vmladava.s8", "32", "80") INLAY_OPERANDS);
  else
    asm volatile(INLAY_PRODUCTS("vldrb.8", "vmladav.s8", "0", "64")
        INLAY_PRODUCTS("vldrb.8", "vmladava.s8", "16", "80")
        INLAY_PRODUCTS("vldrb.8", "vmladava.s8", "32", "96")
        INLAY_PRODUCTS("vldrb.8", "vmladava.s8", "48", "112") INLAY_OPERANDS);
    // clang-format on
#undef INLAY_PRODUCTS
#undef INLAY_OPERANDS
  sums0 = vector_of(s00, s10, s20, s30);
  sums1 = vector_of(s01, s11, s21, s31);
}

/// Eight or sixteen bytes as one vector: the first with sixteen bits each.
template <std::int32_t Depth>
struct short_row;
template <>
struct short_row<8> {
  int16x8_t v;
  INLAY_ALWAYS_INLINE explicit short_row(const std::int8_t* from) : v(vldrbq_s16(from)) {}
  INLAY_ALWAYS_INLINE std::int32_t dot(const short_row& other) const { return vmladavq_s16(v, other.v); }
};
template <>
struct short_row<16> {
  int8x16_t v;
  INLAY_ALWAYS_INLINE explicit short_row(const std::int8_t* from) : v(vldrbq_s8(from)) {}
  INLAY_ALWAYS_INLINE std::int32_t dot(const short_row& other) const { return vmladavq_s8(v, other.v); }
};

/// Two pixels, all output channels but those of a quad that is not whole. Depth: 0 for any without code of its own.
template <bool AnyShift, std::int32_t Depth>
INLAY_ALWAYS_INLINE void multiply_quads(const product& m, const std::int8_t* p0, const std::int8_t* p1,
                                        std::int8_t* out0, std::int8_t* out1) {
  const finishing f = m.finish;
  const channel_quad* quad = m.quads;
  const std::int8_t* w0 = m.weights;
  const auto finish_quad = [&](int32x4_t sums0, int32x4_t sums1) {
    const int32x4_t multiplier = vldrwq_s32(quad->multiplier), shift = vldrbq_s32(quad->shift);
    vstrbq_s32(out0, clamp(scale<AnyShift>(sums0, multiplier, shift, f.zero_point), f));
    vstrbq_s32(out1, clamp(scale<AnyShift>(sums1, multiplier, shift, f.zero_point), f));
    ++quad, out0 += 4, out1 += 4;
  };
  std::int32_t quads = m.channels >> 2;
  if constexpr (is_written_out(Depth)) {
    for (; quads > 0; --quads, w0 += 4 * Depth) {
      int32x4_t sums0, sums1;
      dot_written_out<Depth>(w0, p0, p1, sums0, sums1);
      const int32x4_t bias = vldrwq_s32(quad->bias);
      finish_quad(vaddq_s32(sums0, bias), vaddq_s32(sums1, bias));
    }
  } else if constexpr (is_short_row(Depth)) {
    using row = short_row<Depth>;
    const row x0(p0), x1(p1);
    for (; quads > 0; --quads) {
      const row r0(w0), r1(w0 + Depth), r2(w0 + 2 * Depth), r3(w0 + 3 * Depth);
      w0 += 4 * Depth;
      const int32x4_t bias = vldrwq_s32(quad->bias);
      const int32x4_t sums0 = vector_of(r0.dot(x0), r1.dot(x0), r2.dot(x0), r3.dot(x0));
      const int32x4_t sums1 = vector_of(r0.dot(x1), r1.dot(x1), r2.dot(x1), r3.dot(x1));
      finish_quad(vaddq_s32(sums0, bias), vaddq_s32(sums1, bias));
    }
  } else {
    const row_steps steps(m.depth);
    const std::int8_t* w2 = w0 + 2 * m.depth;
    for (; quads > 0; --quads) {
      int32x4_t sums0, sums1;
      dot_4x2(w0, w2, p0, p1, quad->bias, steps, sums0, sums1);
      finish_quad(sums0, sums1);
    }
  }
}

/// Two pixels, all output channels.
template <bool AnyShift, std::int32_t Depth>
INLAY_NEVER_INLINE void multiply_two(const product& m, const std::int8_t* p0, const std::int8_t* p1, std::int8_t* out0,
                                     std::int8_t* out1) {
  multiply_quads<AnyShift, Depth>(m, p0, p1, out0, out1);
  const std::int32_t done = m.channels & ~3;
  if (done != m.channels) {
    multiply_one<AnyShift>(m, done, p0, out0);
    multiply_one<AnyShift>(m, done, p1, out1);
  }
}

/// Pixels one after another, each with the weights.
template <bool AnyShift, std::int32_t Depth>
INLAY_NEVER_INLINE void multiply_pixels(const product& m, const std::int8_t* in, std::int32_t in_pitch,
                                        std::int8_t* out, std::int32_t out_pitch, std::int32_t count) {
  for (; count > 1; count -= 2, in += 2 * in_pitch, out += 2 * out_pitch)
    multiply_two<AnyShift, Depth>(m, in, in + in_pitch, out, out + out_pitch);
  if (count > 0) multiply_one<AnyShift>(m, 0, in, out);
}

}  // namespace inlay::detail::arm_mve
