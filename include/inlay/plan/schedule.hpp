// Inlay: how a network runs, as types.
//
//   inlay::per_layer                                   layer after layer, each over its whole map
//   inlay::least_memory                                the compiler finds the least memory without recomputation
//   inlay::fit<inlay::sram<32 * 1024>>                 the compiler finds the least recomputation that fits
//   inlay::schedule<inlay::per_patch<inlay::split<8>, inlay::grid<3, 3>>,
//                   inlay::per_patch<inlay::split<12>, inlay::rows<1>, inlay::halo::reuse>>   by hand
#pragma once

#include <inlay/plan/budget.hpp>
#include <inlay/plan/stage.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace inlay::inline INLAY_ABI {

/// Layer after layer, each over its whole map.
struct per_layer {};

/// Without computing anything twice, in the least memory that the search finds.
struct least_memory {};

/// A share of something, in hundredths.
template <std::int32_t Value>
struct percent {
  static constexpr std::int32_t value = Value;
};

/// At most so many multiply-accumulates more than layer after layer.
template <typename Percent>
struct max_overhead {
  static constexpr std::int32_t percent = Percent::value;
};

/// More than any schedule computes again.
inline constexpr std::int32_t most_percent = 0x7fffffff;

/// With the least recomputation whose arena is within a budget such as sram<32 * 1024>.
template <typename Budget, typename Overhead = max_overhead<percent<most_percent>>>
struct fit {};

/// Where a stage ends: before this layer, counted as inlay-inspect lists them.
template <std::int32_t Layer>
struct split {
  static constexpr std::int32_t layer = Layer;
};

/// The stage's outputs are cut into Rows × Columns patches, made one after another.
template <std::int32_t Rows, std::int32_t Columns>
struct grid {
  static constexpr std::int32_t row_patches = Rows;
  static constexpr std::int32_t column_patches = Columns;
};

/// Patches of so many rows, as wide as the map: from top to bottom, a row at a time.
template <std::int32_t Rows>
struct rows {
  static_assert(Rows == 1, "Inlay: streamed stages make one row at a time: rows<1>");
};

/// So many strips from top to bottom, a row at a time: rows are kept, columns recomputed.
template <std::int32_t Columns>
struct columns {
  static constexpr std::int32_t column_patches = Columns;
};

/// What happens to pixels that neighbouring patches share: computed again by each, or kept.
enum class halo : std::uint8_t { recompute, reuse };

/// The layers up to a split, patch by patch.
template <typename Split, typename Patches, halo Halo = halo::recompute>
struct per_patch;

template <std::int32_t Layer, std::int32_t Rows, std::int32_t Columns, halo Halo>
struct per_patch<split<Layer>, grid<Rows, Columns>, Halo> {
  static constexpr std::int32_t end = Layer;
  // Where all halos are kept, nothing is left of the grid: each row is made once, as wide as the map.
  static constexpr std::int32_t row_patches = Halo == halo::reuse ? 1 : Rows;
  static constexpr std::int32_t column_patches = Halo == halo::reuse ? 1 : Columns;
};
template <std::int32_t Layer, halo Halo>
struct per_patch<split<Layer>, rows<1>, Halo> {
  static_assert(Halo == halo::reuse, "Inlay: rows<1> is for halo::reuse; to recompute halos, use grid<rows, columns>");
  static constexpr std::int32_t end = Layer;
  static constexpr std::int32_t row_patches = 1;
  static constexpr std::int32_t column_patches = 1;
};
template <std::int32_t Layer, std::int32_t Columns, halo Halo>
struct per_patch<split<Layer>, columns<Columns>, Halo> {
  static constexpr std::int32_t end = Layer;
  static constexpr std::int32_t row_patches = 1;
  static constexpr std::int32_t column_patches = Columns;
};

/// Stages by hand, from the first layer on; what follows the last one runs per layer.
template <typename... Stages>
struct schedule {};

/// The stages of a network with at most Layers layers.
template <std::int32_t Layers>
struct stage_list {
  stage items[Layers > 0 ? static_cast<std::size_t>(Layers) : 1]{};
  std::int32_t count = 0;

  constexpr void append(const stage& s) { items[count++] = s; }
};

}  // namespace inlay
