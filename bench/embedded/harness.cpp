// Runs networks: for each whether its answers are the recorded ones, what its clock counted during one inference, and
// how deep its stack went. Compiled, like the processor's start, so that it calls nothing from a library: whatever the
// linker adds is there because inference wants it.
#include "harness.hpp"
#include "processor.hpp"

namespace {

// ---- one network ---------------------------------------------------------------------------------------

const unsigned char canary = 0xc5;

void fill(unsigned char* to, std::uint32_t bytes, unsigned char value) {
  for (std::uint32_t i = 0; i < bytes; ++i) to[i] = value;
}

bool is_filled(const unsigned char* from, std::uint32_t bytes, unsigned char value) {
  for (std::uint32_t i = 0; i < bytes; ++i)
    if (from[i] != value) return false;
  return true;
}

/// A case's inputs, copied to where their types may stand.
struct case_inputs {
  const void* at[harness_most_inputs];
  unsigned char* end;
};

/// Inputs of single bytes start `shift` bytes beside an aligned address: callers' buffers may.
case_inputs copy_inputs(const harness_network& network, const unsigned char* recorded, std::uint32_t shift) {
  case_inputs inputs;  // not {}, which would call memset
  unsigned char* to = harness_scratch;
  for (std::uint32_t i = 0; i < network.input_count; ++i) {
    const harness_input& input = network.inputs[i];
    unsigned char* data = to + (input.element_bytes == 1 ? shift : 0);
    for (std::uint32_t b = 0; b < input.bytes; ++b) data[b] = *recorded++;
    inputs.at[i] = data;
    to += (input.bytes + 31u) & ~15u;
  }
  inputs.end = to;
  return inputs;
}

/// Bytes of stack that an inference needs below its caller's.
[[gnu::noinline]] std::uint32_t stack_of(const harness_network& network, const void* const* inputs) {
  paint_stack();
  network.run(inputs);
  return stack_bytes(stack_pointer());
}

/// Ticks of an inference.
[[gnu::noinline]] std::uint32_t ticks_of(const harness_network& network, const void* const* inputs) {
  start_clock();
  const std::uint32_t start = ticks();
  const std::uint32_t empty = ticks() - start;
  const std::uint32_t from = ticks();
  network.run(inputs);
  const std::uint32_t elapsed = ticks() - from;
  stop_clock();
  return elapsed - empty;
}

/// Whether the answers are the recorded ones, and nothing was written beside the network.
bool is_exact(const harness_network& network, const case_inputs& inputs, const unsigned char* recorded) {
  unsigned char* outputs = inputs.end;
  network.read_outputs(inputs.at, outputs);
  for (std::uint32_t i = 0; i < network.output_bytes; ++i) {
    if (outputs[i] == recorded[i]) continue;
    print("wrong");
    print("output_byte", i);
    print("is", outputs[i]);
    print("instead_of", recorded[i]);
    print("\n");
    return false;
  }
  const unsigned char* after = network.memory + harness_guard_bytes + network.network_bytes;
  if (is_filled(network.memory, harness_guard_bytes, canary) && is_filled(after, harness_guard_bytes, canary))
    return true;
  print("wrong beside the network\n");
  return false;
}

/// What a profile is at.
struct {
  const harness_layer* layer;
  std::uint32_t since;
} profiled;

void print_layer() {
  const std::uint32_t elapsed = ticks() - profiled.since;
  const harness_layer& layer = *profiled.layer++;
  print("layer");
  print("ticks", elapsed);
  print("kind", layer.kind);
  print("rows", layer.rows);
  print("columns", layer.columns);
  print("channels", layer.channels);
  print("input_channels", layer.input_channels);
  print("kernel_rows", layer.kernel_rows);
  print("kernel_columns", layer.kernel_columns);
  print("stride_rows", layer.stride_rows);
  print("stride_columns", layer.stride_columns);
  print("macs", layer.macs);
  print("\n");
  profiled.since = ticks();
}

/// Runs a network layer by layer and prints the ticks of each.
bool profile(const harness_network& network) {
  const case_inputs inputs = copy_inputs(network, network.recorded_inputs, 0);
  start_clock();
  profiled.layer = network.layers;
  profiled.since = ticks();
  network.run_in_steps(inputs.at, print_layer);
  stop_clock();
  return is_exact(network, inputs, network.recorded_outputs) && profiled.layer == network.layers + network.layer_count;
}

bool measure(const harness_network& network, std::uint32_t index) {
  std::uint32_t input_bytes = 0, cases = 0, stack_bytes = 0, elapsed = 0;
  for (std::uint32_t i = 0; i < network.input_count; ++i) input_bytes += network.inputs[i].bytes;
  unsigned char* memory = network.memory + harness_guard_bytes;
  fill(network.memory, harness_guard_bytes, canary);
  fill(memory + network.network_bytes, harness_guard_bytes, canary);

  bool exact = true;
  const unsigned char *inputs = network.recorded_inputs, *outputs = network.recorded_outputs;
  for (; inputs < network.recorded_inputs_end; inputs += input_bytes, outputs += network.output_bytes, ++cases) {
    // The first twice: for the stack without SysTick's interrupts, and with its inputs at odd addresses; for the
    // instructions with aligned inputs. A network keeps nothing between runs, so what is in it must not matter.
    if (cases == 0) {
      const case_inputs odd = copy_inputs(network, inputs, 1);
      fill(memory, network.network_bytes, 0x5a);
      stack_bytes = stack_of(network, odd.at);
      exact &= is_exact(network, odd, outputs);
    }
    const case_inputs aligned = copy_inputs(network, inputs, 0);
    fill(memory, network.network_bytes, static_cast<unsigned char>(0xa5 + cases));
    const std::uint32_t this_elapsed = ticks_of(network, aligned.at);
    if (cases == 0) elapsed = this_elapsed;
    exact &= is_exact(network, aligned, outputs);
  }
  exact &= cases > 0 && inputs == network.recorded_inputs_end && outputs == network.recorded_outputs_end;
  if (network.run_in_steps != nullptr) exact &= profile(network);
  print("network");
  print("index", index);
  print("exact", exact);
  print("cases", cases);
  print("ticks", elapsed);
  print("arena_bytes", network.arena_bytes);
  print("stack_bytes", stack_bytes);
  print("macs", network.macs);
  print("\n");
  return exact;
}

// ---- to be traced --------------------------------------------------------------------------------------

void next_layer() {
  harness_traced_stop();
  harness_traced_start();
}

/// One inference, and one layer by layer where that can be.
void trace(const harness_network& network) {
  const case_inputs inputs = copy_inputs(network, network.recorded_inputs, 0);
  harness_traced_start();
  network.run(inputs.at);
  harness_traced_stop();
  if (network.run_in_steps == nullptr) return;
  harness_traced_start();
  network.run_in_steps(inputs.at, next_layer);
  harness_traced_stop();
}

/// The command line is "trace", not "measure".
bool is_to_be_traced() {
  char text[8];
  const struct {
    char* at;
    std::uint32_t bytes;
  } line = {text, sizeof text};
  return semihosting(0x15, &line) == 0 && text[0] == 't';  // SYS_GET_CMDLINE
}

}  // namespace

extern "C" {
[[gnu::noinline]] void harness_traced_start() { asm volatile(""); }
[[gnu::noinline]] void harness_traced_stop() { asm volatile(""); }
}

void harness_program() {
  if (is_to_be_traced()) {
    for (std::uint32_t i = 0; i < harness_network_count; ++i) trace(harness_networks[i]);
    finish(true);
  }
  start_clock();
  const std::uint32_t start = ticks();
  spin(1000000);
  const std::uint32_t elapsed = ticks() - start;
  stop_clock();
  print("calibration");
  print("instructions", 2000000);
  print("ticks", elapsed);
  print("\n");

  bool exact = true;
  for (std::uint32_t i = 0; i < harness_network_count; ++i) exact &= measure(harness_networks[i], i);
  print("end\n");
  finish(exact);
}
