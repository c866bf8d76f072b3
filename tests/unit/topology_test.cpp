// Topologies as values: the graph, the plan and the refusals of the same layer types.
#include <inlay.hpp>
#include <inlay/report.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace {

using inlay::block_kind;
using blocks = std::vector<inlay::topology_block>;

/// One of each kind of layer type.
using all_types = inlay::sequential<
    inlay::input<24, 20, 3>,
    inlay::conv2d<inlay::conv2d_options{
        .filters = 8, .window = {.kernel = {5, 3}, .stride = 2}, .clamp = inlay::activation::relu6}>,
    inlay::depthwise_conv2d<inlay::depthwise_conv2d_options{.multiplier = 2, .window = {.kernel = 3, .dilation = 2}}>,
    inlay::residual<inlay::conv2d<inlay::conv2d_options{.filters = 16, .window = {.kernel = 3}}>>,
    inlay::concatenate<inlay::conv2d<inlay::conv2d_options{.filters = 3}>,
                       inlay::chain<inlay::conv2d<inlay::conv2d_options{.filters = 5}>,
                                    inlay::max_pool2d<inlay::window_options{.kernel = 3}>>>,
    inlay::scaled<inlay::global_average_pool, inlay::conv2d<inlay::conv2d_options{.filters = 8}>, inlay::logistic>,
    inlay::inverted_residual<inlay::inverted_residual_options{.filters = 8, .expansion = 3, .window = {.kernel = 5}}>,
    inlay::average_pool2d<inlay::window_options{.kernel = 2, .stride = 2, .padding = inlay::padding::valid}>,
    inlay::inverted_residual<inlay::inverted_residual_options{.filters = 12, .expansion = 1, .window = {.kernel = 3}}>,
    inlay::global_average_pool, inlay::dense<inlay::dense_options{.units = 4}>, inlay::softmax>;

blocks all_blocks() {
  return {{.kind = block_kind::conv2d,
           .filters = 8,
           .window = {.kernel = {5, 3}, .stride = 2},
           .clamp = inlay::activation::relu6},
          {.kind = block_kind::depthwise_conv2d, .multiplier = 2, .window = {.kernel = 3, .dilation = 2}},
          {.kind = block_kind::residual, .inside = 1},
          {.kind = block_kind::conv2d, .filters = 16, .window = {.kernel = 3}},
          {.kind = block_kind::concatenate, .inside = 4},
          {.kind = block_kind::conv2d, .filters = 3},
          {.kind = block_kind::chain, .inside = 2},
          {.kind = block_kind::conv2d, .filters = 5},
          {.kind = block_kind::max_pool2d, .window = {.kernel = 3}},
          {.kind = block_kind::scaled, .inside = 3},
          {.kind = block_kind::global_average_pool},
          {.kind = block_kind::conv2d, .filters = 8},
          {.kind = block_kind::logistic},
          {.kind = block_kind::inverted_residual, .filters = 8, .expansion = 3, .window = {.kernel = 5}},
          {.kind = block_kind::average_pool2d, .window = {.kernel = 2, .stride = 2, .padding = inlay::padding::valid}},
          {.kind = block_kind::inverted_residual, .filters = 12, .expansion = 1, .window = {.kernel = 3}},
          {.kind = block_kind::global_average_pool},
          {.kind = block_kind::dense, .filters = 4},
          {.kind = block_kind::softmax}};
}

inlay::loaded_topology loaded(blocks b) { return {{24, 20}, 3, std::move(b)}; }

