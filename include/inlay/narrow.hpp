// Inlay: numbers in smaller types, checked.
#pragma once

#include <inlay/config.hpp>

#include <type_traits>

namespace inlay::inline INLAY_ABI::detail {

/// Not constexpr, so that a constant expression which comes here is none.
[[noreturn]] inline void value_does_not_fit() { __builtin_trap(); }

/// A value in a type that need not hold all values of its own. If it does not fit, a constant expression does not
/// compile, and a program ends.
template <typename To, typename From>
constexpr To narrow(From value) {
  static_assert(std::is_integral_v<To> && std::is_integral_v<From>);
  const To narrowed = static_cast<To>(value);
  if (static_cast<From>(narrowed) != value || (narrowed < To{}) != (value < From{})) value_does_not_fit();
  return narrowed;
}

}  // namespace inlay::detail
