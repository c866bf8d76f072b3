// expect: model_refused<
// expect: this is not a .tflite file: bytes 4 to 7 are not TFL3
#include <inlay.hpp>

#include "wrong_identifier.hpp"
#include "sound.hpp"

#if defined(FIXED)
struct model : inlay::tflite<sound> {};
#else
struct model : inlay::tflite<wrong_identifier> {};
#endif

inlay::network<model> network;
