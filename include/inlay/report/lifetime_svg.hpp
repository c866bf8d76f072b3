// Inlay: the arena over time, as a picture.
#pragma once

#include <inlay/report/svg.hpp>
#include <inlay/report/text.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// Groups of layers that share a colour.
struct colour {
  std::string_view style;  // class in the picture's style sheet
  std::string_view label;
};

inline constexpr colour colours[] = {{"conv", "convolution, dense"}, {"depthwise", "depthwise"},
                                     {"element", "elementwise"},     {"pool", "pool, mean"},
                                     {"move", "data movement"},      {"scratch", "scratch"}};

inline const colour& colour_of(layer_kind kind) {
  const layer_description& about = describe(kind);
  if (has_weights(kind)) return colours[about.overwriting == layer_overwriting::rows ? 1 : 0];
  switch (about.geometry) {
    case layer_geometry::pixelwise: return colours[2];
    case layer_geometry::window:
    case layer_geometry::reduced: return colours[3];
    case layer_geometry::transposed:
    case layer_geometry::padded:
    case layer_geometry::sliced:
    case layer_geometry::placed:
    case layer_geometry::blocked:
    case layer_geometry::nearest:
    case layer_geometry::blended:
    case layer_geometry::whole: break;
  }
  return colours[4];
}

/// A place has the colour of the layer that writes it first.
inline const colour& colour_of(const plan_view& plan, std::int32_t place) {
  return is_scratch(plan, place) ? colours[5] : colour_of(plan.graph.layers[writer_of(plan, place)].kind);
}

/// The picture's layout: layers from left to right, addresses upwards.
struct lifetime_canvas {
  static constexpr double width = 900, height = 560;
  static constexpr double left = 72, right = 880, top = 84, bottom = 460;
  std::int32_t layers = 1;
  std::int32_t bytes = 1;

  double column() const { return (right - left) / layers; }
  double x(double layer) const { return left + layer * column(); }
  double y(double address) const { return bottom - address * (bottom - top) / bytes; }
};

inline std::string svg_address_axis(const lifetime_canvas& c) {
  std::int32_t step = 1;
  while (c.bytes / step > 8) step *= 2;
  const bool kilobytes = step >= 1024;
  std::string svg;
  for (std::int32_t address = 0; address <= c.bytes; address += step) {
    const double y = c.y(address);
    svg += svg_horizontal(c.left, c.right, y, "grid");
    svg += svg_text({c.left - 8, y + 4}, "end", grouped(kilobytes ? address / 1024 : address));
  }
  const std::string label = kilobytes ? "address in the arena, KB" : "address in the arena, bytes";
  const std::string upright = " transform=\"rotate(-90 18 " + decimal((c.top + c.bottom) / 2) + ")\"";
  return svg + svg_text({18, (c.top + c.bottom) / 2}, "middle", label, upright);
}

inline std::string svg_layer_axis(const lifetime_canvas& c) {
  const std::int32_t step = tick_step(c.layers, 30);
  std::string svg;
  for (std::int32_t layer = 0; layer < c.layers; layer += step)
    svg += svg_text({c.x(layer + 0.5), c.bottom + 18}, "middle", std::to_string(layer));
  return svg + svg_text({c.left - 8, c.bottom + 18}, "end", "layer");
}

inline std::string stage_label(const stage& s) {
  switch (s.halos()) {
    case halo::reuse:
      return s.segments > 1 ? "row by row in " + std::to_string(s.segments) + " segments" : "row by row";
    case halo::reuse_rows: return std::to_string(s.column_patches) + " strips, row by row";
    case halo::recompute: break;
  }
  return grid_text(s) + " patches";
}

/// Below the layers: which run together, and how. Lines through the picture show where such a stage begins and ends.
inline std::string svg_stages(const plan_view& plan, const lifetime_canvas& c) {
  constexpr double character_width = 6.6;
  std::string svg;
  for (const stage& s : patched_stages(plan)) {
    const double left = c.x(s.first), right = c.x(s.end), y = c.bottom + 34;
    const std::string label = stage_label(s);
    const std::string bracket = "M" + decimal(left + 1) + " " + decimal(y - 5) + "v5H" + decimal(right - 1) + "v-5";
    svg += "<path d=\"" + bracket + "\" class=\"stage\"><title>" + escaped("layers " + layers_text(s) + ": " + label) +
           "</title></path>\n";
    for (const double x : {left, right}) svg += svg_vertical(x, c.top, c.bottom, "border");
    const bool fits = right - left > character_width * static_cast<double>(label.size());
    svg += svg_text({(left + right) / 2, y + 15}, "middle", fits ? label : grid_text(s));
  }
  return svg;
}

