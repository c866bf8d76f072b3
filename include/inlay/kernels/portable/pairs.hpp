// Inlay: products and sums of layers with weights in plain C++, two pixels or four at a time.
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

/// Adds products to the sums of neighbouring channels, of some pairs of pixels each: Item is a channel and one of
/// these. Contiguous weights follow one another.
template <bool Contiguous, std::size_t Pairs, std::size_t... Channel, std::size_t... Item>
INLAY_ALWAYS_INLINE void multiply_pairs(std::index_sequence<Channel...>, std::index_sequence<Item...>,
                                        const window_products& p) {
  constexpr std::size_t channels = sizeof...(Channel), items = sizeof...(Item);
  constexpr auto first_sum = [](std::size_t item) {
    return item / Pairs * window_products::sums_pitch + item % Pairs * 2;
  };
  const auto bits = [](std::int32_t value) {
    return static_cast<std::uint32_t>(value);
  };
  const std::int32_t pitch = Contiguous ? 1 : p.element_pitch;
  const std::int8_t* weights[channels] = {(p.weights + static_cast<std::int32_t>(Channel) * p.channel_pitch)...};
  std::uint32_t upper[items] = {bits(p.sums[first_sum(Item) + 1])...};
  std::uint32_t both[items] = {(bits(p.sums[first_sum(Item)]) + (upper[Item] << 16))...};
  const auto take = [&](std::size_t item, std::uint32_t s) {
    both[item] += s;
    upper[item] += upper_sum(s);
  };
  const auto take_two = [&](const std::int32_t* words) {
    const std::int32_t first[channels] = {*weights[Channel]...}, second[channels] = {weights[Channel][pitch]...};
    (take(Item, product(words[Item % Pairs], first[Item / Pairs]) +
                    product(words[Pairs + Item % Pairs], second[Item / Pairs])),
     ...);
    ((weights[Channel] += 2 * pitch), ...);
  };
  const std::int32_t* words = p.words;
  for (; words != p.first_four; words += Pairs) {
    (take(Item, product(words[Item % Pairs], *weights[Item / Pairs])), ...);
    ((weights[Channel] += pitch), ...);
  }
  for (const std::int32_t* end = p.end; words != end; words += 4 * Pairs) {
    take_two(words);
    take_two(words + 2 * Pairs);
  }
  ((p.sums[first_sum(Item)] = static_cast<std::int32_t>(both[Item] - (upper[Item] << 16)),
    p.sums[first_sum(Item) + 1] = static_cast<std::int32_t>(upper[Item])),
   ...);
}

/// The same for one pixel.
template <bool Contiguous, std::size_t... Channel>
INLAY_ALWAYS_INLINE void multiply_singles(std::index_sequence<Channel...>, const window_products& p) {
  constexpr std::size_t channels = sizeof...(Channel);
  const std::int32_t pitch = Contiguous ? 1 : p.element_pitch;
  const std::int8_t* weights[channels] = {(p.weights + static_cast<std::int32_t>(Channel) * p.channel_pitch)...};
  std::uint32_t sum[channels] = {static_cast<std::uint32_t>(p.sums[window_products::sums_pitch * Channel])...};
  const auto take = [&](std::int32_t word) {
    ((sum[Channel] += product(word, *weights[Channel])), ...);
    ((weights[Channel] += pitch), ...);
  };
  const std::int32_t* words = p.words;
  while (words != p.first_four) take(*words++);
  for (const std::int32_t* end = p.end; words != end; words += 4)
    take(words[0]), take(words[1]), take(words[2]), take(words[3]);
  ((p.sums[window_products::sums_pitch * Channel] = static_cast<std::int32_t>(sum[Channel])), ...);
}

