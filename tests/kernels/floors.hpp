// How many of a hundred random layers each kernel must accept: an accept rule that becomes narrower is seen.
#pragma once

#include <inlay/graph/layer_kinds.hpp>
#include <inlay/isa/isa.hpp>

namespace inlay_tests {

constexpr int floor_of(inlay::isa, inlay::layer_kind) { return 0; }

}  // namespace inlay_tests
