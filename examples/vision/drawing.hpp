// Drawing into pictures: frames and labels.
#pragma once

#include "picture.hpp"

#include <algorithm>
#include <array>
#include <stb/stb_easy_font.h>
#include <string>

namespace vision {

/// Pixels from left and top up to, but not including, right and bottom.
struct rectangle {
  int left, top, right, bottom;
};

/// What of it lies outside the picture is not drawn.
inline void fill(picture& p, rectangle r, colour c) {
  for (int y = std::max(0, r.top); y < std::min(p.height, r.bottom); ++y)
    for (int x = std::max(0, r.left); x < std::min(p.width, r.right); ++x) {
      std::uint8_t* pixel = p.at(x, y);
      pixel[0] = c.red;
      pixel[1] = c.green;
      pixel[2] = c.blue;
    }
}

inline void draw_frame(picture& p, rectangle r, int thickness, colour c) {
  fill(p, {r.left, r.top, r.right, r.top + thickness}, c);
  fill(p, {r.left, r.bottom - thickness, r.right, r.bottom}, c);
  fill(p, {r.left, r.top, r.left + thickness, r.bottom}, c);
  fill(p, {r.right - thickness, r.top, r.right, r.bottom}, c);
}

/// The height of a line of stb_easy_font at scale 1, and a pixel above and below it.
inline constexpr int label_height = 11;

inline int label_width(std::string text) { return stb_easy_font_width(text.data()) + 4; }

/// How many times the font is enlarged in a picture of this size.
inline int label_scale(const picture& p) { return std::max(1, (std::max(p.width, p.height) + 150) / 300); }

/// Text on a coloured ground, every pixel of the font enlarged `scale` times.
inline void draw_label(picture& p, int left, int top, std::string text, int scale, colour ground) {
  struct corner {
    float x, y, z;
    unsigned char rgba[4];
  };
  fill(p, {left, top, left + scale * label_width(text), top + scale * label_height}, ground);
  std::array<std::array<corner, 4>, 512> strokes;
  const int count = stb_easy_font_print(2, 2, text.data(), nullptr, strokes.data(), sizeof strokes);
  for (int i = 0; i < count; ++i) {
    const std::array<corner, 4>& stroke = strokes[static_cast<std::size_t>(i)];
    const auto scaled = [scale](float position) {
      return scale * static_cast<int>(position);
    };
    fill(p,
         {left + scaled(stroke[0].x), top + scaled(stroke[0].y), left + scaled(stroke[2].x), top + scaled(stroke[2].y)},
         {255, 255, 255});
  }
}

}  // namespace vision
