// Inlay: the bytes of a .tflite file become a graph.
#pragma once

#include <inlay/fold.hpp>
#include <inlay/graph/geometry.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/graph/normalize.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/flatbuffer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace inlay::inline INLAY_ABI {

namespace detail {

// Field numbers of the tables in TensorFlow Lite's schema, version 3.
namespace schema {
enum model : std::uint32_t { version = 0, operator_codes = 1, subgraphs = 2, buffers = 4 };
enum operator_code : std::uint32_t { deprecated_builtin_code = 0, builtin_code = 3 };
enum subgraph : std::uint32_t { tensors = 0, inputs = 1, outputs = 2, operators = 3 };
enum tensor : std::uint32_t { extents = 0, type = 1, buffer = 2, quantization = 4, is_variable = 5, sparsity = 6 };
enum quantization_parameters : std::uint32_t { scale = 2, zero_point = 3, quantized_dimension = 6 };
enum operator_ : std::uint32_t { opcode_index = 0, operands = 1, results = 2, options = 4 };
enum buffer : std::uint32_t { data = 0 };
enum conv2d : std::uint32_t {
  conv_padding = 0,
  conv_stride_w,
  conv_stride_h,
  conv_activation,
  conv_dilation_w,
  conv_dilation_h
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
enum pool2d : std::uint32_t {
  pool_padding = 0,
  pool_stride_w,
  pool_stride_h,
  pool_kernel_w,
  pool_kernel_h,
  pool_activation
};
enum transpose_conv : std::uint32_t { tc_padding = 0, tc_stride_w, tc_stride_h, tc_activation };
enum strided_slice : std::uint32_t { begin_mask = 0, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask, offset };
}  // namespace schema

/// Layers of a network, counted as graph_counts does.
inline constexpr std::uint32_t most_layers = 1 << 16;

/// Reads one file into a graph_builder; stops at the first thing that it cannot take.
template <typename Byte>
class tflite_importer {
 public:
  constexpr tflite_importer(const Byte* data, std::size_t size) : file_(data, size) {}

  /// Reads the header, as far as the tables of the network.
  constexpr error open() {
    if (file_.size() < 8) return {refusal::truncated};
    if (file_.u32(4) != 0x334c4654u) return {refusal::wrong_identifier};  // "TFL3"
    const flatbuffer_table root = file_.root();
    const std::int32_t version = file_.i32_or(root, schema::version, 0);
    const flatbuffer_vector subgraphs = file_.vector(root, schema::subgraphs, 4);
    codes_ = file_.vector(root, schema::operator_codes, 4);
    buffers_ = file_.vector(root, schema::buffers, 4);
    if (file_.damaged()) return {refusal::truncated};
    if (version != 3) return {.reason = refusal::wrong_schema, .found = version, .supported = 3};
    if (subgraphs.count != 1)
      return {.reason = refusal::subgraphs, .found = static_cast<std::int32_t>(subgraphs.count), .supported = 1};
    const flatbuffer_table subgraph = file_.table_in(subgraphs, 0);
    tensors_ = file_.vector(subgraph, schema::tensors, 4);
    inputs_ = file_.vector(subgraph, schema::inputs, 4);
    outputs_ = file_.vector(subgraph, schema::outputs, 4);
    operators_ = file_.vector(subgraph, schema::operators, 4);
    if (file_.damaged()) return {refusal::truncated};
    if (inputs_.count == 0 || outputs_.count == 0) return {refusal::no_input_or_output};
    return {};
  }

  /// Storage that read() needs; call after open().
  constexpr graph_counts counts() {
    std::uint64_t layers = 0, tensors = tensors_.count;
    // Tables and vectors may be shared, so there is no bound to these sums but one of their own.
    for (std::uint32_t i = 0; i < operators_.count && layers <= most_layers; ++i) {
      const flatbuffer_table op = file_.table_in(operators_, i);
      // An operator becomes at most one layer for each of its operands or results.
      const std::uint64_t operands = file_.vector(op, schema::operands, 4).count;
      const std::uint64_t results = file_.vector(op, schema::results, 4).count;
      layers += operands + results;
      read_code(op);
      if (op_ == tflite_operator::pack) {
        layers += operands;
        tensors += operands + 1;
      }
      if (op_ == tflite_operator::unpack) {
        layers += results;
        tensors += results;
      }
      if (op_ == tflite_operator::arg_max || op_ == tflite_operator::arg_min || op_ == tflite_operator::strided_slice)
        ++tensors;
    }
    if (layers > most_layers) layers = most_layers + 1;
    return {static_cast<std::int32_t>(tensors), static_cast<std::int32_t>(layers),
            static_cast<std::int32_t>(inputs_.count), static_cast<std::int32_t>(outputs_.count)};
  }

  /// Calls visit(tflite_operator) for each operator in the file's order; call after open().
  template <typename Visitor>
  constexpr error visit_operators(Visitor&& visit) {
    for (std::uint32_t i = 0; i < operators_.count && !failed(); ++i) {
      operator_index_ = static_cast<std::int32_t>(i);
      if (read_code(file_.table_in(operators_, i)) && !failed()) visit(op_);
    }
    return file_.damaged() ? error{refusal::truncated} : error_;
  }

  /// Reads everything; call after open(), with storage of counts().
  constexpr error read(graph_builder& graph) {
    graph_ = &graph;
    if (check_operators() && read_tensors() && read_inputs())
      for (std::uint32_t i = 0; i < operators_.count && !failed(); ++i) read_operator(i);
    if (!failed() && read_outputs()) require_countable_activations();
    // Damage explains whatever else was found wrong.
    return file_.damaged() ? error{refusal::truncated} : error_;
  }

 private:
  // ---- errors ------------------------------------------------------------------------------------------

  constexpr bool failed() const { return error_.reason != refusal::none || file_.damaged(); }

  /// Notes the first error, with the operator at hand.
  constexpr bool fail(refusal reason, std::int32_t tensor = -1, std::int32_t found = -1, std::int32_t supported = -1) {
    if (error_.reason == refusal::none) error_ = {reason, op_, operator_index_, tensor, found, supported};
    return false;
  }

  // ---- tensors -----------------------------------------------------------------------------------------

  constexpr bool read_tensors() {
    for (std::uint32_t i = 0; i < tensors_.count; ++i)
      if (!read_tensor(static_cast<std::int32_t>(i))) return false;
    return true;
  }

  /// Those between the layers of one operator, too.
  constexpr bool require_countable_activations() {
    std::int64_t elements = 0;
    for (std::int32_t i = 0; i < graph_->tensor_count; ++i) {
      if (!at(i).is_constant()) elements += at(i).extents.elements();
      if (elements > most_elements) return fail(refusal::too_large, i, -1, most_elements);
    }
    return true;
  }

  constexpr bool read_tensor(std::int32_t index) {
    const flatbuffer_table table = file_.table_in(tensors_, static_cast<std::uint32_t>(index));
    tensor& t = graph_->tensors[index];
    t = {};
    t.type = static_cast<element_type>(file_.i8_or(table, schema::type, 0));

    const flatbuffer_vector extents = file_.vector(table, schema::extents, 4);
    if (extents.count > static_cast<std::uint32_t>(max_rank))
      return fail(refusal::rank, index, static_cast<std::int32_t>(extents.count), max_rank);
    t.extents.rank = static_cast<int>(extents.count);
    std::int64_t elements = 1;
    for (int axis = 0; axis < t.extents.rank; ++axis) {
      const std::int32_t extent = file_.i32(extents.at + 4 * static_cast<std::uint32_t>(axis));
      if (file_.damaged()) return false;
      if (extent < 1) return fail(refusal::shape, index, extent < 0 ? -1 : extent, 1);
      elements *= extent;
      if (elements > most_elements) return fail(refusal::too_large, index, -1, most_elements);
      t.extents[axis] = extent;
    }

    if (file_.field(table, schema::sparsity) != 0) return fail(refusal::option, index);
    read_quantization(file_.child(table, schema::quantization), t);
    return read_data(file_.i32_or(table, schema::buffer, 0), index);
  }

  constexpr void read_quantization(flatbuffer_table table, tensor& t) {
    const flatbuffer_vector scales = file_.vector(table, schema::scale, 4);
    const flatbuffer_vector zero_points = file_.vector(table, schema::zero_point, 8);
    if (scales.count == 0) return;
    t.quant.channels = static_cast<std::int32_t>(scales.count);
    t.quant.scales_at = scales.at;
    t.quant.scale = file_.f32(scales.at);
    if (zero_points.count == 0) return;
    // A zero point that no 8-bit type can hold stays outside and is refused where the tensor is used.
    t.quant.zero_point = clamp_to_int32(file_.i64(zero_points.at));
    t.quant.zero_points_at = zero_points.at;
    if (zero_points.count != scales.count) t.quant.channels = 0;
  }

  /// Finds a constant's bytes. Tensors without bytes are activations.
  constexpr bool read_data(std::int32_t buffer, std::int32_t index) {
    if (buffer < 0 || static_cast<std::uint32_t>(buffer) >= buffers_.count)
      return buffers_.count == 0 && buffer == 0 ? true : fail(refusal::bad_index, index, buffer);
    const flatbuffer_vector data =
        file_.vector(file_.table_in(buffers_, static_cast<std::uint32_t>(buffer)), schema::data, 1);
    if (data.count == 0) return true;
    tensor& t = graph_->tensors[index];
    const std::int32_t element_bytes = bytes_of(t.type);
    const std::int64_t needed = std::int64_t{t.extents.elements()} * element_bytes;
    if (needed > static_cast<std::int64_t>(data.count))
      return fail(refusal::shape, index, static_cast<std::int32_t>(data.count), static_cast<std::int32_t>(needed));
    t.data_at = data.at;
    t.data_bytes = data.count;
    t.storage = index;
    return true;
  }

