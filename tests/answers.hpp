// Runs networks on recorded inputs and compares their answers with recorded ones, byte for byte. A recording is
// NAME.in, the cases' inputs back to back, each case's in the model's order, and NAME.out, the outputs likewise:
// raw little-endian, in the tensors' own types.
#pragma once

#include <inlay.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace inlay_tests {

inline std::vector<char> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <typename Network, std::size_t I>
using element = typename Network::template input<I>::value_type;

/// Takes the next input from a recording.
template <typename Network, std::size_t I>
std::vector<element<Network, I>> take(const std::vector<char>& recorded, std::size_t& at) {
  using input = typename Network::template input<I>;
  std::vector<element<Network, I>> values(input::extent);
  std::memcpy(values.data(), recorded.data() + at, values.size() * sizeof(values[0]));
  at += values.size() * sizeof(values[0]);
  return values;
}

/// Compares one output with the recording; prints where it differs first.
template <typename Output>
bool same(const Output& output, const std::vector<char>& recorded, std::size_t& at, int run, int index) {
  for (std::size_t i = 0; i < output.size(); ++i, at += sizeof(typename Output::value_type)) {
    const auto value = output[i];
    if (at + sizeof value > recorded.size()) {
      std::printf("the recorded answers end early\n");
      return false;
    }
    if (std::memcmp(&value, recorded.data() + at, sizeof value) == 0) continue;
    auto expected = value;
    std::memcpy(&expected, recorded.data() + at, sizeof value);
    std::printf("case %d, output %d, element %zu: %g instead of %g\n", run, index, i, static_cast<double>(value),
                static_cast<double>(expected));
    return false;
  }
  return true;
}

template <typename Network, std::size_t... I, typename... Sources>
auto run_once(Network& network, const std::vector<char>& inputs, std::size_t& at, std::index_sequence<I...>,
              Sources&... sources) {
  // Braces evaluate left to right, as the inputs stand in the recording.
  const std::tuple<std::vector<element<Network, I>>...> buffers{take<Network, I>(inputs, at)...};
  return network.run(typename Network::template input<I>(std::get<I>(buffers).data(), std::get<I>(buffers).size())...,
                     sources...);
}

/// A source that has whole rows of an input, one after another from the top, and none twice.
template <typename Network, std::size_t I>
struct camera {
  const std::vector<element<Network, I>> image;
  std::int32_t next = 0;
  bool is_asked_well = true;

  template <typename Pixels>
  void operator()(inlay::region r, Pixels pixels) {
    constexpr inlay::shape extents = Network::template input_info<I>::extents;
    constexpr auto row = static_cast<std::size_t>(extents.width() * extents.channels());
    is_asked_well = is_asked_well && r.first_row >= next && r.end_row == r.first_row + 1 && pixels.size() == row;
    next = r.end_row;
    for (std::size_t i = 0; i < pixels.size() && is_asked_well; ++i)
      pixels[i] = image[static_cast<std::size_t>(r.first_row) * row + i];
  }
};

/// run_once, of a sourced network, all at once or in steps; says so if a source is asked for parts of rows.
template <typename Network, std::size_t... I>
auto run_sourced_once(Network& network, const std::vector<char>& inputs, std::size_t& at, bool in_steps,
                      std::index_sequence<I...>) {
  std::tuple<camera<Network, I>...> cameras{camera<Network, I>{take<Network, I>(inputs, at)}...};
  const auto outputs = [&] {
    if (!in_steps) return network.run(std::get<I>(cameras)...);
    auto job = network.start(std::ref(std::get<I>(cameras))...);
    while (job.step()) {
    }
    return job.outputs();
  }();
  if (!(std::get<I>(cameras).is_asked_well && ...)) {
    std::printf("a source is not asked for one whole row after another\n");
    std::exit(1);
  }
  return outputs;
}

template <typename... Outputs>
const std::tuple<Outputs...>& as_tuple(const std::tuple<Outputs...>& outputs) {
  return outputs;
}
template <typename Model, std::size_t I>
std::tuple<inlay::output_view<Model, I>> as_tuple(const inlay::output_view<Model, I>& output) {
  return {output};
}

/// A network with bytes on either side that it must leave alone.
template <typename Network>
struct guarded {
  static constexpr unsigned char canary = 0xc5;
  unsigned char before[64];
  Network network;
  unsigned char after[64];

  guarded() {
    std::memset(before, canary, sizeof before);
    std::memset(after, canary, sizeof after);
  }
  bool is_intact() const {
    for (const unsigned char byte : before)
      if (byte != canary) return false;
    for (const unsigned char byte : after)
      if (byte != canary) return false;
    return true;
  }
};

/// Runs every case of a recording by run(network, inputs, at). Returns how many there were; prints what is wrong and
/// returns 0 if any is.
template <typename Network, typename Run>
int exact_cases_by(guarded<Network>& memory, const std::vector<char>& inputs, const std::vector<char>& answers,
                   const Run& run) {
  if (inputs.empty() || inputs.size() % Network::input_bytes != 0) {
    std::printf("%zu bytes of inputs are not a multiple of %zu\n", inputs.size(), Network::input_bytes);
    return 0;
  }
  Network& network = memory.network;
  std::size_t at = 0, answered = 0;
  int cases = 0;
  for (; at < inputs.size(); ++cases) {
    // A network keeps nothing between runs, so whatever is in it must not matter.
    std::memset(static_cast<void*>(&network), 0x5a + 77 * cases, sizeof network);
    const auto result = run(network, inputs, at);
    const bool exact = std::apply(
        [&](const auto&... output) {
          int index = 0;
          return (same(output, answers, answered, cases, index++) && ...);
        },
        as_tuple(result));
    if (!exact) return 0;
    if (!memory.is_intact()) {
      std::printf("the network wrote beside itself\n");
      return 0;
    }
  }
  if (answered == answers.size()) return cases;
  std::printf("%zu bytes of answers instead of %zu\n", answered, answers.size());
  return 0;
}

/// … each all at once, with a source of weights for a network that wants one.
template <typename Network, typename... Sources>
int exact_cases(guarded<Network>& memory, const std::vector<char>& inputs, const std::vector<char>& answers,
                Sources&... sources) {
  return exact_cases_by(memory, inputs, answers, [&](Network& network, const std::vector<char>& from, std::size_t& at) {
    return run_once(network, from, at, std::make_index_sequence<Network::input_count>{}, sources...);
  });
}

/// … of a sourced network, all at once or in steps.
template <typename Network>
int exact_sourced_cases(guarded<Network>& memory, const std::vector<char>& inputs, const std::vector<char>& answers,
                        bool in_steps) {
  return exact_cases_by(memory, inputs, answers, [&](Network& network, const std::vector<char>& from, std::size_t& at) {
    return run_sourced_once(network, from, at, in_steps, std::make_index_sequence<Network::input_count>{});
  });
}

}  // namespace inlay_tests
