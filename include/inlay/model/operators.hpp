// Inlay: TensorFlow Lite's operators by number and name.
#pragma once

#include <inlay/config.hpp>

#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

// clang-format off
// In the order of BuiltinOperator in TensorFlow Lite's schema, from 0. In lower case, so that a macro of
// the program, often in upper case, cannot change them.
#define INLAY_TFLITE_OPERATORS(X) \
  X(add) X(average_pool_2d) X(concatenation) X(conv_2d) X(depthwise_conv_2d) X(depth_to_space)           \
  X(dequantize) X(embedding_lookup) X(floor) X(fully_connected) X(hashtable_lookup) X(l2_normalization)  \
  X(l2_pool_2d) X(local_response_normalization) X(logistic) X(lsh_projection) X(lstm) X(max_pool_2d)     \
  X(mul) X(relu) X(relu_n1_to_1) X(relu6) X(reshape) X(resize_bilinear) X(rnn) X(softmax)                \
  X(space_to_depth) X(svdf) X(tanh) X(concat_embeddings) X(skip_gram) X(call) X(custom)                  \
  X(embedding_lookup_sparse) X(pad) X(unidirectional_sequence_rnn) X(gather) X(batch_to_space_nd)        \
  X(space_to_batch_nd) X(transpose) X(mean) X(sub) X(div) X(squeeze) X(unidirectional_sequence_lstm)     \
  X(strided_slice) X(bidirectional_sequence_rnn) X(exp) X(topk_v2) X(split) X(log_softmax) X(delegate)   \
  X(bidirectional_sequence_lstm) X(cast) X(prelu) X(maximum) X(arg_max) X(minimum) X(less) X(neg)        \
  X(padv2) X(greater) X(greater_equal) X(less_equal) X(select) X(slice) X(sin) X(transpose_conv)         \
  X(sparse_to_dense) X(tile) X(expand_dims) X(equal) X(not_equal) X(log) X(sum) X(sqrt) X(rsqrt)         \
  X(shape) X(pow) X(arg_min) X(fake_quant) X(reduce_prod) X(reduce_max) X(pack) X(logical_or)            \
  X(one_hot) X(logical_and) X(logical_not) X(unpack) X(reduce_min) X(floor_div) X(reduce_any) X(square)  \
  X(zeros_like) X(fill) X(floor_mod) X(range) X(resize_nearest_neighbor) X(leaky_relu)                   \
  X(squared_difference) X(mirror_pad) X(abs) X(split_v) X(unique) X(ceil) X(reverse_v2) X(add_n)         \
  X(gather_nd) X(cos) X(where) X(rank) X(elu) X(reverse_sequence) X(matrix_diag) X(quantize)             \
  X(matrix_set_diag) X(round) X(hard_swish) X(if_) X(while_) X(non_max_suppression_v4)                   \
  X(non_max_suppression_v5) X(scatter_nd) X(select_v2) X(densify) X(segment_sum) X(batch_matmul)         \
  X(placeholder_for_greater_op_codes) X(cumsum) X(call_once) X(broadcast_to) X(rfft2d) X(conv_3d)        \
  X(imag) X(real) X(complex_abs) X(hashtable) X(hashtable_find) X(hashtable_import) X(hashtable_size)    \
  X(reduce_all) X(conv_3d_transpose) X(var_handle) X(read_variable) X(assign_variable)                   \
  X(broadcast_args) X(random_standard_normal) X(bucketize) X(random_uniform) X(multinomial) X(gelu)      \
  X(dynamic_update_slice) X(relu_0_to_1) X(unsorted_segment_prod) X(unsorted_segment_max)                \
  X(unsorted_segment_sum) X(atan2) X(unsorted_segment_min) X(sign) X(bitcast) X(bitwise_xor)             \
  X(right_shift) X(stablehlo_logistic) X(stablehlo_add) X(stablehlo_divide) X(stablehlo_multiply)        \
  X(stablehlo_maximum) X(stablehlo_reshape) X(stablehlo_clamp) X(stablehlo_concatenate)                  \
  X(stablehlo_broadcast_in_dim) X(stablehlo_convolution) X(stablehlo_slice) X(stablehlo_custom_call)     \
  X(stablehlo_reduce) X(stablehlo_abs) X(stablehlo_and) X(stablehlo_cosine) X(stablehlo_exponential)     \
  X(stablehlo_floor) X(stablehlo_log) X(stablehlo_minimum) X(stablehlo_negate) X(stablehlo_or)           \
  X(stablehlo_power) X(stablehlo_remainder) X(stablehlo_rsqrt) X(stablehlo_select)                       \
  X(stablehlo_subtract) X(stablehlo_tanh) X(stablehlo_scatter) X(stablehlo_compare)                      \
  X(stablehlo_convert) X(stablehlo_dynamic_slice) X(stablehlo_dynamic_update_slice) X(stablehlo_pad)     \
  X(stablehlo_iota) X(stablehlo_dot_general) X(stablehlo_reduce_window) X(stablehlo_sort)                \
  X(stablehlo_while) X(stablehlo_gather) X(stablehlo_transpose) X(dilate)                                \
  X(stablehlo_rng_bit_generator) X(reduce_window) X(stablehlo_composite) X(stablehlo_shift_left)         \
  X(stablehlo_cbrt) X(stablehlo_case)

// clang-format on

/// The operators of TensorFlow Lite's schema, by their numbers in it.
enum class tflite_operator : std::int32_t {
#define INLAY_ENUMERATOR(name) name,
  INLAY_TFLITE_OPERATORS(INLAY_ENUMERATOR)
#undef INLAY_ENUMERATOR
};

/// Name of an operator in lower case; "unknown" for numbers beyond the schema.
constexpr const char* name(tflite_operator op) {
#define INLAY_NAME(name) #name,
  constexpr const char* names[] = {INLAY_TFLITE_OPERATORS(INLAY_NAME)};
#undef INLAY_NAME
  const auto index = static_cast<std::size_t>(op);
  return index < sizeof(names) / sizeof(names[0]) ? names[index] : "unknown";
}

#undef INLAY_TFLITE_OPERATORS

namespace detail {

/// Operators that keep a state from step to step.
constexpr bool is_recurrent(tflite_operator op) {
  switch (op) {
    case tflite_operator::lstm:
    case tflite_operator::rnn:
    case tflite_operator::svdf:
    case tflite_operator::unidirectional_sequence_rnn:
    case tflite_operator::unidirectional_sequence_lstm:
    case tflite_operator::bidirectional_sequence_rnn:
    case tflite_operator::bidirectional_sequence_lstm: return true;
    default: return false;
  }
}

/// Operators that choose what runs next, or keep variables from run to run.
constexpr bool is_stateful(tflite_operator op) {
  switch (op) {
    case tflite_operator::if_:
    case tflite_operator::while_:
    case tflite_operator::call_once:
    case tflite_operator::var_handle:
    case tflite_operator::read_variable:
    case tflite_operator::assign_variable: return true;
    default: return false;
  }
}

}  // namespace detail

}  // namespace inlay
