// Inlay: reference kernels of layers that move elements: PAD, MIRROR_PAD, slices, CONCATENATION, DYNAMIC_UPDATE_SLICE,
// TRANSPOSE, GATHER, DEPTH_TO_SPACE, SPACE_TO_DEPTH, RESIZE_NEAREST_NEIGHBOR; and RESIZE_BILINEAR.
#pragma once

#include <inlay/kernels/fixed_point.hpp>
#include <inlay/graph/geometry.hpp>
#include <inlay/kernels/kernel.hpp>

#include <array>
#include <bit>

namespace inlay::inline INLAY_ABI::detail {

/// The same bytes.
template <>
struct reference_kernel<layer_kind::reshape> : no_table {
  struct parameters {
    std::int32_t elements = 0;
  };
  static constexpr parameters prepare(graph_view g, const layer& l) { return {g.output_of(l).extents.elements()}; }

  template <typename Input>
  static constexpr void run_whole(const parameters& p, const table_entry*, std::int8_t* output, const Input* input) {
    for (std::int32_t i = 0; i < p.elements; ++i) output[i] = static_cast<std::int8_t>(input[i]);
  }
};

/// Output axis a is the input's axis begin[a].
template <>
struct reference_kernel<layer_kind::transpose> : no_table {
  struct parameters {
    int rank = 0;
    std::array<std::int32_t, max_rank> extents{}, strides{};  // of the output; in the input
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const auto strides = dense_strides(g.input_of(l).extents);
    const shape& to = g.output_of(l).extents;
    parameters p{to.rank, {}, {}};
    for (std::size_t axis = 0; axis < static_cast<std::size_t>(p.rank); ++axis) {
      p.extents[axis] = to.extents[axis];
      p.strides[axis] = strides[static_cast<std::size_t>(l.begin[axis])];
    }
    return p;
  }

  template <typename Input>
  static constexpr void run_whole(const parameters& p, const table_entry*, std::int8_t* output, const Input* input) {
    std::array<std::int32_t, max_rank> index{};
    std::int32_t from = 0;
    for (;;) {
      *output++ = static_cast<std::int8_t>(input[from]);
      int axis = p.rank - 1;
      for (; axis >= 0; --axis) {
        const auto a = static_cast<std::size_t>(axis);
        from += p.strides[a];
        if (++index[a] < p.extents[a]) break;
        from -= p.extents[a] * p.strides[a];
        index[a] = 0;
      }
      if (axis < 0) return;
    }
  }
};

/// The input's row for a row of the output, −1 if there is none. Axes before the height count as rows, too. `axes` are
/// innermost first.
constexpr std::int32_t source_row(const std::array<moved_axis, max_rank>& axes, std::int32_t y) {
  std::int32_t row = 0, pitch = 1;
  for (std::size_t axis = 2; axis < axes.size(); ++axis) {
    const std::int32_t source = axes[axis].source(y % axes[axis].to);
    if (source < 0) return -1;
    y /= axes[axis].to;
    row += source * pitch;
    pitch *= axes[axis].from;
  }
  return row;
}

/// PAD and slices: each output element is an input element, or the fill where there is none.
struct move_kernel : no_table {
  struct parameters {
    std::array<moved_axis, max_rank> axes{};  // innermost first
    std::int8_t fill = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    parameters p{};
    for (int i = 0; i < max_rank; ++i) p.axes[static_cast<std::size_t>(i)] = find_moved_axis(g, l, i);
    p.fill = static_cast<std::int8_t>(l.fill);
    return p;
  }

  template <typename Input>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const Input>& input) {
    const moved_axis& channels = p.axes[0];
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      const std::int32_t row = source_row(p.axes, y);
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        const std::int32_t column = p.axes[1].source(x);
        const bool inside = row >= 0 && column >= 0;
        std::int8_t* out = output.pixel(y, x);
        const Input* in = inside ? input.pixel(row, column) : nullptr;
        for (std::int32_t c = 0; c < channels.to; ++c) {
          const std::int32_t channel = channels.source(c);
          out[c] = inside && channel >= 0 ? static_cast<std::int8_t>(in[channel]) : p.fill;
        }
      }
    }
  }
};

template <>
struct reference_kernel<layer_kind::pad> : move_kernel {};
template <>
struct reference_kernel<layer_kind::slice> : move_kernel {};

/// The first input with a block of it replaced by the second.
template <>
struct reference_kernel<layer_kind::update> : no_table {
  struct parameters {
    std::array<moved_axis, max_rank> axes{};  // of the block, innermost first
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& to = g.output_of(l).extents;
    const shape& block = g.input_of(l, 1).extents;
    parameters p{};
    for (int axis = 0; axis < to.rank; ++axis)
      p.axes[static_cast<std::size_t>(to.rank - 1 - axis)] = {to[axis], block[axis],
                                                              -l.begin[static_cast<std::size_t>(axis)], 1};
    return p;
  }

