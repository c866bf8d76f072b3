// Inlay: why a model is refused, in the same words at compile time and at run time.
#pragma once

#include <inlay/graph/graph.hpp>
#include <inlay/model/operators.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace inlay::inline INLAY_ABI {

// clang-format off
// One line for each reason: its code and the sentence that a user reads. In plain ASCII: compilers print it.
#define INLAY_REFUSALS(X)                                                                                  \
  X(truncated, "the .tflite file is cut short or damaged: it refers to bytes beyond its end")              \
  X(wrong_identifier, "this is not a .tflite file: bytes 4 to 7 are not TFL3")                             \
  X(wrong_schema, "the .tflite file has a schema version other than 3")                                    \
  X(subgraphs, "the .tflite file does not hold one network that runs by itself: export the network alone") \
  X(bad_index, "the .tflite file refers to a tensor, buffer or operator code that it does not have")       \
  X(used_before_made, "an operator reads a tensor that no earlier operator makes (a cycle, or missing data)") \
  X(made_twice, "two operators make the same tensor, or an operator overwrites an input or a constant")    \
  X(stateful, "the network keeps variables between runs, which is not supported: make them inputs and outputs")                          \
  X(unsupported_operator, "the network has an operator that Inlay does not support; the manual lists those it does: replace it, or end the network before it") \
  X(recurrent_operator, "the network has a recurrent operator, which is not supported: export it unrolled (unroll=True in Keras)") \
  X(custom_operator, "the network has a custom operator; only TensorFlow Lite's own are supported: replace it, or end the network before it")        \
  X(float_network, "an operator computes in float: quantise the network to int8 (TFLiteConverter with a representative_dataset and TFLITE_BUILTINS_INT8)") \
  X(hybrid_network, "an operator has int8 weights but float activations: quantise the activations too (TFLiteConverter with a representative_dataset)") \
  X(uint8_network, "an operator computes in uint8, the old per-tensor quantisation: convert the network again to int8 (TFLITE_BUILTINS_INT8)") \
  X(int16_network, "an operator computes with 16-bit activations, which are not supported: convert the network again to int8 (TFLITE_BUILTINS_INT8)") \
  X(int4_network, "an operator has values of 4 bits, which are not supported: convert the network again to int8 (TFLITE_BUILTINS_INT8)") \
  X(unsupported_type, "an operator has a tensor of a type that is not supported there")                    \
  X(not_quantized, "a tensor has no usable scale and zero point: one positive finite scale, zero point in the range of its type") \
  X(asymmetric_weights, "weights have a zero point other than 0: convert them again with symmetric weights")                                          \
  X(not_constant, "an operand that must be constant is computed by the network: convert with weights frozen, and shapes fixed")                           \
  X(batch, "the network runs more than one sample at once; export it with batch size 1")                   \
  X(rank, "a tensor has a number of axes that is not supported there")                                     \
  X(dynamic_shape, "a tensor's shape is left open in the file: convert with every extent fixed, the batch by batch_size=1") \
  X(shape, "the shapes of an operator's tensors do not fit together")                                      \
  X(too_large, "a tensor, or all of them together, has more elements than Inlay can address")              \
  X(too_many, "the network has more operators, or operands of them, than Inlay can address")                \
  X(operands, "an operator has the wrong number of inputs or outputs")                                     \
  X(option, "an operator has an option that is not supported")                                             \
  X(quantization, "an operator's scales or zero points are not those that the reference demands")          \
  X(no_input_or_output, "the network has no input, no output, or an output that it does not compute")

// clang-format on

/// The reasons; sentence() says each in words.
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
  const char* rule = "";        // what is demanded, where the reason does not say it

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

/// A line of text, kept without a heap: what does not fit is left out.
class error_text {
 public:
  constexpr error_text() = default;
  /// What an error says by itself; explain() in refusal_text.hpp says more, with the model's bytes at hand.
  constexpr explicit error_text(const error& e) {
    append_operator(e);
    append(sentence(e.reason));
    if (*e.rule != 0) {
      append(": ");
      append(e.rule);
    }
    if (e.tensor >= 0) {
      append("; tensor ");
      append(e.tensor);
    }
    append_numbers(e);
  }

  constexpr std::string_view view() const { return {text, length}; }

