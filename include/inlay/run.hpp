// Inlay: the plan of a model type, run: which kernel, on which rows, from where to where.
#pragma once

#include <inlay/fold.hpp>
#include <inlay/kernels/fast.hpp>
#include <inlay/kernels/weight_sums.hpp>
#include <inlay/kernels/overwrite.hpp>
#include <inlay/kernels/reference/channels.hpp>
#include <inlay/kernels/reference/convolution.hpp>
#include <inlay/kernels/reference/elementwise.hpp>
#include <inlay/kernels/reference/fetch.hpp>
#include <inlay/kernels/reference/lookup.hpp>
#include <inlay/kernels/reference/matrix.hpp>
#include <inlay/kernels/reference/move.hpp>
#include <inlay/kernels/reference/reduce.hpp>
#include <inlay/plan/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

namespace inlay::inline INLAY_ABI::detail {

/// A map or a pointer as fast kernels take it: of int8, whatever character type the bytes have.
template <typename Byte>
const std::int8_t* as_int8_elements(const Byte* data) {
  return reinterpret_cast<const std::int8_t*>(data);
}
template <typename Byte>
map_view<const std::int8_t> as_int8_elements(const map_view<Byte>& m) {
  return {reinterpret_cast<const std::int8_t*>(m.data), m.pixel_pitch, m.row_pitch, m.rows, m.first_column};
}
inline const map_view<const std::int8_t>& as_int8_elements(const map_view<const std::int8_t>& m) { return m; }
inline const map_view<const float>& as_int8_elements(const map_view<const float>& m) { return m; }

/// Makes a layer's whole output over its input, with its fast kernel; layers of a kind share the loop.
template <typename Kernel, auto Spec, typename... Weights>
INLAY_NEVER_INLINE void fast_run_over(const typename Kernel::parameters& p, const typename Kernel::table_entry* table,
                                      const overwriting& over, const map_view<std::int8_t>& map, std::int8_t* ring,
                                      const Weights*... weights) {
  over_rows(over, map, ring, [&](const region& row, const map_view<const std::int8_t>& copies) {
    Kernel::template run<Spec>(p, table, map, row, copies, weights...);
  });
}

/// A constant that layers with the same one share.
template <auto Value>
inline constexpr auto constant_in_flash = Value;

/// Everything about a model with a schedule that is known before it runs.
template <typename Model, typename Schedule>
struct prepared : planned<Model, Schedule> {
  using base = planned<Model, Schedule>;
  using known = described<Model>;
  using base::arena;
  using base::graph;
  using base::maps;
  using base::stages;

  /// One layer's reference kernel with the numbers and tables it needs.
  template <std::int32_t Index>
  struct reference_step {
    static constexpr const layer& l = graph.layers[Index];
    using kernel = reference_kernel<l.kind>;
    static constexpr auto parameters = kernel::prepare(graph, l);

    static constexpr std::int32_t table_size = kernel::table_size(graph, l);
    struct table_type {
      typename kernel::table_entry entries[table_size > 0 ? static_cast<std::size_t>(table_size) : 1];
    };
    static constexpr table_type table = [] {
      table_type t{};
      kernel::fill_table(graph, l, Model::bytes(), t.entries);
      return t;
    }();
    static constexpr std::size_t table_bytes = table_size > 0 ? sizeof(table_type) : 0;

    template <typename... Operands>
    static constexpr void run(const map_view<std::int8_t>& output, const region& r, const Operands&... operands) {
      kernel::run(parameters, table.entries, output, r, operands...);
    }
    template <typename... Operands>
    static constexpr void run_all(const map_view<std::int8_t>& output, const region& r, const Operands&... operands) {
      run(output, r, operands...);
    }
    template <typename... Weights>
    static constexpr void run_over(const overwriting& over, const map_view<std::int8_t>& map, std::int8_t* ring,
                                   const Weights*... weights) {
      over_rows(over, map, ring, [&](const region& row, const map_view<const std::int8_t>& copies) {
        run(map, row, copies, weights...);
      });
    }
    template <typename... Operands>
    static constexpr void run_whole(std::int8_t* output, const Operands&... operands) {
      kernel::run_whole(parameters, table.entries, output, operands...);
    }
    template <typename Input>
    static constexpr void accumulate(std::int8_t* output, std::int8_t* sums, const region& row,
                                     const map_view<Input>& input) {
      kernel::accumulate(parameters, output, sums, row, input);
    }
  };

