// expect: plan_refused<
// expect: the network needs 168 bytes of SRAM, its budget has 100
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::per_layer, inlay::sram<1000>> network;
#else
inlay::network<model, inlay::per_layer, inlay::sram<100>> network;
#endif
