// The main loop of an application on a chip: pictures come line by line from a camera, the network runs in steps
// between which other work is done, and what it finds leaves by UART.
#pragma once

#include "board.hpp"

#include <finding.hpp>

#include <inlay.hpp>

#include <cstdint>
#include <span>

namespace firmware {

inline void print(const char* text) {
  while (*text != 0) board::put(*text++);
}

inline void print(std::uint32_t value) {
  if (value >= 10) print(value / 10);
  board::put(static_cast<char>('0' + value % 10));
}

/// What one picture took.
struct figures {
  std::uint32_t whole = 0, longest_step = 0;  // in the board's unit of time
  std::uint32_t steps = 0, timer_ticks = 0;
};

inline void print(const figures& taken) {
  print("  took ");
  print(taken.whole);
  print(" ");
  print(board::clock_unit);
  print(" in ");
  print(taken.steps);
  print(" steps, the longest ");
  print(taken.longest_step);
  print("; timer ticks ");
  print(taken.timer_ticks);
  print("; stack ");
  print(board::stack_high_water());
  print(" bytes\n");
}

/// Runs a network on picture after picture, until there is none. Its model is inlay::sourced; find(answer, framing,
/// visit) calls visit(finding) for each thing that its answer says.
template <typename Network, typename Find>
[[noreturn]] void serve(const char* const* kinds, Find find) {
  static Network network;
  constexpr int width = Network::template input_info<>::extents.width();
  constexpr int height = Network::template input_info<>::extents.height();
  board::start();
  for (std::uint32_t picture = 0; board::begin_picture(width, height); ++picture) {
    figures taken;
    const std::uint32_t ticks_before = board::timer_ticks(), start = board::now();
    // Called for a row when the network needs it, and for each but once, from the top: there is no room for the
    // picture.
    auto job = network.start([](inlay::region, auto pixels) { board::read_line(pixels.data()); });
    for (bool more = true; more; ++taken.steps) {
      const std::uint32_t before = board::now();
      more = job.step();
      const std::uint32_t step = board::now() - before;
      taken.longest_step = step > taken.longest_step ? step : taken.longest_step;
      // Here a main loop does what else it has to do; interrupts need not wait for this.
    }
    taken.whole = board::now() - start;
    taken.timer_ticks = board::timer_ticks() - ticks_before;

    const std::span<const std::int8_t> answer = job.outputs();
    print("picture ");
    print(picture);
    print(": answer ");
    print(vision::checksum(answer));
    print("\n");
    find(answer, vision::framing{width, height, width, height},
         [kinds](const vision::finding& f) { vision::write_line(f, kinds, board::put); });
    print(taken);
  }
  board::stop();
}

}  // namespace firmware
