// expect: plan_refused<
// expect: what fits 700 bytes of SRAM computes 
// expect:  percent again, its max_overhead is 1
#include <inlay.hpp>

#include "network_inverted_residual.hpp"

struct model : inlay::tflite<network_inverted_residual> {};

#if defined(FIXED)
inlay::network<model, inlay::fit<inlay::sram<700>, inlay::max_overhead<inlay::percent<100>>>> network;
#else
inlay::network<model, inlay::fit<inlay::sram<700>, inlay::max_overhead<inlay::percent<1>>>> network;
#endif
