// Inlay: folds over more things than compilers take in one fold expression.
#pragma once

#include <cstdint>
#include <utility>

namespace inlay::inline INLAY_ABI::detail {

/// Calls f(std::integer_sequence<std::int32_t, First, First + 1, …>{}) for Count numbers, in blocks, until it returns
/// true; returns whether it did. Compilers bound the length of fold expressions, clang to 256.
template <std::int32_t Count, std::int32_t First = 0, typename Function>
constexpr bool fold_in_blocks(Function f) {
  constexpr std::int32_t block = 128;
  constexpr std::int32_t here = Count < block ? Count : block;
  const bool found = [&]<std::int32_t... Item>(std::integer_sequence<std::int32_t, Item...>) {
    return f(std::integer_sequence<std::int32_t, First + Item...>{});
  }
  (std::make_integer_sequence<std::int32_t, here>{});
  if constexpr (Count > here)
    return found || fold_in_blocks<Count - here, First + here>(f);
  else
    return found;
}

}  // namespace inlay::detail
