// Training of a network layer by layer in one thread, as a library for Python (train.py): each function here is called
// by its name through ctypes. A network is a list of layers; parameters, gradients and statistics are the caller's
// arrays.
#include <cmath>
#include <memory>
#include <variant>

#include "pointwise.hpp"
#include "views.hpp"

namespace engine {
namespace {

/// A map that stands in memory as it is read by more than one: normalised, with another added.
struct Join {
  Map &in, &out;
  Map* other;

  void forward() {
    std::vector<float> buffer(in.per_image() + lanes);
    for (size image = 0; image < in.images; ++image) {
      const size offset = image * in.per_image();
      each(in.per_image(), in.period(), [&](size i, size j, bool half) {
        floats value = in.value(offset + i, j);
        if (other) value += other->value(offset + i, j);
        store(out.raw.data() + offset + i, value, half);
      });
    }
  }

  void backward() {
    std::vector<float> buffer(in.per_image() + lanes);
    for (size image = 0; image < in.images; ++image) {
      const size offset = image * in.per_image();
      each(in.per_image(), in.period(),
           [&](size i, size, bool half) { store(buffer.data() + i, load(out.gradient.data() + offset + i), half); });
      in.put_gradient(offset, in.per_image(), buffer.data(), false);
    }
    if (other) std::copy(out.gradient.begin(), out.gradient.end(), other->gradient.begin());
  }
};

/// The mean of each channel, and a dense layer.
struct Classes {
  Map& in;
  size units, offset;
  std::vector<float> features;

  Classes(Map& from, size count, size weights_at)
      : in(from), units(count), offset(weights_at), features(in.images * in.channels) {}

  void forward(const float* parameters, float* scores) {
    const float *weights = parameters + offset, *bias = weights + in.channels * units;
    Channels sum(in.channels);
    for (size image = 0; image < in.images; ++image) {
      sum.clear();
      each(in.per_image(), in.period(), [&](size i, size j, bool half) {
        const floats value = in.value(image * in.per_image() + i, j);
        sum.add(j, half ? first_half(value) : value);
      });
      float* mean = features.data() + image * in.channels;
      for (size c = 0; c < in.channels; ++c) mean[c] = sum.sum(c) / static_cast<float>(in.pixels());
      for (size unit = 0; unit < units; ++unit) {
        float score = bias[unit];
        for (size c = 0; c < in.channels; ++c) score += mean[c] * weights[c * units + unit];
        scores[image * units + unit] = score;
      }
    }
  }

  void backward(const float* parameters, float* gradients, const float* by_scores) {
    const float* weights = parameters + offset;
    std::vector<float> buffer(in.per_image() + lanes);
    Channels own(in.channels);
    for (size image = 0; image < in.images; ++image) {
      const float *given = by_scores + image * units, *mean = features.data() + image * in.channels;
      for (size unit = 0; unit < units; ++unit) gradients[offset + in.channels * units + unit] += given[unit];
      for (size c = 0; c < in.channels; ++c) {
        float sum = 0;
        for (size unit = 0; unit < units; ++unit) {
          gradients[offset + c * units + unit] += mean[c] * given[unit];
          sum += weights[c * units + unit] * given[unit];
        }
        own.set(c, sum / static_cast<float>(in.pixels()));
      }
      each(in.per_image(), in.period(), [&](size i, size j, bool half) { store(buffer.data() + i, own.at(j), half); });
      in.put_gradient(image * in.per_image(), in.per_image(), buffer.data(), false);
    }
  }
};

/// The scores are a map.
struct Scores {
  Map& in;

  void forward(float* scores) {
    for (size image = 0; image < in.images; ++image) {
      in.values(image * in.per_image(), in.per_image(), scores + image * in.per_image());
    }
  }

