// Inlay: the same network, its receptive field moved behind the layers that run in patches.
//
//   using moved = inlay::redistribute<mine, inlay::after_block<mine, 5>>;
//   static_assert(moved::after::network_percent < 3);
//
// MCUNetV2 (Lin et al., NeurIPS 2021) does this by hand for MobileNetV2: fewer and smaller windows
// where patches would compute their halos twice, more behind, so that the network sees as much of the image and
// costs as many multiply-accumulates. It is another network: train it anew.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/model/sequential.hpp>
#include <inlay/patch/receptive_field.hpp>
#include <inlay/plan/schedule.hpp>

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// The layer types that redistribution knows how to change; it leaves others as they are.
enum class known_block : std::uint8_t { other, conv2d, inverted_residual };

/// One layer type of a sequential, as values.
struct block_values {
  known_block kind = known_block::other;
  std::int32_t source = 0;  // its number in the sequential
  std::int32_t in_channels = 1;
  std::int32_t filters = 1;
  std::int32_t expansion = 1;
  extent2d kernel{};  // of an inverted residual's depthwise convolution, which 1 × 1 leaves out
  extent2d stride{};
  extent2d dilation{};
  extent2d from{};          // the map that it reads
  extent2d to{};            // the map that it makes
  bool keeps_size = false;  // padded so that the output is as large as input / stride, whatever the kernel
  friend constexpr bool operator==(const block_values&, const block_values&) = default;

  constexpr std::int32_t taps() const { return kernel.height * kernel.width; }
  /// A block of which there can be any number.
  constexpr bool is_repeatable() const {
    return kind == known_block::inverted_residual && keeps_size && stride == extent2d{} && in_channels == filters;
  }
};

/// Multiply-accumulates of a block for each pixel that it reads and for each that it makes.
constexpr std::int64_t macs_at_input(const block_values& b) {
  return b.expansion > 1 ? std::int64_t{b.in_channels} * b.in_channels * b.expansion : 0;
}
constexpr std::int64_t macs_at_output(const block_values& b) {
  if (b.kind == known_block::other) return 0;  // unchanged, so never asked for
  if (b.kind == known_block::conv2d) return std::int64_t{b.in_channels} * b.filters * b.taps();
  const std::int64_t inside = std::int64_t{b.in_channels} * b.expansion;
  return inside * b.filters + (b.taps() > 1 ? inside * b.taps() : 0);
}
constexpr std::int64_t block_macs(const block_values& b) {
  return macs_at_input(b) * b.from.height * b.from.width + macs_at_output(b) * b.to.height * b.to.width;
}

/// How far pixels behind some layers reach in the map before them: one of them, and the next one further on.
struct reach {
  std::int64_t field = 1;
  std::int64_t jump = 1;

  constexpr void pass(std::int32_t kernel, std::int32_t stride, std::int32_t dilation) {
    field = (field - 1) * stride + dilated_extent(kernel, dilation);
    jump *= stride;
  }
  /// Pixels that `patches` equal parts of `extent` pixels need in all, borders counted full size.
  constexpr std::int64_t all(std::int32_t extent, std::int32_t patches) const {
    return extent * jump + patches * (field - jump);
  }
};

/// A row of blocks: where they lead to, and what they cost.
struct chain_cost {
  std::int64_t macs = 0;          // each once
  std::int64_t patched_macs = 0;  // in patches, each of them full size
  reach rows{};
  reach columns{};

  constexpr double overhead() const {
    return macs > 0 ? static_cast<double>(patched_macs) / static_cast<double>(macs) - 1 : 0;
  }
};

constexpr chain_cost cost_of(const block_values* blocks, std::int32_t count, extent2d patches) {
  chain_cost cost{};
  const extent2d end = count > 0 ? blocks[count - 1].to : extent2d{};
  const auto pixels = [&] {
    return cost.rows.all(end.height, patches.height) * cost.columns.all(end.width, patches.width);
  };
  for (std::int32_t i = count - 1; i >= 0; --i) {
    const block_values& b = blocks[i];
    cost.macs += block_macs(b);
    cost.patched_macs += macs_at_output(b) * pixels();
    cost.rows.pass(b.kernel.height, b.stride.height, b.dilation.height);
    cost.columns.pass(b.kernel.width, b.stride.width, b.dilation.width);
    cost.patched_macs += macs_at_input(b) * pixels();
  }
  return cost;
}

/// The blocks of a network, those before the split first.
template <std::int32_t Capacity>
struct block_list {
  block_values items[static_cast<std::size_t>(Capacity)]{};
  std::int32_t count = 0;
  std::int32_t patched = 0;  // stand before the split

