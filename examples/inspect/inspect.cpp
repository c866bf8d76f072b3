// inlay-inspect: what Inlay makes of a .tflite file: its layers, where its memory goes and what it costs.
//
//   inlay-inspect person_detect.tflite
//   inlay-inspect person_detect.tflite --json
//   inlay-inspect person_detect.tflite --target m4
//   inlay-inspect person_detect.tflite --html person_detect.html
//   inlay-inspect person_detect.tflite --svg arena.svg
//   inlay-inspect person_detect.tflite --sram 16384 --max-overhead 10
//   inlay-inspect person_detect.tflite --schedule 12:rows,20:1x3 --svg-patches patches.svg
//   inlay-inspect person_detect.tflite --pareto --svg-pareto trade_off.svg
#include "files.hpp"
#include "html.hpp"
#include "target.hpp"
#include "target_options.hpp"

#include <inlay/report.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cctype>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

enum exit_code { done = 0, refused = 1, file_unusable = 2 };

struct options {
  std::string model;
  std::string schedule = "per_layer";
  std::optional<std::int64_t> sram;
  std::optional<double> max_overhead;
  std::vector<std::int32_t> weights_read;  // none, or bytes and times
  std::string html, svg, svg_patches, svg_pareto;
  std::string target, cxx, flags;
  bool least_memory = false;
  bool pareto = false;
  bool json = false;
};

/// The model cannot be used, or not as it was asked for.
struct refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

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

// ---- inputs and outputs ----------------------------------------------------------------------------------

/// In the order in which run() takes and gives them.
struct named_tensor {
  std::string name;
  const inlay::tensor& described;
};

std::vector<named_tensor> inputs_and_outputs(const inlay::loaded_model& model, inlay::detail::schema::subgraph list) {
  const inlay::graph_view g = model.graph();
  const bool inputs = list == inlay::detail::schema::inputs;
  std::vector<named_tensor> tensors;
  for (std::int32_t i = 0; i < (inputs ? g.input_count : g.output_count); ++i) {
    const inlay::detail::text_place name =
        inlay::detail::find_io_name(model.file().data(), model.file().size(), list, static_cast<std::size_t>(i));
    tensors.push_back({{model.file().data() + name.at, name.length}, g.tensors[inputs ? g.inputs[i] : g.outputs[i]]});
  }
  return tensors;
}

/// int32 outputs are indices, and floats stand for themselves.
bool is_quantized(const inlay::tensor& t) {
  return t.type == inlay::element_type::int8 || t.type == inlay::element_type::uint8;
}

void print_tensors(const char* title, const std::vector<named_tensor>& tensors) {
  std::cout << title << '\n';
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const inlay::tensor& t = tensors[i].described;
    std::cout << "  " << i << "  " << tensors[i].name << ": " << inlay::name(t.type) << ' '
              << inlay::detail::text_of(t.extents);
    if (is_quantized(t)) std::cout << ", real = " << t.quant.scale << " × (stored − " << t.quant.zero_point << ')';
    std::cout << '\n';
  }
}

// ---- schedules -------------------------------------------------------------------------------------------

using inlay::detail::grouped;

double overhead_percent(const inlay::loaded_schedule& schedule, inlay::graph_view g) {
  const std::int64_t macs = inlay::total_macs(g);
  return inlay::detail::percent_of(schedule.macs() - macs, macs);
}

inlay::loaded_schedule fit(inlay::graph_view g, std::int64_t budget_bytes, const inlay::schedule_finder& finder) {
  std::vector<inlay::stage> stages = finder.fitting(budget_bytes);
  if (stages.empty())
    throw refusal("no schedule that the search knows fits " + grouped(budget_bytes) + " bytes; the least it finds is " +
                  grouped(inlay::loaded_schedule(g, finder.within_overhead(inlay::any_percent)).arena_bytes()));
  return {g, std::move(stages)};
}

