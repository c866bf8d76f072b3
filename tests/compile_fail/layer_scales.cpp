// expect: operator 0 (FULLY_CONNECTED): a tensor has no usable scale and zero point
#include <inlay.hpp>

#if defined(FIXED)
inline constexpr inlay::layer_data<4, 1> weights{{1, 2, 3, 4}, {5}, {0.5f}, {1.0f, 0}};
#else
inline constexpr inlay::layer_data<4, 1> weights{{1, 2, 3, 4}, {5}, {-0.5f}, {1.0f, 0}};
#endif
using model = inlay::sequential<inlay::input<2, 2, 1>, inlay::dense<{.units = 1}, weights>>;

inlay::network<model> network;