  static constexpr std::int32_t bytes_of(element_type type) {
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

  constexpr bool is_variable(std::int32_t index) {
    return file_.flag(file_.table_in(tensors_, static_cast<std::uint32_t>(index)), schema::is_variable);
  }

  constexpr bool is_tensor(std::int32_t index) const {
    return index >= 0 && static_cast<std::uint32_t>(index) < tensors_.count;
  }

  /// A tensor between the layers of one operator, which the file does not have; counts() has room for it.
  constexpr std::int32_t add_tensor(const shape& extents, const quantization& quant) {
    const std::int32_t index = static_cast<std::int32_t>(tensors_.count) + added_tensors_++;
    tensor& t = graph_->tensors[index];
    t = {};
    t.extents = extents;
    t.quant = quant;
    t.storage = index;
    return index;
  }

  constexpr bool read_inputs() {
    for (std::uint32_t i = 0; i < inputs_.count; ++i) {
      const std::int32_t index = file_.i32(inputs_.at + 4 * i);
      if (!is_tensor(index)) return fail(refusal::bad_index, -1, index);
      tensor& t = graph_->tensors[index];
      if (t.storage >= 0) return fail(refusal::made_twice, index);
      if (t.type != element_type::int8 && t.type != element_type::uint8 && t.type != element_type::float32)
        return fail_type(index);
      if (!require_countable_rows(index)) return false;
      t.storage = index;
      graph_->inputs[i] = index;
    }
    return true;
  }

  constexpr bool read_outputs() {
    op_ = tflite_operator{-1};
    operator_index_ = -1;
    for (std::uint32_t i = 0; i < outputs_.count; ++i) {
      const std::int32_t index = file_.i32(outputs_.at + 4 * i);
      if (!is_tensor(index)) return fail(refusal::bad_index, -1, index);
      const tensor& t = graph_->tensors[index];
      if (t.storage < 0 || t.is_constant() || graph_->view().input_position(index) >= 0)
        return fail(refusal::no_input_or_output, index);
      const bool indices = t.type == element_type::int32 && is_made_by_layer(index);
      if (t.type != element_type::int8 && t.type != element_type::uint8 && t.type != element_type::float32 && !indices)
        return fail_type(index);
      graph_->outputs[i] = index;
    }
    return true;
  }

  /// False for integers that are known already, such as those of SHAPE.
  constexpr bool is_made_by_layer(std::int32_t index) const {
    for (std::int32_t i = 0; i < graph_->layer_count; ++i)
      if (graph_->layers[i].output == index) return true;
    return false;
  }

  // ---- operators ---------------------------------------------------------------------------------------

  constexpr void read_operator(std::uint32_t index) {
    operator_index_ = static_cast<std::int32_t>(index);
    const flatbuffer_table table = file_.table_in(operators_, index);
    if (!read_code(table)) return;
    options_ = file_.child(table, schema::options);
    operands_ = file_.vector(table, schema::operands, 4);
    results_ = file_.vector(table, schema::results, 4);
    if (file_.damaged()) return;
    if (check_operands() && import_operator()) make_results();
  }

  /// What the operator does, by its number in the file's list of codes.
  constexpr bool read_code(flatbuffer_table table) {
    op_ = tflite_operator{-1};
    const std::int32_t code = file_.i32_or(table, schema::opcode_index, 0);
    if (code < 0 || static_cast<std::uint32_t>(code) >= codes_.count) return fail(refusal::bad_index, -1, code);
    // Numbers up to 126 may stand in the older field only; the larger of the two is meant.
    const flatbuffer_table code_table = file_.table_in(codes_, static_cast<std::uint32_t>(code));
    const std::int32_t older = file_.i8_or(code_table, schema::deprecated_builtin_code, 0);
    const std::int32_t newer = file_.i32_or(code_table, schema::builtin_code, 0);
    op_ = static_cast<tflite_operator>(older > newer ? older : newer);
    return true;
  }

  /// Every operand exists and was made before; every result exists and was not.
  constexpr bool check_operands() {
    if (operands_.count == 0 || results_.count == 0) return fail(refusal::operands);
    for (std::uint32_t i = 0; i < operands_.count; ++i) {
      const std::int32_t t = operand(static_cast<int>(i));
      if (t == -1) continue;
      if (!is_tensor(t)) return fail(refusal::bad_index, -1, t);
      if (graph_->tensors[t].storage < 0)
        return fail(is_variable(t) ? refusal::stateful : refusal::used_before_made, t);
    }
    for (std::uint32_t i = 0; i < results_.count; ++i) {
      const std::int32_t t = result(static_cast<int>(i));
      if (!is_tensor(t)) return fail(refusal::bad_index, -1, t);
      if (graph_->tensors[t].storage >= 0) return fail(refusal::made_twice, t);
      if (!require_countable_rows(t)) return false;
    }
    return true;
  }

  constexpr bool require_countable_rows(std::int32_t index) {
    const std::int32_t rows = map_rows(at(index).extents);
    return rows <= most_rows ? true : fail(refusal::too_large, index, rows, most_rows);
  }

  constexpr void make_results() {
    for (std::uint32_t i = 0; i < results_.count; ++i) {
      const std::int32_t t = result(static_cast<int>(i));
      if (graph_->tensors[t].storage >= 0) {  // twice in one operator
        fail(refusal::made_twice, t);
        return;
      }
      graph_->tensors[t].storage = t;
    }
  }

  /// How an operator becomes layers.
  struct importer {
    tflite_operator op;
    bool (tflite_importer::*import)();
  };
  /// The operators that are supported.
  static constexpr auto importers() {
    using self = tflite_importer;
    return std::array{
        importer{tflite_operator::conv_2d, &self::conv2d},
        importer{tflite_operator::depthwise_conv_2d, &self::depthwise_conv2d},
        importer{tflite_operator::transpose_conv, &self::transpose_conv},
        importer{tflite_operator::fully_connected, &self::fully_connected},
        importer{tflite_operator::add, &self::add},
        importer{tflite_operator::sub, &self::sub},
        importer{tflite_operator::mul, &self::mul},
        importer{tflite_operator::maximum, &self::maximum},
        importer{tflite_operator::minimum, &self::minimum},
        importer{tflite_operator::squared_difference, &self::squared_difference},
        importer{tflite_operator::prelu, &self::prelu},
        importer{tflite_operator::average_pool_2d, &self::average_pool},
        importer{tflite_operator::max_pool_2d, &self::max_pool},
        importer{tflite_operator::mean, &self::mean},
        importer{tflite_operator::sum, &self::sum},
        importer{tflite_operator::reduce_max, &self::reduce_max},
        importer{tflite_operator::arg_max, &self::arg_max},
        importer{tflite_operator::arg_min, &self::arg_min},
        importer{tflite_operator::softmax, &self::softmax},
        importer{tflite_operator::logistic, &self::logistic},
        importer{tflite_operator::tanh, &self::tanh},
        importer{tflite_operator::relu, &self::relu},
        importer{tflite_operator::relu6, &self::relu6},
        importer{tflite_operator::leaky_relu, &self::leaky_relu},
        importer{tflite_operator::hard_swish, &self::hard_swish},
        importer{tflite_operator::abs, &self::abs},
        importer{tflite_operator::quantize, &self::quantize},
        importer{tflite_operator::dequantize, &self::dequantize},
        importer{tflite_operator::reshape, &self::reshape},
        importer{tflite_operator::squeeze, &self::reshape},
        importer{tflite_operator::expand_dims, &self::reshape},
        importer{tflite_operator::pad, &self::pad},
        importer{tflite_operator::padv2, &self::pad},
        importer{tflite_operator::strided_slice, &self::strided_slice},
        importer{tflite_operator::slice, &self::slice},
        importer{tflite_operator::split, &self::split},
        importer{tflite_operator::split_v, &self::split_v},
        importer{tflite_operator::unpack, &self::unpack},
        importer{tflite_operator::pack, &self::pack},
        importer{tflite_operator::concatenation, &self::concatenation},
        importer{tflite_operator::gather, &self::gather},
        importer{tflite_operator::depth_to_space, &self::depth_to_space},
        importer{tflite_operator::space_to_depth, &self::space_to_depth},
        importer{tflite_operator::transpose, &self::transpose},
        importer{tflite_operator::resize_nearest_neighbor, &self::resize_nearest},
        importer{tflite_operator::resize_bilinear, &self::resize_bilinear},
        // What this makes is known already: the shapes of the tensors that depend on it.
        importer{tflite_operator::shape, &self::shape_arithmetic},
    };
  }

  /// Refuses what is not supported before anything else is looked at: the most useful thing to say.
  constexpr bool check_operators() {
    for (std::uint32_t i = 0; i < operators_.count; ++i) {
      operator_index_ = static_cast<std::int32_t>(i);
      const flatbuffer_table table = file_.table_in(operators_, i);
      if (!read_code(table)) return false;
      const flatbuffer_vector results = file_.vector(table, schema::results, 4);
      const std::int32_t made = results.count > 0 ? file_.i32(results.at) : -1;
      if (op_ == tflite_operator::custom) return fail(refusal::custom_operator, made);
      if (is_recurrent(op_)) return fail(refusal::recurrent_operator, made);
      bool supported = false;
      for (const importer& known : importers()) supported = supported || known.op == op_;
      if (!supported) return fail(refusal::unsupported_operator, made);
    }
    operator_index_ = -1;
    op_ = tflite_operator{-1};
    return !file_.damaged();
  }

  static constexpr bool is_recurrent(tflite_operator op) {
    switch (op) {
      case tflite_operator::lstm:
      case tflite_operator::rnn:
      case tflite_operator::svdf:
      case tflite_operator::unidirectional_sequence_rnn:
      case tflite_operator::unidirectional_sequence_lstm:
      case tflite_operator::bidirectional_sequence_rnn:
      case tflite_operator::bidirectional_sequence_lstm: return true;
      default: return false;
    }
  }

  constexpr bool import_operator() {
    for (const importer& known : importers())
      if (known.op == op_) return (this->*known.import)();
    return fail(refusal::unsupported_operator);
  }

  constexpr bool conv2d() { return convolution(layer_kind::conv2d); }
  constexpr bool depthwise_conv2d() { return convolution(layer_kind::depthwise_conv2d); }
  constexpr bool add() { return binary(layer_kind::add); }
  constexpr bool sub() { return binary(layer_kind::sub); }
  constexpr bool mul() { return binary(layer_kind::mul); }
  constexpr bool maximum() { return binary(layer_kind::maximum); }
  constexpr bool minimum() { return binary(layer_kind::minimum); }
  constexpr bool squared_difference() { return binary(layer_kind::squared_difference); }
  constexpr bool mean() { return total(layer_kind::mean); }
  constexpr bool sum() { return total(layer_kind::sum); }
  constexpr bool abs() { return unary(layer_kind::abs, activation::none); }
  constexpr bool arg_max() { return arg(layer_kind::arg_max); }
  constexpr bool arg_min() { return arg(layer_kind::arg_min); }
  constexpr bool resize_nearest() { return resize(layer_kind::resize_nearest); }
  constexpr bool average_pool() { return pool(layer_kind::average_pool2d); }
  constexpr bool max_pool() { return pool(layer_kind::max_pool2d); }
  constexpr bool tanh() { return unary(layer_kind::tanh, activation::none); }
  constexpr bool relu() { return unary(layer_kind::relu, activation::relu); }

  constexpr std::int32_t operand(int position) {
    return static_cast<std::uint32_t>(position) < operands_.count
               ? file_.i32(operands_.at + 4 * static_cast<std::uint32_t>(position))
               : -1;
  }
  constexpr std::int32_t result(int position) {
    return file_.i32(results_.at + 4 * static_cast<std::uint32_t>(position));
  }
  constexpr const tensor& at(std::int32_t index) const { return graph_->tensors[index]; }

  constexpr bool require_operands(std::uint32_t least, std::uint32_t most) {
    if (operands_.count < least || operands_.count > most)
      return fail(refusal::operands, -1, static_cast<std::int32_t>(operands_.count), static_cast<std::int32_t>(least));
    for (std::uint32_t i = 0; i < least; ++i)
      if (operand(static_cast<int>(i)) < 0) return fail(refusal::operands);
    if (results_.count != 1) return fail(refusal::operands, -1, static_cast<std::int32_t>(results_.count), 1);
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
    const quantization& q = at(index).quant;
    const std::int32_t lowest = at(index).type == element_type::uint8 ? 0 : -128;
    const bool good =
        q.channels == 1 && is_positive_finite(q.scale) && q.zero_point >= lowest && q.zero_point <= lowest + 255;
    return good ? true : fail(refusal::not_quantized, index);
  }

  static constexpr bool is_positive_finite(float value) { return value > 0 && value <= 3.402823466e38f; }

  constexpr bool require_rank(std::int32_t index, int rank) {
    return at(index).extents.rank == rank ? true : fail(refusal::rank, index, at(index).extents.rank, rank);
  }

  constexpr bool require_batch_one(std::int32_t index) {
    const shape& s = at(index).extents;
    return s[0] == 1 ? true : fail(refusal::batch, index, s[0], 1);
  }

  constexpr bool read_activation(std::int32_t code, activation& clamp) {
    switch (code) {
      case 0: clamp = activation::none; return true;
      case 1: clamp = activation::relu; return true;
      case 2: clamp = activation::relu_n1_to_1; return true;
      case 3: clamp = activation::relu6; return true;
      default: return fail(refusal::option, -1, code, 3);
    }
  }

  /// A layer for the operator at hand, from its first operand to its first result.
  constexpr layer make_layer(layer_kind kind) {
    layer l{};
    l.kind = kind;
    l.inputs[0] = operand(0);
    l.output = result(0);
    l.source = operator_index_;
    return l;
  }

  constexpr bool append(const layer& l) {
    graph_->append(l);
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
      values[i] = bytes == 4 ? file_.i32(position) : clamp_to_int32(file_.i64(position));
    }
    return count;
  }

