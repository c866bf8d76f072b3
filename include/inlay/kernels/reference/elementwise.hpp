// Inlay: reference kernels of layers on two inputs, element by element: arithmetic, PRELU, comparisons, SELECT.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/fixed_point.hpp>
#include <inlay/kernels/kernel.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI::detail {

/// How an input is read along with the output: 0 where it has one pixel or channel for all, 1 otherwise.
struct broadcast {
  std::int32_t rows = 1, columns = 1, channels = 1;
  /// Not 0 where it has some of the axes that are rows, but not all: bit i set if it has the i-th from the innermost.
  std::uint32_t row_axes = 0;
};

constexpr broadcast make_broadcast(const shape& from, const shape& to) {
  broadcast b{map_rows(from) == map_rows(to), from.width() == to.width(), from.channels() == to.channels(), 0};
  for (int axis = 2; axis < max_rank && b.rows == 0; ++axis)
    if (from.from_innermost(axis) != 1) b.row_axes |= 1u << (axis - 2);
  return b;
}

/// What all layers on two inputs need.
struct pair_parameters {
  std::int32_t channels = 0;
  std::array<std::int16_t, max_rank - 2> row_extents{};  // of the output's axes that are rows, innermost first
  broadcast a_read{}, b_read{};
  std::int32_t a_zero_point = 0, b_zero_point = 0, output_zero_point = 0;
  stored_range range{};
};

constexpr pair_parameters prepare_pair(graph_view g, const layer& l) {
  const tensor& a = g.input_of(l, 0);
  const tensor& b = g.input_of(l, 1);
  const tensor& out = g.output_of(l);
  pair_parameters p{out.extents.channels(),
                    {},
                    make_broadcast(a.extents, out.extents),
                    make_broadcast(b.extents, out.extents),
                    a.quant.zero_point,
                    b.quant.zero_point,
                    out.quant.zero_point,
                    activation_range(l.clamp, out.quant)};
  for (std::size_t axis = 0; axis < p.row_extents.size(); ++axis)
    p.row_extents[axis] = static_cast<std::int16_t>(out.extents.from_innermost(static_cast<int>(axis) + 2));
  return p;
}

/// The row of an input for a row of the output.
constexpr std::int32_t input_row(const pair_parameters& p, const broadcast& read, std::int32_t y) {
  if (read.row_axes == 0) return y * read.rows;
  std::int32_t row = 0, pitch = 1;
  for (std::size_t axis = 0; axis < p.row_extents.size(); ++axis) {
    const std::int32_t extent = p.row_extents[axis];
    if ((read.row_axes >> axis & 1) != 0) {
      row += y % extent * pitch;
      pitch *= extent;
    }
    y /= extent;
  }
  return row;
}

/// output = f(a, b) for every element of a region.
template <typename A, typename B, typename Function>
constexpr void for_each_pair(const pair_parameters& p, const map_view<std::int8_t>& output, const region& r,
                             const map_view<A>& a, const map_view<B>& b, Function f) {
  for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
    const std::int32_t a_row = input_row(p, p.a_read, y), b_row = input_row(p, p.b_read, y);
    for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
      std::int8_t* out = output.pixel(y, x);
      const A* from_a = a.pixel(a_row, x * p.a_read.columns);
      const B* from_b = b.pixel(b_row, x * p.b_read.columns);
      for (std::int32_t c = 0; c < p.channels; ++c)
        out[c] = f(as_int8(from_a[c * p.a_read.channels]), as_int8(from_b[c * p.b_read.channels]));
    }
  }
}

/// ADD and SUB: both inputs are brought to a common scale with 20 more bits, added, and brought to the
/// output's. tensorflow/lite/kernels/add.cc: Prepare, internal/reference/integer_ops/add.h: AddFunc.
template <int Sign>
struct sum_kernel : no_table {
  static constexpr std::int32_t headroom_bits = 20;

  struct parameters : pair_parameters {
    fixed_multiplier a_multiplier{}, b_multiplier{}, output_multiplier{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const quantization& a = g.input_of(l, 0).quant;
    const quantization& b = g.input_of(l, 1).quant;
    const quantization& out = g.output_of(l).quant;
    const double twice_larger = 2 * as_double(a.scale > b.scale ? a.scale : b.scale);
    return {prepare_pair(g, l), quantize_multiplier(as_double(a.scale) / twice_larger),
            quantize_multiplier(as_double(b.scale) / twice_larger),
            quantize_multiplier(twice_larger / ((1 << headroom_bits) * as_double(out.scale)))};
  }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const A>& a, const map_view<const B>& b) {
    for_each_pair(p, output, r, a, b, [&p](std::int32_t x, std::int32_t y) {
      const std::int32_t scaled_x = multiply((x - p.a_zero_point) * (1 << headroom_bits), p.a_multiplier);
      const std::int32_t scaled_y = multiply((y - p.b_zero_point) * (1 << headroom_bits), p.b_multiplier);
      return p.range.clamp(
          wrapping_add(multiply(scaled_x + Sign * scaled_y, p.output_multiplier), p.output_zero_point));
    });
  }
};

