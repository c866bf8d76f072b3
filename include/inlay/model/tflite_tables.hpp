// Inlay: a .tflite file as tables: its header, the codes of its operators, and the first error.
#pragma once

#include <inlay/config.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/flatbuffer.hpp>
#include <inlay/model/operators.hpp>
#include <inlay/model/tflite_schema.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// The tables of a file's network, and the first thing in them that cannot be taken.
struct tflite_tables {
  constexpr tflite_tables(file_bytes data, std::size_t size) : file(data, size) {}

  /// Reads the header, as far as the tables of the network.
  constexpr error open() {
    if (file.size() < 8) return {refusal::truncated};
    if (file.u32(4) != 0x334c4654u) return {refusal::wrong_identifier};  // "TFL3"
    const flatbuffer_table root = file.root();
    const std::int32_t version = file.i32_or(root, schema::version, 0);
    const flatbuffer_vector subgraphs = file.vector(root, schema::subgraphs, 4);
    codes = file.vector(root, schema::operator_codes, 4);
    buffers = file.vector(root, schema::buffers, 4);
    if (file.damaged()) return {refusal::truncated};
    if (version != 3) return {.reason = refusal::wrong_schema, .found = version, .supported = 3};
    if (subgraphs.count == 0) return {refusal::subgraphs};
    // The first is the network; the operators that run others are not supported.
    const flatbuffer_table subgraph = file.table_in(subgraphs, 0);
    tensors = file.vector(subgraph, schema::tensors, 4);
    inputs = file.vector(subgraph, schema::inputs, 4);
    outputs = file.vector(subgraph, schema::outputs, 4);
    operators = file.vector(subgraph, schema::operators, 4);
    if (file.damaged()) return {refusal::truncated};
    if (inputs.count == 0 || outputs.count == 0) return {refusal::no_input_or_output};
    return {};
  }

  constexpr bool failed() const { return refused.reason != refusal::none || file.damaged(); }

  /// Notes the first error, with the operator at hand. `rule` says what is demanded, where the reason does not.
  constexpr bool fail(refusal reason, std::int32_t tensor = -1, std::int32_t found = -1, std::int32_t supported = -1,
                      const char* rule = "") {
    if (refused.reason == refusal::none) refused = {reason, op, operator_index, tensor, found, supported, rule};
    return false;
  }
  constexpr bool fail(refusal reason, std::int32_t tensor, const char* rule) {
    return fail(reason, tensor, -1, -1, rule);
  }

  constexpr bool is_tensor(std::int32_t index) const {
    return index >= 0 && static_cast<std::uint32_t>(index) < tensors.count;
  }

  /// Where a tensor's values may stand; none if the file has no such buffer.
  constexpr flatbuffer_table buffer_of(std::int32_t tensor) {
    const std::int32_t buffer =
        file.i32_or(file.table_in(tensors, static_cast<std::uint32_t>(tensor)), schema::buffer, 0);
    const bool exists = buffer >= 0 && static_cast<std::uint32_t>(buffer) < buffers.count;
    return exists ? file.table_in(buffers, static_cast<std::uint32_t>(buffer)) : flatbuffer_table{};
  }

  /// What the operator does, by its number in the file's list of codes.
  constexpr bool read_code(flatbuffer_table table) {
    op = tflite_operator{-1};
    const std::int32_t code = file.i32_or(table, schema::opcode_index, 0);
    if (code < 0 || static_cast<std::uint32_t>(code) >= codes.count) return fail(refusal::bad_index, -1, code);
    // Numbers up to 126 may stand in the older field only; the larger of the two is meant.
    const flatbuffer_table code_table = file.table_in(codes, static_cast<std::uint32_t>(code));
    const std::int32_t older = file.i8_or(code_table, schema::deprecated_builtin_code, 0);
    const std::int32_t newer = file.i32_or(code_table, schema::builtin_code, 0);
    op = static_cast<tflite_operator>(older > newer ? older : newer);
    return true;
  }

  flatbuffer file;
  flatbuffer_vector codes{}, buffers{}, tensors{}, inputs{}, outputs{}, operators{};
  error refused{};
  tflite_operator op = tflite_operator{-1};
  std::int32_t operator_index = -1;
};

}  // namespace detail

}  // namespace inlay
