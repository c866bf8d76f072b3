// expect: error: static assertion failed
// expect: Inlay: the buffer is an array of arrays: write network::unchecked_input(&buffer[0][0])
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
using net = inlay::network<model>;
net network;
std::int8_t image[7][6][3];
static_assert(sizeof image == net::input<>::extent);

#if defined(FIXED)
void run() { network.run(net::unchecked_input(&image[0][0][0])); }
#else
void run() { network.run(image); }
#endif
