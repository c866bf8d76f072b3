// Whole networks: time of one run, and multiply-accumulates a second.
#include <inlay.hpp>

#include <benchmark/benchmark.h>

#include <array>

template <typename Model, std::size_t... I>
static void run_network(benchmark::State& state, std::index_sequence<I...>) {
  using net = inlay::network<Model>;
  static net network;
  static std::tuple<std::array<typename net::template input<I>::value_type, net::template input<I>::extent>...> inputs;
  for (auto _ : state) {
    network.run(std::get<I>(inputs)...);
    benchmark::ClobberMemory();
  }
  state.counters["MAC/s"] =
      benchmark::Counter(static_cast<double>(net::macs), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["arena_bytes"] = static_cast<double>(net::arena_bytes);
}

#define INLAY_BENCHMARK(name)                                                                                \
  struct name##_model : inlay::tflite<name> {};                                                              \
  static void name##_run(benchmark::State& state) {                                                          \
    run_network<name##_model>(state, std::make_index_sequence<inlay::network<name##_model>::input_count>{}); \
  }                                                                                                          \
  BENCHMARK(name##_run)->Name(#name)

#include "networks.inc"  // made by CMake: the models, and a line for each