inlay::loaded_schedule find_schedule(const options& chosen, inlay::graph_view g) {
  inlay::read_limit reads;
  if (!chosen.weights_read.empty()) reads = {chosen.weights_read[0], chosen.weights_read[1]};
  if (chosen.sram) return fit(g, *chosen.sram, inlay::schedule_finder(g, reads));
  if (chosen.max_overhead) return {g, inlay::schedule_finder(g, reads).within_overhead(*chosen.max_overhead)};
  if (chosen.least_memory) return {g, inlay::schedule_finder(g, reads).least_memory()};
  inlay::schedule_reading read = inlay::read_schedule(g, chosen.schedule);
  if (!read.error.empty()) throw refusal("--schedule " + chosen.schedule + ": " + read.error);
  return {g, std::move(read.stages)};
}

void check_overhead(const options& chosen, const inlay::loaded_schedule& schedule, inlay::graph_view g) {
  const double percent = overhead_percent(schedule, g);
  if (chosen.max_overhead && percent > *chosen.max_overhead)
    throw refusal("what fits " + grouped(*chosen.sram) + " bytes computes " + inlay::detail::percent_text(percent) +
                  " again, more than " + inlay::detail::percent_text(*chosen.max_overhead));
}

// ---- text ------------------------------------------------------------------------------------------------

void print_kernels(const options& chosen, const inlay::plan_view& plan, const inspect::target_kernels& on_target) {
  using inlay::detail::alignment;
  std::vector<inlay::detail::text_row> rows{{"layer", "kind", "kernel on " + chosen.target, "table bytes", "MACs"}};
  for (std::int32_t i = 0; i < plan.graph.layer_count; ++i) {
    const inspect::layer_kernel& kernel = on_target.layers.at(static_cast<std::size_t>(i));
    const inlay::layer& l = plan.graph.layers[i];
    rows.push_back({std::to_string(i), inlay::name(l.kind), kernel.name, grouped(kernel.table_bytes),
                    grouped(inlay::layer_macs(plan.graph, l))});
  }
  std::cout << '\n'
            << inlay::detail::aligned(
                   rows, {alignment::right, alignment::left, alignment::left, alignment::right, alignment::right});
}

