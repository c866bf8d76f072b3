// Inlay: operators on two tensors, element by element, become layers.
#pragma once

#include <inlay/config.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/tflite_reader.hpp>

#include <cstdint>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI {

namespace detail {

template <typename Reader>
constexpr bool import_pair(Reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const std::int32_t a = r.operand(0), b = r.operand(1), output = r.result(0);
  if (!r.require_int8(a) || !r.require_int8(b) || !r.require_int8(output)) return false;
  const shape& out = r.at(output).extents;
  for (std::int32_t index : {a, b})
    for (int axis = 0; axis < max_rank; ++axis) {
      const std::int32_t extent = r.at(index).extents.from_innermost(axis);
      const std::int32_t expected = out.from_innermost(axis);
      if (extent != 1 && extent != expected) return r.fail(refusal::shape, index, extent, expected);
    }
  for (int axis = 0; axis < max_rank; ++axis) {
    const std::int32_t x = r.at(a).extents.from_innermost(axis), y = r.at(b).extents.from_innermost(axis);
    if ((x > y ? x : y) != out.from_innermost(axis))
      return r.fail(refusal::shape, output, out.from_innermost(axis), x > y ? x : y);
  }
  // Where one input is broadcast, the kernels know three axes.
  for (int axis = 3; axis < max_rank; ++axis)
    if (out.from_innermost(axis) != 1 && r.at(a).extents.elements() != r.at(b).extents.elements())
      return r.fail(refusal::rank, output, out.rank, 3);
  layer l = r.make_layer(kind);
  l.inputs[1] = b;
  const double twice_larger = 2 * (r.scale_of(a) > r.scale_of(b) ? r.scale_of(a) : r.scale_of(b));
  switch (kind) {
    case layer_kind::maximum:
    case layer_kind::minimum: return r.append(l);
    case layer_kind::squared_difference:
      return r.require_ratio(twice_larger * twice_larger / ((1 << 14) * r.scale_of(output)), output) && r.append(l);
    case layer_kind::prelu:
      return r.require_ratio(r.scale_of(a) * r.scale_of(b) / r.scale_of(output), output) && r.append(l);
    case layer_kind::mul:
      if (!r.require_ratio(r.scale_of(a) * r.scale_of(b) / r.scale_of(output), output)) return false;
      break;
    default:
      // The reference rescales the sum, which has 20 more bits, by less than one.
      if (!r.require_ratio(twice_larger / ((1 << 20) * r.scale_of(output)), output, 1.0)) return false;
  }
  return r.read_activation(r.file.i8_or(r.options, 0, 0), l.clamp) && r.append(l);
}

template <typename Reader>
constexpr bool import_prelu(Reader& r, layer_kind kind) {
  return import_pair(r, kind) && r.require_same_elements(r.operand(0), r.result(0)) &&
         r.require_ratio(r.scale_of(r.operand(0)) / r.scale_of(r.result(0)), r.result(0));
}

}  // namespace detail

}  // namespace inlay

INLAY_END_EXACT_FLOATS
