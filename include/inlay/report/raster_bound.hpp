// Inlay: what no schedule can go below that makes maps pixel by pixel and computes nothing twice.
//
// Such a schedule makes the pixels of each map one after another, row by row from the top and from left to right, all
// channels of one at once, each when what its window reads is there. It chooses when each layer goes on, no more. A
// pixel is alive from when it is made to when the last window that reads it has been computed, to the end where it is
// one of the network's outputs. Layers that make all at once read and make all at once; those that sum up rows as they
// come may keep their sums instead of the map. Images, which the caller has, constants and loaded weights do not count.
//
// Every layer makes its first pixel, its second one and so on. When one is about to be made, and when it is just there,
// some bytes must be alive whatever else has been made by then: the least over all that the other layers may have made.
// The largest of these is the bound. Where a map has several readers it is taken to live as long as the last of them in
// the order of the layers needs it, which can be too short, never too long: the true least may be somewhat more.
#pragma once

#include <inlay/graph/geometry.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/plan/need.hpp>
#include <inlay/plan/stage.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// A layer's work in raster order, and the block of a map that it makes.
struct raster_layer {
  std::int32_t rows = 1, columns = 1;  // of its work: one pixel where it makes all at once
  std::int32_t first_row = 0, first_column = 0, block_rows = 1, block_columns = 1;
  std::int64_t pixel_bytes = 0;  // of the block's pixels
  std::int32_t states_at = 0;    // its states, from nothing made to all made, in the lists of states
  std::int32_t lines_at = 0;     // of its rows and columns, whether anybody reads them
  std::int32_t first_edge = 0, end_edge = 0;
  std::int32_t reader = -1;  // the last one of its map, −1 if nobody reads that
  std::int32_t readers = 0;
  bool at_once = false;  // its output is there when all its work is done
  bool sums = false;     // it may keep sums instead of what it reads
  bool stays = false;    // to the end of a run

  constexpr std::int32_t work() const { return rows * columns; }
  /// How many pixels it must have made where a map is wanted up to a column of its row `end_row` − 1.
  constexpr std::int32_t work_until(std::int32_t end_row, std::int32_t end_column) const {
    const std::int32_t y = end_row - 1 - first_row;
    const std::int32_t x = clamp_to_extent(end_column - first_column, block_columns);
    if (y < 0 || (y == 0 && x == 0)) return 0;
    return at_once || y >= block_rows ? work() : y * columns + x;
  }
};

/// That a layer reads what another makes: for each of the reader's states, how many pixels the maker must have made,
/// and how many bytes of these nobody reads any more.
struct raster_edge {
  std::int32_t maker = 0, reader = 0;
  std::int32_t at = 0;  // the first of the reader's states in the lists
};

/// Lengths of the lists below.
struct raster_counts {
  std::int32_t edges = 0, states = 0, edge_states = 0, lines = 0, longest = 0;
};

/// Scratch of the bound.
struct raster_lists {
  raster_layer* layers;                                  // one for each layer
  std::int32_t* required;                                // likewise
  raster_edge* edges;                                    // `edges` of them
  std::int64_t *before, *making, *own, *least, *behind;  // `states` each
  std::int32_t* needed;                                  // `edge_states`
  std::int64_t* dead;                                    // likewise
  bool* is_read;                                         // `lines`
  std::int32_t *last_row, *last_column;                  // `longest` each
  interval* column_need;                                 // likewise
};

constexpr bool reads_map(graph_view g, const layer& l, int position) {
  return g.has_input(l, position) && !g.input_of(l, position).is_constant() && !g.input_of(l, position).is_loaded;
}
constexpr bool reads_storage(graph_view g, const layer& l, std::int32_t storage) {
  for (int position = 0; position < 2; ++position)
    if (reads_map(g, l, position) && g.input_of(l, position).storage == storage) return true;
  return false;
}
constexpr std::int32_t stored_in(graph_view g, std::int32_t layer) { return g.output_of(g.layers[layer]).storage; }

/// Rows or columns of an operand that a pixel of a layer's work reads.
constexpr interval raster_need(graph_view g, const raster_layer& of, const layer& l, int position, std::int32_t pixel,
                               direction d) {
  return of.sums ? interval{pixel, pixel + 1} : input_need(g, l, position, {pixel, pixel + 1}, d);
}

