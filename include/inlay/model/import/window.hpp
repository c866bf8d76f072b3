// Inlay: windows, and the pools that have nothing else.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/tflite_reader.hpp>
#include <inlay/model/import/samples.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

constexpr bool read_window(tflite_reader& r, std::int32_t padding, std::int32_t input, std::int32_t output,
                           window2d& window) {
  if (window.stride.height < 1 || window.stride.width < 1 || window.dilation.height < 1 || window.dilation.width < 1 ||
      window.kernel.height < 1 || window.kernel.width < 1 || window.stride.height > most_extent ||
      window.stride.width > most_extent || window.dilation.height > most_extent ||
      window.dilation.width > most_extent || window.kernel.height > most_extent || window.kernel.width > most_extent)
    return r.fail(refusal::option, input, "a window's extents, strides and dilations are 1 to 32768");
  const shape& from = r.at(input).extents;
  const shape& to = r.at(output).extents;
  if (padding == 0) {
    const same_padding rows =
        pad_to_same(from.height(), window.kernel.height, window.stride.height, window.dilation.height);
    const same_padding columns =
        pad_to_same(from.width(), window.kernel.width, window.stride.width, window.dilation.width);
    window.padding = {rows.before, columns.before, rows.after, columns.after};
  } else if (padding != 1) {
    return r.fail(refusal::option, input, padding, 1, "padding is SAME or VALID");
  }
  const std::int32_t height = window_output(from.height(), window.padding.top, window.padding.bottom,
                                            window.kernel.height, window.stride.height, window.dilation.height);
  const std::int32_t width = window_output(from.width(), window.padding.left, window.padding.right, window.kernel.width,
                                           window.stride.width, window.dilation.width);
  if (to.height() != height) return r.fail(refusal::shape, output, to.height(), height);
  if (to.width() != width) return r.fail(refusal::shape, output, to.width(), width);
  return true;
}

constexpr bool import_pool(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(1, 1)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output) || !r.require_rank(input, 4) || !r.require_rank(output, 4) ||
      !r.require_samples(input, output))
    return false;
  if (r.at(input).extents.channels() != r.at(output).extents.channels())
    return r.fail(refusal::shape, output, r.at(output).extents.channels(), r.at(input).extents.channels());
  layer l = r.make_layer(kind);
  l.window.kernel = {r.file.i32_or(r.options, schema::pool_kernel_h, 0),
                     r.file.i32_or(r.options, schema::pool_kernel_w, 0)};
  l.window.stride = {r.file.i32_or(r.options, schema::pool_stride_h, 0),
                     r.file.i32_or(r.options, schema::pool_stride_w, 0)};
  if (l.window.kernel.height > 0 && l.window.kernel.width > most_summed / l.window.kernel.height)
    return r.fail(refusal::too_large, input, -1, most_summed);
  return r.read_activation(r.file.i8_or(r.options, schema::pool_activation, 0), l.clamp) &&
         read_window(r, r.file.i8_or(r.options, schema::pool_padding, 0), input, output, l.window) &&
         append_for_samples(r, l);
}

inline constexpr tflite_importer window_importers[]{
    {tflite_operator::average_pool_2d, import_pool, layer_kind::average_pool2d},
    {tflite_operator::max_pool_2d, import_pool, layer_kind::max_pool2d},
};

}  // namespace detail

}  // namespace inlay
