// A RISC-V processor: its start, its clock, its traps.
#include "processor.hpp"

// Control registers are an extension of their own, which a program's flags need not name.
#define WITH_CSR(text) ".option push\n .option arch, +zicsr\n " text "\n .option pop"

std::uint32_t semihosting(std::uint32_t operation, const void* argument) {
  register std::uint32_t a0 asm("a0") = operation;
  register const void* a1 asm("a1") = argument;
  // The three instructions by which it is known, none of them compressed, on one page.
  asm volatile(".option push\n .option norvc\n .balign 16\n slli x0, x0, 0x1f\n ebreak\n srai x0, x0, 7\n .option pop"
               : "+r"(a0)
               : "r"(a1)
               : "memory");
  return a0;
}

void spin(std::uint32_t count) { asm volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(count)); }

// ---- the clock: executed instructions --------------------------------------------------------------------

void start_clock() {}
void stop_clock() {}

std::uint32_t ticks() {
  std::uint32_t value;
  asm volatile(WITH_CSR("csrr %0, minstret") : "=r"(value));
  return value;
}

// ---- start -----------------------------------------------------------------------------------------------

void prepare_processor() {}

/// Any trap: where, and why.
extern "C" [[noreturn, gnu::used, gnu::aligned(4)]] void harness_report_trap() {
  std::uint32_t counter, cause;
  asm volatile(WITH_CSR("csrr %0, mepc\n csrr %1, mcause") : "=r"(counter), "=r"(cause));
  print("FAULT");
  print("program_counter", counter);
  print("cause", cause);
  print("\n");
  finish(false);
}

extern "C" [[gnu::naked, gnu::section(".vectors"), gnu::used]] void harness_start() {
  asm volatile(WITH_CSR("la sp, stack_top\n la t0, harness_report_trap\n csrw mtvec, t0\n j harness_reset"));
}
