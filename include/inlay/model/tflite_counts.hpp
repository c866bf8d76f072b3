// Inlay: how much storage the graph of a .tflite file needs.
#pragma once

#include <inlay/config.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/model/flatbuffer.hpp>
#include <inlay/model/limits.hpp>
#include <inlay/model/operators.hpp>
#include <inlay/model/tflite_schema.hpp>
#include <inlay/model/tflite_tables.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// A tensor that must be copied to be an output.
constexpr bool is_caller_or_constant(tflite_tables& r, std::int32_t index) {
  for (std::uint32_t i = 0; i < r.inputs.count; ++i)
    if (r.file.i32(r.inputs.at + 4 * i) == index) return true;
  return r.is_tensor(index) && r.file.vector(r.buffer_of(index), schema::data, 1).count != 0;
}

/// The samples of an operator's first result, where there are several that it can have.
constexpr std::int32_t samples_of(tflite_tables& r, flatbuffer_vector made) {
  const std::int32_t index = made.count > 0 ? r.file.i32(made.at) : -1;
  if (!r.is_tensor(index)) return 0;
  const flatbuffer_vector extents =
      r.file.vector(r.file.table_in(r.tensors, static_cast<std::uint32_t>(index)), schema::extents, 4);
  const std::int32_t count = extents.count == 4 ? r.file.i32(extents.at) : 0;
  return count > 1 && count <= most_samples ? count : 0;
}

/// Layers and tensors that an operator needs beyond one layer for each of its operands and results.
constexpr graph_counts added_by(tflite_tables& r, flatbuffer_table table, std::uint64_t read, std::uint64_t made) {
  const auto operand_count = static_cast<std::int32_t>(read < most_layers ? read : most_layers);
  const auto result_count = static_cast<std::int32_t>(made < most_layers ? made : most_layers);
  switch (r.op) {
    case tflite_operator::pack:
    case tflite_operator::concatenation:
    case tflite_operator::add_n: return {operand_count + 1, operand_count, 0, 0};
    case tflite_operator::unpack: return {result_count, result_count, 0, 0};
    case tflite_operator::batch_to_space_nd: return {4, 1, 0, 0};
    case tflite_operator::space_to_batch_nd:
    case tflite_operator::select_v2: return {2, 0, 0, 0};
    case tflite_operator::arg_max:
    case tflite_operator::arg_min:
    case tflite_operator::strided_slice:
    case tflite_operator::quantize:
    case tflite_operator::reshape:
    case tflite_operator::squeeze:
    case tflite_operator::expand_dims:
    case tflite_operator::transpose: return {1, 0, 0, 0};
    case tflite_operator::conv_2d:
    case tflite_operator::depthwise_conv_2d:
    case tflite_operator::transpose_conv:
    case tflite_operator::average_pool_2d:
    case tflite_operator::max_pool_2d:
    case tflite_operator::depth_to_space:
    case tflite_operator::space_to_depth:
    case tflite_operator::resize_nearest_neighbor:
    case tflite_operator::resize_bilinear: {
      const std::int32_t count = samples_of(r, r.file.vector(table, schema::results, 4));
      return {2 * count, 3 * count, 0, 0};
    }
    default: return {};
  }
}

/// Storage that the graph needs; call after open().
constexpr graph_counts count_graph(tflite_tables& r) {
  std::uint64_t layer_count = 0, tensor_count = r.tensors.count;
  // Tables and vectors may be shared, so there is no bound to these sums but one of their own.
  for (std::uint32_t i = 0; i < r.operators.count && layer_count <= most_layers; ++i) {
    const flatbuffer_table table = r.file.table_in(r.operators, i);
    // An operator becomes at most one layer for each of its operands or results.
    const std::uint64_t read = r.file.vector(table, schema::operands, 4).count;
    const std::uint64_t made = r.file.vector(table, schema::results, 4).count;
    layer_count += read + made;
    r.read_code(table);
    const graph_counts more = added_by(r, table, read, made);
    layer_count += static_cast<std::uint64_t>(more.layers);
    tensor_count += static_cast<std::uint64_t>(more.tensors);
  }
  for (std::uint32_t i = 0; i < r.outputs.count; ++i)
    if (is_caller_or_constant(r, r.file.i32(r.outputs.at + 4 * i))) ++layer_count, ++tensor_count;
  if (layer_count > most_layers) layer_count = most_layers + 1;
  return {static_cast<std::int32_t>(tensor_count), static_cast<std::int32_t>(layer_count),
          static_cast<std::int32_t>(r.inputs.count), static_cast<std::int32_t>(r.outputs.count)};
}

}  // namespace detail

}  // namespace inlay
