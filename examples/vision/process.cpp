#include "process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace vision {
namespace {

/// The last line of a file that is not empty, without control characters.
std::string last_line(std::FILE* file) {
  std::array<char, 512> text;
  std::fseek(file, 0, SEEK_END);
  std::fseek(file, std::max(0L, std::ftell(file) - static_cast<long>(text.size())), SEEK_SET);
  std::string line(text.data(), std::fread(text.data(), 1, text.size(), file));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  line.erase(0, line.find_last_of("\r\n") + 1);
  std::erase_if(line, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  return line;
}

}  // namespace

process::process(const std::vector<std::string>& command, pipe_end end) : errors_(std::tmpfile()) {
  int ends[2];
  if (!errors_ || pipe(ends) != 0) throw std::runtime_error(command[0] + ": no pipe to it can be made");
  const bool reads = end == pipe_end::its_output;
  const int mine = ends[reads ? 0 : 1], its = ends[reads ? 1 : 0];
  fcntl(mine, F_SETFD, FD_CLOEXEC);
  pipe_.reset(fdopen(mine, reads ? "rb" : "wb"));

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, its, reads ? 1 : 0);
  posix_spawn_file_actions_addopen(&actions, reads ? 0 : 1, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, fileno(errors_.get()), 2);
  posix_spawn_file_actions_addclose(&actions, its);
  // Not of this program's group: it is to outlive a Ctrl-C, and to end what it writes properly.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &signals);

  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const int failure = posix_spawnp(&id_, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(its);
  if (failure == 0) return;
  id_ = -1;
  throw std::runtime_error("the program " + command[0] + " is missing (Debian: ffmpeg)");
}

process::~process() {
  if (id_ == -1) return;
  kill(id_, SIGTERM);
  finish();
}

std::size_t process::read(std::span<std::uint8_t> bytes) {
  return std::fread(bytes.data(), 1, bytes.size(), pipe_.get());
}

bool process::write(std::span<const std::uint8_t> bytes) {
  return std::fwrite(bytes.data(), 1, bytes.size(), pipe_.get()) == bytes.size() && std::fflush(pipe_.get()) == 0;
}

std::string process::finish() {
  if (id_ == -1) return {};
  pipe_.reset();
  int status = 0;
  while (waitpid(id_, &status, 0) == -1 && errno == EINTR) {
  }
  id_ = -1;
  const std::string line = last_line(errors_.get());
  if (!line.empty()) return line;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "" : "it ended with an error";
}

}  // namespace vision
