// Inlay: how a stage is laid out: what each layer makes in each patch or segment, and how its output's rows stand in
// memory.
#pragma once

#include <inlay/graph/geometry.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/plan/dry_run.hpp>
#include <inlay/plan/need.hpp>
#include <inlay/plan/stage.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// The layout of a stage. `rows` and `columns` are the work of each layer in each row patch and part of the columns
/// ([part × layers + layer]), `made_columns` the columns of its output that are made in each such part; `maps`
/// has one entry for each layer of the stage, `progress` and `made` are scratch of that length.
struct stage_tables {
  interval* rows;
  interval* columns;
  interval* made_columns;
  map_layout* maps;
  layer_progress* progress;
  interval* made;
};

/// Room for these tables.
template <std::int32_t Layers, std::int32_t RowPatches, std::int32_t ColumnParts>
struct stage_layout {
  interval rows[static_cast<std::size_t>(RowPatches * Layers)]{};
  interval columns[static_cast<std::size_t>(ColumnParts * Layers)]{};
  interval made_columns[static_cast<std::size_t>(ColumnParts * Layers)]{};
  map_layout maps[static_cast<std::size_t>(Layers)]{};
};

/// The first column that is read of a map in a part of a row or any later one; `all` where none is.
constexpr std::int32_t first_read(const interval* read, std::int32_t parts, std::int32_t layers, std::int32_t part,
                                  std::int32_t all) {
  std::int32_t first = all;
  for (std::int32_t p = part; p < parts; ++p)
    if (const interval& columns = read[p * layers]; columns.size() > 0 && columns.first < first) first = columns.first;
  return first;
}

/// Cuts rows into segments: what the stage's outputs need for even parts of theirs and what has not been made for an
/// earlier part. Clears `transient` of maps of which a part of a row is read again for the next, and says how far ahead
/// of the oldest row a newer one lies that is written over it.
constexpr void find_segments(graph_view g, const stage& s, const layer_span* spans, const stage_tables& to) {
  const std::int32_t layers = s.layers();
  for (std::int32_t i = 0; i < layers; ++i) to.made[i] = {};
  for (std::int32_t i = layers - 1; i >= 0; --i) {
    const layer& l = g.layers[s.first + i];
    const std::int32_t storage = g.output_of(l).storage;
    const layer_span& span = spans[storage];
    const std::int32_t first = first_maker_in(g, span, s), extent = g.tensors[storage].extents.width();
    interval* const made = to.made_columns + first;
    // All readers come behind the last layer of the stage that writes the map; here its segments are not known yet.
    if (to.made[first] == interval{}) {
      to.made[first] = {0, 1};
      map_layout& map = to.maps[first];
      for (std::int32_t p = 0; p < s.segments; ++p) {
        if (span.last_reader >= s.end) made[p * layers] = hull(made[p * layers], even_part(extent, s.segments, p));
        if (!makes_segments(l.kind) && made[p * layers].size() > 0) made[p * layers] = {0, extent};
      }
      std::int32_t end = first_read(made, s.segments, layers, 0, 0x7fffffff);
      if (end > extent) end = 0;
      for (std::int32_t p = 0; p < s.segments; ++p) {
        interval& columns = made[p * layers];
        const std::int32_t oldest = first_read(made, s.segments, layers, p, extent);
        if (oldest < end) map.transient = false;
        const std::int32_t next = columns.size() > 0 && columns.end > end ? columns.end : end;
        if ((next - oldest) * g.tensors[storage].extents.channels() > map.ahead)
          map.ahead = (next - oldest) * g.tensors[storage].extents.channels();
        columns = {end, next};
        end = next;
      }
    }
    for (std::int32_t p = 0; p < s.segments; ++p) {
      const interval columns = made[p * layers];
      interval& work = to.columns[p * layers + i];
      if (!accumulates(g, s, l))
        work = work_for(g, l, columns, direction::columns);
      else if (made[(s.segments - 1) * layers].end > made[0].first)
        work = even_part(summed_along(g, l, direction::columns), s.segments, p);
      else
        work = {};  // nobody reads the sums
      for (int position = 0; position < 2; ++position) {
        if (!g.has_input(l, position) || g.input_of(l, position).is_constant()) continue;
        const layer_span& from = spans[g.input_of(l, position).storage];
        if (from.last_writer < s.first) continue;
        interval& needed = to.made_columns[p * layers + first_maker_in(g, from, s)];
        needed = hull(needed, need_in_stage(g, s, l, position, work, direction::columns));
      }
    }
  }
  for (std::int32_t i = 0; i < layers; ++i)
    for (std::int32_t p = 0; p < s.segments; ++p)
      to.made_columns[p * layers + i] =
          to.made_columns[p * layers + first_maker_in(g, spans[g.output_of(g.layers[s.first + i]).storage], s)];
}

