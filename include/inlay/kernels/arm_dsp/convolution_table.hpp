// Inlay: what CONV_2D and FULLY_CONNECTED for Cortex-M4, M7 and M33 know of a layer: its numbers, and its table.
#pragma once

#include <inlay/kernels/arm_dsp/packed_pairs.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// A window over a map with all its channels, or with those of one of several groups.
struct convolution {
  std::int16_t input_height = 0, input_width = 0;
  std::int16_t group_channels = 0;  // input channels that an output channel reads
  std::int16_t group_outputs = 0;   // output channels that read the same ones
  std::int16_t groups = 1;
  std::uint8_t kernel_height = 1, kernel_width = 1;
  std::uint8_t stride_height = 1, stride_width = 1;
  std::uint8_t dilation_height = 1, dilation_width = 1;
  std::uint8_t padding_top = 0, padding_left = 0;
  std::int8_t input_zero_point = 0;
  output_range range{};
  bool pointwise = false;  // windows of one pixel, none of them outside
};

constexpr bool fits_int16(std::int32_t value) { return value >= 0 && value <= 0x7fff; }
constexpr bool fits_uint8(std::int32_t value) { return value >= 0 && value <= 0xff; }

/// A word of flags and how many multipliers there are, the multipliers, as many biases, then a byte for each channel:
/// what scale_table has, but for channels that always make the zero point, which have neither.
///
/// Where all outputs are saturated and the zero point is −128, no negative sum makes anything else than −128, so that
/// rounding of negative sums does not matter, and both roundings are one: with the shift n and L = 14,
///
///   (a × m + 2^30 + 2^(30+n)) >> (31 + n)  =  ((a << (15 − n)) × m + 2^32 × k >> 32) >> L,  k = 2^(L−1) + 2^(L−n−1)
///
/// The table has 15 − n, then. a << (15 − n) must fit into 32 bits, k must be whole.
///
/// Where many channels are constant, the kernel reads a copy of the weights that has those of the others only.
struct convolution_table : scale_table {
  static constexpr std::int32_t from_minus_128 = 1;   // as above
  static constexpr std::int32_t has_constants = 2;    // some channels with one of the constant shifts
  static constexpr std::int32_t is_uncommon = 4;      // some channels with other negative shifts
  static constexpr std::int32_t is_packed = 8;        // the weights are such a copy
  static constexpr std::int32_t is_one_scale = 16;    // the shift above the flags, a multiplier, the biases
  static constexpr std::int32_t by_columns = 32;      // the weights lie as columns.hpp has them, with all else
  static constexpr std::int32_t by_pixel_pairs = 64;  // as pixel_pairs.hpp has them; above the flags are doublings
  static constexpr std::int32_t by_pairs = 128;       // as packed_pairs.hpp has them
  static constexpr std::int32_t fraction_bits = 14;   // L
  // Channels that always make the zero point: this, and how many of them follow one another from here on.
  static constexpr std::int32_t zero_point_shift = constant_shift, most_zero_points = 24;
  static constexpr bool is_constant(std::int32_t shift) { return shift <= zero_point_shift + most_zero_points; }
  // As many weights as one constant expression can look at, and copy, within every compiler's default limits.
  static constexpr std::int32_t most_looked_at = 200'000, most_copied = 300'000;
  static constexpr bool has_multiplier(std::int32_t shift) { return shift == constant_shift || !is_constant(shift); }
  static constexpr std::int32_t constants_from(std::int32_t shift) {
    return shift == constant_shift ? 1 : shift - zero_point_shift;
  }

  /// k above, less the zero point, for a shift as the table has it.
  static constexpr std::int32_t rounding_from_minus_128(std::int32_t shift) {
    return -255 * (1 << (fraction_bits - 1)) + ((1 << shift) >> 2);
  }

