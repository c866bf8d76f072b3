// Inlay: what the kernels for Cortex-M4, M7 and M33 share: pairs of 16-bit products, and from sums to outputs.
//
// From a sum a to an output, multiplier m, right shift n, zero point z:
//
//   x = (a × m + 2^30) >> 31                    gemmlowp's doubling multiply, for |a| < 2^30
//   (x + (x < 0 ? −1 : 0) + 2^(n−1)) >> n, + z  its rounding division, for n ≥ 1
//
// a < 0 does for x < 0: they differ where x is 0, where −1 changes nothing. With k = (2z + 1) << (n − 1) that is
// (k + (a >> 31) + (2a × m + 2^31 >> 32)) >> n, and SMMLAR does the middle.
#pragma once

#include <inlay/kernels/fixed_point.hpp>
#include <inlay/kernels/kernel.hpp>
#include <inlay/kernels/reference/convolution.hpp>
#include <inlay/kernels/weight_sums.hpp>
#include <inlay/narrow.hpp>

#include <cstdint>
#include <cstring>

/// Assembly of what packed sums become, for multiply.hpp and packed_pairs.hpp: inlay_outputs from −128, else
/// inlay_signed_outputs, as above; the shift is in r4, what is added in r6 and r7.
#define INLAY_ARM_DSP_OUTPUTS                             \
  ".macro inlay_outputs multiplier, sums:vararg\n"        \
  "lsl r1, r6, r4\n"                                      \
  "add r1, r7, r1, lsr #2\n"                              \
  ".irp sum, \\sums\n"                                    \
  "lsl \\sum, \\sum, r4\n"                                \
  "smmla \\sum, \\sum, \\multiplier, r1\n"                \
  "ssat \\sum, #8, \\sum, asr #14\n"                      \
  ".endr\n"                                               \
  ".endm\n"                                               \
  ".macro inlay_signed_outputs multiplier, sums:vararg\n" \
  "lsl r1, r7, r4\n"                                      \
  ".irp sum, \\sums\n"                                    \
  "add r6, r1, \\sum, asr #31\n"                          \
  "lsl \\sum, \\sum, #1\n"                                \
  "smmlar \\sum, \\sum, \\multiplier, r6\n"               \
  "asr \\sum, \\sum, r4\n"                                \
  "ssat \\sum, #8, \\sum, asr #1\n"                       \
  ".endr\n"                                               \
  ".endm\n"

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// What outputs of a layer have in common.
struct output_range {
  std::int8_t zero_point = 0;
  std::int8_t low = -128;
  std::int8_t high = 127;

  /// All of int8: to saturate is to clamp.
  constexpr bool is_whole() const { return low == -128 && high == 127; }
};

constexpr output_range range_of(graph_view g, const layer& l) {
  const tensor& out = g.output_of(l);
  const stored_range range = activation_range(l.clamp, out.quant);
  return {narrow<std::int8_t>(out.quant.zero_point), narrow<std::int8_t>(range.low), narrow<std::int8_t>(range.high)};
}

/// The multipliers of a layer's output channels, their biases, then their shifts, four in an entry: 9 bytes a channel.
///
/// A shift of at least 0 is n − 1. constant_shift: the multiplier is the output, whatever the sum; so with channels
/// that training has switched off, some of which have tiny scales and huge biases. Other negative ones: the shift of
/// fixed_multiplier, less 64, for multipliers and biases too large for the short way.
struct scale_table {
  using table_entry = std::int32_t;
  static constexpr std::int32_t excess(graph_view, const layer&) { return 0; }
  static constexpr std::int32_t constant_shift = -128;

  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    const std::int32_t channels = channel_table::table_size(g, l);
    return 2 * channels + (channels + 3) / 4;
  }

  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte*, const channel_constants* constants,
                                   const std::int32_t*, std::int32_t* table) {
    const std::int32_t channels = channel_table::table_size(g, l);
    const output_range range = range_of(g, l);
    const std::int64_t most = most_products(g, l);
    std::int32_t* const shifts = table + 2 * channels;
    for (std::int32_t i = 0; i < (channels + 3) / 4; ++i) shifts[i] = 0;
    for (std::int32_t c = 0; c < channels; ++c) {
      const fixed_multiplier by = constants[c].multiplier;
      const std::int64_t lowest = constants[c].bias - most, highest = constants[c].bias + most;
      table[c] = by.multiplier;
      table[channels + c] = constants[c].bias;
      std::int32_t shift = (by.shift < 62 ? by.shift : 62) - 64;
      if (by.shift <= -1 && by.shift >= -22 && lowest > -(1 << 30) && highest < 1 << 30) {
        shift = -by.shift - 1;
      } else if (by.shift <= 0 && lowest >= -0x7fffffff && highest <= 0x7fffffff) {
        const std::int32_t low = output(static_cast<std::int32_t>(lowest), by, range);
        if (low == output(static_cast<std::int32_t>(highest), by, range)) {
          table[c] = multiplier_of_constant(low, range);
          shift = shift_of_constant(low, range);
        }
      }
      put_byte(shifts, c, shift);
    }
  }

  static const std::int8_t* shifts(const std::int32_t* table, std::int32_t channels) {
    return reinterpret_cast<const std::int8_t*>(table + 2 * channels);
  }

  /// The output of a channel with a negative shift.
  INLAY_SMALL INLAY_NEVER_INLINE static std::int32_t uncommon_output(std::int32_t sum, std::int32_t multiplier,
                                                                     std::int32_t shift, output_range range) {
    return shift == constant_shift ? multiplier : output(sum, {multiplier, shift + 64}, range);
  }

 protected:
  /// What a channel's products add up to, at most.
  static constexpr std::int64_t most_products(graph_view g, const layer& l) {
    return std::int64_t{g.input_of(l, 1).extents.elements() / channel_table::table_size(g, l)} * 255 * 128;
  }
  /// What stands for a channel that makes `value` whatever the sum: the short way makes the zero point with a
  /// multiplier of 0.
  static constexpr std::int32_t multiplier_of_constant(std::int32_t value, const output_range& range) {
    return value == range.zero_point ? 0 : value;
  }
  static constexpr std::int32_t shift_of_constant(std::int32_t value, const output_range& range) {
    return value == range.zero_point ? 0 : constant_shift;
  }
  static constexpr std::int32_t get_byte(const std::int32_t* fours, std::int32_t i) {
    return static_cast<std::int8_t>(fours[i / 4] >> i % 4 * 8 & 0xff);
  }
  static constexpr void put_byte(std::int32_t* fours, std::int32_t i, std::int32_t byte) {
    const std::uint32_t others = static_cast<std::uint32_t>(fours[i / 4]) & ~(0xffu << i % 4 * 8);
    fours[i / 4] = static_cast<std::int32_t>(others | (static_cast<std::uint32_t>(byte) & 0xff) << i % 4 * 8);
  }

  static constexpr std::int32_t output(std::int32_t sum, fixed_multiplier by, output_range range) {
    return clamp_between(wrapping_add(multiply(sum, by), range.zero_point), range.low, range.high);
  }
};

