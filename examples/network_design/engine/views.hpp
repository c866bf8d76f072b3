// Parts of pictures, made to a size: what augmentation is.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "simd.hpp"

namespace engine {

/// A part of a picture as fractions of it, mirrored if right is less than left; each channel * gain + offset. What of it
/// is outside of the picture is black.
struct View {
  float left, top, right, bottom;
  float gain[3], offset[3];
};

/// The cubic convolution kernel that keeps edges (a = -0.5), as picture libraries resize with.
inline float cubic(float distance) {
  if (distance >= 2) return 0;
  if (distance >= 1) return ((-0.5F * distance + 2.5F) * distance - 4) * distance + 2;
  return (1.5F * distance - 2.5F) * distance * distance + 1;
}

/// The weights of one direction: of cubics that are wide enough to pass over no pixel.
struct Taps {
  size count = 0;
  std::vector<size> first;
  std::vector<float> weights;

  Taps(float from, float to, size side, size wanted) {
    const float pixels = static_cast<float>(side), step = (to - from) * pixels / static_cast<float>(wanted);
    const float wide = std::max(1.0F, std::abs(step)), reach = 2 * wide;
    count = std::min(side, static_cast<size>(std::ceil(2 * reach)) + 1);
    first.resize(wanted);
    weights.assign(wanted * count, 0.0F);
    for (size i = 0; i < wanted; ++i) {
      const float centre = from * pixels + (static_cast<float>(i) + 0.5F) * step;
      const float begin = std::floor(std::max(0.0F, centre - reach));
      first[i] = std::min(static_cast<size>(begin), side - count);
      if (centre < 0 || centre > pixels) continue;
      float sum = 0;
      for (size tap = 0; tap < count; ++tap) {
        const float distance = std::abs(static_cast<float>(first[i] + tap) + 0.5F - centre);
        sum += weights[i * count + tap] = cubic(distance / wide);
      }
      for (size tap = 0; tap < count; ++tap) weights[i * count + tap] /= sum;
    }
  }
};

/// A view of an RGB picture of side × side, as wanted × wanted × 3 numbers from 0 to 255.
inline void make_view(const std::uint8_t* picture, size side, const View& view, size wanted, float* out) {
  const Taps across(view.left, view.right, side, wanted), down(view.top, view.bottom, side, wanted);
  const size row = side * 3;
  std::vector<float> line(row);
  for (size y = 0; y < wanted; ++y) {
    std::fill(line.begin(), line.end(), 0.0F);
    for (size tap = 0; tap < down.count; ++tap) {
      const std::uint8_t* from = picture + (down.first[y] + tap) * row;
      const float weight = down.weights[y * down.count + tap];
      for (size i = 0; i < row; ++i) line[i] += weight * static_cast<float>(from[i]);
    }
    for (size x = 0; x < wanted; ++x) {
      float sum[3]{};
      const float* from = line.data() + across.first[x] * 3;
      for (size tap = 0; tap < across.count; ++tap) {
        const float weight = across.weights[x * across.count + tap];
        for (size c = 0; c < 3; ++c) sum[c] += weight * from[tap * 3 + c];
      }
      for (size c = 0; c < 3; ++c) {
        out[(y * wanted + x) * 3 + c] = std::clamp(sum[c] * view.gain[c] + view.offset[c], 0.0F, 255.0F);
      }
    }
  }
}

}  // namespace engine
