// expect: this network is none of those that share the memory
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
using net = inlay::network<model>;
using streamed = inlay::network<model, inlay::least_memory>;
inlay::shared<net> networks;
std::int8_t image[net::input<>::extent];

#if defined(FIXED)
void run() { networks.run<net>(image); }
#else
void run() { networks.run<streamed>(image); }
#endif
