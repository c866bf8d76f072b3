// Single layers on shapes of MobileNet at 96×96: time of one run, and multiply-accumulates a second.
#include <inlay.hpp>

#include <benchmark/benchmark.h>

template <std::size_t Weights, std::size_t Channels>
static constexpr inlay::layer_data<Weights, Channels> make_data() {
  inlay::layer_data<Weights, Channels> data{};
  for (std::size_t i = 0; i < Weights; ++i) data.weights[i] = static_cast<std::int8_t>(i * 37 % 255) - 127;
  for (std::size_t c = 0; c < Channels; ++c) data.scales[c] = 0.01f;
  data.output = {0.05f, -128};
  return data;
}

template <std::size_t Weights, std::size_t Channels>
static constexpr auto data = make_data<Weights, Channels>();

using map = inlay::input<24, 24, 32, inlay::affine{0.05f, -128}>;

template <typename Input, typename Layer>
static void run_layer(benchmark::State& state) {
  using net = inlay::network<inlay::sequential<Input, Layer>>;
  static net network;
  static std::int8_t image[net::template input<>::extent];
  for (auto _ : state) {
    network.run(image);
    benchmark::ClobberMemory();
  }
  state.counters["MAC/s"] =
      benchmark::Counter(static_cast<double>(net::macs), benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK(run_layer<inlay::input<96, 96, 3, inlay::affine{0.05f, -128}>,
                    inlay::conv2d<{.filters = 8, .window = {.kernel = 3, .stride = 2}}, data<216, 8>>>)
    ->Name("conv2d 3x3 stride 2, 96x96x3 to 8");
BENCHMARK(run_layer<map, inlay::conv2d<{.filters = 32, .window = {.kernel = 1}}, data<1024, 32>>>)
    ->Name("conv2d 1x1, 24x24x32 to 32");
BENCHMARK(run_layer<map, inlay::depthwise_conv2d<{.window = {.kernel = 3}}, data<288, 32>>>)
    ->Name("depthwise_conv2d 3x3, 24x24x32");
BENCHMARK(run_layer<inlay::input<1, 1, 256, inlay::affine{0.05f, -128}>, inlay::dense<{.units = 64}, data<16384, 64>>>)
    ->Name("dense 256 to 64");
