// Inlay: a stage of several layers or patches, run row by row.
#pragma once

#include <inlay/fold.hpp>
#include <inlay/kernels/kernel.hpp>
#include <inlay/narrow.hpp>
#include <inlay/plan/dry_run.hpp>
#include <inlay/plan/need.hpp>
#include <inlay/plan/pull.hpp>
#include <inlay/plan/stage.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace inlay::inline INLAY_ABI::detail {

/// How far a run has come whose longest streamed stage has so many layers, and the longest one whose rows are made in
/// segments so many.
template <std::int32_t MostStreamed, std::int32_t MostSegmented>
struct run_progress {
  std::int16_t stage = 0;
  std::int16_t row_patch = 0;
  std::int16_t column_patch = 0;
  bool patch_started = false;
  std::int16_t done[static_cast<std::size_t>(MostStreamed) + 1]{};      // rows of each layer, from the top of the map
  bool wanted[static_cast<std::size_t>(MostStreamed) + 1]{};            // somebody waits for the layer's next row
  std::uint8_t segment[static_cast<std::size_t>(MostSegmented) + 1]{};  // of that row, to be made next
};

/// Stage S of a plan, of several layers or patches: what run_patch does, with all that is known filled in.
template <typename Plan, std::int32_t S>
struct stream {
  static constexpr const graph_view& graph = Plan::graph;
  static constexpr stage s = Plan::stages.items[S];
  static constexpr std::int32_t layers = s.layers();
  static constexpr const auto& layout = Plan::template layout<S>;
  using known = typename Plan::known;
  using progress = typename Plan::progress;

  static constexpr void start_patch(progress& p) {
    fold_in_blocks<layers>([&p]<std::int32_t... Item>(std::integer_sequence<std::int32_t, Item...>) {
      ((p.done[Item] = is_there<Item>(p) ? p.done[Item] : static_cast<std::int16_t>(rows<Item>(p).first),
        p.wanted[Item] = false),
       ...);
      if constexpr (s.segments > 1) ((p.segment[Item] = 0), ...);
      return false;
    });
    p.patch_started = true;
  }

  /// Whether a layer's output may be there from patches before: weights stay as long as the stage.
  template <std::int32_t Item>
  static constexpr bool is_there(const progress& p) {
    return graph.layers[s.first + Item].kind == layer_kind::load && (p.row_patch > 0 || p.column_patch > 0);
  }

  /// The rows that a layer makes in the patch.
  template <std::int32_t Item>
  static constexpr interval rows(const progress& p) {
    if constexpr (s.row_patches == 1)
      return constant<Item>.rows;
    else
      return layout.rows[p.row_patch * layers + Item];
  }

  /// Which part of its columns a layer makes next.
  template <std::int32_t Item>
  static constexpr std::int32_t column_part(const progress& p) {
    if constexpr (s.segments > 1)
      return p.segment[Item];
    else
      return p.column_patch;
  }

  /// The columns that a layer makes next.
  template <std::int32_t Item>
  static constexpr interval columns(const progress& p) {
    if constexpr (s.column_parts() == 1)
      return constant<Item>.columns;
    else
      return layout.columns[column_part<Item>(p) * layers + Item];
  }

  /// A layer's numbers by themselves, so that tables which hold more need not be in flash.
  struct layer_numbers {
    interval rows{}, columns{};  // in the first patch
    std::int32_t all_rows = 0;   // of its output's map
    bool at_once = false;        // its output is there when all its work is done
  };
  template <std::int32_t Item>
  static constexpr layer_numbers constant = [] {
    const layer& l = graph.layers[s.first + Item];
    const std::int32_t all = map_rows(graph.tensors[graph.output_of(l).storage].extents);
    const interval work =
        s.upwards ? mirrored(layout.rows[Item], work_along(graph, l, direction::rows)) : layout.rows[Item];
    return layer_numbers{work, layout.columns[Item], all, is_made_at_once(graph, s, l)};
  }();

  template <std::int32_t Item>
  static constexpr bool makes(std::int32_t storage) {
    return graph.output_of(graph.layers[s.first + Item]).storage == storage;
  }

  /// Rows of an operand that must be there for row y of a layer's work: by a formula, else by a table.
  template <std::int32_t Item, int Position>
  struct operand_rows {
    static constexpr const layer& l = graph.layers[s.first + Item];
    static constexpr std::int32_t work = [] {
      std::int32_t end = 1;
      for (std::int32_t patch = 0; patch < s.row_patches; ++patch)
        if (layout.rows[patch * layers + Item].end > end) end = layout.rows[patch * layers + Item].end;
      return s.upwards ? work_along(graph, l, direction::rows) : end;
    }();
    static constexpr row_need formula = find_row_need(graph, s, l, Position, work);
    struct row_table {
      std::int16_t ends[formula.exact ? 1 : static_cast<std::size_t>(work)];
    };
    static constexpr row_table table = [] {
      row_table t{};
      for (std::int32_t y = 0; y < work && !formula.exact; ++y)
        t.ends[y] = narrow<std::int16_t>(need_in_stage(graph, s, l, Position, {y, y + 1}, direction::rows).end);
      return t;
    }();
    static constexpr std::int32_t end(std::int32_t y) {
      if constexpr (formula.exact)
        return formula.end(y);
      else
        return table.ends[y];
    }
  };

