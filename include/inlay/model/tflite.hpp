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
#include <inlay/model/tflite_schema.hpp>
#include <inlay/model/tflite_reader.hpp>
#include <inlay/model/refusal_text.hpp>
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

/// How an operator becomes layers: a function that takes the kind of layer, since several operators share one.
template <typename Reader>
struct tflite_importer {
  tflite_operator op;
  bool (*import)(Reader&, layer_kind);
  layer_kind kind;
};

/// The operators that are supported.
template <typename Reader>
inline constexpr tflite_importer<Reader> tflite_importers[]{
    {tflite_operator::conv_2d, import_convolution<Reader>, layer_kind::conv2d},
    {tflite_operator::depthwise_conv_2d, import_convolution<Reader>, layer_kind::depthwise_conv2d},
    {tflite_operator::transpose_conv, import_transpose_conv<Reader>, layer_kind::transpose_conv2d},
    {tflite_operator::fully_connected, import_fully_connected<Reader>, layer_kind::fully_connected},
    {tflite_operator::add, import_pair<Reader>, layer_kind::add},
    {tflite_operator::sub, import_pair<Reader>, layer_kind::sub},
    {tflite_operator::mul, import_pair<Reader>, layer_kind::mul},
    {tflite_operator::div, import_pair<Reader>, layer_kind::div},
    {tflite_operator::maximum, import_pair<Reader>, layer_kind::maximum},
    {tflite_operator::minimum, import_pair<Reader>, layer_kind::minimum},
    {tflite_operator::squared_difference, import_pair<Reader>, layer_kind::squared_difference},
    {tflite_operator::prelu, import_pair<Reader>, layer_kind::prelu},
    {tflite_operator::equal, import_comparison<Reader>, layer_kind::equal},
    {tflite_operator::not_equal, import_comparison<Reader>, layer_kind::not_equal},
    {tflite_operator::greater, import_comparison<Reader>, layer_kind::greater},
    {tflite_operator::greater_equal, import_comparison<Reader>, layer_kind::greater_equal},
    {tflite_operator::less, import_comparison<Reader>, layer_kind::greater},
    {tflite_operator::less_equal, import_comparison<Reader>, layer_kind::greater_equal},
    {tflite_operator::select_v2, import_select<Reader>, layer_kind::either},
    {tflite_operator::batch_matmul, import_batch_matmul<Reader>, layer_kind::batch_matmul},
    {tflite_operator::average_pool_2d, import_pool<Reader>, layer_kind::average_pool2d},
    {tflite_operator::max_pool_2d, import_pool<Reader>, layer_kind::max_pool2d},
    {tflite_operator::mean, import_total<Reader>, layer_kind::mean},
    {tflite_operator::sum, import_total<Reader>, layer_kind::sum},
    {tflite_operator::reduce_max, import_extremum<Reader>, layer_kind::reduce_max},
    {tflite_operator::reduce_min, import_extremum<Reader>, layer_kind::reduce_min},
    {tflite_operator::add_n, import_add_n<Reader>, layer_kind::add_n},
    {tflite_operator::cumsum, import_cumsum<Reader>, layer_kind::cumsum},
    {tflite_operator::arg_max, import_arg<Reader>, layer_kind::arg_max},
    {tflite_operator::arg_min, import_arg<Reader>, layer_kind::arg_min},
    {tflite_operator::softmax, import_softmax<Reader>, layer_kind::softmax},
    {tflite_operator::log_softmax, import_log_softmax<Reader>, layer_kind::log_softmax},
    {tflite_operator::l2_normalization, import_l2_normalization<Reader>, layer_kind::l2_normalization},
    {tflite_operator::logistic, import_logistic<Reader>, layer_kind::logistic},
    {tflite_operator::tanh, import_unary<Reader>, layer_kind::tanh},
    {tflite_operator::relu, import_unary<Reader>, layer_kind::relu},
    {tflite_operator::relu6, import_relu6<Reader>, layer_kind::relu},
    {tflite_operator::leaky_relu, import_leaky_relu<Reader>, layer_kind::leaky_relu},
    {tflite_operator::elu, import_elu<Reader>, layer_kind::elu},
    {tflite_operator::hard_swish, import_hard_swish<Reader>, layer_kind::hard_swish},
    {tflite_operator::abs, import_unary<Reader>, layer_kind::abs},
    {tflite_operator::rsqrt, import_rsqrt<Reader>, layer_kind::rsqrt},
    {tflite_operator::zeros_like, import_unary<Reader>, layer_kind::zeros_like},
    {tflite_operator::cast, import_cast<Reader>, layer_kind::reshape},
    {tflite_operator::quantize, import_quantize<Reader>, layer_kind::quantize},
    {tflite_operator::dequantize, import_dequantize<Reader>, layer_kind::reshape},
    {tflite_operator::reshape, import_reshape<Reader>, layer_kind::reshape},
    {tflite_operator::squeeze, import_squeeze<Reader>, layer_kind::reshape},
    {tflite_operator::expand_dims, import_expand_dims<Reader>, layer_kind::reshape},
    {tflite_operator::pad, import_pad<Reader>, layer_kind::pad},
    {tflite_operator::padv2, import_pad<Reader>, layer_kind::pad},
    {tflite_operator::mirror_pad, import_mirror_pad<Reader>, layer_kind::mirror_pad},
    {tflite_operator::reverse_v2, import_reverse<Reader>, layer_kind::slice},
    {tflite_operator::dynamic_update_slice, import_dynamic_update_slice<Reader>, layer_kind::update},
    {tflite_operator::strided_slice, import_strided_slice<Reader>, layer_kind::slice},
    {tflite_operator::slice, import_slice<Reader>, layer_kind::slice},
    {tflite_operator::split, import_split<Reader>, layer_kind::slice},
    {tflite_operator::split_v, import_split_v<Reader>, layer_kind::slice},
    {tflite_operator::unpack, import_unpack<Reader>, layer_kind::slice},
    {tflite_operator::pack, import_pack<Reader>, layer_kind::place},
    {tflite_operator::concatenation, import_concatenation<Reader>, layer_kind::place},
    {tflite_operator::gather, import_gather<Reader>, layer_kind::gather},
    {tflite_operator::gather_nd, import_gather_nd<Reader>, layer_kind::gather},
    {tflite_operator::embedding_lookup, import_embedding_lookup<Reader>, layer_kind::gather},
    {tflite_operator::broadcast_to, import_broadcast_to<Reader>, layer_kind::maximum},
    {tflite_operator::fill, import_fill<Reader>, layer_kind::maximum},
    {tflite_operator::space_to_batch_nd, import_space_to_batch<Reader>, layer_kind::transpose},
    {tflite_operator::batch_to_space_nd, import_batch_to_space<Reader>, layer_kind::transpose},
    {tflite_operator::depth_to_space, import_depth_to_space<Reader>, layer_kind::depth_to_space},
    {tflite_operator::space_to_depth, import_space_to_depth<Reader>, layer_kind::space_to_depth},
    {tflite_operator::transpose, import_transpose<Reader>, layer_kind::transpose},
    {tflite_operator::resize_nearest_neighbor, import_resize<Reader>, layer_kind::resize_nearest},
    {tflite_operator::resize_bilinear, import_resize_bilinear<Reader>, layer_kind::resize_bilinear},
    // What this makes is known already: the shapes of the tensors that depend on it.
    {tflite_operator::shape, import_shape_arithmetic<Reader>, layer_kind::reshape},
};

