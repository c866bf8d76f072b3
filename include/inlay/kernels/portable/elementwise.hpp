// Inlay: ADD, SUB, MUL, activations and QUANTIZE in plain C++: pixels that follow one another are one run.
#pragma once

#include <inlay/kernels/portable/requantize.hpp>
#include <inlay/kernels/reference/elementwise.hpp>

#include <cstdint>

namespace inlay {

namespace detail {

/// How a run of elements goes on in an operand: 0 where it has one for all, 1 otherwise.
struct run_steps {
  std::int32_t a = 1, b = 1;
};

/// Extents of a layer on two inputs; by which axes each is read is 0 or 1.
struct pair_extents {
  std::int16_t channels = 0;
  std::int8_t a_rows = 1, a_columns = 1, a_channels = 1;
  std::int8_t b_rows = 1, b_columns = 1, b_channels = 1;

  static constexpr bool accepts(graph_view g, const layer& l) { return g.output_of(l).extents.channels() <= 0x7fff; }
  static constexpr pair_extents make(graph_view g, const layer& l) {
    const pair_parameters p = prepare_pair(g, l);
    const auto flag = [](std::int32_t value) {
      return static_cast<std::int8_t>(value);
    };
    return {static_cast<std::int16_t>(p.channels), flag(p.a_read.rows),     flag(p.a_read.columns),
            flag(p.a_read.channels),               flag(p.b_read.rows),     flag(p.b_read.columns),
            flag(p.b_read.channels)};
  }
};

/// Calls f(output, a, b, elements, steps) for runs of elements that make up a region: whole rows where pixels stand
/// side by side and both inputs go along, else pixels.
template <typename Function>
INLAY_ALWAYS_INLINE void for_each_run(const pair_extents& p, const map_view<std::int8_t>& output, const region& r,
                                      const map_view<const std::int8_t>& a, const map_view<const std::int8_t>& b,
                                      Function f) {
  const std::int32_t a_pitch = a.pixel_pitch * p.a_columns, b_pitch = b.pixel_pitch * p.b_columns;
  const std::int32_t channels = p.channels;
  const bool rows_at_once =
      output.pixel_pitch == channels && a_pitch == channels * p.a_channels && b_pitch == channels * p.b_channels;
  const std::int32_t columns = r.end_column - r.first_column;
  const std::int32_t elements = rows_at_once ? columns * channels : channels;
  for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
    std::int8_t* out = output.pixel(y, r.first_column);
    const std::int8_t* from_a = a.pixel(y * p.a_rows, r.first_column * p.a_columns);
    const std::int8_t* from_b = b.pixel(y * p.b_rows, r.first_column * p.b_columns);
    for (std::int32_t x = rows_at_once ? 1 : columns; x > 0; --x) {
      f(out, from_a, from_b, elements, run_steps{p.a_channels, p.b_channels});
      out += output.pixel_pitch;
      from_a += a_pitch;
      from_b += b_pitch;
    }
  }
}

/// output = f(a, b) for a run of elements.
template <typename Function>
INLAY_ALWAYS_INLINE void map_run(std::int8_t* output, const std::int8_t* a, const std::int8_t* b,
                                 std::int32_t elements, run_steps steps, Function f) {
  const std::int8_t* end = output + elements;
  if (steps.a == 1 && steps.b == 1)
    while (output != end) *output++ = f(*a++, *b++);
  else
    for (; output != end; a += steps.a, b += steps.b) *output++ = f(*a, *b);
}

/// ADD and SUB. The scale that both inputs are brought to is twice the wider one's, so that for this `wide` operand
/// the reference's arithmetic is a shift; the other, `narrow`, is multiplied.
template <isa Isa, int Sign>
struct fast_sum : no_table {
  using reference = sum_kernel<Sign>;

  struct spec {
    bool a_is_wide = true;
    bool saturates = true;
    friend constexpr bool operator==(const spec&, const spec&) = default;
  };

  struct parameters {
    std::int32_t wide_offset = 0;    // −zero point, shifted as the operand
    std::int32_t narrow_offset = 0;  //
    std::int32_t narrow_multiplier = 0;
    right_scale output{};
    pair_extents extents{};
    std::int8_t narrow_shift = 0;
    std::int8_t low = -128, high = 127;
  };

