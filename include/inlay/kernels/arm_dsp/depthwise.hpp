// Inlay: DEPTHWISE_CONV_2D for Cortex-M4, M7 and M33.
#pragma once

#include <inlay/kernels/arm_dsp/depthwise_planes.hpp>
#include <inlay/kernels/arm_dsp/depthwise_row.hpp>
#include <inlay/kernels/arm_dsp/widen_planes.hpp>
#include <inlay/kernels/overwrite.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// How many entries biases take, the multipliers, the biases, then the shifts, as scale_table has them. Biases are of
/// 16 bits, two in an entry, where all fit and no channel is uncommon: 7 bytes a channel.
struct depthwise_table : scale_table {
  static constexpr std::int32_t table_size(graph_view g, const layer& l) { return 1 + scale_table::table_size(g, l); }
  static constexpr std::int32_t used_entries(graph_view g, const layer& l, const std::int32_t* table) {
    const std::int32_t channels = channel_table::table_size(g, l);
    return 1 + channels + table[0] + (channels + 3) / 4;
  }

  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte* model, const channel_constants* constants,
                                   const std::int32_t* sums, std::int32_t* table) {
    scale_table::fill_table(g, l, model, constants, sums, table + 1);
    const std::int32_t channels = channel_table::table_size(g, l);
    table[0] = channels;
    std::int32_t* const biases = table + 1 + channels;
    bool narrow = !is_general(table, channels);
    for (std::int32_t c = 0; c < channels; ++c) {
      if (get_byte(biases + channels, c) == constant_shift || table[1 + c] == 0) biases[c] = 0;
      narrow = narrow && biases[c] >= -0x8000 && biases[c] <= 0x7fff;
    }
    if (!narrow) return;
    table[0] = (channels + 1) / 2;
    for (std::int32_t c = 0; c < channels; c += 2) {
      const std::int32_t next = c + 1 < channels ? biases[c + 1] : 0;
      biases[c / 2] = static_cast<std::int32_t>((static_cast<std::uint32_t>(biases[c]) & 0xffff) |
                                                static_cast<std::uint32_t>(next) << 16);
    }
    for (std::int32_t i = 0; i < (channels + 3) / 4; ++i) biases[table[0] + i] = biases[channels + i];
  }

  /// Whether the multipliers or biases of some channels are too large for the short way.
  static constexpr bool is_general(const std::int32_t* table, std::int32_t channels) {
    for (std::int32_t c = 0; c < channels; ++c)
      if (const std::int32_t shift = get_byte(table + 1 + channels + table[0], c); shift < 0 && shift != constant_shift)
        return true;
    return false;
  }
  static std::int32_t multiplier_of(const std::int32_t* table, std::int32_t c) { return table[1 + c]; }
  static std::int32_t bias_of(const std::int32_t* table, std::int32_t channels, std::int32_t c) {
    if (table[0] == channels) return table[1 + channels + c];
    std::int16_t half;
    std::memcpy(&half, reinterpret_cast<const std::int8_t*>(table + 1 + channels) + 2 * c, sizeof half);
    return half;
  }
  static const std::int8_t* shifts(const std::int32_t* table, std::int32_t channels) {
    return reinterpret_cast<const std::int8_t*>(table + 1 + channels + table[0]);
  }
};

}  // namespace inlay::detail::arm_dsp

namespace inlay::inline INLAY_ABI::detail {

/// Square windows of 3, 5 and 7 that are not dilated, over any number of channels with any number of outputs each.
template <>
struct fast_kernel<isa::arm_dsp, layer_kind::depthwise_conv2d> : arm_dsp::depthwise_table {
  struct parameters {
    std::int16_t input_height, input_width, input_channels, channels;
    std::int8_t top, left;  // padding
    std::int8_t row_stride;
    std::int8_t input_zero_point;
    arm_dsp::output_range range;
    arm_dsp::depthwise_window window;
  };
  struct spec {
    arm_dsp::depthwise_window window;
    bool general;         // some channels cannot go the short way
    bool clamped;         // to some of int8
    bool in_place;        // run_over is there
    bool turned;          // and takes less with columns for rows
    bool by_rows;         // there is a faster way for single rows
    bool from_minus_128;  // and all of int8: the outputs
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    const shape& in = g.input_of(l).extents;
    const shape& out = g.output_of(l).extents;
    const window2d& w = l.window;
    const std::int32_t size = w.kernel.width;
    // Some of each window is in the map.
    const auto is_over_map = [size](std::int32_t before, std::int32_t outputs, std::int32_t stride,
                                    std::int32_t extent) {
      return before < size && (outputs - 1) * stride - before < extent;
    };
    return in.height() <= 0x7fff && in.width() <= 0x7fff && out.channels() <= 0x7fff && w.dilation == extent2d{1, 1} &&
           w.kernel.height == size && (size == 3 || size == 5 || size == 7) && w.stride.width <= 2 &&
           w.stride.height <= 0x7f && is_over_map(w.padding.top, out.height(), w.stride.height, in.height()) &&
           is_over_map(w.padding.left, out.width(), w.stride.width, in.width());
  }

