// Inlay: the patches of a stage on its input and on its output, as a picture.
#pragma once

#include <inlay/report/svg.hpp>
#include <inlay/report/text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// The largest maps that a stage reads from outside and that it hands on; −1 if there is none.
struct stage_maps {
  std::int32_t input = -1;
  std::int32_t output = -1;
};

inline stage_maps maps_of(graph_view g, const stage& s) {
  std::vector<layer_span> spans(static_cast<std::size_t>(g.tensor_count));
  find_spans(g, spans.data());
  stage_maps maps;
  const auto enlarge = [&](std::int32_t& largest, std::int32_t storage) {
    if (largest < 0 || g.tensors[storage].extents.elements() > g.tensors[largest].extents.elements()) largest = storage;
  };
  for (std::int32_t i = s.first; i < s.end; ++i) {
    const layer& l = g.layers[i];
    const std::int32_t output = g.output_of(l).storage;
    if (spans[static_cast<std::size_t>(output)].last_reader >= s.end) enlarge(maps.output, output);
    for (int position = 0; position < 2; ++position) {
      if (!g.has_input(l, position) || g.input_of(l, position).is_constant()) continue;
      const std::int32_t input = g.input_of(l, position).storage;
      if (spans[static_cast<std::size_t>(input)].last_writer < s.first) enlarge(maps.input, input);
    }
  }
  return maps;
}

/// Pixels of a map from outside that each patch along a direction needs.
inline std::vector<interval> needs_of_patches(graph_view g, const stage& s, std::int32_t map, direction d) {
  const std::vector<interval> work = work_of_patches(g, s, d, borders::clamped);
  std::vector<interval> needs(work.size() / static_cast<std::size_t>(s.layers()));
  for (std::size_t w = 0; w < work.size(); ++w) {
    const layer& l = g.layers[s.first + static_cast<std::int32_t>(w) % s.layers()];
    interval& need = needs[w / static_cast<std::size_t>(s.layers())];
    for (int position = 0; position < 2; ++position)
      if (g.has_input(l, position) && g.input_of(l, position).storage == map)
        need = hull(need, input_need(g, l, position, work[w], d));
  }
  return needs;
}

/// Rows and columns of a map.
struct region {
  interval rows, columns;
};

inline std::string text_of(const region& r) { return text_of(extent2d{r.rows.size(), r.columns.size()}); }

/// The picture of one map, as large as its half of the page allows.
struct map_panel {
  static constexpr double side = 380, top = 92;
  point corner{};
  double pixel = 1;
  extent2d size{};

  map_panel(const shape& extents, double left) : corner{left, top}, size{map_rows(extents), extents.width()} {
    pixel = side / (std::max)(size.height, size.width);
    corner.x += (side - pixel * size.width) / 2;
  }
  region whole() const { return {{0, size.height}, {0, size.width}}; }
  std::string box(const region& r, std::string_view style) const {
    return svg_box({corner.x + pixel * r.columns.first, corner.y + pixel * r.rows.first},
                   {corner.x + pixel * r.columns.end, corner.y + pixel * r.rows.end}, style);
  }
  std::string caption(double y, std::string_view style, std::string_view text) const {
    return svg_text({corner.x + pixel * size.width / 2, y}, std::string(style) + " middle", text);
  }
};

/// Borders between patches.
inline std::string svg_cuts(const map_panel& panel, const stage& s) {
  std::string svg;
  const point end{panel.corner.x + panel.pixel * panel.size.width, panel.corner.y + panel.pixel * panel.size.height};
  for (std::int32_t p = 1; p < s.row_patches; ++p)
    svg += svg_horizontal(panel.corner.x, end.x,
                          panel.corner.y + panel.pixel * even_part(panel.size.height, s.row_patches, p).first, "cut");
  for (std::int32_t p = 1; p < s.column_patches; ++p)
    svg += svg_vertical(panel.corner.x + panel.pixel * even_part(panel.size.width, s.column_patches, p).first,
                        panel.corner.y, end.y, "cut");
  return svg;
}

