// Inlay: CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED for Cortex-M55 and M85.
#pragma once

#include <inlay/kernels/arm_mve/requantize.hpp>

#include <arm_mve.h>

#include <cstdint>

namespace inlay::arm_mve {

/// Window, sizes and quantisation of a layer with weights, as small as accepts() allows.
struct weighted_parameters {
  std::int16_t input_height = 0, input_width = 0, input_channels = 0;
  std::int16_t output_width = 0, output_channels = 0;
  std::int16_t depth = 0;  // weights of one output channel
  std::int8_t kernel_height = 1, kernel_width = 1, stride_height = 1, stride_width = 1;
  std::int8_t dilation_height = 1, dilation_width = 1;
  std::int16_t top = 0, left = 0;
  std::int8_t input_zero_point = 0, output_zero_point = 0, low = 0, high = 0;
};

constexpr bool fits_int8(std::int32_t v) { return v >= -128 && v <= 127; }
constexpr bool fits_int16(std::int32_t v) { return v >= -0x8000 && v <= 0x7fff; }

constexpr bool fits_weighted(const detail::window_parameters& p) {
  const window2d& w = p.window;
  return fits_int16(p.input_height) && fits_int16(p.input_width) && fits_int16(p.input_channels) &&
         fits_int16(p.output_width) && fits_int16(p.output_channels) && fits_int8(w.kernel.height) &&
         fits_int8(w.kernel.width) && fits_int8(w.stride.height) && fits_int8(w.stride.width) &&
         fits_int8(w.dilation.height) && fits_int8(w.dilation.width) && fits_int16(w.padding.top) &&
         fits_int16(w.padding.left) && fits_int8(p.input_zero_point) && fits_int8(p.output_zero_point);
}

constexpr weighted_parameters make_weighted(const detail::window_parameters& p, std::int32_t depth) {
  const window2d& w = p.window;
  return {static_cast<std::int16_t>(p.input_height),    static_cast<std::int16_t>(p.input_width),
          static_cast<std::int16_t>(p.input_channels),  static_cast<std::int16_t>(p.output_width),
          static_cast<std::int16_t>(p.output_channels), static_cast<std::int16_t>(depth),
          static_cast<std::int8_t>(w.kernel.height),    static_cast<std::int8_t>(w.kernel.width),
          static_cast<std::int8_t>(w.stride.height),    static_cast<std::int8_t>(w.stride.width),
          static_cast<std::int8_t>(w.dilation.height),  static_cast<std::int8_t>(w.dilation.width),
          static_cast<std::int16_t>(w.padding.top),     static_cast<std::int16_t>(w.padding.left),
          static_cast<std::int8_t>(p.input_zero_point), static_cast<std::int8_t>(p.output_zero_point),
          static_cast<std::int8_t>(p.range.low),        static_cast<std::int8_t>(p.range.high)};
}

inline finishing finishing_of(const weighted_parameters& p, const channel_quad* table) {
  return {p.output_zero_point, p.low, p.high, table[0].bias[0]};
}

/// Sums of products of `depth` bytes: two rows of weights with two pixels.
/// Written out because compilers do not make loops with tail predication of intrinsics.
INLAY_ALWAYS_INLINE void dot_2x2(const std::int8_t* w0, const std::int8_t* w1, const std::int8_t* p0,
                                 const std::int8_t* p1, std::int32_t depth, std::int32_t& s00, std::int32_t& s01,
                                 std::int32_t& s10, std::int32_t& s11) {
  asm volatile(
      "   dlstp.8 lr, %[depth]\n"
      "1: vldrb.8 q0, [%[w0]], #16\n"
      "   vldrb.8 q2, [%[p0]], #16\n"
      "   vmladava.s8 %[s00], q0, q2\n"
      "   vldrb.8 q3, [%[p1]], #16\n"
      "   vmladava.s8 %[s01], q0, q3\n"
      "   vldrb.8 q1, [%[w1]], #16\n"
      "   vmladava.s8 %[s10], q1, q2\n"
      "   vmladava.s8 %[s11], q1, q3\n"
      "   letp lr, 1b\n"
      : [w0] "+r"(w0), [w1] "+r"(w1), [p0] "+r"(p0), [p1] "+r"(p1), [s00] "+Te"(s00), [s01] "+Te"(s01),
        [s10] "+Te"(s10), [s11] "+Te"(s11)
      : [depth] "r"(depth)
      : "q0", "q1", "q2", "q3", "lr", "memory");
}

/// The same for four rows of weights with one pixel.
INLAY_ALWAYS_INLINE void dot_4x1(const std::int8_t* w0, const std::int8_t* w1, const std::int8_t* w2,
                                 const std::int8_t* w3, const std::int8_t* pixel, std::int32_t depth, std::int32_t& s0,
                                 std::int32_t& s1, std::int32_t& s2, std::int32_t& s3) {
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

/// Where one layer's products of weights and pixels are kept and go.
struct product {
  const std::int8_t* weights = nullptr;  // [channels, depth]
  const channel_quad* quads = nullptr;
  std::int32_t depth = 0, channels = 0;
  finishing finish{};
};

/// All output channels of one pixel.
INLAY_NEVER_INLINE inline void multiply_one(const product& m, const std::int8_t* pixel, std::int8_t* out) {
  const std::int32_t depth = m.depth;
  const std::int8_t* w = m.weights;
  const finishing f = m.finish;
  const channel_quad* quad = m.quads;
  for (std::int32_t left = m.channels; left > 0; left -= 4, ++quad, out += 4, w += 4 * depth) {
    // The rows that the last quad lacks are the first one again.
    const std::int8_t* w1 = left > 1 ? w + depth : w;
    const std::int8_t* w2 = left > 2 ? w + 2 * depth : w;
    const std::int8_t* w3 = left > 3 ? w + 3 * depth : w;
    std::int32_t s0 = quad->bias[0], s1 = quad->bias[1], s2 = quad->bias[2], s3 = quad->bias[3];
    dot_4x1(w, w1, w2, w3, pixel, depth, s0, s1, s2, s3);
    const int32x4_t sums = finish(vector_of(s0, s1, s2, s3), vldrwq_s32(quad->multiplier), vldrbq_s32(quad->shift), f);
    vstrbq_p_s32(out, sums, vctp32q(static_cast<std::uint32_t>(left)));
  }
}

/// All output channels of two pixels.
INLAY_NEVER_INLINE inline void multiply_two(const product& m, const std::int8_t* p0, const std::int8_t* p1,
                                            std::int8_t* out0, std::int8_t* out1) {
  const std::int32_t depth = m.depth;
  const std::int8_t* w = m.weights;
  const finishing f = m.finish;
  const channel_quad* quad = m.quads;
  for (std::int32_t left = m.channels; left > 0; left -= 4, ++quad, out0 += 4, out1 += 4, w += 4 * depth) {
    const std::int8_t* w1 = left > 1 ? w + depth : w;
    const std::int8_t* w2 = left > 2 ? w + 2 * depth : w;
    const std::int8_t* w3 = left > 3 ? w + 3 * depth : w;
    std::int32_t s00 = quad->bias[0], s01 = s00, s10 = quad->bias[1], s11 = s10;
    dot_2x2(w, w1, p0, p1, depth, s00, s01, s10, s11);
    std::int32_t s20 = quad->bias[2], s21 = s20, s30 = quad->bias[3], s31 = s30;
    dot_2x2(w2, w3, p0, p1, depth, s20, s21, s30, s31);
    const int32x4_t multiplier = vldrwq_s32(quad->multiplier);
    const int32x4_t shift = vldrbq_s32(quad->shift);
    const mve_pred16_t inside = vctp32q(static_cast<std::uint32_t>(left));
    vstrbq_p_s32(out0, finish(vector_of(s00, s10, s20, s30), multiplier, shift, f), inside);
    vstrbq_p_s32(out1, finish(vector_of(s01, s11, s21, s31), multiplier, shift, f), inside);
  }
}

INLAY_ALWAYS_INLINE void copy_bytes(std::int8_t* to, const std::int8_t* from, std::int32_t count) {
  asm volatile(
      "   wlstp.8 lr, %[count], 2f\n"
      "1: vldrb.8 q0, [%[from]], #16\n"
      "   vstrb.8 q0, [%[to]], #16\n"
      "   letp lr, 1b\n"
      "2:\n"
      : [to] "+r"(to), [from] "+r"(from)
      : [count] "r"(count)
      : "q0", "lr", "memory");
}

INLAY_ALWAYS_INLINE void fill_bytes(std::int8_t* to, std::int8_t value, std::int32_t count) {
  const int8x16_t filled = vdupq_n_s8(value);
  asm volatile(
      "   wlstp.8 lr, %[count], 2f\n"
      "1: vstrb.8 %q[filled], [%[to]], #16\n"
      "   letp lr, 1b\n"
      "2:\n"
      : [to] "+r"(to)
      : [count] "r"(count), [filled] "w"(filled)
      : "lr", "memory");
}

/// The input pixels under the window of an output pixel, one after another; outside the map the zero point.
INLAY_NEVER_INLINE inline void copy_window(const weighted_parameters& p, map_view<const std::int8_t> input,
                                           std::int32_t y, std::int32_t x, std::int8_t* to) {
  const std::int32_t first_x = x * p.stride_width - p.left;
  const std::int32_t channels = p.input_channels;
  for (std::int32_t ky = 0; ky < p.kernel_height; ++ky) {
    const std::int32_t iy = y * p.stride_height - p.top + ky * p.dilation_height;
    const std::int32_t row_bytes = p.kernel_width * channels;
    if (iy < 0 || iy >= p.input_height) {
      fill_bytes(to, p.input_zero_point, row_bytes);
    } else if (p.dilation_width == 1 && first_x >= 0 && first_x + p.kernel_width <= p.input_width &&
               input.pixel_pitch == channels) {
      copy_bytes(to, input.pixel(iy, first_x), row_bytes);
    } else {
      for (std::int32_t kx = 0; kx < p.kernel_width; ++kx) {
        const std::int32_t ix = first_x + kx * p.dilation_width;
        if (ix < 0 || ix >= p.input_width)
          fill_bytes(to + kx * channels, p.input_zero_point, channels);
        else
          copy_bytes(to + kx * channels, input.pixel(iy, ix), channels);
      }
    }
    to += row_bytes;
  }
}

/// Bytes on the stack for windows.
inline constexpr std::int32_t window_bytes = 576;

/// A convolution whose windows are copied to the stack, two of them where they fit.
INLAY_NEVER_INLINE inline void convolve(const weighted_parameters& p, const product& m, map_view<std::int8_t> output,
                                        region r, map_view<const std::int8_t> input) {
  std::int8_t windows[window_bytes];
  const bool two_fit = 2 * m.depth <= window_bytes;
  for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
    std::int8_t* out = output.pixel(y, r.first_column);
    std::int32_t x = r.first_column;
    for (; two_fit && x + 1 < r.end_column; x += 2, out += 2 * output.pixel_pitch) {
      copy_window(p, input, y, x, windows);
      copy_window(p, input, y, x + 1, windows + m.depth);
      multiply_two(m, windows, windows + m.depth, out, out + output.pixel_pitch);
    }
    for (; x < r.end_column; ++x, out += output.pixel_pitch) {
      copy_window(p, input, y, x, windows);
      multiply_one(m, windows, out);
    }
  }
}

/// Pixels one after another, each with the weights.
INLAY_NEVER_INLINE inline void multiply_pixels(const product& m, const std::int8_t* in, std::int32_t in_pitch,
                                               std::int8_t* out, std::int32_t out_pitch, std::int32_t count) {
  for (; count > 1; count -= 2, in += 2 * in_pitch, out += 2 * out_pitch)
    multiply_two(m, in, in + in_pitch, out, out + out_pitch);
  if (count > 0) multiply_one(m, in, out);
}

/// A table with a quad for every four output channels in their order.
struct product_table : quad_table {
  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    return 1 + (detail::channel_table::table_size(g, l) + 3) / 4;
  }
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte*, const channel_constants* constants,
                                   const std::int32_t* sums, channel_quad* table) {
    const std::int32_t channels = detail::channel_table::table_size(g, l);
    for (std::int32_t i = 0; i < table_size(g, l); ++i) table[i] = {};
    for (std::int32_t c = 0; c < channels; ++c)
      set(table, table[1 + c / 4], c % 4, constants[c], sums[c], g.input_of(l).quant.zero_point);
  }
};

