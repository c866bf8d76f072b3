// Inlay: reference kernels of layers that make a byte of a byte: activations, ABS, RSQRT, QUANTIZE.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/fixed_point.hpp>
#include <inlay/kernels/kernel.hpp>

#include <cstdint>
#include <type_traits>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI::detail {

/// What a kind of layer makes of a stored byte, where that is a function of the byte alone: constructed of a layer,
/// called with an int8 or a uint8, it returns what is to be stored.
template <layer_kind Kind>
struct byte_function {};

template <layer_kind Kind>
concept has_byte_function = std::is_constructible_v < byte_function<Kind>,
        graph_view,
const layer& > ;

/// Such kinds look their bytes up in a table of all 256. `Loop` is what runs over a region.
template <layer_kind Kind, typename Loop>
struct lookup : Loop {
  /// Entry i is the answer to the byte i, whatever type it is read as.
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte*, std::int8_t* table) {
    const byte_function<Kind> f(g, l);
    const bool is_unsigned = g.input_of(l).type == element_type::uint8;
    for (std::int32_t byte = 0; byte < 256; ++byte)
      table[byte] = static_cast<std::int8_t>(f(is_unsigned || byte < 128 ? byte : byte - 256));
  }
};

struct lookup_loop {
  using table_entry = std::int8_t;
  struct parameters {
    std::int32_t channels = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) { return {g.output_of(l).extents.channels()}; }
  static constexpr std::int32_t table_size(graph_view, const layer&) { return 256; }

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

/// A float as int8. tensorflow/lite/kernels/internal/reference/quantize.h: AffineQuantize.
/// What does not fit saturates, infinities too; NaN becomes the lowest value.
constexpr std::int8_t quantized(float real, float scale, std::int32_t zero_point) {
  const float steps = exact_quotient(real, scale);
  // 512 steps from any zero point are outside int8 on either side.
  const float bounded = steps < 512.0f ? (steps > -512.0f ? steps : -512.0f) : (steps >= 512.0f ? 512.0f : -512.0f);
  const auto whole = static_cast<std::int32_t>(bounded);
  const float rest = bounded - static_cast<float>(whole);
  const std::int32_t rounded = rest >= 0.5f ? whole + 1 : rest <= -0.5f ? whole - 1 : whole;
  return saturate_to_int8(rounded + zero_point);
}

/// Both quantisations, and the multiplier from one to the other.
/// tensorflow/lite/kernels/internal/reference/requantize.h.
struct rescaling {
  quantization in{}, out{};
  fixed_multiplier by{};

  constexpr rescaling(graph_view g, const layer& l)
      : in(g.input_of(l).quant),
        out(g.output_of(l).quant),
        by(quantize_multiplier(as_double(in.scale) / as_double(out.scale))) {}

  constexpr std::int32_t scaled(std::int32_t centred) const {
    return wrapping_add(multiply(centred, by), out.zero_point);
  }
};

/// One quantisation to another, int8 and uint8. Where the first has been a DEQUANTIZE's, its floats are rounded.
template <>
struct byte_function<layer_kind::requantize> : rescaling {
  bool of_floats;
  std::int32_t lowest;
  constexpr byte_function(graph_view g, const layer& l)
      : rescaling(g, l),
        of_floats(g.input_of(l).type == element_type::float32),
        lowest(g.output_of(l).type == element_type::uint8 ? 0 : -128) {}
  constexpr std::int32_t operator()(std::int32_t stored) const {
    const std::int32_t centred = stored - in.zero_point;
    if (of_floats) return quantized(in.scale * static_cast<float>(centred), out.scale, out.zero_point);
    return clamp_between(scaled(centred), lowest, lowest + 255);
  }
};

/// tensorflow/lite/micro/kernels/activations_common.cc. RELU6 clamps the stored values as they are: both tensors have
/// the same scale.
template <>
struct byte_function<layer_kind::relu> : rescaling {
  bool rescales;
  stored_range range;
  constexpr byte_function(graph_view g, const layer& l)
      : rescaling(g, l), rescales(l.clamp != activation::relu6), range(activation_range(l.clamp, out)) {}
  constexpr std::int32_t operator()(std::int32_t stored) const {
    return range.clamp(rescales ? scaled(stored - in.zero_point) : stored);
  }
};

/// tensorflow/lite/micro/kernels/elementwise.cc: AbsEvalQuantized.
template <>
struct byte_function<layer_kind::abs> : rescaling {
  using rescaling::rescaling;
  constexpr std::int32_t operator()(std::int32_t stored) const {
    const std::int32_t centred = stored - in.zero_point;
    return saturate_to_int8(scaled(centred < 0 ? -centred : centred));
  }
};

/// tensorflow/lite/micro/kernels/leaky_relu_common.cc.
template <>
struct byte_function<layer_kind::leaky_relu> {
  quantization in, out;
  fixed_multiplier above_zero, below_zero{};
  constexpr byte_function(graph_view g, const layer& l)
      : in(g.input_of(l).quant),
        out(g.output_of(l).quant),
        above_zero(quantize_multiplier(as_double(in.scale) / as_double(out.scale))) {
    const double below = as_double(in.scale) * as_double(l.slope) / as_double(out.scale);
    below_zero = quantize_multiplier(below < 0 ? -below : below);
    if (below < 0) below_zero.multiplier = -below_zero.multiplier;
  }
  constexpr std::int32_t operator()(std::int32_t stored) const {
    const std::int32_t centred = stored - in.zero_point;
    return saturate_to_int8(wrapping_add(multiply(centred, centred >= 0 ? above_zero : below_zero), out.zero_point));
  }
};

/// x, below zero e^x − 1, in floats. tensorflow/lite/micro/kernels/elu.cc: PopulateLookupTable.
template <>
struct byte_function<layer_kind::elu> {
  quantization in, out;
  constexpr byte_function(graph_view g, const layer& l) : in(g.input_of(l).quant), out(g.output_of(l).quant) {}
  constexpr std::int32_t operator()(std::int32_t stored) const {
    const float x = in.scale * static_cast<float>(stored - in.zero_point);
    const float y = x < 0.0f ? static_cast<float>(power_of_e(as_double(x))) - 1.0f : x;
    const auto steps = static_cast<std::int32_t>(round_half_away(as_double(y * exact_quotient(1.0f, out.scale))));
    return saturate_to_int8(wrapping_add(steps, out.zero_point));
  }

