// What the programs want of a board. qemu/board.cpp has it of a board that is emulated; README.md says what to write
// for one's own.
#pragma once

#include <cstdint>

namespace board {

/// Starts the UART, the camera, and a timer that interrupts every millisecond.
void start();

/// How often the timer has interrupted.
std::uint32_t timer_ticks();

/// Waits for the beginning of the camera's next picture, of that size; false where there will be none.
bool begin_picture(int width, int height);

/// Waits for the picture's next line, from the top, and stores red, green and blue of each pixel, less 128.
void read_line(std::int8_t* pixels);

/// Sends a character by UART.
void put(char character);

/// The time, in what clock_unit says: only differences count.
std::uint32_t now();
extern const char* const clock_unit;

/// The most of the stack that has been in use, in bytes.
std::uint32_t stack_high_water();

/// There is nothing more to do.
[[noreturn]] void stop();

}  // namespace board
