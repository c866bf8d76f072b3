// Inlay: the bytes of a .tflite file become a graph.
#pragma once

#include <inlay/config.hpp>
#include <inlay/fold.hpp>
#include <inlay/graph/geometry.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/graph/normalize.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/model.hpp>
#include <inlay/model/flatbuffer.hpp>
#include <inlay/model/limits.hpp>
#include <inlay/model/tflite_schema.hpp>
#include <inlay/model/tflite_tables.hpp>
#include <inlay/model/tflite_counts.hpp>
#include <inlay/model/tflite_reader.hpp>
#include <inlay/model/refusal_text.hpp>
#include <inlay/model/import/samples.hpp>
#include <inlay/model/import/window.hpp>
#include <inlay/model/import/weighted.hpp>
#include <inlay/model/import/pairwise.hpp>
#include <inlay/model/import/lookup.hpp>
#include <inlay/model/import/reduce.hpp>
#include <inlay/model/import/shape.hpp>
#include <inlay/model/import/move.hpp>
#include <inlay/model/import/rearrange.hpp>
#include <inlay/model/import/matrix.hpp>
#include <inlay/model/import/slice.hpp>
#include <inlay/model/import/resize.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

INLAY_EXACT_FLOATS
namespace inlay::inline INLAY_ABI {

namespace detail {

/// The importers of one family of operators.
struct importer_family {
  const tflite_importer* first;
  std::size_t bytes;
  constexpr std::size_t count() const { return bytes / sizeof(tflite_importer); }
};

/// The operators that are supported.
inline constexpr importer_family importer_families[]{
    {window_importers, sizeof(window_importers)},     {weighted_importers, sizeof(weighted_importers)},
    {pairwise_importers, sizeof(pairwise_importers)}, {lookup_importers, sizeof(lookup_importers)},
    {reduce_importers, sizeof(reduce_importers)},     {shape_importers, sizeof(shape_importers)},
    {move_importers, sizeof(move_importers)},         {rearrange_importers, sizeof(rearrange_importers)},
    {matrix_importers, sizeof(matrix_importers)},     {slice_importers, sizeof(slice_importers)},
    {resize_importers, sizeof(resize_importers)},
};

/// How operators of this number become layers, null if they are not supported.
constexpr const tflite_importer* find_importer(tflite_operator op) {
  for (const importer_family& family : importer_families)
    for (std::size_t i = 0; i < family.count(); ++i)
      if (family.first[i].op == op) return &family.first[i];
  return nullptr;
}

constexpr bool is_imported(tflite_operator op) { return find_importer(op) != nullptr; }

/// Refuses what is not supported before anything else is looked at: the most useful thing to say.
constexpr bool check_operators(tflite_reader& r) {
  for (std::uint32_t i = 0; i < r.operators.count; ++i) {
    r.operator_index = static_cast<std::int32_t>(i);
    const flatbuffer_table table = r.file.table_in(r.operators, i);
    if (!r.read_code(table)) return false;
    const flatbuffer_vector results = r.file.vector(table, schema::results, 4);
    const std::int32_t made = results.count > 0 ? r.file.i32(results.at) : -1;
    if (r.op == tflite_operator::custom) return r.fail(refusal::custom_operator, made);
    if (is_recurrent(r.op)) return r.fail(refusal::recurrent_operator, made);
    if (!is_imported(r.op)) return r.fail(refusal::unsupported_operator, made);
  }
  r.operator_index = -1;
  r.op = tflite_operator{-1};
  return !r.file.damaged();
}

/// Operators that end the reference where a file has several subgraphs.
constexpr bool needs_only_subgraph(tflite_operator op) {
  switch (op) {
    case tflite_operator::mean:
    case tflite_operator::sum:
    case tflite_operator::reduce_max:
    case tflite_operator::reduce_min:
    case tflite_operator::add_n:
    case tflite_operator::mirror_pad:
    case tflite_operator::transpose_conv: return true;
    default: return false;
  }
}

/// The first subgraph is the network, but the reference prepares the operators of all.
constexpr bool check_subgraphs(tflite_reader& r) {
  const flatbuffer_vector subgraphs = r.file.vector(r.file.root(), schema::subgraphs, 4);
  std::uint64_t looked_at = 0;
  for (std::uint32_t s = 0; s < subgraphs.count && subgraphs.count > 1; ++s) {
    const flatbuffer_vector operators = r.file.vector(r.file.table_in(subgraphs, s), schema::operators, 4);
    looked_at += operators.count + 1;
    if (looked_at > most_layers) return r.fail(refusal::too_many);
    for (std::uint32_t i = 0; i < operators.count; ++i) {
      if (!r.read_code(r.file.table_in(operators, i))) return false;
      if (!is_imported(r.op) || needs_only_subgraph(r.op))
        return r.fail(refusal::subgraphs, -1,
                      "there are several subgraphs, and an operator that the reference prepares in none or one");
    }
  }
  r.op = tflite_operator{-1};
  return !r.file.damaged();
}

constexpr bool import_operator(tflite_reader& r) {
  const tflite_importer* known = find_importer(r.op);
  return known != nullptr ? known->import(r, known->kind) : r.fail(refusal::unsupported_operator);
}

/// Reads everything; call after open(), with storage as count_graph says.
constexpr error read_graph(tflite_reader& r, graph_builder& graph) {
  r.graph = &graph;
  r.begin_tensors();
  if (check_operators(r) && check_subgraphs(r) && r.read_inputs())
    for (std::uint32_t i = 0; i < r.operators.count && !r.failed(); ++i) {
      r.operator_index = static_cast<std::int32_t>(i);
      if (r.turn_to(r.file.table_in(r.operators, i)) && r.check_operands() && import_operator(r)) r.make_results();
    }
  if (!r.failed() && r.read_outputs() && r.require_plain_rest() && r.require_quantized_inputs())
    r.require_countable_activations();
  // Damage explains whatever else was found wrong.
  return r.file.damaged() ? error{refusal::truncated} : r.refused;
}

}  // namespace detail

/// What reading a model needs and gives: how large its graph is, or why it is refused.
struct tflite_header {
  error refused{};
  graph_counts counts{};
};

/// Looks at a .tflite file far enough to know how much storage its graph needs.
constexpr tflite_header read_tflite_header(file_bytes data, std::size_t size) {
  detail::tflite_tables tables(data, size);
  tflite_header header{tables.open()};
  if (!header.refused) header.counts = detail::count_graph(tables);
  if (header.counts.layers > static_cast<std::int32_t>(detail::most_layers)) header = {{refusal::too_many}, {}};
  return header;
}

/// Calls visit(tflite_operator) for each operator of a .tflite file, in the file's order and before anything is
/// folded. Works for files that read_tflite refuses as well, as long as they are whole.
template <typename Visitor>
constexpr error visit_tflite_operators(file_bytes data, std::size_t size, Visitor&& visit) {
  detail::tflite_tables tables(data, size);
  if (const error refused = tables.open()) return refused;
  for (std::uint32_t i = 0; i < tables.operators.count && !tables.failed(); ++i) {
    tables.operator_index = static_cast<std::int32_t>(i);
    if (tables.read_code(tables.file.table_in(tables.operators, i)) && !tables.failed()) visit(tables.op);
  }
  return tables.file.damaged() ? error{refusal::truncated} : tables.refused;
}

/// Why a .tflite file is refused, in full: where, what was found, what is needed and what helps. For an error that
/// reading these bytes gave.
constexpr error_text explain(const error& refused, file_bytes data, std::size_t size) {
  return detail::refusal_writer(refused, data, size, detail::is_imported).text();
}

namespace detail {

/// All of read_tflite but check_channels.
constexpr error import_tflite(file_bytes data, std::size_t size, graph_builder& graph) {
  tflite_reader reader(data, size);
  if (const error refused = reader.open()) return refused;
  if (const error refused = read_graph(reader, graph)) return refused;
  normalize(graph);
  return {};
}

}  // namespace detail

/// Reads a .tflite file into a graph with storage of its header's counts, and normalises it. Reads nothing
/// outside the file, whatever is in it. The graph refers to the file's bytes by position.
template <typename Byte>
constexpr error read_tflite(const Byte* data, std::size_t size, graph_builder& graph) {
  if (const error refused = detail::import_tflite(data, size, graph)) return refused;
  for (std::int32_t i = 0; i < graph.layer_count; ++i)
    if (const error refused = detail::check_channels(graph.view(), graph.layers[i], data)) return refused;
  return {};
}

namespace detail {

/// The name of the tensor that is input or output i of a .tflite file's network: `list` is schema::inputs or
/// schema::outputs. Empty where the file has none or is damaged.
constexpr text_place find_io_name(file_bytes data, std::size_t size, schema::subgraph list, std::size_t i) {
  flatbuffer file(data, size);
  const flatbuffer_table subgraph = file.table_in(file.vector(file.root(), schema::subgraphs, 4), 0);
  const flatbuffer_vector indices = file.vector(subgraph, list, 4);
  if (i >= indices.count) return {};
  const std::int32_t index = file.i32(indices.at + 4 * static_cast<std::uint32_t>(i));
  const flatbuffer_table tensor =
      file.table_in(file.vector(subgraph, schema::tensors, 4), static_cast<std::uint32_t>(index));
  const flatbuffer_vector name = file.vector(tensor, schema::name, 1);
  return file.damaged() ? text_place{} : text_place{name.at, name.count};
}

template <graph_counts Counts>
struct tflite_contents {
  error refused{};
  graph_storage<Counts> graph{};
};

/// Stands in for a refused model, so that the refusal is the only message.
constexpr graph_counts counts_or_dummy(const tflite_header& header) {
  return header.refused ? graph_counts{2, 1, 1, 1} : header.counts;
}

/// A file as one array, which a program has all of.
template <const auto& Bytes>
struct embedded_file {
  using byte = std::remove_cv_t<std::remove_reference_t<decltype(Bytes[0])>>;
  // A string literal ends with a zero that is not in the file.
  static constexpr std::size_t size = sizeof(Bytes) - (std::is_same_v<byte, char> ? 1 : 0);
  static constexpr const byte* data = &Bytes[0];
  static constexpr std::size_t part_count = 1;
  static constexpr model_part<byte> part(std::size_t) { return {0, static_cast<std::uint32_t>(size), 0, data}; }
};

/// A file as cmake/embed.py writes it: for the compiler, and its constants apart.
template <const auto& Bytes>
  requires requires { Bytes.parts; }
struct embedded_file<Bytes> {
  using byte = char;
  static constexpr std::size_t size = Bytes.size();
  static constexpr const char* data = Bytes.data();
  static constexpr std::size_t part_count = sizeof Bytes.parts / sizeof Bytes.parts[0];
  static constexpr model_part<char> part(std::size_t i) {
    const auto& from = Bytes.parts[i];
    return {from.at, from.bytes, from.array, from.data};
  }
};

template <const auto& Bytes>
struct tflite_bytes : embedded_file<Bytes> {
  using embedded_file<Bytes>::data;
  using embedded_file<Bytes>::size;