  /// One layer's fast kernel with the numbers and tables it needs.
  template <std::int32_t Index, typename Kernel>
  struct fast_step {
    static constexpr const layer& l = graph.layers[Index];
    using kernel = Kernel;
    static constexpr auto parameters = kernel::prepare(graph, l);

    static constexpr std::int32_t channels = reference_step<Index>::table_size;
    struct sums_type {
      std::int32_t items[has_weights(l.kind) ? static_cast<std::size_t>(channels) : 1];
    };
    /// The sums of some channels: compilers bound the work of one constant.
    static constexpr std::int32_t channels_per_part = weight_sum_channels(graph, l);
    template <std::int32_t Part>
    static constexpr sums_type sums_part = [] {
      sums_type sums{};
      const std::int32_t first = Part * channels_per_part;
      const std::int32_t end = first + channels_per_part < channels ? first + channels_per_part : channels;
      sum_weights(graph, l, Model::bytes(), first, end, sums.items);
      return sums;
    }();
    static constexpr sums_type sums = [] {
      sums_type all{};
      if constexpr (has_weights(l.kind)) {
        if constexpr (kernel::needs_weight_sums) {
          constexpr std::int32_t parts = (channels + channels_per_part - 1) / channels_per_part;
          [&]<std::int32_t... Part>(std::integer_sequence<std::int32_t, Part...>) {
            const auto take = [&](const sums_type& part, std::int32_t first) {
              for (std::int32_t c = first; c < channels && c < first + channels_per_part; ++c)
                all.items[c] = part.items[c];
            };
            (take(sums_part<Part>, Part * channels_per_part), ...);
          }
          (std::make_integer_sequence<std::int32_t, parts>{});
        }
      }
      return all;
    }();

    static constexpr std::int32_t table_size = kernel::table_size(graph, l);
    template <std::int32_t Size>
    struct table_type {
      typename kernel::table_entry entries[Size > 0 ? static_cast<std::size_t>(Size) : 1];
    };
    static constexpr auto whole_table = [] {
      table_type<table_size> t{};
      if constexpr (has_weights(l.kind)) {
        if constexpr (table_size > 0)
          kernel::fill_table(graph, l, Model::bytes(), reference_step<Index>::table.entries, sums.items, t.entries);
      } else {
        kernel::fill_table(graph, l, Model::bytes(), t.entries);
      }
      return t;
    }();
    /// What of it is in flash.
    static constexpr std::int32_t used_entries = [] {
      if constexpr (requires { kernel::used_entries(graph, l, whole_table.entries); })
        return kernel::used_entries(graph, l, whole_table.entries);
      else
        return table_size;
    }();
    static constexpr auto table = [] {
      if constexpr (used_entries == table_size) {
        return whole_table;
      } else {
        table_type<used_entries> t{};
        for (std::int32_t i = 0; i < used_entries; ++i) t.entries[i] = whole_table.entries[i];
        return t;
      }
    }();
    static constexpr std::size_t table_bytes = used_entries > 0 ? sizeof(table) : 0;
    static constexpr auto spec = [] {
      if constexpr (requires { kernel::specialise(graph, l, table.entries); })
        return kernel::specialise(graph, l, table.entries);
      else
        return kernel::specialise(graph, l);
    }();