/// For kernels whose layers share all code.
struct no_spec {};

}  // namespace inlay::arm_mve

namespace inlay {

template <>
struct fast_kernel<isa::arm_mve, layer_kind::conv2d> : arm_mve::product_table {
  static constexpr bool needs_weight_sums = true;
  using parameters = arm_mve::weighted_parameters;
  using spec = arm_mve::no_spec;

  static constexpr bool accepts(graph_view g, const layer& l) {
    const shape& weights = g.input_of(l, 1).extents;
    const detail::window_parameters p = detail::prepare_window(g, l);
    const std::int32_t depth = weights.elements() / weights[0];
    return arm_mve::fits_weighted(p) && weights.channels() == p.input_channels &&
           (is_pointwise(p.window) ? depth <= 0x7fff : depth <= arm_mve::window_bytes);
  }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& weights = g.input_of(l, 1).extents;
    return arm_mve::make_weighted(detail::prepare_window(g, l), weights.elements() / weights[0]);
  }

  template <spec>
  static void run(const parameters& p, const arm_mve::channel_quad* table, map_view<std::int8_t> output, region r,
                  map_view<const std::int8_t> input, const std::int8_t* weights) {
    run_shared(p, table, output, r, input, weights);
  }

 private:
  static constexpr bool is_pointwise(const window2d& w) {
    return w.kernel == extent2d{1, 1} && w.stride == extent2d{1, 1} && w.padding == padding2d{};
  }

