// expect: error: static assertion failed
// expect: Inlay: the network has an operator that Inlay does not support; the README lists those it does
// expect: refusal::unsupported_operator, inlay::tflite_operator::elu, 0, 1, -1, -1>
#include <inlay.hpp>

#include "unsupported_operator.hpp"
#include "sound.hpp"

#if defined(FIXED)
struct model : inlay::tflite<sound> {};
#else
struct model : inlay::tflite<unsupported_operator> {};
#endif

inlay::network<model> network;