  /// For any table.
  static constexpr spec specialise(graph_view g, const layer& l) {
    const bool fits = window_of(l).least_words(g.output_of(l).extents.width()) * 4 <= overwrite_scratch(g, l);
    const arm_dsp::output_range range = arm_dsp::range_of(g, l);
    return {window_of(l),
            true,
            !range.is_whole(),
            fits,
            fits && turns(g, l),
            by_rows(g, l),
            range.is_whole() && range.zero_point == -128};
  }
  static constexpr spec specialise(graph_view g, const layer& l, const table_entry* table) {
    spec s = specialise(g, l);
    s.general = is_general(table, g.output_of(l).extents.channels());
    return s;
  }

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const shape& in = g.input_of(l).extents;
    return {narrow<std::int16_t>(in.height()),
            narrow<std::int16_t>(in.width()),
            narrow<std::int16_t>(in.channels()),
            narrow<std::int16_t>(g.output_of(l).extents.channels()),
            narrow<std::int8_t>(l.window.padding.top),
            narrow<std::int8_t>(l.window.padding.left),
            narrow<std::int8_t>(l.window.stride.height),
            narrow<std::int8_t>(g.input_of(l).quant.zero_point),
            arm_dsp::range_of(g, l),
            window_of(l)};
  }

  template <spec S>
  INLAY_ALWAYS_INLINE static void run(const parameters& p, const table_entry* table,
                                      const map_view<std::int8_t>& output, const region& r,
                                      const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    if constexpr (S.by_rows) {
      make_rows<S.window.stride>(p, table, output, r, input, weights);
      if constexpr (S.general) make_uncommon(p, table, output, r, input, weights);
      if constexpr (S.clamped) clamp_rows(p, output, r);
    } else {
      for (region row = r; row.first_row < r.end_row; ++row.first_row) {
        row.end_row = row.first_row + 1;
        run_all<S>(p, table, output, row, input, weights);
      }
    }
  }

  /// The whole output, which is in memory with all its rows.
  template <spec S>
  INLAY_NEVER_INLINE static void run_all(const parameters& p, const table_entry* table,
                                         const map_view<std::int8_t>& output, const region& r,
                                         const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    constexpr std::int32_t least = S.window.least_words(4), usual = S.window.size == 3 ? 117 : 119;
    constexpr std::int32_t words = least > usual ? least : usual;
    std::int32_t buffer[static_cast<std::size_t>(words)];
    make(p, table, output, r, input, weights, {p.channels, p.window.size * p.channels}, code_of<S>, buffer, words);
    if constexpr (S.clamped) clamp_rows(p, output, r);
  }

  /// Writes the whole output over the input.
  template <spec S>
    requires(S.in_place)
  static void run_over(const parameters& p, const table_entry* table, const map_view<std::int8_t>& map,
                       std::int8_t* scratch, const std::int8_t* weights) {
    if constexpr (S.turned)
      make_turned(p, table, map, scratch, weights, code_of<S>);
    else
      make_over(p, table, map, scratch, weights, code_of<S>);
    if constexpr (S.clamped) clamp_rows(p, map, whole_of(map));
  }

 private:
  static constexpr region whole_of(const map_view<std::int8_t>& map) {
    return {0, map.rows, 0, map.row_pitch / map.pixel_pitch};
  }
  static constexpr bool by_rows(graph_view g, const layer& l) {
    const std::int32_t channels = g.input_of(l).extents.channels();
    return l.window.kernel.width == 3 && channels >= 4 && channels == g.output_of(l).extents.channels();
  }
  static constexpr arm_dsp::depthwise_window window_of(const layer& l) {
    return {narrow<std::int8_t>(l.window.kernel.width), narrow<std::int8_t>(l.window.stride.width)};
  }

