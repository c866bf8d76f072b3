// Inlay: the plan of a model type, run: which kernel, on which rows, from where to where.
#pragma once

#include <inlay/fold.hpp>
#include <inlay/kernels/invoke.hpp>
#include <inlay/kernels/overwrite.hpp>
#include <inlay/plan/fitting.hpp>
#include <inlay/plan/layout.hpp>
#include <inlay/run/steps.hpp>
#include <inlay/run/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

namespace inlay::inline INLAY_ABI::detail {

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

  /// The kernel that computes a layer. Only reference kernels sum up products.
  template <std::int32_t Index>
  using step_of = typename std::conditional_t<sums_products(graph, stages.items, stages.count, Index),
                                              std::type_identity<reference_step<Model, Index>>,
                                              decltype(choose_step<Model, Index>())>::type;

  static constexpr std::size_t table_bytes = [] {
    std::size_t sum = 0;
    fold_in_blocks<graph.layer_count>([&sum]<std::int32_t... Item>(std::integer_sequence<std::int32_t, Item...>) {
      sum += (std::size_t{0} + ... + step_of<Item>::table_bytes);
      return false;
    });
    return sum;
  }();

  /// Bytes of the model's parts that kernels read.
  static constexpr std::size_t constant_bytes = [] {
    bool used[Model::part_count]{};
    const auto use = [&used](const layer& l, bool reads_model) {
      for (int position = 0; position < operands_read(l.kind) && reads_model; ++position)
        if (graph.has_input(l, position))
          if (const tensor& t = graph.input_of(l, position); t.is_constant())
            used[part_with<Model>(t.data_at).array] = true;
    };
    fold_in_blocks<graph.layer_count>([&use]<std::int32_t... Item>(std::integer_sequence<std::int32_t, Item...>) {
      (use(graph.layers[Item], step_of<Item>::reads_model), ...);
      return false;
    });
    std::size_t sum = 0;
    for (std::size_t i = 0; i < Model::part_count; ++i)
      if (const auto part = Model::part(i); std::exchange(used[part.array], false)) sum += part.bytes;
    return sum;
  }();

  // In flash, where steps refer to them.
  template <std::int32_t Index>
  static constexpr const overwriting& over_input = constant_in_flash<overwriting_of(
      graph.input_of(graph.layers[Index]).extents, graph.output_of(graph.layers[Index]).extents, graph.layers[Index])>;
  template <std::int32_t Index>
  static constexpr const region& whole_output =
      constant_in_flash<region{0, work_along(graph, graph.layers[Index], direction::rows), 0,
                               work_along(graph, graph.layers[Index], direction::columns)}>;

  /// Layers of the longest stage that is streamed, in so many segments a row at least.
  static constexpr std::int32_t most_streamed(std::int32_t segments) {
    std::int32_t most = 0;
    for (std::int32_t i = 0; i < stages.count; ++i)
      if (const stage& s = stages.items[i]; !s.is_one_layer() && s.segments >= segments && s.layers() > most)
        most = s.layers();
    return most;
  }

  /// How far a run has come.
  using progress = run_progress<most_streamed(1), most_streamed(2)>;

  /// Pointer to a tensor: in the model, in the caller's buffer or in the arena.
  template <std::int32_t Tensor, typename Inputs>
  static constexpr auto pointer(const std::int8_t* arena_bytes, const Inputs& inputs) {
    constexpr const tensor& t = graph.tensors[Tensor];
    constexpr std::int32_t input = graph.input_position(t.storage);
    if constexpr (t.is_constant()) {
      constexpr auto data = constant_at<Model>(t.data_at);
      return data;
    } else if constexpr (input >= 0) {
      return std::get<static_cast<std::size_t>(input)>(inputs);
    } else {
      constexpr std::int32_t offset = arena.places[t.storage].offset + t.first_channel;
      return arena_bytes + offset;
    }
  }

  /// The source of the weights, which stands behind the inputs.
  template <typename Inputs>
  static constexpr auto& source_of(const Inputs& inputs) {
    return std::get<known::input_count>(inputs);
  }

