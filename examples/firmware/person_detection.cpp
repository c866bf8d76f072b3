// Person detection on a chip with 64 KB of memory.
#include "person_detection.hpp"
#include "firmware.hpp"

#include <heat_map.hpp>
#include <person_detection/persons.hpp>

struct person : inlay::tflite<person_detection> {};
using net = inlay::network<inlay::sourced<person>, inlay::least_memory>;

int main() {
  firmware::serve<net>(person_kinds, [](auto answer, const vision::framing& picture, auto visit) {
    vision::find_in<net::output<>>(answer, picture, vision::probability_of(person_threshold), visit);
  });
}
