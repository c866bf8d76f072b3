// Compiled, never run: the object holds a line that says which kernels there are for the compiler's target, each kind
// of layer with the letters of those it has: r(eference), p(ortable), n(ative).
#include <inlay.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace {

struct line {
  char text[4096]{};
  std::size_t length = 0;

  constexpr void add(const char* word) {
    while (*word != 0) text[length++] = *word++;
  }
};

template <typename Kernel>
concept defined = requires {
  sizeof(Kernel);
};

template <typename Kernel>
constexpr bool exists = !std::is_base_of_v<inlay::detail::no_kernel, Kernel>;

template <std::size_t Kind>
constexpr void add_kind(line& all) {
  constexpr auto kind = static_cast<inlay::layer_kind>(Kind);
  all.add(" ");
  all.add(inlay::name(kind));
  all.add("=");
  if (defined<inlay::detail::reference_kernel<kind>>) all.add("r");
  if (exists<inlay::detail::portable_kernel<kind>>) all.add("p");
  if (exists<inlay::detail::fast_kernel<inlay::native_isa, kind>>) all.add("n");
}

template <std::size_t... Kind>
constexpr line make(std::index_sequence<Kind...>) {
  line all;
  all.add("kernels of ");
  all.add(inlay::name(inlay::native_isa));
  all.add(":");
  (add_kind<Kind>(all), ...);
  return all;
}

}  // namespace

[[gnu::used]] constexpr line kernels = make(std::make_index_sequence<inlay::detail::layer_kind_count>{});
