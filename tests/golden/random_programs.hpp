// Networks by schedules drawn at random, all at once and in steps, with their inputs and weights there or asked for:
// each answer is compared with a recorded one.
#pragma once

#include "answers.hpp"
#include "late_weights.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace random_programs {

/// The schedule that this seed draws for a model.
template <std::uint32_t Seed>
struct drawn {};

struct numbers {
  std::uint32_t state;
  /// One of 1 to `most`.
  constexpr std::int32_t up_to(std::int32_t most) {
    state = state * 1664525 + 1013904223;
    return 1 + static_cast<std::int32_t>((state >> 8) % static_cast<std::uint32_t>(most));
  }
};

}  // namespace random_programs

template <std::uint32_t Seed>
inline constexpr bool inlay::detail::is_schedule<random_programs::drawn<Seed>> = true;

/// Stages of up to twelve layers, in grids, strips, segments or rows.
template <typename Model, std::uint32_t Seed>
struct inlay::detail::stages_of<Model, random_programs::drawn<Seed>> {
  using chosen = stages_of;
  static constexpr auto list = [] {
    constexpr std::int32_t layers = described<Model>::graph.layer_count;
    stage_list<layers> stages{};
    random_programs::numbers random{Seed * 2654435761u + 1};
    for (std::int32_t at = 0; at < layers;) {
      const std::int32_t left = layers - at, length = random.up_to(left < 12 ? left : 12);
      stage s{at, at + length};
      const auto parts = [&](direction d) {
        const std::int32_t extent = stage_output_extent<Model>(s.first, s.end, d);
        return random.up_to(extent < 5 ? extent : 5);
      };
      const std::int32_t way = random.up_to(5);
      if (way == 1) s.row_patches = parts(direction::rows);
      if (way <= 2) s.column_patches = parts(direction::columns);
      if (way >= 4 && length > 1) s.segments = parts(direction::columns);
      stages.append(s);
      at = s.end;
    }
    return stages;
  }();
};

namespace random_programs {

/// A source that has an input, and gives any part of a row.
template <typename Network, std::size_t I>
struct album {
  std::vector<inlay_tests::element<Network, I>> image;

  template <typename Pixels>
  void operator()(inlay::region r, Pixels pixels) const {
    constexpr inlay::shape extents = Network::template input_info<I>::extents;
    const auto at = static_cast<std::size_t>((r.first_row * extents.width() + r.first_column) * extents.channels());
    const auto count = static_cast<std::size_t>((r.end_column - r.first_column) * extents.channels());
    if (r.end_row != r.first_row + 1 || r.end_column > extents.width() || pixels.size() != count ||
        at + count > image.size()) {
      std::printf("a source is asked for what there is not\n");
      std::exit(1);
    }
    for (std::size_t i = 0; i < count; ++i) pixels[i] = image[at + i];
  }
};

template <typename Job>
auto finished(Job job) {
  while (job.step()) {
  }
  return job.outputs();
}

/// Runs a network once, with inputs that it asks for or is given, from a recording.
template <bool Asks, typename Network, std::size_t... I, typename... Weights>
auto run(Network& network, const std::vector<char>& from, std::size_t& at, bool in_steps, std::index_sequence<I...>,
         const Weights&... weights) {
  const std::tuple<album<Network, I>...> albums{album<Network, I>{inlay_tests::take<Network, I>(from, at)}...};
  const auto input = [&]<std::size_t Index>(std::integral_constant<std::size_t, Index>) {
    const auto& image = std::get<Index>(albums).image;
    if constexpr (Asks)
      return std::cref(std::get<Index>(albums));
    else
      return typename Network::template input<Index>(image.data(), image.size());
  };
  return in_steps ? finished(network.start(input(std::integral_constant<std::size_t, I>{})..., Weights(weights)...))
                  : network.run(input(std::integral_constant<std::size_t, I>{})..., Weights(weights)...);
}

/// Whether a network's answers are those of a recording, all at once and in steps.
template <bool Asks, typename Model, std::uint32_t Seed, typename... Weights>
bool is_exact(const std::string& recording, const char* how, const Weights&... weights) {
  using network = inlay::network<Model, drawn<Seed>>;
  static inlay_tests::guarded<network> memory;
  const std::vector<char> inputs = inlay_tests::read_file(recording + ".in");
  const std::vector<char> answers = inlay_tests::read_file(recording + ".out");
  bool ok = true;
  for (const bool in_steps : {false, true}) {
    const auto once = [&](network& n, const std::vector<char>& from, std::size_t& at) {
      return run<Asks>(n, from, at, in_steps, std::make_index_sequence<network::input_count>{}, weights...);
    };
    if (inlay_tests::exact_cases_by(memory, inputs, answers, once) > 0) continue;
    std::printf("WRONG %s, seed %u%s%s\n", recording.c_str(), Seed, how, in_steps ? ", in steps" : "");
    ok = false;
  }
  return ok;
}

/// The same with weights that are there once they are waited for, if there are any.
template <bool Asks, typename Model, std::uint32_t Seed>
bool is_exact_with_late_weights(const std::string& recording) {
  using late = inlay::sourced_weights<Model, inlay::prefetch<Seed % 3>>;
  const inlay_tests::late_weights weights{Model::bytes()};
  if constexpr (!inlay::detail::asks_for_weights(late::graph()))
    return true;
  else if constexpr (Asks)
    return is_exact<true, inlay::sourced<late>, Seed>(recording, ", all asked for", weights);
  else
    return is_exact<false, late, Seed>(recording, ", weights asked for", weights);
}

template <typename Model, std::uint32_t Seed>
bool is_exact_with(const std::string& recording) {
  constexpr bool can_ask = inlay::detail::find_unsourceable_input(Model::graph()) < 0;
  constexpr bool asks_for_all = can_ask && Seed % 2 == 0;
  bool ok = is_exact<false, Model, Seed>(recording, "");
  if constexpr (can_ask) ok &= is_exact<true, inlay::sourced<Model>, Seed>(recording, ", inputs asked for");
  ok &= is_exact_with_late_weights<asks_for_all, Model, Seed>(recording);
  return ok;
}

template <typename Model, std::uint32_t... Seeds>
bool exact(const std::string& recording) {
  return (is_exact_with<Model, Seeds>(recording) & ...);
}

}  // namespace random_programs
