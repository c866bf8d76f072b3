// A search space: the networks that a search may choose, numbered or drawn.
#pragma once

#include "topology_json.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace design {

/// Inverted residuals of one width. Each of them has a kernel and an expansion of its own; the first has the stride.
struct stage_choices {
  std::int32_t filters = 1;  // where the width is 1
  std::int32_t stride = 1;
  std::vector<std::int32_t> depth, kernel, expansion;
};

struct search_space {
  std::vector<std::int32_t> resolution;  // of a square picture
  std::vector<std::int32_t> channels;    // of the picture: 1 for grey, 3 for colour
  std::vector<double> width;             // multiplies filters, rounded to a multiple of `divisor`
  std::int32_t divisor = 8;
  std::vector<inlay::topology_block> stem, head;  // the width applies to the stem
  std::vector<stage_choices> stages;
};

/// One choice of everything.
struct candidate {
  std::int32_t resolution = 0;
  std::int32_t channels = 0;
  double width = 1;
  struct stage {
    std::vector<std::int32_t> kernel, expansion;  // of each block
  };
  std::vector<stage> stages;
};

/// MCUNetV2's, and narrower ones: the text of its JSON.
extern const char* const default_space;

search_space space_from(const json& j);
candidate candidate_from(const search_space& space, const json& j);
json json_of(const candidate& c);

/// How many candidates there are; no more than 2^63.
std::uint64_t count_of(const search_space& space);
/// Number `index` of them.
candidate candidate_at(const search_space& space, std::uint64_t index);
/// Draw number `index` by a seed, the same on any machine: each choice is as likely as another.
candidate draw(const search_space& space, std::uint64_t seed, std::uint64_t index);

inlay::loaded_topology topology_of(const search_space& space, const candidate& c);

}  // namespace design
