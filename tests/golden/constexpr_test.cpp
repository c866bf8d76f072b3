// A network run by the compiler: its answer to recorded inputs is TensorFlow Lite's, inside a static_assert. As a
// constant expression this also proves that nothing is read before it is written.
#include <inlay.hpp>

#include "tiny.hpp"
#include "tiny_in.hpp"
#include "tiny_out.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

struct model : inlay::tflite<tiny> {};
using network = inlay::network<model>;

constexpr std::size_t input_size = network::input<>::extent;
constexpr std::size_t output_size = network::output<>::size();
constexpr std::size_t cases = (sizeof tiny_in - 1) / input_size;
static_assert(cases > 0 && sizeof tiny_out - 1 == cases * output_size);

static constexpr bool exact(std::size_t which) {
  std::array<std::int8_t, input_size> input{};
  for (std::size_t i = 0; i < input_size; ++i) input[i] = static_cast<std::int8_t>(tiny_in[which * input_size + i]);
  network n;
  const auto output = n.run(input);
  for (std::size_t i = 0; i < output_size; ++i)
    if (output[i] != static_cast<std::int8_t>(tiny_out[which * output_size + i])) return false;
  return true;
}

static_assert(exact(0));
static_assert(exact(cases - 1));

int main() {
  for (std::size_t i = 0; i < cases; ++i)
    if (!exact(i)) return 1;
  return 0;
}
