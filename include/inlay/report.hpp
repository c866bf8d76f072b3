// Inlay: models of which nothing is known at compile time, and reports on them. Hosted programs only: this is
// the one header that uses the heap.
#pragma once

#include <inlay/interpret.hpp>
#include <inlay/model/tflite.hpp>
#include <inlay/plan/arena.hpp>
#include <inlay/plan/search.hpp>
#include <inlay/plan/stage.hpp>
#include <inlay/run.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inlay {

/// What a report is about: a network, its stages, where its tensors stand, and its constants in flash. Points
/// into what owns them: a loaded_model and a loaded_schedule, or constants of the program.
struct plan_view {
  graph_view graph{};
  const stage* stages = nullptr;
  std::int32_t stage_count = 0;
  const arena_place* places = nullptr;  // place_count(graph) of them
  std::int32_t arena_bytes = 0;
  std::int64_t macs = 0;  // of a run, halos counted as often as they are computed
  std::size_t model_bytes = 0;
  std::size_t table_bytes = 0;

  std::size_t flash_bytes() const { return model_bytes + table_bytes; }
};

/// Bytes of the tables that all kernels of a graph keep in flash.
constexpr std::size_t total_table_bytes(graph_view g) {
  std::size_t sum = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    with_layer_kind(g.layers[i].kind, [&](auto kind) {
      using kernel = reference_kernel<kind()>;
      sum += static_cast<std::size_t>(kernel::table_size(g, g.layers[i])) * sizeof(typename kernel::table_entry);
    });
  return sum;
}

// ---- models known at run time ----------------------------------------------------------------------------

/// A .tflite file read and planned at run time by the functions that the compiler uses.
class loaded_model {
 public:
  explicit loaded_model(std::vector<char> file) : file_(std::move(file)) {
    const tflite_header header = read_tflite_header(file_.data(), file_.size());
    refused_ = header.refused;
    if (refused_) return;
    tensors_.resize(static_cast<std::size_t>(header.counts.tensors));
    layers_.resize(static_cast<std::size_t>(header.counts.layers));
    inputs_.resize(static_cast<std::size_t>(header.counts.inputs));
    outputs_.resize(static_cast<std::size_t>(header.counts.outputs));
    graph_builder builder{tensors_.data(),      layers_.data(),        inputs_.data(),
                          outputs_.data(),      header.counts.tensors, 0,
                          header.counts.inputs, header.counts.outputs};
    refused_ = read_tflite(file_.data(), file_.size(), builder);
    if (refused_) return;
    graph_ = builder.view();
  }

  /// Why the file cannot be used; the rest is empty then.
  const error& refused() const { return refused_; }
  graph_view graph() const { return graph_; }
  const std::vector<char>& file() const { return file_; }

 private:
  std::vector<char> file_;
  error refused_{};
  std::vector<tensor> tensors_;
  std::vector<layer> layers_;
  std::vector<std::int32_t> inputs_, outputs_;
  graph_view graph_{};
};

/// A schedule of a graph worked out at run time: how each stage's maps stand in memory, and where.
class loaded_schedule {
 public:
  loaded_schedule(graph_view graph, std::vector<stage> stages) : graph_(graph), stages_(std::move(stages)) {
    spans_.resize(static_cast<std::size_t>(graph.tensor_count));
    find_spans(graph, spans_.data());
    maps_.resize(static_cast<std::size_t>(graph.layer_count));
    for (const stage& s : stages_) {
      const auto layers = static_cast<std::size_t>(s.layers());
      work w{std::vector<interval>(layers * static_cast<std::size_t>(s.row_patches)),
             std::vector<interval>(layers * static_cast<std::size_t>(s.column_patches)),
             std::vector<interval>(layers * static_cast<std::size_t>(s.column_patches))};
      std::vector<layer_progress> progress(layers);
      std::vector<interval> made(layers);
      plan_stage(graph, s, spans_.data(), w.rows.data(), w.columns.data(), w.made_columns.data(),
                 maps_.data() + s.first, progress.data(), made.data());
      macs_ += stage_macs(graph, s, w.rows.data(), w.columns.data());
      work_.push_back(std::move(w));
    }
    places_.resize(static_cast<std::size_t>(place_count(graph)));
    std::vector<placement> scratch(places_.size());
    arena_bytes_ = plan_arena(graph, stages_.data(), static_cast<std::int32_t>(stages_.size()), spans_.data(),
                              maps_.data(), places_.data(), scratch.data());
  }

