// Inlay: BATCH_MATMUL becomes a layer.
#pragma once

#include <inlay/config.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/tflite_reader.hpp>

#include <cstdint>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI {

namespace detail {

constexpr bool import_batch_matmul(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const std::int32_t a = r.operand(0), b = r.operand(1), output = r.result(0);
  if (!r.require_int8(a) || !r.require_int8(b) || !r.require_int8(output)) return false;
  constexpr int most_axes = 5;  // of the reference
  for (std::int32_t index : {a, b})
    if (const int rank = r.at(index).extents.rank; rank < 2 || rank > most_axes)
      return r.fail(refusal::rank, index, rank, most_axes);
  const bool a_transposed = r.file.flag(r.options, 0), b_transposed = r.file.flag(r.options, 1);
  const shape& x = r.at(a).extents;
  const shape& y = r.at(b).extents;
  const shape& to = r.at(output).extents;
  const std::int32_t rows = a_transposed ? x.channels() : x.width(), depth = a_transposed ? x.width() : x.channels();
  const std::int32_t columns = b_transposed ? y.width() : y.channels();
  const std::int32_t other_depth = b_transposed ? y.channels() : y.width();
  if (depth != other_depth) return r.fail(refusal::shape, b, other_depth, depth);
  if (to.rank != (x.rank > y.rank ? x.rank : y.rank)) return r.fail(refusal::rank, output, to.rank, x.rank);
  if (to.width() != rows) return r.fail(refusal::shape, output, to.width(), rows);
  if (to.channels() != columns) return r.fail(refusal::shape, output, to.channels(), columns);
  for (int axis = 2; axis < to.rank; ++axis) {
    const std::int32_t m = x.from_innermost(axis), n = y.from_innermost(axis), expected = m > n ? m : n;
    if (m != n && m != 1 && n != 1) return r.fail(refusal::shape, b, n, m);
    if (to.from_innermost(axis) != expected) return r.fail(refusal::shape, output, to.from_innermost(axis), expected);
  }
  layer l = r.make_layer(kind);
  l.inputs[1] = b;
  l.axes = (a_transposed ? 1u : 0u) | (b_transposed ? 2u : 0u);
  return r.require_ratio(r.scale_of(a) * r.scale_of(b) / r.scale_of(output), output) && r.append(l);
}

inline constexpr tflite_importer matrix_importers[]{
    {tflite_operator::batch_matmul, import_batch_matmul, layer_kind::batch_matmul},
};

}  // namespace detail

}  // namespace inlay

INLAY_END_EXACT_FLOATS
