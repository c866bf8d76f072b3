// Inlay: reference kernels of CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/fixed_point.hpp>
#include <inlay/kernels/kernel.hpp>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI::detail {

/// What one output channel needs after its sum.
struct channel_constants {
  std::int32_t bias = 0;
  fixed_multiplier multiplier{};
};

/// The table of a layer with weights, one entry an output channel.
/// PopulateConvolutionQuantizationParams of tensorflow/lite/kernels/kernel_util.cc: the product in double.
struct channel_table {
  using table_entry = channel_constants;

  static constexpr std::int32_t table_size(graph_view g, const layer& l) {
    const shape& weights = g.input_of(l, 1).extents;
    return l.kind == layer_kind::depthwise_conv2d ? weights.channels() : weights[0];
  }

  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte* model, channel_constants* table) {
    const quantization& weights = g.input_of(l, 1).quant;
    const float input_scale = g.input_of(l).quant.scale;
    const float output_scale = g.output_of(l).quant.scale;
    const std::int32_t channels = table_size(g, l);
    for (std::int32_t c = 0; c < channels; ++c) {
      if (c == 0 || weights.channels > 1) {
        const float weight_scale = read_float(model, weights.scales_at + 4 * static_cast<std::uint32_t>(c));
        table[c].multiplier =
            quantize_multiplier(as_double(input_scale) * as_double(weight_scale) / as_double(output_scale));
      } else {
        table[c].multiplier = table[0].multiplier;
      }
      table[c].bias =
          g.has_input(l, 2) ? read_int32(model, g.input_of(l, 2).data_at + 4 * static_cast<std::uint32_t>(c)) : 0;
    }
  }
};

/// Sizes and constants of a window over a map.
struct window_parameters {
  std::int32_t input_height = 0, input_width = 0, input_channels = 0;
  std::int32_t output_height = 0, output_width = 0, output_channels = 0;
  window2d window{};
  std::int32_t input_zero_point = 0, output_zero_point = 0;
  stored_range range{};
};

constexpr window_parameters prepare_window(graph_view g, const layer& l) {
  const tensor& in = g.input_of(l);
  const tensor& out = g.output_of(l);
  return {in.extents.height(),
          in.extents.width(),
          in.extents.channels(),
          out.extents.height(),
          out.extents.width(),
          out.extents.channels(),
          l.window,
          in.quant.zero_point,
          out.quant.zero_point,
          activation_range(l.clamp, out.quant)};
}

constexpr std::int8_t finish(std::int32_t sum, const channel_constants& c, const window_parameters& p) {
  return p.range.clamp(wrapping_add(multiply(wrapping_add(sum, c.bias), c.multiplier), p.output_zero_point));
}

/// tensorflow/lite/kernels/internal/reference/integer_ops/conv.h: ConvPerChannel.
/// Input [h, w, c], weights [out, kh, kw, c / groups], output [h', w', out].
template <>
struct reference_kernel<layer_kind::conv2d> : channel_table {
  struct parameters : window_parameters {
    std::int32_t group_channels = 0;  // input channels that one output channel reads
    std::int32_t group_outputs = 0;   // output channels that read the same input channels
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    parameters p{prepare_window(g, l)};
    p.group_channels = g.input_of(l, 1).extents.channels();
    p.group_outputs = p.output_channels / (p.input_channels / p.group_channels);
    return p;
  }

  template <typename Input, typename Byte>
  static constexpr void run(const parameters& p, const channel_constants* table, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const Input>& input, const Byte* weights) {
    const window2d& w = p.window;
    const std::int32_t filter_elements = w.kernel.height * w.kernel.width * p.group_channels;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        std::int8_t* out = output.pixel(y, x);
        for (std::int32_t c = 0; c < p.output_channels; ++c) {
          const std::int32_t first_channel = c / p.group_outputs * p.group_channels;
          std::int32_t sum = 0;
          for (std::int32_t ky = 0; ky < w.kernel.height; ++ky) {
            const std::int32_t iy = y * w.stride.height - w.padding.top + ky * w.dilation.height;
            if (iy < 0 || iy >= p.input_height) continue;
            for (std::int32_t kx = 0; kx < w.kernel.width; ++kx) {
              const std::int32_t ix = x * w.stride.width - w.padding.left + kx * w.dilation.width;
              if (ix < 0 || ix >= p.input_width) continue;
              const Input* pixel = input.pixel(iy, ix) + first_channel;
              const Byte* filter = weights + c * filter_elements + (ky * w.kernel.width + kx) * p.group_channels;
              for (std::int32_t i = 0; i < p.group_channels; ++i)
                sum = wrapping_add(sum, (as_int8(pixel[i]) - p.input_zero_point) * as_int8(filter[i]));
            }
          }
          out[c] = finish(sum, table[c], p);
        }
      }
    }
  }
};

