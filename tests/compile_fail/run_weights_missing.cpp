// expect: error: static assertion failed
// expect: Inlay: run() and start() take one buffer or source for each input of the network, and behind them the source of its weights
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
std::int8_t image[inlay::network<model>::input<>::extent];

#if defined(FIXED)
inlay::network<model> network;
#else
inlay::network<inlay::sourced_weights<model>> network;
#endif

void run() { network.run(image); }
