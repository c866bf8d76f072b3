// Inlay: the instruction sets that kernels are written for.
#pragma once

#include <inlay/config.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

// clang-format off
#define INLAY_INSTRUCTION_SETS(X)                                          \
  X(portable)    /* plain C++ */                                           \
  X(small)       /* plain C++ with the least code and no tables */         \
  X(arm_dsp)     /* Cortex-M4, M7, M33: pairs of 16-bit products */        \
  X(arm_mve)     /* Cortex-M55, M85: vectors of 16 bytes */                \
  X(neon)        /* AArch64 */                                             \
  X(neon_dot)    /* AArch64 with dot products */                           \
  X(avx2)        /* x86-64 */                                              \
  X(avx_vnni)    /* x86-64, AVX2 with dot products */                      \
  X(avx512_vnni) /* x86-64, AVX-512 with dot products */
// clang-format on

/// Sets of kernels, by the instructions they use.
enum class isa : std::uint8_t {
#define INLAY_ENUMERATOR(set) set,
  INLAY_INSTRUCTION_SETS(INLAY_ENUMERATOR)
#undef INLAY_ENUMERATOR
};

/// The kernels that networks of this program use.
inline constexpr isa native_isa = isa::INLAY_ISA;

constexpr const char* name(isa i) {
  switch (i) {
#define INLAY_CASE(set) \
  case isa::set: return #set;
    INLAY_INSTRUCTION_SETS(INLAY_CASE)
#undef INLAY_CASE
  }
  return "";
}

#undef INLAY_INSTRUCTION_SETS

}  // namespace inlay
