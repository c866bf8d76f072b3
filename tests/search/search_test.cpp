// Laws of the search, over every model of a folder and over random graphs, which are planned but not run:
//
//   least_memory needs at most what per_layer needs, and computes nothing twice;
//   a fit is within its budget and its overhead;
//   whatever per_layer, least_memory or a fit reaches, a fit with that budget and that overhead, or more, reaches;
//   all plans are sound, and have room for all of what a kernel makes at once;
//   no stage of several layers reads weights more often than it may, whatever the memory;
//   where no columns are computed twice, a source gives whole rows;
//   where no patches are made, no arena is smaller than the bound of raster order;
//   where nothing is computed twice, every byte is read before it is written over: the rows of all layers follow one
//   another as in a run, and each finds the rows that it reads where they were put.
//
// usage: search_test FOLDER GRAPHS [--least NAME…]     prints the least that each named model needs, instead
#include <inlay/model/topology.hpp>
#include <inlay/report.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

std::vector<char> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// ---- random graphs ---------------------------------------------------------------------------------------

/// A graph made of blocks as published networks have them, some of which end in several outputs.
class random_graph {
 public:
  explicit random_graph(unsigned seed) : random_(seed) {
    current_ = builder_.add_map(up_to(40), up_to(40), up_to(8));
    inputs_ = {current_};
    const std::int32_t blocks = up_to(12);
    for (std::int32_t block = 0; block < blocks && builder_.layers() < most - 20; ++block) add_block();
    if (builder_.layers() == 0) current_ = windowed(inlay::layer_kind::conv2d, current_);
    if (outputs_.empty() || outputs_.back() != current_) outputs_.push_back(current_);
    storage_.tensor_count = builder_.tensors();
    storage_.layer_count = builder_.layers();
    storage_.inputs = inputs_.data();
    storage_.input_count = 1;
    storage_.outputs = outputs_.data();
    storage_.output_count = static_cast<std::int32_t>(outputs_.size());
    inlay::detail::normalize(storage_);
  }
  random_graph(const random_graph&) = delete;
  random_graph& operator=(const random_graph&) = delete;

  inlay::graph_view view() const { return storage_.view(); }

 private:
  std::int32_t up_to(std::int32_t largest) {
    return 1 + static_cast<std::int32_t>(random_() % static_cast<unsigned>(largest));
  }
  const inlay::shape& extents(std::int32_t tensor) const { return builder_.extents(tensor); }

  std::int32_t same_map(const inlay::layer& l) {
    const inlay::shape s = extents(l.inputs[0]);
    return builder_.add_layer(l, builder_.add_map(s.height(), s.width(), s.channels()));
  }

  std::int32_t elementwise(std::int32_t from) {
    constexpr inlay::layer_kind kinds[] = {inlay::layer_kind::logistic, inlay::layer_kind::hard_swish,
                                           inlay::layer_kind::requantize, inlay::layer_kind::softmax};
    return same_map(inlay::detail::layer_from(kinds[up_to(4) - 1], from));
  }

  std::int32_t windowed(inlay::layer_kind kind, std::int32_t from, std::int32_t kernel, std::int32_t stride,
                        bool pads) {
    const inlay::shape in = extents(from);
    const std::int32_t smallest = in.height() < in.width() ? in.height() : in.width();
    inlay::window_options options{.kernel = kernel, .stride = stride};
    if (!pads && kernel <= smallest) options.padding = inlay::padding::valid;
    inlay::layer l = inlay::detail::layer_from(kind, from);
    l.window = inlay::detail::resolve_window(builder_, options, in);
    std::int32_t channels = in.channels();
    if (kind == inlay::layer_kind::conv2d) {
      channels = up_to(24);
      builder_.add_weights(l, {4, {channels, kernel, kernel, in.channels()}}, channels);
    } else if (kind == inlay::layer_kind::depthwise_conv2d) {
      builder_.add_weights(l, {4, {1, kernel, kernel, channels}}, channels);
    }
    return builder_.add_layer(l, inlay::detail::add_windowed_map(builder_, l.window, in, channels, {}));
  }
  std::int32_t windowed(inlay::layer_kind kind, std::int32_t from) {
    constexpr std::int32_t kernels[] = {1, 1, 2, 3, 3, 3, 5, 7};
    return windowed(kind, from, kernels[up_to(8) - 1], up_to(4) == 1 ? 2 : 1, up_to(4) > 1);
  }

