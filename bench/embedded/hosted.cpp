// Runs a program with a main() of its own: what newlib and libstdc++ want of a system; printing.cpp where there are
// neither.
#include "processor.hpp"

#include <sys/types.h>

#include <cerrno>
#include <cstdlib>

int main(int argc, char** argv);

extern "C" {

void* __dso_handle = nullptr;
void _init() {}
void _fini() {}

int _write(int, const char* text, int bytes) {
  for (int i = 0; i < bytes; ++i) semihosting(0x03, text + i);  // SYS_WRITEC
  return bytes;
}

void* _sbrk(ptrdiff_t bytes) {
  static unsigned char* end = harness_scratch;
  unsigned char* before = end;
  end += bytes;
  return before;
}

[[noreturn]] void _exit(int status) { finish(status == 0); }

int getentropy(void*, size_t) {
  errno = ENOSYS;
  return -1;
}
}

void harness_program() {
  static char name[] = "program";
  static char* arguments[] = {name, nullptr};
  std::exit(main(1, arguments));
}
