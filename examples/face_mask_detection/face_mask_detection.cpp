// Finds faces in photographs and tells which of them wear a mask.
#include "drawing.hpp"
#include "face_mask_detection.hpp"
#include "faces.hpp"
#include "picture.hpp"

#include <inlay.hpp>
#include <inlay/report.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using namespace demo;

// ---- the network ---------------------------------------------------------------------------------------

struct face_mask : inlay::tflite<face_mask_detection> {};
using net = inlay::network<face_mask>;
static_assert(net::arena_bytes <= 256 * 1024);

static net detector;  // all its working memory

constexpr inlay::shape seen = net::input_info<>::extents;
constexpr inlay::shape said = net::output<>::extents;
static_assert(seen.height() == seen.width() && seen.channels() == 3,
              "the network sees a square of red, green and blue");
static_assert(said.channels() == 3, "the network says background, bare or masked of each cell");

// A colour from 0 to 255 stands for 0 to 1. With this scale and zero point it is stored as itself less 128.
using stored = net::input_info<>;
static_assert(stored::zero_point == -128 && stored::scale > 0.99f / 255 && stored::scale < 1.01f / 255);

using image = std::array<std::int8_t, net::input_bytes>;

// ---- from a picture to faces ---------------------------------------------------------------------------

struct size2d {
  int width, height;
};

/// The size at which the picture's longer side fills the network's input.
size2d fitted(const picture& p) {
  const double scale = static_cast<double>(seen.width()) / std::max(p.width, p.height);
  const auto side = [scale](int pixels) {
    return std::max(1, static_cast<int>(std::lrint(pixels * scale)));
  };
  return {side(p.width), side(p.height)};
}

/// The picture at the top left, the rest black.
void letterbox(const picture& p, image& input) {
  const auto [width, height] = fitted(p);
  const picture small = resized(p, width, height);
  input.fill(-128);
  for (int y = 0; y < height; ++y)
    std::transform(small.at(0, y), small.at(0, y) + 3 * width, input.begin() + 3 * y * seen.width(),
                   [](std::uint8_t value) { return static_cast<std::int8_t>(value - 128); });
}

cell_map map_of(net::output<> output) {
  cell_map map{said.height(), said.width(), {}};
  for (std::size_t i = 0; i < output.size(); i += 3)
    map.cells.push_back({1 - output.real(i), output.real(i + 1) <= output.real(i + 2)});
  return map;
}

/// A face in the pixels of the picture.
face in_picture(face f, const picture& p) {
  const auto [width, height] = fitted(p);
  const double cell_pixels = static_cast<double>(seen.width()) / said.width();
  f.x *= cell_pixels * p.width / width;
  f.y *= cell_pixels * p.height / height;
  f.side *= cell_pixels * p.width / width;
  return f;
}

struct findings {
  std::vector<face> faces;
  double milliseconds;
};

findings detect(const picture& p, float threshold) {
  static image input;
  letterbox(p, input);
  const auto start = std::chrono::steady_clock::now();
  const auto output = detector.run(input);
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
  findings found{find_faces(map_of(output), threshold), taken.count()};
  for (face& f : found.faces) f = in_picture(f, p);
  return found;
}

// ---- what is shown -------------------------------------------------------------------------------------

const char* name_of(const face& f) { return f.masked ? "masked" : "bare"; }

std::string percent(const face& f) { return std::to_string(std::lrint(100 * f.probability)) + " %"; }

int pixels(double length) { return static_cast<int>(std::lrint(length)); }

constexpr colour green = {0, 150, 70}, red = {215, 35, 35};

/// Above the face, or below it where the picture ends. In a crowd the colour must do: a label would hide the faces
/// around.
void label(picture& p, const face& f, const rectangle& frame, const colour& ground) {
  const std::string text = name_of(f) + (" " + percent(f));
  const int scale = std::max(1, (std::max(p.width, p.height) + 150) / 300);
  const int width = scale * label_width(text), height = scale * label_height;
  if (width > 2 * (frame.right - frame.left)) return;
  const int left = std::clamp(frame.left, 0, std::max(0, p.width - width));
  const int top = frame.top < height ? frame.bottom : frame.top - height;
  draw_label(p, left, top, text, scale, ground);
}

