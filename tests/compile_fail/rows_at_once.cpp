// expect: error: static assertion failed
// expect: Inlay: streamed stages make one row at a time: rows<1>
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<1>, inlay::rows<1>>>> network;
#else
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<1>, inlay::rows<2>>>> network;
#endif
