// Fuzz target: whatever is in a .tflite file, it is refused, or it gives sound plans, and runs by all of them
// with equal answers, touching nothing outside the file, the inputs and the arena. The sanitizers see that: each
// is a heap block of exactly its size. The reference kernels' answers, layer after layer, are those that all
// schedules and the fast kernels of this compilation must give.
//
// Schedules, kernels and inputs are drawn at random from the file's last bytes, which in a model are a weight or so and
// can be appended to any file.
#include "fast.hpp"

#include <inlay.hpp>
#include <inlay/report.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

namespace {

using bytes = std::vector<char>;

// So that no file takes long: what asks for more is planned but not run, or imported but not planned.
constexpr std::int32_t most_layers = 200;
constexpr std::int64_t most_rows = 1 << 16;  // of all layers
constexpr std::int64_t most_work = 1 << 19;  // of all layers, see work_of
constexpr std::size_t most_bytes = 1 << 17;  // of the arena, and of the inputs

void require(bool holds, const char* what, const std::vector<inlay::stage>& stages) {
  if (holds) return;
  std::fprintf(stderr, "%s with %s\n", what, inlay::schedule_text(stages).c_str());
  std::abort();
}

/// By the kernels that they were to run with.
fuzz::tally layers_run[3];

/// The last bytes of a file as a seed.
std::uint32_t seed_of(const bytes& file) {
  std::uint32_t seed = 1;
  for (std::size_t i = file.size() - std::min(file.size(), std::size_t{8}); i < file.size(); ++i)
    seed = seed * 31 + static_cast<unsigned char>(file[i]);
  return seed;
}

/// Elements that a layer looks at, windows counted as often as they are used.
std::int64_t work_of(inlay::graph_view g, const inlay::layer& l) {
  std::int64_t work = g.output_of(l).extents.elements();
  if (g.has_input(l, 0)) work += g.input_of(l).extents.elements();
  if (l.kind == inlay::layer_kind::average_pool2d || l.kind == inlay::layer_kind::max_pool2d) {
    const inlay::shape& from = g.input_of(l).extents;
    work += std::int64_t{g.output_of(l).extents.elements()} * std::min(l.window.kernel.height, from.height()) *
            std::min(l.window.kernel.width, from.width());
  }
  return work + inlay::layer_macs(g, l);
}

bool is_plannable(inlay::graph_view g) {
  std::int64_t rows = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i) rows += inlay::detail::map_rows(g.output_of(g.layers[i]).extents);
  return g.layer_count <= most_layers && g.tensor_count <= 4 * most_layers && rows <= most_rows;
}

bool is_runnable(inlay::graph_view g, std::int32_t arena_bytes) {
  std::int64_t work = 0;
  for (std::int32_t i = 0; i < g.layer_count; ++i) work += work_of(g, g.layers[i]);
  std::size_t size = static_cast<std::size_t>(arena_bytes);
  for (std::int32_t i = 0; i < g.input_count; ++i) size += inlay::declared_bytes(g.tensors[g.inputs[i]]);
  return work <= most_work && size <= most_bytes;
}

/// The searches' schedules, all layers as one stage, and stages cut at random.
std::vector<std::vector<inlay::stage>> schedules(inlay::graph_view g, std::minstd_rand& random) {
  std::vector<std::vector<inlay::stage>> all{inlay::least_memory_stages(g)};
  const auto up_to = [&random](std::int32_t most) {
    return 1 + static_cast<std::int32_t>(random() % static_cast<unsigned>(most));
  };
  const std::int64_t least = inlay::loaded_schedule(g, all.front()).arena_bytes();
  if (std::vector<inlay::stage> fitting = inlay::fitting_stages(g, least * up_to(16) / 16); !fitting.empty())
    all.push_back(fitting);
  all.push_back({{0, g.layer_count}});
  all.push_back({{0, g.layer_count, up_to(5), up_to(5)}});
  if (g.layer_count > 1) all.push_back({{.end = g.layer_count, .segments = 1 + up_to(8)}});
  for (int i = 0; i < 2; ++i) {
    std::vector<inlay::stage> stages;
    for (std::int32_t at = 0; at < g.layer_count;) {
      const std::int32_t end = std::min(at + up_to(6), g.layer_count);
      stages.push_back({at, end, up_to(2) == 1 ? 1 : up_to(5), up_to(2) == 1 ? 1 : up_to(5)});
      inlay::stage& last = stages.back();
      if (last.layers() > 1 && last.row_patches == 1 && last.column_patches == 1) last.segments = up_to(8);
      at = end;
    }
    all.push_back(stages);
  }
  return all;
}

