// Inlay: the plan of a model type: its stages, the maps they keep, and the arena, all constants.
#pragma once

#include <inlay/fold.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/model/sourced_weights.hpp>
#include <inlay/plan/arena.hpp>
#include <inlay/plan/dry_run.hpp>
#include <inlay/plan/stage_layout.hpp>
#include <inlay/plan/schedule.hpp>
#include <inlay/plan/search.hpp>
#include <inlay/plan/stage.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace inlay::inline INLAY_ABI::detail {

/// Work that a compiler does in parts, each within its limits: State::go_on(true) does the first of them, go_on(false)
/// the next one as long as the state is not `done`.
template <typename State, std::int32_t Part>
struct part_of {
  static constexpr State state = [] {
    State result{};
    if constexpr (Part > 0) result = part_of<State, Part - 1>::state;
    result.go_on(Part == 0);
    return result;
  }();
};
template <typename State, std::int32_t Part = 0>
constexpr const State& done_in_parts() {
  if constexpr (part_of<State, Part>::state.done)
    return part_of<State, Part>::state;
  else
    return done_in_parts<State, Part + 1>();
}

/// Lays out a stage of a described model.
template <typename Known, stage Stage>
struct stage_planner {
  static constexpr auto layers = static_cast<std::size_t>(Stage.layers());
  stage_layout<Stage.layers(), Stage.row_patches, Stage.column_parts()> layout{};
  layer_progress progress[layers]{};
  dry_run run{};
  bool done = false;

  static constexpr std::int32_t rows_at_once = 2000;
  constexpr void go_on(bool starts) {
    interval made[layers]{};
    const stage_tables to{layout.rows, layout.columns, layout.made_columns, layout.maps, progress, made};
    if (starts) start_stage_plan(Known::graph, Stage, Known::spans.items, to);
    done = go_on_with_stage_plan(Known::graph, Stage, Known::spans.items, run, to, rows_at_once);
  }
};

/// Lays out the arena of a model that is laid out otherwise.
template <typename LaidOut>
struct arena_planner {
  static constexpr std::int32_t count = place_count(LaidOut::graph);
  arena_plan<count> plan{};
  placement scratch[static_cast<std::size_t>(count)]{};
  arena_search search{};
  bool done = false;

  static constexpr std::int32_t pairs_at_once = 50000;  // of chains
  constexpr void go_on(bool starts) {
    const arena_task task{LaidOut::graph, LaidOut::planned_stages.items, LaidOut::planned_stages.count,
                          LaidOut::known::spans.items, LaidOut::maps.items};
    if (starts) search = start_arena_plan(task, true, plan.places, scratch);
    const std::int32_t tries = pairs_at_once / (search.chains * search.chains + 1) + 1;
    for (std::int32_t t = 0; t < tries && !done; ++t) done = go_on_with_arena_plan(task, search, plan.places, scratch);
    plan.bytes = search.best;
  }
};

/// What is known of a model whatever its schedule.
template <typename Model>
struct described {
  static constexpr graph_view graph = Model::graph();
  static constexpr auto layers = static_cast<std::size_t>(graph.layer_count);

  struct span_list {
    layer_span items[static_cast<std::size_t>(graph.tensor_count)]{};
  };
  static constexpr span_list spans = [] {
    span_list list{};
    find_spans(graph, list.items);
    return list;
  }();

  struct fact_list {
    layer_facts items[layers]{};
  };
  static constexpr fact_list facts = [] {
    fact_list list{};
    // If all layers ran as one stage: how many rows of each map are alive at once.
    bool from_map[layers]{};
    find_facts(graph, spans.items, done_in_parts<stage_planner<described, stage{0, graph.layer_count}>>().layout.maps,
               list.items, from_map);
    return list;
  }();

