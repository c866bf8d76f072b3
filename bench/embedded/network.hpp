// Describes a compiled network to the harness. Names with harness_ in them mark code and constants that sections.ld
// keeps out of the figures.
#pragma once

#include "../../tests/late_weights.hpp"
#include "harness.hpp"

#include <inlay.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

/// Defines start and end of a recording, which the assembler reads.
#define HARNESS_RECORDING(name, file)                                                                                  \
  asm(".pushsection .recordings, \"a\"\n.balign 16\n" #name ":\n.incbin \"" file "\"\n" #name "_end:\n.popsection\n"); \
  extern "C" const unsigned char name[], name##_end[]

/// `Weights` has the bytes of a model whose weights are asked for.
template <typename Model, typename Schedule, const unsigned char* Weights = nullptr>
struct measured {
  using net = inlay::network<Model, Schedule>;
  using all_inputs = std::make_index_sequence<net::input_count>;

  struct guarded {
    alignas(16) unsigned char before[harness_guard_bytes];
    net network;
    unsigned char after[harness_guard_bytes];
  };
  static inline guarded memory;

  template <std::size_t I>
  static auto input(const void* const* inputs) {
    using span = typename net::template input<I>;
    return span(static_cast<typename span::element_type*>(inputs[I]), span::extent);
  }

  static constexpr bool loads_weights = inlay::detail::asks_for_weights(Model::graph());

  template <std::size_t... I>
  static auto start(const void* const* inputs, std::index_sequence<I...>) {
    if constexpr (loads_weights)
      return memory.network.start(input<I>(inputs)..., inlay_tests::late_weights{Weights});
    else
      return memory.network.start(input<I>(inputs)...);
  }

  /// What is measured.
  [[gnu::noinline]] static void run(const void* const* inputs) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      if constexpr (loads_weights) {
        inlay_tests::late_weights weights{Weights};
        memory.network.run(input<I>(inputs)..., weights);
      } else {
        memory.network.run(input<I>(inputs)...);
      }
    }
    (all_inputs{});
  }

  template <std::size_t... I>
  [[gnu::always_inline]] static auto as_tuple(const auto& outputs, std::index_sequence<I...>) {
    if constexpr (sizeof...(I) == 1)
      return std::make_tuple(outputs);
    else
      return outputs;
  }

  // The stores are volatile, or the compiler would call memcpy, which then counted as part of the inference.
  [[gnu::noinline, gnu::flatten]] static void harness_read_outputs(const void* const* inputs,
                                                                   volatile unsigned char* to) {
    const auto read = [&](const auto& output) {
      for (std::size_t i = 0; i < output.size(); ++i) {
        const auto value = output[i];
        const auto* bytes = reinterpret_cast<const unsigned char*>(&value);
        for (std::size_t b = 0; b < sizeof value; ++b) *to++ = bytes[b];
      }
    };
    const auto outputs = as_tuple(start(inputs, all_inputs{}).outputs(), std::make_index_sequence<net::output_count>{});
    std::apply([&](const auto&... output) { (read(output), ...); }, outputs);
  }

  static constexpr std::uint32_t output_bytes = []<std::size_t... I>(std::index_sequence<I...>) {
    return (0 + ... + (net::template output<I>::size() * sizeof(typename net::template output<I>::value_type)));
  }
  (std::make_index_sequence<net::output_count>{});

  template <typename>
  struct input_sizes;
  template <std::size_t... I>
  struct input_sizes<std::index_sequence<I...>> {
    static constexpr harness_input harness_items[] = {
        {net::template input<I>::extent * sizeof(typename net::template input<I>::value_type),
         sizeof(typename net::template input<I>::value_type)}...};
  };

#ifdef HARNESS_PROFILE
  static_assert(std::is_same_v<Schedule, inlay::per_layer>, "only per_layer makes a layer a step");

  static void run_in_steps(const void* const* inputs, void (*after_each)()) {
    auto job = start(inputs, all_inputs{});
    for (bool more = true; more;) {
      more = job.step();
      after_each();
    }
  }

  static constexpr inlay::graph_view graph = inlay::detail::prepared<Model, Schedule>::graph;
  struct layer_list {
    harness_layer items[graph.layer_count];
  };
  static constexpr layer_list layers = [] {
    layer_list list{};
    for (std::int32_t i = 0; i < graph.layer_count; ++i) {
      const inlay::layer& l = graph.layers[i];
      const inlay::shape& output = graph.output_of(l).extents;
      const auto number = [](auto value) {
        return static_cast<std::uint32_t>(value);
      };
      list.items[i] = {.kind = number(l.kind),
                       .rows = number(inlay::detail::map_rows(output)),
                       .columns = number(output.width()),
                       .channels = number(output.channels()),
                       .input_channels = number(graph.has_input(l, 0) ? graph.input_of(l, 0).extents.channels() : 0),
                       .kernel_rows = number(l.window.kernel.height),
                       .kernel_columns = number(l.window.kernel.width),
                       .stride_rows = number(l.window.stride.height),
                       .stride_columns = number(l.window.stride.width),
                       .macs = number(layer_macs(graph, l))};
    }
    return list;
  }();
#endif

  static constexpr harness_network describe(const unsigned char* inputs, const unsigned char* inputs_end,
                                            const unsigned char* outputs, const unsigned char* outputs_end) {
    static_assert(net::input_count <= harness_most_inputs);
    return {.run = run,
            .read_outputs = harness_read_outputs,
            .memory = memory.before,
            .network_bytes = sizeof(net),
            .arena_bytes = net::arena_bytes,
            .macs = static_cast<std::uint32_t>(net::macs),
            .inputs = input_sizes<all_inputs>::harness_items,
            .input_count = net::input_count,
            .output_bytes = output_bytes,
#ifdef HARNESS_PROFILE
            .run_in_steps = run_in_steps,
            .layers = layers.items,
            .layer_count = static_cast<std::uint32_t>(graph.layer_count),
#else
            .run_in_steps = nullptr,
            .layers = nullptr,
            .layer_count = 0,
#endif
            .recorded_inputs = inputs,
            .recorded_inputs_end = inputs_end,
            .recorded_outputs = outputs,
            .recorded_outputs_end = outputs_end};
  }
};
