// Inlay: some columns and channels of an input map as elements, with the border around it.
#pragma once

#include <inlay/kernels/vector/lanes.hpp>

namespace inlay::inline INLAY_ABI::detail {

/// On the stack.
inline constexpr std::int32_t tile_bytes = 1 << 15;

/// Rows of a map in a ring on the stack. Columns stand phase by phase: with two phases the even ones, then the odd
/// ones, so that what a stride of two reads is side by side.
template <typename V>
class input_tile {
 public:
  using element = typename V::element;

  /// What the tile shows: columns first … end − 1, of which the map may have none. Those that are in memory may end
  /// there, too.
  struct columns {
    std::int32_t first = 0, end = 0, phases = 1;
    std::int32_t first_channel = 0, channels = 0;

    constexpr std::int32_t phase_columns() const { return (end - first + phases - 1) / phases; }
  };

  /// For output columns first … end − 1.
  static constexpr columns columns_of(const window2d& w, std::int32_t first, std::int32_t end, std::int32_t phases,
                                      std::int32_t first_channel, std::int32_t channels) {
    const std::int32_t left = first * w.stride.width - w.padding.left;
    return {left, left + (end - 1 - first) * w.stride.width + dilated_extent(w.kernel.width, w.dilation.width), phases,
            first_channel, channels};
  }
  /// Rows in the ring: those of a kernel, and those that the kernel's next place needs. They are copied early, since
  /// reading what has just been stored is slow.
  static constexpr std::int32_t ring_rows(const window2d& w) {
    return dilated_extent(w.kernel.height, w.dilation.height) + w.stride.height;
  }

  input_tile(const window2d& w, extent2d map, std::int32_t zero_point, const map_view<const std::int8_t>& input,
             columns c, std::int32_t first_output_row, element* memory)
      : w_(w),
        rows_in_map_(map.height),
        end_column_(map.width < c.end ? map.width : c.end),
        border_(static_cast<element>(zero_point + V::element_offset)),
        input_(input),
        c_(c),
        phase_columns_(c.phase_columns()),
        row_pitch_(c.phases * phase_columns_ * c.channels),
        rows_(ring_rows(w)),
        copied_(first_output_row * w.stride.height - w.padding.top),
        // Rows above the map are negative.
        ring_start_(copied_ / rows_ * rows_ - rows_),
        memory_(memory) {}

  /// Copies the rows that an output row needs.
  void make(std::int32_t output_row) {
    const std::int32_t top = output_row * w_.stride.height - w_.padding.top;
    const std::int32_t end = top + dilated_extent(w_.kernel.height, w_.dilation.height);
    if (copied_ < top) copied_ = top;
    for (; copied_ < end; ++copied_) copy(copied_);
  }

  element* row(std::int32_t input_row) const { return memory_ + (input_row - ring_start_) % rows_ * row_pitch_; }

 private:
  INLAY_NEVER_INLINE void copy(std::int32_t y) {
    element* to = row(y);
    if (y < 0 || y >= rows_in_map_) return V::fill(to, border_, row_pitch_);
    const std::int8_t* from = input_.row(y) + c_.first_channel;
    for (std::int32_t phase = 0; phase < c_.phases; ++phase) {
      // Columns of this phase before the map, in it and after it.
      const auto steps = [this](std::int32_t count) {
        return count <= 0 ? 0 : c_.phases == 1 ? count : (count + c_.phases - 1) / c_.phases;
      };
      std::int32_t x = c_.first + phase;
      const std::int32_t before_all = steps(-x);
      const std::int32_t before = before_all < phase_columns_ ? before_all : phase_columns_;
      x += before * c_.phases;
      const std::int32_t inside_all = steps(end_column_ - x);
      const std::int32_t rest = phase_columns_ - before;
      const std::int32_t inside = inside_all < rest ? inside_all : rest;
      V::fill(to, border_, before * c_.channels);
      to += before * c_.channels;
      const std::int8_t* pixel = from + (x - input_.first_column) * input_.pixel_pitch;
      if (c_.phases == 1 && input_.pixel_pitch == c_.channels) {
        typename V::run(inside * c_.channels).copy(to, pixel);
        to += inside * c_.channels;
      } else {
        const typename V::run channels(c_.channels);
        const std::int32_t step = c_.phases * input_.pixel_pitch;
        for (std::int32_t i = 0; i < inside; ++i, to += c_.channels, pixel += step) channels.copy(to, pixel);
      }
      V::fill(to, border_, (rest - inside) * c_.channels);
      to += (rest - inside) * c_.channels;
    }
  }

  const window2d& w_;
  std::int32_t rows_in_map_, end_column_;
  element border_;
  map_view<const std::int8_t> input_;
  columns c_;
  std::int32_t phase_columns_, row_pitch_, rows_, copied_, ring_start_;
  element* memory_;
};

}  // namespace inlay::detail
