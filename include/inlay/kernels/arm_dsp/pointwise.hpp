// Inlay: CONV_2D for Cortex-M4, M7 and M33 where windows are small, and a region has many that are inside of the map.
//
// Channels two by two, whose weights are widened once and meet all pixels, three at a time as they lie in the input:
// 28 cycles for 24 products. The input's zero point goes into the biases. Channels with the same output for every input
// are not computed, and any two others make a pair. Rows of windows are whole steps of four bytes: weights behind their
// ends are 0.
#pragma once

#include <inlay/kernels/arm_dsp/convolution_table.hpp>
#include <inlay/kernels/arm_dsp/multiply.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_dsp {

/// What multiply_pixels reads. Assembly counts on the order.
struct channel_pair {
  struct scale {
    std::int32_t multiplier, rounding, shift;  // the first one's shift is 32 more where negative sums round otherwise
  };
  scale scales[2];
  std::int8_t* to;  // the first pixel's output of the first channel
  const std::int32_t* weights;
  std::int32_t biases[2];
  std::uintptr_t place;  // in the code
  std::int32_t gap;      // from an input pixel to the next
  const std::int32_t* weights_end;
  std::int32_t distance;  // from the first channel to the second
  std::int32_t pitch;     // from an output pixel to the next
  std::int32_t step;      // from the end of an input pixel to the third one behind it
  const std::int8_t* end;
  std::int32_t rounds;  // what is behind one: 0, more of the row; 2, the window's next row; 4, either
  const std::int32_t* row_end;
  std::int32_t row_bytes;  // of weights
  std::int32_t row_step;   // from the end of a window's row to its next
  const std::int32_t* first_row_end;
};
static_assert(sizeof(channel_pair) == 22 * 4);