  static constexpr bool a_is_wide(graph_view g, const layer& l) {
    return g.input_of(l, 0).quant.scale >= g.input_of(l, 1).quant.scale;
  }

  static constexpr bool accepts(graph_view g, const layer& l) {
    const typename reference::parameters p = reference::prepare(g, l);
    const bool a_wide = a_is_wide(g, l);
    const fixed_multiplier wide = a_wide ? p.a_multiplier : p.b_multiplier;
    const fixed_multiplier narrow = a_wide ? p.b_multiplier : p.a_multiplier;
    constexpr fixed_multiplier half{1 << 30, 0};
    return wide == half && (narrow == half || (narrow.shift < 0 && narrow.shift >= -30)) &&
           right_scale::accepts(p.output_multiplier) && pair_extents::accepts(g, l);
  }

  static constexpr spec specialise(graph_view g, const layer& l) {
    return {a_is_wide(g, l), detail::saturates(activation_range(l.clamp, g.output_of(l).quant))};
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const typename reference::parameters p = reference::prepare(g, l);
    const bool a_wide = a_is_wide(g, l);
    const fixed_multiplier narrow = a_wide ? p.b_multiplier : p.a_multiplier;
    parameters r{};
    r.wide_offset = -(a_wide ? p.a_zero_point : p.b_zero_point) * (1 << 20);
    r.narrow_offset = -(a_wide ? p.b_zero_point : p.a_zero_point) * (1 << 21);
    // A half without a shift is as good as almost one, shifted: what is missing is less than rounding.
    r.narrow_multiplier = narrow.shift == 0 ? 0x7fffffff : narrow.multiplier;
    r.narrow_shift = static_cast<std::int8_t>(narrow.shift == 0 ? 1 : -narrow.shift);
    r.output = right_scale::make(p.output_multiplier, p.output_zero_point);
    r.extents = pair_extents::make(g, l);
    r.low = static_cast<std::int8_t>(p.range.low);
    r.high = static_cast<std::int8_t>(p.range.high);
    return r;
  }

  template <spec S>
  INLAY_NEVER_INLINE static void run(const parameters& p, const table_entry*, map_view<std::int8_t> output, region r,
                                     map_view<const std::int8_t> a, map_view<const std::int8_t> b) {
    for_each_run(p.extents, output, r, a, b,
                 [&p](std::int8_t* to, const std::int8_t* from_a, const std::int8_t* from_b, std::int32_t elements,
                      run_steps steps) { sum_run<S>(p, to, from_a, from_b, elements, steps); });
  }

 private:
  template <spec S>
  INLAY_ALWAYS_INLINE static void sum_run(const parameters& p, std::int8_t* to, const std::int8_t* from_a,
                                          const std::int8_t* from_b, std::int32_t elements, run_steps steps) {
    const std::int32_t wide_offset = p.wide_offset, narrow_offset = p.narrow_offset;
    const std::int32_t narrow_half = 1 << (p.narrow_shift - 1);
    const std::int32_t narrow_multiplier = p.narrow_multiplier, narrow_shift = p.narrow_shift;
    const right_scale scale = p.output;
    const stored_range range{p.low, p.high};
    map_run(to, from_a, from_b, elements, steps, [&](std::int32_t x, std::int32_t y) {
      // Everything is doubled here, see right_scale.
      const std::int32_t wide = (S.a_is_wide ? x : y) * (1 << 20) + wide_offset;
      const std::int32_t value = (S.a_is_wide ? y : x) * (1 << 21) + narrow_offset;
      const std::int32_t high = primitives<Isa>::add_high_product(narrow_half, value, narrow_multiplier);
      const std::int32_t narrow = ((high + (value >> 31)) >> narrow_shift) * 2;
      const std::int32_t sum = Sign > 0 ? wide + narrow : S.a_is_wide ? wide - narrow : narrow - wide;
      return clamp_to<S.saturates>(range, scale.of_doubled<Isa>(sum));
    });
  }
};

/// MUL.
template <isa Isa>
struct fast_product : no_table {
  using reference = reference_kernel<layer_kind::mul>;

