// Inlay: finds a schedule: the stages that need least memory, or that fit a budget with least recomputation.
#pragma once

#include <inlay/narrow.hpp>
#include <inlay/plan/arena.hpp>
#include <inlay/plan/need.hpp>
#include <inlay/plan/stage.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// What the search knows of a layer and of the map that it is the first to write. Bytes are of that map.
struct layer_facts {
  std::int32_t full_bytes = 0;     // kept whole; 0 if an earlier layer writes the map, too
  std::int32_t row_bytes = 0;      // one row, as wide as somebody reads it
  std::int32_t ring_rows = 0;      // as a ring; 0 if its rows are transient
  std::int32_t few_ring_rows = 0;  // … in stages that end before layer `joined`
  bool transient = false;          // one row, read as soon as it is made
  std::int32_t passing_bytes = 0;  // maps that are made before this layer and read by it or later
  std::int32_t alone_bytes = 0;    // alive while the layer runs as a stage of its own
  std::int32_t sums_bytes = 0;     // of a layer that accumulates in a stream
  std::int32_t first_writer = -1;  // of the map
  std::int32_t last_reader = -1;
  std::int32_t readers = 0;       // layers that read it
  std::int32_t joined = -1;       // the layer at which all that is made from the map is one map again
  std::int32_t joins = -1;        // list of the maps that are joined at this layer …
  std::int32_t next_joined = -1;  // … and of this one the next
  std::int32_t maker[2]{-1, -1};  // the layers that first write its operands, −1 outside the arena and for a map's
                                  // second time
  std::int32_t maker_row[2]{};    // bytes of transient rows that the layer reads
  std::int32_t maker_saves[2]{};  // where the layer is an operand's last reader: what a ring takes less than all of it
  bool over_maker[2]{};           // a transient row can stand where the operand's transient row is
  std::int32_t width = 1, channels = 1;
  std::int32_t rows = 1;    // of the map
  std::int32_t work = 1;    // rows that the layer works on
  window_need window[2]{};  // of these on its operands
  window_need column_window[2]{};
  bool works_as_it_makes = false;  // its work's columns are its output's
  bool has_formula = false;        // for the rows that it needs
  bool is_loaded = false;          // the map is a buffer of weights, of which every row of a reader's work needs all
  std::int64_t weight_bytes = 0;
  std::int64_t macs = 0;
};

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
  std::int32_t streamed_layers = 0;   // of equal ways, the one with fewer layers in streams is kept
  std::int32_t bytes = 0;             // of its largest stage
  stage last{};
};

/// Strips into which the search cuts the columns of a stage, at most.
inline constexpr std::int32_t most_column_patches = 8;
/// Layers in one stage that is cut into strips, at most: longer ones have halos too wide to be of use.
inline constexpr std::int32_t most_strip_layers = 40;

/// What layers read of each other's maps.
constexpr void find_readers(graph_view g, const layer_span* spans, layer_facts* facts) {
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    const layer& l = g.layers[i];
    for (int position = 0; position < 2; ++position) {
      if (!g.has_input(l, position) || g.input_of(l, position).is_constant()) continue;
      const std::int32_t maker = spans[g.input_of(l, position).storage].first_writer;
      if (maker < 0) continue;
      // Rows that it reads at once, at least.
      const window_need window = window_in_stage(g, {0, g.layer_count}, l, position, direction::rows);
      facts[i].window[position] = window;
      facts[i].column_window[position] = find_window_need(g, l, position, direction::columns);
      const std::int32_t rows = !window.exists ? 1 : window.size < window.extent ? window.size : window.extent;
      if (facts[maker].few_ring_rows < rows) facts[maker].few_ring_rows = rows;
      if (position == 1 && maker == facts[i].maker[0]) continue;
      facts[i].maker[position] = maker;
      ++facts[maker].readers;
    }
  }
}

/// The layer at which all that is made from a map is one map again. Until then the map's readers need not run at the
/// same pace.
constexpr std::int32_t find_join(graph_view g, const layer_facts* facts, std::int32_t map, bool* from_map) {
  std::int32_t alive = 1;  // maps that are made from it and read later
  for (std::int32_t i = map; i < g.layer_count; ++i) from_map[i] = i == map;
  for (std::int32_t i = map + 1; i < g.layer_count; ++i) {
    const layer_facts& l = facts[i];
    for (const std::int32_t maker : l.maker) {
      if (maker < map || !from_map[maker]) continue;
      if (!from_map[l.first_writer] && l.first_writer > map) {
        from_map[l.first_writer] = true;
        ++alive;
      }
      if (facts[maker].last_reader == i) --alive;
    }
    // Parts of a map that is made by several layers do not wait for each other.
    if (alive == 1 && facts[map].last_reader <= i && l.first_writer == i) return i;
  }
  return g.layer_count - 1;
}

