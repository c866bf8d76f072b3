// A board that QEMU emulates: its processor's start, clock and stack are those that the benchmarks use. The camera's
// pictures stand in a memory of their own, which the program reads line by line and otherwise does not know.
#include "../board.hpp"

#include <processor.hpp>

asm(".pushsection .recordings, \"a\"\n.balign 4\ncamera_pictures:\n.incbin \"" CAMERA_PICTURES
    "\"\ncamera_pictures_end:\n.popsection\n");
extern "C" const std::int8_t camera_pictures[], camera_pictures_end[];

namespace board {
namespace {

volatile std::uint32_t& word_at(std::uint32_t address) { return *reinterpret_cast<volatile std::uint32_t*>(address); }

// ---- UART and clock, by the emulated machine -------------------------------------------------------------

#ifdef __ARM_ARCH_6M__
// The micro:bit's nRF51, of which QEMU wants no more than that it is on. A tick of SysTick is 62.5 instructions.
constexpr std::uint32_t uart = 0x40002000, uart_enable = uart + 0x500, uart_start = uart + 0x008,
                        uart_sent = uart + 0x11c, uart_data = uart + 0x51c;

void start_uart() {
  word_at(uart_enable) = 4;
  word_at(uart_start) = 1;
}

void send(char character) {
  word_at(uart_sent) = 0;
  word_at(uart_data) = static_cast<unsigned char>(character);
  while (word_at(uart_sent) == 0) {
  }
}

constexpr std::uint32_t tick_instructions_times_2 = 125;
#else
// Arm's MPS2: a CMSDK UART. A tick of SysTick is 40 instructions.
constexpr std::uint32_t uart_data = 0x40004000, uart_state = 0x40004004, uart_control = 0x40004008,
                        uart_divider = 0x40004010;

void start_uart() {
  word_at(uart_divider) = 16;
  word_at(uart_control) = 1;
}

void send(char character) {
  while ((word_at(uart_state) & 1) != 0) {
  }
  word_at(uart_data) = static_cast<unsigned char>(character);
}

constexpr std::uint32_t tick_instructions_times_2 = 80;
#endif

/// A millisecond of a processor with 100 MHz.
constexpr std::uint32_t timer_period = 2 * 100'000 / tick_instructions_times_2;

// ---- state -----------------------------------------------------------------------------------------------

volatile std::uint32_t interrupts;
const std::int8_t* next_line = camera_pictures;
const std::int8_t* picture_end = camera_pictures;
int line_bytes;

}  // namespace

void start() {
  start_uart();
  paint_stack();
  start_timer(timer_period, [] { interrupts = interrupts + 1; });
}

std::uint32_t timer_ticks() { return interrupts; }

bool begin_picture(int width, int height) {
  // A camera does not wait: each line is read once.
  if (next_line != picture_end) stop();
  line_bytes = 3 * width;
  if (camera_pictures_end - next_line < line_bytes * height) return false;
  picture_end = next_line + line_bytes * height;
  return true;
}

void read_line(std::int8_t* pixels) {
  for (int i = 0; i < line_bytes; ++i) pixels[i] = *next_line++;
}

void put(char character) { send(character); }

std::uint32_t now() { return ticks() / 2 * tick_instructions_times_2; }
const char* const clock_unit = "instructions";

std::uint32_t stack_high_water() { return stack_bytes(stack_top); }

// Well, if all pictures were seen whole.
void stop() { finish(next_line == camera_pictures_end); }

}  // namespace board

int main();

void harness_program() {
  main();
  finish(true);
}
