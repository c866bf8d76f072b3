// Inlay: products and sums of layers with weights in plain C++, four pixels at a time, or one.
//
// The windows of two pixels are copied to a buffer of words, element by element: a word is a + b × 2^16 with the first
// pixel's element a and the second one's b, each one more than what is stored. So one multiplication by a weight makes
// both pixels' products, in halves of a word. The sums of two such products fit into halves, too: they are at least
// 2 × −128 × 128 = −2^15, and at most 2 × 127 × 128. (Were −128 an element, 2 × −128 × −128 = 2^15 would be one.)
//
// With s the sums of two elements' words, their halves are added up in two numbers without being taken apart: t, the
// sum of all s, and u, that of the upper halves, (s + 2^15) >> 16. In the end u is the second pixel's sum, and t − u ×
// 2^16 the first one's, modulo 2^32 both.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/portable/work.hpp>
#if INLAY_HAS_THUMB1
#include <inlay/kernels/portable/thumb.hpp>
#endif

#include <cstddef>
#include <cstdint>
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

/// Adds products to the sums of neighbouring channels, of two pairs of pixels each: Item is a channel and one of
/// these.
template <std::size_t... Channel, std::size_t... Item>
INLAY_ALWAYS_INLINE void multiply_four(std::index_sequence<Channel...>, std::index_sequence<Item...>,
                                       const window_products& p) {
  constexpr std::size_t channels = sizeof...(Channel), items = sizeof...(Item), pairs = window_products::pairs;
  constexpr auto first_sum = [](std::size_t item) {
    return item / pairs * window_products::sums_pitch + item % pairs * 2;
  };
  const auto bits = [](std::int32_t value) {
    return static_cast<std::uint32_t>(value);
  };
  const std::int8_t* weights[channels] = {(p.weights + static_cast<std::int32_t>(Channel) * p.channel_pitch)...};
  std::uint32_t upper[items] = {bits(p.sums[first_sum(Item) + 1])...};
  std::uint32_t both[items] = {(bits(p.sums[first_sum(Item)]) + (upper[Item] << 16))...};
  const auto take = [&](std::size_t item, std::uint32_t s) {
    both[item] += s;
    upper[item] += upper_sum(s);
  };
  const auto take_two = [&](const std::int32_t* words) {
    const std::int32_t first[channels] = {*weights[Channel]...}, second[channels] = {weights[Channel][1]...};
    (take(Item, product(words[Item % pairs], first[Item / pairs]) +
                    product(words[pairs + Item % pairs], second[Item / pairs])),
     ...);
    ((weights[Channel] += 2), ...);
  };
  const std::int32_t* words = p.words;
  for (; words != p.rounds; words += pairs) {
    (take(Item, product(words[Item % pairs], *weights[Item / pairs])), ...);
    (++weights[Channel], ...);
  }
  for (const std::int32_t* end = p.end; words != end; words += 4 * pairs) {
    take_two(words);
    take_two(words + 2 * pairs);
  }
  ((p.sums[first_sum(Item)] = static_cast<std::int32_t>(both[Item] - (upper[Item] << 16)),
    p.sums[first_sum(Item) + 1] = static_cast<std::int32_t>(upper[Item])),
   ...);
}

/// The same for one pixel.
template <std::size_t... Channel>
INLAY_ALWAYS_INLINE void multiply_one(std::index_sequence<Channel...>, const window_products& p) {
  constexpr std::size_t channels = sizeof...(Channel);
  const std::int8_t* weights[channels] = {(p.weights + static_cast<std::int32_t>(Channel) * p.channel_pitch)...};
  std::uint32_t sum[channels] = {static_cast<std::uint32_t>(p.sums[window_products::sums_pitch * Channel])...};
  const auto take = [&](std::int32_t word) {
    ((sum[Channel] += product(word, *weights[Channel])), ...);
    (++weights[Channel], ...);
  };
  const std::int32_t* words = p.words;
  while (words != p.rounds) take(*words++);
  for (const std::int32_t* end = p.end; words != end; words += 4)
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

/// Writes elements of two pixels' windows as words, a distance apart.
INLAY_NEVER_INLINE inline void interleave(elements_from first, elements_from second, std::int32_t* words,
                                          const std::int32_t* end, std::int32_t distance) {
  for (; words != end; words += distance, first.next += first.step, second.next += second.step)
    *words = *first.next + *second.next * 0x10000 + 0x10001;
}

/// Reads the windows of some pixels in a row of the output from their first elements on: those of pairs, side by side.
struct window_block {
  const window_layer& p;
  const map_view<const std::int8_t>& input;
  std::int32_t input_width;

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

  void read(std::int32_t* words, std::int32_t count) {
    static constexpr std::int8_t none = -1;
    const std::int32_t taps = rows_at_once ? 1 : p.kernel_width;
    const std::int32_t elements = rows_at_once ? p.kernel_width * p.group_channels : p.group_channels;
    while (count > 0) {
      const std::int32_t left = elements - element, run = left < count ? left : count;
      const bool row_inside = static_cast<std::uint32_t>(ky - rows.first) < static_cast<std::uint32_t>(rows.count);
      std::int32_t x = column + kx * p.dilation_width;
      std::int32_t* const end = words + run * pairs();
      const auto read_next = [&](std::int32_t pixel) {
        const bool inside =
            row_inside && (rows_at_once || static_cast<std::uint32_t>(x) < static_cast<std::uint32_t>(input_width));
        const std::int32_t at = (x - input.first_column) * input.pixel_pitch + element;
        x += p.stride_width;
        return pixel >= pixels ? elements_from{&none, 0}
               : inside        ? elements_from{row + at, 1}
                               : elements_from{&p.input_zero_point, 0};
      };
      for (std::int32_t pixel = 0; pixel < 2 * pairs(); pixel += 2, ++words) {
        const elements_from first = read_next(pixel), second = read_next(pixel + 1);
        interleave(first, second, words, end + pixel / 2, pairs());
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
      if (row >= input.data + input.rows * input.row_pitch) row -= input.rows * input.row_pitch;
    }
  }
};

}  // namespace inlay::detail
