// Inlay: pools and MEAN in plain C++: four channels at a time, along rows.
#pragma once

#include <inlay/kernels/portable/requantize.hpp>
#include <inlay/kernels/reference/reduce.hpp>
#include <inlay/narrow.hpp>
#include <inlay/plan/need.hpp>

#include <cstdint>
#include <type_traits>

namespace inlay::inline INLAY_ABI::detail {

/// Sums or maxima of four neighbouring channels, or of one.
struct four_sums {
  std::int32_t items[4]{};
  INLAY_ALWAYS_INLINE void take(const std::int8_t* pixel) {
    items[0] += pixel[0];
    items[1] += pixel[1];
    items[2] += pixel[2];
    items[3] += pixel[3];
  }
};
struct one_sum {
  std::int32_t items[1]{};
  INLAY_ALWAYS_INLINE void take(const std::int8_t* pixel) { items[0] += pixel[0]; }
};
struct four_maxima {
  std::int32_t items[4]{-128, -128, -128, -128};
  INLAY_ALWAYS_INLINE void take(const std::int8_t* pixel) {
    items[0] = pixel[0] > items[0] ? pixel[0] : items[0];
    items[1] = pixel[1] > items[1] ? pixel[1] : items[1];
    items[2] = pixel[2] > items[2] ? pixel[2] : items[2];
    items[3] = pixel[3] > items[3] ? pixel[3] : items[3];
  }
};
struct one_maximum {
  std::int32_t items[1]{-128};
  INLAY_ALWAYS_INLINE void take(const std::int8_t* pixel) { items[0] = pixel[0] > items[0] ? pixel[0] : items[0]; }
};

/// Takes `pixels` pixels that stand `pitch` elements apart.
template <typename Gathered>
INLAY_ALWAYS_INLINE void gather(Gathered& values, const std::int8_t* from, std::int32_t pitch, std::int32_t pixels) {
  for (; pixels > 0; --pixels, from += pitch) values.take(from);
}

/// AVERAGE_POOL_2D and MAX_POOL_2D.
template <bool Average>
struct fast_pool : no_table {
  struct spec {};
  struct parameters {
    std::int16_t input_height = 0, input_width = 0, channels = 0;
    std::int16_t kernel_height = 0, kernel_width = 0;
    std::int16_t stride_height = 0, stride_width = 0;
    std::int16_t padding_top = 0, padding_left = 0;
    std::int8_t low = -128, high = 127;
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    const window_parameters p = prepare_window(g, l);
    const std::int32_t fields[] = {p.input_height,         p.input_width,         p.output_channels,
                                   p.window.kernel.height, p.window.kernel.width, p.window.stride.height,
                                   p.window.stride.width,  p.window.padding.top,  p.window.padding.left};
    for (const std::int32_t field : fields)
      if (field > 0x7fff) return false;
    return true;
  }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const window_parameters p = prepare_window(g, l);
    const auto bits16 = [](std::int32_t value) {
      return narrow<std::int16_t>(value);
    };
    return {bits16(p.input_height),           bits16(p.input_width),
            bits16(p.output_channels),        bits16(p.window.kernel.height),
            bits16(p.window.kernel.width),    bits16(p.window.stride.height),
            bits16(p.window.stride.width),    bits16(p.window.padding.top),
            bits16(p.window.padding.left),    narrow<std::int8_t>(p.range.low),
            narrow<std::int8_t>(p.range.high)};
  }

