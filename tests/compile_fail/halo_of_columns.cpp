// expect: error: static assertion failed
// expect: Inlay: of rows<1> and segments<N> halos are kept (halo::reuse), of columns<N>, which is grid<1, N>, rows kept and columns recomputed (halo::reuse_rows), of other grids recomputed (halo::recompute)
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};

#if defined(FIXED)
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<1>, inlay::columns<2>, inlay::halo::reuse_rows>>>
    network;
#else
inlay::network<model, inlay::schedule<inlay::per_patch<inlay::split<1>, inlay::columns<2>, inlay::halo::recompute>>>
    network;
#endif
