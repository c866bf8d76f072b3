// expect: error: static assertion failed
// expect: Inlay: the weights of inlay::sourced_weights come from a callable that fills a buffer with bytes of the model
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
inlay::network<inlay::sourced_weights<model>> network;
std::int8_t image[decltype(network)::input<>::extent];

#if defined(FIXED)
void run() {
  network.run(image, [](inlay::weights_part, std::span<std::int8_t> to) { to[0] = 0; });
}
#else
void run() {
  network.run(image, [](std::span<std::int8_t> to) { to[0] = 0; });
}
#endif
