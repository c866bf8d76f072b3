// Inlay: the instruction sets that kernels are written for.
#pragma once

#include <inlay/config.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

/// Sets of kernels, by the instructions they use.
enum class isa : std::uint8_t {
  portable,     // plain C++
  small,        // plain C++ with the least code and no tables
  arm_dsp,      // Cortex-M4, M7, M33: pairs of 16-bit products
  arm_mve,      // Cortex-M55, M85: vectors of 16 bytes
  neon,         // AArch64
  neon_dot,     // AArch64 with dot products
  avx2,         // x86-64
  avx_vnni,     // x86-64, AVX2 with dot products
  avx512_vnni,  // x86-64, AVX-512 with dot products
};

/// The kernels that networks of this program use.
inline constexpr isa native_isa = isa::INLAY_ISA;

constexpr const char* name(isa i) {
  switch (i) {
    case isa::portable: return "portable";
    case isa::small: return "small";
    case isa::arm_dsp: return "arm_dsp";
    case isa::arm_mve: return "arm_mve";
    case isa::neon: return "neon";
    case isa::neon_dot: return "neon_dot";
    case isa::avx2: return "avx2";
    case isa::avx_vnni: return "avx_vnni";
    case isa::avx512_vnni: return "avx512_vnni";
  }
  return "";
}

}  // namespace inlay
