// expect: error: static assertion failed
// expect: Inlay: an operator has int8 weights but float activations: quantise the activations too
// expect: inlay::tflite_operator::conv_2d, 0, 0, -1, -1>
#include <inlay.hpp>

#include "hybrid_network.hpp"
#include "sound.hpp"

#if defined(FIXED)
struct model : inlay::tflite<sound> {};
#else
struct model : inlay::tflite<hybrid_network> {};
#endif

inlay::network<model> network;
