// Inlay: topologies and schedules as C++ types that are the same.
#pragma once

#include <inlay/graph/layers.hpp>
#include <inlay/hosted/topology.hpp>
#include <inlay/model/topology.hpp>
#include <inlay/plan/stage.hpp>
#include <inlay/report/plan.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// Designated initialisers of the options that are not what they are by themselves.
class option_text {
 public:
  void add(const char* option, const std::string& value) {
    text_ += std::string(text_.empty() ? "." : ", .") + option + " = " + value;
  }
  void add(const char* option, std::int32_t value, std::int32_t usual) {
    if (value != usual) add(option, std::to_string(value));
  }
  void add(const char* option, const size2d& s) {
    const std::string height = std::to_string(s.height), width = std::to_string(s.width);
    if (s != size2d(1)) add(option, s.height == s.width ? height : "{" + height + ", " + width + "}");
  }
  void add(activation clamp) {
    if (clamp != activation::none) add("clamp", std::string("inlay::activation::") + name(clamp));
  }
  /// The options of a window, as those of a pool.
  void add_all_of(const window_options& w) {
    add("kernel", w.kernel);
    add("stride", w.stride);
    add("dilation", w.dilation);
    if (w.padding == padding::valid) add("padding", "inlay::padding::valid");
  }
  void add(const window_options& w) {
    option_text window;
    window.add_all_of(w);
    if (!window.text_.empty()) add("window", "{" + window.text_ + "}");
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_{};
};

inline std::string layer_types(const topology_block* blocks, std::int32_t count, const std::string& separator);

/// A block, behind which those inside of it stand.
inline std::string layer_type(const topology_block& block) {
  option_text options;
  std::string options_type = std::string(name(block.kind)) + "_options";
  switch (block.kind) {
    case block_kind::conv2d:
      options.add("filters", block.filters, 1);
      options.add(block.window);
      options.add(block.clamp);
      break;
    case block_kind::depthwise_conv2d:
      options.add("multiplier", block.multiplier, 1);
      options.add(block.window);
      options.add(block.clamp);
      break;
    case block_kind::dense:
      options.add("units", block.filters, 1);
      options.add(block.clamp);
      break;
    case block_kind::inverted_residual:
      options.add("filters", block.filters, 1);
      options.add("expansion", block.expansion, 6);
      options.add(block.window);
      break;
    case block_kind::average_pool2d:
    case block_kind::max_pool2d:
      options_type = "window_options";
      options.add_all_of(block.window);
      break;
    case block_kind::global_average_pool:
    case block_kind::softmax:
    case block_kind::logistic: return std::string("inlay::") + name(block.kind);
    case block_kind::chain:
    case block_kind::residual:
    case block_kind::scaled:
    case block_kind::concatenate:
      return std::string("inlay::") + name(block.kind) + "<" + layer_types(&block + 1, block.inside, ", ") + ">";
  }
  // Compilers before clang 17 want the options' type.
  return std::string("inlay::") + name(block.kind) + "<inlay::" + options_type + "{" + options.text() + "}>";
}

inline std::string layer_types(const topology_block* blocks, std::int32_t count, const std::string& separator) {
  std::string text;
  for (std::int32_t i = 0; i < count; i += 1 + blocks[i].inside)
    text += (i > 0 ? separator : "") + layer_type(blocks[i]);
  return text;
}

}  // namespace detail

/// A topology that is not refused as a sequential, one layer type a line.
inline std::string layer_types_text(const loaded_topology& topology) {
  const std::vector<topology_block>& blocks = topology.blocks();
  return "inlay::sequential<inlay::input<" + std::to_string(topology.input().height) + ", " +
         std::to_string(topology.input().width) + ", " + std::to_string(topology.input_channels()) + ">,\n    " +
         detail::layer_types(blocks.data(), static_cast<std::int32_t>(blocks.size()), ",\n    ") + ">";
}

}  // namespace inlay
