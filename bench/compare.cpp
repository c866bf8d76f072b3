// One model as a library that compare.py calls: MODEL is its name, MODEL_HEADER the header with its bytes, SCHEDULE a
// type. Inputs and outputs are bytes, one after another in the model's order.
#include <inlay.hpp>

#include MODEL_HEADER

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#define CALLGRIND_TOGGLE_COLLECT
#define CALLGRIND_DUMP_STATS
#endif

#include <cstring>
#include <ctime>
#include <tuple>
#include <utility>
#include <vector>

struct model : inlay::tflite<MODEL> {};
using net = inlay::network<model, SCHEDULE>;
static net network;

template <typename Output>
static void copy_output(const Output& output, unsigned char*& to) {
  for (std::size_t i = 0; i < output.size(); ++i) {
    const auto value = output[i];
    std::memcpy(to, &value, sizeof value);
    to += sizeof value;
  }
}
template <typename... Outputs>
static void copy_outputs(const std::tuple<Outputs...>& outputs, unsigned char* to) {
  std::apply([&to](const auto&... output) { (copy_output(output, to), ...); }, outputs);
}
template <typename Output>
static void copy_outputs(const Output& output, unsigned char* to) {
  copy_output(output, to);
}

template <typename Function, std::size_t... I>
static void with_inputs(const unsigned char* inputs, Function run, std::index_sequence<I...>) {
  const auto take = [&inputs]<std::size_t Index>(std::integral_constant<std::size_t, Index>) {
    using input = typename net::input<Index>;
    std::vector<typename input::value_type> values(input::extent);
    std::memcpy(values.data(), inputs, values.size() * sizeof values[0]);
    inputs += values.size() * sizeof values[0];
    return values;
  };
  const std::tuple buffers{take(std::integral_constant<std::size_t, I>{})...};
  run(typename net::input<I>(std::get<I>(buffers).data(), std::get<I>(buffers).size())...);
}
using every_input = std::make_index_sequence<net::input_count>;

/// Runs the network once and writes its outputs.
extern "C" [[gnu::visibility("default")]] void answer(const unsigned char* inputs, unsigned char* outputs) {
  with_inputs(inputs, [&](const auto&... in) { copy_outputs(network.run(in...), outputs); }, every_input{});
}

static double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Processor seconds that so many runs take.
extern "C" [[gnu::visibility("default")]] double seconds(const unsigned char* inputs, int runs) {
  double taken = 0;
  with_inputs(
      inputs,
      [&](const auto&... in) {
        const double start = processor_seconds();
        for (int i = 0; i < runs; ++i) network.run(in...);
        taken = processor_seconds() - start;
      },
      every_input{});
  return taken;
}

// For callgrind, which counts from begin_count() to end_count() what it is told to collect: one inference of Inlay's
// here, the peer's by its name.
extern "C" [[gnu::visibility("default")]] void begin_count() { CALLGRIND_START_INSTRUMENTATION; }
extern "C" [[gnu::visibility("default")]] void end_count() {
  CALLGRIND_STOP_INSTRUMENTATION;
  CALLGRIND_DUMP_STATS;
}
extern "C" [[gnu::visibility("default")]] void count(const unsigned char* inputs) {
  with_inputs(
      inputs,
      [](const auto&... in) {
        CALLGRIND_TOGGLE_COLLECT;
        network.run(in...);
        CALLGRIND_TOGGLE_COLLECT;
      },
      every_input{});
}

extern "C" [[gnu::visibility("default")]] const char* kernels() { return inlay::name(inlay::native_isa); }
