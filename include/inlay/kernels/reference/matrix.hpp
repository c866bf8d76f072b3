// Inlay: reference kernel of BATCH_MATMUL.
#pragma once

#include <inlay/config.hpp>
#include <inlay/kernels/fixed_point.hpp>
#include <inlay/kernels/kernel.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI::detail {

/// Products of matrices, which stand along the two innermost axes: transposed where bit i of the mask is set for the
/// i-th input. Along the other axes either input may have one matrix for all.
/// tensorflow/lite/kernels/internal/reference/batch_matmul.h.
template <>
struct reference_kernel<layer_kind::batch_matmul> : no_table {
  /// Elements from one to the next.
  struct strides {
    std::int32_t outer = 0, along = 0;               // rows of the first, columns of the second; what is summed up
    std::array<std::int32_t, max_rank - 2> batch{};  // innermost first; 0 where it has one matrix for all
  };
  struct parameters {
    std::int32_t rows = 0, columns = 0, depth = 0;
    std::array<std::int32_t, max_rank - 2> batches{};  // innermost first
    std::int32_t matrices = 1;
    strides a{}, b{};
    std::int32_t a_zero_point = 0, b_zero_point = 0, output_zero_point = 0;
    fixed_multiplier multiplier{};
  };

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const tensor& a = g.input_of(l, 0);
    const tensor& b = g.input_of(l, 1);
    const tensor& out = g.output_of(l);
    const bool a_transposed = (l.axes & 1) != 0, b_transposed = (l.axes & 2) != 0;
    parameters p{};
    p.rows = a_transposed ? a.extents.channels() : a.extents.width();
    p.depth = a_transposed ? a.extents.width() : a.extents.channels();
    p.columns = b_transposed ? b.extents.width() : b.extents.channels();
    p.a = find_strides(a.extents, a_transposed);
    p.b = find_strides(b.extents, !b_transposed);
    for (std::size_t i = 0; i < p.batches.size(); ++i) {
      const std::int32_t a_extent = a.extents.from_innermost(static_cast<int>(i) + 2);
      const std::int32_t b_extent = b.extents.from_innermost(static_cast<int>(i) + 2);
      p.batches[i] = a_extent > b_extent ? a_extent : b_extent;
      p.matrices *= p.batches[i];
    }
    p.a_zero_point = a.quant.zero_point;
    p.b_zero_point = b.quant.zero_point;
    p.output_zero_point = out.quant.zero_point;
    p.multiplier =
        quantize_multiplier(as_double(a.quant.scale) * as_double(b.quant.scale) / as_double(out.quant.scale));
    return p;
  }

  template <typename A, typename B>
  static constexpr void run_whole(const parameters& p, const table_entry*, std::int8_t* output, const A* a,
                                  const B* b) {
    for (std::int32_t m = 0; m < p.matrices; ++m) {
      std::int32_t a_at = 0, b_at = 0, rest = m;
      for (std::size_t i = 0; i < p.batches.size(); ++i) {
        a_at += rest % p.batches[i] * p.a.batch[i];
        b_at += rest % p.batches[i] * p.b.batch[i];
        rest /= p.batches[i];
      }
      for (std::int32_t row = 0; row < p.rows; ++row)
        for (std::int32_t column = 0; column < p.columns; ++column) {
          const A* from_a = a + a_at + row * p.a.outer;
          const B* from_b = b + b_at + column * p.b.outer;
          std::int32_t sum = 0;
          for (std::int32_t i = 0; i < p.depth; ++i)
            sum = wrapping_add(sum, (as_int8(from_a[i * p.a.along]) - p.a_zero_point) *
                                        (as_int8(from_b[i * p.b.along]) - p.b_zero_point));
          *output++ = saturate_to_int8(wrapping_add(multiply(sum, p.multiplier), p.output_zero_point));
        }
    }
  }

 private:
  /// `swapped`: what is summed up stands along the outer of the two axes.
  static constexpr strides find_strides(const shape& s, bool swapped) {
    strides found{swapped ? 1 : s.channels(), swapped ? s.channels() : 1, {}};
    std::int32_t stride = s.channels() * s.width();
    for (std::size_t i = 0; i < found.batch.size(); ++i) {
      const std::int32_t extent = s.from_innermost(static_cast<int>(i) + 2);
      found.batch[i] = extent == 1 ? 0 : stride;
      stride *= extent;
    }
    return found;
  }
};

}  // namespace inlay::detail

INLAY_END_EXACT_FLOATS
