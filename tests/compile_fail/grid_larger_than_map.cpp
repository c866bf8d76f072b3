// expect: plan_refused<
// expect:  columns, its grid 99 columns of patches
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<1>, inlay::grid<2, 2>>>> network;
#else
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<1>, inlay::grid<2, 99>>>> network;
#endif
