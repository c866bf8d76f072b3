// Inlay: kernels on vectors, for each instruction set that the compiler may use.
#pragma once

#include <inlay/kernels/vector/avx2.hpp>
#include <inlay/kernels/vector/avx512.hpp>
#include <inlay/kernels/vector/convolution.hpp>
#include <inlay/kernels/vector/depthwise.hpp>
#include <inlay/kernels/vector/elementwise.hpp>
#include <inlay/kernels/vector/neon.hpp>
#include <inlay/kernels/vector/pool.hpp>

namespace inlay::inline INLAY_ABI::detail {

#define INLAY_VECTOR_KERNELS(name)                                                                               \
  template <>                                                                                                    \
  struct fast_kernel<isa::name, layer_kind::conv2d> : vector_convolution<name##_vectors> {};                     \
  template <>                                                                                                    \
  struct fast_kernel<isa::name, layer_kind::fully_connected> : vector_fully_connected<name##_vectors> {};        \
  template <>                                                                                                    \
  struct fast_kernel<isa::name, layer_kind::depthwise_conv2d> : vector_depthwise_convolution<name##_vectors> {}; \
  template <>                                                                                                    \
  struct fast_kernel<isa::name, layer_kind::average_pool2d> : vector_pool<true> {};                              \
  template <>                                                                                                    \
  struct fast_kernel<isa::name, layer_kind::max_pool2d> : vector_pool<false> {};

#if INLAY_HAS_AVX512_VNNI
INLAY_VECTOR_KERNELS(avx512_vnni)
template <>
struct fast_kernel<isa::avx512_vnni, layer_kind::add> : avx512_sum<1> {};
template <>
struct fast_kernel<isa::avx512_vnni, layer_kind::sub> : avx512_sum<-1> {};
#endif
#if INLAY_HAS_AVX_VNNI
INLAY_VECTOR_KERNELS(avx_vnni)
#endif
#if INLAY_HAS_AVX2
INLAY_VECTOR_KERNELS(avx2)
#endif
#if INLAY_HAS_NEON
INLAY_VECTOR_KERNELS(neon)
#endif
#if INLAY_HAS_NEON_DOT
INLAY_VECTOR_KERNELS(neon_dot)
#endif
#undef INLAY_VECTOR_KERNELS

}  // namespace inlay::detail
