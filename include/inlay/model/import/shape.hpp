// Inlay: operators on the integers between a SHAPE and what it is for.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/tflite_reader.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// Every operand is a part of the result, not one of them only.
constexpr bool joins_operands(tflite_operator op) {
  switch (op) {
    case tflite_operator::add:
    case tflite_operator::sub:
    case tflite_operator::mul:
    case tflite_operator::div:
    case tflite_operator::maximum:
    case tflite_operator::minimum:
    case tflite_operator::squared_difference:
    case tflite_operator::pack:
    case tflite_operator::concatenation: return true;
    default: return false;
  }
}

/// Integers that are worked out of shapes and constants: what they make is the extents of another tensor, which that
/// has anyway. They may not depend on what is computed while the network runs.
constexpr bool import_shape_arithmetic(tflite_reader& r, layer_kind) {
  for (std::uint32_t i = 0; i < r.operands.count; ++i)
    if (const std::int32_t t = r.operand(static_cast<int>(i)); t >= 0 && r.op != tflite_operator::shape)
      if (r.is_made_by_layer(t) || r.graph->view().input_position(t) >= 0) return r.fail(refusal::not_constant, t);
  // The reference makes int32 of shapes and constants, and computes with one type at a time.
  const element_type to = r.at(r.result(0)).type;
  const std::uint32_t first = r.op == tflite_operator::fill ? 1 : 0;
  const std::uint32_t count = r.op == tflite_operator::cast || r.op == tflite_operator::shape ? 0
                              : joins_operands(r.op)                                          ? r.operands.count
                                                                                              : first + 1;
  for (std::uint32_t i = first; i < count; ++i) {
    const std::int32_t t = r.operand(static_cast<int>(i));
    if (t < 0) return r.fail(refusal::operands);
    if (r.at(t).type != to)
      return r.fail(refusal::unsupported_type, t, static_cast<std::int32_t>(r.at(t).type),
                    static_cast<std::int32_t>(to));
  }
  if (to != element_type::int32)
    return r.fail(refusal::unsupported_type, r.result(0), static_cast<std::int32_t>(to),
                  static_cast<std::int32_t>(element_type::int32));
  return true;
}

constexpr bool import_shape(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(1, 1) || !r.require_type_option(0)) return false;
  if (!r.require_rank(r.result(0), 1)) return false;
  const std::int32_t extents = r.at(r.result(0)).extents[0], rank = r.at(r.operand(0)).extents.rank;
  if (extents != rank) return r.fail(refusal::shape, r.result(0), extents, rank);
  return import_shape_arithmetic(r, kind);
}

inline constexpr tflite_importer shape_importers[]{
    // What this makes is known already: the shapes of the tensors that depend on it.
    {tflite_operator::shape, import_shape, layer_kind::reshape},
};

}  // namespace detail

}  // namespace inlay
