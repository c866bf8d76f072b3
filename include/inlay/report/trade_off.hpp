// Inlay: memory against computation, as a table and as a picture.
#pragma once

#include <inlay/hosted/loaded.hpp>
#include <inlay/report/schedule_text.hpp>
#include <inlay/report/svg.hpp>
#include <inlay/report/text.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inlay::inline INLAY_ABI {

namespace detail {

inline double overhead_percent(const trade& t, std::int64_t macs) { return percent_of(t.macs - macs, macs); }

inline trade per_layer_trade(graph_view g) {
  const loaded_schedule schedule(g, per_layer_stages(g));
  return {schedule.stages(), schedule.arena_bytes(), schedule.macs()};
}

}  // namespace detail

/// One row for each schedule, per_layer first.
inline std::string trade_off_table(graph_view g, const std::vector<trade>& trades) {
  using detail::alignment;
  std::vector<detail::text_row> rows{{"arena bytes", "MACs", "recomputed", "schedule"}};
  const auto append = [&](const trade& t) {
    rows.push_back({detail::grouped(t.arena_bytes), detail::grouped(t.macs),
                    detail::percent_text(detail::overhead_percent(t, total_macs(g))), schedule_text(t.stages)});
  };
  append(detail::per_layer_trade(g));
  for (const trade& t : trades) append(t);
  return detail::aligned(rows, {alignment::right, alignment::right, alignment::right, alignment::left});
}

namespace detail {

/// A picture's layout: bytes from left to right, by powers of two, computation upwards.
struct trade_canvas {
  static constexpr double width = 900, height = 440;
  static constexpr double left = 72, right = 860, top = 98, bottom = 376;
  double least_bytes = 1, most_bytes = 2;  // at the left and at the right
  double most_height = 1;                  // at the top

