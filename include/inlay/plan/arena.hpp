// Inlay: where every activation stands in the arena, from when it is made to when it is last read.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/plan/dry_run.hpp>
#include <inlay/plan/need.hpp>
#include <inlay/plan/stage.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// Offsets in the arena are multiples of this, so that kernels may load words.
inline constexpr std::int32_t arena_alignment = 4;

constexpr std::int32_t align_up(std::int32_t bytes) {
  return (bytes + arena_alignment - 1) / arena_alignment * arena_alignment;
}

}  // namespace detail

/// A piece of memory and its life. In the arena are tensors that own storage, but not constants, not the
/// network's inputs (read where the caller has them), not the results of reshapes; and the scratch of layers.
struct arena_place {
  std::int32_t offset = -1;  // from the start of the arena; −1 for what is not in it
  std::int32_t bytes = 0;
  std::int32_t first = -1;  // the layer that starts to write it
  std::int32_t last = -1;   // the last layer that reads it; layer_count for the network's outputs
  std::int32_t over = -1;   // the place whose memory this one is written over, −1 for none
  /// 0: at the same offset, as one layer runs. Else as rows of the other die: it starts so many bytes before that one
  /// starts, at least; or, if rows can be made upwards, it ends so many behind that one's end.
  std::int32_t distance = 0;
  bool can_go_upwards = false;
  std::int32_t rows_at_once = 1;  // of a map that follows, which a layer by itself may make in one call

  constexpr bool used() const { return first >= 0; }
  constexpr bool takes_over() const { return over >= 0 && distance == 0; }
  constexpr bool follows() const { return over >= 0 && distance != 0; }
};

/// Places of a graph: one for each tensor, then one for the scratch of each layer.
constexpr std::int32_t place_count(graph_view g) { return g.tensor_count + g.layer_count; }
constexpr std::int32_t scratch_place(graph_view g, std::int32_t layer_index) { return g.tensor_count + layer_index; }

