// Inlay: the one place for differences between compilers and instruction sets.
#pragma once

// A compiler that cannot: one sentence, and an #include that ends the compilation, so that nothing follows it.
#if !defined(__GNUC__)
#error "Inlay needs g++ 11, clang 14 or later: MSVC and others lack what its kernels are written in"
#include <inlay/stops_here>
#elif __cplusplus < 202002L
#error "Inlay needs C++20: compile with -std=c++20 or later"
#include <inlay/stops_here>
#elif defined(__clang__) ? __clang_major__ < 14 : __GNUC__ < 11
#error "Inlay needs g++ 11, clang 14 or later"
#include <inlay/stops_here>
#elif defined(__clang__) && __clang_major__ < 18 && !(defined(__x86_64__) || defined(__i386__) || defined(__aarch64__))
#error "Inlay needs clang 18 or later for this processor"
#include <inlay/stops_here>
#elif __FLT_EVAL_METHOD__ > 0
#error "Inlay computes in float and double as they are: on 32-bit x86 compile with -msse2 -mfpmath=sse"
#include <inlay/stops_here>
#elif defined(__ROUNDING_MATH__)
#error "Inlay rounds to nearest when it compiles: compile without -frounding-math"
#include <inlay/stops_here>
#endif

#define INLAY_VERSION_MAJOR 0
#define INLAY_VERSION_MINOR 1
#define INLAY_VERSION_PATCH 0

// Whether a division of floats gives what IEEE 754 says. g++ says by macros that it does not (-ffast-math and its
// parts). clang is told what to do, whatever its flags are: between INLAY_EXACT_FLOATS and INLAY_END_EXACT_FLOATS, or,
// where it cannot for the processor, in functions that start with INLAY_EXACT_DIVISION.
#define INLAY_EXACT_FLOATS
#define INLAY_END_EXACT_FLOATS
#define INLAY_EXACT_DIVISION
#if defined(__clang__) && (defined(__x86_64__) || defined(__i386__) || defined(__aarch64__))
#undef INLAY_EXACT_FLOATS
#undef INLAY_END_EXACT_FLOATS
#define INLAY_EXACT_FLOATS _Pragma("float_control(precise, on, push)")
#define INLAY_END_EXACT_FLOATS _Pragma("float_control(pop)")
#define INLAY_HAS_EXACT_FLOATS 1
#elif defined(__FAST_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__ASSOCIATIVE_MATH__) || __FINITE_MATH_ONLY__
#define INLAY_HAS_EXACT_FLOATS 0
#else
#define INLAY_HAS_EXACT_FLOATS 1
#if defined(__clang__)
#undef INLAY_EXACT_DIVISION
#define INLAY_EXACT_DIVISION _Pragma("clang fp reassociate(off) reciprocal(off)")
#endif
#endif

// What the compiler may use on its target, and the best kernels for it: a value of inlay::isa. Each set is better than
// those before it.
#define INLAY_BEST_ISA portable
#if defined(__ARM_FEATURE_DSP) && !defined(__aarch64__)
#define INLAY_HAS_ARM_DSP 1
#undef INLAY_BEST_ISA
#define INLAY_BEST_ISA arm_dsp
#else
#define INLAY_HAS_ARM_DSP 0
#endif
#if defined(__ARM_FEATURE_MVE)
#define INLAY_HAS_ARM_MVE 1
#undef INLAY_BEST_ISA
#define INLAY_BEST_ISA arm_mve
#else
#define INLAY_HAS_ARM_MVE 0
#endif
#if defined(__aarch64__) && defined(__ARM_NEON)
#define INLAY_HAS_NEON 1
#undef INLAY_BEST_ISA
#define INLAY_BEST_ISA neon
#else
#define INLAY_HAS_NEON 0
#endif
#if INLAY_HAS_NEON && defined(__ARM_FEATURE_DOTPROD)
#define INLAY_HAS_NEON_DOT 1
#undef INLAY_BEST_ISA
#define INLAY_BEST_ISA neon_dot
#else
#define INLAY_HAS_NEON_DOT 0
#endif
#if defined(__AVX2__)
#define INLAY_HAS_AVX2 1
#undef INLAY_BEST_ISA
#define INLAY_BEST_ISA avx2
#else
#define INLAY_HAS_AVX2 0
#endif
#if INLAY_HAS_AVX2 && defined(__AVXVNNI__)
#define INLAY_HAS_AVX_VNNI 1
#undef INLAY_BEST_ISA
#define INLAY_BEST_ISA avx_vnni
#else
#define INLAY_HAS_AVX_VNNI 0
#endif
#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define INLAY_HAS_AVX512_VNNI 1
#undef INLAY_BEST_ISA
#define INLAY_BEST_ISA avx512_vnni
#else
#define INLAY_HAS_AVX512_VNNI 0
#endif

