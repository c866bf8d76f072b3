// Bytes of the tables that kernels for a processor keep in flash: its own compiler says.
#pragma once

#include "target.hpp"

#include <inlay/report.hpp>

#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace design {

/// Asks the compiler for many layers at once, and for each only once. Safe to share between threads.
class target_tables {
 public:
  explicit target_tables(inspect::target processor) : processor_(std::move(processor)) {}

  /// Of all layers of a topology's graph, by its schedule if there is one yet.
  std::size_t bytes_of(inlay::graph_view g, const std::vector<inlay::stage>& stages = {});

  /// Layers, each once, that the compiler is to be asked for.
  using layer_set = std::set<std::string>;
  static void collect(inlay::graph_view g, layer_set& layers);
  void ask(const layer_set& layers);

 private:
  void ask_of(const layer_set& layers);

  inspect::target processor_;
  std::mutex asking_;
  std::map<std::string, std::size_t> known_;  // by the layer as C++
};

}  // namespace design
