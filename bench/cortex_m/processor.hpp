// The emulated processor, without a C library: its start, its output, its clock.
#pragma once

#include <cstdint>

/// What the processor runs once it has started; ends with finish().
extern "C" [[noreturn]] void harness_program();

/// Semihosting: asks the debugger, here QEMU, to do something.
inline std::uint32_t semihosting(std::uint32_t operation, const void* argument) {
  register std::uint32_t r0 asm("r0") = operation;
  register const void* r1 asm("r1") = argument;
  asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void print(const char* text);

/// " name=value", the value in hexadecimal: decimal would need a division.
void print(const char* name, std::uint32_t value);

/// Ends the emulation.
[[noreturn]] void finish(bool success);

void start_systick();
void stop_systick();

/// Ticks since start_systick().
std::uint32_t ticks();

extern "C" {
extern std::uint32_t stack_bottom[], stack_top[];
/// All memory from here on is free.
extern unsigned char harness_scratch[];
}