  template <typename A, typename B>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const A>& map, const map_view<const B>& block) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      const std::int32_t row = source_row(p.axes, y);
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        const std::int32_t column = p.axes[1].source(x);
        std::int8_t* out = output.pixel(y, x);
        const A* from = map.pixel(y, x);
        const B* other = row >= 0 && column >= 0 ? block.pixel(row, column) : nullptr;
        for (std::int32_t c = 0; c < p.axes[0].to; ++c) {
          const std::int32_t channel = p.axes[0].source(c);
          out[c] = static_cast<std::int8_t>(other != nullptr && channel >= 0 ? other[channel] : from[c]);
        }
      }
    }
  }
};

/// The map and its mirror images around it: they begin with its edge, or leave that out where step[axis] is 1.
/// tensorflow/lite/micro/kernels/mirror_pad.cc.
template <>
struct reference_kernel<layer_kind::mirror_pad> : no_table {
  struct mirrored_axis {
    std::int32_t to = 1, from = 1;  // extents of output and input
    std::int32_t begin = 0, left_out = 0;
    std::int32_t pitch = 0;  // elements of the input from one to the next

    constexpr std::int32_t source(std::int32_t i) const {
      const std::int32_t element = i - begin;
      if (element < 0) return left_out - 1 - element;
      return element < from ? element : 2 * from - 1 - left_out - element;
    }
  };
  struct parameters {
    std::array<mirrored_axis, max_rank> axes{};  // innermost first
    std::int32_t elements = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& from = g.input_of(l).extents;
    const shape& to = g.output_of(l).extents;
    const auto strides = dense_strides(from);
    parameters p{{}, to.elements()};
    for (int axis = 0; axis < from.rank; ++axis) {
      const auto a = static_cast<std::size_t>(axis);
      p.axes[static_cast<std::size_t>(from.rank - 1 - axis)] = {to[axis], from[axis], l.begin[a], l.step[a],
                                                                strides[a]};
    }
    return p;
  }

  template <typename Input>
  static constexpr void run_whole(const parameters& p, const table_entry*, std::int8_t* output, const Input* input) {
    for (std::int32_t i = 0; i < p.elements; ++i) {
      std::int32_t rest = i, from = 0;
      for (const mirrored_axis& axis : p.axes) {
        from += axis.source(rest % axis.to) * axis.pitch;
        rest /= axis.to;
      }
      output[i] = static_cast<std::int8_t>(input[from]);
    }
  }
};

/// The input becomes a block of the output. The region is of the input.
template <>
struct reference_kernel<layer_kind::place> : no_table {
  struct parameters {
    std::int32_t channels = 0;
    std::int32_t first_row = 0, first_column = 0, first_channel = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& to = g.output_of(l).extents;
    return {g.input_of(l).extents.channels(), placed_at(l, to, direction::rows), placed_at(l, to, direction::columns),
            l.begin[static_cast<std::size_t>(to.rank - 1)]};
  }

  template <typename Input>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const Input>& input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        std::int8_t* out = output.pixel(y + p.first_row, x + p.first_column) + p.first_channel;
        const Input* in = input.pixel(y, x);
        for (std::int32_t c = 0; c < p.channels; ++c) out[c] = static_cast<std::int8_t>(in[c]);
      }
  }
};

/// Elements along one axis, or along the first few at once, in the order of a list of indices, which is the table.
/// tensorflow/lite/kernels/internal/reference/gather.h, tensorflow/lite/micro/kernels/gather_nd.cc.
template <>
struct reference_kernel<layer_kind::gather> {
  using table_entry = std::int32_t;
  struct parameters {
    std::int32_t outer = 1, extent = 1, inner = 1;  // of the input: before the axes, along them, behind them
    std::int32_t indices = 0;
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& from = g.input_of(l).extents;
    parameters p{};
    for (int axis = 0; axis < from.rank; ++axis)
      ((l.axes >> axis & 1) != 0 ? p.extent : l.axes >> axis == 0 ? p.inner : p.outer) *= from[axis];
    p.indices = table_size(g, l);
    return p;
  }

  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    return g.input_of(l, 1).extents.elements() / std::popcount(l.axes);
  }

  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte* model, std::int32_t* table) {
    const shape& from = g.input_of(l).extents;
    std::uint32_t at = g.input_of(l, 1).data_at;
    for (std::int32_t i = 0; i < table_size(g, l); ++i) {
      table[i] = 0;
      for (int axis = 0; axis < from.rank; ++axis) {
        if ((l.axes >> axis & 1) == 0) continue;
        table[i] = table[i] * from[axis] + read_int32(model, at);
        at += 4;
      }
    }
  }

  template <typename Input>
  static constexpr void run_whole(const parameters& p, const std::int32_t* table, std::int8_t* output,
                                  const Input* input) {
    for (std::int32_t o = 0; o < p.outer; ++o)
      for (std::int32_t i = 0; i < p.indices; ++i) {
        const Input* from = input + (o * p.extent + table[i]) * p.inner;
        for (std::int32_t e = 0; e < p.inner; ++e) *output++ = static_cast<std::int8_t>(from[e]);
      }
  }
};

