// Inlay: a .tflite file as importers of operators see it: its tensors, the graph so far, the operator at hand.
#pragma once

#include <inlay/config.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/flatbuffer.hpp>
#include <inlay/model/limits.hpp>
#include <inlay/model/preconditions.hpp>
#include <inlay/model/tflite_schema.hpp>
#include <inlay/model/tflite_tables.hpp>

#include <cstddef>
#include <cstdint>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI {

namespace detail {

constexpr std::int32_t bytes_of(element_type type) {
  switch (type) {
    case element_type::int8:
    case element_type::uint8:
    case element_type::boolean: return 1;
    case element_type::int16:
    case element_type::float16: return 2;
    case element_type::float32:
    case element_type::int32: return 4;
    case element_type::int64: return 8;
    default: return 0;
  }
}

constexpr std::int32_t clamp_to_int32(std::int64_t value) {
  return static_cast<std::int32_t>(value < -0x7fffffff ? -0x7fffffff : value > 0x7fffffff ? 0x7fffffff : value);
}

/// Reads one file into a graph_builder, and is what the importers of operators see. The first thing that cannot be
/// taken is kept as the error.
struct tflite_reader : tflite_tables {
  using tflite_tables::tflite_tables;

  // ---- tensors -----------------------------------------------------------------------------------------

  /// Tensors are read where they are used first: one that is not used may be of any kind.
  constexpr void begin_tensors() {
    for (std::uint32_t i = 0; i < tensors.count; ++i) graph->tensors[i].storage = not_read;
  }
  constexpr bool use_tensor(std::int32_t index) {
    if (!is_tensor(index)) return fail(refusal::bad_index, -1, index);
    return graph->tensors[index].storage != not_read || read_tensor(index);
  }

  /// Of tensors without a use, the reference takes neither variables nor open extents.
  constexpr bool require_plain_rest() {
    for (std::uint32_t i = 0; i < tensors.count; ++i) {
      const auto index = static_cast<std::int32_t>(i);
      if (graph->tensors[i].storage != not_read) continue;
      if (is_variable(index)) return fail(refusal::stateful, index);
      const flatbuffer_vector extents = file.vector(file.table_in(tensors, i), schema::extents, 4);
      for (std::uint32_t axis = 0; axis < extents.count; ++axis)
        if (file.i32(extents.at + 4 * axis) < 0) return fail(refusal::dynamic_shape, index);
    }
    return true;
  }

  /// Those between the layers of one operator, too.
  constexpr bool require_countable_activations() {
    std::int64_t elements = 0;
    for (std::int32_t i = 0; i < graph->tensor_count; ++i) {
      if (!at(i).is_constant() && at(i).storage >= 0) elements += at(i).extents.elements();
      if (elements > most_elements) return fail(refusal::too_large, i, -1, most_elements);
    }
    return true;
  }

  constexpr bool read_tensor(std::int32_t index) {
    const flatbuffer_table table = file.table_in(tensors, static_cast<std::uint32_t>(index));
    tensor& t = graph->tensors[index];
    t = {};
    t.type = static_cast<element_type>(file.i8_or(table, schema::type, 0));

    const flatbuffer_vector extents = file.vector(table, schema::extents, 4);
    if (extents.count > static_cast<std::uint32_t>(max_rank))
      return fail(refusal::rank, index, static_cast<std::int32_t>(extents.count), max_rank);
    t.extents.rank = static_cast<int>(extents.count);
    std::int64_t elements = 1;
    for (int axis = 0; axis < t.extents.rank; ++axis) {
      const std::int32_t extent = file.i32(extents.at + 4 * static_cast<std::uint32_t>(axis));
      if (file.damaged()) return false;
      if (extent < 0) return fail(refusal::dynamic_shape, index);
      if (extent < 1) return fail(refusal::shape, index, extent, 1);
      elements *= extent;
      if (elements > most_elements) return fail(refusal::too_large, index, -1, most_elements);
      t.extents[axis] = extent;
    }

    if (file.field(table, schema::sparsity) != 0) return fail(refusal::option, index, "tensors must not be sparse");
    // Floats mean themselves: those that are bytes in memory have the scale of their DEQUANTIZE.
    if (t.type != element_type::float32) read_quantization(file.child(table, schema::quantization), t);
    // What a variable begins with is no constant.
    if (file.flag(table, schema::is_variable)) return true;
    return read_data(file.i32_or(table, schema::buffer, 0), index);
  }