  std::int32_t pair(std::int32_t a, std::int32_t b) {
    constexpr inlay::layer_kind kinds[] = {inlay::layer_kind::add, inlay::layer_kind::mul, inlay::layer_kind::maximum};
    inlay::layer l = inlay::detail::layer_from(kinds[up_to(3) - 1], a);
    l.inputs[1] = b;
    const inlay::shape first = extents(a), second = extents(b);
    const inlay::shape& larger = first.elements() >= second.elements() ? first : second;
    return builder_.add_layer(l, builder_.add_map(larger.height(), larger.width(), larger.channels()));
  }
  /// Operands in either order: the full-size one may be the second.
  std::int32_t pair_in_any_order(std::int32_t a, std::int32_t b) { return up_to(2) == 1 ? pair(a, b) : pair(b, a); }

  std::int32_t global_mean(std::int32_t from) {
    inlay::layer l = inlay::detail::layer_from(inlay::layer_kind::mean, from);
    l.axes = 1u << 1 | 1u << 2;
    return builder_.add_layer(l, builder_.add_map(1, 1, extents(from).channels()));
  }

  /// Full connections to all of a map.
  std::int32_t dense(std::int32_t from) {
    inlay::layer l = inlay::detail::layer_from(inlay::layer_kind::fully_connected, from);
    const std::int32_t units = up_to(12), elements = extents(from).elements();
    const std::int32_t list = builder_.add_map(1, 1, elements);
    builder_.add_layer(inlay::detail::layer_from(inlay::layer_kind::reshape, from), list);
    l.inputs[0] = list;
    builder_.add_weights(l, {2, {units, elements}}, units);
    return builder_.add_layer(l, builder_.add_map(1, 1, units));
  }

  std::int32_t constant(std::int32_t channels) {
    inlay::layer unused{};
    builder_.add_weights(unused, {4, {1, 1, 1, channels}}, channels);
    return unused.inputs[1];
  }

  /// A branch that keeps height and width.
  std::int32_t branch(std::int32_t from) {
    constexpr inlay::layer_kind kinds[] = {inlay::layer_kind::conv2d, inlay::layer_kind::depthwise_conv2d,
                                           inlay::layer_kind::max_pool2d, inlay::layer_kind::average_pool2d};
    const std::int32_t layers = up_to(3);
    for (std::int32_t i = 0; i < layers; ++i) from = windowed(kinds[up_to(4) - 1], from, 2 * up_to(3) - 1, 1, true);
    return from;
  }

  std::int32_t concatenation(const std::vector<std::int32_t>& parts) {
    std::int32_t channels = 0;
    for (const std::int32_t part : parts) channels += extents(part).channels();
    const inlay::shape s = extents(parts[0]);
    const std::int32_t whole = builder_.add_map(s.height(), s.width(), channels);
    std::int32_t at = 0;
    for (const std::int32_t part : parts) {
      inlay::layer l = inlay::detail::layer_from(inlay::layer_kind::place, part);
      l.begin[3] = at;
      builder_.add_layer(l, whole);
      at += extents(part).channels();
    }
    return whole;
  }

  /// Around a map, or a part of it.
  std::int32_t moved(inlay::layer_kind kind, std::int32_t from) {
    inlay::layer l = inlay::detail::layer_from(kind, from);
    const inlay::shape in = extents(from);
    inlay::shape to = in;
    for (std::size_t axis = 0; axis < 4; ++axis) l.step[axis] = 1;
    for (int axis = 1; axis < 3; ++axis) {
      const std::int32_t before = up_to(4) - 1, after = up_to(4) - 1;
      l.begin[static_cast<std::size_t>(axis)] = before;
      if (kind == inlay::layer_kind::pad)
        to[axis] += before + after;
      else if (before + after < in[axis])
        to[axis] -= before + after;
      else
        l.begin[static_cast<std::size_t>(axis)] = 0;
    }
    return builder_.add_layer(l, builder_.add_map(to.height(), to.width(), to.channels()));
  }

