// Inlay: CONV_2D and FULLY_CONNECTED for Cortex-M4, M7 and M33.
//
// The windows of three neighbouring pixels, or of one, are widened to int16, the zero point taken off and 0 put where
// they leave the map, and multiplied with the weights of two channels after the other. Four bytes of depth are a step.
// Widened steps of all pixels are interleaved, bytes 0 and 2 of each pixel before bytes 1 and 3:
//
//   p0 d0 d2 | p1 d0 d2 | p2 d0 d2 | p0 d1 d3 | p1 d1 d3 | p2 d1 d3
//
// Windows too deep for the buffer are widened and multiplied in parts, for some channels at a time. Channels with
// the same output for every input, such as training has switched off, are not computed.
#pragma once

#include <inlay/kernels/arm_dsp/columns.hpp>
#include <inlay/kernels/arm_dsp/pixel_pairs.hpp>
#include <inlay/kernels/arm_dsp/pointwise.hpp>
#include <inlay/kernels/arm_dsp/threes.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// Makes outputs of constant channels; returns the next multiplier.
INLAY_NEVER_INLINE inline const std::int32_t* fill_constants(const convolution_run& s, std::int32_t channel,
                                                             std::int32_t end, const std::int32_t* multiplier) {
  while (channel < end) {
    const std::int32_t shift = s.shifts[channel];
    const bool has_multiplier = convolution_table::has_multiplier(shift);
    const std::int32_t value = has_multiplier ? *multiplier++ : s.p.range.zero_point;
    std::int32_t count = 1;
    if (convolution_table::is_constant(shift)) {
      count = convolution_table::constants_from(shift);
      if (count > end - channel) count = end - channel;
      std::int8_t* to = s.to + channel;
      for (std::int32_t pixel = 0; pixel < s.pixels; ++pixel, to += s.pitch)
        for (std::int32_t i = 0; i < count; ++i) to[i] = static_cast<std::int8_t>(keep(value));
    }
    channel += count;
  }
  return multiplier;
}

/// Makes outputs of channels from their sums, of all or, if multiplications have made outputs, of uncommon ones.
INLAY_SMALL INLAY_NEVER_INLINE inline void finish(const convolution_run& s, std::int32_t channel, std::int32_t end,
                                                  const std::int32_t* multiplier) {
  const output_range range = s.p.range;
  const std::int32_t* sums = s.buffer();
  for (; channel < end; ++channel) {
    std::int32_t shift = s.shifts[channel];
    const std::int32_t m = *multiplier;
    multiplier += convolution_table::has_multiplier(shift);
    if (convolution_table::is_constant(shift)) continue;
    if (s.ends == 0 || shift < 0) {
      if (shift >= 0 && (s.flags & convolution_table::from_minus_128)) shift = convolution_table::fraction_bits - shift;
      for (std::int32_t pixel = 0; pixel < s.pixels; ++pixel)
        s.to[channel + pixel * s.pitch] = static_cast<std::int8_t>(output_of(sums[pixel], m, shift, range));
    }
    sums += s.pixels;
  }
}

/// Multiplies the steps in work with their weights, of channels up to `end`.
INLAY_NEVER_INLINE inline void multiply(convolution_run& s, bool makes_outputs, std::int32_t channel, std::int32_t end,
                                        const std::int8_t* weights, const std::int32_t* multiplier,
                                        std::int32_t* sums) {
  std::int8_t* const to = s.to + channel;
  const std::int32_t ends = makes_outputs ? s.ends : 0;
  if (s.pixels == 3) {
    s.ways.multiply_three(s, ends, channel, end, weights, multiplier, sums);
    return;
  }
  one_pixel& m = s.m;
  m.windows = s.windows();
  m.weights_step = s.depth - 4 * s.steps;
  m.shifts = address_of(s.shifts) - address_of(s.to);
  m.multipliers = address_of(multiplier) - 4 * address_of(to);
  m.end = s.to + end;
  m.sums = address_of(sums) - 4 * address_of(to);
  m.from = s.step == 0 ? address_of(multiplier + s.bias_distance) - 4 * address_of(to) : m.sums;
  if (s.flags & convolution_table::is_one_scale) {
    m.multipliers = static_cast<std::uintptr_t>(s.multipliers[s.bias_distance - 1]);
    m.shifts = static_cast<std::uintptr_t>(s.bias_distance);
  }
  multiply_1_pixel(static_cast<one_ends>(ends), &m, weights, to, -s.steps & 3);
}