  template <spec>
  INLAY_NEVER_INLINE static void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                                     const region& r, const map_view<const std::int8_t>& input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      const inside rows = clip(y * p.stride_height - p.padding_top, p.kernel_height, p.input_height);
      const std::int8_t* first = input.pixel(rows.first, input.first_column);
      std::int8_t* out = output.pixel(y, r.first_column);
      for (std::int32_t x = r.first_column; x < r.end_column; ++x, out += output.pixel_pitch) {
        const inside columns = clip(x * p.stride_width - p.padding_left, p.kernel_width, p.input_width);
        const window w{first + (columns.first - input.first_column) * input.pixel_pitch, rows.size, columns.size};
        const std::int32_t half = w.rows * w.columns / 2;
        for (std::int32_t c = 0, count = 0; c < p.channels; c += count) {
          std::int32_t values[4];
          count = gather_channels(p, input, w, c, values);
          for (std::int32_t i = 0; i < count; ++i) {
            std::int32_t value = values[i];
            // rounded_average, with half of the window at hand.
            if (Average) value = (value > 0 ? value + half : value - half) / (w.rows * w.columns);
            out[c + i] = stored_range{p.low, p.high}.clamp(value);
          }
        }
      }
    }
  }

  /// An average over the whole map, row by row.
  template <spec>
  INLAY_NEVER_INLINE static void accumulate(const parameters& p, std::int8_t* output, std::int8_t* sums,
                                            const region& row, const map_view<const std::int8_t>& input) {
    const window w{input.pixel(row.first_row, row.first_column), 1, row.end_column - row.first_column};
    const std::int32_t pixels = p.input_height * p.input_width;
    for (std::int32_t c = 0, count = 0; c < p.channels; c += count) {
      std::int32_t values[4];
      count = gather_channels(p, input, w, c, values);
      for (std::int32_t i = 0; i < count; ++i) {
        const std::int32_t sum = add_to_sum(sums + sum_bytes * (c + i), values[i], starts(row));
        if (row.end_row == p.input_height)
          output[c + i] = stored_range{p.low, p.high}.clamp(rounded_average(sum, pixels));
      }
    }
  }

 protected:
  /// The part of a window along one axis that is inside the map.
  struct inside {
    std::int32_t first = 0, size = 0;
  };
  static inside clip(std::int32_t first, std::int32_t size, std::int32_t extent) {
    const std::int32_t begin = first > 0 ? first : 0;
    const std::int32_t end = first + size < extent ? first + size : extent;
    return {begin, end - begin};
  }

 private:
  /// The part of the map that one output pixel sees.
  struct window {
    const std::int8_t* first = nullptr;
    std::int32_t rows = 0, columns = 0;
  };

  using four = std::conditional_t<Average, four_sums, four_maxima>;
  using one = std::conditional_t<Average, one_sum, one_maximum>;

  /// Sums or maxima of the next channels of a window: four, or one where fewer are left. Returns how many.
  INLAY_ALWAYS_INLINE static std::int32_t gather_channels(const parameters& p, const map_view<const std::int8_t>& input,
                                                          const window& w, std::int32_t c, std::int32_t* values) {
    if (p.channels - c >= 4) {
      gather_window<four>(input, w, c, values);
      return 4;
    }
    gather_window<one>(input, w, c, values);
    return 1;
  }

  template <typename Gathered>
  INLAY_ALWAYS_INLINE static void gather_window(const map_view<const std::int8_t>& input, const window& w,
                                                std::int32_t c, std::int32_t* values) {
    const std::int8_t* ring_end = input.data + input.size();
    const std::int8_t* row = w.first;
    Gathered gathered{};
    for (std::int32_t i = w.rows; i > 0; --i) {
      gather(gathered, row + c, input.pixel_pitch, w.columns);
      row += input.row_pitch;
      if (row >= ring_end) row -= input.size();
    }
    for (const std::int32_t value : gathered.items) *values++ = value;
  }
};

/// MEAN over axes that follow one another: the input is [outer, reduced, inner], inner elements side by side.
struct fast_mean : no_table {
  using reference = reference_kernel<layer_kind::mean>;

