// Inlay: what every kernel offers.
//
// A kernel computes one kind of layer. Whatever depends on the model alone is worked out before: small
// numbers go into `parameters`, arrays into a table in flash.
//
//   struct parameters                                            plain numbers
//   using table_entry                                            element of the table
//   prepare(graph, layer)                          → parameters
//   table_size(graph, layer)                       → entries, 0 for none
//   fill_table(graph, layer, model bytes, entries)               what the entries are
//
// and one of
//
//   run(parameters, entries, output, region, inputs…, weights…)  some rows and columns of the output: maps are
//                                                                map_views, of rows that may stand in a ring
//   run_whole(parameters, entries, output, inputs…, weights…)    the whole output at once: maps are pointers to
//                                                                dense elements
//
// and, for a mean over height and width,
//
//   accumulate(parameters, output, sums, row, input)             adds a row, or a part of one, to the sums, four
//                                                                bytes a channel, and makes the output of them with
//                                                                the last one
//
// which reference kernels of full connections have, too, with their entries and weights.
//
// A region has a row and a column at least.
//
// Elements are bytes of any character type (the arena, the caller's buffer, the model); `quantize` alone reads
// floats. Weights are pointers.
//
// A call may write its output in any order before it has read all that it reads: rows that it writes stand over none
// that it reads, but for kinds that overwrite `pixels`. Rows of a map that no further call reads may be written over.
// Calls for one row after another come from the first row to the last or the other way round, those for segments of a
// row from the left.
//
// A fast kernel, fast_kernel<isa, kind>, has the same functions for an instruction set; portable_kernel<kind> has
// them in plain C++, for every one. It says which layers it computes, and which numbers it wants as constants. What
// neither accepts is computed by the reference kernel.
//
//   accepts(graph, layer)                          → whether it computes this layer
//   specialise(graph, layer)                       → spec: a structural type, small, alike for layers that are to
//                                                    share code; run<Spec>(parameters, …) and the like get it
//   specialise(graph, layer, entries)              → the same for kernels that look at their table
//   used_entries(graph, layer, entries)            → how many entries of the table it needs, for kernels that need
//                                                    fewer than table_size says in some layers
//
// and may have, beside run, for layers with weights,
//
//   run_all<Spec>(…, as run)                                          the whole output, with a whole map's input
//   run_over<Spec>(parameters, entries, map, scratch, weights)        the whole output over the input that stands at
//                                                                     its place; scratch has overwrite_scratch bytes
//
//   packed_bytes(graph, layer, entries)            → bytes of weights that it reads instead of the model's, 0 for none
//   untrained_bytes(graph, layer)                  → bytes of its table and of packed weights beyond the model's, at most,
//                                                    whatever training makes of the numbers
//   pack_weights(graph, layer, entries, weights, to)                  what they are, in words: one stands before them; for
//                                                                     both the table has all its entries
//
// Its elements are always int8. Kernels of layers with weights get more help with their tables:
//
//   excess(graph, layer)                           what its elements are more than those less their zero point, so that
//                                                    the sums of weights times that are too much; 0 where they are
//                                                    not: `sums` below are not made then, which takes compilers long
//   fill_table(graph, layer, model bytes, constants, sums, entries)   for each output channel the reference
//                                                    kernel's table entry, and the sum of its weights
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/isa/isa.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// The reference kernel of a kind of layer: plain loops, the same at compile time and at run time; what
/// every faster kernel is compared with. Specialised in kernels/reference/.
template <layer_kind Kind>
struct reference_kernel;

/// For kinds of layers without a fast kernel.
struct no_kernel {
  static constexpr bool accepts(graph_view, const layer&) { return false; }
};

/// A faster kernel of a kind of layer in plain C++. Specialised in kernels/portable/.
template <layer_kind Kind>
struct portable_kernel : no_kernel {};

/// A faster kernel of a kind of layer for an instruction set. Specialised in the folder of the instruction set.
template <isa Isa, layer_kind Kind>
struct fast_kernel : no_kernel {};

/// Rows of a map in memory: row y stands at y mod `rows`, so that a ring of few rows holds the latest of many. Where a
/// row is written over the oldest one while that is still read, rows before `newer_row` stand `ahead` elements further.
template <typename Element>
struct map_view {
  Element* data = nullptr;
  std::int32_t pixel_pitch = 0;   // elements from one pixel to the next: the channels
  std::int32_t row_pitch = 0;     // elements from one row to the next
  std::int32_t rows = 1;          // rows that fit
  std::int32_t first_column = 0;  // the column that a row starts with
  std::int32_t newer_row = 0;
  std::int32_t ahead = 0;

  constexpr Element* row(std::int32_t y) const { return data + y % rows * row_pitch + (y < newer_row ? ahead : 0); }
  constexpr Element* pixel(std::int32_t y, std::int32_t x) const { return row(y) + (x - first_column) * pixel_pitch; }
  /// Elements of the ring: behind its end, rows go on this much before.
  constexpr std::int32_t size() const { return rows * row_pitch + ahead; }
};

/// A map that is all there, row after row. Axes before the height count as more rows.
template <typename Element>
constexpr map_view<Element> whole_map(Element* data, const shape& s) {
  return {data, s.channels(), s.width() * s.channels(), map_rows(s), 0};
}

/// The int8 that a byte of whatever character type stands for.
template <typename Byte>
constexpr std::int32_t as_int8(Byte byte) {
  static_assert(sizeof(Byte) == 1);
  return static_cast<std::int8_t>(byte);
}

/// For kernels without a table.
struct no_table {
  using table_entry = std::int8_t;
  static constexpr std::int32_t table_size(graph_view, const layer&) { return 0; }
  template <typename Byte>
  static constexpr void fill_table(graph_view, const layer&, const Byte*, table_entry*) {}
};

/// For fast kernels that compute every layer of their kind, with the reference kernel's parameters and table.
template <typename Reference>
struct takes_every_layer : Reference {
  struct spec {};
  static constexpr bool accepts(graph_view, const layer&) { return true; }
  static constexpr spec specialise(graph_view, const layer&) { return {}; }
};

}  // namespace detail

/// The part of a map that a kernel is to make.
struct region {
  std::int32_t first_row = 0, end_row = 0;
  std::int32_t first_column = 0, end_column = 0;
};

}  // namespace inlay