    template <typename... Operands>
    static void run(const map_view<std::int8_t>& output, const region& r, const Operands&... operands) {
      kernel::template run<spec>(parameters, table.entries, output, r, as_int8_elements(operands)...);
    }
    template <typename... Operands>
    static void run_all(const map_view<std::int8_t>& output, const region& r, const Operands&... operands) {
      if constexpr (requires {
                      kernel::template run_all<spec>(parameters, table.entries, output, r,
                                                     as_int8_elements(operands)...);
                    })
        kernel::template run_all<spec>(parameters, table.entries, output, r, as_int8_elements(operands)...);
      else
        run(output, r, operands...);
    }
    template <typename... Weights>
    static void run_over(const overwriting& over, const map_view<std::int8_t>& map, std::int8_t* ring,
                         const Weights*... weights) {
      if constexpr (requires {
                      kernel::template run_over<spec>(parameters, table.entries, map, ring,
                                                      as_int8_elements(weights)...);
                    })
        kernel::template run_over<spec>(parameters, table.entries, map, ring, as_int8_elements(weights)...);
      else
        fast_run_over<kernel, spec>(parameters, table.entries, over, map, ring, as_int8_elements(weights)...);
    }
    template <typename... Operands>
    static void run_whole(std::int8_t* output, const Operands&... operands) {
      kernel::template run_whole<spec>(parameters, table.entries, output, as_int8_elements(operands)...);
    }
    template <typename Input>
    static void accumulate(std::int8_t* output, std::int8_t* sums_so_far, const region& row,
                           const map_view<Input>& input) {
      kernel::template accumulate<spec>(parameters, output, sums_so_far, row, as_int8_elements(input));
    }
  };

  /// One layer's kernel with the numbers and tables it needs.
  template <std::int32_t Index>
  static constexpr auto chosen_step() {
    constexpr const layer& l = graph.layers[Index];
    using native = fast_kernel<native_isa, l.kind>;
    using portable = portable_kernel<l.kind>;
    if constexpr (native::accepts(graph, l))
      return std::type_identity<fast_step<Index, native>>{};
    else if constexpr (portable::accepts(graph, l))
      return std::type_identity<fast_step<Index, portable>>{};
    else
      return std::type_identity<reference_step<Index>>{};
  }
  template <std::int32_t Index>
  using step = typename decltype(chosen_step<Index>())::type;

  static constexpr std::size_t table_bytes = [] {
    std::size_t sum = 0;
    fold_in_blocks<graph.layer_count>([&sum]<std::int32_t... Item>(std::integer_sequence<std::int32_t, Item...>) {
      sum += (std::size_t{0} + ... + step<Item>::table_bytes);
      return false;
    });
    return sum;
  }();

  /// Pointer to a tensor: in the model, in the caller's buffer or in the arena.
  template <std::int32_t Tensor, typename Inputs>
  static constexpr auto pointer(const std::int8_t* arena_bytes, const Inputs& inputs) {
    constexpr const tensor& t = graph.tensors[Tensor];
    constexpr std::int32_t input = graph.input_position(t.storage);
    if constexpr (t.is_constant()) {
      constexpr std::uint32_t at = t.data_at;
      return Model::bytes() + at;
    } else if constexpr (input >= 0) {
      return std::get<static_cast<std::size_t>(input)>(inputs);
    } else {
      constexpr std::int32_t offset = arena.places[t.storage].offset;
      return arena_bytes + offset;
    }
  }

  /// The column that the rows of a map start with in a column patch of stage S: not the map's first where the
  /// stage keeps only a strip.
  template <std::int32_t S, std::int32_t Writer>
  static constexpr std::int32_t first_column(std::int32_t column_patch) {
    constexpr stage s = stages.items[S];
    if constexpr (s.is_one_layer() || Writer < s.first || Writer >= s.end || !maps.items[Writer].internal)
      return 0;
    else if constexpr (s.column_patches == 1)
      return std::integral_constant<std::int32_t, base::template layout<S>.made_columns[Writer - s.first].first>{};
    else
      return base::template layout<S>.made_columns[column_patch * s.layers() + Writer - s.first].first;
  }

