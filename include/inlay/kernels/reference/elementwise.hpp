// Inlay: reference kernels of layers that work element by element: ADD, SUB, MUL, the activations, QUANTIZE.
#pragma once

#include <inlay/kernels/fixed_point.hpp>
#include <inlay/kernels/kernel.hpp>

#include <array>

namespace inlay {

namespace detail {

/// How two inputs are walked along with the output: extents of the output from the innermost axis on, and
/// the distance to an input's next element along each, 0 where it is broadcast.
struct broadcast_walk {
  std::array<std::int32_t, max_rank> extents{};
  std::array<std::int32_t, max_rank> a_strides{};
  std::array<std::int32_t, max_rank> b_strides{};
};

constexpr std::array<std::int32_t, max_rank> broadcast_strides(const shape& s) {
  std::array<std::int32_t, max_rank> strides{};
  std::int32_t stride = 1;
  for (int axis = 0; axis < max_rank; ++axis) {
    const std::int32_t extent = s.from_innermost(axis);
    strides[static_cast<std::size_t>(axis)] = extent == 1 ? 0 : stride;
    stride *= extent;
  }
  return strides;
}

constexpr broadcast_walk make_broadcast_walk(graph_view g, const layer& l) {
  broadcast_walk walk{};
  for (int axis = 0; axis < max_rank; ++axis)
    walk.extents[static_cast<std::size_t>(axis)] = g.output_of(l).extents.from_innermost(axis);
  walk.a_strides = broadcast_strides(g.input_of(l, 0).extents);
  walk.b_strides = broadcast_strides(g.input_of(l, 1).extents);
  return walk;
}

/// output[i] = f(a[…], b[…]) for every element, in memory order.
template <typename A, typename B, typename Function>
constexpr void for_each_pair(const broadcast_walk& walk, std::int8_t* output, const A* a, const B* b, Function f) {
  std::array<std::int32_t, max_rank> index{};
  std::int32_t at_a = 0, at_b = 0;
  const auto inner = walk.extents[0];
  for (;;) {
    for (std::int32_t i = 0; i < inner; ++i)
      *output++ = f(as_int8(a[at_a + i * walk.a_strides[0]]), as_int8(b[at_b + i * walk.b_strides[0]]));
    std::size_t axis = 1;
    for (; axis < index.size(); ++axis) {
      at_a += walk.a_strides[axis];
      at_b += walk.b_strides[axis];
      if (++index[axis] < walk.extents[axis]) break;
      at_a -= walk.extents[axis] * walk.a_strides[axis];
      at_b -= walk.extents[axis] * walk.b_strides[axis];
      index[axis] = 0;
    }
    if (axis == index.size()) return;
  }
}

/// ADD and SUB: both inputs are brought to a common scale with 20 more bits, added, and brought to the
/// output's. tensorflow/lite/kernels/add.cc: Prepare, internal/reference/integer_ops/add.h: AddFunc.
template <int Sign>
struct sum_kernel : no_table {
  static constexpr std::int32_t headroom_bits = 20;

  struct parameters {
    broadcast_walk walk{};
    std::int32_t a_zero_point = 0, b_zero_point = 0, output_zero_point = 0;
    fixed_multiplier a_multiplier{}, b_multiplier{}, output_multiplier{};
    stored_range range{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const quantization& a = g.input_of(l, 0).quant;
    const quantization& b = g.input_of(l, 1).quant;
    const quantization& out = g.output_of(l).quant;
    const double twice_larger = 2 * double{a.scale > b.scale ? a.scale : b.scale};
    return {make_broadcast_walk(g, l),
            a.zero_point,
            b.zero_point,
            out.zero_point,
            quantize_multiplier(double{a.scale} / twice_larger),
            quantize_multiplier(double{b.scale} / twice_larger),
            quantize_multiplier(twice_larger / ((1 << headroom_bits) * double{out.scale})),
            activation_range(l.clamp, out)};
  }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, std::int8_t* output, const A* a, const B* b) {
    for_each_pair(p.walk, output, a, b, [&p](std::int32_t x, std::int32_t y) {
      const std::int32_t scaled_x = multiply((x - p.a_zero_point) * (1 << headroom_bits), p.a_multiplier);
      const std::int32_t scaled_y = multiply((y - p.b_zero_point) * (1 << headroom_bits), p.b_multiplier);
      return p.range.clamp(
          wrapping_add(multiply(scaled_x + Sign * scaled_y, p.output_multiplier), p.output_zero_point));
    });
  }
};

}  // namespace detail

/// a + b, each of the output's shape or broadcast to it.
template <>
struct reference_kernel<layer_kind::add> : detail::sum_kernel<1> {};

/// a − b, each of the output's shape or broadcast to it.
template <>
struct reference_kernel<layer_kind::sub> : detail::sum_kernel<-1> {};

/// a × b, each of the output's shape or broadcast to it.
/// tensorflow/lite/kernels/internal/reference/integer_ops/mul.h: MulFunc.
template <>
struct reference_kernel<layer_kind::mul> : detail::no_table {
  struct parameters {
    detail::broadcast_walk walk{};
    std::int32_t a_zero_point = 0, b_zero_point = 0, output_zero_point = 0;
    fixed_multiplier multiplier{};
    stored_range range{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const quantization& a = g.input_of(l, 0).quant;
    const quantization& b = g.input_of(l, 1).quant;
    const quantization& out = g.output_of(l).quant;
    return {detail::make_broadcast_walk(g, l),
            a.zero_point,
            b.zero_point,
            out.zero_point,
            quantize_multiplier(double{a.scale} * double{b.scale} / double{out.scale}),
            activation_range(l.clamp, out)};
  }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, std::int8_t* output, const A* a, const B* b) {
    detail::for_each_pair(p.walk, output, a, b, [&p](std::int32_t x, std::int32_t y) {
      const std::int32_t product = (x - p.a_zero_point) * (y - p.b_zero_point);
      return p.range.clamp(wrapping_add(multiply(product, p.multiplier), p.output_zero_point));
    });
  }
};

namespace detail {

/// LOGISTIC and TANH first bring their input to four integer bits; beyond the radius they are flat.
/// tensorflow/lite/micro/kernels/logistic_common.cc, tanh.cc.
struct curve_input {
  fixed_multiplier multiplier{};
  std::int32_t radius = 0;
};

constexpr curve_input prepare_curve(float scale) {
  constexpr int integer_bits = 4;
  const fixed_multiplier by = quantize_multiplier(double{scale} * (1 << (31 - integer_bits)));
  // CalculateInputRadius: 15 × 2^27 / 2^shift, rounded down. Beyond 256 it makes no difference.
  double radius = 15.0 * (1 << (31 - integer_bits));
  for (int i = 0; i < by.shift && radius >= 1; ++i) radius /= 2;
  return {by, static_cast<std::int32_t>(radius < 256 ? floor_to_integer(radius) : 256)};
}

constexpr std::int32_t curve_value(layer_kind kind, const curve_input& curve, std::int32_t centred) {
  if (centred <= -curve.radius) return -128;
  if (centred >= curve.radius) return 127;
  const std::int32_t argument = multiply(centred, curve.multiplier);
  if (kind == layer_kind::logistic)
    return saturate_to_int8(divide_by_power_of_two(logistic_of(argument), 31 - 8) - 128);
  return saturate_to_int8(divide_by_power_of_two(tanh_of(argument), 31 - 7));
}

/// Smallest stored value of a one-byte type; the largest is 255 more.
constexpr std::int32_t lowest_of(element_type type) { return type == element_type::uint8 ? 0 : -128; }

/// tensorflow/lite/kernels/internal/reference/requantize.h; RELU of micro/kernels/activations_common.cc is
/// the same with its own clamp.
constexpr std::int32_t rescaled(const quantization& in, const quantization& out, fixed_multiplier by,
                                std::int32_t stored) {
  return wrapping_add(multiply(stored - in.zero_point, by), out.zero_point);
}

/// One byte to one byte: a table of all 256, made by the reference's arithmetic.
struct lookup_kernel {
  using table_entry = std::int8_t;
  struct parameters {
    std::int32_t elements = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) { return {g.output_of(l).extents.elements()}; }
  static constexpr std::int32_t table_size(graph_view, const layer&) { return 256; }

