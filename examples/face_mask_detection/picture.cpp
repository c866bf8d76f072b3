#include "picture.hpp"

#include "orientation.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>

namespace demo {
namespace {

std::vector<std::uint8_t> read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error(file.string() + ": cannot be read");
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

picture transposed(const picture& from) {
  picture to(from.height, from.width);
  for (int y = 0; y < to.height; ++y)
    for (int x = 0; x < to.width; ++x) std::copy_n(from.at(y, x), 3, to.at(x, y));
  return to;
}

picture mirrored(const picture& from) {
  picture to(from.width, from.height);
  for (int y = 0; y < to.height; ++y)
    for (int x = 0; x < to.width; ++x) std::copy_n(from.at(from.width - 1 - x, y), 3, to.at(x, y));
  return to;
}

picture upside_down(const picture& from) {
  picture to(from.width, from.height);
  for (int y = 0; y < to.height; ++y) std::copy_n(from.at(0, from.height - 1 - y), 3 * from.width, to.at(0, y));
  return to;
}

picture upright(picture p, orientation stored) {
  if (stored.mirrored) p = mirrored(p);
  if (stored.upside_down) p = upside_down(p);
  return stored.transposed ? transposed(p) : p;
}

/// The source pixels that one destination pixel is made of, and how much of each in 2^-22.
struct taps {
  int first;
  std::vector<std::int32_t> weights;
};

constexpr int weight_bits = 22;

taps taps_of(int position, int from, int to) {
  const double scale = static_cast<double>(from) / to;
  const double reach = std::max(scale, 1.0);
  const double centre = (position + 0.5) * scale;
  const int first = std::max(0, static_cast<int>(centre - reach + 0.5));
  const int last = std::min(from, static_cast<int>(centre + reach + 0.5));
  std::vector<double> shares;
  double sum = 0;
  for (int x = first; x < last; ++x) {
    shares.push_back(std::max(0.0, 1 - std::abs((x - centre + 0.5) * (1 / reach))));
    sum += shares.back();
  }
  taps result{first, {}};
  for (const double share : shares)
    result.weights.push_back(static_cast<std::int32_t>(share / sum * (1 << weight_bits) + 0.5));
  return result;
}

picture scaled_across(const picture& from, int width) {
  picture to(width, from.height);
  for (int x = 0; x < width; ++x) {
    const taps source = taps_of(x, from.width, width);
    for (int y = 0; y < from.height; ++y)
      for (int channel = 0; channel < 3; ++channel) {
        const std::uint8_t* value = from.at(source.first, y) + channel;
        std::int32_t sum = 1 << (weight_bits - 1);
        for (const std::int32_t weight : source.weights) {
          sum += weight * *value;
          value += 3;
        }
        to.at(x, y)[channel] = static_cast<std::uint8_t>(std::min(sum >> weight_bits, 255));
      }
  }
  return to;
}

}  // namespace

picture read_picture(const std::filesystem::path& file) {
  const std::vector<std::uint8_t> bytes = read_file(file);
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width, &height, &channels, 3),
      stbi_image_free);
  if (!pixels) throw std::runtime_error(file.string() + ": no PNG or JPEG picture (" + stbi_failure_reason() + ")");
  picture p(width, height);
  std::copy_n(pixels.get(), p.rgb.size(), p.rgb.begin());
  return upright(std::move(p), stored_orientation(bytes));
}

void write_png(const std::filesystem::path& file, const picture& p) {
  if (stbi_write_png(file.string().c_str(), p.width, p.height, 3, p.rgb.data(), 3 * p.width) == 0)
    throw std::runtime_error(file.string() + ": cannot be written");
}

picture resized(const picture& from, int width, int height) {
  return transposed(scaled_across(transposed(scaled_across(from, width)), height));
}

}  // namespace demo
