// Inlay: what a search for a schedule starts from: for each layer, what it and its map take in any stage.
#pragma once

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
    if (sums_up_rows(g, l)) f.sums_bytes = sums_bytes(g, l);
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

}  // namespace inlay::detail