  /// Made at once.
  std::int32_t transposed(std::int32_t from) {
    inlay::layer l = inlay::detail::layer_from(inlay::layer_kind::transpose, from);
    l.begin = {0, 2, 1, 3};
    const inlay::shape s = extents(from);
    return builder_.add_layer(l, builder_.add_map(s.width(), s.height(), s.channels()));
  }

  void add_block() {
    const std::int32_t from = current_;
    switch (up_to(15)) {
      case 1:
      case 2: current_ = windowed(inlay::layer_kind::conv2d, from); break;
      case 3: current_ = windowed(inlay::layer_kind::depthwise_conv2d, from); break;
      case 4:
        current_ = windowed(up_to(2) == 1 ? inlay::layer_kind::max_pool2d : inlay::layer_kind::average_pool2d, from);
        break;
      case 5: current_ = elementwise(from); break;
      case 6: {  // a residual, with as many channels as it has
        const std::int32_t inside = windowed(inlay::layer_kind::depthwise_conv2d, elementwise(from), 3, 1, true);
        current_ = pair_in_any_order(from, inside);
        break;
      }
      case 7: {  // an inverted residual
        inlay::layer l = inlay::detail::layer_from(
            inlay::layer_kind::conv2d, windowed(inlay::layer_kind::depthwise_conv2d,
                                                windowed(inlay::layer_kind::conv2d, from, 1, 1, true), 3, 1, true));
        const inlay::shape in = extents(l.inputs[0]);
        const std::int32_t channels = extents(from).channels();
        l.window = inlay::detail::resolve_window(builder_, {}, in);
        builder_.add_weights(l, {4, {channels, 1, 1, in.channels()}}, channels);
        current_ = pair_in_any_order(from, builder_.add_layer(l, builder_.add_map(in.height(), in.width(), channels)));
        break;
      }
      case 8: current_ = pair_in_any_order(from, constant(extents(from).channels())); break;
      case 9: current_ = pair_in_any_order(from, elementwise(global_mean(from))); break;
      case 10:
      case 11: {
        std::vector<std::int32_t> parts(static_cast<std::size_t>(1 + up_to(2)));
        for (std::int32_t& part : parts) part = up_to(6) == 1 ? from : branch(from);
        current_ = concatenation(parts);
        break;
      }
      case 12: current_ = moved(inlay::layer_kind::pad, from); break;
      case 13: current_ = moved(inlay::layer_kind::slice, from); break;
      case 14: current_ = moved(inlay::layer_kind::slice, transposed(from)); break;
      default:
        if (up_to(2) == 1)
          outputs_.push_back(windowed(inlay::layer_kind::conv2d, from));
        else if (up_to(3) == 1)
          current_ = up_to(2) == 1 ? global_mean(from) : dense(from);
        break;
    }
  }

  static constexpr std::int32_t most = 300;
  std::minstd_rand random_;
  std::vector<inlay::tensor> tensors_{static_cast<std::size_t>(3 * most)};
  std::vector<inlay::layer> layers_{static_cast<std::size_t>(most)};
  std::vector<std::int32_t> inputs_, outputs_;
  inlay::graph_builder storage_{tensors_.data(), layers_.data(), nullptr, nullptr, 0, 0, 0, 0};
  char bytes_[1]{};  // there are no weights
  inlay::detail::topology_builder builder_{storage_, bytes_, 0};
  std::int32_t current_ = -1;
};

// ---- runs without numbers --------------------------------------------------------------------------------

/// Runs a schedule without patches in an arena that only says which pixel of which map stands where.
class dry_arena {
 public:
  dry_arena(inlay::graph_view g, const inlay::loaded_schedule& schedule)
      : g_(g), schedule_(schedule), bytes_(static_cast<std::size_t>(schedule.arena_bytes()), -1) {}

  /// Whether every row that is read is what was written there.
  bool runs() {
    for (std::size_t number = 0; number < schedule_.stages().size(); ++number) {
      const inlay::stage& s = schedule_.stages()[number];
      const inlay::loaded_schedule::work& work = schedule_.stage_work()[number];
      std::vector<inlay::detail::layer_progress> progress(static_cast<std::size_t>(s.layers()));
      stage_ = s;
      made_ = &work.made_columns;
      progress_ = &progress;
      inlay::detail::run_patch(g_, s, work.rows.data(), schedule_.spans().data(), progress.data(),
                               [&](std::int32_t i, interval rows, std::int32_t segment) {
                                 segment_ = segment;
                                 columns_ = work.columns[static_cast<std::size_t>(segment * s.layers() + i)];
                                 run(s.first + i, rows);
                               });
    }
    stage_ = {};
    for (std::int32_t o = 0; o < g_.output_count; ++o) {
      const std::int32_t storage = g_.tensors[g_.outputs[o]].storage;
      if (g_.input_position(storage) < 0)
        check(storage, all(storage, direction::rows), all(storage, direction::columns));
    }
    return holds_;
  }