namespace detail {

/// Rows of its input that a layer with a window keeps in scratch while it writes over it.
constexpr std::int32_t overwrite_rows(const layer& l, const shape& from) {
  const std::int32_t window = (l.window.kernel.height - 1) * l.window.dilation.height + 1;
  return window < map_rows(from) ? window : map_rows(from);
}

/// Bytes of scratch with which a layer can write its whole output over its first input; −1 if it cannot. Copies of
/// rows stand in a ring as high as the window.
constexpr std::int32_t overwrite_scratch(graph_view g, const layer& l) {
  const layer_overwriting how = describe(l.kind).overwriting;
  if (how == layer_overwriting::never) return -1;
  const shape& from = g.input_of(l).extents;
  const shape& to = g.output_of(l).extents;
  if (from.elements() < to.elements()) return -1;
  if (how == layer_overwriting::pixels) return 0;
  // Row y is written when the input's row y has been copied, and is no longer than that.
  const bool follows =
      from.width() >= to.width() && map_rows(from) >= map_rows(to) && l.window.padding.top < l.window.kernel.height;
  if (from.channels() != to.channels() || !follows) return -1;
  return overwrite_rows(l, from) * from.width() * from.channels();
}

/// The operand over which a layer can write its whole output, −1 for none: pixel by pixel, or row by row from copies.
/// `is_free(position)` says of operands in the arena whether they are as large as the output and nobody reads them
/// afterwards.
template <typename IsFree>
constexpr int overwritten_operand(graph_view g, const layer& l, layer_overwriting how, IsFree is_free) {
  if (describe(l.kind).overwriting != how) return -1;
  const bool binary = is_pair(l.kind);
  if (!binary && overwrite_scratch(g, l) < 0) return -1;
  for (int position = 0; position < (binary ? 2 : 1); ++position) {
    if (!g.has_input(l, position) || g.input_of(l, position).is_constant() || g.input_of(l, position).is_loaded ||
        !is_free(position))
      continue;
    // What is broadcast is read again.
    if (!binary || g.input_of(l, position).extents.elements() == g.output_of(l).extents.elements()) return position;
  }
  return -1;
}

/// The place over which a layer can write its whole output, of an input that nobody reads afterwards; −1 for none.
constexpr std::int32_t overwritten_place(graph_view g, const arena_place* places, std::int32_t index,
                                         layer_overwriting how) {
  const layer& l = g.layers[index];
  const std::int32_t output = g.output_of(l).storage;
  if (places[output].first != index || l.output != output) return -1;
  const int position = overwritten_operand(g, l, how, [&](int operand) {
    const arena_place& in = places[g.input_of(l, operand).storage];
    return in.used() && in.last == index && in.bytes >= places[output].bytes;
  });
  return position < 0 ? -1 : g.input_of(l, position).storage;
}

/// Lets a map that a stage makes be written where rows of another have died, where that saves memory.
constexpr void plan_following(graph_view g, arena_place* places, const layer_span* spans, const map_layout* maps,
                              const stage& s) {
  const stage_ends ends = find_ends(g, spans, s);
  if (ends.dying < 0 || ends.growing < 0) return;
  const layer& l = g.layers[s.first + ends.growing];
  arena_place& place = places[g.output_of(l).storage];
  if (place.over >= 0) return;
  const std::int32_t distance =
      align_up(s.is_one_layer() ? distance_of_layer(g, s, ends.dying) : maps[s.first + ends.growing].distance);
  if (distance <= 0 || distance >= place.bytes) return;
  place.over = ends.dying;
  place.distance = distance;
  place.can_go_upwards = can_go_upwards(g, s);
}

/// Bytes that a place which follows another shares with it.
constexpr std::int32_t shared_bytes(const arena_place* places, const arena_place& place) {
  const std::int32_t bytes = place.bytes - place.distance;
  return bytes < places[place.over].bytes ? bytes : places[place.over].bytes;
}

/// Fills in what is in the arena and when, but not where. `maps` has the layout of each layer's output.
///
/// Times are numbers of layers. What a stage keeps lives as long as the stage; a transient row from the layer
/// that makes it to the one that reads it, since no other layer runs between them.
constexpr void find_lifetimes(graph_view g, const stage* stages, std::int32_t stage_count, const layer_span* spans,
                              const map_layout* maps, arena_place* places) {
  for (std::int32_t p = 0; p < place_count(g); ++p) places[p] = {};
  for (std::int32_t s = 0; s < stage_count; ++s)
    for (std::int32_t i = stages[s].first; i < stages[s].end; ++i) {
      const std::int32_t output = g.output_of(g.layers[i]).storage;
      const layer_span& span = spans[output];
      if (span.first_writer != i) continue;
      places[output] = maps[i].transient ? arena_place{-1, maps[i].bytes(), i, span.last_reader, -1}
                                         : arena_place{-1, maps[i].bytes(), stages[s].first, span.last_reader, -1};
    }
  // Readers, too, take as long as their stage.
  for (std::int32_t t = 0; t < g.tensor_count; ++t) {
    if (!places[t].used() || places[t].last >= g.layer_count || maps[spans[t].first_writer].transient) continue;
    std::int32_t s = 0;
    while (places[t].last >= stages[s].end) ++s;
    places[t].last = stages[s].end - 1;
  }
  for (std::int32_t s = 0; s < stage_count; ++s)
    for (std::int32_t i = stages[s].first; i < stages[s].end; ++i) {
      if (const std::int32_t over = overwritten_place(g, places, i, layer_overwriting::pixels); over >= 0)
        places[g.output_of(g.layers[i]).storage].over = over;
      if (accumulates(g, stages[s], g.layers[i]))
        places[scratch_place(g, i)] = {-1, sums_bytes(g, g.layers[i]), stages[s].first, stages[s].end - 1, -1};
    }
  for (std::int32_t s = 0; s < stage_count; ++s) plan_following(g, places, spans, maps, stages[s]);
}

/// Scratch of an arena plan: one entry for each place.
struct placement {
  std::int32_t next = -1;        // of the place with this index: the one that takes over its memory
  std::int32_t chain = -1;       // in order of placing: the first place of a chain of takeovers …
  std::int32_t bytes = 0;        // … and its bytes
  std::int32_t placed = -1;      // list of the places that have their offset
  std::int32_t obstacle = -1;    // list of those that are alive with the chain that is placed next …
  std::int32_t below = 0;        // … how many bytes below it the chain must start, at least, …
  std::int32_t above = 0;        // … or above it
  std::int32_t alive = 0;        // of the layer with this index: bytes alive while it runs
  std::int32_t best_chain = -1;  // the order of the best try
};

/// How many orders of placing are tried, at most.
inline constexpr std::int32_t placement_tries = 80;

/// How far above the start of another place one starts, at least, that follows it and does not start below it.
constexpr std::int32_t distance_above(const arena_place& place, const arena_place& over) {
  return place.can_go_upwards ? over.bytes + place.distance - place.bytes : over.bytes;
}

/// The lowest offset at which nothing that is placed is in the way of a chain at any time of its life.
constexpr std::int32_t lowest_free_offset(const arena_place* places, placement* scratch, std::int32_t placed,
                                          std::int32_t start) {
  // Each place of a chain begins as the one before it ends, and is no larger.
  const std::int32_t first = places[start].first;
  std::int32_t last = places[start].last;
  for (std::int32_t p = scratch[start].next; p >= 0; p = scratch[p].next) last = places[p].last;
  std::int32_t obstacles = 0;
  for (std::int32_t i = 0; i < placed; ++i)
    if (places[scratch[i].placed].last >= first && places[scratch[i].placed].first <= last)
      scratch[obstacles++].obstacle = scratch[i].placed;
  for (std::int32_t o = 0; o < obstacles; ++o) {
    const std::int32_t obstacle = scratch[o].obstacle;
    std::int32_t p = start;
    while (places[p].last < places[obstacle].first) p = scratch[p].next;
    scratch[o].below = places[p].bytes;
    scratch[o].above = places[obstacle].bytes;
    if (places[p].over == obstacle) {
      scratch[o].below = places[p].distance;
      scratch[o].above = distance_above(places[p], places[obstacle]);
    } else if (places[obstacle].over == p) {
      scratch[o].below = distance_above(places[obstacle], places[p]);
      scratch[o].above = places[obstacle].distance;
    }
  }
  std::int32_t offset = 0;
  // Moving up past one obstacle can meet another: go round until nothing is in the way.
  for (bool moved = true; moved;) {
    moved = false;
    for (std::int32_t o = 0; o < obstacles; ++o)
      if (const arena_place& other = places[scratch[o].obstacle];
          offset < other.offset + scratch[o].above && offset + scratch[o].below > other.offset) {
        offset = align_up(other.offset + scratch[o].above);
        moved = true;
      }
  }
  return offset;
}

/// Places chains in their order. Returns the bytes they take; `highest` is the chain that ends there.
constexpr std::int32_t place_chains(arena_place* places, placement* scratch, std::int32_t chains,
                                    std::int32_t& highest) {
  std::int32_t total = 0, placed = 0;
  for (std::int32_t c = 0; c < chains; ++c) {
    const std::int32_t offset = lowest_free_offset(places, scratch, placed, scratch[c].chain);
    for (std::int32_t p = scratch[c].chain; p >= 0; p = scratch[p].next) {
      places[p].offset = offset;
      scratch[placed++].placed = p;
    }
    if (offset + scratch[c].bytes > total) {
      total = offset + scratch[c].bytes;
      highest = c;
    }
  }
  return total;
}

/// Moves a chain up in the order of placing.
constexpr void move_chain(placement* scratch, std::int32_t from, std::int32_t to) {
  const std::int32_t chain = scratch[from].chain, bytes = scratch[from].bytes;
  for (std::int32_t c = from; c > to; --c) {
    scratch[c].chain = scratch[c - 1].chain;
    scratch[c].bytes = scratch[c - 1].bytes;
  }
  scratch[to].chain = chain;
  scratch[to].bytes = bytes;
}

/// Bytes alive at the worst time: no layout can do with less.
constexpr std::int32_t most_alive(graph_view g, const arena_place* places, placement* scratch) {
  std::int32_t most = 0;
  for (std::int32_t p = 0; p < place_count(g); ++p) {
    const arena_place& place = places[p];
    if (!place.used()) continue;
    // What takes over memory is not larger: it needs none while the layer runs that makes it.
    const std::int32_t first = place.takes_over() ? place.first + 1 : place.first;
    for (std::int32_t i = first; i <= place.last && i < g.layer_count; ++i) scratch[i].alive += place.bytes;
    if (!place.follows()) continue;
    for (std::int32_t i = place.first; i <= places[place.over].last; ++i)
      scratch[i].alive -= shared_bytes(places, place);
  }
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    if (scratch[i].alive > most) most = scratch[i].alive;
  return most;
}

/// Bytes alive while a layer that is a stage of its own runs, if its output stands apart from its input.
constexpr std::int32_t bytes_apart(const arena_place* places, const placement* scratch, std::int32_t index,
                                   const arena_place& output) {
  return scratch[index].alive + (output.follows() ? shared_bytes(places, output) : 0);
}

/// Lets a layer that is a stage of its own write over its input from copies of rows, which is fast, where that takes no
/// more than `room` bytes. Returns how many it takes, 0 if it does not.
constexpr std::int32_t overwrite_from_copies(graph_view g, std::int32_t index, arena_place* places,
                                             const placement* scratch, std::int32_t room) {
  const std::int32_t over = overwritten_place(g, places, index, layer_overwriting::rows);
  if (over < 0) return 0;
  arena_place& output = places[g.output_of(g.layers[index]).storage];
  const std::int32_t copied = overwrite_scratch(g, g.layers[index]);
  const std::int32_t bytes = bytes_apart(places, scratch, index, output) - output.bytes + copied;
  if (copied >= output.bytes || bytes > room) return 0;
  output.over = over;
  output.distance = 0;
  places[scratch_place(g, index)] = {-1, copied, index, index};
  return bytes;
}

/// Lets a layer that is a stage of its own make all rows at once, beside an input that dies, where there is room.
constexpr void stand_apart(graph_view g, std::int32_t index, arena_place* places, const placement* scratch,
                           std::int32_t room) {
  arena_place& output = places[g.output_of(g.layers[index]).storage];
  if (!output.follows() || output.first != index || bytes_apart(places, scratch, index, output) > room) return;
  output.over = -1;
  output.distance = 0;
}

/// Pixels that a call should have: kernels share what they load of the weights among so many.
inline constexpr std::int32_t pixels_at_once = 16;

/// Of the memory that a schedule needs, its fast stages may take one part in so many more.
inline constexpr std::int32_t share_to_be_fast = 16;

/// Lets a layer that is a stage of its own, whose output follows a map that dies, make several rows in one call, where
/// that takes no more than `room` bytes. Returns how many it takes, 0 if it does not.
constexpr std::int32_t make_rows_together(graph_view g, const stage& s, arena_place* places, const placement* scratch,
                                          std::int32_t room) {
  const layer& l = g.layers[s.first];
  arena_place& output = places[g.output_of(l).storage];
  if (!output.follows() || output.first != s.first || !makes_regions(l.kind) || !has_row_formula(g, l)) return 0;
  const std::int32_t width = g.output_of(l).extents.width();
  for (std::int32_t rows = (pixels_at_once + width - 1) / width; rows > 1; --rows) {
    arena_place ahead = output;
    ahead.distance = align_up(distance_of_layer(g, s, output.over, rows));
    ahead.rows_at_once = rows;
    if (ahead.distance >= output.bytes) continue;
    const std::int32_t bytes = bytes_apart(places, scratch, s.first, output) - shared_bytes(places, ahead);
    if (bytes > room) continue;
    output = ahead;
    return bytes;
  }
  return 0;
}

/// A schedule whose arena is to be laid out. `maps` has the layout of each layer's output.
struct arena_task {
  graph_view g{};
  const stage* stages = nullptr;
  std::int32_t stage_count = 0;
  const layer_span* spans = nullptr;
  const map_layout* maps = nullptr;
};

/// How far an arena plan has come.
struct arena_search {
  bool spends = false;             // some layers take more than they need, to be fast
  std::int32_t chains = 0;         // that are to be placed
  std::int32_t least_bytes = 0;    // no arena can be smaller
  std::int32_t enough_bytes = 0;   // being fast is not worth more
  std::int32_t best = 0x7fffffff;  // bytes of the best try …
  std::int32_t last = 0;           // … and of the last one
  std::int32_t highest = 0;        // the chain that ended highest in the last try
  std::int32_t tries = 0;
};

/// Starts to lay out the arena of a schedule: what is in it and when. With `spends`, layers take room to be fast: what
/// nothing else needs meanwhile, those of fast stages some more. `places` and `scratch` have place_count entries.
constexpr arena_search start_arena_plan(const arena_task& task, bool spends, arena_place* places, placement* scratch) {
  find_lifetimes(task.g, task.stages, task.stage_count, task.spans, task.maps, places);
  const std::int32_t count = place_count(task.g);
  for (std::int32_t p = 0; p < count; ++p) scratch[p] = {};
  arena_search search;
  const std::int32_t needed = most_alive(task.g, places, scratch);
  std::int32_t most = needed, spare = 0;
  const auto for_each_layer = [&](auto f) {
    for (std::int32_t s = 0; s < task.stage_count; ++s)
      if (task.stages[s].is_one_layer()) f(task.stages[s]);
  };
  for_each_layer([&](const stage& s) {
    if (s.is_fast) spare = needed / share_to_be_fast;
  });
  const auto room_of = [&](const stage& s) {
    return s.is_fast ? needed + spare : needed;
  };
  const auto take = [&](std::int32_t bytes) {
    if (bytes > 0) search.spends = true;
    if (bytes > most) most = bytes;
  };
  if (spends)
    for_each_layer([&](const stage& s) { take(overwrite_from_copies(task.g, s.first, places, scratch, room_of(s))); });
  for_each_layer([&](const stage& s) { stand_apart(task.g, s.first, places, scratch, most); });
  for_each_layer([&](const stage& s) {
    if (spends && s.is_fast) take(make_rows_together(task.g, s, places, scratch, room_of(s)));
  });
  search.least_bytes = align_up(most);
  search.enough_bytes = search.least_bytes + spare;
  for (std::int32_t p = 0; p < count; ++p)
    if (places[p].takes_over()) scratch[places[p].over].next = p;
  for (std::int32_t p = 0; p < count; ++p) {
    if (!places[p].used() || places[p].takes_over()) continue;
    scratch[search.chains].chain = p;
    scratch[search.chains++].bytes = places[p].bytes;
  }
  return search;
}

/// Orders the chains for a first try: the largest first; or the last first, since maps that follow others stand below
/// them.
constexpr void sort_chains(const arena_place* places, placement* scratch, std::int32_t chains, bool by_time) {
  for (std::int32_t c = 1; c < chains; ++c) {
    const auto goes_before = [&](std::int32_t other) {
      return by_time ? places[scratch[other].chain].first < places[scratch[c].chain].first
                     : scratch[other].bytes < scratch[c].bytes;
    };
    std::int32_t at = c;
    while (at > 0 && goes_before(at - 1)) --at;
    move_chain(scratch, c, at);
  }
}

/// Tries another order of placing, each chain to the lowest offset that is free during its life: as long as that leaves
/// holes, whatever ended highest goes first of all in the next try. True after the best one's.
constexpr bool go_on_with_arena_plan(const arena_task& task, arena_search& search, arena_place* places,
                                     placement* scratch) {
  constexpr std::int32_t half = placement_tries / 2;
  if (search.tries == 0 || search.tries == half) sort_chains(places, scratch, search.chains, search.tries == half);
  const bool goes_on = search.tries < placement_tries && search.best > search.least_bytes;
  if (!goes_on && search.spends && search.best > search.enough_bytes) {
    search = start_arena_plan(task, false, places, scratch);
    return false;
  }
  if (!goes_on && search.last == search.best) return true;
  for (std::int32_t c = 0; c < search.chains && !goes_on; ++c) {
    scratch[c].chain = scratch[c].best_chain;
    scratch[c].bytes = places[scratch[c].chain].bytes;
  }
  search.last = place_chains(places, scratch, search.chains, search.highest);
  if (!goes_on) return true;
  ++search.tries;
  if (search.last < search.best) {
    search.best = search.last;
    for (std::int32_t c = 0; c < search.chains; ++c) scratch[c].best_chain = scratch[c].chain;
  }
  move_chain(scratch, search.highest, 0);
  return false;
}

}  // namespace detail