  /// From a weight of a channel to the next one's in the window's row, and in the next row.
  struct weight_steps {
    std::int32_t column, row;
  };

  /// Whether a map's columns take less time as rows: those are made four outputs at a time, then two. With the cycles
  /// of both, and of the start of a row.
  static constexpr bool turns(graph_view g, const layer& l) {
    const shape& out = g.output_of(l).extents;
    const auto row_cycles = [](std::int32_t outputs) {
      return outputs / 4 * 74 + (outputs % 4 + 1) / 2 * 52 + 30;
    };
    return l.window.kernel.width == 3 && l.window.stride == extent2d{1, 1} && out == g.input_of(l).extents &&
           out.height() * row_cycles(out.width()) > out.width() * row_cycles(out.height()) &&
           window_of(l).least_words(out.height()) * 4 <= overwrite_scratch(g, l);
  }

  /// How outputs of a window are made; make_uncommon_rows if there are such channels.
  struct window_code {
    arm_dsp::depthwise_function* make_rows;
    decltype(arm_dsp::gather_window<3, true>)* gather;
    void (*make_uncommon_rows)(const parameters& p, const table_entry* table, const std::int8_t* weights,
                               const weight_steps& steps, std::int32_t c, const std::int32_t* plane,
                               const arm_dsp::depthwise_rows& rows, std::int8_t* output);
  };
  INLAY_NEVER_INLINE static void make_over(const parameters& p, const table_entry* table,
                                           const map_view<std::int8_t>& map, std::int8_t* scratch,
                                           const std::int8_t* weights, const window_code& code) {
    const std::int32_t row_bytes = p.input_width * map.pixel_pitch;
    const std::int32_t scratch_rows = p.window.size < p.input_height ? p.window.size : p.input_height;
    make(p, table, map, whole_of(map), {map.data, map.pixel_pitch, row_bytes, p.input_height, 0}, weights,
         {p.channels, p.window.size * p.channels}, code, reinterpret_cast<std::int32_t*>(scratch),
         scratch_rows * row_bytes / 4);
  }
  /// The same with columns for rows.
  INLAY_NEVER_INLINE static void make_turned(parameters p, const table_entry* table, const map_view<std::int8_t>& map,
                                             std::int8_t* scratch, const std::int8_t* weights,
                                             const window_code& code) {
    const std::int32_t rows = p.input_width, columns = p.input_height, row_bytes = rows * map.pixel_pitch;
    const std::int32_t scratch_rows = p.window.size < columns ? p.window.size : columns;
    p.input_height = narrow<std::int16_t>(rows);
    p.input_width = narrow<std::int16_t>(columns);
    std::swap(p.top, p.left);
    const map_view<std::int8_t> turned{map.data, row_bytes, map.pixel_pitch, rows, 0};
    make(p, table, turned, {0, rows, 0, columns}, {map.data, row_bytes, map.pixel_pitch, rows, 0}, weights,
         {p.window.size * p.channels, p.channels}, code, reinterpret_cast<std::int32_t*>(scratch),
         scratch_rows * row_bytes / 4);
  }

