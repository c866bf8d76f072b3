// Inlay: a network that runs: its memory, its answers, its budgets.
#pragma once

#include <inlay/kernels/reference/convolution.hpp>
#include <inlay/kernels/reference/elementwise.hpp>
#include <inlay/kernels/reference/move.hpp>
#include <inlay/kernels/reference/reduce.hpp>
#include <inlay/plan/arena.hpp>
#include <inlay/plan/budget.hpp>
#include <inlay/plan/schedule.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

namespace inlay {

namespace detail {

/// The C++ type of an element of a network's input or output.
template <element_type Type>
using element_of = std::conditional_t<Type == element_type::float32, float,
                                      std::conditional_t<Type == element_type::uint8, std::uint8_t, std::int8_t>>;

/// Named in the static_assert about run()'s arguments, so that both numbers are printed.
template <std::size_t GivenInputs, std::size_t NeededInputs>
concept as_many_inputs = GivenInputs == NeededInputs;

/// Everything about a model that is known before it runs.
template <typename Model>
struct prepared {
  static constexpr graph_view graph = Model::graph();

  /// Two orders of placing tensors; the better one differs from network to network.
  static constexpr auto arena = [] {
    constexpr auto largest = make_arena_plan<place_count(graph)>(graph, placement_order::largest_first);
    constexpr auto earliest = make_arena_plan<place_count(graph)>(graph, placement_order::earliest_first);
    return earliest.bytes < largest.bytes ? earliest : largest;
  }();
  static_assert(is_sound(arena.places, place_count(graph), arena.bytes), "Inlay: the arena plan lets live tensors overlap; please report it");

  /// One layer's kernel with the numbers and tables it needs.
  template <std::int32_t Index>
  struct step {
    static constexpr const layer& l = graph.layers[Index];
    using kernel = reference_kernel<l.kind>;
    static constexpr auto parameters = kernel::prepare(graph, l);

    static constexpr std::int32_t table_size = kernel::table_size(graph, l);
    struct table_type {
      typename kernel::table_entry entries[table_size > 0 ? table_size : 1];
    };
    static constexpr table_type table = [] {
      table_type t{};
      kernel::fill_table(graph, l, Model::bytes(), t.entries);
      return t;
    }();
    static constexpr std::size_t table_bytes = table_size > 0 ? sizeof(table_type) : 0;
  };

  static constexpr std::size_t table_bytes = []<std::int32_t... I>(std::integer_sequence<std::int32_t, I...>) {
    return (std::size_t{0} + ... + step<I>::table_bytes);
  }(std::make_integer_sequence<std::int32_t, graph.layer_count>{});

  /// Pointer to a layer's operand: in the model, in the caller's buffer or in the arena.
  template <std::int32_t Index, std::size_t Position, typename Inputs>
  static constexpr auto operand(const std::int8_t* arena_bytes, const Inputs& inputs) {
    constexpr const tensor& t = graph.tensors[step<Index>::l.inputs[Position]];
    constexpr std::int32_t input = graph.input_position(t.storage);
    if constexpr (t.is_constant())
      return Model::bytes() + t.data_at;
    else if constexpr (input >= 0)
      return std::get<static_cast<std::size_t>(input)>(inputs);
    else
      return arena_bytes + arena.places[t.storage].offset;
  }

  /// Runs one layer. Inputs is a tuple of pointers to the caller's elements.
  template <std::int32_t Index, typename Inputs>
  static constexpr void run_layer(std::int8_t* arena_bytes, const Inputs& inputs) {
    using s = step<Index>;
    std::int8_t* output = arena_bytes + arena.places[graph.output_of(s::l).storage].offset;
    constexpr const arena_place& scratch = arena.places[scratch_place(graph, Index)];
    [&]<std::size_t... Position>(std::index_sequence<Position...>) {
      if constexpr (scratch.used())
        s::kernel::run_over(s::parameters, s::table.entries, output, arena_bytes + scratch.offset,
                            operand<Index, Position + 1>(arena_bytes, inputs)...);
      else
        s::kernel::run(s::parameters, s::table.entries, output, operand<Index, 0>(arena_bytes, inputs),
                       operand<Index, Position + 1>(arena_bytes, inputs)...);
    }(std::make_index_sequence<pointer_operands(s::l.kind) - 1>{});
  }

  template <typename Inputs>
  static constexpr void run(std::int8_t* arena_bytes, const Inputs& inputs) {
    [&]<std::int32_t... I>(std::integer_sequence<std::int32_t, I...>) {
      (run_layer<I>(arena_bytes, inputs), ...);
    }(std::make_integer_sequence<std::int32_t, graph.layer_count>{});
  }

  static constexpr const tensor& input_tensor(std::size_t i) { return graph.tensors[graph.inputs[i]]; }
  static constexpr const tensor& output_tensor(std::size_t i) { return graph.tensors[graph.outputs[i]]; }
};

}  // namespace detail

/// One output of a network: a view of its arena, valid until the next run. Elements have the type that the
/// model declares; float outputs are computed from the int8 map as they are read.
template <typename Model, std::size_t Index>
class output_view {
  static constexpr const tensor& described = detail::prepared<Model>::output_tensor(Index);

 public:
  using value_type = detail::element_of<described.type>;
  /// Extents as the model gives them, outermost first.
  static constexpr shape extents = described.extents;
  /// real = scale × (stored − zero_point)
  static constexpr float scale = described.quant.scale;
  static constexpr std::int32_t zero_point = described.quant.zero_point;

  constexpr explicit output_view(const std::int8_t* data) : data_(data) {}

