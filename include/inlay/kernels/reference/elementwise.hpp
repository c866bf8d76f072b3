// Inlay: reference kernels of layers that work element by element: ADD, SUB, MUL, MAXIMUM, MINIMUM,
// SQUARED_DIFFERENCE, the activations, ABS, QUANTIZE.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/fixed_point.hpp>
#include <inlay/kernels/kernel.hpp>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI {

namespace detail {

/// How an input is read along with the output: 0 where it has one pixel or channel for all, 1 otherwise.
struct broadcast {
  std::int32_t rows = 1, columns = 1, channels = 1;
};

constexpr broadcast make_broadcast(const shape& from, const shape& to) {
  return {map_rows(from) == map_rows(to), from.width() == to.width(), from.channels() == to.channels()};
}

/// output = f(a, b) for every element of a region.
template <typename A, typename B, typename Function>
constexpr void for_each_pair(const map_view<std::int8_t>& output, const region& r, std::int32_t channels,
                             const map_view<A>& a, broadcast a_read, const map_view<B>& b, broadcast b_read,
                             Function f) {
  for (std::int32_t y = r.first_row; y < r.end_row; ++y)
    for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
      std::int8_t* out = output.pixel(y, x);
      const A* from_a = a.pixel(y * a_read.rows, x * a_read.columns);
      const B* from_b = b.pixel(y * b_read.rows, x * b_read.columns);
      for (std::int32_t c = 0; c < channels; ++c)
        out[c] = f(as_int8(from_a[c * a_read.channels]), as_int8(from_b[c * b_read.channels]));
    }
}

/// What all layers on two inputs need.
struct pair_parameters {
  std::int32_t channels = 0;
  broadcast a_read{}, b_read{};
  std::int32_t a_zero_point = 0, b_zero_point = 0, output_zero_point = 0;
  stored_range range{};
};

