// Products of matrices whose elements are pairs of bfloat16, summed up in float.
#pragma once

#include <algorithm>

#include "simd.hpp"

namespace engine {

using pair = std::uint32_t;

/// sum + the products of both halves.
inline floats dot(floats sum, words a, words b) {
#ifdef __AVX512BF16__
  return __builtin_bit_cast(floats, _mm512_dpbf16_ps(__builtin_bit_cast(__m512, sum), __builtin_bit_cast(__m512bh, a),
                                                     __builtin_bit_cast(__m512bh, b)));
#else
  const words high = words{} + 0xffff0000U;
  sum += __builtin_bit_cast(floats, a << 16) * __builtin_bit_cast(floats, b << 16);
  return sum + __builtin_bit_cast(floats, a & high) * __builtin_bit_cast(floats, b & high);
#endif
}

/// Where a matrix of pairs lies: element (row, step) is at from[row * rows + step * steps].
struct Left {
  const pair* from;
  size rows, steps;
};

template <size Vectors>
void product(Left a, const pair* b, size b_step, size count, float* out, size out_row, bool half, bool add) {
  constexpr size rows = 8;
  floats sum[rows][Vectors]{};
  for (size step = 0; step < count; ++step) {
    words right[Vectors];
    for (size v = 0; v < Vectors; ++v) std::memcpy(&right[v], b + step * b_step + v * lanes, sizeof right[v]);
#pragma GCC unroll 8
    for (size row = 0; row < rows; ++row) {
      const words left = words{} + a.from[row * a.rows + step * a.steps];
      for (size v = 0; v < Vectors; ++v) sum[row][v] = dot(sum[row][v], left, right[v]);
    }
  }
  for (size row = 0; row < rows; ++row) {
    for (size v = 0; v < Vectors; ++v) {
      float* to = out + row * out_row + v * lanes;
      const bool short_one = half && v == Vectors - 1;
      if (add) {
        // What is read over the end is not written.
        sum[row][v] += load(to);
      }
      store(to, sum[row][v], short_one);
    }
  }
}

/// How many columns the packed matrix on the right has for that many: a multiple of sixteen.
constexpr size padded(size columns) { return (columns + lanes - 1) / lanes * lanes; }

/// out[row][column] = (or +=) the sum over steps; rows and columns are multiples of eight, b has padded(columns).
inline void multiply(Left a, size rows, const pair* b, size steps, float* out, size columns, bool add = false) {
  const size width = padded(columns);
  for (size column = 0; column < width;) {
    const size left = (width - column) / lanes;
    const size vectors = left == 4 ? 2 : std::min<size>(left, 3);
    const bool half = column + vectors * lanes > columns;
    for (size row = 0; row < rows; row += 8) {
      const Left part{a.from + row * a.rows, a.rows, a.steps};
      float* to = out + row * columns + column;
      switch (vectors) {
        case 1: product<1>(part, b + column, width, steps, to, columns, half, add); break;
        case 2: product<2>(part, b + column, width, steps, to, columns, half, add); break;
        default: product<3>(part, b + column, width, steps, to, columns, half, add);
      }
    }
    column += vectors * lanes;
  }
}

/// Rows two by two as one row of pairs, as the sum over rows wants them.
inline void pair_rows(const bf16* from, size rows, size columns, pair* to, size to_row) {
  for (size row = 0; row < rows; row += 2) {
    const bf16 *even = from + row * columns, *odd = even + columns;
    pair* out = to + row / 2 * to_row;
    for (size i = 0; i < columns; ++i) out[i] = pair{even[i]} | pair{odd[i]} << 16;
    for (size i = columns; i < to_row; ++i) out[i] = 0;
  }
}

inline bf16 narrow(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<bf16>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

/// The right matrix of multiply() from weights[step][column] in float, pairs of steps; or of their transpose.
inline void pack(const float* weights, size steps, size columns, bool transposed, pair* to) {
  const size rows = transposed ? columns : steps, wide = transposed ? steps : columns;
  const size row_step = transposed ? 1 : columns, column_step = transposed ? columns : 1;
  for (size row = 0; row < rows; row += 2) {
    pair* out = to + row / 2 * padded(wide);
    const float* first = weights + row * row_step;
    for (size i = 0; i < wide; ++i) {
      out[i] = pair{narrow(first[i * column_step])} | pair{narrow(first[i * column_step + row_step])} << 16;
    }
    for (size i = wide; i < padded(wide); ++i) out[i] = 0;
  }
}

}  // namespace engine
