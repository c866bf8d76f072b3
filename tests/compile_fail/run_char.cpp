// expect: error: static assertion failed
// expect: Inlay: the buffer's elements are not of the input's type, network::input_info<I>::value_type
// expect gcc: GivenElement = char; NeededElement = signed char
// expect clang: is_same_v<char, signed char>
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
using net = inlay::network<model>;
net network;

#if defined(FIXED)
net::input_info<>::value_type image[net::input<>::extent];
#else
char image[net::input<>::extent];
#endif

void run() { network.run(image); }
