// Models of which nothing is known at compile time, run with fast kernels: each is instantiated for every spec that it
// asks for, and the one that a layer asks for is taken when it runs.
#pragma once

#include <inlay.hpp>
#include <inlay/report.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <type_traits>
#include <vector>

namespace fuzz {

/// Which kernels to run a layer with: those named, if they accept it, else the next ones before.
enum class kernels { reference, portable, native };
inline constexpr kernels all_kernels[] = {kernels::reference, kernels::portable, kernels::native};

inline const char* name(kernels k) {
  return k == kernels::reference ? "reference" : k == kernels::portable ? "portable" : inlay::name(inlay::native_isa);
}

/// The layers of a run, and how many of them a fast kernel has computed.
struct tally {
  std::int64_t layers = 0, fast = 0;
};

template <typename T, std::size_t Count>
struct list {
  T items[Count];
};

/// Every spec of a kernel whose spec is a few booleans, or the kind of the layer. For those with other fields: write
/// them down here.
template <typename Kernel, inlay::layer_kind Kind>
constexpr auto specs_of() {
  using spec = typename Kernel::spec;
  if constexpr (std::is_empty_v<spec>)
    return list<spec, 1>{};
  else if constexpr (requires { spec{Kind}; })
    return list<spec, 1>{{{Kind}}};
  else if constexpr (requires { spec{true, true}; })
    return list<spec, 4>{{{false, false}, {false, true}, {true, false}, {true, true}}};
  else
    return list<spec, 2>{{{false}, {true}}};
}

template <typename Spec>
bool same_spec(const Spec& a, const Spec& b) {
  if constexpr (std::is_empty_v<Spec>)
    return true;
  else
    return std::memcmp(&a, &b, sizeof a) == 0;
}

/// A fast kernel with its spec, called as a reference kernel is.
template <typename Kernel, auto Spec>
struct specialised {
  template <typename... Arguments>
  static void run(const Arguments&... arguments) {
    Kernel::template run<Spec>(arguments...);
  }
  template <typename... Arguments>
  static void run_whole(const Arguments&... arguments) {
    Kernel::template run_whole<Spec>(arguments...);
  }
  template <typename Parameters, typename... Arguments>
  static void accumulate(const Parameters& p, const Arguments&... arguments) {
    if constexpr (requires { Kernel::template accumulate<Spec>(p, arguments...); })
      Kernel::template accumulate<Spec>(p, arguments...);
    else
      std::abort();  // products are summed up by reference kernels
  }
};

/// The table of a layer of a loaded model.
template <typename Kernel, inlay::layer_kind Kind>
std::vector<typename Kernel::table_entry> make_table(inlay::graph_view g, const inlay::layer& l,
                                                     const std::int8_t* model) {
  std::vector<typename Kernel::table_entry> table(static_cast<std::size_t>(Kernel::table_size(g, l)));
  if constexpr (inlay::detail::has_weights(Kind)) {
    using reference = inlay::detail::reference_kernel<Kind>;
    const std::int32_t channels = reference::table_size(g, l);
    std::vector<inlay::detail::channel_constants> constants(static_cast<std::size_t>(channels));
    std::vector<std::int32_t> sums(constants.size());
    reference::fill_table(g, l, model, constants.data());
    inlay::detail::sum_weights(g, l, model, 0, channels, sums.data());
    Kernel::fill_table(g, l, model, constants.data(), sums.data(), table.data());
  } else {
    Kernel::fill_table(g, l, model, table.data());
  }
  return table;
}

struct interpreter : inlay::detail::interpreter {
  kernels with = kernels::reference;
  tally& count;
  /// For each layer what runs it; empty where that is the reference kernel. Made as it is first run.
  using runner = std::function<void(const interpreter&, const inlay::stage&, inlay::region, const std::int32_t*,
                                    const std::int32_t*)>;
  std::vector<runner>& runners;

  void run(const inlay::stage& s, std::int32_t index, inlay::region work, const std::int32_t* first_columns,
           const std::int32_t* newer_rows) const {
    if (work.first_row >= work.end_row || work.first_column >= work.end_column) std::abort();  // kernels need not care
    if (runners.empty()) {
      for (std::int32_t i = 0; i < graph.layer_count; ++i) {
        runners.push_back(runner_of(i));
        ++count.layers;
        if (runners.back()) ++count.fast;
      }
    }
    const inlay::layer& l = graph.layers[index];
    const bool sums_products = inlay::detail::has_weights(l.kind) && inlay::detail::accumulates(graph, s, l);
    if (const runner& r = runners[static_cast<std::size_t>(index)]; r && !sums_products)
      r(*this, s, work, first_columns, newer_rows);
    else
      inlay::detail::interpreter::run(s, index, work, first_columns, newer_rows);
  }

 private:
  runner runner_of(std::int32_t index) const {
    runner found;
    inlay::detail::with_layer_kind(graph.layers[index].kind, [&]<inlay::layer_kind Kind>() {
      if (with == kernels::native)
        found = runner_with<inlay::detail::fast_kernel<inlay::native_isa, Kind>, Kind>(index);
      if (with != kernels::reference && !found) found = runner_with<inlay::detail::portable_kernel<Kind>, Kind>(index);
    });
    return found;
  }

  template <typename Kernel, inlay::layer_kind Kind>
  runner runner_with(std::int32_t index) const {
    if constexpr (!std::is_base_of_v<inlay::detail::no_kernel, Kernel>) {
      static_assert(
          !requires(typename Kernel::table_entry* e) { Kernel::packed_bytes(graph, {}, e); },
          "weights that a kernel packs are not made here");
      const inlay::layer& l = graph.layers[index];
      if (Kernel::accepts(graph, l)) {
        const auto parameters = Kernel::prepare(graph, l);
        const auto entries = make_table<Kernel, Kind>(graph, l, static_cast<const std::int8_t*>(model));
        static constexpr auto specs = specs_of<Kernel, Kind>();
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
          runner found;
          const auto use = [&]<typename Specialised>(Specialised) {
            found = [index, parameters, entries](const interpreter& i, const inlay::stage& s, inlay::region work,
                                                 const std::int32_t* columns, const std::int32_t* newer_rows) {
              i.run_kernel<Specialised, Kind>(parameters, entries.data(), s, index, work, columns, newer_rows);
            };
          };
          ((same_spec(specs.items[I], Kernel::specialise(graph, l)) ? use(specialised<Kernel, specs.items[I]>{})
                                                                    : void()),
           ...);
          if (!found) std::abort();  // a spec that is not in the list
          return found;
        }(std::make_index_sequence<sizeof specs.items / sizeof specs.items[0]>{});
      }
    }
    return {};
  }
};

}  // namespace fuzz
