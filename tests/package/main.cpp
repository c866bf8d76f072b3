#include <inlay.hpp>

#include "tiny.hpp"

struct model : inlay::tflite<tiny> {};

int main() {
  static inlay::network<model> network;
  static std::int8_t input[decltype(network)::input<>::extent];
  return network.run(input).largest() < decltype(network)::output<>::size() ? 0 : 1;
}
