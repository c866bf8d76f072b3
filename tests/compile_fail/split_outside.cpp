// expect: plan_refused<
// expect: a stage from layer 0 on ends at 1 to 1, not at 99
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<1>, inlay::grid<1, 1>>>> network;
#else
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<99>, inlay::grid<1, 1>>>> network;
#endif
