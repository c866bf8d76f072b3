// Inlay: a network that runs: its memory, its answers, its budgets.
#pragma once

#include <inlay/plan/budget.hpp>
#include <inlay/plan/schedule.hpp>
#include <inlay/run.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// The C++ type of an element of a network's input or output.
template <element_type Type>
using element_of =
    std::conditional_t<Type == element_type::float32, float,
                       std::conditional_t<Type == element_type::int32, std::int32_t,
                                          std::conditional_t<Type == element_type::uint8, std::uint8_t, std::int8_t>>>;

/// Named in the static_assert about run()'s arguments, so that both numbers are printed.
template <std::size_t GivenInputs, std::size_t NeededInputs>
concept as_many_inputs = GivenInputs == NeededInputs;

}  // namespace detail

/// One output of a network: a view of its arena, valid until the next run. Elements have the type that the
/// model declares; float outputs are computed from the int8 map as they are read.
template <typename Model, std::size_t Index>
class output_view {
  static constexpr const tensor& declared = detail::described<Model>::output_tensor(Index);

 public:
  using value_type = detail::element_of<declared.type>;
  /// Extents as the model gives them, outermost first.
  static constexpr shape extents = declared.extents;
  /// real = scale × (stored − zero_point)
  static constexpr float scale = declared.quant.scale;
  static constexpr std::int32_t zero_point = declared.quant.zero_point;

  constexpr explicit output_view(const std::int8_t* data) : data_(data) {}

  static constexpr std::size_t size() { return static_cast<std::size_t>(extents.elements()); }

  /// Element i in memory order. For float outputs: DEQUANTIZE of the stored value.
  constexpr value_type operator[](std::size_t i) const {
    if constexpr (std::is_same_v<value_type, float>)
      return real(i);
    else if constexpr (std::is_same_v<value_type, std::int32_t>)
      return read_int32(data_, static_cast<std::uint32_t>(4 * i));
    else
      return static_cast<value_type>(data_[i]);
  }

  /// The real number that element i stands for; int32 outputs are indices and stand for none.
  constexpr float real(std::size_t i) const requires(declared.type != element_type::int32) {
    const std::int32_t stored = declared.type == element_type::uint8 ? static_cast<std::uint8_t>(data_[i]) : data_[i];
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
  using plan = detail::prepared<Model, Schedule>;
  using known = detail::described<Model>;
  static_assert(Model::has_weights, "Inlay: a topology without weights cannot run; give its layers a layer_data");

 public:
  /// Bytes of working memory: activations of all layers, overlaid by their lifetimes.
  static constexpr std::size_t arena_bytes = static_cast<std::size_t>(plan::arena.bytes);
  /// Bytes of flash for constants: the model's file and the tables made from it. Code comes on top.
  static constexpr std::size_t flash_bytes = Model::byte_count + plan::table_bytes;
  /// Multiply-accumulates of the network, each counted once.
  static constexpr std::int64_t macs = total_macs(plan::graph);
  /// Multiply-accumulates that a run does again, because patches share them. None where a run does less than all:
  /// streamed stages leave out pixels that nobody reads.
  static constexpr std::int64_t recomputed_macs = plan::macs > macs ? plan::macs - macs : 0;
  static constexpr std::size_t input_count = known::input_count;
  static constexpr std::size_t output_count = static_cast<std::size_t>(plan::graph.output_count);

  /// What run() takes for input number Item: exactly as many elements as the model's input has, of its type, which
  /// stay the caller's. Arrays and std::array convert by themselves.
  template <std::size_t Item = 0>
  using input = std::span<const detail::element_of<known::input_tensor(Item).type>,
                          static_cast<std::size_t>(known::input_tensor(Item).extents.elements())>;
  template <std::size_t Item = 0>
  using output = output_view<Model, Item>;

  /// Extents, scale and zero point of an input.
  static constexpr const tensor& input_tensor(std::size_t i = 0) { return known::input_tensor(i); }

  /// Bytes of the network's inputs, which the arena does not include: the caller's buffers, or what a source gives.
  static constexpr std::size_t input_bytes = []<std::size_t... Item>(std::index_sequence<Item...>) {
    return (
        std::size_t{0} + ... +
        input<Item>{static_cast<const typename input<Item>::element_type*>(nullptr), input<Item>::extent}.size_bytes());
  }
  (std::make_index_sequence<input_count>{});

  /// A run that goes step by step, so that a main loop stays responsive: each step is one layer, or in stages
  /// that run patch by patch one row of one layer. It refers to the network and to the inputs, which must stay.
  template <typename Pointers>
  class run_in_steps {
   public:
    constexpr run_in_steps(network& owner, const Pointers& inputs) : owner_(owner), inputs_(inputs) {}
    /// Does the next piece of work; false when there is none left.
    constexpr bool step() { return plan::step_run(progress_, owner_.arena_, inputs_); }
    /// The network's outputs, as run() returns them; once step() has returned false.
    constexpr auto outputs() const { return owner_.outputs(std::make_index_sequence<output_count>{}); }

   private:
    network& owner_;
    Pointers inputs_;
    typename plan::progress progress_{};
  };

  /// Starts a run that goes step by step:
  ///   auto job = detector.start(frame);
  ///   while (job.step()) poll();
  ///   auto scores = job.outputs();
  template <typename... Inputs>
  constexpr auto start(Inputs&&... inputs) {
    static_assert(detail::as_many_inputs<sizeof...(Inputs), input_count>,
                  "Inlay: start() takes one buffer or source for each input of the network");
    const auto taken = take_inputs(std::index_sequence_for<Inputs...>{}, inputs...);
    return run_in_steps<decltype(taken)>(*this, taken);
  }

  /// Runs the network on its inputs, in the model's order: buffers, or for a sourced model callables. Returns its
  /// output, or a std::tuple of them. Buffers are only read; the outputs stay valid until the next run.
  template <typename... Inputs>
  constexpr auto run(Inputs&&... inputs) {
    static_assert(detail::as_many_inputs<sizeof...(Inputs), input_count>,
                  "Inlay: run() takes one buffer or source for each input of the network");
    if constexpr (sizeof...(Inputs) == input_count)
      plan::run(arena_, take_inputs(std::index_sequence_for<Inputs...>{}, inputs...));
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

  template <std::size_t Item>
  using input_pointer = const typename input<Item>::value_type*;

  /// The caller's buffers as pointers, null where one does not fit, after an error that says so; sources as
  /// references.
  template <std::size_t... Item, typename... Inputs>
  static constexpr auto take_inputs(std::index_sequence<Item...>, Inputs&... inputs) {
    if constexpr (known::is_sourced) {
      return std::tuple<Inputs&...>(inputs...);
    } else {
      constexpr bool fit = (std::is_convertible_v<Inputs&, input<Item>> && ...);
      static_assert((std::is_convertible_v<Inputs&, input<Item>> && ...),
                    "Inlay: run() takes spans of exactly the input's size and element type; see network::input");
      if constexpr (fit)
        return std::make_tuple(input<Item>(inputs).data()...);
      else
        return std::tuple<input_pointer<Item>...>{};
    }
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

  alignas(arena_alignment) std::int8_t arena_[arena_bytes];
};

}  // namespace inlay
