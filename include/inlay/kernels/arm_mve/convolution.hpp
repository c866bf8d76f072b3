// Inlay: CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED for Cortex-M55 and M85.
#pragma once

#include <inlay/kernels/arm_mve/multiply.hpp>

#include <arm_mve.h>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_mve {

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
  return {narrow<std::int16_t>(p.input_height),    narrow<std::int16_t>(p.input_width),
          narrow<std::int16_t>(p.input_channels),  narrow<std::int16_t>(p.output_width),
          narrow<std::int16_t>(p.output_channels), narrow<std::int16_t>(depth),
          narrow<std::int8_t>(w.kernel.height),    narrow<std::int8_t>(w.kernel.width),
          narrow<std::int8_t>(w.stride.height),    narrow<std::int8_t>(w.stride.width),
          narrow<std::int8_t>(w.dilation.height),  narrow<std::int8_t>(w.dilation.width),
          narrow<std::int16_t>(w.padding.top),     narrow<std::int16_t>(w.padding.left),
          narrow<std::int8_t>(p.input_zero_point), narrow<std::int8_t>(p.output_zero_point),
          narrow<std::int8_t>(p.range.low),        narrow<std::int8_t>(p.range.high)};
}

inline finishing finishing_of(const weighted_parameters& p) { return {p.output_zero_point, p.low, p.high}; }

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

/// Bytes on the stack for windows, and rows of the largest window.
inline constexpr std::int32_t few_window_bytes = 128, usual_window_bytes = 576, most_window_bytes = 1152,
                              most_window_rows = 12;

/// A convolution whose windows are copied to the stack, two of them where they fit.
template <bool AnyShift, std::int32_t Depth, std::int32_t WindowBytes, std::int32_t WindowRows>
struct convolution {
  const weighted_parameters& p;
  const product& m;
  const map_view<std::int8_t>& output;
  const region& r;
  const map_view<const std::int8_t>& input;

  /// The input pixels under the window of an output pixel, one after another; outside the map the zero point.
  /// `rows` are the input's from column 0 on, null where outside.
  INLAY_NEVER_INLINE void copy_window(const std::int8_t* const* rows, std::int32_t x, std::int8_t* to) const {
    const std::int32_t first_x = x * p.stride_width - p.left, channels = p.input_channels;
    const std::int32_t row_bytes = p.kernel_width * channels;
    const bool side_by_side = p.dilation_width == 1 && input.pixel_pitch == channels;
    const std::int32_t begin = first_x > 0 ? first_x : 0, last = first_x + p.kernel_width;
    const std::int32_t end = last < p.input_width ? last : p.input_width;
    const std::int32_t before = (begin - first_x) * channels, inside = (end - begin) * channels;
    const std::int8_t* const* end_row = rows + p.kernel_height;
    const auto copy_rows = [&](auto copy_row) {
      do {
        const std::int8_t* row = *rows++;
        if (row == nullptr)
          fill_bytes(to, p.input_zero_point, row_bytes);
        else
          copy_row(row);
        to += row_bytes;
      } while (rows != end_row);
    };
    if (side_by_side && inside == row_bytes)
      copy_rows([&](const std::int8_t* row) { copy_bytes(to, row + begin * channels, row_bytes); });
    else if (side_by_side && inside > 0)
      copy_rows([&](const std::int8_t* row) {
        fill_bytes(to, p.input_zero_point, row_bytes);
        copy_bytes(to + before, row + begin * channels, inside);
      });
    else
      copy_rows([&](const std::int8_t* row) { copy_clipped(row, first_x, to); });
  }

  INLAY_NEVER_INLINE void copy_clipped(const std::int8_t* row, std::int32_t ix, std::int8_t* to) const {
    const std::int32_t channels = p.input_channels;
    for (std::int32_t kx = p.kernel_width; kx > 0; --kx, ix += p.dilation_width, to += channels) {
      if (ix < 0 || ix >= p.input_width)
        fill_bytes(to, p.input_zero_point, channels);
      else
        copy_bytes(to, row + ix * input.pixel_pitch, channels);
    }
  }

