// expect: error: static assertion failed
// expect: Inlay: a pointer does not say how many elements it points to: write network::unchecked_input(pointer)
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
using net = inlay::network<model>;
net network;

#if defined(FIXED)
void run(const std::int8_t* frame) { network.run(net::unchecked_input(frame)); }
#else
void run(const std::int8_t* frame) { network.run(frame); }
#endif
