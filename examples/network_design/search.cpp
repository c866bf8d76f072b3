#include "search.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <mutex>
#include <thread>
#include <tuple>

namespace design {

namespace {

outcome outcome_of(const search_space& space, const candidate& c, const budgets& limits) {
  const inlay::loaded_topology topology = topology_of(space, c);
  outcome result;
  result.refused = static_cast<bool>(topology.refused());
  if (result.refused) return result;
  price p;
  find_price(topology, limits, p);
  result.macs = p.macs;
  if (p.kept == nullptr) return result;
  if (p.kept == &*p.per_layer) result.per_layer_bytes = sram_bytes(p, *p.per_layer, limits);
  result.patched_bytes = sram_bytes(p, p.fit ? *p.fit : *p.least_memory, limits);
  return result;
}

/// Has the compiler asked for all layers together: once a network would take hours.
void learn_tables(const search_space& space, const selection& chosen, const budgets& limits) {
  target_tables::layer_set layers;
  for (std::uint64_t i = 0; i < chosen.count; ++i) {
    const inlay::loaded_topology topology = topology_of(space, candidate_of(space, chosen, i));
    if (may_fit(topology, limits)) target_tables::collect(topology.graph(), layers);
  }
  limits.tables->ask(layers);
}

/// A bar on standard error.
class progress_bar {
 public:
  explicit progress_bar(std::uint64_t count) : count_(count), start_(clock::now()) {}
  void show(std::uint64_t done) const {
    constexpr std::uint64_t width = 40;
    const std::uint64_t filled = count_ > 0 ? width * done / count_ : width;
    const double seconds = std::chrono::duration<double>(clock::now() - start_).count();
    const double left = done > 0 ? seconds * static_cast<double>(count_ - done) / static_cast<double>(done) : 0;
    std::cerr << "\r[" << std::string(filled, '#') << std::string(width - filled, '.') << "] " << done << " of "
              << count_ << ", " << static_cast<std::int64_t>(seconds) << " s, " << static_cast<std::int64_t>(left)
              << " s left   " << (done == count_ ? "\n" : "") << std::flush;
  }

 private:
  using clock = std::chrono::steady_clock;
  std::uint64_t count_;
  clock::time_point start_;
};

}  // namespace

candidate candidate_of(const search_space& space, const selection& chosen, std::uint64_t number) {
  return chosen.all ? candidate_at(space, number) : draw(space, chosen.seed, number);
}

std::vector<outcome> search(const search_space& space, const selection& chosen, const budgets& limits, unsigned threads,
                            bool progress) {
  if (limits.tables != nullptr) learn_tables(space, chosen, limits);
  std::vector<outcome> outcomes(static_cast<std::size_t>(chosen.count));
  std::atomic<std::uint64_t> next = 0, done = 0;
  std::exception_ptr failure;
  std::mutex failing;
  const auto work = [&] {
    try {
      for (std::uint64_t i = next++; i < chosen.count; i = next++) {
        outcomes[static_cast<std::size_t>(i)] = outcome_of(space, candidate_of(space, chosen, i), limits);
        ++done;
      }
    } catch (...) {
      const std::lock_guard lock(failing);
      failure = std::current_exception();
      next = chosen.count;
      done = chosen.count;
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < std::max(1u, threads); ++i) workers.emplace_back(work);
  if (progress) {
    const progress_bar bar(chosen.count);
    for (std::uint64_t so_far = 0; so_far < chosen.count;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      so_far = std::min<std::uint64_t>(done, chosen.count);
      bar.show(so_far);
    }
  }
  for (std::thread& worker : workers) worker.join();
  if (failure) std::rethrow_exception(failure);
  return outcomes;
}

std::vector<std::uint64_t> frontier_of(const std::vector<outcome>& outcomes, std::int64_t outcome::* bytes) {
  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    if (outcomes[i].*bytes > 0) numbers.push_back(i);
  // The least bytes first, then the most multiply-accumulates; of equal ones the first.
  const auto key = [&](std::uint64_t number) {
    const outcome& o = outcomes[static_cast<std::size_t>(number)];
    return std::tuple(o.*bytes, -o.macs, number);
  };
  std::sort(numbers.begin(), numbers.end(), [&](std::uint64_t a, std::uint64_t b) { return key(a) < key(b); });
  std::vector<std::uint64_t> best;
  for (const std::uint64_t number : numbers)
    if (best.empty() ||
        outcomes[static_cast<std::size_t>(number)].macs > outcomes[static_cast<std::size_t>(best.back())].macs)
      best.push_back(number);
  return best;
}

}  // namespace design
