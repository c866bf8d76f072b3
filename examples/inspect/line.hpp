// Text that a compiler writes into an object, for programs that are compiled and never run.
#pragma once

#include <cstddef>

namespace inspect {

template <std::size_t Capacity>
struct line {
  char text[Capacity]{};
  std::size_t length = 0;

  constexpr void add(const char* word) {
    while (*word != 0) text[length++] = *word++;
  }
  constexpr void add(std::size_t number) {
    if (number >= 10) add(number / 10);
    text[length++] = static_cast<char>('0' + number % 10);
  }
};

}  // namespace inspect
