// Inlay: vectors of x86-64 with AVX-512.
#pragma once

#include <inlay/kernels/vector/lanes.hpp>
#include <inlay/kernels/vector/x86.hpp>

namespace inlay::inline INLAY_ABI::detail {

#if INLAY_HAS_AVX512_VNNI

/// AVX-512 with dot products. Inputs are multiplied as unsigned bytes, 128 more than they are.
struct avx512_vnni_vectors : channel_block<16, 4> {
  static constexpr std::int32_t lanes = 16;
  static constexpr std::int32_t depth = 4;
  static constexpr int block_panels = 4;
  /// Pixels of a block that has so many panels.
  static constexpr int block_pixels(int panels) { return panels == 1 ? 16 : panels == 2 ? 8 : 6; }
  static constexpr int pointed = 3;
  static constexpr std::int32_t element_offset = 128;
  using element = std::uint8_t;
  using weight = std::int8_t;
  using sums = __m512i;
  using accumulator = std::int32_t __attribute__((vector_size(64)));
  using group = channel_lanes<lanes>;

  static sums load(const std::int32_t* from) { return _mm512_loadu_si512(from); }
  static sums load(const std::uint8_t* from) { return _mm512_loadu_si512(from); }
  static sums load(const std::int8_t* from) { return _mm512_loadu_si512(from); }
  static void store(std::int8_t* to, sums v) { _mm512_storeu_si512(to, v); }
  static sums add(sums a, sums b) { return _mm512_add_epi32(a, b); }
  static sums zero() { return _mm512_setzero_si512(); }

  /// The same `depth` elements for every lane.
  static sums broadcast(const element* from) {
    std::int32_t four;
    std::memcpy(&four, from, 4);
    return _mm512_set1_epi32(four);
  }
  static sums dot(sums to, sums elements, sums weights) { return _mm512_dpbusd_epi32(to, elements, weights); }

  static __mmask64 first_bytes(std::int32_t count) { return count >= 64 ? ~__mmask64{0} : (__mmask64{1} << count) - 1; }

  /// Copies runs of as many bytes of a map as elements.
  class run {
   public:
    explicit run(std::int32_t count) : whole_(count / 64), count_(count), rest_(first_bytes(count % 64)) {}
    void copy(element* to, const std::int8_t* from) const {
      const __m512i flip = _mm512_set1_epi8(-128);
      for (std::int32_t i = 0; i < whole_; ++i, to += 64, from += 64)
        _mm512_storeu_si512(to, _mm512_xor_si512(_mm512_loadu_si512(from), flip));
      if (rest_ != 0) _mm512_mask_storeu_epi8(to, rest_, _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest_, from), flip));
    }
    std::int32_t count() const { return count_; }