  /// The work of a stage's layers in its row and column patches, as plan_stage gives it.
  struct work {
    std::vector<interval> rows, columns, made_columns;
  };

  const std::vector<stage>& stages() const { return stages_; }
  const std::vector<work>& stage_work() const { return work_; }
  const std::vector<layer_span>& spans() const { return spans_; }
  /// Of each layer's output.
  const std::vector<map_layout>& maps() const { return maps_; }
  /// One place for each tensor, then one for each layer's scratch.
  const std::vector<arena_place>& places() const { return places_; }
  std::int32_t arena_bytes() const { return arena_bytes_; }
  /// Multiply-accumulates of a run, halos counted as often as they are computed.
  std::int64_t macs() const { return macs_; }

 private:
  graph_view graph_{};
  std::vector<stage> stages_;
  std::vector<layer_span> spans_;
  std::vector<map_layout> maps_;
  std::vector<work> work_;
  std::vector<arena_place> places_;
  std::int32_t arena_bytes_ = 0;
  std::int64_t macs_ = 0;
};

/// Every layer a stage of its own.
inline std::vector<stage> per_layer_stages(graph_view g) {
  std::vector<stage> stages;
  for (std::int32_t i = 0; i < g.layer_count; ++i) stages.push_back({i, i + 1});
  return stages;
}

namespace detail {

inline std::vector<layer_facts> facts_of(graph_view g) {
  const loaded_schedule streamed(g, {{0, g.layer_count}});
  std::vector<layer_facts> facts(static_cast<std::size_t>(g.layer_count));
  find_facts(g, streamed.spans().data(), streamed.maps().data(), facts.data());
  return facts;
}

inline std::vector<stage> search_stages(graph_view g, const std::vector<layer_facts>& facts, std::int64_t budget_bytes,
                                        bool strips) {
  std::vector<search_state> best(facts.size() + 1);
  std::vector<std::int32_t> widths(facts.size() + 1);
  search_within(g, facts.data(), budget_bytes, strips, best.data(), widths.data());
  std::vector<stage> stages;
  if (best.back().recomputed_macs < 0) return stages;
  for (std::int32_t end = g.layer_count; end > 0; end = best[static_cast<std::size_t>(end)].last.first)
    stages.push_back(best[static_cast<std::size_t>(end)].last);
  std::reverse(stages.begin(), stages.end());
  return stages;
}

}  // namespace detail

/// Without computing anything twice, in the least memory that the search finds.
inline std::vector<stage> least_memory_stages(graph_view g) {
  const std::vector<layer_facts> facts = detail::facts_of(g);
  std::vector<std::int32_t> least(facts.size() + 1);
  return detail::search_stages(g, facts, least_stage_bytes(g, facts.data(), least.data()), false);
}

/// With the least recomputation that the search finds for an arena of so many bytes; empty if nothing fits.
inline std::vector<stage> fitting_stages(graph_view g, std::int64_t budget_bytes) {
  const std::vector<layer_facts> facts = detail::facts_of(g);
  std::int64_t tried = budget_bytes;
  for (int tries = 0; tries <= fitting_tries; ++tries) {
    std::vector<stage> stages = detail::search_stages(g, facts, tried, true);
    if (stages.empty()) return stages;
    const std::int64_t bytes = loaded_schedule(g, stages).arena_bytes();
    if (bytes <= budget_bytes) return stages;
    tried -= bytes - budget_bytes;
  }
  return {};
}

/// The plan of a loaded model by a schedule, for reports.
inline plan_view plan_of(const loaded_model& model, const loaded_schedule& schedule) {
  return {model.graph(),
          schedule.stages().data(),
          static_cast<std::int32_t>(schedule.stages().size()),
          schedule.places().data(),
          schedule.arena_bytes(),
          schedule.macs(),
          model.file().size(),
          total_table_bytes(model.graph())};
}

/// The plan of a model that the program knows when it is compiled.
template <typename Model, typename Schedule = per_layer>
constexpr plan_view plan_of() {
  using known = detail::prepared<Model, Schedule>;
  return {known::graph,       known::stages.items, known::stages.count, known::arena.places,
          known::arena.bytes, known::macs,         Model::byte_count,   known::table_bytes};
}

