// expect: argument_refused<
// expect: the buffer has 125 elements, the input 126
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
