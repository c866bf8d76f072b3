// Inlay: reference kernels of layers that need all channels of a pixel for each of them: SOFTMAX, LOG_SOFTMAX,
// L2_NORMALIZATION. The output may stand over the input.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/fixed_point.hpp>
#include <inlay/kernels/kernel.hpp>

#include <cstdint>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI::detail {

/// Softmax over the innermost axis. tensorflow/lite/kernels/internal/reference/softmax.h. The output may
/// stand over the input.
template <>
struct reference_kernel<layer_kind::softmax> : no_table {
  struct parameters {
    std::int32_t depth = 0;
    fixed_multiplier beta{};            // scales differences to five integer bits
    std::int32_t least_difference = 0;  // smaller ones count as e^−∞
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const tensor& in = g.input_of(l);
    constexpr int integer_bits = 5;
    // PreprocessSoftmaxScaling and CalculateInputRadius of internal/quantization_util.cc.
    const double wanted = as_double(l.beta) * as_double(in.quant.scale) * (1 << (31 - integer_bits));
    const double most = 2147483647.0;
    const fixed_multiplier beta = quantize_multiplier(wanted < most ? wanted : most);
    const double radius = 31.0 * (1 << (31 - integer_bits)) / static_cast<double>(std::int64_t{1} << beta.shift);
    return {in.extents.channels(), beta, -static_cast<std::int32_t>(floor_to_integer(radius))};
  }

  static constexpr std::int32_t exp_of_difference(const parameters& p, std::int32_t difference) {
    return exp_of_negative<5>(multiply_fractions(shift_left(difference, p.beta.shift), p.beta.multiplier));
  }

  /// Of the sum of powers.
  static constexpr std::int32_t sum_integer_bits = 12;

  /// A power divided by the sum of all.
  struct share_of_sum {
    scaled_fraction reciprocal;
    INLAY_ALWAYS_INLINE constexpr explicit share_of_sum(std::int32_t sum)
        : reciprocal(reciprocal_of(sum, sum_integer_bits)) {}
    INLAY_ALWAYS_INLINE constexpr std::int8_t of(std::int32_t power) const {
      const std::int32_t share = multiply_fractions(reciprocal.fraction, power);
      return saturate_to_int8(divide_by_power_of_two(share, reciprocal.bits + 31 - 8) - 128);
    }
  };

  template <typename Input>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& outputs,
                            const region& r, const map_view<const Input>& inputs) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x)
        run_pixel(p, outputs.pixel(y, x), inputs.pixel(y, x));
  }

 private:
  template <typename Input>
  INLAY_SMALL static constexpr void run_pixel(const parameters& p, std::int8_t* output, const Input* input) {
    std::int32_t largest = -128;
    for (std::int32_t i = 0; i < p.depth; ++i)
      if (as_int8(input[i]) > largest) largest = as_int8(input[i]);
    std::int32_t sum = 0;
    for (std::int32_t i = 0; i < p.depth; ++i) {
      const std::int32_t difference = as_int8(input[i]) - largest;
      if (difference >= p.least_difference)
        sum = wrapping_add(sum, divide_by_power_of_two(exp_of_difference(p, difference), sum_integer_bits));
    }
    const share_of_sum share(sum);
    for (std::int32_t i = 0; i < p.depth; ++i) {
      const std::int32_t difference = as_int8(input[i]) - largest;
      output[i] = difference < p.least_difference ? -128 : share.of(exp_of_difference(p, difference));
    }
  }
};

