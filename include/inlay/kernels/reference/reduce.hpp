// Inlay: reference kernels of layers that make one element of many: pools, MEAN, SUM, REDUCE_MAX, REDUCE_MIN, ARG_MAX,
// ARG_MIN, ADD_N, CUMSUM.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/reference/convolution.hpp>

#include <array>
#include <bit>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI::detail {

/// Rows and columns of a pool's window that lie inside the map.
struct inside_window {
  std::int32_t top = 0, bottom = 0, left = 0, right = 0;
};

constexpr inside_window clip_window(const window_parameters& p, std::int32_t y, std::int32_t x) {
  const std::int32_t top = y * p.window.stride.height - p.window.padding.top;
  const std::int32_t left = x * p.window.stride.width - p.window.padding.left;
  return {
      top > 0 ? top : 0, top + p.window.kernel.height < p.input_height ? top + p.window.kernel.height : p.input_height,
      left > 0 ? left : 0, left + p.window.kernel.width < p.input_width ? left + p.window.kernel.width : p.input_width};
}

/// A quotient rounded to nearest, ties away from zero, of an average pool.
constexpr std::int32_t rounded_average(std::int32_t sum, std::int32_t count) {
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

/// tensorflow/lite/kernels/internal/reference/integer_ops/pooling.h. Input [h, w, c], output [h', w', c].
/// Padding takes no part.
template <bool Average>
struct pool_kernel : no_table {
  using parameters = window_parameters;
  static constexpr parameters prepare(graph_view g, const layer& l) { return prepare_window(g, l); }

  template <typename Input>
  static constexpr std::int8_t element(const parameters& p, const map_view<Input>& input, std::int32_t y,
                                       std::int32_t x, std::int32_t c) {
    const inside_window in = clip_window(p, y, x);
    std::int32_t value = Average ? 0 : -128;
    for (std::int32_t iy = in.top; iy < in.bottom; ++iy)
      for (std::int32_t ix = in.left; ix < in.right; ++ix) {
        const std::int32_t e = as_int8(input.pixel(iy, ix)[c]);
        value = Average ? value + e : e > value ? e : value;
      }
    if (Average) value = rounded_average(value, (in.bottom - in.top) * (in.right - in.left));
    return p.range.clamp(value);
  }

  template <typename Input>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const Input>& input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        std::int8_t* out = output.pixel(y, x);
        for (std::int32_t c = 0; c < p.output_channels; ++c) out[c] = element(p, input, y, x, c);
      }
  }

  /// An average over the whole map, row by row.
  template <typename Input>
  static constexpr void accumulate(const parameters& p, std::int8_t* output, std::int8_t* sums, const region& row,
                                   const map_view<const Input>& input) {
    for (std::int32_t c = 0; c < p.output_channels; ++c) {
      std::int32_t sum = 0;
      for (std::int32_t x = row.first_column; x < row.end_column; ++x) sum += as_int8(input.pixel(row.first_row, x)[c]);
      sum = add_to_sum(sums + 4 * c, sum, starts(row));
      if (row.end_row == p.input_height)
        output[c] = p.range.clamp(rounded_average(sum, p.input_height * p.input_width));
    }
  }
};

template <>
struct reference_kernel<layer_kind::average_pool2d> : pool_kernel<true> {};
template <>
struct reference_kernel<layer_kind::max_pool2d> : pool_kernel<false> {};

/// Extents and strides of some of a tensor's axes, innermost first; the rest have extent 1.
struct some_axes {
  std::array<std::int32_t, max_rank> extents{1, 1, 1, 1, 1, 1};
  std::array<std::int32_t, max_rank> strides{};
};

/// The axes that a reduction keeps and those that it reduces.
struct split_axes {
  some_axes kept{}, reduced{};

  constexpr split_axes() = default;
  constexpr split_axes(const shape& s, std::uint32_t mask) {
    const auto all = dense_strides(s);
    std::size_t kept_count = 0, reduced_count = 0;
    for (int axis = s.rank - 1; axis >= 0; --axis) {
      const bool reduce = (mask >> axis & 1) != 0;
      some_axes& group = reduce ? reduced : kept;
      const std::size_t position = reduce ? reduced_count++ : kept_count++;
      group.extents[position] = s[axis];
      group.strides[position] = all[static_cast<std::size_t>(axis)];
    }
  }
};

/// Calls f with the offset of every element of the axes, in memory order.
template <typename Function>
constexpr void for_each_offset(const some_axes& a, Function f) {
  std::array<std::int32_t, max_rank> index{};
  std::int32_t offset = 0;
  for (;;) {
    f(offset);
    std::size_t axis = 0;
    for (; axis < index.size(); ++axis) {
      offset += a.strides[axis];
      if (++index[axis] < a.extents[axis]) break;
      offset -= a.extents[axis] * a.strides[axis];
      index[axis] = 0;
    }
    if (axis == index.size()) return;
  }
}