  static constexpr std::int32_t clamp_to_int32(std::int64_t value) {
    return static_cast<std::int32_t>(value < -0x7fffffff ? -0x7fffffff : value > 0x7fffffff ? 0x7fffffff : value);
  }

  /// A ratio of scales that fits the fixed-point numbers of the kernels.
  static constexpr double most_ratio = 2147483648.0;
  static constexpr double most_float = 3.4e38;
  constexpr bool require_ratio(double ratio, std::int32_t tensor, double limit = most_ratio) {
    return ratio > 0 && ratio < limit ? true : fail(refusal::quantization, tensor);
  }
  constexpr double scale_of(std::int32_t index) const { return double{at(index).quant.scale}; }

  // ---- layers with weights -----------------------------------------------------------------------------

  constexpr bool require_weights(std::int32_t input, std::int32_t weights, std::int32_t bias, std::int32_t output,
                                 std::int32_t output_channels) {
    const tensor& w = at(weights);
    if (at(input).type == element_type::float32 && w.type == element_type::int8)
      return fail(refusal::hybrid_network, input);
    if (!require_int8(input) || !require_int8(output)) return false;
    if (w.type != element_type::int8) return fail_type(weights);
    if (!w.is_constant()) return fail(refusal::not_constant, weights);
    if (w.quant.zero_point != 0) return fail(refusal::asymmetric_weights, weights, w.quant.zero_point, 0);
    if (w.quant.channels != 1 && w.quant.channels != output_channels)
      return fail(refusal::not_quantized, weights, w.quant.channels, output_channels);
    if (bias < 0) return true;
    const tensor& b = at(bias);
    if (b.type != element_type::int32)
      return fail(refusal::unsupported_type, bias, static_cast<std::int32_t>(b.type),
                  static_cast<std::int32_t>(element_type::int32));
    if (!b.is_constant()) return fail(refusal::not_constant, bias);
    if (b.extents.elements() != output_channels)
      return fail(refusal::shape, bias, b.extents.elements(), output_channels);
    return true;
  }

  constexpr bool read_window(std::int32_t padding, std::int32_t input, std::int32_t output, window2d& window) {
    if (window.stride.height < 1 || window.stride.width < 1 || window.dilation.height < 1 ||
        window.dilation.width < 1 || window.kernel.height < 1 || window.kernel.width < 1 ||
        window.stride.height > most_extent || window.stride.width > most_extent ||
        window.dilation.height > most_extent || window.dilation.width > most_extent ||
        window.kernel.height > most_extent || window.kernel.width > most_extent)
      return fail(refusal::option, input);
    const shape& from = at(input).extents;
    const shape& to = at(output).extents;
    if (padding == 0) {
      const same_padding rows =
          pad_to_same(from.height(), window.kernel.height, window.stride.height, window.dilation.height);
      const same_padding columns =
          pad_to_same(from.width(), window.kernel.width, window.stride.width, window.dilation.width);
      window.padding = {rows.before, columns.before, rows.after, columns.after};
    } else if (padding != 1) {
      return fail(refusal::option, input, padding, 1);
    }
    const std::int32_t height = window_output(from.height(), window.padding.top, window.padding.bottom,
                                              window.kernel.height, window.stride.height, window.dilation.height);
    const std::int32_t width = window_output(from.width(), window.padding.left, window.padding.right,
                                             window.kernel.width, window.stride.width, window.dilation.width);
    if (to.height() != height) return fail(refusal::shape, output, to.height(), height);
    if (to.width() != width) return fail(refusal::shape, output, to.width(), width);
    return true;
  }

