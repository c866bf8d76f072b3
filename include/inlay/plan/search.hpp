// Inlay: finds a schedule: the stages that need least memory, or that fit a budget with least recomputation.
#pragma once

#include <inlay/narrow.hpp>
#include <inlay/plan/arena.hpp>
#include <inlay/plan/facts.hpp>
#include <inlay/plan/need.hpp>
#include <inlay/plan/stage.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// What a search looks for: stages of at most `budget_bytes` with least recomputation, or of the least bytes.
struct search_goal {
  std::int64_t budget_bytes = 0x7fffffff;
  bool strips = true;  // columns may be computed again
  bool least_bytes = false;
  read_limit reads{};  // of layers that are no stage of their own
};

/// The best way found to run the layers before some point: scratch of the search.
struct search_state {
  std::int64_t recomputed_macs = -1;  // −1: there is none
  std::int32_t pieces = 0;            // of equal ways, the one is kept whose streams have fewer layers and segments
  std::int32_t bytes = 0;             // of its largest stage
  stage last{};
};

/// Strips into which the search cuts the columns of a stage, at most.
inline constexpr std::int32_t most_column_patches = 8;
/// Segments into which it cuts rows: 2, 4 and so on up to these. Those of the widest map have so many columns, at
/// least: every call of a kernel takes time, which shorter ones are not worth.
inline constexpr std::int32_t most_segments = 8;
inline constexpr std::int32_t least_segment_columns = 10;
/// Layers in one stage that is cut into strips, at most: longer ones have halos too wide to be of use.
inline constexpr std::int32_t most_strip_layers = 40;

constexpr bool is_better(const search_state& a, const search_state& b, bool least_bytes) {
  if (b.recomputed_macs < 0) return true;
  if (least_bytes && a.bytes != b.bytes) return a.bytes < b.bytes;
  if (a.recomputed_macs != b.recomputed_macs) return a.recomputed_macs < b.recomputed_macs;
  return a.pieces < b.pieces;
}

/// Offers a stage as the last of a way to run the layers before its end.
constexpr void offer(const search_goal& goal, search_state* best, const stage& s, std::int64_t bytes,
                     std::int64_t recomputed_macs) {
  const search_state& before = best[s.first];
  if (before.recomputed_macs < 0 || bytes > goal.budget_bytes || bytes > 0x7fffffff) return;
  const search_state candidate{before.recomputed_macs + recomputed_macs,
                               before.pieces + (s.layers() > 1 ? s.layers() * s.segments : 0),
                               before.bytes > bytes ? before.bytes : narrow<std::int32_t>(bytes), s};
  if (is_better(candidate, best[s.end], goal.least_bytes)) best[s.end] = candidate;
}

/// How many rows a layer has worked on when n rows of a map are wanted that is made from them: n × per_row + ahead.
struct row_pace {
  std::int32_t per_row = -1;  // −1: the map is not made from them, or there is no formula
  std::int32_t ahead = 0;

  constexpr std::int32_t at(std::int32_t n) const { return n * per_row + ahead; }
};

constexpr row_pace faster(const row_pace& a, const row_pace& b) {
  return a.per_row < 0 || b.per_row > a.per_row || (b.per_row == a.per_row && b.ahead > a.ahead) ? b : a;
}

/// Of two layers that read the map which dies in a stream, the first one and the last.
struct stream_paces {
  std::int32_t first = -1;  // of the stream
  row_pace of_reader[2]{};
};