/// The logarithm of a softmax. tensorflow/lite/kernels/internal/reference/log_softmax.h: LogSoftmaxQuantized.
template <>
struct reference_kernel<layer_kind::log_softmax> : no_table {
  struct parameters {
    std::int32_t depth = 0;
    fixed_multiplier to_logs{};         // scales differences to five integer bits
    fixed_multiplier to_differences{};  // and back
    std::int32_t least_difference = 0;  // smaller ones count as e^−∞
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    constexpr int integer_bits = 5;
    // PreprocessLogSoftmaxScalingExp and CalculateInputRadius of internal/quantization_util.cc.
    const double wanted = as_double(g.input_of(l).quant.scale) * (1 << (31 - integer_bits));
    const double most = 2147483647.0;
    const fixed_multiplier to_logs = quantize_multiplier(wanted < most ? wanted : most);
    const double back = static_cast<double>(1 << (31 - to_logs.shift)) / static_cast<double>(to_logs.multiplier);
    const double radius = 31.0 * (1 << (31 - integer_bits)) / static_cast<double>(std::int64_t{1} << to_logs.shift);
    return {g.input_of(l).extents.channels(), to_logs, quantize_multiplier(back),
            -static_cast<std::int32_t>(floor_to_integer(radius))};
  }

  template <typename Input>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& outputs,
                            const region& r, const map_view<const Input>& inputs) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x)
        run_pixel(p, outputs.pixel(y, x), inputs.pixel(y, x));
  }

 private:
  template <typename Input>
  INLAY_SMALL static constexpr void run_pixel(const parameters& p, std::int8_t* output, const Input* input) {
    constexpr int sum_integer_bits = 12, integer_bits = 5, output_integer_bits = 4;
    std::int32_t largest = -128;
    for (std::int32_t i = 0; i < p.depth; ++i)
      if (as_int8(input[i]) > largest) largest = as_int8(input[i]);
    std::int32_t sum = 0;
    for (std::int32_t i = 0; i < p.depth; ++i) {
      const std::int32_t difference = as_int8(input[i]) - largest;
      if (difference < p.least_difference) continue;
      const std::int32_t power = exp_of_negative<integer_bits>(multiply(difference, p.to_logs));
      sum = wrapping_add(sum, divide_by_power_of_two(power, sum_integer_bits));
    }
    const std::int32_t log_of_sum = log_of(sum);
    // What is below this has no logarithm that fits.
    const std::int32_t below = multiply(wrapping_add(log_of_sum, -0x7fffffff - 1), p.to_differences);
    const std::int32_t least = below > p.least_difference - 1 ? below : p.least_difference - 1;
    for (std::int32_t i = 0; i < p.depth; ++i) {
      const std::int32_t difference = as_int8(input[i]) - largest;
      const std::int32_t log = wrapping_add(multiply(difference, p.to_logs), -log_of_sum);
      output[i] = difference > least
                      ? saturate_to_int8(divide_by_power_of_two(log, 31 - integer_bits - output_integer_bits) + 127)
                      : std::int8_t{-128};
    }
  }
};

/// Channels divided by the root of their squares' sum, in 1/128.
/// tensorflow/lite/kernels/internal/reference/integer_ops/l2normalization.h.
template <>
struct reference_kernel<layer_kind::l2_normalization> : no_table {
  struct parameters {
    std::int32_t depth = 0;
    std::int32_t zero_point = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    return {g.input_of(l).extents.channels(), g.input_of(l).quant.zero_point};
  }

  template <typename Input>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& outputs,
                            const region& r, const map_view<const Input>& inputs) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        std::int8_t* out = outputs.pixel(y, x);
        const Input* in = inputs.pixel(y, x);
        std::int32_t sum = 0;
        for (std::int32_t c = 0; c < p.depth; ++c) {
          const std::int32_t centred = as_int8(in[c]) - p.zero_point;
          sum += centred * centred;
        }
        const fixed_multiplier root = inverse_square_root(sum);
        const fixed_multiplier in_128ths{root.multiplier, root.shift + 7};
        for (std::int32_t c = 0; c < p.depth; ++c)
          out[c] = saturate_to_int8(multiply(as_int8(in[c]) - p.zero_point, in_128ths));
      }
  }
};

}  // namespace inlay::detail

INLAY_END_EXACT_FLOATS
