// expect: error: static assertion failed
// expect: Inlay: run() takes spans of exactly the input's size and element type; see network::input
// expect: signed char (&)[125]
// expect: std::span<const signed char, 126>
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
inlay::network<model> network;
constexpr auto size = decltype(network)::input<>::extent;

#if defined(FIXED)
std::int8_t image[size];
#else
std::int8_t image[size - 1];
#endif

void run() { network.run(image); }