  INLAY_ALWAYS_INLINE void run() const {
    std::int8_t windows[static_cast<std::size_t>(WindowBytes)];
    const std::int8_t* rows[static_cast<std::size_t>(WindowRows)];
    const bool two_fit = 2 * m.depth <= WindowBytes;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      for (std::int32_t ky = 0; ky < p.kernel_height; ++ky) {
        const std::int32_t iy = y * p.stride_height - p.top + ky * p.dilation_height;
        rows[ky] = iy >= 0 && iy < p.input_height ? input.pixel(iy, 0) : nullptr;
      }
      std::int8_t* out = output.pixel(y, r.first_column);
      std::int32_t x = r.first_column;
      for (; two_fit && x + 1 < r.end_column; x += 2, out += 2 * output.pixel_pitch) {
        copy_window(rows, x, windows);
        copy_window(rows, x + 1, windows + m.depth);
        multiply_two<AnyShift, Depth>(m, windows, windows + m.depth, out, out + output.pixel_pitch);
      }
      for (; x < r.end_column; ++x, out += output.pixel_pitch) {
        copy_window(rows, x, windows);
        multiply_one<AnyShift>(m, 0, windows, out);
      }
    }
  }
};

/// A table with a quad for every four output channels in their order; each group of channels begins one.
struct product_table : quad_table {
  static constexpr std::int32_t table_size(graph_view g, const layer& l, std::int32_t groups = 1) {
    return 1 + groups * ((detail::channel_table::table_size(g, l) / groups + 3) / 4);
  }
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte*, const channel_constants* constants,
                                   const std::int32_t* sums, channel_quad* table, std::int32_t groups = 1) {
    const std::int32_t entries = table_size(g, l, groups), quads = (entries - 1) / groups;
    const std::int32_t channels = detail::channel_table::table_size(g, l), of_group = channels / groups;
    const std::int32_t too_much = excess(g, l);
    for (std::int32_t i = 0; i < entries; ++i) table[i] = {};
    for (std::int32_t c = 0; c < channels; ++c)
      set(table, table[1 + c / of_group * quads + c % of_group / 4], c % of_group % 4, constants[c], sums[c], too_much);
  }
};

}  // namespace inlay::detail::arm_mve

