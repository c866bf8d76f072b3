#include <inlay/narrow.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <type_traits>

namespace {

using inlay::detail::narrow;

// Whether narrow<To>(value) is a constant expression.
template <typename To, auto Value, To = narrow<To>(Value)>
constexpr bool fits(int) {
  return true;
}
template <typename To, auto Value>
constexpr bool fits(...) {
  return false;
}

TEST_CASE("narrow takes what fits, and nothing else is a constant") {
  static_assert(fits<std::int8_t, 127>(0) && !fits<std::int8_t, 128>(0) && fits<std::int8_t, -128>(0));
  static_assert(fits<std::int16_t, -0x8000>(0) && !fits<std::int16_t, -0x8001>(0));
  static_assert(fits<std::uint16_t, 0xffff>(0) && !fits<std::uint16_t, -1>(0));
  static_assert(!fits<std::int32_t, 0xffffffffu>(0) && fits<std::uint32_t, 0xffffffffu>(0));
  static_assert(!fits<std::int64_t, std::uint64_t{1} << 63>(0));
  CHECK(narrow<std::int8_t>(std::int64_t{-5}) == -5);
}

}  // namespace
