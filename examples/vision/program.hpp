// The part of an application that is not its network: its command line, pictures, videos and cameras, what is printed,
// marked and shown.
#pragma once

#include "decision.hpp"
#include "drawing.hpp"
#include "heat_map.hpp"

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
  // A colour from 0 to 255 is stored as itself less 128, whether it stands for 0 to 1 or for −1 to 1.
  using input = typename Network::template input_info<>;
  constexpr float steps = 1 / input::scale;
  static_assert((input::zero_point == -128 && steps > 254 && steps < 256) ||
                (input::zero_point == 0 && steps > 127 && steps < 129));
  static_assert(input::extents.height() == input::extents.width() && input::extents.channels() == 3,
                "the network sees a square of red, green and blue");
  return {name, Network::arena_bytes, Network::flash_bytes, Network::macs, Network::recomputed_macs, run};
}

struct application {
  const char* name;
  const char* description;
  int side;  // the network sees a square of so many pixels a side
  /// Whether the picture is squashed to that square, as training did; else it keeps its proportions, and what it
  /// leaves of the square is black.
  bool squashed = false;
  /// The network under several schedules, which must give the same answers. The first is the default.
  std::span<const scheduled> schedules;
  const char* const* kinds;   // names, by a finding's kind
  const colour* colours;      // of frames, likewise
  const char* one = nullptr;  // what is found, as in "1 face"; nothing where one thing is said of each picture
  const char* several = nullptr;
  int threshold;  // percent
  /// What an answer says, of what is at least so likely, in 1/256.
  std::vector<finding> (*find)(std::span<const std::int8_t> answer, const framing& picture, int threshold);
  const char* examples;  // the folder of the pictures that are shipped with it
};

/// What a detector's answer says; Map is the type of its output.
template <typename Map>
std::vector<finding> find_all(std::span<const std::int8_t> answer, const framing& picture, int threshold) {
  std::vector<finding> found;
  find_in<Map>(answer, picture, threshold, [&found](const finding& f) { found.push_back(f); });
  return found;
}

/// What a classifier's answer says, yes or no; Scores is the type of its output.
template <typename Scores>
std::vector<finding> decide_all(std::span<const std::int8_t> answer, const framing&, int threshold) {
  std::vector<finding> said;
  decide<Scores>(answer, threshold, [&said](const finding& f) { said.push_back(f); });
  return said;
}

/// Runs an application; returns main()'s status, which is 0 if all that it was given could be read and written.
int run_program(const application& app, int argc, char** argv);

}  // namespace vision
