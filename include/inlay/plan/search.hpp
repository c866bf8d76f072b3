// Inlay: finds a schedule: the stages that need least memory, or that fit a budget with least recomputation.
#pragma once

#include <inlay/plan/arena.hpp>
#include <inlay/plan/need.hpp>
#include <inlay/plan/stage.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

/// What the search knows of a layer and of the map that it is the first to write. Bytes are of that map.
struct layer_facts {
  std::int32_t full_bytes = 0;       // kept whole; 0 if an earlier layer writes the map, too
  std::int32_t ring_bytes = 0;       // as a ring; 0 if its rows are transient
  std::int32_t transient_bytes = 0;  // one row, if transient
  std::int32_t passing_bytes = 0;    // maps that are made before this layer and read by it or later
  std::int32_t alone_bytes = 0;      // alive while the layer runs as a stage of its own
  std::int32_t first_writer = -1;    // of the map
  std::int32_t last_reader = -1;
  std::int32_t maker[2]{-1, -1};  // the layers that first write its operands, −1 outside the arena
  std::int32_t maker_transient_bytes[2]{};
  std::int32_t maker_ring_saves[2]{};  // where the layer is its operand's last reader: what a ring takes less
  std::int32_t width = 1, channels = 1, rows = 1, ring_rows = 0;
  std::int64_t macs = 0;
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

/// The search estimates; placing can need some more. How often to search again with what is left.
inline constexpr int fitting_tries = 4;

namespace detail {

/// Fills in the facts. `maps` are the layouts of all layers run as one stage, which shows how many rows of each
/// map are alive at once in any stage that makes and reads it.
constexpr void find_facts(graph_view g, const layer_span* spans, const map_layout* maps, layer_facts* facts) {
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    const layer& l = g.layers[i];
    layer_facts& f = facts[i];
    f = {};
    const std::int32_t storage = g.output_of(l).storage;
    const shape& extents = g.tensors[storage].extents;
    f.macs = layer_macs(g, l);
    f.first_writer = spans[storage].first_writer;
    f.last_reader = spans[storage].last_reader;
    f.width = extents.width();
    if (spans[storage].first_writer == i) {
      const bool transient = maps[i].transient;
      f.full_bytes = extents.elements();
      f.channels = extents.channels();
      f.rows = map_rows(extents);
      f.ring_rows = maps[i].rows < f.rows ? maps[i].rows : f.rows;
      f.ring_bytes = transient ? 0 : f.ring_rows * f.width * f.channels;
      f.transient_bytes = transient ? f.width * f.channels : 0;
      // The sums of a mean that accumulates.
      if (is_global_mean(g, l)) f.ring_bytes += sum_bytes * extents.elements();
    }
    for (int position = 0; position < 2; ++position)
      if (g.has_input(l, position) && !g.input_of(l, position).is_constant())
        f.maker[position] = spans[g.input_of(l, position).storage].first_writer;
    for (std::size_t position = 0; position < 2; ++position) {
      if (f.maker[position] < 0) continue;
      const layer_facts& maker = facts[f.maker[position]];
      f.maker_transient_bytes[position] = maker.transient_bytes;
      const bool counted = position == 1 && f.maker[1] == f.maker[0];
      if (maker.last_reader == i && !counted) f.maker_ring_saves[position] = maker.full_bytes - maker.ring_bytes;
    }
  }
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    for (std::int32_t k = i + 1; k < g.layer_count && k <= facts[i].last_reader; ++k)
      facts[k].passing_bytes += facts[i].full_bytes;
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    layer_facts& f = facts[i];
    f.alone_bytes = f.passing_bytes + f.full_bytes;
    const std::int32_t scratch = overwrite_scratch(g, g.layers[i]);
    for (int position = 0; position < 2 && scratch >= 0 && scratch < f.full_bytes; ++position)
      if (f.maker[position] >= 0 && facts[f.maker[position]].last_reader == i &&
          facts[f.maker[position]].full_bytes >= f.full_bytes) {
        f.alone_bytes += scratch - f.full_bytes;
        break;
      }
  }
}

constexpr bool is_better(const search_state& a, const search_state& b) {
  if (b.recomputed_macs < 0) return true;
  if (a.recomputed_macs != b.recomputed_macs) return a.recomputed_macs < b.recomputed_macs;
  return a.streamed_layers < b.streamed_layers;
}

/// Offers a stage as the last of a way to run the layers before its end.
constexpr void offer(search_state* best, const stage& s, std::int32_t bytes, std::int64_t recomputed_macs) {
  const search_state& before = best[s.first];
  if (before.recomputed_macs < 0) return;
  const search_state candidate{before.recomputed_macs + recomputed_macs,
                               before.streamed_layers + (s.layers() > 1 ? s.layers() : 0),
                               before.bytes > bytes ? before.bytes : bytes, s};
  if (is_better(candidate, best[s.end])) best[s.end] = candidate;
}

/// Calls f(end, bytes) for every stage of several whole-width layers that starts at `first`, extending it by
/// one layer at a time.
template <typename Function>
constexpr void for_each_stream(const layer_facts* facts, std::int32_t layer_count, std::int32_t first, Function f) {
  std::int32_t kept = facts[first].passing_bytes, transient = 0;
  for (std::int32_t i = first; i < layer_count; ++i) {
    const layer_facts& l = facts[i];
    const bool makes_first = l.maker[0] >= first, makes_second = l.maker[1] >= first;
    // Kept whole, until its last reader joins the stage.
    kept += l.full_bytes - (makes_first ? l.maker_ring_saves[0] : 0) - (makes_second ? l.maker_ring_saves[1] : 0);
    // A transient row and those that its maker reads: the most alive at one time.
    const std::int32_t pair = l.transient_bytes + (makes_first ? l.maker_transient_bytes[0] : 0) +
                              (makes_second ? l.maker_transient_bytes[1] : 0);
    if (pair > transient) transient = pair;
    if (i > first) f(i + 1, kept + transient);
  }
}

