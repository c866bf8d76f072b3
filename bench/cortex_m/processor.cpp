#include "processor.hpp"

static volatile std::uint32_t& word_at(std::uint32_t address) {
  return *reinterpret_cast<volatile std::uint32_t*>(address);
}

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

// ---- SysTick: 24 bits, and an interrupt that counts the higher ones -------------------------------------

static constexpr std::uint32_t systick_control = 0xe000e010, systick_reload = 0xe000e014, systick_value = 0xe000e018,
                               interrupt_state = 0xe000ed04;
static volatile std::uint32_t systick_wraps;

void start_systick() {
  systick_wraps = 0;
  word_at(systick_reload) = 0xffffff;
  word_at(systick_value) = 0;
  word_at(systick_control) = 7;  // on, an interrupt when it wraps, the processor's clock
  while (word_at(systick_value) == 0) {
  }
}

void stop_systick() { word_at(systick_control) = 0; }

std::uint32_t ticks() {
  for (;;) {
    const std::uint32_t wraps = systick_wraps, value = word_at(systick_value);
    const bool pending = (word_at(interrupt_state) & 1u << 26) != 0;
    if (!pending && wraps == systick_wraps) return (wraps << 24) + 0xffffff - value;
  }
}

static void on_systick() { systick_wraps = systick_wraps + 1; }

// ---- start ---------------------------------------------------------------------------------------------

/// Any fault: where, from the frame that the processor left on the stack.
extern "C" [[noreturn, gnu::used]] void harness_report_fault(const std::uint32_t* frame) {
  print("FAULT");
  print("program_counter", frame[6]);
  print("return_address", frame[5]);
  print("\n");
  finish(false);
}

[[gnu::naked]] static void on_fault() { asm volatile("mov r0, sp\n bl harness_report_fault"); }

extern "C" {
extern std::uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[];
extern void (*constructors_start[])();
extern void (*constructors_end[])();
}

extern "C" [[noreturn]] void harness_reset() {
  for (std::uint32_t *to = data_start, *from = data_load; to != data_end;) *to++ = *from++;
  for (std::uint32_t* to = bss_start; to != bss_end;) *to++ = 0;
#ifdef __ARM_FP
  word_at(0xe000ed88) = 0xfu << 20;  // CPACR: floating point and MVE
  asm volatile("dsb\n isb");
#endif
#ifdef __ARM_FEATURE_MVE
  word_at(0xe000ed14) = word_at(0xe000ed14) | 1u << 19;  // CCR: low-overhead loops
#endif
  for (auto constructor = constructors_start; constructor != constructors_end;) (*constructor++)();
  harness_program();
}

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
