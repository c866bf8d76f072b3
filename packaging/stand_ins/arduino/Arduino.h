// What a sketch needs of a core, for a program that runs loop() once.
#pragma once

#include <cstdio>

#include "macros.hpp"

struct serial_port {
  void begin(long) {}
  void print(int number) { std::printf("%d", number); }
  void print(const char* text) { std::printf("%s", text); }
  void println(const char* text) { std::printf("%s\n", text); }
};
inline serial_port Serial;

inline void delay(unsigned long) {}
void setup();
void loop();

int main() {
  setup();
  loop();
}