  constexpr void read_quantization(flatbuffer_table table, tensor& t) {
    const flatbuffer_vector scales = file.vector(table, schema::scale, 4);
    const flatbuffer_vector zero_points = file.vector(table, schema::zero_point, 8);
    // Without one of the two, a tensor is not quantised for the reference.
    if (scales.count == 0 || zero_points.count == 0) return;
    t.quant.channels = static_cast<std::int32_t>(scales.count);
    t.quant.scales_at = scales.at;
    t.quant.scale = file.f32(scales.at);
    // A zero point that no 8-bit type can hold stays outside and is refused where the tensor is used.
    t.quant.zero_point = clamp_to_int32(file.i64(zero_points.at));
    if (zero_points.count == scales.count)
      t.quant.zero_points_at = zero_points.at;
    else if (zero_points.count != 1)  // one holds for all scales
      t.quant.channels = 0;
  }

  /// Finds a constant's bytes. Tensors without bytes are activations.
  constexpr bool read_data(std::int32_t buffer, std::int32_t index) {
    if (buffer < 0 || static_cast<std::uint32_t>(buffer) >= buffers.count)
      return buffers.count == 0 && buffer == 0 ? true : fail(refusal::bad_index, index, buffer);
    const flatbuffer_vector data =
        file.vector(file.table_in(buffers, static_cast<std::uint32_t>(buffer)), schema::data, 1);
    if (data.count == 0) return true;
    tensor& t = graph->tensors[index];
    const std::int32_t element_bytes = bytes_of(t.type);
    const std::int64_t needed = std::int64_t{t.extents.elements()} * element_bytes;
    if (needed > static_cast<std::int64_t>(data.count))
      return fail(refusal::shape, index, static_cast<std::int32_t>(data.count), static_cast<std::int32_t>(needed));
    t.data_at = data.at;
    t.data_bytes = data.count;
    t.storage = index;
    return true;
  }

  /// The axis along which a tensor's scales stand.
  constexpr std::int32_t quantized_axis(std::int32_t index) {
    const flatbuffer_table table = file.table_in(tensors, static_cast<std::uint32_t>(index));
    return file.i32_or(file.child(table, schema::quantization), schema::quantized_dimension, 0);
  }

  constexpr bool is_variable(std::int32_t index) {
    return file.flag(file.table_in(tensors, static_cast<std::uint32_t>(index)), schema::is_variable);
  }

  /// A tensor between the layers of one operator, which the file does not have; count_graph has room for it.
  constexpr std::int32_t add_tensor(const shape& extents, const quantization& quant) {
    const std::int32_t index = static_cast<std::int32_t>(tensors.count) + added_tensors++;
    tensor& t = graph->tensors[index];
    t = {};
    t.extents = extents;
    t.quant = quant;
    t.storage = index;
    return index;
  }

  constexpr bool read_inputs() {
    for (std::uint32_t i = 0; i < inputs.count; ++i) {
      const std::int32_t index = file.i32(inputs.at + 4 * i);
      if (!use_tensor(index)) return false;
      tensor& t = graph->tensors[index];
      if (t.storage >= 0) return fail(refusal::made_twice, index);
      if (t.type != element_type::int8 && t.type != element_type::uint8 && t.type != element_type::float32)
        return fail_type(index);
      if (!require_countable_rows(index)) return false;
      t.storage = index;
      graph->inputs[i] = index;
    }
    return true;
  }

  constexpr bool read_outputs() {
    op = tflite_operator{-1};
    operator_index = -1;
    for (std::uint32_t i = 0; i < outputs.count; ++i) {
      const std::int32_t index = file.i32(outputs.at + 4 * i);
      if (!use_tensor(index)) return false;
      const tensor& t = graph->tensors[index];
      if (t.storage < 0) return fail(refusal::no_input_or_output, index);
      const bool made = is_made_by_layer(index);
      const bool is_byte = t.type == element_type::int8 || t.type == element_type::uint8;
      if (!is_byte && !(made && (t.type == element_type::int32 || t.type == element_type::boolean ||
                                 (t.type == element_type::float32 && t.quant.channels == 1))))
        return fail_type(index);
      graph->outputs[i] = index;
      if (made) continue;
      // The caller's, or a constant: the output is a copy.
      if (!require_quantized(index)) return false;
      layer copy{};
      copy.inputs[0] = index;
      copy.output = graph->outputs[i] = add_tensor(t.extents, t.quant);
      graph->tensors[copy.output].type = t.type;
      append(copy);
    }
    return true;
  }

