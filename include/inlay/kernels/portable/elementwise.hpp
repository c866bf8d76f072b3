// Inlay: ADD, SUB, MUL, PRELU, activations and QUANTIZE in plain C++: pixels that follow one another are one run.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/portable/requantize.hpp>
#include <inlay/kernels/reference/elementwise.hpp>
#include <inlay/kernels/reference/lookup.hpp>
#include <inlay/narrow.hpp>

#include <bit>
#include <cstdint>
#include <utility>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI::detail {

/// How a layer on two inputs walks: by which axes each input is read along with the output is 0 or 1.
struct pair_extents {
  std::int16_t channels = 0;
  std::int8_t a_rows = 1, a_columns = 1, a_channels = 1;
  std::int8_t b_rows = 1, b_columns = 1, b_channels = 1;

  /// An input has all rows, or one for all: not some of several axes that are rows.
  static constexpr bool accepts(graph_view g, const layer& l) {
    const pair_parameters p = prepare_pair(g, l);
    return p.channels <= 0x7fff && p.a_read.row_axes == 0 && p.b_read.row_axes == 0;
  }
  static constexpr pair_extents make(const pair_parameters& p) {
    const auto flag = [](std::int32_t value) {
      return narrow<std::int8_t>(value);
    };
    return {narrow<std::int16_t>(p.channels), flag(p.a_read.rows), flag(p.a_read.columns),
            flag(p.a_read.channels),          flag(p.b_read.rows), flag(p.b_read.columns),
            flag(p.b_read.channels)};
  }
};

/// output = f(a, b), an int8 in a word, for every element of a region, in runs: whole rows where pixels stand side by
/// side and both inputs go along, else pixels.
template <typename Function>
INLAY_ALWAYS_INLINE void for_each_pair(const pair_extents& p, const map_view<std::int8_t>& output, const region& r,
                                       const map_view<const std::int8_t>& a, const map_view<const std::int8_t>& b,
                                       Function f) {
  const std::int32_t a_pitch = a.pixel_pitch * p.a_columns, b_pitch = b.pixel_pitch * p.b_columns;
  const std::int32_t a_step = p.a_channels, b_step = p.b_channels;
  std::int32_t columns = r.end_column - r.first_column, elements = p.channels;
  if (output.pixel_pitch == elements && a_pitch == elements * a_step && b_pitch == elements * b_step) {
    elements *= columns;
    columns = 1;
  }
  for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
    std::int8_t* out_pixel = output.pixel(y, r.first_column);
    const std::int8_t* a_pixel = a.pixel(y * p.a_rows, r.first_column * p.a_columns);
    const std::int8_t* b_pixel = b.pixel(y * p.b_rows, r.first_column * p.b_columns);
    for (std::int32_t x = columns; x > 0; --x) {
      std::int8_t* out = out_pixel;
      const std::int8_t *from_a = a_pixel, *from_b = b_pixel;
      const std::int8_t* end = out + elements;
      if (a_step + b_step == 2)
        while (out != end) *out++ = static_cast<std::int8_t>(f(*from_a++, *from_b++));
      else
        for (; out != end; from_a += a_step, from_b += b_step) *out++ = static_cast<std::int8_t>(f(*from_a, *from_b));
      out_pixel += output.pixel_pitch;
      a_pixel += a_pitch;
      b_pixel += b_pitch;
    }
  }
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
    pair_extents extents{};  // the first operand is the wide one
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
    typename reference::parameters p = reference::prepare(g, l);
    if (!a_is_wide(g, l)) {
      std::swap(p.a_read, p.b_read);
      std::swap(p.a_zero_point, p.b_zero_point);
      std::swap(p.a_multiplier, p.b_multiplier);
    }
    parameters r{};
    r.wide_offset = -p.a_zero_point * (1 << 20);
    r.narrow_offset = -p.b_zero_point * (1 << 21);
    // A half without a shift is as good as almost one, shifted: what is missing is less than rounding.
    r.narrow_multiplier = p.b_multiplier.shift == 0 ? 0x7fffffff : p.b_multiplier.multiplier;
    r.narrow_shift = narrow<std::int8_t>(p.b_multiplier.shift == 0 ? 1 : -p.b_multiplier.shift);
    r.output = right_scale::make(p.output_multiplier, p.output_zero_point);
    r.extents = pair_extents::make(p);
    r.low = narrow<std::int8_t>(p.range.low);
    r.high = narrow<std::int8_t>(p.range.high);
    return r;
  }

  template <spec S>
  INLAY_ALWAYS_INLINE static void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                                      const region& r, const map_view<const std::int8_t>& a,
                                      const map_view<const std::int8_t>& b) {
    if constexpr (S.a_is_wide)
      run_sum<1, Sign, S.saturates>(p, output, r, a, b);
    else
      run_sum<Sign, 1, S.saturates>(p, output, r, b, a);
  }

 private:
  template <int WideSign, int NarrowSign, bool Saturates>
  INLAY_NEVER_INLINE static void run_sum(const parameters& p, const map_view<std::int8_t>& output, const region& r,
                                         const map_view<const std::int8_t>& wide,
                                         const map_view<const std::int8_t>& narrow) {
    const std::int32_t wide_offset = p.wide_offset, narrow_offset = p.narrow_offset;
    const std::int32_t narrow_half = 1 << (p.narrow_shift - 1);
    const std::int32_t narrow_multiplier = p.narrow_multiplier, narrow_shift = p.narrow_shift;
    const right_scale scale = p.output;
    const stored_range range{p.low, p.high};
    for_each_pair(p.extents, output, r, wide, narrow, [&](std::int32_t x, std::int32_t y) {
      // Everything is doubled here, see right_scale.
      const std::int32_t value = y * (1 << 21) + narrow_offset;
      const std::int32_t high = primitives<Isa>::add_high_product(narrow_half, value, narrow_multiplier);
      const std::int32_t scaled = ((high + (value >> 31)) >> narrow_shift) * 2;
      const std::int32_t sum = WideSign * (x * (1 << 20) + wide_offset) + NarrowSign * scaled;
      return clamp_to<Isa, Saturates>(range, scale.of_doubled<Isa>(sum));
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
            pair_extents::make(p),
            narrow<std::int16_t>(p.a_zero_point),
            narrow<std::int16_t>(p.b_zero_point),
            narrow<std::int8_t>(p.range.low),
            narrow<std::int8_t>(p.range.high)};
  }

  template <spec S>
  INLAY_NEVER_INLINE static void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                                     const region& r, const map_view<const std::int8_t>& a,
                                     const map_view<const std::int8_t>& b) {
    const std::int32_t a_zero_point = p.a_zero_point, b_zero_point_doubled = 2 * p.b_zero_point;
    const right_scale scale = p.output;
    const stored_range range{p.low, p.high};
    for_each_pair(p.extents, output, r, a, b, [&](std::int32_t x, std::int32_t y) {
      const std::int32_t twice_product = (x - a_zero_point) * (2 * y - b_zero_point_doubled);
      return clamp_to<Isa, S.saturates>(range, scale.of_doubled<Isa>(twice_product));
    });
  }
};