  constexpr void append(char c) {
    if (length < sizeof(text)) text[length++] = c;
  }
  constexpr void append(std::string_view s) {
    for (char c : s) append(c);
  }
  constexpr void append_upper(std::string_view s) {
    for (char c : s) append(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  template <std::signed_integral Integer>
  constexpr void append(Integer value) {
    if (value < 0) append('-');
    if (value / 10 != 0) append(value / 10 < 0 ? -(value / 10) : value / 10);
    const auto last = static_cast<int>(value % 10);
    append(static_cast<char>('0' + (last < 0 ? -last : last)));
  }
  /// Six digits that count.
  constexpr void append(double value) {
    if (!(value <= 3.5e38 && value >= -3.5e38)) return append("not a number");
    if (value < 0) append('-');
    double size = value < 0 ? -value : value;
    int power = 0;
    for (; size >= 10; ++power) size /= 10;
    for (; size > 0 && size < 1; --power) size *= 10;
    auto digits = static_cast<std::int64_t>(size * 100000 + 0.5);
    if (digits == 1000000) {
      digits = 100000;
      ++power;
    }
    char shown[6]{};
    for (int i = 5; i >= 0; --i, digits /= 10) shown[i] = static_cast<char>('0' + digits % 10);
    int count = 6;
    while (count > 1 && shown[count - 1] == '0') --count;
    // 0.00390625, 12.5; far from 1, 3.90625e-12.
    const bool plain = power >= -6 && power < 6;
    const int whole = plain ? power + 1 : 1;
    if (whole <= 0) append("0.");
    for (int i = whole; i < 0; ++i) append('0');
    for (int i = 0; i < (count > whole ? count : whole); ++i) {
      if (i == whole && whole > 0) append('.');
      append(i < count ? shown[i] : '0');
    }
    if (plain) return;
    append('e');
    append(power);
  }
  /// Not for the members above: clang needs their functions before it makes this one.
  template <typename First, typename Second, typename... More>
  constexpr void append(const First& first, const Second& second, const More&... more) {
    append(first);
    append(second);
    (append(more), ...);
  }

  constexpr void append_operator(std::int32_t index, tflite_operator op) {
    append("operator ");
    append(index);
    if (static_cast<std::int32_t>(op) < 0) return;
    append(" (");
    append_upper(name(op));
    append(')');
  }
  constexpr void append_operator(const error& e) {
    if (e.operator_index < 0) return;
    append_operator(e.operator_index, e.op);
    append(": ");
  }
  constexpr void append_numbers(const error& e) {
    const bool types = e.reason == refusal::unsupported_type;
    const auto number = [&](std::int32_t value) {
      types ? append(name(static_cast<element_type>(value))) : append(value);
    };
    if (e.found >= 0) {
      append("; found ");
      number(e.found);
    }
    if (e.supported >= 0) {
      append(e.found >= 0 ? ", needed " : "; needed ");
      number(e.supported);
    }
  }

  // Public, so that a compiler prints them.
  char text[800]{};
  std::size_t length = 0;
};

#undef INLAY_REFUSALS

namespace detail {

/// Where part number `part` of a text begins. Parts are as long as a compiler prints them, and end behind a blank
/// where they can.
constexpr std::size_t begin_of_part(std::string_view text, std::size_t part) {
  std::size_t at = 0;
  for (; part > 0 && at < text.size(); --part) {
    std::size_t end = at + INLAY_LONGEST_PRINTED;
    if (end >= text.size()) return text.size();
    while (end > at && text[end - 1] != ' ') --end;
    at = end > at ? end : at + INLAY_LONGEST_PRINTED;
  }
  return at;
}
constexpr std::size_t count_parts(std::string_view text) {
  std::size_t count = 0;
  while (begin_of_part(text, count) < text.size()) ++count;
  return count;
}

}  // namespace detail

/// Some of a text as an argument of a template. Compilers print it as text where it fills the array.
template <std::size_t Size>
struct words {
  char text[Size + 1]{};
};

/// There is no such type: a compiler prints why a model is refused as it says so. A static_assert would do, but takes
/// no text that is made by the program, such as the names of tensors.
template <auto... Why>
struct model_refused;

namespace detail {

template <const auto& Text, std::size_t Part>
constexpr auto printed_part() {
  constexpr std::size_t begin = begin_of_part(Text.view(), Part), size = begin_of_part(Text.view(), Part + 1) - begin;
  words<size> part;
  // clang prints a text only if the zero behind it has been written, too.
  for (std::size_t i = 0; i <= size; ++i) part.text[i] = i < size ? Text.text[begin + i] : '\0';
  return part;
}

/// Does not compile, and says why.
template <const auto& Text, template <auto...> typename Refused = model_refused,
          typename = std::make_index_sequence<count_parts(Text.view())>>
struct refuse_model;
template <const auto& Text, template <auto...> typename Refused, std::size_t... Part>
struct refuse_model<Text, Refused, std::index_sequence<Part...>> : Refused<printed_part<Text, Part>()...> {};

}  // namespace detail

}  // namespace inlay