/// Makes the outputs of the pixels in work, with the group's multipliers; returns the next group's.
INLAY_SMALL INLAY_NEVER_INLINE inline const std::int32_t* make_pixels(convolution_run& s,
                                                                      const std::int32_t* multiplier) {
  const bool keeps_sums = s.ends == 0 || (s.flags & convolution_table::is_uncommon);
  const std::int32_t step_words = (s.p.group_channels % 4 == 0 ? 2 : 3) * s.pixels;
  const bool at_once = s.all_steps * step_words <= s.words - (keeps_sums ? least_sums : 0);
  const std::int32_t part_steps =
      at_once ? s.all_steps : (s.pixels == 1 ? (s.words - 64) & ~7 : s.words / 2) / step_words;
  const std::int32_t most_channels =
      at_once && !keeps_sums ? s.end_channel : (s.words - part_steps * step_words) / s.pixels;
  const bool is_plain = (s.flags & (convolution_table::has_constants | convolution_table::is_uncommon)) == 0;
  const std::int8_t* weights = s.weights + s.first_channel * s.depth;
  const std::int32_t constant_depth = s.flags & convolution_table::is_packed ? 0 : s.depth;
  bool widened = false;
  for (std::int32_t channel = s.first_channel, end; channel < s.end_channel; channel = end) {
    std::int32_t computed = s.end_channel - channel < most_channels ? s.end_channel - channel : most_channels;
    end = channel + computed;
    if (!is_plain) {
      computed = 0;
      for (end = channel; end < s.end_channel;) {
        const std::int32_t shift = s.shifts[end];
        if (!convolution_table::is_constant(shift) && computed++ == most_channels) break;
        end += convolution_table::is_constant(shift) ? convolution_table::constants_from(shift) : 1;
      }
      if (end > s.end_channel) end = s.end_channel;
      if (computed > most_channels) computed = most_channels;
    }
    for (std::int32_t step = 0; step < s.all_steps && computed > 0; step += part_steps) {
      s.step = static_cast<std::int16_t>(step);
      s.steps = static_cast<std::int16_t>(s.all_steps - step < part_steps ? s.all_steps - step : part_steps);
      if (!widened) {
        widened = at_once;
        widen_windows(s);
      }
      const bool is_last = step + part_steps >= s.all_steps;
      bool makes_outputs = s.ends != 0 && is_last;
      std::int32_t* sums = s.buffer();
      const std::int32_t* m = multiplier;
      const std::int8_t* w = weights + 4 * step;
      for (std::int32_t c = channel, run_end = end; c < end; c = run_end) {
        if (!is_plain) {
          const std::int32_t shift = s.shifts[c];
          if (convolution_table::is_constant(shift)) {
            m += convolution_table::has_multiplier(shift);
            run_end = c + convolution_table::constants_from(shift);
            w += convolution_table::constants_from(shift) * constant_depth;
            continue;
          }
          run_end = c + 1;
          makes_outputs = s.ends != 0 && is_last && shift >= 0;
          while (run_end < end && shift >= 0 && s.shifts[run_end] >= 0) ++run_end;
        }
        multiply(s, makes_outputs, c, run_end, w, m, sums);
        m += run_end - c;
        w += (run_end - c) * s.depth;
        sums += s.pixels * (run_end - c);
      }
    }
    weights += computed * s.depth + (end - channel - computed) * constant_depth;
    if (s.ends == 0 || (s.flags & convolution_table::is_uncommon)) finish(s, channel, end, multiplier);
    multiplier = is_plain ? multiplier + computed : fill_constants(s, channel, end, multiplier);
  }
  return multiplier;
}

