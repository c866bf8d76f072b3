// Inlay: SOFTMAX of many values in plain C++: powers of e from a table.
#pragma once

#include <inlay/kernels/reference/channels.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// Entry d of the table is e to what a value d below the largest stands for; 0 where that counts as e^−∞, which adds
/// nothing and comes out as the least.
template <>
struct portable_kernel<layer_kind::softmax> {
  using reference = reference_kernel<layer_kind::softmax>;
  struct spec {};
  struct parameters {
    std::int32_t depth = 0;
  };
  using table_entry = std::int32_t;

  /// So many that the table's kilobyte is worth it.
  static constexpr bool accepts(graph_view g, const layer& l) {
    return native_isa != isa::small && g.output_of(l).extents.elements() >= 256;
  }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
  static constexpr parameters prepare(graph_view g, const layer& l) { return {reference::prepare(g, l).depth}; }

  static constexpr std::int32_t table_size(graph_view, const layer&) { return 256; }
  template <typename Byte>
  static constexpr void fill_table(graph_view g, const layer& l, const Byte*, std::int32_t* table) {
    const reference::parameters p = reference::prepare(g, l);
    for (std::int32_t d = 0; d < 256; ++d)
      table[d] = -d >= p.least_difference ? reference::exp_of_difference(p, -d) : 0;
  }

  template <spec>
  INLAY_NEVER_INLINE static void run(const parameters& p, const std::int32_t* table,
                                     const map_view<std::int8_t>& output, const region& r,
                                     const map_view<const std::int8_t>& input) {
    for (std::int32_t y = r.first_row; y < r.end_row; ++y)
      for (std::int32_t x = r.first_column; x < r.end_column; ++x)
        run_pixel(p.depth, table, output.pixel(y, x), input.pixel(y, x));
  }

 private:
  INLAY_ALWAYS_INLINE static void run_pixel(std::int32_t depth, const std::int32_t* table, std::int8_t* output,
                                            const std::int8_t* input) {
    std::int32_t largest = -128;
    for (std::int32_t i = 0; i < depth; ++i)
      if (input[i] > largest) largest = input[i];
    std::int32_t sum = 0;
    for (std::int32_t i = 0; i < depth; ++i)
      sum = wrapping_add(sum, divide_by_power_of_two(table[largest - input[i]], reference::sum_integer_bits));
    const reference::share_of_sum share(sum);
    for (std::int32_t i = 0; i < depth; ++i) output[i] = share.of(table[largest - input[i]]);
  }
};

}  // namespace inlay::detail