  void backward(const float* by_scores) {
    std::vector<float> buffer(in.per_image() + lanes);
    for (size image = 0; image < in.images; ++image) {
      std::copy_n(by_scores + image * in.per_image(), in.per_image(), buffer.data());
      in.put_gradient(image * in.per_image(), in.per_image(), buffer.data(), false);
    }
  }
};

using Layer = std::variant<First, Pointwise, Depthwise, Join, Classes, Scores>;

/// As train.py writes it. Maps are counted from 0, the picture; layers that have one put out the next.
struct Description {
  std::int32_t kind, in, other, channels, kernel_height, kernel_width, stride, top, left, height, width, clamp, adds,
      parameters, norm, statistics;
};

struct Network {
  std::vector<std::unique_ptr<Map>> maps;
  struct Step {
    std::unique_ptr<Layer> layer;
    Map *in, *out;
    bool adds;
  };
  std::vector<Step> steps;

  Network(const Description* descriptions, size count, size images, size side_y, size side_x, size channels) {
    maps.push_back(std::make_unique<Map>(images, side_y, side_x, channels));
    maps[0]->normalised = false;
    for (size n = 0; n < count; ++n) add(descriptions[n], images);
  }

  void add(const Description& d, size images) {
    const auto whole = [](std::int32_t value) {
      return static_cast<size>(value);
    };
    Map& in = *maps[whole(d.in)];
    const Window window{whole(d.kernel_height), whole(d.kernel_width), whole(d.stride), whole(d.top), whole(d.left)};
    Map* out = nullptr;
    if (d.kind < 4) {
      maps.push_back(std::make_unique<Map>(images, whole(d.height), whole(d.width), whole(d.channels)));
      out = maps.back().get();
      out->parameters = whole(d.norm);
      out->statistics = whole(d.statistics);
      out->normalised = d.kind != 3;
      if (d.clamp > 0) out->low = 0;
      if (d.clamp > 1) out->high = 6;
    }
    const size at = whole(d.parameters);
    std::unique_ptr<Layer> layer;
    switch (d.kind) {
      case 0: layer = std::make_unique<Layer>(std::in_place_type<First>, in, *out, window, at); break;
      case 1: layer = std::make_unique<Layer>(std::in_place_type<Pointwise>, in, *out, at); break;
      case 2: layer = std::make_unique<Layer>(std::in_place_type<Depthwise>, in, *out, window, at); break;
      case 3:
        layer = std::make_unique<Layer>(Join{in, *out, d.other < 0 ? nullptr : maps[whole(d.other)].get()});
        break;
      case 4: layer = std::make_unique<Layer>(std::in_place_type<Classes>, in, whole(d.channels), at); break;
      default: layer = std::make_unique<Layer>(Scores{in});
    }
    steps.push_back({std::move(layer), &in, out, d.adds != 0});
  }

  void forward(const float* parameters, float* statistics, bool given, float* scores) {
    for (Step& step : steps) {
      if (auto* first = std::get_if<First>(step.layer.get())) first->forward(parameters);
      if (auto* pointwise = std::get_if<Pointwise>(step.layer.get())) pointwise->forward(parameters);
      if (auto* depthwise = std::get_if<Depthwise>(step.layer.get())) depthwise->forward(parameters);
      if (auto* join = std::get_if<Join>(step.layer.get())) join->forward();
      if (auto* classes = std::get_if<Classes>(step.layer.get())) classes->forward(parameters, scores);
      if (auto* map = std::get_if<Scores>(step.layer.get())) map->forward(scores);
      if (step.out && step.out->normalised) step.out->normalise(parameters, statistics, given);
    }
  }

