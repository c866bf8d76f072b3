// Inlay: what pictures are made of.
#pragma once

#include <inlay/graph/quantization.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace inlay::inline INLAY_ABI::detail {

inline constexpr std::string_view svg_style = R"(<style>
text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a }
.title { font-size: 16px; font-weight: 600; fill: #1f2328 }
.inside { font-size: 10px; fill: #1f2328; pointer-events: none }
.mark { fill: #b42318; font-weight: 600 }
.middle { text-anchor: middle }
.end { text-anchor: end }
.page { fill: #ffffff; stroke: #d0d7de }
.grid { stroke: #e6e9ed; fill: none }
.band { fill: #fdecea }
.peak, .arena { stroke: #b42318; stroke-dasharray: 4 3; fill: none; pointer-events: none }
.border { stroke: #afb8c1; stroke-dasharray: 2 3 }
.stage { stroke: #57606a; fill: none }
.reach { fill: #e8f1fe }
.curve { stroke: #2f6fc4; stroke-width: 1.5; fill: none }
.trade { fill: #2f6fc4; stroke: #ffffff }
.start { fill: #ffffff; stroke: #57606a; stroke-width: 1.5 }
.strong { font-weight: 600; fill: #1f2328 }
.whole { fill: #f6f8fa; stroke: #6b7682 }
.owned { fill: #b6d4fe; fill-opacity: .9; stroke: #2f6fc4 }
.halo { fill: #ffdcae; fill-opacity: .6; stroke: #c2700c; stroke-dasharray: 4 3 }
.again { fill: #c2700c; fill-opacity: .22 }
.cut { stroke: #2f6fc4; fill: none }
.place, .key { stroke-width: .8 }
.conv { fill: #b6d4fe; stroke: #2f6fc4 }
.depthwise { fill: #bfe8d3; stroke: #23875a }
.element { fill: #ffdcae; stroke: #c2700c }
.pool { fill: #dccbf7; stroke: #7a4cc0 }
.move { fill: #dde1e6; stroke: #6b7682 }
.scratch { fill: #fbc8d4; stroke: #c03a5f }
</style>
)";

/// A coordinate with one decimal, the same in every locale.
inline std::string decimal(double value) {
  const std::int64_t tenths = round_half_away(value * 10);
  const std::string digits = std::to_string(tenths < 0 ? -tenths : tenths);
  const std::string padded = digits.size() < 2 ? "0" + digits : digits;
  return (tenths < 0 ? "-" : "") + padded.substr(0, padded.size() - 1) + "." + padded.back();
}

inline std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      default: result += c;
    }
  }
  return result;
}

struct point {
  double x = 0;
  double y = 0;
};

inline std::string svg_text(point at, std::string_view style, std::string_view text, std::string_view more = "") {
  return "<text x=\"" + decimal(at.x) + "\" y=\"" + decimal(at.y) + "\" class=\"" + std::string(style) + "\"" +
         std::string(more) + ">" + escaped(text) + "</text>\n";
}

/// A box drawn as a path: in these pictures only a place in the arena is a <rect>.
inline std::string svg_box(point from, point to, std::string_view style) {
  return "<path d=\"M" + decimal(from.x) + " " + decimal(from.y) + "H" + decimal(to.x) + "V" + decimal(to.y) + "H" +
         decimal(from.x) + "Z\" class=\"" + std::string(style) + "\"/>\n";
}

inline std::string svg_horizontal(double from, double to, double y, std::string_view style) {
  return "<path d=\"M" + decimal(from) + " " + decimal(y) + "H" + decimal(to) + "\" class=\"" + std::string(style) +
         "\"/>\n";
}

inline std::string svg_vertical(double x, double from, double to, std::string_view style) {
  return "<path d=\"M" + decimal(x) + " " + decimal(from) + "V" + decimal(to) + "\" class=\"" + std::string(style) +
         "\"/>\n";
}

/// The smallest of 1, 2, 5, 10, 20 … with which `extent` has no more than `most` ticks.
inline std::int32_t tick_step(std::int32_t extent, std::int32_t most) {
  std::int32_t step = 1;
  for (int i = 0; extent / step > most; ++i) step = i % 3 == 1 ? step / 2 * 5 : step * 2;
  return step;
}

/// What every picture starts with. To be closed with </svg>.
inline std::string svg_opening(point size, double left, std::string_view title, std::string_view subtitle) {
  const std::string width = decimal(size.x), height = decimal(size.y);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + width + " " + height + "\" width=\"" + width +
         "\" height=\"" + height + "\" role=\"img\">\n<title>" + escaped(title) + "</title>\n" +
         std::string(svg_style) + svg_box({0.5, 0.5}, {size.x - 0.5, size.y - 0.5}, "page") +
         svg_text({left, 30}, "title", title) + svg_text({left, 50}, "", subtitle);
}

}  // namespace inlay::detail
