// From the two scores of a network that says yes or no of a picture to how likely that is. The table is made by the
// compiler; what is left are integers, so that every processor says the same.
#pragma once

#include "finding.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vision {

/// By a softmax of two scores: how likely the greater is, in 1/256, for each number of steps between them.
constexpr std::array<std::uint16_t, 256> likelihoods(double step) {
  double ratio = 1, term = 1;  // e^-step, by its series
  for (int i = 1; i < 32; ++i) ratio += term *= -step / i;
  std::array<std::uint16_t, 256> of_greater{};
  double smaller = 1;  // as a part of the greater
  for (std::uint16_t& likely : of_greater) {
    likely = static_cast<std::uint16_t>(256 / (1 + smaller) + 0.5);
    smaller *= ratio;
  }
  return of_greater;
}
static_assert(likelihoods(0.25)[0] == 128 && likelihoods(0.25)[4] == 187 && likelihoods(0.25)[255] == 256);

template <typename Scores>
inline constexpr std::array<std::uint16_t, 256> likelihoods_of = likelihoods(static_cast<double>(Scores::scale));

/// How likely the second of two classes is, in 1/256. Scores is the type of the network's output.
template <typename Scores>
constexpr int likelihood_of_second(std::span<const std::int8_t> answer) {
  static_assert(
      Scores::extents.height() * Scores::extents.width() * Scores::extents.channels() == 2 && Scores::scale <= 1,
      "the answer is two scores");
  const int lead = answer[1] - answer[0];
  const int greater = likelihoods_of<Scores>[static_cast<std::size_t>(lead < 0 ? -lead : lead)];
  return lead < 0 ? 256 - greater : greater;
}

/// Calls visit(finding) once. Its kind is 1 if the second class is at least so likely, in 1/256, else 0; it is
/// somewhere in the picture.
template <typename Scores, typename Visit>
constexpr void decide(std::span<const std::int8_t> answer, int threshold, Visit visit) {
  const int second = likelihood_of_second<Scores>(answer);
  const bool yes = second >= threshold;
  visit(finding{
      .kind = yes, .percent = percent_of(yes ? second : 256 - second), .x = 0, .y = 0, .width = 0, .height = 0});
}

}  // namespace vision
