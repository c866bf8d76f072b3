// Inlay: DEPTHWISE_CONV_2D on vectors.
//
// A block is as many channels as a vector of elements holds; where there are fewer, it is several pixels with all
// their channels. The input of a row of blocks is copied to a tile on the stack, with its borders, the columns of each
// phase of the stride side by side, so that every tap of a block is one vector. The vectors of as many taps as one
// dot() adds up are interleaved.
#pragma once

#include <inlay/kernels/vector/convolution.hpp>
#include <inlay/kernels/vector/tile.hpp>

namespace inlay::inline INLAY_ABI::detail {

/// Most taps and columns of a kernel.
inline constexpr std::int32_t most_taps = 64;
inline constexpr std::int32_t most_kernel_columns = 64;

struct depthwise_parameters {
  std::int32_t input_height = 0, input_width = 0;
  std::int32_t channels = 0;
  window2d window{};
  std::int32_t input_zero_point = 0;
  output_range range{};
  std::int32_t together = 1;         // pixels in a block
  std::int32_t columns_at_once = 1;  // output columns that fit the tile
};

template <typename V>
class depthwise_loops {
 public:
  /// Pixels in a block.
  static constexpr std::int32_t block_pixels(std::int32_t channels) {
    return 2 * channels <= V::block ? V::block / channels : 1;
  }
  static constexpr std::int32_t blocks(std::int32_t channels) { return (channels + V::block - 1) / V::block; }
  using tile = input_tile<V>;
  static constexpr std::int32_t most_columns(const window2d& w, std::int32_t channels) {
    // Vectors reach beyond the last pixel.
    constexpr std::int32_t elements = tile_bytes / static_cast<std::int32_t>(sizeof(typename V::element)) - V::block;
    const std::int32_t in_row = elements / tile::ring_rows(w) / channels;
    const std::int32_t spare = dilated_extent(w.kernel.width, w.dilation.width) + w.stride.width;
    return in_row > spare ? (in_row - spare) / w.stride.width + 1 : 0;
  }

  INLAY_NEVER_INLINE static void run(const depthwise_parameters& p, const typename V::group* table,
                                     const map_view<std::int8_t>& output, const region& r,
                                     const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    alignas(64) typename V::element memory[tile_bytes / sizeof(typename V::element)];
    typename V::sums packed[(most_taps + V::depth - 1) / V::depth * V::parts_count];
    for (std::int32_t first = 0; first < p.channels; first += V::block, table += V::parts_count) {
      const std::int32_t channels = p.channels - first < V::block ? p.channels - first : V::block;
      // Pixels stand side by side in the output only if nothing stands between them.
      const std::int32_t together = output.pixel_pitch == channels ? p.together : 1;
      pack(p, weights + first, channels, together, packed);
      for (std::int32_t x = r.first_column; x < r.end_column; x += p.columns_at_once) {
        const std::int32_t end = r.end_column - x < p.columns_at_once ? r.end_column : x + p.columns_at_once;
        strip(p, table, output, {r.first_row, r.end_row, x, end}, input, first, channels, together, packed, memory);
      }
    }
  }

 private:
  static void pack(const depthwise_parameters& p, const std::int8_t* weights, std::int32_t channels,
                   std::int32_t together, typename V::sums* packed) {
    const std::int32_t taps = p.window.kernel.height * p.window.kernel.width;
    for (std::int32_t first = 0; first < taps; first += V::depth, packed += V::parts_count) {
      typename V::sums tap[V::depth];
      for (std::int32_t t = 0; t < V::depth; ++t) {
        tap[t] = first + t < taps ? V::load_weights(weights, channels, together) : V::zero();
        weights += p.channels;
      }
      const typename V::parts parts = V::interleave(tap);
      for (std::int32_t i = 0; i < V::parts_count; ++i) packed[i] = parts.v[i];
    }
  }

  /// Rows of one block of channels over some columns.
  static void strip(const depthwise_parameters& p, const typename V::group* groups, const map_view<std::int8_t>& output,
                    const region& r, const map_view<const std::int8_t>& input, std::int32_t first_channel,
                    std::int32_t channels, std::int32_t together, const typename V::sums* weights,
                    typename V::element* memory) {
    const window2d& w = p.window;
    const std::int32_t columns = r.end_column - r.first_column;
    const auto shown = tile::columns_of(w, r.first_column, r.end_column, w.stride.width, first_channel, channels);
    const std::int32_t per_phase = shown.phase_columns();
    tile from(w, {p.input_height, p.input_width}, p.input_zero_point, input, shown, r.first_row, memory);
    const std::int32_t tap_groups = (w.kernel.height * w.kernel.width + V::depth - 1) / V::depth;
    std::int32_t column[most_kernel_columns];  // where a column of the kernel stands in a row
    for (std::int32_t kx = 0; kx < w.kernel.width; ++kx) {
      const std::int32_t x = kx * w.dilation.width;
      column[kx] = (x % w.stride.width * per_phase + x / w.stride.width) * channels;
    }
    const constants c(groups);
    from.make(r.first_row);
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      if (y + 1 < r.end_row) from.make(y + 1);
      const typename V::element* taps[most_taps + V::depth];
      std::int32_t tap = 0;
      for (std::int32_t ky = 0; ky < w.kernel.height; ++ky) {
        const typename V::element* row = from.row(y * w.stride.height - w.padding.top + ky * w.dilation.height);
        for (std::int32_t kx = 0; kx < w.kernel.width; ++kx) taps[tap++] = row + column[kx];
      }
      // What fills up the last group has no weight.
      for (; tap % V::depth != 0; ++tap) taps[tap] = taps[0];
      std::int8_t* out = output.pixel(y, r.first_column) + first_channel;
      const std::int32_t step = together * output.pixel_pitch;
      for (std::int32_t x = 0; x < columns; x += together, out += step) {
        const std::int32_t count = (columns - x < together ? columns - x : together) * channels;
        block(taps, x * channels, tap_groups, weights, c, p.range, out, count);
      }
    }
  }

