// What the reference demands of layers, on graphs written by hand.
#include <inlay/model/preconditions.hpp>

#include <doctest/doctest.h>

#include <cstdint>

namespace {

/// One layer from tensor 0, with tensors 1 and 2 as weights and bias, to tensor 3.
struct one_layer {
  inlay::tensor tensors[4]{};
  inlay::layer l{};

  constexpr one_layer(inlay::layer_kind kind, float input, float weights, float bias, float output) {
    const float scales[] = {input, weights, bias, output};
    for (int i = 0; i < 4; ++i) {
      tensors[i].extents = {4, {1, 2, 2, 3}};
      tensors[i].quant = {scales[i], 0, 1, 0, 0};
    }
    l.kind = kind;
    l.inputs = {0, 1, 2};
    l.output = 3;
  }
  constexpr std::int32_t refused_tensor() const {
    const inlay::graph_view g{tensors, &l, nullptr, nullptr, 4, 1, 0, 0};
    return inlay::detail::check_preconditions(g, l).tensor;
  }
};

using kind = inlay::layer_kind;
static_assert(one_layer(kind::max_pool2d, 0.5f, 1, 1, 0.5f).refused_tensor() == -1);
static_assert(one_layer(kind::max_pool2d, 0.5f, 1, 1, 0.5000005f).refused_tensor() == -1);  // less than 10^-6
static_assert(one_layer(kind::average_pool2d, 0.5f, 1, 1, 0.500002f).refused_tensor() == 3);
static_assert(one_layer(kind::place, 0.5f, 1, 1, 0.5f).refused_tensor() == -1);
static_assert(one_layer(kind::place, 0.5f, 1, 1, 0.5000005f).refused_tensor() == 0);
static_assert(one_layer(kind::fully_connected, 0.5f, 0.25f, 0.125f, 1).refused_tensor() == -1);
static_assert(one_layer(kind::fully_connected, 0.5f, 0.25f, 0.14f, 1).refused_tensor() == -1);  // 2 % of the output's
static_assert(one_layer(kind::fully_connected, 0.5f, 0.25f, 0.15f, 1).refused_tensor() == 2);

constexpr std::int32_t refused_with(inlay::activation clamp, float output, kind k = kind::conv2d) {
  one_layer one(k, output, 1, output, output);
  one.l.clamp = clamp;
  return one.refused_tensor();
}
static_assert(refused_with(inlay::activation::relu6, 2.8e-9f) == -1);
static_assert(refused_with(inlay::activation::relu6, 2.7e-9f) == 3);
static_assert(refused_with(inlay::activation::relu6, 2.7e-9f, kind::max_pool2d) == 3);
static_assert(refused_with(inlay::activation::relu6, 2.7e-9f, kind::relu) == 3);
static_assert(refused_with(inlay::activation::relu_n1_to_1, 4.7e-10f) == -1);
static_assert(refused_with(inlay::activation::relu_n1_to_1, 4.6e-10f) == 3);
static_assert(refused_with(inlay::activation::relu, 1e-12f) == -1);

}  // namespace

TEST_CASE("preconditions: of pools, concatenations and biases") {
  CHECK(one_layer(kind::max_pool2d, 0.5f, 1, 1, 2).refused_tensor() == 3);
  CHECK(one_layer(kind::fully_connected, 1, 1, 1, 1).refused_tensor() == -1);
}