  constexpr void insert(std::int32_t at, const block_values& b) {
    for (std::int32_t i = count++; i > at; --i) items[i] = items[i - 1];
    items[at] = b;
  }
  constexpr void remove(std::int32_t at) {
    --count;
    for (std::int32_t i = at; i < count; ++i) items[i] = items[i + 1];
  }
};

constexpr extent2d tight_kernel(const block_values& b) {
  return {b.kernel.height < b.stride.height ? b.kernel.height : b.stride.height,
          b.kernel.width < b.stride.width ? b.kernel.width : b.stride.width};
}

/// Changes a block before the split, if it can be: one of which there can be any number moves behind the split; of
/// another the window becomes no larger than its stride, so that patches share nothing of it.
template <std::int32_t Capacity>
constexpr bool change(block_list<Capacity>& blocks, std::int32_t at) {
  block_values b = blocks.items[at];
  if (b.is_repeatable()) {
    if (blocks.patched == 1) return false;
    blocks.remove(at);
    // There it works on what the stage hands on.
    const block_values& last = blocks.items[--blocks.patched - 1];
    b.in_channels = b.filters = last.filters;
    b.from = b.to = last.to;
    blocks.insert(blocks.patched, b);
    return true;
  }
  if (!b.keeps_size || b.kernel == tight_kernel(b)) return false;
  blocks.items[at].kernel = tight_kernel(b);
  return true;
}

/// Changes blocks before the split, each time the one that lowers the overhead most, until a third of it is left
/// or nothing lowers it.
template <std::int32_t Capacity>
constexpr void lighten_patches(block_list<Capacity>& blocks, extent2d patches) {
  double now = cost_of(blocks.items, blocks.patched, patches).overhead();
  const double wanted = now / 3;
  while (now > wanted) {
    std::int32_t best = -1;
    for (std::int32_t i = 0; i < blocks.patched; ++i) {
      block_list<Capacity> tried = blocks;
      if (!change(tried, i)) continue;
      const double overhead = cost_of(tried.items, tried.patched, patches).overhead();
      if (overhead >= now) continue;
      now = overhead;
      best = i;
    }
    if (best < 0) return;
    change(blocks, best);
  }
}

/// A window two pixels larger, where a block behind the split can have it.
constexpr extent2d wider_kernel(const block_values& b) {
  const extent2d wider{b.kernel.height + 2, b.kernel.width + 2};
  const bool fits =
      wider.height <= 7 && wider.width <= 7 && wider.height <= b.from.height && wider.width <= b.from.width;
  const bool can = b.kind == known_block::inverted_residual && b.keeps_size && b.stride == extent2d{};
  return can && fits ? wider : b.kernel;
}

/// Repeats blocks and widens windows behind the split, until not more than `tolerance` of `missing_macs` is left,
/// and the receptive field has grown by what it lacks.
template <std::int32_t Capacity>
constexpr void make_up(block_list<Capacity>& blocks, std::int64_t missing_macs, std::int64_t tolerance,
                       std::int64_t missing_rows, std::int64_t missing_columns) {
  // A block further back costs the same and has more parameters, so the first that fits is repeated.
  for (std::int32_t i = blocks.patched; i < blocks.count && blocks.count < Capacity;) {
    const block_values b = blocks.items[i];
    if (missing_macs <= tolerance || !b.is_repeatable() || block_macs(b) > missing_macs) {
      ++i;
      continue;
    }
    const chain_cost before = cost_of(blocks.items, i, {});
    missing_macs -= block_macs(b);
    missing_rows -= (b.kernel.height - 1) * b.dilation.height * before.rows.jump;
    missing_columns -= (b.kernel.width - 1) * b.dilation.width * before.columns.jump;
    blocks.insert(i, b);
  }
  // Windows further back reach further for fewer multiply-accumulates.
  for (std::int32_t i = blocks.count - 1; i >= blocks.patched;) {
    block_values wider = blocks.items[i];
    wider.kernel = wider_kernel(wider);
    const std::int64_t more = block_macs(wider) - block_macs(blocks.items[i]);
    const bool is_missed = missing_macs > tolerance || missing_rows > 0 || missing_columns > 0;
    if (!is_missed || more == 0 || more > missing_macs + tolerance) {
      --i;
      continue;
    }
    const chain_cost before = cost_of(blocks.items, i, {});
    missing_macs -= more;
    missing_rows -= 2 * wider.dilation.height * before.rows.jump;
    missing_columns -= 2 * wider.dilation.width * before.columns.jump;
    blocks.items[i] = wider;
  }
}

/// Another network of the same reach and cost: the search, on values.
template <std::int32_t Capacity>
constexpr void redistribute_blocks(block_list<Capacity>& blocks, extent2d patches, std::int64_t tolerance) {
  const chain_cost before = cost_of(blocks.items, blocks.count, {});
  lighten_patches(blocks, patches);
  const chain_cost after = cost_of(blocks.items, blocks.count, {});
  make_up(blocks, before.macs - after.macs, tolerance, before.rows.field - after.rows.field,
          before.columns.field - after.columns.field);
}

