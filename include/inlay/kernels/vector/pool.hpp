// Inlay: AVERAGE_POOL_2D with sixteen channels side by side, which compilers make vectors of.
#pragma once

#include <inlay/kernels/portable/reduce.hpp>

#include <cstdint>

namespace inlay::detail {

struct vector_average_pool : fast_pool<true> {
  template <spec S>
  INLAY_NEVER_INLINE static void run(const parameters& p, const table_entry* table, const map_view<std::int8_t>& output,
                                     const region& r, const map_view<const std::int8_t>& input) {
    constexpr std::int32_t lanes = 16;
    if (p.channels % lanes != 0) return fast_pool<true>::run<S>(p, table, output, r, input);
    const stored_range range{p.low, p.high};
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        const std::int32_t first_y = y * p.stride_height - p.padding_top, first_x = x * p.stride_width - p.padding_left;
        const std::int32_t top = first_y > 0 ? first_y : 0, left = first_x > 0 ? first_x : 0;
        const std::int32_t below = first_y + p.kernel_height, beside = first_x + p.kernel_width;
        const std::int32_t bottom = below < p.input_height ? below : p.input_height;
        const std::int32_t right = beside < p.input_width ? beside : p.input_width;
        std::int8_t* out = output.pixel(y, x);
        for (std::int32_t c = 0; c < p.channels; c += lanes) {
          std::int32_t sums[lanes]{};
          for (std::int32_t iy = top; iy < bottom; ++iy) {
            const std::int8_t* pixel = input.pixel(iy, left) + c;
            for (std::int32_t ix = left; ix < right; ++ix, pixel += input.pixel_pitch)
              for (std::int32_t i = 0; i < lanes; ++i) sums[i] += pixel[i];
          }
          const std::int32_t count = (bottom - top) * (right - left);
          for (std::int32_t i = 0; i < lanes; ++i) out[c + i] = range.clamp(rounded_average(sums[i], count));
        }
      }
  }
};

}  // namespace inlay::detail