namespace inlay::inline INLAY_ABI::detail {

template <>
struct fast_kernel<isa::arm_mve, layer_kind::conv2d> : arm_mve::product_table {
  using parameters = arm_mve::weighted_parameters;
  struct spec {
    std::int32_t depth = 0;         // of weights, where it has code of its own
    std::int32_t window_bytes = 0;  // room for windows on the stack; 0: pixels are multiplied where they are
    std::int32_t window_rows = 0;   // at most
    std::int32_t groups = 1;
    shifts shifting{};
    friend constexpr bool operator==(const spec&, const spec&) = default;
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    const shape& weights = g.input_of(l, 1).extents;
    const window_parameters p = prepare_window(g, l);
    const std::int32_t depth = weights.elements() / weights[0];
    return arm_mve::fits_weighted(p) &&
           (is_pointwise(p.window)
                ? depth <= 0x7fff
                : depth <= arm_mve::most_window_bytes && p.window.kernel.height <= arm_mve::most_window_rows);
  }
  static constexpr spec specialise(graph_view g, const layer& l) {
    const std::int32_t depth = prepare(g, l).depth;
    const std::int32_t bytes = is_pointwise(l.window)                   ? 0
                               : 2 * depth <= arm_mve::few_window_bytes ? arm_mve::few_window_bytes
                               : depth <= arm_mve::usual_window_bytes   ? arm_mve::usual_window_bytes
                                                                        : arm_mve::most_window_bytes;
    return {arm_mve::is_short_row(depth) || arm_mve::is_written_out(depth) ? depth : 0,
            bytes,
            l.window.kernel.height <= 4 ? 4 : arm_mve::most_window_rows,
            groups_of(g, l),
            {}};
  }
  static constexpr spec specialise(graph_view g, const layer& l, const arm_mve::channel_quad* table) {
    spec s = specialise(g, l);
    s.shifting = shifts_of(table);
    return s;
  }
  /// Channels are those of a group.
  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& weights = g.input_of(l, 1).extents;
    window_parameters p = prepare_window(g, l);
    p.input_channels = weights.channels();
    p.output_channels /= groups_of(g, l);
    return arm_mve::make_weighted(p, weights.elements() / weights[0]);
  }

  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    return arm_mve::product_table::table_size(g, l, groups_of(g, l));
  }
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte* model, const channel_constants* constants,
                                   const std::int32_t* sums, arm_mve::channel_quad* table) {
    arm_mve::product_table::fill_table(g, l, model, constants, sums, table, groups_of(g, l));
  }

  template <spec S>
  INLAY_ALWAYS_INLINE static void run(const parameters& p, const arm_mve::channel_quad* table,
                                      const map_view<std::int8_t>& output, const region& r,
                                      const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    if (S.shifting.need_any(table))
      run_groups<true, S>(p, table + 1, output, r, input, weights);
    else
      run_groups<false, S>(p, table + 1, output, r, input, weights);
  }

 private:
  static constexpr std::int32_t groups_of(graph_view g, const layer& l) {
    return g.input_of(l).extents.channels() / g.input_of(l, 1).extents.channels();
  }
  static constexpr bool is_pointwise(const window2d& w) {
    return w.kernel == extent2d{1, 1} && w.stride == extent2d{1, 1} && w.padding == padding2d{};
  }

  template <bool AnyShift, spec S>
  INLAY_ALWAYS_INLINE static void run_groups(const parameters& p, const arm_mve::channel_quad* quads,
                                             const map_view<std::int8_t>& output, const region& r,
                                             const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    if constexpr (S.groups == 1) {
      run_shared<AnyShift, S>(p, quads, output, r, input, weights);
    } else {
      map_view<std::int8_t> made = output;
      map_view<const std::int8_t> read = input;
      for (std::int32_t group = 0; group < S.groups; ++group) {
        run_shared<AnyShift, S>(p, quads, made, r, read, weights);
        quads += (p.output_channels + 3) / 4;
        made.data += p.output_channels;
        read.data += p.input_channels;
        weights += p.output_channels * p.depth;
      }
    }
  }

  template <bool AnyShift, spec S>
  INLAY_NEVER_INLINE static void run_shared(const parameters& p, const arm_mve::channel_quad* quads,
                                            const map_view<std::int8_t>& output, const region& r,
                                            const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    const arm_mve::product m{weights, quads, p.depth, p.output_channels, arm_mve::finishing_of(p)};
    if constexpr (S.window_bytes != 0)
      return arm_mve::convolution<AnyShift, S.depth, S.window_bytes, S.window_rows>{p, m, output, r, input}.run();
    const std::int32_t columns = r.end_column - r.first_column;
    const bool one_row = columns == p.output_width && r.end_row <= input.rows && r.end_row <= output.rows &&
                         input.row_pitch == columns * input.pixel_pitch &&
                         output.row_pitch == columns * output.pixel_pitch;
    const std::int32_t rows_at_once = one_row ? r.end_row - r.first_row : 1;
    for (std::int32_t y = r.first_row; y < r.end_row; y += rows_at_once)
      arm_mve::multiply_pixels<AnyShift, S.depth>(m, input.pixel(y, r.first_column), input.pixel_pitch,
                                                  output.pixel(y, r.first_column), output.pixel_pitch,
                                                  rows_at_once * columns);
  }
};

template <>
struct fast_kernel<isa::arm_mve, layer_kind::fully_connected> : arm_mve::product_table {
  struct parameters {
    std::int32_t rows = 1, depth = 0, units = 0;
    std::int8_t zero_point = 0, low = 0, high = 0;
  };
  struct spec {
    shifts shifting{};
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    return arm_mve::fits_int8(g.input_of(l).quant.zero_point) && arm_mve::fits_int8(g.output_of(l).quant.zero_point);
  }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
  static constexpr spec specialise(graph_view, const layer&, const arm_mve::channel_quad* table) {
    return {shifts_of(table)};
  }
  static constexpr parameters prepare(graph_view g, const layer& l) {
    const auto p = reference_kernel<layer_kind::fully_connected>::prepare(g, l);
    return {p.rows,
            p.depth,
            p.output_channels,
            narrow<std::int8_t>(p.output_zero_point),
            narrow<std::int8_t>(p.range.low),
            narrow<std::int8_t>(p.range.high)};
  }

  template <spec S>
  INLAY_ALWAYS_INLINE static void run_whole(const parameters& p, const arm_mve::channel_quad* table,
                                            std::int8_t* output, const std::int8_t* input, const std::int8_t* weights) {
    const arm_mve::product m{weights, table + 1, p.depth, p.units, {p.zero_point, p.low, p.high}};
    if (S.shifting.need_any(table))
      arm_mve::multiply_pixels<true, 0>(m, input, p.depth, output, p.units, p.rows);
    else
      arm_mve::multiply_pixels<false, 0>(m, input, p.depth, output, p.units, p.rows);
  }
};

}  // namespace inlay::detail
