// Videos, cameras and windows: FFmpeg's programs at the other end of a pipe, a frame at a time.
#pragma once

#include "picture.hpp"
#include "process.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vision {

/// The frames of a video file or a camera. Memory is that of one frame.
class frame_source {
 public:
  /// A file that FFmpeg reads: videos, and pictures other than PNG and JPEG.
  static frame_source file(const std::filesystem::path& file);
  /// A camera of Video4Linux, such as /dev/video0.
  static frame_source camera(const std::string& device);

  /// Reads the next frame; false after the last one. Throws std::runtime_error if there is none to be had.
  bool next(picture& frame);

 private:
  frame_source(std::string name, const std::vector<std::string>& input);
  /// A number of the frame's header; −1 at the end.
  int number();
  [[noreturn]] void fail(const std::string& why) const;

  std::string name_;
  int frames_ = 0;
  process decoder_;
};

/// Frames a second of a video file, as FFmpeg's programs write it, such as 30000/1001.
std::string frame_rate(const std::filesystem::path& file);

/// Throws std::runtime_error where there is no display for a window.
void check_display();

/// Where marked frames go: a video file, or a window. All frames have the size of the first.
class frame_sink {
 public:
  /// Frames without a rate are shown as they come.
  static frame_sink file(const std::filesystem::path& file, const picture& first, const std::string& rate);
  static frame_sink window(const std::string& title, const picture& first);

  /// False once nobody takes frames any more: the window was closed.
  bool write(const picture& frame);
  /// Ends the video. Throws std::runtime_error if it could not be written.
  void finish();

 private:
  frame_sink(std::string name, const picture& first, const std::vector<std::string>& command);

  std::string name_;
  int width_, height_;
  process encoder_;
};

}  // namespace vision
