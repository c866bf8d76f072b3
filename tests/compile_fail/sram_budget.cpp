// expect: error: static assertion failed
// expect: Inlay: the network needs more SRAM than its budget
// expect gcc: BudgetBytes = 100; NeededBytes = 168
// expect clang: 168UL <= 100UL
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::per_layer, inlay::sram<1000>> network;
#else
inlay::network<model, inlay::per_layer, inlay::sram<100>> network;
#endif
