// Inlay: the fast kernels that this compilation can use.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/portable/convolution.hpp>
#include <inlay/kernels/portable/elementwise.hpp>
#include <inlay/kernels/portable/move.hpp>
#include <inlay/kernels/portable/reduce.hpp>
#include <inlay/kernels/portable/softmax.hpp>
#include <inlay/kernels/small/convolution.hpp>

#if INLAY_HAS_ARM_DSP
#include <inlay/kernels/arm_dsp/convolution.hpp>
#include <inlay/kernels/arm_dsp/depthwise.hpp>
#include <inlay/kernels/arm_dsp/elementwise.hpp>
#endif

#if INLAY_HAS_ARM_MVE
#include <inlay/kernels/arm_mve/convolution.hpp>
#include <inlay/kernels/arm_mve/depthwise.hpp>
#include <inlay/kernels/arm_mve/elementwise.hpp>
#include <inlay/kernels/arm_mve/reduce.hpp>
#endif

#if INLAY_HAS_AVX2 || INLAY_HAS_NEON
#include <inlay/kernels/vector/kernels.hpp>
#endif