/// Whether operators of this number become layers.
template <typename Reader>
constexpr bool is_imported(tflite_operator op) {
  for (const auto& known : tflite_importers<Reader>)
    if (known.op == op) return true;
  return false;
}

/// Refuses what is not supported before anything else is looked at: the most useful thing to say.
template <typename Reader>
constexpr bool check_operators(Reader& r) {
  for (std::uint32_t i = 0; i < r.operators.count; ++i) {
    r.operator_index = static_cast<std::int32_t>(i);
    const flatbuffer_table table = r.file.table_in(r.operators, i);
    if (!r.read_code(table)) return false;
    const flatbuffer_vector results = r.file.vector(table, schema::results, 4);
    const std::int32_t made = results.count > 0 ? r.file.i32(results.at) : -1;
    if (r.op == tflite_operator::custom) return r.fail(refusal::custom_operator, made);
    if (is_recurrent(r.op)) return r.fail(refusal::recurrent_operator, made);
    if (!is_imported<Reader>(r.op)) return r.fail(refusal::unsupported_operator, made);
  }
  r.operator_index = -1;
  r.op = tflite_operator{-1};
  return !r.file.damaged();
}

template <typename Reader>
constexpr bool import_operator(Reader& r) {
  for (const auto& known : tflite_importers<Reader>)
    if (known.op == r.op) return known.import(r, known.kind);
  return r.fail(refusal::unsupported_operator);
}

