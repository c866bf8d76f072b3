// Inlay: vectors of x86-64 with AVX2 and AVX-VNNI.
#pragma once

#include <inlay/kernels/vector/lanes.hpp>
#include <inlay/kernels/vector/x86.hpp>

namespace inlay::inline INLAY_ABI::detail {

#if INLAY_HAS_AVX2

/// What 256-bit vectors have in common, whatever multiplies them.
struct avx2_sums {
  static constexpr std::int32_t lanes = 8;
  static std::int32_t row_lead(const std::int8_t*, std::int32_t) { return 0; }
  using sums = __m256i;
  using accumulator = std::int32_t __attribute__((vector_size(32)));
  using group = channel_lanes<lanes>;

  template <typename Value>
  static sums load(const Value* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  template <typename Value>
  static void store(Value* to, sums v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v);
  }
  static sums add(sums a, sums b) { return _mm256_add_epi32(a, b); }
  static sums zero() { return _mm256_setzero_si256(); }
  static sums shifts(const group& g) {
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(g.shift)));
  }
  static sums zero_points(const group& g) {
    return _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(g.zero_point)));
  }

  /// Row i of eight and word j of four bytes become row j and word i.
  static void transpose(sums (&v)[8]) {
    sums t[8];
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4) {
      const sums low_ab = _mm256_unpacklo_epi32(v[i], v[i + 1]), high_ab = _mm256_unpackhi_epi32(v[i], v[i + 1]);
      const sums low_cd = _mm256_unpacklo_epi32(v[i + 2], v[i + 3]),
                 high_cd = _mm256_unpackhi_epi32(v[i + 2], v[i + 3]);
      t[i] = _mm256_unpacklo_epi64(low_ab, low_cd);
      t[i + 1] = _mm256_unpackhi_epi64(low_ab, low_cd);
      t[i + 2] = _mm256_unpacklo_epi64(high_ab, high_cd);
      t[i + 3] = _mm256_unpackhi_epi64(high_ab, high_cd);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      v[i] = _mm256_permute2x128_si256(t[i], t[i + 4], 0x20);
      v[i + 4] = _mm256_permute2x128_si256(t[i], t[i + 4], 0x31);
    }
  }
  /// Lane i of the result is the sum of the lanes of v[i].
  static sums add_lanes(const sums (&v)[8]) {
    const sums low = _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
    const sums high = _mm256_hadd_epi32(_mm256_hadd_epi32(v[4], v[5]), _mm256_hadd_epi32(v[6], v[7]));
    return _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20), _mm256_permute2x128_si256(low, high, 0x31));
  }

  /// As those of avx512_vnni_vectors.
  struct requantiser {
    __m256i even, odd, shift, round_even{}, round_odd{};
    explicit requantiser(const group& g)
        : even(load(g.multiplier)), odd(_mm256_srli_epi64(even, 32)), shift(_mm256_sub_epi32(zero(), shifts(g))) {
      const __m256i added = _mm256_add_epi32(_mm256_sllv_epi32(zero_points(g), shift),
                                             _mm256_srli_epi32(_mm256_sllv_epi32(_mm256_set1_epi32(1), shift), 1));
      const __m256i half = _mm256_set1_epi64x(std::int64_t{1} << 31);
      round_even = _mm256_add_epi64(_mm256_slli_epi64(added, 32), half);
      round_odd = _mm256_blend_epi32(half, added, 0xaa);
    }
    sums operator()(sums v) const {
      const __m256i twice = _mm256_add_epi32(v, v);
      const __m256i low = _mm256_add_epi64(_mm256_mul_epi32(twice, even), round_even);
      const __m256i high = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(twice, 32), odd), round_odd);
      const __m256i both = _mm256_blend_epi32(_mm256_srli_epi64(low, 32), high, 0xaa);
      return _mm256_srav_epi32(_mm256_add_epi32(both, _mm256_srai_epi32(v, 31)), shift);
    }
  };
  static sums requantise_any(sums v, const group& g) {
    const __m256i even = load(g.multiplier), odd = _mm256_srli_epi64(even, 32), shift = shifts(g);
    const __m256i left = _mm256_max_epi32(shift, zero()), right = _mm256_sub_epi32(left, shift);
    const __m256i half = _mm256_set1_epi64x(std::int64_t{1} << 30);
    v = _mm256_sllv_epi32(v, left);
    const __m256i low = _mm256_add_epi64(_mm256_mul_epi32(v, even), half);
    const __m256i high = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(v, 32), odd), half);
    const __m256i both = _mm256_blend_epi32(_mm256_srli_epi64(low, 31), _mm256_slli_epi64(high, 1), 0xaa);
    const __m256i one = _mm256_set1_epi32(1);
    const __m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, right), one);
    const __m256i threshold = _mm256_sub_epi32(_mm256_srli_epi32(mask, 1), _mm256_srai_epi32(both, 31));
    const __m256i up = _mm256_cmpgt_epi32(_mm256_and_si256(both, mask), threshold);  // −1 where it is
    return _mm256_add_epi32(_mm256_sub_epi32(_mm256_srav_epi32(both, right), up), zero_points(g));
  }

  static void store_outputs(std::int8_t* to, sums v, const output_range& range, std::int32_t count) {
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    const __m128i bytes = clamp(_mm_packs_epi16(words, words), range);
    write_some<lanes>(to, count, [&](std::int8_t* all) { _mm_storel_epi64(reinterpret_cast<__m128i*>(all), bytes); });
  }
  static __m128i clamp(__m128i bytes, const output_range& range) {
    const __m128i low = _mm_set1_epi8(static_cast<char>(range.low)),
                  high = _mm_set1_epi8(static_cast<char>(range.high));
    return _mm_min_epi8(_mm_max_epi8(bytes, low), high);
  }
};