/// What a stream saves, by estimate, as its last layer's map follows the one that dies in it. In segments, `lead` is
/// how many bytes more of a row of it are written, at most, before its last segment, than are read for them.
constexpr std::int32_t stream_saves(const layer_facts* facts, std::int32_t dying, std::int32_t first, std::int32_t i,
                                    const stream_paces& paces, bool in_segments = false, std::int32_t lead = 0) {
  const layer_facts& to = facts[facts[i].first_writer];
  const layer_facts& from = facts[dying];
  if (facts[i].first_writer < first) return 0;
  const std::int32_t row = to.full_bytes / to.rows, dying_row = from.full_bytes / from.rows;
  std::int32_t distance = 1;
  const std::int32_t readers[2]{first, from.last_reader};
  for (int r = 0; r < 2; ++r) {
    const layer_facts& reader = facts[readers[r]];
    const int position = reader.maker[0] == dying ? 0 : 1;
    const window_need& window = reader.window[position];
    // Rows that the reader has worked on as row y is made.
    row_pace pace = paces.of_reader[r];
    if (readers[r] == i) pace = {1, -1};
    if (pace.per_row < 0) return 0;  // the reader may not have begun when the map is done
    std::int32_t last = to.rows - 1;
    if (pace.per_row > 0 && (reader.work - 1 - pace.ahead) / pace.per_row - 1 < last)
      last = (reader.work - 1 - pace.ahead) / pace.per_row - 1;
    const std::int32_t extremes[] = {0, 1, last};
    for (const std::int32_t y : extremes) {
      if (y < 0 || y > last || pace.at(y + 1) >= reader.work) continue;
      const std::int32_t oldest = pace.at(y + 1) * window.stride + window.begin;
      const std::int32_t least = (y + 1) * row - (oldest > 0 ? oldest : 0) * dying_row;
      if (least > distance) distance = least;
      const std::int32_t before = oldest - window.stride;
      const std::int32_t in_row = y * row + lead - (before > 0 ? before : 0) * dying_row;
      if (in_segments && in_row > distance) distance = in_row;
    }
  }
  const std::int32_t shared = to.full_bytes - align_up(distance);
  return shared < 0 ? 0 : shared < from.full_bytes ? shared : from.full_bytes;
}

/// Calls f(end, bytes) for every stage of several whole-width layers that starts at `first`, extending it by
/// one layer at a time. `paces` is scratch, one for each layer.
template <typename Function>
constexpr void for_each_stream(const layer_facts* facts, std::int32_t layer_count, const read_limit& reads,
                               std::int32_t first, stream_paces* paces, Function f) {
  std::int32_t dying = -1;
  for (const std::int32_t maker : facts[first].maker)
    if (maker >= 0 && maker < first && !facts[maker].is_loaded &&
        (dying < 0 || facts[maker].full_bytes > facts[dying].full_bytes))
      dying = maker;
  const std::int32_t readers[2]{first, dying >= 0 ? facts[dying].last_reader : -1};
  if (readers[1] >= layer_count) dying = -1;
  // What is kept all the time, the most of transient rows alive at one time, and those as the last layer runs, with the
  // one that it makes if that is transient.
  std::int64_t kept = facts[first].passing_bytes;
  std::int32_t transient = 0, pending = 0, previous = -1;  // the layer before, but for loads
  for (std::int32_t i = first; i < layer_count; ++i) {
    const layer_facts& l = facts[i];
    if (!reads.allows(l.weight_bytes, l.work)) return;
    kept += l.full_bytes + l.sums_bytes;  // kept whole, until its last reader joins the stage
    std::int32_t row = 0;
    if (l.maker[0] >= first) {
      kept -= l.maker_saves[0];
      row = l.maker_row[0];
    }
    if (l.maker[1] >= first && !facts[l.maker[1]].is_loaded) {
      kept -= l.maker_saves[1];
      // Of two operands one is made before the other and kept.
      kept += row < l.maker_row[1] ? row : l.maker_row[1];
      if (row == 0 && l.maker[1] == previous && pending > transient) transient = pending;
      if (l.maker_row[1] > row) row = l.maker_row[1];
    } else if (row > 0 && l.maker[0] == previous && pending > transient) {
      transient = pending;
    }
    if (row > transient) transient = row;
    const bool over = (l.over_maker[0] && l.maker[0] >= first) || (l.over_maker[1] && l.maker[1] >= first);
    if (!l.is_loaded) {
      pending = row + (over ? 0 : l.row_bytes);
      previous = i;
    }
    for (std::int32_t m = l.joins; m >= 0; m = facts[m].next_joined)
      if (m >= first && facts[m].last_reader < i)
        kept += (facts[m].ring_rows - facts[m].few_ring_rows) * facts[m].row_bytes;
    if (!l.has_formula) dying = -1;
    if (dying >= 0) {
      stream_paces& own = paces[i];
      if (own.first != first) own = {first, {}};
      for (int r = 0; r < 2; ++r) {
        row_pace pace;
        for (std::size_t position = 0; position < 2; ++position) {
          const std::int32_t maker = l.maker[position];
          if (maker < first) continue;
          const row_pace& before = paces[maker].of_reader[r];
          const window_need& window = l.window[position];
          if (before.per_row < 0 || !window.exists) continue;
          pace = faster(pace, {before.per_row * window.stride, before.at(window.begin + window.size - window.stride)});
        }
        if (readers[r] == i) pace = {1, 0};
        own.of_reader[r] = pace;
        if (l.first_writer >= first && l.first_writer < i)
          paces[l.first_writer].of_reader[r] = faster(paces[l.first_writer].of_reader[r], pace);
      }
      if (i > first && readers[1] <= i) {
        f(i + 1, kept + transient - stream_saves(facts, dying, first, i, own));
        continue;
      }
    }
    if (i > first) f(i + 1, kept + transient);
  }
}

