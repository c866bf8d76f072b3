// Depthwise convolution, forward and back, an image at a time, in rows of floats that are padded already.
#pragma once

#include "map.hpp"

namespace engine {

struct Window {
  size height, width, stride, top, left;
};

/// Rows of an image with room around, the pixels of one phase of the stride side by side: tap k of output pixel x reads
/// phase k % stride at x + k / stride. Whole vectors may be read over the end.
struct Padded {
  size phases = 1, before = 0, row_floats = 0, channels = 0;
  std::vector<float> values;

  void resize(size rows, size pixels, size phase_count, size pixels_before, size depth) {
    phases = phase_count, before = pixels_before, channels = depth;
    row_floats = pixels * depth + 2 * lanes;
    values.assign(rows * phases * row_floats, 0.0F);
  }
  float* row(size y, size phase) { return values.data() + (y * phases + phase) * row_floats; }
  const float* row(size y, size phase) const { return values.data() + (y * phases + phase) * row_floats; }

  void fill(const float* from, size rows, size columns) {
    for (size y = 0; y < rows; ++y) {
      if (phases == 1) {
        std::memcpy(row(y, 0) + before * channels, from + y * columns * channels, columns * channels * sizeof(float));
        continue;
      }
      for (size x = 0; x < columns; ++x) {
        const size place = x + before;
        std::memcpy(row(y, place % phases) + place / phases * channels, from + (y * columns + x) * channels,
                    channels * sizeof(float));
      }
    }
  }
};

/// out[i] += the sum over taps of from[tap][i] * weight[tap][i % period].
template <size Taps>
void add_taps(float* out, size count, size period, const float* const* from, const float* const* weights) {
  for (size j = 0; j < period; j += lanes) {
    floats weight[Taps];
    for (size tap = 0; tap < Taps; ++tap) weight[tap] = load(weights[tap] + j);
    for (size i = j; i < count; i += period) {
      floats sum = load(out + i);
      for (size tap = 0; tap < Taps; ++tap) sum += load(from[tap] + i) * weight[tap];
      store(out + i, sum);
    }
  }
}

/// sums[tap][i % period] += given[i] * from[tap][i]
template <size Taps>
void add_products(const float* given, size count, size period, const float* const* from, float* const* sums) {
  for (size j = 0; j < period; j += lanes) {
    floats sum[Taps]{};
    for (size i = j; i < count; i += period) {
      const floats one = load(given + i);
      for (size tap = 0; tap < Taps; ++tap) sum[tap] += one * load(from[tap] + i);
    }
    for (size tap = 0; tap < Taps; ++tap) store(sums[tap] + j, load(sums[tap] + j) + sum[tap]);
  }
}

/// Calls with as many of the taps at once as there are registers for.
template <class Call>
void by_taps(size taps, Call call) {
  for (size tap = 0; tap < taps;) {
    const size left = taps - tap;
    if (left >= 5) {
      call.template operator()<5>(tap), tap += 5;
    } else if (left >= 3) {
      call.template operator()<3>(tap), tap += 3;
    } else {
      call.template operator()<1>(tap), tap += 1;
    }
  }
}

class Depthwise {
 public:
  Depthwise(Map& from, Map& to, Window geometry, size weights_at)
      : in(from),
        out(to),
        window(geometry),
        offset(weights_at),
        period(from.channels % lanes == 0 ? from.channels : 2 * from.channels) {
    const size columns = std::max(out.width + (window.width - 1) / window.stride,
                                  (in.width + window.left + window.stride - 1) / window.stride);
    read.resize(in.height, columns + 1, window.stride, window.left, in.channels);
    // A gradient reaches as many pixels back as the window has behind its first.
    reach = (window.width - 1) / window.stride;
    given.resize(out.height, columns + 2 * reach + 1, 1, reach, in.channels);
    whole.resize(std::max(in.per_image(), out.per_image()) + 2 * lanes);
    piece.resize((columns + 1) * in.channels + 2 * lanes);
    weights.resize(taps() * period);
    sums.resize(taps() * period);
  }

  void forward(const float* parameters) {
    for (size tap = 0; tap < taps(); ++tap) {
      for (size c = 0; c < period; ++c) {
        weights[tap * period + c] = parameters[offset + tap * in.channels + c % in.channels];
      }
    }
    for (size image = 0; image < in.images; ++image) {
      load_values(image);
      std::fill(whole.begin(), whole.end(), 0.0F);
      const size row = out.width * out.channels;
      for (size y = 0; y < out.height; ++y) {
        // A row may write half a vector into the next, which has to be zero when it begins.
        float* to = whole.data() + y * row;
        rows_of(y, [&](size ky, size from_y) {
          taps_of(ky, from_y, [&]<size N>(auto... a) { add_taps<N>(to, row, period, a...); });
        });
        if (row % lanes != 0) std::memset(to + row, 0, lanes / 2 * sizeof(float));
      }
      out.put(image * out.per_image(), out.per_image(), whole.data());
    }
  }

