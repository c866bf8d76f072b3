// Inlay: several networks in one memory.
#pragma once

#include <inlay/network.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>

namespace inlay::inline INLAY_ABI {

namespace detail {

template <typename Type>
inline constexpr bool is_network = false;
template <typename Model, typename Schedule, typename... Budgets>
inline constexpr bool is_network<network<Model, Schedule, Budgets...>> = true;

/// The largest of a few sizes.
constexpr std::size_t largest_of(std::initializer_list<std::size_t> sizes) {
  std::size_t largest = 0;
  for (const std::size_t size : sizes) largest = size > largest ? size : largest;
  return largest;
}

template <typename Network, typename... Networks>
concept one_of = (std::same_as<Network, Networks> || ...);

}  // namespace detail

/// Networks that run one after another in the memory of the largest: sizeof(shared) is the largest one's. Each keeps
/// its own budgets.
///
///   static inlay::shared<detector, classifier> networks;
///   const auto boxes = networks.run<detector>(picture);
///   …                                                      // what is wanted of them is copied
///   const auto classes = networks.run<classifier>(crop);   // boxes is no longer valid
///
/// The outputs of one are valid until another one runs. A network's inputs must not be another's outputs as they stand
/// there. Networks that are to be alive at once are two objects.
template <typename... Networks>
class shared {
  static_assert(sizeof...(Networks) > 0 && (detail::is_network<Networks> && ...),
                "Inlay: shared is for networks: inlay::shared<inlay::network<...>, inlay::network<...>>");

 public:
  /// Bytes of working memory: the most that one of them needs.
  static constexpr std::size_t arena_bytes = detail::largest_of({Networks::arena_bytes...});

  /// Runs one of the networks; takes and returns what its run() does.
  template <typename Network, typename... Inputs>
  auto run(Inputs&&... inputs) & {
    return turn_to<Network>().run(std::forward<Inputs>(inputs)...);
  }

  /// Starts one of them, step by step; takes and returns what its start() does. No other one may run before it is done.
  template <typename Network, typename... Inputs>
  auto start(Inputs&&... inputs) & {
    return turn_to<Network>().start(std::forward<Inputs>(inputs)...);
  }

 private:
  /// A network is nothing but its memory, of bytes that need not be anything before it runs: its lifetime begins where
  /// it is used, without a call.
  template <typename Network>
  Network& turn_to() {
    static_assert(detail::one_of<Network, Networks...>, "Inlay: this network is none of those that share the memory");
    static_assert(std::is_trivially_default_constructible_v<Network> && std::is_trivially_destructible_v<Network>);
    return *reinterpret_cast<Network*>(memory_);
  }

  alignas(Networks...) std::byte memory_[detail::largest_of({sizeof(Networks)...})];
};

}  // namespace inlay
