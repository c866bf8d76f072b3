// Inlay: how a network runs, as types.
//
//   inlay::per_layer                                   layer after layer, each over its whole map; where that is faster
//                                                      it takes up to a sixteenth more memory, but not in a list
//   inlay::least_memory                                the compiler finds the least memory without recomputation
//   inlay::fit<inlay::sram<32 * 1024>>                 the compiler finds the least recomputation that fits
//   inlay::fit<inlay::sram<32 * 1024>, inlay::max_overhead<inlay::percent<5>>>   …, and no more than 5 %
//   inlay::fit<inlay::sram<32 * 1024>, inlay::weights_read<4096, 8>>   …, and streams only through small layers
//   inlay::schedule<inlay::per_patch<inlay::split<8>, inlay::grid<3, 3>>,
//                   inlay::per_patch<inlay::split<12>, inlay::rows<1>>>   by hand
#pragma once

#include <inlay/plan/budget.hpp>
#include <inlay/plan/stage.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace inlay::inline INLAY_ABI {

/// Layer after layer, each over its whole map: a schedule, or what runs up to a split.
struct per_layer {
  static constexpr stage patches{};
};

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

/// Layers with weights of more than Bytes are in no stage of several layers or patches that reads these more than Times
/// a run: a stage reads a layer's weights for each row that the layer makes. For weights in slow memory.
template <std::int32_t Bytes, std::int32_t Times>
struct weights_read {
  static constexpr read_limit reads{Bytes, Times};
};

/// With the least recomputation whose arena is within a budget such as sram<32 * 1024>. Limits are max_overhead and
/// weights_read.
template <typename Budget, typename... Limits>
struct fit {};

/// Where a stage ends: before this layer, counted as inlay-inspect lists them.
template <std::int32_t Layer>
struct split {
  static constexpr std::int32_t layer = Layer;
};

/// The stage's outputs are cut into Rows × Columns patches, made one after another; halos are recomputed.
template <std::int32_t Rows, std::int32_t Columns>
struct grid {
  static constexpr stage patches{.row_patches = Rows, .column_patches = Columns};
};

/// Patches of so many rows, as wide as the map: from top to bottom, a row at a time; halos are kept.
template <std::int32_t Rows>
struct rows {
  static constexpr stage patches{};
  static constexpr bool is_possible = Rows == 1;
};

/// As rows<1>, each row cut into so many segments that are made from left to right: less is kept of rows that are read
/// while they are made.
template <std::int32_t Count>
struct segments {
  static constexpr stage patches{.segments = Count};
  static constexpr bool is_possible = Count >= 1;
};

/// So many strips from top to bottom, a row at a time: rows are kept, columns recomputed.
template <std::int32_t Columns>
struct columns {
  static constexpr stage patches{.column_patches = Columns};
};

/// The layers up to a split, patch by patch, or layer after layer. What happens to halos follows from the patches; it
/// can be said, too.
template <typename Split, typename Patches, halo Halo = Patches::patches.halos()>
struct per_patch {
  static constexpr std::int32_t end = Split::layer;
  static constexpr stage patches = Patches::patches;
  static constexpr bool is_possible = [] {
    if constexpr (requires { Patches::is_possible; })
      return Patches::is_possible;
    else
      return true;
  }();
  static constexpr bool has_its_halos = Halo == patches.halos();
  static constexpr bool is_per_layer = std::is_same_v<Patches, per_layer>;
};

/// Stages by hand, from the first layer on; what follows the last one runs per layer.
template <typename... Stages>
struct schedule {};

namespace detail {

/// More than any schedule computes again.
inline constexpr std::int32_t most_percent = 0x7fffffff;

/// What a fit has to keep.
struct fit_limits {
  std::int64_t budget_bytes = 0;
  std::int32_t percent = most_percent;  // computed again, at most
  read_limit reads{};
};

template <typename>
inline constexpr bool is_fit_limit = false;
template <std::int32_t Percent>
inline constexpr bool is_fit_limit<max_overhead<percent<Percent>>> = true;
template <std::int32_t Bytes, std::int32_t Times>
inline constexpr bool is_fit_limit<weights_read<Bytes, Times>> = true;

template <std::size_t Bytes, typename... Limits>
constexpr fit_limits limits_of() {
  fit_limits all{static_cast<std::int64_t>(Bytes)};
  [[maybe_unused]] const auto take = [&all]<typename Limit>(std::type_identity<Limit>) {
    if constexpr (requires { Limit::percent; })
      all.percent = Limit::percent;
    else
      all.reads = Limit::reads;
  };
  (take(std::type_identity<Limits>{}), ...);
  return all;
}

template <typename>
inline constexpr bool is_stage = false;
template <>
inline constexpr bool is_stage<per_layer> = true;
template <typename Split, typename Patches, halo Halo>
inline constexpr bool is_stage<per_patch<Split, Patches, Halo>> = true;

template <typename>
inline constexpr bool is_schedule = false;
template <>
inline constexpr bool is_schedule<per_layer> = true;
template <>
inline constexpr bool is_schedule<least_memory> = true;
template <std::size_t Bytes, typename... Limits>
inline constexpr bool is_schedule<fit<sram<Bytes>, Limits...>> = (true && ... && is_fit_limit<Limits>);
template <typename... Stages>
inline constexpr bool is_schedule<schedule<Stages...>> = (true && ... && is_stage<Stages>);

/// The stages of a network with at most Layers layers.
template <std::int32_t Layers>
struct stage_list {
  stage items[Layers > 0 ? static_cast<std::size_t>(Layers) : 1]{};
  std::int32_t count = 0;

  constexpr void append(const stage& s) { items[count++] = s; }
};

}  // namespace detail

/// A type that says how a network runs.
template <typename Type>
concept schedule_type = detail::is_schedule<Type>;

}  // namespace inlay