/// How the map that dies in a stage and the one that grows go on from segment to segment of a row.
constexpr void find_lead(graph_view g, const stage& s, const stage_tables& to, dry_run& run) {
  run.lead = run.widest = 0;
  if (run.ends.dying < 0 || run.ends.growing < 0) return;
  const std::int32_t layers = s.layers();
  const shape& dying = g.tensors[run.ends.dying].extents;
  const std::int32_t channels = g.tensors[g.output_of(g.layers[s.first + run.ends.growing]).storage].extents.channels();
  std::int32_t oldest = dying.width();
  for (std::int32_t p = s.segments - 1; p > 0; --p) {
    for (std::int32_t i = 0; i < layers; ++i)
      for (int position = 0; position < 2; ++position) {
        const layer& l = g.layers[s.first + i];
        if (!g.has_input(l, position) || g.input_of(l, position).storage != run.ends.dying) continue;
        const interval need = need_in_stage(g, s, l, position, to.columns[p * layers + i], direction::columns);
        if (need.size() > 0 && need.first < oldest) oldest = need.first;
      }
    const std::int32_t written = to.made_columns[(p - 1) * layers + run.ends.growing].end * channels;
    const std::int32_t lead = written - oldest * dying.channels();
    if (p == s.segments - 1) run.widest = written;
    if (p == s.segments - 1 || lead > run.lead) run.lead = lead;
  }
}

/// Starts to lay out a stage: its columns, and full maps for what later stages read.
constexpr void start_stage_plan(graph_view g, const stage& s, const layer_span* spans, const stage_tables& to) {
  const std::int32_t layers = s.layers();
  for (std::int32_t p = 0; p < s.column_patches && s.segments == 1; ++p)
    find_work(g, s, direction::columns, p, spans, to.columns + p * layers, to.made_columns + p * layers);
  for (std::int32_t i = 0; i < layers; ++i) {
    const std::int32_t storage = g.output_of(g.layers[s.first + i]).storage;
    const shape& extents = g.tensors[storage].extents;
    map_layout& map = to.maps[i];
    map.internal = spans[storage].first_writer >= s.first && spans[storage].last_reader < s.end;
    // What is loaded is kept from patch to patch.
    const bool stays = g.layers[s.first + i].kind == layer_kind::load && (s.row_patches > 1 || s.column_parts() > 1);
    map.transient = map.internal && spans[storage].first_writer == spans[storage].last_writer && !stays;
    // Kernels that make all of it at once make what nobody reads, too.
    map.rows = map.internal && makes_regions(g.layers[s.first + i].kind) ? 1 : map_rows(extents);
    map.row_pitch = extents.width() * extents.channels();
    map.ahead = 0;
  }
  if (s.segments > 1) find_segments(g, s, spans, to);
  for (std::int32_t i = 0; i < layers; ++i) {
    if (!to.maps[i].internal) continue;
    std::int32_t width = 1;
    for (std::int32_t p = 0; p < s.column_parts(); ++p)
      if (to.made_columns[p * layers + i].size() > width) width = to.made_columns[p * layers + i].size();
    to.maps[i].row_pitch = width * g.tensors[g.output_of(g.layers[s.first + i]).storage].extents.channels();
  }
}

