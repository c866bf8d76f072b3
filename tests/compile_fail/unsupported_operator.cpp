// expect: model_refused<
// expect: Inlay does not support COS (operator 0); the manual lists what it supports
#include <inlay.hpp>

#include "unsupported_operator.hpp"
#include "sound.hpp"

#if defined(FIXED)
struct model : inlay::tflite<sound> {};
#else
struct model : inlay::tflite<unsupported_operator> {};
#endif

inlay::network<model> network;
