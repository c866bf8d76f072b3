// What a network costs: memory, computation and flash, by the schedule that computes least of those that fit.
#pragma once

#include "tables.hpp"

#include <inlay/report.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace design {

struct budgets {
  std::optional<std::int64_t> sram;   // bytes: the arena, and the picture where it stands in memory
  std::optional<std::int64_t> flash;  // bytes: weights and tables
  std::optional<std::int64_t> macs;   // of a run, what is computed again included
  bool picture_in_memory = false;     // else it comes line by line
  target_tables* tables = nullptr;    // of another processor's kernels than this program's
};

/// A way to run a network.
struct way {
  const char* policy = "";  // of Inlay's search: per_layer, least_memory or fit
  std::vector<inlay::stage> stages;
  std::int32_t arena_bytes = 0;
  std::int64_t macs = 0;  // of a run
};

struct price {
  std::int64_t macs = 0;  // each once
  std::int64_t parameters = 0;
  std::int64_t input_bytes = 0;
  std::int64_t flash_bytes = 0;
  std::optional<way> per_layer, least_memory, fit;  // those that were looked at
  const way* kept = nullptr;                        // the one with least computation within the budgets
  std::string exceeded;                             // the budget that none is within: sram, flash or macs

  price() = default;
  price(const price&) = delete;
  price& operator=(const price&) = delete;
};

/// Bytes of SRAM that a way takes.
inline std::int64_t sram_bytes(const price& p, const way& w, const budgets& b) {
  return w.arena_bytes + (b.picture_in_memory ? p.input_bytes : 0);
}

/// Whether a network's computation and the weights alone are within the budgets.
bool may_fit(const inlay::loaded_topology& topology, const budgets& limits);

/// Prices a network that is not refused, cheapest questions first: computation and flash, layer after layer, then
/// streams, and recomputation only where these do not fit. Ends with the first that no schedule can mend.
void find_price(const inlay::loaded_topology& topology, const budgets& limits, price& found);

}  // namespace design
