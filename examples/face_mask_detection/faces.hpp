// From the network's map to faces. The rule is that of train/evaluate.py, so the program scores what that scores.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

namespace demo {

/// What the network says about the middle of a face being in a cell.
struct cell {
  float face = 0;
  bool masked = false;
};

struct cell_map {
  int rows, columns;
  std::vector<cell> cells;

  bool contains(int row, int column) const { return row >= 0 && row < rows && column >= 0 && column < columns; }
  /// Nothing outside the map is a face.
  cell at(int row, int column) const {
    return contains(row, column) ? cells[static_cast<std::size_t>(row * columns + column)] : cell{};
  }
};

/// Lengths are in cells.
struct face {
  float probability;
  double x, y;
  bool masked;
  double side;
};

/// Of equal neighbours the first in reading order is the peak.
inline bool is_peak(const cell_map& map, int row, int column) {
  const float here = map.at(row, column).face;
  for (int dy = -1; dy <= 1; ++dy)
    for (int dx = -1; dx <= 1; ++dx) {
      const float there = map.at(row + dy, column + dx).face;
      const bool earlier = std::pair(dy, dx) < std::pair(0, 0);
      if (there > here || (earlier && there == here)) return false;
    }
  return true;
}

/// Cells connected to the peak in which a face is at least half as likely.
inline int cells_around(const cell_map& map, int row, int column) {
  const float least = map.at(row, column).face / 2;
  std::vector<char> seen(map.cells.size());
  std::vector<std::pair<int, int>> waiting{{row, column}};
  int count = 0;
  while (!waiting.empty()) {
    const auto [y, x] = waiting.back();
    waiting.pop_back();
    if (!map.contains(y, x) || map.at(y, x).face < least) continue;
    if (std::exchange(seen[static_cast<std::size_t>(y * map.columns + x)], 1) != 0) continue;
    ++count;
    waiting.insert(waiting.end(), {{y - 1, x}, {y + 1, x}, {y, x - 1}, {y, x + 1}});
  }
  return count;
}

/// A peak stands at the mean of the nine cells' centres, each weighted by its probability.
inline face face_at(const cell_map& map, int row, int column) {
  double sum = 0, x = 0, y = 0;
  for (int dy = -1; dy <= 1; ++dy)
    for (int dx = -1; dx <= 1; ++dx) {
      const double weight = map.at(row + dy, column + dx).face;
      sum += weight;
      x += weight * dx;
      y += weight * dy;
    }
  const cell peak = map.at(row, column);
  // The network is not trained to tell sizes, but large faces make large spots. Measured on labelled faces.
  const double side = std::max(2.5, 1.25 * cells_around(map, row, column));
  return {peak.face, column + 0.5 + x / sum, row + 0.5 + y / sum, peak.masked, side};
}

/// Faces in a crowd are small, whatever their spots look like.
inline void shrink_neighbours(std::vector<face>& faces) {
  for (face& f : faces)
    for (const face& other : faces)
      if (&other != &f) f.side = std::min(f.side, 0.6 * std::hypot(other.x - f.x, other.y - f.y));
}

/// The faces that are at least as likely as the threshold, the likeliest first.
inline std::vector<face> find_faces(const cell_map& map, float threshold) {
  std::vector<face> faces;
  for (int row = 0; row < map.rows; ++row)
    for (int column = 0; column < map.columns; ++column)
      if (map.at(row, column).face >= threshold && is_peak(map, row, column))
        faces.push_back(face_at(map, row, column));
  std::sort(faces.begin(), faces.end(), [](const face& a, const face& b) {
    return std::tie(a.probability, a.x, a.y) > std::tie(b.probability, b.x, b.y);
  });
  shrink_neighbours(faces);
  return faces;
}

}  // namespace demo
