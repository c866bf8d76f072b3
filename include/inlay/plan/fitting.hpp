// Inlay: the stages that a schedule type stands for which leaves them to a search: the least memory, or what fits a
// budget.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/plan/budget.hpp>
#include <inlay/plan/layout.hpp>
#include <inlay/plan/schedule.hpp>
#include <inlay/plan/search.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace inlay::inline INLAY_ABI::detail {

/// Whether layer after layer may take no more than some bytes. No placing takes less than is estimated.
template <typename Model>
constexpr bool may_run_per_layer(std::int64_t bytes) {
  return per_layer_bytes(described<Model>::graph, described<Model>::facts.items) <= bytes;
}

/// Of two lists of stages the one that takes less memory.
template <typename Model, typename First, typename Second>
using less_of =
    std::conditional_t<(laid_out<Model, Second>::arena.bytes < laid_out<Model, First>::arena.bytes), Second, First>;

/// Placing can need some more than the search estimates: layer after layer may then be the least, by chance even where
/// layers take memory to be fast.
template <typename Model, typename Found,
          bool MayBeMore = may_run_per_layer<Model>(laid_out<Model, Found>::arena.bytes - 1)>
struct least_of {
  using type = Found;
};
template <typename Model, typename Found>
struct least_of<Model, Found, true> {
  using type = less_of<Model, less_of<Model, Found, single_layers<Model, false>>, single_layers<Model, true>>;
};

template <typename Model>
struct stages_of<Model, least_memory> {
  using chosen = typename least_of<Model, least_stages<Model, false>>::type;
};

/// What the search tries for a budget, in falling order of its estimate and rising order of computation, until one
/// fits when it is placed. The `type` is the last one: without stages, if nothing fits.
template <typename Model, fit_limits Limits, std::int64_t TriedBytes>
struct fitting_stages {
  using tried = searched_stages<Model, search_goal{.budget_bytes = TriedBytes, .reads = Limits.reads}>;
  static constexpr bool is_last = tried::list.count == 0;
  static constexpr bool is_within = [] {
    if constexpr (!is_last)
      return laid_out<Model, tried>::arena.bytes <= Limits.budget_bytes;
    else
      return false;
  }();
  /// What it computes again, in hundredths.
  static constexpr std::int64_t percent = [] {
    if constexpr (is_within)
      return overhead_percent(laid_out<Model, tried>::macs, total_macs(described<Model>::graph));
    else
      return most_percent;
  }();
  static constexpr bool ends = is_last || (is_within && percent <= Limits.percent);
  using next = fitting_stages<Model, Limits, std::int64_t{tried::estimated_bytes} - 1>;
  using type = typename std::conditional_t<ends, std::type_identity<tried>, next>::type;
  /// The least that any of those tried computes again that are within the budget.
  static constexpr std::int64_t least_percent = [] {
    if constexpr (ends)
      return percent;
    else
      return percent < next::least_percent ? percent : next::least_percent;
  }();
};

/// The least that any stages need, by the search's estimate, and some that do.
template <typename Model, read_limit Reads>
using cheapest_stages = searched_stages<Model, search_goal{.least_bytes = true, .reads = Reads}>;

/// Whether a search may find anything from a higher estimate that has found nothing. Those that find nothing take the
/// longest: none where the least estimate, which the refusal wants, too, is higher still.
template <typename Model, std::int64_t BudgetBytes, bool FoundNothing>
constexpr bool may_find_from_higher() {
  if constexpr (FoundNothing)
    return cheapest_stages<Model, read_limit{}>::estimated_bytes <= generous_estimate(BudgetBytes);
  else
    return true;
}

template <typename Stages>
struct chosen_stages {
  using chosen = Stages;
};

/// fitting_stages, from the budget on downwards; if nothing fits, from a higher estimate, and at last per_layer or
/// least_memory, which placing can need less for than for what the search finds from an estimate.
template <typename Model, fit_limits Limits,
          bool Exists = (fitting_stages<Model, Limits, Limits.budget_bytes>::type::list.count > 0)>