/// tensorflow/lite/kernels/internal/reference/integer_ops/depthwise_conv.h: DepthwiseConvPerChannel.
/// Input [h, w, c], weights [kh, kw, c × multiplier], output [h', w', c × multiplier].
template <>
struct reference_kernel<layer_kind::depthwise_conv2d> : channel_table {
  struct parameters : window_parameters {
    std::int32_t multiplier = 1;  // output channels for each input channel
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    parameters p{prepare_window(g, l)};
    p.multiplier = p.output_channels / p.input_channels;
    return p;
  }

  template <typename Input, typename Byte>
  static constexpr std::int8_t element(const parameters& p, const channel_constants* table,
                                       const map_view<Input>& input, const Byte* weights, std::int32_t y,
                                       std::int32_t x, std::int32_t c) {
    const window2d& w = p.window;
    std::int32_t sum = 0;
    for (std::int32_t ky = 0; ky < w.kernel.height; ++ky) {
      const std::int32_t iy = y * w.stride.height - w.padding.top + ky * w.dilation.height;
      if (iy < 0 || iy >= p.input_height) continue;
      for (std::int32_t kx = 0; kx < w.kernel.width; ++kx) {
        const std::int32_t ix = x * w.stride.width - w.padding.left + kx * w.dilation.width;
        if (ix < 0 || ix >= p.input_width) continue;
        const std::int32_t value = as_int8(input.pixel(iy, ix)[c / p.multiplier]);
        const std::int32_t weight = as_int8(weights[(ky * w.kernel.width + kx) * p.output_channels + c]);
        sum = wrapping_add(sum, (value - p.input_zero_point) * weight);
      }
    }
    return finish(sum, table[c], p);
  }

  template <typename Input, typename Byte>
  static constexpr void run(const parameters& p, const channel_constants* table, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const Input>& input, const Byte* weights) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        std::int8_t* out = output.pixel(y, x);
        for (std::int32_t c = 0; c < p.output_channels; ++c) out[c] = element(p, table, input, weights, y, x, c);
      }
  }
};

/// tensorflow/lite/kernels/internal/reference/integer_ops/transpose_conv.h: TransposeConv. There each input pixel is
/// spread over a window of the output; here each output pixel collects its share of the same sums.
/// Input [h, w, c], weights [out, kh, kw, c], output [h', w', out].
template <>
struct reference_kernel<layer_kind::transpose_conv2d> : channel_table {
  using parameters = window_parameters;
  static constexpr parameters prepare(graph_view g, const layer& l) { return prepare_window(g, l); }

  template <typename Input, typename Byte>
  static constexpr void run(const parameters& p, const channel_constants* table, const map_view<std::int8_t>& output,
                            const region& r, const map_view<const Input>& input, const Byte* weights) {
    const window2d& w = p.window;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      for (std::int32_t x = r.first_column; x < r.end_column; ++x) {
        std::int8_t* out = output.pixel(y, x);
        for (std::int32_t c = 0; c < p.output_channels; ++c) {
          std::int32_t sum = 0;
          for (std::int32_t ky = 0; ky < w.kernel.height; ++ky) {
            const std::int32_t iy = source(y + w.padding.top - ky, w.stride.height, p.input_height);
            if (iy < 0) continue;
            for (std::int32_t kx = 0; kx < w.kernel.width; ++kx) {
              const std::int32_t ix = source(x + w.padding.left - kx, w.stride.width, p.input_width);
              if (ix < 0) continue;
              const Input* pixel = input.pixel(iy, ix);
              const Byte* filter = weights + ((c * w.kernel.height + ky) * w.kernel.width + kx) * p.input_channels;
              for (std::int32_t i = 0; i < p.input_channels; ++i)
                sum = wrapping_add(sum, (as_int8(pixel[i]) - p.input_zero_point) * as_int8(filter[i]));
            }
          }
          out[c] = finish(sum, table[c], p);
        }
      }
    }
  }

 private:
  /// The input pixel whose window starts so many pixels down the output; −1 if none does.
  static constexpr std::int32_t source(std::int32_t start, std::int32_t stride, std::int32_t extent) {
    return start >= 0 && start % stride == 0 && start / stride < extent ? start / stride : -1;
  }
};

