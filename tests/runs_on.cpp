// runs_on ISA PROGRAM [ARGUMENT...]: runs a test that is compiled for an instruction set, or skips it where this
// processor lacks the instructions. It is compiled without them: a program that has them may use them before its main().
#include <unistd.h>

#include <cstdio>
#include <cstring>

static bool processor_has(const char* isa) {
#if defined(__x86_64__)
  if (std::strcmp(isa, "avx2") == 0) return __builtin_cpu_supports("avx2");
  if (std::strcmp(isa, "avx_vnni") == 0) return __builtin_cpu_supports("avxvnni");
  if (std::strcmp(isa, "avx512_vnni") == 0)
    return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw");
#endif
  return std::strcmp(isa, "portable") == 0 || std::strcmp(isa, "small") == 0;
}

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "usage: runs_on ISA PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  if (!processor_has(arguments[1])) {
    std::printf("SKIPPED: this processor has no %s\n", arguments[1]);
    return 77;
  }
  execv(arguments[2], arguments + 2);
  std::perror(arguments[2]);
  return 2;
}
