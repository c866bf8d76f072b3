// What a network says of its inputs and outputs, what run() takes, and what its outputs can do.
#include <inlay.hpp>

#include "both.hpp"
#include "network_float_io.hpp"
#include "network_inverted_residual.hpp"
#include "network_uint8_io.hpp"
#include "tiny.hpp"
#include "tiny_in.hpp"
#include "tiny_out.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <numeric>
#include <ranges>
#include <span>
#include <vector>

namespace {

struct tiny_model : inlay::tflite<tiny> {};
struct int8_model : inlay::tflite<network_inverted_residual> {};
struct uint8_model : inlay::tflite<network_uint8_io> {};
struct float_model : inlay::tflite<network_float_io> {};

using net = inlay::network<tiny_model>;
using image = std::array<std::int8_t, net::input_info<>::size()>;

constexpr image first_case() {
  image pixels{};
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::int8_t>(tiny_in[i]);
  return pixels;
}

constexpr bool is_answer(net::output<> output) {
  for (std::size_t i = 0; i < output.size(); ++i)
    if (output[i] != static_cast<std::int8_t>(tiny_out[i])) return false;
  return true;
}

constexpr bool takes_arrays_and_views() {
  net network{};
  const image pixels = first_case();
  std::int8_t plain[net::input_info<>::size()]{};
  for (std::size_t i = 0; i < pixels.size(); ++i) plain[i] = pixels[i];
  bool good = is_answer(network.run(pixels)) && is_answer(network.run(plain));
  good &= is_answer(network.run(first_case())) && is_answer(network.run(std::span(pixels)));
  good &= is_answer(network.run(net::unchecked_input(pixels.data())));
  return good;
}

constexpr bool checks_sizes() {
  const image pixels = first_case();
  const std::span<const std::int8_t> all(pixels), fewer(pixels.data(), pixels.size() - 1);
  net network{};
  return net::checked_input(all) && is_answer(network.run(*net::checked_input(all))) && !net::checked_input(fewer);
}

constexpr bool runs_in_steps() {
  net network{};
  const image pixels = first_case();
  auto job = network.start(pixels);
  auto of_a_view = job;
  while (of_a_view.step()) {
  }
  bool good = is_answer(of_a_view.outputs());
  while (job.step()) {
  }
  good &= is_answer(job.outputs());
  auto of_a_temporary_view = network.start(std::span(pixels));
  while (of_a_temporary_view.step()) {
  }
  return good && is_answer(of_a_temporary_view.outputs());
}

static_assert(net::input_info<>::name == "t0" && net::input_info<>::name.data()[2] == 0);
static_assert(net::output<>::name == "t7");
static_assert(inlay::network<inlay::sourced<uint8_model>>::input_info<>::name == "t0");
static_assert(inlay::network<inlay::sequential<inlay::input<1, 1, 4>, inlay::softmax>>::output<>::name.empty());

using view = net::output<>;
static_assert(std::ranges::random_access_range<view> && std::ranges::sized_range<view>);
static_assert(std::ranges::borrowed_range<view> && std::ranges::common_range<view>);

constexpr bool is_a_range() {
  net network{};
  const view output = network.run(first_case());
  auto from = output.begin();
  bool good = std::ranges::equal(output, std::span<const std::int8_t>(output));
  good &= *from++ == output[0] && *from == output[1] && *--from == output[0] && *(2 + from) == output[2];
  good &= from[2] == *(output.end() - 1) && output.end() - from == 3 && from < output.end() && from == output.begin();
  const std::span<const std::int8_t, 3> fixed = output;
  good &= output.data() == fixed.data() && fixed.size() == view::size();
  std::int32_t sum = 0;
  for (const auto value : output) sum += value;
  good &= sum == std::accumulate(output.begin(), output.end(), 0) && sum == output[0] + output[1] + output[2];
  const auto largest = std::ranges::max_element(output) - output.begin();
  return good && static_cast<std::size_t>(largest) == output.largest();
}

template <typename Model>
constexpr bool reads_as_indexed() {
  inlay::network<Model> network{};
  using input = inlay::network<Model>::template input_info<>;
  const std::array<typename input::value_type, input::size()> zeros{};
  const auto output = network.run(zeros);
  std::size_t i = 0;
  for (const auto value : output)
    if (value != output[i++]) return false;
  return i == output.size();
}

/// A network's output is another's input.
constexpr bool chains() {
  using first = inlay::sequential<inlay::input<1, 1, 4>, inlay::softmax>;
  inlay::network<first> one{}, two{};
  const auto answer = one.run(std::array<std::int8_t, 4>{1, 2, 3, 4});
  const std::array<std::int8_t, 4> copied{answer[0], answer[1], answer[2], answer[3]};
  const auto from_view = two.run(answer);
  inlay::network<first> three{};
  return std::ranges::equal(from_view, three.run(copied));
}

constexpr bool quantizes() {
  using input =
      inlay::network<inlay::sequential<inlay::input<1, 1, 1, inlay::affine{0.5f, 3}>, inlay::softmax>>::input_info<>;
  // Halves are rounded away from zero.
  return input::quantize(0) == 3 && input::quantize(0.25f) == 4 && input::quantize(-0.25f) == 2 &&
         input::quantize(0.24f) == 3 && input::quantize(1000) == 127 && input::quantize(-1e30f) == -128;
}

constexpr bool quantizes_for_uint8() {
  using input = inlay::network<uint8_model>::input_info<>;
  static_assert(input::zero_point == 0);
  return input::quantize(0) == 0 && input::quantize(1) == 255 && input::quantize(0.502f) == 128 &&
         input::quantize(-1) == 0 && input::quantize(2) == 255;
}

/// As the QUANTIZE in front of a network does it.
bool quantizes_as_the_kernel() {
  using floats = inlay::network<float_model>;
  const inlay::graph_view g = float_model::graph();
  const auto p = inlay::detail::reference_kernel<inlay::layer_kind::quantize>::prepare(g, g.layers[0]);
  const double lowest = (-130.0 - p.zero_point) * static_cast<double>(p.scale);
  static_assert(floats::input_info<>::size() > 0);
  for (int i = 0; i < 4 * 260; ++i) {
    const auto real = static_cast<float>(lowest + i * static_cast<double>(p.scale) / 4);
    const double steps = std::round(static_cast<double>(real / p.scale)) + p.zero_point;
    const auto expected = static_cast<std::int8_t>(std::clamp(steps, -128.0, 127.0));
    if (inlay::detail::quantized(real, p.scale, p.zero_point) != expected) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("run() takes arrays, views and pointers") { CHECK_BOTH(takes_arrays_and_views); }
TEST_CASE("a size that is known at run time is checked") { CHECK_BOTH(checks_sizes); }
TEST_CASE("a std::vector is checked") {
  const image pixels = first_case();
  std::vector<std::int8_t> values(pixels.begin(), pixels.end());
  net network;
  REQUIRE(net::checked_input(values));
  CHECK(is_answer(network.run(*net::checked_input(values))));
  values.pop_back();
  CHECK(!net::checked_input(values));
  CHECK(!net::checked_input(std::span(values)));
}
TEST_CASE("runs in steps can be copied and take temporary views") { CHECK_BOTH(runs_in_steps); }
TEST_CASE("an output is a range of values and converts to a span") { CHECK_BOTH(is_a_range); }
TEST_CASE("outputs of every type are read alike by index and by iterator") {
  CHECK_BOTH(reads_as_indexed<int8_model>);
  CHECK_BOTH(reads_as_indexed<uint8_model>);
  CHECK_BOTH(reads_as_indexed<float_model>);
}
TEST_CASE("a uint8 output is a span of uint8") {
  static inlay::network<uint8_model> network;
  static const std::uint8_t pixels[decltype(network)::input_info<>::size()]{};
  const auto output = network.run(pixels);
  const std::span<const std::uint8_t> elements = output;
  CHECK(std::ranges::equal(output, elements));
}
TEST_CASE("an output is another network's input") { CHECK_BOTH(chains); }
TEST_CASE("real numbers are quantised as the reference does it") {
  CHECK_BOTH(quantizes);
  CHECK_BOTH(quantizes_for_uint8);
  CHECK(quantizes_as_the_kernel());
  CHECK(inlay::network<uint8_model>::input_info<>::quantize(std::numeric_limits<float>::quiet_NaN()) == 0);
}

// ---- several networks in one memory ----------------------------------------------------------------------

namespace {

using finder = inlay::network<int8_model, inlay::least_memory, inlay::sram<2048>>;
using judge = inlay::network<tiny_model, inlay::per_layer, inlay::sram<2048>>;
using both_networks = inlay::shared<finder, judge>;
static_assert(both_networks::arena_bytes == std::max(finder::arena_bytes, judge::arena_bytes));
static_assert(sizeof(both_networks) == std::max(sizeof(finder), sizeof(judge)));

}  // namespace

TEST_CASE("networks that share a memory answer as they do alone, in any order") {
  static both_networks networks;
  static finder alone;
  std::array<std::int8_t, finder::input_info<>::size()> picture{};
  for (std::size_t i = 0; i < picture.size(); ++i) picture[i] = static_cast<std::int8_t>(i * 37 % 251);
  const auto expected = alone.run(picture);
  const image crop = first_case();
  for (int turn = 0; turn < 3; ++turn) {
    CHECK(std::ranges::equal(networks.run<finder>(picture), expected));
    CHECK(is_answer(networks.run<judge>(crop)));
    auto job = networks.start<judge>(crop);
    while (job.step()) {
    }
    CHECK(is_answer(job.outputs()));
  }
}
