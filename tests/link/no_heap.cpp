// A firmware-like program; no_heap.py looks at its object file.
#include <inlay.hpp>

#include "network_two_inputs_two_outputs.hpp"
#include "network_inverted_residual.hpp"

#include <cstdint>
#include <tuple>

struct residual : inlay::tflite<network_inverted_residual> {};
struct two : inlay::tflite<network_two_inputs_two_outputs> {};

static inlay::network<residual, inlay::per_layer, inlay::sram<64 * 1024>, inlay::flash<64 * 1024>> residual_network;
static inlay::network<two> two_network;

extern std::int8_t image[decltype(residual_network)::input<>::extent];
extern std::int8_t left[decltype(two_network)::input<0>::extent], right[decltype(two_network)::input<1>::extent];

std::size_t classify() {
  const auto scores = residual_network.run(image);
  const auto both = two_network.run(left, right);
  return scores.largest() + std::get<0>(both).largest() + std::get<1>(both).largest();
}
