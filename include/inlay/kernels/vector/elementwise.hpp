// Inlay: ADD and SUB on AVX-512, which compilers make less of than of narrower vectors.
#pragma once

#include <inlay/kernels/portable/elementwise.hpp>
#include <inlay/kernels/vector/x86.hpp>

namespace inlay::detail {

#if INLAY_HAS_AVX512_VNNI

/// As fast_sum, sixteen elements at a time where both inputs and the output are dense.
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
  /// The upper words of a × b + addend, for every lane.
  INLAY_ALWAYS_INLINE static __m512i high_products(__m512i a, __m512i b, __m512i addend) {
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(a, b), addend);
    const __m512i odd = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(a, 32), b), addend);
    return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
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
    const __m512i wide_offset = _mm512_set1_epi32(p.wide_offset), narrow_offset = _mm512_set1_epi32(p.narrow_offset);
    const __m128i narrow_shift = _mm_cvtsi32_si128(p.narrow_shift), output_shift = _mm_cvtsi32_si128(p.output.shift);
    const __m128i low = _mm_set1_epi8(p.low), high = _mm_set1_epi8(p.high);
    const std::int32_t count = (r.end_column - r.first_column) * p.extents.channels;
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      std::int8_t* out = output.pixel(y, r.first_column);
      const std::int8_t* from_wide = wide.pixel(y, r.first_column);
      const std::int8_t* from_narrow = narrow.pixel(y, r.first_column);
      for (std::int32_t i = 0; i < count; i += 16) {
        const auto some = static_cast<__mmask16>(avx512_vnni_vectors::first_bytes(count - i));
        const __m512i x = _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(some, from_wide + i));
        const __m512i value = _mm512_add_epi32(
            _mm512_slli_epi32(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(some, from_narrow + i)), 21), narrow_offset);
        const __m512i product = high_products(value, narrow_multiplier, narrow_addend);
        const __m512i rounded = _mm512_sra_epi32(_mm512_add_epi32(product, _mm512_srai_epi32(value, 31)), narrow_shift);
        const __m512i scaled = _mm512_add_epi32(rounded, rounded);
        const __m512i whole = _mm512_add_epi32(_mm512_slli_epi32(x, 20), wide_offset);
        const __m512i sum = WideSign < 0     ? _mm512_sub_epi32(scaled, whole)
                            : NarrowSign < 0 ? _mm512_sub_epi32(whole, scaled)
                                             : _mm512_add_epi32(whole, scaled);
        const __m512i outputs = _mm512_sra_epi32(
            _mm512_add_epi32(high_products(sum, output_multiplier, output_addend), _mm512_srai_epi32(sum, 31)),
            output_shift);
        const __m128i bytes = _mm_min_epi8(_mm_max_epi8(_mm512_cvtsepi32_epi8(outputs), low), high);
        _mm_mask_storeu_epi8(out + i, some, bytes);
      }
    }
  }
};

#endif

}  // namespace inlay::detail