/// Describes the layers of a graph in raster order.
constexpr raster_counts find_raster_layers(graph_view g, raster_layer* layers) {
  raster_counts counts;
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    const layer& l = g.layers[i];
    raster_layer& r = layers[i];
    r = {};
    const shape& map = g.tensors[stored_in(g, i)].extents;
    const bool placed = describe(l.kind).geometry == layer_geometry::placed;
    const shape& block = placed ? g.input_of(l).extents : map;
    r.block_rows = map_rows(block);
    r.block_columns = block.width();
    if (placed) r.first_row = placed_at(l, g.output_of(l).extents, direction::rows);
    if (placed) r.first_column = placed_at(l, g.output_of(l).extents, direction::columns);
    const std::int32_t bytes = (placed ? block : g.output_of(l).extents).elements();
    if (l.kind != layer_kind::load) r.pixel_bytes = bytes / (r.block_rows * r.block_columns);
    r.sums = sums_up_rows(g, l);
    const shape& work = r.sums ? g.tensors[g.input_of(l).storage].extents : block;
    r.at_once = r.sums || !makes_regions(l.kind) || map_rows(map) != map_rows(g.output_of(l).extents);
    if (!r.at_once || r.sums) {
      r.rows = map_rows(work);
      r.columns = work.width();
    }
    r.stays = g.is_output(stored_in(g, i));
    for (std::int32_t t = 0; t < g.output_count; ++t) r.stays |= g.tensors[g.outputs[t]].storage == stored_in(g, i);
    r.states_at = counts.states;
    r.lines_at = counts.lines;
    r.first_edge = counts.edges;
    counts.states += r.work() + 1;
    counts.lines += r.rows + r.columns;
    for (std::int32_t m = 0; m < i; ++m) {
      if (!reads_storage(g, l, stored_in(g, m))) continue;
      layers[m].reader = i;
      ++layers[m].readers;
      ++counts.edges;
      counts.edge_states += r.work() + 1;
    }
    r.end_edge = counts.edges;
    for (const std::int32_t length : {map_rows(map), map.width(), r.rows, r.columns})
      if (length > counts.longest) counts.longest = length;
  }
  return counts;
}

/// What a layer needs of a maker's pixels, and until when. Of its own pixels only those count that somebody reads.
constexpr void find_raster_need(graph_view g, const raster_edge& edge, const raster_lists& to) {
  const raster_layer& m = to.layers[edge.maker];
  const raster_layer& r = to.layers[edge.reader];
  const layer& l = g.layers[edge.reader];
  const std::int32_t storage = stored_in(g, edge.maker);
  const shape& map = g.tensors[storage].extents;
  std::int32_t* const needed = to.needed + edge.at;
  std::int64_t* const dead = to.dead + edge.at;
  bool* const is_read = to.is_read + m.lines_at;
  const bool* const own_read = to.is_read + r.lines_at;
  for (std::int32_t t = 0; t <= r.work(); ++t) needed[t] = 0, dead[t] = 0;
  for (std::int32_t y = 0; y < map_rows(map); ++y) to.last_row[y] = -1;
  for (std::int32_t x = 0; x < map.width(); ++x) to.last_column[x] = -1;
  for (int position = 0; position < 2; ++position) {
    if (!reads_map(g, l, position) || g.input_of(l, position).storage != storage) continue;
    for (std::int32_t x = 0; x < r.columns; ++x) {
      to.column_need[x] = {};
      if (!own_read[r.rows + x]) continue;
      to.column_need[x] = raster_need(g, r, l, position, x, direction::columns);
      for (std::int32_t c = to.column_need[x].first; c < to.column_need[x].end; ++c) to.last_column[c] = x;
    }
    for (std::int32_t y = 0; y < r.rows; ++y) {
      if (!own_read[y]) continue;
      const interval rows = raster_need(g, r, l, position, y, direction::rows);
      for (std::int32_t c = rows.first; c < rows.end; ++c) to.last_row[c] = y;
      for (std::int32_t x = 0; x < r.columns && rows.size() > 0; ++x) {
        if (to.column_need[x].size() == 0) continue;
        const std::int32_t wanted = m.work_until(rows.end, to.column_need[x].end);
        std::int32_t& state = needed[y * r.columns + x + 1];
        if (wanted > state) state = wanted;
      }
    }
  }
  for (std::int32_t t = 1; t <= r.work(); ++t)
    if (needed[t] < needed[t - 1]) needed[t] = needed[t - 1];
  for (std::int32_t y = 0; y < m.block_rows; ++y)
    for (std::int32_t x = 0; x < m.block_columns; ++x) {
      const std::int32_t last_row = to.last_row[m.first_row + y], last_column = to.last_column[m.first_column + x];
      if (last_row < 0 || last_column < 0) continue;
      for (std::int32_t line = 0; line < m.rows + m.columns && m.at_once; ++line) is_read[line] = true;
      if (!m.at_once) is_read[y] = is_read[m.rows + x] = true;
      if (!m.stays && m.reader == edge.reader) dead[last_row * r.columns + last_column + 1] += m.pixel_bytes;
    }
  // Bytes of its pixels as they are made, of those that the last reader reads.
  if (m.reader == edge.reader) {
    std::int64_t* const own = to.own + m.states_at;
    for (std::int32_t y = 0; y < m.block_rows; ++y)
      for (std::int32_t x = 0; x < m.block_columns; ++x)
        if (m.stays || (to.last_row[m.first_row + y] >= 0 && to.last_column[m.first_column + x] >= 0))
          own[m.at_once ? m.work() : y * m.columns + x + 1] += m.pixel_bytes;
  }
  for (std::int32_t t = 1; t <= r.work(); ++t) dead[t] += dead[t - 1];
}

