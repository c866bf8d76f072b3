// Inlay: a refusal in full: which operator and tensor, what was found, what is needed, and what helps.
#pragma once

#include <inlay/model/tflite_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// Writes what a file says about a refusal. `supports` tells which operators are. Works for damaged files, too.
class refusal_writer {
 public:
  constexpr refusal_writer(const error& e, file_bytes data, std::size_t size, bool (*supports)(tflite_operator))
      : refused_(e), reader_(data, size), supports_(supports) {
    readable_ = !reader_.open();
  }

  constexpr error_text text() {
    switch (refused_.reason) {
      case refusal::unsupported_operator:
      case refusal::custom_operator:
      case refusal::recurrent_operator: readable_ ? write_operators() : write_sentence(); break;
      case refusal::float_network: write_float_network(); break;
      default: write_sentence();
    }
    return to_;
  }

 private:
  // ---- operators ---------------------------------------------------------------------------------------

  /// Turns to operator i; false if the file has no such.
  constexpr bool turn_to(std::int32_t i) {
    return readable_ && i >= 0 && static_cast<std::uint32_t>(i) < reader_.operators.count &&
           reader_.turn_to(reader_.file.table_in(reader_.operators, static_cast<std::uint32_t>(i)));
  }
  constexpr std::int32_t operator_count() const { return static_cast<std::int32_t>(reader_.operators.count); }

  constexpr bool is_refused(tflite_operator op) const { return op == tflite_operator::custom || !supports_(op); }

  /// The name that a custom operator has, else the number's.
  constexpr void append_name() {
    if (reader_.op != tflite_operator::custom) return to_.append_upper(name(reader_.op));
    to_.append("custom ");
    const flatbuffer_table op = reader_.file.table_in(reader_.operators, static_cast<std::uint32_t>(index_));
    const std::int32_t code = reader_.file.i32_or(op, schema::opcode_index, 0);
    append_string(reader_.file.vector(reader_.file.table_in(reader_.codes, static_cast<std::uint32_t>(code)),
                                      schema::custom_code, 1));
  }

  /// All operators that are refused, those of a kind together, and what helps.
  constexpr void write_operators() {
    bool custom = false, recurrent = false, stateful = false, tile = false, other = false;
    std::string_view separator = "Inlay does not support ";
    for (index_ = 0; index_ < operator_count() && to_.length < sizeof(to_.text) && turn_to(index_); ++index_) {
      if (!is_refused(reader_.op) || is_listed()) continue;
      const tflite_operator op = reader_.op;
      custom = custom || op == tflite_operator::custom;
      recurrent = recurrent || is_recurrent(op);
      stateful = stateful || is_stateful(op);
      tile = tile || op == tflite_operator::tile;
      other = other || (op != tflite_operator::custom && !is_recurrent(op) && !is_stateful(op));
      to_.append(separator);
      append_name();
      append_places(op);
      separator = ", ";
    }
    // One that is supported, but not on these tensors.
    if (!recurrent && !stateful && !custom && !other) return write_sentence();
    if (recurrent) to_.append("; export recurrent layers unrolled (unroll=True in Keras)");
    if (stateful) to_.append("; control flow and variables are left out: export the network without them");
    if (custom) to_.append("; custom operators are not TensorFlow Lite's own: end the network before them");
    if (tile) to_.append("; Keras's UpSampling2D becomes TILE: tf.image.resize(x, size, \"nearest\") is the same");
    if (other) to_.append("; the manual lists what it supports: replace the others, or end the network before them");
  }

  /// An operator of the same code was there before.
  constexpr bool is_listed() {
    const std::int32_t code = code_of(index_);
    for (std::int32_t i = 0; i < index_; ++i)
      if (code_of(i) == code) return true;
    return false;
  }
  constexpr std::int32_t code_of(std::int32_t i) {
    return reader_.file.i32_or(reader_.file.table_in(reader_.operators, static_cast<std::uint32_t>(i)),
                               schema::opcode_index, 0);
  }

  /// Which operators have the code of the one at hand.
  constexpr void append_places(tflite_operator) {
    constexpr int most = 4;
    const std::int32_t code = code_of(index_);
    int count = 0;
    for (std::int32_t i = index_; i < operator_count(); ++i) count += code_of(i) == code ? 1 : 0;
    to_.append(count == 1 ? " (operator" : " (operators");
    int listed = 0;
    for (std::int32_t i = index_; i < operator_count() && listed < most; ++i)
      if (code_of(i) == code) to_.append(listed++ == 0 ? " " : ", ", i);
    if (count > listed) to_.append(" and ", count - listed, " more");
    to_.append(')');
  }

  // ---- floats ------------------------------------------------------------------------------------------

  constexpr void write_float_network() {
    to_.append_operator(refused_);
    const element_type type = type_of(refused_.tensor);
    if (has_activations(element_type::int8)) {
      to_.append("computes in float, between operators that compute in int8");
      append_tensor();
      to_.append(
          ": the converter had no int8 kernel for it, or no range of its values: convert with a "
          "representative_dataset and supported_ops = [TFLITE_BUILTINS_INT8], or replace it");
      return;
    }
    to_.append(sentence(refusal::float_network));
    if (has_constants(element_type::float16) || type == element_type::float16)
      to_.append("; its weights are float16, which is not enough: activations must be int8, too");
    append_tensor();
  }

