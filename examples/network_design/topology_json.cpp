#include "topology_json.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

namespace design {

namespace {

using inlay::block_kind;
using inlay::size2d;
using inlay::topology_block;

constexpr std::size_t most_nested = 64;

/// The value whose name a JSON string is, of `count` values from 0 on.
template <typename Value>
Value named(const json& j, std::string_view what, int count) {
  if (!j.is_string()) throw bad_input(std::string(what) + " is a string");
  std::string names;
  for (int i = 0; i < count; ++i) {
    const auto value = static_cast<Value>(i);
    if (j.get_ref<const std::string&>() == name(value)) return value;
    names += std::string(i > 0 ? ", " : "") + name(value);
  }
  throw bad_input(std::string(what) + " is one of " + names + ", not " + j.get<std::string>());
}

size2d size_from(const json& j, std::string_view what) {
  if (!j.is_array()) return integer_of(j, what);
  if (j.size() != 2) throw bad_input(std::string(what) + " is a number or [height, width]");
  return {integer_of(j[0], what), integer_of(j[1], what)};
}

json json_of(const size2d& s) { return s.height == s.width ? json(s.height) : json{s.height, s.width}; }

constexpr bool has_window(block_kind kind) {
  return kind == block_kind::conv2d || kind == block_kind::depthwise_conv2d || kind == block_kind::inverted_residual ||
         kind == block_kind::average_pool2d || kind == block_kind::max_pool2d;
}
constexpr bool has_clamp(block_kind kind) {
  return kind == block_kind::conv2d || kind == block_kind::depthwise_conv2d || kind == block_kind::dense;
}
constexpr bool has_filters(block_kind kind) {
  return kind == block_kind::conv2d || kind == block_kind::inverted_residual || kind == block_kind::dense;
}
const char* filters_key(block_kind kind) { return kind == block_kind::dense ? "units" : "filters"; }

/// What a key of a block says; false for a key that such a block has not.
bool read_option(topology_block& b, const std::string& key, const json& value) {
  if (has_filters(b.kind) && key == filters_key(b.kind)) {
    b.filters = integer_of(value, key);
  } else if (b.kind == block_kind::depthwise_conv2d && key == "multiplier") {
    b.multiplier = integer_of(value, key);
  } else if (b.kind == block_kind::inverted_residual && key == "expansion") {
    b.expansion = integer_of(value, key);
  } else if (has_window(b.kind) && key == "kernel") {
    b.window.kernel = size_from(value, key);
  } else if (has_window(b.kind) && key == "stride") {
    b.window.stride = size_from(value, key);
  } else if (has_window(b.kind) && key == "dilation") {
    b.window.dilation = size_from(value, key);
  } else if (has_window(b.kind) && key == "padding") {
    if (value != "same" && value != "valid") throw bad_input("padding is same or valid");
    b.window.padding = value == "valid" ? inlay::padding::valid : inlay::padding::same;
  } else if (has_clamp(b.kind) && key == "clamp") {
    b.clamp = named<inlay::activation>(value, key, 4);
  } else {
    return false;
  }
  return true;
}

void append_blocks(std::vector<topology_block>& blocks, const json& list, std::size_t depth) {
  if (!list.is_array()) throw bad_input("blocks are an array");
  if (depth > most_nested) throw bad_input("blocks stand in blocks too deeply");
  for (const json& j : list) {
    if (!j.is_object() || !j.contains("kind")) throw bad_input("a block is an object with a kind");
    topology_block b;
    b.kind = named<block_kind>(j["kind"], "kind", static_cast<int>(block_kind::concatenate) + 1);
    const std::size_t at = blocks.size();
    blocks.push_back(b);
    for (const auto& [key, value] : j.items()) {
      if (key == "kind") continue;
      if (key == "inside" && inlay::detail::holds_blocks(b.kind))
        append_blocks(blocks, value, depth + 1);
      else if (!read_option(b, key, value))
        throw bad_input(std::string(name(b.kind)) + " has no " + key);
    }
    b.inside = static_cast<std::int32_t>(blocks.size() - at - 1);
    blocks[at] = b;
  }
}

json json_of(const topology_block& b) {
  json j = {{"kind", name(b.kind)}};
  if (has_filters(b.kind)) j[filters_key(b.kind)] = b.filters;
  if (b.kind == block_kind::depthwise_conv2d) j["multiplier"] = b.multiplier;
  if (b.kind == block_kind::inverted_residual) j["expansion"] = b.expansion;
  if (has_window(b.kind)) {
    j["kernel"] = json_of(b.window.kernel);
    j["stride"] = json_of(b.window.stride);
    if (b.window.dilation != size2d(1)) j["dilation"] = json_of(b.window.dilation);
    if (b.window.padding == inlay::padding::valid) j["padding"] = "valid";
  }
  if (has_clamp(b.kind) && b.clamp != inlay::activation::none) j["clamp"] = name(b.clamp);
  return j;
}

json json_of(const topology_block* blocks, std::int32_t count) {
  json list = json::array();
  for (std::int32_t i = 0; i < count; i += 1 + blocks[i].inside) {
    list.push_back(json_of(blocks[i]));
    if (inlay::detail::holds_blocks(blocks[i].kind)) list.back()["inside"] = json_of(blocks + i + 1, blocks[i].inside);
  }
  return list;
}

}  // namespace

void require_object(const json& j, std::string_view what, std::initializer_list<std::string_view> keys) {
  if (!j.is_object()) throw bad_input(std::string(what) + " is an object");
  for (const auto& [key, value] : j.items())
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) throw bad_input(std::string(what) + " has no " + key);
}

std::int32_t integer_of(const json& j, std::string_view what) {
  using limits = std::numeric_limits<std::int32_t>;
  if (!j.is_number_integer() || j > limits::max() || j < limits::min())
    throw bad_input(std::string(what) + " is an integer of 32 bits");
  return j.get<std::int32_t>();
}

std::vector<topology_block> blocks_from(const json& j) {
  std::vector<topology_block> blocks;
  append_blocks(blocks, j, 0);
  return blocks;
}

json json_of(const std::vector<topology_block>& blocks) {
  return json_of(blocks.data(), static_cast<std::int32_t>(blocks.size()));
}

inlay::loaded_topology topology_from(const json& j) {
  require_object(j, "a topology", {"input", "blocks"});
  if (!j.contains("input") || !j.contains("blocks")) throw bad_input("a topology has an input and blocks");
  const json& input = j["input"];
  if (!input.is_array() || input.size() != 3) throw bad_input("input is [height, width, channels]");
  inlay::loaded_topology topology({integer_of(input[0], "input"), integer_of(input[1], "input")},
                                  integer_of(input[2], "input"), blocks_from(j["blocks"]));
  require_network(topology);
  return topology;
}

json json_of(const inlay::loaded_topology& topology) {
  return {{"input", {topology.input().height, topology.input().width, topology.input_channels()}},
          {"blocks", json_of(topology.blocks())}};
}

void require_network(const inlay::loaded_topology& topology) {
  if (!topology.refused()) return;
  const std::string block =
      topology.refused_block() < 0 ? "" : "block " + std::to_string(topology.refused_block()) + ": ";
  throw bad_input(block + std::string(inlay::error_text(topology.refused()).view()));
}

}  // namespace design
