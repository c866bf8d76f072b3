// Visual wake words on a chip with 32 KB of memory.
#include "firmware.hpp"
#include "visual_wake_words.hpp"

#include <decision.hpp>
#include <visual_wake_words/presence.hpp>

struct person_there : inlay::tflite<visual_wake_words> {};
// More than it needs at least: in segments it would take a fifth longer.
using net = inlay::network<inlay::sourced<person_there>, inlay::fit<inlay::sram<17 * 1024>>>;

int main() {
  firmware::serve<net>(presence_kinds, [](auto answer, const vision::framing&, auto visit) {
    vision::decide<net::output<>>(answer, vision::probability_of(presence_threshold), visit);
  });
}
