// expect: plan_refused<
// expect: no schedule that the search knows fits 900 bytes of SRAM, the least is 1216
#include <inlay.hpp>

#include "network_inverted_residual.hpp"

struct model : inlay::tflite<network_inverted_residual> {};

#if defined(FIXED)
inlay::network<model, inlay::fit<inlay::sram<900>, inlay::weights_read<99, 100>>> network;
#else
inlay::network<model, inlay::fit<inlay::sram<900>, inlay::weights_read<99, 4>>> network;
#endif
