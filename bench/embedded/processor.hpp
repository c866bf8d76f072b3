// The emulated processor, without a C library: its start, its output, its clock. processor.cpp has what all of them
// share, cortex_m.cpp and riscv.cpp the rest.
#pragma once

#include <cstdint>

/// What the processor runs once it has started; ends with finish().
extern "C" [[noreturn]] void harness_program();

/// Sets up memory and runs harness_program(): where the processor's own start ends.
extern "C" [[noreturn]] void harness_reset();

/// Switches on what programs may use.
void prepare_processor();

/// Semihosting: asks the debugger, here QEMU, to do something.
std::uint32_t semihosting(std::uint32_t operation, const void* argument);

void print(const char* text);

/// " name=value", the value in hexadecimal: decimal would need a division.
void print(const char* name, std::uint32_t value);

/// Ends the emulation.
[[noreturn]] void finish(bool success);

void start_clock();
void stop_clock();

/// Ticks since start_clock() or start_timer().
std::uint32_t ticks();

/// Starts the clock, which then interrupts the program every so many ticks, at most 2^24, to call what it is given.
/// On Cortex-M only.
void start_timer(std::uint32_t period, void (*interrupt)());

/// Executes 2 × count instructions.
void spin(std::uint32_t count);

/// The caller's.
[[gnu::always_inline]] inline std::uint32_t* stack_pointer() {
  std::uint32_t* pointer;
#ifdef __riscv
  asm volatile("mv %0, sp" : "=r"(pointer));
#else
  asm volatile("mov %0, sp" : "=r"(pointer));
#endif
  return pointer;
}

/// Fills the free stack, so that stack_bytes() can see later how deep it went: bytes below a pointer of it.
inline constexpr std::uint32_t stack_paint = 0x5eed5eed;
std::uint32_t stack_bytes(const std::uint32_t* top);

extern "C" {
extern std::uint32_t stack_bottom[], stack_top[];
/// All memory from here on is free.
extern unsigned char harness_scratch[];
}

// Inlined: what it called would stand where it paints.
[[gnu::always_inline]] inline void paint_stack() {
  const std::uint32_t* const top = stack_pointer();
  for (volatile std::uint32_t* word = stack_bottom; word != top; word = word + 1) *word = stack_paint;
}
