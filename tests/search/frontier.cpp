// Memory against computation beside what msf-CNN publishes (Huang et al., NeurIPS 2025): for each of its points the
// least memory that a search finds with no more multiply-accumulates, as rows of a table in docs/comparison.md.
//
// usage: frontier tinyengine_vww.tflite comparison.md
//
// Exit status 1 if other points are reached than those that are said to be, or if the page lacks a row.
#include <inlay.hpp>
#include <inlay/report.hpp>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

template <std::int32_t Filters, std::int32_t Stride, std::int32_t Expansion = 6>
using block =
    inlay::inverted_residual<{.filters = Filters, .expansion = Expansion, .window = {.kernel = 3, .stride = Stride}}>;

/// MobileNetV2 of width 0.35, of pictures of 144 × 144.
using mobilenet_v2 = inlay::sequential<
    inlay::input<144, 144, 3>,
    inlay::conv2d<{.filters = 16, .window = {.kernel = 3, .stride = 2}, .clamp = inlay::activation::relu6}>,
    block<8, 1, 1>, block<8, 2>, block<8, 1>, block<16, 2>, block<16, 1>, block<16, 1>, block<24, 2>, block<24, 1>,
    block<24, 1>, block<24, 1>, block<32, 1>, block<32, 1>, block<32, 1>, block<56, 2>, block<56, 1>, block<56, 1>,
    block<112, 1>, inlay::conv2d<{.filters = 1280, .clamp = inlay::activation::relu6}>, inlay::global_average_pool,
    inlay::dense<{.units = 1000}>>;

/// A published point: bytes, hundredths of the network's own multiply-accumulates, and whether it is reached.
struct point {
  std::int32_t bytes = 0;
  std::int64_t percent = 100;
  bool is_reached = true;
};

/// Prints a network's rows; false if other points are reached or a row is not on the page.
bool compare(const std::string& page, const std::string& name, inlay::graph_view g,
             const std::vector<point>& published) {
  const std::vector<inlay::trade> trades = inlay::trade_off(g);
  const std::int64_t macs = inlay::total_macs(g);
  bool as_said = true;
  for (const point& p : published) {
    const inlay::trade* found = nullptr;
    for (const inlay::trade& t : trades)
      if (t.macs * 100 <= macs * p.percent) found = &t;  // the last ones take least
    if (found == nullptr) return false;
    as_said = as_said && p.is_reached == (found->arena_bytes <= p.bytes);
    char row[200];
    std::snprintf(row, sizeof row, "| %s | %s at %.2f | %s at %.2f |\n", name.c_str(),
                  inlay::detail::grouped(p.bytes).c_str(), static_cast<double>(p.percent) / 100,
                  inlay::detail::grouped(found->arena_bytes).c_str(),
                  static_cast<double>(found->macs) / static_cast<double>(macs));
    std::fputs(row, stdout);
    as_said = as_said && page.find(row) != page.npos;
  }
  return as_said;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::ifstream file(argv[1], std::ios::binary), comparison(argv[2]);
  if (!file) {
    std::printf("SKIPPED: there is no %s\n", argv[1]);
    return 77;
  }
  const inlay::loaded_model vww({std::istreambuf_iterator<char>(file), {}});
  const std::string page{std::istreambuf_iterator<char>(comparison), {}};
  const bool first = compare(page, "TinyEngine VWW", vww.graph(),
                             {{38'576, 102}, {26'128, 111}, {17'760, 130}, {13'376, 135}, {12'000, 196}});
  const bool second = compare(page, "MobileNetV2 0.35 @144, of layer types", mobilenet_v2::graph(),
                              {{67'905, 110}, {25'674, 125}, {21'288, 130}, {15'340, 138}, {7'887, 168, false}});
  return first && second ? 0 : 1;
}