/// A convolution's region; layers share the code.
INLAY_SMALL INLAY_NEVER_INLINE inline void convolve(const convolution& p, const std::int32_t* table,
                                                    const map_view<std::int8_t>& output, const region& r,
                                                    const map_view<const std::int8_t>& input,
                                                    const std::int8_t* weights, std::int32_t words, one_pixel& m,
                                                    const convolution_ways& ways) {
  const std::int32_t depth = p.kernel_height * p.kernel_width * p.group_channels;
  const std::int32_t outputs = p.group_outputs;
  convolution_run s{ways, p, input, m, words};
  s.input_width = p.input_width;
  s.depth = depth;
  s.before = -depth & 3;
  s.all_steps = static_cast<std::int16_t>((depth + 3) >> 2);
  s.dense = p.dilation_width == 1 && p.dilation_height == 1 && input.pixel_pitch == p.group_channels;
  s.flags = static_cast<std::uint8_t>(table[0]);
  s.bias_distance = table[0] >> 8;
  // Of one scale, that is the shift, and the one multiplier stands before the biases.
  s.multipliers = s.flags & convolution_table::is_one_scale ? table + 2 - s.bias_distance : table + 1;
  s.shifts = scale_table::shifts(s.multipliers, s.bias_distance);
  const bool packed = ways.pairs != nullptr && (s.flags & convolution_table::by_pairs);
  s.weights = packed ? weights : weights - s.before;
  s.ends = s.flags & convolution_table::is_one_scale     ? static_cast<std::uint8_t>(one_ends::outputs_of_one_scale)
           : !p.range.is_whole()                         ? 0
           : s.flags & convolution_table::from_minus_128 ? 4
                                                         : 2;
  s.rounding = m.rounding = s.flags & convolution_table::from_minus_128
                                ? -255 * (1 << (convolution_table::fraction_bits - 1))
                                : 2 * p.range.zero_point + 1;
  s.pitch = r.end_column - r.first_column == 1 ? output.row_pitch : output.pixel_pitch;
  m.depth = depth;
  std::int32_t first_row = r.first_row, end_row = r.end_row;
  s.first_column = r.first_column;
  s.end_column = r.end_column;
  const std::int32_t columns = r.end_column - r.first_column;
  // Rows that follow one another in the output may be one long row.
  s.joined = end_row <= output.rows && (columns == 1 || output.row_pitch == columns * output.pixel_pitch);
  if (s.joined && p.group_channels % 4 == 0 && p.pointwise && p.stride_height == 1 && p.stride_width == 1 &&
      columns == p.input_width && end_row <= input.rows && input.row_pitch == columns * input.pixel_pitch) {
    // So are those of the input.
    s.first_column = first_row * columns;
    s.end_column = s.input_width = end_row * columns;
    first_row = 0;
    end_row = 1;
    s.joined = false;
  }
  // The common case takes one multiplication for all channels of three pixels.
  const bool simple = s.ends != 0 && !(s.flags & (convolution_table::has_constants | convolution_table::is_uncommon)) &&
                      s.all_steps * (p.group_channels % 4 == 0 ? 6 : 9) <= words &&
                      (p.group_channels % 4 == 0 || s.dense);
  const std::int32_t* multiplier = s.multipliers;
  for (std::int32_t g = 0; g < p.groups; ++g) {
    s.first_channel = static_cast<std::int16_t>(g * outputs);
    s.end_channel = static_cast<std::int16_t>((g + 1) * outputs);
    const std::int32_t* next_multiplier = multiplier + outputs;
    s.x = s.first_column;
    for (s.y = static_cast<std::int16_t>(first_row); s.y < end_row;) {
      if (s.x >= s.end_column) {
        // Joined rows may end inside of the pixels.
        ++s.y;
        s.x -= columns;
        continue;
      }
      const std::int32_t left = s.end_column - s.x + (s.joined ? (end_row - 1 - s.y) * columns : 0);
      // One or two pixels are three with those before.
      const std::int32_t again = left < 3 ? 3 - left : 0;
      const bool three = (packed || ways.threes != nullptr) && s.x - s.first_column >= again;
      if (three) s.x -= again;
      s.pixels = three ? 3 : 1;
      s.to = output.pixel(s.y, s.x);
      if (packed) {
        ways.pairs(s);
      } else if (simple && three) {
        ways.threes(s);
      } else {
        next_multiplier = make_pixels(s, multiplier);
        s.x += s.pixels;
      }
    }
    multiplier = next_multiplier;
    s.group_at = static_cast<std::int16_t>(s.group_at + p.group_channels);
  }
}