 private:
  using interval = inlay::detail::interval;
  using direction = inlay::detail::direction;

  interval all(std::int32_t storage, direction d) const {
    return {0, inlay::detail::extent_along(g_.tensors[storage].extents, d)};
  }

  void run(std::int32_t index, interval rows) {
    using inlay::detail::call;
    make_room(index, rows.first);
    if (columns_.size() == 0) return;
    const call how = inlay::detail::call_of(g_, stage_, index, schedule_.places().data());
    if (how != call::run_downwards && how != call::run_upwards) return make(index, rows, how);
    const std::int32_t storage = g_.output_of(g_.layers[index]).storage;
    inlay::detail::for_rows_at_once(how, rows, schedule_.places()[static_cast<std::size_t>(storage)].rows_at_once,
                                    [&](const inlay::detail::interval& some) { make(index, some, how); });
  }

  void make_room(std::int32_t index, std::int32_t y) {
    const std::int32_t storage = g_.output_of(g_.layers[index]).storage;
    const inlay::map_layout& map = layout_of(storage);
    if (!inlay::detail::begins_ring(map, y, segment_)) return;
    const auto ring = bytes_.begin() + schedule_.places()[static_cast<std::size_t>(storage)].offset;
    const std::int32_t bytes = map.rows * map.row_pitch;
    std::copy_backward(ring, ring + bytes, ring + bytes + map.ahead);
  }

  void make(std::int32_t index, interval rows, inlay::detail::call how) {
    const inlay::layer& l = g_.layers[index];
    const std::int32_t output = g_.output_of(l).storage;
    const bool in_place = schedule_.places()[static_cast<std::size_t>(output)].takes_over();
    const auto read = [&](bool after) {
      for (int position = 0; position < 2; ++position) {
        if (!g_.has_input(l, position) || g_.input_of(l, position).is_constant()) continue;
        const std::int32_t storage = g_.input_of(l, position).storage;
        const bool sums_up = how == inlay::detail::call::accumulate;
        if (g_.input_position(storage) < 0 && !(after && in_place))
          check(storage, sums_up ? rows : inlay::detail::input_need(g_, l, position, rows, direction::rows),
                sums_up ? columns_ : inlay::detail::input_need(g_, l, position, columns_, direction::columns));
      }
    };
    read(false);
    const bool at_once =
        how == inlay::detail::call::accumulate || inlay::detail::is_made_at_once(g_, {index, index + 1}, l);
    const bool by_regions = inlay::detail::makes_regions(l.kind) && how != inlay::detail::call::accumulate;
    const bool placed = inlay::detail::describe(l.kind).geometry == inlay::detail::layer_geometry::placed;
    const interval made = at_once ? all(output, direction::rows) : rows;
    const std::int32_t at = placed ? inlay::detail::placed_at(l, g_.output_of(l).extents, direction::columns) : 0;
    const interval columns =
        by_regions ? interval{columns_.first + at, columns_.end + at} : all(output, direction::columns);
    // Layers that make parts of one map fill their channels of it.
    const inlay::shape& part = placed ? g_.input_of(l).extents : g_.output_of(l).extents;
    const auto last = static_cast<std::size_t>(g_.output_of(l).extents.rank - 1);
    const std::int32_t first_channel = g_.output_of(l).first_channel + (placed ? l.begin[last] : 0);
    each_pixel(output, made, columns, {first_channel, first_channel + part.channels()},
               [&](std::size_t byte, std::int64_t name) { bytes_[byte] = name; });
    // A kernel may write before it has read all.
    read(true);
  }

