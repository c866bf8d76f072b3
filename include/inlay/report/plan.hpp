// Inlay: what reports are about: a plan, and the figures that follow from it.
#pragma once

#include <inlay/hosted/loaded.hpp>
#include <inlay/hosted/topology.hpp>
#include <inlay/kernels/reference.hpp>
#include <inlay/patch/receptive_field.hpp>
#include <inlay/plan/arena.hpp>
#include <inlay/plan/stage.hpp>
#include <inlay/run/prepared.hpp>
#include <inlay/run/untrained.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <set>
#include <string_view>
#include <vector>

namespace inlay::inline INLAY_ABI {

/// A network, its stages, where its tensors stand, and its constants in flash. Points into what owns them: a
/// loaded_model and a loaded_schedule, or constants of the program.
struct plan_view {
  graph_view graph{};
  const stage* stages = nullptr;
  std::int32_t stage_count = 0;
  const map_layout* maps = nullptr;     // of each layer's output
  const arena_place* places = nullptr;  // place_count(graph) of them
  std::int32_t arena_bytes = 0;
  std::int64_t macs = 0;           // of a run, halos counted as often as they are computed
  std::size_t model_bytes = 0;     // of the file
  std::size_t constant_bytes = 0;  // of it, what kernels read
  std::size_t table_bytes = 0;
  const char* kernels = "the reference kernels";  // whose tables these are

