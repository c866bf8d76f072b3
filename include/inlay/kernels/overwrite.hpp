// Inlay: a window's output written over its input.
#pragma once

#include <inlay/kernels/kernel.hpp>
#include <inlay/plan/arena.hpp>

#include <cstdint>

namespace inlay::detail {

/// Makes the whole output of a layer over its own input, a row at a time: make_row(region, input) makes one row
/// from copies of the input's rows in a ring of overwrite_rows() rows.
template <typename MakeRow>
constexpr void run_over(graph_view g, const layer& l, std::int8_t* map, std::int8_t* ring, MakeRow make_row) {
  const shape& from = g.input_of(l).extents;
  const shape& to = g.output_of(l).extents;
  const std::int32_t row_bytes = from.width() * from.channels();
  const map_view<const std::int8_t> copies{ring, from.channels(), row_bytes, overwrite_rows(l, from), 0};
  std::int32_t copied = 0;
  for (std::int32_t y = 0; y < map_rows(to); ++y) {
    const std::int32_t last = y * l.window.stride.height - l.window.padding.top +
                              (l.window.kernel.height - 1) * l.window.dilation.height;
    for (; copied <= last && copied < map_rows(from); ++copied) {
      std::int8_t* to_row = ring + copied % copies.rows * row_bytes;
      const std::int8_t* from_row = map + copied * row_bytes;
      for (std::int32_t i = 0; i < row_bytes; ++i) to_row[i] = from_row[i];
    }
    make_row(region{y, y + 1, 0, to.width()}, copies);
  }
}

}  // namespace inlay::detail
