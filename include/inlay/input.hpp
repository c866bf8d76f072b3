// Inlay: a network's inputs: what the model says of them, and what run() takes for them.
#pragma once

#include <inlay/kernels/reference/lookup.hpp>
#include <inlay/kernels/reference/fetch.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/model.hpp>
#include <inlay/plan/layout.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace inlay::inline INLAY_ABI {

/// One input of a network, as the model describes it: network<…>::input_info.
template <typename Model, std::size_t Index>
class input_info {
  static constexpr const tensor& declared = detail::described<Model>::input_tensor(Index);
  static constexpr bool is_quantized = declared.type != element_type::float32;

 public:
  using value_type = detail::element_of<declared.type>;
  /// The tensor's name in the file; data() ends with a zero. Empty for inlay::sequential.
  static constexpr std::string_view name = detail::io_name<Model, false, Index>();
  /// Extents as the model gives them, outermost first; elements stand with the innermost side by side.
  static constexpr shape extents = declared.extents;
  /// real = scale × (stored − zero_point), for int8 and uint8 inputs.
  static constexpr float scale = declared.quant.scale;
  static constexpr std::int32_t zero_point = declared.quant.zero_point;

  /// Number of elements.
  static constexpr std::size_t size() { return static_cast<std::size_t>(extents.elements()); }

  /// What stands for a real number in an int8 or uint8 input, bit for bit QUANTIZE of the reference: real / scale,
  /// halves rounded away from zero, plus zero_point; what does not fit becomes the lowest or highest value, NaN the
  /// lowest.
  static constexpr value_type quantize(float real) requires is_quantized {
    // The kernel makes int8. uint8 is the same 128 steps higher.
    constexpr std::int32_t steps_higher = declared.type == element_type::uint8 ? 128 : 0;
    const std::int32_t stored = detail::quantized(real, scale, zero_point - steps_higher);
    return static_cast<value_type>(stored + steps_higher);
  }
};

/// An input whose size was checked, or none: network<…>::checked_input. Refers to the buffer.
template <typename Input>
class checked_span {
 public:
  constexpr checked_span() = default;
  constexpr explicit checked_span(Input input) : first_(input.data()) {}

  /// Whether the size is the input's.
  constexpr explicit operator bool() const { return first_ != nullptr; }
  /// What run() takes. Only where the size is right.
  constexpr Input operator*() const { return Input(first_, Input::extent); }

 private:
  typename Input::pointer first_ = nullptr;
};

/// There is no such type: a compiler prints why an argument of run() is refused as it says so, like model_refused.
template <auto... Why>
struct argument_refused;