/// Scratch of the search for strips and segments, one for each layer.
struct strip_progress {
  std::int32_t strips = 0;  // of the stage that this is about, less than 0 for segments, and where it ends
  std::int32_t end = 0;
  interval columns[most_column_patches]{};  // that strips make of the map that the layer is the first to write
  std::int32_t operand_bytes = 0;           // the transient row that it reads
  std::int32_t output_bytes = 0;            // … and that it makes, unless this stands where the other was
  row_pace pace{};                          // of rows that are made of the stage's last map
  std::int32_t ahead = 0;                   // columns from the oldest one that is read to the newest one that is made
  bool is_cut = false;                      // `columns` are what each segment adds
  bool is_reread = false;                   // a segment reads columns of an earlier one
};

/// A layer's row that is read as soon as it is made: alive with whatever else its reader reads or makes, the most of
/// which becomes `transient`. Returns what is kept beside: of two operands one is made before the other.
constexpr std::int32_t keep_transient(const layer_facts* facts, std::int32_t i, std::int32_t row,
                                      strip_progress& reader, strip_progress& maker, std::int32_t& transient) {
  const layer_facts& r = facts[facts[i].last_reader];
  const std::int32_t kept = row < reader.operand_bytes ? row : reader.operand_bytes;
  if (row > reader.operand_bytes) reader.operand_bytes = row;
  if ((r.over_maker[0] && r.maker[0] == i) || (r.over_maker[1] && r.maker[1] == i)) reader.output_bytes = 0;
  maker.output_bytes = row;
  const std::int32_t rows = reader.operand_bytes + reader.output_bytes;
  if (rows > transient) transient = rows;
  return kept;
}

/// The scratch of a layer in a stage, cleared if it was another one's.
constexpr strip_progress& scratch_of(strip_progress* progress, std::int32_t i, std::int32_t strips, std::int32_t end) {
  strip_progress& p = progress[i];
  if (p.strips == strips && p.end == end) return p;
  p.strips = strips;
  p.end = end;
  p.operand_bytes = p.output_bytes = p.ahead = 0;
  p.pace.per_row = -1;
  p.is_cut = p.is_reread = false;
  for (interval& columns : p.columns) columns.first = columns.end = 0;
  return p;
}

/// Cuts a map's columns, of which `p.columns` are what is read for each segment, into what each adds.
constexpr void cut_columns(strip_progress& p, std::int32_t segments, std::int32_t width) {
  std::int32_t first[most_column_patches]{};  // of this segment and all later ones
  std::int32_t oldest = width;
  for (std::int32_t s = segments - 1; s >= 0; --s) {
    if (p.columns[s].first < p.columns[s].end && p.columns[s].first < oldest) oldest = p.columns[s].first;
    first[s] = oldest;
  }
  std::int32_t end = oldest < width ? oldest : 0;
  for (std::int32_t s = 0; s < segments; ++s) {
    interval& columns = p.columns[s];
    const std::int32_t next = columns.first < columns.end && columns.end > end ? columns.end : end;
    if (first[s] < end) p.is_reread = true;
    if (next - first[s] > p.ahead) p.ahead = next - first[s];
    columns.first = end;
    columns.end = next;
    end = next;
  }
  p.is_cut = true;
}

/// Whether a layer is a branch by itself, such as a projection beside a residual's layers: in segments, these are ahead
/// of it by more than a row.
constexpr bool is_short_branch(const layer_facts* facts, std::int32_t i) {
  const std::int32_t from = facts[i].maker[0];
  return from >= 0 && facts[i].maker[1] < 0 && facts[from].readers > 1 && facts[from].last_reader == i;
}

/// Layers of a stage of segments that a search looks at, at most.
inline constexpr std::int32_t most_segment_layers = 40;

