// Damaged files: whatever is in one, it is refused, or it gives a graph whose plan is sound and which runs. Built
// with the sanitizers this also shows that nothing outside the file or the arena is touched.
#include <inlay/report.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using bytes = std::vector<char>;

bytes read_golden(const std::string& name) {
  std::ifstream file(INLAY_GOLDEN_DIR "/" + name + ".tflite", std::ios::binary);
  bytes data{std::istreambuf_iterator<char>(file), {}};
  REQUIRE_MESSAGE(!data.empty(), name);
  return data;
}

// Models that run in next to no time; larger ones that damage may ask for are only planned.
constexpr std::int64_t most_macs = 1 << 18;
constexpr std::int32_t most_arena_bytes = 1 << 16;
constexpr std::size_t most_input_bytes = 1 << 16;

/// Loads a file, and runs it if it is accepted. False if its plan is not sound.
bool survives(bytes file) {
  const inlay::loaded_model model(std::move(file));
  if (model.refused()) return true;
  const inlay::graph_view g = model.graph();
  const inlay::loaded_schedule per_layer(g, inlay::per_layer_stages(g)), least(g, inlay::least_memory_stages(g));
  for (const inlay::loaded_schedule* schedule : {&per_layer, &least})
    if (!inlay::is_sound(schedule->places().data(), inlay::place_count(g), schedule->arena_bytes())) return false;
  if (inlay::total_macs(g) > most_macs || per_layer.arena_bytes() > most_arena_bytes) return true;
  std::vector<bytes> inputs;
  for (std::int32_t i = 0; i < g.input_count; ++i) {
    const std::size_t size = inlay::declared_bytes(g.tensors[g.inputs[i]]);
    if (size > most_input_bytes) return true;
    inputs.emplace_back(size, static_cast<char>(0x81));
  }
  inlay::interpret(model, per_layer, inputs);
  inlay::interpret(model, least, inputs);
  return true;
}

/// Words at multiples of four that mean something else to a reader than to a writer.
void check_changed_words(const std::string& name) {
  const bytes file = read_golden(name);
  for (std::size_t at = 0; at + 4 <= file.size(); at += 4)
    for (const std::int32_t value : {-1, 0, 1 << 15, 0x7fffffff, -0x7fffffff - 1}) {
      bytes mutant = file;
      std::memcpy(&mutant[at], &value, sizeof value);
      if (!survives(mutant)) FAIL_CHECK(name << " with " << value << " at " << at);
    }
}

void check_truncated(const std::string& name) {
  const bytes file = read_golden(name);
  for (std::size_t size = 0; size < file.size(); ++size)
    if (!survives(bytes(file.data(), file.data() + size))) FAIL_CHECK(name << " cut after " << size << " bytes");
}

void check_flipped(const std::string& name) {
  const bytes file = read_golden(name);
  for (std::size_t at = 0; at < file.size(); ++at)
    for (const int value : {0x00, 0xff, 0x7f, 0x80, file[at] ^ 1, file[at] + 1}) {
      bytes mutant = file;
      mutant[at] = static_cast<char>(value);
      if (!survives(mutant)) FAIL_CHECK(name << " with byte " << at << " = " << (value & 0xff));
    }
}

/// The smallest golden models that together have every operator and every kind of layer, and one of several inputs and
/// outputs.
const std::vector<std::string>& small_models() {
  static const std::vector<std::string> names = [] {
    std::vector<std::pair<std::uintmax_t, std::string>> all;
    for (const auto& entry : std::filesystem::directory_iterator(INLAY_GOLDEN_DIR))
      if (entry.path().extension() == ".tflite") all.emplace_back(entry.file_size(), entry.path().stem().string());
    std::sort(all.begin(), all.end());
    std::set<inlay::tflite_operator> operators;
    std::set<inlay::layer_kind> kinds;
    std::vector<std::string> chosen{"network_two_inputs_two_outputs"};
    for (const auto& [size, name] : all) {
      const inlay::loaded_model model(read_golden(name));
      if (model.refused()) continue;
      const std::size_t known = operators.size() + kinds.size();
      inlay::visit_tflite_operators(model.file().data(), model.file().size(),
                                    [&](inlay::tflite_operator op) { operators.insert(op); });
      const inlay::graph_view g = model.graph();
      for (std::int32_t i = 0; i < g.layer_count; ++i) kinds.insert(g.layers[i].kind);
      if (operators.size() + kinds.size() > known) chosen.push_back(name);
    }
    return chosen;
  }();
  return names;
}

// ---- files that are whole, but ask for too much ----------------------------------------------------------

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
  void refer_element(std::size_t vector, std::size_t element, std::size_t to) {
    words_[vector + 1 + element] = static_cast<std::uint32_t>(4 * (to - (vector + 1 + element)));
  }
  bytes file() const {
    bytes data(4 * words_.size());
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
};

