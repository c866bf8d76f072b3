// Inlay: a kernel called on a layer's operands, in compiled networks and in graphs that are known only at run time.
#pragma once

#include <inlay/kernels/kernel.hpp>
#include <inlay/kernels/overwrite.hpp>
#include <inlay/plan/arena.hpp>
#include <inlay/plan/need.hpp>
#include <inlay/plan/stage.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// How a kernel is called, see kernels/kernel.hpp.
enum class call : std::uint8_t { run, run_all, run_downwards, run_upwards, run_over, run_whole, accumulate };

/// The call of a layer in its stage, with its places in the arena.
constexpr call call_of(graph_view g, const stage& s, std::int32_t index, const arena_place* places) {
  const layer& l = g.layers[index];
  if (accumulates(g, s, l)) return call::accumulate;
  if (!makes_regions(l.kind)) return call::run_whole;
  if (places[scratch_place(g, index)].used()) return call::run_over;
  if (!s.is_one_layer()) return call::run;
  if (!writes_over_dying_rows(g, places, index)) return call::run_all;
  return s.upwards ? call::run_upwards : call::run_downwards;
}

/// Calls f with rows from the first to the last or from the last to the first, some at once.
template <typename Function>
constexpr void for_rows_at_once(call how, const interval& rows, std::int32_t at_once, const Function& f) {
  for (std::int32_t done = 0; done < rows.size(); done += at_once) {
    const std::int32_t count = at_once < rows.size() - done ? at_once : rows.size() - done;
    const std::int32_t first = how == call::run_upwards ? rows.end - done - count : rows.first + done;
    f(interval{first, first + count});
  }
}

/// How often a layer's kernel is called in a run, at most, each time going through its weights. `rows` and `columns`
/// are the work of its stage's layers in all patches.
constexpr std::int64_t kernel_calls(graph_view g, const stage& s, std::int32_t index, const arena_place* places,
                                    const interval* rows, const interval* columns) {
  if (accumulates(g, s, g.layers[index])) return 1;  // each call reads those of some pixels
  if (s.is_one_layer()) {
    const call how = call_of(g, s, index, places);
    if (how == call::run_all || how == call::run_whole) return 1;
    const std::int32_t at_once = places[g.output_of(g.layers[index]).storage].rows_at_once;
    return (work_along(g, g.layers[index], direction::rows) + at_once - 1) / at_once;
  }
  std::int64_t rows_made = 0, strips = 0;
  for (std::int32_t p = 0; p < s.row_patches; ++p) rows_made += rows[p * s.layers() + index - s.first].size();
  for (std::int32_t p = 0; p < s.column_patches; ++p) strips += columns[p * s.layers() + index - s.first].size() > 0;
  // Where rows are made in segments, a few may be without columns.
  return rows_made * strips * s.segments;
}

/// Calls a layer's kernel. `step` is the kernel with its numbers and tables. `operands` says where they are:
///
///   map<Position>(), pointer<Position>()           an operand as a map_view, or as elements or weights one after
///   another output(), output_map(), scratch() overwrites()                                   for run_over
///   rows_at_once()                                 for run_downwards and run_upwards
template <layer_kind Kind, call Call, typename Step, typename Operands>
constexpr void invoke(const Step& step, const Operands& operands, const region& r) {
  constexpr layer_operands reads = describe(Kind).operands;
  if constexpr (Call == call::run_downwards || Call == call::run_upwards) {
    for_rows_at_once(Call, {r.first_row, r.end_row}, operands.rows_at_once(), [&](const interval& part) {
      invoke<Kind, call::run>(step, operands, region{part.first, part.end, r.first_column, r.end_column});
    });
  } else if constexpr (Call == call::accumulate && reads == layer_operands::weighted) {
    step.accumulate(operands.output(), operands.scratch(), r, operands.template map<0>(),
                    operands.template pointer<1>());
  } else if constexpr (Call == call::accumulate) {
    step.accumulate(operands.output(), operands.scratch(), r, operands.template map<0>());
  } else if constexpr (Call == call::run_whole) {
    if constexpr (reads == layer_operands::unary)
      step.run_whole(operands.output(), operands.template pointer<0>());
    else
      step.run_whole(operands.output(), operands.template pointer<0>(), operands.template pointer<1>());
  } else {
    const map_view<std::int8_t> output = operands.output_map();
    if constexpr (Call == call::run_over && reads == layer_operands::weighted)
      step.run_over(operands.overwrites(), output, operands.scratch(), operands.template pointer<1>());
    else if constexpr (Call == call::run_over)
      step.run_over(operands.overwrites(), output, operands.scratch());
    else if constexpr (reads == layer_operands::pair)
      step.run(output, r, operands.template map<0>(), operands.template map<1>());
    else if constexpr (reads == layer_operands::unary)
      step.run(output, r, operands.template map<0>());
    else if constexpr (Call == call::run_all)
      step.run_all(output, r, operands.template map<0>(), operands.template pointer<1>());
    else
      step.run(output, r, operands.template map<0>(), operands.template pointer<1>());
  }
}

/// invoke, where the call is known only at run time.
template <layer_kind Kind, typename Step, typename Operands>
constexpr void invoke(call how, const Step& step, const Operands& operands, const region& r) {
  if constexpr (describe(Kind).accumulates)
    if (how == call::accumulate) return invoke<Kind, call::accumulate>(step, operands, r);
  if constexpr (describe(Kind).overwriting == layer_overwriting::rows)
    if (how == call::run_over) return invoke<Kind, call::run_over>(step, operands, r);
  if constexpr (makes_regions(Kind)) {
    if (how == call::run_downwards) return invoke<Kind, call::run_downwards>(step, operands, r);
    if (how == call::run_upwards) return invoke<Kind, call::run_upwards>(step, operands, r);
  }
  invoke<Kind, makes_regions(Kind) ? call::run : call::run_whole>(step, operands, r);
}

/// A kernel that wants no constants, with its numbers and its table: what invoke calls.
template <typename Kernel, typename Parameters = typename Kernel::parameters,
          typename Entry = typename Kernel::table_entry>
struct bound_kernel {
  const Parameters& parameters;
  const Entry* entries;

  template <typename... Operands>
  constexpr void run(const map_view<std::int8_t>& output, const region& r, const Operands&... operands) const {
    Kernel::run(parameters, entries, output, r, operands...);
  }
  template <typename... Operands>
  constexpr void run_all(const map_view<std::int8_t>& output, const region& r, const Operands&... operands) const {
    run(output, r, operands...);
  }
  template <typename... Weights>
  constexpr void run_over(const overwriting& over, const map_view<std::int8_t>& map, std::int8_t* ring,
                          const Weights*... weights) const {
    over_rows(over, map, ring,
              [&](const region& row, const map_view<const std::int8_t>& copies) { run(map, row, copies, weights...); });
  }
  template <typename... Operands>
  constexpr void run_whole(std::int8_t* output, const Operands*... operands) const {
    Kernel::run_whole(parameters, entries, output, operands...);
  }
  template <typename Input>
  constexpr void accumulate(std::int8_t* output, std::int8_t* sums, const region& row,
                            const map_view<Input>& input) const {
    Kernel::accumulate(parameters, output, sums, row, input);
  }
  template <typename Input, typename Weights>
  constexpr void accumulate(std::int8_t* output, std::int8_t* sums, const region& row, const map_view<Input>& input,
                            const Weights* weights) const {
    Kernel::accumulate(parameters, entries, output, sums, row, input, weights);
  }
};

}  // namespace inlay::detail
