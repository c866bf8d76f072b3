// expect: error: static assertion failed
// expect: Inlay: the network needs more flash than its budget
// expect gcc: BudgetBytes = 500; NeededBytes = 
// expect clang: UL <= 500UL
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::per_layer, inlay::sram<1000>, inlay::flash<4000>> network;
#else
inlay::network<model, inlay::per_layer, inlay::sram<1000>, inlay::flash<500>> network;
#endif