  std::size_t flash_bytes() const { return constant_bytes + table_bytes; }
  std::int64_t recomputed_macs() const { return macs - total_macs(graph); }
};

/// The plan of a model that the program knows when it is compiled.
template <typename Model, typename Schedule = per_layer>
constexpr plan_view plan_of() {
  using known = detail::prepared<Model, Schedule>;
  return {known::graph,       known::stages.items,     known::stages.count,
          known::maps.items,  known::arena.places,     known::arena.bytes,
          known::macs,        Model::byte_count,       known::constant_bytes,
          known::table_bytes, "this program's kernels"};
}

namespace detail {

/// Bytes of the tables that all kernels of a graph keep in flash.
constexpr std::size_t total_table_bytes(graph_view g) {
  std::size_t sum = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    with_layer_kind(g.layers[i].kind, [&]<layer_kind Kind>() {
      using kernel = reference_kernel<Kind>;
      sum += static_cast<std::size_t>(kernel::table_size(g, g.layers[i])) * sizeof(typename kernel::table_entry);
    });
  return sum;
}

/// Bytes of the constants that kernels of a graph read; equal ones count once, as in what cmake/embed.py writes.
/// Kernels of the layers in `copied` read copies in another order instead, which are part of their tables.
inline std::size_t total_constant_bytes(graph_view g, std::string_view file,
                                        const std::set<std::int32_t>& copied = {}) {
  std::set<std::string_view> read;
  for_each_constant_read(g, [&](std::int32_t i, int position) {
    const tensor& t = g.input_of(g.layers[i], position);
    if (copied.count(i) == 0) read.insert(file.substr(t.data_at, t.data_bytes));
  });
  return std::accumulate(read.begin(), read.end(), std::size_t{0},
                         [](std::size_t sum, std::string_view bytes) { return sum + bytes.size(); });
}

/// A graph by a schedule, without the bytes of its model.
inline plan_view scheduled(graph_view g, const loaded_schedule& schedule) {
  return {g,
          schedule.stages().data(),
          static_cast<std::int32_t>(schedule.stages().size()),
          schedule.maps().data(),
          schedule.places().data(),
          schedule.arena_bytes(),
          schedule.macs()};
}

}  // namespace detail

/// The plan of a loaded model by a schedule, for reports.
inline plan_view plan_of(const loaded_model& model, const loaded_schedule& schedule) {
  const std::vector<char>& file = model.file();
  plan_view plan = detail::scheduled(model.graph(), schedule);
  plan.model_bytes = file.size();
  plan.constant_bytes = detail::total_constant_bytes(model.graph(), {file.data(), file.size()});
  plan.table_bytes = detail::total_table_bytes(model.graph());
  return plan;
}

/// The plan of a topology by a schedule of `graph`, which is its graph or the sourced one. Its constants are those of
/// a network that is trained, in a program with this program's kernels.
inline plan_view plan_of(const loaded_topology& topology, graph_view graph, const loaded_schedule& schedule) {
  plan_view plan = detail::scheduled(graph, schedule);
  plan.model_bytes = topology.byte_count();
  plan.constant_bytes = detail::untrained_constant_bytes(graph);
  plan.table_bytes = detail::untrained_table_bytes(graph, plan.stages, plan.stage_count);
  plan.kernels = "this program's kernels";
  return plan;
}

/// Bytes of a tensor in the type that the model declares: what a caller gives or gets.
inline std::size_t declared_bytes(const tensor& t) {
  const bool wide = t.type == element_type::float32 || t.type == element_type::int32;
  return static_cast<std::size_t>(t.extents.elements()) * (wide ? 4 : 1);
}

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

/// The layer during which most bytes are alive, the first of several, of those that a stage runs.
constexpr std::int32_t peak_layer(const plan_view& plan, const stage& s) {
  std::int32_t peak = s.first, most = 0;
  for (std::int32_t i = s.first; i < s.end; ++i) {
    const std::int32_t bytes = live_bytes(plan.graph, plan.places, i);
    if (bytes <= most) continue;
    peak = i;
    most = bytes;
  }
  return peak;
}
constexpr std::int32_t peak_layer(const plan_view& plan) { return peak_layer(plan, {0, plan.graph.layer_count}); }

/// The layer writes its output over an input, at its place.
constexpr bool is_in_place(const plan_view& plan, std::int32_t index) {
  const arena_place& place = plan.places[plan.graph.output_of(plan.graph.layers[index]).storage];
  return place.takes_over() && place.first == index;
}

// ---- stages ----------------------------------------------------------------------------------------------

/// What happens to halos, as it is printed.
constexpr const char* name(halo halos) {
  switch (halos) {
    case halo::recompute: return "recompute";
    case halo::reuse: return "reuse";
    case halo::reuse_rows: return "reuse_rows";
  }
  return "";
}

/// The stages that are more than a layer over its whole map.
inline std::vector<stage> patched_stages(const plan_view& plan) {
  std::vector<stage> stages;
  std::copy_if(plan.stages, plan.stages + plan.stage_count, std::back_inserter(stages),
               [](const stage& s) { return !s.is_one_layer(); });
  return stages;
}

/// What a stage costs. Published overheads count in two ways: with patches that end at the border of the map,
/// as they are computed, and with every patch as large as one that lies inside.
struct stage_figures {
  std::int32_t live_bytes = 0;      // at its peak
  std::int64_t macs = 0;            // each counted once
  std::int64_t clamped_macs = 0;    // of a run
  std::int64_t unclamped_macs = 0;  // of a run with full-size patches
  double clamped_percent() const { return detail::percent_of(clamped_macs - macs, macs); }
  double unclamped_percent() const { return detail::percent_of(unclamped_macs - macs, macs); }
};

namespace detail {

/// The work of a stage's layers in all patches along one direction.
inline std::vector<interval> work_of_patches(graph_view g, const stage& s, direction d, borders at_borders) {
  const std::int32_t patches = d == direction::rows ? s.row_patches : s.column_patches;
  std::vector<layer_span> spans(static_cast<std::size_t>(g.tensor_count));
  find_spans(g, spans.data());
  std::vector<interval> work(static_cast<std::size_t>(patches * s.layers()));
  std::vector<interval> made(static_cast<std::size_t>(s.layers())), needed(spans.size());
  for (std::int32_t p = 0; p < patches; ++p) {
    interval* items = work.data() + p * s.layers();
    if (at_borders == borders::clamped)
      find_work(g, s, d, p, spans.data(), items, made.data());
    else
      find_unbounded_work(g, s, d, p, spans.data(), items, needed.data());
  }
  return work;
}

/// Along a direction that is not cut there is no patch inside: the only one ends at the border.
inline std::int64_t macs_of_patches(graph_view g, stage s, borders at_borders) {
  s.segments = 1;  // nothing is computed twice for them
  const borders of_rows = s.row_patches > 1 ? at_borders : borders::clamped;
  const borders of_columns = s.column_patches > 1 ? at_borders : borders::clamped;
  return stage_macs(g, s, work_of_patches(g, s, direction::rows, of_rows).data(),
                    work_of_patches(g, s, direction::columns, of_columns).data());
}

}  // namespace detail

/// What a stage of a plan takes.
inline stage_figures figures_of(const plan_view& plan, const stage& s) {
  const graph_view g = plan.graph;
  stage_figures figures{live_bytes(g, plan.places, peak_layer(plan, s))};
  for (std::int32_t i = s.first; i < s.end; ++i) figures.macs += layer_macs(g, g.layers[i]);
  figures.clamped_macs = detail::macs_of_patches(g, s, detail::borders::clamped);
  figures.unclamped_macs = detail::macs_of_patches(g, s, detail::borders::full_size);
  return figures;
}

/// How often each layer's kernel is called in a run, and goes through its weights: once if it makes its output at once,
/// else for each row, in each patch.
inline std::vector<std::int64_t> weight_reads(const plan_view& plan) {
  const graph_view g = plan.graph;
  std::vector<std::int64_t> reads;
  for (std::int32_t number = 0; number < plan.stage_count; ++number) {
    const stage& s = plan.stages[number];
    const auto rows = detail::work_of_patches(g, s, detail::direction::rows, detail::borders::clamped);
    const auto columns = detail::work_of_patches(g, s, detail::direction::columns, detail::borders::clamped);
    for (std::int32_t i = s.first; i < s.end; ++i)
      reads.push_back(detail::kernel_calls(g, s, i, plan.places, rows.data(), columns.data()));
  }
  return reads;
}

}  // namespace inlay
