// expect: error: static assertion failed
// expect: Inlay: what stands behind a network's schedule are budgets: sram<Bytes>, flash<Bytes>
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::least_memory, inlay::sram<65536>> network;
#else
inlay::network<model, inlay::per_layer, inlay::least_memory> network;
#endif