// What plain C++ is shaped by: Cortex-M0 and M0+ have eight registers for most instructions and no product of 64 bits.
#if defined(__thumb__) && !defined(__thumb2__) && !defined(__ARM_BIG_ENDIAN)
#define INLAY_HAS_THUMB1 1
#else
#define INLAY_HAS_THUMB1 0
#endif
// How many output channels of four pixels have their sums in registers: 16 registers hold one's, 31 two.
#if defined(__riscv) && !defined(__riscv_e) || defined(__aarch64__)
#define INLAY_PAIR_CHANNELS 2
#else
#define INLAY_PAIR_CHANNELS 1
#endif

// What else the compiler may use, of that which one program's translation units are given in different measure.
#if defined(__AVX512F__)
#define INLAY_MORE _avx512
#elif defined(__FMA__)
#define INLAY_MORE _fma
#elif defined(__AVX__)
#define INLAY_MORE _avx
#elif defined(__SSE4_1__)
#define INLAY_MORE _sse4
#elif defined(__ARM_FEATURE_SVE)
#define INLAY_MORE _sve
#elif defined(__riscv_vector)
#define INLAY_MORE _vector
#else
#define INLAY_MORE
#endif
#if INLAY_HAS_EXACT_FLOATS && !__FINITE_MATH_ONLY__
#define INLAY_FLOATS
#else
#define INLAY_FLOATS _fast_math
#endif

// Everything stands in an inline namespace that is named for what it is compiled for, so that translation units with
// other flags or another INLAY_ISA can be linked into one program: their functions are not the same ones.
//
// INLAY_ISA says which kernels networks use. Define it before including Inlay to use others than the best:
// -DINLAY_ISA=small for the least code, -DINLAY_ISA=portable for plain C++.
#define INLAY_JOIN_EXPANDED(a, b, c, d, e) a##b##c##d##e
#define INLAY_JOIN(a, b, c, d, e) INLAY_JOIN_EXPANDED(a, b, c, d, e)
#ifdef INLAY_ISA
#define INLAY_ABI INLAY_JOIN(INLAY_ISA, _on_, INLAY_BEST_ISA, INLAY_MORE, INLAY_FLOATS)
#else
#define INLAY_ISA INLAY_BEST_ISA
#define INLAY_ABI INLAY_JOIN(on_, INLAY_BEST_ISA, INLAY_MORE, INLAY_FLOATS, )
#endif

// The most characters of a text that the compiler prints as a part of a template's name.
#if defined(__clang__)
#define INLAY_LONGEST_PRINTED 31
#else
#define INLAY_LONGEST_PRINTED 800
#endif

// Whether a function is expanded where it is called, so that a layer's numbers become constants, or shared by all.
#define INLAY_ALWAYS_INLINE [[gnu::always_inline]] inline
#define INLAY_NEVER_INLINE [[gnu::noinline]]

// A function whose loops have as many values at hand as there are registers: g++ mixes its steps until it runs out of
// these.
#if defined(__clang__) || defined(__x86_64__)
#define INLAY_IN_ORDER
#else
#define INLAY_IN_ORDER [[gnu::optimize("no-schedule-insns")]]
#endif

// A function of which size matters more than speed: what it calls takes the time.
#if defined(__clang__)
#define INLAY_SMALL [[clang::minsize]]
#else
#define INLAY_SMALL [[gnu::optimize("Os")]]
#endif
