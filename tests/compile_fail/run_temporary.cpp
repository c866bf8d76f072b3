// expect: error: static assertion failed
// expect: Inlay: this network is a temporary, gone before its outputs are read: give it a name
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
using net = inlay::network<model>;
std::int8_t image[net::input<>::extent];

std::int8_t run() {
#if defined(FIXED)
  net network;
  return network.run(image)[0];
#else
  return net{}.run(image)[0];
#endif
}
