// Schedules of one network, which all give the same bytes, and a run that goes step by step.
#include <inlay.hpp>

#include "face_mask_detection.hpp"

#include <cstdio>

struct faces : inlay::tflite<face_mask_detection> {};

// Layer after layer, each over its whole map.
using plain = inlay::network<faces>;
// Rows are made as they are needed and kept while they are needed; nothing is computed twice.
using streamed = inlay::network<faces, inlay::least_memory>;
// By hand: layers 0 to 10 in 3 × 3 patches whose halos are recomputed, the rest per layer.
using patched = inlay::network<faces, inlay::schedule<inlay::per_patch<inlay::split<11>, inlay::grid<3, 3>>>>;
static_assert(streamed::arena_bytes < plain::arena_bytes / 3);
static_assert(streamed::recomputed_macs == 0 && patched::recomputed_macs > 0);

static plain whole_maps;
static streamed rows;
static patched patches;
static std::int8_t picture[192 * 192 * 3];

int main() {
  for (std::size_t i = 0; i < sizeof picture; ++i) picture[i] = static_cast<std::int8_t>(i * 7 % 256 - 128);
  const auto expected = whole_maps.run(picture);
  const auto by_patches = patches.run(picture);

  // A main loop without an operating system stays responsive: each step is one layer, or one row of one.
  auto job = rows.start(picture);
  int steps = 1;
  while (job.step()) ++steps;
  const auto by_rows = job.outputs();

  bool same = true;
  for (std::size_t i = 0; i < expected.size(); ++i) same &= expected[i] == by_rows[i] && expected[i] == by_patches[i];
  std::printf("per layer %zu bytes, least memory %zu in %d steps, 3 x 3 patches %zu; same answer: %s\n",
              sizeof whole_maps, sizeof rows, steps, sizeof patches, same ? "yes" : "no");
  return same ? 0 : 1;
}
