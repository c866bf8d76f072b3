// Inlay: schedules as text, written and read.
//
//   per_layer                  layer after layer, as fast as somewhat more memory than needed makes it
//   least_memory               the search's, without recomputation
//   8:rows,12:3x2,20:1x3       layers 0 to 7 row by row; 8 to 11 in 3 × 2 patches, halos recomputed; 12 to 19 in
//                              three strips of columns, rows kept; what follows layer after layer
//   4:per_layer,9:rows/5       layers 0 to 3 layer after layer, 4 to 8 row by row in five segments of each row
#pragma once

#include <inlay/hosted/loaded.hpp>
#include <inlay/report/plan.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// Calls piece(stage) for one stage after another up to the last that is not a layer on its own; of such layers
/// in a row for the last one.
template <typename Piece>
void for_each_piece(const stage* stages, std::int32_t count, Piece piece) {
  std::int32_t last = count;
  while (last > 0 && stages[last - 1].is_one_layer()) --last;
  for (std::int32_t i = 0; i < last; ++i)
    if (!stages[i].is_one_layer() || !stages[i + 1].is_one_layer()) piece(stages[i]);
}

}  // namespace detail

/// The text that read_schedule reads as these stages.
inline std::string schedule_text(const stage* stages, std::int32_t count) {
  std::string text;
  detail::for_each_piece(stages, count, [&](const stage& s) {
    if (!text.empty()) text += ',';
    text += std::to_string(s.end) + ':';
    if (s.is_one_layer())
      text += "per_layer";
    else if (s.halos() == halo::reuse)
      text += s.segments > 1 ? "rows/" + std::to_string(s.segments) : "rows";
    else
      text += std::to_string(s.row_patches) + 'x' + std::to_string(s.column_patches);
  });
  if (!text.empty()) return text;
  return count > 0 && stages[0].is_fast ? "per_layer" : std::to_string(count) + ":per_layer";
}
inline std::string schedule_text(const std::vector<stage>& stages) {
  return schedule_text(stages.data(), static_cast<std::int32_t>(stages.size()));
}
inline std::string schedule_text(const plan_view& plan) { return schedule_text(plan.stages, plan.stage_count); }

/// The C++ type of a schedule that has these stages.
inline std::string schedule_type_text(const stage* stages, std::int32_t count) {
  std::string text;
  detail::for_each_piece(stages, count, [&](const stage& s) {
    const std::string rows = std::to_string(s.row_patches), columns = std::to_string(s.column_patches);
    text += (text.empty() ? "" : ", ") + ("inlay::per_patch<inlay::split<" + std::to_string(s.end) + ">, inlay::");
    if (s.is_one_layer())
      text += "per_layer>";
    else if (s.halos() == halo::reuse)
      text += s.segments > 1 ? "segments<" + std::to_string(s.segments) + ">>" : "rows<1>>";
    else
      text += (s.row_patches == 1 ? "columns<" : "grid<" + rows + ", ") + columns + ">>";
  });
  return text.empty() && count > 0 && stages[0].is_fast ? "inlay::per_layer" : "inlay::schedule<" + text + ">";
}
inline std::string schedule_type_text(const std::vector<stage>& stages) {
  return schedule_type_text(stages.data(), static_cast<std::int32_t>(stages.size()));
}
inline std::string schedule_type_text(const plan_view& plan) {
  return schedule_type_text(plan.stages, plan.stage_count);
}

/// A schedule as read from text, or what is wrong with the text.
struct schedule_reading {
  std::vector<stage> stages;
  std::string error;
};

namespace detail {

/// Takes a number off the front of a text; −1 if there is none, or none that fits.
inline std::int32_t take_number(std::string_view& text) {
  std::int32_t number = -1;
  const std::from_chars_result result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc{}) return -1;
  text.remove_prefix(static_cast<std::size_t>(result.ptr - text.data()));
  return number;
}

inline bool take(std::string_view& text, std::string_view piece) {
  if (!text.starts_with(piece)) return false;
  text.remove_prefix(piece.size());
  return true;
}

/// Layers of a schedule up to some layer, and how they run.
struct schedule_item {
  stage range{};
  bool per_layer = false;
  bool understood = false;
};

inline schedule_item read_item(std::string_view text, std::int32_t first) {
  schedule_item item{{first, take_number(text)}};
  if (item.range.end < 0 || !take(text, ":")) return item;
  item.per_layer = text == "per_layer";
  item.understood = item.per_layer || text == "rows";
  if (item.understood) return item;
  if (take(text, "rows/")) {
    const std::int32_t segments = take_number(text);
    item.understood = text.empty() && segments > 0;
    item.range.segments = item.range.layers() > 1 ? segments : 1;
    return item;
  }
  item.range.row_patches = take_number(text);
  const bool crossed = take(text, "x");
  item.range.column_patches = take_number(text);
  item.understood = crossed && text.empty() && item.range.row_patches > 0 && item.range.column_patches > 0;
  return item;
}

/// The largest map that a stage hands on, as a grid of its rows and columns is cut from it.
inline extent2d stage_output(graph_view g, const stage& s) {
  std::vector<layer_span> spans(static_cast<std::size_t>(g.tensor_count));
  find_spans(g, spans.data());
  extent2d most{};
  for (std::int32_t i = s.first; i < s.end; ++i) {
    const std::int32_t storage = g.output_of(g.layers[i]).storage;
    if (spans[static_cast<std::size_t>(storage)].last_reader < s.end) continue;
    most.height = (std::max)(most.height, extent_along(g.tensors[storage].extents, direction::rows));
    most.width = (std::max)(most.width, extent_along(g.tensors[storage].extents, direction::columns));
  }
  return most;
}

/// What is wrong with a piece of a schedule; empty if nothing is.
inline std::string error_of(graph_view g, const schedule_item& item) {
  if (!item.understood)
    return "a stage is END:rows, END:rows/SEGMENTS, END:ROWSxCOLUMNS or END:per_layer, where END is the layer before "
           "which it ends";
  const stage& s = item.range;
  if (s.first == g.layer_count) return "the stages before it already hold all " + std::to_string(s.first) + " layers";
  if (s.end <= s.first || s.end > g.layer_count)
    return "a stage from layer " + std::to_string(s.first) + " on ends at " + std::to_string(s.first + 1) + " to " +
           std::to_string(g.layer_count);
  const extent2d map = stage_output(g, s);
  if (s.row_patches > map.height || s.column_patches > map.width || s.segments > map.width)
    return "the stage's output has " + std::to_string(map.height) + " rows and " + std::to_string(map.width) +
           " columns, too few for this" + (s.segments > 1 ? "" : " grid");
  return "";
}

}  // namespace detail

/// Reads what schedule_text writes: `per_layer`, `least_memory`, or stages such as `8:rows,12:3x2`.
inline schedule_reading read_schedule(graph_view g, std::string_view text) {
  if (text == "per_layer") return {per_layer_stages(g), ""};
  if (text == "least_memory") return {least_memory_stages(g), ""};
  std::vector<stage> stages;
  std::int32_t first = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::string_view piece = text.substr(begin, text.find(',', begin) - begin);
    const detail::schedule_item item = detail::read_item(piece, first);
    if (const std::string error = detail::error_of(g, item); !error.empty())
      return {{}, "\"" + std::string(piece) + "\": " + error};
    if (item.per_layer)
      detail::append_layers(stages, first, item.range.end, false);
    else
      stages.push_back(item.range);
    first = item.range.end;
    begin += piece.size() + 1;
  }
  detail::append_layers(stages, first, g.layer_count, false);
  return {std::move(stages), ""};
}

}  // namespace inlay
