// expect: model_refused<
// expect: operator 0 (CONV_2D): an operator computes in uint8, the old per-tensor quantisation: convert the network again to int8
// expect: tensor 0, t0, uint8 [
#include <inlay.hpp>

#include "uint8_network.hpp"
#include "sound.hpp"

#if defined(FIXED)
struct model : inlay::tflite<sound> {};
#else
struct model : inlay::tflite<uint8_network> {};
#endif

inlay::network<model> network;
