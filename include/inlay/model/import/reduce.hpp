// Inlay: operators that make one element of many become layers.
#pragma once

#include <inlay/config.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/tflite_reader.hpp>

#include <cstddef>
#include <cstdint>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI {

namespace detail {

/// Reads the axes that an operator reduces, and checks that its result has what they leave. Returns how many elements
/// become one; −1 if it is refused.
constexpr std::int32_t read_axes(tflite_reader& r, std::int32_t axes_index, layer& l) {
  const shape& from = r.at(l.inputs[0]).extents;
  std::int32_t axes[max_rank]{};
  const std::int32_t count = r.integers(axes_index, axes, max_rank);
  if (count < 0) return -1;
  for (std::int32_t i = 0; i < count; ++i) {
    const std::int32_t axis = axes[i] < 0 ? axes[i] + from.rank : axes[i];
    if (axis < 0 || axis >= from.rank)
      return r.fail(refusal::option, axes_index, axes[i], -1, "axes must be the tensor's") - 1;
    l.axes |= 1u << axis;
  }
  std::int32_t kept = 1, reduced = 1;
  for (int axis = 0; axis < from.rank; ++axis) ((l.axes >> axis & 1) == 0 ? kept : reduced) *= from[axis];
  const std::int32_t output = r.result(0);
  if (r.at(output).extents.elements() != kept)
    return r.fail(refusal::shape, output, r.at(output).extents.elements(), kept) - 1;
  return reduced;
}

constexpr bool import_total(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output)) return false;
  layer l = r.make_layer(kind);
  const std::int32_t reduced = read_axes(r, r.operand(1), l);
  if (reduced < 0) return false;
  if (reduced > most_summed) return r.fail(refusal::too_large, input, reduced, most_summed);
  return r.require_ratio(r.scale_of(input) / r.scale_of(output), output) && r.append(l);
}

constexpr bool import_extremum(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output) || !r.require_same_values(input, output)) return false;
  layer l = r.make_layer(kind);
  if (read_axes(r, r.operand(1), l) <= 0) return false;
  const shape& from = r.at(input).extents;
  // The largest over height and width are what a pool finds, which has fast kernels.
  if (kind == layer_kind::reduce_max && from.rank == 4 && from[0] == 1 && l.axes == (1u << 1 | 1u << 2) &&
      r.at(output).extents.channels() == from.channels()) {
    const window2d whole{.kernel = {from.height(), from.width()}};
    l = r.make_layer(layer_kind::max_pool2d);
    l.window = whole;
  }
  return r.append(l);
}

/// The indices are int32; the arena holds bytes, so the layer makes four for each.
constexpr bool import_arg(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2) || !r.require_type_option(0)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input)) return false;
  if (r.at(output).type != element_type::int32)
    return r.fail(refusal::unsupported_type, output, static_cast<std::int32_t>(r.at(output).type),
                  static_cast<std::int32_t>(element_type::int32));
  layer l = r.make_layer(kind);
  if (read_axes(r, r.operand(1), l) < 0) return false;
  if (r.at(r.operand(1)).extents.elements() != 1)
    return r.fail(refusal::shape, r.operand(1), r.at(r.operand(1)).extents.elements(), 1);
  const std::int32_t elements = r.at(output).extents.elements();
  if (elements > most_elements / 4) return r.fail(refusal::too_large, output, elements, most_elements / 4);
  l.output = r.add_tensor({2, {elements, 4}}, {});
  layer as_integers = r.make_layer(layer_kind::reshape);
  as_integers.inputs[0] = l.output;
  return r.append(l) && r.append(as_integers);
}

/// The scale of a sum with 20 more bits, which the reference rescales by less than one.
constexpr bool require_long_sum(tflite_reader& r, std::int32_t input, std::int32_t output) {
  const double ratio = 2 * r.scale_of(input) / ((1 << 20) * r.scale_of(output));
  return r.require_ratio(ratio, output, 1.0) &&
         (quantize_multiplier(ratio).shift <= 0 ||
          r.fail(refusal::quantization, output, "its scale is too small for the input's"));
}