/// Calls f(first, bytes) for every stage that ends at `end` and whose rows are cut into segments, extending it upwards,
/// as long as it keeps at most `most_bytes`.
template <typename Function>
constexpr void for_each_segment_stage(graph_view g, const layer_facts* facts, const read_limit& reads, std::int32_t end,
                                      std::int32_t segments, std::int64_t most_bytes, strip_progress* progress,
                                      Function f) {
  const auto of = [&](std::int32_t i) -> strip_progress& {
    return scratch_of(progress, i, -segments, end);
  };
  std::int64_t kept = 0;
  std::int32_t transient = 0;
  std::int32_t widest = 0;
  bool has_formula = true;
  for (std::int32_t i = end - 1; i >= 0 && i >= end - most_segment_layers; --i) {
    const layer& layer = g.layers[i];
    const layer_facts& l = facts[i];
    if (l.is_loaded) return;  // weights would be kept for all rows
    if (!reads.allows(l.weight_bytes, std::int64_t{l.work} * segments)) return;
    const bool leaves = l.last_reader >= end;
    has_formula = has_formula && l.has_formula;
    strip_progress& map = of(l.first_writer);
    if (!map.is_cut) {
      for (std::int32_t s = 0; s < segments; ++s) {
        interval& columns = map.columns[s];
        if (leaves) columns = hull(columns, even_part(l.width, segments, s));
        if (!makes_segments(layer.kind) && columns.first < columns.end) columns = {0, l.width};
      }
      cut_columns(map, segments, l.width);
    }
    if (i == end - 1) map.pace = {1, 0};
    std::int32_t width = 1;
    for (std::int32_t s = 0; s < segments; ++s)
      if (map.columns[s].end - map.columns[s].first > width) width = map.columns[s].end - map.columns[s].first;
    for (std::size_t position = 0; position < 2; ++position) {
      if (l.maker[position] < 0) continue;
      strip_progress& operand = of(l.maker[position]);
      const window_need& window = l.column_window[position];
      for (std::int32_t s = 0; s < segments; ++s) {
        const interval& columns = map.columns[s];
        interval& needed = operand.columns[s];
        if (l.sums_bytes > 0) {
          const interval part = even_part(facts[l.maker[position]].width, segments, s);
          grow(needed, part.first, part.end);
        } else if (columns.first >= columns.end) {
          continue;
        } else if (l.works_as_it_makes && window.exists) {
          const std::int32_t first = columns.first * window.stride + window.begin;
          const std::int32_t end_column = first + (columns.end - 1 - columns.first) * window.stride + window.size;
          grow(needed, clamp_to_extent(first, window.extent), clamp_to_extent(end_column, window.extent));
        } else {
          const interval work = work_for(g, layer, columns, direction::columns);
          needed = hull(needed, input_need(g, layer, static_cast<int>(position), work, direction::columns));
        }
      }
      if (const window_need& rows = l.window[position]; rows.exists && map.pace.per_row >= 0)
        operand.pace = faster(operand.pace, {map.pace.per_row * rows.stride,
                                             (map.pace.ahead - 1) * rows.stride + rows.begin + rows.size});
    }
    kept += l.sums_bytes;
    if (leaves) {
      kept += l.full_bytes;
    } else if (l.transient && !map.is_reread && !is_short_branch(facts, i)) {
      kept += keep_transient(facts, i, width * l.channels, of(l.last_reader), of(i), transient);
    } else if (l.full_bytes > 0) {
      const std::int32_t all = map.columns[segments - 1].end - map.columns[0].first;
      const bool is_behind = is_short_branch(facts, l.last_reader);
      std::int32_t rows = l.transient ? 1 : l.joined >= end ? l.few_ring_rows : l.ring_rows;
      if (is_behind) ++rows;
      kept += (rows > 1 && map.ahead < all && !is_behind ? (rows - 1) * all + map.ahead : rows * all) * l.channels;
    }
    if (makes_segments(layer.kind) && l.width > widest) widest = l.width;
    if (kept > most_bytes) return;  // further up it is only more
    if (i == end - 1 || widest < least_segment_columns * segments) continue;
    std::int32_t dying = -1;
    for (const std::int32_t maker : l.maker)
      if (maker >= 0 && maker < i && !facts[maker].is_loaded &&
          (dying < 0 || facts[maker].full_bytes > facts[dying].full_bytes))
        dying = maker;
    std::int32_t saved = 0;
    if (has_formula && dying >= 0 && facts[dying].last_reader < end) {
      const strip_progress& last = of(end - 1);
      std::int32_t lead = 0;
      for (std::int32_t s = 1; s < segments; ++s)
        if (const std::int32_t more =
                last.columns[s - 1].end * facts[end - 1].channels - of(dying).columns[s].first * facts[dying].channels;
            more > lead)
          lead = more;
      const stream_paces paces{i,
                               {of(facts[i].first_writer).pace, of(facts[facts[dying].last_reader].first_writer).pace}};
      saved = stream_saves(facts, dying, i, end - 1, paces, true, lead);
    }
    f(i, kept + transient + l.passing_bytes - saved);
  }
}

