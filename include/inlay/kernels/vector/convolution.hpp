// Inlay: CONV_2D and FULLY_CONNECTED on vectors.
//
// Weights stand in the model channel by channel. A panel holds those of as many channels as a vector has lanes, side
// by side; it is made of them at every call, on the stack, and used for all the pixels of the region. Inputs are
// gathered patch by patch, so that borders, strides and dilations are gone before they are multiplied.
#pragma once

#include <inlay/kernels/weight_sums.hpp>
#include <inlay/kernels/vector/patches.hpp>
#include <inlay/kernels/vector/tile.hpp>

#include <cstddef>

namespace inlay::inline INLAY_ABI::detail {

/// Where the elements of a block's first pixel are: runs, as many steps each. The next pixel's are `pitch` further.
template <typename V>
struct element_runs {
  const typename V::element* const* runs;
  std::int32_t count;
  std::int32_t steps;
  std::int32_t offset;
  std::int32_t pitch;
};

/// A panel's sums of as many pixels, requantised and stored.
template <typename V, std::size_t Pixels>
INLAY_ALWAYS_INLINE void store_panel(const typename V::accumulator (&sums)[Pixels], const typename V::group& group,
                                     const output_range& range, std::int8_t* const* outputs, std::int32_t pixels,
                                     std::int32_t first_channel, std::int32_t channels) {
  const std::int32_t count = channels < V::lanes ? channels : V::lanes;
  if (group.simple != 0) {
    const typename V::requantiser requantise(group);
#pragma GCC unroll 16
    for (int x = 0; x < static_cast<int>(Pixels); ++x)
      if (x < pixels) V::store_outputs(outputs[x] + first_channel, requantise(typename V::sums(sums[x])), range, count);
  } else {
#pragma GCC unroll 16
    for (int x = 0; x < static_cast<int>(Pixels); ++x)
      if (x < pixels)
        V::store_outputs(outputs[x] + first_channel, V::requantise_any(typename V::sums(sums[x]), group), range, count);
  }
}
/// Two panels', all of whose channels there are and have simple constants.
template <typename V, std::size_t Pixels>
INLAY_ALWAYS_INLINE void store_two_panels(const typename V::accumulator (&first)[Pixels],
                                          const typename V::accumulator (&second)[Pixels],
                                          const typename V::group* groups, const output_range& range,
                                          std::int8_t* const* outputs, std::int32_t pixels,
                                          std::int32_t first_channel) {
  const typename V::requantiser a(groups[0]), b(groups[1]);
#pragma GCC unroll 16
  for (int x = 0; x < static_cast<int>(Pixels); ++x)
    if (x < pixels)
      V::store_two(outputs[x] + first_channel, a(typename V::sums(first[x])), b(typename V::sums(second[x])), range);
}

/// Sums of Panels × Pixels, requantised and stored.
template <typename V, int Panels, int Pixels>
INLAY_NEVER_INLINE void multiply_block(const element_runs<V>& from, const typename V::weight* panel,
                                       std::int32_t panel_pitch, const typename V::group* groups, output_range range,
                                       std::int8_t* const* outputs, std::int32_t pixels, std::int32_t first_channel,
                                       std::int32_t channels) {
  typename V::accumulator sums[static_cast<std::size_t>(Panels)][static_cast<std::size_t>(Pixels)];
#pragma GCC unroll 16
  for (int p = 0; p < Panels; ++p) {
    const auto bias = typename V::accumulator(V::load(groups[p].bias));
#pragma GCC unroll 16
    for (int x = 0; x < Pixels; ++x) sums[p][x] = bias;
  }
  const std::ptrdiff_t pitch = from.pitch;
  for (std::int32_t run = 0; run < from.count; ++run) {
    // Some pixels have a pointer: from there the machine may add the pitch once or twice itself.
    constexpr int pointers = (Pixels + V::pointed - 1) / V::pointed;
    const typename V::element* elements[static_cast<std::size_t>(pointers)];
#pragma GCC unroll 16
    for (int x = 0; x < pointers; ++x) elements[x] = from.runs[run] + from.offset + V::pointed * x * pitch;
    for (std::int32_t s = 0; s < from.steps; ++s) {
      typename V::sums weights[static_cast<std::size_t>(Panels)];
#pragma GCC unroll 16
      for (int p = 0; p < Panels; ++p) weights[p] = V::load(panel + p * panel_pitch);
#pragma GCC unroll 16
      for (int x = 0; x < Pixels; ++x) {
        const typename V::sums one = V::broadcast(elements[x / V::pointed] + x % V::pointed * pitch);
#pragma GCC unroll 16
        for (int p = 0; p < Panels; ++p) add_products<V>(sums[p][x], one, weights[p]);
      }
      panel += V::lanes * V::depth;
#pragma GCC unroll 16
      for (int x = 0; x < pointers; ++x) elements[x] += V::depth;
    }
  }
  const auto store = [&](int p) {
    const std::int32_t first = first_channel + p * V::lanes;
    store_panel<V>(sums[p], groups[p], range, outputs, pixels, first, channels - first);
  };
  if constexpr (Panels % 2 == 0 && requires { &V::store_two; }) {
#pragma GCC unroll 16
    for (int p = 0; p < Panels; p += 2) {
      const std::int32_t first = first_channel + p * V::lanes;
      if (channels - first >= 2 * V::lanes && groups[p].simple != 0 && groups[p + 1].simple != 0) {
        store_two_panels<V>(sums[p], sums[p + 1], groups + p, range, outputs, pixels, first);
      } else {
        store(p);
        store(p + 1);
      }
    }
  } else {
#pragma GCC unroll 16
    for (int p = 0; p < Panels; ++p) store(p);
  }
}

/// Where the patch of a single pixel is made.
template <typename V>
struct single_patch {
  single_patch(const convolution_parameters& p, const std::int8_t* weights) : lead(V::row_lead(weights, p.patch)) {
    const std::int32_t end = lead + p.patch;
    V::fill(elements, 0, lead);
    V::fill(elements + end, 0, round_up(end, V::row_step) - end);
  }
  std::int32_t lead;
  alignas(64) typename V::element elements[patch_bytes / sizeof(typename V::element)];
};

/// One pixel, whose patch is there: no panels, each channel's weights are multiplied where they are.
template <typename V>
INLAY_NEVER_INLINE void multiply_pixel(const typename V::element* patch, const convolution_parameters& p,
                                       const typename V::group* groups, const std::int8_t* weights,
                                       std::int8_t* output) {
  const output_range range = p.range;
  const std::int32_t channels = p.output_channels, depth = p.patch;
  typename V::requantiser requantise(*groups);
  for (std::int32_t first = 0; first < channels; first += V::lanes, ++groups) {
    const std::int32_t rest = channels - first;
    const typename V::sums sums =
        V::add(V::load(groups->bias), V::multiply_rows(patch, weights, depth, first, channels));
    if (groups->repeats == 0) requantise = typename V::requantiser(*groups);
    const typename V::sums outputs = groups->simple != 0 ? requantise(sums) : V::requantise_any(sums, *groups);
    V::store_outputs(output + first, outputs, range, rest < V::lanes ? rest : V::lanes);
  }
}

/// A panel of the weights of output channels first … first + count − 1, in runs that are padded to whole steps.
template <typename V>
void pack_panel(const convolution_parameters& p, std::int32_t runs, const std::int8_t* weights, std::int32_t first,
                std::int32_t count, typename V::weight* panel) {
  const std::int32_t run = p.patch / runs;
  const std::int32_t padded = round_up(run, V::depth);
  for (std::int32_t i = 0; i < runs; ++i, panel += padded * V::lanes) {
    if (!p.weights_by_tap) {
      V::pack(panel, weights + first * p.patch + i * run, p.patch, count, run);
      continue;
    }
    for (std::int32_t k = 0; k < padded; ++k)
      for (std::int32_t c = 0; c < V::lanes; ++c)
        panel[(k / V::depth * V::lanes + c) * V::depth + k % V::depth] =
            k < run && c < count ? weights[(i * run + k) * p.output_channels + first + c] : typename V::weight{0};
  }
}

/// Calls make(panels, first channel, packed panels' channels' end) for a few panels at a time.
template <typename V, typename Function>
void for_each_chunk(const convolution_parameters& p, std::int32_t runs, const std::int8_t* weights, Function make) {
  constexpr std::int32_t panel_weights = panel_bytes / static_cast<std::int32_t>(sizeof(typename V::weight));
  alignas(64) typename V::weight panels[static_cast<std::size_t>(panel_weights)];
  const std::int32_t panel_pitch = runs * round_up(p.patch / runs, V::depth) * V::lanes;
  // Whole blocks, if a block fits.
  const std::int32_t fitting = panel_weights / panel_pitch;
  const std::int32_t most = fitting < V::block_panels ? fitting : fitting - fitting % V::block_panels;
  for (std::int32_t first = 0; first < p.output_channels;) {
    const std::int32_t chunk = first;
    std::int32_t made = 0;
    for (; made < most && first < p.output_channels; ++made, first += V::lanes) {
      const std::int32_t rest = p.output_channels - first;
      pack_panel<V>(p, runs, weights, first, rest < V::lanes ? rest : V::lanes, panels + made * panel_pitch);
    }
    make(panels, panel_pitch, made, chunk);
  }
}

/// A chunk of panels with pixels whose elements are there.
template <typename V>
void multiply_pixels(const convolution_parameters& p, const typename V::group* groups, const typename V::weight* panels,
                     std::int32_t panel_pitch, std::int32_t made, std::int32_t chunk, element_runs<V> from,
                     std::int8_t* const* outputs, std::int32_t pixels) {
  const auto multiply = [&]<int Panels>(std::integral_constant<int, Panels>, std::int32_t panel) {
    constexpr int block_pixels = V::block_pixels(Panels);
    from.offset = 0;
    for (std::int32_t x = 0; x < pixels; x += block_pixels, from.offset += block_pixels * from.pitch)
      multiply_block<V, Panels, block_pixels>(from, panels + panel * panel_pitch, panel_pitch,
                                              groups + chunk / V::lanes + panel, p.range, outputs + x, pixels - x,
                                              chunk + panel * V::lanes, p.output_channels);
  };
  std::int32_t panel = 0;
  for (; panel + V::block_panels <= made; panel += V::block_panels)
    multiply(std::integral_constant<int, V::block_panels>{}, panel);
  if constexpr (V::block_panels > 2)
    for (; panel + 2 <= made; panel += 2) multiply(std::integral_constant<int, 2>{}, panel);
  for (; panel < made; ++panel) multiply(std::integral_constant<int, 1>{}, panel);
}

/// All pixels of a region by their patches.
template <typename V>
INLAY_NEVER_INLINE void convolve_patches(const convolution_parameters& p, const typename V::group* groups,
                                         const map_view<std::int8_t>& output, const region& r,
                                         const map_view<const std::int8_t>& input, const std::int8_t* weights) {
  constexpr std::int32_t patch_elements = patch_bytes / static_cast<std::int32_t>(sizeof(typename V::element));
  alignas(64) typename V::element elements[static_cast<std::size_t>(patch_elements)];
  std::int8_t* outputs[most_pixels];
  const std::int32_t pitch = round_up(p.patch, V::depth);
  const std::int32_t pixels = (r.end_row - r.first_row) * (r.end_column - r.first_column);
  const std::int32_t fitting = patch_elements / pitch < most_pixels ? patch_elements / pitch : most_pixels;
  const std::int32_t at_once = fitting >= whole_blocks ? fitting - fitting % whole_blocks : few_whole_blocks;
  for_each_chunk<V>(
      p, 1, weights,
      [&](const typename V::weight* panels, std::int32_t panel_pitch, std::int32_t made, std::int32_t chunk) {
        patches<V> patch(p, input, output, r);
        for (std::int32_t done = 0; done < pixels; done += at_once) {
          const std::int32_t some = pixels - done < at_once ? pixels - done : at_once;
          patch.next(elements, outputs, some);
          const typename V::element* run = elements;
          multiply_pixels<V>(p, groups, panels, panel_pitch, made, chunk, {&run, 1, pitch / V::depth, 0, pitch},
                             outputs, some);
        }
      });
}

/// All pixels of a region row by row: with few channels, patches are not worth making. A row of the kernel is a run of
/// a row of the map.
template <typename V>
INLAY_NEVER_INLINE void convolve_rows(const convolution_parameters& p, const typename V::group* groups,
                                      const map_view<std::int8_t>& output, const region& r,
                                      const map_view<const std::int8_t>& input, const std::int8_t* weights) {
  alignas(64) typename V::element memory[tile_bytes / sizeof(typename V::element)];
  std::int8_t* outputs[most_pixels];
  const window2d& w = p.window;
  const std::int32_t steps = (w.kernel.width * p.input_channels + V::depth - 1) / V::depth;
  for_each_chunk<V>(
      p, w.kernel.height, weights,
      [&](const typename V::weight* panels, std::int32_t panel_pitch, std::int32_t made, std::int32_t chunk) {
        for (std::int32_t x = r.first_column; x < r.end_column; x += most_pixels) {
          const std::int32_t columns = r.end_column - x < most_pixels ? r.end_column - x : most_pixels;
          input_tile<V> tile(w, {p.input_height, p.input_width}, p.input_zero_point, input,
                             input_tile<V>::columns_of(w, x, x + columns, 1, 0, p.input_channels), r.first_row, memory);
          tile.make(r.first_row);
          for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
            if (y + 1 < r.end_row) tile.make(y + 1);
            const typename V::element* runs[most_kernel_rows];
            for (std::int32_t ky = 0; ky < w.kernel.height; ++ky)
              runs[ky] = tile.row(y * w.stride.height - w.padding.top + ky * w.dilation.height);
            std::int8_t* out = output.pixel(y, x);
            for (std::int32_t i = 0; i < columns; ++i, out += output.pixel_pitch) outputs[i] = out;
            multiply_pixels<V>(p, groups, panels, panel_pitch, made, chunk,
                               {runs, w.kernel.height, steps, 0, w.stride.width * p.input_channels}, outputs, columns);
          }
        }
      });
}