/// The memory is the caller's. Whether weights may lie in pairs, and whether they may not where there are three pixels.
template <std::int32_t Words, bool Pairs, bool Threes>
INLAY_NEVER_INLINE void convolve(const convolution& p, const std::int32_t* table, const map_view<std::int8_t>& output,
                                 const region& r, const map_view<const std::int8_t>& input,
                                 const std::int8_t* weights) {
  struct {
    std::int32_t buffer[static_cast<std::size_t>(Words)];
    one_pixel m;
  } memory;
  static constexpr convolution_ways ways{Pairs ? make_pairs : nullptr, Threes ? make_threes : nullptr,
                                         Threes ? multiply_three : nullptr};
  convolve(p, table, output, r, input, weights, Words, memory.m, ways);
}

/// FULLY_CONNECTED, whose rows are the pixels of one row; layers share what says so.
template <bool Threes>
INLAY_NEVER_INLINE void connect(const convolution& p, const std::int32_t* table, std::int8_t* output,
                                const std::int8_t* input, const std::int8_t* weights) {
  convolve<buffer_words, false, Threes>(p, table, {output, p.group_outputs, 0, 1, 0}, {0, 1, 0, p.input_width},
                                        {input, p.group_channels, 0, 1, 0}, weights);
}

/// The kernels read whole words, up to three bytes before the weights: any model has so many before its data, and a
/// buffer of loaded ones. Steps are counted in 16 bits.
constexpr bool accepts_weights(graph_view g, const layer& l) {
  const tensor& weights = g.input_of(l, 1);
  const bool has_bytes_before = weights.is_loaded || (weights.is_constant() && weights.data_at >= 3);
  return has_bytes_before && weights_per_channel(g, l) <= 4 * 0x7fff;
}

}  // namespace inlay::detail::arm_dsp

namespace inlay::inline INLAY_ABI::detail {

template <>
struct fast_kernel<isa::arm_dsp, layer_kind::conv2d> : arm_dsp::convolution_table {
  using parameters = arm_dsp::convolution;
  struct spec {
    bool shares_weights = false;  // where there are enough pixels
    bool deep = false;            // windows of the larger buffer
    bool pointwise = false;
    bool pairs = false, threes = false;  // weights that lie in pairs; others, of three pixels
    // Tables whose layers columns.hpp makes, pixel_pairs.hpp, and others.
    bool columns = false, pixel_pairs = false, others = false;
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    using namespace arm_dsp;
    const window2d& w = l.window;
    const shape& in = g.input_of(l).extents;
    return fits_int16(in.height()) && fits_int16(in.width()) && fits_int16(in.channels()) &&
           fits_int16(g.output_of(l).extents.channels()) && fits_uint8(w.kernel.height) && fits_uint8(w.kernel.width) &&
           fits_uint8(w.stride.height) && fits_uint8(w.stride.width) && fits_uint8(w.dilation.height) &&
           fits_uint8(w.dilation.width) && fits_uint8(w.padding.top) && fits_uint8(w.padding.left) &&
           accepts_weights(g, l);
  }

  /// For any table.
  static constexpr spec specialise(graph_view g, const layer& l) {
    const bool deep = weights_per_channel(g, l) / 2 * 3 > arm_dsp::buffer_words;
    const bool threes = g.output_of(l).extents.elements() >= 3 * g.output_of(l).extents.channels();
    return {arm_dsp::shares_weights(g, l),
            deep,
            l.window.kernel == extent2d{1, 1},
            takes_pairs(g, l),
            threes,
            takes_columns(g, l),
            takes_pixel_pairs(g, l),
            true};
  }
  static constexpr spec specialise(graph_view g, const layer& l, const table_entry* table) {
    if (table[0] & by_columns) return {.columns = true};
    if (table[0] & by_pixel_pairs) return {.pixel_pairs = true};
    spec s = specialise(g, l);
    s.pairs = table[0] & by_pairs;
    s.columns = s.pixel_pairs = false;
    if (s.pairs) s.shares_weights = s.threes = false;
    // Windows of many channels are as fast in themselves.
    if (g.input_of(l).extents.channels() > 32 && !(table[0] & has_constants)) s.shares_weights = false;
    return s;
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& in = g.input_of(l).extents;
    const window2d& w = l.window;
    const std::int32_t channels = g.input_of(l, 1).extents.channels();
    const std::int32_t groups = in.channels() / channels;
    parameters p;
    p.input_height = narrow<std::int16_t>(in.height());
    p.input_width = narrow<std::int16_t>(in.width());
    p.group_channels = narrow<std::int16_t>(channels);
    p.group_outputs = narrow<std::int16_t>(g.output_of(l).extents.channels() / groups);
    p.groups = narrow<std::int16_t>(groups);
    p.kernel_height = narrow<std::uint8_t>(w.kernel.height);
    p.kernel_width = narrow<std::uint8_t>(w.kernel.width);
    p.stride_height = narrow<std::uint8_t>(w.stride.height);
    p.stride_width = narrow<std::uint8_t>(w.stride.width);
    p.dilation_height = narrow<std::uint8_t>(w.dilation.height);
    p.dilation_width = narrow<std::uint8_t>(w.dilation.width);
    p.padding_top = narrow<std::uint8_t>(w.padding.top);
    p.padding_left = narrow<std::uint8_t>(w.padding.left);
    p.pointwise = w.kernel == extent2d{1, 1} && w.padding == padding2d{};
    p.input_zero_point = narrow<std::int8_t>(g.input_of(l).quant.zero_point);
    p.range = arm_dsp::range_of(g, l);
    return p;
  }