  /// A map operand as its kernel sees it.
  template <std::int32_t S, std::int32_t Index, std::size_t Position, typename Inputs>
  static constexpr auto view(const std::int8_t* arena_bytes, const Inputs& inputs, std::int32_t column_patch) {
    constexpr std::int32_t index = step<Index>::l.inputs[Position];
    constexpr const tensor& t = graph.tensors[index];
    const auto* data = pointer<index>(arena_bytes, inputs);
    using element = std::remove_pointer_t<decltype(data)>;
    constexpr bool dense = t.is_constant() || graph.input_position(t.storage) >= 0 ||
                           is_reshaped(t.extents, graph.tensors[t.storage].extents);
    // Constants, so that the graph itself need not be in flash.
    constexpr std::int32_t channels = t.extents.channels();
    if constexpr (dense) {
      constexpr std::int32_t row_pitch = t.extents.width() * channels, rows = map_rows(t.extents);
      return map_view<element>{data, channels, row_pitch, rows, 0};
    } else {
      constexpr std::int32_t writer = known::spans.items[t.storage].first_writer;
      constexpr std::int32_t row_pitch = maps.items[writer].row_pitch, rows = maps.items[writer].rows;
      return map_view<element>{data, channels, row_pitch, rows, first_column<S, writer>(column_patch)};
    }
  }

  // In flash, where steps refer to them.
  template <std::int32_t Index>
  static constexpr const overwriting& over_input = constant_in_flash<overwriting_of(
      graph.input_of(graph.layers[Index]).extents, graph.output_of(graph.layers[Index]).extents, graph.layers[Index])>;
  template <std::int32_t Index>
  static constexpr const region& whole_output =
      constant_in_flash<region{0, work_along(graph, graph.layers[Index], direction::rows), 0,
                               work_along(graph, graph.layers[Index], direction::columns)}>;

  /// Makes a region of a layer's output; all of it where the kernel cannot do parts.
  template <std::int32_t S, std::int32_t Index, typename Inputs>
  static constexpr void run_region(std::int8_t* arena_bytes, const Inputs& inputs, const region& r,
                                   std::int32_t column_patch) {
    // Fast kernels use instructions that constant expressions cannot.
    if (std::is_constant_evaluated())
      run_step<reference_step<Index>, S, Index>(arena_bytes, inputs, r, column_patch);
    else
      run_step<step<Index>, S, Index>(arena_bytes, inputs, r, column_patch);
  }

  // No closures and no references to tables of the plan: what is left at run time are a few constants.
  template <typename Step, std::int32_t S, std::int32_t Index, typename Inputs>
  static constexpr void run_step(std::int8_t* arena_bytes, const Inputs& inputs, const region& r,
                                 std::int32_t column_patch) {
    constexpr layer l = graph.layers[Index];
    constexpr std::int32_t storage = graph.output_of(l).storage;
    constexpr std::int32_t writer = known::spans.items[storage].first_writer;
    constexpr std::int32_t offset = arena.places[storage].offset, first_channel = graph.output_of(l).first_channel;
    constexpr std::int32_t pixel_pitch = graph.tensors[storage].extents.channels();
    constexpr std::int32_t row_pitch = maps.items[writer].row_pitch, rows = maps.items[writer].rows;
    constexpr arena_place scratch = arena.places[scratch_place(graph, Index)];
    constexpr std::int32_t scratch_offset = scratch.offset;
    std::int8_t* output = arena_bytes + offset;
    [[maybe_unused]] const map_view<std::int8_t> map{output + first_channel, pixel_pitch, row_pitch, rows,
                                                     first_column<S, writer>(column_patch)};
    if constexpr (l.kind == layer_kind::fetch) {
      constexpr auto input = static_cast<std::size_t>(l.origin);
      Step::kernel::template run<known::input_tensor(input).type>(Step::parameters, map, r, std::get<input>(inputs));
    } else if constexpr (accumulates(graph, stages.items[S], l)) {
      Step::accumulate(output, arena_bytes + scratch_offset, r, view<S, Index, 0>(arena_bytes, inputs, column_patch));
    } else if constexpr (!makes_regions(l.kind)) {
      if constexpr (pointer_operands(l.kind) == 2)
        Step::run_whole(output, pointer<l.inputs[0]>(arena_bytes, inputs), pointer<l.inputs[1]>(arena_bytes, inputs));
      else
        Step::run_whole(output, pointer<l.inputs[0]>(arena_bytes, inputs));
    } else if constexpr (scratch.used()) {
      if constexpr (has_weights(l.kind))
        Step::run_over(over_input<Index>, map, arena_bytes + scratch_offset, pointer<l.inputs[1]>(arena_bytes, inputs));
      else
        Step::run_over(over_input<Index>, map, arena_bytes + scratch_offset);
    } else if constexpr (has_weights(l.kind)) {
      const auto input = view<S, Index, 0>(arena_bytes, inputs, column_patch);
      const auto weights = pointer<l.inputs[1]>(arena_bytes, inputs);
      if constexpr (stages.items[S].is_one_layer())
        Step::run_all(map, r, input, weights);
      else
        Step::run(map, r, input, weights);
    } else if constexpr (pointer_operands(l.kind) == 2) {
      Step::run(map, r, view<S, Index, 0>(arena_bytes, inputs, column_patch),
                view<S, Index, 1>(arena_bytes, inputs, column_patch));
    } else {
      Step::run(map, r, view<S, Index, 0>(arena_bytes, inputs, column_patch));
    }
  }

