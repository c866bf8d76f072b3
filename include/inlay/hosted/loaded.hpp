// Inlay: models and schedules of which nothing is known at compile time: read, searched, planned and run by the
// functions that the compiler uses.
#pragma once

#include <inlay/hosted/interpret.hpp>
#include <inlay/hosted/stored_graph.hpp>
#include <inlay/model/tflite.hpp>
#include <inlay/patch/receptive_field.hpp>
#include <inlay/plan/arena.hpp>
#include <inlay/plan/dry_run.hpp>
#include <inlay/plan/stage_layout.hpp>
#include <inlay/plan/search.hpp>
#include <inlay/plan/stage.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace inlay::inline INLAY_ABI {

/// A .tflite file read and planned at run time by the functions that the compiler uses.
class loaded_model {
 public:
  explicit loaded_model(std::vector<char> file) : file_(std::move(file)) {
    const tflite_header header = read_tflite_header(file_.data(), file_.size());
    refused_ = header.refused;
    if (refused_) return;
    stored_graph filled(header.counts);
    graph_builder builder = filled.builder();
    refused_ = read_tflite(file_.data(), file_.size(), builder);
    if (refused_) return;
    filled.keep(builder);
    graph_ = std::move(filled);
  }

  /// Why the file cannot be used; the rest is empty then.
  const error& refused() const { return refused_; }
  graph_view graph() const { return graph_.view(); }
  const std::vector<char>& file() const { return file_; }

 private:
  std::vector<char> file_;
  error refused_{};
  stored_graph graph_{};
};

/// A schedule of a graph worked out at run time: how each stage's maps stand in memory, and where.
class loaded_schedule {
 public:
  loaded_schedule(graph_view graph, std::vector<stage> stages) : graph_(graph), stages_(std::move(stages)) {
    // Those of another schedule are planned afresh.
    for (stage& s : stages_) s.upwards = false;
    spans_.resize(static_cast<std::size_t>(graph.tensor_count));
    detail::find_spans(graph, spans_.data());
    maps_.resize(static_cast<std::size_t>(graph.layer_count));
    for (const stage& s : stages_) {
      const auto layers = static_cast<std::size_t>(s.layers());
      work w{std::vector<detail::interval>(layers * static_cast<std::size_t>(s.row_patches)),
             std::vector<detail::interval>(layers * static_cast<std::size_t>(s.column_parts())),
             std::vector<detail::interval>(layers * static_cast<std::size_t>(s.column_parts()))};
      std::vector<detail::layer_progress> progress(layers);
      std::vector<detail::interval> made(layers);
      const detail::stage_tables to{w.rows.data(),          w.columns.data(), w.made_columns.data(),
                                    maps_.data() + s.first, progress.data(),  made.data()};
      detail::dry_run run;
      detail::start_stage_plan(graph, s, spans_.data(), to);
      detail::go_on_with_stage_plan(graph, s, spans_.data(), run, to, 0x7fffffff);
      macs_ += detail::stage_macs(graph, s, w.rows.data(), w.columns.data());
      work_.push_back(std::move(w));
    }
    places_.resize(static_cast<std::size_t>(place_count(graph)));
    std::vector<detail::placement> scratch(places_.size());
    const detail::arena_task task{graph, stages_.data(), static_cast<std::int32_t>(stages_.size()), spans_.data(),
                                  maps_.data()};
    detail::arena_search search = detail::start_arena_plan(task, true, places_.data(), scratch.data());
    while (!detail::go_on_with_arena_plan(task, search, places_.data(), scratch.data())) {
    }
    arena_bytes_ = search.best;
    for (stage& s : stages_) s.upwards = detail::goes_upwards(graph, s, places_.data());
  }

  /// The work of a stage's layers in its row and column patches, as detail::stage_tables have it.
  struct work {
    std::vector<detail::interval> rows, columns, made_columns;
  };

  const std::vector<stage>& stages() const { return stages_; }
  const std::vector<work>& stage_work() const { return work_; }
  const std::vector<detail::layer_span>& spans() const { return spans_; }
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
  std::vector<detail::layer_span> spans_{};
  std::vector<map_layout> maps_{};
  std::vector<work> work_{};
  std::vector<arena_place> places_{};
  std::int32_t arena_bytes_ = 0;
  std::int64_t macs_ = 0;
};

namespace detail {

/// Appends layers [first, end), each a stage of its own, a fast one or one that takes no more memory than it needs.
inline void append_layers(std::vector<stage>& stages, std::int32_t first, std::int32_t end, bool is_fast) {
  for (std::int32_t i = first; i < end; ++i) stages.push_back({.first = i, .end = i + 1, .is_fast = is_fast});
}

}  // namespace detail

