// expect: operator 0: an operator has an option that is not supported
// expect: kernel, stride and dilation of a window are 1 to 32767
#include <inlay.hpp>

#if defined(FIXED)
using model =
    inlay::sequential<inlay::input<4, 4, 1>, inlay::max_pool2d<inlay::window_options{.kernel = 2, .stride = 2}>>;
#else
using model =
    inlay::sequential<inlay::input<4, 4, 1>, inlay::max_pool2d<inlay::window_options{.kernel = 2, .stride = 0}>>;
#endif

inlay::network<model> network;
