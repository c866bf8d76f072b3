// expect: error: static assertion failed
// expect: Inlay: run() and start() take one buffer or source for each input of the network
// expect gcc: NeededInputs = 1; GivenInputs = 2
// expect clang: 2UL == 1UL
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
inlay::network<model> network;
std::int8_t image[decltype(network)::input<>::extent];

#if defined(FIXED)
auto run() { return network.run(image); }
#else
auto run() { return network.run(image, image); }
#endif
