// A source of weights for networks of inlay::sourced_weights that has nothing there before it is waited for.
#pragma once

#include <inlay.hpp>

#include <cstdint>
#include <span>

namespace inlay_tests {

/// Takes them from a model's bytes. Calls nothing from a library, so that it runs on any processor.
struct late_weights {
  const void* model;
  std::uint32_t reads = 0;
  std::uint32_t read_bytes = 0;
  /// Asked for and not there yet, the last one at the end.
  struct request {
    inlay::weights_part weights;
    std::int8_t* to;
  };
  static constexpr int most_asked = 16;
  request asked[most_asked]{};
  int asked_count = 0;

  void operator()(inlay::weights_part w, std::span<std::int8_t> to) {
    ++reads;
    read_bytes += w.bytes;
    // Only wrong answers come of more than there is room for, and of bytes that are there before they are waited for.
    for (volatile std::int8_t& byte : to) byte = 0x55;
    if (asked_count < most_asked) asked[asked_count++] = {w, to.data()};
  }
  void wait(inlay::weights_part w) {
    int left = 0;
    for (int i = 0; i < asked_count; ++i) {
      if (asked[i].weights.position != w.position) {
        asked[left++] = asked[i];
        continue;
      }
      const auto* from = static_cast<const std::int8_t*>(model) + w.position;
      volatile std::int8_t* to = asked[i].to;
      for (std::uint32_t b = 0; b < w.bytes; ++b) to[b] = from[b];
    }
    asked_count = left;
  }
};

}  // namespace inlay_tests
