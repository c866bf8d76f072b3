// Inlay: the kernels of a model type's layers, with the numbers and tables that they need.
#pragma once

#include <inlay/kernels/fast.hpp>
#include <inlay/kernels/invoke.hpp>
#include <inlay/kernels/overwrite.hpp>
#include <inlay/kernels/reference.hpp>
#include <inlay/kernels/weight_sums.hpp>
#include <inlay/plan/layout.hpp>

#include <cstddef>
#include <cstdint>
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

/// One layer's reference kernel.
template <typename Model, std::int32_t Index>
struct reference_step {
  static constexpr const graph_view& graph = described<Model>::graph;
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

  static constexpr bool reads_model = true;

  /// What invoke calls.
  static constexpr bound_kernel<kernel> call() { return {parameters, table.entries}; }
};

/// One layer's fast kernel.
template <typename Model, std::int32_t Index, typename Kernel>
struct fast_step {
  static constexpr const graph_view& graph = described<Model>::graph;
  static constexpr const layer& l = graph.layers[Index];
  using kernel = Kernel;
  static constexpr auto parameters = kernel::prepare(graph, l);

  static constexpr std::int32_t channels = reference_step<Model, Index>::table_size;
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
      if constexpr (kernel::excess(graph, l) != 0) {
        constexpr std::int32_t parts = (channels + channels_per_part - 1) / channels_per_part;
        [&]<std::int32_t... Part>(std::integer_sequence<std::int32_t, Part...>) {
          const auto take = [&](const sums_type& part, std::int32_t first) {
            for (std::int32_t c = first; c < channels && c < first + channels_per_part; ++c)
              all.items[c] = part.items[c];
          };
          (take(sums_part<Part>, Part * channels_per_part), ...);
        }(std::make_integer_sequence<std::int32_t, parts>{});
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
        kernel::fill_table(graph, l, Model::bytes(), reference_step<Model, Index>::table.entries, sums.items,
                           t.entries);
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

  static constexpr std::int32_t packed_bytes = [] {
    if constexpr (requires { kernel::packed_bytes(graph, l, whole_table.entries); })
      return kernel::packed_bytes(graph, l, whole_table.entries);
    else
      return 0;
  }();
  struct packed_type {
    std::int32_t before;
    std::int32_t items[packed_bytes > 0 ? static_cast<std::size_t>(packed_bytes + 3) / 4 : 1];
  };
  static constexpr packed_type packed = [] {
    packed_type all{};
    if constexpr (packed_bytes > 0)
      kernel::pack_weights(graph, l, whole_table.entries, Model::bytes() + graph.input_of(l, 1).data_at, all.items);
    return all;
  }();
  /// Whether its weights are the model's.
  static constexpr bool reads_model = packed_bytes == 0;

  static constexpr std::size_t table_bytes =
      (used_entries > 0 ? sizeof(table) : 0) + (reads_model ? 0 : sizeof(packed_type));
  static constexpr auto spec = [] {
    if constexpr (requires { kernel::specialise(graph, l, table.entries); })
      return kernel::specialise(graph, l, table.entries);
    else
      return kernel::specialise(graph, l);
  }();

  /// What invoke calls.
  static constexpr fast_step call() { return {}; }

  template <typename... Operands>
  static void run(const map_view<std::int8_t>& output, const region& r, const Operands&... operands) {
    kernel::template run<spec>(parameters, table.entries, output, r, as_int8_elements(operands)...);
  }
  template <typename... Operands>
  static void run_all(const map_view<std::int8_t>& output, const region& r, const Operands&... operands) {
    if constexpr (requires {
                    kernel::template run_all<spec>(parameters, table.entries, output, r, as_int8_elements(operands)...);
                  })
      kernel::template run_all<spec>(parameters, table.entries, output, r, as_int8_elements(operands)...);
    else
      run(output, r, operands...);
  }
  template <typename... Weights>
  static void run_over(const overwriting& over, const map_view<std::int8_t>& map, std::int8_t* ring,
                       const Weights*... weights) {
    if constexpr (requires {
                    kernel::template run_over<spec>(parameters, table.entries, map, ring, as_int8_elements(weights)...);
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

/// Whose kernels compute layers that those of native_isa do not accept: Cortex-M55 has the instructions of M33, too.
inline constexpr isa second_isa = native_isa == isa::arm_mve ? isa::arm_dsp : native_isa;

/// Which of the kernels of its kind computes a layer.
enum class kernel_choice : std::uint8_t { native, second, portable, reference };
template <layer_kind Kind>
constexpr kernel_choice choose_kernel(graph_view g, const layer& l) {
  if (fast_kernel<native_isa, Kind>::accepts(g, l)) return kernel_choice::native;
  if (fast_kernel<second_isa, Kind>::accepts(g, l)) return kernel_choice::second;
  return portable_kernel<Kind>::accepts(g, l) ? kernel_choice::portable : kernel_choice::reference;
}

template <typename Model, std::int32_t Index>
constexpr auto choose_step() {
  constexpr const graph_view& graph = described<Model>::graph;
  constexpr const layer& l = graph.layers[Index];
  constexpr kernel_choice choice = choose_kernel<l.kind>(graph, l);
  if constexpr (choice == kernel_choice::native)
    return std::type_identity<fast_step<Model, Index, fast_kernel<native_isa, l.kind>>>{};
  else if constexpr (choice == kernel_choice::second)
    return std::type_identity<fast_step<Model, Index, fast_kernel<second_isa, l.kind>>>{};
  else if constexpr (choice == kernel_choice::portable)
    return std::type_identity<fast_step<Model, Index, portable_kernel<l.kind>>>{};
  else
    return std::type_identity<reference_step<Model, Index>>{};
}

/// The kernel that computes a layer.
template <typename Model, std::int32_t Index>
using chosen_step = typename decltype(choose_step<Model, Index>())::type;

}  // namespace inlay::detail
