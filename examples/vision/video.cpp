#include "video.hpp"

#include <cctype>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace vision {
namespace {

using words = std::vector<std::string>;

words operator+(words list, const words& more) {
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

/// Not to be taken for an option or an address.
std::string named(const std::filesystem::path& file) { return "file:" + file.string(); }

words raw_frames(const picture& first) {
  return {"-f",    "rawvideo",    "-pixel_format",
          "rgb24", "-video_size", std::to_string(first.width) + "x" + std::to_string(first.height)};
}

}  // namespace

// ---- sources -------------------------------------------------------------------------------------------

// Each frame comes as a PPM file, which has its size in front: it may change within a stream.
frame_source::frame_source(std::string name, const words& input)
    : name_(std::move(name)),
      decoder_(words{"ffmpeg", "-v", "error", "-nostdin", "-xerror"} + input +
                   words{"-map", "0:v:0", "-fps_mode", "passthrough", "-f", "image2pipe", "-c:v", "ppm", "-"},
               process::pipe_end::its_output) {}

frame_source frame_source::file(const std::filesystem::path& file) { return {file.string(), {"-i", named(file)}}; }

frame_source frame_source::camera(const std::string& device) {
  return {"camera " + device, {"-f", "v4l2", "-i", device}};
}

void frame_source::fail(const std::string& why) const {
  const std::string after = frames_ > 0 ? " after " + std::to_string(frames_) + " frames" : "";
  throw std::runtime_error(name_ + ": cannot be read" + after + (why.empty() ? "" : " (" + why + ")"));
}

int frame_source::number() {
  int c = decoder_.get();
  while (std::isspace(c)) c = decoder_.get();
  int value = c == EOF ? -1 : 0;
  for (; std::isdigit(c) && value < 1000000; c = decoder_.get()) value = 10 * value + (c - '0');
  return value;
}

bool frame_source::next(picture& frame) {
  // P6, width, height, 255
  if (decoder_.get() == EOF) {
    const std::string why = decoder_.finish();
    if (!why.empty() || frames_ == 0) fail(why.empty() ? "it has no frames" : why);
    return false;
  }
  decoder_.get();
  const int width = number(), height = number();
  number();
  check_size(name_, width, height);
  frame.resize(width, height);
  if (decoder_.read(frame.rgb) != frame.rgb.size()) fail(decoder_.finish());
  ++frames_;
  return true;
}

std::string frame_rate(const std::filesystem::path& file) {
  process probe({"ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=avg_frame_rate", "-of",
                 "default=nw=1:nk=1", named(file)},
                process::pipe_end::its_output);
  std::string rate;
  for (int c = probe.get(); c != EOF && c != '\n'; c = probe.get()) rate += static_cast<char>(c);
  return rate.empty() || rate[0] == '0' ? "25" : rate;
}

// ---- sinks ---------------------------------------------------------------------------------------------

frame_sink::frame_sink(std::string name, const picture& first, const words& command)
    : name_(std::move(name)),
      width_(first.width),
      height_(first.height),
      encoder_(command, process::pipe_end::its_input) {}

frame_sink frame_sink::file(const std::filesystem::path& file, const picture& first, const std::string& rate) {
  const words timing = rate.empty() ? words{"-use_wallclock_as_timestamps", "1"} : words{"-framerate", rate};
  // Most players want colours at half the resolution, and so even sides.
  return {file.string(), first,
          words{"ffmpeg", "-v", "error", "-y"} + raw_frames(first) + timing +
              words{"-i", "-", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", named(file)}};
}

void check_display() {
  if (std::getenv("DISPLAY") == nullptr && std::getenv("WAYLAND_DISPLAY") == nullptr)
    throw std::runtime_error("there is no display for a window");
}

frame_sink frame_sink::window(const std::string& title, const picture& first) {
  return {"window", first,
          words{"ffplay", "-v", "error", "-autoexit", "-window_title", title, "-fflags", "nobuffer", "-framedrop"} +
              raw_frames(first) + words{"-i", "-"}};
}

bool frame_sink::write(const picture& frame) {
  if (frame.width != width_ || frame.height != height_)
    throw std::runtime_error(name_ + ": the size of its frames changes");
  return encoder_.write(frame.rgb);
}

void frame_sink::finish() {
  const std::string why = encoder_.finish();
  if (!why.empty()) throw std::runtime_error(name_ + ": cannot be written (" + why + ")");
}

}  // namespace vision
