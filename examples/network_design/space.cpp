#include "space.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>

namespace design {

const char* const default_space = R"({
  "resolution": [64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256],
  "channels": [3],
  "width": [0.25, 0.35, 0.5, 0.75, 1.0],
  "divisor": 8,
  "stem": [{"kind": "conv2d", "filters": 32, "kernel": 3, "stride": 2, "clamp": "relu6"}],
  "stages": [
    {"filters": 16, "stride": 1, "depth": [1], "kernel": [3], "expansion": [1]},
    {"filters": 24, "stride": 2, "depth": [2, 3, 4], "kernel": [3, 5, 7], "expansion": [3, 4, 6]},
    {"filters": 40, "stride": 2, "depth": [2, 3, 4], "kernel": [3, 5, 7], "expansion": [3, 4, 6]},
    {"filters": 80, "stride": 2, "depth": [2, 3, 4], "kernel": [3, 5, 7], "expansion": [3, 4, 6]},
    {"filters": 96, "stride": 1, "depth": [2, 3, 4], "kernel": [3, 5, 7], "expansion": [3, 4, 6]},
    {"filters": 192, "stride": 2, "depth": [2, 3, 4], "kernel": [3, 5, 7], "expansion": [3, 4, 6]},
    {"filters": 320, "stride": 1, "depth": [1], "kernel": [3, 5, 7], "expansion": [3, 4, 6]}
  ],
  "head": [{"kind": "global_average_pool"}, {"kind": "dense", "units": 2}]
}
)";

