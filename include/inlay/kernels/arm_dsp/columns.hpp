// Inlay: CONV_2D for Cortex-M4, M7 and M33 where windows are three columns wide, and step from one column to the next.
//
// The windows of three neighbouring pixels are five columns of the map, which are widened to int16, the zero point
// taken off and 0 put where they leave the map. A unit is two channels of a row of them: five words, one for each
// column. Bytes 0 and 2 of four channels are one, bytes 1 and 3 the next.
//
//   first pixel    c0 c1 c2         weights  t0 t1 t2
//   second pixel      c1 c2 c3               t0 t1 t2
//   third pixel          c2 c3 c4               t0 t1 t2
//
// Weights lie as packed_pairs.hpp has them: for each unit, a word for each of the three taps.
#pragma once

#include <inlay/kernels/arm_dsp/convolution_table.hpp>
#include <inlay/kernels/arm_dsp/packed_pairs.hpp>
#include <inlay/kernels/arm_dsp/widen_planes.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// What multiply_pairs does with units: 35 cycles for the 36 products of one. A round has six; it ends where the
/// stack says.
[[gnu::naked, gnu::noinline]] inline void column_rounds() {
  asm(R"(
  .macro inlay_tap first, second, pixel0, pixel1, pixel2
    sxtb16 \first, \second
    smlad r8, \pixel0, \first, r8
    smlad r9, \pixel1, \first, r9
    smlad r10, \pixel2, \first, r10
    sxtb16 \second, \second, ror #8
    smlad r11, \pixel0, \second, r11
    smlad r12, \pixel1, \second, r12
    smlad lr, \pixel2, \second, lr
  .endm
  .macro inlay_unit more:vararg
    ldr r4, [r0, #4]
    ldr r5, [r0, #8]
    ldr r6, [r2, #4]
    ldr r1, [r2], #12
    ldr r3, [r0], #20
    inlay_tap r7, r1, r3, r4, r5
    ldr r3, [r0, #-8]
    ldr r1, [r2, #-4]
    inlay_tap r7, r6, r4, r5, r3
    ldr r4, [r0, #-4]
    \more
    inlay_tap r7, r1, r5, r3, r4
  .endm
  1:
    .rept 5
    inlay_unit
    .endr
    inlay_unit ldr r6, [sp, #52]
    cmp r0, r6
    bne 1b
    ldr pc, [sp, #4]
    .purgem inlay_tap
    .purgem inlay_unit
  )");
}

/// Widens four channels of five columns, and the next four, until the end of what it makes.
INLAY_NEVER_INLINE inline void widen_columns(const std::int8_t* const (&from)[5], std::int32_t minus_zero_points,
                                             std::int32_t* to, const std::int32_t* end) {
  const std::int8_t *a = from[0], *b = from[1], *c = from[2], *d = from[3], *e = from[4];
  asm volatile(R"(
  1:
    ldr r8, [%[a]], #4
    ldr r9, [%[b]], #4
    ldr r10, [%[c]], #4
    sxtab16 r11, %[zero], r8
    sxtab16 r8, %[zero], r8, ror #8
    str r11, [%[to]]
    str r8, [%[to], #20]
    sxtab16 r11, %[zero], r9
    sxtab16 r9, %[zero], r9, ror #8
    str r11, [%[to], #4]
    str r9, [%[to], #24]
    sxtab16 r11, %[zero], r10
    sxtab16 r10, %[zero], r10, ror #8
    ldr r8, [%[d]], #4
    ldr r9, [%[e]], #4
    str r11, [%[to], #8]
    str r10, [%[to], #28]
    sxtab16 r11, %[zero], r8
    sxtab16 r8, %[zero], r8, ror #8
    str r11, [%[to], #12]
    str r8, [%[to], #32]
    sxtab16 r11, %[zero], r9
    sxtab16 r9, %[zero], r9, ror #8
    str r11, [%[to], #16]
    str r9, [%[to], #36]
    add %[to], #40
    cmp %[to], %[end]
    bne 1b
  )"
               : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [e] "+r"(e), [to] "+r"(to)
               : [zero] "r"(minus_zero_points), [end] "r"(end)
               : "r8", "r9", "r10", "r11", "cc", "memory");
}

/// Words for widened columns, and for sums where not all units fit.
constexpr std::int32_t column_words = 240;
constexpr std::int32_t column_part_units = 24;  // where not all fit

/// Widens units of the windows of `pixels` neighbours, the first of which starts at row y, column x of the input.
INLAY_NEVER_INLINE inline void widen_units(const convolution& p, const map_view<const std::int8_t>& input,
                                           std::int32_t y, std::int32_t x, std::int32_t pixels, std::int32_t unit,
                                           std::int32_t* to, std::int32_t* end) {
  const std::int32_t channels = p.group_channels, last = x + pixels + 1;
  const std::int32_t last_column = last < p.input_width ? last : p.input_width - 1;
  // Those beyond are read from the map, and cleared.
  std::int32_t columns[5], column = ((x < 0 ? 0 : x) - input.first_column) * input.pixel_pitch;
  for (std::int32_t i = 0; i < 5; ++i) {
    columns[i] = column;
    if (x + i >= 0 && x + i < last_column) column += input.pixel_pitch;
  }
  std::int32_t channel = unit * 2;
  for (; channel >= channels; channel -= channels) ++y;
  const std::int8_t* from = nullptr;
  std::int32_t in_ring = 0;  // rows from this one on up to where the ring starts again
  for (std::int32_t* row = to; row != end; channel = 0, ++y) {
    std::int32_t* row_end = row + (channels - channel) / 2 * 5;
    if (row_end > end) row_end = end;
    if (y >= 0 && y < p.input_height) {
      if (in_ring == 0 || y == input.newer_row) {
        from = input.row(y);
        in_ring = input.rows - y % input.rows;
      }
      const std::int8_t* const first = from + channel;
      widen_columns(
          {first + columns[0], first + columns[1], first + columns[2], first + columns[3], first + columns[4]},
          minus_twice(p.input_zero_point), row, row_end);
      from += input.row_pitch;
      --in_ring;
    } else {
      clear_words(row, row_end);
    }
    row = row_end;
  }
  if (x >= 0 && x + 4 <= last_column) return;
  for (std::int32_t i = 0; i < 5; ++i)
    if (x + i < 0 || x + i > last_column)
      for (std::int32_t* word = to + i; word < end; word += 5) *word = keep(0);
}

INLAY_SMALL INLAY_NEVER_INLINE inline void convolve_columns(const convolution& p, const std::int32_t* table,
                                                            const map_view<std::int8_t>& output, const region& r,
                                                            const map_view<const std::int8_t>& input,
                                                            const std::int8_t* weights) {
  std::int32_t buffer[static_cast<std::size_t>(column_words)];
  const bool from_minus_128 = table[0] & convolution_table::from_minus_128;
  const std::int32_t units = p.kernel_height * p.group_channels / 2, outputs = p.group_outputs;
  const bool whole = 5 * units <= column_words;
  const std::int32_t part_units = whole ? units : column_part_units;
  const std::int32_t most_channels = whole ? outputs : (column_words - 5 * part_units) / 6 * 2;
  packed_pairs w;
  w.windows = buffer;
  w.rounds = reinterpret_cast<std::uintptr_t>(column_rounds);
  w.rounding = from_minus_128 ? -255 * (1 << (convolution_table::fraction_bits - 1)) : 2 * p.range.zero_point + 1;
  for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
    for (std::int32_t x = r.first_column, pixels; x < r.end_column; x += pixels) {
      // Of the last three pixels some may be made for a second time. Fewer are made one by one.
      pixels = 3;
      if (r.end_column - r.first_column < 3)
        pixels = 1;
      else if (x + 3 > r.end_column)
        x = r.end_column - 3;
      w.pitch = pixels == 1 ? 0 : output.pixel_pitch;
      std::int8_t* const to = output.pixel(y, x);
      for (std::int32_t channel = 0; channel < outputs; channel += most_channels) {
        const std::int32_t end = outputs - channel < most_channels ? outputs : channel + most_channels;
        for (std::int32_t unit = 0, count; unit < units; unit += count) {
          count = units - unit < part_units ? units - unit : part_units;
          std::int32_t* const columns_end = buffer + 5 * count;
          widen_units(p, input, y * p.stride_height - p.padding_top, x - p.padding_left, pixels, unit, buffer,
                      columns_end);
          w.windows_end = columns_end;
          w.before = pair_bytes_before + 12 * unit;
          w.behind = pair_bytes(12 * units) - w.before - 12 * count;
          w.end = weights + end / 2 * pair_bytes(12 * units);
          w.from_sums = w.to_sums = buffer + 5 * part_units;
          multiply_pairs(unit == 0 ? pairs_start::biases : pairs_start::sums,
                         unit + count < units ? pairs_end::sums
                         : from_minus_128     ? pairs_end::outputs_from_minus_128
                                              : pairs_end::outputs,
                         weights + channel / 2 * pair_bytes(12 * units), to + channel, w);
        }
      }
    }
  }
}

}  // namespace inlay::detail::arm_dsp