/// PRELU. What is not below zero does not depend on slopes: its outputs are in a table.
template <isa Isa>
struct fast_prelu {
  using reference = reference_kernel<layer_kind::prelu>;

  struct spec {
    bool saturates = true;
    friend constexpr bool operator==(const spec&, const spec&) = default;
  };

  struct parameters {
    right_scale below_zero{};
    pair_extents extents{};
    std::int16_t zero_point = 0, slope_zero_point = 0;
    std::int8_t low = -128, high = 127;
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    return right_scale::accepts(reference::prepare(g, l).below_zero) && pair_extents::accepts(g, l);
  }

  static constexpr spec specialise(graph_view g, const layer& l) {
    return {detail::saturates(activation_range(l.clamp, g.output_of(l).quant))};
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const reference::parameters p = reference::prepare(g, l);
    return {right_scale::make(p.below_zero, p.output_zero_point),
            pair_extents::make(p),
            narrow<std::int16_t>(p.a_zero_point),
            narrow<std::int16_t>(p.b_zero_point),
            narrow<std::int8_t>(p.range.low),
            narrow<std::int8_t>(p.range.high)};
  }

  using table_entry = std::int8_t;
  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    return 128 - g.input_of(l).quant.zero_point;
  }
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte*, table_entry* table) {
    const reference::parameters p = reference::prepare(g, l);
    for (std::int32_t i = 0; i < table_size(g, l); ++i)
      table[i] = p.range.clamp(wrapping_add(multiply(i, p.above_zero), p.output_zero_point));
  }

  template <spec S>
  INLAY_NEVER_INLINE static void run(const parameters& p, const table_entry* table, const map_view<std::int8_t>& output,
                                     const region& r, const map_view<const std::int8_t>& input,
                                     const map_view<const std::int8_t>& slopes) {
    const std::int32_t zero_point = p.zero_point, slope_zero_point_doubled = 2 * p.slope_zero_point;
    const right_scale scale = p.below_zero;
    const stored_range range{p.low, p.high};
    for_each_pair(p.extents, output, r, input, slopes, [&](std::int32_t x, std::int32_t slope) {
      const std::int32_t centred = x - zero_point;
      if (centred >= 0) return std::int32_t{table[centred]};
      const std::int32_t twice_product = centred * (2 * slope - slope_zero_point_doubled);
      return clamp_to<Isa, S.saturates>(range, scale.of_doubled<Isa>(twice_product));
    });
  }
};

