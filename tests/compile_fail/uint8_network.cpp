// expect: error: static assertion failed
// expect: Inlay: an operator computes in uint8, the old per-tensor quantisation: convert the network again to int8
// expect: inlay::tflite_operator::conv_2d, 0, 0, -1, -1>
#include <inlay.hpp>

#include "uint8_network.hpp"
#include "sound.hpp"

#if defined(FIXED)
struct model : inlay::tflite<sound> {};
#else
struct model : inlay::tflite<uint8_network> {};
#endif

inlay::network<model> network;
