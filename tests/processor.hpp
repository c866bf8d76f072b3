// Whether the processor that a test runs on has the instructions that it is compiled for.
#pragma once

#include <inlay/isa/isa.hpp>

namespace inlay_tests {

inline bool processor_runs_native() {
#if defined(__x86_64__)
  using inlay::isa;
  if (inlay::native_isa == isa::avx2) return __builtin_cpu_supports("avx2");
  if (inlay::native_isa == isa::avx_vnni) return __builtin_cpu_supports("avxvnni");
  if (inlay::native_isa == isa::avx512_vnni)
    return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw");
#endif
  return true;
}

}  // namespace inlay_tests
