// Inlay: products and sums of layers with weights in plain C++, four pixels at a time, or one.
//
// The windows of two pixels are copied to a buffer of words, element by element: a word is a + b × 2^16 with the first
// pixel's element a and the second one's b. So one multiplication by a weight makes both pixels' products, in halves of
// a word.
//
// In words of 64 bits halves have room for the sums of all products in a buffer, of elements less their zero point.
//
// In words of 32 bits elements are one more than what is stored. The sums of two products fit into halves then: they
// are at least 2 × −128 × 128 = −2^15, and at most 2 × 127 × 128. (Were −128 an element, 2 × −128 × −128 = 2^15 would
// be one.) With s the sums of two elements' words, their halves are added up in two numbers without being taken apart:
// t, the sum of all s, and u, that of the upper halves, (s + 2^15) >> 16. In the end u is the second pixel's sum, and
// t − u × 2^16 the first one's, modulo 2^32 both.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/portable/work.hpp>
#if INLAY_HAS_THUMB1
#include <inlay/kernels/portable/thumb.hpp>
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace inlay::inline INLAY_ABI::detail {

/// An int8 and a word, multiplied modulo 2^32.
INLAY_ALWAYS_INLINE std::uint32_t product(std::int32_t word, std::int32_t weight) {
  return static_cast<std::uint32_t>(word) * static_cast<std::uint32_t>(weight);
}
/// The upper of two sums in a word, rounded, so that a negative lower one does not change it.
INLAY_ALWAYS_INLINE std::uint32_t upper_sum(std::uint32_t sums) {
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(sums + 0x8000) >> 16);
}

/// A word of two elements, multiplied modulo its range.
using pair_bits = std::make_unsigned_t<pair_word>;
INLAY_ALWAYS_INLINE pair_bits pair_product(pair_word word, std::int32_t weight) {
  return static_cast<pair_bits>(word) * static_cast<pair_bits>(weight);
}

/// Sums of products of two pixels, in words of 32 bits.
struct narrow_pair_sums {
  std::uint32_t both, upper;

  INLAY_ALWAYS_INLINE explicit narrow_pair_sums(const std::int32_t* sums)
      : both(static_cast<std::uint32_t>(sums[0]) + (static_cast<std::uint32_t>(sums[1]) << 16)),
        upper(static_cast<std::uint32_t>(sums[1])) {}
  /// One word or the sum of two.
  INLAY_ALWAYS_INLINE void take(std::uint32_t s) {
    both += s;
    upper += upper_sum(s);
  }
  INLAY_ALWAYS_INLINE void store(std::int32_t* sums) const {
    sums[0] = static_cast<std::int32_t>(both - (upper << 16));
    sums[1] = static_cast<std::int32_t>(upper);
  }
};

/// The same in words of 64 bits, where sums so far, which may be any, are added in the end.
struct wide_pair_sums {
  std::uint64_t both = 0;

  INLAY_ALWAYS_INLINE explicit wide_pair_sums(const std::int32_t*) {}
  INLAY_ALWAYS_INLINE void take(std::uint64_t s) { both += s; }
  INLAY_ALWAYS_INLINE void store(std::int32_t* sums) const {
    const auto first = static_cast<std::int32_t>(both);
    const std::uint64_t rest = both - static_cast<std::uint64_t>(first);
    sums[0] = wrapping_add(sums[0], first);
    sums[1] = wrapping_add(sums[1], static_cast<std::int32_t>(rest >> 32));
  }
};
using pair_sums = std::conditional_t<has_wide_pairs, wide_pair_sums, narrow_pair_sums>;

/// Adds products to the sums of neighbouring channels, of two pairs of pixels each: Item is a channel and one of
/// these.
template <std::size_t... Channel, std::size_t... Item>
INLAY_ALWAYS_INLINE void multiply_four(std::index_sequence<Channel...>, std::index_sequence<Item...>,
                                       const window_products& p) {
  constexpr std::size_t channels = sizeof...(Channel), items = sizeof...(Item), pairs = window_products::pairs;
  constexpr auto first_sum = [](std::size_t item) {
    return item / pairs * window_products::sums_pitch + item % pairs * 2;
  };
  const std::int8_t* weights[channels] = {(p.weights + static_cast<std::int32_t>(Channel) * p.channel_pitch)...};
  pair_sums sums[items] = {pair_sums(p.sums + first_sum(Item))...};
  const auto take_two = [&](const pair_word* words) {
    const std::int32_t first[channels] = {*weights[Channel]...}, second[channels] = {weights[Channel][1]...};
    (sums[Item].take(pair_product(words[Item % pairs], first[Item / pairs]) +
                     pair_product(words[pairs + Item % pairs], second[Item / pairs])),
     ...);
    ((weights[Channel] += 2), ...);
  };
  const pair_word* words = p.words;
  for (; words != p.rounds; words += pairs) {
    (sums[Item].take(pair_product(words[Item % pairs], *weights[Item / pairs])), ...);
    (++weights[Channel], ...);
  }
  for (const pair_word* end = p.end; words != end; words += 4 * pairs) {
    take_two(words);
    take_two(words + 2 * pairs);
  }
  (sums[Item].store(p.sums + first_sum(Item)), ...);
}

