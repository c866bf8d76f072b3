// Prints a network and its redistributed form for compare.py: topologies as JSON, with what the patches share.
//
//   g++ -std=c++20 -I../../../include redistribute.cpp -o redistribute && ./redistribute
#include <inlay.hpp>

#include <cstdio>

namespace {

template <std::int32_t Filters, std::int32_t Stride, std::int32_t Expansion = 4>
using block =
    inlay::inverted_residual<{.filters = Filters, .expansion = Expansion, .window = {.kernel = 3, .stride = Stride}}>;
using network = inlay::sequential<
    inlay::input<96, 96, 3>,
    inlay::conv2d<{.filters = 16, .window = {.kernel = 3, .stride = 2}, .clamp = inlay::activation::relu6}>,
    block<8, 1, 1>, block<16, 2>, block<16, 1>, block<24, 2>, block<24, 1>, block<24, 1>, block<40, 2>, block<40, 1>,
    block<40, 1>, block<56, 1>, block<56, 1>, block<96, 2>, block<96, 1>, inlay::global_average_pool,
    inlay::dense<{.units = 2}>>;
using moved = inlay::redistribute<network, inlay::after_block<network, 5>, inlay::grid<4, 4>>;

template <typename Blocks>
void print(const char* name, const Blocks& blocks, double clamped, double of_network, bool last) {
  std::printf(" {\"name\": \"%s\", \"clamped_percent\": %.2f, \"network_percent\": %.2f,\n", name, clamped, of_network);
  std::printf("  \"topology\": {\"input\": [96, 96, 3], \"blocks\": [\n");
  for (std::int32_t i = 0; i < blocks.count; ++i) {
    const auto& b = blocks.items[i];
    using enum inlay::detail::known_block;
    if (b.kind == other) continue;
    if (b.kind == conv2d || (b.taps() == 1 && b.expansion == 1)) {
      std::printf("   {\"kind\": \"conv2d\", \"filters\": %d, \"kernel\": %d, \"stride\": %d, \"clamp\": \"%s\"},\n",
                  b.filters, b.kernel.height, b.stride.height, b.kind == conv2d ? "relu6" : "none");
    } else {
      std::printf(
          "   {\"kind\": \"inverted_residual\", \"filters\": %d, \"expansion\": %d, \"kernel\": %d, "
          "\"stride\": %d},\n",
          b.filters, b.expansion, b.kernel.height, b.stride.height);
    }
  }
  std::printf("   {\"kind\": \"global_average_pool\"}, {\"kind\": \"dense\", \"units\": 2}]}}%s\n", last ? "" : ",");
}

}  // namespace

int main() {
  using search = inlay::detail::redistribution_of<network>;
  using result = search::behind<5, 4, 4>;
  std::printf("[\n");
  print("as it was", search::blocks, moved::before::clamped_percent, moved::before::network_percent, false);
  print("redistributed", result::redistributed, moved::after::clamped_percent, moved::after::network_percent, true);
  std::printf("]\n");
}
