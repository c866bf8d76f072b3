// Inlay: the fast kernels that this compilation can use.
#pragma once

#include <inlay/config.hpp>

#if INLAY_HAS_ARM_DSP
#include <inlay/kernels/arm_dsp/convolution.hpp>
#include <inlay/kernels/arm_dsp/depthwise.hpp>
#endif
