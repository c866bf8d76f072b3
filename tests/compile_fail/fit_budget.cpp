// expect: plan_refused<
// expect: no schedule that the search knows fits 10 bytes of SRAM, the least is 
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::fit<inlay::sram<1000>>> network;
#else
inlay::network<model, inlay::fit<inlay::sram<10>>> network;
#endif
