// Inlay: DEPTHWISE_CONV_2D on vectors.
//
// A block is as many channels as a vector of elements holds; where there are fewer, it is several pixels with all
// their channels. The input of a row of blocks is copied to a tile on the stack, with its borders, the columns of each
// phase of the stride side by side, so that every tap of a block is one vector. The vectors of as many taps as one
// dot() adds up are interleaved.
//
// Where elements are loaded from the map itself, as wide as they are multiplied, and there are channels for a block,
// there is no tile: pixels whose windows are inside take their taps where they are, others some of them from a border.
#pragma once

#include <inlay/kernels/vector/convolution.hpp>
#include <inlay/kernels/vector/taps.hpp>
#include <inlay/kernels/vector/tile.hpp>

namespace inlay::inline INLAY_ABI::detail {

template <typename V>
class depthwise_loops {
 public:
  /// Pixels in a block.
  static constexpr std::int32_t block_pixels(std::int32_t channels) {
    return 2 * channels <= V::block ? V::block / channels : 1;
  }
  static constexpr std::int32_t blocks(std::int32_t channels) { return (channels + V::block - 1) / V::block; }
  /// Whether elements are loaded from maps as they are, where all blocks are as many channels: the last one has some of
  /// the one before, too.
  static constexpr bool reads_map(std::int32_t channels) {
    return requires(const std::int8_t* from) { V::load_from_map(from); } && channels >= V::block &&
           channels <= border_bytes;
  }
  static constexpr std::int32_t first_channel(std::int32_t block, std::int32_t channels) {
    const std::int32_t first = block * V::block;
    return reads_map(channels) && channels - V::block < first ? channels - V::block : first;
  }
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
    if constexpr (reads_map(V::block))
      if (reads_map(p.channels)) return run_on_map(p, table, output, r, input, weights);
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
    const std::int32_t taps = p.taps();
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
      const std::int32_t count = (columns + together - 1) / together, bytes = together * channels;
      multiply_row(
          p, taps, 0, weights, c,
          {count, bytes, out, together * output.pixel_pitch, bytes, (columns - (count - 1) * together) * channels});
    }
  }

  /// Some blocks of channels at a time, for which weights are packed; all of them have the same taps.
  INLAY_NEVER_INLINE static void run_on_map(const depthwise_parameters& p, const typename V::group* table,
                                            const map_view<std::int8_t>& output, const region& r,
                                            const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    typename V::sums packed[tile_bytes / sizeof(typename V::sums)];
    std::int8_t border[border_bytes];
    const std::int32_t count = blocks(p.channels), parts = (p.taps() + V::depth - 1) / V::depth * V::parts_count;
    const std::int32_t at_once = tile_bytes / static_cast<std::int32_t>(sizeof(typename V::sums)) / parts;
    pixel_taps<V::depth> taps(p, input, r, border);
    for (std::int32_t first = 0; first < count; first += at_once) {
      const std::int32_t some = count - first < at_once ? count - first : at_once;
      for (std::int32_t i = 0; i < some; ++i)
        pack(p, weights + first_channel(first + i, p.channels), V::block, 1, packed + i * parts);
      for (std::int32_t y = r.first_row; y < r.end_row; ++y)
        for (taps.begin_row(y); taps.find();)
          for (std::int32_t i = 0; i < some; ++i) {
            const constants c(table + (first + i) * V::parts_count);
            const std::int32_t channel = first_channel(first + i, p.channels);
            for (std::int32_t run = 0; run < taps.runs(); ++run)
              multiply_row(p, taps.of(run), channel, packed + i * parts, c,
                           {taps.pixels(run), taps.step(), output.pixel(y, taps.first_pixel(run)) + channel,
                            output.pixel_pitch, V::block, V::block});
          }
    }
  }

  /// Blocks side by side: where their taps are from one to the next, where their outputs go, and how many these are.
  struct row_of_blocks {
    std::int32_t count;
    std::ptrdiff_t step;
    std::int8_t* out;
    std::ptrdiff_t out_step;
    std::int32_t outputs, last_outputs;
  };

  template <typename Source>
  static void multiply_row(const depthwise_parameters& p, const Source* const* taps, std::int32_t at,
                           const typename V::sums* weights, const constants& c, const row_of_blocks& row) {
    // Kernels of 3 × 3.
    if (p.taps() == 9 && c.simple)
      multiply_row<9>(taps, at, 0, weights, c, p.range, row);
    else
      multiply_row<0>(taps, at, (p.taps() + V::depth - 1) / V::depth, weights, c, p.range, row);
  }
  /// So many taps with simple constants; any, if zero.
  template <std::int32_t Taps, typename Source>
  INLAY_NEVER_INLINE static void multiply_row(const Source* const* taps, std::ptrdiff_t at, std::int32_t tap_groups,
                                              const typename V::sums* weights, const constants& c, output_range range,
                                              row_of_blocks row) {
    const Source* known[Taps == 0 ? 1 : static_cast<std::size_t>(Taps)];
    if constexpr (Taps != 0) {
#pragma GCC unroll 16
      for (int i = 0; i < Taps; ++i) known[i] = taps[i];
      taps = known;
    }
    for (; row.count > 0; --row.count, at += row.step, row.out += row.out_step)
      block<Taps>(taps, at, tap_groups, weights, c, range, row.out, row.count == 1 ? row.last_outputs : row.outputs);
  }

  INLAY_NEVER_INLINE static typename V::parts requantise_any(typename V::parts sums, const typename V::group* groups) {
    for (int i = 0; i < V::parts_count; ++i) sums.v[i] = V::requantise_any(sums.v[i], groups[i]);
    return sums;
  }

  static typename V::sums load(const typename V::element* from) { return V::load_elements(from); }
  template <typename Byte>
    requires(!std::is_same_v<Byte, typename V::element>)
  static typename V::sums load(const Byte* from) {
    return V::load_from_map(from);
  }

  /// As many taps as one dot() adds up, or fewer.
  template <typename Source>
  INLAY_ALWAYS_INLINE static void add_taps(const Source* const* taps, std::ptrdiff_t at, std::int32_t count,
                                           const typename V::sums* weights,
                                           typename V::accumulator (&sums)[V::parts_count]) {
    typename V::sums tap[V::depth];
#pragma GCC unroll 4
    for (int i = 0; i < V::depth; ++i) tap[i] = i < count ? load(taps[i] + at) : V::zero();
    const typename V::parts parts = V::interleave(tap);
#pragma GCC unroll 4
    for (int i = 0; i < V::parts_count; ++i) add_products<V>(sums[i], parts.v[i], weights[i]);
  }

  template <std::int32_t Taps, typename Source>
  INLAY_ALWAYS_INLINE static void block(const Source* const* taps, std::ptrdiff_t at, std::int32_t tap_groups,
                                        const typename V::sums* weights, const constants& c, output_range range,
                                        std::int8_t* out, std::int32_t count) {
    typename V::accumulator sums[V::parts_count];
#pragma GCC unroll 4
    for (int i = 0; i < V::parts_count; ++i) sums[i] = typename V::accumulator(V::load(c.groups[i].bias));
    if constexpr (Taps != 0) {
#pragma GCC unroll 16
      for (int first = 0; first < Taps; first += V::depth, weights += V::parts_count)
        add_taps(taps + first, at, Taps - first, weights, sums);
    } else {
      for (; tap_groups > 0; --tap_groups, taps += V::depth, weights += V::parts_count)
        add_taps(taps, at, V::depth, weights, sums);
    }
    typename V::parts outputs;
#pragma GCC unroll 4
    for (int i = 0; i < V::parts_count; ++i) outputs.v[i] = typename V::sums(sums[i]);
    if (Taps != 0 || c.simple) {
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
  static constexpr std::int32_t excess(graph_view g, const layer& l) { return lane_table<V>::excess(g, l); }
  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    if (specialise(g, l).convolution) return lane_table<V>::table_size(g, l);
    return loops::blocks(g.input_of(l).extents.channels()) * V::parts_count;
  }
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte* model, const channel_constants* constants,
                                   const std::int32_t* weight_sums, table_entry* table) {
    if (specialise(g, l).convolution) return lane_table<V>::fill_table(g, l, model, constants, weight_sums, table);
    const std::int32_t channels = g.input_of(l).extents.channels();
    const std::int32_t copies = loops::block_pixels(channels), too_much = excess(g, l);
    for (std::int32_t entry = 0; entry < table_size(g, l); ++entry)
      for (std::int32_t lane = 0; lane < V::lanes; ++lane) {
        const std::int32_t at =
            loops::first_channel(entry / V::parts_count, channels) + V::block_lane(entry % V::parts_count, lane);
        if (at >= channels * copies) continue;
        const std::int32_t c = at % channels;
        set_lane(table[entry], lane, constants[c], weights_per_channel(g, l), too_much * weight_sums[c],
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
