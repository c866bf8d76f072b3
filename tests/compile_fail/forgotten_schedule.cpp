// expect: error: static assertion failed
// expect: Inlay: network's second argument is a schedule
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::per_layer, inlay::sram<65536>> network;
#else
inlay::network<model, inlay::sram<65536>> network;
#endif