bool same_tensor(const inlay::tensor& a, const inlay::tensor& b) {
  return a.extents == b.extents && a.type == b.type && a.quant.scale == b.quant.scale &&
         a.quant.zero_point == b.quant.zero_point && a.quant.channels == b.quant.channels &&
         a.quant.scales_at == b.quant.scales_at && a.data_at == b.data_at && a.data_bytes == b.data_bytes &&
         a.storage == b.storage && a.first_channel == b.first_channel && a.readers == b.readers;
}
bool same_layer(const inlay::layer& a, const inlay::layer& b) {
  return a.kind == b.kind && a.clamp == b.clamp && a.inputs == b.inputs && a.output == b.output &&
         a.window == b.window && a.begin == b.begin && a.axes == b.axes && a.operator_index == b.operator_index;
}
void check_same_graph(inlay::graph_view a, inlay::graph_view b) {
  REQUIRE(a.tensor_count == b.tensor_count);
  REQUIRE(a.layer_count == b.layer_count);
  REQUIRE(a.input_count == b.input_count);
  REQUIRE(a.output_count == b.output_count);
  for (std::int32_t i = 0; i < a.tensor_count; ++i) CHECK(same_tensor(a.tensors[i], b.tensors[i]));
  for (std::int32_t i = 0; i < a.layer_count; ++i) CHECK(same_layer(a.layers[i], b.layers[i]));
  for (std::int32_t i = 0; i < a.input_count; ++i) CHECK(a.inputs[i] == b.inputs[i]);
  for (std::int32_t i = 0; i < a.output_count; ++i) CHECK(a.outputs[i] == b.outputs[i]);
}

std::string refusal_of(blocks b) {
  const inlay::loaded_topology t = loaded(std::move(b));
  CHECK(t.graph().layer_count == 0);
  return std::string(inlay::error_text(t.refused()).view()) + " @" + std::to_string(t.refused_block());
}

}  // namespace

TEST_CASE("blocks make the graph of the layer types that they are") {
  const inlay::loaded_topology t = loaded(all_blocks());
  REQUIRE_FALSE(t.refused());
  check_same_graph(t.graph(), all_types::graph());
  CHECK(t.byte_count() == all_types::byte_count);
  check_same_graph(inlay::sourced_graph(t.graph()).view(), inlay::sourced<all_types>::graph());
}

TEST_CASE("a topology of blocks has the plan and the flash of its layer types") {
  const inlay::loaded_topology t = loaded(all_blocks());
  const inlay::loaded_schedule per_layer(t.graph(), inlay::per_layer_stages(t.graph()));
  const inlay::plan_view plan = inlay::plan_of(t, t.graph(), per_layer);
  const inlay::plan_view compiled = inlay::plan_of<all_types>();
  CHECK(plan.arena_bytes == compiled.arena_bytes);
  CHECK(plan.macs == compiled.macs);
  CHECK(plan.flash_bytes() == compiled.flash_bytes());
  const inlay::stored_graph sourced = inlay::sourced_graph(t.graph());
  const inlay::loaded_schedule least(sourced.view(), inlay::least_memory_stages(sourced.view()));
  const inlay::plan_view streamed = inlay::plan_of<inlay::sourced<all_types>, inlay::least_memory>();
  CHECK(least.arena_bytes() == streamed.arena_bytes);
  CHECK(least.macs() == streamed.macs);
}

TEST_CASE("a topology and a schedule are printed as the types that they are") {
  CHECK(inlay::layer_types_text(loaded(all_blocks())) ==
        R"(inlay::sequential<inlay::input<24, 20, 3>,
    inlay::conv2d<inlay::conv2d_options{.filters = 8, .window = {.kernel = {5, 3}, .stride = 2}, .clamp = inlay::activation::relu6}>,
    inlay::depthwise_conv2d<inlay::depthwise_conv2d_options{.multiplier = 2, .window = {.kernel = 3, .dilation = 2}}>,
    inlay::residual<inlay::conv2d<inlay::conv2d_options{.filters = 16, .window = {.kernel = 3}}>>,
    inlay::concatenate<inlay::conv2d<inlay::conv2d_options{.filters = 3}>, inlay::chain<inlay::conv2d<inlay::conv2d_options{.filters = 5}>, inlay::max_pool2d<inlay::window_options{.kernel = 3}>>>,
    inlay::scaled<inlay::global_average_pool, inlay::conv2d<inlay::conv2d_options{.filters = 8}>, inlay::logistic>,
    inlay::inverted_residual<inlay::inverted_residual_options{.filters = 8, .expansion = 3, .window = {.kernel = 5}}>,
    inlay::average_pool2d<inlay::window_options{.kernel = 2, .stride = 2, .padding = inlay::padding::valid}>,
    inlay::inverted_residual<inlay::inverted_residual_options{.filters = 12, .expansion = 1, .window = {.kernel = 3}}>,
    inlay::global_average_pool,
    inlay::dense<inlay::dense_options{.units = 4}>,
    inlay::softmax>)");
}

