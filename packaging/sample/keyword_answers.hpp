// A network that tells keywords apart, sounds as it gets them, and what TensorFlow Lite Micro answers.
#pragma once

#include <inlay.hpp>

#include "keyword.hpp"  // made of keyword.tflite by embed.py, as the next two of files with the same bytes
#include "keyword_in.hpp"
#include "keyword_out.hpp"

struct keyword_model : inlay::tflite<keyword> {};
using keyword_network = inlay::network<keyword_model, inlay::least_memory>;

static_assert(keyword_network::arena_bytes <= 2048);  // all the memory it works in

constexpr int keyword_sounds = static_cast<int>((sizeof keyword_in - 1) / keyword_network::input_bytes);

/// How many of the sounds get TensorFlow Lite Micro's answer, byte for byte.
inline int exact_answers() {
  static keyword_network network;
  static std::int8_t sound[keyword_network::input<>::extent];
  const char* next = keyword_in;
  const char* recorded = keyword_out;
  int exact = 0;
  for (int i = 0; i < keyword_sounds; ++i) {
    for (std::int8_t& sample : sound) sample = static_cast<std::int8_t>(*next++);
    bool same = true;
    for (const std::int8_t score : network.run(sound)) same = score == static_cast<std::int8_t>(*recorded++) && same;
    if (same) ++exact;
  }
  return exact;
}
