// Inlay: kernels on vectors, for each instruction set that the compiler may use.
#pragma once

#include <inlay/kernels/vector/convolution.hpp>
#include <inlay/kernels/vector/depthwise.hpp>
#include <inlay/kernels/vector/x86.hpp>

namespace inlay {

#if INLAY_HAS_AVX512_VNNI
template <>
struct fast_kernel<isa::avx512_vnni, layer_kind::conv2d> : detail::vector_convolution<detail::avx512_vnni_vectors> {};
template <>
struct fast_kernel<isa::avx512_vnni, layer_kind::fully_connected>
    : detail::vector_fully_connected<detail::avx512_vnni_vectors> {};
template <>
struct fast_kernel<isa::avx512_vnni, layer_kind::depthwise_conv2d>
    : detail::vector_depthwise_convolution<detail::avx512_vnni_vectors> {};
#endif

}  // namespace inlay