  template <spec S>
  static void run(const parameters& p, const std::int32_t* table, const map_view<std::int8_t>& output, const region& r,
                  const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    if constexpr (S.columns) {
      if (!S.others || (table[0] & by_columns)) {
        arm_dsp::convolve_columns(p, table, output, r, input, weights);
        return;
      }
    }
    if constexpr (S.pixel_pairs) {
      if (!S.others || (table[0] & by_pixel_pairs)) {
        arm_dsp::convolve_pixel_pairs(p, table, output, r, input, weights);
        return;
      }
    }
    if constexpr (S.others) run_others<S>(p, table, output, r, input, weights);
  }

 private:
  template <spec S>
  INLAY_ALWAYS_INLINE static void run_others(const parameters& p, const std::int32_t* table,
                                             const map_view<std::int8_t>& output, const region& r,
                                             const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    constexpr std::int32_t words = S.deep ? arm_dsp::deep_buffer_words : arm_dsp::buffer_words;
    if constexpr (S.shares_weights) {
      region inner{};
      if (!S.pairs || !(table[0] & by_pairs)) inner = arm_dsp::convolve_inside(p, table, output, r, input, weights);
      if (inner.first_row < inner.end_row) {
        if constexpr (S.pointwise) return;
        for (int side = 0; side < 4; ++side) {
          const region other = arm_dsp::beside(inner, r, side);
          if (other.first_row < other.end_row && other.first_column < other.end_column)
            arm_dsp::convolve<words, S.pairs, S.threes>(p, table, output, other, input, weights);
        }
        return;
      }
    }
    arm_dsp::convolve<words, S.pairs, S.threes>(p, table, output, r, input, weights);
  }
};

/// A window of one pixel; the rows are the pixels.
template <>
struct fast_kernel<isa::arm_dsp, layer_kind::fully_connected> : arm_dsp::convolution_table {
  using parameters = arm_dsp::convolution;
  struct spec {
    bool threes;  // so many rows
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    using namespace arm_dsp;
    const shape& weights = g.input_of(l, 1).extents;
    return fits_int16(weights[0]) && fits_int16(weights[1]) &&
           fits_int16(g.input_of(l).extents.elements() / weights[1]) && accepts_weights(g, l);
  }

  static constexpr spec specialise(graph_view g, const layer& l) {
    return {g.output_of(l).extents.elements() >= 3 * g.input_of(l, 1).extents[0]};
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& weights = g.input_of(l, 1).extents;
    parameters p;
    p.input_height = 1;
    p.input_width = narrow<std::int16_t>(g.input_of(l).extents.elements() / weights[1]);
    p.group_channels = narrow<std::int16_t>(weights[1]);
    p.group_outputs = narrow<std::int16_t>(weights[0]);
    p.pointwise = true;
    p.input_zero_point = narrow<std::int8_t>(g.input_of(l).quant.zero_point);
    p.range = arm_dsp::range_of(g, l);
    return p;
  }

  template <spec S>
  static void run_whole(const parameters& p, const std::int32_t* table, std::int8_t* output, const std::int8_t* input,
                        const std::int8_t* weights) {
    arm_dsp::connect<S.threes>(p, table, output, input, weights);
  }
};

}  // namespace inlay::detail
