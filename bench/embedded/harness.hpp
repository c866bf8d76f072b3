// What the harness knows about a compiled network: its memory, its recording, and how to run it.
#pragma once

#include <cstddef>
#include <cstdint>

/// One input's size, and its elements': recordings hold inputs without padding, run() may need it.
struct harness_input {
  std::uint32_t bytes;
  std::uint32_t element_bytes;
};

/// One layer, for --profile: its kind, its output's rows, columns and channels, and what its window is.
struct harness_layer {
  std::uint32_t kind, rows, columns, channels;
  std::uint32_t input_channels, kernel_rows, kernel_columns, stride_rows, stride_columns;
  std::uint32_t macs;
};

struct harness_network {
  void (*run)(const void* const* inputs);
  void (*read_outputs)(const void* const* inputs, volatile unsigned char* to);  // after a run, in the declared types
  unsigned char* memory;                                                        // guard bytes, the network, guard bytes
  std::uint32_t network_bytes;
  std::uint32_t arena_bytes;
  std::uint32_t macs;
  const harness_input* inputs;
  std::uint32_t input_count;
  std::uint32_t output_bytes;
  void (*run_in_steps)(const void* const* inputs, void (*after_each)());  // null but with HARNESS_PROFILE, as layers
  const harness_layer* layers;
  std::uint32_t layer_count;
  const unsigned char *recorded_inputs, *recorded_inputs_end;
  const unsigned char *recorded_outputs, *recorded_outputs_end;
};

/// Bytes on either side of a network that it must leave alone.
inline constexpr std::uint32_t harness_guard_bytes = 64;
inline constexpr std::uint32_t harness_most_inputs = 8;

extern const harness_network harness_networks[];
extern const std::uint32_t harness_network_count;

/// cycles.py counts what is executed between the two.
extern "C" {
void harness_traced_start();
void harness_traced_stop();
}
