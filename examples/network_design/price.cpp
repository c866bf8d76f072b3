#include "price.hpp"

#include <utility>

namespace design {

namespace {

way planned(inlay::graph_view g, const char* policy, std::vector<inlay::stage> stages) {
  const inlay::loaded_schedule schedule(g, stages);
  return {policy, std::move(stages), schedule.arena_bytes(), schedule.macs()};
}

std::int64_t constant_bytes(inlay::graph_view g) {
  return static_cast<std::int64_t>(inlay::detail::untrained_constant_bytes(g));
}

std::int64_t table_bytes(inlay::graph_view g, const budgets& limits, const std::vector<inlay::stage>& stages = {}) {
  const auto count = static_cast<std::int32_t>(stages.size());
  return static_cast<std::int64_t>(limits.tables == nullptr
                                       ? inlay::detail::untrained_table_bytes(g, stages.data(), count)
                                       : limits.tables->bytes_of(g, stages));
}

bool exceeds(std::int64_t value, const std::optional<std::int64_t>& budget) { return budget && value > *budget; }

}  // namespace

bool may_fit(const inlay::loaded_topology& topology, const budgets& limits) {
  return !topology.refused() && !exceeds(inlay::total_macs(topology.graph()), limits.macs) &&
         !exceeds(constant_bytes(topology.graph()), limits.flash);
}

void find_price(const inlay::loaded_topology& topology, const budgets& limits, price& found) {
  found.macs = inlay::total_macs(topology.graph());
  found.parameters = inlay::total_parameters(topology.graph());
  found.input_bytes = static_cast<std::int64_t>(inlay::total_input_bytes(topology.graph()));
  if (exceeds(found.macs, limits.macs)) return void(found.exceeded = "macs");
  // With tables it is only more, and a compiler need not be asked.
  found.flash_bytes = constant_bytes(topology.graph());
  if (exceeds(found.flash_bytes, limits.flash)) return void(found.exceeded = "flash");
  found.flash_bytes += table_bytes(topology.graph(), limits);
  if (exceeds(found.flash_bytes, limits.flash)) return void(found.exceeded = "flash");
  if (limits.picture_in_memory && exceeds(found.input_bytes, limits.sram)) return void(found.exceeded = "sram");

  const inlay::stored_graph sourced =
      limits.picture_in_memory ? inlay::stored_graph() : inlay::sourced_graph(topology.graph());
  const inlay::graph_view g = limits.picture_in_memory ? topology.graph() : sourced.view();
  const auto fits = [&](const way& w) {
    return !exceeds(sram_bytes(found, w, limits), limits.sram);
  };
  const auto keep = [&](const way& w) {
    found.flash_bytes = constant_bytes(g) + table_bytes(g, limits, w.stages);
    if (exceeds(found.flash_bytes, limits.flash)) return void(found.exceeded = "flash");
    found.kept = &w;
  };
  found.per_layer = planned(g, "per_layer", inlay::per_layer_stages(g));
  const inlay::schedule_finder finder(g);
  found.least_memory = planned(g, "least_memory", finder.least_memory());
  if (fits(*found.per_layer)) return keep(*found.per_layer);
  if (fits(*found.least_memory)) return keep(*found.least_memory);
  std::vector<inlay::stage> stages = finder.fitting(*limits.sram - (limits.picture_in_memory ? found.input_bytes : 0));
  if (stages.empty()) return void(found.exceeded = "sram");
  found.fit = planned(g, "fit", std::move(stages));
  if (exceeds(found.fit->macs, limits.macs)) return void(found.exceeded = "macs");
  keep(*found.fit);
}

}  // namespace design