  constexpr bool has_activations(element_type type) {
    for (std::int32_t i = 0; i < operator_count() && turn_to(i); ++i)
      for (std::uint32_t r = 0; r < reader_.results.count; ++r)
        if (type_of(reader_.result(static_cast<int>(r))) == type) return true;
    return false;
  }
  constexpr bool has_constants(element_type type) {
    for (std::uint32_t i = 0; readable_ && i < reader_.tensors.count; ++i)
      if (type_of(static_cast<std::int32_t>(i)) == type) return true;
    return false;
  }

  // ---- tensors -----------------------------------------------------------------------------------------

  constexpr void write_sentence() {
    to_.append_operator(refused_);
    to_.append(sentence(refused_.reason));
    if (*refused_.rule != 0) to_.append(": ", std::string_view(refused_.rule));
    append_tensor();
    to_.append_numbers(refused_);
    if (is_dynamic())
      to_.append(
          "; an input's extent is left open in the file: convert with batch_size=1, and every "
          "other extent fixed");
  }

  constexpr bool is_dynamic() {
    if (refused_.reason != refusal::batch && refused_.reason != refusal::shape) return false;
    for (std::uint32_t i = 0; readable_ && i < reader_.inputs.count; ++i) {
      const flatbuffer_vector signature =
          reader_.file.vector(table_of(reader_.file.i32(reader_.inputs.at + 4 * i)), schema::shape_signature, 4);
      for (std::uint32_t axis = 0; axis < signature.count; ++axis)
        if (reader_.file.i32(signature.at + 4 * axis) < 0) return true;
    }
    return false;
  }

  constexpr flatbuffer_table table_of(std::int32_t tensor) {
    return readable_ && reader_.is_tensor(tensor)
               ? reader_.file.table_in(reader_.tensors, static_cast<std::uint32_t>(tensor))
               : flatbuffer_table{};
  }
  constexpr element_type type_of(std::int32_t tensor) {
    return static_cast<element_type>(reader_.file.i8_or(table_of(tensor), schema::type, 0));
  }

  /// Index, name, type, shape, quantisation, and who makes it.
  constexpr void append_tensor() {
    const std::int32_t tensor = refused_.tensor;
    if (tensor < 0) return;
    to_.append("; tensor ", tensor);
    const flatbuffer_table table = table_of(tensor);
    if (!table) return;
    if (const flatbuffer_vector given = reader_.file.vector(table, schema::name, 1); given.count > 0) {
      to_.append(", ");
      append_string(given);
    }
    to_.append(", ", std::string_view(name(type_of(tensor))), " [");
    const flatbuffer_vector extents = reader_.file.vector(table, schema::extents, 4);
    for (std::uint32_t axis = 0; axis < extents.count && axis < 8; ++axis)
      to_.append(axis == 0 ? "" : ",", reader_.file.i32(extents.at + 4 * axis));
    to_.append(extents.count > 8 ? ",...]" : "]");
    append_quantization(reader_.file.child(table, schema::quantization));
    append_maker(tensor);
  }

  constexpr void append_quantization(flatbuffer_table quantization) {
    const flatbuffer_vector scales = reader_.file.vector(quantization, schema::scale, 4);
    const flatbuffer_vector zero_points = reader_.file.vector(quantization, schema::zero_point, 8);
    if (scales.count > 1) to_.append(", ", static_cast<std::int64_t>(scales.count), " scales");
    if (scales.count == 1) to_.append(", scale ", as_double(reader_.file.f32(scales.at)));
    if (zero_points.count == 1) to_.append(", zero point ", reader_.file.i64(zero_points.at));
  }

  constexpr void append_maker(std::int32_t tensor) {
    for (std::int32_t i = 0; i < operator_count() && i != refused_.operator_index && turn_to(i); ++i)
      for (std::uint32_t r = 0; r < reader_.results.count; ++r)
        if (reader_.result(static_cast<int>(r)) == tensor) {
          to_.append(", made by ");
          return to_.append_operator(i, reader_.op);
        }
  }

  /// Names are cut short, so that one long one does not hide the rest; what is not a plain character is a "?".
  constexpr void append_string(flatbuffer_vector characters) {
    constexpr std::uint32_t most = 80;
    for (std::uint32_t i = 0; i < characters.count && i < most; ++i) {
      const auto c = static_cast<char>(reader_.file.u8(characters.at + i));
      to_.append(c >= ' ' && c <= '~' ? c : '?');
    }
    if (characters.count > most) to_.append("...");
  }

  error refused_;
  tflite_reader reader_;
  bool (*supports_)(tflite_operator);
  bool readable_ = false;
  std::int32_t index_ = 0;  // of the operator that is listed
  error_text to_{};
};

}  // namespace detail

}  // namespace inlay
