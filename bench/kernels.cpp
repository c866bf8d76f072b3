// Single layers on shapes of MobileNet at 96×96: time of one run, and multiply-accumulates a second, of the kernel for
// the instruction set that this is compiled for, of the one in plain C++, and of the reference kernel.
#include <inlay.hpp>

#include <benchmark/benchmark.h>

#include <string>

using inlay::affine;

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

/// A network of one layer, and the ways to run it.
template <typename Model>
struct single_layer {
  using plan = inlay::detail::prepared<Model, inlay::per_layer>;
  static constexpr const inlay::layer& l = plan::graph.layers[0];
  static constexpr const inlay::shape& from = plan::graph.input_of(l).extents;
  static constexpr const inlay::shape& to = plan::graph.output_of(l).extents;

  template <typename Step>
  static void run(benchmark::State& state) {
    static std::int8_t input[from.elements()], output[to.elements()];
    std::int8_t value = 0;
    for (std::int8_t& element : input) element = value = static_cast<std::int8_t>(value + 37);
    for (auto _ : state) {
      if constexpr (inlay::detail::has_weights(l.kind))
        run_once<Step>(output, input, Model::bytes() + plan::graph.input_of(l, 1).data_at);
      else
        run_once<Step>(output, input);
      benchmark::ClobberMemory();
    }
    if constexpr (constexpr auto macs = inlay::network<Model>::macs; macs > 0)
      state.counters["MAC/s"] =
          benchmark::Counter(static_cast<double>(macs), benchmark::Counter::kIsIterationInvariantRate);
  }

 private:
  template <typename Step, typename... Weights>
  static void run_once(std::int8_t* output, const std::int8_t* input, const Weights*... weights) {
    const inlay::detail::map_view<const std::int8_t> map = inlay::detail::whole_map(input, from);
    const inlay::region all{0, inlay::detail::map_rows(to), 0, to.width()};
    constexpr auto step = Step::call();
    if constexpr (inlay::detail::is_pair(l.kind))
      step.run(inlay::detail::whole_map(output, to), all, map, map);
    else if constexpr (inlay::detail::makes_regions(l.kind))
      step.run(inlay::detail::whole_map(output, to), all, map, weights...);
    else
      step.run_whole(output, input, weights...);
  }
};

template <typename Input, typename Layer>
static bool add_benchmarks(const std::string& layer) {
  using model = inlay::sequential<Input, Layer>;
  using single = single_layer<model>;
  using plan = typename single::plan;
  using portable = inlay::detail::portable_kernel<single::l.kind>;
  using native = inlay::detail::fast_kernel<inlay::native_isa, single::l.kind>;
  const auto add = [&](const char* kernel, auto run) {
    benchmark::RegisterBenchmark((layer + ", " + kernel).c_str(), run);
  };
  if constexpr (native::accepts(plan::graph, single::l))
    add(name(inlay::native_isa), single::template run<inlay::detail::fast_step<model, 0, native>>);
  if constexpr (portable::accepts(plan::graph, single::l))
    add("plain C++", single::template run<inlay::detail::fast_step<model, 0, portable>>);
  add("reference", single::template run<inlay::detail::reference_step<model, 0>>);
  return true;
}

using features = inlay::input<24, 24, 32, affine{0.05f, -128}>;
constexpr inlay::window_options by_three{.kernel = 3}, halved{.kernel = 2, .stride = 2};

static const bool added[] = {
    add_benchmarks<inlay::input<96, 96, 3, affine{0.05f, -128}>,
                   inlay::conv2d<{.filters = 8, .window = {.kernel = 3, .stride = 2}}, data<216, 8>>>(
        "conv2d 3x3 stride 2, 96x96x3 to 8"),
    add_benchmarks<features, inlay::conv2d<{.filters = 32, .window = {.kernel = 1}}, data<1024, 32>>>(
        "conv2d 1x1, 24x24x32 to 32"),
    add_benchmarks<features, inlay::conv2d<{.filters = 32, .window = by_three}, data<9216, 32>>>(
        "conv2d 3x3, 24x24x32 to 32"),
    add_benchmarks<features, inlay::depthwise_conv2d<{.window = by_three}, data<288, 32>>>(
        "depthwise_conv2d 3x3, 24x24x32"),
    add_benchmarks<inlay::input<1, 1, 256, affine{0.05f, -128}>, inlay::dense<{.units = 64}, data<16384, 64>>>(
        "dense 256 to 64"),
    // The map added to itself.
    add_benchmarks<features, inlay::residual_as<affine{0.1f, -128}>>("add, 24x24x32"),
    add_benchmarks<features, inlay::average_pool2d<halved>>("average_pool2d 2x2, 24x24x32"),
    add_benchmarks<features, inlay::max_pool2d<halved>>("max_pool2d 2x2, 24x24x32"),
    add_benchmarks<features, inlay::global_average_pool>("mean, 24x24x32"),
};
