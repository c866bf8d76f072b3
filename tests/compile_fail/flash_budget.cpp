// expect: plan_refused<
// expect: bytes of flash, its budget has 50
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::per_layer, inlay::sram<1000>, inlay::flash<500>> network;
#else
inlay::network<model, inlay::per_layer, inlay::sram<1000>, inlay::flash<50>> network;
#endif
