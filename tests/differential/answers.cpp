// Runs many models, each on one case of inputs, layer after layer: what the differential test compares with the oracle.
//
// Reads from standard input, until it ends: the bytes of a model (their number in 32 bits, then they), and those of its
// inputs in the model's order. Answers each with a byte, and bytes likewise: 'r', the sentence that refuses it; 'i', that
// its inputs have another number of bytes; 'a', its outputs in their declared types.
#include "loaded_answers.hpp"

#include <inlay/report.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

using bytes = std::vector<char>;

/// False at the end of the input.
static bool read(bytes& to) {
  std::uint32_t count = 0;
  if (std::fread(&count, sizeof count, 1, stdin) != 1) return false;
  to.resize(count);
  return count == 0 || std::fread(to.data(), 1, count, stdin) == count;
}

static void write(char kind, const char* data, std::size_t size) {
  const auto count = static_cast<std::uint32_t>(size);
  std::fwrite(&kind, 1, 1, stdout);
  std::fwrite(&count, sizeof count, 1, stdout);
  if (size != 0) std::fwrite(data, 1, size, stdout);
  std::fflush(stdout);
}

static void answer(bytes file, const bytes& inputs) {
  const inlay::loaded_model model(std::move(file));
  if (model.refused()) {
    const inlay::error_text text(model.refused());
    return write('r', text.view().data(), text.view().size());
  }
  const inlay::graph_view g = model.graph();
  if (inputs.size() != inlay::total_input_bytes(g)) {
    const std::string needed = std::to_string(inlay::total_input_bytes(g));
    return write('i', needed.data(), needed.size());
  }
  const inlay::loaded_schedule schedule(g, inlay::per_layer_stages(g));
  const auto arena = inlay::interpret(model, schedule, inlay_tests::inputs_of(g, inputs.data()));
  const bytes outputs = inlay_tests::outputs_of(g, schedule, arena);
  write('a', outputs.data(), outputs.size());
}

int main() {
  for (bytes model, inputs; read(model) && read(inputs);) answer(model, inputs);
  return 0;
}