  struct spec {};
  struct parameters {
    fixed_multiplier multiplier{};
    std::int32_t zero_point_sum = 0, output_zero_point = 0;
    std::int32_t outer = 1, reduced = 1, inner = 1;
    std::int32_t rows = 1;  // of a mean over height and width
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    const shape& from = g.input_of(l).extents;
    std::uint32_t axes = l.axes & ((1u << from.rank) - 1);
    if (axes == 0) return false;
    while ((axes & 1) == 0) axes >>= 1;
    const bool together = (axes & (axes + 1)) == 0;
    // So that sums, zero points included, are below 2^29.
    return together && from.elements() < 1 << 21 && reference::prepare(g, l).multiplier.shift <= 0;
  }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const reference::parameters p = reference::prepare(g, l);
    const shape& from = g.input_of(l).extents;
    parameters r{};
    r.multiplier = p.multiplier;
    r.zero_point_sum = p.zero_point_sum;
    r.output_zero_point = p.output_zero_point;
    for (int axis = 0; axis < from.rank; ++axis) {
      if ((l.axes >> axis & 1) != 0)
        r.reduced *= from[axis];
      else if (l.axes >> axis != 0)
        r.outer *= from[axis];
      else
        r.inner *= from[axis];
    }
    r.rows = from.height();
    return r;
  }

  template <spec>
  INLAY_NEVER_INLINE static void run_whole(const parameters& p, const table_entry*, std::int8_t* output,
                                           const std::int8_t* input) {
    for (std::int32_t i = p.outer; i > 0; --i, input += (p.reduced - 1) * p.inner) {
      std::int32_t c = p.inner;
      for (; c >= 4; c -= 4, input += 4) finish(p, sum_of<four_sums>(input, p.inner, p.reduced), output);
      for (; c > 0; --c, ++input) finish(p, sum_of<one_sum>(input, p.inner, p.reduced), output);
    }
  }

  template <spec>
  INLAY_NEVER_INLINE static void accumulate(const parameters& p, std::int8_t* output, std::int8_t* sums,
                                            const region& row, const map_view<const std::int8_t>& input) {
    const std::int8_t* pixels = input.pixel(row.first_row, row.first_column);
    const std::int32_t columns = row.end_column - row.first_column;
    const bool is_first = starts(row), ends = row.end_row == p.rows;
    std::int32_t c = p.inner;
    for (; c >= 4; c -= 4, pixels += 4)
      add_up(p, is_first, ends, sum_of<four_sums>(pixels, input.pixel_pitch, columns), sums, output);
    for (; c > 0; --c, ++pixels)
      add_up(p, is_first, ends, sum_of<one_sum>(pixels, input.pixel_pitch, columns), sums, output);
  }

 private:
  template <typename Sums>
  INLAY_ALWAYS_INLINE static Sums sum_of(const std::int8_t* from, std::int32_t pitch, std::int32_t pixels) {
    Sums sums{};
    gather(sums, from, pitch, pixels);
    return sums;
  }

  template <typename Sums>
  INLAY_ALWAYS_INLINE static void finish(const parameters& p, const Sums& sums, std::int8_t*& output) {
    for (const std::int32_t sum : sums.items) {
      const std::int32_t high =
          primitives<isa::portable>::add_high_product(0, 2 * (sum - p.zero_point_sum), p.multiplier.multiplier);
      *output++ = saturate_to_int8(divide_by_power_of_two(high, -p.multiplier.shift) + p.output_zero_point);
    }
  }

  template <typename Sums>
  INLAY_ALWAYS_INLINE static void add_up(const parameters& p, bool is_first, bool ends, Sums sums, std::int8_t*& stored,
                                         std::int8_t*& output) {
    for (std::int32_t& sum : sums.items) {
      sum = add_to_sum(stored, sum, is_first);
      stored += sum_bytes;
    }
    if (ends) finish(p, sums, output);
  }
};

template <>
struct portable_kernel<layer_kind::average_pool2d> : fast_pool<true> {};
template <>
struct portable_kernel<layer_kind::max_pool2d> : fast_pool<false> {};
template <>
struct portable_kernel<layer_kind::mean> : fast_mean {};

}  // namespace inlay::detail