  /// Outputs from planes in a buffer of `words`.
  INLAY_SMALL INLAY_NEVER_INLINE static void make(const parameters& p, const table_entry* table,
                                                  const map_view<std::int8_t>& output, const region& r,
                                                  const map_view<const std::int8_t>& input, const std::int8_t* weights,
                                                  const weight_steps& steps, const window_code& code,
                                                  std::int32_t* buffer, std::int32_t words) {
    using namespace arm_dsp;
    const depthwise_window w = p.window;
    const std::int32_t multiplier = p.channels / p.input_channels;
    const bool shared = p.input_channels == 1 || multiplier > 1;  // one plane for all outputs of a channel
    // Rows of the input under all outputs. Those that larger windows leave the map with are not stored.
    std::int32_t all_rows = (r.end_row - r.first_row - 1) * p.row_stride + w.size;
    if (w.size > 3) {
      const std::int32_t top = r.first_row * p.row_stride - p.top;
      if (all_rows > p.input_height - top) all_rows = p.input_height - top;
      if (top < 0) all_rows += top;
    }
    // Two planes are made in less time than one after the other, but weights that are gathered again for each piece
    // of a plane take more.
    words -= w.words_beside();
    const std::int32_t all_words = all_rows * w.plane_row_words(r.end_column - r.first_column);
    const bool twins = !shared && (w.size == 3 || 2 * all_words <= words);
    const std::int32_t plane_words = twins ? words / 2 : words;
    const std::int32_t least_rows = all_rows < w.size ? all_rows : w.size;
    const std::int32_t most_columns = (plane_words / least_rows * 2 - w.size) / w.stride + 1;
    std::int32_t* const scale = buffer + 1 + w.weights_words();
    const std::int8_t* const all_shifts = shifts(table, p.channels);
    std::int32_t* const planes = buffer + w.words_beside();
    depthwise_rows rows;
    rows.output_pitch = output.pixel_pitch;
    rows.output_row_pitch = output.row_pitch;
    rows.stride = p.row_stride;
    rows.input_height = p.input_height;
    for (std::int32_t x = r.first_column; x < r.end_column; x += rows.columns) {
      rows.columns = r.end_column - x < most_columns ? r.end_column - x : most_columns;
      const std::int32_t row_words = w.plane_row_words(rows.columns);
      rows.plane_pitch = 4 * row_words;
      rows.fours_bytes = (rows.columns >> 2) * 8 * w.stride;
      rows.twos_bytes = rows.fours_bytes + ((rows.columns & 3) + 1) / 2 * 4 * w.stride;
      rows.plane_step = rows.stride * rows.plane_pitch - rows.twos_bytes;
      rows.output_step = rows.output_row_pitch - (rows.columns & ~1) * rows.output_pitch;
      std::int32_t plane_rows = plane_words / row_words;
      std::int32_t rows_at_once = (plane_rows - w.size) / rows.stride + 1;
      if (plane_rows >= all_rows) {
        plane_rows = all_rows;
        rows_at_once = r.end_row - r.first_row;
      }
      // Columns of the plane that are in the map.
      const std::int32_t left = x * w.stride - p.left;
      const std::int32_t first_column = left < 0 ? 0 : left;
      const std::int32_t before = first_column - left;
      std::int32_t columns = (rows.columns - 1) * w.stride + w.size - before;
      if (columns > p.input_width - first_column) columns = p.input_width - first_column;
      widening widened;
      widened.pixel_pitch = input.pixel_pitch;
      widened.row_pitch = input.row_pitch;
      widened.odd = before & 1;
      widened.columns = columns - widened.odd;
      widened.beside = (p.input_zero_point & 0xff) * 0x101;
      widened.minus_zero_points = minus_twice(p.input_zero_point);
      const std::int32_t distance = twins ? plane_rows * row_words : 0;  // from a plane to the other
      widened.plane_bytes = 4 * distance;
      widened.row_bytes = rows.plane_pitch;
      scale[3] = rows.output_pitch;
      scale[6] = (rows.columns & 1) != 0 ? 0 : rows.output_pitch;
      std::int32_t* row_end = planes;
      for (std::int32_t i = twins ? 2 * plane_rows : plane_rows; i > 0; --i) {
        std::int32_t* const row = row_end;
        row_end += row_words;
        clear_words(row, row + (before + 1) / 2);
        clear_words(row + (before + columns) / 2, row_end);
      }
      for (std::int32_t made = 0; made < p.channels;) {
        // The last two of an odd number, of which the first one is made already, or just the last one.
        const bool last = twins && made + 1 == p.channels;
        const std::int32_t c = last ? made - 1 : made;
        const std::int32_t first_made = made;
        made = shared ? made + multiplier : twins ? c + 2 : c + 1;
        const std::int32_t from_channel = shared ? first_made / multiplier : c;
        std::int32_t end = 0;  // of the input's rows in the planes
        for (std::int32_t y = r.first_row; y < r.end_row; y += rows.count) {
          rows.count = r.end_row - y < rows_at_once ? r.end_row - y : rows_at_once;
          rows.top = y * rows.stride - p.top;
          const std::int32_t stored = w.size > 3 && rows.top < 0 ? 0 : rows.top;
          std::int32_t row = stored;
          if (y > r.first_row && row < end) {
            // The first ones are the last ones of before.
            const std::int32_t kept = (row - rows.stored) * row_words, kept_end = (end - rows.stored) * row_words;
            move_words(planes + kept, planes + kept_end, planes);
            if (twins) move_words(planes + distance + kept, planes + distance + kept_end, planes + distance);
            row = end;
          }
          rows.stored = stored;
          end = rows.top + (rows.count - 1) * rows.stride + w.size;
          const std::int32_t end_in_map = end < p.input_height ? end : p.input_height;
          if (w.size > 3) end = end_in_map;
          if (first_made == 0 || rows.count < r.end_row - r.first_row) {
            clear_twice(planes + (row - stored) * row_words, -row * row_words, distance);
            clear_twice(planes + (end_in_map - stored) * row_words, (end - end_in_map) * row_words, distance);
          }
          if (row < 0) row = 0;
          while (row < end_in_map) {
            // Until the input's memory wraps.
            const std::int32_t ring_row = row % input.rows;
            std::int32_t count = end_in_map - row;
            if (count > input.rows - ring_row) count = input.rows - ring_row;
            (twins ? widen_channels : widen_channel)(widened, input.pixel(row, first_column) + from_channel, count,
                                                     planes + (row - stored) * row_words + before / 2);
            row += count;
          }
          std::int8_t* const outputs = output.pixel(y, x);
          const std::int32_t* plane = last ? planes + distance : planes;
          for (std::int32_t channel = first_made; channel < made; ++channel, plane += distance) {
            const std::int32_t shift = all_shifts[channel];
            if (twins || shared || y == r.first_row) {
              code.gather(weights + channel, steps.column, steps.row, buffer + 1);
              buffer[0] = bias_of(table, p.channels, channel) << 1;
              fill_scale(multiplier_of(table, channel), shift, 2 * p.range.zero_point + 1, 0, scale);
            }
            if (code.make_uncommon_rows != nullptr && shift < 0 && shift != constant_shift)
              code.make_uncommon_rows(p, table, weights, steps, channel, plane, rows, outputs + channel);
            else
              code.make_rows(buffer, plane, rows, outputs + channel);
          }
        }
      }
    }
  }