  /// Layers of the longest stage that is streamed.
  static constexpr std::int32_t most_streamed = [] {
    std::int32_t most = 0;
    for (std::int32_t i = 0; i < stages.count; ++i)
      if (!stages.items[i].is_one_layer() && stages.items[i].layers() > most) most = stages.items[i].layers();
    return most;
  }();

  /// How far a run has come.
  struct progress {
    std::int16_t stage = 0;
    std::int16_t row_patch = 0;
    std::int16_t column_patch = 0;
    bool patch_started = false;
    std::int16_t done[static_cast<std::size_t>(most_streamed) + 1]{};  // rows of each layer, from the top of the map
    bool wanted[static_cast<std::size_t>(most_streamed) + 1]{};        // somebody waits for the layer's next row
  };

  /// A stage of several layers or patches: what run_patch does, with all that is known filled in.
  template <std::int32_t S>
  struct stream {
    static constexpr stage s = stages.items[S];
    static constexpr std::int32_t layers = s.layers();
    static constexpr const auto& layout = base::template layout<S>;

    static constexpr void start_patch(progress& p) {
      fold_in_blocks<layers>([&p]<std::int32_t... Item>(std::integer_sequence<std::int32_t, Item...>) {
        ((p.done[Item] = static_cast<std::int16_t>(rows<Item>(p).first), p.wanted[Item] = false), ...);
        return false;
      });
      p.patch_started = true;
    }

    /// The rows that a layer makes in the patch.
    template <std::int32_t Item>
    static constexpr interval rows(const progress& p) {
      if constexpr (s.row_patches == 1)
        return constant<Item>.rows;
      else
        return layout.rows[p.row_patch * layers + Item];
    }

    /// The columns that a layer makes in the patch.
    template <std::int32_t Item>
    static constexpr interval columns(const progress& p) {
      if constexpr (s.column_patches == 1)
        return constant<Item>.columns;
      else
        return layout.columns[p.column_patch * layers + Item];
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
      return layer_numbers{layout.rows[Item], layout.columns[Item], all, is_made_at_once(graph, l)};
    }();