/// The peak's column, drawn behind the places or in front of them.
inline std::string svg_peak(const plan_view& plan, const lifetime_canvas& c, std::string_view style) {
  const std::int32_t peak = peak_layer(plan);
  return svg_box({c.x(peak), c.top}, {c.x(peak + 1), c.bottom}, style);
}

/// The peak's name, and the height of the arena.
inline std::string svg_marks(const plan_view& plan, const lifetime_canvas& c) {
  const double middle = std::clamp(c.x(peak_layer(plan) + 0.5), c.left + 18, c.right - 18);
  return svg_peak(plan, c, "peak") + svg_horizontal(c.left, c.right, c.top, "arena") +
         svg_text({middle, c.top - 8}, "mark middle", "peak");
}

/// A layer that writes over its input at its place takes over while it runs: half-way through its column.
inline double first_column(const arena_place& place) { return place.first + (place.takes_over() ? 0.5 : 0.0); }

/// The place that is written over another one's rows as they die, −1 for none.
inline std::int32_t place_over_rows_of(const plan_view& plan, std::int32_t p) {
  for (const std::int32_t q : used_places(plan))
    if (plan.places[q].over == p && shares_bytes(plan.places, plan.places[q])) return q;
  return -1;
}

/// What a place holds over time: all its addresses, but as it grows over the dying rows of another, and as its own die
/// under another. Rows that are made upwards grow and die from the highest address on.
inline std::string place_outline(const plan_view& plan, const lifetime_canvas& c, std::int32_t p) {
  const arena_place& place = plan.places[p];
  const double left = c.x(first_column(place)), right = c.x(last_layer(plan, place) + 1);
  const double low = c.y(place.offset), high = (std::min)(c.y(place.offset + place.bytes), low - 1.0);
  const auto at = [](double x, double y) {
    return decimal(x) + " " + decimal(y) + " ";
  };
  const auto goes_down = [&](const arena_place& q) {
    return q.offset <= plan.places[q.over].offset - q.distance;
  };
  std::string outline = "M";
  if (shares_bytes(plan.places, place)) {
    const double grown = c.x(last_layer_over(plan, place) + 1);
    outline += goes_down(place) ? at(left, low) + at(grown, high) : at(grown, low) + at(left, high);
  } else {
    outline += at(left, low) + at(left, high);
  }
  if (const std::int32_t over = place_over_rows_of(plan, p); over >= 0) {
    const double dying = c.x(plan.places[over].first);
    outline += goes_down(plan.places[over]) ? at(right, high) + at(dying, low) : at(dying, high) + at(right, low);
  } else {
    outline += at(right, high) + at(right, low);
  }
  return outline + "Z";
}

inline std::string place_tooltip(const plan_view& plan, std::int32_t p) {
  const arena_place& place = plan.places[p];
  const std::string content = place_content(plan, p);
  return place_name(plan, p) + (content.empty() ? "" : ", " + content) + ": " + grouped(place.bytes) + " bytes at " +
         grouped(place.offset) + (place.first == last_layer(plan, place) ? ", layer " : ", layers ") +
         layers_text({place.first, last_layer(plan, place) + 1}) + ", written by layer " +
         std::to_string(writer_of(plan, p)) + ", " + name(plan.graph.layers[writer_of(plan, p)].kind);
}

inline std::string svg_place(const plan_view& plan, const lifetime_canvas& c, std::int32_t p) {
  const arena_place& place = plan.places[p];
  if (shares_bytes(plan.places, place) || place_over_rows_of(plan, p) >= 0)
    return "<path d=\"" + place_outline(plan, c, p) + "\" class=\"place " + std::string(colour_of(plan, p).style) +
           "\"><title>" + escaped(place_tooltip(plan, p)) + "</title></path>\n";
  const double left = c.x(first_column(place)), right = c.x(last_layer(plan, place) + 1);
  const double bottom = c.y(place.offset);
  const double height = (std::max)(bottom - c.y(place.offset + place.bytes), 1.0);
  return "<rect x=\"" + decimal(left) + "\" y=\"" + decimal(bottom - height) + "\" width=\"" + decimal(right - left) +
         "\" height=\"" + decimal(height) + "\" class=\"place " + std::string(colour_of(plan, p).style) + "\"><title>" +
         escaped(place_tooltip(plan, p)) + "</title></rect>\n";
}

