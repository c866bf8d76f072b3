// Inlay: what a convolution on vectors multiplies: the patches of a region's pixels, gathered.
#pragma once

#include <inlay/kernels/vector/lanes.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// On the stack: bytes of panels and of patches.
inline constexpr std::int32_t panel_bytes = 1 << 15;
inline constexpr std::int32_t patch_bytes = 1 << 15;
inline constexpr std::int32_t most_pixels = 192;

struct convolution_parameters {
  std::int32_t input_height = 0, input_width = 0, input_channels = 0;
  std::int32_t output_channels = 0;
  window2d window{};
  std::int32_t input_zero_point = 0;
  output_range range{};
  std::int32_t patch = 0;       // products that make a sum
  bool weights_by_tap = false;  // with the channels innermost, as those of DEPTHWISE_CONV_2D

  /// Patches are pixels, one after another.
  constexpr bool reads_pixels() const { return window == window2d{}; }
};

constexpr convolution_parameters prepare_convolution(graph_view g, const layer& l) {
  const tensor& in = g.input_of(l);
  const tensor& out = g.output_of(l);
  const stored_range range = activation_range(l.clamp, out.quant);
  const shape& weights = g.input_of(l, 1).extents;
  return {in.extents.height(),
          in.extents.width(),
          in.extents.channels(),
          out.extents.channels(),
          l.window,
          in.quant.zero_point,
          {range.low, range.high},
          l.kind == layer_kind::depthwise_conv2d ? l.window.kernel.height * l.window.kernel.width
                                                 : weights.elements() / weights[0],
          l.kind == layer_kind::depthwise_conv2d};
}

/// Pixels of the largest block; numbers of pixels that blocks divide, 12 also where one block has more.
inline constexpr std::int32_t most_block_pixels = 16;
inline constexpr std::int32_t whole_blocks = 48, few_whole_blocks = 12;

/// Longest kernel, so that a patch's rows fit an array.
inline constexpr std::int32_t most_kernel_rows = 32;

/// The patches of a region's pixels, one after another.
template <typename V>
class patches {
 public:
  using element = typename V::element;

  patches(const convolution_parameters& p, const map_view<const std::int8_t>& input,
          const map_view<std::int8_t>& output, const region& r)
      : p_(p),
        input_(input),
        output_(output),
        r_(r),
        pixel_(p.input_channels),
        kernel_row_(p.window.kernel.width * p.input_channels),
        y_(r.first_row),
        x_(r.first_column) {
    find_rows();
  }

  /// Writes the patches of the next `count` pixels, padded to whole steps, and where their outputs go.
  void next(element* to, std::int8_t** outputs, std::int32_t count) {
    const window2d& w = p_.window;
    const bool dense = p_.reads_pixels() && p_.patch % V::depth == 0;
    while (count > 0) {
      const std::int32_t rest = r_.end_column - x_;
      const std::int32_t some = rest < count ? rest : count;
      std::int8_t* out = output_row_ + (x_ - output_.first_column) * output_.pixel_pitch;
      for (std::int32_t i = 0; i < some; ++i, out += output_.pixel_pitch) *outputs++ = out;
      if (dense) {
        typename V::run(some * p_.patch).copy(to, rows_[0] + (x_ - input_.first_column) * p_.patch);
        to += some * p_.patch;
      } else {
        std::int32_t x = x_ * w.stride.width - w.padding.left;
        for (std::int32_t i = 0; i < some; ++i, x += w.stride.width) to = patch(to, x);
      }
      count -= some;
      x_ += some;
      if (x_ == r_.end_column) {
        x_ = r_.first_column;
        if (++y_ < r_.end_row) find_rows();
      }
    }
  }

 private:
  void find_rows() {
    const window2d& w = p_.window;
    all_rows_ = true;
    for (std::int32_t ky = 0; ky < w.kernel.height; ++ky) {
      const std::int32_t y = y_ * w.stride.height - w.padding.top + ky * w.dilation.height;
      const bool inside = y >= 0 && y < p_.input_height;
      rows_[ky] = inside ? input_.row(y) : nullptr;
      all_rows_ = all_rows_ && inside;
    }
    output_row_ = output_.row(y_);
  }

  element* patch(element* to, std::int32_t x) {
    const window2d& w = p_.window;
    if (x >= 0 && x + w.kernel.width <= p_.input_width && w.dilation.width == 1 && all_rows_) {
      const std::int32_t at = (x - input_.first_column) * p_.input_channels;
      for (std::int32_t ky = 0; ky < w.kernel.height; ++ky, to += kernel_row_.count())
        kernel_row_.copy(to, rows_[ky] + at);
    } else {
      to = patch_at_border(to, x);
    }
    for (std::int32_t i = p_.patch; i % V::depth != 0; ++i) *to++ = 0;
    return to;
  }

  INLAY_NEVER_INLINE element* patch_at_border(element* to, std::int32_t left) {
    const window2d& w = p_.window;
    const auto border = static_cast<element>(p_.input_zero_point + V::element_offset);
    for (std::int32_t ky = 0; ky < w.kernel.height; ++ky)
      for (std::int32_t kx = 0; kx < w.kernel.width; ++kx, to += p_.input_channels) {
        const std::int32_t x = left + kx * w.dilation.width;
        if (rows_[ky] != nullptr && x >= 0 && x < p_.input_width)
          pixel_.copy(to, rows_[ky] + (x - input_.first_column) * p_.input_channels);
        else
          V::fill(to, border, p_.input_channels);
      }
    return to;
  }

  const convolution_parameters& p_;
  map_view<const std::int8_t> input_;
  map_view<std::int8_t> output_;
  region r_;
  typename V::run pixel_, kernel_row_;
  std::int32_t y_, x_;
  bool all_rows_ = true;
  std::int8_t* output_row_ = nullptr;
  const std::int8_t* rows_[most_kernel_rows];
};

}  // namespace inlay::detail