  constexpr bool convolution(layer_kind kind) {
    if (!require_operands(2, 3)) return false;
    const bool depthwise = kind == layer_kind::depthwise_conv2d;
    const std::int32_t input = operand(0), weights = operand(1), bias = operand(2), output = result(0);
    if (!require_rank(input, 4) || !require_rank(weights, 4) || !require_rank(output, 4) || !require_batch_one(input) ||
        !require_batch_one(output))
      return false;
    const shape& w = at(weights).extents;
    const std::int32_t channels_in = at(input).extents.channels();
    const std::int32_t channels_out = at(output).extents.channels();
    if (!require_weights(input, weights, bias, output, channels_out)) return false;

    layer l = make_layer(kind);
    l.inputs[1] = weights;
    l.inputs[2] = bias;
    l.window.kernel = {w[1], w[2]};
    std::int32_t clamp = 0;
    if (depthwise) {
      if (w[0] != 1 || w[3] != channels_out) return fail(refusal::shape, weights, w[3], channels_out);
      if (channels_out % channels_in != 0) return fail(refusal::shape, weights, channels_out, channels_in);
      l.window.stride = {file_.i32_or(options_, schema::dw_stride_h, 0),
                         file_.i32_or(options_, schema::dw_stride_w, 0)};
      l.window.dilation = {file_.i32_or(options_, schema::dw_dilation_h, 1),
                           file_.i32_or(options_, schema::dw_dilation_w, 1)};
      clamp = file_.i8_or(options_, schema::dw_activation, 0);
    } else {
      if (w[0] != channels_out) return fail(refusal::shape, weights, w[0], channels_out);
      // Fewer channels in the weights than in the input: a grouped convolution.
      if (channels_in % w[3] != 0 || channels_out % (channels_in / w[3]) != 0)
        return fail(refusal::shape, weights, w[3], channels_in);
      l.window.stride = {file_.i32_or(options_, schema::conv_stride_h, 0),
                         file_.i32_or(options_, schema::conv_stride_w, 0)};
      l.window.dilation = {file_.i32_or(options_, schema::conv_dilation_h, 1),
                           file_.i32_or(options_, schema::conv_dilation_w, 1)};
      clamp = file_.i8_or(options_, schema::conv_activation, 0);
    }
    return read_activation(clamp, l.clamp) && read_window(file_.i8_or(options_, 0, 0), input, output, l.window) &&
           append(l);
  }

  constexpr bool transpose_conv() {
    if (!require_operands(3, 4)) return false;
    const std::int32_t extents = operand(0), weights = operand(1), input = operand(2), bias = operand(3);
    const std::int32_t output = result(0);
    if (!require_rank(input, 4) || !require_rank(weights, 4) || !require_rank(output, 4) || !require_batch_one(input) ||
        !require_batch_one(output))
      return false;
    const shape& from = at(input).extents;
    const shape& to = at(output).extents;
    const shape& w = at(weights).extents;
    if (!require_weights(input, weights, bias, output, to.channels())) return false;
    if (w[0] != to.channels()) return fail(refusal::shape, weights, w[0], to.channels());
    if (w[3] != from.channels()) return fail(refusal::shape, weights, w[3], from.channels());
    // What a SHAPE chain computes is the result's shape.
    if (at(extents).is_constant()) {
      std::int32_t wanted[4]{};
      if (const std::int32_t count = integers(extents, wanted, 4); count != 4)
        return count < 0 ? false : fail(refusal::shape, extents, count, 4);
      for (int axis = 0; axis < 4; ++axis)
        if (wanted[axis] != to[axis]) return fail(refusal::shape, output, to[axis], -1);
    }
    layer l = make_layer(layer_kind::transpose_conv2d);
    l.inputs = {input, weights, bias};
    l.window.kernel = {w[1], w[2]};
    l.window.stride = {file_.i32_or(options_, schema::tc_stride_h, 0), file_.i32_or(options_, schema::tc_stride_w, 0)};
    // The window slides over the output, and must stop at as many places as the input has pixels.
    return read_activation(file_.i8_or(options_, schema::tc_activation, 0), l.clamp) &&
           read_window(file_.i8_or(options_, schema::tc_padding, 0), output, input, l.window) && append(l);
  }

  constexpr bool fully_connected() {
    if (!require_operands(2, 3)) return false;
    const std::int32_t input = operand(0), weights = operand(1), bias = operand(2), output = result(0);
    if (!require_rank(weights, 2)) return false;
    const std::int32_t units = at(weights).extents[0], depth = at(weights).extents[1];
    if (!require_weights(input, weights, bias, output, units)) return false;
    constexpr std::uint32_t weights_format = 1;
    if (file_.i8_or(options_, weights_format, 0) != 0) return fail(refusal::option, weights);
    const std::int32_t rows = at(input).extents.elements() / depth;
    if (at(input).extents.elements() != rows * depth)
      return fail(refusal::shape, input, at(input).extents.elements(), depth);
    if (at(output).extents.elements() != std::int64_t{rows} * units)
      return fail(refusal::shape, output, at(output).extents.elements(), clamp_to_int32(std::int64_t{rows} * units));
    layer l = make_layer(layer_kind::fully_connected);
    l.inputs[1] = weights;
    l.inputs[2] = bias;
    return read_activation(file_.i8_or(options_, 0, 0), l.clamp) && append(l);
  }

  // ---- layers without weights --------------------------------------------------------------------------

  constexpr bool binary(layer_kind kind) {
    if (!require_operands(2, 2)) return false;
    const std::int32_t a = operand(0), b = operand(1), output = result(0);
    if (!require_int8(a) || !require_int8(b) || !require_int8(output)) return false;
    const shape& out = at(output).extents;
    for (std::int32_t index : {a, b})
      for (int axis = 0; axis < max_rank; ++axis) {
        const std::int32_t extent = at(index).extents.from_innermost(axis);
        const std::int32_t expected = out.from_innermost(axis);
        if (extent != 1 && extent != expected) return fail(refusal::shape, index, extent, expected);
      }
    for (int axis = 0; axis < max_rank; ++axis) {
      const std::int32_t x = at(a).extents.from_innermost(axis), y = at(b).extents.from_innermost(axis);
      if ((x > y ? x : y) != out.from_innermost(axis))
        return fail(refusal::shape, output, out.from_innermost(axis), x > y ? x : y);
    }
    // Where one input is broadcast, the kernels know three axes.
    for (int axis = 3; axis < max_rank; ++axis)
      if (out.from_innermost(axis) != 1 && at(a).extents.elements() != at(b).extents.elements())
        return fail(refusal::rank, output, out.rank, 3);
    layer l = make_layer(kind);
    l.inputs[1] = b;
    const double twice_larger = 2 * (scale_of(a) > scale_of(b) ? scale_of(a) : scale_of(b));
    switch (kind) {
      case layer_kind::maximum:
      case layer_kind::minimum: return append(l);
      case layer_kind::squared_difference:
        return require_ratio(twice_larger * twice_larger / ((1 << 14) * scale_of(output)), output) && append(l);
      case layer_kind::prelu: return require_ratio(scale_of(a) * scale_of(b) / scale_of(output), output) && append(l);
      case layer_kind::mul:
        if (!require_ratio(scale_of(a) * scale_of(b) / scale_of(output), output)) return false;
        break;
      default:
        // The reference rescales the sum, which has 20 more bits, by less than one.
        if (!require_ratio(twice_larger / ((1 << 20) * scale_of(output)), output, 1.0)) return false;
    }
    return read_activation(file_.i8_or(options_, 0, 0), l.clamp) && append(l);
  }

  constexpr bool prelu() {
    return binary(layer_kind::prelu) && require_same_elements(operand(0), result(0)) &&
           require_ratio(scale_of(operand(0)) / scale_of(result(0)), result(0));
  }

  constexpr bool pool(layer_kind kind) {
    if (!require_operands(1, 1)) return false;
    const std::int32_t input = operand(0), output = result(0);
    if (!require_int8(input) || !require_int8(output) || !require_rank(input, 4) || !require_rank(output, 4) ||
        !require_batch_one(input) || !require_batch_one(output))
      return false;
    if (at(input).extents.channels() != at(output).extents.channels())
      return fail(refusal::shape, output, at(output).extents.channels(), at(input).extents.channels());
    layer l = make_layer(kind);
    l.window.kernel = {file_.i32_or(options_, schema::pool_kernel_h, 0),
                       file_.i32_or(options_, schema::pool_kernel_w, 0)};
    l.window.stride = {file_.i32_or(options_, schema::pool_stride_h, 0),
                       file_.i32_or(options_, schema::pool_stride_w, 0)};
    if (l.window.kernel.height > 0 && l.window.kernel.width > most_summed / l.window.kernel.height)
      return fail(refusal::too_large, input, -1, most_summed);
    return read_activation(file_.i8_or(options_, schema::pool_activation, 0), l.clamp) &&
           read_window(file_.i8_or(options_, schema::pool_padding, 0), input, output, l.window) && append(l);
  }

  /// Reads the axes that an operator reduces, and checks that its result has what they leave. Returns how many elements
  /// become one; −1 if it is refused.
  constexpr std::int32_t reduce(std::int32_t axes_index, layer& l) {
    const shape& from = at(l.inputs[0]).extents;
    std::int32_t axes[max_rank]{};
    const std::int32_t count = integers(axes_index, axes, max_rank);
    if (count < 0) return -1;
    for (std::int32_t i = 0; i < count; ++i) {
      const std::int32_t axis = axes[i] < 0 ? axes[i] + from.rank : axes[i];
      if (axis < 0 || axis >= from.rank) return fail(refusal::option, axes_index, axes[i]) - 1;
      l.axes |= 1u << axis;
    }
    std::int32_t kept = 1, reduced = 1;
    for (int axis = 0; axis < from.rank; ++axis) ((l.axes >> axis & 1) == 0 ? kept : reduced) *= from[axis];
    const std::int32_t output = result(0);
    if (at(output).extents.elements() != kept)
      return fail(refusal::shape, output, at(output).extents.elements(), kept) - 1;
    return reduced;
  }

