// Inlay: a window's output written over its input.
#pragma once

#include <inlay/kernels/kernel.hpp>
#include <inlay/plan/arena.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace inlay::inline INLAY_ABI::detail {

/// How a layer with a window writes its output over its input: row after row, from copies of the input's rows in a
/// ring.
struct overwriting {
  std::int32_t input_rows = 0, output_rows = 0, output_columns = 0;
  std::int32_t channels = 0, row_bytes = 0;
  std::int32_t ring_rows = 0;
  std::int32_t stride = 1, last_row = 0;  // output row y needs input rows up to y × stride + last_row
};

constexpr overwriting overwriting_of(const shape& from, const shape& to, const layer& l) {
  return {map_rows(from),
          map_rows(to),
          to.width(),
          from.channels(),
          from.width() * from.channels(),
          overwrite_rows(l, from),
          l.window.stride.height,
          dilated_extent(l.window.kernel.height, l.window.dilation.height) - 1 - l.window.padding.top};
}

/// Copies the input's rows that output row y needs and that are not in the ring yet. `copied` is how many have been;
/// returns how many are now.
INLAY_NEVER_INLINE constexpr std::int32_t copy_to_ring(const overwriting& o, const std::int8_t* map, std::int8_t* ring,
                                                       std::int32_t y, std::int32_t copied) {
  const std::int32_t needed = y * o.stride + o.last_row + 1;
  const std::int32_t end = needed < o.input_rows ? needed : o.input_rows;
  for (; copied < end; ++copied) {
    const std::int8_t* from = map + copied * o.row_bytes;
    std::int8_t* to = ring + copied % o.ring_rows * o.row_bytes;
    std::int32_t i = 0;
    // memcpy of a number of bytes that is no constant would be a call, of a function larger than this.
    constexpr std::int32_t at_once = 16;
    if (!std::is_constant_evaluated())
      for (; i <= o.row_bytes - at_once; i += at_once) std::memcpy(to + i, from + i, at_once);
    for (; i < o.row_bytes; ++i) to[i] = from[i];
  }
  return copied;
}

/// Moves the rows of a ring ahead, so that newer ones can be written over them while they are read.
INLAY_NEVER_INLINE constexpr void move_ahead(std::int8_t* ring, std::int32_t bytes, std::int32_t ahead) {
  std::int32_t i = bytes;
  // Backwards libraries for small processors move byte by byte.
  struct sixteen {
    std::int8_t bytes[16];
  } moved;
  if (!std::is_constant_evaluated() && !INLAY_HAS_THUMB1)
    for (; i >= 16; i -= 16) {
      std::memcpy(&moved, ring + i - 16, sizeof moved);
      std::memcpy(ring + i - 16 + ahead, &moved, sizeof moved);
    }
  for (; i > 0; --i) ring[i - 1 + ahead] = ring[i - 1];
}

/// Makes a whole map over the input that stands at its place: make_row(region, input) makes each row.
template <typename MakeRow>
constexpr void over_rows(const overwriting& o, const map_view<std::int8_t>& map, std::int8_t* ring,
                         const MakeRow& make_row) {
  const map_view<const std::int8_t> copies{ring, o.channels, o.row_bytes, o.ring_rows, 0};
  for (std::int32_t y = 0, copied = 0; y < o.output_rows; ++y) {
    copied = copy_to_ring(o, map.data, ring, y, copied);
    make_row(region{y, y + 1, 0, o.output_columns}, copies);
  }
}

}  // namespace inlay::detail
