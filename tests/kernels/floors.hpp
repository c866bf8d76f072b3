// How many of a hundred random layers of a kind a kernel must accept: an accept rule that becomes narrower is seen.
#pragma once

#include <inlay/graph/layer_kinds.hpp>
#include <inlay/isa/isa.hpp>

namespace inlay_tests {

/// All of them, but for these: a little less than what they accept.
constexpr int floor_of(inlay::isa isa, inlay::layer_kind kind) {
  using set = inlay::isa;
  using inlay::layer_kind;
  const bool plain = isa == set::portable || isa == set::small, dsp = isa == set::arm_dsp, mve = isa == set::arm_mve;
  switch (kind) {
    case layer_kind::conv2d: return plain || dsp ? 100 : mve ? 86 : 90;
    case layer_kind::depthwise_conv2d: return plain ? 100 : dsp ? 67 : mve ? 72 : 82;
    case layer_kind::add: return 90;
    case layer_kind::sub: return 88;
    case layer_kind::mul: return 35;
    case layer_kind::mean: return mve ? 26 : 75;
    case layer_kind::pad: return 76;
    case layer_kind::slice: return 84;
    default: return 100;
  }
}

}  // namespace inlay_tests
