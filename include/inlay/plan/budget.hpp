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

/// Named in the static_assert for a budget, so that both numbers are printed.
template <std::size_t NeededBytes, std::size_t BudgetBytes>
concept fits_budget = NeededBytes <= BudgetBytes;

}  // namespace inlay