  void backward(float* gradients, bool adds) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (size image = 0; image < in.images; ++image) {
      load_values(image);
      out.raw_gradients(image * out.per_image(), out.per_image(), whole.data());
      given.fill(whole.data(), out.height, out.width);
      const size row = out.width * out.channels;
      for (size y = 0; y < out.height; ++y) {
        const float* from = given.row(y, 0) + reach * in.channels;
        rows_of(y, [&](size ky, size from_y) {
          by_taps(window.width, [&]<size N>(size first) {
            const float* read_at[N];
            float* sum_at[N];
            for (size n = 0; n < N; ++n) {
              read_at[n] = tap_row(from_y, first + n);
              sum_at[n] = sums.data() + (ky * window.width + first + n) * period;
            }
            add_products<N>(from, row, period, read_at, sum_at);
          });
        });
      }
      for (size y = 0; y < in.height; ++y) back_row(y);
      in.put_gradient(image * in.per_image(), in.per_image(), whole.data(), adds);
    }
    for (size tap = 0; tap < taps(); ++tap) {
      const float* sum = sums.data() + tap * period;
      for (size c = 0; c < period; ++c) gradients[offset + tap * in.channels + c % in.channels] += sum[c];
    }
  }

 private:
  size taps() const { return window.height * window.width; }

  void load_values(size image) {
    in.values(image * in.per_image(), in.per_image(), whole.data());
    read.fill(whole.data(), in.height, in.width);
  }

  const float* tap_row(size y, size kx) const {
    return read.row(y, kx % window.stride) + kx / window.stride * in.channels;
  }

  /// Calls with the window's rows that lie inside the picture for an output row, and where.
  template <class Call>
  void rows_of(size y, Call call) const {
    for (size ky = 0; ky < window.height; ++ky) {
      const size place = y * window.stride + ky;
      if (place >= window.top && place - window.top < in.height) call(ky, place - window.top);
    }
  }

  template <class Call>
  void taps_of(size ky, size from_y, Call call) const {
    by_taps(window.width, [&]<size N>(size first) {
      const float *read_at[N], *weight_at[N];
      for (size n = 0; n < N; ++n) {
        read_at[n] = tap_row(from_y, first + n);
        weight_at[n] = weights.data() + (ky * window.width + first + n) * period;
      }
      call.template operator()<N>(static_cast<const float* const*>(read_at),
                                  static_cast<const float* const*>(weight_at));
    });
  }

  /// The gradient of a row of the input, into whole.
  void back_row(size y) {
    const size pixel = in.channels;
    for (size phase = 0; phase < window.stride; ++phase) {
      std::fill(piece.begin(), piece.end(), 0.0F);
      const size columns = (in.width + window.left - phase + window.stride - 1) / window.stride;
      for (size ky = 0; ky < window.height; ++ky) {
        const size place = y + window.top;
        if (place < ky || (place - ky) % window.stride != 0) continue;
        const size from_y = (place - ky) / window.stride;
        if (from_y >= out.height) continue;
        const size tap_count = (window.width - phase + window.stride - 1) / window.stride;
        by_taps(phase < window.width ? tap_count : 0, [&]<size N>(size first) {
          const float *from[N], *weight_at[N];
          for (size n = 0; n < N; ++n) {
            from[n] = given.row(from_y, 0) + (reach - (first + n)) * pixel;
            weight_at[n] = weights.data() + (ky * window.width + (first + n) * window.stride + phase) * period;
          }
          add_taps<N>(piece.data(), columns * pixel, period, from, weight_at);
        });
      }
      float* to = whole.data() + y * in.width * pixel;
      for (size j = 0; j < columns; ++j) {
        const size place = j * window.stride + phase;
        if (place < window.left || place - window.left >= in.width) continue;
        std::memcpy(to + (place - window.left) * pixel, piece.data() + j * pixel, pixel * sizeof(float));
      }
    }
  }

  Map &in, &out;
  Window window;
  size offset, period, reach = 0;
  Padded read, given;
  std::vector<float> whole, piece, weights, sums;
};

}  // namespace engine