/// The output of any channel, in the lowest byte.
INLAY_ALWAYS_INLINE std::int32_t output_of(std::int32_t sum, std::int32_t multiplier, std::int32_t shift,
                                           const output_range& range) {
  if (shift < 0) return scale_table::uncommon_output(sum, multiplier, shift, range);
  const std::int32_t rounding = (2 * range.zero_point + 1) << shift;
  std::int32_t x;
  asm("smmlar %0, %1, %2, %3" : "=r"(x) : "r"(sum << 1), "r"(multiplier), "r"(rounding + (sum >> 31)));
  x >>= shift;
  asm("ssat %0, #8, %1, asr #1" : "=r"(x) : "r"(x));
  return clamp_between(x, range.low, range.high);
}

/// Keeps compilers from making a call of memcpy of a loop over a few bytes.
INLAY_ALWAYS_INLINE std::int32_t keep(std::int32_t value) {
  asm("" : "+r"(value));
  return value;
}

/// Four bytes from or to anywhere.
INLAY_ALWAYS_INLINE std::int32_t load_word(const void* from) {
  std::int32_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

INLAY_ALWAYS_INLINE void store_word(void* to, std::int32_t word) { std::memcpy(to, &word, sizeof word); }

/// The lower halves of two words.
INLAY_ALWAYS_INLINE std::int32_t lower_halves(std::int32_t a, std::int32_t b) {
  std::int32_t pair;
  asm("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a), "r"(b));
  return pair;
}

/// Bytes 0 and 2, 1 and 3 of a word as pairs of int16, plus pairs.
INLAY_ALWAYS_INLINE std::int32_t add_even_bytes(std::int32_t pairs, std::int32_t word) {
  std::int32_t sum;
  asm("sxtab16 %0, %1, %2" : "=r"(sum) : "r"(pairs), "r"(word));
  return sum;
}
INLAY_ALWAYS_INLINE std::int32_t add_odd_bytes(std::int32_t pairs, std::int32_t word) {
  std::int32_t sum;
  asm("sxtab16 %0, %1, %2, ror #8" : "=r"(sum) : "r"(pairs), "r"(word));
  return sum;
}
INLAY_ALWAYS_INLINE std::int32_t even_bytes(std::int32_t word) {
  std::int32_t pairs;
  asm("sxtb16 %0, %1" : "=r"(pairs) : "r"(word));
  return pairs;
}
INLAY_ALWAYS_INLINE std::int32_t odd_bytes(std::int32_t word) {
  std::int32_t pairs;
  asm("sxtb16 %0, %1, ror #8" : "=r"(pairs) : "r"(word));
  return pairs;
}

/// a + b0 × c0 + b1 × c1, of pairs.
INLAY_ALWAYS_INLINE std::int32_t add_products(std::int32_t a, std::int32_t b, std::int32_t c) {
  std::int32_t sum;
  asm("smlad %0, %1, %2, %3" : "=r"(sum) : "r"(b), "r"(c), "r"(a));
  return sum;
}

/// −z twice, for add_even_bytes and add_odd_bytes.
constexpr std::int32_t minus_twice(std::int32_t zero_point) {
  return static_cast<std::int32_t>((static_cast<std::uint32_t>(-zero_point) & 0xffff) * 0x10001u);
}

}  // namespace inlay::detail::arm_dsp
