// Inlay: why a model is refused, in the same words at compile time and at run time.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/model/operators.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace inlay::inline INLAY_ABI {

// clang-format off
// One line for each reason: its code and the sentence that a user reads. A static_assert takes only a
// string literal, hence a macro.
#define INLAY_REFUSALS(X)                                                                                  \
  X(truncated, "the .tflite file is cut short or damaged: it refers to bytes beyond its end")              \
  X(wrong_identifier, "this is not a .tflite file: bytes 4 to 7 are not TFL3")                             \
  X(wrong_schema, "the .tflite file has a schema version other than 3")                                    \
  X(subgraphs, "the .tflite file does not hold exactly one subgraph; control flow and variables are not supported: export the network without them")       \
  X(bad_index, "the .tflite file refers to a tensor, buffer or operator code that it does not have")       \
  X(used_before_made, "an operator reads a tensor that no earlier operator makes (a cycle, or missing data)") \
  X(made_twice, "two operators make the same tensor, or an operator overwrites an input or a constant")    \
  X(stateful, "the network keeps variables between runs, which is not supported: make them inputs and outputs")                          \
  X(unsupported_operator, "the network has an operator that Inlay does not support; the README lists those it does: replace it, or end the network before it") \
  X(recurrent_operator, "the network has a recurrent operator, which is not supported: export it unrolled (unroll=True in Keras)") \
  X(custom_operator, "the network has a custom operator; only TensorFlow Lite's own are supported: replace it, or end the network before it")        \
  X(float_network, "an operator computes in float: quantise the network to int8 (TFLiteConverter with a representative_dataset and TFLITE_BUILTINS_INT8)") \
  X(hybrid_network, "an operator has int8 weights but float activations: quantise the activations too (TFLiteConverter with a representative_dataset)") \
  X(uint8_network, "an operator computes in uint8, the old per-tensor quantisation: convert the network again to int8 (TFLITE_BUILTINS_INT8)") \
  X(int16_network, "an operator computes with 16-bit activations, which are not supported: convert the network again to int8 (TFLITE_BUILTINS_INT8)") \
  X(int4_network, "an operator has values of 4 bits, which are not supported: convert the network again to int8 (TFLITE_BUILTINS_INT8)") \
  X(unsupported_type, "an operator has a tensor of a type that is not supported there")                    \
  X(not_quantized, "a tensor has no usable scale and zero point: one positive finite scale, zero point in the range of its type") \
  X(asymmetric_weights, "weights have a zero point other than 0")                                          \
  X(not_constant, "an operand that must be constant is computed by the network")                           \
  X(batch, "the network runs more than one sample at once; export it with batch size 1")                   \
  X(rank, "a tensor has a number of axes that is not supported there")                                     \
  X(shape, "the shapes of an operator's tensors do not fit together")                                      \
  X(too_large, "a tensor, or all of them together, has more elements than Inlay can address")              \
  X(too_many, "the network has more operators, or operands of them, than Inlay can address")                \
  X(operands, "an operator has the wrong number of inputs or outputs")                                     \
  X(option, "an operator has an option that is not supported")                                             \
  X(quantization, "an operator's scales or zero points are not those that the reference demands")          \
  X(no_input_or_output, "the network has no input, no output, or an output that it does not compute")

// clang-format on

enum class refusal : std::uint8_t {
  none,
#define INLAY_ENUMERATOR(code, sentence) code,
  INLAY_REFUSALS(INLAY_ENUMERATOR)
#undef INLAY_ENUMERATOR
};

/// Why a model is refused. Numbers that do not apply are −1.
struct error {
  refusal reason = refusal::none;
  tflite_operator op = tflite_operator{-1};
  std::int32_t operator_index = -1;
  std::int32_t tensor = -1;     // index in the file
  std::int32_t found = -1;      // what the file has …
  std::int32_t supported = -1;  // … and what is accepted, in the unit of the reason

  constexpr explicit operator bool() const { return reason != refusal::none; }
};

/// The sentence for a reason.
constexpr std::string_view sentence(refusal reason) {
  switch (reason) {
    case refusal::none: return "no error";
#define INLAY_SENTENCE(code, sentence) \
  case refusal::code: return sentence;
      INLAY_REFUSALS(INLAY_SENTENCE)
#undef INLAY_SENTENCE
  }
  return "";
}

/// An error as one line of text, kept without a heap.
class error_text {
 public:
  constexpr explicit error_text(const error& e) {
    if (e.operator_index >= 0) {
      append("operator ");
      append(e.operator_index);
      if (static_cast<std::int32_t>(e.op) >= 0) {
        append(" (");
        append_upper(name(e.op));
        append(")");
      }
      append(": ");
    }
    append(sentence(e.reason));
    if (e.tensor >= 0) {
      append("; tensor ");
      append(e.tensor);
    }
    const bool types = e.reason == refusal::unsupported_type;
    if (e.found >= 0) {
      append("; found ");
      types ? append(name(static_cast<element_type>(e.found))) : append(e.found);
    }
    if (e.supported >= 0) {
      append("; supported ");
      types ? append(name(static_cast<element_type>(e.supported))) : append(e.supported);
    }
  }

  constexpr std::string_view view() const { return {text_.data(), length_}; }

 private:
  constexpr void append(char c) {
    if (length_ < text_.size()) text_[length_++] = c;
  }
  constexpr void append(std::string_view s) {
    for (char c : s) append(c);
  }
  constexpr void append_upper(std::string_view s) {
    for (char c : s) append(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  constexpr void append(std::int32_t value) {
    if (value >= 10) append(value / 10);
    append(static_cast<char>('0' + value % 10));
  }

  std::array<char, 320> text_{};
  std::size_t length_ = 0;
};

namespace detail {
// Takes every number, so that a compiler prints them all beside the sentence.
constexpr bool accepts(tflite_operator, int, int, int, int) { return false; }
}  // namespace detail

/// Never true: named in the static_assert that refuses a model, so that its arguments are printed.
template <tflite_operator Operator, int OperatorIndex, int Tensor, int Found, int Supported>
concept importable = detail::accepts(Operator, OperatorIndex, Tensor, Found, Supported);

/// Fails to compile, with one sentence and the numbers, if Reason is not `none`.
template <refusal Reason, tflite_operator Operator, int OperatorIndex, int Tensor, int Found, int Supported>
struct refuse {
#define INLAY_REFUSE(code, sentence)                                                                      \
  static_assert(Reason != refusal::code || importable<Operator, OperatorIndex, Tensor, Found, Supported>, \
                "Inlay: " sentence);
  INLAY_REFUSALS(INLAY_REFUSE)
#undef INLAY_REFUSE
};

#undef INLAY_REFUSALS

}  // namespace inlay
