// Inlay: where the taps of a depthwise convolution's pixels are in a map.
#pragma once

#include <inlay/kernels/vector/lanes.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace inlay::inline INLAY_ABI::detail {

/// Most taps and columns of a kernel.
inline constexpr std::int32_t most_taps = 64;
inline constexpr std::int32_t most_kernel_columns = 64;

struct depthwise_parameters {
  std::int32_t input_height = 0, input_width = 0;
  std::int32_t channels = 0;
  window2d window{};
  std::int32_t input_zero_point = 0;
  output_range range{};
  std::int32_t together = 1;         // pixels in a block
  std::int32_t columns_at_once = 1;  // output columns that fit the tile

  constexpr std::int32_t taps() const { return window.kernel.height * window.kernel.width; }
};

/// On the stack: bytes that stand for what is around the map.
inline constexpr std::int32_t border_bytes = 1 << 13;

/// Taps of a row's pixels for the first channel, in runs of pixels whose taps are all `step` further from one pixel to
/// the next. Taps that are not in the map are in the border, which is as long as a run reads. Each pixel's are padded
/// to a multiple of Depth.
template <std::int32_t Depth>
class pixel_taps {
 public:
  pixel_taps(const depthwise_parameters& p, const map_view<const std::int8_t>& input, const region& r,
             std::int8_t* border)
      : p_(p),
        input_(input),
        border_(border),
        first_column_(r.first_column),
        end_column_(r.end_column),
        pitch_(round_up(p.taps(), Depth)),
        step_(p.window.stride.width * input.pixel_pitch) {
    const window2d& w = p.window;
    const std::int32_t room = p.input_width + w.padding.left - dilated_extent(w.kernel.width, w.dilation.width);
    inner_first_ = (w.padding.left + w.stride.width - 1) / w.stride.width;
    inner_end_ = room < 0 ? 0 : room / w.stride.width + 1;
    if (end_column_ < inner_end_) inner_end_ = end_column_;
    const std::int32_t fitting = (border_bytes - p.channels) / step_ + 1, columns = end_column_ - first_column_;
    most_pixels_ = fitting < columns ? fitting : columns;
    const std::int32_t last_row =
        (r.end_row - 1) * w.stride.height - w.padding.top + dilated_extent(w.kernel.height, w.dilation.height) - 1;
    const bool whole = r.first_row * w.stride.height >= w.padding.top && last_row < p.input_height;
    const std::int32_t read = (whole ? 0 : (most_pixels_ - 1) * step_) + p.channels;
    std::memset(border, p.input_zero_point, static_cast<std::size_t>(read));
  }

  void begin_row(std::int32_t y) {
    const window2d& w = p_.window;
    whole_ = true;
    for (std::int32_t ky = 0; ky < w.kernel.height; ++ky) {
      const std::int32_t row = y * w.stride.height - w.padding.top + ky * w.dilation.height;
      const bool inside = row >= 0 && row < p_.input_height;
      rows_[ky] = inside ? input_.pixel(row, input_.first_column) : nullptr;
      whole_ = whole_ && inside;
    }
    runs_ = 0;
    first_[0] = first_column_;
  }

  /// Finds some more runs of the row, if there are any.
  bool find() {
    std::int32_t x = first_[runs_];
    for (runs_ = 0; x < end_column_ && runs_ < most_runs && (runs_ + 1) * pitch_ <= most; first_[++runs_] = x) {
      find(x, taps_ + runs_ * pitch_);
      first_[runs_] = x;
      const bool inside = x >= inner_first_ && x < inner_end_;
      x = !inside ? x + 1 : whole_ || inner_end_ - x < most_pixels_ ? inner_end_ : x + most_pixels_;
    }
    return runs_ > 0;
  }

  std::int32_t runs() const { return runs_; }
  std::int32_t first_pixel(std::int32_t run) const { return first_[run]; }
  std::int32_t pixels(std::int32_t run) const { return first_[run + 1] - first_[run]; }
  const std::int8_t* const* of(std::int32_t run) const { return taps_ + run * pitch_; }
  std::int32_t step() const { return step_; }

 private:
  static constexpr std::int32_t most = 256, most_runs = 16;  // at a time

  void find(std::int32_t x, const std::int8_t** to) const {
    const window2d& w = p_.window;
    const std::int8_t** const end = to + pitch_;
    for (std::int32_t ky = 0; ky < w.kernel.height; ++ky) {
      std::int32_t column = x * w.stride.width - w.padding.left;
      std::int32_t at = (column - input_.first_column) * input_.pixel_pitch;
      for (std::int32_t kx = 0; kx < w.kernel.width; ++kx, column += w.dilation.width) {
        *to++ = rows_[ky] == nullptr || column < 0 || column >= p_.input_width ? border_ : rows_[ky] + at;
        at += w.dilation.width * input_.pixel_pitch;
      }
    }
    while (to < end) *to++ = border_;
  }

  const depthwise_parameters& p_;
  const map_view<const std::int8_t>& input_;
  const std::int8_t* border_;
  std::int32_t first_column_, end_column_, pitch_, step_;
  std::int32_t inner_first_ = 0, inner_end_ = 0;  // columns whose windows are inside
  std::int32_t most_pixels_ = 0;                  // of a run that reads the border
  bool whole_ = true;
  std::int32_t runs_ = 0;
  std::int32_t first_[most_runs + 1];
  const std::int8_t* rows_[most_taps];
  const std::int8_t* taps_[most];
};

}  // namespace inlay::detail
