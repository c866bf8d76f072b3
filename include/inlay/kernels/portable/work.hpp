// Inlay: what the loops of plain C++ are told, and go on with themselves.
#pragma once

#include <inlay/kernels/portable/window.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace inlay::inline INLAY_ABI::detail {

// Where the fields are is known to thumb.hpp.

/// Two pixels' elements, in the halves of a word: see pairs.hpp.
using pair_word = std::conditional_t<(sizeof(std::size_t) > sizeof(std::int32_t)), std::int64_t, std::int32_t>;
inline constexpr bool has_wide_pairs = sizeof(pair_word) == sizeof(std::int64_t);

/// Words of windows, and the weights by which they are multiplied, channel after channel.
struct window_products {
  static constexpr std::int32_t round = INLAY_HAS_THUMB1 ? 8 : 4;  // elements that are taken at once
  static constexpr std::int32_t pairs = 2;                         // of pixels
  static constexpr std::int32_t sums_pitch = 2 * pairs;            // from channel to channel

  const pair_word* words;
  const pair_word* rounds;  // where a whole number of rounds is left
  const pair_word* end;
  std::int32_t* sums;
  const std::int32_t* sums_end;
  const std::int8_t* weights;
  std::int32_t channel_pitch;

  void use(const pair_word* from, std::int32_t count, std::int32_t words_each) {
    words = from;
    rounds = from + (count & (round - 1)) * words_each;
    end = from + count * words_each;
  }
};

/// Windows of depthwise convolutions of pixels in a row, channels after channels.
struct depthwise_windows {
  static constexpr std::int32_t most_pixels = 8;  // and the pitch of channels' sums

  const std::int8_t* pixel;    // where the first tap is
  const std::int8_t* weights;  // of that
  const std::int32_t* biases;
  std::int32_t* sums;
  std::int32_t rows;          // of taps, one at least
  std::int32_t row_bytes;     // from the first tap of a row to behind its last one
  std::int32_t row_skip;      // from there to the next row
  std::int32_t weights_skip;  // the same
  const std::int8_t* ring_end;
  std::int32_t ring_bytes;
  std::int32_t tap_step;
  std::int32_t weights_step;
  std::int32_t pixel_step;
  std::int32_t pixel_bytes;  // of a channel's sums
  const std::int32_t* sums_end;
  std::int32_t columns;     // of taps
  std::int32_t offsets[4];  // of four channels' elements, if they do not stand as the channels do

  void next(std::int32_t channels) {
    pixel += channels;
    weights += channels;
    biases += channels;
    sums += channels * most_pixels;
  }
};

/// Outputs, channel after channel.
struct output_channels {
  const std::int8_t* shift;
  const std::int32_t* multiplier;
  std::int8_t* to;
  const std::int32_t* sums;
  const std::int32_t* end;     // of the multipliers
  std::int32_t channel_bytes;  // of sums, from channel to channel
  std::int32_t pixel_bytes;    // of a channel's sums
  std::int32_t pitch;          // of pixels
  std::int32_t low, high;
  std::int32_t half;  // see right_scale: twice the zero point, and 1

  void next() {
    ++shift;
    ++multiplier;
    ++to;
    sums += channel_bytes / 4;
  }
};

}  // namespace inlay::detail