  /// The last layer that makes a tensor, −1 if none does.
  constexpr std::int32_t maker_of(std::int32_t index) const {
    std::int32_t i = graph->layer_count - 1;
    while (i >= 0 && graph->layers[i].output != index) --i;
    return i;
  }

  /// False for integers that are known already, such as those of SHAPE.
  constexpr bool is_made_by_layer(std::int32_t index) const { return maker_of(index) >= 0; }

  /// Floats of the caller, as they are or moved a few times.
  constexpr bool is_of_float_input(std::int32_t index) const {
    constexpr int most_moves = 16;
    for (int moves = 0; graph->view().input_position(index) < 0; ++moves) {
      if (moves == most_moves) return false;
      const std::int32_t maker = maker_of(index);
      if (maker < 0) return false;
      const layer& l = graph->layers[maker];
      if (l.kind != layer_kind::reshape && l.kind != layer_kind::transpose) return false;
      index = l.inputs[0];
    }
    return at(index).type == element_type::float32;
  }

  /// Floats that are only moved and never quantised.
  constexpr bool require_quantized_inputs() {
    for (std::int32_t i = 0; i < graph->layer_count; ++i) {
      const layer& l = graph->layers[i];
      if (l.inputs[0] < 0 || l.kind == layer_kind::quantize || graph->view().input_position(l.inputs[0]) < 0) continue;
      if (at(l.inputs[0]).type == element_type::float32) return fail(refusal::float_network, l.inputs[0]);
    }
    return true;
  }

  // ---- operators ---------------------------------------------------------------------------------------

  /// Turns to the operator in this table.
  constexpr bool turn_to(flatbuffer_table table) {
    if (!read_code(table)) return false;
    options = file.child(table, schema::options);
    operands = file.vector(table, schema::operands, 4);
    results = file.vector(table, schema::results, 4);
    return !file.damaged();
  }

  /// Every operand exists and was made before; every result exists and was not.
  constexpr bool check_operands() {
    if (operands.count == 0 || results.count == 0) return fail(refusal::operands);
    for (std::uint32_t i = 0; i < operands.count; ++i) {
      const std::int32_t t = operand(static_cast<int>(i));
      if (t == -1 || is_empty_target(static_cast<int>(i))) continue;
      if (!use_tensor(t)) return false;
      if (graph->tensors[t].storage < 0) return fail_without_data(t);
    }
    for (std::uint32_t i = 0; i < results.count; ++i) {
      const std::int32_t t = result(static_cast<int>(i));
      if (!use_tensor(t)) return false;
      if (graph->tensors[t].storage >= 0) return fail(refusal::made_twice, t);
      if (!require_countable_rows(t)) return false;
    }
    return true;
  }

  /// What RESHAPE does not read: the list of a scalar's extents, which is empty.
  constexpr bool is_empty_target(int position) {
    const std::int32_t index = operand(position);
    if (op != tflite_operator::reshape || position != 1 || !is_tensor(index)) return false;
    const flatbuffer_vector extents =
        file.vector(file.table_in(tensors, static_cast<std::uint32_t>(index)), schema::extents, 4);
    return extents.count == 1 && file.i32(extents.at) == 0;
  }

  /// Refuses an operand that no operator makes and that is not constant.
  constexpr bool fail_without_data(std::int32_t index) {
    if (is_variable(index)) return fail(refusal::stateful, index);
    if (file.field(buffer_of(index), schema::data_offset) != 0)
      return fail(refusal::option, index,
                  "its values stand behind the FlatBuffer, where the reference does not look for them: convert "
                  "without buffers by offset");
    return fail(refusal::used_before_made, index);
  }

  constexpr bool require_countable_rows(std::int32_t index) {
    const std::int32_t rows = map_rows(at(index).extents);
    return rows <= most_rows ? true : fail(refusal::too_large, index, rows, most_rows);
  }

  constexpr void make_results() {
    for (std::uint32_t i = 0; i < results.count; ++i) {
      const std::int32_t t = result(static_cast<int>(i));
      if (graph->tensors[t].storage >= 0) {  // twice in one operator
        fail(refusal::made_twice, t);
        return;
      }
      graph->tensors[t].storage = t;
    }
  }