  const inlay::map_layout& layout_of(std::int32_t storage) const {
    return schedule_.maps()[static_cast<std::size_t>(writer_of(storage))];
  }
  std::int32_t writer_of(std::int32_t storage) const {
    return schedule_.spans()[static_cast<std::size_t>(storage)].first_writer;
  }

  /// Calls f(where each byte of a part of a map stands, what is to be there).
  template <typename Function>
  void each_pixel(std::int32_t storage, interval rows, interval columns, interval of_channels, Function f) const {
    const inlay::map_layout& map = layout_of(storage);
    const std::int32_t channels = g_.tensors[storage].extents.channels();
    std::int32_t first = 0, newer = 0;
    if (map.internal && writer_of(storage) >= stage_.first && writer_of(storage) < stage_.end) {
      const auto item = static_cast<std::size_t>(writer_of(storage) - stage_.first);
      const std::int32_t part = map.transient ? segment_ : 0;
      first = (*made_)[static_cast<std::size_t>(part * stage_.layers()) + item].first;
      newer = inlay::detail::newer_row(map, (*progress_)[item]);
    }
    for (std::int32_t y = rows.first; y < rows.end; ++y)
      for (std::int32_t x = columns.first; x < columns.end; ++x) {
        const std::int32_t at = y % map.rows * map.row_pitch + (y < newer ? map.ahead : 0) + (x - first) * channels;
        const std::int32_t offset = schedule_.places()[static_cast<std::size_t>(storage)].offset;
        for (std::int32_t c = of_channels.first; c < of_channels.end; ++c)
          f(static_cast<std::size_t>(offset + at + c), (std::int64_t{storage} << 40) + (std::int64_t{y} << 20) + x);
      }
  }
  void check(std::int32_t storage, interval rows, interval columns) {
    const interval channels{0, g_.tensors[storage].extents.channels()};
    each_pixel(storage, rows, columns, channels,
               [&](std::size_t at, std::int64_t name) { holds_ = holds_ && at < bytes_.size() && bytes_[at] == name; });
  }

  inlay::graph_view g_;
  const inlay::loaded_schedule& schedule_;
  std::vector<std::int64_t> bytes_;
  inlay::stage stage_{};  // that runs, the columns of its segments, how far it has come …
  const std::vector<interval>* made_ = nullptr;
  const std::vector<inlay::detail::layer_progress>* progress_ = nullptr;
  std::int32_t segment_ = 0;  // … and which segment and columns are made
  interval columns_{};
  bool holds_ = true;
};

// ---- laws ------------------------------------------------------------------------------------------------

struct counts {
  int graphs = 0, schedules = 0, recomputing = 0, overlapping = 0, upwards = 0, together = 0, segmented = 0, wrong = 0;
  int streamed = 0;  // layers with few weights, which a limit lets be read often
};

class checked_graph {
 public:
  checked_graph(std::string name, inlay::graph_view g, counts& c) : name_(std::move(name)), g_(g), counts_(c) {
    ++counts_.graphs;
    const inlay::loaded_schedule per_layer = planned(inlay::per_layer_stages(g));
    const inlay::loaded_schedule least = planned(finder_.least_memory());
    expect(least.arena_bytes() <= per_layer.arena_bytes(), "least_memory needs more than per_layer");
    expect(percent_of(least) <= 0, "least_memory computes something twice");
    reaches(per_layer);
    reaches(least);
    // Everything in one stage, in any number of segments: planned soundly, whatever it takes.
    if (g.layer_count > 1)
      for (const std::int32_t segments : {2, 3, 5, 8}) planned({{.end = g.layer_count, .segments = segments}});
    // Every schedule that a fit finds, from the most memory to the least.
    std::int32_t bytes = per_layer.arena_bytes();
    for (std::vector<inlay::stage> stages = finder_.fitting(bytes); !stages.empty();
         stages = finder_.fitting(bytes - 1)) {
      const inlay::loaded_schedule found = planned(stages);
      expect(found.arena_bytes() <= bytes, "a fit exceeds its budget");
      reaches(found);
      counts_.recomputing += percent_of(found) > 0;
      bytes = found.arena_bytes();
    }
    expect(inlay::loaded_schedule(g, finder_.within_overhead(inlay::any_percent)).arena_bytes() == bytes,
           "the least with any overhead is not the least that fits");
    reads_within_limit(per_layer.arena_bytes());
  }