/// a + b, each of the output's shape or broadcast to it.
template <>
struct reference_kernel<layer_kind::add> : sum_kernel<1> {};

/// a − b, each of the output's shape or broadcast to it.
template <>
struct reference_kernel<layer_kind::sub> : sum_kernel<-1> {};

/// a × b, each of the output's shape or broadcast to it.
/// tensorflow/lite/kernels/internal/reference/integer_ops/mul.h: MulFunc.
template <>
struct reference_kernel<layer_kind::mul> : no_table {
  struct parameters : pair_parameters {
    fixed_multiplier multiplier{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const quantization& a = g.input_of(l, 0).quant;
    const quantization& b = g.input_of(l, 1).quant;
    const quantization& out = g.output_of(l).quant;
    return {prepare_pair(g, l), quantize_multiplier(as_double(a.scale) * as_double(b.scale) / as_double(out.scale))};
  }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const A>& a, const map_view<const B>& b) {
    for_each_pair(p, output, r, a, b, [&p](std::int32_t x, std::int32_t y) {
      const std::int32_t product = (x - p.a_zero_point) * (y - p.b_zero_point);
      return p.range.clamp(wrapping_add(multiply(product, p.multiplier), p.output_zero_point));
    });
  }
};

/// (a − b)²: both inputs are brought to a common scale with seven more bits.
/// tensorflow/lite/micro/kernels/squared_difference.cc.
template <>
struct reference_kernel<layer_kind::squared_difference> : no_table {
  static constexpr std::int32_t headroom_bits = 7;

  struct parameters : pair_parameters {
    fixed_multiplier a_multiplier{}, b_multiplier{}, output_multiplier{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const quantization& a = g.input_of(l, 0).quant;
    const quantization& b = g.input_of(l, 1).quant;
    const double twice_larger = 2 * as_double(a.scale > b.scale ? a.scale : b.scale);
    return {prepare_pair(g, l), quantize_multiplier(as_double(a.scale) / twice_larger),
            quantize_multiplier(as_double(b.scale) / twice_larger),
            quantize_multiplier(twice_larger * twice_larger /
                                ((1 << 2 * headroom_bits) * as_double(g.output_of(l).quant.scale)))};
  }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const A>& a, const map_view<const B>& b) {
    for_each_pair(p, output, r, a, b, [&p](std::int32_t x, std::int32_t y) {
      const std::int32_t difference = multiply((x - p.a_zero_point) * (1 << headroom_bits), p.a_multiplier) -
                                      multiply((y - p.b_zero_point) * (1 << headroom_bits), p.b_multiplier);
      return p.range.clamp(wrapping_add(multiply(difference * difference, p.output_multiplier), p.output_zero_point));
    });
  }
};

/// The input, what is below zero times a slope. tensorflow/lite/kernels/internal/reference/prelu.h,
/// tensorflow/lite/micro/kernels/prelu_common.cc.
template <>
struct reference_kernel<layer_kind::prelu> : no_table {
  struct parameters : pair_parameters {
    fixed_multiplier above_zero{}, below_zero{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const double in = as_double(g.input_of(l, 0).quant.scale), slope = as_double(g.input_of(l, 1).quant.scale);
    const double out = as_double(g.output_of(l).quant.scale);
    return {prepare_pair(g, l), quantize_multiplier(in / out), quantize_multiplier(in * slope / out)};
  }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const A>& input, const map_view<const B>& slopes) {
    for_each_pair(p, output, r, input, slopes, [&p](std::int32_t x, std::int32_t slope) {
      const std::int32_t centred = x - p.a_zero_point;
      const std::int32_t scaled =
          centred >= 0 ? multiply(centred, p.above_zero) : multiply(centred * (slope - p.b_zero_point), p.below_zero);
      return p.range.clamp(wrapping_add(scaled, p.output_zero_point));
    });
  }
};