/// Whether a region goes row by row: not where patches are long, or rows leave much of their last block unused.
template <typename V>
constexpr bool goes_by_rows(const convolution_parameters& p, std::int32_t columns) {
  const window2d& w = p.window;
  constexpr std::int32_t most_run = 128, always_run = 16;
  const std::int32_t run = w.kernel.width * p.input_channels;
  const std::int32_t panels = (p.output_channels + V::lanes - 1) / V::lanes;
  const std::int32_t in_blocks =
      round_up(columns, V::block_pixels(panels < V::block_panels ? panels : V::block_panels));
  if (run > most_run || (run > always_run && 8 * in_blocks > 9 * columns)) return false;
  const std::int32_t at_once = columns < most_pixels ? columns : most_pixels;
  const std::int64_t row =
      std::int64_t{input_tile<V>::columns_of(w, 0, at_once, 1, 0, 1).phase_columns()} * p.input_channels;
  const std::int64_t beyond = std::int64_t{most_block_pixels} * w.stride.width * p.input_channels + run + V::depth;
  const auto element_bytes = static_cast<std::int32_t>(sizeof(typename V::element));
  const auto weight_bytes = static_cast<std::int32_t>(sizeof(typename V::weight));
  return !p.reads_pixels() && w.dilation.width == 1 &&
         (input_tile<V>::ring_rows(w) * row + beyond) * element_bytes <= tile_bytes &&
         w.kernel.height * round_up(run, V::depth) * V::lanes * weight_bytes <= panel_bytes;
}

