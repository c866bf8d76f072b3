// The search: many networks priced, and of these the ones that no other betters.
#pragma once

#include "price.hpp"
#include "space.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace design {

/// Which networks are priced: all of the space, or as many draws.
struct selection {
  std::uint64_t count = 0;
  bool all = false;
  std::uint64_t seed = 1;
};

/// What the search keeps of a network; 0 where it does not fit.
struct outcome {
  std::int64_t macs = 0;
  std::int64_t per_layer_bytes = 0;  // of SRAM, layer after layer
  std::int64_t patched_bytes = 0;    // … by the schedule of least memory that was looked at and is within the budgets
  bool refused = false;
};

candidate candidate_of(const search_space& space, const selection& chosen, std::uint64_t number);

/// In the order of the candidates' numbers, however many threads there are; shows how far it is where `progress` says
/// so.
std::vector<outcome> search(const search_space& space, const selection& chosen, const budgets& limits, unsigned threads,
                            bool progress);

/// Numbers of the networks with most multiply-accumulates for their SRAM: rising in both.
std::vector<std::uint64_t> frontier_of(const std::vector<outcome>& outcomes, std::int64_t outcome::* bytes);

}  // namespace design
