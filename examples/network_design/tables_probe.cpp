// What inlay-design --target compiles for a processor, and never runs: the object holds a line with the bytes of the
// table that each layer in GIVEN_HEADER has there.
#include "../inspect/line.hpp"

#include <inlay.hpp>
#include <inlay/run/untrained.hpp>

#include <cstddef>
#include <cstdint>

namespace {

struct described_tensor {
  inlay::shape extents, storage_extents;
  int is_probability;
  std::int32_t zero_point, channels;
  std::uint32_t data_bytes;
  std::int32_t first_channel;
};

/// A layer that stands alone.
struct described_layer {
  int kind, clamp;
  inlay::window2d window;
  std::uint32_t axes;
  std::int32_t begin;
  described_tensor tensors[4];  // those that it reads, and its output
};

#include GIVEN_HEADER

constexpr std::size_t layer_count = sizeof given / sizeof given[0];

constexpr std::size_t table_bytes(const described_layer& d) {
  inlay::tensor tensors[8]{};
  inlay::layer l{};
  l.kind = static_cast<inlay::layer_kind>(d.kind);
  l.clamp = static_cast<inlay::activation>(d.clamp);
  l.window = d.window;
  l.axes = d.axes;
  l.begin[3] = d.begin;
  for (std::int32_t i = 0; i < 4; ++i) {
    const described_tensor& from = d.tensors[i];
    if (i < 3) l.inputs[static_cast<std::size_t>(i)] = from.extents.rank > 0 ? i : -1;
    const float scale = from.is_probability != 0 ? 1.0f / 256 : 1;
    for (const std::int32_t t : {i, i + 4}) {
      tensors[t].extents = t == i ? from.extents : from.storage_extents;
      tensors[t].quant = {scale, from.zero_point, from.channels, 0, 0};
      tensors[t].data_at = 4;
      tensors[t].data_bytes = from.data_bytes;
      tensors[t].first_channel = t == i ? from.first_channel : 0;
      tensors[t].storage = i + 4;
      tensors[t].readers = 1;
    }
  }
  l.output = 3;
  l.operator_index = 0;
  const inlay::graph_view g{tensors, &l, nullptr, nullptr, 8, 1, 0, 0};
  return inlay::detail::untrained_table_bytes(g, l);
}

}  // namespace

[[gnu::used]] constexpr auto tables_of_layers = [] {
  inspect::line<16 + 12 * layer_count> all;
  all.add("inlay tables");
  for (const described_layer& d : given) {
    all.add(" ");
    all.add(table_bytes(d));
  }
  all.add(";");
  return all;
}();