/// Rows of weights and elements. V has depth, dot(), and load_row(), which loads so many bytes of a row, up to
/// row_step.
template <typename V, typename Element>
struct avx2_rows : avx2_sums, element_moves<V, Element> {
  using element = Element;

  template <typename Weight>
  static void pack(Weight* panel, const std::int8_t* rows, std::int32_t pitch, std::int32_t row_count,
                   std::int32_t count) {
    for (std::int32_t first = 0; first < count; first += V::row_step) {
      const std::int32_t rest = count - first;
      sums v[8];
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i) v[i] = i < row_count ? V::load_row(rows + i * pitch + first, rest) : zero();
      transpose(v);
      const std::int32_t words = rest >= V::row_step ? 8 : (rest + V::depth - 1) / V::depth;
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i)
        if (i < words) store(panel + first * lanes + V::row_step * i, v[i]);
    }
  }

  static sums multiply_rows(const Element* elements, const std::int8_t* weights, std::int32_t count, std::int32_t first,
                            std::int32_t end) {
    const std::int32_t whole = count / V::row_step * V::row_step;
    weights += first * count;
    const sums all = first + 8 <= end ? multiply_eight<true>(elements, weights, count, 8, whole)
                                      : multiply_eight<false>(elements, weights, count, end - first, whole);
    return whole == count ? all
                          : _mm256_add_epi32(all, multiply_rest(elements + whole, weights + whole, count, end - first,
                                                                count - whole));
  }

 private:
  /// The first elements, a multiple of row_step, times eight rows, or fewer.
  template <bool All>
  INLAY_NEVER_INLINE static sums multiply_eight(const Element* elements, const std::int8_t* weights,
                                                std::ptrdiff_t pitch, std::int32_t row_count, std::ptrdiff_t count) {
    const std::int8_t* rows[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) rows[i] = All || i < row_count ? weights + i * pitch : weights;
    accumulator to[8]{};
#pragma GCC unroll 2
    for (std::ptrdiff_t at = 0; at < count; at += V::row_step) {
      const sums some = load(elements + at);
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i) add_products<V>(to[i], some, V::load_row(rows[i] + at, V::row_step));
    }
    sums v[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) v[i] = sums(to[i]);
    return add_lanes(v);
  }
  /// The others, fewer than row_step.
  INLAY_NEVER_INLINE static sums multiply_rest(const Element* elements, const std::int8_t* weights,
                                               std::ptrdiff_t pitch, std::int32_t row_count, std::int32_t count) {
    const sums some = load(elements);
    sums v[8];
#pragma GCC unroll 1
    for (int i = 0; i < 8; ++i)
      v[i] = V::dot(zero(), some, V::load_row(i < row_count ? weights + i * pitch : weights, count));
    return add_lanes(v);
  }
};

/// AVX2: inputs and weights are multiplied as 16-bit numbers.
struct avx2_vectors : avx2_rows<avx2_vectors, std::int16_t>, channel_block<8, 2> {
  static constexpr std::int32_t depth = 2;
  static constexpr int block_panels = 4;
  static constexpr int block_pixels(int panels) { return panels == 4 ? 3 : 6; }
  static constexpr int pointed = 1;
  static constexpr std::int32_t element_offset = 0;
  using weight = std::int16_t;

  static sums broadcast(const element* from) {
    std::int32_t two;
    std::memcpy(&two, from, 4);
    return _mm256_set1_epi32(two);
  }
  static sums dot(sums to, sums elements, sums weights) {
    return _mm256_add_epi32(to, _mm256_madd_epi16(elements, weights));
  }
  static sums widen(const std::int8_t* from) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static constexpr std::int32_t row_step = 16;
  static sums load_row(const std::int8_t* from, std::int32_t count) {
    if (count == 8) return _mm256_cvtepi8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
    return count >= row_step ? widen(from) : widen(repeat<row_step>(from, count, 1).bytes);
  }

  static void copy(element* to, const std::int8_t* from, std::int32_t count) {
    std::int32_t i = 0;
    for (; i + 16 <= count; i += 16) store(to + i, widen(from + i));
    if (i + 8 <= count) {
      const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + i));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), _mm_cvtepi8_epi16(eight));
      i += 8;
    }
