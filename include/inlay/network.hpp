// Inlay: a network that runs: its memory, its answers, its budgets.
#pragma once

#include <inlay/input.hpp>
#include <inlay/model/model.hpp>
#include <inlay/output.hpp>
#include <inlay/plan/budget.hpp>
#include <inlay/plan/schedule.hpp>
#include <inlay/run/prepared.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

namespace inlay::inline INLAY_ABI {

namespace detail {

template <typename Source, element_type Type>
concept source_for = std::is_invocable_v<Source&, const region&, source_destination<Type>>;

}  // namespace detail

/// A model that runs. The object is the whole working memory: sizeof(network) is arena_bytes, rounded up to
/// its alignment. It allocates nothing and keeps nothing between runs; two objects may run at once.
///
///   static inlay::network<person> detector;
///   auto scores = detector.run(camera_frame);
///
/// Budgets are sram<Bytes> and flash<Bytes>; a network that exceeds one does not compile.
template <typename Model, typename Schedule = per_layer, typename... Budgets>
class network {
  static_assert(
      detail::model_like<Model>,
      "Inlay: network's first argument is a model: inlay::tflite<bytes>, inlay::sequential<layers...>, a type "
      "derived from one, or inlay::sourced or inlay::sourced_weights of it");
  using model = std::conditional_t<detail::model_like<Model>, Model, detail::no_model>;
  static_assert(model::has_weights, "Inlay: a topology without weights cannot run; give its layers a layer_data");
  static_assert(schedule_type<Schedule>,
                "Inlay: network's second argument is a schedule: per_layer, least_memory, fit<sram<Bytes>>, "
                "fit<sram<Bytes>, max_overhead<percent<P>>, weights_read<Bytes, Times>> or schedule<stages...>; budgets "
                "stand behind it");
  static_assert((true && ... && budget_type<Budgets>),
                "Inlay: what stands behind a network's schedule are budgets: sram<Bytes>, flash<Bytes>");
  using plan = detail::prepared<model, std::conditional_t<schedule_type<Schedule>, Schedule, per_layer>>;
  using known = detail::described<model>;
  /// What run() takes: the inputs, and the source of the weights.
  static constexpr std::size_t argument_count = known::input_count + (known::loads_weights ? 1 : 0);

 public:
  /// Bytes of working memory: activations of all layers, overlaid by their lifetimes.
  static constexpr std::size_t arena_bytes = static_cast<std::size_t>(plan::arena.bytes);
  /// Bytes of flash for constants: what kernels read of the model, and the tables made from it. Code comes on top.
  static constexpr std::size_t flash_bytes = plan::constant_bytes + plan::table_bytes;
  /// Multiply-accumulates of the network, each counted once.
  static constexpr std::int64_t macs = total_macs(plan::graph);
  /// Multiply-accumulates that a run does again, because patches share them. None where a run does less than all:
  /// streamed stages leave out pixels that nobody reads.
  static constexpr std::int64_t recomputed_macs = plan::macs > macs ? plan::macs - macs : 0;
  static constexpr std::size_t input_count = known::input_count;
  static constexpr std::size_t output_count = static_cast<std::size_t>(plan::graph.output_count);

  /// Name, extents, scale and zero point of an input, in the model's order, and how to quantise numbers for it.
  template <std::size_t Item = 0>
  using input_info = inlay::input_info<model, Item>;
  /// What run() takes for input number Item: exactly as many elements as the model's input has, of its type, which
  /// stay the caller's. Arrays and std::array convert by themselves.
  template <std::size_t Item = 0>
  using input = std::span<const typename input_info<Item>::value_type, input_info<Item>::size()>;
  template <std::size_t Item = 0>
  using output = output_view<model, Item>;

  /// An input from a pointer to its first element. Nothing checks that as many elements as the input has stand there.
  template <std::size_t Item = 0>
  static constexpr input<Item> unchecked_input(const typename input<Item>::value_type* first) {
    return input<Item>(first, input<Item>::extent);
  }

  /// An input from a buffer whose size is known when the program runs, a std::vector or a std::span; false if that is
  /// not exactly the input's. Refers to the buffer.
  ///   if (const auto image = net::checked_input(pixels)) detector.run(*image);
  template <std::size_t Item = 0, typename Buffer>
  static constexpr checked_span<input<Item>> checked_input(Buffer&& buffer) {
    if constexpr (takes<detail::reading::after_a_check, Buffer, Item>()) {
      const std::span<const typename input<Item>::value_type> elements(buffer);
      if (elements.size() == input<Item>::extent) return checked_span(unchecked_input<Item>(elements.data()));
    } else {
      refuse<detail::reading::after_a_check, Buffer, Item>();
    }
    return {};
  }