  /// Entry i is the answer to the byte i, whatever type it is read as.
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte*, std::int8_t* table) {
    const tensor& in = g.input_of(l);
    const tensor& out = g.output_of(l);
    const fixed_multiplier by = quantize_multiplier(double{in.quant.scale} / double{out.quant.scale});
    const stored_range range = activation_range(l.clamp, out.quant);
    const curve_input curve = prepare_curve(in.quant.scale);
    for (std::int32_t byte = 0; byte < 256; ++byte) {
      const std::int32_t stored = in.type == element_type::uint8 || byte < 128 ? byte : byte - 256;
      std::int32_t value = 0;
      if (l.kind == layer_kind::requantize)
        value = clamp_between(rescaled(in.quant, out.quant, by, stored), lowest_of(out.type), lowest_of(out.type) + 255);
      else if (l.kind == layer_kind::relu)
        // RELU6 clamps the stored values as they are: both tensors have the same scale.
        value = range.clamp(l.clamp == activation::relu6 ? stored : rescaled(in.quant, out.quant, by, stored));
      else
        value = curve_value(l.kind, curve, stored - in.quant.zero_point);
      table[byte] = static_cast<std::int8_t>(value);
    }
  }

  template <typename Input>
  static constexpr void run(const parameters& p, const std::int8_t* table, std::int8_t* output, const Input* input) {
    for (std::int32_t i = 0; i < p.elements; ++i) output[i] = table[static_cast<std::uint8_t>(input[i])];
  }
};

}  // namespace detail

template <>
struct reference_kernel<layer_kind::logistic> : detail::lookup_kernel {};
template <>
struct reference_kernel<layer_kind::tanh> : detail::lookup_kernel {};
template <>
struct reference_kernel<layer_kind::relu> : detail::lookup_kernel {};
template <>
struct reference_kernel<layer_kind::requantize> : detail::lookup_kernel {};

/// Floats from the caller to int8. tensorflow/lite/kernels/internal/reference/quantize.h: AffineQuantize.
/// What does not fit saturates, infinities too; NaN becomes the lowest value.
template <>
struct reference_kernel<layer_kind::quantize> : detail::no_table {
  struct parameters {
    std::int32_t elements = 0;
    float scale = 1;
    std::int32_t zero_point = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const tensor& out = g.output_of(l);
    return {out.extents.elements(), out.quant.scale, out.quant.zero_point};
  }

  static constexpr void run(const parameters& p, const table_entry*, std::int8_t* output, const float* input) {
    for (std::int32_t i = 0; i < p.elements; ++i) {
      const float steps = input[i] / p.scale;
      // 512 steps from any zero point are outside int8 on either side.
      const float bounded = steps < 512.0f ? (steps > -512.0f ? steps : -512.0f) : (steps >= 512.0f ? 512.0f : -512.0f);
      const auto whole = static_cast<std::int32_t>(bounded);
      const float rest = bounded - static_cast<float>(whole);
      const std::int32_t rounded = rest >= 0.5f ? whole + 1 : rest <= -0.5f ? whole - 1 : whole;
      output[i] = saturate_to_int8(rounded + p.zero_point);
    }
  }
};

}  // namespace inlay