/// What a layer saves that runs by itself, as its map follows an operand that dies.
constexpr std::int32_t layer_saves(graph_view g, const layer_facts* facts, std::int32_t i) {
  std::int32_t dying = -1;
  for (const std::int32_t maker : facts[i].maker)
    if (maker >= 0 && !facts[maker].is_loaded && facts[maker].last_reader == i &&
        (dying < 0 || facts[maker].full_bytes > facts[dying].full_bytes))
      dying = maker;
  if (dying < 0) return 0;
  const std::int32_t distance = align_up(distance_one_way(g, {i, i + 1}, g.output_of(g.layers[dying]).storage));
  const std::int32_t shared = facts[i].full_bytes - distance;
  return shared < 0 ? 0 : shared < facts[dying].full_bytes ? shared : facts[dying].full_bytes;
}

/// Fills in the facts. `maps` are the layouts of all layers run as one stage, which shows how many rows of each
/// map are alive at once in any stage that makes and reads it; `from_map` is scratch of layer_count.
constexpr void find_facts(graph_view g, const layer_span* spans, const map_layout* maps, layer_facts* facts,
                          bool* from_map) {
  for (std::int32_t i = 0; i < g.layer_count; ++i) facts[i] = {};
  find_readers(g, spans, facts);
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    layer_facts& f = facts[i];
    const layer& l = g.layers[i];
    const std::int32_t storage = g.output_of(l).storage;
    const shape& extents = g.tensors[storage].extents;
    f.macs = layer_macs(g, l);
    f.weight_bytes = weight_bytes(g, l);
    f.first_writer = spans[storage].first_writer;
    f.last_reader = spans[storage].last_reader;
    f.width = extents.width();
    f.rows = map_rows(extents);
    f.work = work_along(g, l, direction::rows);
    f.has_formula = has_row_formula(g, l);
    f.is_loaded = l.kind == layer_kind::load;
    f.works_as_it_makes = makes_regions(l.kind) && describe(l.kind).geometry != layer_geometry::placed;
    if (is_global_average(g, l)) f.sums_bytes = sum_bytes * g.output_of(l).extents.elements();
    if (f.first_writer != i) continue;
    f.full_bytes = extents.elements();
    f.channels = extents.channels();
    f.row_bytes = maps[i].row_pitch;
    const bool one_row = maps[i].internal && maps[i].rows == 1 && spans[storage].last_writer == i && f.readers == 1;
    f.transient = (maps[i].transient || one_row) && !f.is_loaded;
    f.ring_rows = f.transient ? 0 : maps[i].rows < map_rows(extents) ? maps[i].rows : map_rows(extents);
    if (f.readers == 1 || f.few_ring_rows > f.ring_rows) f.few_ring_rows = f.ring_rows;
  }
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    layer_facts& f = facts[i];
    for (std::int32_t k = i + 1; k < g.layer_count && k <= f.last_reader; ++k) facts[k].passing_bytes += f.full_bytes;
    if (f.full_bytes == 0 || f.few_ring_rows == f.ring_rows || f.last_reader >= g.layer_count) continue;
    f.joined = find_join(g, facts, i, from_map);
    f.next_joined = facts[f.joined].joins;
    facts[f.joined].joins = i;
  }
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    const layer& l = g.layers[i];
    layer_facts& f = facts[i];
    f.alone_bytes = f.passing_bytes + f.full_bytes;
    if (f.full_bytes == 0) continue;
    const std::int32_t storage = g.output_of(l).storage;
    const auto overwrites = [&](layer_overwriting how) {
      return overwritten_operand(g, l, how, [&](int position) {
               const std::int32_t maker = f.maker[position];
               return l.output == storage && maker >= 0 && facts[maker].last_reader == i &&
                      facts[maker].full_bytes >= f.full_bytes;
             }) >= 0;
    };
    std::int32_t saved = overwrites(layer_overwriting::pixels) ? f.full_bytes : layer_saves(g, facts, i);
    if (overwrites(layer_overwriting::rows) && f.full_bytes - overwrite_scratch(g, l) > saved)
      saved = f.full_bytes - overwrite_scratch(g, l);
    f.alone_bytes -= saved;
    for (int operand = 0; operand < 2 && f.transient; ++operand)
      f.over_maker[operand] = overwritten_operand(g, l, layer_overwriting::pixels, [&](int position) {
                                return position == operand && f.maker[position] >= 0 &&
                                       facts[f.maker[position]].transient &&
                                       facts[f.maker[position]].row_bytes >= f.row_bytes;
                              }) == operand;
  }
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    for (std::size_t position = 0; position < 2; ++position) {
      if (facts[i].maker[position] < 0) continue;
      const layer_facts& m = facts[facts[i].maker[position]];
      if (m.transient) facts[i].maker_row[position] = m.row_bytes;
      if (m.last_reader == i)
        facts[i].maker_saves[position] = m.full_bytes - (m.joined > i ? m.few_ring_rows : m.ring_rows) * m.row_bytes;
    }
}