/// output = f(input), an int8 in a word, for every element of a region.
template <typename Input, typename Function>
INLAY_ALWAYS_INLINE void for_each_element(std::int32_t channels, const map_view<std::int8_t>& output, const region& r,
                                          const map_view<const Input>& input, Function f) {
  std::int32_t columns = r.end_column - r.first_column, elements = channels;
  if (output.pixel_pitch == channels && input.pixel_pitch == channels) {
    elements *= columns;
    columns = 1;
  }
  for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
    std::int8_t* out_pixel = output.pixel(y, r.first_column);
    const Input* in_pixel = input.pixel(y, r.first_column);
    for (std::int32_t x = columns; x > 0; --x) {
      std::int8_t* out = out_pixel;
      const Input* in = in_pixel;
      for (const std::int8_t* end = out + elements; out != end;) *out++ = static_cast<std::int8_t>(f(*in++));
      out_pixel += output.pixel_pitch;
      in_pixel += input.pixel_pitch;
    }
  }
}

/// One byte to one byte by a table of all 256.
struct fast_lookup : takes_every_layer<lookup_loop> {
  template <spec>
  INLAY_NEVER_INLINE static void run(const parameters& p, const std::int8_t* table, const map_view<std::int8_t>& output,
                                     const region& r, const map_view<const std::int8_t>& input) {
    for_each_element(p.channels, output, r, input,
                     [table](std::int8_t value) { return table[static_cast<std::uint8_t>(value)]; });
  }
};

/// QUANTIZE: floats from the caller.
template <isa Isa>
struct fast_quantize : no_table {
  struct spec {};
  struct parameters {
    std::int32_t channels = 0;
    float half_scale = 1;
    std::int32_t zero_point = 0;
  };

  /// Half of a scale that is no smaller has all its bits.
  static constexpr bool accepts(graph_view g, const layer& l) { return g.output_of(l).quant.scale >= 1e-30f; }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
  static constexpr parameters prepare(graph_view g, const layer& l) {
    const tensor& out = g.output_of(l);
    return {out.extents.channels(), out.quant.scale / 2, out.quant.zero_point};
  }

  template <spec>
  INLAY_NEVER_INLINE static void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                                     const region& r, const map_view<const float>& input) {
    const float half_scale = p.half_scale;
    const std::int32_t zero_point = p.zero_point;
    for_each_element(p.channels, output, r, input,
                     [=](float real) { return rounded(exact_quotient(real, half_scale), zero_point); });
  }

  /// Half a step is rounded away from zero: half steps are cut off to an integer, and one is added to those that are
  /// not negative before they are halved.
  INLAY_ALWAYS_INLINE static std::int32_t rounded(float half_steps, std::int32_t zero_point) {
    constexpr auto outside = std::bit_cast<std::uint32_t>(1024.0f);  // of int8, for every zero point
    std::int32_t whole;
    if (std::bit_cast<std::uint32_t>(half_steps) << 1 < outside << 1) [[likely]]  // without the sign
      whole = static_cast<std::int32_t>(half_steps);
    else
      whole = half_steps > 0 ? 1024 : -1024;  // NaN is the lowest, too
    return primitives<Isa>::saturate((whole + (whole >> 31) + (2 * zero_point + 1)) >> 1);
  }
};

template <>
struct portable_kernel<layer_kind::add> : fast_sum<isa::portable, 1> {};
template <>
struct portable_kernel<layer_kind::sub> : fast_sum<isa::portable, -1> {};
template <>
struct portable_kernel<layer_kind::mul> : fast_product<isa::portable> {};
template <>
struct portable_kernel<layer_kind::prelu> : fast_prelu<isa::portable> {};
template <>
struct portable_kernel<layer_kind::quantize> : fast_quantize<isa::portable> {};

template <layer_kind Kind>
requires has_byte_function<Kind>
struct portable_kernel<Kind> : lookup<Kind, fast_lookup> {
};

}  // namespace inlay::detail

INLAY_END_EXACT_FLOATS
