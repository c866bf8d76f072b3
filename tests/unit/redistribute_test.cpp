#include <inlay/model/sequential.hpp>
#include <inlay/patch/receptive_field.hpp>
#include <inlay/patch/redistribute.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <type_traits>

namespace {

using namespace inlay;
using namespace inlay::detail;

template <std::int32_t Filters, std::int32_t Stride, std::int32_t Expansion = 6, std::int32_t Kernel = 3>
using block =
    inverted_residual<{.filters = Filters, .expansion = Expansion, .window = {.kernel = Kernel, .stride = Stride}}>;
using stem = conv2d<{.filters = 32, .window = {.kernel = 3, .stride = 2}, .clamp = activation::relu6}>;
template <typename Last, typename... Front>
using mobilenet_with =
    sequential<input<224, 224, 3>, Front..., block<32, 1>, block<32, 1>, block<64, 2>, block<64, 1>, block<64, 1>,
               block<64, 1>, block<96, 1>, block<96, 1>, block<96, 1>, block<160, 2>, block<160, 1>, block<160, 1>,
               Last, conv2d<{.filters = 1280, .clamp = activation::relu6}>, global_average_pool,
               dense<{.units = 1000}>>;

// ---- MobileNetV2, split as in MCUNetV2's Table 1, which goes from 41.9 to 18.3 % of the stage and from 9.3 to
// ---- 3.1 % of the network by hand

using mobilenet_v2 = mobilenet_with<block<320, 1>, stem, block<16, 1, 1>, block<24, 2>, block<24, 1>, block<32, 2>>;
using moved = redistribute<mobilenet_v2, after_block<mobilenet_v2, 5>, grid<4, 4>>;

static_assert(moved::before::unclamped_percent > 41.8 && moved::before::network_percent > 9.2);
static_assert(3 * moved::after::unclamped_percent < moved::before::unclamped_percent);
static_assert(3 * moved::after::clamped_percent < moved::before::clamped_percent);
static_assert(3 * moved::after::network_percent < moved::before::network_percent);
static_assert(moved::after::unclamped_percent < 7.1 && moved::after::network_percent < 1.2);
static_assert(moved::before::patch.height == 75 && moved::after::patch.height == 63);

// Its second block of 24 channels becomes two of 32 behind the split, its last window before it is 2 × 2.
static_assert(std::is_same_v<moved::topology, mobilenet_with<block<320, 1>, stem, block<16, 1, 1>, block<24, 2>,
                                                             block<32, 2, 6, 2>, block<32, 1>, block<32, 1>>>);
static_assert(moved::stage_end::layer == 9);

constexpr std::int64_t difference = total_macs(moved::graph()) - total_macs(mobilenet_v2::graph());
static_assert(50 * difference >= -300'774'272 && 50 * difference <= 300'774'272);

// Of the whole network, and of the last map before its mean.
template <typename Topology>
constexpr std::int32_t network_field = receptive_field<Topology, after_block<Topology, Topology::block_count>>.height;
template <typename Topology>
constexpr std::int32_t map_field = receptive_field<Topology, after_block<Topology, Topology::block_count - 2>>.height;
static_assert(map_field<mobilenet_v2> == 491 && map_field<moved> == 511);
static_assert(network_field<moved> - network_field<mobilenet_v2> == 20);

// ---- Other splits and grids -------------------------------------------------------------------------------

// With an earlier split nothing can move: windows shrink to their strides, and the last block's makes up for it.
using tightened = redistribute<mobilenet_v2, after_block<mobilenet_v2, 3>, grid<4, 4>>;
static_assert(std::is_same_v<tightened::topology, mobilenet_with<block<320, 1, 6, 5>, stem, conv2d<{.filters = 16}>,
                                                                 block<24, 2, 6, 2>, block<24, 1>, block<32, 2>>>);
static_assert(tightened::after::clamped_macs == 0);
static_assert(map_field<tightened> == 549);

// A block at the end of the stage moves by ending the stage before it.
using shortened = redistribute<mobilenet_v2, after_block<mobilenet_v2, 4>, grid<4, 4>>;
static_assert(std::is_same_v<shortened::topology, mobilenet_v2>);
static_assert(std::is_same_v<shortened::stage_end, after_block<mobilenet_v2, 3>>);

// A type that is a sequential by inheritance; a block that loses its depthwise convolution keeps its expansion.
using point = conv2d<{.filters = 8}>;
template <typename Front, typename Back>
using small_with = sequential<input<64, 64, 3>, point, Front, block<32, 2>, block<32, 2>, Back, global_average_pool,
                              dense<{.units = 10}>>;
struct small : small_with<block<24, 1, 4>, block<32, 1>> {};
using small_moved = redistribute<small, after_block<small, 2>, grid<2, 2>>;
using expansion = conv2d<{.filters = 32, .clamp = activation::relu6}>;
using projection = conv2d<{.filters = 24}>;
static_assert(std::is_same_v<small_moved::topology, small_with<chain<expansion, projection>, block<32, 1, 6, 5>>>);
static_assert(small_moved::after::unclamped_macs == 0);

// ---- The search at run time -------------------------------------------------------------------------------

TEST_CASE("the search finds at run time what it finds at compile time") {
  using search = detail::redistribution_of<mobilenet_v2>;
  auto blocks = search::blocks;
  blocks.patched = 5;
  detail::redistribute_blocks(blocks, {4, 4}, 300'774'272 / 50);
  const auto& expected = search::behind<5, 4, 4>::redistributed;
  REQUIRE(blocks.count == expected.count);
  CHECK(blocks.patched == expected.patched);
  for (std::int32_t i = 0; i < blocks.count; ++i) CHECK(blocks.items[i] == expected.items[i]);
}

TEST_CASE("the search counts what stage_overhead counts") {
  const auto cost = detail::cost_of(detail::redistribution_of<mobilenet_v2>::blocks.items, 5, {4, 4});
  CHECK(cost.macs == moved::before::macs);
  CHECK(cost.patched_macs - cost.macs == moved::before::unclamped_macs);
  CHECK(cost.rows.field == receptive_field<mobilenet_v2, after_block<mobilenet_v2, 5>>.height);
}

}  // namespace