/// What neighbouring patches both need, the darker the more of them there are.
inline std::string svg_shared(const map_panel& panel, const std::vector<interval>& rows,
                              const std::vector<interval>& columns) {
  std::string svg;
  const auto shared = [](interval a, interval b) {
    return interval{b.first, a.end};
  };
  for (std::size_t p = 0; p + 1 < rows.size(); ++p)
    if (const interval both = shared(rows[p], rows[p + 1]); both.size() > 0)
      svg += panel.box({both, panel.whole().columns}, "again");
  for (std::size_t p = 0; p + 1 < columns.size(); ++p)
    if (const interval both = shared(columns[p], columns[p + 1]); both.size() > 0)
      svg += panel.box({panel.whole().rows, both}, "again");
  return svg;
}

/// A stage streamed from top to bottom is drawn as if each row of its output were a patch: that is what a row
/// depends on.
inline stage as_drawn(const stage& s, std::int32_t output_rows) {
  return s.halos() == halo::reuse ? stage{s.first, s.end, output_rows, 1} : s;
}

inline region middle_part(const map_panel& panel, const stage& s) {
  return {even_part(panel.size.height, s.row_patches, s.row_patches / 2),
          even_part(panel.size.width, s.column_patches, s.column_patches / 2)};
}

inline std::string need_text(const region& need, const region& owned, bool streamed) {
  if (streamed) return "a row depends on " + std::to_string(need.rows.size()) + " rows";
  return "a patch needs " + text_of(need) + ", of which it owns " + text_of(owned);
}

inline std::string patch_summary(const plan_view& plan, const stage& s) {
  const stage_figures figures = figures_of(plan, s);
  const std::string how = "layers " + layers_text(s) + " " +
                          (s.halos() == halo::reuse ? "row by row" : "in " + grid_text(s) + " patches");
  if (figures.clamped_macs == figures.macs) return how + " · nothing computed twice";
  return how + (s.row_patches == 1 ? ", rows kept" : "") + " · " + percent_text(figures.clamped_percent()) +
         " computed again, " + percent_text(figures.unclamped_percent()) +
         " with full-size borders · shaded: what several patches need";
}

}  // namespace detail

/// A stage's patches as an SVG picture: what one of them needs of the stage's input and makes of its output, and
/// what it shares with its neighbours.
inline std::string patch_svg(const plan_view& plan, const stage& s, std::string_view title) {
  constexpr double width = 900, height = 540, left = 40;
  const graph_view g = plan.graph;
  const detail::stage_maps maps = detail::maps_of(g, s);
  std::string svg = detail::svg_opening({width, height}, left, title, detail::patch_summary(plan, s));
  if (maps.input < 0 || maps.output < 0) return svg + "</svg>\n";
  const shape& from = g.tensors[maps.input].extents;
  const shape& to = g.tensors[maps.output].extents;
  const detail::map_panel input(from, left), output(to, width - left - detail::map_panel::side);
  const stage drawn = detail::as_drawn(s, output.size.height);
  const std::vector<detail::interval> rows = detail::needs_of_patches(g, drawn, maps.input, detail::direction::rows);
  const std::vector<detail::interval> columns =
      detail::needs_of_patches(g, drawn, maps.input, detail::direction::columns);
  const detail::region need{rows[rows.size() / 2], columns[columns.size() / 2]};
  const detail::region owned = detail::middle_part(input, drawn), made = detail::middle_part(output, drawn);
  const bool streamed = s.halos() == halo::reuse;

  svg += input.box(input.whole(), "whole") + output.box(output.whole(), "whole");
  if (!streamed) svg += detail::svg_shared(input, rows, columns) + detail::svg_cuts(input, s);
  svg += input.box(need, "halo") + detail::svg_cuts(output, s) + output.box(made, "owned");
  if (!streamed) svg += input.box(owned, "owned");

  const double below = detail::map_panel::top + detail::map_panel::side + 22;
  svg += input.caption(below, "strong", "input " + detail::text_of(from));
  svg += output.caption(below, "strong", "output " + detail::text_of(to));
  svg += input.caption(below + 18, "", detail::need_text(need, owned, streamed));
  svg += output.caption(below + 18, "", streamed ? "one row of it" : "a patch makes " + detail::text_of(made));
  return svg + "</svg>\n";
}

}  // namespace inlay
