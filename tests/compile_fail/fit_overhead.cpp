// expect: error: static assertion failed
// expect: Inlay: what fits the SRAM budget computes more again than max_overhead; the least is NeededPercent
// expect gcc: MaxPercent = 1; NeededPercent = 
// expect clang: <= 1L
#include <inlay.hpp>

#include "network_inverted_residual.hpp"

struct model : inlay::tflite<network_inverted_residual> {};

#if defined(FIXED)
inlay::network<model, inlay::fit<inlay::sram<700>, inlay::max_overhead<inlay::percent<100>>>> network;
#else
inlay::network<model, inlay::fit<inlay::sram<700>, inlay::max_overhead<inlay::percent<1>>>> network;
#endif