  /// Whether inputs are asked for: the model is a sourced one.
  static constexpr bool is_sourced = requires { typename Model::source_model; };
  /// Whether a source of weights is asked for them.
  static constexpr bool loads_weights = asks_for_weights(graph);
  static constexpr bool loads_ahead = asks_ahead(graph);
  static constexpr graph_view inputs_graph() {
    if constexpr (is_sourced)
      return Model::source_model::graph();
    else
      return graph;
  }
  static constexpr std::size_t input_count = static_cast<std::size_t>(inputs_graph().input_count);
  static constexpr const tensor& input_tensor(std::size_t i) {
    return inputs_graph().tensors[inputs_graph().inputs[i]];
  }
  static constexpr const tensor& output_tensor(std::size_t i) { return graph.tensors[graph.outputs[i]]; }
};

/// Named in static_asserts about splits, so that the numbers are printed.
template <std::int32_t Split, std::int32_t FirstLayer, std::int32_t Layers>
concept split_inside_network = Split > FirstLayer&& Split <= Layers;

/// What a schedule type means for a model: `chosen` is a type with the list of its stages.
template <typename Model, typename Schedule>
struct stages_of;

/// Every layer a stage of its own, a fast one or one that takes no more memory than it needs.
template <typename Model, bool IsFast>
struct single_layers {
  static constexpr auto list = [] {
    stage_list<described<Model>::graph.layer_count> stages{};
    for (std::int32_t i = 0; i < described<Model>::graph.layer_count; ++i)
      stages.append({.first = i, .end = i + 1, .is_fast = IsFast});
    return stages;
  }();
};

template <typename Model>
struct stages_of<Model, per_layer> {
  using chosen = single_layers<Model, true>;
};

/// Rows or columns of the largest map that a stage hands on.
template <typename Model>
constexpr std::int32_t stage_output_extent(std::int32_t first, std::int32_t end, direction d) {
  using known = described<Model>;
  std::int32_t extent = 1;
  for (std::int32_t i = first; i < end && i < known::graph.layer_count; ++i) {
    const std::int32_t storage = known::graph.output_of(known::graph.layers[i]).storage;
    const std::int32_t own = extent_along(known::graph.tensors[storage].extents, d);
    if (known::spans.items[storage].last_reader >= end && own > extent) extent = own;
  }
  return extent;
}

/// What is to be said of a stage by hand. What comes after the first fault is not looked at.
template <typename Model, std::int32_t First, typename Stage>
struct stage_check {
  static constexpr std::int32_t first = First;
  static constexpr std::int32_t layers = described<Model>::graph.layer_count;
  static constexpr bool has_its_halos = !Stage::is_possible || Stage::has_its_halos;
  static constexpr bool is_described = Stage::is_possible && has_its_halos;
  static constexpr std::int32_t end = is_described ? Stage::end : First + 1;
  static constexpr bool ends_well = is_described && Stage::end > First&& Stage::end <= layers;
  static constexpr std::int32_t rows = stage_output_extent<Model>(First, Stage::end, direction::rows);
  static constexpr std::int32_t columns = stage_output_extent<Model>(First, Stage::end, direction::columns);
  static constexpr std::int32_t row_patches = ends_well ? Stage::patches.row_patches : 1;
  static constexpr bool rows_fit = ends_well && row_patches >= 1 && row_patches <= rows;
  static constexpr std::int32_t column_patches = rows_fit ? Stage::patches.column_patches : 1;
  static constexpr std::int32_t segments = rows_fit ? Stage::patches.segments : 1;
  static constexpr std::int32_t column_parts = column_patches > segments ? column_patches : segments;
  static constexpr bool is_good = rows_fit && column_patches >= 1 && column_parts <= columns;
};

template <typename Check>
inline constexpr error_text impossible_stage = [] {
  error_text text;
  if (!Check::ends_well)
    text.append("a stage from layer ", Check::first, " on ends at ", Check::first + 1, " to ", Check::layers,
                ", not at ", Check::end);
  else if (!Check::rows_fit)
    text.append("the stage's output has ", Check::rows, " rows, its grid ", Check::row_patches, " rows of patches");
  else
    text.append("the stage's output has ", Check::columns, " columns, its ", Check::segments > 1 ? "rows " : "grid ",
                Check::column_parts, Check::segments > 1 ? " segments" : " columns of patches");
  return text;
}();