constexpr extent2d to_extent(size2d s) { return {s.height, s.width}; }

/// The values of a layer type, and the type that other values make of it.
template <typename Layer>
struct block_traits {
  static constexpr block_values values{};
  template <block_values>
  struct rebuilt {
    using type = Layer;
  };
};

constexpr window_options with_kernel(window_options window, extent2d kernel) {
  window.kernel = {kernel.height, kernel.width};
  return window;
}

template <window_options Window>
constexpr block_values windowed_values(known_block kind, std::int32_t filters, std::int32_t expansion) {
  block_values b{};
  b.kind = kind;
  b.filters = filters;
  b.expansion = expansion;
  b.kernel = to_extent(Window.kernel);
  b.stride = to_extent(Window.stride);
  b.dilation = to_extent(Window.dilation);
  b.keeps_size = Window.padding == padding::same;
  return b;
}

template <conv2d_options Options, const auto& Data>
struct block_traits<conv2d<Options, Data>> {
  static constexpr block_values values = windowed_values<Options.window>(known_block::conv2d, Options.filters, 1);
  template <block_values Block>
  struct rebuilt {
    using type = conv2d<conv2d_options{Options.filters, with_kernel(Options.window, Block.kernel), Options.clamp}>;
  };
};

template <inverted_residual_options Options>
struct block_traits<inverted_residual<Options>> {
  static constexpr block_values values =
      windowed_values<Options.window>(known_block::inverted_residual, Options.filters, Options.expansion);

  template <block_values Block>
  struct rebuilt {
    using type = inverted_residual<inverted_residual_options{Block.filters, Options.expansion,
                                                             with_kernel(Options.window, Block.kernel)}>;
  };
  // Without its depthwise convolution; such a block adds nothing, or it had moved.
  template <block_values Block>
  requires(Block.taps() == 1 && values.taps() > 1 && Options.expansion > 1) struct rebuilt<Block> {
    using type =
        chain<conv2d<conv2d_options{.filters = Block.in_channels * Options.expansion, .clamp = activation::relu6}>,
              conv2d<conv2d_options{.filters = Options.filters}>>;
  };
  template <block_values Block>
  requires(Block.taps() == 1 && values.taps() > 1 && Options.expansion == 1) struct rebuilt<Block> {
    using type = conv2d<conv2d_options{.filters = Options.filters}>;
  };
};

/// Named in the static_asserts about redistribute, so that the numbers are printed.
template <std::int32_t Layer, std::int32_t Block>
concept split_between_blocks = Layer >= 0 && Block > 0;
template <std::int32_t Block>
concept blocks_are_known = Block < 0;
template <std::int32_t Height, std::int32_t Width, std::int32_t NeededHeight, std::int32_t NeededWidth>
concept receptive_field_is_kept = Height >= NeededHeight&& Width >= NeededWidth;
template <std::int64_t Macs, std::int64_t MacsBefore>
concept macs_are_kept = 50 * (Macs > MacsBefore ? Macs - MacsBefore : MacsBefore - Macs) <= MacsBefore;

template <typename Topology>
struct redistribution_of;

template <typename Input, typename... Layers>
struct redistribution_of<sequential<Input, Layers...>> {
  using old_topology = sequential<Input, Layers...>;
  static constexpr auto block_count = static_cast<std::int32_t>(sizeof...(Layers));
  static constexpr std::int32_t capacity = block_count + 16;  // so many blocks can be added
  using list = block_list<capacity>;

  /// The block that a split stands behind; 0 where it stands inside of one.
  static constexpr std::int32_t block_before(std::int32_t layer) {
    for (std::int32_t block = 1; block <= block_count; ++block)
      if (old_topology::layers_after(block) == layer) return block;
    return 0;
  }

  static constexpr list blocks = [] {
    list result{{block_traits<Layers>::values...}, block_count, 0};
    const graph_view g = described<old_topology>::graph;
    const shape* from = &g.tensors[g.inputs[0]].extents;
    for (std::int32_t i = 0; i < block_count; ++i) {
      const shape& to = g.output_of(g.layers[old_topology::layers_after(i + 1) - 1]).extents;
      block_values& b = result.items[i];
      b.source = i;
      b.in_channels = from->channels();
      b.from = {from->height(), from->width()};
      b.to = {to.height(), to.width()};
      if (b.kind == known_block::other) {
        b.filters = to.channels();
        b.stride = {(b.from.height + b.to.height / 2) / b.to.height, (b.from.width + b.to.width / 2) / b.to.width};
      }
      from = &to;
    }
    return result;
  }();