struct written_operator {
  inlay::tflite_operator op;
  numbers operands, results;
  numbers options;        // all of one word
  std::size_t times = 1;  // the same table again
};

/// A .tflite file; all tensors have scale 1, tensor 0 is the input.
bytes write_model(const std::vector<written_tensor>& tensors, const std::vector<written_operator>& operators,
                  const numbers& outputs) {
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
    const std::size_t buffer = w.table(1), tensor = w.table(5), quantization = w.table(4);
    w.refer_element(buffers, i + 1, buffer);
    if (tensors[i].constant_bytes > 0) w.refer(buffer, 0, w.zeros(tensors[i].constant_bytes, 1));
    w.refer_element(tensor_tables, i, tensor);
    w.set(tensor, 1, static_cast<std::uint32_t>(tensors[i].type));
    w.set(tensor, 2, static_cast<std::uint32_t>(i + 1));
    w.refer(tensor, 4, quantization);
    w.refer(tensor, 0, w.vector(tensors[i].extents));
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

inlay::refusal refusal_of(bytes file) { return inlay::loaded_model(std::move(file)).refused().reason; }

}  // namespace

TEST_CASE("malformed: truncated files") {
  for (const std::string& name : small_models()) check_truncated(name);
}

TEST_CASE("malformed: changed bytes") {
  for (const std::string& name : small_models()) check_flipped(name);
}

TEST_CASE("malformed: changed words") {
  for (const std::string& name : small_models()) check_changed_words(name);
}

TEST_CASE("malformed: files written here are read as they are meant") {
  using enum inlay::tflite_operator;
  CHECK(survives(write_model({{{1, 4}}, {{1, 4}}}, {{relu, {0}, {1}, {}}}, {1})));
  CHECK(refusal_of(write_model({{{1, 4}}, {{1, 4}}}, {{relu, {0}, {1}, {}}}, {1})) == inlay::refusal::none);
  CHECK(refusal_of(write_model({{{2, 3}}, {{4, 3}, 12}, {{2, 4}}}, {{fully_connected, {0, 1}, {2}, {}}}, {2})) ==
        inlay::refusal::none);
}

TEST_CASE("malformed: more layers than can be counted") {
  // 2^16 times one table of an operator with 2^16 operands and results: 2^32 layers.
  const numbers operands((1 << 16) - 1);
  CHECK(refusal_of(write_model({{{1, 1}}, {{1, 65535}}},
                               {{inlay::tflite_operator::concatenation, operands, {1}, {1}, 1 << 16}}, {1})) ==
        inlay::refusal::too_many);
}

TEST_CASE("malformed: more bytes of activations than can be counted") {
  std::vector<written_tensor> tensors(33, {{1, 1 << 27}});
  std::vector<written_operator> operators;
  numbers outputs;
  for (std::uint32_t i = 1; i <= 32; ++i) {
    operators.push_back({inlay::tflite_operator::relu, {0}, {i}, {}});
    outputs.push_back(i);
  }
  CHECK(refusal_of(write_model(tensors, operators, outputs)) == inlay::refusal::too_large);
}

TEST_CASE("malformed: more bytes of a constant than can be counted") {
  CHECK(refusal_of(write_model({{{1, 1}}, {{1, 1}}, {{1 << 28}, 8, inlay::element_type::int64}},
                               {{inlay::tflite_operator::relu, {0}, {1}, {}}}, {1})) == inlay::refusal::too_large);
}

TEST_CASE("malformed: more results of fully connected than can be counted") {
  CHECK(refusal_of(write_model({{{1 << 20, 1}}, {{4096, 1}, 4096}, {{1, 1}}},
                               {{inlay::tflite_operator::fully_connected, {0, 1}, {2}, {}}}, {2})) ==
        inlay::refusal::shape);
}

TEST_CASE("malformed: more recomputation than can be counted") {
  using enum inlay::tflite_operator;
  // The second window's columns are far apart: strips of it share nearly all of the first one's work.
  const numbers map{1, 1 << 7, 1 << 18, 1}, dense{0, 1, 1, 0, 1, 1}, apart{0, 1, 1, 0, 1 << 10, 1};
  const inlay::loaded_model model(
      write_model({{map}, {map}, {map}, {map}, {{1, 128, 512, 1}, 1 << 16}, {{1, 1, 256, 1}, 1 << 8}},
                  {{conv_2d, {0, 4}, {1}, dense}, {conv_2d, {1, 5}, {2}, apart}, {tanh, {2}, {3}, {}}}, {3}));
  REQUIRE(!model.refused());
  const inlay::graph_view g = model.graph();
  const std::int32_t least = inlay::loaded_schedule(g, inlay::least_memory_stages(g)).arena_bytes();
  for (const std::int32_t budget : {least - 1, least})
    if (const auto stages = inlay::fitting_stages(g, budget); !stages.empty())
      CHECK(inlay::loaded_schedule(g, stages).arena_bytes() <= budget);
}
