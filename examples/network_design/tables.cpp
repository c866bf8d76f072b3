#include "tables.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace design {

namespace {

/// Numbers with commas between them, and what holds them in braces.
class initialiser {
 public:
  template <typename... Numbers>
  void add(Numbers... numbers) {
    ((text_ += std::to_string(numbers), text_ += ','), ...);
  }
  template <typename Function>
  void add_in_braces(Function items) {
    text_ += '{';
    items();
    text_ += "},";
  }
  void add(const inlay::shape& s) {
    add_in_braces([&] {
      add(s.rank);
      add_in_braces([&] {
        for (int axis = 0; axis < s.rank; ++axis) add(s[axis]);
      });
    });
  }
  void add(const inlay::extent2d& e) {
    add_in_braces([&] { add(e.height, e.width); });
  }
  void add(const inlay::window2d& w) {
    add_in_braces([&] {
      add(w.kernel);
      add(w.stride);
      add(w.dilation);
      add_in_braces([&] { add(w.padding.top, w.padding.left, w.padding.bottom, w.padding.right); });
    });
  }
  /// A tensor, and the shape of the one whose memory it is.
  void add(inlay::graph_view g, const inlay::tensor& t) {
    add(t.extents);
    add(g.tensors[t.storage].extents);
    // Scales of a topology are 1 or, of probabilities, 1/256.
    add(t.quant.scale < 1 ? 1 : 0, t.quant.zero_point, t.quant.channels, t.data_bytes, t.first_channel);
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

/// All that a layer's kernel can know of it, as tables_probe.cpp reads it.
std::string text_of(inlay::graph_view g, const inlay::layer& l) {
  initialiser all;
  all.add_in_braces([&] {
    all.add(static_cast<int>(l.kind), static_cast<int>(l.clamp));
    all.add(l.window);
    all.add(l.axes, l.begin[3]);
    all.add_in_braces([&] {
      for (const std::int32_t index : {l.inputs[0], l.inputs[1], l.inputs[2], l.output})
        all.add_in_braces([&] {
          if (index >= 0) all.add(g, g.tensors[index]);
        });
    });
  });
  return std::move(all).text();
}

/// A picture's rows are asked for by no kernel.
bool has_table(const inlay::layer& l) { return l.kind != inlay::layer_kind::fetch; }

// A compiler's constants have limits; these are far from them.
constexpr std::ptrdiff_t most_at_once = 2000;

}  // namespace

void target_tables::collect(inlay::graph_view g, layer_set& layers) {
  for (std::int32_t i = 0; i < g.layer_count; ++i)
    if (has_table(g.layers[i])) layers.insert(text_of(g, g.layers[i]));
}

void target_tables::ask(const layer_set& layers) {
  const std::lock_guard lock(asking_);
  ask_of(layers);
}

void target_tables::ask_of(const layer_set& layers) {
  std::vector<std::string> unknown;
  std::copy_if(layers.begin(), layers.end(), std::back_inserter(unknown),
               [&](const std::string& l) { return known_.count(l) == 0; });
  for (auto first = unknown.begin(); first != unknown.end();) {
    const auto end = first + std::min(most_at_once, unknown.end() - first);
    std::string header = "inline constexpr described_layer given[] = {\n";
    for (auto l = first; l != end; ++l) header += *l + "\n";
    std::istringstream line(inspect::compiled_line(processor_, INLAY_TABLES_PROBE, header + "};\n", "inlay tables"));
    std::size_t bytes = 0;
    for (; first != end && line >> bytes; ++first) known_[*first] = bytes;
    if (first != end) throw std::runtime_error("the compiler finds other layers");
  }
}

std::size_t target_tables::bytes_of(inlay::graph_view g, const std::vector<inlay::stage>& stages) {
  layer_set layers;
  collect(g, layers);
  const std::lock_guard lock(asking_);
  ask_of(layers);
  return inlay::detail::scheduled_table_bytes(
      g, stages.data(), static_cast<std::int32_t>(stages.size()),
      [&](const inlay::layer& l) { return has_table(l) ? known_.at(text_of(g, l)) : 0; });
}

}  // namespace design
