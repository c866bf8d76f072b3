// Inlay: memory budgets as types.
#pragma once

#include <inlay/config.hpp>
#include <inlay/model/error.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

/// At most Bytes of SRAM: the network's arena.
template <std::size_t Bytes>
struct sram {
  static constexpr std::size_t bytes = Bytes;
};

/// At most Bytes of flash: the model and the tables made from it, without code.
template <std::size_t Bytes>
struct flash {
  static constexpr std::size_t bytes = Bytes;
};

namespace detail {

template <typename>
inline constexpr bool is_budget = false;
template <std::size_t Bytes>
inline constexpr bool is_budget<sram<Bytes>> = true;
template <std::size_t Bytes>
inline constexpr bool is_budget<flash<Bytes>> = true;

}  // namespace detail

/// A type that bounds a network's memory.
template <typename Type>
concept budget_type = detail::is_budget<Type>;

/// There is no such type: a compiler prints why a schedule or a budget is refused as it says so, like model_refused.
template <auto... Why>
struct plan_refused;

namespace detail {

template <std::size_t NeededBytes, typename Budget>
inline constexpr error_text exceeded_budget{};
template <std::size_t NeededBytes, std::size_t Bytes>
inline constexpr error_text exceeded_budget<NeededBytes, sram<Bytes>> = [] {
  error_text text;
  text.append("the network needs ", static_cast<std::int64_t>(NeededBytes), " bytes of SRAM, its budget has ",
              static_cast<std::int64_t>(Bytes));
  return text;
}();
template <std::size_t NeededBytes, std::size_t Bytes>
inline constexpr error_text exceeded_budget<NeededBytes, flash<Bytes>> = [] {
  error_text text;
  text.append("the network needs ", static_cast<std::int64_t>(NeededBytes), " bytes of flash, its budget has ",
              static_cast<std::int64_t>(Bytes));
  return text;
}();

/// Does not compile for a budget that is exceeded, and says so.
template <std::size_t NeededBytes, typename Budget, bool Fits = NeededBytes <= Budget::bytes>
struct refuse_budget {};
template <std::size_t NeededBytes, typename Budget>
struct refuse_budget<NeededBytes, Budget, false> {
  static_assert(sizeof(refuse_model<exceeded_budget<NeededBytes, Budget>, plan_refused>) > 0);
};

}  // namespace detail

}  // namespace inlay
