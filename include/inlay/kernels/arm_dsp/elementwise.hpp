// Inlay: ADD, SUB, MUL and PRELU with the DSP extension: the loops of plain C++, with one instruction for a rounded product.
#pragma once

#include <inlay/kernels/portable/elementwise.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

template <>
struct primitives<isa::arm_dsp> {
  static std::int32_t add_high_product(std::int32_t c, std::int32_t a, std::int32_t b) {
    std::int32_t sum;
    asm("smmlar %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(c));
    return sum;
  }

  static std::int32_t saturate(std::int32_t value) {
    asm("ssat %0, #8, %1" : "=r"(value) : "r"(value));
    return value;
  }
};

template <>
struct fast_kernel<isa::arm_dsp, layer_kind::add> : fast_sum<isa::arm_dsp, 1> {};
template <>
struct fast_kernel<isa::arm_dsp, layer_kind::sub> : fast_sum<isa::arm_dsp, -1> {};
template <>
struct fast_kernel<isa::arm_dsp, layer_kind::mul> : fast_product<isa::arm_dsp> {};
template <>
struct fast_kernel<isa::arm_dsp, layer_kind::prelu> : fast_prelu<isa::arm_dsp> {};

template <>
struct fast_kernel<isa::arm_dsp, layer_kind::quantize> : fast_quantize<isa::arm_dsp> {};

}  // namespace inlay::detail
