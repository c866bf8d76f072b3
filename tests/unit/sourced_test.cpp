// Networks that ask for their pixels answer as those that are given them.
#include <inlay.hpp>

#include "network_float_io.hpp"
#include "network_inverted_residual.hpp"
#include "network_uint8_io.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace {

struct int8_model : inlay::tflite<network_inverted_residual> {};
struct uint8_model : inlay::tflite<network_uint8_io> {};
struct float_model : inlay::tflite<network_float_io> {};

template <typename Model, typename Schedule>
constexpr bool same_as_whole() {
  using given = inlay::network<Model>;
  using asking = inlay::network<inlay::sourced<Model>, Schedule>;
  using element = typename given::template input<>::value_type;
  static_assert(asking::input_bytes == given::input_bytes);
  std::array<element, given::template input<>::extent> image{};
  for (std::size_t i = 0; i < image.size(); ++i)
    image[i] = static_cast<element>(static_cast<std::int32_t>(i * i * 37 % 251) - 120);

  given whole;
  const auto expected = whole.run(image);
  constexpr inlay::shape extents = given::input_tensor().extents;
  const auto source = [&](inlay::region r, auto pixels) {
    const std::int32_t first = (r.first_row * extents.width() + r.first_column) * extents.channels();
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = image[static_cast<std::size_t>(first) + i];
  };
  asking rows;
  const auto answer = rows.run(source);
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (expected[i] != answer[i]) return false;
  return true;
}

template <typename Model>
void check() {
  CHECK(same_as_whole<Model, inlay::per_layer>());
  CHECK(same_as_whole<Model, inlay::least_memory>());
  CHECK(same_as_whole<Model, inlay::schedule<inlay::per_patch<inlay::split<2>, inlay::columns<2>>>>());
  CHECK(same_as_whole<Model, inlay::schedule<inlay::per_patch<inlay::split<2>, inlay::grid<2, 2>>>>());
}

static_assert(same_as_whole<float_model, inlay::least_memory>());

}  // namespace

TEST_CASE("an int8 image is asked for") { check<int8_model>(); }
TEST_CASE("a uint8 image is asked for") { check<uint8_model>(); }
TEST_CASE("a float image is asked for and quantised as it comes") { check<float_model>(); }

TEST_CASE("a streamed network keeps only some rows of the image") {
  using given = inlay::network<int8_model, inlay::least_memory>;
  using asking = inlay::network<inlay::sourced<int8_model>, inlay::least_memory>;
  CHECK(asking::arena_bytes < given::arena_bytes + given::input_bytes / 2);
}

TEST_CASE("a run in steps asks for a row a step") {
  using asking = inlay::network<inlay::sourced<int8_model>, inlay::least_memory>;
  int calls = 0;
  const auto source = [&](inlay::region, auto pixels) {
    ++calls;
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = 0;
  };
  static asking network;
  auto job = network.start(source);
  int steps = 0;
  for (int before = 0; job.step(); before = calls, ++steps) CHECK(calls <= before + 1);
  CHECK(calls == asking::input_tensor().extents.height());
  CHECK(steps > calls);
}
