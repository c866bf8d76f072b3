// expect: model_refused<
// expect: the .tflite file is cut short or damaged: it refers to bytes beyond its end
#include <inlay.hpp>

#include "truncated.hpp"
#include "sound.hpp"

#if defined(FIXED)
struct model : inlay::tflite<sound> {};
#else
struct model : inlay::tflite<truncated> {};
#endif

inlay::network<model> network;
