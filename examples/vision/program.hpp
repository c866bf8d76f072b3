// The part of an application that is not its network: its command line, pictures, videos and cameras, what is printed,
// marked and shown.
#pragma once

#include "drawing.hpp"
#include "finding.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vision {

/// An application's network under one schedule, with what it costs.
struct scheduled {
  const char* name;
  std::size_t arena_bytes, flash_bytes;
  std::int64_t macs, recomputed_macs;
  /// From the network's image to its answer, which stays until the next call.
  std::span<const std::int8_t> (*run)(const std::int8_t* image);
};

template <typename Network>
constexpr scheduled describe(const char* name, std::span<const std::int8_t> (*run)(const std::int8_t* image)) {
  // A colour from 0 to 255 stands for 0 to 1. With this scale and zero point it is stored as itself less 128.
  using input = typename Network::template input_info<>;
  static_assert(input::zero_point == -128 && input::scale > 0.99f / 255 && input::scale < 1.01f / 255);
  static_assert(input::extents.height() == input::extents.width() && input::extents.channels() == 3,
                "the network sees a square of red, green and blue");
  return {name, Network::arena_bytes, Network::flash_bytes, Network::macs, Network::recomputed_macs, run};
}

struct application {
  const char* name;
  const char* description;
  int side;  // the network sees a square of so many pixels a side
  /// The network under several schedules, which must give the same answers. The first is the default.
  std::span<const scheduled> schedules;
  const char* const* kinds;  // names, by a finding's kind
  const colour* colours;     // of frames, likewise
  const char* one;           // what is found, as in "1 face"
  const char* several;
  int threshold;  // percent
  /// What an answer says, of what is at least so likely, in 1/256.
  std::vector<finding> (*find)(std::span<const std::int8_t> answer, const framing& picture, int threshold);
  const char* examples;  // the folder of the pictures that are shipped with it
};

/// Runs an application; returns main()'s status, which is 0 if all that it was given could be read and written.
int run_program(const application& app, int argc, char** argv);

}  // namespace vision