/// Bytes of a tensor in the type that the model declares: what a caller gives or gets.
inline std::size_t declared_bytes(const tensor& t) {
  return static_cast<std::size_t>(t.extents.elements()) * (t.type == element_type::float32 ? 4 : 1);
}

/// Runs a loaded model by a schedule. `inputs` are the network's inputs in their own types, one after another,
/// aligned as their types; `after_stage(i, arena)` is called as each stage is done. The arena starts filled
/// with `fill`. Returns the arena.
inline std::vector<std::int8_t> interpret(
    const loaded_model& model, const loaded_schedule& schedule, const std::vector<std::vector<char>>& inputs,
    const std::function<void(std::size_t, std::vector<std::int8_t>&)>& after_stage = {}, std::int8_t fill = 0) {
  const graph_view g = model.graph();
  std::vector<const void*> pointers;
  for (const std::vector<char>& input : inputs) pointers.push_back(input.data());
  std::vector<std::max_align_t> table(interpreter_table_bytes(g) / sizeof(std::max_align_t) + 1);
  std::vector<std::int8_t> arena(static_cast<std::size_t>(schedule.arena_bytes()), fill);
  const interpreter run{g,
                        schedule.spans().data(),
                        schedule.maps().data(),
                        schedule.places().data(),
                        model.file().data(),
                        pointers.data(),
                        arena.data(),
                        table.data()};
  std::vector<std::int32_t> first_columns(static_cast<std::size_t>(g.layer_count));
  for (std::size_t number = 0; number < schedule.stages().size(); ++number) {
    const stage& s = schedule.stages()[number];
    const loaded_schedule::work& work = schedule.stage_work()[number];
    std::vector<layer_progress> progress(static_cast<std::size_t>(s.layers()));
    for (std::int32_t row_patch = 0; row_patch < s.row_patches; ++row_patch)
      for (std::int32_t column_patch = 0; column_patch < s.column_patches; ++column_patch) {
        const interval* columns = work.columns.data() + column_patch * s.layers();
        for (std::int32_t i = 0; i < s.layers(); ++i)
          first_columns[static_cast<std::size_t>(s.first + i)] =
              schedule.maps()[static_cast<std::size_t>(s.first + i)].internal
                  ? work.made_columns[static_cast<std::size_t>(column_patch * s.layers() + i)].first
                  : 0;
        run_patch(g, s, work.rows.data() + row_patch * s.layers(), schedule.spans().data(), progress.data(),
                  [&](std::int32_t i, interval rows) {
                    run.run(s.first + i, {rows.first, rows.end, columns[i].first, columns[i].end},
                            first_columns.data());
                  });
      }
    if (after_stage) after_stage(number, arena);
  }
  return arena;
}

// ---- figures ---------------------------------------------------------------------------------------------

/// Bytes of the caller's input buffers, which the arena does not include.
inline std::size_t total_input_bytes(graph_view g) {
  std::size_t sum = 0;
  for (std::int32_t i = 0; i < g.input_count; ++i) sum += declared_bytes(g.tensors[g.inputs[i]]);
  return sum;
}

/// Weights and biases of one layer.
constexpr std::int64_t layer_parameters(graph_view g, std::int32_t index) {
  graph_view alone = g;
  alone.layers = g.layers + index;
  alone.layer_count = 1;
  return total_parameters(alone);
}

/// The layer during which most bytes are alive, the first of several.
constexpr std::int32_t peak_layer(const plan_view& plan) {
  std::int32_t peak = 0, most = 0;
  for (std::int32_t i = 0; i < plan.graph.layer_count; ++i) {
    const std::int32_t bytes = live_bytes(plan.graph, plan.places, i);
    if (bytes <= most) continue;
    peak = i;
    most = bytes;
  }
  return peak;
}

/// The layer writes its output over an input.
constexpr bool is_in_place(const plan_view& plan, std::int32_t index) {
  const arena_place& place = plan.places[plan.graph.output_of(plan.graph.layers[index]).storage];
  return place.over >= 0 && place.first == index;
}

