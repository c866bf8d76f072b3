// Damaged files: whatever is in one, it is refused, or it gives a graph whose plan is sound and which runs. Built
// with the sanitizers this also shows that nothing outside the file or the arena is touched.
#include <inlay/report.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace {

using bytes = std::vector<char>;

bytes read_golden(const std::string& name) {
  std::ifstream file(INLAY_GOLDEN_DIR "/" + name + ".tflite", std::ios::binary);
  bytes data{std::istreambuf_iterator<char>(file), {}};
  REQUIRE_MESSAGE(!data.empty(), name);
  return data;
}

// Models that run in next to no time; larger ones that damage may ask for are only planned.
constexpr std::int64_t most_macs = 1 << 18;
constexpr std::int32_t most_arena_bytes = 1 << 16;
constexpr std::size_t most_input_bytes = 1 << 16;

/// Loads a file, and runs it if it is accepted. False if its plan is not sound.
bool survives(bytes file) {
  const inlay::loaded_model model(std::move(file));
  if (model.refused()) return true;
  const inlay::graph_view g = model.graph();
  const inlay::loaded_schedule per_layer(g, inlay::per_layer_stages(g)), least(g, inlay::least_memory_stages(g));
  for (const inlay::loaded_schedule* schedule : {&per_layer, &least})
    if (!inlay::is_sound(schedule->places().data(), inlay::place_count(g), schedule->arena_bytes())) return false;
  if (inlay::total_macs(g) > most_macs || per_layer.arena_bytes() > most_arena_bytes) return true;
  std::vector<bytes> inputs;
  for (std::int32_t i = 0; i < g.input_count; ++i) {
    const std::size_t size = inlay::declared_bytes(g.tensors[g.inputs[i]]);
    if (size > most_input_bytes) return true;
    inputs.emplace_back(size, static_cast<char>(0x81));
  }
  inlay::interpret(model, per_layer, inputs);
  inlay::interpret(model, least, inputs);
  return true;
}

void check_truncated(const std::string& name) {
  const bytes file = read_golden(name);
  for (std::size_t size = 0; size < file.size(); ++size)
    if (!survives(bytes(file.data(), file.data() + size))) FAIL_CHECK(name << " cut after " << size << " bytes");
}

void check_flipped(const std::string& name) {
  const bytes file = read_golden(name);
  for (std::size_t at = 0; at < file.size(); ++at)
    for (const int value : {0x00, 0xff, 0x7f, 0x80, file[at] ^ 1, file[at] + 1}) {
      bytes mutant = file;
      mutant[at] = static_cast<char>(value);
      if (!survives(mutant)) FAIL_CHECK(name << " with byte " << at << " = " << (value & 0xff));
    }
}

// One of every kind of layer, and of every operator that reads constants while it is imported.
constexpr const char* small[] = {
    "tiny",
    "conv2d_3x3_same",
    "conv2d_grouped_2",
    "depthwise_multiplier2",
    "fully_connected",
    "add_broadcast_channels",
    "mul_constant_scalar",
    "average_pool_3x3_same",
    "max_pool_2x2_stride2",
    "mean_height_width",
    "softmax_10",
    "logistic",
    "tanh",
    "relu6",
    "quantize_float",
    "dequantize",
    "reshape_keras",
    "pad_conv2d_valid",
    "padv2",
    "strided_slice_masks",
    "concatenation_3_inputs",
    "transpose_reversed",
    "resize_nearest_x2",
    "arg_max_channels",
    "depth_to_space",
    "gather_channels",
    "hard_swish",
    "leaky_relu",
    "maximum_broadcast_channels",
    "pack_channels",
    "prelu",
    "reduce_max_height_width",
    "resize_bilinear_uneven_half_pixel_centers",
    "slice",
    "space_to_depth",
    "transpose_conv_3x3_stride2_same",
    "network_two_inputs_two_outputs",
};

}  // namespace

TEST_CASE("malformed: truncated files") {
  for (const char* name : small) check_truncated(name);
}

TEST_CASE("malformed: changed bytes") {
  for (const char* name : small) check_flipped(name);
}