  struct spec {
    bool saturates = true;
    friend constexpr bool operator==(const spec&, const spec&) = default;
  };

  struct parameters {
    right_scale output{};
    pair_extents extents{};
    std::int16_t a_zero_point = 0, b_zero_point = 0;
    std::int8_t low = -128, high = 127;
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    return right_scale::accepts(reference::prepare(g, l).multiplier) && pair_extents::accepts(g, l);
  }

  static constexpr spec specialise(graph_view g, const layer& l) {
    return {detail::saturates(activation_range(l.clamp, g.output_of(l).quant))};
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const reference::parameters p = reference::prepare(g, l);
    return {right_scale::make(p.multiplier, p.output_zero_point),
            pair_extents::make(g, l),
            static_cast<std::int16_t>(p.a_zero_point),
            static_cast<std::int16_t>(p.b_zero_point),
            static_cast<std::int8_t>(p.range.low),
            static_cast<std::int8_t>(p.range.high)};
  }

  template <spec S>
  INLAY_NEVER_INLINE static void run(const parameters& p, const table_entry*, map_view<std::int8_t> output, region r,
                                     map_view<const std::int8_t> a, map_view<const std::int8_t> b) {
    for_each_run(p.extents, output, r, a, b,
                 [&p](std::int8_t* to, const std::int8_t* from_a, const std::int8_t* from_b, std::int32_t elements,
                      run_steps steps) { product_run<S>(p, to, from_a, from_b, elements, steps); });
  }

 private:
  template <spec S>
  INLAY_ALWAYS_INLINE static void product_run(const parameters& p, std::int8_t* to, const std::int8_t* from_a,
                                              const std::int8_t* from_b, std::int32_t elements, run_steps steps) {
    const std::int32_t a_zero_point = p.a_zero_point, b_zero_point_doubled = 2 * p.b_zero_point;
    const right_scale scale = p.output;
    const stored_range range{p.low, p.high};
    map_run(to, from_a, from_b, elements, steps, [&](std::int32_t x, std::int32_t y) {
      const std::int32_t twice_product = (x - a_zero_point) * (2 * y - b_zero_point_doubled);
      return clamp_to<S.saturates>(range, scale.of_doubled<Isa>(twice_product));
    });
  }
};

/// One byte to one byte by a table of all 256.
struct fast_lookup : lookup_kernel {
  struct spec {};
  static constexpr bool accepts(graph_view, const layer&) { return true; }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }

  template <spec>
  INLAY_NEVER_INLINE static void run(const parameters& p, const std::int8_t* table, map_view<std::int8_t> output,
                                     region r, map_view<const std::int8_t> input) {
    const bool rows_at_once = output.pixel_pitch == p.channels && input.pixel_pitch == p.channels;
    const std::int32_t columns = r.end_column - r.first_column;
    const std::int32_t elements = rows_at_once ? columns * p.channels : p.channels;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      std::int8_t* out = output.pixel(y, r.first_column);
      const std::int8_t* in = input.pixel(y, r.first_column);
      for (std::int32_t x = rows_at_once ? 1 : columns; x > 0; --x) {
        for (std::int32_t i = 0; i < elements; ++i) out[i] = table[static_cast<std::uint8_t>(in[i])];
        out += output.pixel_pitch;
        in += input.pixel_pitch;
      }
    }
  }
};

}  // namespace detail

template <>
struct portable_kernel<layer_kind::add> : detail::fast_sum<isa::portable, 1> {};
template <>
struct portable_kernel<layer_kind::sub> : detail::fast_sum<isa::portable, -1> {};
template <>
struct portable_kernel<layer_kind::mul> : detail::fast_product<isa::portable> {};
template <>
struct portable_kernel<layer_kind::logistic> : detail::fast_lookup {};
template <>
struct portable_kernel<layer_kind::tanh> : detail::fast_lookup {};
template <>
struct portable_kernel<layer_kind::relu> : detail::fast_lookup {};
template <>
struct portable_kernel<layer_kind::requantize> : detail::fast_lookup {};

}  // namespace inlay
