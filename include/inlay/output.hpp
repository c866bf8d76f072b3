// Inlay: a network's outputs, as views of its arena.
#pragma once

#include <inlay/model/model.hpp>
#include <inlay/plan/layout.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// Goes over the elements of a view, which are computed as they are read. Random access; valid as long as the view.
template <typename View>
class view_iterator {
 public:
  using value_type = typename View::value_type;
  using difference_type = std::ptrdiff_t;

  constexpr view_iterator() = default;
  constexpr view_iterator(const View& view, difference_type at) : view_(view), at_(at) {}

  constexpr value_type operator*() const { return view_[static_cast<std::size_t>(at_)]; }
  constexpr value_type operator[](difference_type n) const { return view_[static_cast<std::size_t>(at_ + n)]; }

  constexpr view_iterator& operator+=(difference_type n) { return at_ += n, *this; }
  constexpr view_iterator& operator-=(difference_type n) { return at_ -= n, *this; }
  constexpr view_iterator& operator++() { return *this += 1; }
  constexpr view_iterator& operator--() { return *this -= 1; }
  constexpr view_iterator operator++(int) { return {view_, at_++}; }
  constexpr view_iterator operator--(int) { return {view_, at_--}; }

  friend constexpr view_iterator operator+(view_iterator i, difference_type n) { return i += n; }
  friend constexpr view_iterator operator+(difference_type n, view_iterator i) { return i += n; }
  friend constexpr view_iterator operator-(view_iterator i, difference_type n) { return i -= n; }
  friend constexpr difference_type operator-(const view_iterator& a, const view_iterator& b) { return a.at_ - b.at_; }
  friend constexpr bool operator==(const view_iterator& a, const view_iterator& b) { return a.at_ == b.at_; }
  friend constexpr auto operator<=>(const view_iterator& a, const view_iterator& b) { return a.at_ <=> b.at_; }

 private:
  View view_{nullptr};
  difference_type at_ = 0;
};

}  // namespace detail

/// One output of a network: a view of its arena, valid until the next run and as long as the network. Elements have
/// the type that the model declares; float outputs are computed from the int8 map as they are read.
template <typename Model, std::size_t Index>
class output_view {
  static constexpr const tensor& declared = detail::described<Model>::output_tensor(Index);
  static constexpr std::size_t elements = static_cast<std::size_t>(declared.extents.elements());
  static constexpr bool is_stored = declared.type == element_type::int8 || declared.type == element_type::uint8;

 public:
  using value_type = detail::element_of<declared.type>;
  using iterator = detail::view_iterator<output_view>;
  using const_iterator = iterator;

  /// The tensor's name in the file; data() ends with a zero. Empty for inlay::sequential.
  static constexpr std::string_view name = detail::io_name<Model, true, Index>();
  /// Extents as the model gives them, outermost first.
  static constexpr shape extents = declared.extents;
  /// real = scale × (stored − zero_point)
  static constexpr float scale = declared.quant.scale;
  static constexpr std::int32_t zero_point = declared.quant.zero_point;

  constexpr explicit output_view(const std::int8_t* data) : data_(data) {}

  /// Number of elements.
  static constexpr std::size_t size() { return elements; }

  /// Element i in memory order. For float outputs: DEQUANTIZE of the stored value.
  constexpr value_type operator[](std::size_t i) const {
    if constexpr (std::is_same_v<value_type, float>)
      return real(i);
    else if constexpr (std::is_same_v<value_type, std::int32_t>)
      return detail::read_int32(data_, static_cast<std::uint32_t>(4 * i));
    else
      return static_cast<value_type>(data_[i]);
  }

  /// All elements in memory order, by value: with std algorithms, and `for (auto value : output)`.
  constexpr iterator begin() const { return {*this, 0}; }
  constexpr iterator end() const { return {*this, static_cast<std::ptrdiff_t>(elements)}; }

  /// The elements where they stand, size() of them, for int8 and uint8 outputs; others are not stored as they are
  /// declared. Of uint8 not in constant expressions.
  constexpr const value_type* data() const requires is_stored {
    if constexpr (std::is_same_v<value_type, std::int8_t>)
      return data_;
    else
      return reinterpret_cast<const value_type*>(data_);
  }
  constexpr operator std::span<const value_type>() const requires is_stored { return {data(), elements}; }
  constexpr operator std::span<const value_type, elements>() const requires is_stored {
    return std::span<const value_type, elements>(data(), elements);
  }

  /// The real number that element i stands for; int32 outputs are indices and stand for none.
  constexpr float real(std::size_t i) const requires(declared.type != element_type::int32) {
    const std::int32_t stored = declared.type == element_type::uint8 ? static_cast<std::uint8_t>(data_[i]) : data_[i];
    return scale * static_cast<float>(stored - zero_point);
  }

  /// Index of the largest element, the first of several: the class of a classifier.
  constexpr std::size_t largest() const {
    std::size_t best = 0;
    for (std::size_t i = 1; i < size(); ++i)
      if ((*this)[i] > (*this)[best]) best = i;
    return best;
  }

 private:
  const std::int8_t* data_;
};

}  // namespace inlay

/// Its iterators and data outlive the view itself.
template <typename Model, std::size_t Index>
inline constexpr bool std::ranges::enable_borrowed_range<inlay::output_view<Model, Index>> = true;
