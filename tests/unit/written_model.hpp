// Small .tflite files, written word by word.
#pragma once

#include <inlay.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace inlay_tests {

/// Writes a FlatBuffer, in words: whatever refers to something stands before it.
class flatbuffer_writer {
 public:
  flatbuffer_writer() : words_{0, 0x334c4654} {}  // "TFL3"

  /// A table of fields that are left out until they are set. Returns its place.
  std::size_t table(std::uint32_t fields) {
    const std::size_t vtable = words_.size();
    words_.push_back((4 + 4 * fields) << 16 | (4 + 2 * fields));
    words_.resize(words_.size() + (fields + 1) / 2);
    words_.push_back(static_cast<std::uint32_t>(4 * (words_.size() - vtable)));
    words_.resize(words_.size() + fields);
    return words_.size() - fields - 1;
  }
  void set(std::size_t table, std::uint32_t field, std::uint32_t value) {
    const std::size_t entry = table - words_[table] / 4 + 1 + field / 2;
    words_[entry] |= (4 + 4 * field) << (field % 2 == 0 ? 0 : 16);
    words_[table + 1 + field] = value;
  }
  void refer(std::size_t table, std::uint32_t field, std::size_t to) {
    set(table, field, static_cast<std::uint32_t>(4 * (to - (table + 1 + field))));
  }
  void refer_root(std::size_t to) { words_[0] = static_cast<std::uint32_t>(4 * to); }

  std::size_t vector(const std::vector<std::uint32_t>& values) {
    words_.push_back(static_cast<std::uint32_t>(values.size()));
    words_.insert(words_.end(), values.begin(), values.end());
    return words_.size() - values.size() - 1;
  }
  /// A vector of zeros.
  std::size_t zeros(std::uint32_t count, std::uint32_t element_bytes) {
    words_.push_back(count);
    words_.resize(words_.size() + (count * element_bytes + 3) / 4);
    return words_.size() - (count * element_bytes + 3) / 4 - 1;
  }
  std::size_t text(const std::string& characters) {
    const std::size_t at = zeros(static_cast<std::uint32_t>(characters.size()), 1);
    std::memcpy(&words_[at + 1], characters.data(), characters.size());
    return at;
  }
  void refer_element(std::size_t vector, std::size_t element, std::size_t to) {
    words_[vector + 1 + element] = static_cast<std::uint32_t>(4 * (to - (vector + 1 + element)));
  }
  std::vector<char> file() const {
    std::vector<char> data(4 * words_.size());
    std::memcpy(data.data(), words_.data(), data.size());
    return data;
  }

 private:
  std::vector<std::uint32_t> words_;
};

using numbers = std::vector<std::uint32_t>;

struct written_tensor {
  numbers extents;
  std::uint32_t constant_bytes = 0;  // all zeros
  inlay::element_type type = inlay::element_type::int8;
  std::string name{};
  numbers signature{};  // of the shape
};

struct written_operator {
  inlay::tflite_operator op;
  numbers operands, results;
  numbers options;        // all of one word
  std::size_t times = 1;  // the same table again
};

/// A .tflite file; all tensors have scale 1, tensor 0 is the input.
inline std::vector<char> write_model(const std::vector<written_tensor>& tensors,
                                     const std::vector<written_operator>& operators, const numbers& outputs) {
  flatbuffer_writer w;
  const std::size_t model = w.table(5), codes = w.vector(numbers(operators.size())), subgraphs = w.vector({0}),
                    buffers = w.vector(numbers(tensors.size() + 1)), subgraph = w.table(4),
                    tensor_tables = w.vector(numbers(tensors.size()));
  std::size_t operator_count = 0;
  for (const written_operator& o : operators) operator_count += o.times;
  const std::size_t operator_tables = w.vector(numbers(operator_count));
  w.refer_root(model);
  w.set(model, 0, 3);
  w.refer(model, 1, codes);
  w.refer(model, 2, subgraphs);
  w.refer(model, 4, buffers);
  w.refer_element(subgraphs, 0, subgraph);
  w.refer(subgraph, 0, tensor_tables);
  w.refer(subgraph, 3, operator_tables);
  w.refer(subgraph, 1, w.vector({0}));
  w.refer(subgraph, 2, w.vector(outputs));
  w.refer_element(buffers, 0, w.table(1));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::size_t buffer = w.table(1), tensor = w.table(8), quantization = w.table(4);
    w.refer_element(buffers, i + 1, buffer);
    if (tensors[i].constant_bytes > 0) w.refer(buffer, 0, w.zeros(tensors[i].constant_bytes, 1));
    w.refer_element(tensor_tables, i, tensor);
    w.set(tensor, 1, static_cast<std::uint32_t>(tensors[i].type));
    w.set(tensor, 2, static_cast<std::uint32_t>(i + 1));
    w.refer(tensor, 4, quantization);
    w.refer(tensor, 0, w.vector(tensors[i].extents));
    if (!tensors[i].name.empty()) w.refer(tensor, 3, w.text(tensors[i].name));
    if (!tensors[i].signature.empty()) w.refer(tensor, 7, w.vector(tensors[i].signature));
    w.refer(quantization, 2, w.vector({0x3f800000}));
    w.refer(quantization, 3, w.zeros(1, 8));
  }
  for (std::size_t i = 0, at = 0; i < operators.size(); ++i) {
    const written_operator& o = operators[i];
    const std::size_t code = w.table(4), op = w.table(5);
    w.refer_element(codes, i, code);
    w.set(code, 3, static_cast<std::uint32_t>(o.op));
    for (std::size_t again = 0; again < o.times; ++again) w.refer_element(operator_tables, at++, op);
    w.set(op, 0, static_cast<std::uint32_t>(i));
    const std::size_t options = w.table(static_cast<std::uint32_t>(o.options.size()));
    w.refer(op, 4, options);
    for (std::uint32_t field = 0; field < o.options.size(); ++field) w.set(options, field, o.options[field]);
    w.refer(op, 1, w.vector(o.operands));
    w.refer(op, 2, w.vector(o.results));
  }
  return w.file();
}

}  // namespace inlay_tests
