// What the search found, as a table, JSON, a picture and C++.
#pragma once

#include "search.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace design {

/// A network of the frontier, priced again, and the way that put it there.
struct entry {
  candidate chosen;
  json topology;
  std::int64_t sram_bytes = 0;
  std::int64_t macs = 0;  // each once
  json cost;              // as serve answers
  std::string cpp;        // its types
};

/// The two frontiers of a search.
struct findings {
  std::uint64_t candidates = 0, refused = 0, fit_per_layer = 0, fit_patched = 0;
  std::vector<entry> per_layer, patched;
};

/// What a way costs, as JSON.
json cost_of(const price& p, const way& w, const budgets& limits);
/// A header with a network's topology and schedule as types, and what they cost as static_asserts.
std::string cpp_of(const inlay::loaded_topology& topology, const price& p, const way& w, const budgets& limits);

findings findings_of(const search_space& space, const selection& chosen, const budgets& limits,
                     const std::vector<outcome>& outcomes);
json json_of(const findings& found, const selection& chosen, const budgets& limits);
std::string table_of(const findings& found);
std::string svg_of(const findings& found, const budgets& limits);

}  // namespace design
