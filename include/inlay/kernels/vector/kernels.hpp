// Inlay: kernels on vectors, for each instruction set that the compiler may use.
#pragma once

#include <inlay/kernels/vector/avx2.hpp>
#include <inlay/kernels/vector/avx512.hpp>
#include <inlay/kernels/vector/convolution.hpp>
#include <inlay/kernels/vector/depthwise.hpp>
#include <inlay/kernels/vector/elementwise.hpp>
#include <inlay/kernels/vector/neon.hpp>
#include <inlay/kernels/vector/pool.hpp>

namespace inlay::inline INLAY_ABI {

#define INLAY_VECTOR_KERNELS(name)                                                                           \
  template <>                                                                                                \
  struct fast_kernel<isa::name, layer_kind::conv2d> : detail::vector_convolution<detail::name##_vectors> {}; \
  template <>                                                                                                \
  struct fast_kernel<isa::name, layer_kind::fully_connected>                                                 \
      : detail::vector_fully_connected<detail::name##_vectors> {};                                           \
  template <>                                                                                                \
  struct fast_kernel<isa::name, layer_kind::depthwise_conv2d>                                                \
      : detail::vector_depthwise_convolution<detail::name##_vectors> {};                                     \
  template <>                                                                                                \
  struct fast_kernel<isa::name, layer_kind::average_pool2d> : detail::vector_pool<true> {};                  \
  template <>                                                                                                \
  struct fast_kernel<isa::name, layer_kind::max_pool2d> : detail::vector_pool<false> {};

#if INLAY_HAS_AVX512_VNNI
INLAY_VECTOR_KERNELS(avx512_vnni)
template <>
struct fast_kernel<isa::avx512_vnni, layer_kind::add> : detail::avx512_sum<1> {};
template <>
struct fast_kernel<isa::avx512_vnni, layer_kind::sub> : detail::avx512_sum<-1> {};
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

}  // namespace inlay
