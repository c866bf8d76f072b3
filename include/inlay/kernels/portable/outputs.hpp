// Inlay: from the sums of layers with weights to their outputs, in plain C++, and what that needs of each channel.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/portable/work.hpp>
#if INLAY_HAS_THUMB1
#include <inlay/kernels/portable/thumb.hpp>
#endif

#include <bit>
#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// What output channels need, 9 bytes each: biases in which the input's zero point is, multipliers, then right shifts,
/// four in an entry. constant_shift: the multiplier is the output, whatever the sum; so with channels that training has
/// switched off, some of which have tiny scales and huge biases. Other shifts below 0 are those of fixed_multiplier,
/// less 64: for multipliers and biases too large for right_scale.
struct folded_channels {
  using table_entry = std::int32_t;
  static constexpr std::int32_t constant_shift = -128;

  /// The stored element that stands for 0 in windows: see pairs.hpp. Fewer pixels than three are taken one by one.
  static constexpr std::int32_t window_zero(graph_view g, const layer& l) {
    const shape& out = g.output_of(l).extents;
    const bool has_pairs = out.elements() >= 3 * channel_table::table_size(g, l);
    return has_pairs && !has_wide_pairs ? -1 : g.input_of(l).quant.zero_point;
  }
  static constexpr std::int32_t excess(graph_view g, const layer& l) {
    const std::int32_t zero = l.kind == layer_kind::depthwise_conv2d ? 0 : window_zero(g, l);
    return g.input_of(l).quant.zero_point - zero;
  }

  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    const std::int32_t channels = channel_table::table_size(g, l);
    return 2 * channels + (channels + 3) / 4;
  }

  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte*, const channel_constants* constants,
                                   const std::int32_t* sums, std::int32_t* table) {
    const std::int32_t channels = channel_table::table_size(g, l);
    const std::int32_t too_much = excess(g, l);
    const std::int64_t most = std::int64_t{weights_per_channel(g, l)} * 255 * 128;
    const std::int32_t zero_point_after = g.output_of(l).quant.zero_point;
    const stored_range range = activation_range(l.clamp, g.output_of(l).quant);
    for (std::int32_t i = 2 * channels; i < table_size(g, l); ++i) table[i] = 0;
    for (std::int32_t c = 0; c < channels; ++c) {
      const std::int64_t bias = constants[c].bias, folded = bias - std::int64_t{too_much} * sums[c];
      const fixed_multiplier by = constants[c].multiplier;
      const auto output = [&](std::int32_t sum) {
        return range.clamp(wrapping_add(multiply(sum, by), zero_point_after));
      };
      std::int32_t multiplier = by.multiplier, shift = (by.shift < 62 ? by.shift : 62) - 64;
      if (right_scale::accepts(by) && (bias < 0 ? -bias : bias) + most < 1 << 29) {
        shift = -by.shift;
      } else if (by.shift <= 0 && bias - most >= -0x7fffffff && bias + most <= 0x7fffffff) {
        const std::int32_t lowest = output(static_cast<std::int32_t>(bias - most));
        if (lowest == output(static_cast<std::int32_t>(bias + most))) multiplier = lowest, shift = constant_shift;
      }
      table[c] = static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::uint64_t>(folded)));
      table[channels + c] = multiplier;
      std::int32_t& four = table[2 * channels + c / 4];
      const std::int32_t byte = std::endian::native == std::endian::little ? c % 4 : 3 - c % 4;
      four = static_cast<std::int32_t>(static_cast<std::uint32_t>(four) | (static_cast<std::uint32_t>(shift) & 0xff)
                                                                              << 8 * byte);
    }
  }

  static const std::int8_t* shifts(const window_layer& p, const std::int32_t* table) {
    return reinterpret_cast<const std::int8_t*>(table + 2 * p.output_channels);
  }

  /// Depthwise, with one output channel for each input channel.
  static constexpr bool is_by_channel(graph_view g, const layer& l) {
    return l.kind == layer_kind::depthwise_conv2d &&
           g.input_of(l, 1).extents.channels() == g.input_of(l).extents.channels();
  }
};

/// A value that compilers do not narrow before it is stored.
INLAY_ALWAYS_INLINE std::int32_t word_of(std::int32_t value) {
  asm("" : "+r"(value));
  return value;
}

/// Makes outputs up to the end, or to a channel whose shift is negative.
INLAY_ALWAYS_INLINE void make_outputs(output_channels& o) {
#if INLAY_HAS_THUMB1
  if (o.multiplier != o.end) thumb::make_outputs(&o);
#else
  const std::int32_t pitch = o.pitch, low = o.low, high = o.high, half = o.half, pixels = o.pixel_bytes >> 2;
  for (; o.multiplier != o.end; o.next()) {
    const std::int32_t shift = *o.shift;
    if (shift < 0) return;
    const right_scale scale{*o.multiplier, half * (1 << (shift - 1)), shift};
    std::int8_t* to = o.to;
    const std::int32_t* sum = o.sums;
    for (const std::int32_t* end = sum + pixels; sum != end; to += pitch)
      *to = static_cast<std::int8_t>(word_of(clamp_between(scale.of_doubled<isa::portable>(2 * *sum++), low, high)));
  }
#endif
}

/// From the sums of channels c … c + channels − 1 to their outputs.
INLAY_NEVER_INLINE inline void finish(const window_layer& p, const std::int32_t* table, std::int32_t c,
                                      std::int32_t channels, const std::int32_t* sums, std::int32_t sums_pitch,
                                      std::int32_t pixels, std::int8_t* to, std::int32_t pitch) {
  const std::int32_t* multipliers = table + p.output_channels;
  const std::int8_t* shifts = folded_channels::shifts(p, table);
  constexpr auto word = static_cast<std::int32_t>(sizeof(std::int32_t));
  output_channels o{shifts + c,    multipliers + c, to,    sums,   multipliers + c + channels, word * sums_pitch,
                    word * pixels, pitch,           p.low, p.high, 2 * p.output_zero_point + 1};
  for (make_outputs(o); o.multiplier != o.end; make_outputs(o)) {
    for (std::int32_t i = 0; i < pixels; ++i)
      o.to[i * pitch] = *o.shift == folded_channels::constant_shift
                            ? static_cast<std::int8_t>(*o.multiplier)
                            : p.finish(o.sums[i], {*o.multiplier, *o.shift + 64});
    o.next();
  }
}

}  // namespace inlay::detail