 private:
  void expect(bool holds, const char* law) {
    if (holds) return;
    ++counts_.wrong;
    std::printf("%s: %s\n", name_.c_str(), law);
  }

  /// Limits from the weights of a layer in the middle: fits of falling budgets, and least_memory.
  void reads_within_limit(std::int32_t bytes) {
    const std::int64_t weights = inlay::weight_bytes(g_, g_.layers[g_.layer_count / 2]);
    if (weights == 0) return;
    const inlay::read_limit limit{static_cast<std::int32_t>(weights - 1), 4};
    const inlay::schedule_finder limited(g_, limit);
    keeps(limit, planned(limited.least_memory()));
    for (std::vector<inlay::stage> stages = limited.fitting(bytes); !stages.empty();
         stages = limited.fitting(bytes - 1)) {
      const inlay::loaded_schedule found = planned(stages);
      expect(found.arena_bytes() <= bytes, "a fit that reads weights seldom exceeds its budget");
      keeps(limit, found);
      bytes = found.arena_bytes();
    }
  }

  void keeps(const inlay::read_limit& limit, const inlay::loaded_schedule& s) {
    const inlay::plan_view plan = inlay::detail::scheduled(g_, s);
    const std::vector<std::int64_t> reads = inlay::weight_reads(plan);
    for (const inlay::stage& part : s.stages())
      for (std::int32_t i = part.first; i < part.end; ++i) {
        const bool is_within = limit.allows(inlay::weight_bytes(g_, g_.layers[i]), reads[static_cast<std::size_t>(i)]);
        expect(part.is_one_layer() || is_within, "a stage reads weights more often than it may");
        counts_.streamed += !part.is_one_layer() && reads[static_cast<std::size_t>(i)] > limit.times;
      }
  }

  double percent_of(const inlay::loaded_schedule& s) const {
    const std::int64_t macs = inlay::total_macs(g_);
    return inlay::detail::percent_of(s.macs() - macs, macs);
  }

  inlay::loaded_schedule planned(std::vector<inlay::stage> stages) {
    ++counts_.schedules;
    inlay::loaded_schedule s(g_, std::move(stages));
    expect(inlay::detail::is_sound(s.places().data(), inlay::place_count(g_), s.arena_bytes()),
           "an arena plan is not sound");
    const bool without_patches = std::all_of(s.stages().begin(), s.stages().end(), [](const inlay::stage& part) {
      return part.row_patches == 1 && part.column_patches == 1;
    });
    std::vector<inlay::stage> whole = s.stages();
    for (inlay::stage& one : whole) one.segments = 1;
    // Columns that no window reads may be left out.
    expect(s.macs() <= inlay::loaded_schedule(g_, whole).macs(), "segments compute something twice");
    expect(gives_whole_rows(s), "a source is asked for parts of rows");
    if (without_patches) expect(dry_arena(g_, s).runs(), "something is read after it was written over");
    if (without_patches) expect(bound_ <= s.arena_bytes(), "an arena is smaller than the bound of raster order");
    for (std::int32_t i = 0; i < g_.layer_count; ++i)
      expect(
          inlay::detail::makes_regions(g_.layers[i].kind) ||
              s.maps()[static_cast<std::size_t>(i)].rows == inlay::detail::map_rows(g_.output_of(g_.layers[i]).extents),
          "there is no room for all rows of a map that is made at once");
    counts_.overlapping += std::any_of(s.places().begin(), s.places().end(), [&](const inlay::arena_place& place) {
      return inlay::detail::shares_bytes(s.places().data(), place);
    });
    counts_.together += std::any_of(s.places().begin(), s.places().end(), [&](const inlay::arena_place& place) {
      return place.rows_at_once > 1 && inlay::detail::shares_bytes(s.places().data(), place);
    });
    counts_.upwards +=
        std::any_of(s.stages().begin(), s.stages().end(), [](const inlay::stage& part) { return part.upwards; });
    counts_.segmented +=
        std::any_of(s.stages().begin(), s.stages().end(), [](const inlay::stage& part) { return part.segments > 1; });
    return s;
  }