/// Calls f(first, bytes, recomputed MACs) for every stage that ends at `end` and is cut into strips, extending
/// it upwards, as long as it keeps at most `most_bytes` and recomputes at most `most_macs`.
template <typename Function>
constexpr void for_each_strip_stage(graph_view g, const layer_facts* facts, const read_limit& reads, std::int32_t end,
                                    std::int32_t strips, std::int64_t most_bytes, std::int64_t most_macs,
                                    strip_progress* progress, Function f) {
  const auto of = [&](std::int32_t i) -> strip_progress& {
    return scratch_of(progress, i, strips, end);
  };
  std::int64_t kept = 0, recomputed = 0;
  std::int32_t transient = 0;
  for (std::int32_t i = end - 1; i >= 0 && i >= end - most_strip_layers; --i) {
    const layer& layer = g.layers[i];
    const layer_facts& l = facts[i];
    const bool leaves = l.last_reader >= end;
    // A global average would wait for its whole input; strips without a column of their own are none.
    if (l.sums_bytes > 0 || (leaves && l.width < strips)) return;
    if (!reads.allows(l.weight_bytes, std::int64_t{l.work} * strips)) return;
    const bool at_once = !l.works_as_it_makes && !makes_regions(layer.kind);
    interval* const made_columns = of(l.first_writer).columns;
    std::int32_t width = 1, made = 0;
    for (std::int32_t strip = 0; strip < strips; ++strip) {
      // The layers that make parts of one map share its columns.
      interval& columns = made_columns[strip];
      if (leaves) columns = hull(columns, even_part(l.width, strips, strip));
      if (at_once && columns.size() > 0) columns = {0, l.width};
      const std::int32_t size = columns.end - columns.first;
      if (size > width) width = size;
      made += size;
    }
    for (std::size_t position = 0; position < 2; ++position) {
      if (l.maker[position] < 0) continue;
      interval* const needed = of(l.maker[position]).columns;
      const window_need& window = l.column_window[position];
      for (std::int32_t strip = 0; strip < strips; ++strip) {
        const interval& columns = made_columns[strip];
        if (columns.first >= columns.end) continue;
        if (l.works_as_it_makes && window.exists) {
          const std::int32_t first = columns.first * window.stride + window.begin;
          const std::int32_t end_column = first + (columns.end - 1 - columns.first) * window.stride + window.size;
          grow(needed[strip], clamp_to_extent(first, window.extent), clamp_to_extent(end_column, window.extent));
        } else {
          const interval work = work_for(g, layer, columns, direction::columns);
          needed[strip] =
              hull(needed[strip], input_need(g, layer, static_cast<int>(position), work, direction::columns));
        }
      }
    }
    // macs × (made − width) / width, whose product need not fit 64 bits.
    if (const std::int32_t again = made - l.width; again > 0 && l.width > 0)
      recomputed += l.macs / l.width * again + l.macs % l.width * again / l.width;
    const std::int32_t row = width * l.channels;
    if (leaves) {
      kept += l.full_bytes;
    } else if (l.transient) {
      kept += keep_transient(facts, i, row, of(l.last_reader), of(i), transient);
    } else if (l.full_bytes > 0) {
      kept += (l.joined >= end ? l.few_ring_rows : l.ring_rows) * row;
    }
    if (kept > most_bytes || recomputed > most_macs) return;  // further up it is only more
    // Without anything computed again, streams are enough; so strips always cost something.
    if (i < end - 1) f(i, kept + transient + facts[i].passing_bytes, recomputed > 0 ? recomputed : 1);
  }
}