TEST_CASE("blocks that cannot be are refused, with their number") {
  const inlay::topology_block good{.kind = block_kind::conv2d, .filters = 4};
  const auto with = [&](inlay::topology_block bad) {
    return refusal_of({good, bad, good});
  };
  const std::string window = "kernel, stride and dilation of a window are 1 to 32767 @1";
  for (const inlay::window_options& w :
       {inlay::window_options{.kernel = 0}, {.kernel = {3, -1}}, {.kernel = 40000}, {.stride = 0}, {.dilation = 0}}) {
    CHECK(with({.kind = block_kind::conv2d, .window = w}).ends_with(window));
    CHECK(with({.kind = block_kind::depthwise_conv2d, .window = w}).ends_with(window));
    CHECK(with({.kind = block_kind::max_pool2d, .window = w}).ends_with(window));
    CHECK(with({.kind = block_kind::inverted_residual, .window = w}).ends_with(window));
  }
  CHECK(with({.kind = block_kind::conv2d, .filters = 0}).find("do not fit together") != std::string::npos);
  CHECK(with({.kind = block_kind::dense, .filters = -5}).find("do not fit together") != std::string::npos);
  CHECK(with({.kind = block_kind::conv2d, .filters = 0x7fffffff}).find("more elements") != std::string::npos);
  CHECK(with({.kind = block_kind::dense, .filters = 1 << 20}).find("more elements") != std::string::npos);
  CHECK(with({.kind = block_kind::depthwise_conv2d, .multiplier = 0x7fffffff}).find("channel") != std::string::npos);
  CHECK(with({.kind = block_kind::inverted_residual, .expansion = 0}).find("channel") != std::string::npos);
  CHECK(with({.kind = block_kind::conv2d, .window = {.kernel = 25, .padding = inlay::padding::valid}})
            .find("do not fit together") != std::string::npos);
  CHECK(with({.kind = block_kind::conv2d, .inside = 1}).ends_with("a block has no more inside than follows it @1"));
  CHECK(with({.kind = block_kind::chain, .inside = 2}).ends_with("a block has no more inside than follows it @1"));
  CHECK(with({.kind = block_kind::chain, .inside = -1}).ends_with("a block has no more inside than follows it @1"));
  CHECK(with({.kind = block_kind::concatenate}).ends_with("concatenate has at least one branch @1"));
  CHECK(refusal_of({{.kind = block_kind::concatenate, .inside = 2},
                    good,
                    {.kind = block_kind::conv2d, .filters = 4, .window = {.stride = 2}}})
            .ends_with("has one height and one width @0"));
  CHECK(refusal_of({{.kind = block_kind::residual, .inside = 1}, {.kind = block_kind::conv2d, .filters = 2}})
            .find("do not fit together") != std::string::npos);
  CHECK(refusal_of({}).ends_with(" @-1"));
  CHECK(refusal_of(blocks(2000, good)).find("more operators") != std::string::npos);
  CHECK(inlay::loaded_topology({-1, 5}, 3, {good}).refused());
  CHECK(inlay::loaded_topology({40000, 40000}, 3, {good}).refused());
  CHECK(inlay::loaded_topology({40000, 1}, 1, {good}).refused());
}
