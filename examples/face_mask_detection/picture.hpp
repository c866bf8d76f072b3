// A picture in memory: reading and writing files, turning, scaling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace demo {

using colour = std::uint8_t[3];

/// Rows of red, green and blue.
struct picture {
  picture(int columns, int rows) : width(columns), height(rows), rgb(std::size_t{3} * count(columns) * count(rows)) {}

  const std::uint8_t* at(int x, int y) const { return rgb.data() + 3 * (count(y) * count(width) + count(x)); }
  std::uint8_t* at(int x, int y) { return rgb.data() + 3 * (count(y) * count(width) + count(x)); }

  int width, height;
  std::vector<std::uint8_t> rgb;

 private:
  static std::size_t count(int number) { return static_cast<std::size_t>(number); }
};

/// Reads a PNG or a JPEG, upright. Throws std::runtime_error if it cannot.
picture read_picture(const std::filesystem::path& file);

/// Throws std::runtime_error if it cannot.
void write_png(const std::filesystem::path& file, const picture& p);

/// Bilinear, over all the pixels that a smaller picture's pixel covers: what Pillow's resize with BILINEAR does,
/// to the bit, because the network was trained on pictures made by that.
picture resized(const picture& from, int width, int height);

}  // namespace demo
