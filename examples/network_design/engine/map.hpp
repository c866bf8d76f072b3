// A map between two layers: what a convolution has put out, normalised and clamped where it is read.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "simd.hpp"

namespace engine {

/// How many numbers a period of pixels has: whole vectors, and so many that sums in one after another do not wait for
/// each other.
constexpr size period_of(size channels) {
  size pixels = 2;
  while (pixels * channels < 8 * lanes) pixels += 2;
  return pixels * channels;
}

/// One value a channel, over and over for a period.
struct Channels {
  size channels;
  std::vector<float> values;
  explicit Channels(size count = 0) : channels(count), values(count == 0 ? 0 : period_of(count)) {}
  void clear() { std::fill(values.begin(), values.end(), 0.0F); }
  void set(size channel, float value) {
    for (; channel < values.size(); channel += channels) values[channel] = value;
  }
  float sum(size channel) const {
    float total = 0;
    for (; channel < values.size(); channel += channels) total += values[channel];
    return total;
  }
  floats at(size place) const { return load(values.data() + place); }
  void add(size place, floats value) { store(values.data() + place, at(place) + value); }
};

constexpr float epsilon = 1e-3F;

struct Map {
  size images, height, width, channels;
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();
  /// Whether values() are raw * scale + shift, clamped; otherwise they are raw itself.
  bool normalised = true;
  /// Where gamma (then beta) stands among the parameters, and the mean (then the variance) among the statistics.
  size parameters = 0, statistics = 0;
  std::vector<bf16> raw, gradient;
  std::vector<float> mean, inverse;
  Channels scale, shift, sum, square, gradient_sum, product_sum;
  /// The gradient of raw is gradient * by_gradient + raw * by_raw + constant.
  Channels by_gradient, by_raw, constant;

  Map(size count, size rows, size columns, size depth)
      : images(count),
        height(rows),
        width(columns),
        channels(depth),
        raw(elements() + lanes),
        gradient(elements() + lanes),
        mean(depth),
        inverse(depth),
        scale(depth),
        shift(depth),
        sum(depth),
        square(depth),
        gradient_sum(depth),
        product_sum(depth),
        by_gradient(depth),
        by_raw(depth),
        constant(depth) {}

  size pixels() const { return height * width; }
  size per_image() const { return pixels() * channels; }
  size elements() const { return images * per_image(); }
  size period() const { return period_of(channels); }

  /// Takes count values, of whole pixels from offset on.
  void put(size offset, size count, const float* from) {
    each(count, period(), [&](size i, size j, bool half) {
      floats value = load(from + i);
      if (half) value = first_half(value);
      store(raw.data() + offset + i, value, half);
      sum.add(j, value);
      square.add(j, value * value);
    });
  }

  /// After all has been put: scale and shift by the statistics of this batch, or by those given.
  void normalise(const float* all_parameters, float* all_statistics, bool given) {
    const float *gamma = all_parameters + parameters, *beta = gamma + channels;
    float *means = all_statistics + statistics, *variances = means + channels;
    const auto count = static_cast<float>(images * pixels());
    for (size c = 0; c < channels; ++c) {
      if (!given) {
        means[c] = sum.sum(c) / count;
        variances[c] = std::max(0.0F, square.sum(c) / count - means[c] * means[c]);
      }
      mean[c] = means[c];
      inverse[c] = 1 / std::sqrt(variances[c] + epsilon);
      scale.set(c, gamma[c] * inverse[c]);
      shift.set(c, beta[c] - mean[c] * gamma[c] * inverse[c]);
    }
    sum.clear();
    square.clear();
  }

  floats value(size i, size j) const {
    return normalised ? clamped(load(raw.data() + i) * scale.at(j) + shift.at(j), low, high) : load(raw.data() + i);
  }

  /// As float or bf16, without raw itself being copied where it is what is wanted.
  template <class Out>
  const Out* values(size offset, size count, Out* buffer) const {
    if constexpr (sizeof(Out) == sizeof(bf16)) {
      if (!normalised) return raw.data() + offset;
    }
    each(count, period(), [&](size i, size j, bool half) { store(buffer + i, value(offset + i, j), half); });
    return buffer;
  }

  /// Takes gradients of values() for one consumer; of more than one the last to come adds (then normalised is false).
  void put_gradient(size offset, size count, const float* from, bool adds) {
    each(count, period(), [&](size i, size j, bool half) {
      const size at = offset + i;
      floats value = load(from + i);
      if (normalised) {
        const floats own = load(raw.data() + at), normal = own * scale.at(j) + shift.at(j);
        value = chosen((normal > splat(low)) & (normal < splat(high)), value);
        if (half) value = first_half(value);
        gradient_sum.add(j, value);
        product_sum.add(j, value * own);
      } else if (adds) {
        value += load(gradient.data() + at);
      }
      store(gradient.data() + at, value, half);
    });
  }

  /// After all gradients have been put: those of gamma and beta, and what raw_gradients() needs.
  void denormalise(const float* all_parameters, float* all_gradients) {
    const float* gamma = all_parameters + parameters;
    const auto count = static_cast<float>(images * pixels());
    for (size c = 0; c < channels; ++c) {
      const float total = gradient_sum.sum(c);
      const float along = inverse[c] * (product_sum.sum(c) - mean[c] * total);
      all_gradients[parameters + c] += along;
      all_gradients[parameters + channels + c] += total;
      const float factor = gamma[c] * inverse[c];
      by_gradient.set(c, factor);
      by_raw.set(c, -factor * inverse[c] * along / count);
      constant.set(c, factor * (inverse[c] * mean[c] * along - total) / count);
    }
    gradient_sum.clear();
    product_sum.clear();
  }

  template <class Out>
  void raw_gradients(size offset, size count, Out* buffer) const {
    each(count, period(), [&](size i, size j, bool half) {
      const floats own = load(raw.data() + offset + i), given = load(gradient.data() + offset + i);
      store(buffer + i, given * by_gradient.at(j) + own * by_raw.at(j) + constant.at(j), half);
    });
  }
};

}  // namespace engine