  INLAY_NEVER_INLINE static void run_shared(const parameters& p, const arm_mve::channel_quad* table,
                                            map_view<std::int8_t> output, region r, map_view<const std::int8_t> input,
                                            const std::int8_t* weights) {
    const arm_mve::product m{weights, table + 1, p.depth, p.output_channels, arm_mve::finishing_of(p, table)};
    const bool pointwise = p.kernel_height == 1 && p.kernel_width == 1 && p.stride_height == 1 && p.stride_width == 1 &&
                           p.top == 0 && p.left == 0 && p.input_width == p.output_width;
    if (!pointwise) return arm_mve::convolve(p, m, output, r, input);
    const std::int32_t columns = r.end_column - r.first_column;
    const bool one_row = columns == p.output_width && r.end_row <= input.rows && r.end_row <= output.rows &&
                         input.row_pitch == columns * input.pixel_pitch &&
                         output.row_pitch == columns * output.pixel_pitch;
    const std::int32_t rows_at_once = one_row ? r.end_row - r.first_row : 1;
    for (std::int32_t y = r.first_row; y < r.end_row; y += rows_at_once)
      arm_mve::multiply_pixels(m, input.pixel(y, r.first_column), input.pixel_pitch, output.pixel(y, r.first_column),
                               output.pixel_pitch, rows_at_once * columns);
  }
};