  static constexpr std::int32_t table_size(graph_view g, const layer& l) { return scale_table::table_size(g, l) + 1; }
  static constexpr std::int32_t used_entries(graph_view g, const layer& l, const std::int32_t* table) {
    if (table[0] & (by_columns | by_pixel_pairs | by_pairs)) return 1;
    if (table[0] & is_one_scale) return 2 + channel_table::table_size(g, l);
    return 1 + 2 * (table[0] >> 8) + (channel_table::table_size(g, l) + 3) / 4;
  }

  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte* model, const channel_constants* constants,
                                   const std::int32_t* sums, std::int32_t* table) {
    std::int32_t* const multipliers = table + 1;
    scale_table::fill_table(g, l, model, constants, sums, multipliers);
    const std::int32_t channels = channel_table::table_size(g, l);
    std::int32_t* const biases = multipliers + channels;
    std::int32_t* const shifts = biases + channels;
    const output_range range = range_of(g, l);
    // A few are not worth it: without any, all channels are multiplied at once.
    if (!packs(g, l, channels - find_constants(g, l, model, constants, multipliers, shifts)))
      scale_table::fill_table(g, l, model, constants, sums, multipliers);
    const std::int64_t most = most_products(g, l);
    std::int32_t flags = range.zero_point == -128 && range.high == 127 ? from_minus_128 : 0, count = 0;
    for (std::int32_t c = 0; c < channels; ++c) {
      const std::int32_t shift = get_byte(shifts, c), multiplier = multipliers[c];
      if (multiplier == 0 && shift != constant_shift) {
        put_byte(shifts, c, zero_point_shift + 1);
        flags |= has_constants;
        continue;
      }
      multipliers[count] = multiplier;
      biases[count++] = biases[c];
      if (shift == constant_shift) {
        flags |= has_constants;
      } else if (shift < 0) {
        flags |= is_uncommon;
      } else {
        const std::int64_t bias = constants[c].bias, highest = most + (bias < 0 ? -bias : bias);
        if (shift > fraction_bits - 2 || highest << (fraction_bits - shift) > 0x7fffffff) flags &= ~from_minus_128;
      }
    }
    if (has_one_scale(g, l) && (flags & (has_constants | is_uncommon)) == 0) {
      table[0] = is_one_scale | get_byte(shifts, 0) << 8;
      for (std::int32_t c = 0; c < channels; ++c) table[2 + c] = biases[c];
      return;
    }
    if (flags & from_minus_128)
      for (std::int32_t c = 0; c < channels; ++c)
        if (const std::int32_t shift = get_byte(shifts, c); shift >= 0) put_byte(shifts, c, fraction_bits - shift);
    if (takes_pixel_pairs(g, l) && flags == from_minus_128) {
      std::int32_t low = fraction_bits, high = 0;
      for (std::int32_t c = 0; c < channels; ++c) {
        const std::int32_t shift = get_byte(shifts, c);
        if (shift < low) low = shift;
        if (shift > high) high = shift;
      }
      if (high - low <= 8) {
        table[0] = flags | by_pixel_pairs | (high > 8 ? high - 8 : 0) << 8;
        return;
      }
    }
    for (std::int32_t c = channels - 2; c >= 0; --c)
      if (const std::int32_t next = get_byte(shifts, c + 1); get_byte(shifts, c) == zero_point_shift + 1 &&
                                                             !has_multiplier(next) &&
                                                             next < zero_point_shift + most_zero_points)
        put_byte(shifts, c, next + 1);
    if (packs(g, l, computed_channels(shifts, channels))) flags |= is_packed;
    if ((flags & is_uncommon) == 0 && takes_pairs(g, l) && pairs_fit(g, l, shifts))
      flags |= (flags & has_constants) == 0 && takes_columns(g, l) ? by_columns : by_pairs;
    for (std::int32_t i = 0; i < count; ++i) multipliers[count + i] = biases[i];
    for (std::int32_t i = 0; i < (channels + 3) / 4; ++i) multipliers[2 * count + i] = shifts[i];
    table[0] = flags | count << 8;
  }

  static constexpr std::int32_t packed_bytes(graph_view g, const layer& l, const std::int32_t* table) {
    const std::int32_t channels = channel_table::table_size(g, l);
    if (table[0] & by_pixel_pairs) return channels * 4 * pixel_pair_words;
    if (!(table[0] & (by_columns | by_pairs | is_packed))) return 0;
    const std::int32_t computed = computed_channels(packed_shifts(table), channels), each = weights_per_channel(g, l);
    if (!(table[0] & (by_columns | by_pairs))) return computed * each;
    return (table[0] & has_constants ? constants_bytes(channels) : 0) +
           (computed + 1) / 2 * pair_bytes(2 * whole_steps(each));
  }

  /// Of a network that is not trained yet.
  static constexpr std::int32_t untrained_bytes(graph_view g, const layer& l) {
    const std::int32_t channels = channel_table::table_size(g, l), each = weights_per_channel(g, l);
    // A word of table, and one before what is packed.
    if (takes_pixel_pairs(g, l)) return 8 + channels * (4 * pixel_pair_words - each);
    if (shapes_take_pairs(g, l)) return 8 + (channels + 1) / 2 * pair_bytes(2 * whole_steps(each)) - channels * each;
    return 4 * table_size(g, l);
  }

  static constexpr std::int32_t units_of_columns = 6;  // in a round of columns.hpp
  /// Weights of a window, and what makes their steps whole.
  static constexpr std::int32_t whole_steps(std::int32_t weights) { return (weights + 3) & ~3; }

  /// Whether channels are packed two by two: not for windows of few channels, for which pointwise.hpp has a way.
  static constexpr bool takes_pairs(graph_view g, const layer& l) {
    return shapes_take_pairs(g, l) && range_of(g, l).is_whole();
  }
  static constexpr bool shapes_take_pairs(graph_view g, const layer& l) {
    const shape& weights = g.input_of(l, 1).extents;
    const std::int32_t groups = g.input_of(l).extents.channels() / weights.channels();
    return l.kind == layer_kind::conv2d && !g.input_of(l, 1).is_loaded &&
           (l.window.kernel == extent2d{1, 1} || weights.channels() % 4 == 0 || weights[0] > 12) &&
           weights[0] / groups % 2 == 0 && g.output_of(l).extents.width() >= 3 && weights.elements() <= most_copied;
  }

  /// Where some channels are constant, packed pairs stand behind the first one's channel and how many there are, in a
  /// word, and a pixel with what is constant.
  static constexpr std::int32_t constants_bytes(std::int32_t channels) { return 4 + whole_steps(channels); }

  /// Whether columns.hpp has a way for windows of these shapes: all of them over the map, and whole rounds.
  static constexpr bool takes_columns(graph_view g, const layer& l) {
    const shape& in = g.input_of(l).extents;
    const shape& weights = g.input_of(l, 1).extents;
    const window2d& w = l.window;
    return takes_pairs(g, l) && w.kernel.width == 3 && w.stride.width == 1 && w.dilation == extent2d{1, 1} &&
           weights.channels() == in.channels() && in.channels() % 4 == 0 &&
           w.kernel.height * in.channels() / 2 % units_of_columns == 0 && w.padding.left < 3 &&
           g.output_of(l).extents.width() - w.padding.left <= in.width();
  }

  /// Whether pixel_pairs.hpp has a way for windows of these shapes, and what it reads of an output channel.
  static constexpr bool takes_pixel_pairs(graph_view g, const layer& l) {
    return l.kind == layer_kind::conv2d && l.window.kernel == extent2d{1, 1} && l.window.padding == padding2d{} &&
           !g.input_of(l, 1).is_loaded && g.input_of(l).extents.channels() == 8 &&
           g.input_of(l, 1).extents.channels() == 8 && channel_table::table_size(g, l) % 2 == 0;
  }
  static constexpr std::int32_t pixel_pair_words = 7;

  /// In words: what a store takes compilers is most of it, and functions for parts of it would take more.
  template <typename Byte>
  static constexpr void pack_weights(graph_view g, const layer& l, const std::int32_t* table, const Byte* weights,
                                     std::int32_t* to) {
    const std::int32_t each = weights_per_channel(g, l), outputs = channel_table::table_size(g, l);
    if (table[0] & (by_columns | by_pairs)) {
      const std::int32_t channels = g.input_of(l).extents.channels();
      const std::int32_t *const multipliers = table + 1, *const biases = multipliers + (table[0] >> 8);
      const std::int32_t* const shifts = packed_shifts(table);
      place first = computed_from(shifts, outputs, {0, 0});
      if (table[0] & has_constants) {
        *to++ = first.channel | (computed_channels(shifts, outputs) + 1) / 2 << 16;
        for (std::int32_t c = 0, at = 0; c < outputs; c += 4) {
          std::int32_t four[4]{};
          for (std::int32_t i = 0; i < 4 && c + i < outputs; ++i) {
            const std::int32_t shift = get_byte(shifts, c + i);
            four[i] = shift == constant_shift ? multipliers[at] : range_of(g, l).zero_point;
            at += has_multiplier(shift);
          }
          *to++ = word_of(four[0], four[1], four[2], four[3]);
        }
      }
      while (first.channel < outputs) {
        place second = computed_from(shifts, outputs, {first.channel + 1, first.multiplier + 1});
        // One that is left makes a pair with itself.
        if (second.channel == outputs) second = first;
        const place next = computed_from(shifts, outputs, {second.channel + 1, second.multiplier + 1});
        const Byte *const a = weights + first.channel * each, *const b = weights + second.channel * each;
        *to++ = biases[first.multiplier];
        *to++ = biases[second.multiplier];
        if (table[0] & by_columns) {
          for (std::int32_t row = 0; row < each; row += 3 * channels)
            for (std::int32_t i = row; i < row + channels; i += i % 4 == 1 ? 3 : 1)
              for (std::int32_t tap = i; tap < i + 3 * channels; tap += channels)
                *to++ = (a[tap] & 0xff) | (b[tap] & 0xff) << 8 | (a[tap + 2] & 0xff) << 16 | b[tap + 2] << 24;
        } else {
          std::int32_t at = each - whole_steps(each);
          // 0 for what is before a window.
          if (at < 0) {
            *to++ = word_of(0, 0, at < -2 ? 0 : a[at + 2], at < -2 ? 0 : b[at + 2]);
            *to++ = word_of(at < -1 ? 0 : a[at + 1], at < -1 ? 0 : b[at + 1], a[at + 3], b[at + 3]);
            at += 4;
          }
          for (; at < each; at += 4) {
            to[0] = (a[at] & 0xff) | (b[at] & 0xff) << 8 | (a[at + 2] & 0xff) << 16 | b[at + 2] << 24;
            to[1] = (a[at + 1] & 0xff) | (b[at + 1] & 0xff) << 8 | (a[at + 3] & 0xff) << 16 | b[at + 3] << 24;
            to += 2;
          }
        }
        *to++ = multipliers[first.multiplier];
        *to++ = pair_scales(get_byte(shifts, first.channel), get_byte(shifts, second.channel),
                            second.channel - first.channel, next.channel - first.channel);
        *to++ = multipliers[second.multiplier];
        first = next;
      }
    } else if (table[0] & by_pixel_pairs) {
      const std::int32_t doublings = table[0] >> 8;
      for (std::int32_t c = 0; c < outputs; ++c, weights += each) {
        const std::int32_t shift = get_byte(table + 1 + 2 * outputs, c);
        *to++ = wrapping_shift(table[1 + outputs + c], shift);
        for (const std::int32_t i : {0, 1, 4, 5}) {
          const auto scaled = [&](std::int32_t w) {
            return static_cast<std::int8_t>(weights[w]) * (1 << (shift - doublings));
          };
          *to++ = (scaled(i) & 0xffff) | wrapping_shift(scaled(i + 2), 16);
        }
        *to++ = table[1 + c];
        *to++ = rounding_from_minus_128(shift);
      }
    } else {
      std::int32_t at = 0;
      for (std::int32_t c = 0; c < outputs; ++c, weights += each)
        if (!is_constant(get_byte(packed_shifts(table), c)))
          for (std::int32_t i = 0; i < each; ++i) put_byte(to, at++, static_cast<std::int8_t>(weights[i]));
    }
  }

 private:
  static constexpr std::int32_t wrapping_shift(std::int32_t value, std::int32_t by) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(value) << by);
  }
  static constexpr std::int32_t word_of(std::int32_t a, std::int32_t b, std::int32_t c, std::int32_t d) {
    return (a & 0xff) | (b & 0xff) << 8 | (c & 0xff) << 16 | wrapping_shift(d, 24);
  }

  /// Enters channels that have one output within what their weights can add up to; returns how many are constant.
  template <typename Byte>
  static constexpr std::int32_t find_constants(graph_view g, const layer& l, const Byte* model,
                                               const channel_constants* constants, std::int32_t* multipliers,
                                               std::int32_t* shifts) {
    const output_range range = range_of(g, l);
    const std::int32_t channels = channel_table::table_size(g, l), each = weights_per_channel(g, l);
    const std::int32_t zero_point = g.input_of(l).quant.zero_point;
    const Byte* weights = model + g.input_of(l, 1).data_at;
    std::int32_t found = 0, looked_at = 0;  // compilers bound the work of one constant
    for (std::int32_t c = 0; c < channels; ++c, weights += each) {
      const std::int32_t shift = get_byte(shifts, c);
      const fixed_multiplier by = constants[c].multiplier;
      const bool known = shift == constant_shift || multipliers[c] == 0;
      if (known) ++found;
      if (known || by.shift > 0 || looked_at + each > most_looked_at) continue;
      const std::int32_t bias = constants[c].bias, value = output(bias, by, range);
      // Where the output is at an end of its range and sums cannot wrap, one direction is left.
      const bool rises = shift < 0 || value != range.high, falls = shift < 0 || value != range.low;
      const std::int32_t up = 127 - zero_point, down = -128 - zero_point;
      std::int64_t lowest = bias, highest = bias;
      std::int32_t i = 0;
      bool same = true;
      for (std::int32_t next = 8; i < each && same; next *= 2) {
        // Most channels have another output after a few weights.
        const std::int32_t end = next < each ? next : each;
        if (rises)
          for (std::int32_t w = i; w < end; ++w)
            highest += static_cast<std::int8_t>(weights[w]) * (static_cast<std::int8_t>(weights[w]) < 0 ? down : up);
        if (falls)
          for (std::int32_t w = i; w < end; ++w)
            lowest += static_cast<std::int8_t>(weights[w]) * (static_cast<std::int8_t>(weights[w]) < 0 ? up : down);
        i = end;
        same = lowest >= -0x7fffffff && highest <= 0x7fffffff &&
               output(static_cast<std::int32_t>(lowest), by, range) == value &&
               output(static_cast<std::int32_t>(highest), by, range) == value;
      }
      looked_at += i;
      if (!same) continue;
      ++found;
      multipliers[c] = multiplier_of_constant(value, range);
      put_byte(shifts, c, shift_of_constant(value, range));
    }
    return found;
  }

  /// Whether the kernel can do with one scale: where it makes one pixel, and nothing is left to clamp.
  static constexpr bool has_one_scale(graph_view g, const layer& l) {
    const shape& weights = g.input_of(l, 1).extents;
    return l.kind == layer_kind::fully_connected && g.input_of(l, 1).quant.channels == 1 && weights[0] > 2 &&
           g.input_of(l).extents.elements() == weights[1] && range_of(g, l).is_whole();
  }

  /// A channel and its multiplier.
  struct place {
    std::int32_t channel, multiplier;
  };
  /// The first channel from this one on that is not constant, or how many there are.
  static constexpr place computed_from(const std::int32_t* shifts, std::int32_t channels, place at) {
    for (; at.channel < channels && is_constant(get_byte(shifts, at.channel)); ++at.channel)
      at.multiplier += has_multiplier(get_byte(shifts, at.channel));
    return at;
  }

  /// Whether pairs can be made of the channels that are not constant: there are some, not too far from one another.
  static constexpr bool pairs_fit(graph_view g, const layer& l, const std::int32_t* shifts) {
    const std::int32_t channels = channel_table::table_size(g, l), computed = computed_channels(shifts, channels);
    if (computed == channels) return true;
    if (computed == 0 || g.input_of(l, 1).extents.channels() != g.input_of(l).extents.channels()) return false;
    std::int32_t last = computed_from(shifts, channels, {0, 0}).channel;
    for (std::int32_t c = last + 1; c < channels; ++c) {
      if (is_constant(get_byte(shifts, c))) continue;
      if (c - last > most_advance / 2) return false;
      last = c;
    }
    return true;
  }

  static constexpr const std::int32_t* packed_shifts(const std::int32_t* table) {
    return table + 1 + 2 * (table[0] >> 8);
  }
  static constexpr std::int32_t computed_channels(const std::int32_t* shifts, std::int32_t channels) {
    std::int32_t count = 0;
    for (std::int32_t c = 0; c < channels; ++c) count += is_constant(get_byte(shifts, c)) ? 0 : 1;
    return count;
  }

  /// Whether a copy saves more than an eighth, and takes compilers little time.
  static constexpr bool packs(graph_view g, const layer& l, std::int32_t computed) {
    const std::int32_t channels = channel_table::table_size(g, l), each = weights_per_channel(g, l);
    const bool grouped =
        l.kind == layer_kind::conv2d && g.input_of(l, 1).extents.channels() != g.input_of(l).extents.channels();
    return !grouped && !g.input_of(l, 1).is_loaded && computed > 0 && 8 * (channels - computed) > channels &&
           computed * each <= most_copied;
  }
};

}  // namespace inlay::detail::arm_dsp