namespace detail {

// ---- pieces of text --------------------------------------------------------------------------------------

/// 1234567 as 1,234,567.
template <typename Integer>
std::string grouped(Integer value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

/// Extents as 48×48×8, without the batch of one.
inline std::string text_of(const shape& s) {
  std::string text;
  for (int axis = s.rank > 1 && s[0] == 1 ? 1 : 0; axis < s.rank; ++axis)
    text += (text.empty() ? "" : "×") + std::to_string(s[axis]);
  return text.empty() ? "scalar" : text;
}

inline std::string text_of(const extent2d& e) { return std::to_string(e.height) + "×" + std::to_string(e.width); }

/// One number where height and width agree.
inline std::string shorter_text_of(const extent2d& e) {
  return e.height == e.width ? std::to_string(e.height) : text_of(e);
}

/// Kernel, then stride, dilation and padding (top, left, bottom, right) where there is any.
inline std::string window_text(const layer& l) {
  if (!has_window(l.kind)) return "";
  const window2d& w = l.window;
  std::string text = text_of(w.kernel);
  if (w.stride != extent2d{}) text += " stride " + shorter_text_of(w.stride);
  if (w.dilation != extent2d{}) text += " dilation " + shorter_text_of(w.dilation);
  const padding2d& p = w.padding;
  if (p == padding2d{}) return text;
  text += " pad " + std::to_string(p.top);
  if (p != padding2d{p.top, p.top, p.top, p.top})
    for (const std::int32_t side : {p.left, p.bottom, p.right}) text += "," + std::to_string(side);
  return text;
}

/// Shapes of a layer's activations: constants are left out, and a second input of the same shape.
inline std::string shapes_text(graph_view g, const layer& l) {
  std::string text;
  for (const std::int32_t input : l.inputs) {
    if (input < 0 || g.tensors[input].is_constant()) continue;
    const std::string extents = text_of(g.tensors[input].extents);
    if (text != extents) text += (text.empty() ? "" : ", ") + extents;
  }
  return text + " → " + text_of(g.output_of(l).extents);
}

/// Columns that UTF-8 text takes on a screen: its bytes but those that continue a character.
inline std::size_t column_count(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

enum class alignment : std::uint8_t { left, right };
using text_row = std::vector<std::string>;

/// Rows as lines, cells two blanks apart and each column as wide as its widest cell.
inline std::string aligned(const std::vector<text_row>& rows, const std::vector<alignment>& alignments) {
  std::vector<std::size_t> widths(alignments.size());
  for (const text_row& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], column_count(row[c]));
  std::string text;
  for (const text_row& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string blanks(widths[c] - column_count(row[c]), ' ');
      line += (c == 0 ? "" : "  ");
      line += alignments[c] == alignment::left ? row[c] + blanks : blanks + row[c];
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

inline std::string layer_title(const plan_view& plan, std::int32_t index) {
  return "layer " + std::to_string(index) + ", " + name(plan.graph.layers[index].kind);
}

inline std::string totals_text(const plan_view& plan) {
  const std::int32_t peak = peak_layer(plan);
  return aligned({{"MACs", grouped(total_macs(plan.graph))},
                  {"parameters", grouped(total_parameters(plan.graph))},
                  {"model bytes", grouped(plan.model_bytes)},
                  {"table bytes", grouped(plan.table_bytes)},
                  {"flash bytes", grouped(plan.flash_bytes()), "model and tables, without code"},
                  {"input bytes", grouped(total_input_bytes(plan.graph)), "in the caller's buffers"},
                  {"arena bytes", grouped(plan.arena_bytes)},
                  {"peak bytes", grouped(live_bytes(plan.graph, plan.places, peak)), "at " + layer_title(plan, peak)}},
                 {alignment::left, alignment::right, alignment::left});
}

}  // namespace detail

// ---- tables ----------------------------------------------------------------------------------------------

/// One row for each layer, then the totals. "op" is the index of the layer's operator in the model; "alive"
/// are the bytes of the arena that hold something while the layer runs.
inline std::string plan_table(const plan_view& plan) {
  using detail::alignment;
  const graph_view g = plan.graph;
  const std::int32_t peak = peak_layer(plan);
  std::vector<detail::text_row> rows{{"layer", "op", "kind", "shape", "window", "MACs", "parameters", "alive", ""}};
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    const layer& l = g.layers[i];
    std::string note = is_in_place(plan, i) ? "in place" : "";
    if (i == peak) note += note.empty() ? "◄ peak" : ", ◄ peak";
    rows.push_back({std::to_string(i), std::to_string(l.source), name(l.kind), detail::shapes_text(g, l),
                    detail::window_text(l), detail::grouped(layer_macs(g, l)), detail::grouped(layer_parameters(g, i)),
                    detail::grouped(live_bytes(g, plan.places, i)), note});
  }
  return detail::aligned(rows, {alignment::right, alignment::right, alignment::left, alignment::left, alignment::left,
                                alignment::right, alignment::right, alignment::right, alignment::left}) +
         '\n' + detail::totals_text(plan);
}

// ---- lifetimes -------------------------------------------------------------------------------------------

namespace detail {

/// The places in the arena, in the order in which they come to life.
inline std::vector<std::int32_t> used_places(const plan_view& plan) {
  std::vector<std::int32_t> used;
  for (std::int32_t p = 0; p < place_count(plan.graph); ++p)
    if (plan.places[p].used()) used.push_back(p);
  std::sort(used.begin(), used.end(), [&](std::int32_t a, std::int32_t b) {
    return std::pair(plan.places[a].first, a) < std::pair(plan.places[b].first, b);
  });
  return used;
}

/// The last layer during which a place is alive: outputs live on after the last layer of all.
inline std::int32_t last_layer(const plan_view& plan, const arena_place& place) {
  return std::min(place.last, plan.graph.layer_count - 1);
}

inline bool is_scratch(const plan_view& plan, std::int32_t place) { return place >= plan.graph.tensor_count; }

inline std::string place_name(const plan_view& plan, std::int32_t place) {
  return is_scratch(plan, place) ? "scratch" : "tensor " + std::to_string(place);
}
inline std::string place_shape(const plan_view& plan, std::int32_t place) {
  return is_scratch(plan, place) ? "" : text_of(plan.graph.tensors[place].extents);
}

/// The layers that stand along a line of text: several columns a layer where there is room, several layers a
/// column where there is not.
struct layer_columns {
  std::int32_t layers = 0;
  std::int32_t columns = 0;

  layer_columns(std::int32_t layer_count, std::int32_t most_columns)
      : layers(layer_count),
        columns(layer_count > most_columns ? most_columns : layer_count * std::min(4, most_columns / layer_count)) {}

  std::int32_t first(std::int32_t column) const { return product(column) / columns; }
  std::int32_t last(std::int32_t column) const { return std::max(first(column), product(column + 1) / columns - 1); }
  bool shows(std::int32_t column, std::int32_t layer) const { return first(column) <= layer && layer <= last(column); }

 private:
  std::int32_t product(std::int32_t column) const { return column * layers; }
};

/// Numbers of layers above the columns that show them.
inline std::string layer_ruler(const layer_columns& scale) {
  std::string ruler;
  for (std::int32_t c = 0; c < scale.columns; ++c) {
    const auto column = static_cast<std::size_t>(c);
    const bool begins = c == 0 || scale.first(c) != scale.first(c - 1);
    if (!begins || (column != 0 && column < ruler.size() + 2)) continue;
    ruler += std::string(column - ruler.size(), ' ') + std::to_string(scale.first(c));
  }
  return ruler;
}

inline std::string life_bar(const plan_view& plan, const arena_place& place, const layer_columns& scale) {
  std::string bar;
  for (std::int32_t c = 0; c < scale.columns; ++c) {
    const bool alive = place.first <= scale.last(c) && scale.first(c) <= last_layer(plan, place);
    const bool taking_over = place.over >= 0 && scale.last(c) <= place.first;
    bar += !alive ? "·" : taking_over ? "▒" : "█";
  }
  return bar;
}

inline std::string peak_mark(const layer_columns& scale, std::int32_t peak) {
  std::int32_t column = 0;
  while (!scale.shows(column, peak)) ++column;
  return std::string(static_cast<std::size_t>(column), ' ') + "▼ peak";
}

}  // namespace detail

/// One row for each place in the arena, time from left to right. Lines are at most `width` columns long, but
/// for shapes of many axes.
inline std::string lifetime_chart(const plan_view& plan, std::int32_t width = 110) {
  using detail::alignment;
  constexpr std::int32_t label_columns = 48;
  const detail::layer_columns scale(plan.graph.layer_count, std::max(width - label_columns, 16));
  std::vector<detail::text_row> rows{{"", "", "", "", detail::peak_mark(scale, peak_layer(plan))},
                                     {"place", "shape", "bytes", "address", detail::layer_ruler(scale)}};
  for (const std::int32_t p : detail::used_places(plan)) {
    const arena_place& place = plan.places[p];
    rows.push_back({detail::place_name(plan, p), detail::place_shape(plan, p), detail::grouped(place.bytes),
                    detail::grouped(place.offset), detail::life_bar(plan, place, scale)});
  }
  return detail::aligned(rows,
                         {alignment::left, alignment::left, alignment::right, alignment::right, alignment::left}) +
         "█ alive   ▒ written over an input, in its memory\n";
}

// ---- lifetimes as a picture ------------------------------------------------------------------------------

namespace detail {

/// Groups of layers that share a colour.
struct colour {
  std::string_view style;  // class in the picture's style sheet
  std::string_view label;
};

inline constexpr colour colours[] = {{"conv", "convolution, dense"}, {"depthwise", "depthwise"},
                                     {"element", "elementwise"},     {"pool", "pool, mean"},
                                     {"move", "data movement"},      {"scratch", "scratch"}};

inline const colour& colour_of(layer_kind kind) {
  if (is_elementwise(kind)) return colours[2];
  switch (kind) {
    case layer_kind::conv2d:
    case layer_kind::fully_connected: return colours[0];
    case layer_kind::depthwise_conv2d: return colours[1];
    case layer_kind::softmax: return colours[2];
    case layer_kind::average_pool2d:
    case layer_kind::max_pool2d:
    case layer_kind::mean: return colours[3];
    default: return colours[4];
  }
}

/// A place has the colour of the layer that writes it first.
inline const colour& colour_of(const plan_view& plan, std::int32_t place) {
  return is_scratch(plan, place) ? colours[5] : colour_of(plan.graph.layers[plan.places[place].first].kind);
}

inline constexpr std::string_view svg_style = R"(<style>
text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a }
.title { font-size: 16px; font-weight: 600; fill: #1f2328 }
.inside { font-size: 10px; fill: #1f2328; pointer-events: none }
.mark { fill: #b42318; font-weight: 600 }
.middle { text-anchor: middle }
.end { text-anchor: end }
.page { fill: #ffffff; stroke: #d0d7de }
.grid { stroke: #e6e9ed; fill: none }
.band { fill: #fdecea }
.peak, .arena { stroke: #b42318; stroke-dasharray: 4 3; fill: none; pointer-events: none }
.place, .key { stroke-width: .8 }
.conv { fill: #b6d4fe; stroke: #2f6fc4 }
.depthwise { fill: #bfe8d3; stroke: #23875a }
.element { fill: #ffdcae; stroke: #c2700c }
.pool { fill: #dccbf7; stroke: #7a4cc0 }
.move { fill: #dde1e6; stroke: #6b7682 }
.scratch { fill: #fbc8d4; stroke: #c03a5f }
</style>
)";

/// A coordinate with one decimal, the same in every locale.
inline std::string decimal(double value) {
  const std::int64_t tenths = round_half_away(value * 10);
  const std::string digits = std::to_string(tenths < 0 ? -tenths : tenths);
  const std::string padded = digits.size() < 2 ? "0" + digits : digits;
  return (tenths < 0 ? "-" : "") + padded.substr(0, padded.size() - 1) + "." + padded.back();
}

inline std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      default: result += c;
    }
  }
  return result;
}

struct point {
  double x = 0;
  double y = 0;
};

inline std::string svg_text(point at, std::string_view style, std::string_view text, std::string_view more = "") {
  return "<text x=\"" + decimal(at.x) + "\" y=\"" + decimal(at.y) + "\" class=\"" + std::string(style) + "\"" +
         std::string(more) + ">" + escaped(text) + "</text>\n";
}

/// A box drawn as a path: in these pictures only a place in the arena is a <rect>.
inline std::string svg_box(point from, point to, std::string_view style) {
  return "<path d=\"M" + decimal(from.x) + " " + decimal(from.y) + "H" + decimal(to.x) + "V" + decimal(to.y) + "H" +
         decimal(from.x) + "Z\" class=\"" + std::string(style) + "\"/>\n";
}

inline std::string svg_horizontal(double from, double to, double y, std::string_view style) {
  return "<path d=\"M" + decimal(from) + " " + decimal(y) + "H" + decimal(to) + "\" class=\"" + std::string(style) +
         "\"/>\n";
}

/// The picture's layout: layers from left to right, addresses upwards.
struct lifetime_canvas {
  static constexpr double width = 900, height = 540;
  static constexpr double left = 72, right = 880, top = 84, bottom = 460;
  std::int32_t layers = 1;
  std::int32_t bytes = 1;

  double column() const { return (right - left) / layers; }
  double x(double layer) const { return left + layer * column(); }
  double y(double address) const { return bottom - address * (bottom - top) / bytes; }
};

/// The smallest step from `first` on, each `factor` times the one before, with which `extent` has no more
/// than `most` ticks.
inline std::int32_t tick_step(std::int32_t extent, std::int32_t most) {
  std::int32_t step = 1;
  for (int i = 0; extent / step > most; ++i) step = i % 3 == 1 ? step / 2 * 5 : step * 2;
  return step;
}

inline std::string svg_address_axis(const lifetime_canvas& c) {
  std::int32_t step = 1;
  while (c.bytes / step > 8) step *= 2;
  const bool kilobytes = step >= 1024;
  std::string svg;
  for (std::int32_t address = 0; address <= c.bytes; address += step) {
    const double y = c.y(address);
    svg += svg_horizontal(c.left, c.right, y, "grid");
    svg += svg_text({c.left - 8, y + 4}, "end", grouped(kilobytes ? address / 1024 : address));
  }
  const std::string label = kilobytes ? "address in the arena, KB" : "address in the arena, bytes";
  const std::string upright = " transform=\"rotate(-90 18 " + decimal((c.top + c.bottom) / 2) + ")\"";
  return svg + svg_text({18, (c.top + c.bottom) / 2}, "middle", label, upright);
}

inline std::string svg_layer_axis(const lifetime_canvas& c) {
  const std::int32_t step = tick_step(c.layers, 30);
  std::string svg;
  for (std::int32_t layer = 0; layer < c.layers; layer += step)
    svg += svg_text({c.x(layer + 0.5), c.bottom + 18}, "middle", std::to_string(layer));
  return svg + svg_text({(c.left + c.right) / 2, c.bottom + 38}, "middle", "layer");
}

/// The peak's column, drawn behind the places or in front of them.
inline std::string svg_peak(const plan_view& plan, const lifetime_canvas& c, std::string_view style) {
  const std::int32_t peak = peak_layer(plan);
  return svg_box({c.x(peak), c.top}, {c.x(peak + 1), c.bottom}, style);
}

/// The peak's name, and the height of the arena.
inline std::string svg_marks(const plan_view& plan, const lifetime_canvas& c) {
  const double middle = std::clamp(c.x(peak_layer(plan) + 0.5), c.left + 18, c.right - 18);
  return svg_peak(plan, c, "peak") + svg_horizontal(c.left, c.right, c.top, "arena") +
         svg_text({middle, c.top - 8}, "mark middle", "peak");
}

/// A layer that writes over its input takes over while it runs: half-way through its column.
inline double first_column(const arena_place& place) { return place.first + (place.over >= 0 ? 0.5 : 0.0); }

inline std::string place_tooltip(const plan_view& plan, std::int32_t p) {
  const arena_place& place = plan.places[p];
  const std::int32_t last = last_layer(plan, place);
  const std::string extents = place_shape(plan, p);
  return place_name(plan, p) + (extents.empty() ? "" : " " + extents) + ": " + grouped(place.bytes) + " bytes at " +
         grouped(place.offset) +
         (place.first == last ? ", layer " : ", layers " + std::to_string(place.first) + " to ") +
         std::to_string(last) + ", written by " + name(plan.graph.layers[place.first].kind);
}

inline std::string svg_place(const plan_view& plan, const lifetime_canvas& c, std::int32_t p) {
  const arena_place& place = plan.places[p];
  const double left = c.x(first_column(place)), right = c.x(last_layer(plan, place) + 1);
  const double bottom = c.y(place.offset);
  const double height = std::max(bottom - c.y(place.offset + place.bytes), 1.0);
  return "<rect x=\"" + decimal(left) + "\" y=\"" + decimal(bottom - height) + "\" width=\"" + decimal(right - left) +
         "\" height=\"" + decimal(height) + "\" class=\"place " + std::string(colour_of(plan, p).style) + "\"><title>" +
         escaped(place_tooltip(plan, p)) + "</title></rect>\n";
}

/// A place's shape in its rectangle, upright or lying on its side, if what is seen of it is large enough.
inline std::string svg_place_label(const plan_view& plan, const lifetime_canvas& c, std::int32_t p) {
  constexpr double text_height = 13, character_width = 6.2;
  const arena_place& place = plan.places[p];
  const bool taken_over = std::any_of(plan.places, plan.places + place_count(plan.graph),
                                      [&](const arena_place& q) { return q.over == p; });
  const double right = c.x(last_layer(plan, place) + (taken_over ? 0.5 : 1.0)), left = c.x(first_column(place));
  const double top = c.y(place.offset + place.bytes), bottom = c.y(place.offset);
  const std::string label = place_shape(plan, p);
  const double length = character_width * static_cast<double>(column_count(label)) + 4;
  const point middle{(left + right) / 2, (top + bottom) / 2};
  if (right - left >= length && bottom - top >= text_height)
    return svg_text({middle.x, middle.y + 3.5}, "inside middle", label);
  if (bottom - top < length || right - left < text_height) return "";
  const std::string turned = " transform=\"rotate(-90 " + decimal(middle.x) + " " + decimal(middle.y) + ")\"";
  return svg_text({middle.x, middle.y + 3.5}, "inside middle", label, turned);
}

/// The colours that the picture uses.
inline std::string svg_legend(const plan_view& plan, const lifetime_canvas& c) {
  const std::vector<std::int32_t> used = used_places(plan);
  std::string svg;
  double x = c.left;
  for (const colour& key : colours) {
    const bool shown =
        std::any_of(used.begin(), used.end(), [&](std::int32_t p) { return &colour_of(plan, p) == &key; });
    if (!shown) continue;
    const double y = c.height - 26;
    svg += svg_box({x, y}, {x + 12, y + 12}, "key " + std::string(key.style)) +
           svg_text({x + 18, y + 10.5}, "", key.label);
    x += 40 + 6.6 * static_cast<double>(key.label.size());
  }
  return svg;
}

}  // namespace detail

/// The arena over time as an SVG picture: one <rect> for each place, from the layer that writes it to the last
/// that reads it, at its addresses.
inline std::string lifetime_svg(const plan_view& plan, std::string_view title) {
  const detail::lifetime_canvas c{plan.graph.layer_count, plan.arena_bytes};
  const std::string size = detail::decimal(c.width) + " " + detail::decimal(c.height);
  const std::int32_t peak = peak_layer(plan);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size + "\" width=\"" +
                    detail::decimal(c.width) + "\" height=\"" + detail::decimal(c.height) +
                    "\" role=\"img\">\n<title>" + detail::escaped(title) + "</title>\n";
  svg += detail::svg_style;
  svg += detail::svg_box({0.5, 0.5}, {c.width - 0.5, c.height - 0.5}, "page");
  svg += detail::svg_text({c.left, 30}, "title", title);
  svg += detail::svg_text({c.left, 50}, "",
                          "arena " + detail::grouped(plan.arena_bytes) + " bytes · peak " +
                              detail::grouped(live_bytes(plan.graph, plan.places, peak)) + " bytes at " +
                              detail::layer_title(plan, peak));
  svg += detail::svg_peak(plan, c, "band") + detail::svg_address_axis(c) + detail::svg_layer_axis(c);
  const std::vector<std::int32_t> used = detail::used_places(plan);
  for (const std::int32_t p : used) svg += detail::svg_place(plan, c, p);
  for (const std::int32_t p : used)
    if (!detail::is_scratch(plan, p)) svg += detail::svg_place_label(plan, c, p);
  return svg + detail::svg_marks(plan, c) + detail::svg_legend(plan, c) + "</svg>\n";
}

}  // namespace inlay