  /// Bytes of the network's inputs, which the arena does not include: the caller's buffers, or what a source gives.
  static constexpr std::size_t input_bytes = []<std::size_t... Item>(std::index_sequence<Item...>) {
    return (std::size_t{0} + ... + (input_info<Item>::size() * sizeof(typename input_info<Item>::value_type)));
  }(std::make_index_sequence<input_count>{});

  /// A run that goes step by step, so that a main loop stays responsive: each step is one layer, or in stages
  /// that run patch by patch one row of one layer. It refers to the network and to the buffers, which must stay, and
  /// holds the sources.
  template <typename Inputs>
  class run_in_steps {
   public:
    constexpr run_in_steps(network& owner, Inputs&& inputs) : owner_(owner), inputs_(std::move(inputs)) {}
    /// Does the next piece of work; false when there is none left.
    constexpr bool step() {
      if constexpr (known::is_sourced || known::loads_weights)
        return std::apply(
            [this](auto&... sources) {
              return plan::step_run(progress_, owner_.arena_, std::tuple<decltype(sources)...>(sources...));
            },
            inputs_);
      else
        return plan::step_run(progress_, owner_.arena_, inputs_);
    }
    /// The network's outputs, as run() returns them; once step() has returned false.
    constexpr auto outputs() const { return owner_.outputs(std::make_index_sequence<output_count>{}); }

   private:
    network& owner_;
    Inputs inputs_;
    typename plan::progress progress_{};
  };

  /// What start() returns after an error, so that no second one follows.
  struct refused_run {
    const network& owner;
    constexpr bool step() { return false; }
    constexpr auto outputs() const { return owner.outputs(std::make_index_sequence<output_count>{}); }
  };

  /// Starts a run that goes step by step:
  ///   auto job = detector.start(frame);
  ///   while (job.step()) poll();
  ///   auto scores = job.outputs();
  /// Takes what run() takes. Buffers are read in later steps and must stay; temporary ones are refused. The job holds
  /// its own copies of sources, or references to those in a std::ref.
  template <typename... Inputs>
  constexpr auto start(Inputs&&... inputs) & {
    check_count<Inputs...>();
    if constexpr (sizeof...(Inputs) == argument_count)
      return start_with(std::index_sequence_for<Inputs...>{}, std::forward<Inputs>(inputs)...);
    else
      return refused_run{*this};
  }
  template <typename... Inputs>
  constexpr auto start(Inputs&&...) && {
    refuse_temporary<Inputs...>();
    return refused_run{*this};
  }

  /// Runs the network on its inputs, in the model's order: buffers, or for a sourced model callables; behind them
  /// stands the source of the weights of a sourced_weights. Returns its output, or a std::tuple of them. Buffers are
  /// only read, and only in the call; the outputs stay valid until the next run.
  template <typename... Inputs>
  constexpr auto run(Inputs&&... inputs) & {
    check_count<Inputs...>();
    if constexpr (sizeof...(Inputs) == argument_count)
      run_with<Inputs...>(std::index_sequence_for<Inputs...>{}, inputs...);
    return outputs(std::make_index_sequence<output_count>{});
  }
  template <typename... Inputs>
  constexpr auto run(Inputs&&...) && {
    refuse_temporary<Inputs...>();
    return outputs(std::make_index_sequence<output_count>{});
  }

 private:
  template <typename Budget>
  struct within {};
  template <std::size_t Bytes>
  struct within<sram<Bytes>> {
    static_assert(sizeof(detail::refuse_budget<arena_bytes, sram<Bytes>>) > 0);
  };
  template <std::size_t Bytes>
  struct within<flash<Bytes>> {
    static_assert(sizeof(detail::refuse_budget<flash_bytes, flash<Bytes>>) > 0);
  };
  // In the class itself, so that naming a network's object checks its budgets.
  static_assert((true && ... && (sizeof(within<Budgets>) > 0)));

  template <typename... Inputs>
  static constexpr void check_count() {
    if constexpr (known::loads_weights)
      static_assert(detail::as_many_inputs<sizeof...(Inputs), argument_count>,
                    "Inlay: run() and start() take one buffer or source for each input of the network, and behind "
                    "them the source of its weights");
    else
      static_assert(detail::as_many_inputs<sizeof...(Inputs), argument_count>,
                    "Inlay: run() and start() take one buffer or source for each input of the network");
  }
  template <typename... Inputs>
  static constexpr void refuse_temporary() {
    static_assert(detail::never<Inputs...>,
                  "Inlay: this network is a temporary, gone before its outputs are read: give it a name");
  }

  template <detail::reading When, typename Given, std::size_t Item>
  static constexpr detail::misfit misfit_of =
      detail::find_misfit<Given, typename input<Item>::value_type, input<Item>::extent, When>();