void print_text(const options& chosen, const inlay::loaded_model& model, const inlay::plan_view& plan,
                const std::optional<inspect::target_kernels>& on_target) {
  std::cout << chosen.model << "\n\n";
  print_tensors("inputs", inputs_and_outputs(model, inlay::detail::schema::inputs));
  print_tensors("outputs", inputs_and_outputs(model, inlay::detail::schema::outputs));
  std::cout << "\noperators\n";
  for (const auto& [name, count] : count_operators(model)) std::cout << "  " << count << " × " << name << '\n';
  std::cout << "\nschedule " << inlay::schedule_text(plan) << "\n  " << inlay::schedule_type_text(plan) << "\n\n"
            << inlay::plan_table(plan) << '\n'
            << inlay::lifetime_chart(plan);
  if (on_target) print_kernels(chosen, plan, *on_target);
  const inlay::loaded_schedule least(plan.graph, inlay::least_memory_stages(plan.graph));
  if (least.arena_bytes() < plan.arena_bytes)
    std::cout << "\nWithout computing anything twice, " << grouped(least.arena_bytes())
              << " bytes are enough: --least-memory\n";
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

json layer_of(const inlay::plan_view& plan, std::int32_t index, std::int64_t reads) {
  const inlay::graph_view g = plan.graph;
  const inlay::layer& l = g.layers[index];
  json inputs = json::array();
  for (const std::int32_t input : l.inputs)
    if (input >= 0 && !g.tensors[input].is_constant()) inputs.push_back(extents_of(g.tensors[input]));
  json described = {{"layer", index},
                    {"operator", l.operator_index},
                    {"kind", inlay::name(l.kind)},
                    {"inputs", std::move(inputs)},
                    {"output", extents_of(g.output_of(l))}};
  if (inlay::detail::has_window(l.kind)) described["window"] = window_of(l.window);
  described["macs"] = inlay::layer_macs(g, l);
  described["parameters"] = inlay::layer_parameters(g, index);
  described["weight_bytes"] = inlay::weight_bytes(g, l);
  described["weight_reads"] = inlay::weight_bytes(g, l) > 0 ? reads : 0;
  described["live_bytes"] = inlay::live_bytes(g, plan.places, index);
  described["in_place"] = inlay::is_in_place(plan, index);
  described["over_dying_rows"] = inlay::detail::writes_over_dying_rows(g, plan.places, index);
  return described;
}

json layers_of(const inlay::plan_view& plan, const std::optional<inspect::target_kernels>& on_target) {
  json layers = json::array();
  const std::vector<std::int64_t> reads = inlay::weight_reads(plan);
  for (std::int32_t i = 0; i < plan.graph.layer_count; ++i) {
    layers.push_back(layer_of(plan, i, reads[static_cast<std::size_t>(i)]));
    if (!on_target) continue;
    const inspect::layer_kernel& kernel = on_target->layers.at(static_cast<std::size_t>(i));
    layers.back()["kernel"] = kernel.name;
    layers.back()["table_bytes"] = kernel.table_bytes;
  }
  return layers;
}

json tensors_of(const std::vector<named_tensor>& tensors) {
  json list = json::array();
  for (const auto& [name, t] : tensors) {
    list.push_back({{"name", name}, {"type", inlay::name(t.type)}, {"extents", extents_of(t)}});
    if (!is_quantized(t)) continue;
    list.back()["scale"] = t.quant.scale;
    list.back()["zero_point"] = t.quant.zero_point;
  }
  return list;
}

/// What stands in the arena, where, and from which layer to which.
json places_of(const inlay::plan_view& plan) {
  json places = json::array();
  for (const std::int32_t p : inlay::detail::used_places(plan)) {
    const inlay::arena_place& place = plan.places[p];
    places.push_back({{"place", inlay::detail::place_name(plan, p)},
                      {"holds", inlay::detail::place_content(plan, p)},
                      {"offset", place.offset},
                      {"bytes", place.bytes},
                      {"first_layer", place.first},
                      {"last_layer", inlay::detail::last_layer(plan, place)}});
    if (const std::int32_t below = inlay::detail::place_below(plan, place); below >= 0)
      places.back()["written_over"] = inlay::detail::place_name(plan, below);
  }
  return places;
}

json stages_of(const inlay::plan_view& plan) {
  json stages = json::array();
  for (std::int32_t i = 0; i < plan.stage_count; ++i) {
    const inlay::stage& s = plan.stages[i];
    const inlay::stage_figures figures = inlay::figures_of(plan, s);
    stages.push_back({{"first", s.first},
                      {"end", s.end},
                      {"grid", {{"rows", s.row_patches}, {"columns", s.column_patches}}},
                      {"segments", s.segments},
                      {"policy", s.is_one_layer() ? "per_layer" : inlay::name(s.halos())},
                      {"live_bytes", figures.live_bytes},
                      {"macs", figures.macs},
                      {"clamped_percent", figures.clamped_percent()},
                      {"unclamped_percent", figures.unclamped_percent()}});
  }
  return stages;
}

json pareto_of(inlay::graph_view g, const std::vector<inlay::trade>& trades) {
  json points = json::array();
  for (const inlay::trade& t : trades)
    points.push_back({{"arena_bytes", t.arena_bytes},
                      {"macs", t.macs},
                      {"recomputed_macs", t.macs - inlay::total_macs(g)},
                      {"schedule", inlay::schedule_text(t.stages)}});
  return points;
}

json peak_of(const inlay::plan_view& plan) {
  const std::int32_t peak = inlay::peak_layer(plan);
  const inlay::layer& l = plan.graph.layers[peak];
  return {{"layer", peak},
          {"operator", l.operator_index},
          {"kind", inlay::name(l.kind)},
          {"live_bytes", inlay::live_bytes(plan.graph, plan.places, peak)}};
}

json report_of(const options& chosen, const inlay::loaded_model& model, const inlay::plan_view& plan,
               const std::optional<inspect::target_kernels>& on_target) {
  const inlay::loaded_schedule per_layer(plan.graph, inlay::per_layer_stages(plan.graph));
  return {{"model", chosen.model},
          {"inputs", tensors_of(inputs_and_outputs(model, inlay::detail::schema::inputs))},
          {"outputs", tensors_of(inputs_and_outputs(model, inlay::detail::schema::outputs))},
          {"operators", count_operators(model)},
          {"macs", inlay::total_macs(plan.graph)},
          {"recomputed_macs", plan.recomputed_macs()},
          {"parameters", inlay::total_parameters(plan.graph)},
          {"input_bytes", inlay::total_input_bytes(plan.graph)},
          {"per_layer_bytes", per_layer.arena_bytes()},
          {"arena_bytes", plan.arena_bytes},
          {"raster_bound_bytes", inlay::raster_bound(plan.graph)},
          {"schedule", inlay::schedule_text(plan)},
          {"schedule_type", inlay::schedule_type_text(plan)},
          {"stages", stages_of(plan)},
          {"peak_at", peak_of(plan)},
          {"places", places_of(plan)},
          {"kernels", plan.kernels},
          {"model_bytes", plan.model_bytes},
          {"constant_bytes", plan.constant_bytes},
          {"table_bytes", plan.table_bytes},
          {"flash_bytes", plan.flash_bytes()},
          {"layers", layers_of(plan, on_target)}};
}

// ---- the program -----------------------------------------------------------------------------------------

std::string title_of(const options& chosen) { return std::filesystem::path(chosen.model).stem().string(); }

void write_pictures(const options& chosen, const inlay::plan_view& plan) {
  if (!chosen.svg.empty()) inspect::write_file(chosen.svg, inlay::lifetime_svg(plan, title_of(chosen)));
  if (chosen.svg_patches.empty()) return;
  const std::vector<inlay::stage> stages = inlay::patched_stages(plan);
  if (stages.empty()) throw refusal("--svg-patches: no stage of this schedule runs row by row or in patches");
  inspect::write_file(chosen.svg_patches, inlay::patch_svg(plan, stages.front(), title_of(chosen)));
}

std::vector<inlay::trade> find_trades(const options& chosen, inlay::graph_view g) {
  if (!chosen.pareto && chosen.svg_pareto.empty() && chosen.html.empty()) return {};
  std::vector<inlay::trade> trades = inlay::trade_off(g);
  if (!chosen.svg_pareto.empty())
    inspect::write_file(chosen.svg_pareto, inlay::trade_off_svg(g, trades, title_of(chosen)));
  return trades;
}

void write_page(const options& chosen, const inlay::plan_view& plan, json report,
                const std::vector<inlay::trade>& trades) {
  const std::string title = title_of(chosen);
  report["pareto"] = pareto_of(plan.graph, trades);
  std::vector<std::string> pictures{inlay::lifetime_svg(plan, title)};
  for (const inlay::stage& s : inlay::patched_stages(plan)) pictures.push_back(inlay::patch_svg(plan, s, title));
  pictures.push_back(inlay::trade_off_svg(plan.graph, trades, title));
  inspect::write_file(chosen.html, inspect::html_page(title, report, pictures));
}

std::optional<inspect::target_kernels> find_kernels(const options& chosen, const inlay::loaded_model& model) {
  if (chosen.target.empty()) return {};
  inspect::target_kernels found =
      inspect::kernels_on(inspect::target_named(chosen.target, chosen.cxx, chosen.flags), model.file());
  if (found.layers.size() != static_cast<std::size_t>(model.graph().layer_count))
    throw std::runtime_error("the compiler finds other layers: is this program as old as its headers?");
  return found;
}

void inspect_model(const options& chosen) {
  const inlay::loaded_model model(inspect::read_file(chosen.model));
  if (model.refused())
    throw refusal(std::string(inlay::explain(model.refused(), model.file().data(), model.file().size()).view()));
  const inlay::graph_view g = model.graph();
  const inlay::loaded_schedule schedule = find_schedule(chosen, g);
  check_overhead(chosen, schedule, g);
  inlay::plan_view plan = inlay::plan_of(model, schedule);
  const std::optional<inspect::target_kernels> on_target = find_kernels(chosen, model);
  if (on_target) {
    std::set<std::int32_t> copied;
    for (std::int32_t i = 0; i < g.layer_count; ++i)
      if (!on_target->layers[static_cast<std::size_t>(i)].reads_model) copied.insert(i);
    plan.constant_bytes = inlay::detail::total_constant_bytes(g, {model.file().data(), model.file().size()}, copied);
    plan.table_bytes = on_target->table_bytes;
    plan.kernels = chosen.target.c_str();
  }
  write_pictures(chosen, plan);
  const std::vector<inlay::trade> trades = find_trades(chosen, g);
  if (!chosen.html.empty()) write_page(chosen, plan, report_of(chosen, model, plan, on_target), trades);
  if (chosen.json) {
    json report = report_of(chosen, model, plan, on_target);
    if (chosen.pareto) report["pareto"] = pareto_of(g, trades);
    std::cout << report.dump(2) << '\n';
  } else if (chosen.pareto) {
    std::cout << chosen.model << "\n\n" << inlay::trade_off_table(g, trades);
  } else {
    print_text(chosen, model, plan, on_target);
  }
}

}  // namespace