   private:
    std::int32_t whole_, count_;
    __mmask64 rest_;
  };
  static void fill(element* to, element value, std::int32_t count) {
    for (; count > 0; count -= 64, to += 64)
      _mm512_mask_storeu_epi8(to, first_bytes(count), _mm512_set1_epi8(static_cast<char>(value)));
  }

  /// Rows of weights, `pitch` from one to the next, as a panel: `depth` of each row, again and again until the
  /// row's `count` are done. Missing rows and weights are zero.
  static void pack(weight* panel, const std::int8_t* rows, std::int32_t pitch, std::int32_t row_count,
                   std::int32_t count) {
    for (std::int32_t first = 0; first < count; first += 64) {
      const __mmask64 some = first_bytes(count - first);
      __m512i a[16], b[16];
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i)
        a[i] = i < row_count ? _mm512_maskz_loadu_epi8(some, rows + i * pitch + first) : _mm512_setzero_si512();
      // 16 × 16 words of four bytes, transposed.
#pragma GCC unroll 16
      for (int i = 0; i < 16; i += 4) {
        const __m512i low_ab = _mm512_unpacklo_epi32(a[i], a[i + 1]), high_ab = _mm512_unpackhi_epi32(a[i], a[i + 1]);
        const __m512i low_cd = _mm512_unpacklo_epi32(a[i + 2], a[i + 3]),
                      high_cd = _mm512_unpackhi_epi32(a[i + 2], a[i + 3]);
        b[i] = _mm512_unpacklo_epi64(low_ab, low_cd);
        b[i + 1] = _mm512_unpackhi_epi64(low_ab, low_cd);
        b[i + 2] = _mm512_unpacklo_epi64(high_ab, high_cd);
        b[i + 3] = _mm512_unpackhi_epi64(high_ab, high_cd);
      }
      const std::int32_t words = count - first >= 64 ? 16 : (count - first + 3) / 4;
      weight* to = panel + first * lanes;
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const __m512i even_low = _mm512_shuffle_i32x4(b[i], b[i + 4], 0x88),
                      even_high = _mm512_shuffle_i32x4(b[i + 8], b[i + 12], 0x88);
        const __m512i odd_low = _mm512_shuffle_i32x4(b[i], b[i + 4], 0xdd),
                      odd_high = _mm512_shuffle_i32x4(b[i + 8], b[i + 12], 0xdd);
        if (i < words) _mm512_storeu_si512(to + 64 * i, _mm512_shuffle_i32x4(even_low, even_high, 0x88));
        if (i + 4 < words) _mm512_storeu_si512(to + 64 * (i + 4), _mm512_shuffle_i32x4(odd_low, odd_high, 0x88));
        if (i + 8 < words) _mm512_storeu_si512(to + 64 * (i + 8), _mm512_shuffle_i32x4(even_low, even_high, 0xdd));
        if (i + 12 < words) _mm512_storeu_si512(to + 64 * (i + 12), _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd));
      }
    }
  }

  /// Rows of weights, `count` each, one after another: how many elements stand before those that a row is multiplied
  /// by. Loads that straddle cache lines take twice as long from the second level's cache, so rows are read from the
  /// beginning of a line, if all begin equally far behind one.
  static std::int32_t row_lead(const std::int8_t* weights, std::int32_t count) {
    return count % line == 0 ? static_cast<std::int32_t>(reinterpret_cast<std::uintptr_t>(weights) % line) : 0;
  }
  static constexpr std::int32_t row_step = 64;

  /// Elements times each of the rows first … first + lanes − 1, of which there are none from `end` on. Elements before
  /// and after those of a row, up to a multiple of row_step, are zero.
  static sums multiply_rows(const element* elements, const std::int8_t* weights, std::int32_t count, std::int32_t first,
                            std::int32_t end) {
    const std::int32_t lead = row_lead(weights, count), lines = (lead + count + line - 1) / line;
    const std::int8_t* const rows = weights + first * count;
    if (!inside(count, first, first + lanes, end, lead)) return multiply_edge(elements, rows, count, first, end, lead);
    if (lines == 2) return multiply_lines<2>(elements, rows - lead, count, lines);
    if (lines == 3) return multiply_lines<3>(elements, rows - lead, count, lines);
    return multiply_lines<0>(elements, rows - lead, count, lines);
  }

 private:
  static constexpr std::int32_t line = 64;  // bytes of a cache line

  /// Whether whole lines can be read: what is before and after these rows are others.
  static bool inside(std::int32_t count, std::int32_t first, std::int32_t last, std::int32_t end, std::int32_t lead) {
    return (first > 0 || lead == 0) && (end - last) * count >= line;
  }
  /// So many lines for each row, any number if zero.
  template <std::int32_t Lines>
  INLAY_NEVER_INLINE static sums multiply_lines(const element* elements, const std::int8_t* rows, std::ptrdiff_t pitch,
                                                std::int32_t lines) {
    sums quarters[4];
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q, rows += 4 * pitch)
      quarters[q] = multiply_four<false>(elements, rows, pitch, 4, line * (Lines != 0 ? Lines : lines));
    return add_quarters(quarters);
  }
  INLAY_NEVER_INLINE static sums multiply_edge(const element* elements, const std::int8_t* rows, std::int32_t count,
                                               std::int32_t first, std::int32_t end, std::int32_t lead) {
    sums quarters[4]{};
    const std::int32_t last = end - first < lanes ? end : first + lanes;
    for (sums* quarter = quarters; first < last; ++quarter, first += 4, rows += 4 * count)
      *quarter = inside(count, first, first + 4, end, lead)
                     ? multiply_four<false>(elements, rows - lead, count, 4, lead + count)
                     : multiply_four<true>(elements + lead, rows, count, end - first, count);
    return add_quarters(quarters);
  }
  /// In each quarter of the result, what sums to the products of each of four rows.
  template <bool Edge>
  INLAY_ALWAYS_INLINE static sums multiply_four(const element* elements, const std::int8_t* row0, std::ptrdiff_t pitch,
                                                std::int32_t rows, std::int32_t count) {
    accumulator a{}, b{}, c{}, d{};
    const std::int8_t* row1 = row0 + (Edge && rows < 2 ? 0 : pitch);
    const std::int8_t* row2 = row1 + (Edge && rows < 3 ? 0 : pitch);
    const std::int8_t* row3 = row2 + (Edge && rows < 4 ? 0 : pitch);
#pragma GCC unroll 3
    for (; count > 0; count -= line, elements += line) {
      const sums e = load(elements);
      const auto next = [&](const std::int8_t*& row) {
        const std::int8_t* const from = row;
        row += line;
        return Edge ? _mm512_maskz_loadu_epi8(first_bytes(count), from) : load(from);
      };
      add_products<avx512_vnni_vectors>(a, e, next(row0));
      add_products<avx512_vnni_vectors>(b, e, next(row1));
      add_products<avx512_vnni_vectors>(c, e, next(row2));
      add_products<avx512_vnni_vectors>(d, e, next(row3));
    }
    const __m512i ab =
        _mm512_add_epi32(_mm512_unpacklo_epi32(sums(a), sums(b)), _mm512_unpackhi_epi32(sums(a), sums(b)));
    const __m512i cd =
        _mm512_add_epi32(_mm512_unpacklo_epi32(sums(c), sums(d)), _mm512_unpackhi_epi32(sums(c), sums(d)));
    return _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
  }
  static sums add_quarters(const sums (&v)[4]) {
    const __m512i low =
        _mm512_add_epi32(_mm512_shuffle_i32x4(v[0], v[1], 0x88), _mm512_shuffle_i32x4(v[0], v[1], 0xdd));
    const __m512i high =
        _mm512_add_epi32(_mm512_shuffle_i32x4(v[2], v[3], 0x88), _mm512_shuffle_i32x4(v[2], v[3], 0xdd));
    return _mm512_add_epi32(_mm512_shuffle_i32x4(low, high, 0x88), _mm512_shuffle_i32x4(low, high, 0xdd));
  }

 public:
  /// Sums that have their bias to outputs, not clamped yet.
  struct requantiser {
    __m512i even, odd, shift, round_even{}, round_odd{};
    explicit requantiser(const group& g)
        : even(_mm512_load_si512(g.multiplier)),
          odd(_mm512_srli_epi64(even, 32)),
          shift(_mm512_sub_epi32(zero(),
                                 _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(g.shift))))) {
      // Added before the shift: half of what is shifted out, and the zero point. It is added to products that are
      // 2^32 times what they stand for, with half of that for their own rounding.
      const __m512i zero_point =
          _mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(g.zero_point)));
      const __m512i added = _mm512_add_epi32(_mm512_sllv_epi32(zero_point, shift),
                                             _mm512_srli_epi32(_mm512_sllv_epi32(_mm512_set1_epi32(1), shift), 1));
      const __m512i half = _mm512_set1_epi64(std::int64_t{1} << 31);
      round_even = _mm512_add_epi64(_mm512_slli_epi64(added, 32), half);
      round_odd = _mm512_mask_mov_epi32(half, 0xaaaa, added);
    }
    sums operator()(sums v) const {
      const __m512i twice = _mm512_add_epi32(v, v);
      const __m512i low = _mm512_add_epi64(_mm512_mul_epi32(twice, even), round_even);
      const __m512i high = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(twice, 32), odd), round_odd);
      const __m512i both = _mm512_mask_shuffle_epi32(high, 0x5555, low, _MM_PERM_DDBB);
      // Ties are rounded away from zero.
      return _mm512_srav_epi32(_mm512_add_epi32(both, _mm512_srai_epi32(v, 31)), shift);
    }
  };

  /// The same, whatever the constants.
  static sums requantise_any(sums v, const group& g) {
    const __m512i even = _mm512_load_si512(g.multiplier), odd = _mm512_srli_epi64(even, 32);
    const __m512i shift = _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(g.shift)));
    const __m512i left = _mm512_max_epi32(shift, zero()), right = _mm512_sub_epi32(left, shift);
    const __m512i half = _mm512_set1_epi64(std::int64_t{1} << 30);
    v = _mm512_sllv_epi32(v, left);
    const __m512i low = _mm512_add_epi64(_mm512_mul_epi32(v, even), half);
    const __m512i high = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(v, 32), odd), half);
    const __m512i both = _mm512_mask_mov_epi32(_mm512_srli_epi64(low, 31), 0xaaaa, _mm512_slli_epi64(high, 1));
    // As divide_by_power_of_two.
    const __m512i one = _mm512_set1_epi32(1);
    const __m512i mask = _mm512_sub_epi32(_mm512_sllv_epi32(one, right), one);
    const __m512i threshold = _mm512_sub_epi32(_mm512_srli_epi32(mask, 1), _mm512_srai_epi32(both, 31));
    const __mmask16 up = _mm512_cmpgt_epi32_mask(_mm512_and_si512(both, mask), threshold);
    const __m512i whole = _mm512_srav_epi32(both, right);
    const __m512i zero_point =
        _mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(g.zero_point)));
    return _mm512_add_epi32(_mm512_mask_add_epi32(whole, up, whole, one), zero_point);
  }

  /// The first `count` lanes, clamped.
  static void store_outputs(std::int8_t* to, sums v, const output_range& range, std::int32_t count) {
    const __m128i narrow = _mm512_cvtsepi32_epi8(v);
    const __m128i clamped = _mm_min_epi8(_mm_max_epi8(narrow, _mm_set1_epi8(static_cast<char>(range.low))),
                                         _mm_set1_epi8(static_cast<char>(range.high)));
    _mm_mask_storeu_epi8(to, static_cast<__mmask16>(first_bytes(count)), clamped);
  }

  // A block: some taps of each channel as `depth` vectors of sums' weights or elements.
  struct parts {
    sums v[parts_count];
  };
  static parts interleave(const sums (&taps)[depth]) {
    const __m512i low_ab = _mm512_unpacklo_epi8(taps[0], taps[1]), high_ab = _mm512_unpackhi_epi8(taps[0], taps[1]);
    const __m512i low_cd = _mm512_unpacklo_epi8(taps[2], taps[3]), high_cd = _mm512_unpackhi_epi8(taps[2], taps[3]);
    return {{_mm512_unpacklo_epi16(low_ab, low_cd), _mm512_unpackhi_epi16(low_ab, low_cd),
             _mm512_unpacklo_epi16(high_ab, high_cd), _mm512_unpackhi_epi16(high_ab, high_cd)}};
  }
  static void store_outputs(std::int8_t* to, const parts& p, const output_range& range, std::int32_t count) {
    const __m512i narrow = _mm512_packs_epi16(_mm512_packs_epi32(p.v[0], p.v[1]), _mm512_packs_epi32(p.v[2], p.v[3]));
    const __m512i clamped = _mm512_min_epi8(_mm512_max_epi8(narrow, _mm512_set1_epi8(static_cast<char>(range.low))),
                                            _mm512_set1_epi8(static_cast<char>(range.high)));
    _mm512_mask_storeu_epi8(to, first_bytes(count), clamped);
  }
  /// The weights of a block for one tap: so many channels, for so many pixels.
  static sums load_weights(const std::int8_t* from, std::int32_t channels, std::int32_t pixels) {
    if (pixels == 1) return _mm512_maskz_loadu_epi8(first_bytes(channels), from);
    if (channels == 32) return _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    if (channels == 16) return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    if (channels == 8) return _mm512_broadcastq_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
    return load(repeat<block>(from, channels, pixels).bytes);
  }
  static sums load_elements(const element* from) { return _mm512_loadu_si512(from); }
};

#endif

}  // namespace inlay::detail