  constexpr bool total(layer_kind kind) {
    if (!require_operands(2, 2)) return false;
    const std::int32_t input = operand(0), output = result(0);
    if (!require_int8(input) || !require_int8(output)) return false;
    layer l = make_layer(kind);
    const std::int32_t reduced = reduce(operand(1), l);
    if (reduced < 0) return false;
    if (reduced > most_summed) return fail(refusal::too_large, input, reduced, most_summed);
    return require_ratio(scale_of(input) / scale_of(output), output) && append(l);
  }

  constexpr bool reduce_max() {
    if (!require_operands(2, 2)) return false;
    const std::int32_t input = operand(0), output = result(0);
    if (!require_int8(input) || !require_int8(output) || !require_same_values(input, output)) return false;
    layer l = make_layer(layer_kind::reduce_max);
    return reduce(operand(1), l) > 0 && append(l);
  }

  /// The indices are int32; the arena holds bytes, so the layer makes four for each.
  constexpr bool arg(layer_kind kind) {
    if (!require_operands(2, 2)) return false;
    const std::int32_t input = operand(0), output = result(0);
    if (!require_int8(input)) return false;
    if (at(output).type != element_type::int32)
      return fail(refusal::unsupported_type, output, static_cast<std::int32_t>(at(output).type),
                  static_cast<std::int32_t>(element_type::int32));
    layer l = make_layer(kind);
    if (reduce(operand(1), l) < 0) return false;
    if (at(operand(1)).extents.elements() != 1)
      return fail(refusal::shape, operand(1), at(operand(1)).extents.elements(), 1);
    const std::int32_t elements = at(output).extents.elements();
    if (elements > most_elements / 4) return fail(refusal::too_large, output, elements, most_elements / 4);
    l.output = add_tensor({2, {elements, 4}}, {});
    layer as_integers = make_layer(layer_kind::reshape);
    as_integers.inputs[0] = l.output;
    return append(l) && append(as_integers);
  }

  /// Both tensors must mean the same by their bytes.
  constexpr bool require_same_values(std::int32_t input, std::int32_t output) {
    return same_values(at(input).quant, at(output).quant) ? true : fail(refusal::quantization, output);
  }

  constexpr bool require_same_elements(std::int32_t input, std::int32_t output) {
    const std::int32_t from = at(input).extents.elements(), to = at(output).extents.elements();
    return from == to ? true : fail(refusal::shape, output, to, from);
  }

  /// The same rows of the same pixels; axes of extent 1 may be added or missing in front.
  constexpr bool require_same_map(std::int32_t input, std::int32_t output) {
    const shape& from = at(input).extents;
    const shape& to = at(output).extents;
    if (from.channels() != to.channels()) return fail(refusal::shape, output, to.channels(), from.channels());
    if (from.width() != to.width()) return fail(refusal::shape, output, to.width(), from.width());
    return require_same_elements(input, output);
  }

  constexpr bool softmax() {
    if (!require_operands(1, 1)) return false;
    const std::int32_t input = operand(0), output = result(0);
    if (!require_int8(input) || !require_int8(output) || !require_same_map(input, output)) return false;
    if (at(output).quant.scale != 1.0f / 256 || at(output).quant.zero_point != -128)
      return fail(refusal::quantization, output, -1, -1);
    layer l = make_layer(layer_kind::softmax);
    l.beta = file_.f32_or(options_, 0, 0);
    // The reference scales differences by more than one: smaller products of beta and scale are refused.
    if (!is_positive_finite(l.beta) || double{l.beta} * double{at(input).quant.scale} * (1 << 26) <= 1.0)
      return fail(refusal::option, input);
    return append(l);
  }

  constexpr bool unary(layer_kind kind, activation clamp) {
    if (!require_operands(1, 1)) return false;
    const std::int32_t input = operand(0), output = result(0);
    if (!require_int8(input) || !require_int8(output) || !require_same_map(input, output)) return false;
    const bool rescales = kind == layer_kind::relu || kind == layer_kind::abs;
    if (rescales && !require_ratio(scale_of(input) / scale_of(output), output)) return false;
    layer l = make_layer(kind);
    l.clamp = clamp;
    return append(l);
  }

  constexpr bool logistic() {
    if (!unary(layer_kind::logistic, activation::none)) return false;
    const quantization& q = at(result(0)).quant;
    return q.zero_point == -128 ? true : fail(refusal::quantization, result(0), -1, -1);
  }

  /// The reference clamps the stored values as they are, so both tensors must mean the same by them.
  constexpr bool relu6() {
    return unary(layer_kind::relu, activation::relu6) && require_same_values(operand(0), result(0));
  }

  constexpr bool leaky_relu() {
    if (!unary(layer_kind::leaky_relu, activation::none)) return false;
    const float slope = file_.f32_or(options_, 0, 0);
    const double size = double{slope < 0 ? -slope : slope} * scale_of(operand(0));
    // The reference multiplies floats: no product may overflow, or round up to a ratio that does not fit.
    if (!(size < most_float) || !(size / scale_of(result(0)) < most_ratio / 2))
      return fail(refusal::option, operand(0));
    graph_->layers[graph_->layer_count - 1].slope = slope;
    return require_ratio(scale_of(operand(0)) / scale_of(result(0)), result(0), most_ratio / 2);
  }

  /// The reference has 16 bits for its multipliers, and shifts the output to the right only.
  constexpr bool hard_swish() {
    if (!unary(layer_kind::hard_swish, activation::none)) return false;
    const double fine_scale = scale_of(operand(0)) / 128;
    const double to_output = fine_scale / scale_of(result(0)), to_gate = fine_scale * 32768 / 3;
    constexpr double least = 1.0 / (1 << 15), most_gate = 1 << 15;
    // A little less than one, since the reference computes it in float.
    const bool good = to_output >= least && to_output < 0.9999999 && to_gate >= least && to_gate < most_gate;
    return good ? true : fail(refusal::quantization, result(0));
  }

  constexpr bool quantize() {
    if (!require_operands(1, 1)) return false;
    const std::int32_t input = operand(0), output = result(0);
    if (!require_same_map(input, output)) return false;
    const element_type from = at(input).type, to = at(output).type;
    if (to != element_type::int8 && !(to == element_type::uint8 && from == element_type::int8))
      return fail(refusal::unsupported_type, output, static_cast<std::int32_t>(to),
                  static_cast<std::int32_t>(element_type::int8));
    if (!require_quantized(output)) return false;
    if (from == element_type::float32) {
      // Floats live only in the caller's buffers.
      if (graph_->view().input_position(input) < 0) return fail(refusal::float_network, input);
      return append(make_layer(layer_kind::quantize));
    }
    if (from != element_type::int8 && from != element_type::uint8)
      return fail(refusal::unsupported_type, input, static_cast<std::int32_t>(from),
                  static_cast<std::int32_t>(element_type::int8));
    return require_quantized(input) && require_ratio(scale_of(input) / scale_of(output), output) &&
           append(make_layer(layer_kind::requantize));
  }

  constexpr bool dequantize() {
    if (!require_operands(1, 1)) return false;
    const std::int32_t input = operand(0), output = result(0);
    if (!require_int8(input) || !require_same_elements(input, output)) return false;
    if (at(output).type != element_type::float32)
      return fail(refusal::unsupported_type, output, static_cast<std::int32_t>(at(output).type),
                  static_cast<std::int32_t>(element_type::float32));
    graph_->tensors[output].quant = at(input).quant;
    return append(make_layer(layer_kind::reshape));
  }

  // ---- layers that only move elements ------------------------------------------------------------------

  /// Operators on int32 between a SHAPE and a RESHAPE: their result is the extents of another tensor.
  constexpr bool shape_arithmetic() {
    for (std::uint32_t i = 0; i < results_.count; ++i) {
      const tensor& t = at(result(static_cast<int>(i)));
      if (t.type != element_type::int32 && t.type != element_type::int64)
        return fail(refusal::unsupported_operator, result(static_cast<int>(i)));
    }
    return true;
  }

  constexpr bool is_integer_result() {
    const element_type type = at(result(0)).type;
    return type == element_type::int32 || type == element_type::int64;
  }

  constexpr bool require_movable(std::int32_t input, std::int32_t output) {
    const tensor& from = at(input);
    const tensor& to = at(output);
    // The float result of a DEQUANTIZE may be reshaped; it is int8 in memory.
    if (from.type == element_type::float32 && from.quant.channels == 1 && to.type == element_type::float32) {
      graph_->tensors[output].quant = from.quant;
      return true;
    }
    return require_int8(input) && require_int8(output);
  }

  constexpr bool reshape() {
    if (is_integer_result()) return shape_arithmetic();
    if (!require_operands(1, 2)) return false;
    const std::int32_t input = operand(0), output = result(0);
    return require_movable(input, output) && require_same_elements(input, output) &&
           append(make_layer(layer_kind::reshape));
  }

  constexpr bool pad() {
    if (!require_operands(2, 3)) return false;
    const std::int32_t input = operand(0), output = result(0);
    if (!require_int8(input) || !require_int8(output)) return false;
    const shape& from = at(input).extents;
    const shape& to = at(output).extents;
    std::int32_t amounts[2 * max_rank]{};
    const std::int32_t count = integers(operand(1), amounts, 2 * max_rank);
    if (count < 0) return false;
    if (count != 2 * from.rank || to.rank != from.rank) return fail(refusal::shape, operand(1), count, 2 * from.rank);
    layer l = make_layer(layer_kind::pad);
    for (int axis = 0; axis < from.rank; ++axis) {
      const std::int32_t before = amounts[2 * axis], after = amounts[2 * axis + 1];
      if (before < 0 || after < 0) return fail(refusal::option, operand(1));
      if (std::int64_t{from[axis]} + before + after != to[axis]) return fail(refusal::shape, output, to[axis]);
      l.begin[static_cast<std::size_t>(axis)] = before;
    }
    l.fill = at(output).quant.zero_point;
    if (operand(2) >= 0) {
      const tensor& value = at(operand(2));
      if (!require_int8(operand(2))) return false;
      if (!value.is_constant()) return fail(refusal::not_constant, operand(2));
      l.fill = file_.i8(value.data_at);
    }
    return append(l);
  }

