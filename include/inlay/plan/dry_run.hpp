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
  std::int32_t segment = 0;             // of the next row, that is to be made next
  std::int32_t made_rows = 0;           // of its output's map, from the top
  std::int32_t made_segments = 0;       // of the row after these
  std::int32_t whole_rows = 0;          // of a map, at its first layer: rows that must be there beside the newest one
  window_need window[2]{};              // how its work's rows need those of each operand
  interval need[2]{};                   // rows of each operand that its next row needs
  std::int32_t map = -1;                // the first layer that writes its output's map
  std::int32_t operand_map[2]{-1, -1};  // the first layers that write its operands
  bool reads_dying[2]{};                // the operand is the map that dies in the stage
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

constexpr void update(graph_view g, const stage& s, layer_progress* progress, std::int32_t index) {
  layer_progress& p = progress[index];
  const bool finished = p.done >= p.rows.end;
  p.made_rows = made_rows(p.rows, p.done, p.at_once, p.all_rows);
  p.made_segments = p.at_once ? 0 : p.segment;
  const interval row{p.done, p.done + 1};
  for (int position = 0; position < 2; ++position)
    if (p.operand_map[position] >= 0 || p.reads_dying[position])
      p.need[position] = finished ? interval{0x7fffffff, 0x7fffffff}
                         : p.window[position].exists
                             ? p.window[position].of(row)
                             : need_in_stage(g, s, g.layers[s.first + index], position, row, direction::rows);
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

/// The larger map of the arena that the first layer of a stage reads and no layer after the stage, −1 for none; and the
/// first layer, counted from the stage's, that writes the map which the last layer writes, if that is made in the stage
/// and read after it. Rows of the second may be written where rows of the first have died. None where some layer's need
/// has no formula: the search could not tell what that saves.
struct stage_ends {
  std::int32_t dying = -1;
  std::int32_t growing = -1;
};

constexpr stage_ends find_ends(graph_view g, const layer_span* spans, const stage& s) {
  stage_ends ends;
  for (std::int32_t i = s.first; i < s.end && s.layers() > 1; ++i)
    if (!has_row_formula(g, g.layers[i])) return ends;
  std::int32_t most_bytes = 0;
  const layer& l = g.layers[s.first];
  for (int position = 0; position < 2; ++position) {
    if (!g.has_input(l, position) || g.input_of(l, position).is_constant() || g.input_of(l, position).is_loaded)
      continue;
    const std::int32_t storage = g.input_of(l, position).storage;
    const layer_span& span = spans[storage];
    const std::int32_t bytes = g.tensors[storage].extents.elements();
    const bool dies = span.first_writer >= 0 && span.last_writer < s.first && span.last_reader < s.end;
    if (!dies || bytes <= most_bytes) continue;
    ends.dying = storage;
    most_bytes = bytes;
  }
  const layer_span& made = spans[g.output_of(g.layers[s.end - 1]).storage];
  if (made.first_writer >= s.first && made.last_reader >= s.end) ends.growing = made.first_writer - s.first;
  return ends;
}

/// How far the planning of a stage has come.
struct dry_run {
  std::int32_t row_patch = 0;
  bool patch_started = false;
  bool upwards = false;        // the stage's rows are made from the last one on
  std::int32_t previous = -1;  // the layer that made the last row
  candidates waiting{};
  stage_ends ends{};
  std::int32_t dying_readers = -1;  // of the map that dies: the last operand that is it, like layer_progress::readers
  // Bytes of a row of the map that grows, as all its segments but the last are made: written, at most, …
  std::int32_t widest = 0;
  std::int32_t lead = 0;  // … and so many more than of the map that dies have been read for them
};

/// Segments of a row in a dry run, at most: the first, the last, and one that stands for all between.
inline constexpr std::int32_t dry_segments = 3;

/// Wants the rows of its operands that a layer lacks for its next row; true if there are none.
constexpr bool has_operands(layer_progress* progress, candidates& waiting, std::int32_t index) {
  bool all = true;
  for (int position = 0; position < 2; ++position) {
    const std::int32_t map = progress[index].operand_map[position];
    if (map < 0) continue;
    const std::int32_t needed = progress[index].need[position].end;
    for (std::int32_t m = progress[map].makers; m >= 0; m = progress[m].next_maker) {
      if (has_made(progress[m].made_rows, progress[m].made_segments, needed, progress[index].segment)) continue;
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
    const bool is_whole = d == direction::columns && patches == 1 ? !makes_segments(l.kind) : !makes_regions(l.kind);
    if (is_whole && made[i].size() > 0) made[i] = {0, extent_along(g.tensors[g.output_of(l).storage].extents, d)};
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
constexpr void start_patch(graph_view g, const stage& s, const interval* work, const layer_span* spans,
                           layer_progress* progress, dry_run& run) {
  run.waiting = {};
  run.previous = -1;
  run.dying_readers = -1;
  for (std::int32_t i = 0; i < s.layers(); ++i) {
    const layer& l = g.layers[s.first + i];
    const layer_span& output = spans[g.output_of(l).storage];
    layer_progress& p = progress[i];
    p = {};
    p.rows = s.upwards ? mirrored(work[i], work_along(g, l, direction::rows)) : work[i];
    p.done = p.rows.first;
    p.all_rows = map_rows(g.tensors[g.output_of(l).storage].extents);
    p.at_once = is_made_at_once(g, s, l);
    p.leaves = output.last_reader >= s.end;
    p.map = first_maker_in(g, output, s);
    p.next_maker = progress[p.map].makers;
    progress[p.map].makers = i;
    for (int position = 0; position < 2; ++position) {
      if (!g.has_input(l, position) || g.input_of(l, position).is_constant()) continue;
      const layer_span& span = spans[g.input_of(l, position).storage];
      p.reads_dying[position] = g.input_of(l, position).storage == run.ends.dying;
      const bool inside = span.last_writer >= s.first;
      if (!inside && !p.reads_dying[position]) continue;
      if (inside) p.operand_map[position] = first_maker_in(g, span, s);
      p.window[position] = window_in_stage(g, s, l, position, direction::rows);
      std::int32_t& readers = inside ? progress[p.operand_map[position]].readers : run.dying_readers;
      p.next_reader[position] = readers;
      readers = 2 * i + position;
    }
    update(g, s, progress, i);
    if (p.leaves) run.waiting.add(progress, i);
  }
}

/// Counts a segment of a layer as made, for which its readers may have waited.
constexpr void advance(graph_view g, const stage& s, layer_progress* progress, candidates& waiting,
                       std::int32_t index) {
  if (++progress[index].segment == s.segments) {
    progress[index].segment = 0;
    ++progress[index].done;
  }
  update(g, s, progress, index);
  if (progress[index].leaves) waiting.add(progress, index);
  for (std::int32_t r = progress[progress[index].map].readers; r >= 0; r = progress[r / 2].next_reader[r % 2])
    if (progress[r / 2].wanted || progress[r / 2].leaves) waiting.add(progress, r / 2);
}

/// The first row of a map that any of its readers needs for its next one, no later than `oldest`.
constexpr std::int32_t oldest_needed(const layer_progress* progress, std::int32_t readers, std::int32_t oldest) {
  for (std::int32_t r = readers; r >= 0; r = progress[r / 2].next_reader[r % 2])
    if (progress[r / 2].need[r % 2].first < oldest) oldest = progress[r / 2].need[r % 2].first;
  return oldest;
}

/// Rows of a layer's output map that are made, the last one in part perhaps, and still wanted.
constexpr std::int32_t rows_alive(const layer_progress* progress, std::int32_t maker) {
  const std::int32_t made = progress[maker].made_rows + (progress[maker].made_segments > 0 ? 1 : 0);
  return made - oldest_needed(progress, progress[progress[maker].map].readers, made);
}

/// Whether all that a layer has made of a map has been read.
constexpr bool is_read(const layer_progress* progress, std::int32_t maker) {
  const layer_progress& m = progress[maker];
  for (std::int32_t r = progress[m.map].readers; r >= 0; r = progress[r / 2].next_reader[r % 2]) {
    const std::int32_t first = progress[r / 2].need[r % 2].first;
    if (first < m.made_rows || (first == m.made_rows && progress[r / 2].segment < m.made_segments)) return false;
  }
  return true;
}

/// As a layer is to make its next segment: how many rows of each operand must be there apart from one that is written
/// over the oldest row, no further than in step with this layer.
constexpr void count_whole_rows(const stage& s, layer_progress* progress, std::int32_t index) {
  const layer_progress& reader = progress[index];
  for (int position = 0; position < 2; ++position) {
    if (reader.operand_map[position] < 0) continue;
    layer_progress& map = progress[reader.operand_map[position]];
    const bool in_part = map.made_segments > 0;
    const std::int32_t newest = in_part ? map.made_rows : map.made_rows - 1;
    const bool in_step = (in_part ? map.made_segments : s.segments) <= reader.segment + 1;
    const std::int32_t rows = newest - reader.need[position].first + (in_step ? 0 : 1);
    if (rows > map.whole_rows) map.whole_rows = rows;
  }
}

/// Whether all layers that read the oldest row which is still needed have made a segment, like this, of their next
/// rows.
constexpr bool reads_in_step(const layer_progress* progress, std::int32_t readers, std::int32_t segment) {
  const std::int32_t oldest = oldest_needed(progress, readers, 0x7fffffff);
  for (std::int32_t r = readers; r >= 0; r = progress[r / 2].next_reader[r % 2])
    if (progress[r / 2].need[r % 2].first == oldest && progress[r / 2].segment <= segment) return false;
  return true;
}

/// Bytes of a row of the map that a layer writes to.
constexpr std::int32_t map_row_bytes(const shape& s) { return s.width() * s.channels(); }

/// Rows of its output's map that a layer has written, at most, when it has made row y of its work.
constexpr std::int32_t written_rows(graph_view g, const stage& s, const layer& l, std::int32_t y) {
  return is_made_at_once(g, s, l) ? map_rows(g.tensors[g.output_of(l).storage].extents) : y + 1;
}

/// How far ahead of a map that dies another must lie, so that its first `written` rows stand where none of the rows
/// from `oldest` on do.
constexpr std::int32_t distance_for(const shape& dying, std::int32_t oldest, const shape& growing,
                                    std::int32_t written) {
  if (oldest >= map_rows(dying)) return 1;
  const std::int32_t distance = written * map_row_bytes(growing) - oldest * map_row_bytes(dying);
  return distance > 1 ? distance : 1;
}

/// Rows of a layer of which distance_of_layer tries each, where there is no formula, at most.
inline constexpr std::int32_t most_rows_tried = 1000;

/// How far ahead of its operand, a map that dies, the output of a layer must lie that is a stage of its own and makes
/// so many rows at once, the way that the stage says.
constexpr std::int32_t distance_one_way(graph_view g, const stage& s, std::int32_t dying,
                                        std::int32_t rows_at_once = 1) {
  const layer& l = g.layers[s.first];
  const shape& from = g.tensors[dying].extents;
  const shape& to = g.tensors[g.output_of(l).storage].extents;
  const std::int32_t work = work_along(g, l, direction::rows);
  const bool has_formula = has_row_formula(g, l);
  if (!has_formula && work > most_rows_tried) return to.elements();
  std::int32_t distance = 1;
  for (int position = 0; position < 2; ++position) {
    if (!g.has_input(l, position) || g.input_of(l, position).storage != dying) continue;
    const auto make_row = [&](std::int32_t y) {
      const std::int32_t oldest = need_in_stage(g, s, l, position, {y, y + 1}, direction::rows).first;
      const std::int32_t last = y + rows_at_once < work ? y + rows_at_once - 1 : work - 1;
      const std::int32_t least = distance_for(from, oldest, to, written_rows(g, s, l, last));
      if (least > distance) distance = least;
    };
    for (std::int32_t y = 0; y < work - 1 && !has_formula; ++y) make_row(y);
    make_row(work - 1);
    if (!has_formula) continue;
    make_row(work > rows_at_once ? work - rows_at_once : 0);
    // It grows or shrinks with every row, but for the first and the last ones, whose windows begin outside the map.
    const window_need window = window_in_stage(g, s, l, position, direction::rows);
    const std::int32_t turn = window.begin < 0 && window.stride > 0 ? -window.begin / window.stride : 0;
    if (turn < work - 1) make_row(turn);
    if (turn < work - 2) make_row(turn + 1);
    const std::int32_t last = window.stride > 0 ? (window.extent - 1 - window.begin) / window.stride : work;
    if (last < work - 1) make_row(last);
  }
  return distance;
}

/// The same, whichever way it can run.
constexpr std::int32_t distance_of_layer(graph_view g, const stage& s, std::int32_t dying,
                                         std::int32_t rows_at_once = 1) {
  const std::int32_t distance = distance_one_way(g, s, dying, rows_at_once);
  if (!can_go_upwards(g, s)) return distance;
  stage other = s;
  other.upwards = true;
  const std::int32_t upwards = distance_one_way(g, other, dying, rows_at_once);
  return upwards > distance ? upwards : distance;
}

/// Goes on with a patch of rows on counters alone, for at most `rows_left` rows; true when it is done. Widens each
/// map's rows to as many as are alive at once, and clears `transient` where a row is wanted longer than by the layer
/// that runs next.
constexpr bool run_dry(dry_run& run, layer_progress* progress, map_layout* maps, graph_view g, const stage& s,
                       std::int32_t& rows_left) {
  for (; rows_left > 0; --rows_left) {
    const std::int32_t i = next_layer(progress, run.waiting);
    if (i < 0) return true;
    if (run.ends.dying >= 0 && progress[i].map == run.ends.growing) {
      const shape& dying = g.tensors[run.ends.dying].extents;
      const layer& l = g.layers[s.first + i];
      const shape& growing = g.tensors[g.output_of(l).storage].extents;
      const std::int32_t written = written_rows(g, s, l, progress[i].done);
      std::int32_t least =
          distance_for(dying, oldest_needed(progress, run.dying_readers, map_rows(dying)), growing, written);
      if (progress[i].segment + 1 < s.segments && !progress[i].at_once && least > 1)
        least += (reads_in_step(progress, run.dying_readers, progress[i].segment) ? run.lead : run.widest) -
                 map_row_bytes(growing);
      if (least > maps[run.ends.growing].distance) maps[run.ends.growing].distance = least;
    }
    if (s.segments > 1) count_whole_rows(s, progress, i);
    map_layout& map = maps[progress[i].map];
    advance(g, s, progress, run.waiting, i);
    if (run.previous >= 0 && maps[run.previous].transient && !is_read(progress, run.previous))
      maps[run.previous].transient = false;
    run.previous = i;
    if (!map.internal) continue;
    const std::int32_t alive = rows_alive(progress, i);
    if (alive > map.rows) map.rows = alive;
  }
  return false;
}

/// The first of the rows of a map that stand where they were made, see map_view; others are ahead.
constexpr std::int32_t newer_row(const map_layout& map, std::int32_t rows_done, std::int32_t segment) {
  const std::int32_t newest = segment > 0 ? rows_done : rows_done - 1;
  return map.ahead > 0 && newest > 0 ? newest - newest % map.rows : 0;
}
constexpr std::int32_t newer_row(const map_layout& map, const layer_progress& p) {
  return newer_row(map, p.done, p.segment);
}

/// Whether all rows of a ring must be moved ahead before this segment of row y is made.
constexpr bool begins_ring(const map_layout& map, std::int32_t y, std::int32_t segment) {
  return map.ahead > 0 && segment == 0 && y % map.rows == 0;
}

/// Runs a patch of a stage: calls run(layer of the stage, rows, segment) for one row of one layer after another, or a
/// segment of one; for a stage of one layer, for all rows at once. `rows` is the layers' work in this patch, `progress`
/// says how far each layer has come.
template <typename Run>
constexpr void run_patch(graph_view g, const stage& s, const interval* rows, const layer_span* spans,
                         layer_progress* progress, Run run) {
  if (s.layers() == 1) {
    if (rows[0].size() > 0) run(0, rows[0], 0);
    return;
  }
  dry_run so_far;
  start_patch(g, s, rows, spans, progress, so_far);
  for (std::int32_t i = next_layer(progress, so_far.waiting); i >= 0; i = next_layer(progress, so_far.waiting)) {
    const std::int32_t row = row_of_work(g, s, g.layers[s.first + i], progress[i].done);
    run(i, interval{row, row + 1}, progress[i].segment);
    advance(g, s, progress, so_far.waiting, i);
  }
}

}  // namespace inlay::detail