  /// Waits for what a layer reads of what was loaded.
  template <std::int32_t Index, int Position, typename Inputs>
  static constexpr void wait_for_operand(const Inputs& inputs) {
    constexpr const layer& l = graph.layers[Index];
    if constexpr (Position < operands_read(l.kind) && graph.has_input(l, Position))
      if constexpr (graph.input_of(l, Position).is_loaded) {
        constexpr weights_part part = loaded_part(graph, graph.input_of(l, Position));
        wait_for(source_of(inputs), part);
      }
  }

  /// The column that the rows of a map start with in a part of the columns of stage S: not the map's first where the
  /// stage keeps only a strip or a segment.
  template <std::int32_t S, std::int32_t Writer>
  static constexpr std::int32_t first_column(std::int32_t column_part) {
    constexpr stage s = stages.items[S];
    if constexpr (s.is_one_layer() || Writer < s.first || Writer >= s.end || !maps.items[Writer].internal)
      return 0;
    else if constexpr (s.column_parts() == 1 || (s.segments > 1 && !maps.items[Writer].transient))
      return std::integral_constant<std::int32_t, base::template layout<S>.made_columns[Writer - s.first].first>{};
    else
      return base::template layout<S>.made_columns[column_part * s.layers() + Writer - s.first].first;
  }

  /// Makes room for the next segment of a layer's output, in row y.
  template <std::int32_t Index>
  static constexpr void make_room(std::int8_t* arena_bytes, std::int32_t y, std::int32_t segment) {
    constexpr std::int32_t storage = graph.output_of(graph.layers[Index]).storage;
    constexpr const map_layout& map = maps.items[known::spans.items[storage].first_writer];
    if constexpr (map.ahead > 0)
      if (begins_ring(map, y, segment))
        move_ahead(arena_bytes + std::integral_constant<std::int32_t, arena.places[storage].offset>{},
                   map.rows * map.row_pitch, map.ahead);
  }

  /// Where the operands and the output of a layer are in stage S. What is left at run time are a few constants: the
  /// graph and the tables of the plan need not be in flash.
  template <std::int32_t S, std::int32_t Index, typename Inputs>
  struct operands {
    std::int8_t* arena_bytes;
    const Inputs& inputs;
    const progress& so_far;

    constexpr std::int32_t column_part() const {
      if constexpr (stages.items[S].segments > 1)
        return so_far.segment[Index - stages.items[S].first];
      else
        return so_far.column_patch;
    }

    template <std::size_t Position>
    constexpr auto pointer() const {
      return prepared::pointer<graph.layers[Index].inputs[Position]>(arena_bytes, inputs);
    }

    template <std::size_t Position>
    constexpr auto map() const {
      constexpr std::int32_t index = graph.layers[Index].inputs[Position];
      constexpr const tensor& t = graph.tensors[index];
      // Rows that are summed up are those that were made.
      constexpr bool sums_up = !makes_regions(graph.layers[Index].kind);
      constexpr const shape& extents = sums_up ? graph.tensors[t.storage].extents : t.extents;
      const auto* data = prepared::pointer<index>(arena_bytes, inputs);
      using element = std::remove_pointer_t<decltype(data)>;
      constexpr bool dense = t.is_constant() || graph.input_position(t.storage) >= 0 ||
                             is_reshaped(extents, graph.tensors[t.storage].extents);
      constexpr std::int32_t channels = extents.channels();
      if constexpr (dense) {
        constexpr std::int32_t row_pitch = extents.width() * channels, rows = map_rows(extents);
        return map_view<element>{data, channels, row_pitch, rows, 0};
      } else {
        constexpr std::int32_t writer = known::spans.items[t.storage].first_writer;
        constexpr std::int32_t row_pitch = maps.items[writer].row_pitch, rows = maps.items[writer].rows;
        constexpr std::int32_t ahead = maps.items[writer].ahead;
        map_view<element> view{data, channels, row_pitch, rows, first_column<S, writer>(column_part())};
        if constexpr (ahead > 0) {
          constexpr std::int32_t item = writer - stages.items[S].first;
          view.newer_row = newer_row(maps.items[writer], so_far.done[item], so_far.segment[item]);
          view.ahead = ahead;
        }
        return view;
      }
    }