  /// Whether a layer has made so many rows of its map, from the top; of the last of them the segments up to this one.
  template <std::int32_t Item>
  static constexpr bool made(const progress& p, std::int32_t needed, std::int32_t segment) {
    const std::int32_t rows_made =
        made_rows(rows<Item>(p), p.done[Item], constant<Item>.at_once, constant<Item>.all_rows);
    if constexpr (s.segments == 1)
      return rows_made >= needed;
    else
      return has_made(rows_made, constant<Item>.at_once ? 0 : p.segment[Item], needed, segment);
  }

  /// Wants the rows of an operand that are missing; true if none are.
  template <std::int32_t Item, int Position>
  static constexpr bool has_operand(progress& p) {
    constexpr const layer& l = graph.layers[s.first + Item];
    if constexpr (!graph.has_input(l, Position)) {
      return true;
    } else if constexpr (graph.input_of(l, Position).is_constant() ||
                         known::spans.items[graph.input_of(l, Position).storage].last_writer < s.first) {
      return true;
    } else {
      constexpr std::int32_t storage = graph.input_of(l, Position).storage;
      constexpr layer_span span = known::spans.items[storage];
      constexpr std::int32_t first = first_maker_in(graph, span, s);
      const std::int32_t needed = operand_rows<Item, Position>::end(p.done[Item]), part = column_part<Item>(p);
      return [&p, needed, part]<std::int32_t... Maker>(std::integer_sequence<std::int32_t, Maker...>) {
        bool all = true;
        ((makes<first + Maker>(storage) && !made<first + Maker>(p, needed, part)
              ? (p.wanted[first + Maker] = true, all = false)
              : true),
         ...);
        return all;
      }(std::make_integer_sequence<std::int32_t, span.last_writer - s.first - first + 1>{});
    }
  }

  /// Makes the next row of a layer if it is due and can be made.
  template <std::int32_t Item, typename Inputs>
  static constexpr bool try_layer(progress& p, std::int8_t* arena_bytes, const Inputs& inputs) {
    constexpr std::int32_t index = s.first + Item;
    constexpr bool leaves = known::spans.items[graph.output_of(graph.layers[index]).storage].last_reader >= s.end;
    if (!is_due(leaves, p.wanted[Item], rows<Item>(p), p.done[Item])) return false;
    const bool first = has_operand<Item, 0>(p);
    const bool second = has_operand<Item, 1>(p);
    if (!first || !second) return false;
    p.wanted[Item] = false;
    const interval made_columns = columns<Item>(p);
    const std::int32_t row = row_of_work(graph, s, graph.layers[index], p.done[Item]);
    if constexpr (s.segments > 1) Plan::template make_room<index>(arena_bytes, row, p.segment[Item]);
    if (has_columns(graph.layers[index], made_columns))
      Plan::template run_region<S, index>(arena_bytes, inputs, {row, row + 1, made_columns.first, made_columns.end}, p);
    if constexpr (s.segments > 1)
      if (++p.segment[Item] < s.segments) return true;
    if constexpr (s.segments > 1) p.segment[Item] = 0;
    ++p.done[Item];
    return true;
  }

  /// Makes one row, or a segment of one, of the last layer that is wanted and can; false when the patch is done.
  template <typename Inputs>
  static constexpr bool make_row(progress& p, std::int8_t* arena_bytes, const Inputs& inputs) {
    return fold_in_blocks<layers>([&]<std::int32_t... Item>(std::integer_sequence<std::int32_t, Item...>) {
      return (try_layer<layers - 1 - Item>(p, arena_bytes, inputs) || ...);
    });
  }

  /// Makes one row or segment, or goes on to the next patch; false when the stage is done.
  template <typename Inputs>
  static constexpr bool step(progress& p, std::int8_t* arena_bytes, const Inputs& inputs) {
    if (!p.patch_started) start_patch(p);
    if (make_row(p, arena_bytes, inputs)) return true;
    p.patch_started = false;
    if (++p.column_patch < s.column_patches) return true;
    p.column_patch = 0;
    if (++p.row_patch < s.row_patches) return true;
    p.row_patch = 0;
    return false;
  }
};

}  // namespace inlay::detail
