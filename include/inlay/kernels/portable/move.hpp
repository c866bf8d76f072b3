// Inlay: PAD, STRIDED_SLICE, TRANSPOSE, CONCATENATION, RESIZE_NEAREST_NEIGHBOR in plain C++: runs instead of elements.
#pragma once

#include <inlay/kernels/reference/move.hpp>

#include <cstdint>
#include <cstring>

namespace inlay {

namespace detail {

/// Copies a few bytes, in words. They do not overlap.
INLAY_ALWAYS_INLINE void copy_run(std::int8_t* to, const std::int8_t* from, std::int32_t bytes) {
  constexpr std::int32_t word = 4;
  for (; bytes >= word; bytes -= word, from += word, to += word) std::memcpy(to, from, word);
  for (; bytes > 0; --bytes) *to++ = *from++;
}

/// Like block_copy, with axes that can be walked as one merged, and the innermost one a loop of its own.
struct fast_block_copy : no_table {
  struct spec {};
  using parameters = block_copy::parameters;

  static constexpr bool accepts(graph_view g, const layer& l) { return g.input_of(l).extents.rank > 0; }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const parameters all = block_copy::prepare(g, l);
    parameters p = all;
    p.rank = 0;
    for (std::size_t axis = 0; axis < static_cast<std::size_t>(all.rank); ++axis) {
      if (all.extents[axis] == 1 && axis + 1 < static_cast<std::size_t>(all.rank)) continue;
      const std::size_t last = static_cast<std::size_t>(p.rank) - 1;
      if (p.rank > 0 && p.input_strides[last] == all.extents[axis] * all.input_strides[axis] &&
          p.output_strides[last] == all.extents[axis] * all.output_strides[axis]) {
        p.extents[last] *= all.extents[axis];
        p.input_strides[last] = all.input_strides[axis];
        p.output_strides[last] = all.output_strides[axis];
      } else {
        const std::size_t next = static_cast<std::size_t>(p.rank++);
        p.extents[next] = all.extents[axis];
        p.input_strides[next] = all.input_strides[axis];
        p.output_strides[next] = all.output_strides[axis];
      }
    }
    return p;
  }

  template <spec>
  INLAY_NEVER_INLINE static void run_whole(const parameters& p, const table_entry*, std::int8_t* output,
                                           const std::int8_t* input) {
    for (std::int32_t i = 0; i < p.fill_elements; ++i) output[i] = p.fill;
    output += p.output_first;
    input += p.input_first;
    std::int32_t index[max_rank]{};
    const auto innermost = static_cast<std::size_t>(p.rank - 1);
    const std::int32_t elements = p.extents[innermost];
    const std::int32_t input_stride = p.input_strides[innermost], output_stride = p.output_strides[innermost];
    for (;;) {
      if (input_stride == 1 && output_stride == 1)
        copy_run(output, input, elements);
      else
        for (std::int32_t i = 0; i < elements; ++i) output[i * output_stride] = input[i * input_stride];
      std::size_t axis = innermost;
      for (;; index[axis] = 0) {
        if (axis-- == 0) return;
        input += p.input_strides[axis];
        output += p.output_strides[axis];
        if (++index[axis] < p.extents[axis]) break;
        input -= p.extents[axis] * p.input_strides[axis];
        output -= p.extents[axis] * p.output_strides[axis];
      }
    }
  }
};

/// CONCATENATION.
struct fast_place : no_table {
  using reference = reference_kernel<layer_kind::place>;
  struct spec {};
  using parameters = reference::parameters;

  static constexpr bool accepts(graph_view, const layer&) { return true; }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
  static constexpr parameters prepare(graph_view g, const layer& l) { return reference::prepare(g, l); }

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
struct fast_resize_nearest : reference_kernel<layer_kind::resize_nearest> {
  struct spec {};

  static constexpr bool accepts(graph_view, const layer&) { return true; }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }

  template <spec>
  INLAY_NEVER_INLINE static void run(const parameters& p, const std::int16_t* table, map_view<std::int8_t> output,
                                     const region& r, const map_view<const std::int8_t>& input) {
    const std::int16_t* columns = table + p.output_height;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      std::int8_t* out = output.pixel(y, r.first_column);
      const std::int8_t* row = input.pixel(table[y], input.first_column);
      for (std::int32_t x = r.first_column; x < r.end_column; ++x, out += output.pixel_pitch)
        copy_run(out, row + (columns[x] - input.first_column) * input.pixel_pitch, p.channels);
    }
  }
};

}  // namespace detail

template <>
struct portable_kernel<layer_kind::pad> : detail::fast_block_copy {};
template <>
struct portable_kernel<layer_kind::slice> : detail::fast_block_copy {};
template <>
struct portable_kernel<layer_kind::transpose> : detail::fast_block_copy {};
template <>
struct portable_kernel<layer_kind::place> : detail::fast_place {};
template <>
struct portable_kernel<layer_kind::resize_nearest> : detail::fast_resize_nearest {};

}  // namespace inlay
