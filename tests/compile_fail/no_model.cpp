// expect: error: static assertion failed
// expect: Inlay: network's first argument is a model: inlay::tflite<bytes>, inlay::sequential<layers...>
#include <inlay.hpp>

#include "sound.hpp"

#if defined(FIXED)
inlay::network<inlay::tflite<sound>> network;
#else
inlay::network<decltype(sound)> network;
#endif

void run(const std::int8_t* numbers) { network.run(network.unchecked_input(numbers)); }
