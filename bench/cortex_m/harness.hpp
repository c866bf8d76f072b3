// What the harness knows about a compiled network: its memory, its recording, and how to run it.
#pragma once

#include <cstddef>
#include <cstdint>

/// One input's size, and its elements': recordings hold inputs without padding, run() may need it.
struct harness_input {
  std::uint32_t bytes;
  std::uint32_t element_bytes;
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
  const unsigned char *recorded_inputs, *recorded_inputs_end;
  const unsigned char *recorded_outputs, *recorded_outputs_end;
};

/// Bytes on either side of a network that it must leave alone.
inline constexpr std::uint32_t harness_guard_bytes = 64;
inline constexpr std::uint32_t harness_most_inputs = 8;

extern const harness_network harness_networks[];
extern const std::uint32_t harness_network_count;
