// expect: error: static assertion failed
// expect: Inlay: an operator computes in float: quantise the network to int8
// expect: inlay::tflite_operator::max_pool_2d, 0, 0, -1, -1>
#include <inlay.hpp>

#include "float_network.hpp"
#include "sound.hpp"

#if defined(FIXED)
struct model : inlay::tflite<sound> {};
#else
struct model : inlay::tflite<float_network> {};
#endif

inlay::network<model> network;
