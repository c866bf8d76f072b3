// Inlay: convolutions for Cortex-M4, M7 and M33, three pixels at a time.
#pragma once

#include <inlay/kernels/arm_dsp/windows.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

constexpr three_ends ends_of_three(std::int32_t ends) {
  return static_cast<three_ends>(static_cast<std::int32_t>(three_ends::sums) + ends);
}

/// Multiplies the steps in work of three pixels, for channels up to `end`.
INLAY_NEVER_INLINE inline void multiply_three(const convolution_run& s, std::int32_t ends, std::int32_t channel,
                                              std::int32_t end, const std::int8_t* weights,
                                              const std::int32_t* multiplier, std::int32_t* sums) {
  const std::int32_t last_steps = s.steps % steps_of_3_pixels, one = end - channel == 1 ? 0 : 1;
  multiply_3_pixels(s.step == 0 ? three_starts::biases : three_starts::sums, ends_of_three(ends), weights,
                    s.to + channel,
                    {.windows = s.windows(),
                     .windows_end = s.end(),
                     .rounds = static_cast<std::uintptr_t>(last_steps != 0 ? steps_of_3_pixels - last_steps : 0),
                     .distance = one * s.depth,
                     .weights_step = 2 * s.depth - 4 * s.steps,
                     .channel_step = one,
                     .multipliers = multiplier,
                     .biases = 4 * s.bias_distance,
                     .shifts = address_of(s.shifts) - address_of(s.to),
                     .last = s.to + end - 1,
                     .pitch = s.pitch,
                     .rounding = s.rounding,
                     .from_sums = sums,
                     .to_sums = sums});
}

/// Makes the outputs of three pixels and of the next ones while there are three in the row, with all channels at once.
INLAY_NEVER_INLINE inline void make_threes(convolution_run& s) {
  s.step = 0;
  s.steps = s.all_steps;
  const std::int32_t last = s.end_column - 3;
  do {
    widen_windows(s);
    multiply_three(s, s.ends, s.first_channel, s.end_channel, s.weights + s.first_channel * s.depth,
                   s.multipliers + s.first_channel, nullptr);
    s.to += 3 * s.pitch;
    s.x += 3;
  } while (s.x <= last);
}

/// The same where weights lie in pairs, and of one pixel, too: as if it were three.
INLAY_NEVER_INLINE inline void make_pairs(convolution_run& s) {
  const convolution& p = s.p;
  const std::int32_t step_words = p.group_channels % 4 == 0 ? 6 : 9, all_steps = s.all_steps;
  const bool constants = s.flags & convolution_table::has_constants;
  const std::int32_t bytes = pair_bytes(8 * all_steps), header = constants ? load_word(s.weights) : 0;
  const std::int32_t count = constants ? header >> 16 : p.group_outputs / 2;
  const std::int32_t first_channel = constants ? header & 0xffff : s.first_channel;
  const std::int8_t* const first =
      s.weights + (constants ? convolution_table::constants_bytes(p.group_outputs) : s.first_channel / 2 * bytes);
  const std::int8_t* const end = first + count * bytes;
  const bool at_once = all_steps * step_words <= s.words;
  const std::int32_t part_steps = at_once ? all_steps : s.words / 2 / step_words;
  const std::int32_t part_bytes = at_once ? count * bytes : (s.words - part_steps * step_words) / 6 * bytes;
  const std::int32_t distance = p.stride_width * s.input.pixel_pitch, last = s.end_column - 3;
  const std::int32_t minus_zero_points = minus_twice(p.input_zero_point), pitch = s.pitch;
  const bool direct = p.pointwise && step_words == 6 && s.pixels == 3 && s.x <= last;
  const std::int8_t* from = direct ? s.pixel(s.y * p.stride_height, s.x * p.stride_width) : nullptr;
  const pairs_end ends = static_cast<pairs_end>(s.ends);
  std::int32_t* const windows_end = s.end();
  packed_pairs w;
  w.windows_end = windows_end;
  w.rounding = s.rounding;
  w.pitch = s.pixels == 3 ? pitch : 0;
  w.from_sums = w.to_sums = s.buffer();
  do {
    if (constants)
      for (std::int32_t pixel = 0; pixel < s.pixels; ++pixel)
        std::memcpy(s.to + pixel * pitch, s.weights + 4, static_cast<std::size_t>(p.group_outputs));
    std::int8_t* to = s.to + first_channel;
    for (const std::int8_t* pairs = first; pairs != end; pairs = w.end) {
      w.end = end - pairs < part_bytes ? end : pairs + part_bytes;
      std::int8_t* next = to;
      for (std::int32_t step = 0, steps; step < all_steps; step += steps) {
        steps = all_steps - step < part_steps ? all_steps - step : part_steps;
        std::int32_t* const windows = windows_end - 6 * steps;
        if (direct) {
          widen_three(from + 4 * step, distance, windows_end, minus_zero_points, windows);
        } else {
          s.step = static_cast<std::int16_t>(step);
          s.steps = static_cast<std::int16_t>(steps);
          widen_windows(s);
          if (s.pixels == 1) repeat_words(windows, windows_end);
        }
        w.windows = windows;
        w.rounds = static_cast<std::uintptr_t>(-steps & (steps_of_pairs - 1));
        w.before = pair_bytes_before + 8 * step;
        w.behind = bytes - w.before - 8 * steps;
        next = multiply_pairs(step == 0 ? pairs_start::biases : pairs_start::sums,
                              step + steps < all_steps ? pairs_end::sums : ends, pairs, to, w);
      }
      to = next;
    }
    if (direct) from += 3 * distance;
    s.to += 3 * pitch;
    s.x += s.pixels;
  } while (s.x <= last && s.pixels == 3);
}

}  // namespace inlay::detail::arm_dsp