constexpr pair_parameters prepare_pair(graph_view g, const layer& l) {
  const tensor& a = g.input_of(l, 0);
  const tensor& b = g.input_of(l, 1);
  const tensor& out = g.output_of(l);
  return {out.extents.channels(),
          make_broadcast(a.extents, out.extents),
          make_broadcast(b.extents, out.extents),
          a.quant.zero_point,
          b.quant.zero_point,
          out.quant.zero_point,
          activation_range(l.clamp, out.quant)};
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
    for_each_pair(output, r, p.channels, a, p.a_read, b, p.b_read, [&p](std::int32_t x, std::int32_t y) {
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
  struct parameters : detail::pair_parameters {
    fixed_multiplier multiplier{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const quantization& a = g.input_of(l, 0).quant;
    const quantization& b = g.input_of(l, 1).quant;
    const quantization& out = g.output_of(l).quant;
    return {detail::prepare_pair(g, l),
            quantize_multiplier(as_double(a.scale) * as_double(b.scale) / as_double(out.scale))};
  }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const A>& a, const map_view<const B>& b) {
    detail::for_each_pair(output, r, p.channels, a, p.a_read, b, p.b_read, [&p](std::int32_t x, std::int32_t y) {
      const std::int32_t product = (x - p.a_zero_point) * (y - p.b_zero_point);
      return p.range.clamp(wrapping_add(multiply(product, p.multiplier), p.output_zero_point));
    });
  }
};

namespace detail {

/// The larger or the smaller of two stored values, as they are.
/// tensorflow/lite/kernels/internal/reference/maximum_minimum.h.
template <bool Larger>
struct extremum_kernel : no_table {
  using parameters = pair_parameters;
  static constexpr parameters prepare(graph_view g, const layer& l) { return prepare_pair(g, l); }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const A>& a, const map_view<const B>& b) {
    for_each_pair(output, r, p.channels, a, p.a_read, b, p.b_read,
                  [](std::int32_t x, std::int32_t y) { return static_cast<std::int8_t>((x > y) == Larger ? x : y); });
  }
};

}  // namespace detail

template <>
struct reference_kernel<layer_kind::maximum> : detail::extremum_kernel<true> {};
template <>
struct reference_kernel<layer_kind::minimum> : detail::extremum_kernel<false> {};

/// (a − b)²: both inputs are brought to a common scale with seven more bits.
/// tensorflow/lite/micro/kernels/squared_difference.cc.
template <>
struct reference_kernel<layer_kind::squared_difference> : detail::no_table {
  static constexpr std::int32_t headroom_bits = 7;

  struct parameters : detail::pair_parameters {
    fixed_multiplier a_multiplier{}, b_multiplier{}, output_multiplier{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const quantization& a = g.input_of(l, 0).quant;
    const quantization& b = g.input_of(l, 1).quant;
    const double twice_larger = 2 * as_double(a.scale > b.scale ? a.scale : b.scale);
    return {detail::prepare_pair(g, l), quantize_multiplier(as_double(a.scale) / twice_larger),
            quantize_multiplier(as_double(b.scale) / twice_larger),
            quantize_multiplier(twice_larger * twice_larger /
                                ((1 << 2 * headroom_bits) * as_double(g.output_of(l).quant.scale)))};
  }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const A>& a, const map_view<const B>& b) {
    detail::for_each_pair(output, r, p.channels, a, p.a_read, b, p.b_read, [&p](std::int32_t x, std::int32_t y) {
      const std::int32_t difference = multiply((x - p.a_zero_point) * (1 << headroom_bits), p.a_multiplier) -
                                      multiply((y - p.b_zero_point) * (1 << headroom_bits), p.b_multiplier);
      return p.range.clamp(wrapping_add(multiply(difference * difference, p.output_multiplier), p.output_zero_point));
    });
  }
};

/// The input, what is below zero times a slope. tensorflow/lite/kernels/internal/reference/prelu.h,
/// tensorflow/lite/micro/kernels/prelu_common.cc.
template <>
struct reference_kernel<layer_kind::prelu> : detail::no_table {
  struct parameters : detail::pair_parameters {
    fixed_multiplier above_zero{}, below_zero{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const double in = as_double(g.input_of(l, 0).quant.scale), slope = as_double(g.input_of(l, 1).quant.scale);
    const double out = as_double(g.output_of(l).quant.scale);
    return {detail::prepare_pair(g, l), quantize_multiplier(in / out), quantize_multiplier(in * slope / out)};
  }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const A>& input, const map_view<const B>& slopes) {
    detail::for_each_pair(
        output, r, p.channels, input, p.a_read, slopes, p.b_read, [&p](std::int32_t x, std::int32_t slope) {
          const std::int32_t centred = x - p.a_zero_point;
          const std::int32_t scaled = centred >= 0 ? multiply(centred, p.above_zero)
                                                   : multiply(centred * (slope - p.b_zero_point), p.below_zero);
          return p.range.clamp(wrapping_add(scaled, p.output_zero_point));
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
  const fixed_multiplier by = quantize_multiplier(as_double(scale) * (1 << (31 - integer_bits)));
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

/// LEAKY_RELU's multipliers, of floats. tensorflow/lite/micro/kernels/leaky_relu_common.cc.
struct leaky_relu_input {
  fixed_multiplier above_zero{}, below_zero{};
};

constexpr leaky_relu_input prepare_leaky_relu(const quantization& in, const quantization& out, float slope) {
  const double below = as_double(in.scale * slope / out.scale);
  fixed_multiplier by = quantize_multiplier(below < 0 ? -below : below);
  if (below < 0) by.multiplier = -by.multiplier;
  return {quantize_multiplier(as_double(in.scale / out.scale)), by};
}

/// HARD_SWISH's multipliers: in 16 bits, of an input with seven more bits.
/// tensorflow/lite/micro/kernels/hard_swish_common.cc.
struct hard_swish_input {
  fixed_multiplier output{};  // to the output's scale
  fixed_multiplier gate{};    // of [−3, 3] to [−2^15, 2^15]
};

/// DownScaleInt32ToInt16Multiplier of kernels/internal/common.h.
constexpr std::int32_t narrow_multiplier(std::int32_t multiplier) {
  constexpr std::int32_t half = 1 << 15;
  return multiplier >= 0x7fffffff - half ? 0x7fff : (multiplier + half) >> 16;
}

constexpr hard_swish_input prepare_hard_swish(float input_scale, float output_scale) {
  const float fine_scale = (1.0f / 128.0f) * input_scale;
  hard_swish_input h{quantize_multiplier(as_double(fine_scale / output_scale)),
                     quantize_multiplier(as_double(fine_scale / (3.0f / 32768.0f)))};
  h.output.multiplier = narrow_multiplier(h.output.multiplier);
  h.gate.multiplier = narrow_multiplier(h.gate.multiplier);
  return h;
}

constexpr std::int32_t saturate_to_int16(std::int64_t value) {
  return static_cast<std::int32_t>(value < -0x8000 ? -0x8000 : value > 0x7fff ? 0x7fff : value);
}

/// a × b × 2 in the upper half of 32 bits, rounded to nearest: gemmlowp's SaturatingRoundingDoublingHighMul of int16.
constexpr std::int32_t rounded_high_product(std::int32_t a, std::int32_t b) {
  const std::int32_t product = a * b;
  return saturate_to_int16((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

/// x × clamp(x + 3, 0, 6) / 6. tensorflow/lite/kernels/internal/reference/hard_swish.h.
constexpr std::int32_t hard_swish_value(const hard_swish_input& h, std::int32_t centred) {
  const std::int32_t fine = centred * 128;
  std::int32_t gate = fine;
  // All but one bit of a shift to the left comes before the multiplication, so that nothing saturates that counts.
  if (h.gate.shift > 0) gate = saturate_to_int16(std::int64_t{gate} << (h.gate.shift - 1));
  gate = rounded_high_product(gate, h.gate.multiplier);
  if (h.gate.shift > 0) gate = saturate_to_int16(std::int64_t{gate} * 2);
  if (h.gate.shift < 0) gate = divide_by_power_of_two(gate, -h.gate.shift);
  gate = (gate + (1 << 15)) >> 1;
  const std::int32_t product = gate * rounded_high_product(fine, h.output.multiplier) / (1 << 15);
  return divide_by_power_of_two(product, -h.output.shift);
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
    std::int32_t channels = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) { return {g.output_of(l).extents.channels()}; }
  static constexpr std::int32_t table_size(graph_view, const layer&) { return 256; }

  /// Entry i is the answer to the byte i, whatever type it is read as.
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte*, std::int8_t* table) {
    const tensor& in = g.input_of(l);
    const tensor& out = g.output_of(l);
    const fixed_multiplier by = quantize_multiplier(as_double(in.quant.scale) / as_double(out.quant.scale));
    const stored_range range = activation_range(l.clamp, out.quant);
    const curve_input curve = prepare_curve(in.quant.scale);
    leaky_relu_input leaky{};
    if (l.kind == layer_kind::leaky_relu) leaky = prepare_leaky_relu(in.quant, out.quant, l.slope);
    hard_swish_input swish{};
    if (l.kind == layer_kind::hard_swish) swish = prepare_hard_swish(in.quant.scale, out.quant.scale);
    for (std::int32_t byte = 0; byte < 256; ++byte) {
      const std::int32_t stored = in.type == element_type::uint8 || byte < 128 ? byte : byte - 256;
      const std::int32_t centred = stored - in.quant.zero_point;
      std::int32_t value = 0;
      switch (l.kind) {
        case layer_kind::requantize:
          value =
              clamp_between(rescaled(in.quant, out.quant, by, stored), lowest_of(out.type), lowest_of(out.type) + 255);
          break;
        case layer_kind::relu:
          // RELU6 clamps the stored values as they are: both tensors have the same scale.
          value = range.clamp(l.clamp == activation::relu6 ? stored : rescaled(in.quant, out.quant, by, stored));
          break;
        case layer_kind::leaky_relu:
          value = saturate_to_int8(wrapping_add(multiply(centred, centred >= 0 ? leaky.above_zero : leaky.below_zero),
                                                out.quant.zero_point));
          break;
        case layer_kind::abs:
          // tensorflow/lite/micro/kernels/elementwise.cc: AbsEvalQuantized.
          value = saturate_to_int8(wrapping_add(multiply(centred < 0 ? -centred : centred, by), out.quant.zero_point));
          break;
        case layer_kind::hard_swish:
          value = saturate_to_int8(hard_swish_value(swish, centred) + out.quant.zero_point);
          break;
        default: value = curve_value(l.kind, curve, centred);
      }
      table[byte] = static_cast<std::int8_t>(value);
    }
  }

  template <typename Input>
  static constexpr void run(const parameters& p, const std::int8_t* table, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const Input>& input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        std::int8_t* out = output.pixel(y, x);
        const Input* in = input.pixel(y, x);
        for (std::int32_t c = 0; c < p.channels; ++c) out[c] = table[static_cast<std::uint8_t>(in[c])];
      }
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
struct reference_kernel<layer_kind::leaky_relu> : detail::lookup_kernel {};
template <>
struct reference_kernel<layer_kind::hard_swish> : detail::lookup_kernel {};
template <>
struct reference_kernel<layer_kind::abs> : detail::lookup_kernel {};
template <>
struct reference_kernel<layer_kind::requantize> : detail::lookup_kernel {};

/// Floats from the caller to int8. tensorflow/lite/kernels/internal/reference/quantize.h: AffineQuantize.
/// What does not fit saturates, infinities too; NaN becomes the lowest value.
template <>
struct reference_kernel<layer_kind::quantize> : detail::no_table {
  struct parameters {
    std::int32_t channels = 0;
    float scale = 1;
    std::int32_t zero_point = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const tensor& out = g.output_of(l);
    return {out.extents.channels(), out.quant.scale, out.quant.zero_point};
  }

  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const float>& input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        std::int8_t* out = output.pixel(y, x);
        const float* in = input.pixel(y, x);
        for (std::int32_t c = 0; c < p.channels; ++c) out[c] = quantized(p, in[c]);
      }
  }

  static constexpr std::int8_t quantized(const parameters& p, float real) {
    const float steps = exact_quotient(real, p.scale);
    // 512 steps from any zero point are outside int8 on either side.
    const float bounded = steps < 512.0f ? (steps > -512.0f ? steps : -512.0f) : (steps >= 512.0f ? 512.0f : -512.0f);
    const auto whole = static_cast<std::int32_t>(bounded);
    const float rest = bounded - static_cast<float>(whole);
    const std::int32_t rounded = rest >= 0.5f ? whole + 1 : rest <= -0.5f ? whole - 1 : whole;
    return saturate_to_int8(rounded + p.zero_point);
  }
};

}  // namespace inlay

INLAY_END_EXACT_FLOATS
