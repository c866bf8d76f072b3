// What a network finds, in words and numbers that are the same on the desk and on a chip: no heap, no floats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vision {

/// One of the kinds that the network tells apart. Lengths in pixels of the picture; something that is somewhere in the
/// picture, but not known where, has no width.
struct finding {
  int kind;
  int percent;
  int x, y;  // the middle
  int width, height;
};

/// A picture's size, and that of the part of the network's input that it fills, from the top left.
struct framing {
  int width, height;
  int seen_width, seen_height;
};

/// Probabilities are in 1/256, as an int8 softmax has them. The least one that is at least so many percent.
constexpr int probability_of(int percent) { return (256 * percent + 99) / 100; }
constexpr int percent_of(int probability) { return (100 * probability + 128) / 256; }

/// "bare 97 % at 224, 112, size 130 x 150", character by character.
template <typename Put>
constexpr void write_words(const finding& f, const char* const* kinds, Put put) {
  const auto text = [&put](const char* characters) {
    while (*characters != 0) put(*characters++);
  };
  const auto number = [&put](int value) {
    char digits[12];
    int count = 0;
    unsigned rest = value < 0 ? 0u - static_cast<unsigned>(value) : static_cast<unsigned>(value);
    do digits[count++] = static_cast<char>('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (value < 0) put('-');
    while (count > 0) put(digits[--count]);
  };
  text(kinds[f.kind]);
  text(" ");
  number(f.percent);
  text(" %");
  if (f.width > 0) {
    text(" at ");
    number(f.x);
    text(", ");
    number(f.y);
    text(", size ");
    number(f.width);
    text(" x ");
    number(f.height);
  }
}

/// The same, two spaces before it, as a line.
template <typename Put>
constexpr void write_line(const finding& f, const char* const* kinds, Put put) {
  put(' ');
  put(' ');
  write_words(f, kinds, put);
  put('\n');
}

/// FNV-1a of an answer's bytes: whether two programs had the same.
constexpr std::uint32_t checksum(std::span<const std::int8_t> answer) {
  std::uint32_t sum = 2166136261u;
  for (const std::int8_t value : answer) sum = (sum ^ static_cast<std::uint8_t>(value)) * 16777619u;
  return sum;
}

}  // namespace vision
