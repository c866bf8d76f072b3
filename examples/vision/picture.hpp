// A picture in memory: reading and writing files, turning, scaling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace vision {

struct colour {
  std::uint8_t red, green, blue;
};

/// Rows of red, green and blue.
struct picture {
  picture() = default;
  picture(int columns, int rows) { resize(columns, rows); }

  /// Leaves the pixels as they come. Takes memory only where there are more of them than ever before.
  void resize(int columns, int rows) {
    width = columns;
    height = rows;
    rgb.resize(std::size_t{3} * count(columns) * count(rows));
  }

  const std::uint8_t* at(int x, int y) const { return rgb.data() + 3 * (count(y) * count(width) + count(x)); }
  std::uint8_t* at(int x, int y) { return rgb.data() + 3 * (count(y) * count(width) + count(x)); }

  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;

 private:
  static std::size_t count(int number) { return static_cast<std::size_t>(number); }
};

/// What is read: from a few pixels that a network can see something in to a frame of 8K video. Throws
/// std::runtime_error for what is smaller or larger.
void check_size(const std::filesystem::path& file, int width, int height);

/// Whether read_picture() is for files with such a name.
bool is_picture(const std::filesystem::path& file);

/// Reads a PNG, JPEG or PPM, upright. Throws std::runtime_error if it cannot.
picture read_picture(const std::filesystem::path& file);

/// They throw std::runtime_error if they cannot.
void write_png(const std::filesystem::path& file, const picture& p);
void write_ppm(const std::filesystem::path& file, const picture& p);

/// Makes `to` of that size from `from`, bilinear over all the pixels that a smaller picture's pixel covers: what
/// Pillow's resize with BILINEAR does, to the bit, because the networks were trained on pictures made by that.
class scaler {
 public:
  void scale(const picture& from, int width, int height, picture& to);

 private:
  /// The pixels that one pixel is made of, from the first on, and how much of each in 2^-22.
  struct taps {
    int first;
    std::vector<std::int32_t> weights;
  };
  /// Those of all pixels along one axis.
  struct axis {
    int from = 0, to = 0;
    std::vector<taps> pixels;
    void update(int new_from, int new_to);
  };
  axis across_, down_;
  picture narrow_;
  std::vector<std::int32_t> sums_;
};

}  // namespace vision
