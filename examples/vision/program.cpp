#include "program.hpp"

#include "picture.hpp"
#include "video.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>

namespace fs = std::filesystem;

namespace vision {
namespace {

using clock = std::chrono::steady_clock;

double milliseconds_since(clock::time_point start) {
  return std::chrono::duration<double, std::milli>(clock::now() - start).count();
}

volatile std::sig_atomic_t interrupted = 0;

struct options {
  std::vector<fs::path> files;
  std::string camera;
  fs::path output;
  std::string schedule;
  double threshold;
  long frames = 0;
  bool window = false, json = false, seen = false;
};

/// A network's answer to a picture.
struct answer {
  std::vector<finding> findings;
  std::uint32_t sum = 0;
  std::vector<double> milliseconds;  // by schedule
};

class session {
 public:
  session(const application& app, const options& chosen) : app_(app), chosen_(chosen) {
    for (const scheduled& s : app.schedules)
      if (chosen.schedule == "all" || chosen.schedule == s.name) schedules_.push_back(s);
    total_milliseconds_.resize(schedules_.size());
    image_.resize(static_cast<std::size_t>(3 * app.side * app.side));
    if (chosen.window) check_display();
    if (!chosen.output.empty()) fs::create_directories(chosen.output);
  }

  void show_picture(const fs::path& file) {
    picture p = read_picture(file);
    const answer found = process(p);
    print(file.filename().string(), {}, p, found);
    if (chosen_.seen) write_ppm(output(file.stem().string() + "-seen", ".ppm"), seen_);
    mark(p, found);
    if (!chosen_.output.empty()) write_png(output(file.stem().string() + "-marked", ".png"), p);
    if (!chosen_.window) return;
    const auto window = open_window(p);
    window->write(p);
    window->finish();
  }

  void show_file(const fs::path& file) {
    frame_source source = frame_source::file(file);
    show_frames(source, file.filename().string(), file.stem().string(), frame_rate(file));
  }

  void show_camera() {
    frame_source source = frame_source::camera(chosen_.camera);
    show_frames(source, chosen_.camera, "camera", "");
  }

  void print_network() const {
    if (chosen_.json) return;
    std::printf("network: %d x %d pixels in, %.1f million multiply-accumulates, flash %zu bytes of constants\n",
                app_.side, app_.side, static_cast<double>(app_.schedules[0].macs) / 1e6, app_.schedules[0].flash_bytes);
    for (const scheduled& s : app_.schedules)
      std::printf("%-13s arena %zu bytes, %.2f of layer after layer's; %.1f %% computed again\n", s.name, s.arena_bytes,
                  static_cast<double>(s.arena_bytes) / static_cast<double>(app_.schedules.back().arena_bytes),
                  100 * static_cast<double>(s.recomputed_macs) / static_cast<double>(s.macs));
    std::printf("\n");
  }

  void print_totals() const {
    if (pictures_ == 0) return;
    const double per_second = 1000 * static_cast<double>(pictures_) / milliseconds_since(start_);
    if (chosen_.json) {
      nlohmann::json line = {{"pictures", pictures_}, {"pictures_per_second", per_second}};
      for (std::size_t i = 0; i < schedules_.size(); ++i)
        line["schedules"].push_back({{"name", schedules_[i].name},
                                     {"arena_bytes", schedules_[i].arena_bytes},
                                     {"flash_bytes", schedules_[i].flash_bytes},
                                     {"macs", schedules_[i].macs},
                                     {"recomputed_macs", schedules_[i].recomputed_macs},
                                     {"milliseconds", mean_milliseconds(i)}});
      print_json(line);
      return;
    }
    std::printf("\n%ld pictures, %.1f a second with reading, marking and writing\n", pictures_, per_second);
    for (std::size_t i = 0; i < schedules_.size(); ++i)
      std::printf("%-13s arena %zu bytes, %.2f ms a picture\n", schedules_[i].name, schedules_[i].arena_bytes,
                  mean_milliseconds(i));
  }

 private:
  // ---- from a picture to findings ----------------------------------------------------------------------

  /// The size at which the picture, or its longer side, fills the network's input.
  framing framed(const picture& p) const {
    if (app_.squashed) return {p.width, p.height, app_.side, app_.side};
    const double scale = static_cast<double>(app_.side) / std::max(p.width, p.height);
    const auto side = [scale](int pixels) {
      return std::max(1, static_cast<int>(std::lrint(pixels * scale)));
    };
    return {p.width, p.height, side(p.width), side(p.height)};
  }

  /// The picture at the top left, the rest black.
  void fill_image(const picture& p, const framing& frame) {
    scaler_.scale(p, frame.seen_width, frame.seen_height, small_);
    seen_.resize(app_.side, app_.side);
    std::fill(seen_.rgb.begin(), seen_.rgb.end(), std::uint8_t{0});
    for (int y = 0; y < small_.height; ++y) std::copy_n(small_.at(0, y), 3 * small_.width, seen_.at(0, y));
    std::transform(seen_.rgb.begin(), seen_.rgb.end(), image_.begin(),
                   [](std::uint8_t value) { return static_cast<std::int8_t>(value - 128); });
  }