  double x(double bytes) const {
    return left + (right - left) * std::log(bytes / least_bytes) / std::log(most_bytes / least_bytes);
  }
  double y(double value) const { return bottom - (bottom - top) * value / most_height; }
};

inline trade_canvas canvas_of(graph_view g, const std::vector<trade>& trades, const trade& per_layer) {
  trade_canvas c{};
  c.least_bytes = trades.back().arena_bytes / 1.15;
  c.most_bytes = (std::max)(per_layer.arena_bytes, trades.front().arena_bytes) * 1.3;
  c.most_height = (std::max)(1.0, overhead_percent(trades.back(), total_macs(g)) * 1.08);
  return c;
}

inline std::string bytes_text(std::int32_t bytes) {
  if (bytes % (1 << 20) == 0) return grouped(bytes >> 20) + " MB";
  return bytes % (1 << 10) == 0 ? grouped(bytes >> 10) + " KB" : grouped(bytes);
}

inline std::string svg_byte_tick(const trade_canvas& c, std::int32_t bytes) {
  if (bytes < c.least_bytes || bytes > c.most_bytes) return "";
  return svg_vertical(c.x(bytes), c.top, c.bottom, "grid") +
         svg_text({c.x(bytes), c.bottom + 18}, "middle", bytes_text(bytes));
}

/// Powers of two, and halfway between them where there is room.
inline std::string svg_byte_axis(const trade_canvas& c, std::string_view title) {
  const bool halves = c.most_bytes < 16 * c.least_bytes;
  std::string svg = svg_text({(c.left + c.right) / 2, c.bottom + 42}, "middle", title);
  for (std::int32_t bytes = 2; bytes <= c.most_bytes && bytes < 1 << 30; bytes *= 2)
    svg += svg_byte_tick(c, bytes) + (halves ? svg_byte_tick(c, bytes / 2 * 3) : "");
  return svg;
}

inline std::string svg_trade_axes(const trade_canvas& c) {
  std::string svg = svg_byte_axis(c, "arena");
  const auto most = static_cast<std::int32_t>(c.most_height);
  for (std::int32_t percent = 0; percent <= most; percent += tick_step(most, 6)) {
    svg += svg_horizontal(c.left, c.right, c.y(percent), "grid");
    svg += svg_text({c.left - 8, c.y(percent) + 4}, "end", (percent > 0 ? "+" : "") + std::to_string(percent) + " %");
  }
  return svg + svg_text({c.left, c.top - 10}, "", "multiply-accumulates computed again");
}

/// A schedule's point, with what it is.
inline std::string svg_trade(const trade_canvas& c, graph_view g, const trade& t, std::string_view style) {
  const double percent = overhead_percent(t, total_macs(g));
  return "<circle cx=\"" + decimal(c.x(t.arena_bytes)) + "\" cy=\"" + decimal(c.y(percent)) + "\" r=\"4\" class=\"" +
         std::string(style) + "\"><title>" +
         escaped(grouped(t.arena_bytes) + " bytes, +" + percent_text(percent) + " MACs: " + schedule_text(t.stages)) +
         "</title></circle>\n";
}

/// What fits and what it costs: from a schedule's memory on, its computation is enough.
inline std::string svg_trade_curve(const trade_canvas& c, graph_view g, const std::vector<trade>& trades) {
  std::string path = "M" + decimal(c.right) + " " + decimal(c.y(0));
  for (const trade& t : trades)
    path += "V" + decimal(c.y(overhead_percent(t, total_macs(g)))) + "H" + decimal(c.x(t.arena_bytes));
  const std::string area = path + "V" + decimal(c.top) + "H" + decimal(c.right) + "Z";
  return "<path d=\"" + area + "\" class=\"reach\"/>\n<path d=\"" + path + "V" + decimal(c.top) +
         "\" class=\"curve\"/>\n";
}

/// A schedule's name and bytes, above a point.
inline std::string svg_trade_label(point at, const trade& t, std::string_view label, std::string_view side) {
  return svg_text({at.x, at.y - 26}, "strong " + std::string(side), label) +
         svg_text({at.x, at.y - 12}, side, grouped(t.arena_bytes) + " bytes");
}

/// The names of the schedules that stand for themselves: one to the right of its point, one to the left. Where
/// they would meet, one goes higher.
inline std::string svg_trade_labels(const trade_canvas& c, const trade& least, const trade& per_layer) {
  constexpr double both_widths = 320, gap = 9;
  const double from = c.x(least.arena_bytes), to = c.x(per_layer.arena_bytes);
  const double lift = to - from < both_widths ? 34 : 0;
  return svg_trade_label({from + gap, c.bottom - lift}, least, "least without recomputing", "") +
         svg_trade_label({to + gap, c.bottom}, per_layer, "layer after layer", "end");
}

inline std::string trade_off_summary(graph_view g, const std::vector<trade>& trades, const trade& per_layer) {
  const trade& least = trades.back();
  const std::string lowest = trades.size() == 1
                                 ? ""
                                 : " · " + grouped(least.arena_bytes) + " with " +
                                       percent_text(overhead_percent(least, total_macs(g))) + " computed again";
  return "arena " + grouped(per_layer.arena_bytes) + " bytes layer after layer · " +
         grouped(trades.front().arena_bytes) + " with nothing computed twice" + lowest;
}

}  // namespace detail

/// Memory against computation as an SVG picture: one <circle> for each schedule and one for per_layer.
inline std::string trade_off_svg(graph_view g, const std::vector<trade>& trades, std::string_view title) {
  const trade per_layer = detail::per_layer_trade(g);
  const detail::trade_canvas c = detail::canvas_of(g, trades, per_layer);
  std::string svg =
      detail::svg_opening({c.width, c.height}, c.left, title, detail::trade_off_summary(g, trades, per_layer));
  svg += detail::svg_trade_curve(c, g, trades) + detail::svg_trade_axes(c);
  for (const trade& t : trades) svg += detail::svg_trade(c, g, t, "trade");
  svg += detail::svg_trade(c, g, per_layer, "trade start");
  svg += detail::svg_trade_labels(c, trades.front(), per_layer);
  return svg + "</svg>\n";
}

}  // namespace inlay