  /// For x ≤ 0: the series of a power so small that few terms are enough, and squares of it.
  static constexpr double power_of_e(double x) {
    if (x < -128) return 0;
    double sum = 1;
    for (int i = 12; i > 0; --i) sum = 1 + x / 1024 * sum / i;
    for (int i = 0; i < 10; ++i) sum *= sum;
    return sum;
  }
};

/// LOGISTIC and TANH first bring their input to four integer bits; beyond the radius they are flat.
/// tensorflow/lite/micro/kernels/logistic_common.cc, tanh.cc.
struct curve_input {
  std::int32_t zero_point;
  fixed_multiplier by;
  std::int32_t radius;

  constexpr curve_input(graph_view g, const layer& l)
      : zero_point(g.input_of(l).quant.zero_point),
        by(quantize_multiplier(as_double(g.input_of(l).quant.scale) * (1 << 27))),
        radius(256) {
    // CalculateInputRadius: 15 × 2^27 / 2^shift, rounded down. Beyond 256 it makes no difference.
    double exact = 15.0 * (1 << 27);
    for (int i = 0; i < by.shift && exact >= 1; ++i) exact /= 2;
    if (exact < 256) radius = static_cast<std::int32_t>(floor_to_integer(exact));
  }

  template <typename Curve>
  constexpr std::int32_t value(std::int32_t stored, Curve curve) const {
    const std::int32_t centred = stored - zero_point;
    if (centred <= -radius) return -128;
    return centred >= radius ? 127 : saturate_to_int8(curve(multiply(centred, by)));
  }
};

template <>
struct byte_function<layer_kind::logistic> : curve_input {
  using curve_input::curve_input;
  constexpr std::int32_t operator()(std::int32_t stored) const {
    return value(stored, [](std::int32_t x) { return divide_by_power_of_two(logistic_of(x), 31 - 8) - 128; });
  }
};

template <>
struct byte_function<layer_kind::tanh> : curve_input {
  using curve_input::curve_input;
  constexpr std::int32_t operator()(std::int32_t stored) const {
    return value(stored, [](std::int32_t x) { return divide_by_power_of_two(tanh_of(x), 31 - 7); });
  }
};

/// DownScaleInt32ToInt16Multiplier of kernels/internal/common.h.
constexpr std::int32_t narrow_multiplier(std::int32_t multiplier) {
  constexpr std::int32_t half = 1 << 15;
  return multiplier >= 0x7fffffff - half ? 0x7fff : (multiplier + half) >> 16;
}

constexpr std::int32_t saturate_to_int16(std::int64_t value) {
  return static_cast<std::int32_t>(value < -0x8000 ? -0x8000 : value > 0x7fff ? 0x7fff : value);
}

/// a × b × 2 in the upper half of 32 bits, rounded to nearest: gemmlowp's SaturatingRoundingDoublingHighMul of int16.
constexpr std::int32_t rounded_high_product(std::int32_t a, std::int32_t b) {
  const std::int32_t product = a * b;
  return saturate_to_int16((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

/// x × clamp(x + 3, 0, 6) / 6: the multipliers in 16 bits, of an input with seven more bits.
/// tensorflow/lite/micro/kernels/hard_swish_common.cc, tensorflow/lite/kernels/internal/reference/hard_swish.h.
template <>
struct byte_function<layer_kind::hard_swish> {
  std::int32_t in_zero_point, out_zero_point;
  fixed_multiplier to_output;  // to the output's scale
  fixed_multiplier to_gate;    // of [−3, 3] to [−2^15, 2^15]

  constexpr byte_function(graph_view g, const layer& l)
      : in_zero_point(g.input_of(l).quant.zero_point),
        out_zero_point(g.output_of(l).quant.zero_point),
        to_output(narrowed(fine_scale(g, l) / as_double(g.output_of(l).quant.scale))),
        to_gate(narrowed(fine_scale(g, l) / (3.0 / 32768.0))) {}

  static constexpr double fine_scale(graph_view g, const layer& l) {
    return as_double(g.input_of(l).quant.scale) / 128;
  }
  static constexpr fixed_multiplier narrowed(double ratio) {
    const fixed_multiplier by = quantize_multiplier(ratio);
    return {narrow_multiplier(by.multiplier), by.shift};
  }

  constexpr std::int32_t operator()(std::int32_t stored) const {
    const std::int32_t fine = (stored - in_zero_point) * 128;
    std::int32_t gate = fine;
    // All but one bit of a shift to the left comes before the multiplication, so that nothing saturates that counts.
    if (to_gate.shift > 0) gate = saturate_to_int16(std::int64_t{gate} << (to_gate.shift - 1));
    gate = rounded_high_product(gate, to_gate.multiplier);
    if (to_gate.shift > 0) gate = saturate_to_int16(std::int64_t{gate} * 2);
    if (to_gate.shift < 0) gate = divide_by_power_of_two(gate, -to_gate.shift);
    gate = (gate + (1 << 15)) >> 1;
    const std::int32_t product = gate * rounded_high_product(fine, to_output.multiplier) / (1 << 15);
    return saturate_to_int8(divide_by_power_of_two(product, -to_output.shift) + out_zero_point);
  }
};

/// 1 / √x of what is not below zero: the importer sees to that.
/// tensorflow/lite/micro/kernels/elementwise.cc: RsqrtEvalQuantized.
template <>
struct byte_function<layer_kind::rsqrt> {
  static constexpr std::int32_t more_bits = 20;
  std::int32_t in_zero_point, out_zero_point;
  fixed_multiplier by;

  constexpr byte_function(graph_view g, const layer& l)
      : in_zero_point(g.input_of(l).quant.zero_point),
        out_zero_point(g.output_of(l).quant.zero_point),
        by(multiplier_of(g.input_of(l).quant.scale, g.output_of(l).quant.scale)) {}

  static constexpr fixed_multiplier multiplier_of(float in_scale, float out_scale) {
    return quantize_multiplier(1.0 / (square_root(as_double(in_scale)) * as_double(out_scale)));
  }

  constexpr std::int32_t operator()(std::int32_t stored) const {
    const std::int32_t centred = stored - in_zero_point;
    if (centred <= 0) return 127;
    const fixed_multiplier root = inverse_square_root(centred);
    const std::int32_t fine = multiply(1, {root.multiplier, root.shift + more_bits});
    return saturate_to_int8(wrapping_add(multiply(fine, {by.multiplier, by.shift - more_bits}), out_zero_point));
  }
};

/// tensorflow/lite/micro/kernels/elementwise.cc: SquareEval, between a DEQUANTIZE and a QUANTIZE.
template <>
struct byte_function<layer_kind::square> {
  quantization in, out;
  constexpr byte_function(graph_view g, const layer& l) : in(g.input_of(l).quant), out(g.output_of(l).quant) {}
  constexpr std::int32_t operator()(std::int32_t stored) const {
    const float real = in.scale * static_cast<float>(stored - in.zero_point);
    return quantized(real * real, out.scale, out.zero_point);
  }
};

/// tensorflow/lite/micro/kernels/zeros_like.cc: zeros as they are stored.
template <>
struct byte_function<layer_kind::zeros_like> {
  constexpr byte_function(graph_view, const layer&) {}
  constexpr std::int32_t operator()(std::int32_t) const { return 0; }
};

/// CAST to bool: 1 for all but 0, as they are stored.
template <>
struct byte_function<layer_kind::to_bool> {
  constexpr byte_function(graph_view, const layer&) {}
  constexpr std::int32_t operator()(std::int32_t stored) const { return stored != 0 ? 1 : 0; }
};

template <layer_kind Kind>
requires has_byte_function<Kind>
struct reference_kernel<Kind> : lookup<Kind, lookup_loop> {
};

/// Floats from the caller to int8.
template <>
struct reference_kernel<layer_kind::quantize> : no_table {
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
        for (std::int32_t c = 0; c < p.channels; ++c) out[c] = quantized(in[c], p.scale, p.zero_point);
      }
  }
};

}  // namespace inlay::detail

INLAY_END_EXACT_FLOATS