template <typename V>
void convolve(const convolution_parameters& p, const typename V::group* table, const map_view<std::int8_t>& output,
              const region& r, const map_view<const std::int8_t>& input, const std::int8_t* weights) {
  if (goes_by_rows<V>(p, r.end_column - r.first_column))
    convolve_rows<V>(p, table, output, r, input, weights);
  else
    convolve_patches<V>(p, table, output, r, input, weights);
}

/// Pixels of a region for which panels are not worth making.
inline constexpr std::int32_t few_pixels = 2;

/// Whether patches and a panel fit the stack's buffers.
template <typename V>
constexpr bool fits_buffers(std::int32_t patch) {
  const std::int32_t padded = round_up(patch, V::row_step);
  const auto element_bytes = static_cast<std::int32_t>(sizeof(typename V::element));
  const auto weight_bytes = static_cast<std::int32_t>(sizeof(typename V::weight));
  return padded * element_bytes * most_block_pixels <= patch_bytes && padded * weight_bytes * V::lanes <= panel_bytes;
}
/// The same for a layer, of which a few pixels need a patch only.
template <typename V>
constexpr bool fits_buffers(graph_view g, const layer& l) {
  const std::int32_t patch = weights_per_channel(g, l);
  const shape& out = g.output_of(l).extents;
  if (out.elements() / out.channels() > few_pixels) return fits_buffers<V>(patch);
  const std::int32_t needed = round_up(patch, V::row_step) + V::row_step;  // some before the first
  return needed <= patch_bytes / static_cast<std::int32_t>(sizeof(typename V::element));
}