/// The mean over any axes. tensorflow/lite/kernels/internal/reference/reduce.h: QuantizedMeanOrSum, the
/// division by the number of elements being part of the multiplier.
///
/// A mean over height and width can also be given its input row by row: accumulate() adds a row to sums of
/// four bytes each, and with the last row makes the output of them.
template <>
struct reference_kernel<layer_kind::mean> : no_table {
  struct parameters : split_axes {
    std::int32_t zero_point_sum = 0;  // what the input's zero point adds to each sum
    std::int32_t output_zero_point = 0;
    fixed_multiplier multiplier{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const tensor& in = g.input_of(l);
    const tensor& out = g.output_of(l);
    parameters p{{in.extents, l.axes}};
    std::int32_t count = 1;
    for (const std::int32_t extent : p.reduced.extents) count *= extent;
    p.zero_point_sum = in.quant.zero_point * count;
    p.output_zero_point = out.quant.zero_point;
    const fixed_multiplier ratio = quantize_multiplier(as_double(in.quant.scale) / as_double(out.quant.scale));
    std::int32_t shift = 63 - std::countl_zero(static_cast<std::uint64_t>(count));
    if (shift > 32) shift = 32;
    if (shift > 31 + ratio.shift) shift = 31 + ratio.shift;
    p.multiplier = {static_cast<std::int32_t>((std::int64_t{ratio.multiplier} << shift) / count), ratio.shift - shift};
    return p;
  }

  template <typename Input>
  static constexpr void run_whole(const parameters& p, const table_entry*, std::int8_t* output, const Input* input) {
    for_each_offset(p.kept, [&](std::int32_t first) {
      std::int32_t sum = 0;
      for_each_offset(p.reduced, [&](std::int32_t offset) { sum += as_int8(input[first + offset]); });
      *output++ = mean_of(p, sum);
    });
  }

  /// Adds one row of a map to the sums; the first row starts them. The last makes the output.
  template <typename Input>
  static constexpr void accumulate(const parameters& p, std::int8_t* output, std::int8_t* sums, const region& row,
                                   const map_view<const Input>& input) {
    const std::int32_t channels = p.kept.extents[0];
    for (std::int32_t c = 0; c < channels; ++c) {
      std::int32_t sum = 0;
      for (std::int32_t x = row.first_column; x < row.end_column; ++x) sum += as_int8(input.pixel(row.first_row, x)[c]);
      sum = add_to_sum(sums + 4 * c, sum, starts(row));
      if (row.end_row == p.reduced.extents[1]) output[c] = mean_of(p, sum);
    }
  }

 private:
  static constexpr std::int8_t mean_of(const parameters& p, std::int32_t sum) {
    return saturate_to_int8(wrapping_add(multiply(sum - p.zero_point_sum, p.multiplier), p.output_zero_point));
  }
};

/// The sum over any axes: the mean's arithmetic without its division.
template <>
struct reference_kernel<layer_kind::sum> : reference_kernel<layer_kind::mean> {
  static constexpr parameters prepare(graph_view g, const layer& l) {
    parameters p = reference_kernel<layer_kind::mean>::prepare(g, l);
    p.multiplier = quantize_multiplier(as_double(g.input_of(l).quant.scale) / as_double(g.output_of(l).quant.scale));
    return p;
  }
};

/// The largest or the smallest over any axes. tensorflow/lite/kernels/internal/reference/reduce.h: ReduceGeneric.
template <bool Largest>
struct reduced_extremum_kernel : no_table {
  using parameters = split_axes;
  static constexpr parameters prepare(graph_view g, const layer& l) { return {g.input_of(l).extents, l.axes}; }

  template <typename Input>
  static constexpr void run_whole(const parameters& p, const table_entry*, std::int8_t* output, const Input* input) {
    for_each_offset(p.kept, [&](std::int32_t first) {
      std::int32_t best = Largest ? -128 : 127;
      for_each_offset(p.reduced, [&](std::int32_t offset) {
        const std::int32_t value = as_int8(input[first + offset]);
        if (Largest ? value > best : value < best) best = value;
      });
      *output++ = static_cast<std::int8_t>(best);
    });
  }
};

/// A sum of values with 20 more bits, as ADD_N and CUMSUM have it. Both start theirs with a zero that is stored as 0,
/// so that the zero point is once more taken away. tensorflow/lite/kernels/internal/reference/add_n.h, cumsum.h.
struct long_sum {
  std::int32_t input_zero_point = 0, output_zero_point = 0;
  fixed_multiplier multiplier{};

