// inlay-inspect: what Inlay makes of a .tflite file: its layers, where its memory goes and what it costs.
//
//   inlay-inspect person_detect.tflite
//   inlay-inspect person_detect.tflite --json
//   inlay-inspect person_detect.tflite --svg arena.svg
#include <inlay/report.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cctype>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

enum exit_code { done = 0, model_refused = 1, file_unusable = 2 };

struct options {
  std::string model;
  std::string svg;
  bool json = false;
};

// ---- files -----------------------------------------------------------------------------------------------

std::vector<char> read_file(const std::string& path) {
  // Opening a folder succeeds on some systems, and reading it gives nothing.
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  if (!(file << text).flush()) throw std::runtime_error("cannot write " + path);
}

// ---- the model's own operators ---------------------------------------------------------------------------

using operator_counts = std::map<std::string, int>;

/// TensorFlow Lite writes them in capitals.
std::string operator_name(inlay::tflite_operator op) {
  std::string capitals = inlay::name(op);
  for (char& c : capitals) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return capitals;
}

operator_counts count_operators(const inlay::loaded_model& model) {
  operator_counts counts;
  inlay::visit_tflite_operators(model.file().data(), model.file().size(),
                                [&](inlay::tflite_operator op) { ++counts[operator_name(op)]; });
  return counts;
}

// ---- text ------------------------------------------------------------------------------------------------

void print_text(const options& chosen, const inlay::loaded_model& model, const inlay::plan_view& plan) {
  std::cout << chosen.model << "\n\noperators\n";
  for (const auto& [name, count] : count_operators(model)) std::cout << "  " << count << " × " << name << '\n';
  std::cout << '\n' << inlay::plan_table(plan) << '\n' << inlay::lifetime_chart(plan);
}

// ---- JSON ------------------------------------------------------------------------------------------------

// Keys stay in the order in which they are written here.
using json = nlohmann::ordered_json;

json extents_of(const inlay::tensor& t) {
  json extents = json::array();
  for (int axis = 0; axis < t.extents.rank; ++axis) extents.push_back(t.extents[axis]);
  return extents;
}

json pair_of(const inlay::extent2d& e) { return {e.height, e.width}; }

json window_of(const inlay::window2d& w) {
  return {{"kernel", pair_of(w.kernel)},
          {"stride", pair_of(w.stride)},
          {"dilation", pair_of(w.dilation)},
          {"padding", {w.padding.top, w.padding.left, w.padding.bottom, w.padding.right}}};
}

json layer_of(const inlay::plan_view& plan, std::int32_t index) {
  const inlay::graph_view g = plan.graph;
  const inlay::layer& l = g.layers[index];
  json inputs = json::array();
  for (const std::int32_t input : l.inputs)
    if (input >= 0 && !g.tensors[input].is_constant()) inputs.push_back(extents_of(g.tensors[input]));
  json described = {{"layer", index},
                    {"operator", l.source},
                    {"kind", inlay::name(l.kind)},
                    {"inputs", std::move(inputs)},
                    {"output", extents_of(g.output_of(l))}};
  if (inlay::has_window(l.kind)) described["window"] = window_of(l.window);
  described["macs"] = inlay::layer_macs(g, l);
  described["parameters"] = inlay::layer_parameters(g, index);
  described["live_bytes"] = inlay::live_bytes(g, plan.places, index);
  described["in_place"] = inlay::is_in_place(plan, index);
  return described;
}

json layers_of(const inlay::plan_view& plan) {
  json layers = json::array();
  for (std::int32_t i = 0; i < plan.graph.layer_count; ++i) layers.push_back(layer_of(plan, i));
  return layers;
}

json peak_of(const inlay::plan_view& plan) {
  const std::int32_t peak = inlay::peak_layer(plan);
  const inlay::layer& l = plan.graph.layers[peak];
  return {{"layer", peak},
          {"operator", l.source},
          {"kind", inlay::name(l.kind)},
          {"live_bytes", inlay::live_bytes(plan.graph, plan.places, peak)}};
}

void print_json(const options& chosen, const inlay::loaded_model& model, const inlay::plan_view& plan) {
  const inlay::loaded_schedule per_layer(plan.graph, inlay::per_layer_stages(plan.graph));
  const json report = {{"model", chosen.model},
                       {"operators", count_operators(model)},
                       {"macs", inlay::total_macs(plan.graph)},
                       {"parameters", inlay::total_parameters(plan.graph)},
                       {"input_bytes", inlay::total_input_bytes(plan.graph)},
                       {"per_layer_bytes", per_layer.arena_bytes()},
                       {"arena_bytes", plan.arena_bytes},
                       {"peak_at", peak_of(plan)},
                       {"model_bytes", plan.model_bytes},
                       {"table_bytes", plan.table_bytes},
                       {"flash_bytes", plan.flash_bytes()},
                       {"layers", layers_of(plan)}};
  std::cout << report.dump(2) << '\n';
}

// ---- the program -----------------------------------------------------------------------------------------

exit_code inspect(const options& chosen) {
  const inlay::loaded_model model(read_file(chosen.model));
  if (model.refused()) {
    std::cerr << chosen.model << ": " << inlay::error_text(model.refused()).view() << '\n';
    return model_refused;
  }
  const inlay::loaded_schedule schedule(model.graph(), inlay::per_layer_stages(model.graph()));
  const inlay::plan_view plan = inlay::plan_of(model, schedule);
  if (!chosen.svg.empty()) {
    const std::string title = std::filesystem::path(chosen.model).filename().string();
    write_file(chosen.svg, inlay::lifetime_svg(plan, title));
  }
  chosen.json ? print_json(chosen, model, plan) : print_text(chosen, model, plan);
  return done;
}

}  // namespace

int main(int argc, char** argv) {
  options chosen;
  CLI::App app("Shows the layers of a .tflite file, the memory they need and what they cost.", "inlay-inspect");
  app.add_option("model", chosen.model, "the .tflite file")->required();
  app.add_flag("--json", chosen.json, "print JSON instead of tables");
  app.add_option("--svg", chosen.svg, "write a chart of the arena over time to this file");
  CLI11_PARSE(app, argc, argv);
  try {
    return inspect(chosen);
  } catch (const std::exception& failure) {
    std::cerr << "inlay-inspect: " << failure.what() << '\n';
    return file_unusable;
  }
}
