// What a user's code does: compares a network's answers with recorded ones, without a word that a strict compiler
// warns about, and without anything hosted.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

// What processors' kernels include, too, does not survive every macro.
#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#elif defined(__x86_64__)
#include <immintrin.h>
#endif

#ifdef CONSUMER_HOSTILE
#include "hostile_macros.hpp"
#endif

#include <inlay.hpp>

namespace consumer {

template <typename Network, std::size_t Which>
using elements =
    std::array<typename Network::template input<Which>::value_type, Network::template input<Which>::extent>;

/// Whether one output is as recorded, from `at` on.
template <typename Output>
bool same(const Output& output, const char* recorded, std::size_t& at) {
  bool equal = true;
  for (std::size_t i = 0; i < output.size(); ++i) {
    const auto value = output[i];
    equal = equal && std::memcmp(&value, recorded + at, sizeof value) == 0;
    at += sizeof value;
  }
  return equal;
}

template <typename Network, std::size_t... Which>
bool exact_case(Network& network, const char* inputs, const char* answers, std::size_t& answered,
                std::index_sequence<Which...>) {
  static std::tuple<elements<Network, Which>...> buffers{};
  std::size_t at = 0;
  const auto take = [&](auto& buffer) {
    std::memcpy(buffer.data(), inputs + at, sizeof buffer);
    at += sizeof buffer;
  };
  (take(std::get<Which>(buffers)), ...);
  const auto outputs = network.run(std::get<Which>(buffers)...);
  if constexpr (Network::output_count == 1)
    return same(outputs, answers, answered);
  else
    return std::apply([&](const auto&... output) { return (same(output, answers, answered) && ...); }, outputs);
}

/// Whether all recorded cases come out exactly.
template <typename Network>
bool exact(const char* inputs, std::size_t input_bytes, const char* answers, std::size_t answer_bytes) {
  static Network network{};
  std::size_t answered = 0;
  for (std::size_t at = 0; at < input_bytes; at += Network::input_bytes)
    if (!exact_case(network, inputs + at, answers, answered, std::make_index_sequence<Network::input_count>{}))
      return false;
  return answered == answer_bytes;
}

}  // namespace consumer