/// Table: the constants of the output channels in groups of lanes.
template <typename V>
struct lane_table {
  using table_entry = typename V::group;
  static constexpr std::int32_t excess(graph_view g, const layer& l) {
    return g.input_of(l).quant.zero_point + V::element_offset;
  }
  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    return (channel_table::table_size(g, l) + V::lanes - 1) / V::lanes;
  }
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte*, const channel_constants* constants,
                                   const std::int32_t* weight_sums, table_entry* table) {
    const std::int32_t channels = channel_table::table_size(g, l);
    const std::int32_t depth = weights_per_channel(g, l);
    const std::int32_t too_much = excess(g, l);
    for (std::int32_t c = 0; c < channels; ++c)
      set_lane(table[c / V::lanes], c % V::lanes, constants[c], depth, too_much * weight_sums[c],
               g.output_of(l).quant.zero_point);
    for (std::int32_t i = 1; i < table_size(g, l); ++i) table[i].repeats = repeats(table[i], table[i - 1]);
  }
};

template <typename V>
struct vector_convolution : lane_table<V> {
  using parameters = convolution_parameters;
  struct spec {};
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
  static constexpr parameters prepare(graph_view g, const layer& l) { return prepare_convolution(g, l); }
  static constexpr bool accepts(graph_view g, const layer& l) {
    const shape& weights = g.input_of(l, 1).extents;
    return weights.channels() == g.input_of(l).extents.channels() && l.window.kernel.height <= most_kernel_rows &&
           fits_buffers<V>(g, l);
  }

