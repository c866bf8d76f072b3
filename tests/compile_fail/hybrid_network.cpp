// expect: model_refused<
// expect: operator 0 (CONV_2D): an operator has int8 weights but float activations: quantise the activations too
// expect: tensor 0, t0, float32 [1,7,6,3]
#include <inlay.hpp>

#include "hybrid_network.hpp"
#include "sound.hpp"

#if defined(FIXED)
struct model : inlay::tflite<sound> {};
#else
struct model : inlay::tflite<hybrid_network> {};
#endif

inlay::network<model> network;