  constexpr std::int32_t operand(int position) {
    return static_cast<std::uint32_t>(position) < operands.count
               ? file.i32(operands.at + 4 * static_cast<std::uint32_t>(position))
               : -1;
  }
  constexpr std::int32_t result(int position) {
    return file.i32(results.at + 4 * static_cast<std::uint32_t>(position));
  }
  constexpr const tensor& at(std::int32_t index) const { return graph->tensors[index]; }

  constexpr bool require_operands(std::uint32_t least, std::uint32_t most) {
    if (operands.count < least || operands.count > most)
      return fail(refusal::operands, -1, static_cast<std::int32_t>(operands.count), static_cast<std::int32_t>(least));
    for (std::uint32_t i = 0; i < least; ++i)
      if (operand(static_cast<int>(i)) < 0) return fail(refusal::operands);
    if (results.count != 1) return fail(refusal::operands, -1, static_cast<std::int32_t>(results.count), 1);
    return true;
  }

  /// An int8 tensor with one good scale; otherwise says what kind of network this seems to be.
  constexpr bool require_int8(std::int32_t index) {
    const tensor& t = at(index);
    switch (t.type) {
      case element_type::int8: break;
      case element_type::float32: return fail(refusal::float_network, index);
      case element_type::uint8: return fail(refusal::uint8_network, index);
      default: return fail_type(index);
    }
    return require_quantized(index);
  }

  /// Refuses a tensor for its type, where int8 is supported.
  constexpr bool fail_type(std::int32_t index) {
    const element_type type = at(index).type;
    if (type == element_type::int16) return fail(refusal::int16_network, index);
    if (type == element_type::int4) return fail(refusal::int4_network, index);
    return fail(refusal::unsupported_type, index, static_cast<std::int32_t>(type),
                static_cast<std::int32_t>(element_type::int8));
  }

  constexpr bool require_quantized(std::int32_t index) {
    return is_quantized(at(index)) ? true : fail(refusal::not_quantized, index);
  }

  constexpr bool require_rank(std::int32_t index, int rank) {
    return at(index).extents.rank == rank ? true : fail(refusal::rank, index, at(index).extents.rank, rank);
  }

  /// As many samples in the input as in the output.
  constexpr bool require_samples(std::int32_t input, std::int32_t output) {
    const std::int32_t count = at(input).extents[0];
    if (count > most_samples) return fail(refusal::batch, input, count, most_samples);
    return count == at(output).extents[0] ? true : fail(refusal::shape, output, at(output).extents[0], count);
  }

  constexpr bool read_activation(std::int32_t code, activation& clamp) {
    switch (code) {
      case 0: clamp = activation::none; return true;
      case 1: clamp = activation::relu; return true;
      case 2: clamp = activation::relu_n1_to_1; return true;
      case 3: clamp = activation::relu6; return true;
      // TANH and SIGN_BIT, which the reference leaves out.
      case 4:
      case 5: clamp = activation::none; return true;
      default: return fail(refusal::option, -1, code, 5, "fused activations are RELU, RELU_N1_TO_1, RELU6 and TANH");
    }
  }

  /// A layer for the operator at hand, from its first operand to its first result.
  constexpr layer make_layer(layer_kind kind) {
    layer l{};
    l.kind = kind;
    l.inputs[0] = operand(0);
    l.output = result(0);
    l.operator_index = operator_index;
    return l;
  }

  /// Adds a layer, if the reference takes it.
  constexpr bool append(const layer& l) {
    if (const error e = check_preconditions(graph->view(), l))
      return fail(e.reason, e.tensor, e.found, e.supported, e.rule);
    graph->append(l);
    return true;
  }

  /// A constant of int32 or int64 values. Returns how many there are, −1 if it is refused.
  constexpr std::int32_t integers(std::int32_t index, std::int32_t* values, std::int32_t most) {
    if (index < 0) return fail(refusal::operands) - 1;
    const tensor& t = at(index);
    const std::int32_t bytes = bytes_of(t.type);
    if (t.type != element_type::int32 && t.type != element_type::int64)
      return fail(refusal::unsupported_type, index, static_cast<std::int32_t>(t.type),
                  static_cast<std::int32_t>(element_type::int32)) -
             1;
    if (!t.is_constant()) return fail(refusal::not_constant, index) - 1;
    const std::int32_t count = t.extents.elements();
    if (count > most) return fail(refusal::shape, index, count, most) - 1;
    for (std::int32_t i = 0; i < count; ++i) {
      const std::uint32_t position = t.data_at + static_cast<std::uint32_t>(i * bytes);
      values[i] = bytes == 4 ? file.i32(position) : clamp_to_int32(file.i64(position));
    }
    return count;
  }

