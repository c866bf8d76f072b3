// expect: error: static assertion failed
// expect: Inlay: a grid has at least one column of patches, and no more than the stage's output has columns
// expect gcc: Patches = 99
// expect clang: '99 <=
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<1>, inlay::grid<2, 2>>>> network;
#else
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<1>, inlay::grid<2, 99>>>> network;
#endif