template <>
struct fast_kernel<isa::arm_mve, layer_kind::fully_connected> : arm_mve::product_table {
  static constexpr bool needs_weight_sums = true;
  struct parameters {
    std::int32_t rows = 1, depth = 0, units = 0;
    std::int8_t zero_point = 0, low = 0, high = 0;
  };
  using spec = arm_mve::no_spec;

  static constexpr bool accepts(graph_view g, const layer& l) {
    return arm_mve::fits_int8(g.input_of(l).quant.zero_point) && arm_mve::fits_int8(g.output_of(l).quant.zero_point);
  }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
  static constexpr parameters prepare(graph_view g, const layer& l) {
    const auto p = reference_kernel<layer_kind::fully_connected>::prepare(g, l);
    return {p.rows,
            p.depth,
            p.output_channels,
            static_cast<std::int8_t>(p.output_zero_point),
            static_cast<std::int8_t>(p.range.low),
            static_cast<std::int8_t>(p.range.high)};
  }

  template <spec>
  static void run_whole(const parameters& p, const arm_mve::channel_quad* table, std::int8_t* output,
                        const std::int8_t* input, const std::int8_t* weights) {
    const arm_mve::product m{weights, table + 1, p.depth, p.units, {p.zero_point, p.low, p.high, table[0].bias[0]}};
    arm_mve::multiply_pixels(m, input, p.depth, output, p.units, p.rows);
  }
};

}  // namespace inlay