  /// The first of `count` blocks that cannot be changed, −1 if there is none.
  static constexpr std::int32_t unknown_block(std::int32_t count) {
    for (std::int32_t i = 0; i < count; ++i)
      if (blocks.items[i].kind == known_block::other) return i;
    return -1;
  }

  template <std::int32_t SplitBlock, std::int32_t Rows, std::int32_t Columns>
  struct behind {
    static constexpr list redistributed = [] {
      list result = blocks;
      result.patched = SplitBlock;
      redistribute_blocks(result, {Rows, Columns}, total_macs(described<old_topology>::graph) / 50);
      return result;
    }();

    template <block_values Block, typename Layer>
    struct rebuilt : block_traits<Layer>::template rebuilt<Block> {};
    // What stays as it was keeps its type.
    template <block_values Block, typename Layer>
    requires(Block == blocks.items[Block.source]) struct rebuilt<Block, Layer> {
      using type = Layer;
    };
    template <std::size_t Item>
    using layer_at = typename rebuilt<
        redistributed.items[Item],
        std::tuple_element_t<static_cast<std::size_t>(redistributed.items[Item].source), std::tuple<Layers...>>>::type;
    template <std::size_t... Item>
    static sequential<Input, layer_at<Item>...> rebuild(std::index_sequence<Item...>);
    using topology = decltype(rebuild(std::make_index_sequence<static_cast<std::size_t>(redistributed.count)>{}));
  };
};

/// The sequential that a type is or derives from.
template <typename Input, typename... Layers>
sequential<Input, Layers...> as_sequential(const sequential<Input, Layers...>&);

}  // namespace detail

/// A topology like Topology, a sequential without weights, whose layers before the split share less when they run
/// in patches of Grid: windows there are cut to their strides and blocks moved behind the split, as few as leave a
/// third of the overhead, or as much as can be left; windows and blocks behind it make up for them. The receptive
/// field of the whole network is no smaller, its multiply-accumulates differ by no more than 2 %.
///
/// It is a model itself. `before` and `after` are the stage_overheads, `stage_end` is the new split: earlier where
/// blocks have moved, so look at peak_bytes as well.
template <typename Topology, typename Split, typename Grid = grid<4, 4>>
struct redistribute;

namespace detail {

template <typename Topology, std::int32_t Layer, std::int32_t Rows, std::int32_t Columns>
struct redistributed {
  using old_topology = decltype(as_sequential(std::declval<const Topology&>()));
  using search = redistribution_of<old_topology>;
  static constexpr std::int32_t split_block = search::block_before(Layer);
  static constexpr std::int32_t unknown = search::unknown_block(split_block);
  static constexpr bool is_good = split_block > 0 && unknown < 0;

  using result = typename search::template behind<is_good ? split_block : 0, Rows, Columns>;
  using topology = typename result::topology;
  using stage_end = after_block<topology, is_good ? result::redistributed.patched : 1>;

  static constexpr std::int32_t old_layers = described<old_topology>::graph.layer_count;
  static constexpr std::int32_t layers = described<topology>::graph.layer_count;
  static constexpr extent2d old_field = receptive_field<old_topology, split<old_layers>>;
  static constexpr extent2d field = receptive_field<topology, split<layers>>;
  // Last, so that a compiler that stops here has seen the rest.
  static_assert(!Topology::has_weights,
                "Inlay: a redistributed network is trained anew; give redistribute a topology without weights");
  static_assert(split_between_blocks<Layer, split_block>,
                "Inlay: redistribute splits a sequential between its layer types; see after_block");
  static_assert(blocks_are_known<unknown>,
                "Inlay: before the split, redistribute knows conv2d and inverted_residual alone");
  static_assert(receptive_field_is_kept<field.height, field.width, old_field.height, old_field.width>,
                "Inlay: the blocks behind the split cannot make up for the receptive field before it");
  static_assert(macs_are_kept<total_macs(described<topology>::graph), total_macs(described<old_topology>::graph)>,
                "Inlay: the blocks behind the split cannot make up for the multiply-accumulates before it");
};

}  // namespace detail

template <typename Topology, std::int32_t Layer, std::int32_t Rows, std::int32_t Columns>
struct redistribute<Topology, split<Layer>, grid<Rows, Columns>>
    : detail::redistributed<Topology, Layer, Rows, Columns>::topology {
 private:
  using found = detail::redistributed<Topology, Layer, Rows, Columns>;

 public:
  using topology = typename found::topology;
  using stage_end = typename found::stage_end;
  using before = stage_overhead<Topology, split<Layer>, grid<Rows, Columns>>;
  using after = stage_overhead<topology, stage_end, grid<Rows, Columns>>;
};

}  // namespace inlay
