// Reports say what the plan says.
#include <inlay/report.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

inlay::loaded_model golden(const std::string& name) {
  std::ifstream file(std::string(INLAY_GOLDEN_DIR) + "/" + name + ".tflite", std::ios::binary);
  return inlay::loaded_model({std::istreambuf_iterator<char>(file), {}});
}

/// A model with its plan.
struct planned {
  explicit planned(const std::string& name, const std::string& text = "per_layer")
      : model(golden(name)), schedule(model.graph(), inlay::read_schedule(model.graph(), text).stages) {}
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

/// What a patch costs by the definition of a convolution: pixel by pixel, from the stage's outputs back. Knows
/// windows and elementwise layers. Unclamped, maps go on beyond their borders.
std::int64_t counted_macs(inlay::graph_view g, const inlay::stage& s, inlay::detail::interval rows,
                          inlay::detail::interval columns, bool clamped) {
  using pixels = std::set<std::pair<std::int32_t, std::int32_t>>;
  std::vector<pixels> needed(static_cast<std::size_t>(g.tensor_count));
  for (std::int32_t y = rows.first; y < rows.end; ++y)
    for (std::int32_t x = columns.first; x < columns.end; ++x)
      needed[static_cast<std::size_t>(g.layers[s.end - 1].output)].insert({y, x});
  std::int64_t macs = 0;
  for (std::int32_t i = s.end - 1; i >= s.first; --i) {
    const inlay::layer& l = g.layers[i];
    const inlay::window2d w = inlay::detail::has_window(l.kind) ? l.window : inlay::window2d{};
    const pixels made = needed[static_cast<std::size_t>(l.output)];
    const inlay::shape& map = g.output_of(l).extents;
    macs += inlay::layer_macs(g, l) / (map.height() * map.width()) * static_cast<std::int64_t>(made.size());
    for (int position = 0; position < 2; ++position) {
      if (!g.has_input(l, position) || g.input_of(l, position).is_constant()) continue;
      const inlay::shape& from = g.input_of(l, position).extents;
      for (const auto& [y, x] : made)
        for (std::int32_t dy = 0; dy < w.kernel.height; ++dy)
          for (std::int32_t dx = 0; dx < w.kernel.width; ++dx) {
            const std::int32_t row = y * w.stride.height - w.padding.top + dy;
            const std::int32_t column = x * w.stride.width - w.padding.left + dx;
            const bool inside = row >= 0 && column >= 0 && row < from.height() && column < from.width();
            if (inside || !clamped)
              needed[static_cast<std::size_t>(l.inputs[static_cast<std::size_t>(position)])].insert({row, column});
          }
    }
  }
  return macs;
}

std::int64_t counted_macs(inlay::graph_view g, const inlay::stage& s, bool clamped) {
  const inlay::shape& map = g.output_of(g.layers[s.end - 1]).extents;
  std::int64_t macs = 0;
  for (std::int32_t row = 0; row < s.row_patches; ++row)
    for (std::int32_t column = 0; column < s.column_patches; ++column)
      macs += counted_macs(g, s, inlay::detail::even_part(map.height(), s.row_patches, row),
                           inlay::detail::even_part(map.width(), s.column_patches, column), clamped);
  return macs;
}

constexpr const char* models[] = {"network_inverted_residual", "network_encoder_decoder", "conv2d_1x1", "add_residual",
                                  "depthwise_dilated_same"};

/// Of network_inverted_residual.
constexpr const char* schedules[] = {"7:rows", "3:2x3,7:rows,9:per_layer,12:1x2", "2:per_layer,7:1x4", "14:4x1"};

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
    CHECK(plan.flash_bytes() == plan.constant_bytes + plan.table_bytes);
    CHECK(plan.model_bytes == p.model.file().size());
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
    CHECK(count_of(svg, "class=\"place ") == used_place_count(model.plan()));
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

TEST_CASE("a schedule's text gives its stages") {
  const inlay::loaded_model model = golden("network_inverted_residual");
  const inlay::graph_view g = model.graph();
  for (const char* text : schedules) {
    CAPTURE(text);
    const inlay::schedule_reading read = inlay::read_schedule(g, text);
    CHECK(read.error == "");
    CHECK(inlay::schedule_text(read.stages) == text);
  }
  CHECK(inlay::read_schedule(g, "2:rows,3:1x4").stages.front() == inlay::stage{0, 2});
  CHECK(inlay::read_schedule(g, "2:2x3").stages[0] == inlay::stage{0, 2, 2, 3});
  CHECK(inlay::read_schedule(g, "2:rows/4").stages[0] == inlay::stage{.end = 2, .segments = 4});
  CHECK(inlay::schedule_text({{.end = 2, .segments = 4}, {2, 3}}) == "2:rows/4");
  CHECK(inlay::schedule_type_text({{.end = 2, .segments = 4}, {2, 3}}) ==
        "inlay::schedule<inlay::per_patch<inlay::split<2>, inlay::segments<4>>>");
  CHECK(inlay::read_schedule(g, "2:2x3").stages[1] == inlay::stage{2, 3});
  CHECK(inlay::read_schedule(g, "least_memory").stages == inlay::least_memory_stages(g));
  CHECK(inlay::schedule_text(inlay::per_layer_stages(g)) == "per_layer");
  CHECK(inlay::schedule_text(inlay::read_schedule(g, "4:1x1").stages) == "4:rows");
  CHECK(inlay::schedule_type_text(inlay::per_layer_stages(g)) == "inlay::per_layer");
  CHECK(inlay::schedule_type_text({{0, 3}, {3, 4}, {4, 5}, {5, 7, 1, 3}, {7, 9, 2, 2}, {9, 10}}) ==
        "inlay::schedule<inlay::per_patch<inlay::split<3>, inlay::rows<1>>, "
        "inlay::per_patch<inlay::split<5>, inlay::per_layer>, inlay::per_patch<inlay::split<7>, inlay::columns<3>>, "
        "inlay::per_patch<inlay::split<9>, inlay::grid<2, 2>>>");
  CHECK(inlay::schedule_text(inlay::read_schedule(g, "4:per_layer").stages) == "18:per_layer");
  CHECK(inlay::schedule_type_text(inlay::read_schedule(g, "18:per_layer").stages) == "inlay::schedule<>");
}

TEST_CASE("every schedule that a search finds has a text that gives it") {
  for (const char* name : models) {
    CAPTURE(name);
    const inlay::loaded_model model = golden(name);
    for (const inlay::trade& t : inlay::trade_off(model.graph())) {
      const std::string text = inlay::schedule_text(t.stages);
      CAPTURE(text);
      CHECK(inlay::read_schedule(model.graph(), text).stages == t.stages);
    }
  }
}

TEST_CASE("text that is no schedule is refused with the reason") {
  const inlay::loaded_model model = golden("network_inverted_residual");
  const auto error_of = [&](std::string_view text) {
    return inlay::read_schedule(model.graph(), text).error;
  };
  for (const char* text :
       {"", ",", "7", "7:", "7:row", "7:rows,", "7:2", "7:2x", "7:x2", "7:0x2", "7:2x-1", "7:2x2x2", "-7:rows",
        "7:rows/", "7:rows/0", "7:rows/2x", "99999999999:rows", "per_layer,7:rows", "7 :rows"}) {
    CAPTURE(text);
    CHECK(contains(error_of(text), "a stage is END:rows"));
  }
  CHECK(contains(error_of("7:rows,7:rows"), "\"7:rows\": a stage from layer 7 on ends at 8 to 18"));
  CHECK(contains(error_of("19:rows"), "ends at 1 to 18"));
  CHECK(contains(error_of("18:rows,19:rows"), "already hold all 18 layers"));
  CHECK(contains(error_of("7:9x1"), "8 rows and 8 columns"));
  CHECK(contains(error_of("7:1x9"), "8 rows and 8 columns"));
  CHECK(contains(error_of("7:rows/9"), "8 rows and 8 columns, too few for this"));
  CHECK(error_of("7:8x8") == "");
}

TEST_CASE("a stage's costs are those of its patches, counted pixel by pixel") {
  const inlay::loaded_model model = golden("network_inverted_residual");
  const inlay::graph_view g = model.graph();
  for (const std::int32_t end : {1, 2, 5, 7, 9, 14})
    for (const std::int32_t rows : {1, 2, 3, 4})
      for (const std::int32_t columns : {1, 2, 4}) {
        const inlay::stage s{0, end, rows, columns};
        const inlay::loaded_schedule schedule(g, inlay::read_schedule(g, inlay::schedule_text({s})).stages);
        CAPTURE(inlay::schedule_text({s}));
        const inlay::stage_figures figures = inlay::figures_of(inlay::plan_of(model, schedule), s);
        CHECK(figures.macs == counted_macs(g, {0, end}, true));
        CHECK(figures.clamped_macs == counted_macs(g, s, true));
        // Along a direction that is not cut, there is no patch inside.
        if (rows > 1 && columns > 1) CHECK(figures.unclamped_macs == counted_macs(g, s, false));
        if (rows == 1 && columns == 1) CHECK(figures.unclamped_macs == figures.macs);
        CHECK(figures.unclamped_macs >= figures.clamped_macs);
      }
}

TEST_CASE("stages are named after what they do with halos") {
  const auto name_of = [](const inlay::stage& s) {
    return std::string(inlay::name(s.halos()));
  };
  CHECK(name_of({3, 5}) == "reuse");
  CHECK(name_of({.first = 3, .end = 5, .segments = 4}) == "reuse");
  CHECK(name_of({3, 5, 1, 2}) == "reuse_rows");
  CHECK(name_of({3, 5, 2, 1}) == "recompute");
  CHECK(name_of({3, 4, 2, 2}) == "recompute");
}

TEST_CASE("the table tells of stages, and of rows that are kept") {
  const planned p("network_inverted_residual", "7:rows,9:2x2");
  const std::string table = inlay::plan_table(p.plan());
  CAPTURE(table);
  CHECK(contains(table, "3 of 8 rows"));
  CHECK(contains(line_of(table, "0–6"), "reuse"));
  CHECK(contains(line_of(table, "7–8"), "2×2      recompute"));
  CHECK(contains(line_of(table, "recomputed"), inlay::detail::grouped(p.plan().recomputed_macs())));
  CHECK(contains(table, "3 of 8 rows, 5 wide"));
  CHECK(contains(inlay::lifetime_chart(p.plan()), "3 rows of 8×8×12"));
  CHECK(contains(inlay::lifetime_chart(p.plan()), "3×5 of 8×8×12"));
}

TEST_CASE("pictures of schedules have a rectangle for each place and a bracket for each stage") {
  for (const char* text : schedules) {
    CAPTURE(text);
    const planned p("network_inverted_residual", text);
    const std::string svg = inlay::lifetime_svg(p.plan(), text);
    CHECK(is_balanced(svg));
    CHECK(count_of(svg, "class=\"place ") == used_place_count(p.plan()));
    CHECK(count_of(svg, "class=\"stage\"") == inlay::patched_stages(p.plan()).size());
  }
  const planned p("network_inverted_residual", "7:rows");
  CHECK(contains(inlay::lifetime_svg(p.plan(), ""), "3 rows of 8×8×12: 288 bytes"));
}

TEST_CASE("the picture of patches shows what one needs and makes") {
  for (const char* text : schedules) {
    CAPTURE(text);
    const planned p("network_inverted_residual", text);
    for (const inlay::stage& s : inlay::patched_stages(p.plan())) {
      const std::string svg = inlay::patch_svg(p.plan(), s, text);
      CHECK(is_balanced(svg));
      CHECK(count_of(svg, "class=\"halo\"") == 1);
      CHECK_FALSE(contains(svg, "nan"));
    }
  }
  const planned p("network_inverted_residual", "1:4x4");
  const std::string svg = inlay::patch_svg(p.plan(), p.plan().stages[0], "");
  CHECK(contains(svg, "a patch needs 5×5, of which it owns 4×4"));
  CHECK(contains(svg, "a patch makes 2×2"));
  // Neighbours overlap by one pixel, at three borders in each direction.
  CHECK(count_of(svg, "class=\"again\"") == 6);
}

TEST_CASE("each schedule of the trade-off needs less memory and computes more than the one before") {
  for (const char* name : models) {
    CAPTURE(name);
    const inlay::loaded_model model = golden(name);
    const inlay::graph_view g = model.graph();
    const std::vector<inlay::trade> trades = inlay::trade_off(g);
    REQUIRE_FALSE(trades.empty());
    CHECK(trades.front().macs == inlay::total_macs(g));
    for (std::size_t i = 0; i < trades.size(); ++i) {
      const inlay::loaded_schedule schedule(g, trades[i].stages);
      CHECK(trades[i].arena_bytes == schedule.arena_bytes());
      CHECK(trades[i].macs == schedule.macs());
      if (i == 0) continue;
      CHECK(trades[i].arena_bytes < trades[i - 1].arena_bytes);
      CHECK(trades[i].macs > trades[i - 1].macs);
    }
    const std::string svg = inlay::trade_off_svg(g, trades, name);
    CHECK(is_balanced(svg));
    CHECK(count_of(svg, "<circle ") == trades.size() + 1);
    CHECK_FALSE(contains(svg, "nan"));
    CHECK(count_of(inlay::trade_off_table(g, trades), "\n") == trades.size() + 2);
  }
}

TEST_CASE("weights are read once, or for each row of a stage of several layers") {
  const planned streamed("network_inverted_residual", "8:rows");
  const inlay::plan_view plan = streamed.plan();
  const inlay::graph_view g = plan.graph;
  const std::vector<std::int64_t> reads = inlay::weight_reads(plan);
  REQUIRE(reads.size() == static_cast<std::size_t>(g.layer_count));
  for (std::int32_t i = 0; i < 8; ++i)
    if (inlay::weight_bytes(g, g.layers[i]) > 0)
      CHECK(reads[static_cast<std::size_t>(i)] == g.output_of(g.layers[i]).extents.height());
  for (std::int32_t i = 8; i < g.layer_count; ++i) {
    const bool is_row_by_row = inlay::detail::call_of(g, {i, i + 1}, i, plan.places) != inlay::detail::call::run_all &&
                               inlay::detail::makes_regions(g.layers[i].kind);
    const std::int32_t rows = inlay::detail::work_along(g, g.layers[i], inlay::detail::direction::rows);
    CHECK(reads[static_cast<std::size_t>(i)] == (is_row_by_row ? rows : 1));
  }
  const planned patches("network_inverted_residual", "8:2x2");
  const std::vector<std::int64_t> again = inlay::weight_reads(patches.plan());
  for (std::size_t i = 0; i < 8; ++i) CHECK(again[i] >= 2 * reads[i]);
  std::int64_t weights = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i) weights += inlay::weight_bytes(g, g.layers[i]);
  CHECK(static_cast<std::size_t>(weights) == inlay::detail::untrained_constant_bytes(g));
  CHECK(contains(inlay::plan_table(plan), "weights"));
}

TEST_CASE("the least memory within an overhead is within it") {
  const inlay::loaded_model model = golden("network_inverted_residual");
  const inlay::graph_view g = model.graph();
  const inlay::schedule_finder finder(g);
  std::int32_t before = inlay::loaded_schedule(g, finder.least_memory()).arena_bytes();
  for (const int percent : {0, 3, 10, 50, 1000}) {
    CAPTURE(percent);
    const inlay::loaded_schedule schedule(g, finder.within_overhead(percent));
    CHECK((schedule.macs() - inlay::total_macs(g)) * 100 <= inlay::total_macs(g) * percent);
    CHECK(schedule.arena_bytes() <= before);
    before = schedule.arena_bytes();
  }
}
