// expect: error: static assertion failed
// expect: Inlay: the buffer holds real numbers, the input 8-bit integers: store each as network::input_info<I>::quantize(real)
#include <inlay.hpp>

#include "sound.hpp"

struct model : inlay::tflite<sound> {};
using net = inlay::network<model>;
net network;

#if defined(FIXED)
std::int8_t numbers[net::input<>::extent];
#else
float numbers[net::input<>::extent];
#endif

void run() { network.run(numbers); }