  template <spec>
  static void run(const parameters& p, const typename V::group* table, const map_view<std::int8_t>& output,
                  const region& r, const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    if ((r.end_row - r.first_row) * (r.end_column - r.first_column) <= few_pixels)
      run_pixels(p, table, output, r, input, weights);
    else
      convolve<V>(p, table, output, r, input, weights);
  }

 private:
  INLAY_NEVER_INLINE static void run_pixels(const parameters& p, const typename V::group* table,
                                            const map_view<std::int8_t>& output, const region& r,
                                            const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    patches<V> next(p, input, output, r);
    single_patch<V> patch(p, weights);
    const std::int32_t pixels = (r.end_row - r.first_row) * (r.end_column - r.first_column);
    for (std::int32_t i = 0; i < pixels; ++i) {
      std::int8_t* out;
      next.next(patch.elements + patch.lead, &out, 1);
      multiply_pixel<V>(patch.elements, p, table, weights, out);
    }
  }
};

/// Rows are pixels of a 1×1 convolution.
template <typename V>
struct vector_fully_connected : lane_table<V> {
  struct parameters : convolution_parameters {
    std::int32_t rows = 1;
  };
  struct spec {};
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
  static constexpr parameters prepare(graph_view g, const layer& l) {
    parameters p{prepare_convolution(g, l)};
    const shape& weights = g.input_of(l, 1).extents;
    p.rows = g.input_of(l).extents.elements() / weights[1];
    p.input_height = 1;
    p.input_width = p.rows;
    p.input_channels = weights[1];
    p.output_channels = weights[0];
    p.window = {};
    return p;
  }
  static constexpr bool accepts(graph_view g, const layer& l) { return fits_buffers<V>(g, l); }

  template <spec>
  static void run_whole(const parameters& p, const typename V::group* table, std::int8_t* output,
                        const std::int8_t* input, const std::int8_t* weights) {
    if (p.rows == 1) return run_row(p, table, output, input, weights);
    const map_view<std::int8_t> to{output, p.output_channels, p.rows * p.output_channels, 1, 0};
    const map_view<const std::int8_t> from{input, p.input_channels, p.rows * p.input_channels, 1, 0};
    vector_convolution<V>::template run<typename vector_convolution<V>::spec{}>(p, table, to, {0, 1, 0, p.rows}, from,
                                                                                weights);
  }

 private:
  INLAY_NEVER_INLINE static void run_row(const parameters& p, const typename V::group* table, std::int8_t* output,
                                         const std::int8_t* input, const std::int8_t* weights) {
    single_patch<V> patch(p, weights);
    typename V::run(p.patch).copy(patch.elements + patch.lead, input);
    multiply_pixel<V>(patch.elements, p, table, weights, output);
  }
};

}  // namespace inlay::detail