  constexpr bool strided_slice() {
    if (is_integer_result()) return shape_arithmetic();
    if (!require_operands(4, 4)) return false;
    const std::int32_t input = operand(0), output = result(0);
    if (!require_int8(input) || !require_int8(output)) return false;
    const shape& from = at(input).extents;
    std::int32_t begin[max_rank]{}, end[max_rank]{}, step[max_rank]{};
    const std::int32_t count = integers(operand(1), begin, max_rank);
    if (count < 0 || integers(operand(2), end, max_rank) < 0 || integers(operand(3), step, max_rank) < 0) return false;
    if (count != from.rank || at(operand(2)).extents.elements() != count || at(operand(3)).extents.elements() != count)
      return fail(refusal::shape, operand(1), count, from.rank);
    if (file_.i32_or(options_, schema::ellipsis_mask, 0) != 0 ||
        file_.i32_or(options_, schema::new_axis_mask, 0) != 0 || file_.flag(options_, schema::offset))
      return fail(refusal::option, input);
    const std::int32_t begin_mask = file_.i32_or(options_, schema::begin_mask, 0);
    const std::int32_t end_mask = file_.i32_or(options_, schema::end_mask, 0);
    const std::int32_t shrink_mask = file_.i32_or(options_, schema::shrink_axis_mask, 0);
    layer l = make_layer(layer_kind::slice);
    shape extents{from.rank, {}};
    for (int axis = 0; axis < from.rank; ++axis) {
      const std::int32_t extent = from[axis], stride = step[axis];
      if (stride == 0) return fail(refusal::option, operand(3));
      const bool forward = stride > 0;
      // Positions one before the first and one after the last stand for "beyond".
      const std::int32_t lowest = forward ? 0 : -1, highest = forward ? extent : extent - 1;
      std::int64_t first = begin[axis], last = end[axis];
      if (first < 0) first += extent;
      if (last < 0) last += extent;
      first = (begin_mask >> axis & 1) != 0 ? (forward ? lowest : highest) : clamp_between(first, lowest, highest);
      last = (end_mask >> axis & 1) != 0 ? (forward ? highest : lowest) : clamp_between(last, lowest, highest);
      if ((shrink_mask >> axis & 1) != 0) {
        if (stride != 1) return fail(refusal::option, operand(3), stride, 1);
        last = first + 1;
      }
      const std::int64_t distance = forward ? last - first : first - last;
      const std::int64_t pace = forward ? stride : -std::int64_t{stride};
      const std::int64_t taken = distance <= 0 ? 0 : (distance + pace - 1) / pace;
      if (taken < 1 || first < 0 || first >= extent) return fail(refusal::shape, output);
      l.begin[static_cast<std::size_t>(axis)] = static_cast<std::int32_t>(first);
      // The stride of a single element is never taken; it may be too large to multiply.
      l.step[static_cast<std::size_t>(axis)] = taken == 1 ? 1 : stride;
      extents[axis] = static_cast<std::int32_t>(taken);
    }
    return append_slice(l, extents);
  }

  /// Appends a slice of such extents. Where the result drops an axis, its bytes are the same.
  constexpr bool append_slice(layer l, const shape& extents) {
    const std::int32_t output = l.output;
    if (at(output).extents.elements() != extents.elements())
      return fail(refusal::shape, output, at(output).extents.elements(), extents.elements());
    if (at(output).extents == extents) return append(l);
    if (map_rows(extents) > most_rows) return fail(refusal::too_large, output, map_rows(extents), most_rows);
    l.output = add_tensor(extents, at(output).quant);
    layer view = make_layer(layer_kind::reshape);
    view.inputs[0] = l.output;
    view.output = output;
    return append(l) && append(view);
  }

  constexpr bool slice() {
    if (is_integer_result()) return shape_arithmetic();
    if (!require_operands(3, 3)) return false;
    const std::int32_t input = operand(0), output = result(0);
    if (!require_int8(input) || !require_int8(output)) return false;
    const shape& from = at(input).extents;
    layer l = make_layer(layer_kind::slice);
    std::int32_t begin[max_rank]{}, size[max_rank]{};
    const std::int32_t count = integers(operand(1), begin, max_rank);
    if (count < 0 || integers(operand(2), size, max_rank) < 0) return false;
    if (count != from.rank || at(operand(2)).extents.elements() != count || at(output).extents.rank != from.rank)
      return fail(refusal::shape, operand(1), count, from.rank);
    for (int axis = 0; axis < from.rank; ++axis) {
      const auto a = static_cast<std::size_t>(axis);
      const std::int32_t taken = at(output).extents[axis];
      if (begin[axis] < 0 || begin[axis] > from[axis] - taken) return fail(refusal::option, operand(1), -1, from[axis]);
      // −1 stands for the rest.
      if (taken != (size[axis] == -1 ? from[axis] - begin[axis] : size[axis]))
        return fail(refusal::shape, output, taken, size[axis]);
      l.begin[a] = begin[axis];
      l.step[a] = 1;
    }
    return append(l);
  }

  static constexpr std::int64_t clamp_between(std::int64_t value, std::int64_t low, std::int64_t high) {
    return value < low ? low : value > high ? high : value;
  }

  /// The axis that an operator names, counted from the end where it is negative; −1 if it is refused.
  constexpr std::int32_t resolve_axis(std::int32_t axis, std::int32_t tensor) {
    const std::int32_t rank = at(tensor).extents.rank;
    const std::int32_t resolved = axis < 0 ? axis + rank : axis;
    return resolved >= 0 && resolved < rank ? resolved : fail(refusal::option, tensor, axis) - 1;
  }

  /// Cuts a tensor along an axis: one slice for each result, of sizes[i] elements.
  constexpr bool cut(std::int32_t input, std::int32_t axis, const std::int32_t* sizes) {
    const shape& from = at(input).extents;
    std::int32_t position = 0;
    for (std::uint32_t i = 0; i < results_.count; ++i) {
      const std::int32_t output = result(static_cast<int>(i));
      if (!require_movable(input, output)) return false;
      if (at(input).type != element_type::int8) return fail(refusal::float_network, input);
      if (sizes[i] < 1 || sizes[i] > from[axis] - position) return fail(refusal::shape, output, sizes[i], from[axis]);
      layer l = make_layer(layer_kind::slice);
      l.inputs[0] = input;
      l.output = output;
      shape extents = from;
      extents[axis] = sizes[i];
      for (std::size_t a = 0; a < l.step.size(); ++a) l.step[a] = 1;
      l.begin[static_cast<std::size_t>(axis)] = position;
      position += sizes[i];
      if (op_ != tflite_operator::unpack && at(output).extents != extents)
        return fail(refusal::shape, output, at(output).extents[axis], sizes[i]);
      if (!append_slice(l, extents)) return false;
    }
    return position == from[axis] ? true : fail(refusal::shape, input, position, from[axis]);
  }

  constexpr bool require_results(std::int32_t tensor) {
    return results_.count <= most_results
               ? true
               : fail(refusal::operands, tensor, static_cast<std::int32_t>(results_.count), most_results);
  }

  constexpr bool cut_evenly(std::int32_t input, std::int32_t axis) {
    if (axis < 0 || !require_results(input)) return false;
    std::int32_t sizes[most_results]{};
    const auto parts = static_cast<std::int32_t>(results_.count);
    for (std::int32_t i = 0; i < parts; ++i) sizes[i] = at(input).extents[axis] / parts;
    return cut(input, axis, sizes);
  }

  constexpr bool split() {
    if (operands_.count != 2 || operand(1) < 0) return fail(refusal::operands);
    std::int32_t axis = 0;
    if (integers(operand(0), &axis, 1) != 1) return fail(refusal::operands, operand(0));
    return cut_evenly(operand(1), resolve_axis(axis, operand(1)));
  }

  constexpr bool split_v() {
    if (operands_.count != 3 || operand(0) < 0 || !require_results(operand(0))) return fail(refusal::operands);
    std::int32_t sizes[most_results]{}, axis = 0;
    if (integers(operand(1), sizes, most_results) != static_cast<std::int32_t>(results_.count) ||
        integers(operand(2), &axis, 1) != 1)
      return fail(refusal::operands, operand(1));
    axis = resolve_axis(axis, operand(0));
    if (axis < 0) return false;
    // −1 stands for what the others leave.
    std::int64_t rest = at(operand(0)).extents[axis];
    for (std::int32_t size : sizes) rest -= size > 0 ? size : 0;
    for (std::int32_t& size : sizes)
      if (size == -1) size = static_cast<std::int32_t>(rest > 0 ? rest : 0);
    return cut(operand(0), axis, sizes);
  }

