// expect: error: static assertion failed
// expect: Inlay: a topology without weights cannot run; give its layers a layer_data
#include <inlay.hpp>

inline constexpr inlay::layer_data<4, 1> weights{{1, 2, 3, 4}, {5}, {0.5f}, {1.0f, 0}};

#if defined(FIXED)
using model = inlay::sequential<inlay::input<2, 2, 1>, inlay::dense<{.units = 1}, weights>>;
#else
using model = inlay::sequential<inlay::input<2, 2, 1>, inlay::dense<{.units = 1}>>;
#endif

inlay::network<model> network;