  answer process(const picture& p) {
    if (pictures_ == 0) start_ = clock::now();
    const framing frame = framed(p);
    fill_image(p, frame);
    answer found;
    for (std::size_t i = 0; i < schedules_.size(); ++i) {
      const clock::time_point start = clock::now();
      const std::span<const std::int8_t> said = schedules_[i].run(image_.data());
      found.milliseconds.push_back(milliseconds_since(start));
      total_milliseconds_[i] += found.milliseconds.back();
      const std::uint32_t sum = checksum(said);
      if (i > 0 && sum != found.sum) throw std::logic_error("schedules differ in their answers");
      found.sum = sum;
      if (i == 0) found.findings = app_.find(said, frame, static_cast<int>(std::ceil(256 * chosen_.threshold)));
    }
    ++pictures_;
    return found;
  }

  // ---- what is shown -----------------------------------------------------------------------------------

  void print(const std::string& name, std::optional<long> frame, const picture& p, const answer& found) const {
    if (chosen_.json) {
      nlohmann::json line = {{"file", name}, {"width", p.width}, {"height", p.height}};
      if (frame) line["frame"] = *frame;
      line["findings"] = nlohmann::json::array();
      for (const finding& f : found.findings) {
        nlohmann::json item = {{"kind", app_.kinds[f.kind]}, {"percent", f.percent}};
        if (f.width > 0) item.update({{"x", f.x}, {"y", f.y}, {"width", f.width}, {"height", f.height}});
        line["findings"].push_back(item);
      }
      line["checksum"] = found.sum;
      for (std::size_t i = 0; i < schedules_.size(); ++i)
        line["milliseconds"][schedules_[i].name] = found.milliseconds[i];
      print_json(line);
      return;
    }
    const auto put = [](char c) {
      std::putchar(c);
    };
    const std::string number = frame ? " " + std::to_string(*frame) : "";
    std::printf("%s%s, %d x %d: ", name.c_str(), number.c_str(), p.width, p.height);
    const std::size_t count = found.findings.size();
    if (app_.one == nullptr)
      write_words(found.findings[0], app_.kinds, put);
    else
      std::printf("%s %s", count == 0 ? "no" : std::to_string(count).c_str(), count > 1 ? app_.several : app_.one);
    std::printf(" (%.1f ms)\n", found.milliseconds[0]);
    if (app_.one != nullptr)
      for (const finding& f : found.findings) write_line(f, app_.kinds, put);
    std::fflush(stdout);
  }

