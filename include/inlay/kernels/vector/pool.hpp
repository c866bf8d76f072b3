// Inlay: AVERAGE_POOL_2D and MAX_POOL_2D in loops over channels, which compilers make vectors of.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/portable/reduce.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI::detail {

template <bool Average>
struct vector_pool : fast_pool<Average> {
  using base = fast_pool<Average>;
  using typename base::parameters;
  using typename base::spec;

  /// So that sums and their quotients are exact as floats.
  static constexpr std::int32_t most_window_pixels = 1 << 16;
  static constexpr bool accepts(graph_view g, const layer& l) {
    return base::accepts(g, l) && std::int64_t{l.window.kernel.height} * l.window.kernel.width <= most_window_pixels;
  }

  template <spec>
  INLAY_NEVER_INLINE static void run(const parameters& p, const std::int8_t*, const map_view<std::int8_t>& output,
                                     const region& r, const map_view<const std::int8_t>& input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        const window w{base::clip(y * p.stride_height - p.padding_top, p.kernel_height, p.input_height),
                       base::clip(x * p.stride_width - p.padding_left, p.kernel_width, p.input_width)};
        std::int8_t* out = output.pixel(y, x);
        std::int32_t c = 0;
        for (; c + 16 <= p.channels; c += 16) pool<16>(p, w, input, c, out + c);
        for (; c < p.channels; ++c) pool<1>(p, w, input, c, out + c);
      }
  }

 private:
  struct window {
    typename base::inside rows, columns;
  };

  /// Some channels of one pixel. Loops that g++ unrolls it does not make vectors of.
  template <std::int32_t Channels>
  static void pool(const parameters& p, const window& w, const map_view<const std::int8_t>& input, std::int32_t first,
                   std::int8_t* out) {
    std::conditional_t<Average, std::int32_t, std::int8_t> values[static_cast<std::size_t>(Channels)];
    for (auto& value : values) value = Average ? 0 : -128;
    for (std::int32_t y = 0; y < w.rows.size; ++y) {
      const std::int8_t* pixel = input.pixel(w.rows.first + y, w.columns.first) + first;
      for (std::int32_t x = 0; x < w.columns.size; ++x, pixel += input.pixel_pitch)
#pragma GCC unroll 1
        for (std::int32_t c = 0; c < Channels; ++c)
          if constexpr (Average)
            values[c] += pixel[c];
          else
            values[c] = pixel[c] > values[c] ? pixel[c] : values[c];
    }
    // As rounded_average; vectors divide nothing but floats.
    const std::int32_t count = w.rows.size * w.columns.size, half = count / 2;
    [[maybe_unused]] const auto divisor = static_cast<float>(count);
    const stored_range range{p.low, p.high};
#pragma GCC unroll 1
    for (std::int32_t c = 0; c < Channels; ++c) {
      std::int32_t value = values[c];
      if constexpr (Average) {
        value += value > 0 ? half : -half;
        if constexpr (INLAY_HAS_EXACT_FLOATS)
          value = static_cast<std::int32_t>(static_cast<float>(value) / divisor);
        else
          value /= count;
      }
      out[c] = range.clamp(value);
    }
  }
};

}  // namespace inlay::detail

INLAY_END_EXACT_FLOATS
