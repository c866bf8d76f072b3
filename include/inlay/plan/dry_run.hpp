// Inlay: a stage, run on counters alone: how many rows of each map are alive at once.
#pragma once

#include <inlay/graph/geometry.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/plan/need.hpp>
#include <inlay/plan/pull.hpp>
#include <inlay/plan/stage.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// What is known of one layer while its stage runs, or is run dry. Layers are counted from the stage's first; −1 is
/// none. Lists, so that the work for each row does not grow with the network.
struct layer_progress {
  interval rows{};                      // its work in this patch
  std::int32_t done = 0;                // rows of work done, counted from the top of the map
  std::int32_t all_rows = 0;            // of its output's map
  std::int32_t made_rows = 0;           // of these, from the top
  window_need window[2]{};              // how its work's rows need those of each operand
  interval need[2]{};                   // rows of each operand that its next row needs
  std::int32_t map = -1;                // the first layer that writes its output's map
  std::int32_t operand_map[2]{-1, -1};  // the first layers that write its operands
  std::int32_t makers = -1;             // of a map, at its first layer: the last one that writes it …
  std::int32_t next_maker = -1;         // … and the one before this
  std::int32_t readers = -1;            // of a map, at its first layer: the last operand that is it, as
  std::int32_t next_reader[2]{-1, -1};  // 2 × layer + position, and the one before this
  std::int32_t next_candidate = -1;
  bool is_candidate = false;  // it may be able to run
  bool at_once = false;       // its output is there when all its work is done
  bool leaves = false;        // later stages read its output
  bool wanted = false;        // somebody waits for its next row
};

/// Whether no row of a layer's output is there before all its work is done.
constexpr bool is_made_at_once(graph_view g, const layer& l) {
  if (describe(l.kind).geometry != layer_geometry::placed) return !makes_regions(l.kind);
  // Blocks below others wait for their end; those beside each other grow together.
  return map_rows(g.input_of(l).extents) != map_rows(g.tensors[g.output_of(l).storage].extents);
}

constexpr void update(graph_view g, const stage& s, layer_progress* progress, std::int32_t index) {
  layer_progress& p = progress[index];
  const bool finished = p.done >= p.rows.end;
  p.made_rows = made_rows(p.rows, p.done, p.at_once, p.all_rows);
  const interval row{p.done, p.done + 1};
  for (int position = 0; position < 2; ++position)
    if (p.operand_map[position] >= 0)
      p.need[position] = finished ? interval{0x7fffffff, 0x7fffffff}
                         : p.window[position].exists
                             ? p.window[position].of(row)
                             : input_need(g, g.layers[s.first + index], position, row, direction::rows);
}

/// Layers that may be able to run, the last one first.
struct candidates {
  std::int32_t first = -1;

  constexpr void add(layer_progress* progress, std::int32_t index) {
    if (progress[index].is_candidate) return;
    std::int32_t* after = &first;
    while (*after > index) after = &progress[*after].next_candidate;
    progress[index].next_candidate = *after;
    progress[index].is_candidate = true;
    *after = index;
  }
  constexpr std::int32_t take_first(layer_progress* progress) {
    const std::int32_t index = first;
    first = progress[index].next_candidate;
    progress[index].is_candidate = false;
    return index;
  }
};

/// How far the planning of a stage has come.
struct dry_run {
  std::int32_t row_patch = 0;
  bool patch_started = false;
  std::int32_t previous = -1;  // the layer that made the last row
  candidates waiting{};
};

/// Wants the rows of its operands that a layer lacks for its next row; true if there are none.
constexpr bool has_operands(layer_progress* progress, candidates& waiting, std::int32_t index) {
  bool all = true;
  for (int position = 0; position < 2; ++position) {
    const std::int32_t map = progress[index].operand_map[position];
    if (map < 0) continue;
    const std::int32_t needed = progress[index].need[position].end;
    for (std::int32_t m = progress[map].makers; m >= 0; m = progress[m].next_maker) {
      if (progress[m].made_rows >= needed) continue;
      all = false;
      if (!progress[m].wanted) waiting.add(progress, m);
      progress[m].wanted = true;
    }
  }
  return all;
}

/// The next layer to make a row, −1 when the patch is done.
constexpr std::int32_t next_layer(layer_progress* progress, candidates& waiting) {
  while (waiting.first >= 0) {
    const std::int32_t i = waiting.take_first(progress);
    layer_progress& p = progress[i];
    if (!is_due(p.leaves, p.wanted, p.rows, p.done) || !has_operands(progress, waiting, i)) continue;
    p.wanted = false;
    return i;
  }
  return -1;
}

