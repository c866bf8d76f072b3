#include <inlay/kernels/vector/lanes.hpp>

#include <doctest/doctest.h>

#include <cstdint>

using inlay::detail::channel_constants;

/// What vectors make of a sum that has its bias, where constants are simple.
static std::int32_t output(const inlay::detail::channel_lanes<4>& group, std::int32_t sum) {
  const std::int32_t product = inlay::detail::doubling_high_multiply(sum, group.multiplier[0]);
  // All 32 bits wide: a zero point must leave room for this.
  const std::uint32_t added = (2u * static_cast<std::uint32_t>(group.zero_point[0]) + 1) << (-group.shift[0] - 1);
  const auto rounded = static_cast<std::int32_t>(static_cast<std::uint32_t>(product + (sum >> 31)) + added);
  return inlay::detail::saturate_to_int8(rounded >> -group.shift[0]);
}

TEST_CASE("channels without weights: simple constants give the reference kernel's outputs") {
  constexpr std::int32_t depth = 2, reach = depth * 255 * 128, offset_sum = 128 * 7;
  int simple = 0, all = 0;
  std::uint32_t random = 1;
  for (int i = 0; i < 20000; ++i) {
    random = random * 1664525 + 1013904223;
    const std::int32_t bias = static_cast<std::int32_t>(random) / (1 + i % 5) | 1;
    // Outputs up to about ±1000.
    const channel_constants c{bias, {(1 << 30) + static_cast<std::int32_t>(random >> 3), -18 - i % 8}};
    const std::int32_t zero_point = i % 256 - 128;
    inlay::detail::channel_lanes<4> group{};
    inlay::detail::set_lane(group, 0, c, depth, offset_sum, zero_point);
    ++all;
    if (group.simple == 0) continue;
    ++simple;
    for (const std::int32_t sum : {-reach, -1000, 0, 1000, reach}) {
      const std::int32_t wanted = inlay::detail::saturate_to_int8(inlay::detail::wrapping_add(
          inlay::detail::multiply(inlay::detail::wrapping_add(c.bias, sum), c.multiplier), zero_point));
      REQUIRE(output(group, inlay::detail::wrapping_add(group.bias[0], sum + offset_sum)) == wanted);
    }
  }
  CHECK(simple > all / 2);
}
