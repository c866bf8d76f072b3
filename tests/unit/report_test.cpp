// Reports say what the plan says.
#include <inlay/report.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

inlay::loaded_model golden(const std::string& name) {
  std::ifstream file(std::string(INLAY_GOLDEN_DIR) + "/" + name + ".tflite", std::ios::binary);
  return inlay::loaded_model({std::istreambuf_iterator<char>(file), {}});
}

/// A model with its per-layer plan.
struct planned {
  explicit planned(const std::string& name) : model(golden(name)), schedule(model.graph(), inlay::per_layer_stages(model.graph())) {}
  inlay::plan_view plan() const { return inlay::plan_of(model, schedule); }
  inlay::loaded_model model;
  inlay::loaded_schedule schedule;
};

std::size_t count_of(std::string_view text, std::string_view piece) {
  std::size_t count = 0;
  for (std::size_t at = text.find(piece); at != text.npos; at = text.find(piece, at + piece.size())) ++count;
  return count;
}

bool contains(std::string_view text, std::string_view piece) { return text.find(piece) != text.npos; }

/// The numbers of a totals line, as it stands in the text.
std::string line_of(std::string_view text, std::string_view name) {
  const std::size_t begin = text.find("\n" + std::string(name)) + 1;
  return std::string(text.substr(begin, text.find('\n', begin) - begin));
}

std::size_t used_place_count(const inlay::plan_view& plan) {
  return static_cast<std::size_t>(std::count_if(plan.places, plan.places + inlay::place_count(plan.graph),
                                                [](const inlay::arena_place& place) { return place.used(); }));
}

/// Every tag is closed, by the right name and in the right order.
bool is_balanced(std::string_view svg) {
  std::vector<std::string_view> open;
  for (std::size_t at = svg.find('<'); at != svg.npos; at = svg.find('<', at + 1)) {
    const std::size_t end = svg.find('>', at);
    if (end == svg.npos) return false;
    const std::string_view tag = svg.substr(at + 1, end - at - 1);
    if (tag.back() == '/') continue;
    if (tag.front() != '/') {
      open.push_back(tag.substr(0, tag.find_first_of(" \n")));
      continue;
    }
    if (open.empty() || open.back() != tag.substr(1)) return false;
    open.pop_back();
  }
  return open.empty();
}

constexpr const char* models[] = {"network_inverted_residual", "network_encoder_decoder", "conv2d_1x1", "add_residual",
                                  "depthwise_dilated_same"};

}  // namespace

TEST_CASE("a plan's figures are those of its parts") {
  for (const char* name : models) {
    CAPTURE(name);
    const planned p(name);
    REQUIRE_FALSE(p.model.refused());
    const inlay::plan_view plan = p.plan();
    std::int64_t parameters = 0;
    for (std::int32_t i = 0; i < plan.graph.layer_count; ++i) parameters += inlay::layer_parameters(plan.graph, i);
    CHECK(parameters == inlay::total_parameters(plan.graph));
    CHECK(plan.flash_bytes() == p.model.file().size() + plan.table_bytes);
    const std::int32_t peak = inlay::peak_layer(plan);
    const std::int32_t peak_bytes = inlay::live_bytes(plan.graph, plan.places, peak);
    CHECK(peak_bytes <= plan.arena_bytes);
    for (std::int32_t i = 0; i < plan.graph.layer_count; ++i)
      CHECK(inlay::live_bytes(plan.graph, plan.places, i) <= peak_bytes);
  }
}

TEST_CASE("the table has a row for each layer, and its totals are the plan's") {
  for (const char* name : models) {
    CAPTURE(name);
    const planned p(name);
    const inlay::plan_view plan = p.plan();
    const std::string table = inlay::plan_table(plan);
    CAPTURE(table);
    const std::string rows = table.substr(0, table.find("\n\n") + 1);
    CHECK(count_of(rows, "\n") == static_cast<std::size_t>(plan.graph.layer_count) + 1);
    CHECK(count_of(rows, "peak") == 1);
    using inlay::detail::grouped;
    CHECK(contains(line_of(table, "MACs"), " " + grouped(inlay::total_macs(plan.graph))));
    CHECK(contains(line_of(table, "parameters"), " " + grouped(inlay::total_parameters(plan.graph))));
    CHECK(contains(line_of(table, "flash bytes"), " " + grouped(plan.flash_bytes())));
    CHECK(contains(line_of(table, "input bytes"), " " + grouped(inlay::total_input_bytes(plan.graph))));
    CHECK(contains(line_of(table, "arena bytes"), " " + grouped(plan.arena_bytes)));
    CHECK(contains(line_of(table, "peak bytes"), "layer " + std::to_string(inlay::peak_layer(plan)) + ","));
  }
}

