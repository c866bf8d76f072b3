// Networks that ask for their weights answer as those that have them in memory, and ask for each once.
#include <inlay.hpp>

#include "../late_weights.hpp"
#include "network_float_io.hpp"
#include "network_inverted_residual.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace {

struct model : inlay::tflite<network_inverted_residual> {};
struct float_model : inlay::tflite<network_float_io> {};

/// Constants that kernels of a model read, and their bytes.
struct constants {
  std::uint32_t count = 0, bytes = 0;
};
template <typename Model>
constexpr constants constants_of() {
  constants all;
  const inlay::graph_view g = Model::graph();
  inlay::detail::for_each_constant_read(g, [&](std::int32_t i, int position) {
    ++all.count;
    all.bytes += g.input_of(g.layers[i], position).data_bytes;
  });
  return all;
}
static_assert(constants_of<model>().count > 4);

template <typename Model>
constexpr auto image_for() {
  using input = inlay::network<Model>::template input<>;
  std::array<typename input::value_type, input::extent> image{};
  for (std::size_t i = 0; i < image.size(); ++i)
    image[i] = static_cast<typename input::value_type>(static_cast<std::int32_t>(i * i * 37 % 251) - 120);
  return image;
}

/// Copies at once, and counts.
template <typename Model>
struct counting_weights {
  std::uint32_t* reads;
  constexpr void operator()(inlay::weights_part w, std::span<std::int8_t> to) const {
    ++*reads;
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<std::int8_t>(Model::bytes()[w.position + i]);
  }
};

template <typename Model, typename Schedule, typename Prefetch = inlay::prefetch<0>>
using asking = inlay::network<inlay::sourced_weights<Model, Prefetch>, Schedule>;

template <typename Model, typename Schedule>
constexpr bool is_same_and_read_once() {
  inlay::network<Model> mapped;
  asking<Model, Schedule> network;
  const auto image = image_for<Model>();
  std::uint32_t reads = 0;
  const auto expected = mapped.run(image);
  const auto answer = network.run(image, counting_weights<Model>{&reads});
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (expected[i] != answer[i]) return false;
  return reads == constants_of<Model>().count;
}
static_assert(is_same_and_read_once<float_model, inlay::least_memory>());

template <std::int32_t End, typename Patches>
using one_stage = inlay::schedule<inlay::per_patch<inlay::split<End>, Patches>>;

/// All at once and in steps, with weights that come only when they are waited for.
template <typename Schedule, typename Prefetch>
void check_late() {
  using net = asking<model, Schedule, Prefetch>;
  static inlay::network<model> mapped;
  static net network;
  const auto image = image_for<model>();
  const auto expected = mapped.run(image);
  inlay_tests::late_weights weights{model::bytes()};
  CHECK(std::ranges::equal(network.run(image, weights), expected));
  CHECK(weights.reads == constants_of<model>().count);
  CHECK(weights.read_bytes == constants_of<model>().bytes);
  CHECK(weights.asked_count == 0);
  auto job = network.start(image, std::ref(weights));
  while (job.step()) {
  }
  CHECK(std::ranges::equal(job.outputs(), expected));
  CHECK(weights.reads == 2 * constants_of<model>().count);
  // A job has its own source.
  auto other = network.start(image, inlay_tests::late_weights{model::bytes()});
  while (other.step()) {
  }
  CHECK(std::ranges::equal(other.outputs(), expected));
}

}  // namespace

TEST_CASE("weights are asked for, layer after layer") {
  CHECK(is_same_and_read_once<model, inlay::per_layer>());
  check_late<inlay::per_layer, inlay::prefetch<3>>();
}
TEST_CASE("weights of streams stay in the arena") {
  check_late<inlay::least_memory, inlay::prefetch<0>>();
  check_late<one_stage<12, inlay::rows<1>>, inlay::prefetch<1>>();
}
TEST_CASE("weights are asked for once, however many patches there are") {
  CHECK(is_same_and_read_once<model, one_stage<13, inlay::grid<3, 2>>>());
  check_late<one_stage<12, inlay::columns<2>>, inlay::prefetch<1>>();
}

TEST_CASE("weights and an image of floats are asked for") {
  using both = inlay::network<inlay::sourced<inlay::sourced_weights<float_model>>, inlay::least_memory>;
  using others = inlay::network<inlay::sourced_weights<inlay::sourced<float_model>>, inlay::least_memory>;
  static inlay::network<float_model> mapped;
  static both network;
  static others other;
  const auto image = image_for<float_model>();
  const auto source = [&](inlay::region r, auto pixels) {
    constexpr inlay::shape extents = both::input_info<>::extents;
    const std::int32_t first = (r.first_row * extents.width() + r.first_column) * extents.channels();
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = image[static_cast<std::size_t>(first) + i];
  };
  std::uint32_t reads = 0;
  const auto expected = mapped.run(image);
  CHECK(std::ranges::equal(network.run(source, counting_weights<float_model>{&reads}), expected));
  CHECK(std::ranges::equal(other.run(source, counting_weights<float_model>{&reads}), expected));
  CHECK(reads == 2 * constants_of<float_model>().count);
}

TEST_CASE("a layer's weights are asked for while those of the one before are read") {
  using net = asking<model, inlay::per_layer, inlay::prefetch<1>>;
  struct source {
    std::uint32_t asked = 0, late = 0;
    std::uint32_t last_waited = 0;
    void operator()(inlay::weights_part w, std::span<std::int8_t> to) {
      ++asked;
      for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<std::int8_t>(model::bytes()[w.position + i]);
    }
    void wait(inlay::weights_part) {
      // Those of one layer more than have been waited for, but at the end.
      if (++last_waited >= asked && asked != constants_of<model>().count) ++late;
    }
  } weights;
  static net network;
  const auto image = image_for<model>();
  auto job = network.start(image, std::ref(weights));
  for (std::uint32_t before = 0; job.step(); before = weights.asked) CHECK(weights.asked <= before + 1);  // one a step
  CHECK(weights.last_waited == constants_of<model>().count);
  CHECK(weights.late == 0);
}

TEST_CASE("only tables are in flash, weights in the arena as long as they are read") {
  using mapped = inlay::network<model>;
  using net = asking<model, inlay::per_layer>;
  CHECK(net::flash_bytes == mapped::flash_bytes - inlay::detail::prepared<model, inlay::per_layer>::constant_bytes);
  CHECK(net::arena_bytes > mapped::arena_bytes);
  CHECK(net::arena_bytes < mapped::arena_bytes + constants_of<model>().bytes);
  CHECK(asking<model, inlay::per_layer, inlay::prefetch<1>>::arena_bytes >= net::arena_bytes);
  CHECK(asking<model, inlay::least_memory>::arena_bytes <= net::arena_bytes);
}