/// The work of each layer of a stage in one of its row or column patches, and the part of each layer's output
/// map that is made there: what the stage's outputs need, from the last layer to the first. `work` and `made`
/// have one entry for each layer of the stage.
constexpr void find_work(graph_view g, const stage& s, direction d, std::int32_t patch, const layer_span* spans,
                         interval* work, interval* made) {
  const std::int32_t patches = d == direction::rows ? s.row_patches : s.column_patches;
  for (std::int32_t i = 0; i < s.layers(); ++i) {
    const std::int32_t storage = g.output_of(g.layers[s.first + i]).storage;
    // What later stages read is cut evenly; the rest follows from it.
    const bool leaves = spans[storage].last_reader >= s.end;
    made[i] = leaves ? even_part(extent_along(g.tensors[storage].extents, d), patches, patch) : interval{};
  }
  for (std::int32_t i = s.layers() - 1; i >= 0; --i) {
    const layer& l = g.layers[s.first + i];
    const layer_span& span = spans[g.output_of(l).storage];
    // Layers that place blocks in one map keep its interval at the first of them.
    made[i] = made[first_maker_in(g, span, s)];
    if (!makes_regions(l.kind) && made[i].size() > 0)
      made[i] = {0, extent_along(g.tensors[g.output_of(l).storage].extents, d)};
    work[i] = work_in_stage(g, s, l, made[i], d);
    for (int position = 0; position < 2; ++position) {
      if (!g.has_input(l, position)) continue;
      const tensor& input = g.input_of(l, position);
      if (input.is_constant() || spans[input.storage].last_writer < s.first) continue;
      interval& needed = made[first_maker_in(g, spans[input.storage], s)];
      needed = hull(needed, need_in_stage(g, s, l, position, work[i], d));
    }
  }
}

/// Prepares a stage's progress for one patch of rows.
constexpr candidates start_patch(graph_view g, const stage& s, const interval* work, const layer_span* spans,
                                 layer_progress* progress) {
  candidates waiting;
  for (std::int32_t i = 0; i < s.layers(); ++i) {
    const layer& l = g.layers[s.first + i];
    const layer_span& output = spans[g.output_of(l).storage];
    layer_progress& p = progress[i];
    p = {};
    p.rows = work[i];
    p.done = work[i].first;
    p.all_rows = map_rows(g.tensors[g.output_of(l).storage].extents);
    p.at_once = is_made_at_once(g, l);
    p.leaves = output.last_reader >= s.end;
    p.map = first_maker_in(g, output, s);
    p.next_maker = progress[p.map].makers;
    progress[p.map].makers = i;
    for (int position = 0; position < 2; ++position) {
      if (!g.has_input(l, position) || g.input_of(l, position).is_constant()) continue;
      const layer_span& span = spans[g.input_of(l, position).storage];
      if (span.last_writer < s.first) continue;
      const std::int32_t map = first_maker_in(g, span, s);
      p.operand_map[position] = map;
      p.window[position] = window_in_stage(g, s, l, position, direction::rows);
      p.next_reader[position] = progress[map].readers;
      progress[map].readers = 2 * i + position;
    }
    update(g, s, progress, i);
    if (p.leaves) waiting.add(progress, i);
  }
  return waiting;
}

/// Counts a row of a layer as made, for which its readers may have waited.
constexpr void advance(graph_view g, const stage& s, layer_progress* progress, candidates& waiting,
                       std::int32_t index) {
  ++progress[index].done;
  update(g, s, progress, index);
  if (progress[index].leaves) waiting.add(progress, index);
  for (std::int32_t r = progress[progress[index].map].readers; r >= 0; r = progress[r / 2].next_reader[r % 2])
    if (progress[r / 2].wanted || progress[r / 2].leaves) waiting.add(progress, r / 2);
}

/// Rows of a layer's output map that are made and still wanted.
constexpr std::int32_t rows_alive(const layer_progress* progress, std::int32_t maker) {
  std::int32_t oldest = progress[maker].made_rows;
  for (std::int32_t r = progress[progress[maker].map].readers; r >= 0; r = progress[r / 2].next_reader[r % 2])
    if (progress[r / 2].need[r % 2].first < oldest) oldest = progress[r / 2].need[r % 2].first;
  return progress[maker].made_rows - oldest;
}

/// Goes on with a patch of rows on counters alone, for at most `rows_left` rows; true when it is done. Widens each
/// map's rows to as many as are alive at once, and clears `transient` where a row is wanted longer than by the layer
/// that runs next.
constexpr bool run_dry(dry_run& run, layer_progress* progress, map_layout* maps, graph_view g, const stage& s,
                       std::int32_t& rows_left) {
  for (; rows_left > 0; --rows_left) {
    const std::int32_t i = next_layer(progress, run.waiting);
    if (i < 0) return true;
    advance(g, s, progress, run.waiting, i);
    if (run.previous >= 0 && maps[run.previous].transient && rows_alive(progress, run.previous) > 0)
      maps[run.previous].transient = false;
    run.previous = i;
    map_layout& map = maps[progress[i].map];
    if (!map.internal) continue;
    const std::int32_t alive = rows_alive(progress, i);
    if (alive > map.rows) map.rows = alive;
  }
  return false;
}

