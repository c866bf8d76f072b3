// The first program of the README.
#include <inlay.hpp>

#include "face_mask_detection.hpp"  // the bytes of a .tflite file, made by inlay_add_model

#include <cstdio>

struct faces : inlay::tflite<face_mask_detection> {};  // the network as a type

// The compiler looks for the schedule that recomputes least within 96 KiB.
using net = inlay::network<faces, inlay::fit<inlay::sram<96 * 1024>>>;
static_assert(net::arena_bytes <= 96 * 1024);
static_assert(net::recomputed_macs == 0);  // it need not recompute anything

static net detector;                        // sizeof(detector) is all the memory it works in
static std::int8_t picture[192 * 192 * 3];  // pixel − 128, where the camera puts it

int main() {
  const auto cells = detector.run(picture);  // int8 in, a typed view of the answer out
  std::printf("%zu bytes of SRAM, %zu of flash; cell 0 is background with %.2f\n", sizeof detector, net::flash_bytes,
              static_cast<double>(cells.real(0)));

  using input = net::input_info<>;  // what the model says of its input
  std::printf("it sees %d x %d pixels; 0.5 is stored as %d\n", input::extents.height(), input::extents.width(),
              input::quantize(0.5f));
}