/// Adds products to the sums of any number of channels, some at once: of one pixel if there are no pairs.
template <bool Contiguous, std::size_t Pairs, std::size_t AtOnce>
INLAY_ALWAYS_INLINE void multiply_channels(window_products& p) {
  constexpr auto at_once = static_cast<std::int32_t>(AtOnce);
  constexpr std::make_index_sequence<AtOnce> channels{};
  while (p.sums_end - p.sums >= at_once * window_products::sums_pitch) {
    if constexpr (Pairs > 0)
      multiply_pairs<Contiguous, Pairs>(channels, std::make_index_sequence<AtOnce * Pairs>{}, p);
    else
      multiply_singles<Contiguous>(channels, p);
    p.weights += at_once * p.channel_pitch;
    p.sums += at_once * window_products::sums_pitch;
  }
  if constexpr (AtOnce > 1) multiply_channels<Contiguous, Pairs, 1>(p);
}

/// The same for some pixels.
template <bool Contiguous>
INLAY_IN_ORDER INLAY_NEVER_INLINE void multiply_windows(window_products& p, std::int32_t pixels) {
#if INLAY_HAS_THUMB1
  const std::int32_t* const end = p.sums_end;
  const std::int32_t at_once = window_products::sums_pitch * (pixels > 1 ? 2 : 4);
  p.sums_end = p.sums + (end - p.sums) / at_once * at_once;
  if (p.sums != p.sums_end) (pixels > 1 ? thumb::multiply_pairs : thumb::multiply_singles)(&p);
  p.sums_end = end;
  pixels > 1 ? multiply_channels<Contiguous, 1, 1>(p) : multiply_channels<Contiguous, 0, 1>(p);
#else
  if (pixels > 2) return multiply_channels<Contiguous, window_products::most_pairs, 2>(p);
  pixels == 2 ? multiply_channels<Contiguous, 1, 2>(p) : multiply_channels<Contiguous, 0, 4>(p);
#endif
}

/// Writes elements of two pixels' windows as words, a distance apart. A step of 0 repeats an element.
INLAY_NEVER_INLINE inline void interleave(const std::int8_t* first, std::int32_t first_step, const std::int8_t* second,
                                          std::int32_t second_step, std::int32_t* words, const std::int32_t* end,
                                          std::int32_t distance) {
  for (; words != end; words += distance, first += first_step, second += second_step)
    *words = *first + *second * 0x10000 + 0x10001;
}

/// Reads the windows of some pixels in a row of the output from their first elements on: those of pairs, side by side.
struct window_block {
  const window_layer& p;
  const map_view<const std::int8_t>& input;
  inside_taps rows;
  const std::int8_t* row;  // where the next row that is inside starts
  std::int32_t input_width;
  std::int32_t column;  // of the first pixel's first tap
  std::int32_t pixels;
  bool rows_at_once;  // all taps are inside along rows, without gaps
  std::int32_t ky = 0, kx = 0, element = 0;

  constexpr std::int32_t pairs() const { return (pixels + 1) / 2; }

  void read(std::int32_t* words, std::int32_t count) {
    static constexpr std::int8_t none = -1;
    const std::int32_t taps = rows_at_once ? 1 : p.kernel_width;
    const std::int32_t elements = rows_at_once ? p.kernel_width * p.group_channels : p.group_channels;
    while (count > 0) {
      const std::int32_t left = elements - element, run = left < count ? left : count;
      const bool row_inside = static_cast<std::uint32_t>(ky - rows.first) < static_cast<std::uint32_t>(rows.count);
      std::int32_t x = column + kx * p.dilation_width;
      std::int32_t* const end = words + run * pairs();
      for (std::int32_t pixel = 0; pixel < pixels; pixel += 2, ++words) {
        const std::int8_t* from[2] = {&p.input_zero_point, pixel + 1 < pixels ? &p.input_zero_point : &none};
        std::int32_t steps[2] = {};
        for (std::int32_t i = 0; i < 2; ++i, x += p.stride_width)
          if (row_inside && pixel + i < pixels &&
              (rows_at_once || static_cast<std::uint32_t>(x) < static_cast<std::uint32_t>(input_width))) {
            from[i] = row + (x - input.first_column) * input.pixel_pitch + element;
            steps[i] = 1;
          }
        interleave(from[0], steps[0], from[1], steps[1], words, end + pixel / 2, pairs());
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
