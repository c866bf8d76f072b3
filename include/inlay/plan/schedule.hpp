// Inlay: how a network runs, as types.
#pragma once

#include <inlay/config.hpp>

namespace inlay {

/// Layer after layer, each over its whole map.
struct per_layer {};

}  // namespace inlay
