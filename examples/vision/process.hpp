// A program that runs beside this one, its output or its input a pipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <sys/types.h>
#include <vector>

namespace vision {

class process {
 public:
  enum class pipe_end { its_output, its_input };

  /// Throws std::runtime_error if there is no such program. What it says of errors is kept for finish().
  process(const std::vector<std::string>& command, pipe_end end);
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  /// Ends it.
  ~process();

  /// One byte of its output, or EOF.
  int get() { return std::fgetc(pipe_.get()); }
  /// As many bytes of its output as there are of these.
  std::size_t read(std::span<std::uint8_t> bytes);
  /// False once it takes no more.
  bool write(std::span<const std::uint8_t> bytes);

  /// Closes the pipe and waits for its end. Empty if it ended well and had nothing to say, else the last line of that.
  std::string finish();

 private:
  struct closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using file = std::unique_ptr<std::FILE, closer>;

  file errors_, pipe_;
  pid_t id_ = -1;
};

}  // namespace vision