/// Other readers of a map may need it sooner for what its last reader needs of them.
constexpr void find_indirect_need(const raster_edge& edge, const raster_lists& to) {
  const std::int32_t work = to.layers[edge.reader].work();
  for (std::int32_t t = 1; t <= work; ++t) {
    for (std::int32_t i = edge.maker; i < edge.reader; ++i) to.required[i] = 0;
    to.required[edge.reader] = t;
    for (std::int32_t i = edge.reader; i > edge.maker; --i)
      for (std::int32_t e = to.layers[i].first_edge; e < to.layers[i].end_edge && to.required[i] > 0; ++e) {
        const raster_edge& other = to.edges[e];
        if (other.maker < edge.maker) continue;
        const std::int32_t needed = to.needed[other.at + to.required[i]];
        if (needed > to.required[other.maker]) to.required[other.maker] = needed;
      }
    if (to.required[edge.maker] > to.needed[edge.at + t]) to.needed[edge.at + t] = to.required[edge.maker];
  }
}

/// The bound. `to` has room for what find_raster_layers has counted, and what it has found of the layers.
constexpr std::int64_t find_raster_bound(graph_view g, const raster_counts& counts, const raster_lists& to) {
  for (std::int32_t s = 0; s < counts.states; ++s)
    to.before[s] = to.making[s] = to.own[s] = to.least[s] = to.behind[s] = 0;
  for (std::int32_t s = 0; s < counts.lines; ++s) to.is_read[s] = false;
  std::int32_t edge = 0, at = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    for (std::int32_t m = 0; m < i; ++m)
      if (reads_storage(g, g.layers[i], stored_in(g, m))) {
        to.edges[edge++] = {m, i, at};
        at += to.layers[i].work() + 1;
      }
  for (std::int32_t i = g.layer_count - 1; i >= 0; --i) {
    const raster_layer& l = to.layers[i];
    for (std::int32_t s = 0; s < l.rows + l.columns && l.stays; ++s) to.is_read[l.lines_at + s] = true;
    for (std::int32_t e = l.first_edge; e < l.end_edge; ++e) find_raster_need(g, to.edges[e], to);
    std::int64_t* const own = to.own + l.states_at;
    // Outputs that nobody reads.
    for (std::int32_t t = 1; t <= l.work() && l.stays && l.reader < 0; ++t)
      own[t] = l.at_once && t < l.work() ? 0 : l.pixel_bytes * (l.at_once ? l.block_rows * l.block_columns : 1);
    for (std::int32_t t = 1; t <= l.work(); ++t) own[t] += own[t - 1];
    for (std::int32_t t = 1; t < l.work() && l.sums; ++t) own[t] = sums_bytes(g, g.layers[i]);
  }
  // What must be alive of all that a layer is made from, when a pixel is there and when it is about to be made.
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    const raster_layer& l = to.layers[i];
    std::int64_t *const before = to.before + l.states_at, *const making = to.making + l.states_at;
    for (std::int32_t e = l.first_edge; e < l.end_edge; ++e) {
      const raster_layer& m = to.layers[to.edges[e].maker];
      if (m.readers > 1 && m.reader == i) find_indirect_need(to.edges[e], to);
      for (std::int32_t t = 0; t <= l.work() && m.reader == i; ++t) {
        const std::int32_t state = to.edges[e].at + t;
        const std::int64_t made = to.least[m.states_at + to.needed[state]];
        before[t] += made - to.dead[state];
        making[t] += made - to.dead[t > 0 ? state - 1 : state];
      }
    }
    std::int64_t* const least = to.least + l.states_at;
    for (std::int32_t t = l.work(); t >= 0; --t) {
      least[t] = before[t] + to.own[l.states_at + t];
      if (t < l.work() && least[t + 1] < least[t]) least[t] = least[t + 1];
    }
  }
  // … and of all others.
  std::int64_t bound = 0;
  for (std::int32_t i = g.layer_count - 1; i >= 0; --i) {
    const raster_layer& l = to.layers[i];
    std::int32_t most = l.stays ? l.work() : 0;
    for (std::int32_t e = 0; e < counts.edges; ++e) {
      const raster_edge& by = to.edges[e];
      if (by.maker != i) continue;
      const raster_layer& r = to.layers[by.reader];
      if (to.needed[by.at + r.work()] > most) most = to.needed[by.at + r.work()];
      if (l.reader != by.reader) continue;
      std::int64_t fewest = INT64_MAX;
      std::int32_t made = 0;  // by the reader
      for (std::int32_t t = 0; t <= l.work(); ++t) {
        for (; made <= r.work() && to.needed[by.at + made] <= t; ++made) {
          const std::int32_t s = r.states_at + made;
          const std::int64_t others =
              to.before[s] - to.least[l.states_at + to.needed[by.at + made]] + to.own[s] + to.behind[s];
          if (others < fewest) fewest = others;
        }
        to.behind[l.states_at + t] = fewest;
      }
    }
    // Its readers have not read a pixel yet that is about to be made or is just there. Whether sums are kept is open.
    for (std::int32_t t = 1; t <= most; ++t) {
      const std::int32_t s = l.states_at + t;
      const std::int64_t about = to.making[s] + to.own[s - 1] + to.behind[s - 1];
      const std::int64_t there = to.before[s] + to.own[s] + to.behind[s - 1];
      if (about > bound && (!l.sums || t == 1)) bound = about;
      if (there > bound && (!l.sums || t == l.work())) bound = there;
    }
  }
  return bound;
}