/// Where the rows of a map stand that a stage of segments keeps: one transient segment; or rows one of which is written
/// over the oldest one; or whole rows.
constexpr void lay_out_segments(graph_view g, const stage& s, const layer_span* spans, const stage_tables& to,
                                std::int32_t index) {
  map_layout& map = to.maps[index];
  const std::int32_t storage = g.output_of(g.layers[s.first + index]).storage, layers = s.layers();
  if (!map.internal || map.transient) {
    map.ahead = 0;
    return;
  }
  const std::int32_t row = (to.made_columns[(s.segments - 1) * layers + index].end - to.made_columns[index].first) *
                           g.tensors[storage].extents.channels();
  const std::int32_t whole = to.progress[index].whole_rows > 1 ? to.progress[index].whole_rows : 1;
  const bool one_maker = spans[storage].first_writer == spans[storage].last_writer;
  map.row_pitch = row > map.row_pitch ? row : map.row_pitch;
  if (one_maker && !to.progress[index].at_once && whole < map.rows && map.ahead < (map.rows - whole) * map.row_pitch)
    map.rows = whole;
  else
    map.ahead = 0;
}

/// Goes on to lay out a stage: rings of as many rows as are alive at once for what later stages do not read. True when
/// the stage is laid out, false after some `rows_left` rows: compilers bound the work of one constant expression.
constexpr bool go_on_with_stage_plan(graph_view g, const stage& planned, const layer_span* spans, dry_run& run,
                                     const stage_tables& to, std::int32_t rows_left) {
  const std::int32_t layers = planned.layers();
  while (run.row_patch < planned.row_patches) {
    stage s = planned;
    s.upwards = run.upwards;
    if (s.segments > dry_segments) s.segments = dry_segments;
    interval* work = to.rows + run.row_patch * layers;
    if (!run.patch_started) {
      if (!run.upwards) find_work(g, s, direction::rows, run.row_patch, spans, work, to.made);
      if (s.row_patches == 1 && s.column_patches == 1) run.ends = find_ends(g, spans, s);
      if (s.segments > 1) find_lead(g, planned, to, run);
      if (layers > 1) start_patch(g, s, work, spans, to.progress, run);
      run.patch_started = true;
      rows_left -= layers;
    }
    if (layers > 1 && !run_dry(run, to.progress, to.maps, g, s, rows_left)) return false;
    run.patch_started = false;
    // Where a map can follow another, either way is open until both have their place.
    run.upwards = !run.upwards && layers > 1 && run.ends.dying >= 0 && run.ends.growing >= 0 && can_go_upwards(g, s);
    if (!run.upwards) ++run.row_patch;
  }
  const stage& s = planned;
  for (std::int32_t i = 0; i < layers; ++i) {
    const std::int32_t first = first_maker_in(g, spans[g.output_of(g.layers[s.first + i]).storage], s);
    if (first != i) to.maps[i] = to.maps[first];
    to.maps[i].transient = to.maps[i].transient && to.maps[i].rows == 1 && layers > 1;
    if (s.segments > 1 && first == i) lay_out_segments(g, s, spans, to, i);
  }
  return true;
}

/// Multiply-accumulates of a stage, halos counted as often as they are computed.
constexpr std::int64_t stage_macs(graph_view g, const stage& s, const interval* rows, const interval* columns) {
  std::int64_t sum = 0;
  for (std::int32_t i = 0; i < s.layers(); ++i) {
    const layer& l = g.layers[s.first + i];
    const auto all_along = [&](direction d) {
      return std::int64_t{accumulates(g, s, l) ? summed_along(g, l, d) : work_along(g, l, d)};
    };
    const std::int64_t all = all_along(direction::rows) * all_along(direction::columns);
    std::int64_t rows_done = 0, columns_done = 0;
    for (std::int32_t p = 0; p < s.row_patches; ++p) rows_done += rows[p * s.layers() + i].size();
    for (std::int32_t p = 0; p < s.column_parts(); ++p) columns_done += columns[p * s.layers() + i].size();
    // Where strides of a transposed convolution leave pixels out, each of them counts its part.
    sum += share_of(layer_macs(g, l), rows_done * columns_done, all);
  }
  return sum;
}

}  // namespace inlay::detail
