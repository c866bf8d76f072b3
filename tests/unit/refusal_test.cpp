// What a refusal says: for each, the words that a reader needs.
#include <inlay/report.hpp>

#include "written_model.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using inlay::element_type;
using inlay::tflite_operator;
using inlay_tests::write_model;

std::string refusal_of(std::vector<char> file) {
  const inlay::loaded_model model(std::move(file));
  return std::string(inlay::explain(model.refused(), model.file().data(), model.file().size()).view());
}

void check_words(const std::string& said, std::initializer_list<const char*> words) {
  for (const char* word : words) CHECK_MESSAGE(said.find(word) != std::string::npos, said, " has no ", word);
}

template <typename... Parts>
constexpr bool is_written(std::string_view expected, const Parts&... parts) {
  inlay::error_text text;
  (text.append(parts), ...);
  return text.view() == expected;
}

}  // namespace

TEST_CASE("refusal: numbers in words") {
  static_assert(is_written("0 7 -12 -2147483648", 0, ' ', 7, ' ', -12, ' ', std::numeric_limits<std::int32_t>::min()));
  static_assert(is_written("-9223372036854775808", std::numeric_limits<std::int64_t>::min()));
  static_assert(is_written("0 1 -1 10 12.5 100 123457", 0.0, ' ', 1.0, ' ', -1.0, ' ', 10.0, ' ', 12.5, ' ', 100.0, ' ',
                           123456.7));
  static_assert(is_written("0.00390625 0.1 0.0235294", 1.0 / 256, ' ', 0.1, ' ', 0.02352941));
  static_assert(is_written("3.90625e-12 1e9 1e6", 3.90625e-12, ' ', 1e9, ' ', 999999.7));
  CHECK(is_written("not a number", std::numeric_limits<double>::quiet_NaN()));
  CHECK(is_written("not a number", std::numeric_limits<double>::infinity()));
}

TEST_CASE("refusal: text that is too long ends where it must") {
  inlay::error_text text;
  for (int i = 0; i < 1000; ++i) text.append("words ");
  CHECK(text.view().size() == sizeof text.text);
}

TEST_CASE("refusal: parts of a text are all of it") {
  constexpr std::string_view said =
      "operator 3 (CONV_2D): anextremelylongwordwithoutanyblanksthatmustbecutsomewhere end";
  std::size_t at = 0;
  for (std::size_t part = 0; part < inlay::detail::count_parts(said); ++part) {
    CHECK(inlay::detail::begin_of_part(said, part) == at);
    at = inlay::detail::begin_of_part(said, part + 1);
  }
  CHECK(at == said.size());
}

TEST_CASE("refusal: all operators that are not supported, and what helps") {
  using enum tflite_operator;
  const std::string said = refusal_of(
      write_model({{{1, 4}}, {{1, 4}}, {{1, 4}}, {{1, 4}}, {{1, 4}}},
                  {{floor, {0}, {1}, {}}, {relu, {1}, {2}, {}}, {svdf, {2}, {3}, {}}, {cos, {3}, {4}, {}, 7}}, {4}));
  check_words(said,
              {"FLOOR (operator 0)", "SVDF (operator 2)", "COS (operators 3, 4, 5, 6 and 3 more)", "manual", "unroll"});
  CHECK(said.find("RELU") == std::string::npos);
}

TEST_CASE("refusal: an island of floats says where it is") {
  using enum tflite_operator;
  check_words(
      refusal_of(write_model({{{1, 4}, 0, element_type::int8},
                              {{1, 4}, 0, element_type::float32, "network/before"},
                              {{1, 4}, 0, element_type::float32, "network/middle"},
                              {{1, 4}, 0, element_type::int8}},
                             {{dequantize, {0}, {1}, {}}, {tanh, {1}, {2}, {}}, {quantize, {2}, {3}, {}}}, {3})),
      {"operator 1 (TANH)", "computes in float, between operators that compute in int8", "network/before",
       "float32 [1,4]", "made by operator 0 (DEQUANTIZE)", "TFLITE_BUILTINS_INT8"});
}

TEST_CASE("refusal: a network of floats is to be quantised, one of float16 weights as well") {
  using enum tflite_operator;
  const std::vector<inlay_tests::written_operator> operators{{tanh, {0}, {1}, {}}};
  const std::string plain =
      refusal_of(write_model({{{1, 4}, 0, element_type::float32}, {{1, 4}, 0, element_type::float32}}, operators, {1}));
  check_words(plain, {"operator 0 (TANH)", "computes in float", "representative_dataset"});
  CHECK(plain.find("float16") == std::string::npos);
  check_words(
      refusal_of(write_model(
          {{{1, 4}, 0, element_type::float32}, {{1, 4}, 0, element_type::float32}, {{4}, 8, element_type::float16}},
          operators, {1})),
      {"float16", "activations must be int8"});
}

TEST_CASE("refusal: a batch that is left open") {
  check_words(refusal_of(write_model({{{~0u, 4}, 0, element_type::int8, "images"}, {{1, 4}}},
                                     {{tflite_operator::relu, {0}, {1}, {}}}, {1})),
              {"tensor 0, images, int8 [-1,4]", "left open", "batch_size=1"});
  // Where the file has the shape of one batch and says that it may be another.
  check_words(refusal_of(write_model({{{2, 4}, 0, element_type::int8, "images", {~0u, 4}}, {{1, 4}}},
                                     {{tflite_operator::relu, {0}, {1}, {}}}, {1})),
              {"operator 0 (RELU)", "tensor 1", "left open in the file: convert with batch_size=1"});
}

TEST_CASE("refusal: a softmax whose scale the reference cannot take") {
  check_words(refusal_of(write_model({{{1, 4}}, {{1, 4}, 0, element_type::int8, "probabilities"}},
                                     {{tflite_operator::softmax, {0}, {1}, {0x3f800000}}}, {1})),
              {"operator 0 (SOFTMAX)", "its scale must be 1/256 and its zero point -128",
               "tensor 1, probabilities, int8 [1,4], scale 1, zero point 0"});
}

TEST_CASE("refusal: 16 bits, and names that are not text") {
  check_words(refusal_of(write_model({{{1, 4}, 0, element_type::int16, "a\nb"}, {{1, 4}, 0, element_type::int16}},
                                     {{tflite_operator::relu, {0}, {1}, {}}}, {1})),
              {"16-bit activations", "int16 [1,4]", "a?b", "TFLITE_BUILTINS_INT8"});
}

TEST_CASE("refusal: of a file that is no model") {
  CHECK(refusal_of({'n', 'o', 'n', 'e', ' ', 'o', 'f', ' ', 'i', 't'}) ==
        "this is not a .tflite file: bytes 4 to 7 are not TFL3");
}
