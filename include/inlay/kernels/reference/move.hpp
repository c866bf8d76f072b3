// Inlay: reference kernels of layers that only move elements: PAD, STRIDED_SLICE, CONCATENATION, TRANSPOSE,
// RESIZE_NEAREST_NEIGHBOR.
#pragma once

#include <inlay/kernels/fixed_point.hpp>
#include <inlay/kernels/kernel.hpp>
#include <inlay/plan/stage.hpp>

#include <array>

namespace inlay {

namespace detail {

/// Copies a block: element index i of the block stands at Σ i × stride in input and output, each from its
/// own first element. With `fill`, the whole output is filled first.
struct block_copy : no_table {
  struct parameters {
    int rank = 0;
    std::array<std::int32_t, max_rank> extents{}, input_strides{}, output_strides{};
    std::int32_t input_first = 0, output_first = 0;
    std::int32_t fill_elements = 0;
    std::int8_t fill = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& from = g.input_of(l).extents;
    const shape& to = g.output_of(l).extents;
    const auto from_strides = dense_strides(from);
    const auto to_strides = dense_strides(to);
    parameters p{};
    p.rank = from.rank;
    p.extents = from.extents;
    p.input_strides = from_strides;
    p.output_strides = to_strides;
    switch (l.kind) {
      case layer_kind::transpose:
        p.extents = to.extents;
        for (std::size_t axis = 0; axis < static_cast<std::size_t>(p.rank); ++axis)
          p.input_strides[axis] = from_strides[static_cast<std::size_t>(l.begin[axis])];
        break;
      case layer_kind::slice: {
        shape taken{from.rank, l.extent};
        p.extents = l.extent;
        p.output_strides = dense_strides(taken);
        for (std::size_t axis = 0; axis < static_cast<std::size_t>(p.rank); ++axis) {
          p.input_first += l.begin[axis] * from_strides[axis];
          p.input_strides[axis] *= l.step[axis];
        }
        break;
      }
      default:  // pad
        for (std::size_t axis = 0; axis < static_cast<std::size_t>(p.rank); ++axis)
          p.output_first += l.begin[axis] * to_strides[axis];
        p.fill_elements = to.elements();
        p.fill = static_cast<std::int8_t>(l.fill);
    }
    return p;
  }

  template <typename Input>
  static constexpr void run_whole(const parameters& p, const table_entry*, std::int8_t* output, const Input* input) {
    for (std::int32_t i = 0; i < p.fill_elements; ++i) output[i] = p.fill;
    std::array<std::int32_t, max_rank> index{};
    std::int32_t from = p.input_first, to = p.output_first;
    for (;;) {
      output[to] = static_cast<std::int8_t>(input[from]);
      int axis = p.rank - 1;
      for (; axis >= 0; --axis) {
        const auto a = static_cast<std::size_t>(axis);
        from += p.input_strides[a];
        to += p.output_strides[a];
        if (++index[a] < p.extents[a]) break;
        from -= p.extents[a] * p.input_strides[a];
        to -= p.extents[a] * p.output_strides[a];
        index[a] = 0;
      }
      if (axis < 0) return;
    }
  }
};

}  // namespace detail

template <>
struct reference_kernel<layer_kind::pad> : detail::block_copy {};
template <>
struct reference_kernel<layer_kind::slice> : detail::block_copy {};
template <>
struct reference_kernel<layer_kind::transpose> : detail::block_copy {};

/// The input becomes a block of the output. The region is of the input.
template <>
struct reference_kernel<layer_kind::place> : detail::no_table {
  struct parameters {
    std::int32_t channels = 0;
    std::int32_t first_row = 0, first_column = 0, first_channel = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& from = g.input_of(l).extents;
    parameters p{from.channels(), 0, 0, 0};
    for (int axis = 0; axis < from.rank; ++axis) {
      const std::int32_t begin = l.begin[static_cast<std::size_t>(axis)];
      const int from_innermost = from.rank - 1 - axis;
      if (from_innermost == 0) p.first_channel = begin;
      if (from_innermost == 1) p.first_column = begin;
      if (from_innermost >= 2) p.first_row += begin;
    }
    return p;
  }

  template <typename Input>
  static constexpr void run(const parameters& p, const table_entry*, map_view<std::int8_t> output, region r,
                            map_view<const Input> input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        std::int8_t* out = output.pixel(y + p.first_row, x + p.first_column) + p.first_channel;
        const Input* in = input.pixel(y, x);
        for (std::int32_t c = 0; c < p.channels; ++c) out[c] = static_cast<std::int8_t>(in[c]);
      }
  }
};

/// Each output pixel is the nearest input pixel. The table holds the input row of every output row, then the
/// input column of every output column.
template <>
struct reference_kernel<layer_kind::resize_nearest> {
  using table_entry = std::int16_t;
  struct parameters {
    std::int32_t output_height = 0, channels = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    return {g.output_of(l).extents.height(), g.output_of(l).extents.channels()};
  }

  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    return g.output_of(l).extents.height() + g.output_of(l).extents.width();
  }

  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte*, std::int16_t* table) {
    const shape& from = g.input_of(l).extents;
    const shape& to = g.output_of(l).extents;
    for (std::int32_t y = 0; y < to.height(); ++y)
      *table++ = static_cast<std::int16_t>(detail::nearest_pixel(l, y, from.height(), to.height()));
    for (std::int32_t x = 0; x < to.width(); ++x)
      *table++ = static_cast<std::int16_t>(detail::nearest_pixel(l, x, from.width(), to.width()));
  }

  template <typename Input>
  static constexpr void run(const parameters& p, const std::int16_t* table, map_view<std::int8_t> output, region r,
                            map_view<const Input> input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        std::int8_t* out = output.pixel(y, x);
        const Input* in = input.pixel(table[y], table[p.output_height + x]);
        for (std::int32_t c = 0; c < p.channels; ++c) out[c] = static_cast<std::int8_t>(in[c]);
      }
  }
};

}  // namespace inlay
