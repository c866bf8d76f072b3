// Networks of layer types: the same graph, the same answers as a file's.
#include <inlay.hpp>

#include "tiny.hpp"
#include "tiny_in.hpp"
#include "tiny_out.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace {

struct file : inlay::tflite<tiny> {};

/// The weights of a layer of the file, as a user would write them down.
template <std::size_t Weights, std::size_t Channels>
constexpr inlay::layer_data<Weights, Channels> data_of(std::int32_t index) {
  const inlay::graph_view g = file::graph();
  const inlay::layer& l = g.layers[index];
  const inlay::tensor& weights = g.input_of(l, 1);
  inlay::layer_data<Weights, Channels> data{};
  for (std::size_t i = 0; i < Weights; ++i)
    data.weights[i] = static_cast<std::int8_t>(file::bytes()[weights.data_at + i]);
  for (std::uint32_t c = 0; c < Channels; ++c) {
    data.bias[c] = inlay::detail::read_int32(file::bytes(), g.input_of(l, 2).data_at + 4 * c);
    data.scales[c] =
        inlay::detail::read_float(file::bytes(), weights.quant.scales_at + (weights.quant.channels > 1 ? 4 * c : 0));
  }
  data.output = {g.output_of(l).quant.scale, g.output_of(l).quant.zero_point};
  return data;
}

constexpr auto first = data_of<18, 2>(0);
constexpr auto last = data_of<6, 3>(2);
constexpr inlay::quantization input_quant = file::graph().tensors[file::graph().inputs[0]].quant;

using typed =
    inlay::sequential<inlay::input<6, 6, 1, inlay::affine{input_quant.scale, input_quant.zero_point}>,
                      inlay::conv2d<{.filters = 2, .window = {.kernel = 3}, .clamp = inlay::activation::relu}, first>,
                      inlay::average_pool2d<{.kernel = 6, .padding = inlay::padding::valid}>,
                      inlay::dense<{.units = 3}, last>>;

constexpr bool same_answers() {
  inlay::network<typed> network;
  constexpr std::size_t cases = (sizeof(tiny_out) - 1) / 3;
  for (std::size_t c = 0; c < cases; ++c) {
    std::array<std::int8_t, 36> image{};
    for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<std::int8_t>(tiny_in[36 * c + i]);
    const auto answer = network.run(image);
    for (std::size_t i = 0; i < 3; ++i)
      if (answer[i] != static_cast<std::int8_t>(tiny_out[3 * c + i])) return false;
  }
  return cases > 0;
}
static_assert(same_answers());

template <std::int32_t Filters, std::int32_t Stride, std::int32_t Expansion = 6>
using block =
    inlay::inverted_residual<{.filters = Filters, .expansion = Expansion, .window = {.kernel = 3, .stride = Stride}}>;
using branches =
    inlay::sequential<inlay::input<8, 8, 4>, inlay::residual<inlay::conv2d<{.filters = 4, .window = {.kernel = 3}}>>,
                      inlay::concatenate<inlay::conv2d<{.filters = 3}>,
                                         inlay::chain<inlay::conv2d<{.filters = 5}>, inlay::max_pool2d<{.kernel = 3}>>>,
                      inlay::scaled<inlay::global_average_pool, inlay::conv2d<{.filters = 8}>, inlay::logistic>,
                      block<8, 1>, inlay::global_average_pool, inlay::dense<{.units = 10}>, inlay::softmax>;

}  // namespace

TEST_CASE("a network of layer types answers as the file whose weights it has") { CHECK(same_answers()); }

TEST_CASE("a network of layer types has the file's plan") {
  CHECK(inlay::network<typed>::arena_bytes == inlay::network<file>::arena_bytes);
  CHECK(inlay::network<typed>::macs == inlay::network<file>::macs);
}

TEST_CASE("layer types make the layers that they name") {
  const inlay::graph_view g = branches::graph();
  const std::array kinds{inlay::layer_kind::conv2d,
                         inlay::layer_kind::add,
                         inlay::layer_kind::conv2d,
                         inlay::layer_kind::conv2d,
                         inlay::layer_kind::max_pool2d,
                         inlay::layer_kind::mean,
                         inlay::layer_kind::conv2d,
                         inlay::layer_kind::logistic,
                         inlay::layer_kind::mul,
                         inlay::layer_kind::conv2d,
                         inlay::layer_kind::depthwise_conv2d,
                         inlay::layer_kind::conv2d,
                         inlay::layer_kind::add,
                         inlay::layer_kind::mean,
                         inlay::layer_kind::fully_connected,
                         inlay::layer_kind::softmax};
  REQUIRE(g.layer_count == static_cast<std::int32_t>(kinds.size()));
  for (std::size_t i = 0; i < kinds.size(); ++i) CHECK(g.layers[i].kind == kinds[i]);
  CHECK(g.output_of(g.layers[8]).extents == inlay::shape{4, {1, 8, 8, 8}});
  // The parts of the concatenation share its memory.
  CHECK(g.output_of(g.layers[2]).storage == g.output_of(g.layers[4]).storage);
  CHECK(g.output_of(g.layers[4]).first_channel == 3);
  CHECK_FALSE(branches::has_weights);
  CHECK(typed::has_weights);
}

TEST_CASE("MobileNetV2 at 224 has the published size, and an output over its input") {
  using mobilenet_v2 =
      inlay::sequential<inlay::input<224, 224, 3>, inlay::conv2d<{.filters = 32, .window = {.kernel = 3, .stride = 2}}>,
                        block<16, 1, 1>, block<24, 2>, block<24, 1>, block<32, 2>, block<32, 1>, block<32, 1>,
                        block<64, 2>, block<64, 1>, block<64, 1>, block<64, 1>, block<96, 1>, block<96, 1>,
                        block<96, 1>, block<160, 2>, block<160, 1>, block<160, 1>, block<320, 1>,
                        inlay::conv2d<{.filters = 1280}>, inlay::global_average_pool, inlay::dense<{.units = 1000}>>;
  CHECK(inlay::total_macs(mobilenet_v2::graph()) == 300774272);
  CHECK(inlay::peak_bytes<mobilenet_v2, inlay::per_layer> == 1236480);
}