/// Reads everything; call after open(), with storage of counts().
template <typename Reader>
constexpr error read_graph(Reader& r, graph_builder& graph) {
  r.graph = &graph;
  if (check_operators(r) && r.read_tensors() && r.read_inputs())
    for (std::uint32_t i = 0; i < r.operators.count && !r.failed(); ++i) {
      r.operator_index = static_cast<std::int32_t>(i);
      if (r.turn_to(r.file.table_in(r.operators, i)) && r.check_operands() && import_operator(r)) r.make_results();
    }
  if (!r.failed() && r.read_outputs() && r.require_quantized_inputs()) r.require_countable_activations();
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
template <typename Byte>
constexpr tflite_header read_tflite_header(const Byte* data, std::size_t size) {
  detail::tflite_reader<Byte> reader(data, size);
  tflite_header header{reader.open()};
  if (!header.refused) header.counts = reader.counts();
  if (header.counts.layers > static_cast<std::int32_t>(detail::most_layers)) header = {{refusal::too_many}, {}};
  return header;
}

/// Calls visit(tflite_operator) for each operator of a .tflite file, in the file's order and before anything is
/// folded. Works for files that read_tflite refuses as well, as long as they are whole.
template <typename Byte, typename Visitor>
constexpr error visit_tflite_operators(const Byte* data, std::size_t size, Visitor&& visit) {
  detail::tflite_reader<Byte> reader(data, size);
  if (const error refused = reader.open()) return refused;
  for (std::uint32_t i = 0; i < reader.operators.count && !reader.failed(); ++i) {
    reader.operator_index = static_cast<std::int32_t>(i);
    if (reader.read_code(reader.file.table_in(reader.operators, i)) && !reader.failed()) visit(reader.op);
  }
  return reader.file.damaged() ? error{refusal::truncated} : reader.refused;
}

/// Why a .tflite file is refused, in full: where, what was found, what is needed and what helps. For an error that
/// reading these bytes gave.
template <typename Byte>
constexpr error_text explain(const error& refused, const Byte* data, std::size_t size) {
  return detail::refusal_writer(refused, data, size, detail::is_imported<detail::tflite_reader<Byte>>).text();
}

namespace detail {

/// All of read_tflite but check_channels.
template <typename Byte>
constexpr error import_tflite(const Byte* data, std::size_t size, graph_builder& graph) {
  tflite_reader<Byte> reader(data, size);
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
template <typename Byte>
constexpr text_place find_io_name(const Byte* data, std::size_t size, schema::subgraph list, std::size_t i) {
  flatbuffer<Byte> file(data, size);
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

template <const auto& Bytes>
struct tflite_bytes {
  using array = std::remove_reference_t<decltype(Bytes)>;
  using byte = std::remove_cv_t<std::remove_reference_t<decltype(Bytes[0])>>;
  static constexpr std::size_t extent = sizeof(array);
  // A string literal ends with a zero that is not in the file.
  static constexpr std::size_t size = std::is_same_v<byte, char> ? extent - 1 : extent;
  static constexpr const byte* data = &Bytes[0];

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

/// A .tflite file as a model. Bytes is a constexpr array of char (a string literal, as inlay_add_model
/// writes it) or of unsigned char (#embed, xxd -i), with static storage. Derive from it for a short name
/// in messages: struct person : inlay::tflite<person_detect> {};
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
