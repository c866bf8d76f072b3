// Inlay: ADD, SUB, MUL and the activations for Cortex-M55 and M85.
#pragma once

#include <inlay/kernels/arm_dsp/elementwise.hpp>
#include <inlay/kernels/arm_mve/requantize.hpp>
#include <inlay/kernels/portable/elementwise.hpp>

#include <arm_mve.h>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail::arm_mve {

/// multiply() for one multiplier with a shift to the right; see scale().
INLAY_ALWAYS_INLINE int32x4_t scale_right(int32x4_t value, std::int32_t multiplier, std::int32_t shift) {
  const int32x4_t high = vqrdmulhq_n_s32(value, multiplier);
  return vrshlq_n_s32(vaddq_s32(high, vshrq_n_s32(high, 31)), shift);
}

constexpr bool shifts_right(fixed_multiplier by) { return by.shift <= -1 && by.shift >= -31; }

/// The next elements of an operand, one for each lane, or the same for all.
struct operand {
  const std::int8_t* from = nullptr;
  std::int32_t step = 1;  // 0: one for all

  template <bool Steps>
  INLAY_ALWAYS_INLINE int32x4_t next_four(mve_pred16_t inside) {
    if constexpr (!Steps) return vdupq_n_s32(*from);
    const int32x4_t v = vldrbq_z_s32(from, inside);
    from += 4;
    return v;
  }
  template <bool Steps>
  INLAY_ALWAYS_INLINE int16x8_t next_eight(mve_pred16_t inside) {
    if constexpr (!Steps) return vdupq_n_s16(*from);
    const int16x8_t v = vldrbq_z_s16(from, inside);
    from += 8;
    return v;
  }
};

/// Calls make(output, a, b, elements) for runs of elements that stand side by side: whole rows where both operands
/// go along, else pixels. An operand with one element for a run has step 0.
template <typename Make>
INLAY_ALWAYS_INLINE void for_each_run(const detail::pair_extents& p, const map_view<std::int8_t>& output,
                                      const region& r, const map_view<const std::int8_t>& a,
                                      const map_view<const std::int8_t>& b, Make make) {
  const std::int32_t a_pitch = a.pixel_pitch * p.a_columns, b_pitch = b.pixel_pitch * p.b_columns;
  std::int32_t columns = r.end_column - r.first_column, elements = p.channels;
  if (output.pixel_pitch == elements && a_pitch == elements * p.a_channels && b_pitch == elements * p.b_channels) {
    elements *= columns;
    columns = 1;
  }
  for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
    std::int8_t* out = output.pixel(y, r.first_column);
    operand from_a{a.pixel(y * p.a_rows, r.first_column * p.a_columns), p.a_channels};
    operand from_b{b.pixel(y * p.b_rows, r.first_column * p.b_columns), p.b_channels};
    for (std::int32_t x = columns; x > 0; --x) {
      make(out, from_a, from_b, elements);
      out += output.pixel_pitch;
      from_a.from += a_pitch;
      from_b.from += b_pitch;
    }
  }
}

/// ADD and SUB; which operand is the wide one as in detail::fast_sum.
template <int Sign>
struct sum : detail::no_table {
  using portable = detail::fast_sum<isa::arm_mve, Sign>;
  using spec = typename portable::spec;

  struct parameters {
    std::int32_t wide_offset = 0, narrow_offset = 0;  // −zero points, shifted as the operands
    std::int32_t narrow_multiplier = 0, multiplier = 0;
    detail::pair_extents extents{};
    std::int8_t narrow_shift = 0, shift = 0;  // negative: to the right
    std::int8_t zero_point = 0, low = -128, high = 127;
  };

  static constexpr bool accepts(graph_view g, const layer& l) { return portable::accepts(g, l); }
  static constexpr spec specialise(graph_view g, const layer& l) {
    return {portable::specialise(g, l).a_is_wide, true};
  }
  static constexpr parameters prepare(graph_view g, const layer& l) {
    const typename portable::parameters p = portable::prepare(g, l);
    const auto reference = portable::reference::prepare(g, l);
    parameters r{};
    r.wide_offset = p.wide_offset / 2;
    r.narrow_offset = p.narrow_offset / 2;
    r.narrow_multiplier = p.narrow_multiplier;
    r.multiplier = p.output.multiplier;
    r.extents = p.extents;
    r.narrow_shift = narrow<std::int8_t>(-p.narrow_shift);
    r.shift = narrow<std::int8_t>(-p.output.shift);
    r.zero_point = narrow<std::int8_t>(reference.output_zero_point);
    r.low = p.low;
    r.high = p.high;
    return r;
  }