  bool gives_whole_rows(const inlay::loaded_schedule& s) const {
    for (std::size_t number = 0; number < s.stages().size(); ++number) {
      const inlay::stage& part = s.stages()[number];
      for (std::int32_t i = part.first; i < part.end && part.column_patches == 1; ++i) {
        if (g_.layers[i].kind != inlay::layer_kind::fetch) continue;
        int times = 0;
        for (std::int32_t p = 0; p < part.segments; ++p) {
          const auto at = static_cast<std::size_t>(p * part.layers() + i - part.first);
          const inlay::detail::interval columns = s.stage_work()[number].columns[at];
          times += columns.size() > 0;
          if (columns.size() > 0 && columns.size() != g_.output_of(g_.layers[i]).extents.width()) return false;
        }
        if (times > 1) return false;
      }
    }
    return true;
  }

  /// A fit with the memory and the overhead of a schedule finds one as good, and so it does with more of either.
  void reaches(const inlay::loaded_schedule& s) {
    const double percent = percent_of(s) > 0 ? percent_of(s) : 0;
    for (const std::int32_t bytes : {s.arena_bytes(), s.arena_bytes() + s.arena_bytes() / 16}) {
      const std::vector<inlay::stage> stages = finder_.fitting(bytes, percent);
      expect(!stages.empty(), "a fit does not reach what another schedule does");
      if (stages.empty()) continue;
      const inlay::loaded_schedule found = planned(stages);
      expect(found.arena_bytes() <= bytes && percent_of(found) <= percent, "a fit exceeds its budget or its overhead");
    }
  }

  std::string name_;
  inlay::graph_view g_;
  counts& counts_;
  inlay::schedule_finder finder_{g_};
  std::int64_t bound_ = inlay::raster_bound(g_);
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::filesystem::path folder(argv[1]);
  if (!std::filesystem::is_directory(folder)) {
    std::printf("SKIPPED: there is no folder %s\n", argv[1]);
    return 77;
  }
  if (argc > 3) {
    for (int i = 4; i < argc; ++i) {
      const inlay::loaded_model model(read_file(folder / (std::string(argv[i]) + ".tflite")));
      const auto stages = inlay::schedule_finder(model.graph()).within_overhead(inlay::any_percent);
      std::printf("%s %d\n", argv[i], inlay::loaded_schedule(model.graph(), stages).arena_bytes());
    }
    return 0;
  }
  counts golden, random, loading, sourced;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".tflite") continue;
    const inlay::loaded_model model(read_file(entry.path()));
    if (!model.refused()) checked_graph(entry.path().stem().string(), model.graph(), golden);
  }
  const int graphs = std::atoi(argv[2]);
  for (int seed = 1; seed <= graphs; ++seed) {
    const random_graph graph(static_cast<unsigned>(seed));
    checked_graph("random graph " + std::to_string(seed), graph.view(), random);
    // Some of them once more, with an input or weights that are asked for.
    if (seed % 8 == 4) {
      const inlay::stored_graph asking = inlay::sourced_graph(graph.view());
      checked_graph("random graph " + std::to_string(seed) + " without its input", asking.view(), sourced);
    }
    if (seed % 8 != 0) continue;
    const inlay::stored_graph asking = inlay::sourced_weights_graph(graph.view(), seed / 8 % 3);
    checked_graph("random graph " + std::to_string(seed) + " without weights", asking.view(), loading);
  }
  for (const auto& [of, c] : {std::pair{"models", golden}, std::pair{"random graphs", random},
                              std::pair{"random graphs that ask for their input", sourced},
                              std::pair{"random graphs that ask for weights", loading}})
    std::printf(
        "%d %s: %d schedules, %d of them recompute, %d write maps over others, %d upwards, %d several rows at "
        "once, %d in segments, %d violations\n",
        c.graphs, of, c.schedules, c.recomputing, c.overlapping, c.upwards, c.together, c.segmented, c.wrong);
  const bool enough = golden.graphs > 0 && random.graphs == graphs && random.recomputing >= graphs / 2 &&
                      random.overlapping >= graphs && random.upwards >= graphs / 2 && random.together >= graphs / 10 &&
                      random.streamed >= graphs / 2 && random.segmented >= graphs / 2;
  const int wrong = golden.wrong + random.wrong + sourced.wrong + loading.wrong;
  return wrong == 0 && enough && sourced.segmented >= graphs / 8 && loading.graphs == graphs / 8 ? 0 : 1;
}
