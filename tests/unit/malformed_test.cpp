// Damaged files: whatever is in one, it is refused, or it gives a graph whose plan is sound and which runs. Built
// with the sanitizers this also shows that nothing outside the file or the arena is touched.
#include <inlay/report.hpp>

#include "written_model.hpp"

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
using inlay_tests::numbers;
using inlay_tests::write_model;
using inlay_tests::written_operator;
using inlay_tests::written_tensor;

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

/// Loads a file, and runs it if it is accepted. False if its plan is not sound, or its refusal says nothing.
bool survives(bytes file) {
  const inlay::loaded_model model(std::move(file));
  if (model.refused()) return !inlay::explain(model.refused(), model.file().data(), model.file().size()).view().empty();
  const inlay::graph_view g = model.graph();
  const inlay::loaded_schedule per_layer(g, inlay::per_layer_stages(g)), least(g, inlay::least_memory_stages(g));
  for (const inlay::loaded_schedule* schedule : {&per_layer, &least})
    if (!inlay::detail::is_sound(schedule->places().data(), inlay::place_count(g), schedule->arena_bytes()))
      return false;
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

/// Scales whose quotients and products may be no numbers: one tensor's, and all at once.
void check_changed_scales(const std::string& name) {
  const inlay::loaded_model model(read_golden(name));
  const inlay::graph_view g = model.graph();
  for (const float scale : {1e-40f, 1e-30f, 1e-12f, 1e12f, 1e30f}) {
    const auto change = [&](bytes& file, std::int32_t tensor) {
      const std::uint32_t at = g.tensors[tensor].quant.scales_at;
      if (at != 0) std::memcpy(&file[at], &scale, sizeof scale);
    };
    bytes all = model.file();
    for (std::int32_t t = 0; t < g.tensor_count; ++t) {
      bytes one = model.file();
      change(one, t);
      change(all, t);
      if (!survives(one)) FAIL_CHECK(name << " with the scale " << scale << " of tensor " << t);
    }
    if (!survives(all)) FAIL_CHECK(name << " with scales of " << scale);
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

TEST_CASE("malformed: changed scales") {
  for (const std::string& name : small_models()) check_changed_scales(name);
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
                               {{inlay::tflite_operator::relu, {2}, {1}, {}}}, {1})) == inlay::refusal::too_large);
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