constexpr bool is_better(const search_state& a, const search_state& b, bool least_bytes) {
  if (b.recomputed_macs < 0) return true;
  if (least_bytes && a.bytes != b.bytes) return a.bytes < b.bytes;
  if (a.recomputed_macs != b.recomputed_macs) return a.recomputed_macs < b.recomputed_macs;
  return a.streamed_layers < b.streamed_layers;
}

/// Offers a stage as the last of a way to run the layers before its end.
constexpr void offer(const search_goal& goal, search_state* best, const stage& s, std::int64_t bytes,
                     std::int64_t recomputed_macs) {
  const search_state& before = best[s.first];
  if (before.recomputed_macs < 0 || bytes > goal.budget_bytes || bytes > 0x7fffffff) return;
  const search_state candidate{before.recomputed_macs + recomputed_macs,
                               before.streamed_layers + (s.layers() > 1 ? s.layers() : 0),
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

/// What a stream saves, by estimate, as its last layer's map follows the one that dies in it.
constexpr std::int32_t stream_saves(const layer_facts* facts, std::int32_t dying, std::int32_t first, std::int32_t i,
                                    const stream_paces& paces) {
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

/// Scratch of the search for strips, one for each layer.
struct strip_progress {
  std::int32_t strips = 0;  // of the stage that this is about, and where it ends
  std::int32_t end = 0;
  interval columns[most_column_patches]{};  // that strips make of the map that the layer is the first to write
  std::int32_t operand_bytes = 0;           // the transient row that it reads
  std::int32_t output_bytes = 0;            // … and that it makes, unless this stands where the other was
};

/// Calls f(first, bytes, recomputed MACs) for every stage that ends at `end` and is cut into strips, extending
/// it upwards, as long as it keeps at most `most_bytes` and recomputes at most `most_macs`.
template <typename Function>
constexpr void for_each_strip_stage(graph_view g, const layer_facts* facts, const read_limit& reads, std::int32_t end,
                                    std::int32_t strips, std::int64_t most_bytes, std::int64_t most_macs,
                                    strip_progress* progress, Function f) {
  const auto of = [&](std::int32_t i) -> strip_progress& {
    strip_progress& p = progress[i];
    if (p.strips == strips && p.end == end) return p;
    p.strips = strips;
    p.end = end;
    p.operand_bytes = p.output_bytes = 0;
    for (std::int32_t strip = 0; strip < strips; ++strip) p.columns[strip].first = p.columns[strip].end = 0;
    return p;
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
      // Alive with whatever else its reader reads or makes; of two operands one is made before the other and kept.
      strip_progress& reader = of(l.last_reader);
      const layer_facts& r = facts[l.last_reader];
      kept += row < reader.operand_bytes ? row : reader.operand_bytes;
      if (row > reader.operand_bytes) reader.operand_bytes = row;
      if ((r.over_maker[0] && r.maker[0] == i) || (r.over_maker[1] && r.maker[1] == i)) reader.output_bytes = 0;
      of(i).output_bytes = row;
      const std::int32_t rows = reader.operand_bytes + reader.output_bytes;
      if (rows > transient) transient = rows;
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
  for (std::int32_t i = first; i < end; ++i) {
    if (best[i].recomputed_macs >= 0) {
      offer(goal, best, {i, i + 1}, facts[i].alone_bytes, 0);
      for_each_stream(facts, g.layer_count, goal.reads, i, paces,
                      [&](std::int32_t stop, std::int64_t bytes) { offer(goal, best, {i, stop}, bytes, 0); });
    }
    // Strips are of no use where nothing need be computed again.
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
