// expect: error: static assertion failed
// expect: Inlay: how many elements this buffer has is known only when the program runs: write network::checked_input(buffer)
#include <inlay.hpp>

#include "sound.hpp"

#include <vector>

struct model : inlay::tflite<sound> {};
using net = inlay::network<model>;
net network;

void run(const std::vector<std::int8_t>& pixels) {
#if defined(FIXED)
  if (const auto image = net::checked_input(pixels)) network.run(*image);
#else
  network.run(pixels);
#endif
}