/// Whether sums over a map start with this part of a row.
constexpr bool starts(const region& row) { return row.first_row == 0 && row.first_column == 0; }

/// Adds to a sum of four bytes, unless this is the first addend; returns what it is now.
constexpr std::int32_t add_to_sum(std::int8_t* stored, std::int32_t added, bool is_first) {
  const std::int32_t sum = is_first ? added : wrapping_add(added, read_int32(stored, 0));
  for (std::int32_t i = 0; i < 4; ++i) stored[i] = static_cast<std::int8_t>(sum >> 8 * i & 0xff);
  return sum;
}

/// tensorflow/lite/kernels/internal/reference/integer_ops/fully_connected.h.
/// Input [rows, depth], weights [units, depth], output [rows, units].
///
/// One row can also be given as the map that it is, a part of a row of that after the other.
template <>
struct reference_kernel<layer_kind::fully_connected> : channel_table {
  struct parameters : window_parameters {
    std::int32_t rows = 1;
    std::int32_t depth = 0;
    std::int32_t weights_zero_point = 0;
    std::int32_t map_rows = 1, map_columns = 1;  // of the map that the input is, or is a reshaped view of
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    parameters p{prepare_window(g, l)};
    p.depth = g.input_of(l, 1).extents[1];
    p.output_channels = g.input_of(l, 1).extents[0];
    p.rows = g.input_of(l).extents.elements() / p.depth;
    p.weights_zero_point = g.input_of(l, 1).quant.zero_point;
    const tensor& input = g.input_of(l);
    const shape& map = input.is_constant() ? input.extents : g.tensors[input.storage].extents;
    p.map_rows = detail::map_rows(map);
    p.map_columns = map.width();
    return p;
  }

  template <typename Input, typename Byte>
  static constexpr void run_whole(const parameters& p, const channel_constants* table, std::int8_t* output,
                                  const Input* input, const Byte* weights) {
    for (std::int32_t row = 0; row < p.rows; ++row)
      for (std::int32_t c = 0; c < p.output_channels; ++c)
        *output++ = finish(sum_of(p, input + row * p.depth, weights + c * p.depth, p.depth), table[c], p);
  }

  /// The last part of the last row makes the output.
  template <typename Input, typename Byte>
  static constexpr void accumulate(const parameters& p, const channel_constants* table, std::int8_t* output,
                                   std::int8_t* sums, const region& row, const map_view<const Input>& input,
                                   const Byte* weights) {
    const std::int32_t channels = p.depth / (p.map_rows * p.map_columns);
    const std::int32_t first = (row.first_row * p.map_columns + row.first_column) * channels;
    const std::int32_t elements = (row.end_column - row.first_column) * channels;
    const Input* from = input.pixel(row.first_row, row.first_column);
    const bool ends = row.end_row == p.map_rows && row.end_column == p.map_columns;
    for (std::int32_t c = 0; c < p.output_channels; ++c) {
      const std::int32_t added = sum_of(p, from, weights + c * p.depth + first, elements);
      const std::int32_t sum = add_to_sum(sums + 4 * c, added, starts(row));
      if (ends) output[c] = finish(sum, table[c], p);
    }
  }

 private:
  template <typename Input, typename Byte>
  static constexpr std::int32_t sum_of(const parameters& p, const Input* input, const Byte* weights,
                                       std::int32_t elements) {
    std::int32_t sum = 0;
    for (std::int32_t i = 0; i < elements; ++i)
      sum = wrapping_add(sum, (as_int8(input[i]) - p.input_zero_point) * (as_int8(weights[i]) - p.weights_zero_point));
    return sum;
  }
};

/// With weights that have a zero point, which faster kernels of the other do not know.
template <>
struct reference_kernel<layer_kind::asymmetric_fully_connected> : reference_kernel<layer_kind::fully_connected> {};

}  // namespace inlay::detail

INLAY_END_EXACT_FLOATS
