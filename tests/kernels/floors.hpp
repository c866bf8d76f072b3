// How many of a hundred random layers of a kind a kernel must accept: an accept rule that becomes narrower is seen.
#pragma once

#include <inlay/graph/layer_kinds.hpp>
#include <inlay/isa/isa.hpp>

namespace inlay_tests {

/// All of them, but for these: what they accept of many, less ten or so.
constexpr int floor_of(inlay::isa isa, inlay::layer_kind kind) {
  using set = inlay::isa;
  using inlay::layer_kind;
  const bool plain = isa == set::portable || isa == set::small, dsp = isa == set::arm_dsp, mve = isa == set::arm_mve;
  switch (kind) {
    case layer_kind::conv2d: return plain || dsp ? 100 : mve ? 95 : 85;
    case layer_kind::depthwise_conv2d: return plain ? 100 : dsp ? 80 : mve ? 87 : 78;
    case layer_kind::add: return 85;
    case layer_kind::sub: return 83;
    case layer_kind::mul:
    case layer_kind::prelu: return 35;
    case layer_kind::mean: return mve ? 15 : 66;
    case layer_kind::pad: return 68;
    case layer_kind::slice: return 74;
    case layer_kind::softmax: return inlay::native_isa == set::small ? 0 : 55;
    default: return 100;
  }
}

}  // namespace inlay_tests
