// expect: model_refused<
// expect: an operator computes with 16-bit activations, which are not supported: convert the network again to int8
// expect: tensor 0, t0, int16 [
#include <inlay.hpp>

#include "int16_network.hpp"
#include "sound.hpp"

#if defined(FIXED)
struct model : inlay::tflite<sound> {};
#else
struct model : inlay::tflite<int16_network> {};
#endif

inlay::network<model> network;
