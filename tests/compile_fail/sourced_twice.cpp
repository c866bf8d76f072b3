// expect: error: static assertion failed
// expect: Inlay: a float input is quantised in several ways, so that its source would be asked for each row more than once
#include <inlay.hpp>

#include "two_scales.hpp"

struct model : inlay::tflite<two_scales> {};

#if defined(FIXED)
inlay::network<model> network;
#else
inlay::network<inlay::sourced<model>> network;
#endif
