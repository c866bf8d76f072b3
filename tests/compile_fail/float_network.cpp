// expect: model_refused<
// expect: operator 0 (MAX_POOL_2D): an operator computes in float: quantise the network to int8
// expect: tensor 0, t0, float32 [1,6,5,4]
#include <inlay.hpp>

#include "float_network.hpp"
#include "sound.hpp"

#if defined(FIXED)
struct model : inlay::tflite<sound> {};
#else
struct model : inlay::tflite<float_network> {};
#endif

inlay::network<model> network;