  static void print_json(const nlohmann::json& line) {
    std::printf("%s\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    std::fflush(stdout);
  }

  /// Above the frame, or below it where the picture ends. In a crowd the colour must do: a label would hide others.
  void draw_name(picture& p, const finding& f, const rectangle& frame) const {
    const std::string text = std::string(app_.kinds[f.kind]) + " " + std::to_string(f.percent) + " %";
    const int scale = label_scale(p), width = scale * label_width(text), height = scale * label_height;
    if (f.width > 0 && width > 2 * f.width) return;
    const int left = std::clamp(frame.left, 0, std::max(0, p.width - width));
    draw_label(p, left, frame.top < height ? frame.bottom : frame.top - height, text, scale, app_.colours[f.kind]);
  }

  /// The likeliest is drawn last, over the others.
  void mark(picture& p, answer found) const {
    std::sort(found.findings.begin(), found.findings.end(), [](const finding& a, const finding& b) {
      return std::tie(a.percent, a.y, a.x) < std::tie(b.percent, b.y, b.x);
    });
    for (const finding& f : found.findings) {
      const int left = f.x - f.width / 2, top = f.y - f.height / 2;
      const rectangle frame{left, top, left + f.width, top + f.height};
      draw_frame(p, frame, std::max(2, std::max(p.width, p.height) / 200), app_.colours[f.kind]);
      draw_name(p, f, frame);
    }
  }

  /// At the foot of a video's frames: what each schedule needs, side by side.
  void draw_figures(picture& p, const answer& found) const {
    const int scale = label_scale(p);
    int top = p.height - scale * label_height * static_cast<int>(schedules_.size());
    for (std::size_t i = 0; i < schedules_.size(); ++i, top += scale * label_height) {
      std::array<char, 96> text;
      std::snprintf(text.data(), text.size(), "%s: %zu bytes, %.1f ms", schedules_[i].name, schedules_[i].arena_bytes,
                    found.milliseconds[i]);
      draw_label(p, 0, top, text.data(), scale, {60, 60, 60});
    }
  }

  /// A file of the output folder that nothing has been written to yet.
  fs::path output(const std::string& name, const char* extension) {
    std::string unused = name + extension;
    for (int i = 2; !written_.insert(unused).second; ++i) unused = name + "-" + std::to_string(i) + extension;
    return chosen_.output / unused;
  }

  std::unique_ptr<frame_sink> open_window(const picture& first) const {
    return std::unique_ptr<frame_sink>(new frame_sink(frame_sink::window(app_.name, first)));
  }

  void show_frames(frame_source& source, const std::string& name, const std::string& stem, const std::string& rate) {
    std::unique_ptr<frame_sink> video, window;
    const auto finish = [&] {
      if (window) window->finish();
      if (video) video->finish();
    };
    try {
      bool open = true;
      for (long frame = 0; open && interrupted == 0 && (chosen_.frames == 0 || frame < chosen_.frames); ++frame) {
        if (!source.next(frame_)) break;
        const answer found = process(frame_);
        print(name, frame, frame_, found);
        mark(frame_, found);
        draw_figures(frame_, found);
        if (!video && !chosen_.output.empty())
          video.reset(new frame_sink(frame_sink::file(output(stem + "-marked", ".mp4"), frame_, rate)));
        if (!window && chosen_.window) window = open_window(frame_);
        if (video && !video->write(frame_)) open = false;
        if (window && !window->write(frame_)) open = false;
      }
    } catch (...) {
      // What was marked until then is kept.
      if (video) video->finish();
      throw;
    }
    finish();
  }

  double mean_milliseconds(std::size_t schedule) const {
    return total_milliseconds_[schedule] / static_cast<double>(pictures_);
  }

  const application& app_;
  const options& chosen_;
  std::vector<scheduled> schedules_;
  std::set<std::string> written_;
  // Of the size of a picture, and used for all of them.
  scaler scaler_;
  picture frame_, small_, seen_;
  std::vector<std::int8_t> image_;
  // For the figures at the end.
  long pictures_ = 0;
  clock::time_point start_ = clock::now();
  std::vector<double> total_milliseconds_;
};

// ---- the command line ----------------------------------------------------------------------------------

std::vector<fs::path> shipped_pictures(const application& app) {
  std::vector<fs::path> pictures;
  for (const fs::directory_entry& entry : fs::directory_iterator(app.examples))
    if (is_picture(entry.path())) pictures.push_back(entry.path());
  std::sort(pictures.begin(), pictures.end());
  return pictures;
}

/// Does one thing; says in one line why it could not.
template <typename Action>
bool attempt(const application& app, Action action) {
  try {
    action();
    return true;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "%s: there is not enough memory\n", app.name);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s: %s\n", app.name, failure.what());
  }
  return false;
}

}  // namespace

int run_program(const application& app, int argc, char** argv) {
  CLI::App line{app.description};
  options chosen;
  chosen.threshold = app.threshold / 100.0;
  chosen.schedule = app.schedules[0].name;
  std::vector<std::string> schedules{"all"};
  for (const scheduled& s : app.schedules) schedules.push_back(s.name);
  line.add_option("file", chosen.files, "pictures and videos; the shipped photographs if nothing is given");
  line.add_option("--camera", chosen.camera, "a camera instead, such as /dev/video0");
  line.add_option("--output", chosen.output, "folder for marked pictures and videos; without it none are written");
  line.add_flag("--window", chosen.window, "show them marked in a window, which needs FFmpeg's ffplay");
  line.add_option("--schedule", chosen.schedule, "how the network runs; 'all' compares them")
      ->check(CLI::IsMember(schedules))
      ->capture_default_str();
  line.add_option("--threshold", chosen.threshold, "least probability of what is found")
      ->check(CLI::Range(0.01, 1.0))
      ->capture_default_str();
  line.add_option("--frames", chosen.frames, "stop a video after so many frames")->check(CLI::PositiveNumber);
  line.add_flag("--json", chosen.json, "print a JSON object a line");
  line.add_flag("--seen", chosen.seen, "write what the network sees of each picture, too");
  CLI11_PARSE(line, argc, argv);
  if (chosen.seen && chosen.output.empty()) chosen.output = ".";

  // A window that is closed, or the last frame: neither may end the program before its videos are complete.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGINT, [](int) { interrupted = 1; });
  bool succeeded = true;
  const bool started = attempt(app, [&] {
    session s(app, chosen);
    s.print_network();
    if (!chosen.camera.empty()) succeeded &= attempt(app, [&] { s.show_camera(); });
    if (chosen.files.empty() && chosen.camera.empty()) chosen.files = shipped_pictures(app);
    for (const fs::path& file : chosen.files) {
      if (interrupted != 0) break;
      succeeded &= attempt(app, [&] { is_picture(file) ? s.show_picture(file) : s.show_file(file); });
    }
    s.print_totals();
    if (!chosen.output.empty() && !chosen.json)
      std::printf("what was found is marked in %s\n", chosen.output.string().c_str());
  });
  return started && succeeded ? 0 : 1;
}

}  // namespace vision