namespace {

/// The values of a key, of which there is at least one.
std::vector<std::int32_t> choices_of(const json& j, const char* key) {
  if (!j.contains(key) || !j[key].is_array() || j[key].empty())
    throw bad_input(std::string(key) + " is an array of at least one number");
  std::vector<std::int32_t> values;
  for (const json& value : j[key]) {
    values.push_back(integer_of(value, key));
    if (values.back() < 1) throw bad_input(std::string(key) + " is at least 1");
  }
  return values;
}

std::vector<double> widths_of(const json& j) {
  if (!j.contains("width") || !j["width"].is_array() || j["width"].empty())
    throw bad_input("width is an array of at least one number");
  std::vector<double> values;
  for (const json& value : j["width"]) {
    if (!value.is_number() || !(value.get<double>() > 0 && value.get<double>() <= 1000))
      throw bad_input("width is a number above 0");
    values.push_back(value.get<double>());
  }
  return values;
}

std::int32_t positive(const json& j, const char* key, std::int32_t otherwise) {
  const std::int32_t value = j.contains(key) ? integer_of(j[key], key) : otherwise;
  if (value < 1) throw bad_input(std::string(key) + " is at least 1");
  return value;
}

constexpr std::uint64_t most = std::uint64_t{1} << 63;
std::uint64_t times(std::uint64_t a, std::uint64_t b) { return b != 0 && a > most / b ? most : a * b; }

std::uint64_t blocks_count(const stage_choices& s) { return times(s.kernel.size(), s.expansion.size()); }

/// Of a stage with one of its depths.
std::uint64_t count_of(const stage_choices& s, std::int32_t depth) {
  std::uint64_t count = 1;
  for (std::int32_t i = 0; i < depth && count < most; ++i) count = times(count, blocks_count(s));
  return count;
}
std::uint64_t count_of(const stage_choices& s) {
  std::uint64_t count = 0;
  for (const std::int32_t depth : s.depth) count = std::min(most, count + count_of(s, depth));
  return count;
}

/// Takes the last digit, below `base`, off a number.
std::size_t take_digit(std::uint64_t& number, std::uint64_t base) {
  const auto digit = static_cast<std::size_t>(number % base);
  number /= base;
  return digit;
}

candidate::stage stage_at(const stage_choices& s, std::uint64_t index) {
  candidate::stage chosen;
  for (const std::int32_t depth : s.depth) {
    const std::uint64_t count = count_of(s, depth);
    if (index >= count) {
      index -= count;
      continue;
    }
    for (std::int32_t i = 0; i < depth; ++i) {
      chosen.kernel.push_back(s.kernel[take_digit(index, s.kernel.size())]);
      chosen.expansion.push_back(s.expansion[take_digit(index, s.expansion.size())]);
    }
    break;
  }
  return chosen;
}

/// SplitMix64 (Steele, Lea and Flood 2014): no two draws share a state.
class random_numbers {
 public:
  random_numbers(std::uint64_t seed, std::uint64_t index) : state_(seed) { state_ = next() + index; }
  template <typename Item>
  const Item& one_of(const std::vector<Item>& items) {
    return items[static_cast<std::size_t>(next() % items.size())];
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  std::uint64_t state_;
};

/// MobileNet's rule: the nearest multiple, and no more than a tenth less.
std::int32_t widened(std::int32_t filters, double width, std::int32_t divisor) {
  const double wanted = filters * width;
  const auto rounded = static_cast<std::int64_t>((wanted + divisor / 2.0) / divisor) * divisor;
  const std::int64_t least = std::max<std::int64_t>(divisor, rounded);
  const std::int64_t channels = static_cast<double>(least) < 0.9 * wanted ? least + divisor : least;
  return static_cast<std::int32_t>(std::min<std::int64_t>(channels, 1 << 30));
}

}  // namespace

search_space space_from(const json& j) {
  require_object(j, "a space", {"resolution", "channels", "width", "divisor", "stem", "stages", "head"});
  search_space space;
  space.resolution = choices_of(j, "resolution");
  space.channels = choices_of(j, "channels");
  space.width = widths_of(j);
  space.divisor = positive(j, "divisor", space.divisor);
  if (j.contains("stem")) space.stem = blocks_from(j["stem"]);
  if (j.contains("head")) space.head = blocks_from(j["head"]);
  if (!j.contains("stages") || !j["stages"].is_array()) throw bad_input("stages are an array");
  for (const json& s : j["stages"]) {
    require_object(s, "a stage", {"filters", "stride", "depth", "kernel", "expansion"});
    space.stages.push_back({positive(s, "filters", 1), positive(s, "stride", 1), choices_of(s, "depth"),
                            choices_of(s, "kernel"), choices_of(s, "expansion")});
    if (*std::max_element(space.stages.back().depth.begin(), space.stages.back().depth.end()) > 1000)
      throw bad_input("depth is at most 1000");
  }
  return space;
}

candidate candidate_from(const search_space& space, const json& j) {
  require_object(j, "a candidate", {"resolution", "channels", "width", "stages"});
  candidate c{positive(j, "resolution", space.resolution[0]), positive(j, "channels", space.channels[0]), 1, {}};
  if (!j.contains("width") || !j["width"].is_number()) throw bad_input("width is a number");
  c.width = j["width"].get<double>();
  if (!(c.width > 0 && c.width <= 1000)) throw bad_input("width is a number above 0");
  if (!j.contains("stages") || !j["stages"].is_array() || j["stages"].size() != space.stages.size())
    throw bad_input("the space has " + std::to_string(space.stages.size()) + " stages, and so has a candidate");
  for (const json& s : j["stages"]) {
    require_object(s, "a stage of a candidate", {"kernel", "expansion"});
    c.stages.push_back({choices_of(s, "kernel"), choices_of(s, "expansion")});
    if (c.stages.back().kernel.size() != c.stages.back().expansion.size())
      throw bad_input("a stage has a kernel and an expansion for each block");
  }
  return c;
}

json json_of(const candidate& c) {
  json stages = json::array();
  for (const candidate::stage& s : c.stages) stages.push_back({{"kernel", s.kernel}, {"expansion", s.expansion}});
  return {{"resolution", c.resolution}, {"channels", c.channels}, {"width", c.width}, {"stages", std::move(stages)}};
}

std::uint64_t count_of(const search_space& space) {
  std::uint64_t count = times(times(space.resolution.size(), space.channels.size()), space.width.size());
  for (const stage_choices& s : space.stages) count = times(count, count_of(s));
  return count;
}

candidate candidate_at(const search_space& space, std::uint64_t index) {
  candidate c;
  c.resolution = space.resolution[take_digit(index, space.resolution.size())];
  c.channels = space.channels[take_digit(index, space.channels.size())];
  c.width = space.width[take_digit(index, space.width.size())];
  for (const stage_choices& s : space.stages) c.stages.push_back(stage_at(s, take_digit(index, count_of(s))));
  return c;
}

candidate draw(const search_space& space, std::uint64_t seed, std::uint64_t index) {
  random_numbers random(seed, index);
  candidate c{random.one_of(space.resolution), random.one_of(space.channels), random.one_of(space.width), {}};
  for (const stage_choices& s : space.stages) {
    candidate::stage& chosen = c.stages.emplace_back();
    const std::int32_t depth = random.one_of(s.depth);
    for (std::int32_t i = 0; i < depth; ++i) {
      chosen.kernel.push_back(random.one_of(s.kernel));
      chosen.expansion.push_back(random.one_of(s.expansion));
    }
  }
  return c;
}

inlay::loaded_topology topology_of(const search_space& space, const candidate& c) {
  std::vector<inlay::topology_block> blocks = space.stem;
  for (inlay::topology_block& b : blocks) b.filters = widened(b.filters, c.width, space.divisor);
  for (std::size_t s = 0; s < space.stages.size(); ++s)
    for (std::size_t i = 0; i < c.stages[s].kernel.size(); ++i)
      blocks.push_back({.kind = inlay::block_kind::inverted_residual,
                        .filters = widened(space.stages[s].filters, c.width, space.divisor),
                        .expansion = c.stages[s].expansion[i],
                        .window = {.kernel = c.stages[s].kernel[i], .stride = i == 0 ? space.stages[s].stride : 1}});
  blocks.insert(blocks.end(), space.head.begin(), space.head.end());
  return {{c.resolution, c.resolution}, c.channels, std::move(blocks)};
}

}  // namespace design
