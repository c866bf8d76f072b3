// expect: error: static assertion failed
// expect: Inlay: a temporary buffer is gone before the network reads it: give the buffer a name
#include <inlay.hpp>

#include "sound.hpp"

#include <vector>

struct model : inlay::tflite<sound> {};
using net = inlay::network<model>;
net network;

std::vector<std::int8_t> take_picture();

void run() {
#if defined(FIXED)
  const auto picture = take_picture();
  if (const auto image = net::checked_input(picture)) network.run(*image);
#else
  if (const auto image = net::checked_input(take_picture())) network.run(*image);
#endif
}