/// Runs a patch of a stage: calls run(layer of the stage, rows) for one row of one layer after another; for a
/// stage of one layer, for all rows at once. `rows` is the layers' work in this patch, `progress` scratch.
template <typename Run>
constexpr void run_patch(graph_view g, const stage& s, const interval* rows, const layer_span* spans,
                         layer_progress* progress, Run run) {
  if (s.layers() == 1) {
    if (rows[0].size() > 0) run(0, rows[0]);
    return;
  }
  candidates waiting = start_patch(g, s, rows, spans, progress);
  for (std::int32_t i = next_layer(progress, waiting); i >= 0; i = next_layer(progress, waiting)) {
    run(i, interval{progress[i].done, progress[i].done + 1});
    advance(g, s, progress, waiting, i);
  }
}

/// The layout of a stage. `rows` and `columns` are the work of each layer in each row and column patch
/// ([patch × layers + layer]), `made_columns` the columns of its output that are made in each column patch; `maps`
/// has one entry for each layer of the stage, `progress` and `made` are scratch of that length.
struct stage_tables {
  interval* rows;
  interval* columns;
  interval* made_columns;
  map_layout* maps;
  layer_progress* progress;
  interval* made;
};

/// Starts to lay out a stage: its columns, and full maps for what later stages read.
constexpr void start_stage_plan(graph_view g, const stage& s, const layer_span* spans, const stage_tables& to) {
  const std::int32_t layers = s.layers();
  for (std::int32_t p = 0; p < s.column_patches; ++p)
    find_work(g, s, direction::columns, p, spans, to.columns + p * layers, to.made_columns + p * layers);
  for (std::int32_t i = 0; i < layers; ++i) {
    const std::int32_t storage = g.output_of(g.layers[s.first + i]).storage;
    const shape& extents = g.tensors[storage].extents;
    map_layout& map = to.maps[i];
    map.internal = spans[storage].first_writer >= s.first && spans[storage].last_reader < s.end;
    map.transient = map.internal && spans[storage].first_writer == spans[storage].last_writer;
    map.rows = map.internal ? 1 : map_rows(extents);
    std::int32_t width = map.internal ? 1 : extents.width();
    for (std::int32_t p = 0; p < s.column_patches; ++p)
      if (to.made_columns[p * layers + i].size() > width) width = to.made_columns[p * layers + i].size();
    map.row_pitch = width * extents.channels();
  }
}

/// Goes on to lay out a stage: rings of as many rows as are alive at once for what later stages do not read. True when
/// the stage is laid out, false after some `rows_left` rows: compilers bound the work of one constant expression.
constexpr bool go_on_with_stage_plan(graph_view g, const stage& s, const layer_span* spans, dry_run& run,
                                     const stage_tables& to, std::int32_t rows_left) {
  const std::int32_t layers = s.layers();
  for (; run.row_patch < s.row_patches; ++run.row_patch) {
    interval* work = to.rows + run.row_patch * layers;
    if (!run.patch_started) {
      find_work(g, s, direction::rows, run.row_patch, spans, work, to.made);
      if (layers > 1) run.waiting = start_patch(g, s, work, spans, to.progress);
      run.previous = -1;
      run.patch_started = true;
      rows_left -= layers;
    }
    if (layers > 1 && !run_dry(run, to.progress, to.maps, g, s, rows_left)) return false;
    run.patch_started = false;
  }
  for (std::int32_t i = 0; i < layers; ++i) {
    const std::int32_t first = first_maker_in(g, spans[g.output_of(g.layers[s.first + i]).storage], s);
    if (first != i) to.maps[i] = to.maps[first];
    to.maps[i].transient = to.maps[i].transient && to.maps[i].rows == 1 && layers > 1;
  }
  return true;
}

/// Multiply-accumulates of a stage, halos counted as often as they are computed.
constexpr std::int64_t stage_macs(graph_view g, const stage& s, const interval* rows, const interval* columns) {
  std::int64_t sum = 0;
  for (std::int32_t i = 0; i < s.layers(); ++i) {
    const layer& l = g.layers[s.first + i];
    const std::int64_t all = std::int64_t{work_along(g, l, direction::rows)} * work_along(g, l, direction::columns);
    std::int64_t rows_done = 0, columns_done = 0;
    for (std::int32_t p = 0; p < s.row_patches; ++p) rows_done += rows[p * s.layers() + i].size();
    for (std::int32_t p = 0; p < s.column_patches; ++p) columns_done += columns[p * s.layers() + i].size();
    // Where strides of a transposed convolution leave pixels out, each of them counts its part.
    sum += share_of(layer_macs(g, l), rows_done * columns_done, all);
  }
  return sum;
}

}  // namespace inlay::detail