#pragma GCC unroll 1
    for (; i < count; ++i) to[i] = from[i];
  }

  struct parts {
    sums v[parts_count];
  };
  /// With the type that unpacking takes, since g++ 12 moves others to the stack and back.
  static sums load_elements(const element* from) {
    std::int16_t __attribute__((vector_size(32))) elements;
    std::memcpy(&elements, from, sizeof elements);
    return sums(elements);
  }
  static sums load_from_map(const std::int8_t* from) { return widen(from); }
  static parts interleave(const sums (&taps)[depth]) {
    return {{_mm256_unpacklo_epi16(taps[0], taps[1]), _mm256_unpackhi_epi16(taps[0], taps[1])}};
  }
  using avx2_sums::store_outputs;
  static void store_outputs(std::int8_t* to, const parts& p, const output_range& range, std::int32_t count) {
    const __m256i words = _mm256_packs_epi32(p.v[0], p.v[1]);
    const __m128i bytes =
        clamp(_mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)), range);
    write_some<block>(to, count, [&](std::int8_t* all) { _mm_storeu_si128(reinterpret_cast<__m128i*>(all), bytes); });
  }
  /// All lanes of two vectors, side by side.
  static void store_two(std::int8_t* to, sums a, sums b, const output_range& range) {
    const __m256i words = _mm256_packs_epi32(a, b);
    const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), clamp(_mm_shuffle_epi32(bytes, 0xd8), range));
  }
  static sums load_weights(const std::int8_t* from, std::int32_t channels, std::int32_t pixels) {
    return widen(channels == block ? from : repeat<block>(from, channels, pixels).bytes);
  }
};

#endif

#if INLAY_HAS_AVX_VNNI

/// AVX2 with dot products: as avx512_vnni_vectors, with half the lanes.
struct avx_vnni_vectors : avx2_rows<avx_vnni_vectors, std::uint8_t>, channel_block<8, 4> {
  static constexpr std::int32_t depth = 4;
  static constexpr int block_panels = 2;
  static constexpr int block_pixels(int panels) { return panels == 1 ? 12 : 6; }
  static constexpr int pointed = 3;
  static constexpr std::int32_t element_offset = 128;
  using weight = std::int8_t;

  static sums broadcast(const element* from) {
    std::int32_t four;
    std::memcpy(&four, from, 4);
    return _mm256_set1_epi32(four);
  }
  static sums dot(sums to, sums elements, sums weights) { return _mm256_dpbusd_avx_epi32(to, elements, weights); }
  static constexpr std::int32_t row_step = 32;
  static sums load_row(const std::int8_t* from, std::int32_t count) {
    return count >= row_step ? load(from) : load(repeat<row_step>(from, count, 1).bytes);
  }

  static void copy(element* to, const std::int8_t* from, std::int32_t count) {
    std::int32_t i = 0;
    for (; i + 32 <= count; i += 32) store(to + i, _mm256_xor_si256(load(from + i), _mm256_set1_epi8(-128)));
    for (; i + 8 <= count; i += 8) {
      const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + i));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to + i), _mm_xor_si128(eight, _mm_set1_epi8(-128)));
    }
#pragma GCC unroll 1
    for (; i < count; ++i) to[i] = static_cast<element>(from[i] + 128);
  }

  struct parts {
    sums v[parts_count];
  };
  static sums load_elements(const element* from) { return load(from); }
  static parts interleave(const sums (&taps)[depth]) {
    const __m256i low_ab = _mm256_unpacklo_epi8(taps[0], taps[1]), high_ab = _mm256_unpackhi_epi8(taps[0], taps[1]);
    const __m256i low_cd = _mm256_unpacklo_epi8(taps[2], taps[3]), high_cd = _mm256_unpackhi_epi8(taps[2], taps[3]);
    return {{_mm256_unpacklo_epi16(low_ab, low_cd), _mm256_unpackhi_epi16(low_ab, low_cd),
             _mm256_unpacklo_epi16(high_ab, high_cd), _mm256_unpackhi_epi16(high_ab, high_cd)}};
  }
  using avx2_sums::store_outputs;
  static void store_outputs(std::int8_t* to, const parts& p, const output_range& range, std::int32_t count) {
    const __m256i narrow = _mm256_packs_epi16(_mm256_packs_epi32(p.v[0], p.v[1]), _mm256_packs_epi32(p.v[2], p.v[3]));
    const __m256i bytes = _mm256_min_epi8(_mm256_max_epi8(narrow, _mm256_set1_epi8(static_cast<char>(range.low))),
                                          _mm256_set1_epi8(static_cast<char>(range.high)));
    write_some<block>(to, count, [&](std::int8_t* all) { store(all, bytes); });
  }
  static sums load_weights(const std::int8_t* from, std::int32_t channels, std::int32_t pixels) {
    return load(channels == block ? from : repeat<block>(from, channels, pixels).bytes);
  }
};

#endif

}  // namespace inlay::detail
