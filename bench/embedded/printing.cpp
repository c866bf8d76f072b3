// Runs a program with a main() of its own where there is no C library: it may print, and no more than that.
#include "processor.hpp"

#include <cstdarg>
#include <cstddef>

int main(int argc, char** argv);

extern "C" {

int putchar(int character) {
  const auto byte = static_cast<unsigned char>(character);
  semihosting(0x03, &byte);  // SYS_WRITEC
  return byte;
}

int puts(const char* text) {
  print(text);
  print("\n");
  return 0;
}

/// %s and %d, with the width of a column or without; nothing else.
int printf(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  for (; *format != 0; ++format) {
    if (*format != '%') {
      putchar(*format);
      continue;
    }
    ++format;
    const bool left = *format == '-';
    if (left) ++format;
    int width = 0;
    for (; *format >= '0' && *format <= '9'; ++format) width = 10 * width + (*format - '0');
    char digits[12];
    const char* text = digits + sizeof digits - 1;
    if (*format == 's') {
      text = va_arg(arguments, const char*);
    } else if (*format == 'd') {
      const int value = va_arg(arguments, int);
      char* first = digits + sizeof digits - 1;
      *first = 0;
      unsigned rest = value < 0 ? 0u - static_cast<unsigned>(value) : static_cast<unsigned>(value);
      do *--first = static_cast<char>('0' + rest % 10);
      while ((rest /= 10) != 0);
      if (value < 0) *--first = '-';
      text = first;
    } else {
      print("printf: unknown conversion\n");
      finish(false);
    }
    int length = 0;
    while (text[length] != 0) ++length;
    for (int i = length; !left && i < width; ++i) putchar(' ');
    print(text);
    for (int i = length; left && i < width; ++i) putchar(' ');
  }
  va_end(arguments);
  return 0;
}
}

void harness_program() {
  static char name[] = "program";
  static char* arguments[] = {name, nullptr};
  finish(main(1, arguments) == 0);
}