/// The outputs of two channels, of three pixels at a time. r8 to lr are the sums, both channels' of a pixel side by
/// side; r0 is in the weights, r2 in the input. A round has eight steps of four input channels; skipped_steps are left
/// out of the first.
[[gnu::naked, gnu::noinline]] inline void multiply_pixels(const channel_pair*, const std::int8_t* /*from*/,
                                                          std::int32_t /*skipped_steps*/) {
  asm(R"(
  .macro inlay_step
    ldr r7, [sp, #44]
    ldr r4, [r0, #4]
    ldr r5, [r2, r7]
    ldr r6, [r2, r7, lsl #1]
    ldr r1, [r2], #4
    ldr r3, [r0], #16
    .irp rotation, 0, 8
    .if \rotation
    ldrd r3, r4, [r0, #-8]
    .endif
    sxtb16 r7, r1, ror #\rotation
    smlad r8, r7, r3, r8
    smlad r9, r7, r4, r9
    sxtb16 r7, r5, ror #\rotation
    smlad r10, r7, r3, r10
    smlad r11, r7, r4, r11
    sxtb16 r7, r6, ror #\rotation
    smlad r12, r7, r3, r12
    smlad lr, r7, r4, lr
    .endr
  .endm
  .macro inlay_output sum, multiplier, rounding, shift
    lsl \sum, \sum, \shift
    smmla \sum, \sum, \multiplier, \rounding
    ssat \sum, #8, \sum, asr #14
  .endm
  .macro inlay_signed_output sum, multiplier, rounding, shift
    add r7, \rounding, \sum, asr #31
    lsl \sum, \sum, #1
    smmlar \sum, \sum, \multiplier, r7
    asr \sum, \sum, \shift
    ssat \sum, #8, \sum, asr #1
  .endm
  .macro inlay_outputs output
    .irp sum, r8, r10, r12
    \output \sum, r0, r1, r3
    .endr
    .irp sum, r9, r11, lr
    \output \sum, r4, r5, r6
    .endr
  .endm
    push {r4-r11, lr}
    sub sp, #88
    mov r3, sp
    ldmia r0!, {r4-r11}
    stmia r3!, {r4-r11}
    ldmia r0!, {r4-r11}
    stmia r3!, {r4-r11}
    ldmia r0!, {r4-r9}
    stmia r3!, {r4-r9}
    adr r3, 6f
    add r5, r5, r3
    ldrsh r5, [r5, #2]
    add r5, r5, r3
    str r5, [sp, #68]
    ldrsh r4, [r3]
    ldrsh r5, [r3, #2]
    mla r2, r2, r4, r3
    add r2, r2, r5
    str r2, [sp, #40]
    mov r2, r1
  1:
    ldr r0, [sp, #28]
    ldr r8, [sp, #32]
    ldr r9, [sp, #36]
    mov r10, r8
    mov r11, r9
    mov r12, r8
    mov lr, r9
    ldr pc, [sp, #40]
  2:
    inlay_step
  3:
    .rept 7
    inlay_step
    .endr
    ldr r1, [sp, #48]
    cmp r0, r1
    it ne
    ldrne pc, [sp, #68]
    ldm sp, {r0-r1, r3-r7}
    cmp r3, #32
    bhs 5f
    inlay_outputs inlay_output
  4:
    ldr r7, [sp, #24]
    ldr r0, [sp, #52]
    ldr r1, [sp, #56]
    ldr r3, [sp, #60]
    ldr r4, [sp, #64]
    strb r8, [r7]
    strb r9, [r7, r0]
    add r7, r7, r1
    add r2, r2, r3
    strb r10, [r7]
    strb r11, [r7, r0]
    add r7, r7, r1
    cmp r7, r4
    strb r12, [r7]
    strb lr, [r7, r0]
    add r7, r7, r1
    str r7, [sp, #24]
    bne 1b
    add sp, #88
    pop {r4-r11, pc}
  5:
    sub r3, #32
    inlay_outputs inlay_signed_output
    b 4b
  // The window's next row, if this one has ended. The first one is the next one's next.
  7:
    ldr r1, [sp, #72]
    cmp r0, r1
    bne 2b
    ldr r3, [sp, #76]
    ldr r4, [sp, #48]
    add r1, r1, r3
    cmp r1, r4
    it eq
    ldreq r1, [sp, #84]
    str r1, [sp, #72]
  8:
    ldr r5, [sp, #80]
    add r2, r2, r5
    ldr pc, [sp, #40]
    .balign 4
  6:
    .hword 3b - 2b, 2b - 6b + 1, 8b - 6b + 1, 7b - 6b + 1
    .purgem inlay_step
    .purgem inlay_output
    .purgem inlay_signed_output
    .purgem inlay_outputs
  )");
}

/// Widens the weights of two channels, interleaved as multiply_pixels takes them: bytes 0 and 2 of both, then 1 and 3.
/// Returns what each channel's weights add up to, in two halves.
struct halved_sums {
  std::int32_t first = 0, second = 0;
};
INLAY_NEVER_INLINE inline halved_sums widen_weights(const std::int8_t* first, const std::int8_t* second,
                                                    std::int32_t* to, const std::int32_t* end) {
  halved_sums sums;
  asm volatile(
      R"(
  1:
    ldr r10, [%[first]], #4
    ldr r11, [%[second]], #4
    sxtb16 r8, r10
    sxtb16 r9, r11
    sxtb16 r10, r10, ror #8
    sxtb16 r11, r11, ror #8
    sadd16 %[sum0], %[sum0], r8
    sadd16 %[sum1], %[sum1], r9
    sadd16 %[sum0], %[sum0], r10
    sadd16 %[sum1], %[sum1], r11
    stmia %[to]!, {r8-r11}
    cmp %[to], %[end]
    bne 1b
  )"
      : [first] "+r"(first), [second] "+r"(second), [to] "+r"(to), [sum0] "+r"(sums.first), [sum1] "+r"(sums.second)
      : [end] "r"(end)
      : "r8", "r9", "r10", "r11", "cc", "memory");
  return sums;
}

/// Rows of pixels, in the input and in the output.
struct pixel_rows {
  const convolution& p;
  const map_view<const std::int8_t>& input;
  const map_view<std::int8_t>& output;
  std::int32_t first_row, end_row, first_column, columns;

  /// Rows that follow one another in both maps are one.
  pixel_rows(const convolution& layer, const map_view<std::int8_t>& to, const region& r,
             const map_view<const std::int8_t>& from)
      : p(layer),
        input(from),
        output(to),
        first_row(r.first_row),
        end_row(r.end_row),
        first_column(r.first_column),
        columns(r.end_column - r.first_column) {
    if (p.pointwise && p.stride_height == 1 && p.stride_width == 1 && columns == p.input_width &&
        end_row <= from.rows && end_row <= to.rows && from.row_pitch == columns * from.pixel_pitch &&
        to.row_pitch == columns * to.pixel_pitch) {
      first_column = first_row * columns;
      columns *= end_row - first_row;
      first_row = 0;
      end_row = 1;
    }
  }

  const std::int8_t* from(std::int32_t row) const {
    return input.pixel(row * p.stride_height - p.padding_top, first_column * p.stride_width - p.padding_left);
  }
  std::int8_t* to(std::int32_t row) const { return output.pixel(row, first_column); }
};

/// Words for the widened weights of a pair.
constexpr std::int32_t pair_words = 128;

/// Steps of a window's row.
constexpr std::int32_t row_steps(std::int32_t row_bytes) { return (row_bytes + 3) / 4; }

constexpr bool shares_weights(graph_view g, const layer& l) {
  const std::int32_t channels = g.input_of(l).extents.channels();
  const bool pointwise = l.window.kernel == extent2d{1, 1};
  // Larger windows take longer, but those that are to be copied for few channels only.
  if (pointwise ? channels % 4 != 0 : channels % 4 == 0 || g.output_of(l).extents.channels() > 12) return false;
  if (pointwise && l.window.stride.width > 1 && g.output_of(l).extents.width() < 24) return false;
  const std::int32_t words = l.window.kernel.height * 4 * row_steps(l.window.kernel.width * channels);
  return (!pointwise || l.window.padding == padding2d{}) && l.window.dilation == extent2d{1, 1} &&
         words <= pair_words && g.input_of(l, 1).extents.channels() == channels && range_of(g, l).is_whole();
}
/// Few pixels do not pay for widened weights, unless some channels are left out.
inline bool shares_weights(const convolution& p, const pixel_rows& rows, const std::int32_t* table) {
  if (!p.pointwise) return rows.columns >= 12 && rows.columns * (rows.end_row - rows.first_row) >= 40;
  return rows.columns >= (table[0] & convolution_table::has_constants ? 9 : 24);
}

/// Outputs whose windows are inside of the map, with the bytes that the last step of a row reads beyond it; none if
/// rows of windows are not side by side, or for channels with uncommon scales.
inline region inner_region(const convolution& p, const region& r, const map_view<const std::int8_t>& input,
                           const std::int32_t* table) {
  const std::int32_t row_bytes = p.kernel_width * p.group_channels, beyond = 4 * row_steps(row_bytes) - row_bytes;
  const std::int32_t wide = p.kernel_width + (beyond + p.group_channels - 1) / p.group_channels;
  if (input.pixel_pitch != p.group_channels || input.rows < p.input_height ||
      (table[0] & convolution_table::is_uncommon))
    return {};
  region inner = r;
  const auto shrink = [](std::int32_t& first, std::int32_t& end, std::int32_t before, std::int32_t size,
                         std::int32_t stride, std::int32_t extent) {
    const std::int32_t least = (before + stride - 1) / stride;
    const std::int32_t most = extent + before < size ? 0 : (extent + before - size) / stride + 1;
    if (first < least) first = least;
    if (end > most) end = most;
    if (end < first) end = first;
  };
  shrink(inner.first_row, inner.end_row, p.padding_top, p.kernel_height, p.stride_height, p.input_height);
  shrink(inner.first_column, inner.end_column, p.padding_left, wide, p.stride_width, p.input_width);
  return inner;
}

/// Widens the weights of a pair, row by row of the window; takes the input's zero point off the biases.
INLAY_SMALL INLAY_NEVER_INLINE inline void widen_pair(const convolution& p, const std::int8_t* first,
                                                      const std::int8_t* second, std::int32_t* to, channel_pair& pair) {
  const std::int32_t row_bytes = p.kernel_width * p.group_channels, last = row_bytes & 3, whole = row_bytes - last;
  const auto widen = [&](const std::int8_t* a, const std::int8_t* b, std::int32_t bytes) {
    const halved_sums sums = widen_weights(a, b, to, to + bytes);
    to += bytes;
    pair.biases[0] -= p.input_zero_point * ((sums.first >> 16) + static_cast<std::int16_t>(sums.first));
    pair.biases[1] -= p.input_zero_point * ((sums.second >> 16) + static_cast<std::int16_t>(sums.second));
  };
  for (std::int32_t y = 0; y < p.kernel_height; ++y, first += row_bytes, second += row_bytes) {
    if (whole > 0) widen(first, second, whole);
    if (last == 0) continue;
    std::int8_t ends[8] = {};
    for (std::int32_t i = 0; i < last; ++i) {
      ends[i] = static_cast<std::int8_t>(keep(first[whole + i]));
      ends[4 + i] = static_cast<std::int8_t>(keep(second[whole + i]));
    }
    widen(ends, ends + 4, 4);
  }
}

/// The outputs of one channel, whatever its scale.
INLAY_SMALL INLAY_NEVER_INLINE inline void make_uncommon(const convolution& p, const pixel_rows& rows,
                                                         const std::int8_t* weights, std::int32_t bias,
                                                         std::int32_t multiplier, std::int32_t shift,
                                                         std::int32_t channel) {
  const std::int32_t minus_zero_points = minus_twice(p.input_zero_point);
  for (std::int32_t y = rows.first_row; y < rows.end_row; ++y) {
    const std::int8_t* from = rows.from(y);
    std::int8_t* to = rows.to(y) + channel;
    for (std::int32_t x = 0; x < rows.columns; ++x) {
      std::int32_t sum = bias;
      for (std::int32_t i = 0; i < p.group_channels; i += 4) {
        const std::int32_t pixels = load_word(from + i), word = load_word(weights + i);
        sum = add_products(sum, add_even_bytes(minus_zero_points, pixels), even_bytes(word));
        sum = add_products(sum, add_odd_bytes(minus_zero_points, pixels), odd_bytes(word));
      }
      *to = static_cast<std::int8_t>(output_of(sum, multiplier, shift, p.range));
      from += p.stride_width * rows.input.pixel_pitch;
      to += rows.output.pixel_pitch;
    }
  }
}

/// One channel, or all.
INLAY_NEVER_INLINE inline void fill_channels(const pixel_rows& rows, std::int32_t channel, std::int32_t count,
                                             std::int32_t value) {
  for (std::int32_t y = rows.first_row; y < rows.end_row; ++y) {
    std::int8_t* to = rows.to(y) + channel;
    if (count == 1) {
      for (std::int32_t x = rows.columns; x > 0; --x, to += rows.output.pixel_pitch)
        *to = static_cast<std::int8_t>(keep(value));
    } else {
      for (std::int32_t x = rows.columns; x > 0; --x, to += rows.output.pixel_pitch)
        std::memset(to, value, static_cast<std::size_t>(count));
    }
  }
}

INLAY_ALWAYS_INLINE void convolve_pixels(const convolution& p, const std::int32_t* table, const pixel_rows& rows,
                                         const std::int8_t* weights, std::int32_t* buffer) {
  const std::int32_t row_bytes = p.kernel_width * p.group_channels, steps = row_steps(row_bytes);
  const std::int32_t depth = p.kernel_height * row_bytes, outputs = p.group_outputs;
  const bool from_minus_128 = table[0] & convolution_table::from_minus_128;
  const std::int32_t constant_depth = table[0] & convolution_table::is_packed ? 0 : depth;
  const std::int32_t* multiplier = table + 1;
  const std::int32_t bias_distance = table[0] >> 8;
  const std::int8_t* const shifts = scale_table::shifts(multiplier, bias_distance);
  if (table[0] & convolution_table::has_constants) fill_channels(rows, 0, outputs, p.range.zero_point);
  channel_pair pair;
  pair.weights = buffer;
  pair.weights_end = buffer + p.kernel_height * 4 * steps;
  pair.row_end = pair.first_row_end = buffer + 4 * steps;
  pair.rounds = p.kernel_height == 1 ? 0 : steps <= 8 ? 2 : 4;
  pair.row_bytes = 16 * steps;
  pair.row_step = rows.input.row_pitch - 4 * steps;
  pair.gap = p.stride_width * rows.input.pixel_pitch;
  pair.pitch = rows.output.pixel_pitch;
  pair.step = 3 * pair.gap - (p.kernel_height - 1) * rows.input.row_pitch - 4 * steps;
  for (std::int32_t channel = 0;;) {
    std::int32_t found = 0, first_channel = 0;
    const std::int8_t* of_channels[2];
    while (found < 2 && channel < outputs) {
      const std::int32_t shift = shifts[channel];
      if (!convolution_table::has_multiplier(shift)) {
        channel += convolution_table::constants_from(shift);
        weights += convolution_table::constants_from(shift) * constant_depth;
        continue;
      }
      const std::int32_t m = *multiplier, bias = multiplier[bias_distance];
      ++multiplier;
      if (shift == convolution_table::constant_shift) {
        fill_channels(rows, channel, 1, m);
        weights += constant_depth - depth;
      } else if (shift < 0) {
        make_uncommon(p, rows, weights, bias, m, shift, channel);
      } else {
        pair.scales[found] = {m, (2 * p.range.zero_point + 1) << shift, shift};
        if (from_minus_128) pair.scales[found].rounding = convolution_table::rounding_from_minus_128(shift);
        pair.biases[found] = bias;
        of_channels[found] = weights;
        if (found++ == 0) first_channel = channel;
        pair.distance = channel - first_channel;
      }
      ++channel;
      weights += depth;
    }
    if (found == 0) return;
    if (found == 1) {
      pair.scales[1] = pair.scales[0];
      pair.biases[1] = pair.biases[0];
      of_channels[1] = of_channels[0];
    }
    if (!from_minus_128) pair.scales[0].shift += 32;
    widen_pair(p, of_channels[0], of_channels[1], buffer, pair);
    for (std::int32_t y = rows.first_row; y < rows.end_row; ++y) {
      // Of the last three pixels some may be made for a second time.
      const std::int32_t rest = rows.columns % 3, last = rows.columns - 3;
      pair.to = rows.to(y) + first_channel;
      pair.end = pair.to + (rows.columns - rest - 1) * pair.pitch;
      multiply_pixels(&pair, rows.from(y), -steps & 7);
      if (rest == 0) continue;
      pair.to += last * pair.pitch;
      pair.end = pair.to + 2 * pair.pitch;
      multiply_pixels(&pair, rows.from(y) + last * pair.gap, -steps & 7);
    }
  }
}

/// Makes outputs whose windows are inside of the map, if it pays; returns which.
INLAY_SMALL INLAY_NEVER_INLINE inline region convolve_inside(const convolution& p, const std::int32_t* table,
                                                             const map_view<std::int8_t>& output, const region& r,
                                                             const map_view<const std::int8_t>& input,
                                                             const std::int8_t* weights) {
  region inner = p.pointwise ? r : inner_region(p, r, input, table);
  const pixel_rows rows(p, output, inner, input);
  if (!shares_weights(p, rows, table)) {
    inner = {};
    return inner;
  }
  std::int32_t buffer[static_cast<std::size_t>(pair_words)];
  convolve_pixels(p, table, rows, weights, buffer);
  return inner;
}

/// What is above, below, before and behind a part of a region.
INLAY_SMALL INLAY_NEVER_INLINE inline region beside(const region& inner, const region& all, int side) {
  if (side == 0) return {all.first_row, inner.first_row, all.first_column, all.end_column};
  if (side == 1) return {inner.end_row, all.end_row, all.first_column, all.end_column};
  if (side == 2) return {inner.first_row, inner.end_row, all.first_column, inner.first_column};
  return {inner.first_row, inner.end_row, inner.end_column, all.end_column};
}

}  // namespace inlay::detail::arm_dsp