  void backward(const float* parameters, float* gradients, const float* by_scores) {
    for (size n = steps.size(); n-- > 0;) {
      Step& step = steps[n];
      if (step.out && step.out->normalised) step.out->denormalise(parameters, gradients);
      if (auto* first = std::get_if<First>(step.layer.get())) first->backward(parameters, gradients);
      if (auto* pointwise = std::get_if<Pointwise>(step.layer.get()))
        pointwise->backward(parameters, gradients, step.adds);
      if (auto* depthwise = std::get_if<Depthwise>(step.layer.get())) depthwise->backward(gradients, step.adds);
      if (auto* join = std::get_if<Join>(step.layer.get())) join->backward();
      if (auto* classes = std::get_if<Classes>(step.layer.get())) classes->backward(parameters, gradients, by_scores);
      if (auto* map = std::get_if<Scores>(step.layer.get())) map->backward(by_scores);
    }
  }
};

}  // namespace
}  // namespace engine

extern "C" {

engine::Network* engine_new(const engine::Description* layers, std::int64_t count, std::int64_t images,
                            std::int64_t height, std::int64_t width, std::int64_t channels) {
  const auto whole = [](std::int64_t value) {
    return static_cast<engine::size>(value);
  };
  return new engine::Network(layers, whole(count), whole(images), whole(height), whole(width), whole(channels));
}

void engine_delete(engine::Network* network) { delete network; }

/// Where pictures go, as bfloat16.
engine::bf16* engine_pictures(engine::Network* network) { return network->maps[0]->raw.data(); }

void engine_forward(engine::Network* network, const float* parameters, float* statistics, std::int32_t given,
                    float* scores) {
  network->forward(parameters, statistics, given != 0, scores);
}

/// The least and the greatest value of a map after a forward.
void engine_range(engine::Network* network, std::int32_t number, float* range) {
  const engine::Map& map = *network->maps[static_cast<engine::size>(number)];
  std::vector<float> values(map.per_image() + engine::lanes);
  range[0] = range[1] = 0;
  for (engine::size image = 0; image < map.images; ++image) {
    map.values(image * map.per_image(), map.per_image(), values.data());
    const auto [least, greatest] = std::minmax_element(values.begin(), values.end() - engine::lanes);
    range[0] = std::min(range[0], *least);
    range[1] = std::max(range[1], *greatest);
  }
}

/// Adds to the gradients. Only after a forward with statistics that were not given.
void engine_backward(engine::Network* network, const float* parameters, float* gradients, const float* by_scores) {
  network->backward(parameters, gradients, by_scores);
}

/// Views of square pictures, as bytes, or as (value - 128) / 128 in bfloat16. Each picture begins at its place in
/// pictures.
void engine_views(const std::uint8_t* pictures, const std::int64_t* places, const std::int64_t* sides,
                  const engine::View* views, std::int64_t count, std::int64_t wanted, std::uint8_t* bytes,
                  engine::bf16* numbers) {
  const auto target = static_cast<engine::size>(wanted);
  const engine::size values = target * target * 3;
  std::vector<float> out(values);
  for (std::int64_t n = 0; n < count; ++n) {
    engine::make_view(pictures + places[n], static_cast<engine::size>(sides[n]), views[n], target, out.data());
    const engine::size at = static_cast<engine::size>(n) * values;
    for (engine::size i = 0; i < values; ++i) {
      if (bytes) bytes[at + i] = static_cast<std::uint8_t>(out[i] + 0.5F);
      if (numbers) numbers[at + i] = engine::narrow((out[i] - 128) / 128);
    }
  }
}

/// One step of AdamW; gradients are cleared.
void engine_adamw(float* parameters, float* gradients, float* first, float* second, const float* decay,
                  std::int64_t count, float rate, float beta1, float beta2, float correction1, float correction2) {
  for (std::int64_t n = 0; n < count; ++n) {
    const float gradient = gradients[n];
    first[n] += (1 - beta1) * (gradient - first[n]);
    second[n] += (1 - beta2) * (gradient * gradient - second[n]);
    parameters[n] -=
        rate * (first[n] * correction1 / (std::sqrt(second[n] * correction2) + 1e-7F) + decay[n] * parameters[n]);
    gradients[n] = 0;
  }
}
}
