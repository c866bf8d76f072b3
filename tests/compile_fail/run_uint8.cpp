// expect: error: static assertion failed
// expect: Inlay: the buffer holds uint8, the input int8: store each pixel as pixel - 128
// expect gcc: GivenElement = unsigned char; NeededElement = signed char
// expect clang: is_same_v<unsigned char, signed char>
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
using net = inlay::network<model>;
net network;

#if defined(FIXED)
std::array<std::int8_t, net::input<>::extent> image;
#else
std::array<std::uint8_t, net::input<>::extent> image;
#endif

void run() { network.run(image); }
