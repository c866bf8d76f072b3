// Inlay: ADD and SUB on AVX-512, which compilers make less of than of narrower vectors.
#pragma once

#include <inlay/kernels/portable/elementwise.hpp>
#include <inlay/kernels/vector/avx512.hpp>

namespace inlay::inline INLAY_ABI::detail {

#if INLAY_HAS_AVX512_VNNI

/// As fast_sum, 64 elements at a time where both inputs and the output are dense.
template <int Sign>
struct avx512_sum : fast_sum<isa::portable, Sign> {
  using portable = fast_sum<isa::portable, Sign>;
  using typename portable::parameters;
  using typename portable::spec;
  using typename portable::table_entry;

  template <spec S>
  static void run(const parameters& p, const table_entry* table, const map_view<std::int8_t>& output, const region& r,
                  const map_view<const std::int8_t>& a, const map_view<const std::int8_t>& b) {
    const pair_extents& e = p.extents;
    const bool together = e.a_rows + e.a_columns + e.a_channels + e.b_rows + e.b_columns + e.b_channels == 6;
    if (!together || output.pixel_pitch != e.channels || a.pixel_pitch != e.channels || b.pixel_pitch != e.channels)
      return portable::template run<S>(p, table, output, r, a, b);
    if constexpr (S.a_is_wide)
      run_dense<1, Sign>(p, output, r, a, b);
    else
      run_dense<Sign, 1>(p, output, r, b, a);
  }

 private:
  /// The upper words of value × multiplier + addend, one less where the value is negative, shifted right.
  INLAY_ALWAYS_INLINE static __m512i rescaled(__m512i value, __m512i multiplier, __m512i addend, __m512i shift) {
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(value, multiplier), addend);
    const __m512i odd = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(value, 32), multiplier), addend);
    const __m512i upper = _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
    return _mm512_srav_epi32(_mm512_add_epi32(upper, _mm512_srai_epi32(value, 31)), shift);
  }

  template <int WideSign, int NarrowSign>
  INLAY_NEVER_INLINE static void run_dense(const parameters& p, const map_view<std::int8_t>& output, const region& r,
                                           const map_view<const std::int8_t>& wide,
                                           const map_view<const std::int8_t>& narrow) {
    // What is added after the products is added to their upper words before.
    const auto addend = [](std::int32_t value) {
      return _mm512_set1_epi64(std::int64_t{value} * (std::int64_t{1} << 32) + (std::int64_t{1} << 31));
    };
    const __m512i narrow_addend = addend(1 << (p.narrow_shift - 1)), output_addend = addend(p.output.offset);
    const __m512i narrow_multiplier = _mm512_set1_epi32(p.narrow_multiplier);
    const __m512i output_multiplier = _mm512_set1_epi32(p.output.multiplier);
    // Both are multiples of what products with a byte are shifted by.
    const __m512i wide_offset = _mm512_set1_epi32(p.wide_offset >> 13);
    const __m512i narrow_offset = _mm512_set1_epi32(p.narrow_offset >> 14);
    const __m512i narrow_shift = _mm512_set1_epi32(p.narrow_shift), output_shift = _mm512_set1_epi32(p.output.shift);
    const __m512i low = _mm512_set1_epi8(p.low), high = _mm512_set1_epi8(p.high);
    const __m512i in_order =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const std::int32_t count = (r.end_column - r.first_column) * p.extents.channels;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      std::int8_t* out = output.pixel(y, r.first_column);
      const std::int8_t* from_wide = wide.pixel(y, r.first_column);
      const std::int8_t* from_narrow = narrow.pixel(y, r.first_column);
      for (std::int32_t i = 0; i < count; i += 64) {
        const __mmask64 some = avx512_vnni_vectors::first_bytes(count - i);
        const __m512i xs = _mm512_maskz_loadu_epi8(some, from_wide + i);
        const __m512i ys = _mm512_maskz_loadu_epi8(some, from_narrow + i);
        __m512i outputs[4];
#pragma GCC unroll 4
        for (int byte = 0; byte < 4; ++byte) {
          // One byte of each lane times 128, and the offset.
          const __m512i selected = _mm512_set1_epi32(static_cast<int>(0x80u << 8 * byte));
          const __m512i whole = _mm512_slli_epi32(_mm512_dpbusd_epi32(wide_offset, selected, xs), 13);
          const __m512i value = _mm512_slli_epi32(_mm512_dpbusd_epi32(narrow_offset, selected, ys), 14);
          const __m512i rounded = rescaled(value, narrow_multiplier, narrow_addend, narrow_shift);
          const __m512i scaled = _mm512_add_epi32(rounded, rounded);
          const __m512i sum = WideSign < 0     ? _mm512_sub_epi32(scaled, whole)
                              : NarrowSign < 0 ? _mm512_sub_epi32(whole, scaled)
                                               : _mm512_add_epi32(whole, scaled);
          outputs[byte] = rescaled(sum, output_multiplier, output_addend, output_shift);
        }
        const __m512i narrowed =
            _mm512_packs_epi16(_mm512_packs_epi32(outputs[0], outputs[1]), _mm512_packs_epi32(outputs[2], outputs[3]));
        const __m512i bytes = _mm512_shuffle_epi8(narrowed, in_order);
        _mm512_mask_storeu_epi8(out + i, some, _mm512_min_epi8(_mm512_max_epi8(bytes, low), high));
      }
    }
  }
};

#endif

}  // namespace inlay::detail
