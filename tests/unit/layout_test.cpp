// Plans of large networks: more layers than a fold expression may have arguments.
#include <inlay.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace {

template <std::int32_t Count, typename Layer>
struct repeated {
  static constexpr std::int32_t build(inlay::detail::topology_builder& b, std::int32_t from) {
    for (std::int32_t i = 0; i < Count; ++i) from = Layer::build(b, from);
    return from;
  }
};

// Each spreads the largest pixel one row and one column further.
constexpr std::int32_t layers = 257;
using deep = inlay::sequential<inlay::input<6, 6, 4, inlay::affine{1, 0}>,
                               repeated<layers, inlay::max_pool2d<{.kernel = 3, .stride = 1}>>>;
using streamed = inlay::schedule<inlay::per_patch<inlay::split<layers>, inlay::rows<1>, inlay::halo::reuse>>;

// Two layers as they are, two streamed.
using four = inlay::sequential<inlay::input<6, 6, 4>, repeated<4, inlay::max_pool2d<{.kernel = 3, .stride = 1}>>>;
template <typename... Stages>
constexpr auto& stages_of_four = inlay::detail::stages_of<four, inlay::schedule<Stages...>>::list;
constexpr auto& mixed = stages_of_four<inlay::per_patch<inlay::split<2>, inlay::per_layer>,
                                       inlay::per_patch<inlay::split<4>, inlay::rows<1>>>;
static_assert(mixed.count == 3 && mixed.items[1] == inlay::stage{1, 2} && mixed.items[2] == inlay::stage{2, 4});

}  // namespace

TEST_CASE("a stage of 257 layers runs row by row") {
  static inlay::network<deep, streamed> network;
  std::array<std::int8_t, 6 * 6 * 4> input{};
  input[0] = 7;
  const auto output = network.run(input);
  for (std::size_t i = 0; i < output.size(); ++i) CHECK(output[i] == (i % 4 == 0 ? 7 : 0));
}

TEST_CASE("a fold in blocks takes each number once, in order, until one is found") {
  std::int32_t taken = 0;
  bool in_order = true;
  const auto take = [&](std::int32_t number) {
    in_order = in_order && number == taken++;
    return number == 290;
  };
  CHECK(inlay::detail::fold_in_blocks<300>([&]<std::int32_t... I>(std::integer_sequence<std::int32_t, I...>) {
    return (take(I) || ...);
  }));
  CHECK(in_order);
  CHECK(taken == 291);
}
