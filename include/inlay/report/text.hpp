// Inlay: a plan as text: its layers, its stages, its totals, and what is in the arena when.
#pragma once

#include <inlay/report/plan.hpp>
#include <inlay/report/raster_bound.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inlay::inline INLAY_ABI {

namespace detail {

// ---- pieces of text --------------------------------------------------------------------------------------

/// 1234567 as 1,234,567.
template <typename Integer>
std::string grouped(Integer value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

/// Extents as 48×48×8, without the batch of one.
inline std::string text_of(const shape& s) {
  std::string text;
  for (int axis = s.rank > 1 && s[0] == 1 ? 1 : 0; axis < s.rank; ++axis)
    text += (text.empty() ? "" : "×") + std::to_string(s[axis]);
  return text.empty() ? "scalar" : text;
}

inline std::string text_of(const extent2d& e) { return std::to_string(e.height) + "×" + std::to_string(e.width); }

/// One number where height and width agree.
inline std::string shorter_text_of(const extent2d& e) {
  return e.height == e.width ? std::to_string(e.height) : text_of(e);
}

/// Kernel, then stride, dilation and padding (top, left, bottom, right) where there is any.
inline std::string window_text(const layer& l) {
  if (!has_window(l.kind) && l.kind != layer_kind::transpose_conv2d) return "";
  const window2d& w = l.window;
  std::string text = text_of(w.kernel);
  if (w.stride != extent2d{}) text += " stride " + shorter_text_of(w.stride);
  if (w.dilation != extent2d{}) text += " dilation " + shorter_text_of(w.dilation);
  const padding2d& p = w.padding;
  if (p == padding2d{}) return text;
  text += " pad " + std::to_string(p.top);
  if (p != padding2d{p.top, p.top, p.top, p.top})
    for (const std::int32_t side : {p.left, p.bottom, p.right}) text += "," + std::to_string(side);
  return text;
}

/// Shapes of a layer's activations: constants are left out, and a second input of the same shape.
inline std::string shapes_text(graph_view g, const layer& l) {
  std::string text;
  for (const std::int32_t input : l.inputs) {
    if (input < 0 || g.tensors[input].is_constant()) continue;
    const std::string extents = text_of(g.tensors[input].extents);
    if (text != extents) text += (text.empty() ? "" : ", ") + extents;
  }
  return text + " → " + text_of(g.output_of(l).extents);
}

/// Columns that UTF-8 text takes on a screen: its bytes but those that continue a character.
inline std::size_t column_count(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

enum class alignment : std::uint8_t { left, right };
using text_row = std::vector<std::string>;

/// Rows as lines, cells two blanks apart and each column as wide as its widest cell.
inline std::string aligned(const std::vector<text_row>& rows, const std::vector<alignment>& alignments) {
  std::vector<std::size_t> widths(alignments.size());
  for (const text_row& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = (std::max)(widths[c], column_count(row[c]));
  std::string text;
  for (const text_row& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string blanks(widths[c] - column_count(row[c]), ' ');
      line += (c == 0 ? "" : "  ");
      line += alignments[c] == alignment::left ? row[c] + blanks : blanks + row[c];
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

inline std::string layer_title(const plan_view& plan, std::int32_t index) {
  return "layer " + std::to_string(index) + ", " + name(plan.graph.layers[index].kind);
}

/// 0.0423 as 4.2 %. Less than nothing, where columns are left out that nobody reads, is nothing.
inline std::string percent_text(double percent) {
  const std::int64_t tenths = percent > 0 ? round_half_away(percent * 10) : 0;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " %";
}

/// Recomputed multiply-accumulates, with their share of those that are counted once.
inline std::string recomputed_text(std::int64_t recomputed, std::int64_t once) {
  return grouped(recomputed) + " (" + percent_text(percent_of(recomputed, once)) + ")";
}

/// First and last layer.
inline std::string layers_text(const stage& s) {
  return s.layers() == 1 ? std::to_string(s.first) : std::to_string(s.first) + "–" + std::to_string(s.end - 1);
}

/// Patches of a stage: rows × columns.
inline std::string grid_text(const stage& s) {
  if (s.halos() != halo::reuse) return text_of(extent2d{s.row_patches, s.column_patches});
  return s.segments > 1 ? "rows in " + std::to_string(s.segments) : "rows";
}

/// The whole map that a layer writes to.
inline const shape& map_of(const plan_view& plan, std::int32_t layer_index) {
  const graph_view g = plan.graph;
  return g.tensors[g.output_of(g.layers[layer_index]).storage].extents;
}
inline extent2d map_extent(const plan_view& plan, std::int32_t layer_index) {
  const shape& map = map_of(plan, layer_index);
  return {map_rows(map), map.width()};
}

/// Rows and columns of it that are in memory at a time.
inline extent2d kept_extent(const plan_view& plan, std::int32_t layer_index) {
  const map_layout& layout = plan.maps[layer_index];
  return {layout.rows, layout.row_pitch / map_of(plan, layer_index).channels()};
}

/// Empty where the whole map is kept.
inline std::string kept_text(const plan_view& plan, std::int32_t layer_index) {
  const extent2d kept = kept_extent(plan, layer_index), all = map_extent(plan, layer_index);
  if (kept == all) return "";
  const std::string rows = std::to_string(kept.height) + " of " + std::to_string(all.height) + " rows";
  return kept.width == all.width ? rows : rows + ", " + std::to_string(kept.width) + " wide";
}

inline std::string layer_table(const plan_view& plan) {
  const graph_view g = plan.graph;
  const std::int32_t peak = peak_layer(plan);
  const bool rings = !patched_stages(plan).empty();
  const std::vector<std::int64_t> reads = weight_reads(plan);
  std::vector<text_row> rows{{"layer", "op", "kind", "shape", "window", "MACs", "parameters", "weights", "read",
                              rings ? "kept" : "", "alive", ""}};
  for (std::int32_t i = 0; i < g.layer_count; ++i) {
    const layer& l = g.layers[i];
    std::string note = is_in_place(plan, i)                        ? "in place"
                       : writes_over_dying_rows(g, plan.places, i) ? "over dying rows"
                                                                   : "";
    if (i == peak) note += note.empty() ? "◄ peak" : ", ◄ peak";
    rows.push_back({std::to_string(i), std::to_string(l.operator_index), name(l.kind), shapes_text(g, l),
                    window_text(l), grouped(layer_macs(g, l)), grouped(layer_parameters(g, i)),
                    grouped(weight_bytes(g, l)),
                    weight_bytes(g, l) > 0 ? grouped(reads[static_cast<std::size_t>(i)]) + "×" : "", kept_text(plan, i),
                    grouped(live_bytes(g, plan.places, i)), note});
  }
  std::vector<alignment> alignments(12, alignment::right);
  for (const std::size_t column : {2u, 3u, 4u, 11u}) alignments[column] = alignment::left;
  return aligned(rows, alignments);
}

/// Stages of one layer are left out. Shares are of the stage's own multiply-accumulates.
inline std::string stage_table(const plan_view& plan) {
  std::vector<text_row> rows{{"stage", "patches", "halos", "alive", "MACs", "recomputed", "with full-size borders"}};
  for (const stage& s : patched_stages(plan)) {
    const stage_figures figures = figures_of(plan, s);
    rows.push_back({layers_text(s), grid_text(s), name(s.halos()), grouped(figures.live_bytes),
                    grouped(figures.macs), percent_text(figures.clamped_percent()),
                    percent_text(figures.unclamped_percent())});
  }
  if (rows.size() == 1) return "";
  std::vector<alignment> alignments(7, alignment::right);
  for (const std::size_t column : {0u, 1u, 2u}) alignments[column] = alignment::left;
  return aligned(rows, alignments) + '\n';
}

inline std::string totals_text(const plan_view& plan) {
  const std::int32_t peak = peak_layer(plan);
  return aligned({{"MACs", grouped(total_macs(plan.graph))},
                  {"recomputed", grouped(plan.recomputed_macs()),
                   percent_text(percent_of(plan.recomputed_macs(), total_macs(plan.graph)))},
                  {"parameters", grouped(total_parameters(plan.graph))},
                  {"model bytes", grouped(plan.model_bytes)},
                  {"constant bytes", grouped(plan.constant_bytes), "of the model, read by kernels"},
                  {"table bytes", grouped(plan.table_bytes), std::string("of ") + plan.kernels},
                  {"flash bytes", grouped(plan.flash_bytes()), "constants and tables, without code"},
                  {"input bytes", grouped(total_input_bytes(plan.graph)), "in the caller's buffers"},
                  {"arena bytes", grouped(plan.arena_bytes)},
                  {"raster bound", grouped(raster_bound(plan.graph)), "bytes alive in any raster order"},
                  {"peak bytes", grouped(live_bytes(plan.graph, plan.places, peak)), "at " + layer_title(plan, peak)}},
                 {alignment::left, alignment::right, alignment::left});
}

}  // namespace detail

// ---- tables ----------------------------------------------------------------------------------------------

/// One row for each layer, one for each stage of several layers or patches, then the totals. "op" is the index
/// of the layer's operator in the model; "weights" the bytes of constants that its kernel reads, and how often it goes
/// through them in a run; "kept" the rows of its output that are in memory at a time; "alive" the
/// bytes of the arena that hold something while the layer runs.
inline std::string plan_table(const plan_view& plan) {
  return detail::layer_table(plan) + '\n' + detail::stage_table(plan) + detail::totals_text(plan);
}

// ---- lifetimes -------------------------------------------------------------------------------------------

namespace detail {

/// The places in the arena, in the order in which they come to life.
inline std::vector<std::int32_t> used_places(const plan_view& plan) {
  std::vector<std::int32_t> used;
  for (std::int32_t p = 0; p < place_count(plan.graph); ++p)
    if (plan.places[p].used()) used.push_back(p);
  std::sort(used.begin(), used.end(), [&](std::int32_t a, std::int32_t b) {
    return std::pair(plan.places[a].first, a) < std::pair(plan.places[b].first, b);
  });
  return used;
}

/// The last layer during which a place is alive: outputs live on after the last layer of all.
inline std::int32_t last_layer(const plan_view& plan, const arena_place& place) {
  return (std::min)(place.last, plan.graph.layer_count - 1);
}

inline bool is_scratch(const plan_view& plan, std::int32_t place) { return place >= plan.graph.tensor_count; }

inline std::string place_name(const plan_view& plan, std::int32_t place) {
  return is_scratch(plan, place) ? "scratch" : "tensor " + std::to_string(place);
}
inline std::string place_shape(const plan_view& plan, std::int32_t place) {
  return is_scratch(plan, place) ? "" : text_of(plan.graph.tensors[place].extents);
}

/// The layer that writes a place first. Rings are alive before that, as long as their stage.
inline std::int32_t writer_of(const plan_view& plan, std::int32_t place) {
  const graph_view g = plan.graph;
  std::int32_t writer = is_scratch(plan, place) ? place - g.tensor_count : 0;
  while (!is_scratch(plan, place) && g.output_of(g.layers[writer]).storage != place) ++writer;
  return writer;
}

/// Rows that a place holds of a map, by columns if not all; empty if it holds the whole map.
inline std::string place_rows(const plan_view& plan, std::int32_t place) {
  if (is_scratch(plan, place)) return "";
  const std::int32_t writer = writer_of(plan, place);
  const extent2d kept = kept_extent(plan, writer), all = map_extent(plan, writer);
  if (kept == all) return "";
  if (kept.width < all.width) return text_of(kept);
  return std::to_string(kept.height) + (kept.height == 1 ? " row" : " rows");
}

/// What a place holds: a map, or some of it.
inline std::string place_content(const plan_view& plan, std::int32_t place) {
  const std::string rows = place_rows(plan, place);
  return (rows.empty() ? "" : rows + " of ") + place_shape(plan, place);
}

/// The place whose memory another one is written over: at its offset, or as its rows die; −1 for none.
inline std::int32_t place_below(const plan_view& plan, const arena_place& place) {
  return place.takes_over() || shares_bytes(plan.places, place) ? place.over : -1;
}

/// The last layer that runs while a place is written over another.
inline std::int32_t last_layer_over(const plan_view& plan, const arena_place& place) {
  return place.follows() ? last_layer(plan, plan.places[place.over]) : place.first;
}

/// The layers that stand along a line of text: several columns a layer where there is room, several layers a
/// column where there is not.
struct layer_columns {
  std::int32_t layers = 0;
  std::int32_t columns = 0;

  layer_columns(std::int32_t layer_count, std::int32_t most_columns)
      : layers(layer_count),
        columns(layer_count > most_columns ? most_columns : layer_count * (std::min)(4, most_columns / layer_count)) {}

  std::int32_t first(std::int32_t column) const { return product(column) / columns; }
  std::int32_t last(std::int32_t column) const { return (std::max)(first(column), product(column + 1) / columns - 1); }
  bool shows(std::int32_t column, std::int32_t layer) const { return first(column) <= layer && layer <= last(column); }

 private:
  std::int32_t product(std::int32_t column) const { return column * layers; }
};

/// Numbers of layers above the columns that show them.
inline std::string layer_ruler(const layer_columns& scale) {
  std::string ruler;
  for (std::int32_t c = 0; c < scale.columns; ++c) {
    const auto column = static_cast<std::size_t>(c);
    const bool begins = c == 0 || scale.first(c) != scale.first(c - 1);
    if (!begins || (column != 0 && column < ruler.size() + 2)) continue;
    ruler += std::string(column - ruler.size(), ' ') + std::to_string(scale.first(c));
  }
  return ruler;
}

inline std::string life_bar(const plan_view& plan, const arena_place& place, const layer_columns& scale) {
  std::string bar;
  for (std::int32_t c = 0; c < scale.columns; ++c) {
    const bool alive = place.first <= scale.last(c) && scale.first(c) <= last_layer(plan, place);
    const bool taking_over = place_below(plan, place) >= 0 && scale.last(c) <= last_layer_over(plan, place);
    bar += !alive ? "·" : taking_over ? "▒" : "█";
  }
  return bar;
}

inline std::string peak_mark(const layer_columns& scale, std::int32_t peak) {
  std::int32_t column = 0;
  while (!scale.shows(column, peak)) ++column;
  return std::string(static_cast<std::size_t>(column), ' ') + "▼ peak";
}

}  // namespace detail

/// One row for each place in the arena, time from left to right. Lines are at most `width` columns long, but
/// for shapes of many axes.
inline std::string lifetime_chart(const plan_view& plan, std::int32_t width = 110) {
  using detail::alignment;
  constexpr std::int32_t label_columns = 58;
  const detail::layer_columns scale(plan.graph.layer_count, (std::max)(width - label_columns, 16));
  std::vector<detail::text_row> rows{{"", "", "", "", detail::peak_mark(scale, peak_layer(plan))},
                                     {"place", "holds", "bytes", "address", detail::layer_ruler(scale)}};
  for (const std::int32_t p : detail::used_places(plan)) {
    const arena_place& place = plan.places[p];
    rows.push_back({detail::place_name(plan, p), detail::place_content(plan, p), detail::grouped(place.bytes),
                    detail::grouped(place.offset), detail::life_bar(plan, place, scale)});
  }
  return detail::aligned(rows,
                         {alignment::left, alignment::left, alignment::right, alignment::right, alignment::left}) +
         "█ alive   ▒ written over an input, in its memory\n";
}

}  // namespace inlay