/// Every layer a stage of its own, that may take somewhat more memory than it needs to be faster.
inline std::vector<stage> per_layer_stages(graph_view g) {
  std::vector<stage> stages;
  detail::append_layers(stages, 0, g.layer_count, true);
  return stages;
}

// ---- searches --------------------------------------------------------------------------------------------

/// As many percent computed again as it takes.
inline constexpr double any_percent = std::numeric_limits<double>::infinity();

/// Finds schedules of a graph whose stages read weights no more often than a limit says. What they all start from is
/// found once.
class schedule_finder {
 public:
  explicit schedule_finder(graph_view graph, const read_limit& reads = {})
      : graph_(graph), reads_(reads), facts_(static_cast<std::size_t>(graph.layer_count)) {
    const loaded_schedule streamed(graph, {{0, graph.layer_count}});
    const auto from_map = std::make_unique<bool[]>(facts_.size());
    detail::find_facts(graph, streamed.spans().data(), streamed.maps().data(), facts_.data(), from_map.get());
  }

  /// Without computing anything twice, in the least memory that the search finds.
  std::vector<stage> least_memory() const {
    found least = search_least(false);
    std::int32_t bytes = loaded_schedule(graph_, least.stages).arena_bytes();
    // Placing can need some more than the search estimates, and by chance more than if layers take memory to be fast.
    for (const bool is_fast : {false, true}) {
      if (bytes <= detail::per_layer_bytes(graph_, facts_.data())) break;
      std::vector<stage> layers;
      detail::append_layers(layers, 0, graph_.layer_count, is_fast);
      const std::int32_t layers_bytes = loaded_schedule(graph_, layers).arena_bytes();
      if (layers_bytes < bytes) least.stages = std::move(layers);
      if (layers_bytes < bytes) bytes = layers_bytes;
    }
    return std::move(least.stages);
  }

  /// With the least recomputation that the search finds for an arena of so many bytes, and at most so many percent of
  /// it; empty if nothing fits.
  std::vector<stage> fitting(std::int64_t budget_bytes, double percent = any_percent) const {
    std::vector<stage> stages = fitting_from(budget_bytes, budget_bytes, percent);
    if (stages.empty()) stages = fitting_from(detail::generous_estimate(budget_bytes), budget_bytes, percent);
    if (stages.empty() && detail::per_layer_bytes(graph_, facts_.data()) <= budget_bytes)
      if (std::vector<stage> layers = per_layer_stages(graph_);
          loaded_schedule(graph_, layers).arena_bytes() <= budget_bytes)
        return layers;
    if (stages.empty() && reads_ == read_limit{})
      if (std::vector<stage> least = least_memory(); loaded_schedule(graph_, least).arena_bytes() <= budget_bytes)
        return least;
    return stages;
  }

  /// In the least memory in which a schedule fits that computes at most so many percent again.
  std::vector<stage> within_overhead(double percent) const {
    std::vector<stage> best = least_memory();
    for (std::vector<stage> less = best; !less.empty();
         less = fitting(loaded_schedule(graph_, best).arena_bytes() - 1, percent))
      best = less;
    return best;
  }

 private:
  struct found {
    std::vector<stage> stages;  // none if nothing fits
    std::int64_t estimated_bytes = 0;
  };

  /// The first that fits of what the search finds, from an estimate on downwards.
  std::vector<stage> fitting_from(std::int64_t estimate, std::int64_t budget_bytes, double percent) const {
    for (found tried = search({.budget_bytes = estimate, .reads = reads_}); !tried.stages.empty();
         tried = search({.budget_bytes = tried.estimated_bytes - 1, .reads = reads_})) {
      const loaded_schedule placed(graph_, tried.stages);
      const std::int64_t macs = total_macs(graph_);
      if (placed.arena_bytes() <= budget_bytes && detail::percent_of(placed.macs() - macs, macs) <= percent)
        return std::move(tried.stages);
    }
    return {};
  }

  found search(const detail::search_goal& goal) const {
    std::vector<detail::search_state> best(facts_.size() + 1);
    std::vector<detail::strip_progress> progress(facts_.size());
    std::vector<detail::stream_paces> paces(facts_.size());
    detail::start_search(graph_, best.data());
    detail::go_on_with_search(graph_, facts_.data(), goal, 0, graph_.layer_count, best.data(), progress.data(),
                              paces.data());
    found result{std::vector<stage>(facts_.size()), best.back().bytes};
    result.stages.resize(static_cast<std::size_t>(detail::found_stages(graph_, best.data(), result.stages.data())));
    return result;
  }

  /// The stages whose largest needs least, and of these ones with least recomputation.
  found search_least(bool strips) const {
    const found least = search({.strips = strips, .least_bytes = true, .reads = reads_});
    return search({.budget_bytes = least.estimated_bytes, .strips = strips, .reads = reads_});
  }

