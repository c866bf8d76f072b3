// expect: error: static assertion failed
// expect: Inlay: a stage must end after it starts and inside the network
// expect gcc: Split = 99
// expect clang: '99 <=
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<1>, inlay::grid<1, 1>>>> network;
#else
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<99>, inlay::grid<1, 1>>>> network;
#endif
