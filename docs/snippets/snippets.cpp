// What the pages of the manual show of C++, piece by piece, as one program that runs.
#include <inlay.hpp>

#include "model.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <vector>

// What a board would have.
static std::array<std::int8_t, 32 * 32 * 3> picture;
static int polled = 0;
static void poll() { ++polled; }
static constexpr std::size_t model_begins = 0;
static void read_card(std::size_t from, void* to, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) static_cast<std::int8_t*>(to)[i] = static_cast<std::int8_t>(0 * from);
}
static void read_line(std::int32_t, void* to, std::size_t bytes) { std::memset(to, 0, bytes); }

struct stripes : inlay::tflite<model> {};

// [budgets
using net = inlay::network<stripes, inlay::fit<inlay::sram<2048>>, inlay::flash<16 * 1024>>;
static_assert(net::arena_bytes <= 2048);
static_assert(net::recomputed_macs * 20 <= net::macs);  // at most 5 %
// budgets]

// [limits
using bounded =
    inlay::network<stripes,
                   inlay::fit<inlay::sram<2048>, inlay::max_overhead<inlay::percent<5>>, inlay::weights_read<4096, 8>>>;
// limits]

// [by hand
// Layers 0 to 1 in 2 × 2 patches, halos computed again; what follows layer after layer.
using by_hand = inlay::network<stripes, inlay::schedule<inlay::per_patch<inlay::split<2>, inlay::grid<2, 2>>>>;
// by hand]

// [section
[[gnu::section(".dtcm")]] static inlay::network<stripes> placed;  // in the linker script: NOLOAD
// section]

static void steps() {
  static net network;
  // [steps
  auto job = network.start(picture);
  while (job.step()) poll();  // a step is one layer, or one row of one
  const auto answer = job.outputs();
  // steps]
  std::printf("%d steps, class %d\n", polled, static_cast<int>(answer.largest()));
}

static void source() {
  // [source
  static inlay::network<inlay::sourced<stripes>, inlay::least_memory> network;
  const auto answer = network.run([](inlay::region row, auto pixels) {
    read_line(row.first_row, pixels.data(), pixels.size());  // from the camera, where the network needs it
  });
  // source]
  std::printf("class %d\n", static_cast<int>(answer.largest()));
}

static void sizes() {
  static net network;
  const std::vector<std::int8_t> pixels(3072);
  // [sizes
  if (const auto checked = net::checked_input(pixels)) network.run(*checked);  // false if the size is another
  network.run(net::unchecked_input(pixels.data()));                            // nothing checks it
  // sizes]
}

static void weights() {
  // [weights
  static inlay::network<inlay::sourced_weights<stripes>> network;
  network.run(picture, [](inlay::weights_part part, std::span<std::int8_t> to) {
    read_card(model_begins + part.position, to.data(), to.size());  // the .tflite file as it is
  });
  // weights]
}

// [prefetch
struct card {
  void operator()(inlay::weights_part part, std::span<std::int8_t> to) {  // ends the last transfer, begins this one
    read_card(model_begins + part.position, to.data(), to.size());
  }
  void wait(inlay::weights_part) {}  // returns when these have arrived
};
// prefetch]

static void prefetch() {
  // [job
  static inlay::network<inlay::sourced_weights<stripes, inlay::prefetch<1>>> network;
  auto job = network.start(picture, card{});
  while (job.step()) poll();  // a step is one layer, or one transfer begun
  // job]
}

// [topology
using mine = inlay::sequential<
    inlay::input<96, 96, 3>, inlay::conv2d<inlay::conv2d_options{.filters = 16, .window = {.kernel = 3, .stride = 2}}>,
    inlay::inverted_residual<inlay::inverted_residual_options{.filters = 24, .window = {.kernel = 3, .stride = 2}}>,
    inlay::global_average_pool, inlay::dense<inlay::dense_options{.units = 2}>>;
static_assert(inlay::receptive_field<mine, inlay::after_block<mine, 2>>.height == 7);
static_assert(inlay::peak_bytes<mine, inlay::least_memory> < inlay::peak_bytes<mine, inlay::per_layer> / 4);
// topology]

int main() {
  placed.run(picture);
  static bounded first;
  static by_hand second;
  std::printf("%zu, %zu and %zu bytes\n", sizeof first, sizeof second, sizeof(net));
  first.run(picture);
  second.run(picture);
  steps();
  source();
  sizes();
  weights();
  prefetch();
}
