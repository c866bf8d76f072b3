// Runs every model of a folder through loaded_model and interpret. Its answers must equal the recorded ones
// byte for byte; the models in a list must be refused, with the text that the list gives.
//
// usage: golden_test FOLDER LIST     a line of LIST is "NAME: TEXT"
#include <inlay/report.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

using bytes = std::vector<char>;

static bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

static std::map<std::string, std::string> read_list(const char* path) {
  std::map<std::string, std::string> list;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (const std::size_t colon = line.find(": "); !line.starts_with('#') && colon != std::string::npos)
      list[line.substr(0, colon)] = line.substr(colon + 2);
  return list;
}

/// Overwrites all of the arena that no later layer needs.
static void poison(const inlay::loaded_model& model, std::int32_t layer, std::vector<std::int8_t>& arena) {
  std::vector<std::int8_t> poisoned(arena.size(), 0x5a);
  for (const inlay::arena_place& p : model.places())
    if (p.used() && p.first <= layer && p.last > layer)
      std::copy_n(&arena[static_cast<std::size_t>(p.offset)], p.bytes, &poisoned[static_cast<std::size_t>(p.offset)]);
  arena = poisoned;
}

/// An output in the type that the model declares.
static bytes declared_values(const inlay::tensor& t, const std::int8_t* stored) {
  bytes values(inlay::declared_bytes(t));
  for (std::int32_t i = 0; i < t.extents.elements(); ++i) {
    if (t.type == inlay::element_type::float32) {
      const float real = t.quant.scale * static_cast<float>(stored[i] - t.quant.zero_point);
      std::memcpy(&values[static_cast<std::size_t>(i) * sizeof real], &real, sizeof real);
    } else {
      values[static_cast<std::size_t>(i)] = static_cast<char>(stored[i]);
    }
  }
  return values;
}

/// Runs all recorded cases; returns what is wrong, or nothing.
static std::string compare(const inlay::loaded_model& model, const bytes& inputs, const bytes& answers) {
  const inlay::graph_view g = model.graph();
  if (!inlay::is_sound(model.places().data(), inlay::place_count(g), model.arena_bytes())) return "unsound arena plan";
  if (inputs.empty()) return "no recorded inputs";
  bytes computed;
  for (auto at = inputs.begin(); at != inputs.end();) {
    std::vector<bytes> one_case;
    for (std::int32_t i = 0; i < g.input_count; ++i) {
      const auto size = static_cast<std::ptrdiff_t>(inlay::declared_bytes(g.tensors[g.inputs[i]]));
      if (inputs.end() - at < size) return "the recorded inputs end early";
      one_case.emplace_back(at, at + size);
      at += size;
    }
    const auto arena = inlay::interpret(
        model, one_case, [&](std::int32_t layer, std::vector<std::int8_t>& a) { poison(model, layer, a); });
    for (std::int32_t i = 0; i < g.output_count; ++i) {
      const inlay::tensor& t = g.tensors[g.outputs[i]];
      const bytes values = declared_values(
          t, &arena[static_cast<std::size_t>(model.places()[static_cast<std::size_t>(t.storage)].offset)]);
      computed.insert(computed.end(), values.begin(), values.end());
    }
  }
  if (computed == answers) return "";
  if (computed.size() != answers.size())
    return std::to_string(computed.size()) + " bytes of answers instead of " + std::to_string(answers.size());
  const auto differs = std::mismatch(computed.begin(), computed.end(), answers.begin()).first - computed.begin();
  return "wrong answer in byte " + std::to_string(differs) + " of " + std::to_string(answers.size());
}

static std::string check(const std::filesystem::path& path, const std::string& expected) {
  const inlay::loaded_model model(read_file(path));
  if (model.refused()) {
    const inlay::error_text text(model.refused());
    const std::string message(text.view());
    if (expected.empty()) return "refused: " + message;
    return message.find(expected) != std::string::npos ? "" : "refused with other words: " + message;
  }
  if (!expected.empty()) return "is supported now: take it off the list";
  return compare(model, read_file(std::filesystem::path(path).replace_extension("in")),
                 read_file(std::filesystem::path(path).replace_extension("out")));
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  if (!std::filesystem::is_directory(argv[1])) {
    std::printf("SKIPPED: there is no folder %s\n", argv[1]);
    return 77;
  }
  auto to_refuse = read_list(argv[2]);
  int exact = 0, refused = 0, wrong = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    if (entry.path().extension() != ".tflite") continue;
    const std::string name = entry.path().stem().string();
    const std::string expected = to_refuse[name];
    const std::string problem = check(entry.path(), expected);
    to_refuse.erase(name);
    if (!problem.empty()) std::printf("%s: %s\n", name.c_str(), problem.c_str());
    ++(!problem.empty() ? wrong : expected.empty() ? exact : refused);
  }
  for (const auto& [name, text] : to_refuse) std::printf("%s: in the list, but not in the folder\n", name.c_str());
  std::printf("%d exact, %d refused as they should be, %d wrong\n", exact, refused, wrong);
  return wrong == 0 && to_refuse.empty() && exact + refused > 0 ? 0 : 1;
}
