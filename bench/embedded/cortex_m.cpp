// A Cortex-M processor: its start, its clock, its faults.
#include "processor.hpp"

static volatile std::uint32_t& word_at(std::uint32_t address) {
  return *reinterpret_cast<volatile std::uint32_t*>(address);
}

std::uint32_t semihosting(std::uint32_t operation, const void* argument) {
  register std::uint32_t r0 asm("r0") = operation;
  register const void* r1 asm("r1") = argument;
  asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void spin(std::uint32_t count) { asm volatile(".syntax unified\n1: subs %0, %0, #1\n bne 1b" : "+l"(count) : : "cc"); }

// ---- SysTick: 24 bits at most, and an interrupt that counts how often they were over ----------------------

static constexpr std::uint32_t systick_control = 0xe000e010, systick_reload = 0xe000e014, systick_value = 0xe000e018,
                               interrupt_state = 0xe000ed04;
static volatile std::uint32_t systick_wraps;
static std::uint32_t systick_period;
static void (*systick_interrupt)();

void start_timer(std::uint32_t period, void (*interrupt)()) {
  systick_wraps = 0;
  systick_period = period;
  systick_interrupt = interrupt;
  word_at(systick_reload) = period - 1;
  word_at(systick_value) = 0;
  word_at(systick_control) = 7;  // on, an interrupt when it wraps, the processor's clock
  while (word_at(systick_value) == 0) {
  }
}

void start_clock() { start_timer(1u << 24, nullptr); }

void stop_clock() { word_at(systick_control) = 0; }

std::uint32_t ticks() {
  for (;;) {
    const std::uint32_t wraps = systick_wraps, value = word_at(systick_value);
    const bool pending = (word_at(interrupt_state) & 1u << 26) != 0;
    // At 0 it has interrupted, and is not yet over.
    if (value != 0 && !pending && wraps == systick_wraps) return (wraps + 1) * systick_period - 1 - value;
  }
}

static void on_systick() {
  systick_wraps = systick_wraps + 1;
  if (systick_interrupt != nullptr) systick_interrupt();
}

// ---- start ---------------------------------------------------------------------------------------------

void prepare_processor() {
#ifdef __ARM_FP
  word_at(0xe000ed88) = 0xfu << 20;  // CPACR: floating point and MVE
  asm volatile("dsb\n isb");
#endif
#ifdef __ARM_FEATURE_MVE
  word_at(0xe000ed14) = word_at(0xe000ed14) | 1u << 19;  // CCR: low-overhead loops
#endif
}

/// Any fault: where, from the frame that the processor left on the stack.
extern "C" [[noreturn, gnu::used]] void harness_report_fault(const std::uint32_t* frame) {
  print("FAULT");
  print("program_counter", frame[6]);
  print("return_address", frame[5]);
  print("\n");
  finish(false);
}

[[gnu::naked]] static void on_fault() { asm volatile("mov r0, sp\n bl harness_report_fault"); }

namespace {
struct vector_table {
  std::uint32_t* stack;
  void (*reset)();
  void (*faults[13])();
  void (*systick)();
};
}  // namespace

[[gnu::section(".vectors"), gnu::used]] static const vector_table vectors = {
    stack_top,
    harness_reset,
    {on_fault, on_fault, on_fault, on_fault, on_fault, on_fault, on_fault, on_fault, on_fault, on_fault, on_fault,
     on_fault, on_fault},
    on_systick};
