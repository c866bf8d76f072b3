// Inlay: operators on the integers between a SHAPE and what it is for.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/tflite_reader.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// Integers that are worked out of shapes and constants: what they make is the extents of another tensor, which that
/// has anyway. They may not depend on what is computed while the network runs.
constexpr bool import_shape_arithmetic(tflite_reader& r, layer_kind) {
  for (std::uint32_t i = 0; i < r.operands.count; ++i)
    if (const std::int32_t t = r.operand(static_cast<int>(i)); t >= 0 && r.op != tflite_operator::shape)
      if (r.is_made_by_layer(t) || r.graph->view().input_position(t) >= 0) return r.fail(refusal::not_constant, t);
  if (r.op == tflite_operator::shape && !r.require_type_option(0)) return false;
  // The reference makes int32 of shapes, and computes with one type at a time.
  const bool converts = r.op == tflite_operator::cast || r.op == tflite_operator::fill;
  if (!converts && r.operand(0) >= 0) {
    const element_type from = r.op == tflite_operator::shape ? element_type::int32 : r.at(r.operand(0)).type;
    if (r.at(r.result(0)).type != from)
      return r.fail(refusal::unsupported_type, r.result(0), static_cast<std::int32_t>(r.at(r.result(0)).type),
                    static_cast<std::int32_t>(from));
  }
  for (std::uint32_t i = 0; i < r.results.count; ++i) {
    const tensor& t = r.at(r.result(static_cast<int>(i)));
    if (t.type != element_type::int32 && t.type != element_type::int64)
      return r.fail(refusal::unsupported_operator, r.result(static_cast<int>(i)));
  }
  return true;
}

inline constexpr tflite_importer shape_importers[]{
    // What this makes is known already: the shapes of the tensors that depend on it.
    {tflite_operator::shape, import_shape_arithmetic, layer_kind::reshape},
};

}  // namespace detail

}  // namespace inlay::inline INLAY_ABI