  /// Whether an argument is called, not read.
  template <std::size_t Item>
  static constexpr bool is_source = known::is_sourced || Item == input_count;

  /// Whether an argument's type is that of a source of an input, or of the weights.
  template <typename Source, std::size_t Item>
  static constexpr bool is_source_for() {
    if constexpr (Item == input_count)
      return detail::source_of_weights<Source> && (!known::loads_ahead || detail::waits_for_weights<Source>);
    else
      return detail::source_for<Source, known::input_tensor(Item).type>;
  }

  /// Whether an argument does for an input, or for the weights.
  template <detail::reading When, typename Given, std::size_t Item>
  static constexpr bool takes() {
    if constexpr (is_source<Item>)
      return is_source_for<std::decay_t<Given>, Item>() &&
             (When == detail::reading::in_the_call || std::is_constructible_v<std::decay_t<Given>, Given>);
    else
      return misfit_of<When, Given, Item> == detail::misfit::none;
  }

  /// Does not compile for an argument that does not.
  template <detail::reading When, typename Given, std::size_t Item>
  static constexpr void refuse() {
    if constexpr (!is_source<Item>)
      detail::refuse_buffer<misfit_of<When, Given, Item>, Given, typename input<Item>::value_type,
                            input<Item>::extent>();
    else if constexpr (Item < input_count && !is_source_for<std::decay_t<Given>, Item>())
      static_assert(detail::never<Given>,
                    "Inlay: a sourced network takes for each input a callable that writes the elements of a row into "
                    "pixels: [](inlay::region row, auto pixels) { ... }");
    else if constexpr (!detail::source_of_weights<std::decay_t<Given>> && Item == input_count)
      static_assert(detail::never<Given>,
                    "Inlay: the weights of inlay::sourced_weights come from a callable that fills a buffer with bytes "
                    "of the model: [](inlay::weights_part weights, std::span<std::int8_t> to) { ... }");
    else if constexpr (!is_source_for<std::decay_t<Given>, Item>())
      static_assert(detail::never<Given>,
                    "Inlay: weights that are asked for ahead are waited for: the source of a prefetch has a "
                    "wait(inlay::weights_part), which returns when they are there");
    else if constexpr (!takes<When, Given, Item>())
      static_assert(detail::never<Given>,
                    "Inlay: start() holds its own copy of a source: give std::move(source), or std::ref(source) for "
                    "one that stays");
  }

  /// What a run reads of an argument: its elements, or the source itself.
  template <std::size_t Item, typename Given>
  static constexpr decltype(auto) read_argument(Given& given) {
    if constexpr (is_source<Item>)
      return (given);
    else
      return input<Item>(given).data();
  }

  template <typename... Inputs, std::size_t... Item>
  constexpr void run_with(std::index_sequence<Item...>, Inputs&... inputs) {
    constexpr auto when = detail::reading::in_the_call;
    if constexpr (!(takes<when, Inputs, Item>() && ...))
      (refuse<when, Inputs, Item>(), ...);
    else
      plan::run(arena_, std::tuple<decltype(read_argument<Item>(inputs))...>(read_argument<Item>(inputs)...));
  }

  template <std::size_t... Item, typename... Inputs>
  constexpr auto start_with(std::index_sequence<Item...>, Inputs&&... inputs) {
    constexpr auto when = detail::reading::in_steps;
    if constexpr (!(takes<when, Inputs, Item>() && ...)) {
      (refuse<when, Inputs, Item>(), ...);
      return refused_run{*this};
    } else {
      return run_in_steps<std::tuple<std::decay_t<decltype(read_argument<Item>(inputs))>...>>(
          *this, {read_kept_argument<Item>(std::forward<Inputs>(inputs))...});
    }
  }
  /// The same, for a run that keeps sources.
  template <std::size_t Item, typename Given>
  static constexpr decltype(auto) read_kept_argument(Given&& given) {
    if constexpr (is_source<Item>)
      return std::forward<Given>(given);
    else
      return input<Item>(given).data();
  }

  template <std::size_t... Item>
  constexpr auto outputs(std::index_sequence<Item...>) const {
    if constexpr (sizeof...(Item) == 1)
      return output<0>(output_data<0>());
    else
      return std::make_tuple(output<Item>(output_data<Item>())...);
  }

  template <std::size_t Item>
  constexpr const std::int8_t* output_data() const {
    constexpr std::int32_t offset = plan::arena.places[known::output_tensor(Item).storage].offset;
    return arena_ + offset;
  }

  alignas(detail::arena_alignment) std::int8_t arena_[arena_bytes];
};

}  // namespace inlay
