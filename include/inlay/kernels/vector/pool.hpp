// Inlay: AVERAGE_POOL_2D in loops over channels, which compilers make vectors of.
#pragma once

#include <inlay/kernels/portable/reduce.hpp>

#include <cstdint>

namespace inlay::detail {

struct vector_average_pool : fast_pool<true> {
  template <spec S>
  INLAY_NEVER_INLINE static void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                                     const region& r, const map_view<const std::int8_t>& input) {
    constexpr std::int32_t most_channels = 64;
    const stored_range range{p.low, p.high};
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        const inside rows = clip(y * p.stride_height - p.padding_top, p.kernel_height, p.input_height);
        const inside columns = clip(x * p.stride_width - p.padding_left, p.kernel_width, p.input_width);
        std::int8_t* out = output.pixel(y, x);
        for (std::int32_t first = 0; first < p.channels; first += most_channels, out += most_channels) {
          const std::int32_t channels = p.channels - first < most_channels ? p.channels - first : most_channels;
          std::int32_t sums[most_channels]{};
          for (std::int32_t iy = 0; iy < rows.size; ++iy) {
            const std::int8_t* pixel = input.pixel(rows.first + iy, columns.first) + first;
            for (std::int32_t ix = 0; ix < columns.size; ++ix, pixel += input.pixel_pitch)
              for (std::int32_t c = 0; c < channels; ++c) sums[c] += pixel[c];
          }
          // rounded_average; vectors divide only numbers with a point, which is as exact.
          const std::int32_t count = rows.size * columns.size, half = count / 2;
          const double divisor = count;
          for (std::int32_t c = 0; c < channels; ++c)
            out[c] = range.clamp(static_cast<std::int32_t>((sums[c] + (sums[c] > 0 ? half : -half)) / divisor));
        }
      }
  }
};

}  // namespace inlay::detail
