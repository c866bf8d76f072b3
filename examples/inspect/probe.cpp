// What inlay-inspect --target compiles for a processor, and never runs: the object holds a line that says which kernel
// each layer of the model in GIVEN_HEADER gets there, how many bytes of tables it has, and whether these have the
// weights, too, in another order.
#include "line.hpp"

#include <inlay.hpp>

#include GIVEN_HEADER

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace {

struct model : inlay::tflite<probed> {};
using plan = inlay::detail::prepared<model, inlay::per_layer>;
constexpr auto layer_count = static_cast<std::size_t>(plan::graph.layer_count);

using line = inspect::line<64 + 72 * layer_count>;

template <std::size_t Layer>
constexpr void add_layer(line& all) {
  using step = inlay::detail::chosen_step<model, static_cast<std::int32_t>(Layer)>;
  constexpr inlay::layer_kind kind = step::l.kind;
  all.add(" ");
  if constexpr (std::is_same_v<typename step::kernel, inlay::detail::reference_kernel<kind>>)
    all.add("reference");
  else if constexpr (std::is_same_v<typename step::kernel, inlay::detail::portable_kernel<kind>>)
    all.add("portable");
  else if constexpr (std::is_same_v<typename step::kernel, inlay::detail::fast_kernel<inlay::native_isa, kind>>)
    all.add(inlay::name(inlay::native_isa));
  else
    all.add(inlay::name(inlay::detail::second_isa));
  all.add("=");
  all.add(step::table_bytes);
  all.add(step::reads_model ? "=model" : "=copy");
}

template <std::size_t... Layer>
constexpr line make(std::index_sequence<Layer...>) {
  line all;
  all.add("inlay kernels, tables ");
  all.add(plan::table_bytes);
  all.add(":");
  (add_layer<Layer>(all), ...);
  all.add(";");
  return all;
}

}  // namespace

[[gnu::used]] constexpr line kernels_of_layers = make(std::make_index_sequence<layer_count>{});
