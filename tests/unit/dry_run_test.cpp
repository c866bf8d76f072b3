// Stages run on counters alone: what they compute.
#include <inlay/report.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

inlay::loaded_model load(const std::string& name) {
  std::ifstream file(INLAY_GOLDEN_DIR "/" + name + ".tflite", std::ios::binary);
  inlay::loaded_model model(std::vector<char>{std::istreambuf_iterator<char>(file), {}});
  REQUIRE_MESSAGE(!model.refused(), name);
  return model;
}

TEST_CASE("a stage that computes nothing twice has the layers' multiply-accumulates, whatever a pixel costs") {
  for (const char* name : {"transpose_conv_3x3_stride2_same", "conv2d_3x3_same", "network_inverted_residual"}) {
    const inlay::loaded_model model = load(name);
    const inlay::graph_view g = model.graph();
    CHECK(inlay::loaded_schedule(g, {{0, g.layer_count}}).macs() == inlay::total_macs(g));
    CHECK(inlay::loaded_schedule(g, inlay::per_layer_stages(g)).macs() == inlay::total_macs(g));
    const std::int64_t in_patches = inlay::loaded_schedule(g, {{0, g.layer_count, 2, 2}}).macs();
    CHECK(in_patches >= inlay::total_macs(g));
    CHECK(in_patches < 4 * inlay::total_macs(g));
  }
}

TEST_CASE("a share of a count, of which the product does not fit") {
  static_assert(inlay::detail::share_of(7, 2, 3) == 4);
  static_assert(inlay::detail::share_of(std::int64_t{1} << 50, 1 << 20, 1 << 19) == std::int64_t{1} << 51);
  CHECK(inlay::detail::share_of(100, 9, 9) == 100);
}

}  // namespace
