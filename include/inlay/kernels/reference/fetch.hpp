// Inlay: asks the caller for pixels.
#pragma once

#include <inlay/kernels/fixed_point.hpp>
#include <inlay/kernels/kernel.hpp>
#include <inlay/kernels/reference/lookup.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace inlay::inline INLAY_ABI::detail {

/// Where a source puts floats: assigning to an element quantises it.
class quantizing_span {
 public:
  using parameters = reference_kernel<layer_kind::quantize>::parameters;
  class element {
   public:
    constexpr element(std::int8_t& stored, const parameters& p) : stored_(stored), parameters_(p) {}
    constexpr const element& operator=(float real) const {
      stored_ = quantized(real, parameters_.scale, parameters_.zero_point);
      return *this;
    }

   private:
    std::int8_t& stored_;
    const parameters& parameters_;
  };

  constexpr quantizing_span(std::int8_t* data, std::size_t size, const parameters& p)
      : data_(data), size_(size), parameters_(p) {}
  constexpr std::size_t size() const { return size_; }
  constexpr element operator[](std::size_t i) const { return {data_[i], parameters_}; }

 private:
  std::int8_t* data_;
  std::size_t size_;
  parameters parameters_;
};

/// Where a source puts the elements of a row of an input of this type.
template <element_type Type>
using source_destination =
    std::conditional_t<Type == element_type::float32, quantizing_span, std::span<element_of<Type>>>;

/// Calls a source for each row of a region.
template <>
struct reference_kernel<layer_kind::fetch> : no_table {
  using parameters = quantizing_span::parameters;

  static constexpr parameters prepare(graph_view g, const layer& l) {
    const tensor& out = g.output_of(l);
    return {out.extents.channels(), out.quant.scale, out.quant.zero_point};
  }

  template <element_type Type, typename Source>
  static constexpr void run(const parameters& p, const map_view<std::int8_t>& output, const region& r, Source& source) {
    const auto size = static_cast<std::size_t>((r.end_column - r.first_column) * p.channels);
    for (std::int32_t y = r.first_row; y < r.end_row; ++y) {
      const region row{y, y + 1, r.first_column, r.end_column};
      std::int8_t* pixels = output.pixel(y, r.first_column);
      if constexpr (Type == element_type::float32)
        source(row, quantizing_span(pixels, size, p));
      else if constexpr (Type == element_type::uint8)
        source(row, std::span<std::uint8_t>(reinterpret_cast<std::uint8_t*>(pixels), size));
      else
        source(row, std::span<std::int8_t>(pixels, size));
    }
  }
};

}  // namespace inlay::detail
