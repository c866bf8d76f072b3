// What the network's answer says, on the desk and on a chip. The rule is that of train/evaluate.py.
#pragma once

#include "heat_map.hpp"

#include <algorithm>
#include <cstdint>
#include <span>

inline constexpr const char* face_kinds[] = {"bare", "masked"};

/// Percent: the one that train/evaluate.py scores with.
inline constexpr int face_threshold = 66;

/// Calls visit(finding) for each face that is at least as likely as the threshold, in 1/256. Map is the network's
/// output type.
template <typename Map, typename Visit>
void find_faces(std::span<const std::int8_t> cells, const vision::framing& picture, int threshold, Visit visit) {
  constexpr auto map = Map::extents;
  static_assert(map.channels() == 3, "the network says background, bare or masked of each cell");
  static_assert(Map::zero_point == -128 && Map::scale == 1.0f / 256);
  vision::find_peaks({cells.data(), map.height(), map.width(), 2, 8}, picture, threshold, [&](vision::finding f) {
    // Spots of neighbours in a row flow together.
    f.width = std::min(f.width, f.height);
    visit(f);
  });
}
