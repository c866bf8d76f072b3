// Networks that ask for their pixels answer as those that are given them.
#include <inlay.hpp>

#include "input_unread.hpp"
#include "network_float_io.hpp"
#include "network_inverted_residual.hpp"
#include "network_uint8_io.hpp"
#include "quantize_float_twice.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace {

struct int8_model : inlay::tflite<network_inverted_residual> {};
struct uint8_model : inlay::tflite<network_uint8_io> {};
struct float_model : inlay::tflite<network_float_io> {};
struct twice_model : inlay::tflite<quantize_float_twice> {};
struct unread_model : inlay::tflite<input_unread> {};

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
  constexpr inlay::shape extents = given::template input_info<>::extents;
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
static_assert(same_as_whole<twice_model, inlay::least_memory>());

/// A picture that knows what stands in each row, and how often it was asked.
struct counting_source {
  int* calls;
  std::array<std::int8_t, 512> values{};

  template <typename Pixels>
  constexpr void operator()(inlay::region r, Pixels pixels) {
    ++*calls;
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = values[(static_cast<std::size_t>(r.first_row) * 31 + i) % values.size()]++;
  }
};

template <typename Job>
constexpr auto finished(Job job) {
  while (job.step()) {
  }
  return job.outputs();
}

using streamed = inlay::network<inlay::sourced<int8_model>, inlay::least_memory>;

/// A job over the stack that start() was called on, if it kept references there.
[[gnu::noinline]] auto start_and_return(streamed& network, int& calls) {
  counting_source picture{&calls};
  for (std::size_t i = 0; i < picture.values.size(); ++i) picture.values[i] = static_cast<std::int8_t>(i * 7);
  return network.start([picture](inlay::region r, auto pixels) mutable { picture(r, pixels); });
}

}  // namespace

TEST_CASE("an int8 image is asked for") { check<int8_model>(); }
TEST_CASE("a uint8 image is asked for") { check<uint8_model>(); }
TEST_CASE("a float image is asked for and quantised as it comes") { check<float_model>(); }

TEST_CASE("a float image that is quantised twice alike is asked for once") {
  check<twice_model>();
  using asking = inlay::network<inlay::sourced<twice_model>>;
  int calls = 0;
  static asking network;
  network.run([&](inlay::region, auto pixels) {
    ++calls;
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = 0;
  });
  CHECK(calls == asking::input_info<>::extents.height());
}

TEST_CASE("inputs that nobody reads are given and not looked at, or not asked for") {
  using given = inlay::network<unread_model>;
  static given whole;
  static std::array<std::int8_t, given::input_info<0>::size()> read;
  for (std::size_t i = 0; i < read.size(); ++i) read[i] = static_cast<std::int8_t>(i * 29);
  const std::array<std::int8_t, given::input_info<1>::size()> unread{};
  const std::array<float, given::input_info<2>::size()> unread_floats{};
  const auto expected = whole.run(read, unread, unread_floats);

  static inlay::network<inlay::sourced<unread_model>, inlay::least_memory> rows;
  int calls = 0;
  const auto never = [&calls](inlay::region, auto) {
    ++calls;
  };
  const auto source = [](inlay::region r, std::span<std::int8_t> pixels) {
    constexpr inlay::shape extents = given::input_info<0>::extents;
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = read[static_cast<std::size_t>(r.first_row * extents.width() * extents.channels()) + i];
  };
  const auto answer = rows.run(source, never, never);
  CHECK(calls == 0);
  CHECK(std::ranges::equal(expected, answer));
}

TEST_CASE("a run in steps holds its source") {
  int calls = 0;
  auto network = std::make_unique<streamed>(), other = std::make_unique<streamed>();
  const auto answer = finished(start_and_return(*network, calls));
  CHECK(calls == streamed::input_info<>::extents.height());

  counting_source picture{&calls};
  for (std::size_t i = 0; i < picture.values.size(); ++i) picture.values[i] = static_cast<std::int8_t>(i * 7);
  const auto values = picture.values;
  // A copy of a source that has a name: it is as it was afterwards.
  CHECK(std::ranges::equal(answer, finished(other->start(picture))));
  CHECK(picture.values == values);
  // std::ref is the source itself.
  CHECK(std::ranges::equal(answer, finished(other->start(std::ref(picture)))));
  CHECK(picture.values != values);
}

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
  CHECK(calls == asking::input_info<>::extents.height());
  CHECK(steps > calls);
}
