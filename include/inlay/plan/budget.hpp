// Inlay: memory budgets as types.
#pragma once

#include <inlay/config.hpp>

#include <cstddef>

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

/// Named in the static_assert for a budget, so that both numbers are printed.
template <std::size_t NeededBytes, std::size_t BudgetBytes>
concept fits_budget = NeededBytes <= BudgetBytes;

}  // namespace inlay
