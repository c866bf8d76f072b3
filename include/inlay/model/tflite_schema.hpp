// Inlay: field numbers of the tables in TensorFlow Lite's schema, version 3.
#pragma once

#include <inlay/config.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

namespace schema {
enum model : std::uint32_t { version = 0, operator_codes = 1, subgraphs = 2, buffers = 4 };
enum operator_code : std::uint32_t { deprecated_builtin_code = 0, custom_code = 1, builtin_code = 3 };
enum subgraph : std::uint32_t { tensors = 0, inputs = 1, outputs = 2, operators = 3 };
enum tensor : std::uint32_t {
  extents = 0,
  type = 1,
  buffer = 2,
  name = 3,
  quantization = 4,
  is_variable = 5,
  sparsity = 6,
  shape_signature = 7
};
enum quantization_parameters : std::uint32_t { scale = 2, zero_point = 3, quantized_dimension = 6 };
enum operator_ : std::uint32_t { opcode_index = 0, operands = 1, results = 2, options = 4 };
enum buffer : std::uint32_t { data = 0, data_offset = 1 };
enum conv2d : std::uint32_t {
  conv_padding = 0,
  conv_stride_w,
  conv_stride_h,
  conv_activation,
  conv_dilation_w,
  conv_dilation_h,
  conv_bias_type
};
enum depthwise : std::uint32_t {
  dw_padding = 0,
  dw_stride_w,
  dw_stride_h,
  dw_multiplier,
  dw_activation,
  dw_dilation_w,
  dw_dilation_h
};
enum fully_connected : std::uint32_t { fc_activation = 0, fc_weights_format = 1, fc_bias_type = 4 };
enum pool2d : std::uint32_t {
  pool_padding = 0,
  pool_stride_w,
  pool_stride_h,
  pool_kernel_w,
  pool_kernel_h,
  pool_activation
};
enum transpose_conv : std::uint32_t { tc_padding = 0, tc_stride_w, tc_stride_h, tc_activation, tc_bias_type };
enum strided_slice : std::uint32_t { begin_mask = 0, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask, offset };
}  // namespace schema

}  // namespace detail

}  // namespace inlay
