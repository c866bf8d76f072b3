#include "picture.hpp"

#include "orientation.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>

namespace vision {
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

constexpr int least_side = 8;
constexpr int most_pixels = 7680 * 4320;
constexpr int weight_bits = 22;

std::uint8_t rounded(std::int32_t sum) { return static_cast<std::uint8_t>(std::min(sum >> weight_bits, 255)); }

}  // namespace

void check_size(const std::filesystem::path& file, int width, int height) {
  const std::string size =
      file.string() + ": has " + std::to_string(width) + " x " + std::to_string(height) + " pixels";
  if (std::min(width, height) < least_side)
    throw std::runtime_error(size + ", too few: each side needs " + std::to_string(least_side));
  if (height > most_pixels / width) throw std::runtime_error(size + ", too many: 7680 x 4320 are the most");
}

bool is_picture(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png" || extension == ".ppm";
}

picture read_picture(const std::filesystem::path& file) {
  const std::vector<std::uint8_t> bytes = read_file(file);
  const int size = static_cast<int>(bytes.size());
  int width = 0, height = 0, channels = 0;
  const auto refuse = [&file] {
    throw std::runtime_error(file.string() + ": no PNG, JPEG or PPM picture (" + stbi_failure_reason() + ")");
  };
  // Before memory is taken for them.
  if (stbi_info_from_memory(bytes.data(), size, &width, &height, &channels) == 0) refuse();
  check_size(file, width, height);
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(bytes.data(), size, &width, &height, &channels, 3), stbi_image_free);
  if (!pixels) refuse();
  picture p(width, height);
  std::copy_n(pixels.get(), p.rgb.size(), p.rgb.begin());
  return upright(std::move(p), stored_orientation(bytes));
}

void write_png(const std::filesystem::path& file, const picture& p) {
  if (stbi_write_png(file.string().c_str(), p.width, p.height, 3, p.rgb.data(), 3 * p.width) == 0)
    throw std::runtime_error(file.string() + ": cannot be written");
}

void write_ppm(const std::filesystem::path& file, const picture& p) {
  std::ofstream stream(file, std::ios::binary);
  stream << "P6\n" << p.width << " " << p.height << "\n255\n";
  stream.write(reinterpret_cast<const char*>(p.rgb.data()), static_cast<std::streamsize>(p.rgb.size()));
  if (!stream.flush()) throw std::runtime_error(file.string() + ": cannot be written");
}

void scaler::axis::update(int new_from, int new_to) {
  if (from == new_from && to == new_to) return;
  from = new_from;
  to = new_to;
  pixels.clear();
  const double scale = static_cast<double>(from) / to;
  const double reach = std::max(scale, 1.0);
  for (int position = 0; position < to; ++position) {
    const double centre = (position + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(centre - reach + 0.5));
    const int last = std::min(from, static_cast<int>(centre + reach + 0.5));
    std::vector<double> shares;
    double sum = 0;
    for (int i = first; i < last; ++i) {
      shares.push_back(std::max(0.0, 1 - std::abs((i - centre + 0.5) * (1 / reach))));
      sum += shares.back();
    }
    taps made{first, {}};
    for (const double share : shares)
      made.weights.push_back(static_cast<std::int32_t>(share / sum * (1 << weight_bits) + 0.5));
    pixels.push_back(std::move(made));
  }
}

void scaler::scale(const picture& from, int width, int height, picture& to) {
  across_.update(from.width, width);
  down_.update(from.height, height);
  narrow_.resize(width, from.height);
  for (int y = 0; y < from.height; ++y) {
    std::uint8_t* made = narrow_.at(0, y);
    for (const taps& pixel : across_.pixels) {
      const std::uint8_t* value = from.at(pixel.first, y);
      std::int32_t sums[3] = {1 << (weight_bits - 1), 1 << (weight_bits - 1), 1 << (weight_bits - 1)};
      for (const std::int32_t weight : pixel.weights)
        for (std::int32_t& sum : sums) sum += weight * *value++;
      for (const std::int32_t sum : sums) *made++ = rounded(sum);
    }
  }
  to.resize(width, height);
  sums_.resize(static_cast<std::size_t>(3 * width));
  for (int y = 0; y < height; ++y) {
    const taps& pixel = down_.pixels[static_cast<std::size_t>(y)];
    std::fill(sums_.begin(), sums_.end(), 1 << (weight_bits - 1));
    for (std::size_t i = 0; i < pixel.weights.size(); ++i) {
      const std::uint8_t* row = narrow_.at(0, pixel.first + static_cast<int>(i));
      for (std::size_t x = 0; x < sums_.size(); ++x) sums_[x] += pixel.weights[i] * row[x];
    }
    std::transform(sums_.begin(), sums_.end(), to.at(0, y), rounded);
  }
}

}  // namespace vision
