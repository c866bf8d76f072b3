// Runs one model on recorded inputs and compares its answers with recorded ones, byte for byte.
// Compiled by run.py for each model: MODEL is its name, MODEL_HEADER the header with its bytes.
//
// usage: runner NAME.in NAME.out     prints "arena BYTES flash BYTES macs N cases N" and what differs
#include <inlay.hpp>

#include MODEL_HEADER

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <tuple>
#include <utility>
#include <vector>

struct model : inlay::tflite<MODEL> {};
using net = inlay::network<model>;
static net network;

static std::vector<char> read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <std::size_t I>
using element = typename net::input<I>::value_type;

// Takes the next input from the recording.
template <std::size_t I>
static std::vector<element<I>> take(const std::vector<char>& recorded, std::size_t& at) {
  std::vector<element<I>> values(net::input<I>::extent);
  std::memcpy(values.data(), recorded.data() + at, net::input<I>::extent * sizeof(element<I>));
  at += net::input<I>::extent * sizeof(element<I>);
  return values;
}

// Compares one output with the recording; prints where it differs first.
template <typename Output>
static bool same(const Output& output, const std::vector<char>& recorded, std::size_t& at, int run, int index) {
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

template <std::size_t... I>
static auto run_once(const std::vector<char>& inputs, std::size_t& at, std::index_sequence<I...>) {
  // Braces evaluate left to right, as the inputs stand in the recording.
  const std::tuple<std::vector<element<I>>...> buffers{take<I>(inputs, at)...};
  return network.run(net::input<I>(std::get<I>(buffers).data(), net::input<I>::extent)...);
}

template <typename... Outputs>
static const std::tuple<Outputs...>& as_tuple(const std::tuple<Outputs...>& outputs) {
  return outputs;
}
template <std::size_t I>
static std::tuple<inlay::output_view<model, I>> as_tuple(const inlay::output_view<model, I>& output) {
  return {output};
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::vector<char> inputs = read_file(argv[1]), answers = read_file(argv[2]);
  if (inputs.empty() || inputs.size() % net::input_bytes != 0) {
    std::printf("%zu bytes of inputs are not a multiple of %zu\n", inputs.size(), net::input_bytes);
    return 2;
  }
  std::size_t at = 0, answered = 0;
  int cases = 0;
  bool exact = true;
  for (; at < inputs.size() && exact; ++cases) {
    const auto result = run_once(inputs, at, std::make_index_sequence<net::input_count>{});
    exact = std::apply(
        [&](const auto&... output) {
          int index = 0;
          return (same(output, answers, answered, cases, index++) && ...);
        },
        as_tuple(result));
  }
  if (exact && answered != answers.size()) {
    std::printf("%zu bytes of answers instead of %zu\n", answered, answers.size());
    exact = false;
  }
  std::printf("arena %zu flash %zu macs %lld cases %d\n", net::arena_bytes, net::flash_bytes,
              static_cast<long long>(net::macs), cases);
  return exact ? 0 : 1;
}