  static constexpr std::size_t size() { return static_cast<std::size_t>(extents.elements()); }

  /// Element i in memory order. For float outputs: DEQUANTIZE of the stored value.
  constexpr value_type operator[](std::size_t i) const {
    if constexpr (std::is_same_v<value_type, float>)
      return real(i);
    else
      return static_cast<value_type>(data_[i]);
  }

  /// The real number that element i stands for.
  constexpr float real(std::size_t i) const {
    const std::int32_t stored = described.type == element_type::uint8 ? static_cast<std::uint8_t>(data_[i]) : data_[i];
    return scale * static_cast<float>(stored - zero_point);
  }

  /// Index of the largest element, the first of several: the class of a classifier.
  constexpr std::size_t largest() const {
    std::size_t best = 0;
    for (std::size_t i = 1; i < size(); ++i)
      if ((*this)[i] > (*this)[best]) best = i;
    return best;
  }

 private:
  const std::int8_t* data_;
};

/// A model that runs. The object is the whole working memory: sizeof(network) is arena_bytes, rounded up to
/// its alignment. It allocates nothing and keeps nothing between runs; two objects may run at once.
///
///   static inlay::network<person> detector;
///   auto scores = detector.run(camera_frame);
///
/// Budgets are sram<Bytes> and flash<Bytes>; a network that exceeds one does not compile.
template <typename Model, typename Schedule = per_layer, typename... Budgets>
class network {
  using plan = detail::prepared<Model>;
  static_assert(Model::has_weights, "Inlay: a topology without weights cannot run; give its layers a layer_data");
  static_assert(std::is_same_v<Schedule, per_layer>, "Inlay: the second argument of network is a schedule, such as per_layer");

 public:
  /// Bytes of working memory: activations of all layers, overlaid by their lifetimes.
  static constexpr std::size_t arena_bytes = static_cast<std::size_t>(plan::arena.bytes);
  /// Bytes of flash for constants: the model's file and the tables made from it. Code comes on top.
  static constexpr std::size_t flash_bytes = Model::byte_count + plan::table_bytes;
  /// Multiply-accumulates of one run.
  static constexpr std::int64_t macs = total_macs(plan::graph);
  static constexpr std::size_t input_count = static_cast<std::size_t>(plan::graph.input_count);
  static constexpr std::size_t output_count = static_cast<std::size_t>(plan::graph.output_count);

  /// What run() takes for input I: exactly as many elements as the model's input has, of its type, which
  /// stay the caller's. Arrays and std::array convert by themselves.
  template <std::size_t I = 0>
  using input = std::span<const detail::element_of<plan::input_tensor(I).type>,
                          static_cast<std::size_t>(plan::input_tensor(I).extents.elements())>;
  template <std::size_t I = 0>
  using output = output_view<Model, I>;

  /// Extents, scale and zero point of input I.
  static constexpr const tensor& input_tensor(std::size_t i = 0) { return plan::input_tensor(i); }

  /// Bytes of the caller's input buffers, which the arena does not include.
  static constexpr std::size_t input_bytes = []<std::size_t... I>(std::index_sequence<I...>) {
    return (std::size_t{0} + ... + input<I>{static_cast<const typename input<I>::element_type*>(nullptr),
                                            input<I>::extent}.size_bytes());
  }(std::make_index_sequence<input_count>{});

  /// Runs the network on its inputs, in the model's order. Returns its output, or a std::tuple of them. The
  /// inputs are only read; the outputs stay valid until the next run.
  template <typename... Inputs>
  constexpr auto run(const Inputs&... inputs) {
    static_assert(detail::as_many_inputs<sizeof...(Inputs), input_count>,
                  "Inlay: run() takes one buffer for each input of the network");
    if constexpr (sizeof...(Inputs) == input_count) run_spans(std::index_sequence_for<Inputs...>{}, inputs...);
    return outputs(std::make_index_sequence<output_count>{});
  }

 private:
  template <typename Budget>
  struct within;
  template <std::size_t Bytes>
  struct within<sram<Bytes>> {
    static_assert(fits_budget<arena_bytes, Bytes>, "Inlay: the network needs more SRAM than its budget");
  };
  template <std::size_t Bytes>
  struct within<flash<Bytes>> {
    static_assert(fits_budget<flash_bytes, Bytes>, "Inlay: the network needs more flash than its budget");
  };
  // In the class itself, so that naming a network's object checks its budgets.
  static_assert((true && ... && (sizeof(within<Budgets>) > 0)));

  template <std::size_t... I, typename... Inputs>
  constexpr void run_spans(std::index_sequence<I...>, const Inputs&... inputs) {
    constexpr bool fit = (std::is_convertible_v<const Inputs&, input<I>> && ...);
    static_assert((std::is_convertible_v<const Inputs&, input<I>> && ...),
                  "Inlay: run() takes spans of exactly the input's size and element type; see network::input");
    if constexpr (fit) plan::run(arena_, std::make_tuple(input<I>(inputs).data()...));
  }

  template <std::size_t... I>
  constexpr auto outputs(std::index_sequence<I...>) const {
    if constexpr (sizeof...(I) == 1)
      return output<0>(output_data<0>());
    else
      return std::make_tuple(output<I>(output_data<I>())...);
  }

  template <std::size_t I>
  constexpr const std::int8_t* output_data() const {
    return arena_ + plan::arena.places[plan::output_tensor(I).storage].offset;
  }

  alignas(arena_alignment) std::int8_t arena_[arena_bytes];
};

}  // namespace inlay
