// What a loaded model answers, in the types that it declares.
#pragma once

#include <inlay/report.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace inlay_tests {

/// Cuts one case's inputs, back to back, into those of each input of the network.
inline std::vector<std::vector<char>> inputs_of(inlay::graph_view g, const char* at) {
  std::vector<std::vector<char>> inputs;
  for (std::int32_t i = 0; i < g.input_count; ++i) {
    const std::size_t size = inlay::declared_bytes(g.tensors[g.inputs[i]]);
    inputs.emplace_back(at, at + size);
    at += size;
  }
  return inputs;
}

/// An output in the type that the model declares.
inline std::vector<char> declared_values(const inlay::tensor& t, const std::int8_t* stored) {
  std::vector<char> values(inlay::declared_bytes(t));
  if (t.type == inlay::element_type::int32) {
    std::memcpy(values.data(), stored, values.size());
    return values;
  }
  for (std::int32_t i = 0; i < t.extents.elements(); ++i) {
    if (t.type == inlay::element_type::float32) {
      const float real = t.quant.scale * static_cast<float>(stored[i] - t.quant.zero_point);
      std::memcpy(&values[static_cast<std::size_t>(i) * sizeof real], &real, sizeof real);
    } else {
      values[static_cast<std::size_t>(i)] = static_cast<char>(stored[i]);
    }
  }
  return values;
}

/// All outputs, back to back, of an arena after a run.
inline std::vector<char> outputs_of(inlay::graph_view g, const inlay::loaded_schedule& schedule,
                                    const std::vector<std::int8_t>& arena) {
  std::vector<char> outputs;
  for (std::int32_t i = 0; i < g.output_count; ++i) {
    const inlay::tensor& t = g.tensors[g.outputs[i]];
    const std::int32_t at = schedule.places()[static_cast<std::size_t>(t.storage)].offset;
    const std::vector<char> values = declared_values(t, &arena[static_cast<std::size_t>(at)]);
    outputs.insert(outputs.end(), values.begin(), values.end());
  }
  return outputs;
}

}  // namespace inlay_tests
