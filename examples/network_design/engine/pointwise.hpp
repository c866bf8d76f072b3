// Convolutions as products of matrices: 1x1, and any window over the picture itself.
#pragma once

#include <span>

#include "depthwise.hpp"
#include "gemm.hpp"

namespace engine {

/// Rows of a matrix that are worked on at once, so that they stay in the first caches.
constexpr size block_rows = 64;

class Product {
 public:
  Product(size steps_, size columns_, size weights_at) : steps(steps_), columns(columns_), offset(weights_at) {
    packed.resize(steps / 2 * padded(columns));
    transposed.resize(columns / 2 * padded(steps));
    left.resize(block_rows * steps + lanes);
    right.resize(block_rows * columns + lanes);
    left_pairs.resize(block_rows / 2 * steps);
    right_pairs.resize(block_rows / 2 * padded(columns));
    sums.resize(block_rows * std::max(columns, steps) + lanes);
  }

  void forward(const float* parameters, Map& out, auto values) {
    pack(parameters + offset, steps, columns, false, packed.data());
    blocks(out, [&](size pixel, size rows) {
      const bf16* from = values(pixel, rows, left.data());
      multiply({reinterpret_cast<const pair*>(from), steps / 2, 1}, rows, packed.data(), steps / 2, sums.data(),
               columns);
      out.put(pixel * columns, rows * columns, sums.data());
    });
  }

  void backward(const float* parameters, float* gradients, Map& out, auto values, auto put_gradient) {
    pack(parameters + offset, steps, columns, true, transposed.data());
    blocks(out, [&](size pixel, size rows) {
      out.raw_gradients(pixel * columns, rows * columns, right.data());
      pair_rows(values(pixel, rows, left.data()), rows, steps, left_pairs.data(), steps);
      pair_rows(right.data(), rows, columns, right_pairs.data(), padded(columns));
      multiply({left_pairs.data(), 1, steps}, steps, right_pairs.data(), rows / 2, gradients + offset, columns, true);
      put_gradient(pixel, rows, [&] {
        multiply({reinterpret_cast<const pair*>(right.data()), columns / 2, 1}, rows, transposed.data(), columns / 2,
                 sums.data(), steps);
        return sums.data();
      });
    });
  }

 private:
  static void blocks(const Map& map, auto action) {
    const size all = map.images * map.pixels();
    for (size pixel = 0; pixel < all; pixel += block_rows) action(pixel, std::min(block_rows, all - pixel));
  }

  size steps, columns, offset;
  std::vector<pair> packed, transposed, left_pairs, right_pairs;
  std::vector<bf16> left, right;
  std::vector<float> sums;
};

class Pointwise {
 public:
  Pointwise(Map& from, Map& to, size weights_at) : in(from), out(to), product(in.channels, out.channels, weights_at) {}

  void forward(const float* parameters) { product.forward(parameters, out, Values{in}); }

  void backward(const float* parameters, float* gradients, bool adds) {
    product.backward(parameters, gradients, out, Values{in}, [&](size pixel, size rows, auto sums) {
      in.put_gradient(pixel * in.channels, rows * in.channels, sums(), adds);
    });
  }

 private:
  struct Values {
    const Map& in;
    const bf16* operator()(size pixel, size rows, bf16* buffer) const {
      return in.values(pixel * in.channels, rows * in.channels, buffer);
    }
  };
  Map &in, &out;
  Product product;
};

/// The first layer: its input has no gradient, and as few channels as a picture has.
class First {
 public:
  /// The matrix has rows of zeros to make their number a multiple of eight.
  static constexpr size steps(Window window, size channels) {
    return (window.height * window.width * channels + 7) / 8 * 8;
  }

  First(Map& from, Map& to, Window geometry, size weights_at)
      : in(from), out(to), window(geometry), product(steps(window, in.channels), out.channels, weights_at) {}

  void forward(const float* parameters) { product.forward(parameters, out, Values{in, out, window}); }

  void backward(const float* parameters, float* gradients) {
    product.backward(parameters, gradients, out, Values{in, out, window}, [](size, size, auto) {});
  }

 private:
  /// The pixels below each place of the window, side by side.
  struct Values {
    const Map &in, &out;
    Window window;
    const bf16* operator()(size pixel, size rows, bf16* buffer) const {
      const size count = steps(window, in.channels), row = window.width * in.channels;
      std::memset(buffer, 0, rows * count * sizeof(bf16));
      for (size n = 0; n < rows; ++n, ++pixel) {
        const size image = pixel / out.pixels(), y = pixel / out.width % out.height, x = pixel % out.width;
        for (size ky = 0; ky < window.height; ++ky) {
          const size place = y * window.stride + ky;
          if (place < window.top || place - window.top >= in.height) continue;
          const size left = x * window.stride;
          const size skip = left < window.left ? window.left - left : 0;
          const size end = std::min(window.width, in.width + window.left - left);
          const bf16* from =
              in.raw.data() +
              ((image * in.height + place - window.top) * in.width + left + skip - window.left) * in.channels;
          std::memcpy(buffer + n * count + ky * row + skip * in.channels, from,
                      (end - skip) * in.channels * sizeof(bf16));
        }
      }
      return buffer;
    }
  };
  Map &in, &out;
  Window window;
  Product product;
};

}  // namespace engine
