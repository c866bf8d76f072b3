// Inlay: the intrinsics of x86-64.
#pragma once

#include <inlay/config.hpp>

#if INLAY_HAS_AVX2
// g++ 12 warns of its own intrinsics, whose unused operand is not initialised (GCC's bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif
