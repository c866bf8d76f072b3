// expect: error: static assertion failed
// expect: Inlay: weights that are asked for ahead are waited for: the source of a prefetch has a wait(inlay::weights_part), which returns when they are there
#include <inlay.hpp>

#include "network_inverted_residual.hpp"

struct model : inlay::tflite<network_inverted_residual> {};
inlay::network<inlay::sourced_weights<model, inlay::prefetch<1>>> network;
std::int8_t image[decltype(network)::input<>::extent];

struct serial_flash {
  void operator()(inlay::weights_part, std::span<std::int8_t> to) const { to[0] = 0; }
#if defined(FIXED)
  void wait(inlay::weights_part) const {}
#endif
};

void run() { network.run(image, serial_flash{}); }
