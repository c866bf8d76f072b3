// Topologies as JSON:
//
//   {"input": [96, 96, 3], "blocks": [{"kind": "conv2d", "filters": 16, "kernel": 3, "stride": 2, "clamp": "relu6"},
//                                     {"kind": "residual", "inside": [{"kind": "conv2d", …}]}, …]}
#pragma once

#include <inlay/report.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace design {

/// Keys stay in the order in which they are written.
using json = nlohmann::ordered_json;

/// What was given cannot be used; says why in a line.
struct bad_input : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// An object of no other keys than these; a bad_input with the name of what it is meant to be.
void require_object(const json& j, std::string_view what, std::initializer_list<std::string_view> keys);
/// The value of a key, an integer of 32 bits.
std::int32_t integer_of(const json& j, std::string_view what);

std::vector<inlay::topology_block> blocks_from(const json& j);
json json_of(const std::vector<inlay::topology_block>& blocks);

/// A bad_input if there is no such network.
inlay::loaded_topology topology_from(const json& j);
json json_of(const inlay::loaded_topology& topology);

/// A bad_input where it is refused, in the library's words.
void require_network(const inlay::loaded_topology& topology);

}  // namespace design
