// A face detector that hands crops to a classifier, in the memory of the larger of the two.
#include <inlay.hpp>

#include "face_mask_detection.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>

struct faces : inlay::tflite<face_mask_detection> {};
using detector = inlay::network<faces, inlay::fit<inlay::sram<48 * 1024>>, inlay::sram<48 * 1024>>;

// The classifier is written down, weights and all: whether a crop is lit from above or from below.
constexpr int side = 48, cells_along = 6;
constexpr inlay::layer_data<std::size_t{2} * cells_along * cells_along * 3, 2> light_from = [] {
  inlay::layer_data<std::size_t{2} * cells_along * cells_along * 3, 2> data{};
  constexpr std::size_t half = std::size_t{cells_along} * cells_along * 3 / 2;
  for (std::size_t i = 0; i < 2 * half; ++i) {
    data.weights[i] = i < half ? 100 : -100;             // above, less below
    data.weights[2 * half + i] = i < half ? -100 : 100;  // below, less above
  }
  for (float& scale : data.scales) scale = 1.0f / (100 * half);
  data.output = {1.0f / 127, 0};
  return data;
}();
struct light : inlay::sequential<inlay::input<side, side, 3, inlay::affine{1.0f / 255, -128}>,
                                 inlay::average_pool2d<{.kernel = side / cells_along, .stride = side / cells_along}>,
                                 inlay::dense<inlay::dense_options{.units = 2}, light_from>> {};
using classifier = inlay::network<light, inlay::per_layer, inlay::sram<1024>>;

using both = inlay::shared<detector, classifier>;
static_assert(sizeof(both) == std::max(sizeof(detector), sizeof(classifier)));
static_assert(both::arena_bytes <= 48 * 1024);

static both networks;
static classifier alone;
static std::int8_t picture[192 * 192 * 3];  // pixel − 128
static std::array<std::int8_t, side * side * 3> crop;

int main() {
  for (std::size_t i = 0; i < sizeof picture; ++i)
    picture[i] = static_cast<std::int8_t>(100 - static_cast<int>(i / (192 * 3)) + static_cast<int>(i * 7 % 5));

  // Where a face is likeliest. The map is gone once the classifier runs: what is wanted of it is kept.
  const auto map = networks.run<detector>(picture);
  const int columns = map.extents.width(), kinds = map.extents.channels();
  const int cells = map.extents.height() * columns;
  int best = 0;
  const auto likeliness = [&](int cell) {
    return 255 - (map[static_cast<std::size_t>(cell * kinds)] + 128);
  };
  for (int cell = 1; cell < cells; ++cell)
    if (likeliness(cell) > likeliness(best)) best = cell;
  const int cell_pixels = 192 / columns;
  const int top = std::clamp(best / columns * cell_pixels - side / 2, 0, 192 - side);
  const int left = std::clamp(best % columns * cell_pixels - side / 2, 0, 192 - side);

  for (int y = 0; y < side; ++y)
    std::copy_n(picture + ((top + y) * 192 + left) * 3, side * 3, crop.begin() + y * side * 3);
  const auto answer = networks.run<classifier>(crop);
  const auto expected = alone.run(crop);

  std::printf("%zu bytes for a detector of %zu and a classifier of %zu; the crop at %d, %d is lit from %s\n",
              sizeof networks, sizeof(detector), sizeof(classifier), top, left,
              answer.largest() == 0 ? "above" : "below");
  return std::equal(answer.begin(), answer.end(), expected.begin()) && answer.largest() == 0 ? 0 : 1;
}