namespace detail {

/// When an argument's elements are read: in the call, later in a run in steps, or later after its size was checked.
enum class reading : std::uint8_t { in_the_call, in_steps, after_a_check };

/// What an argument of run() is, by its type without const and reference. Here: nothing with elements.
template <typename Given>
struct buffer_type {
  using element = void;
  static constexpr std::size_t size = 0;
};
template <typename Element, std::size_t Size>
struct buffer_type<Element[Size]> {
  using element = std::remove_const_t<Element>;
  static constexpr std::size_t size = Size;
};
template <typename Element, std::size_t Size>
struct buffer_type<std::array<Element, Size>> : buffer_type<Element[Size]> {};
template <typename Element, std::size_t Size>
struct buffer_type<std::span<Element, Size>> {
  using element = std::remove_const_t<Element>;
  static constexpr std::size_t size = Size;
};
/// Of a size that is known when the program runs, unless the type has it: the output of another network has.
template <typename Given>
requires requires(const Given& given) { given.data(), given.size(); }
struct buffer_type<Given> {
  using element = std::remove_cvref_t<decltype(*std::declval<const Given&>().data())>;
  static constexpr std::size_t size = [] {
    if constexpr (requires { typename std::integral_constant<std::size_t, Given::size()>; })
      return Given::size();
    else
      return std::dynamic_extent;
  }();
};

/// Why an argument cannot be read as an input of Needed elements.
enum class misfit : std::uint8_t {
  none,
  no_buffer,
  pointer,
  temporary,
  nested,
  uint8_for_int8,
  int8_for_uint8,
  float_for_integer,
  integer_for_float,
  element,
  unknown_size,
  size,
};

// Written so that arguments that fit instantiate little.
template <typename Given, typename Element, std::size_t Needed, reading When>
constexpr misfit find_misfit() {
  using type = std::remove_cvref_t<Given>;
  if constexpr (std::is_convertible_v<std::remove_reference_t<Given>&, std::span<const Element, Needed>>) {
    // What a reference names is still there after the call, and so is what a view refers to.
    if constexpr (When == reading::in_the_call || std::is_lvalue_reference_v<Given>)
      return misfit::none;
    else
      return std::ranges::enable_borrowed_range<type> ? misfit::none : misfit::temporary;
  } else if constexpr (std::is_pointer_v<type>) {
    return misfit::pointer;
  } else {
    using given = typename buffer_type<type>::element;
    if constexpr (std::is_void_v<given>)
      return misfit::no_buffer;
    else if constexpr (std::is_array_v<given>)
      return misfit::nested;
    else if constexpr (std::is_same_v<given, std::uint8_t> && std::is_same_v<Element, std::int8_t>)
      return misfit::uint8_for_int8;
    else if constexpr (std::is_same_v<given, std::int8_t> && std::is_same_v<Element, std::uint8_t>)
      return misfit::int8_for_uint8;
    else if constexpr (std::is_floating_point_v<given> && !std::is_same_v<Element, float>)
      return misfit::float_for_integer;
    else if constexpr (std::is_integral_v<given> && std::is_same_v<Element, float>)
      return misfit::integer_for_float;
    else if constexpr (!std::is_same_v<given, Element>)
      return misfit::element;
    else if constexpr (buffer_type<type>::size != std::dynamic_extent)
      return misfit::size;
    else if constexpr (When != reading::after_a_check)
      return misfit::unknown_size;
    else
      return std::is_lvalue_reference_v<Given> || std::ranges::enable_borrowed_range<type> ? misfit::none
                                                                                           : misfit::temporary;
  }
}

/// Says how many elements a buffer has and how many it should.
template <std::size_t Given, std::size_t Needed>
inline constexpr error_text other_size = [] {
  error_text text;
  text.append("the buffer has ", static_cast<std::int64_t>(Given));
  text.append(" elements, the input ", static_cast<std::int64_t>(Needed));
  return text;
}();

/// Named in the static_asserts about arguments, so that types and numbers are printed.
template <typename GivenElement, typename NeededElement>
concept same_elements = std::is_same_v<GivenElement, NeededElement>;
template <std::size_t GivenInputs, std::size_t NeededInputs>
concept as_many_inputs = GivenInputs == NeededInputs;

/// False, once it is known for what.
template <typename...>
inline constexpr bool never = false;

/// Does not compile for an argument that does not fit, with one sentence.
template <misfit Why, typename Given, typename Element, std::size_t Needed>
constexpr void refuse_buffer() {
  using given = typename buffer_type<std::remove_cvref_t<Given>>::element;
  if constexpr (Why == misfit::no_buffer)
    static_assert(never<Given>,
                  "Inlay: an input is a buffer: an array, a std::array or a std::span of the input's size and type; a "
                  "callable, too, for network<inlay::sourced<model>>");
  else if constexpr (Why == misfit::pointer)
    static_assert(never<Given>,
                  "Inlay: a pointer does not say how many elements it points to: write "
                  "network::unchecked_input(pointer) where there are as many as the input has");
  else if constexpr (Why == misfit::temporary)
    static_assert(never<Given>,
                  "Inlay: a temporary buffer is gone before the network reads it: give the buffer a name");
  else if constexpr (Why == misfit::nested)
    static_assert(never<Given>,
                  "Inlay: the buffer is an array of arrays: write network::unchecked_input(&buffer[0][0]), with as "
                  "many [0] as it has extents");
  else if constexpr (Why == misfit::uint8_for_int8)
    static_assert(same_elements<given, Element>,
                  "Inlay: the buffer holds uint8, the input int8: store each pixel as pixel - 128 if the input's zero "
                  "point is -128 and its scale 1/255, else as network::input_info<I>::quantize(real)");
  else if constexpr (Why == misfit::int8_for_uint8)
    static_assert(same_elements<given, Element>,
                  "Inlay: the buffer holds int8, the input uint8: store pixels from 0 to 255, or each number as "
                  "network::input_info<I>::quantize(real)");
  else if constexpr (Why == misfit::float_for_integer)
    static_assert(same_elements<given, Element>,
                  "Inlay: the buffer holds real numbers, the input 8-bit integers: store each as "
                  "network::input_info<I>::quantize(real)");
  else if constexpr (Why == misfit::integer_for_float)
    static_assert(same_elements<given, Element>,
                  "Inlay: the buffer holds integers, the input floats: store the real numbers that the model was made "
                  "for");
  else if constexpr (Why == misfit::element)
    static_assert(same_elements<given, Element>,
                  "Inlay: the buffer's elements are not of the input's type, network::input_info<I>::value_type");
  else if constexpr (Why == misfit::unknown_size)
    static_assert(never<Given>,
                  "Inlay: how many elements this buffer has is known only when the program runs: write "
                  "network::checked_input(buffer), which is false where the size is wrong");
  else if constexpr (Why == misfit::size)
    static_assert(
        sizeof(refuse_model<other_size<buffer_type<std::remove_cvref_t<Given>>::size, Needed>, argument_refused>) > 0);
}

}  // namespace detail
}  // namespace inlay
