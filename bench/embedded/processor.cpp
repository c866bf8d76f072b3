#include "processor.hpp"

// ---- output --------------------------------------------------------------------------------------------

void print(const char* text) { semihosting(0x04, text); }  // SYS_WRITE0

void print(const char* name, std::uint32_t value) {
  char digits[9];
  for (int i = 0; i < 8; ++i) {
    const std::uint32_t digit = value >> (28 - 4 * i) & 15;
    digits[i] = static_cast<char>(digit < 10 ? '0' + digit : 'a' + digit - 10);
  }
  digits[8] = 0;
  print(" ");
  print(name);
  print("=");
  print(digits);
}

void finish(bool success) {
  semihosting(0x18, reinterpret_cast<const void*>(success ? 0x20026u : 0x20023u));  // SYS_EXIT
  for (;;) {
  }
}

// ---- stack ---------------------------------------------------------------------------------------------

std::uint32_t stack_bytes(const std::uint32_t* top) {
  const volatile std::uint32_t* lowest = stack_bottom;
  while (lowest != top && *lowest == stack_paint) lowest = lowest + 1;
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(top) - reinterpret_cast<std::uintptr_t>(lowest));
}

// ---- start ---------------------------------------------------------------------------------------------

extern "C" {
extern std::uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[];
extern void (*constructors_start[])();
extern void (*constructors_end[])();
}

void harness_reset() {
  for (std::uint32_t *to = data_start, *from = data_load; to != data_end;) *to++ = *from++;
  for (std::uint32_t* to = bss_start; to != bss_end;) *to++ = 0;
  prepare_processor();
  for (auto constructor = constructors_start; constructor != constructors_end;) (*constructor++)();
  harness_program();
}