/// Overwrites all of the arena that no later stage needs.
void poison(const inlay::loaded_schedule& schedule, std::size_t stage, std::vector<std::int8_t>& arena) {
  const std::int32_t end = schedule.stages()[stage].end;
  std::vector<std::int8_t> poisoned(arena.size(), 0x5a);
  for (const inlay::arena_place& p : schedule.places())
    if (p.used() && p.first < end && p.last >= end)
      std::copy_n(arena.data() + p.offset, p.bytes, poisoned.data() + p.offset);
  arena = poisoned;
}

/// Runs a model; returns its outputs, as they are stored.
std::vector<std::int8_t> run(const inlay::loaded_model& model, const inlay::loaded_schedule& schedule,
                             const std::vector<bytes>& inputs, std::int8_t fill, fuzz::kernels with) {
  const inlay::graph_view g = model.graph();
  std::vector<fuzz::interpreter::runner> runners;
  const auto arena = inlay::interpret<fuzz::interpreter>(
      model, schedule, inputs, [&](std::size_t stage, std::vector<std::int8_t>& a) { poison(schedule, stage, a); },
      fill, with, layers_run[static_cast<std::size_t>(with)], runners);
  std::vector<std::int8_t> outputs;
  for (std::int32_t i = 0; i < g.output_count; ++i) {
    const inlay::tensor& t = g.tensors[g.outputs[i]];
    const std::int8_t* stored = arena.data() + schedule.places()[static_cast<std::size_t>(t.storage)].offset;
    outputs.insert(outputs.end(), stored, stored + t.extents.elements());
  }
  return outputs;
}

void check(const bytes& file) {
  const inlay::loaded_model model(file);
  if (model.refused()) {
    const inlay::error_text text = inlay::explain(model.refused(), model.file().data(), model.file().size());
    require(!text.view().empty(), "an empty refusal", {});
    return;
  }
  const inlay::graph_view g = model.graph();
  if (!is_plannable(g)) return;
  const inlay::loaded_schedule per_layer(g, inlay::per_layer_stages(g));
  const bool runs = is_runnable(g, per_layer.arena_bytes());
  std::minstd_rand random(seed_of(file));
  std::vector<bytes> inputs;
  for (std::int32_t i = 0; i < g.input_count && runs; ++i) {
    bytes input(inlay::declared_bytes(g.tensors[g.inputs[i]]));
    for (char& c : input) c = static_cast<char>(random() >> 8);
    inputs.push_back(input);
  }
  std::vector<std::int8_t> expected;
  const auto check_schedule = [&](const inlay::loaded_schedule& s, fuzz::kernels with) {
    require(inlay::detail::is_sound(s.places().data(), inlay::place_count(g), s.arena_bytes()), "unsound plan",
            s.stages());
    if (!runs || static_cast<std::size_t>(s.arena_bytes()) > 4 * most_bytes) return;
    const bool first = expected.empty();
    const std::vector<std::int8_t> outputs = run(model, s, inputs, first ? 0x33 : -0x55, with);
    if (first) expected = outputs;
    if (outputs != expected) std::fprintf(stderr, "%s kernels: ", name(with));
    require(outputs == expected, "other answers", s.stages());
  };
  for (const fuzz::kernels with : fuzz::all_kernels) check_schedule(per_layer, with);
  for (const std::vector<inlay::stage>& stages : schedules(g, random))
    check_schedule(inlay::loaded_schedule(g, stages), fuzz::all_kernels[random() % 3]);
}

// ---- mutation --------------------------------------------------------------------------------------------