  graph_view graph_{};
  read_limit reads_{};
  std::vector<detail::layer_facts> facts_;
};

/// The stages of least_memory, and of a fit; the latter none if nothing fits.
inline std::vector<stage> least_memory_stages(graph_view g) { return schedule_finder(g).least_memory(); }
inline std::vector<stage> fitting_stages(graph_view g, std::int64_t budget_bytes) {
  return schedule_finder(g).fitting(budget_bytes);
}

/// A schedule and what it costs.
struct trade {
  std::vector<stage> stages;
  std::int32_t arena_bytes = 0;
  std::int64_t macs = 0;  // of a run
};

/// Schedules in falling order of memory and rising order of computation, from least_memory on: each is better
/// than all others in one or the other. Neighbours are about three percent of memory apart, or further.
inline std::vector<trade> trade_off(graph_view g) {
  const schedule_finder finder(g);
  std::vector<trade> trades;
  std::vector<stage> stages = finder.least_memory();
  while (!stages.empty()) {
    const loaded_schedule schedule(g, stages);
    while (!trades.empty() && trades.back().macs >= schedule.macs()) trades.pop_back();
    trades.push_back({std::exchange(stages, {}), schedule.arena_bytes(), schedule.macs()});
    // Where nothing fits so much less, it may a little less.
    for (std::int32_t less = schedule.arena_bytes() / 32; stages.empty() && less >= detail::arena_alignment; less /= 2)
      stages = finder.fitting(schedule.arena_bytes() - less);
  }
  return trades;
}

// ---- running ---------------------------------------------------------------------------------------------

/// Runs a loaded model by a schedule. `inputs` are the network's inputs in their own types, one after another,
/// aligned as their types; `after_stage(i, arena)` is called as each stage is done. The arena starts filled
/// with `fill`. Returns the arena. Interpreter is one with other kernels, made of an interpreter and `more`.
template <typename Interpreter = detail::interpreter, typename... More>
std::vector<std::int8_t> interpret(const loaded_model& model, const loaded_schedule& schedule,
                                   const std::vector<std::vector<char>>& inputs,
                                   const std::function<void(std::size_t, std::vector<std::int8_t>&)>& after_stage = {},
                                   std::int8_t fill = 0, More&... more) {
  const graph_view g = model.graph();
  std::vector<const void*> pointers;
  for (const std::vector<char>& input : inputs) pointers.push_back(input.data());
  std::vector<std::max_align_t> table(detail::interpreter_table_bytes(g) / sizeof(std::max_align_t) + 1);
  std::vector<std::int8_t> arena(static_cast<std::size_t>(schedule.arena_bytes()), fill);
  const Interpreter run{
      detail::interpreter{g, schedule.spans().data(), schedule.maps().data(), schedule.places().data(),
                          model.file().data(), pointers.data(), arena.data(), table.data()},
      more...};
  std::vector<std::int32_t> first_columns(static_cast<std::size_t>(g.layer_count)), newer_rows = first_columns;
  for (std::size_t number = 0; number < schedule.stages().size(); ++number) {
    const stage& s = schedule.stages()[number];
    const loaded_schedule::work& work = schedule.stage_work()[number];
    std::vector<detail::layer_progress> progress(static_cast<std::size_t>(s.layers()));
    for (std::int32_t row_patch = 0; row_patch < s.row_patches; ++row_patch)
      for (std::int32_t column_patch = 0; column_patch < s.column_patches; ++column_patch) {
        detail::run_patch(g, s, work.rows.data() + row_patch * s.layers(), schedule.spans().data(), progress.data(),
                          [&](std::int32_t i, detail::interval rows, std::int32_t segment) {
                            const std::int32_t at = (column_patch + segment) * s.layers();
                            for (std::int32_t k = 0; k < s.layers(); ++k) {
                              const auto index = static_cast<std::size_t>(s.first + k);
                              const map_layout& map = schedule.maps()[index];
                              const std::int32_t part = s.segments > 1 && !map.transient ? k : at + k;
                              first_columns[index] =
                                  map.internal ? work.made_columns[static_cast<std::size_t>(part)].first : 0;
                              newer_rows[index] = detail::newer_row(map, progress[static_cast<std::size_t>(k)]);
                            }
                            const detail::interval& columns = work.columns[static_cast<std::size_t>(at + i)];
                            run.make_room(s.first + i, rows.first, segment);
                            if (detail::has_columns(g.layers[s.first + i], columns))
                              run.run(s, s.first + i, {rows.first, rows.end, columns.first, columns.end},
                                      first_columns.data(), newer_rows.data());
                          });
      }
    if (after_stage) after_stage(number, arena);
  }
  return arena;
}

}  // namespace inlay