TEST_CASE("the table shows shapes and windows") {
  const std::string table = inlay::plan_table(planned("network_inverted_residual").plan());
  CHECK(contains(table, "16×16×3 → 8×8×6"));
  CHECK(contains(table, "3×3 stride 2 pad 0,0,1,1"));
  CHECK(contains(table, "3×3 pad 1 "));
  CHECK(contains(table, "in place"));
}

TEST_CASE("the lifetime chart has a row for each place and fits its width") {
  for (const char* name : models)
    for (const std::int32_t width : {80, 110, 120}) {
      CAPTURE(name);
      CAPTURE(width);
      const planned model(name);
      const std::string chart = inlay::lifetime_chart(model.plan(), width);
      // Besides the places: the peak's mark, the headings and the legend.
      CHECK(count_of(chart, "\n") == used_place_count(model.plan()) + 3);
      for (std::size_t begin = 0; begin < chart.size(); begin = chart.find('\n', begin) + 1)
        CHECK(inlay::detail::column_count(std::string_view(chart).substr(begin, chart.find('\n', begin) - begin)) <=
              static_cast<std::size_t>(width));
    }
}

TEST_CASE("every layer has a column, and every column a layer") {
  for (const std::int32_t layers : {1, 5, 31, 32, 33, 64, 200})
    for (const std::int32_t most : {16, 32, 72}) {
      CAPTURE(layers);
      CAPTURE(most);
      const inlay::detail::layer_columns scale(layers, most);
      CHECK(scale.columns <= most);
      CHECK(scale.first(0) == 0);
      CHECK(scale.last(scale.columns - 1) == layers - 1);
      for (std::int32_t c = 1; c < scale.columns; ++c) {
        CHECK(scale.first(c) <= scale.last(c));
        const bool next = scale.first(c) == scale.last(c - 1) + 1;
        const bool same = scale.first(c) == scale.first(c - 1) && scale.columns > layers;
        CHECK((next || same));
      }
    }
}

TEST_CASE("the picture has a rectangle for each place") {
  for (const char* name : models) {
    CAPTURE(name);
    const planned model(name);
    const std::string svg = inlay::lifetime_svg(model.plan(), name);
    CHECK(svg.starts_with("<svg "));
    CHECK(is_balanced(svg));
    CHECK(count_of(svg, "<rect ") == used_place_count(model.plan()));
    CHECK(count_of(svg, "<title>") == used_place_count(model.plan()) + 1);
    CHECK_FALSE(contains(svg, "<script"));
    CHECK_FALSE(contains(svg, "nan"));
  }
}

TEST_CASE("a picture's title may hold any characters") {
  const std::string svg = inlay::lifetime_svg(planned("conv2d_1x1").plan(), "a<b> & c");
  CHECK(is_balanced(svg));
  CHECK(contains(svg, "a&lt;b&gt; &amp; c"));
}

TEST_CASE("numbers are written in groups of three") {
  using inlay::detail::grouped;
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(std::int64_t{1234567890}) == "1,234,567,890");
}

TEST_CASE("coordinates have one decimal") {
  using inlay::detail::decimal;
  CHECK(decimal(0) == "0.0");
  CHECK(decimal(0.26) == "0.3");
  CHECK(decimal(-0.5) == "-0.5");
  CHECK(decimal(123.449) == "123.4");
}

TEST_CASE("a model's own operators are visited in order, folded ones too") {
  const inlay::loaded_model model = golden("pad_conv2d_valid");
  std::vector<inlay::tflite_operator> seen;
  const auto note = [&](inlay::tflite_operator op) {
    seen.push_back(op);
  };
  CHECK_FALSE(inlay::visit_tflite_operators(model.file().data(), model.file().size(), note));
  CHECK(seen == std::vector{inlay::tflite_operator::pad, inlay::tflite_operator::conv_2d});
  CHECK(inlay::visit_tflite_operators(model.file().data(), 7, note).reason == inlay::refusal::truncated);
}