  template <spec S>
  INLAY_ALWAYS_INLINE static void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                                      const region& r, const map_view<const std::int8_t>& a,
                                      const map_view<const std::int8_t>& b) {
    if constexpr (S.a_is_wide)
      run_shared<1, Sign>(p, output, r, a, b);
    else
      run_shared<Sign, 1>(p, output, r, b, a);
  }

 private:
  template <int WideSign, int NarrowSign>
  INLAY_NEVER_INLINE static void run_shared(const parameters& p, const map_view<std::int8_t>& output, const region& r,
                                            const map_view<const std::int8_t>& wide,
                                            const map_view<const std::int8_t>& narrow) {
    for_each_run(p.extents, output, r, wide, narrow,
                 [&](std::int8_t* out, operand x, operand y, std::int32_t elements) {
                   if (x.step != 0 && y.step != 0)
                     make<WideSign, NarrowSign, true, true>(p, out, x, y, elements);
                   else if (x.step != 0)
                     make<WideSign, NarrowSign, true, false>(p, out, x, y, elements);
                   else if (y.step != 0)
                     make<WideSign, NarrowSign, false, true>(p, out, x, y, elements);
                   else
                     make<WideSign, NarrowSign, false, false>(p, out, x, y, elements);
                 });
  }

  template <int WideSign, int NarrowSign, bool WideSteps, bool NarrowSteps>
  INLAY_NEVER_INLINE static void make(const parameters& p, std::int8_t* out, operand wide, operand narrow,
                                      std::int32_t elements) {
    const std::int32_t wide_offset = WideSign * p.wide_offset, narrow_offset = p.narrow_offset;
    const std::int32_t narrow_multiplier = p.narrow_multiplier, narrow_shift = p.narrow_shift;
    const std::int32_t multiplier = p.multiplier, shift = p.shift, zero_point = p.zero_point;
    const int32x4_t low = vdupq_n_s32(p.low), high = vdupq_n_s32(p.high);
    for (; elements > 0; elements -= 4, out += 4) {
      const mve_pred16_t inside = vctp32q(static_cast<std::uint32_t>(elements));
      // × 2^20, and half of that for the wide operand.
      int32x4_t y = vaddq_n_s32(vshlq_n_s32(narrow.next_four<NarrowSteps>(inside), 20), narrow_offset);
      y = scale_right(y, narrow_multiplier, narrow_shift);
      int32x4_t x = wide.next_four<WideSteps>(inside);
      if constexpr (WideSign < 0) x = vnegq_s32(x);
      x = vaddq_n_s32(vshlq_n_s32(x, 19), wide_offset);
      int32x4_t v = NarrowSign > 0 ? vaddq_s32(x, y) : vsubq_s32(x, y);
      v = vaddq_n_s32(scale_right(v, multiplier, shift), zero_point);
      vstrbq_p_s32(out, vminq_s32(vmaxq_s32(v, low), high), inside);
    }
  }
};

/// MUL: eight elements at a time, centred ones in 16 bits.
struct product_of_maps : detail::no_table {
  using reference = reference_kernel<layer_kind::mul>;
  struct spec {};

  struct parameters {
    std::int32_t multiplier = 0;
    detail::pair_extents extents{};
    std::int16_t a_zero_point = 0, b_zero_point = 0;
    std::int8_t shift = 0;  // negative: to the right
    std::int8_t zero_point = 0, low = -128, high = 127;
  };

  static constexpr bool accepts(graph_view g, const layer& l) {
    return shifts_right(reference::prepare(g, l).multiplier) && detail::pair_extents::accepts(g, l);
  }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
  static constexpr parameters prepare(graph_view g, const layer& l) {
    const reference::parameters p = reference::prepare(g, l);
    return {p.multiplier.multiplier,
            detail::pair_extents::make(p),
            narrow<std::int16_t>(p.a_zero_point),
            narrow<std::int16_t>(p.b_zero_point),
            narrow<std::int8_t>(p.multiplier.shift),
            narrow<std::int8_t>(p.output_zero_point),
            narrow<std::int8_t>(p.range.low),
            narrow<std::int8_t>(p.range.high)};
  }

