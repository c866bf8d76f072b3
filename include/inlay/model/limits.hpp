// Inlay: how large what is read from a file may be.
#pragma once

#include <inlay/config.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

// Layers of a network, counted as graph_counts does.
inline constexpr std::uint32_t most_layers = 1 << 16;
inline constexpr std::int32_t most_extent = 1 << 15;
// Columns of a map that is resized.
inline constexpr std::int32_t most_blended = 1 << 20;
// Of one operator that cuts its input.
inline constexpr std::int32_t most_results = 64;
// Of one operator that takes them one by one.
inline constexpr std::int32_t most_samples = 64;
// As many int8 sum up inside 32 bits.
inline constexpr std::int32_t most_summed = 1 << 23;

}  // namespace detail

}  // namespace inlay