void mark(picture& p, const face& f) {
  const int thickness = std::max(2, std::max(p.width, p.height) / 200);
  const auto& ground = f.masked ? green : red;
  const int left = pixels(f.x - f.side / 2), top = pixels(f.y - f.side / 2), side = pixels(f.side);
  const rectangle frame{left, top, left + side, top + side};
  draw_frame(p, frame, thickness, ground);
  label(p, f, frame, ground);
}

void print_network() {
  std::printf("network: %d x %d pixels in, %d x %d cells out, %.1f million multiply-accumulates\n", seen.width(),
              seen.height(), said.width(), said.height(), static_cast<double>(net::macs) / 1e6);
  std::printf("memory:  arena %zu bytes; flash %zu bytes of constants; input image %zu bytes\n\n", net::arena_bytes,
              net::flash_bytes, net::input_bytes);
}

void print_faces(const std::string& name, const picture& p, const findings& found) {
  const std::size_t count = found.faces.size();
  const std::string faces = count == 0 ? "no face" : count == 1 ? "1 face" : std::to_string(count) + " faces";
  std::printf("%s, %d x %d: %s (%.1f ms)\n", name.c_str(), p.width, p.height, faces.c_str(), found.milliseconds);
  for (const face& f : found.faces)
    std::printf("  %-6s %5s  at %d, %d\n", name_of(f), percent(f).c_str(), pixels(f.x), pixels(f.y));
}

void show_faces(const fs::path& photo, float threshold, const fs::path& folder) {
  picture p = read_picture(photo);
  const findings found = detect(p, threshold);
  print_faces(photo.filename().string(), p, found);
  // The likeliest is drawn last, over the others.
  std::for_each(found.faces.rbegin(), found.faces.rend(), [&](const face& f) { mark(p, f); });
  write_png(folder / (photo.stem().string() + "-faces.png"), p);
}

void write_memory_plan(const fs::path& file) {
  std::ofstream stream(file);
  stream << inlay::lifetime_svg(inlay::plan_of<face_mask>(), "face_mask_detection");
  if (!stream.flush()) throw std::runtime_error(file.string() + ": cannot be written");
}

// ---- the command line ----------------------------------------------------------------------------------

std::vector<fs::path> shipped_photos() {
  std::vector<fs::path> photos;
  for (const fs::directory_entry& entry : fs::directory_iterator(PHOTOS_DIR))
    if (entry.path().extension() == ".jpg") photos.push_back(entry.path());
  std::sort(photos.begin(), photos.end());
  return photos;
}

int main(int argc, char** argv) {
  CLI::App app{"Finds faces in photographs and tells which of them wear a mask."};
  std::vector<fs::path> photos;
  fs::path folder = ".";
  float threshold = 0.66f;  // the one that train/evaluate.py scores with
  app.add_option("photo", photos, "PNG or JPEG pictures; the shipped photographs if none is given")
      ->check(CLI::ExistingFile);
  app.add_option("--output", folder, "folder for the marked pictures and the memory plan")->capture_default_str();
  app.add_option("--threshold", threshold, "least probability of a face")
      ->check(CLI::Range(0.01, 1.0))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    fs::create_directories(folder);
    print_network();
    for (const fs::path& photo : photos.empty() ? shipped_photos() : photos) show_faces(photo, threshold, folder);
    write_memory_plan(folder / "face_mask_detection-memory.svg");
    std::printf("\nPictures with the faces marked, and the memory plan as SVG, are in %s\n", folder.string().c_str());
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "face_mask_detection: %s\n", failure.what());
    return 1;
  }
}