template <typename Check, bool IsGood>
struct refuse_numbers {};
template <typename Check>
struct refuse_numbers<Check, false> {
  static_assert(sizeof(refuse_model<impossible_stage<Check>, plan_refused>) > 0);
};

/// Does not compile for a stage that cannot be, and says why.
template <typename Model, std::int32_t First, typename Stage>
struct refuse_stage {
  using check = stage_check<Model, First, Stage>;
  static_assert(Stage::is_possible,
                "Inlay: streamed stages make one row at a time: rows<1>, or segments of it: segments<4>");
  static_assert(check::has_its_halos,
                "Inlay: of rows<1> and segments<N> halos are kept (halo::reuse), of columns<N>, which is grid<1, N>, rows "
                "kept and columns recomputed (halo::reuse_rows), of other grids recomputed (halo::recompute)");
  static_assert(sizeof(refuse_numbers < check, check::is_good || !check::is_described >) > 0);
};

/// Stages by hand, then one for each layer that is left.
template <typename Model, std::int32_t First, typename List>
constexpr void append_stages(List& stages) {
  for (std::int32_t i = First; i < described<Model>::graph.layer_count; ++i) stages.append({i, i + 1});
}
template <typename Model, std::int32_t First, typename Stage, typename... Rest, typename List>
constexpr void append_stages(List& stages) {
  if constexpr (std::is_same_v<Stage, per_layer>) {
    append_stages<Model, First>(stages);
  } else if constexpr (stage_check<Model, First, Stage>::is_good) {
    if constexpr (Stage::is_per_layer)
      for (std::int32_t i = First; i < Stage::end; ++i) stages.append({i, i + 1});
    else
      stages.append({.first = First,
                     .end = Stage::end,
                     .row_patches = Stage::patches.row_patches,
                     .column_patches = Stage::patches.column_patches,
                     .segments = Stage::end > First + 1 ? Stage::patches.segments : 1});
    append_stages<Model, Stage::end, Rest...>(stages);
  } else {
    append_stages<Model, First>(stages);  // so that the refusal is the only message
  }
}

/// The first stage that cannot be, and nothing of those behind it.
template <typename Model, std::int32_t First, typename... Stages>
struct refuse_stages {};
template <typename Model, std::int32_t First, typename Stage, typename... Rest>
struct refuse_stages<Model, First, Stage, Rest...>
    : refuse_stage<Model, First, Stage>,
      std::conditional_t<stage_check<Model, First, Stage>::is_good, refuse_stages<Model, Stage::end, Rest...>,
                         std::type_identity<void>> {};
template <typename Model, std::int32_t First, typename... Rest>
struct refuse_stages<Model, First, per_layer, Rest...> {
  static_assert(sizeof...(Rest) == 0, "Inlay: per_layer stands last in a schedule");
};

template <typename Model, typename... Stages>
struct stages_of<Model, schedule<Stages...>> {
  using chosen = stages_of;
  static_assert(sizeof(refuse_stages<Model, 0, Stages...>) > 0);
  static constexpr auto list = [] {
    stage_list<described<Model>::graph.layer_count> stages{};
    append_stages<Model, 0, Stages...>(stages);
    return stages;
  }();
};

/// A search as far as layer End, in parts that stay within a compiler's limits.
template <typename Model, search_goal Goal, std::int32_t End>
struct search_part {
  using known = described<Model>;
  static constexpr std::int32_t layers_at_once = 8;
  static constexpr std::int32_t first = End > layers_at_once ? End - layers_at_once : 0;
  struct state_list {
    search_state items[known::layers + 1]{};
  };
  static constexpr state_list states = [] {
    state_list list{};
    if constexpr (first > 0)
      for (std::size_t i = 0; i <= known::layers; ++i) list.items[i] = search_part<Model, Goal, first>::states.items[i];
    else
      start_search(known::graph, list.items);
    strip_progress progress[known::layers]{};
    stream_paces paces[known::layers]{};
    go_on_with_search(known::graph, known::facts.items, Goal, first, End, list.items, progress, paces);
    return list;
  }();
};

