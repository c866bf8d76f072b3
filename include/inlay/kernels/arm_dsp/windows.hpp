// Inlay: the windows of a convolution for Cortex-M4, M7 and M33, gathered and widened to int16.
#pragma once

#include <inlay/kernels/arm_dsp/convolution_table.hpp>
#include <inlay/kernels/arm_dsp/multiply.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// Widens steps of one window; those of `pixels` windows are interleaved.
inline void widen(const std::int8_t* from, std::int32_t steps, std::int32_t minus_zero_points, std::int32_t pixels,
                  std::int32_t* to) {
  for (; steps > 0; --steps, from += 4, to += 2 * pixels) {
    const std::int32_t word = load_word(from);
    to[0] = add_even_bytes(minus_zero_points, word);
    to[pixels] = add_odd_bytes(minus_zero_points, word);
  }
}

/// Widens steps of three windows, `distance` bytes apart, until the end of what it makes; at least one step.
INLAY_NEVER_INLINE inline void widen_three(const std::int8_t* from, std::int32_t distance, const std::int32_t* end,
                                           std::int32_t minus_zero_points, std::int32_t* to) {
  asm volatile(R"(
  1:
    ldr r12, [%[from], %[distance]]
    ldr lr, [%[from], %[distance], lsl #1]
    ldr r11, [%[from]], #4
    sxtab16 r9, %[zero], r12
    sxtab16 r10, %[zero], lr
    sxtab16 r8, %[zero], r11
    sxtab16 r11, %[zero], r11, ror #8
    sxtab16 r12, %[zero], r12, ror #8
    sxtab16 lr, %[zero], lr, ror #8
    stmia %[to]!, {r8-r12, lr}
    cmp %[to], %[end]
    bne 1b
  )"
               : [from] "+r"(from), [to] "+r"(to)
               : [distance] "r"(distance), [zero] "r"(minus_zero_points), [end] "r"(end)
               : "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

/// Copies rows of at least one byte each.
INLAY_ALWAYS_INLINE void copy_rows(const std::int8_t* from, std::int32_t from_pitch, std::int32_t rows,
                                   std::int32_t row_bytes, std::int8_t* to, std::int32_t to_pitch) {
  // By words if they are long enough, of which the first one may overlap the next.
  const std::int32_t last = row_bytes - 4;
  std::int32_t at, word;
  if (last >= 0) {
    asm volatile(
        "1:\n"
        "mov %[at], %[last]\n"
        "2:\n"
        "ldr %[word], [%[from], %[at]]\n"
        "str %[word], [%[to], %[at]]\n"
        "subs %[at], #4\n"
        "bgt 2b\n"
        "ldr %[word], [%[from]]\n"
        "str %[word], [%[to]]\n"
        "add %[from], %[from], %[from_pitch]\n"
        "add %[to], %[to], %[to_pitch]\n"
        "subs %[rows], #1\n"
        "bne 1b\n"
        : [from] "+r"(from), [to] "+r"(to), [rows] "+l"(rows), [at] "=&l"(at), [word] "=&r"(word)
        : [from_pitch] "r"(from_pitch), [to_pitch] "r"(to_pitch), [last] "r"(last)
        : "cc", "memory");
  } else {
    do {
      for (std::int32_t i = row_bytes - 1; i >= 0; --i) to[i] = static_cast<std::int8_t>(keep(from[i]));
      from += from_pitch;
      to += to_pitch;
    } while (--rows > 0);
  }
}

struct convolution_run;

/// Functions that a layer needs beside those for single pixels, or none: a program has those that some layer needs.
struct convolution_ways {
  void (*pairs)(convolution_run&);   // make_pairs, for weights that lie in such
  void (*threes)(convolution_run&);  // make_threes
  void (*multiply_three)(const convolution_run&, std::int32_t, std::int32_t, std::int32_t, const std::int8_t*,
                         const std::int32_t*, std::int32_t*);
};

/// The work on a region of one group's channels: three pixels at a time, or one.
struct convolution_run {
  const convolution_ways& ways;
  const convolution& p;
  const map_view<const std::int8_t>& input;
  one_pixel& m;                                   // behind the buffer
  std::int32_t words = 0;                         // of the buffer
  std::int32_t first_column = 0, end_column = 0;  // of the output
  std::int32_t input_width = 0;
  const std::int32_t* multipliers = nullptr;
  std::int32_t bias_distance = 0;  // entries from a multiplier to its channel's bias
  const std::int8_t* shifts = nullptr;
  const std::int8_t* weights = nullptr;  // the first channel's first step
  std::int32_t depth = 0;
  std::int32_t pitch = 0;     // of the output
  std::int32_t rounding = 0;  // of a shift of 0
  std::int16_t first_channel = 0, end_channel = 0;
  std::int16_t group_at = 0;  // the group's first channel in the input
  std::int16_t all_steps = 0;
  std::uint8_t before = 0;  // bytes in front of a window that make its steps whole
  std::uint8_t flags = 0;   // of the table
  std::uint8_t ends = 0;    // how multiplications end that make outputs: see one_ends; 0 if none does
  bool dense = false;       // a window's taps are side by side, its rows one after the other
  bool joined = false;      // rows of the output follow one another

  // What is in work: pixels from (y, x) on, their outputs, and steps of their windows.
  std::uint8_t pixels = 0;
  std::int16_t y = 0;
  std::int32_t x = 0;
  std::int8_t* to = nullptr;
  std::int16_t step = 0, steps = 0;

  INLAY_ALWAYS_INLINE const std::int8_t* pixel(std::int32_t row, std::int32_t column) const {
    return input.pixel(row, column) + group_at;
  }
  INLAY_ALWAYS_INLINE std::int32_t* end() const { return reinterpret_cast<std::int32_t*>(&m); }
  INLAY_ALWAYS_INLINE std::int32_t* buffer() const { return end() - words; }
  INLAY_ALWAYS_INLINE std::int32_t* windows() const { return end() - 2 * pixels * steps; }
};

inline std::uintptr_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

INLAY_ALWAYS_INLINE void clear_steps(std::int32_t* to, const std::int32_t* end, std::int32_t pixels) {
  for (; to < end; to += pixels) *to = keep(0);
}

/// Widens the steps in work where a pixel's channels are whole words.
INLAY_SMALL INLAY_NEVER_INLINE inline void widen_words(const convolution_run& s) {
  const convolution& p = s.p;
  const std::int32_t channels = p.group_channels, row_bytes = p.kernel_width * channels, pixels = s.pixels;
  const std::int32_t minus_zero_points = minus_twice(p.input_zero_point);
  // Pieces are rows of windows, if those are side by side in the map, or taps.
  const bool dense = s.input.pixel_pitch == channels && p.dilation_width == 1;
  const std::int32_t piece_taps = dense ? p.kernel_width : 1, piece_bytes = piece_taps * channels;
  std::int32_t row = s.y * p.stride_height - p.padding_top, column = s.x * p.stride_width - p.padding_left;
  std::int32_t at = 4 * s.step, left = 4 * s.steps, tap_column = 0;
  for (; at >= row_bytes; at -= row_bytes) row += p.dilation_height;
  for (; at >= piece_bytes; at -= piece_bytes) tap_column += p.dilation_width;
  const std::int32_t end_tap = (p.kernel_width - 1) * p.dilation_width;
  for (std::int32_t* to = s.windows(); left > 0;) {
    const std::int32_t end = at + left < piece_bytes ? at + left : piece_bytes;
    std::int32_t* const end_to = to + (end - at) / 2 * pixels;
    std::int32_t y = row, first = column + tap_column, x = s.x;
    for (std::int32_t pixel = 0; pixel < pixels; ++pixel) {
      // What is in the map.
      std::int32_t low = first < 0 ? -first * channels : 0, high = (s.input_width - first) * channels;
      if (y < 0 || y >= p.input_height) high = 0;
      if (low < at) low = at;
      if (low > end) low = end;
      if (high > end) high = end;
      if (high < low) high = low;
      std::int32_t* const inside = to + pixel + (low - at) / 2 * pixels;
      clear_steps(to + pixel, inside, pixels);
      if (high > low) widen(s.pixel(y, first) + low, (high - low) / 4, minus_zero_points, pixels, inside);
      clear_steps(inside + (high - low) / 2 * pixels, end_to, pixels);
      first += p.stride_width;
      if (++x < s.end_column) continue;
      // Rows that are joined.
      first -= (x - s.first_column) * p.stride_width;
      x = s.first_column;
      y += p.stride_height;
    }
    left -= end - at;
    to = end_to;
    at = end;
    if (at < piece_bytes) break;
    at = 0;
    tap_column += p.dilation_width;
    if (dense || tap_column > end_tap) tap_column = 0, row += p.dilation_height;
  }
}

/// The same for three pixels of a row.
INLAY_NEVER_INLINE inline void widen_row_of_three(const convolution_run& s) {
  const convolution& p = s.p;
  const std::int32_t minus_zero_points = minus_twice(p.input_zero_point), pitch = s.input.pixel_pitch;
  const std::int32_t column = s.x * p.stride_width - p.padding_left, distance = p.stride_width * pitch;
  const std::int32_t last = s.input_width - 1 - 2 * p.stride_width;  // of the first pixel
  // Taps that are side by side are one.
  std::int32_t taps = p.kernel_width, bytes = p.group_channels, tap = 0, at = 4 * s.step;
  if (pitch == bytes && p.dilation_width == 1 && column >= 0 && column + taps - 1 <= last) bytes *= taps, taps = 1;
  std::int32_t row = s.y * p.stride_height - p.padding_top;
  for (; at >= bytes; at -= bytes)
    if (++tap == taps) tap = 0, row += p.dilation_height;
  std::int32_t* const end = s.end();
  for (std::int32_t* to = s.windows(); to != end; tap = 0, row += p.dilation_height) {
    const bool in_map = row >= 0 && row < p.input_height;
    std::int32_t x = column + tap * p.dilation_width;
    const std::int8_t* from = in_map ? s.pixel(row, x) : nullptr;
    for (; tap < taps && to != end; ++tap, x += p.dilation_width, at = 0) {
      std::int32_t* tap_end = to + (bytes - at) / 4 * 6;
      if (tap_end > end) tap_end = end;
      if (in_map && x >= 0 && x <= last) {
        widen_three(from + at, distance, tap_end, minus_zero_points, to);
      } else {
        for (std::int32_t i = 0; i < 3; ++i) {
          const std::int32_t of_pixel = x + i * p.stride_width;
          if (in_map && of_pixel >= 0 && of_pixel < s.input_width)
            widen(from + at + i * distance, (tap_end - to) / 6, minus_zero_points, 3, to + i);
          else
            clear_steps(to + i, tap_end, 3);
        }
      }
      if (in_map) from += p.dilation_width * pitch;
      to = tap_end;
    }
  }
}

/// Four zero points of the input.
INLAY_ALWAYS_INLINE std::int32_t zero_points(const convolution& p) {
  return static_cast<std::int32_t>(static_cast<std::uint8_t>(p.input_zero_point) * 0x1010101u);
}

/// Copies the steps in work of the window that starts at row y, column x of the input; zero points where it is outside
/// and before the window.
INLAY_SMALL INLAY_NEVER_INLINE inline void copy_part(const convolution_run& s, std::int32_t y, std::int32_t x,
                                                     std::int8_t* to) {
  const convolution& p = s.p;
  const std::int32_t channels = p.group_channels;
  const std::int32_t row_bytes = p.kernel_width * channels, tap_pitch = p.dilation_width * s.input.pixel_pitch;
  const std::int8_t* const end = to + 4 * s.steps;
  std::int32_t at = 4 * s.step - s.before;
  for (; at < 0; ++at) *to++ = p.input_zero_point;
  std::int32_t ky = at / row_bytes, kx = at % row_bytes / channels, channel = at % row_bytes % channels;
  for (; to != end; ++ky, kx = 0) {
    const std::int32_t row = y + ky * p.dilation_height;
    const bool row_inside = row >= 0 && row < p.input_height;
    const std::int8_t* const from = row_inside ? s.pixel(row, x) : nullptr;
    for (; to != end && kx < p.kernel_width; ++to) {
      const std::int32_t column = x + kx * p.dilation_width;
      const bool inside = row_inside && column >= 0 && column < s.input_width;
      *to = inside ? from[kx * tap_pitch + channel] : p.input_zero_point;
      if (++channel == channels) channel = 0, ++kx;
    }
  }
}

/// Copies the whole window that starts at row y, column x of the input; zero points where it is outside and before the
/// window. Without dilation.
INLAY_SMALL INLAY_NEVER_INLINE inline void copy_window(const convolution_run& s, std::int32_t y, std::int32_t x,
                                                       std::int8_t* to) {
  const convolution& p = s.p;
  for (std::int32_t i = 0; i < s.all_steps; ++i) store_word(to + 4 * i, zero_points(p));
  const std::int32_t first_tap = x < 0 ? -x : 0;
  const std::int32_t end_tap = s.input_width - x < p.kernel_width ? s.input_width - x : p.kernel_width;
  const std::int32_t end_row = p.input_height < y + p.kernel_height ? p.input_height : y + p.kernel_height;
  if (first_tap >= end_tap) return;
  const std::int32_t to_pitch = p.kernel_width * p.group_channels;
  to += s.before + first_tap * p.group_channels;
  if (y < 0) to -= y * to_pitch, y = 0;
  while (y < end_row) {
    // Up to where the ring of rows starts again.
    const std::int32_t in_ring = s.input.rows - y % s.input.rows;
    const std::int32_t rows = end_row - y < in_ring ? end_row - y : in_ring;
    copy_rows(s.pixel(y, x + first_tap), s.input.row_pitch, rows, (end_tap - first_tap) * p.group_channels, to,
              to_pitch);
    y += rows;
    to += rows * to_pitch;
  }
}

/// Widens the steps in work by way of copies.
INLAY_SMALL INLAY_NEVER_INLINE inline void widen_copies(const convolution_run& s) {
  const convolution& p = s.p;
  std::int32_t* const windows = s.windows();
  std::int8_t* const copies = reinterpret_cast<std::int8_t*>(windows - s.pixels * s.steps);
  std::int32_t y = s.y, x = s.x;
  for (std::int8_t* copy = copies; copy != reinterpret_cast<std::int8_t*>(windows); copy += 4 * s.steps) {
    (s.dense && s.steps == s.all_steps ? copy_window : copy_part)(s, y * p.stride_height - p.padding_top,
                                                                  x * p.stride_width - p.padding_left, copy);
    if (++x == s.end_column) ++y, x = s.first_column;
  }
  if (s.pixels == 3)
    widen_three(copies, 4 * s.steps, s.end(), minus_twice(p.input_zero_point), windows);
  else
    widen(copies, s.steps, minus_twice(p.input_zero_point), 1, windows);
}

/// Copies the windows of the three pixels in work, to before `end`.
INLAY_NEVER_INLINE inline void copy_three(const convolution_run& s, std::int8_t* end) {
  const convolution& p = s.p;
  const std::int32_t row_bytes = p.kernel_width * p.group_channels, copy_bytes = 4 * s.all_steps;
  std::int32_t y = s.y, x = s.x, row = 0, column = 0;
  bool rows_inside = false;
  const std::int8_t* from = nullptr;
  for (std::int8_t* copy = end - 3 * copy_bytes; copy != end; copy += copy_bytes) {
    if (from == nullptr) {
      row = y * p.stride_height - p.padding_top;
      column = x * p.stride_width - p.padding_left;
      const std::int32_t ring_row = row >= 0 ? row % s.input.rows : 0;
      rows_inside = row >= 0 && row + p.kernel_height <= p.input_height && ring_row + p.kernel_height <= s.input.rows;
      from = s.pixel(row >= 0 ? row : 0, column);
    }
    if (rows_inside && column >= 0 && column + p.kernel_width <= s.input_width) {
      store_word(copy, zero_points(p));
      copy_rows(from, s.input.row_pitch, p.kernel_height, row_bytes, copy + s.before, row_bytes);
    } else {
      copy_window(s, row, column, copy);
    }
    column += p.stride_width;
    from += p.stride_width * s.input.pixel_pitch;
    if (++x == s.end_column) ++y, x = s.first_column, from = nullptr;
  }
}

INLAY_NEVER_INLINE inline void widen_windows(const convolution_run& s) {
  const convolution& p = s.p;
  const std::int32_t minus_zero_points = minus_twice(p.input_zero_point);
  std::int32_t* const windows = s.windows();
  const std::int8_t* from;
  std::int32_t distance;
  if (p.group_channels % 4 != 0) {
    if (s.pixels != 3 || !s.dense || s.steps != s.all_steps) {
      widen_copies(s);
      return;
    }
    from = reinterpret_cast<const std::int8_t*>(windows) - 12 * s.steps;
    distance = 4 * s.steps;
    copy_three(s, reinterpret_cast<std::int8_t*>(windows));
  } else if (!p.pointwise || s.x + s.pixels > s.end_column) {
    (s.pixels == 3 && s.x + 3 <= s.end_column ? widen_row_of_three : widen_words)(s);
    return;
  } else {
    from = s.pixel(s.y * p.stride_height, s.x * p.stride_width) + 4 * s.step;
    distance = p.stride_width * s.input.pixel_pitch;
  }
  if (s.pixels == 3)
    widen_three(from, distance, s.end(), minus_zero_points, windows);
  else
    widen(from, s.steps, minus_zero_points, 1, windows);
}

/// Each of the words at the end three times.
INLAY_SMALL INLAY_NEVER_INLINE inline void repeat_words(std::int32_t* to, const std::int32_t* end) {
  for (const std::int32_t* from = end - (end - to) / 3; from < end; ++from, to += 3)
    to[0] = to[1] = to[2] = keep(*from);
}

}  // namespace inlay::detail::arm_dsp