template <typename Model>
inline constexpr raster_counts raster_counts_of = [] {
  raster_layer described[static_cast<std::size_t>(Model::graph().layer_count)]{};
  return find_raster_layers(Model::graph(), described);
}();

/// Lists for a graph of which all is known when it is compiled.
template <raster_counts Counts, std::int32_t Layers>
struct raster_storage {
  raster_layer layers[static_cast<std::size_t>(Layers)]{};
  std::int32_t required[static_cast<std::size_t>(Layers)]{};
  raster_edge edges[static_cast<std::size_t>(Counts.edges + 1)]{};
  std::int64_t states[5][static_cast<std::size_t>(Counts.states)]{};
  std::int32_t needed[static_cast<std::size_t>(Counts.edge_states + 1)]{};
  std::int64_t dead[static_cast<std::size_t>(Counts.edge_states + 1)]{};
  bool is_read[static_cast<std::size_t>(Counts.lines)]{};
  std::int32_t last[2][static_cast<std::size_t>(Counts.longest)]{};
  interval column_need[static_cast<std::size_t>(Counts.longest)]{};

  constexpr raster_lists lists() {
    return {layers,    required, edges, states[0], states[1], states[2], states[3],
            states[4], needed,   dead,  is_read,   last[0],   last[1],   column_need};
  }
};

}  // namespace detail

/// Bytes that are alive at one time in any schedule that makes the maps of a graph in raster order, each pixel once:
/// what the arena cannot go below without another order or computing something again. Of a model type, as a constant.
template <typename Model>
constexpr std::int64_t raster_bound() {
  constexpr detail::raster_counts counts = detail::raster_counts_of<Model>;
  detail::raster_storage<counts, Model::graph().layer_count> storage{};
  detail::find_raster_layers(Model::graph(), storage.layers);
  return detail::find_raster_bound(Model::graph(), counts, storage.lists());
}

/// The same of a graph that is known only as the program runs.
inline std::int64_t raster_bound(graph_view g) {
  std::vector<detail::raster_layer> layers(static_cast<std::size_t>(g.layer_count));
  const detail::raster_counts counts = detail::find_raster_layers(g, layers.data());
  const auto states = static_cast<std::size_t>(counts.states),
             edge_states = static_cast<std::size_t>(counts.edge_states);
  std::vector<std::int32_t> required(layers.size()), needed(edge_states),
      last(2 * static_cast<std::size_t>(counts.longest));
  std::vector<detail::raster_edge> edges(static_cast<std::size_t>(counts.edges));
  std::vector<std::int64_t> bytes(5 * states), dead(edge_states);
  std::vector<detail::interval> column_need(static_cast<std::size_t>(counts.longest));
  const auto is_read = std::make_unique<bool[]>(static_cast<std::size_t>(counts.lines));
  return detail::find_raster_bound(
      g, counts,
      {layers.data(), required.data(), edges.data(), bytes.data(), bytes.data() + states, bytes.data() + 2 * states,
       bytes.data() + 3 * states, bytes.data() + 4 * states, needed.data(), dead.data(), is_read.get(), last.data(),
       last.data() + counts.longest, column_need.data()});
}

}  // namespace inlay