  static constexpr tflite_header header = read_tflite_header(data, size);
  static constexpr graph_counts counts = counts_or_dummy(header);
  static constexpr tflite_contents<counts> contents = [] {
    tflite_contents<counts> result{header.refused, {}};
    if (!result.refused) {
      graph_builder builder = result.graph.builder();
      result.refused = import_tflite(data, size, builder);
      result.graph.layer_count = builder.layer_count;
    }
    if (result.refused) result.graph = dummy_graph<counts>();
    return result;
  }();

  template <std::int32_t Layer>
  static constexpr error channels_refused = check_channels(contents.graph.view(), contents.graph.layers[Layer], data);

  static constexpr error refused = [] {
    error first = contents.refused;
    fold_in_blocks<contents.graph.layer_count>(
        [&first]<std::int32_t... Layer>(std::integer_sequence<std::int32_t, Layer...>) {
          return (first || ... || (channels_refused<Layer> && (first = channels_refused<Layer>, true)));
        });
    return first;
  }();
};

/// Does not compile for a refused file.
template <typename File, bool Refused>
struct refuse_tflite {};
template <typename File>
struct refuse_tflite<File, true> {
  static constexpr error_text text = explain(File::refused, File::data, File::size);
  static_assert(sizeof(refuse_model<text>) > 0);
};

}  // namespace detail

/// A .tflite file as a model. Bytes is what inlay_add_model names, of which a program has the constants that it reads,
/// or a constexpr array of unsigned char (#embed, xxd -i) or char (a string literal), with static storage, of which it
/// has all. Derive from it for a short name in messages: struct person : inlay::tflite<person_detect> {};
/// A file that cannot be used does not compile; the message says why.
template <const auto& Bytes>
struct tflite {
 private:
  using file = detail::tflite_bytes<Bytes>;
  // Its errors are the refusals.
  static_assert(sizeof(detail::refuse_tflite<file, static_cast<bool>(file::refused)>) > 0);

 public:
  /// The network, normalised.
  static constexpr graph_view graph() { return file::contents.graph.view(); }
  /// What the positions in the graph refer to, and how much of it there is.
  static constexpr const typename file::byte* bytes() { return file::data; }
  static constexpr std::size_t byte_count = file::size;
  /// The parts of them that a program has as arrays of their own.
  static constexpr std::size_t part_count = file::part_count;
  static constexpr auto part(std::size_t i) { return file::part(i); }
  static constexpr bool has_weights = true;
  /// Where the bytes have the names of the tensors that are the network's inputs and outputs.
  static constexpr detail::text_place input_name(std::size_t i) {
    return detail::find_io_name(file::data, file::size, detail::schema::inputs, i);
  }
  static constexpr detail::text_place output_name(std::size_t i) {
    return detail::find_io_name(file::data, file::size, detail::schema::outputs, i);
  }
};

}  // namespace inlay

INLAY_END_EXACT_FLOATS