/// Positions of the bytes that decide what the importer makes of a file: not those of many weights.
std::vector<std::size_t> deciding_positions(const std::uint8_t* data, std::size_t size) {
  std::vector<bool> is_weight(size, false);
  const inlay::tflite_header header = inlay::read_tflite_header(data, size);
  if (!header.refused) {
    const auto room = [](std::int32_t count) {
      return static_cast<std::size_t>(std::max(count, 1));
    };
    std::vector<inlay::tensor> tensors(room(header.counts.tensors));
    std::vector<inlay::layer> layers(room(header.counts.layers));
    std::vector<std::int32_t> inputs(room(header.counts.inputs)), outputs(room(header.counts.outputs));
    inlay::graph_builder builder{tensors.data(),       layers.data(),         inputs.data(),
                                 outputs.data(),       header.counts.tensors, 0,
                                 header.counts.inputs, header.counts.outputs};
    // As far as it gets.
    static_cast<void>(inlay::read_tflite(data, size, builder));
    constexpr std::uint32_t few = 64;
    for (const inlay::tensor& t : tensors)
      if (t.type == inlay::element_type::int8 && t.data_bytes > few)
        for (std::uint32_t i = 0; i < t.data_bytes && t.data_at + i < size; ++i) is_weight[t.data_at + i] = true;
  }
  std::vector<std::size_t> positions;
  for (std::size_t at = 0; at < size; ++at)
    if (!is_weight[at]) positions.push_back(at);
  return positions;
}

std::uint32_t word_at(const std::uint8_t* data, std::size_t at) {
  std::uint32_t word;
  std::memcpy(&word, data + at, sizeof word);
  return word;
}

/// Another value for a number: near it, of another size, at the edge of something, or any.
std::uint32_t other_value(std::uint32_t value, std::minstd_rand& random) {
  const std::uint32_t drawn = static_cast<std::uint32_t>(random() >> 4);
  switch (random() % 8) {
    case 0: return value + 1;
    case 1: return value - 1;
    case 2: return value * 2;
    case 3: return value / 2;
    case 4: return drawn % 17;
    case 5: return (1u << drawn % 32) - drawn / 32 % 2;
    case 6: return value ^ 1u << drawn % 32;
    default: return drawn;
  }
}

/// Changes a byte or a word that the importer reads, or all its words of one value: an extent stands in the
/// shapes of several tensors.
void mutate_field(std::uint8_t* data, std::size_t size, const std::vector<std::size_t>& reads,
                  std::minstd_rand& random) {
  const auto draw = [&] {
    return reads[random() % reads.size()];
  };
  const std::size_t at = draw(), word = at / 4 * 4;
  const unsigned kind = random() % 8;
  if (kind == 0) {
    data[at] = static_cast<std::uint8_t>(other_value(data[at], random));
    return;
  }
  if (word + 4 > size) return;
  const std::uint32_t from = word_at(data, word);
  std::uint32_t to = other_value(from, random);
  if (const std::size_t elsewhere = draw() / 4 * 4; kind == 1 && elsewhere + 4 <= size) to = word_at(data, elsewhere);
  std::memcpy(data + word, &to, sizeof to);
  if (kind < 5) return;
  for (const std::size_t read : reads)
    if (read % 4 == 0 && read + 4 <= size && word_at(data, read) == from) std::memcpy(data + read, &to, sizeof to);
}

}  // namespace

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned int seed) {
  std::minstd_rand random(seed);
  switch (random() % 8) {
    case 0: return LLVMFuzzerMutate(data, size, most);
    case 1:  // another seed of schedules and inputs
      for (int i = 0; i < 4 && size < most; ++i) data[size++] = static_cast<std::uint8_t>(random() >> 8);
      return size;
    default: break;
  }
  // Found once, in a file that has been tried: the importer may not survive the mutant.
  const std::vector<std::size_t>& reads = deciding_positions(data, size);
  for (int count = 1 + static_cast<int>(random() % 4); count > 0 && !reads.empty(); --count)
    mutate_field(data, size, reads, random);
  return size;
}

/// Says at the end how many layers have been run.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  std::atexit([] {
    for (const fuzz::kernels with : fuzz::all_kernels) {
      const fuzz::tally& t = layers_run[static_cast<std::size_t>(with)];
      std::printf("layers run with %s kernels: %lld, %lld of them fast\n", name(with), static_cast<long long>(t.layers),
                  static_cast<long long>(t.fast));
    }
  });
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check(bytes(data, data + size));
  return 0;
}