    template <std::int32_t Item>
    static constexpr std::int32_t made(const progress& p) {
      const interval work = rows<Item>(p);
      if (work.size() == 0) return 0x7fffffff;
      if constexpr (constant<Item>.at_once)
        return p.done[Item] >= work.end ? constant<Item>.all_rows : 0;
      else
        return p.done[Item];
    }

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
        return end;
      }();
      static constexpr row_need formula = find_row_need(graph, s, l, Position, work);
      struct row_table {
        std::int16_t ends[formula.exact ? 1 : static_cast<std::size_t>(work)];
      };
      static constexpr row_table table = [] {
        row_table t{};
        for (std::int32_t y = 0; y < work && !formula.exact; ++y)
          t.ends[y] = static_cast<std::int16_t>(need_in_stage(graph, s, l, Position, {y, y + 1}, direction::rows).end);
        return t;
      }();
      static constexpr std::int32_t end(std::int32_t y) {
        if constexpr (formula.exact)
          return formula.end(y);
        else
          return table.ends[y];
      }
    };

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
        constexpr layer_span span = known::spans.items[graph.input_of(l, Position).storage];
        constexpr std::int32_t storage = graph.input_of(l, Position).storage;
        constexpr std::int32_t first = first_maker_in(graph, span, s);
        const std::int32_t needed = operand_rows<Item, Position>::end(p.done[Item]);
        return [&p, needed ]<std::int32_t... Maker>(std::integer_sequence<std::int32_t, Maker...>) {
          bool all = true;
          ((makes<first + Maker>(storage) && made<first + Maker>(p) < needed
                ? (p.wanted[first + Maker] = true, all = false)
                : true),
           ...);
          return all;
        }
        (std::make_integer_sequence<std::int32_t, span.last_writer - s.first - first + 1>{});
      }
    }

    /// Makes the next row of a layer if it is wanted and can be made.
    template <std::int32_t Item, typename Inputs>
    static constexpr bool try_layer(progress& p, std::int8_t* arena_bytes, const Inputs& inputs) {
      constexpr std::int32_t index = s.first + Item;
      constexpr bool leaves = known::spans.items[graph.output_of(graph.layers[index]).storage].last_reader >= s.end;
      if (!(leaves || p.wanted[Item]) || p.done[Item] >= rows<Item>(p).end) return false;
      const bool first = has_operand<Item, 0>(p);
      const bool second = has_operand<Item, 1>(p);
      if (!first || !second) return false;
      p.wanted[Item] = false;
      const interval made_columns = columns<Item>(p);
      run_region<S, index>(arena_bytes, inputs, {p.done[Item], p.done[Item] + 1, made_columns.first, made_columns.end},
                           p.column_patch);
      ++p.done[Item];
      return true;
    }

    /// Makes one row of the last layer that is wanted and can; false when the patch is done.
    template <typename Inputs>
    static constexpr bool make_row(progress& p, std::int8_t* arena_bytes, const Inputs& inputs) {
      return fold_in_blocks<layers>([&]<std::int32_t... Item>(std::integer_sequence<std::int32_t, Item...>) {
        return (try_layer<layers - 1 - Item>(p, arena_bytes, inputs) || ...);
      });
    }

    /// Makes one row, or goes on to the next patch; false when the stage is done.
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

  /// A bounded piece of a stage: one layer, or one row of one layer. False when the stage is done.
  template <std::int32_t S, typename Inputs>
  static constexpr bool step_stage(progress& p, std::int8_t* arena_bytes, const Inputs& inputs) {
    constexpr stage s = stages.items[S];
    if constexpr (s.is_one_layer()) {
      run_region<S, s.first>(arena_bytes, inputs, whole_output<s.first>, 0);
      return false;
    } else {
      return stream<S>::step(p, arena_bytes, inputs);
    }
  }

  template <typename Inputs>
  static constexpr void run(std::int8_t* arena_bytes, const Inputs& inputs) {
    progress p{};
    const auto run_stage = [&]<std::int32_t S>(std::integral_constant<std::int32_t, S>) {
      while (step_stage<S>(p, arena_bytes, inputs)) {
      }
    };
    fold_in_blocks<stages.count>([&]<std::int32_t... S>(std::integer_sequence<std::int32_t, S...>) {
      (run_stage(std::integral_constant<std::int32_t, S>{}), ...);
      return false;
    });
  }

  /// One piece of a run; false when there is nothing left to do.
  template <typename Inputs>
  static constexpr bool step_run(progress& p, std::int8_t* arena_bytes, const Inputs& inputs) {
    fold_in_blocks<stages.count>([&]<std::int32_t... S>(std::integer_sequence<std::int32_t, S...>) {
      return ((p.stage == S && (step_stage<S>(p, arena_bytes, inputs) || (++p.stage, true))) || ...);
    });
    return p.stage < stages.count;
  }
};

}  // namespace inlay::detail
