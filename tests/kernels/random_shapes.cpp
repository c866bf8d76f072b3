// Compares the fast kernels of the instruction set that this is compiled for with the reference kernels, on random
// layers of every kind that has any: shapes, windows, strides and paddings, operands that are broadcast, weights,
// biases, scales and inputs, extreme ones among them. Rows in rings, strips of columns, and outputs inside wider maps,
// whose other bytes must stay as they are.
//
// Kernels are instantiated for the specs that the first layers ask for; the others are drawn when it runs.
//
// Needs neither files nor streams, so that it runs on bare metal, too. Exit status 1 if anything differs, or if kernels
// accept fewer layers than floors.hpp says.
#include "floors.hpp"

#include <inlay.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <utility>

// How many layers of each kind.
#ifndef INLAY_RANDOM_LAYERS
#define INLAY_RANDOM_LAYERS 48
#endif

namespace {

namespace detail = inlay::detail;
using inlay::graph_view;
using inlay::layer;
using inlay::layer_kind;
using inlay::region;
using inlay::detail::map_view;

/// xorshift32.
struct random_numbers {
  std::uint32_t state = 1;
  constexpr std::uint32_t next() {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
  }
  /// From low to high, both included.
  constexpr std::int32_t between(std::int32_t low, std::int32_t high) {
    return low + static_cast<std::int32_t>(next() % static_cast<std::uint32_t>(high - low + 1));
  }
  template <std::size_t Count>
  constexpr std::int32_t one_of(const std::int32_t (&values)[Count]) {
    return values[next() % Count];
  }
};

/// A graph of one layer with tensors 0 to 2 its inputs, 3 its output. The model's bytes would be a header, the weights,
/// the scales, the biases.
struct one_layer {
  inlay::tensor tensors[4]{};
  layer layers[1]{};
  std::int32_t weight_bytes = 0;
  std::int32_t channels = 0;  // of the output
  constexpr graph_view view() const { return {tensors, layers, nullptr, nullptr, 4, 1, 0, 0}; }
};

constexpr std::int32_t header_bytes = 16;
constexpr std::int32_t model_capacity = 96 * 1024;
constexpr std::int32_t weight_capacity = model_capacity / 2;
constexpr std::int32_t map_capacity = 48 * 1024;

/// The kinds of layers that these tests know how to draw are those with weights, pools, means, what is moved or resized
/// to the nearest pixel, and whatever is made pixel by pixel.
template <layer_kind Kind>
constexpr one_layer random_layer(std::uint32_t seed) {
  constexpr detail::layer_geometry geometry = detail::describe(Kind).geometry;
  static_assert(detail::has_weights(Kind) || detail::has_window(Kind) || Kind == layer_kind::mean ||
                    geometry == detail::layer_geometry::pixelwise || geometry == detail::layer_geometry::padded ||
                    geometry == detail::layer_geometry::sliced || geometry == detail::layer_geometry::placed ||
                    geometry == detail::layer_geometry::nearest,
                "a kind with a fast kernel that no layers are drawn of");
  // By its name, so that other kinds do not change what is drawn of this one.
  std::uint32_t of_kind = 0;
  for (const char* letter = name(Kind); *letter != 0; ++letter)
    of_kind = of_kind * 31 + static_cast<unsigned char>(*letter);
  random_numbers random{seed * 2654435761u + 12345u + of_kind * 977u};
  for (int i = 0; i < 8; ++i) random.next();
  one_layer made{};
  layer& l = made.layers[0];
  l.kind = Kind;
  l.inputs = {0, -1, -1};
  l.output = 3;
  l.clamp = static_cast<inlay::activation>(random.one_of({0, 0, 1, 3}));

  std::int32_t channels = random.one_of({1, 2, 3, 4, 5, 7, 8, 8, 12, 13, 16, 16, 20, 24, 31, 32, 33, 48, 64, 65, 100});
  // Reals are four bytes each, and what is placed or resized grows.
  if (!detail::has_weights(Kind) && !detail::has_window(Kind) && channels > 65) channels = 65;
  std::int32_t outputs = random.one_of({1, 2, 3, 4, 5, 6, 7, 8, 8, 10, 16, 16, 17, 24, 30, 32, 40, 64});
  // Rows of convolutions are longer: some kernels want so many pixels.
  std::int32_t height = random.between(1, 11), width = random.between(1, Kind == layer_kind::conv2d ? 39 : 13);
  inlay::window2d& w = l.window;
  // Some convolutions of single pixels over few channels, with outputs from −128.
  const bool few = Kind == layer_kind::conv2d && random.next() % 8 == 0;
  if (detail::has_window(Kind)) {
    const bool pointwise = Kind == layer_kind::conv2d && random.next() % 2 == 0;
    if (!pointwise) {
      w.kernel = {random.one_of({1, 2, 3, 3, 3, 5, 7}), random.one_of({1, 2, 3, 3, 3, 5, 7})};
      if (random.next() % 2 == 0) w.kernel.width = w.kernel.height;
      const bool pool = Kind == layer_kind::average_pool2d || Kind == layer_kind::max_pool2d;
      if (random.next() % 8 == 0 && !pool) w.dilation = {2, 2};
    }
    w.stride = {random.one_of({1, 1, 1, 2, 2, 3}), 1};
    w.stride.width = random.next() % 4 == 0 ? random.between(1, 3) : w.stride.height;
    // Mostly what depthwise kernels are made for.
    if (Kind == layer_kind::depthwise_conv2d && random.next() % 4 != 0) {
      w.kernel.height = w.kernel.width = random.one_of({3, 3, 5, 7});
      w.stride.width = random.between(1, 2);
      w.dilation = {1, 1};
    }
    // Now and then no row of a window is in the map.
    if (w.dilation.height == 2 && random.next() % 2 == 0) {
      w.kernel.height = 2;
      height = 1;
    }
    // And some convolutions whose windows share columns.
    if (Kind == layer_kind::conv2d && random.next() % 6 == 0) {
      w.kernel.width = 3;
      w.stride.width = 1;
      w.dilation = {1, 1};
      channels = random.one_of({8, 16, 32, 40, 64});
      outputs += outputs % 2;
      l.clamp = inlay::activation::none;
    }
    if (few) {
      w.kernel = w.dilation = {1, 1};
      channels = 8;
      outputs += outputs % 2;
      l.clamp = inlay::activation::none;
    }
    const std::int32_t tall = detail::dilated_extent(w.kernel.height, w.dilation.height);
    const std::int32_t wide = detail::dilated_extent(w.kernel.width, w.dilation.width);
    if (random.next() % 3 != 0) {
      const detail::same_padding rows =
          detail::pad_to_same(height, w.kernel.height, w.stride.height, w.dilation.height);
      const detail::same_padding columns = detail::pad_to_same(width, w.kernel.width, w.stride.width, w.dilation.width);
      w.padding = {rows.before, columns.before, rows.after, columns.after};
    } else {
      height = height > tall ? height : tall;
      width = width > wide ? width : wide;
    }
  }
  std::int32_t made_height = height, made_width = width;
  if (detail::has_window(Kind)) {
    made_height = detail::window_output(height, w.padding.top, w.padding.bottom, w.kernel.height, w.stride.height,
                                        w.dilation.height);
    made_width =
        detail::window_output(width, w.padding.left, w.padding.right, w.kernel.width, w.stride.width, w.dilation.width);
  }

  const auto zero_point = [&random] {
    return random.one_of({-128, -128, 127, 0, -1, 3, -77, 100});
  };
  const auto activation_tensor = [&](inlay::shape s, float scale) {
    inlay::tensor t{};
    t.extents = s;
    t.quant = {scale, zero_point(), 1, 0, 0};
    return t;
  };
  const auto constant_tensor = [](inlay::shape s, std::int32_t at, std::int32_t bytes) {
    inlay::tensor t{};
    t.extents = s;
    t.data_at = static_cast<std::uint32_t>(at);
    t.data_bytes = static_cast<std::uint32_t>(bytes);
    return t;
  };

  if constexpr (Kind == layer_kind::conv2d) {
    // Now and then in groups.
    const std::int32_t groups = random.next() % 10 == 0 && channels % 2 == 0 ? 2 : 1;
    const std::int32_t window_bytes = w.kernel.height * w.kernel.width * (channels / groups);
    if (outputs * window_bytes >= weight_capacity) outputs = weight_capacity / window_bytes - 1;
    if (groups == 2) outputs += outputs % 2;
    made.weight_bytes = outputs * window_bytes;
    made.tensors[1] = constant_tensor({4, {outputs, w.kernel.height, w.kernel.width, channels / groups}}, header_bytes,
                                      made.weight_bytes);
  } else if constexpr (Kind == layer_kind::depthwise_conv2d) {
    const bool several = random.next() % 4 == 0;
    if (several && random.next() % 2 == 0) channels = 1;
    // Small enough for the memory of maps.
    outputs = channels * (several && channels <= 40 ? random.between(2, 8) : 1);
    made.weight_bytes = w.kernel.height * w.kernel.width * outputs;
    made.tensors[1] =
        constant_tensor({4, {1, w.kernel.height, w.kernel.width, outputs}}, header_bytes, made.weight_bytes);
  } else if constexpr (Kind == layer_kind::fully_connected) {
    made_height = height = 1;
    width = made_width = random.one_of({1, 1, 1, 2, 3});
    channels = random.one_of({1, 3, 4, 10, 16, 64, 65, 127, 128, 250, 640});
    made.weight_bytes = outputs * channels;
    made.tensors[1] = constant_tensor({2, {outputs, channels}}, header_bytes, made.weight_bytes);
  } else {
    outputs = channels;
  }
  made.channels = outputs;
  if (detail::has_weights(Kind)) {
    l.inputs[1] = 1;
    const std::int32_t scales_at = header_bytes + (made.weight_bytes + 3) / 4 * 4;
    const std::int32_t scales = random.next() % 4 == 0 ? 1 : outputs;
    made.tensors[1].quant = {0, 0, scales, static_cast<std::uint32_t>(scales_at), 0};
    if (random.next() % 4 != 0) {
      l.inputs[2] = 2;
      made.tensors[2] = constant_tensor({1, {outputs}}, scales_at + 4 * outputs, 4 * outputs);
    }
  }

  const float scales[] = {1.0f, 0.5f, 0.0472f, 0.0078125f, 3.75f};
  const auto scale = [&] {
    return scales[random.next() % 5];
  };
  made.tensors[0] =
      activation_tensor(Kind == layer_kind::fully_connected ? inlay::shape{2, {width, channels}}
                                                            : inlay::shape{4, {1, height, width, channels}},
                        scale());
  if constexpr (detail::is_pair(Kind)) {
    l.inputs[1] = 1;
    inlay::shape a = made.tensors[0].extents, b = a;
    // Each axis of either may be one for all.
    const bool broadcast = random.next() % 3 != 0;
    for (std::size_t axis = 1; axis < 4 && broadcast; ++axis) {
      const std::uint32_t draw = random.next() % 4;
      if (draw == 0) a.extents[axis] = 1;
      if (draw == 1) b.extents[axis] = 1;
    }
    made.tensors[0].extents = a;
    made.tensors[1] = activation_tensor(b, scale());
  }
  inlay::shape to{4, {1, made_height, made_width, outputs}};
  const auto sometimes = [&random](std::uint32_t one_in, std::int32_t most) {
    return random.next() % one_in == 0 ? random.between(0, most) : 0;
  };
  if constexpr (geometry == detail::layer_geometry::padded) {
    // Channels seldom.
    for (std::size_t axis = 1; axis < 4; ++axis) {
      l.begin[axis] = sometimes(axis == 3 ? 8 : 2, 3);
      to.extents[axis] += l.begin[axis] + sometimes(axis == 3 ? 8 : 2, 3);
    }
    l.fill = random.between(-128, 127);
  } else if constexpr (geometry == detail::layer_geometry::sliced) {
    for (std::size_t axis = 0; axis < 4; ++axis) {
      std::int32_t& extent = to.extents[axis];
      const bool whole = random.next() % (axis == 3 ? 8 : 2) != 0;
      l.step[axis] = whole ? 1 : random.one_of({1, 1, 2, 3, -1, -2});
      const std::int32_t left_out = whole ? 0 : random.between(0, extent - 1);
      const std::int32_t step = l.step[axis] < 0 ? -l.step[axis] : l.step[axis];
      l.begin[axis] = l.step[axis] < 0 ? extent - 1 - left_out : left_out;
      extent = (extent - left_out - 1) / step + 1;
    }
  } else if constexpr (geometry == detail::layer_geometry::placed) {
    for (std::size_t axis = 1; axis < 4; ++axis) {
      l.begin[axis] = sometimes(2, 3);
      to.extents[axis] += l.begin[axis] + sometimes(2, 3);
    }
  } else if constexpr (geometry == detail::layer_geometry::nearest) {
    to.extents[1] = random.between(1, 14);
    to.extents[2] = random.between(1, 14);
    l.align_corners = random.next() % 4 == 0;
    l.half_pixel_centers = !l.align_corners && random.next() % 2 == 0;
  }
  made.channels = to.channels();
  if constexpr (Kind == layer_kind::fully_connected) to = {2, {width, outputs}};
  if constexpr (Kind == layer_kind::mean) {
    to = {4, {1, 1, 1, channels}};
    l.axes = 6;  // height and width
    if (random.next() % 4 == 0) {
      l.axes = random.next() % 2 == 0 ? 2 : 8;
      to.extents[l.axes == 2 ? 1 : 3] = 1;
      to.extents[2] = width;
      if (l.axes == 8) to.extents[1] = height;
      if (l.axes == 2) to.extents[1] = 1;
    }
  }
  l.slope = 0.1f;
  made.tensors[3] = activation_tensor(to, scale());
  if (few) made.tensors[3].quant.zero_point = -128;
  // What the reference demands.
  if (Kind == layer_kind::hard_swish || (Kind == layer_kind::relu && l.clamp == inlay::activation::relu6))
    made.tensors[3].quant.scale = made.tensors[0].quant.scale;
  if (Kind == layer_kind::requantize) {
    if (random.next() % 3 == 0) made.tensors[0].type = inlay::element_type::uint8;
    if (random.next() % 3 == 0) made.tensors[3].type = inlay::element_type::uint8;
  }
  if (Kind == layer_kind::average_pool2d || Kind == layer_kind::max_pool2d)
    made.tensors[3].quant = made.tensors[0].quant;
  for (int i = 0; i < 4; ++i) made.tensors[i].storage = i;
  return made;
}

std::int8_t model[model_capacity];
[[maybe_unused]] std::int32_t packed_weights[1 + weight_capacity / 4];
alignas(4) std::int8_t first_input[map_capacity];  // also of reals
std::int8_t second_input[map_capacity];
std::int8_t wanted[map_capacity];
// As in an arena.
alignas(4) std::int8_t got[map_capacity], ring[map_capacity];
detail::channel_constants constants[1024];
std::int32_t sums[1024];
// Aligned as the tables of any kernel ask to be: the compiler does it for the real ones.
alignas(64) unsigned char table_bytes[64 * 1024];
alignas(64) unsigned char reference_table_bytes[4 * 1024];
random_numbers at_run_time{2463534242u};

std::int8_t random_byte(int mode) {
  const auto byte = static_cast<std::int8_t>(at_run_time.next() >> 24);
  if (mode == 0) return byte;
  if (mode == 1) return byte < 0 ? -127 : 127;
  if (mode == 2) return byte < 0 ? -128 : 127;
  return mode == 3 ? 127 : -128;
}

void store(std::int32_t at, std::int32_t value) { std::memcpy(model + at, &value, 4); }

/// Mode 6 has biases of any size, mode 7 channels that are the same for any input among others.
void fill_model(const one_layer& c, int mode) {
  for (std::int32_t i = 0; i < c.weight_bytes; ++i) model[header_bytes + i] = random_byte(mode % 7 % 5);
  const graph_view g = c.view();
  if (!detail::has_weights(c.layers[0].kind)) return;
  // From far below one to above: right shifts of all sizes, left shifts, exact powers of two.
  const float typical[] = {0.0009f, 0.0031f, 0.012f, 0.00097f};
  const float extreme[] = {1e-9f, 0.5f, 1.0f, 2.7f, 0.25f, 1e-6f, 40.0f, 1.9e-12f};
  for (std::int32_t i = 0; i < c.channels; ++i) {
    const std::uint32_t draw = at_run_time.next();
    float scale = mode % 7 % 5 == 0 ? typical[draw % 4] : extreme[draw / 16 % 8];
    const bool constant = mode == 7 && draw / 16 % 3 == 0, any_bias = mode == 6 || (constant && draw % 2 == 0);
    if (constant) scale = extreme[0];
    scale *= 1.0f + static_cast<float>(draw >> 20) / 8192.0f * (draw % 3 != 0 ? 1.0f : 0.0f);
    std::int32_t bits = 0;
    std::memcpy(&bits, &scale, 4);
    store(static_cast<std::int32_t>(c.tensors[1].quant.scales_at) + 4 * i, bits);
    if (g.has_input(c.layers[0], 2))
      store(static_cast<std::int32_t>(c.tensors[2].data_at) + 4 * i,
            any_bias ? static_cast<std::int32_t>(at_run_time.next()) : at_run_time.between(-20000, 20000));
  }
}

/// Reals around those that an int8 stands for, halves among them, and some that are none.
void fill_reals(const one_layer& c) {
  constexpr float infinity = __builtin_inff();
  const float strange[] = {infinity, -infinity, __builtin_nanf(""), 3e38f, -3e38f, 1e-40f, 0.0f, -0.0f};
  const float half_scale = c.tensors[3].quant.scale / 2;
  for (std::int32_t i = 0; i < c.tensors[0].extents.elements(); ++i) {
    const std::uint32_t draw = at_run_time.next();
    float real = static_cast<float>(at_run_time.between(-600, 600)) * half_scale;
    if (draw % 4 == 0) real *= 1.0f + static_cast<float>(draw >> 8) * 1e-8f;
    if (draw % 16 == 1) real = strange[draw / 16 % 8];
    std::memcpy(first_input + 4 * i, &real, sizeof real);
  }
}

/// What the kernel at hand is given for weights: the model's, or those that it packs for itself.
const std::int8_t* weights_of_kernel = model + header_bytes;

/// The table of a kernel, in memory of its own, and its weights.
template <typename Kernel, layer_kind Kind>
const typename Kernel::table_entry* make_table(graph_view g, const layer& l) {
  auto* entries = reinterpret_cast<typename Kernel::table_entry*>(table_bytes);
  if constexpr (detail::has_weights(Kind)) {
    using reference = detail::reference_kernel<Kind>;
    reference::fill_table(g, l, model, constants);
    if (Kernel::excess(g, l) != 0)
      detail::sum_weights(g, l, model, 0, reference::table_size(g, l), sums);
    else
      std::memset(sums, 55, sizeof sums);
    if (Kernel::table_size(g, l) > 0) Kernel::fill_table(g, l, model, constants, sums, entries);
    weights_of_kernel = model + header_bytes;
    if constexpr (requires { Kernel::packed_bytes(g, l, entries); }) {
      if (Kernel::packed_bytes(g, l, entries) > 0) {
        std::memset(packed_weights, 55, sizeof packed_weights);
        Kernel::pack_weights(g, l, entries, model + header_bytes, packed_weights + 1);
        weights_of_kernel = reinterpret_cast<const std::int8_t*>(packed_weights + 1);
      }
    }
  } else {
    Kernel::fill_table(g, l, model, entries);
  }
  return entries;
}

template <layer_kind Kind>
auto view_of(const one_layer& c, int position) {
  if constexpr (Kind == layer_kind::quantize)
    return detail::whole_map(reinterpret_cast<const float*>(first_input), c.tensors[0].extents);
  else
    return detail::whole_map<const std::int8_t>(position == 0 ? first_input : second_input,
                                                c.tensors[position].extents);
}

/// What a kernel is asked to make, all of it: some of the output, but for those that place their input in it.
template <layer_kind Kind>
const inlay::shape& work_of(const one_layer& c) {
  return c.tensors[detail::describe(Kind).geometry == detail::layer_geometry::placed ? 0 : 3].extents;
}

/// The rows and columns that some pixels of a row need under their windows, alone in a ring at the end of its memory.
/// For every second row of pixels older rows stand ahead of newer ones.
map_view<const std::int8_t> in_ring(const one_layer& c, const region& r) {
  const layer& l = c.layers[0];
  const inlay::window2d& w = l.window;
  const inlay::shape& from = c.tensors[0].extents;
  const std::int32_t channels = from.channels(), window_rows = detail::overwrite_rows(l, from);
  const std::int32_t left = r.first_column * w.stride.width - w.padding.left;
  const std::int32_t right =
      (r.end_column - 1) * w.stride.width - w.padding.left + detail::dilated_extent(w.kernel.width, w.dilation.width);
  const std::int32_t first = std::clamp(left, std::int32_t{0}, from.width() - 1);
  const std::int32_t end = std::clamp(right, first + 1, from.width());
  const std::int32_t row_bytes = (end - first) * channels;
  const std::int32_t top = r.first_row * w.stride.height - w.padding.top;
  const bool two_ages = window_rows > 1 && r.first_row % 2 == 1;
  const std::int32_t rows = two_ages ? window_rows - 1 : window_rows;
  map_view<const std::int8_t> in{nullptr, channels, row_bytes, rows, first};
  if (two_ages) {
    const std::int32_t newest =
        std::min(top + detail::dilated_extent(w.kernel.height, w.dilation.height), from.height()) - 1;
    in.newer_row = newest - newest % rows;
    in.ahead = row_bytes + channels;
  }
  std::int8_t* const memory = ring + (map_capacity - in.size()) / 4 * 4;
  std::memset(memory, 55, static_cast<std::size_t>(in.size()));
  in.data = memory;
  for (std::int32_t ky = 0; ky < w.kernel.height; ++ky) {
    const std::int32_t y = top + ky * w.dilation.height;
    if (y >= 0 && y < from.height())
      std::memcpy(memory + (in.row(y) - in.data), first_input + (y * from.width() + first) * channels,
                  static_cast<std::size_t>(row_bytes));
  }
  return in;
}

template <typename Kernel, layer_kind Kind, typename Run>
void make_output(const one_layer& c, int how, Run run) {
  const inlay::shape &to = c.tensors[3].extents, &work = work_of<Kind>(c);
  std::memset(got, 91, sizeof got);
  if (how == 0) {
    run(detail::whole_map(got, to), region{0, detail::map_rows(work), 0, work.width()}, view_of<Kind>(c, 0));
    return;
  }
  // Row by row, in two strips, in a map with two more channels, the first of which is not ours.
  const std::int32_t pitch = to.channels() + 2;
  const map_view<std::int8_t> map{got + 1, pitch, pitch * to.width(), detail::map_rows(to), 0};
  const std::int32_t half = work.width() / 2;
  const auto input = [&](const region& r) {
    if constexpr (detail::has_window(Kind))
      return in_ring(c, r);
    else
      return view_of<Kind>(c, 0);
  };
  for (std::int32_t y = 0; y < detail::map_rows(work); ++y) {
    const region left{y, y + 1, 0, half}, right{y, y + 1, half, work.width()};
    if (half > 0) run(map, left, input(left));
    // The second strip's memory starts with its first column.
    map_view<std::int8_t> strip = map;
    strip.first_column = half;
    strip.data += half * pitch;
    run(strip, right, input(right));
  }
}

/// A mean's output, its input given row by row.
template <typename Kernel, auto Spec, typename Parameters>
void add_up_rows(const one_layer& c, const Parameters& parameters) {
  const inlay::shape& from = c.tensors[0].extents;
  for (std::int32_t y = 0; y < from.height(); ++y)
    Kernel::template accumulate<Spec>(parameters, got, reinterpret_cast<std::int8_t*>(sums),
                                      region{y, y + 1, 0, from.width()}, view_of<layer_kind::mean>(c, 0));
}

/// Whether the output is as wanted, dense or in a wider map, and no byte beside it written.
bool same(const inlay::shape& to, bool wider) {
  const std::int32_t channels = to.channels(), pitch = wider ? channels + 2 : channels, skip = wider ? 1 : 0;
  const std::int32_t pixels = to.elements() / channels;
  for (std::int32_t p = 0; p < pixels; ++p) {
    if (std::memcmp(got + p * pitch + skip, wanted + p * channels, static_cast<std::size_t>(channels)) != 0)
      return false;
    if (wider && (got[p * pitch] != 91 || got[p * pitch + pitch - 1] != 91)) return false;
  }
  return got[pixels * pitch] == 91;
}

/// Makes the whole output where the kernel has a way of its own for that.
template <typename Kernel, auto Spec>
bool make_all(const one_layer& c, const auto& parameters, const auto* table) {
  const inlay::shape& to = c.tensors[3].extents;
  const map_view<std::int8_t> map = detail::whole_map(got, to);
  const region all{0, detail::map_rows(to), 0, to.width()};
  const map_view<const std::int8_t> in = detail::whole_map<const std::int8_t>(first_input, c.tensors[0].extents);
  if constexpr (requires { Kernel::template run_all<Spec>(parameters, table, map, all, in, model); }) {
    std::memset(got, 91, sizeof got);
    Kernel::template run_all<Spec>(parameters, table, map, all, in, weights_of_kernel);
    return true;
  }
  return false;
}

/// The same over its input.
template <typename Kernel, auto Spec>
bool make_over(const one_layer& c, const auto& parameters, const auto* table) {
  const inlay::shape& to = c.tensors[3].extents;
  const map_view<std::int8_t> map = detail::whole_map(got, to);
  if constexpr (requires { Kernel::template run_over<Spec>(parameters, table, map, ring, model); }) {
    const std::int32_t input_bytes = c.tensors[0].extents.elements();
    std::memset(got, 91, sizeof got);
    std::memset(ring, 55, sizeof ring);
    std::memcpy(got, first_input, static_cast<std::size_t>(input_bytes));
    Kernel::template run_over<Spec>(parameters, table, map, ring, weights_of_kernel);
    const bool inside = got[input_bytes] == 91 && ring[detail::overwrite_scratch(c.view(), c.layers[0])] == 55;
    // The rest of the input is behind the output.
    got[to.elements()] = inside ? 91 : 0;
    return true;
  }
  return false;
}

void describe(const one_layer& c, int mode, int how) {
  const layer& l = c.layers[0];
  const inlay::shape& i = c.tensors[0].extents;
  const inlay::shape& o = c.tensors[3].extents;
  std::printf(
      "%s differs: input %dx%dx%d zero point %d, output %dx%dx%d zero point %d, kernel %dx%d, stride %dx%d, "
      "dilation %d, padding %d %d, clamp %d, data %d, %s\n",
      name(l.kind), int{i.height()}, int{i.width()}, int{i.channels()}, int{c.tensors[0].quant.zero_point},
      int{o.height()}, int{o.width()}, int{o.channels()}, int{c.tensors[3].quant.zero_point},
      int{l.window.kernel.height}, int{l.window.kernel.width}, int{l.window.stride.height}, int{l.window.stride.width},
      int{l.window.dilation.height}, int{l.window.padding.top}, int{l.window.padding.left}, static_cast<int>(l.clamp),
      mode,
      how == 0   ? "whole"
      : how == 1 ? "rows and strips"
      : how == 2 ? "all at once"
                 : "over its input");
}

struct tally {
  int accepted = 0, offered = 0, wrong = 0;
  constexpr int percent() const { return offered > 0 ? 100 * accepted / offered : 0; }
};

/// One layer that the kernel accepts: every kind of data, whole and in pieces.
template <typename Kernel, layer_kind Kind, auto Spec>
void compare(const one_layer& c, tally& t) {
  const graph_view g = c.view();
  const layer& l = c.layers[0];
  using reference = detail::reference_kernel<Kind>;
  const auto parameters = Kernel::prepare(g, l);
  const auto reference_parameters = reference::prepare(g, l);
  const inlay::shape &to = c.tensors[3].extents, &work = work_of<Kind>(c);
  const region all{0, detail::map_rows(work), 0, work.width()};
  auto* reference_table = reinterpret_cast<typename reference::table_entry*>(reference_table_bytes);
  for (int mode = 0; mode < 8; ++mode) {
    fill_model(c, mode);
    for (std::int32_t i = 0; i < c.tensors[0].extents.elements(); ++i)
      first_input[i] = random_byte(mode == 5 ? 4 : mode % 3);
    for (std::int32_t i = 0; detail::is_pair(Kind) && i < c.tensors[1].extents.elements(); ++i)
      second_input[i] = random_byte(mode == 5 ? 2 : mode % 3);
    if constexpr (Kind == layer_kind::quantize) fill_reals(c);
    if constexpr (!detail::has_weights(Kind)) reference::fill_table(g, l, model, reference_table);
    const auto* table = make_table<Kernel, Kind>(g, l);
    std::memset(wanted, 91, sizeof wanted);
    for (int how = 0; how < 4; ++how) {
      if constexpr (detail::makes_regions(Kind)) {
        if constexpr (detail::has_weights(Kind)) {
          if (how == 2 && !make_all<Kernel, Spec>(c, parameters, table)) continue;
          if (how == 3 && !make_over<Kernel, Spec>(c, parameters, table)) continue;
        }
        if (how >= 2) {
          if (!detail::has_weights(Kind)) continue;
        } else if constexpr (detail::has_weights(Kind)) {
          reference::run(reference_parameters, constants, detail::whole_map(wanted, to), all, view_of<Kind>(c, 0),
                         model + header_bytes);
          make_output<Kernel, Kind>(c, how, [&](auto map, region r, auto in) {
            Kernel::template run<Spec>(parameters, table, map, r, in, weights_of_kernel);
          });
        } else if constexpr (detail::is_pair(Kind)) {
          reference::run(reference_parameters, reference_table, detail::whole_map(wanted, to), all, view_of<Kind>(c, 0),
                         view_of<Kind>(c, 1));
          make_output<Kernel, Kind>(c, how, [&](auto map, region r, auto in) {
            Kernel::template run<Spec>(parameters, table, map, r, in, view_of<Kind>(c, 1));
          });
        } else {
          reference::run(reference_parameters, reference_table, detail::whole_map(wanted, to), all,
                         view_of<Kind>(c, 0));
          bool by_rows = false;
          if constexpr (detail::describe(Kind).accumulates)
            if (by_rows = how == 0 && detail::sums_up_rows(g, l); by_rows) {
              std::memset(got, 91, sizeof got);
              add_up_rows<Kernel, Spec>(c, parameters);
            }
          if (!by_rows)
            make_output<Kernel, Kind>(c, how, [&](auto map, region r, auto in) {
              Kernel::template run<Spec>(parameters, table, map, r, in);
            });
        }
      } else {
        const bool by_rows = Kind == layer_kind::mean && how == 1;
        if (how > 1 || (how == 1 && (detail::has_weights(Kind) || !detail::sums_up_rows(g, l)))) continue;
        std::memset(got, 91, sizeof got);
        if constexpr (detail::has_weights(Kind)) {
          reference::run_whole(reference_parameters, constants, wanted, first_input, model + header_bytes);
          Kernel::template run_whole<Spec>(parameters, table, got, first_input, weights_of_kernel);
        } else {
          reference::run_whole(reference_parameters, nullptr, wanted, first_input);
          if (by_rows)
            add_up_rows<Kernel, Spec>(c, parameters);
          else
            Kernel::template run_whole<Spec>(parameters, table, got, first_input);
        }
      }
      if (!same(to, how == 1 && detail::makes_regions(Kind))) {
        ++t.wrong;
        describe(c, mode, how);
      }
    }
  }
}

/// Layers that all instantiations come from.
constexpr std::uint32_t instantiated_layers = 48;

/// A spec, and the comparison that is instantiated for it.
template <typename Kernel>
struct instantiation {
  bool exists = false;
  typename Kernel::spec spec{};
  void (*compare)(const one_layer&, tally&) = nullptr;
};

template <typename Kernel, layer_kind Kind, std::uint32_t Seed>
constexpr instantiation<Kernel> instantiate() {
  constexpr one_layer c = random_layer<Kind>(Seed);
  if constexpr (Kernel::accepts(c.view(), c.layers[0])) {
    constexpr auto spec = Kernel::specialise(c.view(), c.layers[0]);
    return {true, spec, compare<Kernel, Kind, spec>};
  } else {
    return {};
  }
}

template <typename Spec>
bool same_spec(const Spec& a, const Spec& b) {
  if constexpr (std::is_empty_v<Spec>)
    return true;
  else if constexpr (requires { a == b; })
    return a == b;
  else
    return std::memcmp(&a, &b, sizeof a) == 0;
}

template <typename Kernel, layer_kind Kind>
tally compare_all() {
  tally t{};
  if constexpr (!std::is_base_of_v<detail::no_kernel, Kernel>) {
    static constexpr auto known = []<std::uint32_t... Seed>(std::integer_sequence<std::uint32_t, Seed...>) {
      struct {
        instantiation<Kernel> items[sizeof...(Seed)];
      } all{{instantiate<Kernel, Kind, Seed>()...}};
      return all;
    }(std::make_integer_sequence<std::uint32_t, instantiated_layers>{});
    for (std::uint32_t seed = 0; seed < INLAY_RANDOM_LAYERS; ++seed) {
      const one_layer c = random_layer<Kind>(seed);
      ++t.offered;
      if (c.tensors[0].extents.elements() >= map_capacity || c.weight_bytes > weight_capacity ||
          c.tensors[3].extents.elements() / c.channels * (c.channels + 2) >= map_capacity) {
        std::printf("%s: layer %d is too large\n", name(Kind), static_cast<int>(seed));
        ++t.wrong;
      } else if (Kernel::accepts(c.view(), c.layers[0])) {
        const auto spec = Kernel::specialise(c.view(), c.layers[0]);
        for (const instantiation<Kernel>& i : known.items)
          if (i.exists && same_spec(i.spec, spec)) {
            ++t.accepted;
            i.compare(c, t);
            break;
          }
      }
    }
  }
  return t;
}

/// One kernel's comparisons; whether nothing differs and it accepts as many layers as it did. Without the kernel, too.
template <typename Kernel, layer_kind Kind>
bool compare_kernel(inlay::isa set) {
  if constexpr (std::is_base_of_v<detail::no_kernel, Kernel>) return true;
  const tally t = compare_all<Kernel, Kind>();
  const int floor = inlay_tests::floor_of(set, Kind);
  const bool enough = t.percent() >= floor;
  std::printf("%-18s %-12s accepts %d of %d layers%s, %d differ\n", name(Kind), name(set), t.accepted, t.offered,
              enough ? "" : " (TOO FEW: see floors.hpp)", t.wrong);
  return t.wrong == 0 && enough;
}

template <layer_kind Kind>
bool compare_kind() {
  const bool native = compare_kernel<detail::fast_kernel<inlay::native_isa, Kind>, Kind>(inlay::native_isa);
  return compare_kernel<detail::portable_kernel<Kind>, Kind>(inlay::isa::portable) && native;
}

}  // namespace

int main() {
  bool good = true;
#ifdef INLAY_ONLY_KIND
  good = compare_kind<layer_kind::INLAY_ONLY_KIND>();
#else
  for (std::size_t kind = 0; kind < detail::layer_kind_count; ++kind)
    detail::with_layer_kind(static_cast<layer_kind>(kind),
                            [&good]<layer_kind Kind>() { good = compare_kind<Kind>() && good; });
#endif
  std::printf("%s\n", good ? "all equal" : "NOT AS IT SHOULD BE");
  return good ? 0 : 1;
}
