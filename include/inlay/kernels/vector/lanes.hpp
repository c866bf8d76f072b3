// Inlay: what layers with weights need beside vectors: constants of output channels, and bytes moved about.
//
// An instruction set's primitives (x86.hpp, neon.hpp) are a struct with
//
//   lanes, depth                int32 sums in a vector; products that one dot() adds to each
//   element, element_offset     what inputs are multiplied as: the int8 plus the offset
//   weight                      what weights are multiplied as
//   block_panels, block_pixels  the block of sums that stays in registers
//   sums                        a vector of int32
#pragma once

#include <inlay/kernels/reference/convolution.hpp>

#include <cstdint>
#include <cstring>

namespace inlay::detail {

/// Constants of as many output channels as a vector of sums has lanes.
template <std::int32_t Lanes>
struct alignas(64) channel_lanes {
  std::int32_t bias[Lanes]{};  // what the zero point and the element's offset add is in it
  std::int32_t multiplier[Lanes]{};
  std::int8_t shift[Lanes]{};  // as in fixed_multiplier
  std::uint8_t simple = 0;     // sums are below 2^30 and shifts are −1 to −23: a shorter requantisation is exact
};

/// Puts a channel's constants into a lane. `depth` products make a sum.
template <std::int32_t Lanes>
constexpr void set_lane(channel_lanes<Lanes>& group, std::int32_t lane, channel_constants c, std::int32_t depth,
                        std::int32_t offset_sum) {
  constexpr std::int64_t largest_product = 255 * 128;
  const std::int64_t bias = c.bias;
  const std::int64_t largest_sum = depth * largest_product + (bias < 0 ? -bias : bias);
  fixed_multiplier m = c.multiplier;
  // What is always rounded to zero is zero with any shift.
  if (m.multiplier == 0 || (m.shift < -1 && largest_sum < std::int64_t{1} << (-m.shift - 1))) m = {0, -1};
  if (largest_sum >= std::int64_t{1} << 29 || m.shift > -1 || m.shift < -23) group.simple = 0;
  group.bias[lane] = wrapping_add(c.bias, -offset_sum);
  group.multiplier[lane] = m.multiplier;
  group.shift[lane] = static_cast<std::int8_t>(m.shift);
}

/// The requantisation of one sum, whatever the constants.
template <std::int32_t Lanes>
std::int32_t requantise_lane(std::int32_t sum, const channel_lanes<Lanes>& group, std::int32_t lane,
                             std::int32_t zero_point) {
  return wrapping_add(multiply(sum, {group.multiplier[lane], group.shift[lane]}), zero_point);
}

/// The output's zero point and the clamp that follows it.
struct output_range {
  std::int32_t zero_point = 0;
  std::int32_t low = -128;
  std::int32_t high = 127;
};

/// As many bytes as fit, in pieces of a power of two, for counts too small for a call of memcpy.
INLAY_ALWAYS_INLINE void copy_few(std::int8_t* to, const std::int8_t* from, std::int32_t count) {
  for (; count >= 8; count -= 8, to += 8, from += 8) std::memcpy(to, from, 8);
  if ((count & 4) != 0) {
    std::memcpy(to, from, 4);
    to += 4;
    from += 4;
  }
  if ((count & 2) != 0) {
    std::memcpy(to, from, 2);
    to += 2;
    from += 2;
  }
  if ((count & 1) != 0) *to = *from;
}

constexpr std::int32_t round_up(std::int32_t value, std::int32_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace inlay::detail