  /// What a block's channels need, ready for use.
  struct constants {
    explicit constants(const typename V::group* table)
        : constants(table, std::make_integer_sequence<int, V::parts_count>{}) {}
    template <int... Item>
    constants(const typename V::group* table, std::integer_sequence<int, Item...>)
        : groups(table),
          simple(((table[Item].simple != 0) && ...)),
          requantise{typename V::requantiser(table[Item])...} {}
    const typename V::group* groups;
    bool simple;
    typename V::requantiser requantise[V::parts_count];
  };

  INLAY_NEVER_INLINE static typename V::parts requantise_any(typename V::parts sums, const typename V::group* groups) {
    for (int i = 0; i < V::parts_count; ++i) sums.v[i] = V::requantise_any(sums.v[i], groups[i]);
    return sums;
  }

  INLAY_ALWAYS_INLINE static void block(const typename V::element* const* taps, std::int32_t at,
                                        std::int32_t tap_groups, const typename V::sums* weights, const constants& c,
                                        const output_range& range, std::int8_t* out, std::int32_t count) {
    typename V::accumulator sums[V::parts_count];
#pragma GCC unroll 4
    for (int i = 0; i < V::parts_count; ++i) sums[i] = typename V::accumulator(V::load(c.groups[i].bias));
    for (std::int32_t g = 0; g < tap_groups; ++g) {
      typename V::sums tap[V::depth];
#pragma GCC unroll 4
      for (int i = 0; i < V::depth; ++i) tap[i] = V::load_elements(taps[i] + at);
      const typename V::parts parts = V::interleave(tap);
#pragma GCC unroll 4
      for (int i = 0; i < V::parts_count; ++i) add_products<V>(sums[i], parts.v[i], weights[i]);
      taps += V::depth;
      weights += V::parts_count;
    }
    typename V::parts outputs;
#pragma GCC unroll 4
    for (int i = 0; i < V::parts_count; ++i) outputs.v[i] = typename V::sums(sums[i]);
    if (c.simple) {
#pragma GCC unroll 4
      for (int i = 0; i < V::parts_count; ++i) outputs.v[i] = c.requantise[i](outputs.v[i]);
    } else {
      outputs = requantise_any(outputs, c.groups);
    }
    V::store_outputs(out, outputs, range, count);
  }
};

/// One output channel for each input channel; or any number for a single input channel, which is a convolution.
template <typename V>
struct vector_depthwise_convolution {
  using loops = depthwise_loops<V>;
  struct parameters {
    depthwise_parameters depthwise{};
    convolution_parameters convolution{};
  };
  struct spec {
    bool convolution = false;
  };
  static constexpr spec specialise(graph_view g, const layer& l) { return {g.input_of(l).extents.channels() == 1}; }

  static constexpr bool accepts(graph_view g, const layer& l) {
    const window2d& w = l.window;
    const std::int32_t channels = g.input_of(l).extents.channels();
    const std::int32_t taps = w.kernel.height * w.kernel.width;
    if (channels == 1) return w.kernel.height <= most_kernel_rows && fits_buffers<V>(taps);
    const std::int32_t block_channels = channels < V::block ? channels : V::block;
    return g.output_of(l).extents.channels() == channels && taps <= most_taps &&
           w.kernel.width <= most_kernel_columns && loops::most_columns(w, block_channels) > 0;
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const tensor& in = g.input_of(l);
    const stored_range range = activation_range(l.clamp, g.output_of(l).quant);
    const std::int32_t channels = in.extents.channels();
    return {{in.extents.height(),
             in.extents.width(),
             in.extents.channels(),
             l.window,
             in.quant.zero_point,
             {range.low, range.high},
             loops::block_pixels(channels),
             loops::most_columns(l.window, channels < V::block ? channels : V::block)},
            prepare_convolution(g, l)};
  }

  using table_entry = typename V::group;
  static constexpr bool needs_weight_sums = true;
  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    if (specialise(g, l).convolution) return lane_table<V>::table_size(g, l);
    return loops::blocks(g.input_of(l).extents.channels()) * V::parts_count;
  }
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte* model, const channel_constants* constants,
                                   const std::int32_t* weight_sums, table_entry* table) {
    if (specialise(g, l).convolution) return lane_table<V>::fill_table(g, l, model, constants, weight_sums, table);
    const std::int32_t channels = g.input_of(l).extents.channels();
    const std::int32_t offset = g.input_of(l).quant.zero_point + V::element_offset;
    const std::int32_t copies = loops::block_pixels(channels);
    for (std::int32_t entry = 0; entry < table_size(g, l); ++entry)
      for (std::int32_t lane = 0; lane < V::lanes; ++lane) {
        const std::int32_t at = entry / V::parts_count * V::block + V::block_lane(entry % V::parts_count, lane);
        if (at >= channels * copies) continue;
        const std::int32_t c = at % channels;
        set_lane(table[entry], lane, constants[c], weights_per_channel(g, l), offset * weight_sums[c],
                 g.output_of(l).quant.zero_point);
      }
  }

  template <spec S>
  static void run(const parameters& p, const table_entry* table, const map_view<std::int8_t>& output, const region& r,
                  const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    if constexpr (S.convolution)
      convolve<V>(p.convolution, table, output, r, input, weights);
    else
      loops::run(p.depthwise, table, output, r, input, weights);
  }
};

}  // namespace inlay::detail
