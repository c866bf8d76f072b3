// expect: error: static assertion failed
// expect: Inlay: no schedule that the search knows fits the SRAM budget; the least that one needs is LeastBytes
// expect gcc: BudgetBytes = 10; LeastBytes = 168
// expect clang: 168L <= 10L
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::fit<inlay::sram<1000>>> network;
#else
inlay::network<model, inlay::fit<inlay::sram<10>>> network;
#endif