/// What a place holds, in its rectangle, upright or lying on its side, if what is seen of it is large enough.
inline std::string svg_place_label(const plan_view& plan, const lifetime_canvas& c, std::int32_t p) {
  constexpr double text_height = 13, character_width = 6.2;
  const arena_place& place = plan.places[p];
  const bool taken_over = std::any_of(plan.places, plan.places + place_count(plan.graph),
                                      [&](const arena_place& q) { return q.takes_over() && q.over == p; });
  const double right = c.x(last_layer(plan, place) + (taken_over ? 0.5 : 1.0)), left = c.x(first_column(place));
  const double top = c.y(place.offset + place.bytes), bottom = c.y(place.offset);
  const point middle{(left + right) / 2, (top + bottom) / 2};
  for (const std::string& label : {place_content(plan, p), place_rows(plan, p)}) {
    if (label.empty()) continue;
    const double length = character_width * static_cast<double>(column_count(label)) + 4;
    if (right - left >= length && bottom - top >= text_height)
      return svg_text({middle.x, middle.y + 3.5}, "inside middle", label);
    if (bottom - top < length || right - left < text_height) continue;
    const std::string turned = " transform=\"rotate(-90 " + decimal(middle.x) + " " + decimal(middle.y) + ")\"";
    return svg_text({middle.x, middle.y + 3.5}, "inside middle", label, turned);
  }
  return "";
}

/// The colours that the picture uses.
inline std::string svg_legend(const plan_view& plan, const lifetime_canvas& c) {
  const std::vector<std::int32_t> used = used_places(plan);
  std::string svg;
  double x = c.left;
  for (const colour& key : colours) {
    const bool shown =
        std::any_of(used.begin(), used.end(), [&](std::int32_t p) { return &colour_of(plan, p) == &key; });
    if (!shown) continue;
    const double y = c.height - 26;
    svg += svg_box({x, y}, {x + 12, y + 12}, "key " + std::string(key.style)) +
           svg_text({x + 18, y + 10.5}, "", key.label);
    x += 40 + 6.6 * static_cast<double>(key.label.size());
  }
  return svg;
}

inline std::string lifetime_summary(const plan_view& plan, std::int32_t peak) {
  const std::string recomputed =
      plan.recomputed_macs() == 0
          ? ""
          : " · " + percent_text(percent_of(plan.recomputed_macs(), total_macs(plan.graph))) + " computed again";
  return "arena " + grouped(plan.arena_bytes) + " bytes · peak " + grouped(live_bytes(plan.graph, plan.places, peak)) +
         " bytes at " + layer_title(plan, peak) + recomputed;
}

}  // namespace detail

/// The arena over time as an SVG picture: one shape for each place, from the layer that writes it to the last that
/// reads it, at its addresses; a map that grows over another as that one's rows die has a slope, and so has the other.
inline std::string lifetime_svg(const plan_view& plan, std::string_view title) {
  const detail::lifetime_canvas c{plan.graph.layer_count, plan.arena_bytes};
  const std::int32_t peak = peak_layer(plan);
  std::string svg = detail::svg_opening({c.width, c.height}, c.left, title, detail::lifetime_summary(plan, peak));
  svg += detail::svg_peak(plan, c, "band") + detail::svg_address_axis(c) + detail::svg_layer_axis(c) +
         detail::svg_stages(plan, c);
  const std::vector<std::int32_t> used = detail::used_places(plan);
  for (const std::int32_t p : used) svg += detail::svg_place(plan, c, p);
  for (const std::int32_t p : used)
    if (!detail::is_scratch(plan, p)) svg += detail::svg_place_label(plan, c, p);
  return svg + detail::svg_marks(plan, c) + detail::svg_legend(plan, c) + "</svg>\n";
}

}  // namespace inlay
