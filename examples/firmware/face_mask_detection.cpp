// Face and mask detection on a chip with 64 KB of memory.
#include "face_mask_detection.hpp"
#include "firmware.hpp"

#include <face_mask_detection/faces.hpp>
#include <heat_map.hpp>

struct face_mask : inlay::tflite<face_mask_detection> {};
using net = inlay::network<inlay::sourced<face_mask>, inlay::least_memory>;

int main() {
  firmware::serve<net>(face_kinds, [](auto answer, const vision::framing& picture, auto visit) {
    vision::find_in<net::output<>>(answer, picture, vision::probability_of(face_threshold), visit);
  });
}
