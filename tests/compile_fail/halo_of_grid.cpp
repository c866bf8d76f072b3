// expect: error: static assertion failed
// expect: Inlay: a grid's halos are recomputed (halo::recompute), those of rows<1> kept (halo::reuse), and columns<Strips> keeps rows and recomputes columns (halo::reuse_rows)
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<1>, inlay::grid<2, 2>, inlay::halo::recompute>>>
    network;
#else
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<1>, inlay::grid<2, 2>, inlay::halo::reuse>>>
    network;
#endif
