// expect: error: static assertion failed
// expect: Inlay: the buffer has another number of elements than the input
// expect gcc: NeededElements = 126; GivenElements = 125
// expect clang: 125UL == 126UL
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
using net = inlay::network<model>;
net network;

#if defined(FIXED)
std::int8_t image[net::input<>::extent];
#else
std::int8_t image[net::input<>::extent - 1];
#endif

void run() { network.run(image); }