/// a / b. tensorflow/lite/kernels/internal/reference/div.h: DivElementwise, where the reference's shifts are defined.
/// What is divided by zero has the answer that its arithmetic has.
template <>
struct reference_kernel<layer_kind::div> : no_table {
  struct parameters : pair_parameters {
    fixed_multiplier multiplier{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const quantization& a = g.input_of(l, 0).quant;
    const quantization& b = g.input_of(l, 1).quant;
    const double result_scale = as_double(b.scale) * as_double(g.output_of(l).quant.scale);
    return {prepare_pair(g, l), quantize_multiplier(as_double(a.scale) / result_scale)};
  }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const A>& a, const map_view<const B>& b) {
    for_each_pair(p, output, r, a, b, [&p](std::int32_t x, std::int32_t y) {
      const std::int32_t divisor = y - p.b_zero_point;
      const std::int32_t dividend = divisor < 0 ? p.a_zero_point - x : x - p.a_zero_point;
      const scaled_fraction inverse = reciprocal_of(divisor < 0 ? -divisor : divisor, 31);
      // As many bits as the dividend has room for.
      const std::int32_t headroom = std::countl_zero(static_cast<std::uint32_t>(dividend ^ dividend >> 31)) - 1;
      const std::int32_t quotient = doubling_high_multiply(shift_left(dividend, headroom), inverse.fraction);
      const fixed_multiplier by{p.multiplier.multiplier, p.multiplier.shift - inverse.bits - headroom};
      return p.range.clamp(wrapping_add(multiply(quotient, by), p.output_zero_point));
    });
  }
};

/// Two values compared, both in units of 2^−8: 1 for true, 0 for false.
/// tensorflow/lite/kernels/internal/reference/comparisons.h: ComparisonWithScaling.
template <typename Relation>
struct comparison_kernel : no_table {
  struct parameters : pair_parameters {
    fixed_multiplier a_multiplier{}, b_multiplier{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    return {prepare_pair(g, l), quantize_multiplier(as_double(g.input_of(l, 0).quant.scale)),
            quantize_multiplier(as_double(g.input_of(l, 1).quant.scale))};
  }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const A>& a, const map_view<const B>& b) {
    for_each_pair(p, output, r, a, b, [&p](std::int32_t x, std::int32_t y) {
      const bool holds = Relation{}(multiply((x - p.a_zero_point) * (1 << 8), p.a_multiplier),
                                    multiply((y - p.b_zero_point) * (1 << 8), p.b_multiplier));
      return static_cast<std::int8_t>(holds ? 1 : 0);
    });
  }
};

/// f(a, b) of the bytes as they are stored.
template <typename Function>
struct stored_pair_kernel : no_table {
  using parameters = pair_parameters;
  static constexpr parameters prepare(graph_view g, const layer& l) { return prepare_pair(g, l); }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const A>& a, const map_view<const B>& b) {
    for_each_pair(p, output, r, a, b,
                  [](std::int32_t x, std::int32_t y) { return static_cast<std::int8_t>(Function{}(x, y)); });
  }
};

struct is_equal {
  constexpr bool operator()(std::int32_t x, std::int32_t y) const { return x == y; }
};
struct is_not_equal {
  constexpr bool operator()(std::int32_t x, std::int32_t y) const { return x != y; }
};
struct is_greater {
  constexpr bool operator()(std::int32_t x, std::int32_t y) const { return x > y; }
};
struct is_greater_or_equal {
  constexpr bool operator()(std::int32_t x, std::int32_t y) const { return x >= y; }
};
struct larger_value {
  constexpr std::int32_t operator()(std::int32_t x, std::int32_t y) const { return x > y ? x : y; }
};
struct smaller_value {
  constexpr std::int32_t operator()(std::int32_t x, std::int32_t y) const { return x < y ? x : y; }
};
template <bool Wanted>
struct value_where {
  constexpr std::int32_t operator()(std::int32_t condition, std::int32_t value) const {
    return (condition != 0) == Wanted ? value : 0;
  }
};
struct either_value {
  constexpr std::int32_t operator()(std::int32_t x, std::int32_t y) const { return x | y; }
};

template <>
struct reference_kernel<layer_kind::equal> : comparison_kernel<is_equal> {};
template <>
struct reference_kernel<layer_kind::not_equal> : comparison_kernel<is_not_equal> {};
template <>
struct reference_kernel<layer_kind::greater> : comparison_kernel<is_greater> {};
template <>
struct reference_kernel<layer_kind::greater_equal> : comparison_kernel<is_greater_or_equal> {};

/// The larger or the smaller of two stored values.
/// tensorflow/lite/kernels/internal/reference/maximum_minimum.h.
template <>
struct reference_kernel<layer_kind::maximum> : stored_pair_kernel<larger_value> {};
template <>
struct reference_kernel<layer_kind::minimum> : stored_pair_kernel<smaller_value> {};

/// SELECT_V2 in three steps: one value where the condition is true, the other where it is false, and either of them.
template <>
struct reference_kernel<layer_kind::where_true> : stored_pair_kernel<value_where<true>> {};
template <>
struct reference_kernel<layer_kind::where_false> : stored_pair_kernel<value_where<false>> {};
template <>
struct reference_kernel<layer_kind::either> : stored_pair_kernel<either_value> {};

}  // namespace inlay::detail

INLAY_END_EXACT_FLOATS
