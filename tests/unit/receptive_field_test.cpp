#include <inlay/graph/graph.hpp>
#include <inlay/model/sequential.hpp>
#include <inlay/patch/receptive_field.hpp>

#include <doctest/doctest.h>

#include <cstdint>

namespace {

using namespace inlay;
using namespace inlay::detail;

// ---- MCUNetV2 (Lin et al., NeurIPS 2021), Table 1: MobileNetV2 and its redistributed form, 224 × 224 -------

template <std::int32_t Filters, std::int32_t Stride, std::int32_t Expansion = 6>
using block =
    inverted_residual<{.filters = Filters, .expansion = Expansion, .window = {.kernel = 3, .stride = Stride}}>;
using stem = conv2d<{.filters = 32, .window = {.kernel = 3, .stride = 2}, .clamp = activation::relu6}>;
template <typename... Front>
using mobilenet_with =
    sequential<input<224, 224, 3>, Front..., block<32, 1>, block<32, 1>, block<64, 2>, block<64, 1>, block<64, 1>,
               block<64, 1>, block<96, 1>, block<96, 1>, block<96, 1>, block<160, 2>, block<160, 1>, block<160, 1>,
               block<320, 1>, conv2d<{.filters = 1280, .clamp = activation::relu6}>, global_average_pool,
               dense<{.units = 1000}>>;

using mobilenet_v2 = mobilenet_with<stem, block<16, 1, 1>, block<24, 2>, block<24, 1>, block<32, 2>>;
// Block 1 without its depthwise convolution, the second block of 24 channels gone; nothing added behind.
using redistributed = mobilenet_with<stem, conv2d<{.filters = 16}>, block<24, 2>, block<32, 2>>;

// The stage of the paper ends at 28 × 28: five blocks, the first convolution one of them.
using before = stage_overhead<mobilenet_v2, after_block<mobilenet_v2, 5>, grid<4, 4>>;
using after = stage_overhead<redistributed, after_block<redistributed, 4>, grid<4, 4>>;

constexpr bool is_to_a_tenth(double value, double published) {
  return value > published - 0.05 && value < published + 0.05;
}

static_assert(before::macs == 91'282'688 && before::network_macs == 300'774'272);
static_assert(is_to_a_tenth(before::unclamped_percent, 41.9));
static_assert(is_to_a_tenth(before::clamped_percent, 30.6));
static_assert(is_to_a_tenth(before::network_percent, 9.3));
static_assert(is_to_a_tenth(after::unclamped_percent, 18.3));
static_assert(is_to_a_tenth(after::clamped_percent, 13.6));
static_assert(is_to_a_tenth(after::network_percent, 3.1));

// The paper's 75 and 63 are what a patch of 7 × 7 pixels depends on. One pixel depends on six strides less.
static_assert(before::patch == extent2d{75, 75} && after::patch == extent2d{63, 63});
static_assert(receptive_field<mobilenet_v2, after_block<mobilenet_v2, 5>> == extent2d{27, 27});
static_assert(receptive_field<redistributed, after_block<redistributed, 4>> == extent2d{15, 15});
// One pixel of the first map of 14 × 14 reaches as far as such a patch, too.
static_assert(receptive_field<mobilenet_v2, after_block<mobilenet_v2, 8>> == extent2d{75, 75});
static_assert(receptive_field<redistributed, after_block<redistributed, 7>> == extent2d{63, 63});

// Published as the input and the output of the layer that takes most; here the one is written over the other.
constexpr int published_peak_bytes = 1372 * 1024;
static_assert(peak_bytes<mobilenet_v2, per_layer> == 1236480);
static_assert(peak_bytes<mobilenet_v2, schedule<per_patch<after_block<mobilenet_v2, 5>, grid<4, 4>>>> <=
              published_peak_bytes / 7);

TEST_CASE("MCUNetV2's Table 1") {
  CHECK(before::unclamped_percent == doctest::Approx(41.886).epsilon(1e-4));
  CHECK(before::clamped_percent == doctest::Approx(30.586).epsilon(1e-4));
  CHECK(before::network_percent == doctest::Approx(9.2825).epsilon(1e-4));
  CHECK(after::unclamped_percent == doctest::Approx(18.279).epsilon(1e-4));
  CHECK(after::clamped_percent == doctest::Approx(13.550).epsilon(1e-4));
  CHECK(after::network_percent == doctest::Approx(3.0917).epsilon(1e-4));
}

// ---- Small networks, by hand: the same value as a constant and at run time ---------------------------------

/// The receptive field of a topology's last layer, computed where it is called.
template <typename Topology>
constexpr extent2d field() {
  interval needed[64]{};
  return find_receptive_field(Topology::graph(), Topology::graph().layer_count - 1, needed);
}

template <std::int32_t Kernel, std::int32_t Stride = 1, std::int32_t Dilation = 1>
using window = conv2d<{.filters = 4, .window = {.kernel = Kernel, .stride = Stride, .dilation = Dilation}}>;
using image = input<64, 48, 4>;

using strided = sequential<image, window<3, 2>, window<3>, max_pool2d<{.kernel = 2, .stride = 2}>, window<1>>;
using dilated = sequential<image, window<3, 1, 4>, window<5, 3>>;
using skipped = sequential<image, residual<window<3>, window<7>>>;
using branched = sequential<image, concatenate<window<3>, chain<window<3>, window<5, 1, 2>>>, window<3>>;
using tall = sequential<image, conv2d<{.filters = 4, .window = {.kernel = {10, 4}, .stride = {2, 1}}}>, window<3>>;
// One value for the whole map: each pixel depends on all of it, and that on two rows and columns around it.
using excited = sequential<image, window<5>, scaled<global_average_pool, logistic>>;
// Even windows in a branch reach further on one side.
using lopsided = sequential<image, concatenate<window<2>, chain<window<2>, window<2>>>>;

#define CHECK_FIELD(topology, height, width)                   \
  static_assert(field<topology>() == extent2d{height, width}); \
  CHECK(field<topology>() == extent2d{height, width})

TEST_CASE("receptive fields of small networks") {
  CHECK_FIELD(strided, 9, 9);     // 3, then 2 · 2, then 1 · 2
  CHECK_FIELD(dilated, 13, 13);   // 9, then 4
  CHECK_FIELD(skipped, 9, 9);     // the longer way
  CHECK_FIELD(branched, 13, 13);  // 3, then 8, then 2
  CHECK_FIELD(tall, 14, 6);       // 10 and 4, then 2 · 2 and 2 · 1
  CHECK_FIELD(excited, 68, 52);
  CHECK_FIELD(lopsided, 3, 3);
}

/// The field of a window of kernel × kernel pixels behind a layer that makes maps of `to` pixels of maps of `from`.
constexpr extent2d field_behind(layer scaling, std::int32_t from, std::int32_t to, std::int32_t kernel) {
  tensor tensors[3]{};
  for (std::int32_t t = 0; t < 3; ++t) {
    const std::int32_t extent = t == 0 ? from : to;
    tensors[t].extents = {4, {1, extent, extent, 1}};
    tensors[t].storage = t;
  }
  layer layers[2]{};
  layers[0] = scaling;
  layers[0].inputs[0] = 0;
  layers[0].output = 1;
  layers[1].kind = layer_kind::max_pool2d;
  layers[1].inputs[0] = 1;
  layers[1].output = 2;
  layers[1].window.kernel = {kernel, kernel};
  layers[1].window.padding = {kernel / 2, kernel / 2, kernel / 2, kernel / 2};
  const std::int32_t ends[2]{0, 2};
  const graph_view g{tensors, layers, ends, ends + 1, 3, 2, 1, 1};
  interval needed[3]{};
  return find_receptive_field(g, 1, needed);
}

constexpr layer layer_of(layer_kind kind) {
  layer l{};
  l.kind = kind;
  return l;
}

constexpr extent2d resized_field(std::int32_t from, std::int32_t to, std::int32_t kernel, bool half_pixel_centers,
                                 bool align_corners, layer_kind kind = layer_kind::resize_nearest) {
  layer l = layer_of(kind);
  l.half_pixel_centers = half_pixel_centers;
  l.align_corners = align_corners;
  return field_behind(l, from, to, kernel);
}

constexpr extent2d transposed_field(std::int32_t from, std::int32_t filter, std::int32_t stride, std::int32_t kernel) {
  layer l = layer_of(layer_kind::transpose_conv2d);
  l.window.kernel = {filter, filter};
  l.window.stride = {stride, stride};
  return field_behind(l, from, from * stride, kernel);
}

constexpr extent2d moved_field(layer_kind kind, std::int32_t from, std::int32_t to, std::int32_t kernel) {
  layer l = layer_of(kind);
  l.begin = {0, 2, 2, 0};
  l.step = {1, 3, 3, 1};
  return field_behind(l, from, to, kernel);
}

TEST_CASE("receptive fields through layers that move pixels") {
  // Each pixel is one or two pixels' blend; where it stands between two, neighbours share one.
  static_assert(resized_field(16, 32, 1, false, false, layer_kind::resize_bilinear) == extent2d{2, 2});
  static_assert(resized_field(16, 32, 3, false, false, layer_kind::resize_bilinear) == extent2d{3, 3});
  static_assert(resized_field(16, 32, 1, true, false, layer_kind::resize_bilinear) == extent2d{2, 2});
  static_assert(resized_field(16, 31, 3, false, true, layer_kind::resize_bilinear) == extent2d{3, 3});
  // Windows of 3 every 2 pixels overlap in one; windows of 2 every 3 leave one out.
  static_assert(transposed_field(16, 3, 2, 1) == extent2d{2, 2});
  static_assert(transposed_field(16, 2, 2, 1) == extent2d{1, 1});
  static_assert(transposed_field(16, 2, 3, 1) == extent2d{1, 1});
  static_assert(transposed_field(16, 2, 3, 4) == extent2d{2, 2});
  // Blocks of 2 × 2: three neighbours lie in two of them, or reach as far as six pixels.
  static_assert(field_behind(layer_of(layer_kind::depth_to_space), 16, 32, 3) == extent2d{2, 2});
  static_assert(field_behind(layer_of(layer_kind::space_to_depth), 32, 16, 3) == extent2d{6, 6});
  static_assert(moved_field(layer_kind::pad, 16, 20, 3) == extent2d{3, 3});
  // Every third pixel.
  static_assert(moved_field(layer_kind::slice, 32, 10, 3) == extent2d{7, 7});
  CHECK(resized_field(16, 32, 3, false, false, layer_kind::resize_bilinear) == extent2d{3, 3});
  CHECK(transposed_field(16, 2, 3, 4) == extent2d{2, 2});
  CHECK(moved_field(layer_kind::slice, 32, 10, 3) == extent2d{7, 7});
}

TEST_CASE("receptive fields through a resize") {
  // Doubled: of three neighbours two are one pixel, of four two or three are.
  static_assert(resized_field(16, 32, 3, false, false) == extent2d{2, 2});
  static_assert(resized_field(16, 32, 4, false, false) == extent2d{3, 3});
  static_assert(resized_field(16, 32, 5, true, false) == extent2d{3, 3});
  static_assert(resized_field(16, 31, 5, false, true) == extent2d{3, 3});
  // Halved: two pixels from each neighbour to the next.
  static_assert(resized_field(32, 16, 3, false, false) == extent2d{5, 5});
  CHECK(resized_field(16, 32, 3, false, false) == extent2d{2, 2});
  CHECK(resized_field(16, 32, 4, false, false) == extent2d{3, 3});
  CHECK(resized_field(16, 32, 5, true, false) == extent2d{3, 3});
  CHECK(resized_field(16, 31, 5, false, true) == extent2d{3, 3});
  CHECK(resized_field(32, 16, 3, false, false) == extent2d{5, 5});
}

// ---- Overhead by hand -------------------------------------------------------------------------------------

// Two windows of 3 × 3 over 8 × 8 in 2 × 2 patches: the first makes 6 of 4 + 4 rows for each patch, 5 where the
// map ends; the second nothing twice.
using two_windows = sequential<input<8, 8, 1>, conv2d<{.filters = 1, .window = {.kernel = 3}}>,
                               conv2d<{.filters = 1, .window = {.kernel = 3}}>, window<3>>;
using quartered = stage_overhead<two_windows, split<2>, grid<2, 2>>;
static_assert(quartered::macs == 2 * 9 * 64);
static_assert(quartered::unclamped_macs == 9 * (12 * 12 - 64));
static_assert(quartered::clamped_macs == 9 * (10 * 10 - 64));
static_assert(quartered::patch == extent2d{8, 8});
// Rows and columns are counted apart.
static_assert(stage_overhead<two_windows, split<2>, grid<2, 1>>::clamped_macs == 9 * (10 * 8 - 64));
static_assert(stage_overhead<two_windows, split<2>, grid<2, 1>>::unclamped_macs == 9 * (12 * 10 - 64));
static_assert(stage_overhead<two_windows, split<1>, grid<4, 4>>::unclamped_macs == 0);

// What is counted is what a run does.
using quartered_schedule = schedule<per_patch<split<2>, grid<2, 2>>>;
static_assert(detail::planned<two_windows, quartered_schedule>::macs - quartered::network_macs ==
              quartered::clamped_macs);

static_assert(after_block<mobilenet_v2, 1>::layer == 1 && after_block<mobilenet_v2, 2>::layer == 3);
// The parts of the concatenation are made where they belong: no layer copies them.
static_assert(after_block<branched, 1>::layer == 3 && after_block<branched, 2>::layer == 4);

}  // namespace