/// Columns of an operand that an inner strip needs: no column of its window, or of the strip, is padding.
constexpr std::int32_t strip_need(graph_view g, const layer& l, int position, interval work) {
  const std::int32_t width = g.input_of(l, position).extents.width();
  if (describe(l.kind).geometry == layer_geometry::padded) return work.size() < width ? work.size() : width;
  if (!has_window(l.kind)) return input_need(g, l, position, work, direction::columns).size();
  const std::int32_t need =
      (work.size() - 1) * l.window.stride.width + dilated_extent(l.window.kernel.width, l.window.dilation.width);
  return need < width ? need : width;
}

/// Calls f(first, bytes, recomputed MACs) for every stage that ends at `end` and is cut into strips, extending
/// it upwards, as long as what it keeps is within `budget_bytes`. `widths` is scratch: the columns of each map that an
/// inner strip makes.
template <typename Function>
constexpr void for_each_strip_stage(graph_view g, const layer_facts* facts, std::int32_t end, std::int32_t strips,
                                    std::int64_t budget_bytes, std::int32_t* widths, Function f) {
  for (std::int32_t i = 0; i < end; ++i) widths[i] = 0;
  std::int32_t kept = 0, transient = 0;
  std::int64_t recomputed = 0;
  for (std::int32_t i = end - 1; i >= 0 && i >= end - most_strip_layers; --i) {
    const layer_facts& l = facts[i];
    if (is_global_mean(g, g.layers[i])) return;  // it would wait for its whole input
    const bool leaves = l.last_reader >= end;
    const std::int32_t part = (l.width + strips - 1) / strips;
    // The layers that make parts of one map share its width.
    std::int32_t& width = widths[l.first_writer];
    if (leaves && width < part) width = part;
    const interval work = work_for(g, g.layers[i], {0, width > 0 ? width : 1}, direction::columns);
    for (int position = 0; position < 2; ++position) {
      if (l.maker[position] < 0) continue;
      const std::int32_t need = strip_need(g, g.layers[i], position, work);
      if (widths[l.maker[position]] < need) widths[l.maker[position]] = need;
    }
    const std::int32_t row = width * l.channels;
    kept += leaves ? l.full_bytes : l.transient_bytes > 0 ? 0 : l.full_bytes > 0 ? l.ring_rows * row : 0;
    // Two neighbouring transient rows at most are alive; maps further up are not narrower for their size.
    if (kept > budget_bytes) return;  // further up it is only more
    const std::int32_t pair = !leaves && l.transient_bytes > 0 ? 2 * row : 0;
    if (pair > transient) transient = pair;
    if (l.width > 0) {
      const std::int64_t overlap = std::int64_t{width} * strips - l.width;
      // macs × overlap × (strips − 1) / (strips × width), whose product need not fit 64 bits.
      const std::int64_t part_of = overlap * (strips - 1), whole = std::int64_t{strips} * l.width;
      if (overlap > 0) recomputed += l.macs / whole * part_of + l.macs % whole * part_of / whole;
    }
    if (i < end - 1) f(i, kept + transient + facts[i].passing_bytes, recomputed);
  }
}

}  // namespace detail

/// Starts a search: `best` has layer_count + 1 entries.
constexpr void start_search(graph_view g, search_state* best) {
  for (std::int32_t i = 0; i <= g.layer_count; ++i) best[i] = {};
  best[0].recomputed_macs = 0;
}

/// Goes on with a search for layers [first, end): how to run a network with no stage above `budget_bytes` and
/// least recomputation. A compiler does it in parts, each within its limits; `widths` is scratch of layer_count.
constexpr void search_within(graph_view g, const layer_facts* facts, std::int64_t budget_bytes, bool strips,
                             std::int32_t first, std::int32_t end, search_state* best, std::int32_t* widths) {
  for (std::int32_t i = first; i < end; ++i) {
    if (i > 0 && strips && best[i].recomputed_macs != 0)
      for (std::int32_t count = 2; count <= most_column_patches; ++count)
        detail::for_each_strip_stage(g, facts, i, count, budget_bytes, widths,
                                     [&](std::int32_t start, std::int32_t bytes, std::int64_t recomputed) {
                                       if (bytes <= budget_bytes)
                                         detail::offer(best, {start, i, 1, count}, bytes, recomputed);
                                     });
    if (best[i].recomputed_macs < 0) continue;
    if (facts[i].alone_bytes <= budget_bytes) detail::offer(best, {i, i + 1}, facts[i].alone_bytes, 0);
    detail::for_each_stream(facts, g.layer_count, i, [&](std::int32_t stop, std::int32_t bytes) {
      if (bytes <= budget_bytes) detail::offer(best, {i, stop}, bytes, 0);
    });
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

/// The least that any schedule without recomputation needs: the smallest possible largest stage. `least` is
/// scratch of layer_count + 1 entries.
constexpr std::int32_t least_stage_bytes(graph_view g, const layer_facts* facts, std::int32_t* least) {
  const std::int32_t layers = g.layer_count;
  for (std::int32_t i = 0; i <= layers; ++i) least[i] = 0x7fffffff;
  least[0] = 0;
  for (std::int32_t i = 0; i < layers; ++i) {
    const auto offer = [&](std::int32_t end, std::int32_t bytes) {
      if (bytes < least[end] && least[i] < least[end]) least[end] = bytes > least[i] ? bytes : least[i];
    };
    offer(i + 1, facts[i].alone_bytes);
    detail::for_each_stream(facts, layers, i, offer);
  }
  return least[layers];
}

}  // namespace inlay
