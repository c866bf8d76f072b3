// expect: error: static assertion failed
// expect: Inlay: a temporary buffer is gone before the network reads it: give the buffer a name
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
using net = inlay::network<model>;
net network;

void run() {
  std::array<std::int8_t, net::input<>::extent> image{};
#if defined(FIXED)
  auto job = network.start(image);
#else
  auto job = network.start(std::move(image));
#endif
  while (job.step()) {
  }
}