  template <spec>
  INLAY_NEVER_INLINE static void run(const parameters& p, const table_entry*, const map_view<std::int8_t>& output,
                                     const region& r, const map_view<const std::int8_t>& a,
                                     const map_view<const std::int8_t>& b) {
    for_each_run(p.extents, output, r, a, b, [&](std::int8_t* out, operand x, operand y, std::int32_t elements) {
      if (x.step != 0 && y.step != 0)
        make<true, true>(p, out, x, y, elements);
      else if (x.step != 0)
        make<true, false>(p, out, x, y, elements);
      else if (y.step != 0)
        make<false, true>(p, out, x, y, elements);
      else
        make<false, false>(p, out, x, y, elements);
    });
  }

 private:
  template <bool ASteps, bool BSteps>
  INLAY_NEVER_INLINE static void make(const parameters& p, std::int8_t* out, operand a, operand b,
                                      std::int32_t elements) {
    const std::int16_t a_zero_point = p.a_zero_point, b_zero_point = p.b_zero_point;
    const std::int32_t multiplier = p.multiplier, shift = p.shift;
    const std::int16_t zero_point = p.zero_point;
    const int16x8_t low = vdupq_n_s16(p.low), high = vdupq_n_s16(p.high);
    for (; elements > 0; elements -= 8, out += 8) {
      const mve_pred16_t inside = vctp16q(static_cast<std::uint32_t>(elements));
      const int16x8_t x = vsubq_n_s16(a.next_eight<ASteps>(inside), a_zero_point);
      const int16x8_t y = vsubq_n_s16(b.next_eight<BSteps>(inside), b_zero_point);
      const int32x4_t even = scale_right(vmullbq_int_s16(x, y), multiplier, shift);
      int16x8_t v = vqmovnbq_s32(vreinterpretq_s16_s32(even), even);
      v = vqmovntq_s32(v, scale_right(vmulltq_int_s16(x, y), multiplier, shift));
      // Saturating where the zero point cannot bring it back.
      v = vqaddq_n_s16(v, zero_point);
      vstrbq_p_s16(out, vminq_s16(vmaxq_s16(v, low), high), inside);
    }
  }
};

/// One byte to one byte by a table of all 256.
struct lookup : detail::lookup_loop {
  struct spec {};
  static constexpr bool accepts(graph_view, const layer&) { return true; }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }

  template <spec>
  INLAY_NEVER_INLINE static void run(const parameters& p, const std::int8_t* table, const map_view<std::int8_t>& output,
                                     const region& r, const map_view<const std::int8_t>& input) {
    const bool dense = output.pixel_pitch == p.channels && input.pixel_pitch == p.channels;
    const std::int32_t columns = r.end_column - r.first_column;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      std::int8_t* out = output.pixel(y, r.first_column);
      const std::int8_t* in = input.pixel(y, r.first_column);
      for (std::int32_t x = dense ? 1 : columns; x > 0; --x) {
        look_up(table, in, out, dense ? columns * p.channels : p.channels);
        out += output.pixel_pitch;
        in += input.pixel_pitch;
      }
    }
  }

 private:
  INLAY_ALWAYS_INLINE static void look_up(const std::int8_t* table, const std::int8_t* in, std::int8_t* out,
                                          std::int32_t elements) {
    asm volatile(
        "   wlstp.8 lr, %[elements], 2f\n"
        "1: vldrb.8 q0, [%[in]], #16\n"
        "   vldrb.u8 q1, [%[table], q0]\n"
        "   vstrb.8 q1, [%[out]], #16\n"
        "   letp lr, 1b\n"
        "2:\n"
        : [in] "+r"(in), [out] "+r"(out)
        : [table] "r"(table), [elements] "r"(elements)
        : "q0", "q1", "lr", "memory");
  }
};

}  // namespace inlay::detail::arm_mve

namespace inlay::inline INLAY_ABI::detail {

template <>
struct fast_kernel<isa::arm_mve, layer_kind::add> : arm_mve::sum<1> {};
template <>
struct fast_kernel<isa::arm_mve, layer_kind::sub> : arm_mve::sum<-1> {};
template <>
struct fast_kernel<isa::arm_mve, layer_kind::mul> : arm_mve::product_of_maps {};
template <>
struct fast_kernel<isa::arm_mve, layer_kind::prelu> : fast_prelu<isa::arm_dsp> {};
template <layer_kind Kind>
requires has_byte_function<Kind>
struct fast_kernel<isa::arm_mve, Kind> : lookup<Kind, arm_mve::lookup> {
};

}  // namespace inlay::detail
