// A program with one network, for flash.py, and what its constants are compared with, as symbols of these values.
#include <inlay.hpp>

#include "model.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace {

struct model : inlay::tflite<embedded_model> {};
using network = inlay::network<model>;
constexpr inlay::graph_view graph = inlay::detail::prepared<model, inlay::per_layer>::graph;

/// Bytes of int8 constants that layers read, or output channels of layers with weights; what is read twice counts once.
constexpr std::size_t count(bool channels) {
  std::size_t sum = 0;
  bool counted[graph.tensor_count]{};
  for (std::int32_t i = 0; i < graph.layer_count; ++i) {
    const inlay::layer& l = graph.layers[i];
    for (int position = 0; position < inlay::detail::operands_read(l.kind); ++position) {
      const std::int32_t index = l.inputs[static_cast<std::size_t>(position)];
      if (index < 0 || !graph.tensors[index].is_constant() || std::exchange(counted[index], true)) continue;
      if (!channels) sum += graph.tensors[index].data_bytes;
      if (channels && inlay::detail::has_weights(l.kind))
        sum += static_cast<std::size_t>(inlay::detail::channel_table::table_size(graph, l));
    }
  }
  return sum;
}

network memory;
const void* volatile inputs[network::input_count];
volatile int result;

template <std::size_t... I>
void run(std::index_sequence<I...>) {
  const auto outputs =
      memory.run(network::unchecked_input<I>(static_cast<typename network::input<I>::const_pointer>(inputs[I]))...);
  result = *reinterpret_cast<const volatile char*>(&outputs);
}

}  // namespace

int main() {
  asm volatile(
      ".globl figure_int8, figure_channels, figure_flash\n.equ figure_int8, %c0\n"
      ".equ figure_channels, %c1\n.equ figure_flash, %c2" ::"i"(count(false)),
      "i"(count(true)), "i"(network::flash_bytes));
  run(std::make_index_sequence<network::input_count>{});
}