  /// A ratio of scales that fits the fixed-point numbers of the kernels.
  constexpr bool require_ratio(double ratio, std::int32_t tensor, double limit = most_ratio) {
    return ratio > 0 && ratio < limit ? true
                                      : fail(refusal::quantization, tensor, "its scale is too far from the inputs'");
  }
  /// A list of int32 or, where the reference takes them, int64 with so many axes.
  constexpr bool require_list(std::int32_t index, int rank, bool takes_int64 = false) {
    if (at(index).type != element_type::int32 && !(takes_int64 && at(index).type == element_type::int64))
      return fail(refusal::unsupported_type, index, static_cast<std::int32_t>(at(index).type),
                  static_cast<std::int32_t>(element_type::int32));
    return require_rank(index, rank);
  }
  constexpr double scale_of(std::int32_t index) const { return as_double(at(index).quant.scale); }

  /// Both tensors must mean the same by their bytes.
  constexpr bool require_same_values(std::int32_t input, std::int32_t output) {
    return same_values(at(input).quant, at(output).quant)
               ? true
               : fail(refusal::quantization, output, "its scale and zero point must be the input's");
  }

  constexpr bool require_same_elements(std::int32_t input, std::int32_t output) {
    const std::int32_t from = at(input).extents.elements(), to = at(output).extents.elements();
    return from == to ? true : fail(refusal::shape, output, to, from);
  }

  constexpr bool require_same_shape(std::int32_t input, std::int32_t output) {
    const shape& from = at(input).extents;
    const shape& to = at(output).extents;
    if (from.rank != to.rank) return fail(refusal::rank, output, to.rank, from.rank);
    for (int axis = 0; axis < from.rank; ++axis)
      if (from[axis] != to[axis]) return fail(refusal::shape, output, to[axis], from[axis]);
    return true;
  }

  /// An option that is a type: what it says is not asked for, but the reference knows no other types.
  constexpr bool require_type_option(std::uint32_t field) {
    const std::int32_t type = file.i8_or(options, field, 0);
    const auto last = static_cast<std::int32_t>(element_type::bfloat16);
    return type >= 0 && type <= last ? true : fail(refusal::option, result(0), type, last);
  }

  /// The same rows of the same pixels; axes of extent 1 may be added or missing in front.
  constexpr bool require_same_map(std::int32_t input, std::int32_t output) {
    const shape& from = at(input).extents;
    const shape& to = at(output).extents;
    if (from.channels() != to.channels()) return fail(refusal::shape, output, to.channels(), from.channels());
    if (from.width() != to.width()) return fail(refusal::shape, output, to.width(), from.width());
    return require_same_elements(input, output);
  }

  constexpr bool is_integer_result() {
    const element_type type = at(result(0)).type;
    return type == element_type::int32 || type == element_type::int64;
  }

  /// The axis that an operator names, counted from the end where it is negative; −1 if it is refused.
  constexpr std::int32_t resolve_axis(std::int32_t axis, std::int32_t tensor) {
    const std::int32_t rank = at(tensor).extents.rank;
    const std::int32_t resolved = axis < 0 ? axis + rank : axis;
    return resolved >= 0 && resolved < rank
               ? resolved
               : fail(refusal::option, tensor, axis, -1, "the axis must be one of the tensor's") - 1;
  }

  /// One int8 map [samples, height, width, channels] in, one out.
  constexpr bool require_maps(std::uint32_t operand_count = 1) {
    if (!require_operands(operand_count, operand_count)) return false;
    const std::int32_t input = operand(0), output = result(0);
    return require_int8(input) && require_int8(output) && require_rank(input, 4) && require_rank(output, 4) &&
           require_samples(input, output);
  }

  // ---- what it makes, and the operator at hand ---------------------------------------------------------

  static constexpr std::int32_t not_read = -2;  // stands for a tensor's storage

  graph_builder* graph = nullptr;
  std::int32_t added_tensors = 0;
  flatbuffer_table options{};
  flatbuffer_vector operands{}, results{};
};

/// How an operator becomes layers: a function that takes the kind of layer, since several operators share one.
struct tflite_importer {
  tflite_operator op;
  bool (*import)(tflite_reader&, layer_kind);
  layer_kind kind;
};

}  // namespace detail

}  // namespace inlay

INLAY_END_EXACT_FLOATS
