// expect: error: static assertion failed
// expect: Inlay: an input is a buffer: an array, a std::array or a std::span of the input's size and type; a callable, too, for network<inlay::sourced<model>>
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<inlay::sourced<model>> network;
#else
inlay::network<model> network;
#endif

void run() {
  network.run([](inlay::region, auto pixels) {
    for (auto& pixel : pixels) pixel = 0;
  });
}
