// Inlay: shapes of tensors and the windows that slide over them.
#pragma once

#include <inlay/config.hpp>

#include <array>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

/// Most axes a tensor can have.
inline constexpr int max_rank = 6;

/// The extent of a tensor along each of its axes, outermost first. Rank 0 is a scalar.
///
/// The planner asks for extents more often than for anything else, and compilers bound the calls of a constant
/// expression: functions here do without other functions.
struct shape {
  int rank = 0;
  std::int32_t extents[max_rank]{};

  constexpr std::int32_t operator[](int axis) const { return extents[axis]; }
  constexpr std::int32_t& operator[](int axis) { return extents[axis]; }

  /// Number of elements. The importer bounds it, so that it fits.
  constexpr std::int32_t elements() const {
    std::int32_t product = 1;
    for (int axis = 0; axis < rank; ++axis) product *= extents[axis];
    return product;
  }

  /// The extent counted from the innermost axis; 1 where the shape has no such axis. A tensor of fewer
  /// than four axes is read as if it had leading axes of extent 1, as TensorFlow Lite does.
  constexpr std::int32_t from_innermost(int position) const {
    return position < rank ? extents[rank - 1 - position] : 1;
  }
  constexpr std::int32_t channels() const { return rank > 0 ? extents[rank - 1] : 1; }
  constexpr std::int32_t width() const { return rank > 1 ? extents[rank - 2] : 1; }
  constexpr std::int32_t height() const { return rank > 2 ? extents[rank - 3] : 1; }

  friend constexpr bool operator==(const shape& a, const shape& b) {
    if (a.rank != b.rank) return false;
    for (int axis = 0; axis < a.rank; ++axis)
      if (a[axis] != b[axis]) return false;
    return true;
  }
};

namespace detail {

/// Rows of a map: its height, times the axes before the height, which stand one after another in memory.
constexpr std::int32_t map_rows(const shape& s) {
  std::int32_t rows = 1;
  for (int axis = 0; axis < s.rank - 2; ++axis) rows *= s.extents[axis];
  return rows;
}

/// Elements between neighbours along each axis of a dense tensor.
constexpr std::array<std::int32_t, max_rank> dense_strides(const shape& s) {
  std::array<std::int32_t, max_rank> strides{};
  std::int32_t stride = 1;
  for (int axis = s.rank - 1; axis >= 0; --axis) {
    strides[static_cast<std::size_t>(axis)] = stride;
    stride *= s[axis];
  }
  return strides;
}

/// Input pixels that a dilated kernel spans along one axis.
constexpr std::int32_t dilated_extent(std::int32_t kernel, std::int32_t dilation) {
  return (kernel - 1) * dilation + 1;
}

/// Padding before and after one axis so that the output has ceil(input / stride) pixels: TensorFlow's
/// SAME, whose odd pixel goes after.
struct same_padding {
  std::int32_t before = 0;
  std::int32_t after = 0;
};

constexpr same_padding pad_to_same(std::int32_t input, std::int32_t kernel, std::int32_t stride,
                                   std::int32_t dilation) {
  const std::int32_t output = (input + stride - 1) / stride;
  const std::int32_t needed = (output - 1) * stride + dilated_extent(kernel, dilation) - input;
  const std::int32_t total = needed > 0 ? needed : 0;
  return {total / 2, total - total / 2};
}

/// Output pixels of a window along one axis; 0 where the padded input is smaller than the kernel.
constexpr std::int32_t window_output(std::int32_t input, std::int32_t before, std::int32_t after, std::int32_t kernel,
                                     std::int32_t stride, std::int32_t dilation) {
  const std::int32_t room = input + before + after - dilated_extent(kernel, dilation);
  return room < 0 ? 0 : room / stride + 1;
}

}  // namespace detail

/// A height and a width, in pixels.
struct extent2d {
  std::int32_t height = 1;
  std::int32_t width = 1;
  friend constexpr bool operator==(const extent2d&, const extent2d&) = default;
};

/// Pixels of zero point added around a map.
struct padding2d {
  std::int32_t top = 0;
  std::int32_t left = 0;
  std::int32_t bottom = 0;
  std::int32_t right = 0;
  friend constexpr bool operator==(const padding2d&, const padding2d&) = default;
};

/// What a convolution or a pool slides over its input.
struct window2d {
  extent2d kernel{};
  extent2d stride{};
  extent2d dilation{};
  padding2d padding{};
  friend constexpr bool operator==(const window2d&, const window2d&) = default;
};

}  // namespace inlay
