// Runs every model of a folder at run time, by many schedules. Its answers must equal the recorded ones byte for
// byte; the models in a list must be refused, with the text that the list gives.
//
// usage: golden_test FOLDER LIST [NAME…]     a line of LIST is "NAME: TEXT"; with names, only those models
#include "loaded_answers.hpp"

#include <inlay/report.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
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

/// Sees that kernels are asked for something: they need not care about regions without a row or a column; and that
/// nothing is read of a ring but what is kept there.
struct interpreter : inlay::detail::interpreter {
  void run(const inlay::stage& s, std::int32_t index, inlay::region work, const std::int32_t* first_columns,
           const std::int32_t* newer_rows) const {
    if (work.first_row >= work.end_row || work.first_column >= work.end_column) {
      std::printf("layer %d is asked for nothing\n", int{index});
      std::abort();
    }
    inlay::detail::interpreter::run(s, index, work, first_columns, newer_rows);
  }

  /// Poisons what a ring has free as its rows have been moved ahead.
  void make_room(std::int32_t index, std::int32_t y, std::int32_t segment) const {
    inlay::detail::interpreter::make_room(index, y, segment);
    const std::int32_t storage = graph.output_of(graph.layers[index]).storage;
    const inlay::map_layout& map = maps[spans[storage].first_writer];
    if (inlay::detail::begins_ring(map, y, segment)) std::fill_n(arena + places[storage].offset, map.ahead, 0x5a);
  }
};

/// Overwrites all of the arena that no later stage needs.
static void poison(const inlay::loaded_schedule& schedule, std::size_t stage, std::vector<std::int8_t>& arena) {
  const std::int32_t end = schedule.stages()[stage].end;
  std::vector<std::int8_t> poisoned(arena.size(), 0x5a);
  for (const inlay::arena_place& p : schedule.places())
    if (p.used() && p.first < end && p.last >= end)
      std::copy_n(&arena[static_cast<std::size_t>(p.offset)], p.bytes, &poisoned[static_cast<std::size_t>(p.offset)]);
  arena = poisoned;
}

/// Runs all recorded cases by a schedule; returns what is wrong, or nothing.
static std::string compare(const inlay::loaded_model& model, const inlay::loaded_schedule& schedule,
                           const bytes& inputs, const bytes& answers) {
  const inlay::graph_view g = model.graph();
  if (!inlay::detail::is_sound(schedule.places().data(), inlay::place_count(g), schedule.arena_bytes()))
    return "unsound arena plan";
  if (inputs.empty()) return "no recorded inputs";
  bytes computed;
  const std::size_t case_bytes = inlay::total_input_bytes(g);
  if (inputs.size() % case_bytes != 0) return "the recorded inputs end early";
  for (std::size_t at = 0; at < inputs.size(); at += case_bytes) {
    const auto arena = inlay::interpret<interpreter>(
        model, schedule, inlay_tests::inputs_of(g, &inputs[at]),
        [&](std::size_t stage, std::vector<std::int8_t>& a) { poison(schedule, stage, a); }, 0x5a);
    const bytes values = inlay_tests::outputs_of(g, schedule, arena);
    computed.insert(computed.end(), values.begin(), values.end());
  }
  if (computed == answers) return "";
  if (computed.size() != answers.size())
    return std::to_string(computed.size()) + " bytes of answers instead of " + std::to_string(answers.size());
  const auto differs = std::mismatch(computed.begin(), computed.end(), answers.begin()).first - computed.begin();
  return "wrong answer in byte " + std::to_string(differs) + " of " + std::to_string(answers.size());
}

/// Networks of which fewer schedules are tried, on one recorded case.
static bool is_large(inlay::graph_view g) { return inlay::total_macs(g) > 1'000'000; }

/// Networks of which every split is tried in every grid up to 8 × 8, too, on one recorded case.
static bool is_small_network(inlay::graph_view g) { return !is_large(g) && g.layer_count >= 6; }