constexpr bool import_cumsum(tflite_reader& r, layer_kind kind) {
  if (!r.require_operands(2, 2)) return false;
  const std::int32_t input = r.operand(0), output = r.result(0);
  if (!r.require_int8(input) || !r.require_int8(output)) return false;
  if (r.at(input).extents != r.at(output).extents) return r.fail(refusal::shape, output);
  std::int32_t axis = 0;
  if (r.at(r.operand(1)).type != element_type::int32) return r.fail_type(r.operand(1));
  if (r.integers(r.operand(1), &axis, 1) != 1) return r.fail(refusal::operands, r.operand(1));
  axis = r.resolve_axis(axis, input);
  if (axis < 0) return false;
  if (r.at(input).extents[axis] > most_summed)
    return r.fail(refusal::too_large, input, r.at(input).extents[axis], most_summed);
  layer l = r.make_layer(kind);
  l.axes = 1u << axis;
  l.begin[static_cast<std::size_t>(axis)] = r.file.flag(r.options, 0) ? 1 : 0;
  l.step[static_cast<std::size_t>(axis)] = r.file.flag(r.options, 1) ? -1 : 1;
  return require_long_sum(r, input, output) && r.append(l);
}

/// The operands are put side by side and summed up.
constexpr bool import_add_n(tflite_reader& r, layer_kind kind) {
  const auto parts = static_cast<std::int32_t>(r.operands.count);
  // So many sums of bytes with 19 more bits fit 32.
  constexpr std::int32_t most_parts = 15;
  if (parts < 2 || parts > most_parts || r.results.count != 1) return r.fail(refusal::operands, -1, parts, most_parts);
  const std::int32_t output = r.result(0), elements = r.at(output).extents.elements();
  if (!r.require_int8(output)) return false;
  if (elements > most_elements / parts) return r.fail(refusal::too_large, output, elements, most_elements / parts);
  layer total = r.make_layer(kind);
  for (std::int32_t i = 0; i < parts; ++i) {
    const std::int32_t input = r.operand(i);
    if (input < 0) return r.fail(refusal::operands);
    if (!r.require_int8(input) || !r.require_same_values(r.operand(0), input)) return false;
    if (r.at(input).extents != r.at(r.operand(0)).extents) return r.fail(refusal::shape, input);
    if (!r.require_same_elements(input, output)) return false;
    if (i == 0) total.inputs[0] = r.add_tensor({3, {1, parts, elements}}, r.at(input).quant);
    layer view = r.make_layer(layer_kind::reshape), place = r.make_layer(layer_kind::place);
    view.inputs[0] = input;
    view.output = place.inputs[0] = r.add_tensor({3, {1, 1, elements}}, r.at(input).quant);
    place.output = total.inputs[0];
    place.begin[1] = i;
    r.append(view);
    r.append(place);
  }
  total.axes = 1u << 1;
  return require_long_sum(r, r.operand(0), output) && r.append(total);
}

inline constexpr tflite_importer reduce_importers[]{
    {tflite_operator::mean, import_total, layer_kind::mean},
    {tflite_operator::sum, import_total, layer_kind::sum},
    {tflite_operator::reduce_max, import_extremum, layer_kind::reduce_max},
    {tflite_operator::reduce_min, import_extremum, layer_kind::reduce_min},
    {tflite_operator::add_n, import_add_n, layer_kind::add_n},
    {tflite_operator::cumsum, import_cumsum, layer_kind::cumsum},
    {tflite_operator::arg_max, import_arg, layer_kind::arg_max},
    {tflite_operator::arg_min, import_arg, layer_kind::arg_min},
};

}  // namespace detail

}  // namespace inlay

INLAY_END_EXACT_FLOATS
