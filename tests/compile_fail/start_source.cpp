// expect: error: static assertion failed
// expect: Inlay: start() holds its own copy of a source: give std::move(source), or std::ref(source) for one that stays
#include <inlay.hpp>

#include "sound.hpp"

#include <functional>

struct model : inlay::tflite<sound> {};
inlay::network<inlay::sourced<model>> network;

struct camera {
  camera() = default;
  camera(const camera&) = delete;
  void operator()(inlay::region, std::span<std::int8_t> pixels) const { pixels[0] = 0; }
};

void run() {
  camera source;
#if defined(FIXED)
  auto job = network.start(std::ref(source));
#else
  auto job = network.start(source);
#endif
  while (job.step()) {
  }
}