/// Layer after layer, what the search finds, all layers as one stage in every grid up to 8 × 8 and in up to 8 segments,
/// and stages cut at random.
static std::vector<std::vector<inlay::stage>> schedules(inlay::graph_view g) {
  std::vector<std::vector<inlay::stage>> all{inlay::per_layer_stages(g), inlay::least_memory_stages(g)};
  for (std::int32_t rows = 1; rows <= 8; ++rows)
    for (std::int32_t columns = 1; columns <= 8; ++columns)
      if (!is_large(g) || (rows + columns) % 5 == 0) all.push_back({{0, g.layer_count, rows, columns}});
  for (std::int32_t segments = 2; segments <= 8 && g.layer_count > 1; ++segments)
    all.push_back({{.end = g.layer_count, .segments = segments}});
  if (is_small_network(g))
    for (std::int32_t split = 1; split < g.layer_count; ++split)
      for (std::int32_t rows = 1; rows <= 8; ++rows)
        for (std::int32_t columns = 1; columns <= 8; ++columns) {
          all.push_back({{0, split, rows, columns}});
          for (std::int32_t i = split; i < g.layer_count; ++i) all.back().push_back({i, i + 1});
        }
  std::minstd_rand random;
  const auto up_to = [&random](std::int32_t most) {
    return 1 + static_cast<std::int32_t>(random() % static_cast<unsigned>(most));
  };
  for (int i = 0; i < (is_large(g) ? 20 : 100); ++i) {
    std::vector<inlay::stage> stages;
    for (std::int32_t at = 0; at < g.layer_count;) {
      const std::int32_t end = std::min(at + up_to(12), g.layer_count);
      // Rows kept or recomputed, columns whole or in strips.
      stages.push_back({at, end, up_to(2) == 1 ? 1 : up_to(8), up_to(2) == 1 ? 1 : up_to(8)});
      inlay::stage& last = stages.back();
      if (last.layers() > 1 && last.row_patches == 1 && last.column_patches == 1) last.segments = up_to(8);
      at = end;
    }
    all.push_back(stages);
  }
  return all;
}

static std::string check(const std::filesystem::path& path, const std::string& expected) {
  const inlay::loaded_model model(read_file(path));
  if (model.refused()) {
    const inlay::error_text text = inlay::explain(model.refused(), model.file().data(), model.file().size());
    const std::string message(text.view());
    if (expected.empty()) return "refused: " + message;
    return message.find(expected) != std::string::npos ? "" : "refused with other words: " + message;
  }
  if (!expected.empty()) return "is supported now: take it off the list";
  bytes inputs = read_file(std::filesystem::path(path).replace_extension("in"));
  bytes answers = read_file(std::filesystem::path(path).replace_extension("out"));
  const inlay::graph_view g = model.graph();
  if (is_large(g) || is_small_network(g)) {  // the first case is enough
    const std::size_t cases = inputs.size() / inlay::total_input_bytes(g);
    inputs.resize(inlay::total_input_bytes(g));
    answers.resize(answers.size() / std::max(cases, std::size_t{1}));
  }
  const std::int32_t per_layer = inlay::loaded_schedule(g, inlay::per_layer_stages(g)).arena_bytes();
  const std::int32_t least = inlay::loaded_schedule(g, inlay::least_memory_stages(g)).arena_bytes();
  if (least > per_layer) return "least_memory needs more than per_layer";
  for (const std::vector<inlay::stage>& stages : schedules(g)) {
    const std::string problem = compare(model, inlay::loaded_schedule(g, stages), inputs, answers);
    if (!problem.empty()) return problem + " with " + inlay::schedule_text(stages);
  }
  return "";
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::set<std::string> only(argv + 3, argv + argc);
  if (!std::filesystem::is_directory(argv[1])) {
    std::printf("SKIPPED: there is no folder %s\n", argv[1]);
    return 77;
  }
  auto to_refuse = read_list(argv[2]);
  int exact = 0, refused = 0, wrong = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    if (entry.path().extension() != ".tflite") continue;
    const std::string name = entry.path().stem().string();
    if (!only.empty() && !only.contains(name)) continue;
    const std::string expected = to_refuse[name];
    const std::string problem = check(entry.path(), expected);
    to_refuse.erase(name);
    if (!problem.empty()) std::printf("%s: %s\n", name.c_str(), problem.c_str());
    ++(!problem.empty() ? wrong : expected.empty() ? exact : refused);
  }
  for (const auto& [name, text] : to_refuse) std::printf("%s: in the list, but not in the folder\n", name.c_str());
  std::printf("%d exact, %d refused as they should be, %d wrong\n", exact, refused, wrong);
  const bool all_seen = only.empty() ? exact + refused > 0 : static_cast<std::size_t>(exact + refused) == only.size();
  return wrong == 0 && to_refuse.empty() && all_seen ? 0 : 1;
}
