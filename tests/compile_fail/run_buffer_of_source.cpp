// expect: error: static assertion failed
// expect: Inlay: a sourced network takes for each input a callable that writes the elements of a row into pixels
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
std::int8_t image[inlay::network<model>::input<>::extent];

#if defined(FIXED)
inlay::network<model> network;
#else
inlay::network<inlay::sourced<model>> network;
#endif

void run() { network.run(image); }
