// Inlay: PAD, STRIDED_SLICE, CONCATENATION, RESIZE_NEAREST_NEIGHBOR in plain C++: runs instead of elements.
#pragma once

#include <inlay/kernels/reference/move.hpp>

#include <cstdint>
#include <cstring>

namespace inlay::inline INLAY_ABI::detail {

/// Copies a few bytes, in words. They do not overlap.
INLAY_ALWAYS_INLINE void copy_run(std::int8_t* to, const std::int8_t* from, std::int32_t bytes) {
  constexpr std::int32_t word = 4;
  for (; bytes >= word; bytes -= word, from += word, to += word) std::memcpy(to, from, word);
  for (; bytes > 0; --bytes) *to++ = *from++;
}

/// PAD and slices whose pixels move whole.
struct fast_move : no_table {
  struct spec {};
  using parameters = move_kernel::parameters;

  static constexpr bool accepts(graph_view g, const layer& l) {
    const moved_axis channels = find_moved_axis(g, l, 0);
    return channels.from == channels.to && channels.source(0) == 0 &&
           channels.source(channels.to - 1) == channels.to - 1;
  }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
  static constexpr parameters prepare(graph_view g, const layer& l) { return move_kernel::prepare(g, l); }

  template <spec>
  INLAY_NEVER_INLINE static void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                                     const region& r, const map_view<const std::int8_t>& input) {
    const std::int32_t channels = p.axes[0].to;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      const std::int32_t row = source_row(p.axes, y);
      std::int8_t* out = output.pixel(y, r.first_column);
      for (std::int32_t x = r.first_column; x < r.end_column; ++x, out += output.pixel_pitch) {
        const std::int32_t column = p.axes[1].source(x);
        if (row >= 0 && column >= 0)
          copy_run(out, input.pixel(row, column), channels);
        else
          std::memset(out, p.fill, static_cast<std::size_t>(channels));
      }
    }
  }
};

/// CONCATENATION.
struct fast_place : takes_every_layer<reference_kernel<layer_kind::place>> {
  template <spec>
  INLAY_NEVER_INLINE static void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                                     const region& r, const map_view<const std::int8_t>& input) {
    const bool rows_at_once = output.pixel_pitch == p.channels && input.pixel_pitch == p.channels;
    const std::int32_t columns = r.end_column - r.first_column;
    const std::int32_t bytes = rows_at_once ? columns * p.channels : p.channels;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      std::int8_t* out = output.pixel(y + p.first_row, r.first_column + p.first_column) + p.first_channel;
      const std::int8_t* in = input.pixel(y, r.first_column);
      for (std::int32_t x = rows_at_once ? 1 : columns; x > 0; --x) {
        copy_run(out, in, bytes);
        out += output.pixel_pitch;
        in += input.pixel_pitch;
      }
    }
  }
};

/// RESIZE_NEAREST_NEIGHBOR, with the reference's table.
struct fast_resize_nearest : takes_every_layer<reference_kernel<layer_kind::resize_nearest>> {
  template <spec>
  INLAY_NEVER_INLINE static void run(const parameters& p, const std::int16_t* table,
                                     const map_view<std::int8_t>& output, const region& r,
                                     const map_view<const std::int8_t>& input) {
    const std::int16_t* columns = table + p.output_height;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      std::int8_t* out = output.pixel(y, r.first_column);
      const std::int8_t* row = input.pixel(table[y], input.first_column);
      for (std::int32_t x = r.first_column; x < r.end_column; ++x, out += output.pixel_pitch)
        copy_run(out, row + (columns[x] - input.first_column) * input.pixel_pitch, p.channels);
    }
  }
};

template <>
struct portable_kernel<layer_kind::pad> : fast_move {};
template <>
struct portable_kernel<layer_kind::slice> : fast_move {};
template <>
struct portable_kernel<layer_kind::place> : fast_place {};
template <>
struct portable_kernel<layer_kind::resize_nearest> : fast_resize_nearest {};

}  // namespace inlay::detail
