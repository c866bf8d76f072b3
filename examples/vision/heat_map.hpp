// From a detector's map to what it found. All in integers, so that every processor finds the same.
#pragma once

#include "finding.hpp"

#include <algorithm>
#include <cstdint>
#include <span>

namespace vision {

/// What the network says of each cell, a square of the picture: how likely nothing's middle is in it, then for each
/// kind how likely one of its is. An int8 softmax: −128 stands for 0, and a step for 1/256.
struct heat_map {
  const std::int8_t* cells;
  int rows, columns, kinds;
  int cell_pixels;  // of the network's input

  const std::int8_t* at(int row, int column) const { return cells + (row * columns + column) * (1 + kinds); }

  /// How likely the middle of something is in a cell, in 1/256; 0 outside the map.
  int heat(int row, int column) const {
    return row >= 0 && row < rows && column >= 0 && column < columns ? 128 - *at(row, column) : 0;
  }

  /// The likeliest; of equal ones the last.
  int kind(int row, int column) const {
    const std::int8_t* cell = at(row, column) + 1;
    int best = 0;
    for (int k = 1; k < kinds; ++k)
      if (cell[k] >= cell[best]) best = k;
    return best;
  }

  /// Of equal neighbours the first in reading order is the peak.
  bool is_peak(int row, int column) const {
    const int here = heat(row, column);
    for (int dy = -1; dy <= 1; ++dy)
      for (int dx = -1; dx <= 1; ++dx) {
        const int there = heat(row + dy, column + dx);
        const bool earlier = dy < 0 || (dy == 0 && dx < 0);
        if (there > here || (earlier && there == here)) return false;
      }
    return true;
  }

  /// From a peak in one direction to where it is half as hot, or rises again, in 1/256 of a cell.
  int reach(int row, int column, int down, int across) const {
    const int half = heat(row, column) / 2;
    int here = heat(row, column);
    for (int way = 0;; way += 256) {
      const int next = heat(row += down, column += across);
      if (next <= half) return way + 256 * (here - half) / (here - next);
      if (next > here) return way + 128;
      here = next;
    }
  }
};

/// Calls visit(finding) for each peak that is at least as likely as the threshold, in reading order. A peak stands at
/// the mean of the nine cells' middles, each weighted by its heat. Its size is an estimate: networks are trained to
/// find middles, but make larger hot spots of what is larger.
template <typename Visit>
void find_peaks(const heat_map& map, const framing& picture, int threshold, Visit visit) {
  for (int row = 0; row < map.rows; ++row)
    for (int column = 0; column < map.columns; ++column) {
      const int peak = map.heat(row, column);
      if (peak < threshold || !map.is_peak(row, column)) continue;
      int sum = 0, x = 0, y = 0;
      for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx) {
          const int weight = map.heat(row + dy, column + dx);
          sum += weight;
          x += weight * (256 * (column + dx) + 128);
          y += weight * (256 * (row + dy) + 128);
        }
      // In 1/256 of a cell. Measured on labelled faces: 0.8 of the square of the spot's.
      const auto size = [](int spot) {
        return std::max(256, spot * spot / 320);
      };
      const auto across = [&](int cells_256) {
        return static_cast<int>(std::int64_t{cells_256} * map.cell_pixels * picture.width / (256 * picture.seen_width));
      };
      const auto down = [&](int cells_256) {
        return static_cast<int>(std::int64_t{cells_256} * map.cell_pixels * picture.height /
                                (256 * picture.seen_height));
      };
      // People and faces are no wider than high; spots of neighbours in a row flow together.
      const int width = size(map.reach(row, column, 0, -1) + map.reach(row, column, 0, 1));
      const int height = size(map.reach(row, column, -1, 0) + map.reach(row, column, 1, 0));
      visit(finding{.kind = map.kind(row, column),
                    .percent = percent_of(peak),
                    .x = across(x / sum),
                    .y = down(y / sum),
                    .width = across(std::min(width, height)),
                    .height = down(height)});
    }
}

/// The same of a network's answer; Map is the type of its output. Cells are of 8 × 8 pixels of its input.
template <typename Map, typename Visit>
void find_in(std::span<const std::int8_t> answer, const framing& picture, int threshold, Visit visit) {
  constexpr auto map = Map::extents;
  static_assert(Map::zero_point == -128 && Map::scale == 1.0f / 256, "the answer is a softmax");
  find_peaks({answer.data(), map.height(), map.width(), map.channels() - 1, 8}, picture, threshold, visit);
}

}  // namespace vision
