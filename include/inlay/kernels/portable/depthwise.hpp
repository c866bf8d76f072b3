// Inlay: products and sums of depthwise convolutions in plain C++.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/portable/pairs.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace inlay::inline INLAY_ABI::detail {

/// The sums of neighbouring channels.
template <bool Apart, std::size_t... Channel>
INLAY_ALWAYS_INLINE void multiply_taps(std::index_sequence<Channel...>, const depthwise_windows& w) {
  std::int32_t* sums = w.sums;
  const std::int8_t* pixel = w.pixel;
  for (const std::int32_t* end = sums + w.pixel_bytes / 4; sums != end; pixel += w.pixel_step, ++sums) {
    std::uint32_t sum[sizeof...(Channel)] = {static_cast<std::uint32_t>(w.biases[Channel])...};
    const std::int8_t *tap = pixel, *weight = w.weights;
    for (std::int32_t ky = w.rows; ky > 0; --ky) {
      for (const std::int8_t* row_end = tap + w.row_bytes; tap != row_end;
           tap += w.tap_step, weight += w.weights_step) {
        // Keeps the loop over taps from being vectorised, which g++ 12 -O3 does wrongly for x86.
        asm("" : "+r"(tap));
        ((sum[Channel] +=
          product(tap[Apart ? w.offsets[Channel] : static_cast<std::int32_t>(Channel)], weight[Channel])),
         ...);
      }
      weight += w.weights_skip;
      tap += w.row_skip;
      if (tap >= w.ring_end) tap -= w.ring_bytes;
    }
    ((sums[Channel * depthwise_windows::most_pixels] = static_cast<std::int32_t>(sum[Channel])), ...);
  }
}

/// The sums of all channels.
INLAY_NEVER_INLINE inline void multiply_depthwise(depthwise_windows& w) {
  constexpr std::int32_t at_once = 4, pitch = depthwise_windows::most_pixels;
#if INLAY_HAS_THUMB1
  const std::int32_t* const end = w.sums_end;
  w.sums_end = w.sums + (end - w.sums) / (at_once * pitch) * (at_once * pitch);
  if (w.sums != w.sums_end) thumb::multiply_depthwise(&w);
  w.sums_end = end;
#else
  for (; w.sums_end - w.sums >= at_once * pitch; w.next(at_once))
    multiply_taps<false>(std::make_index_sequence<at_once>{}, w);
#endif
  for (; w.sums != w.sums_end; w.next(1)) multiply_taps<false>(std::make_index_sequence<1>{}, w);
}

/// The same for at most four channels that do not have an input channel each.
INLAY_NEVER_INLINE inline void multiply_depthwise_apart(depthwise_windows& w) {
  if (w.sums_end - w.sums == 4 * depthwise_windows::most_pixels) {
#if INLAY_HAS_THUMB1
    thumb::multiply_depthwise_apart(&w);
#else
    multiply_taps<true>(std::make_index_sequence<4>{}, w);
#endif
    return;
  }
  const std::int8_t* const pixel = w.pixel;
  for (const std::int32_t* offset = w.offsets; w.sums != w.sums_end; w.next(1)) {
    w.pixel = pixel + *offset++;
    multiply_taps<false>(std::make_index_sequence<1>{}, w);
  }
}

/// Adds the products of the zero point and the weights of the taps that are outside.
INLAY_NEVER_INLINE inline void add_outside(const window_layer& p, inside_taps rows, inside_taps columns,
                                           const std::int8_t* weights, std::int32_t channels, std::int32_t* sums) {
  const std::int32_t* const end = sums + channels;
  const std::int32_t zero_point = p.input_zero_point;
  for (std::int32_t ky = 0; ky < p.kernel_height; ++ky) {
    const bool inside = static_cast<std::uint32_t>(ky - rows.first) < static_cast<std::uint32_t>(rows.count);
    for (std::int32_t kx = 0; kx < p.kernel_width; ++kx, weights += p.tap_pitch) {
      if (inside && static_cast<std::uint32_t>(kx - columns.first) < static_cast<std::uint32_t>(columns.count))
        continue;
      const std::int8_t* weight = weights;
      for (std::int32_t* sum = sums; sum != end; ++sum) *sum = wrapping_add(*sum, zero_point * *weight++);
    }
  }
}

}  // namespace inlay::detail
