// Inlay: what layers with weights need beside vectors: constants of output channels, and bytes moved about.
//
// An instruction set's primitives (avx2.hpp, avx512.hpp, neon.hpp) are a struct with
//
//   lanes, depth                int32 sums in a vector; products that one dot() adds to each
//   element, element_offset     what inputs are multiplied as: the int8 plus the offset
//   weight                      what weights are multiplied as
//   block_panels, block_pixels  the block of sums that stays in registers
//   pointed                     pixels of a block that share a pointer
//   sums                        a vector of int32
//   accumulator                 the same, where products are added up in a loop
#pragma once

#include <inlay/kernels/reference/convolution.hpp>
#include <inlay/narrow.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace inlay::inline INLAY_ABI::detail {

/// Constants of as many output channels as a vector of sums has lanes.
template <std::int32_t Lanes>
struct alignas(64) channel_lanes {
  std::int32_t bias[static_cast<std::size_t>(Lanes)]{};  // what the zero point and the element's offset add is in it
  std::int32_t multiplier[static_cast<std::size_t>(Lanes)]{};
  std::int16_t zero_point[static_cast<std::size_t>(Lanes)]{};  // of the output
  std::int8_t shift[static_cast<std::size_t>(Lanes)]{};        // as in fixed_multiplier
  std::uint8_t simple = 1;   // sums are below 2^30 and shifts are −1 to −23: less arithmetic is exact
  std::uint8_t repeats = 0;  // whether repeats(this group, the one before)
};

/// Whether all but the bias is alike: nothing has to be loaded anew.
template <std::int32_t Lanes>
constexpr bool repeats(const channel_lanes<Lanes>& group, const channel_lanes<Lanes>& before) {
  bool same = group.simple == before.simple;
  for (std::int32_t i = 0; i < Lanes && same; ++i)
    same = group.multiplier[i] == before.multiplier[i] && group.zero_point[i] == before.zero_point[i] &&
           group.shift[i] == before.shift[i];
  return same;
}

/// Channels that training has left without weights have a bias near the ends of int32 and a shift to match: all their
/// sums give the same output, or one of two neighbours. Puts simple constants for them into a lane, if it is one.
template <std::int32_t Lanes>
constexpr bool set_step(channel_lanes<Lanes>& group, std::int32_t lane, channel_constants c, std::int32_t reach,
                        std::int32_t offset_sum, std::int32_t zero_point) {
  constexpr std::int32_t most_reach = 1 << 26;
  if (reach >= most_reach || c.bias > 0x7fffffff - reach || c.bias < -0x7fffffff + reach || c.multiplier.shift > 0)
    return false;
  const auto output = [&](std::int32_t sum) {
    return saturate_to_int8(clamp_between(multiply(c.bias + sum, c.multiplier), -1000, 1000) + zero_point);
  };
  const std::int32_t low = output(-reach), high = output(reach);
  if (high - low > 1) return false;
  group.zero_point[lane] = narrow<std::int16_t>(low);
  if (low == high) {
    group.bias[lane] = group.multiplier[lane] = 0;
    group.shift[lane] = -1;
    return true;
  }
  std::int32_t below = -reach, step = reach;  // sums without the bias that give the lower and the higher output
  while (step - below > 1) {
    const std::int32_t between = below + (step - below) / 2;
    (output(between) == low ? below : step) = between;
  }
  // A sixteenth of the sum, brought to where half of 2^23 rounds up.
  group.bias[lane] = wrapping_add((1 << 26) - (1 << 3) - step, -offset_sum);
  group.multiplier[lane] = 1 << 27;
  group.shift[lane] = -23;
  return true;
}

/// Puts a channel's constants into a lane. `depth` products make a sum; `offset_sum` is what the zero point and the
/// element's offset add to it.
template <std::int32_t Lanes>
constexpr void set_lane(channel_lanes<Lanes>& group, std::int32_t lane, channel_constants c, std::int32_t depth,
                        std::int32_t offset_sum, std::int32_t zero_point) {
  const std::int32_t reach = depth * 255 * 128;
  // All sums times zero.
  if (c.multiplier.multiplier == 0) c = {0, {0, -1}};
  const std::int64_t bias = c.bias;
  const bool simple = (bias < 0 ? -bias : bias) + reach < std::int64_t{1} << 30 && c.multiplier.shift <= -1 &&
                      c.multiplier.shift >= -23;
  if (!simple && set_step(group, lane, c, reach, offset_sum, zero_point)) return;
  if (!simple) group.simple = 0;
  group.bias[lane] = wrapping_add(c.bias, -offset_sum);
  group.multiplier[lane] = c.multiplier.multiplier;
  group.shift[lane] = narrow<std::int8_t>(c.multiplier.shift);
  group.zero_point[lane] = narrow<std::int16_t>(zero_point);
}

/// The clamp that follows requantisation.
struct output_range {
  std::int32_t low = -128;
  std::int32_t high = 127;
};

/// Adds products to sums. In loops g++ 12 moves vectors about, and to the stack, unless they have the type that it
/// gives to the operands of the instruction; which is not that of the intrinsics.
template <typename V>
INLAY_ALWAYS_INLINE void add_products(typename V::accumulator& to, typename V::sums elements,
                                      typename V::sums weights) {
  to = typename V::accumulator(V::dot(typename V::sums(to), elements, weights));
}

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

/// The first `count` of the bytes that write(to) writes.
template <std::int32_t Bytes, typename Write>
INLAY_ALWAYS_INLINE void write_some(std::int8_t* to, std::int32_t count, Write write) {
  if (count >= Bytes) return write(to);
  std::int8_t all[static_cast<std::size_t>(Bytes)];
  write(all);
  copy_few(to, all, count);
}

/// So many bytes, again and again, then zeros.
template <std::int32_t Bytes>
struct repeat {
  repeat(const std::int8_t* from, std::int32_t count, std::int32_t times) {
    for (std::int32_t i = 0, at = 0; i < times; ++i, at += count) copy_few(bytes + at, from, count);
  }
  std::int8_t bytes[static_cast<std::size_t>(Bytes)]{};
};

/// A block of channels: `Parts` vectors of sums, each lane of which is where narrowing them together, four lanes at a
/// time, puts it in order.
template <std::int32_t Lanes, std::int32_t Parts>
struct channel_block {
  static constexpr std::int32_t parts_count = Parts;
  static constexpr std::int32_t block = Lanes * Parts;
  static constexpr std::int32_t block_lane(std::int32_t part, std::int32_t lane) {
    return 4 * Parts * (lane / 4) + 4 * part + lane % 4;
  }
};

/// How elements are copied and filled in without masks. V has copy(to, from, count).
template <typename V, typename Element>
struct element_moves {
  /// Copies runs of as many bytes of a map as elements.
  class run {
   public:
    explicit run(std::int32_t count) : count_(count) {}
    void copy(Element* to, const std::int8_t* from) const { V::copy(to, from, count_); }
    std::int32_t count() const { return count_; }

   private:
    std::int32_t count_;
  };
  static void fill(Element* to, Element value, std::int32_t count) {
    for (std::int32_t i = 0; i < count; ++i) to[i] = value;
  }
};

constexpr std::int32_t round_up(std::int32_t value, std::int32_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace inlay::detail