  /// Multiplier, rounding and shift, of which instructions take the lowest eight bits; the others are `beside_shift`.
  /// `rounding` is that of a shift of 0.
  INLAY_ALWAYS_INLINE static void fill_scale(std::int32_t multiplier, std::int32_t shift, std::int32_t rounding,
                                             std::int32_t beside_shift, std::int32_t* scale) {
    if (shift >= 0) {
      scale[0] = multiplier;
      scale[1] = rounding << shift;
      scale[2] = beside_shift | shift;
    } else {
      // The same output whatever the sum; right for constant_shift.
      scale[0] = 0;
      scale[1] = 4 * multiplier + 2;
      scale[2] = beside_shift | 1;
    }
  }

  /// Four channels at a time.
  template <std::int32_t Stride>
  INLAY_NEVER_INLINE static void make_rows(const parameters& p, const table_entry* table,
                                           const map_view<std::int8_t>& output, const region& r,
                                           const map_view<const std::int8_t>& input, const std::int8_t* weights) {
    using namespace arm_dsp;
    depthwise_row<Stride> row;
    depthwise_columns<Stride> columns{{},     input.pixel_pitch, output.pixel_pitch, r.first_column, r.end_column,
                                      p.left, p.input_width,     p.input_zero_point};
    const depthwise_parts<Stride> parts(columns);
    row.bias = minus_twice(p.input_zero_point);
    const std::int8_t* const shift = shifts(table, p.channels);
    const std::int32_t rounding = 2 * p.range.zero_point + 1;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      const std::int32_t top = y * p.row_stride - p.top;
      const std::int32_t first_row = top < 0 ? -top : 0;
      const std::int32_t end_row = top + 3 > p.input_height ? p.input_height - top : 3;
      for (int i = 0; i < 3; ++i)
        columns.rows[i] = input.pixel(top + (i < first_row ? first_row : i >= end_row ? end_row - 1 : i), 0);
      std::int8_t* outputs = output.pixel(y, r.first_column);
      for (std::int32_t c = 0;; c = c + 8 <= p.channels ? c + 4 : p.channels - 4) {
        gather_weights<Stride>(weights + c, p.channels, first_row, end_row, row.blocks);
        std::int32_t* block = row.blocks;
        for (int i = 0; i < 4; ++i, block += depthwise_block<Stride>::words) {
          const std::int32_t twice_bias = bias_of(table, p.channels, c + i) << 1;
          for (int sum = 0; sum < depthwise_block<Stride>::weights; ++sum) block[sum] = twice_bias;
          fill_scale(multiplier_of(table, c + i), shift[c + i], rounding, i < 3 ? more_channels : 0,
                     block + depthwise_block<Stride>::scale);
        }
        make_outputs(columns, parts, c, row, outputs + c);
        if (c + 4 >= p.channels) break;
      }
    }
  }

  INLAY_SMALL INLAY_NEVER_INLINE static void clamp_rows(const parameters& p, const map_view<std::int8_t>& output,
                                                        const region& r) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      std::int8_t* outputs = output.pixel(y, r.first_column);
      for (std::int32_t x = r.first_column; x < r.end_column; ++x, outputs += output.pixel_pitch)
        for (std::int32_t c = 0; c < p.channels; ++c)
          outputs[c] = static_cast<std::int8_t>(clamp_between(outputs[c], p.range.low, p.range.high));
    }
  }

  /// Rows of a channel whose multiplier or bias is too large.
  INLAY_SMALL INLAY_NEVER_INLINE static void make_uncommon_rows(const parameters& p, const table_entry* table,
                                                                const std::int8_t* weights, const weight_steps& steps,
                                                                std::int32_t c, const std::int32_t* plane,
                                                                const arm_dsp::depthwise_rows& rows,
                                                                std::int8_t* output) {
    using namespace arm_dsp;
    const depthwise_window w = p.window;
    const std::int32_t bias = bias_of(table, p.channels, c);
    std::int32_t top = rows.top;
    for (std::int32_t y = 0; y < rows.count; ++y, top += rows.stride, output += rows.output_row_pitch)
      for (std::int32_t x = 0; x < rows.columns; ++x) {
        std::int32_t sum = bias;
        for (std::int32_t ky = 0; ky < w.size; ++ky) {
          if (top + ky < 0 || top + ky >= p.input_height) continue;
          const std::int8_t* const row =
              reinterpret_cast<const std::int8_t*>(plane) + (top + ky - rows.stored) * rows.plane_pitch;
          for (std::int32_t kx = 0; kx < w.size; ++kx) {
            std::int16_t value;
            std::memcpy(&value, row + 2 * (x * w.stride + kx), sizeof value);
            sum = wrapping_add(sum, value * weights[ky * steps.row + kx * steps.column + c]);
          }
        }
        output[x * rows.output_pitch] = static_cast<std::int8_t>(
            uncommon_output(sum, multiplier_of(table, c), shifts(table, p.channels)[c], p.range));
      }
  }

  /// The channels whose multipliers or biases are too large, anew.
  INLAY_SMALL INLAY_NEVER_INLINE static void make_uncommon(const parameters& p, const table_entry* table,
                                                           const map_view<std::int8_t>& output, const region& r,
                                                           const map_view<const std::int8_t>& input,
                                                           const std::int8_t* weights) {
    using namespace arm_dsp;
    const depthwise_window w = p.window;
    for (std::int32_t c = 0; c < p.channels; ++c) {
      const std::int32_t shift = shifts(table, p.channels)[c];
      if (shift >= 0 || shift == constant_shift) continue;
      const std::int32_t bias = bias_of(table, p.channels, c);
      for (std::int32_t y = r.first_row; y < r.end_row; ++y)
        for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
          std::int32_t sum = bias;
          for (std::int32_t ky = 0; ky < w.size; ++ky)
            for (std::int32_t kx = 0; kx < w.size; ++kx) {
              const std::int32_t iy = y * p.row_stride - p.top + ky, ix = x * w.stride - p.left + kx;
              if (iy < 0 || iy >= p.input_height || ix < 0 || ix >= p.input_width) continue;
              const std::int32_t value = input.pixel(iy, ix)[c] - p.input_zero_point;
              sum = wrapping_add(sum, value * weights[(ky * w.size + kx) * p.channels + c]);
            }
          output.pixel(y, x)[c] =
              static_cast<std::int8_t>(uncommon_output(sum, multiplier_of(table, c), shift, p.range));
        }
    }
  }

  template <spec S>
  static constexpr window_code code_of{arm_dsp::depthwise_function_of(S.window, S.from_minus_128),
                                       arm_dsp::gather_window<S.window.size, S.window.all_pairs()>,
                                       S.general ? make_uncommon_rows : nullptr};
};

}  // namespace inlay::detail