/// Bytes alive while a layer runs. The largest of these is the least that any layout can do with.
constexpr std::int32_t live_bytes(graph_view g, const arena_place* places, std::int32_t layer_index) {
  std::int32_t sum = 0;
  for (std::int32_t p = 0; p < place_count(g); ++p) {
    const arena_place& place = places[p];
    if (!place.used() || place.first > layer_index || place.last < layer_index) continue;
    // What takes over memory that is still alive is not larger and needs no more.
    const bool inside = place.takes_over() && place.first == layer_index;
    if (!inside) sum += place.bytes;
    if (place.follows() && places[place.over].last >= layer_index) sum -= detail::shared_bytes(places, place);
  }
  return sum;
}

namespace detail {

/// Whether a place shares bytes with one that it follows.
constexpr bool shares_bytes(const arena_place* places, const arena_place& place) {
  return place.follows() && place.offset < places[place.over].offset + places[place.over].bytes &&
         places[place.over].offset < place.offset + place.bytes;
}

/// Whether a layer writes to a map that shares bytes with the one that it follows, and that dies meanwhile. If it runs
/// by itself it then makes one row after another.
constexpr bool writes_over_dying_rows(graph_view g, const arena_place* places, std::int32_t layer_index) {
  const arena_place& place = places[g.output_of(g.layers[layer_index]).storage];
  return place.first <= layer_index && shares_bytes(places, place) && layer_index <= places[place.over].last;
}

/// Whether a stage must make its rows upwards: the map that it makes stands behind the one that it follows.
constexpr bool goes_upwards(graph_view g, const stage& s, const arena_place* places) {
  for (std::int32_t i = s.first; i < s.end; ++i) {
    const arena_place& place = places[g.output_of(g.layers[i]).storage];
    if (writes_over_dying_rows(g, places, i)) return place.offset > places[place.over].offset - place.distance;
  }
  return false;
}

/// True if one of two places takes over the memory of the other at the end of that one's life, or follows it.
constexpr bool may_share(const arena_place* places, std::int32_t i, std::int32_t j) {
  if (places[i].over != j && places[j].over != i) return false;
  const arena_place& later = places[i].over == j ? places[i] : places[j];
  const arena_place& earlier = places[i].over == j ? places[j] : places[i];
  if (later.follows())
    return later.offset <= earlier.offset - later.distance ||
           later.offset >= earlier.offset + distance_above(later, earlier);
  return later.first == earlier.last && later.offset == earlier.offset && later.bytes <= earlier.bytes;
}

/// True if no two places that are alive at the same time share a byte, but for a map over one that dies as it is made.
constexpr bool is_sound(const arena_place* places, std::int32_t count, std::int32_t arena_bytes) {
  for (std::int32_t i = 0; i < count; ++i) {
    const arena_place a = places[i];
    if (!a.used()) continue;
    if (a.offset < 0 || a.offset + a.bytes > arena_bytes) return false;
    for (std::int32_t j = 0; j < i; ++j)
      if (places[j].last >= a.first && places[j].first <= a.last && places[j].offset < a.offset + a.bytes &&
          places[j].offset + places[j].bytes > a.offset && !may_share(places, i, j))
        return false;
  }
  return true;
}

/// The arena of a graph whose size is known at compile time: Places is its place_count.
template <std::int32_t Places>
struct arena_plan {
  arena_place places[static_cast<std::size_t>(Places)]{};
  std::int32_t bytes = 0;
};

}  // namespace detail

}  // namespace inlay