    constexpr std::int8_t* output() const {
      constexpr std::int32_t offset = arena.places[graph.output_of(graph.layers[Index]).storage].offset;
      return arena_bytes + offset;
    }
    constexpr map_view<std::int8_t> output_map() const {
      constexpr const tensor& t = graph.output_of(graph.layers[Index]);
      constexpr std::int32_t first_channel = t.first_channel, channels = graph.tensors[t.storage].extents.channels();
      constexpr std::int32_t writer = known::spans.items[t.storage].first_writer;
      constexpr std::int32_t row_pitch = maps.items[writer].row_pitch, rows = maps.items[writer].rows;
      return {output() + first_channel, channels, row_pitch, rows, first_column<S, writer>(column_part())};
    }
    constexpr std::int8_t* scratch() const {
      constexpr std::int32_t offset = arena.places[scratch_place(graph, Index)].offset;
      return arena_bytes + offset;
    }
    static constexpr const overwriting& overwrites() { return over_input<Index>; }
    static constexpr std::int32_t rows_at_once() {
      constexpr std::int32_t rows = arena.places[graph.output_of(graph.layers[Index]).storage].rows_at_once;
      return rows;
    }
  };

  /// The same for a kernel that has weights of its own.
  template <typename Step, typename Operands>
  struct with_packed_weights : Operands {
    template <std::size_t Position>
    constexpr auto pointer() const {
      if constexpr (Position == 1)
        return reinterpret_cast<const std::int8_t*>(Step::packed.items);
      else
        return Operands::template pointer<Position>();
    }
  };

  /// Makes a region of a layer's output; all of it where the kernel cannot do parts.
  template <std::int32_t S, std::int32_t Index, typename Inputs>
  static constexpr void run_region(std::int8_t* arena_bytes, const Inputs& inputs, const region& r, const progress& p) {
    constexpr layer l = graph.layers[Index];
    const operands<S, Index, Inputs> where{arena_bytes, inputs, p};
    if constexpr (l.kind == layer_kind::fetch) {
      using step = reference_step<Model, Index>;
      constexpr auto input = static_cast<std::size_t>(l.origin);
      step::kernel::template run<known::input_tensor(input).type>(step::parameters, where.output_map(), r,
                                                                  std::get<input>(inputs));
    } else if constexpr (l.kind == layer_kind::load) {
      using step = reference_step<Model, Index>;
      step::kernel::run(step::parameters, where.output(), source_of(inputs));
    } else {
      if constexpr (known::loads_weights) {
        wait_for_operand<Index, 0>(inputs);
        wait_for_operand<Index, 1>(inputs);
      }
      constexpr call how = call_of(graph, stages.items[S], Index, arena.places);
      using step = step_of<Index>;
      // Fast kernels use instructions that constant expressions cannot.
      if (std::is_constant_evaluated())
        invoke<l.kind, how>(reference_step<Model, Index>::call(), where, r);
      else if constexpr (step::reads_model)
        invoke<l.kind, how>(step::call(), where, r);
      else
        invoke<l.kind, how>(step::call(), with_packed_weights<step, operands<S, Index, Inputs>>{where}, r);
    }
  }

  /// A bounded piece of a stage: one layer, or one row of one layer or a segment of that. False when the stage is done.
  template <std::int32_t S, typename Inputs>
  static constexpr bool step_stage(progress& p, std::int8_t* arena_bytes, const Inputs& inputs) {
    constexpr stage s = stages.items[S];
    if constexpr (s.is_one_layer()) {
      run_region<S, s.first>(arena_bytes, inputs, whole_output<s.first>, p);
      return false;
    } else {
      return stream<prepared, S>::step(p, arena_bytes, inputs);
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