/// Sizes of a layer that turns blocks of pixels into channels, or back.
struct block_parameters {
  std::int32_t block = 1;
  std::int32_t channels = 0;  // of a pixel of the larger map
};

/// A pixel's channels, as many as a block of pixels has, become that block.
/// tensorflow/lite/kernels/internal/reference/depth_to_space.h.
template <>
struct reference_kernel<layer_kind::depth_to_space> : no_table {
  using parameters = block_parameters;
  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& to = g.output_of(l).extents;
    return {to.height() / g.input_of(l).extents.height(), to.channels()};
  }

  template <typename Input>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const Input>& input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        std::int8_t* out = output.pixel(y, x);
        const Input* in = input.pixel(y / p.block, x / p.block) + (y % p.block * p.block + x % p.block) * p.channels;
        for (std::int32_t c = 0; c < p.channels; ++c) out[c] = static_cast<std::int8_t>(in[c]);
      }
  }
};

/// A block of pixels becomes the channels of one, row after row.
/// tensorflow/lite/kernels/internal/reference/space_to_depth.h.
template <>
struct reference_kernel<layer_kind::space_to_depth> : no_table {
  using parameters = block_parameters;
  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& from = g.input_of(l).extents;
    return {from.height() / g.output_of(l).extents.height(), from.channels()};
  }

  template <typename Input>
  static constexpr void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const Input>& input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        std::int8_t* out = output.pixel(y, x);
        for (std::int32_t i = 0; i < p.block * p.block; ++i) {
          const Input* in = input.pixel(y * p.block + i / p.block, x * p.block + i % p.block);
          for (std::int32_t c = 0; c < p.channels; ++c) *out++ = static_cast<std::int8_t>(in[c]);
        }
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
      *table++ = static_cast<std::int16_t>(nearest_pixel(l, y, from.height(), to.height()));
    for (std::int32_t x = 0; x < to.width(); ++x)
      *table++ = static_cast<std::int16_t>(nearest_pixel(l, x, from.width(), to.width()));
  }

  template <typename Input>
  static constexpr void run(const parameters& p, const std::int16_t* table, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const Input>& input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        std::int8_t* out = output.pixel(y, x);
        const Input* in = input.pixel(table[y], table[p.output_height + x]);
        for (std::int32_t c = 0; c < p.channels; ++c) out[c] = static_cast<std::int8_t>(in[c]);
      }
  }
};

/// Each output pixel is a blend of up to four input pixels, in 1/1024 along each axis.
/// tensorflow/lite/kernels/internal/reference/resize_bilinear.h: ResizeBilinearInteger. The table holds where every
/// output row comes from, then every output column.
template <>
struct reference_kernel<layer_kind::resize_bilinear> {
  struct table_entry {
    std::int16_t lower = 0, upper = 0, upper_weight = 0;
  };
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
  static constexpr void fill_table(graph_view g, const layer& l, const Byte*, table_entry* table) {
    const shape& from = g.input_of(l).extents;
    const shape& to = g.output_of(l).extents;
    for (std::int32_t y = 0; y < to.height(); ++y) *table++ = entry(l, y, from.height(), to.height());
    for (std::int32_t x = 0; x < to.width(); ++x) *table++ = entry(l, x, from.width(), to.width());
  }

  template <typename Input>
  static constexpr void run(const parameters& p, const table_entry* table, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const Input>& input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        const table_entry row = table[y], column = table[p.output_height + x];
        const Input* upper_left = input.pixel(row.lower, column.lower);
        const Input* upper_right = input.pixel(row.lower, column.upper);
        const Input* lower_left = input.pixel(row.upper, column.lower);
        const Input* lower_right = input.pixel(row.upper, column.upper);
        std::int8_t* out = output.pixel(y, x);
        for (std::int32_t c = 0; c < p.channels; ++c) {
          const std::int32_t top = blended(upper_left[c], upper_right[c], column.upper_weight);
          const std::int32_t bottom = blended(lower_left[c], lower_right[c], column.upper_weight);
          const std::int64_t sum =
              std::int64_t{top} * (1024 - row.upper_weight) + std::int64_t{bottom} * row.upper_weight;
          out[c] = static_cast<std::int8_t>((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
        }
      }
  }

 private:
  static constexpr table_entry entry(const layer& l, std::int32_t output, std::int32_t from, std::int32_t to) {
    const blend b = blended_pixels(l, output, from, to);
    return {static_cast<std::int16_t>(b.lower), static_cast<std::int16_t>(b.upper),
            static_cast<std::int16_t>(b.upper_weight)};
  }

  template <typename Input>
  static constexpr std::int32_t blended(Input left, Input right, std::int32_t right_weight) {
    return as_int8(left) * (1024 - right_weight) + as_int8(right) * right_weight;
  }
};

}  // namespace inlay::detail