/// Starts a search: `best` has layer_count + 1 entries.
constexpr void start_search(graph_view g, search_state* best) {
  for (std::int32_t i = 0; i <= g.layer_count; ++i) best[i] = {};
  best[0].recomputed_macs = 0;
}

/// Goes on with a search for layers [first, end). A compiler does it in parts, each within its limits; `progress` is
/// scratch of layer_count, and so is `paces`.
constexpr void go_on_with_search(graph_view g, const layer_facts* facts, const search_goal& goal, std::int32_t first,
                                 std::int32_t end, search_state* best, strip_progress* progress, stream_paces* paces) {
  std::int32_t widest = 0;  // of the maps so far that are made in segments
  for (std::int32_t i = 0; i < first; ++i)
    if (makes_segments(g.layers[i].kind) && facts[i].width > widest) widest = facts[i].width;
  for (std::int32_t i = first; i < end; ++i) {
    if (best[i].recomputed_macs >= 0) {
      offer(goal, best, {i, i + 1}, facts[i].alone_bytes, 0);
      for_each_stream(facts, g.layer_count, goal.reads, i, paces,
                      [&](std::int32_t stop, std::int64_t bytes) { offer(goal, best, {i, stop}, bytes, 0); });
    }
    if (makes_segments(g.layers[i].kind) && facts[i].width > widest) widest = facts[i].width;
    for (std::int32_t few = 2; few <= most_segments; few *= 2) {
      const search_state& so_far = best[i + 1];
      // Segments are of no use where nothing need be computed again, small ones where larger ones do.
      if (so_far.recomputed_macs == 0 && !goal.least_bytes) break;
      // The smallest take least: what follows them ends soon.
      const std::int32_t count = goal.least_bytes ? 2 * most_segments / few : few;
      if (widest < least_segment_columns * count) continue;
      const bool is_least = goal.least_bytes && so_far.recomputed_macs >= 0;
      for_each_segment_stage(g, facts, goal.reads, i + 1, count, is_least ? so_far.bytes : goal.budget_bytes, progress,
                             [&](std::int32_t start, std::int64_t bytes) {
                               offer(goal, best, {.first = start, .end = i + 1, .segments = count}, bytes, 0);
                             });
    }
    if (!goal.strips || (best[i + 1].recomputed_macs == 0 && !goal.least_bytes)) continue;
    for (std::int32_t count = 2; count <= most_column_patches; ++count) {
      const search_state& so_far = best[i + 1];
      const bool exists = so_far.recomputed_macs >= 0;
      const std::int64_t most_bytes = exists && goal.least_bytes ? so_far.bytes : goal.budget_bytes;
      const std::int64_t most_macs = exists && !goal.least_bytes ? so_far.recomputed_macs : INT64_MAX;
      for_each_strip_stage(g, facts, goal.reads, i + 1, count, most_bytes, most_macs, progress,
                           [&](std::int32_t start, std::int64_t bytes, std::int64_t recomputed) {
                             offer(goal, best, {start, i + 1, 1, count}, bytes, recomputed);
                           });
    }
  }
}

/// The stages that a finished search found, from the first on; none if nothing fits. `stages` has room for
/// layer_count. Returns how many there are.
constexpr std::int32_t found_stages(graph_view g, const search_state* best, stage* stages) {
  if (best[g.layer_count].recomputed_macs < 0) return 0;
  std::int32_t count = 0;
  for (std::int32_t end = g.layer_count; end > 0; end = best[end].last.first) ++count;
  for (std::int32_t end = g.layer_count, i = count; end > 0; end = best[end].last.first) stages[--i] = best[end].last;
  return count;
}

/// Estimate of what layer after layer needs: no placing takes less.
constexpr std::int32_t per_layer_bytes(graph_view g, const layer_facts* facts) {
  std::int32_t most = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    if (facts[i].alone_bytes > most) most = facts[i].alone_bytes;
  return most;
}

/// Where a search for a budget starts again that has found nothing: placing can need some less than is estimated, too.
constexpr std::int64_t generous_estimate(std::int64_t budget_bytes) { return budget_bytes + budget_bytes / 8; }

/// What a run computes again, in hundredths of the network's own multiply-accumulates, rounded up.
constexpr std::int64_t overhead_percent(std::int64_t run_macs, std::int64_t network_macs) {
  const std::int64_t again = run_macs - network_macs;
  return again > 0 ? (100 * again - 1) / network_macs + 1 : 0;
}

}  // namespace inlay::detail