struct fitting_search : fitting_stages<Model, Limits, Limits.budget_bytes> {};
template <typename Model, fit_limits Limits>
struct fitting_search<Model, Limits, false> {
  using first = fitting_stages<Model, Limits, Limits.budget_bytes>;
  using last = std::conditional_t<may_find_from_higher<Model, Limits.budget_bytes, first::is_last>(),
                                  fitting_stages<Model, Limits, generous_estimate(Limits.budget_bytes)>, first>;
  static constexpr std::int64_t least_percent = last::least_percent;
  using found = typename last::type;
  using layers = single_layers<Model, true>;
  static constexpr bool is_per_layer = [] {
    if constexpr (found::list.count == 0 && may_run_per_layer<Model>(Limits.budget_bytes))
      return laid_out<Model, layers>::arena.bytes <= Limits.budget_bytes;
    else
      return false;
  }();
  static constexpr bool may_be_least = found::list.count == 0 && !is_per_layer && Limits.reads == read_limit{};
  using least = typename std::conditional_t<may_be_least, stages_of<Model, least_memory>, chosen_stages<found>>::chosen;
  static constexpr bool is_least = [] {
    if constexpr (may_be_least)
      return laid_out<Model, least>::arena.bytes <= Limits.budget_bytes;
    else
      return false;
  }();
  using type = std::conditional_t<is_per_layer, layers, std::conditional_t<is_least, least, found>>;
};

/// The least budget that is met. A search takes seconds in a large network: none where it could not find anything.
template <typename Model, read_limit Reads,
          std::int64_t FoundBytes = laid_out<Model, cheapest_stages<Model, Reads>>::arena.bytes>
constexpr std::int64_t least_budget() {
  if constexpr (generous_estimate(FoundBytes - 1) < cheapest_stages<Model, Reads>::estimated_bytes) {
    return FoundBytes;
  } else {
    using less = typename fitting_search<Model, fit_limits{.budget_bytes = FoundBytes - 1, .reads = Reads}>::type;
    if constexpr (less::list.count == 0)
      return FoundBytes;
    else
      return least_budget<Model, Reads, laid_out<Model, less>::arena.bytes>();
  }
}

/// Why a budget cannot be kept; 0 for what does not matter.
template <std::int64_t BudgetBytes, std::int64_t LeastBytes, std::int64_t LeastPercent, std::int32_t MostPercent>
inline constexpr error_text unmet_fit = [] {
  error_text text;
  if (LeastBytes > 0)
    text.append("no schedule that the search knows fits ", BudgetBytes, " bytes of SRAM, the least is ", LeastBytes);
  else
    text.append("what fits ", BudgetBytes, " bytes of SRAM computes ", LeastPercent,
                " percent again, its max_overhead is ", MostPercent);
  return text;
}();

/// Does not compile, and says why. Apart from the stages, so that compilers go on with those.
template <bool IsMet, std::int64_t BudgetBytes, std::int64_t LeastBytes, std::int64_t LeastPercent,
          std::int32_t MostPercent>
struct refuse_fit {};
template <std::int64_t BudgetBytes, std::int64_t LeastBytes, std::int64_t LeastPercent, std::int32_t MostPercent>
struct refuse_fit<false, BudgetBytes, LeastBytes, LeastPercent, MostPercent> {
  static_assert(sizeof(refuse_model<unmet_fit<BudgetBytes, LeastBytes, LeastPercent, MostPercent>, plan_refused>) > 0);
};

template <typename Model, std::size_t Bytes, typename... Limits>
struct stages_of<Model, fit<sram<Bytes>, Limits...>> {
  static constexpr fit_limits limits = limits_of<Bytes, Limits...>();
  using search = fitting_search<Model, limits>;
  using found = typename search::type;
  static constexpr bool exists = found::list.count > 0;
  static constexpr std::int64_t percent = exists ? 0 : search::least_percent;
  static constexpr std::int64_t least_bytes = [] {
    if constexpr (exists || percent < most_percent)
      return std::int64_t{0};
    else
      return least_budget<Model, limits.reads>();
  }();
  static_assert(sizeof(refuse_fit<exists, limits.budget_bytes, least_bytes, percent, limits.percent>) > 0);
  using chosen = std::conditional_t<exists, found, single_layers<Model, true>>;
};

/// Memory of a model that runs by a schedule.
template <typename Model, typename Schedule>
using planned = laid_out<Model, typename stages_of<Model, Schedule>::chosen>;

}  // namespace inlay::detail