int main(int argc, char** argv) {
  options chosen;
  CLI::App app("Shows the layers of a .tflite file, the memory they need and what they cost.", "inlay-inspect");
  app.add_option("model", chosen.model, "the .tflite file")->required();
  CLI::Option* schedule = app.add_option(
      "--schedule", chosen.schedule,
      "per_layer (the default), least_memory, or stages: 8:rows,12:3x2 runs the layers before 8 row by row, those "
      "before 12 in 3 × 2 patches, the rest layer after layer; 8:rows/4 makes each row in 4 segments");
  CLI::Option* sram = app.add_option("--sram", chosen.sram, "the least recomputation that fits so many bytes");
  CLI::Option* overhead = app.add_option("--max-overhead", chosen.max_overhead,
                                         "at most so many percent computed again: alone, the least memory with that");
  CLI::Option* least =
      app.add_flag("--least-memory", chosen.least_memory, "the least memory with nothing computed twice");
  CLI::Option* reads = app.add_option(
      "--weights-read", chosen.weights_read,
      "with these three: layers with weights of more than BYTES are in no stage that reads them more than TIMES");
  reads->expected(2)->type_name("BYTES TIMES")->check(CLI::NonNegativeNumber)->excludes(schedule);
  schedule->excludes(sram)->excludes(overhead)->excludes(least);
  least->excludes(sram)->excludes(overhead);
  sram->check(CLI::NonNegativeNumber);
  overhead->check(CLI::NonNegativeNumber);
  inspect::add_target_options(
      app, "say which kernel each layer gets on this processor, and the flash it takes there, as its compiler has it",
      chosen.target, chosen.cxx, chosen.flags);
  app.add_flag("--pareto", chosen.pareto, "list schedules from the least computation to the least memory instead");
  app.add_flag("--json", chosen.json, "print JSON instead of tables");
  app.add_option("--html", chosen.html, "write all of it, with charts, to this file: one page that needs no other");
  app.add_option("--svg", chosen.svg, "write a chart of the arena over time to this file");
  app.add_option("--svg-patches", chosen.svg_patches, "write a chart of the first stage's patches to this file");
  app.add_option("--svg-pareto", chosen.svg_pareto, "write a chart of memory against computation to this file");
  CLI11_PARSE(app, argc, argv);
  try {
    inspect_model(chosen);
    return done;
  } catch (const refusal& why) {
    std::cerr << chosen.model << ": " << why.what() << '\n';
    return refused;
  } catch (const std::exception& failure) {
    std::cerr << "inlay-inspect: " << failure.what() << '\n';
    return file_unusable;
  }
}