  constexpr bool unpack() {
    if (operands_.count != 1 || operand(0) < 0) return fail(refusal::operands);
    constexpr std::uint32_t axis_field = 1;
    return cut_evenly(operand(0), resolve_axis(file_.i32_or(options_, axis_field, 0), operand(0)));
  }

  /// Parts beside each other along a new axis: whatever axes there are, they are blocks of a map of three.
  constexpr bool pack() {
    if (is_integer_result()) return shape_arithmetic();
    if (results_.count != 1) return fail(refusal::operands);
    const std::int32_t output = result(0);
    if (!require_int8(output)) return false;
    const shape& to = at(output).extents;
    constexpr std::uint32_t axis_field = 1;
    const std::int32_t axis = resolve_axis(file_.i32_or(options_, axis_field, 0), output);
    if (axis < 0) return false;
    const auto parts = static_cast<std::int32_t>(operands_.count);
    if (to[axis] != parts) return fail(refusal::shape, output, to[axis], parts);
    std::int32_t outer = 1, inner = 1;
    for (int a = 0; a < to.rank; ++a)
      if (a != axis) (a < axis ? outer : inner) *= to[a];
    if (outer > most_rows) return fail(refusal::too_large, output, outer, most_rows);
    const quantization quant = at(output).quant;
    const std::int32_t whole = parts == 1 ? output : add_tensor({3, {outer, parts, inner}}, quant);
    for (std::int32_t i = 0; i < parts; ++i) {
      const std::int32_t input = operand(i);
      if (input < 0) return fail(refusal::operands);
      if (!require_int8(input)) return false;
      const shape& from = at(input).extents;
      if (from.rank != to.rank - 1) return fail(refusal::rank, input, from.rank, to.rank - 1);
      for (int a = 0; a < from.rank; ++a)
        if (from[a] != to[a < axis ? a : a + 1]) return fail(refusal::shape, input, from[a], to[a < axis ? a : a + 1]);
      layer view = make_layer(layer_kind::reshape);
      view.inputs[0] = input;
      if (parts == 1) return append(view);
      view.output = add_tensor({3, {outer, 1, inner}}, quant);
      layer place = make_layer(layer_kind::place);
      place.inputs[0] = view.output;
      place.output = whole;
      place.begin[1] = i;
      append(view);
      append(place);
    }
    layer view = make_layer(layer_kind::reshape);
    view.inputs[0] = whole;
    return append(view);
  }

  /// Elements along one axis in the order of a constant list, or one of them.
  constexpr bool gather() {
    if (is_integer_result()) return shape_arithmetic();
    if (!require_operands(2, 2)) return false;
    const std::int32_t input = operand(0), indices = operand(1), output = result(0);
    if (!require_int8(input) || !require_int8(output)) return false;
    const shape& from = at(input).extents;
    const tensor& list = at(indices);
    if (list.type != element_type::int32)
      return fail(refusal::unsupported_type, indices, static_cast<std::int32_t>(list.type),
                  static_cast<std::int32_t>(element_type::int32));
    if (!list.is_constant()) return fail(refusal::not_constant, indices);
    const std::int32_t axis = resolve_axis(file_.i32_or(options_, 0, 0), input);
    if (axis < 0) return false;
    constexpr std::uint32_t batch_dims = 1;
    if (file_.i32_or(options_, batch_dims, 0) != 0) return fail(refusal::option, indices);
    const std::int32_t count = list.extents.elements();
    for (std::int32_t i = 0; i < count; ++i) {
      const std::int32_t index = file_.i32(list.data_at + 4 * static_cast<std::uint32_t>(i));
      if (index < 0 || index >= from[axis])
        return fail(refusal::option, indices, index < 0 ? -1 : index, from[axis] - 1);
    }
    // The list's axes stand in the place of the axis.
    const shape& to = at(output).extents;
    const int added = list.extents.rank - 1;
    if (to.rank != from.rank + added) return fail(refusal::rank, output, to.rank, from.rank + added);
    for (int a = 0; a < to.rank; ++a) {
      const std::int32_t expected = a < axis ? from[a] : a <= axis + added ? list.extents[a - axis] : from[a - added];
      if (to[a] != expected) return fail(refusal::shape, output, to[a], expected);
    }
    layer l = make_layer(layer_kind::gather);
    l.inputs[1] = indices;
    l.axes = 1u << axis;
    return append(l);
  }

  constexpr bool require_block(std::int32_t larger, std::int32_t smaller) {
    const shape& pixels = at(larger).extents;
    const shape& blocks = at(smaller).extents;
    const std::int64_t block = file_.i32_or(options_, 0, 0);
    if (block < 1 || block > most_extent) return fail(refusal::option, larger);
    if (pixels.height() != blocks.height() * block)
      return fail(refusal::shape, larger, pixels.height(), blocks.height());
    if (pixels.width() != blocks.width() * block) return fail(refusal::shape, larger, pixels.width(), blocks.width());
    if (blocks.channels() != pixels.channels() * block * block)
      return fail(refusal::shape, smaller, blocks.channels(), pixels.channels());
    return true;
  }

  constexpr bool depth_to_space() {
    return require_maps() && require_block(result(0), operand(0)) && append(make_layer(layer_kind::depth_to_space));
  }

  constexpr bool space_to_depth() {
    return require_maps() && require_block(operand(0), result(0)) && append(make_layer(layer_kind::space_to_depth));
  }

  /// One int8 map [1, height, width, channels] in, one out.
  constexpr bool require_maps(std::uint32_t operands = 1) {
    if (!require_operands(operands, operands)) return false;
    const std::int32_t input = operand(0), output = result(0);
    return require_int8(input) && require_int8(output) && require_rank(input, 4) && require_rank(output, 4) &&
           require_batch_one(input) && require_batch_one(output);
  }

  constexpr bool concatenation() {
    if (operands_.count < 1 || results_.count != 1) return fail(refusal::operands);
    const std::int32_t output = result(0);
    if (!require_int8(output)) return false;
    const shape& to = at(output).extents;
    const std::int32_t axis = resolve_axis(file_.i32_or(options_, 0, 0), output);
    if (axis < 0) return false;
    constexpr std::uint32_t fused_activation = 1;
    if (file_.i8_or(options_, fused_activation, 0) != 0) return fail(refusal::option, output);
    for (int a = 3; a < max_rank; ++a)
      if (to.from_innermost(a) != 1) return fail(refusal::rank, output, to.rank, 3);
    std::int32_t position = 0;
    for (std::uint32_t i = 0; i < operands_.count; ++i) {
      const std::int32_t input = operand(static_cast<int>(i));
      if (input < 0) return fail(refusal::operands);
      if (!require_int8(input)) return false;
      const shape& from = at(input).extents;
      if (from.rank != to.rank) return fail(refusal::rank, input, from.rank, to.rank);
      for (int a = 0; a < to.rank; ++a)
        if (a != axis && from[a] != to[a]) return fail(refusal::shape, input, from[a], to[a]);
      if (from[axis] > to[axis] - position) return fail(refusal::shape, output, to[axis]);
      layer l = make_layer(layer_kind::place);
      l.inputs[0] = input;
      l.begin[static_cast<std::size_t>(axis)] = position;
      position += from[axis];
      append(l);
    }
    return position == to[axis] ? true : fail(refusal::shape, output, to[axis], position);
  }

  constexpr bool transpose() {
    if (!require_operands(2, 2)) return false;
    const std::int32_t input = operand(0), output = result(0);
    if (!require_int8(input) || !require_int8(output)) return false;
    const shape& from = at(input).extents;
    const shape& to = at(output).extents;
    std::int32_t order[max_rank]{};
    const std::int32_t count = integers(operand(1), order, max_rank);
    if (count < 0) return false;
    if (count != from.rank || to.rank != from.rank) return fail(refusal::shape, operand(1), count, from.rank);
    layer l = make_layer(layer_kind::transpose);
    std::uint32_t seen = 0;
    for (int axis = 0; axis < from.rank; ++axis) {
      const std::int32_t source = order[axis] < 0 ? order[axis] + from.rank : order[axis];
      if (source < 0 || source >= from.rank || (seen >> source & 1) != 0)
        return fail(refusal::option, operand(1), order[axis]);
      seen |= 1u << source;
      if (to[axis] != from[source]) return fail(refusal::shape, output, to[axis], from[source]);
      l.begin[static_cast<std::size_t>(axis)] = source;
    }
    return append(l);
  }

  constexpr bool resize(layer_kind kind) {
    if (!require_maps(2)) return false;
    const shape& from = at(operand(0)).extents;
    const shape& to = at(result(0)).extents;
    if (from.channels() != to.channels()) return fail(refusal::shape, result(0), to.channels(), from.channels());
    std::int32_t size[2]{};
    const std::int32_t count = integers(operand(1), size, 2);
    if (count < 0) return false;
    if (count != 2 || size[0] != to.height() || size[1] != to.width()) return fail(refusal::shape, result(0));
    // Tables have 16 bits for a row or a column.
    for (std::int32_t index : {operand(0), result(0)})
      for (std::int32_t extent : {at(index).extents.height(), at(index).extents.width()})
        if (extent > most_rows) return fail(refusal::too_large, index, extent, most_rows);
    layer l = make_layer(kind);
    // RESIZE_BILINEAR's options begin with a size that is no longer used.
    const std::uint32_t first_field = kind == layer_kind::resize_bilinear ? 2 : 0;
    l.align_corners = file_.flag(options_, first_field);
    l.half_pixel_centers = file_.flag(options_, first_field + 1);
    return append(l);
  }