  constexpr long_sum() = default;
  constexpr long_sum(graph_view g, const layer& l)
      : input_zero_point(g.input_of(l).quant.zero_point),
        output_zero_point(g.output_of(l).quant.zero_point),
        multiplier(quantize_multiplier(2 * as_double(g.input_of(l).quant.scale) /
                                       ((1 << 20) * as_double(g.output_of(l).quant.scale)))) {}

  /// Of so many values, the sum of which as they are stored is `sum`.
  constexpr std::int8_t of(std::int32_t sum, std::int32_t count) const {
    const std::int32_t scaled = shift_left(sum - (count + 1) * input_zero_point, 19);
    return saturate_to_int8(wrapping_add(multiply(scaled, multiplier), output_zero_point));
  }
};

template <>
struct reference_kernel<layer_kind::reduce_max> : reduced_extremum_kernel<true> {};
template <>
struct reference_kernel<layer_kind::reduce_min> : reduced_extremum_kernel<false> {};

/// ADD_N, its operands side by side along one axis.
template <>
struct reference_kernel<layer_kind::add_n> : no_table {
  struct parameters : split_axes {
    long_sum total{};
  };
  static constexpr parameters prepare(graph_view g, const layer& l) {
    return {{g.input_of(l).extents, l.axes}, {g, l}};
  }

  template <typename Input>
  static constexpr void run_whole(const parameters& p, const table_entry*, std::int8_t* output, const Input* input) {
    for_each_offset(p.kept, [&](std::int32_t first) {
      std::int32_t sum = 0, count = 0;
      for_each_offset(p.reduced, [&](std::int32_t offset) {
        sum += as_int8(input[first + offset]);
        ++count;
      });
      *output++ = p.total.of(sum, count);
    });
  }
};

/// Each element with those before it along the axis of the mask, from the last on where step[axis] is −1; without
/// itself where begin[axis] is 1.
template <>
struct reference_kernel<layer_kind::cumsum> : no_table {
  struct parameters {
    std::int32_t outer = 1, extent = 1, inner = 1;  // before the axis, along it, behind it
    bool leaves_out_itself = false, backwards = false;
    long_sum total{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& from = g.input_of(l).extents;
    parameters p{1, 1, 1, false, false, {g, l}};
    for (int axis = 0; axis < from.rank; ++axis) {
      (l.axes >> axis == 1 ? p.extent : l.axes >> axis == 0 ? p.inner : p.outer) *= from[axis];
      if (l.axes >> axis != 1) continue;
      p.leaves_out_itself = l.begin[static_cast<std::size_t>(axis)] == 1;
      p.backwards = l.step[static_cast<std::size_t>(axis)] == -1;
    }
    return p;
  }

  template <typename Input>
  static constexpr void run_whole(const parameters& p, const table_entry*, std::int8_t* output, const Input* input) {
    for (std::int32_t o = 0; o < p.outer; ++o)
      for (std::int32_t i = 0; i < p.inner; ++i) {
        std::int32_t sum = 0;
        for (std::int32_t e = 0; e < p.extent; ++e) {
          const std::int32_t at = (o * p.extent + (p.backwards ? p.extent - 1 - e : e)) * p.inner + i;
          const std::int32_t value = as_int8(input[at]);
          output[at] = p.leaves_out_itself ? p.total.of(sum, e) : p.total.of(sum + value, e + 1);
          sum += value;
        }
      }
  }
};

/// Where along an axis the largest or the smallest element stands, the first of several, as int32: four bytes, low
/// byte first. tensorflow/lite/kernels/internal/reference/arg_min_max.h.
template <bool Largest>
struct arg_kernel : no_table {
  using parameters = split_axes;
  static constexpr parameters prepare(graph_view g, const layer& l) { return {g.input_of(l).extents, l.axes}; }

  template <typename Input>
  static constexpr void run_whole(const parameters& p, const table_entry*, std::int8_t* output, const Input* input) {
    for_each_offset(p.kept, [&](std::int32_t first) {
      std::int32_t best = 0, index = 0, best_value = as_int8(input[first]);
      for_each_offset(p.reduced, [&](std::int32_t offset) {
        const std::int32_t value = as_int8(input[first + offset]);
        if (Largest ? value > best_value : value < best_value) {
          best = index;
          best_value = value;
        }
        ++index;
      });
      for (std::int32_t i = 0; i < 4; ++i) *output++ = static_cast<std::int8_t>(best >> 8 * i & 0xff);
    });
  }
};

template <>
struct reference_kernel<layer_kind::arg_max> : arg_kernel<true> {};
template <>
struct reference_kernel<layer_kind::arg_min> : arg_kernel<false> {};

}  // namespace inlay::detail

INLAY_END_EXACT_FLOATS