/// The same for one pixel, of which words have nothing in their upper halves.
template <std::size_t... Channel>
INLAY_ALWAYS_INLINE void multiply_one(std::index_sequence<Channel...>, const window_products& p) {
  constexpr std::size_t channels = sizeof...(Channel);
  const std::int8_t* weights[channels] = {(p.weights + static_cast<std::int32_t>(Channel) * p.channel_pitch)...};
  pair_bits sum[channels] = {static_cast<pair_bits>(p.sums[window_products::sums_pitch * Channel])...};
  const auto take = [&](pair_word word) {
    ((sum[Channel] += pair_product(word, *weights[Channel])), ...);
    (++weights[Channel], ...);
  };
  const pair_word* words = p.words;
  while (words != p.rounds) take(*words++);
  for (const pair_word* end = p.end; words != end; words += 4)
    take(words[0]), take(words[1]), take(words[2]), take(words[3]);
  ((p.sums[window_products::sums_pitch * Channel] = static_cast<std::int32_t>(sum[Channel])), ...);
}

/// Adds products to the sums of any number of channels, some at once: of four pixels, or of one.
template <bool Four, std::size_t AtOnce>
INLAY_ALWAYS_INLINE void multiply_channels(window_products& p) {
  constexpr auto at_once = static_cast<std::int32_t>(AtOnce);
  constexpr std::make_index_sequence<AtOnce> channels{};
  while (p.sums_end - p.sums >= at_once * window_products::sums_pitch) {
    if constexpr (Four)
      multiply_four(channels, std::make_index_sequence<AtOnce * window_products::pairs>{}, p);
    else
      multiply_one(channels, p);
    p.weights += at_once * p.channel_pitch;
    p.sums += at_once * window_products::sums_pitch;
  }
  if constexpr (AtOnce > 1) multiply_channels<Four, 1>(p);
}

INLAY_IN_ORDER INLAY_NEVER_INLINE inline void multiply_windows(window_products& p, bool four) {
#if INLAY_HAS_THUMB1
  if (four) return thumb::multiply_four(&p);
  const std::int32_t* const end = p.sums_end;
  constexpr std::int32_t at_once = 4 * window_products::sums_pitch;
  p.sums_end = p.sums + (end - p.sums) / at_once * at_once;
  if (p.sums != p.sums_end) thumb::multiply_one(&p);
  p.sums_end = end;
  multiply_channels<false, 1>(p);
#else
  four ? multiply_channels<true, INLAY_PAIR_CHANNELS>(p) : multiply_channels<false, 4>(p);
#endif
}

/// Elements of a window, or one that is repeated: with a step of 0.
struct elements_from {
  const std::int8_t* next;
  std::int32_t step;
};

/// Writes elements of two pixels' windows as words, a distance apart: what is stored less `zero`.
INLAY_NEVER_INLINE inline void interleave(elements_from first, elements_from second, pair_word* words,
                                          const pair_word* end, std::int32_t distance, std::int32_t zero) {
  constexpr pair_word half = pair_word{1} << (has_wide_pairs ? 32 : 16);
  const pair_word less = zero * (half + 1);
  for (; words != end; words += distance, first.next += first.step, second.next += second.step)
    *words = *first.next + *second.next * half - less;
}

/// Reads the windows of some pixels in a row of the output from their first elements on: those of pairs, side by side.
struct window_block {
  const window_layer& p;
  const map_view<const std::int8_t>& input;
  std::int32_t input_width;
  std::int8_t zero;  // the stored element that stands for 0 in words

  inside_taps rows{};
  const std::int8_t* row = nullptr;  // where the next row that is inside starts
  std::int32_t column = 0;           // of the first pixel's first tap
  std::int32_t pixels = 0;
  bool rows_at_once = false;  // all taps are inside along rows, without gaps
  std::int32_t ky = 0, kx = 0, element = 0;

  INLAY_ALWAYS_INLINE void start(inside_taps inside, const std::int8_t* first_row, std::int32_t first_column,
                                 std::int32_t count, bool at_once) {
    rows = inside;
    row = first_row;
    column = first_column;
    pixels = count;
    rows_at_once = at_once;
    ky = kx = element = 0;
  }

  constexpr std::int32_t pairs() const { return pixels > 1 ? window_products::pairs : 1; }

  void read(pair_word* words, std::int32_t count) {
    const std::int32_t taps = rows_at_once ? 1 : p.kernel_width;
    const std::int32_t elements = rows_at_once ? p.kernel_width * p.group_channels : p.group_channels;
    while (count > 0) {
      const std::int32_t left = elements - element, run = left < count ? left : count;
      const bool row_inside = static_cast<std::uint32_t>(ky - rows.first) < static_cast<std::uint32_t>(rows.count);
      std::int32_t x = column + kx * p.dilation_width;
      pair_word* const end = words + run * pairs();
      const auto read_next = [&](std::int32_t pixel) {
        const bool inside =
            row_inside && (rows_at_once || static_cast<std::uint32_t>(x) < static_cast<std::uint32_t>(input_width));
        const std::int32_t at = (x - input.first_column) * input.pixel_pitch + element;
        x += p.stride_width;
        return pixel >= pixels ? elements_from{&zero, 0}
               : inside        ? elements_from{row + at, 1}
                               : elements_from{&p.input_zero_point, 0};
      };
      for (std::int32_t pixel = 0; pixel < 2 * pairs(); pixel += 2, ++words) {
        const elements_from first = read_next(pixel), second = read_next(pixel + 1);
        interleave(first, second, words, end + pixel / 2, pairs(), zero);
      }
      words = end;
      count -= run;
      element += run;
      if (element < elements) return;
      element = 0;
      if (++kx < taps) continue;
      kx = 0;
      ++ky;
      if (!row_inside) continue;
      row += input.row_pitch * p.dilation_height;
      if (row >= input.data + input.size()) row -= input.size();
    }
  }
};

}  // namespace inlay::detail