  constexpr bool resize_bilinear() {
    if (!resize(layer_kind::resize_bilinear)) return false;
    const layer& l = graph_->layers[graph_->layer_count - 1];
    if (l.align_corners && l.half_pixel_centers) return fail(refusal::option, result(0));
    // The reference counts 1024ths of pixels in 32 bits. Very much enlarged, its rounded scale reaches beyond the map.
    const shape& from = at(operand(0)).extents;
    const shape& to = at(result(0)).extents;
    if (from.width() > most_blended) return fail(refusal::too_large, operand(0), from.width(), most_blended);
    if (blend_position(l, to.height() - 1, from.height(), to.height()) >= 1024 * from.height() ||
        blend_position(l, to.width() - 1, from.width(), to.width()) >= 1024 * from.width())
      return fail(refusal::option, result(0));
    return true;
  }

  // Of a tensor, and of all activations together: far beyond any microcontroller. It keeps every byte count and
  // every sum of them inside 32 bits.
  static constexpr std::int32_t most_elements = 1 << 27;
  static constexpr std::int32_t most_extent = 1 << 15;
  // Columns of a map that is resized.
  static constexpr std::int32_t most_blended = 1 << 20;
  // Of one operator that cuts its input.
  static constexpr std::int32_t most_results = 64;
  // Rows are counted in 16 bits while a network runs.
  static constexpr std::int32_t most_rows = (1 << 15) - 1;
  // As many int8 sum up inside 32 bits.
  static constexpr std::int32_t most_summed = 1 << 23;

  flatbuffer<Byte> file_;
  flatbuffer_vector codes_{}, buffers_{}, tensors_{}, inputs_{}, outputs_{}, operators_{};
  graph_builder* graph_ = nullptr;
  std::int32_t added_tensors_ = 0;
  error error_{};

  // The operator at hand.
  tflite_operator op_ = tflite_operator{-1};
  std::int32_t operator_index_ = -1;
  flatbuffer_table options_{};
  flatbuffer_vector operands_{}, results_{};
};

}  // namespace detail

namespace detail {

constexpr tflite_operator operator_of(layer_kind weighted) {
  return weighted == layer_kind::conv2d             ? tflite_operator::conv_2d
         : weighted == layer_kind::depthwise_conv2d ? tflite_operator::depthwise_conv_2d
         : weighted == layer_kind::transpose_conv2d ? tflite_operator::transpose_conv
                                                    : tflite_operator::fully_connected;
}

/// Looks at the scale and zero point of every channel of a layer's weights. Apart from the importer, so that
/// a compiler can do it one layer at a time: a large network has tens of thousands.
template <typename Byte>
constexpr error check_channels(graph_view g, const layer& l, const Byte* file) {
  if (!has_weights(l.kind)) return {};
  const quantization& weights = g.input_of(l, 1).quant;
  const double input_scale = double{g.input_of(l).quant.scale}, output_scale = double{g.output_of(l).quant.scale};
  error refused{.reason = refusal::none, .op = operator_of(l.kind), .operator_index = l.source, .tensor = l.inputs[1]};
  for (std::int32_t c = 0; c < weights.channels; ++c) {
    const auto channel = static_cast<std::uint32_t>(c);
    const float scale = read_float(file, weights.scales_at + 4 * channel);
    // A channel without weights may have scale 0. 2^31 is the largest ratio that fits the kernels' numbers.
    if (!(scale >= 0) || !(input_scale * double{scale} / output_scale < 2147483648.0))
      refused.reason = refusal::not_quantized;
    if (weights.zero_points_at == 0) continue;
    const std::uint32_t zero_point = weights.zero_points_at + 8 * channel;
    if ((read_int32(file, zero_point) | read_int32(file, zero_point + 4)) != 0)
      refused.reason = refusal::asymmetric_weights;
  }
  return refused.reason == refusal::none ? error{} : refused;
}

}  // namespace detail

/// What reading a model needs and gives: how large its graph is, or why it is refused.
struct tflite_header {
  error refused{};
  graph_counts counts{};
};

/// Looks at a .tflite file far enough to know how much storage its graph needs.
template <typename Byte>
constexpr tflite_header read_tflite_header(const Byte* data, std::size_t size) {
  detail::tflite_importer<Byte> importer(data, size);
  tflite_header header{importer.open()};
  if (!header.refused) header.counts = importer.counts();
  if (header.counts.layers > static_cast<std::int32_t>(detail::most_layers)) header = {{refusal::too_many}, {}};
  return header;
}

/// Calls visit(tflite_operator) for each operator of a .tflite file, in the file's order and before anything is
/// folded. Works for files that read_tflite refuses as well, as long as they are whole.
template <typename Byte, typename Visitor>
constexpr error visit_tflite_operators(const Byte* data, std::size_t size, Visitor&& visit) {
  detail::tflite_importer<Byte> importer(data, size);
  if (const error refused = importer.open()) return refused;
  return importer.visit_operators(visit);
}

namespace detail {

/// All of read_tflite but check_channels.
template <typename Byte>
constexpr error import_tflite(const Byte* data, std::size_t size, graph_builder& graph) {
  tflite_importer<Byte> importer(data, size);
  if (const error refused = importer.open()) return refused;
  if (const error refused = importer.read(graph)) return refused;
  normalize(graph);
  return {};
}

}  // namespace detail

/// Reads a .tflite file into a graph with storage of its header's counts, and normalises it. Reads nothing
/// outside the file, whatever is in it. The graph refers to the file's bytes by position.
template <typename Byte>
constexpr error read_tflite(const Byte* data, std::size_t size, graph_builder& graph) {
  if (const error refused = detail::import_tflite(data, size, graph)) return refused;
  for (std::int32_t i = 0; i < graph.layer_count; ++i)
    if (const error refused = detail::check_channels(graph.view(), graph.layers[i], data)) return refused;
  return {};
}

namespace detail {

template <graph_counts Counts>
struct tflite_contents {
  error refused{};
  graph_storage<Counts> graph{};
};

/// Stands in for a refused model, so that the refusal is the only message.
constexpr graph_counts counts_or_dummy(const tflite_header& header) {
  return header.refused ? graph_counts{2, 1, 1, 1} : header.counts;
}

template <graph_counts Counts>
constexpr graph_storage<Counts> dummy_graph() {
  graph_storage<Counts> graph{};
  for (std::int32_t i = 0; i < Counts.tensors; ++i) {
    graph.tensors[i].storage = i;
    graph.tensors[i].quant = {1.0f, 0, 1, 0};
    graph.tensors[i].extents = {1, {1}};
  }
  const std::int32_t last = Counts.tensors - 1;
  graph.layers[0].kind = layer_kind::relu;
  graph.layers[0].inputs[0] = 0;
  graph.layers[0].output = last;
  graph.layer_count = 1;
  for (std::int32_t i = 0; i < Counts.outputs; ++i) graph.outputs[i] = last;
  return graph;
}

template <const auto& Bytes>
struct tflite_bytes {
  using array = std::remove_reference_t<decltype(Bytes)>;
  using byte = std::remove_cv_t<std::remove_reference_t<decltype(Bytes[0])>>;
  static constexpr std::size_t extent = sizeof(array);
  // A string literal ends with a zero that is not in the file.
  static constexpr std::size_t size = std::is_same_v<byte, char> ? extent - 1 : extent;
  static constexpr const byte* data = &Bytes[0];

  static constexpr tflite_header header = read_tflite_header(data, size);
  static constexpr graph_counts counts = counts_or_dummy(header);
  static constexpr tflite_contents<counts> contents = [] {
    tflite_contents<counts> result{header.refused, {}};
    if (!result.refused) {
      graph_builder builder = result.graph.builder();
      result.refused = import_tflite(data, size, builder);
      result.graph.layer_count = builder.layer_count;
    }
    if (result.refused) result.graph = dummy_graph<counts>();
    return result;
  }();

  template <std::int32_t Layer>
  static constexpr error channels_refused = check_channels(contents.graph.view(), contents.graph.layers[Layer], data);

  static constexpr error refused = [] {
    error first = contents.refused;
    fold_in_blocks<contents.graph.layer_count>(
        [&first]<std::int32_t... Layer>(std::integer_sequence<std::int32_t, Layer...>) {
          return (first || ... || (channels_refused<Layer> && (first = channels_refused<Layer>, true)));
        });
    return first;
  }();
};

}  // namespace detail

/// A .tflite file as a model. Bytes is a constexpr array of char (a string literal, as inlay_add_model
/// writes it) or of unsigned char (#embed, xxd -i), with static storage. Derive from it for a short name
/// in messages: struct person : inlay::tflite<person_detect> {};
/// A file that cannot be used does not compile; the message says why.
template <const auto& Bytes>
struct tflite {
 private:
  using file = detail::tflite_bytes<Bytes>;
  static constexpr error refused = file::refused;
  // Its static_asserts are the refusals.
  static_assert(sizeof(refuse<refused.reason, refused.op, refused.operator_index, refused.tensor, refused.found,
                              refused.supported>) > 0);

 public:
  /// The network, normalised.
  static constexpr graph_view graph() { return file::contents.graph.view(); }
  /// What the positions in the graph refer to, and how much of it there is.
  static constexpr const typename file::byte* bytes() { return file::data; }
  static constexpr std::size_t byte_count = file::size;
  static constexpr bool has_weights = true;
};

}  // namespace inlay