/// The stages that a search finds, none if nothing fits, and its estimate of the bytes that they need.
template <typename Model, search_goal Goal>
struct searched_stages {
  static constexpr graph_view graph = described<Model>::graph;
  static constexpr const auto& states = search_part<Model, Goal, graph.layer_count>::states.items;
  static constexpr std::int32_t estimated_bytes = states[graph.layer_count].bytes;
  static constexpr auto list = [] {
    stage_list<graph.layer_count> stages{};
    stages.count = found_stages(graph, states, stages.items);
    return stages;
  }();
};

/// The stages whose largest needs least, by the search's estimate, and of these ones with least recomputation.
template <typename Model, bool Strips>
using least_stages = searched_stages<
    Model,
    search_goal{searched_stages<Model, search_goal{.strips = Strips, .least_bytes = true}>::estimated_bytes, Strips}>;

/// Memory of a model that runs in given stages.
template <typename Model, typename Stages>
struct laid_out {
  using known = described<Model>;
  static constexpr graph_view graph = known::graph;
  /// As they are planned: that some must make their rows upwards follows from the arena.
  static constexpr const auto& planned_stages = Stages::list;

  template <std::int32_t S>
  static constexpr auto layout = done_in_parts<stage_planner<known, planned_stages.items[S]>>().layout;

  /// Of each layer's output. One-layer stages keep whole maps and need no layout of their own.
  struct map_list {
    map_layout items[known::layers]{};
  };
  static constexpr map_list maps = [] {
    map_list list{};
    const auto fill = [&list]<std::int32_t Number>(std::integral_constant<std::int32_t, Number>) {
      constexpr stage s = planned_stages.items[Number];
      if constexpr (s.is_one_layer()) {
        const shape& extents = graph.tensors[graph.output_of(graph.layers[s.first]).storage].extents;
        list.items[s.first] = {map_rows(extents), extents.width() * extents.channels(), false, false};
      } else {
        for (std::int32_t i = 0; i < s.layers(); ++i) list.items[s.first + i] = layout<Number>.maps[i];
      }
    };
    fold_in_blocks<planned_stages.count>([&]<std::int32_t... S>(std::integer_sequence<std::int32_t, S...>) {
      (fill(std::integral_constant<std::int32_t, S>{}), ...);
      return false;
    });
    return list;
  }();

  static constexpr arena_plan<place_count(graph)> arena = done_in_parts<arena_planner<laid_out>>().plan;
  static_assert(is_sound(arena.places, place_count(graph), arena.bytes),
                "Inlay: the arena plan lets live tensors overlap; please report it");

  static constexpr auto stages = [] {
    auto list = planned_stages;
    for (std::int32_t i = 0; i < list.count; ++i)
      list.items[i].upwards = goes_upwards(graph, list.items[i], arena.places);
    return list;
  }();

  /// Multiply-accumulates of a run, halos counted as often as they are computed.
  static constexpr std::int64_t macs = [] {
    const auto count = []<std::int32_t Number>(std::integral_constant<std::int32_t, Number>) {
      constexpr stage s = stages.items[Number];
      if constexpr (s.is_one_layer())
        return layer_macs(graph, graph.layers[s.first]);
      else
        return stage_macs(graph, s, layout<Number>.rows, layout<Number>.columns);
    };
    std::int64_t sum = 0;
    fold_in_blocks<stages.count>([&]<std::int32_t... S>(std::integer_sequence<std::int32_t, S...>) {
      sum += (std::int64_t{0} + ... + count(std::integral_constant<std::int32_t, S>{}));
      return false;
    });
    return sum;
  }();
};

}  // namespace inlay::detail
