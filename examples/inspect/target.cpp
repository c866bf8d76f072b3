#include "target.hpp"

#include "files.hpp"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <sstream>
#include <stdexcept>

namespace inspect {

namespace {

namespace fs = std::filesystem;

const std::map<std::string, target>& targets() {
  static const std::map<std::string, target> all{
      {"m0", {"arm-none-eabi-g++", "-mcpu=cortex-m0plus -mthumb"}},
      {"m3", {"arm-none-eabi-g++", "-mcpu=cortex-m3 -mthumb"}},
      {"m4", {"arm-none-eabi-g++", "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"}},
      {"m7", {"arm-none-eabi-g++", "-mcpu=cortex-m7 -mthumb -mfloat-abi=hard -mfpu=fpv5-d16"}},
      {"m33", {"arm-none-eabi-g++", "-mcpu=cortex-m33 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16"}},
      {"m55", {"arm-none-eabi-g++", "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard"}},
      {"rv32imc", {"riscv64-unknown-elf-g++", "-march=rv32imc -mabi=ilp32"}},
      {"rv32imac", {"riscv64-unknown-elf-g++", "-march=rv32imac -mabi=ilp32"}},
      {"aarch64", {"aarch64-linux-gnu-g++", "-march=armv8.2-a+dotprod"}},
      {"host", {"c++", "-march=native"}},
  };
  return all;
}

/// A folder of its own, gone with the object.
class scratch_folder {
 public:
  scratch_folder() : path_(fs::temp_directory_path() / ("inlay-inspect-" + std::to_string(std::random_device{}()))) {
    fs::create_directory(path_);
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path operator/(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

/// The file as a string literal, for the probe.
std::string header_of(const std::vector<char>& model) {
  std::string header =
      "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\nalignas(16) inline constexpr char probed[] =\n";
  for (std::size_t i = 0; i < model.size(); ++i) {
    const auto byte = static_cast<unsigned char>(model[i]);
    const char octal[] = {'\\', static_cast<char>('0' + byte / 64), static_cast<char>('0' + byte / 8 % 8),
                          static_cast<char>('0' + byte % 8)};
    if (i % 64 == 0) header += '"';
    header.append(octal, sizeof octal);
    if (i % 64 == 63 || i + 1 == model.size()) header += "\"\n";
  }
  return header + ";\n";
}

/// For a shell: as it is, whatever is in it.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

struct places {
  fs::path include, probe;
};

/// What the program was installed with, if it was; else what it was built from.
places find_places() {
  std::error_code none;
  const fs::path prefix = fs::read_symlink("/proc/self/exe", none).parent_path().parent_path();
  if (!prefix.empty() && fs::exists(prefix / INLAY_INSTALLED_PROBE, none))
    return {prefix / INLAY_INSTALLED_INCLUDE_DIR, prefix / INLAY_INSTALLED_PROBE};
  return {INLAY_INCLUDE_DIR, INLAY_PROBE};
}

/// The first error that a compiler wrote, or its first line.
std::string first_error(const std::string& said) {
  const std::size_t error = said.find("error: ");
  const std::size_t begin = error == std::string::npos ? 0 : error;
  return said.substr(begin, said.find('\n', begin) - begin);
}

}  // namespace

std::vector<std::string> target_names() {
  std::vector<std::string> names;
  for (const auto& [name, processor] : targets()) names.push_back(name);
  return names;
}

target target_named(const std::string& name, const std::string& cxx, const std::string& flags) {
  target processor = targets().at(name);
  if (!cxx.empty()) processor.cxx = cxx;
  if (!flags.empty()) processor.flags = flags;
  return processor;
}

std::string compiled_line(const target& processor, const std::string& program, const std::string& header,
                          const std::string& opening) {
  const scratch_folder folder;
  const fs::path given = folder / "given.hpp", object = folder / "probe.o", log = folder / "log";
  write_file(given.string(), header);
  // The flags are words of the command; everything else is one word each.
  const std::string command = quoted(processor.cxx) + " -std=c++20 " + processor.flags + " -I" +
                              quoted(find_places().include.string()) +
                              " -DGIVEN_HEADER=" + quoted('"' + given.string() + '"') + " -c " + quoted(program) +
                              " -o " + quoted(object.string()) + " 2> " + quoted(log.string());
  const auto read_text = [](const fs::path& path) {
    const std::vector<char> file = read_file(path.string());
    return std::string(file.begin(), file.end());
  };
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error(processor.cxx + " " + processor.flags + ": " + first_error(read_text(log)));
  const std::string compiled = read_text(object);
  const std::size_t begin = compiled.find(opening);
  if (begin == std::string::npos) throw std::runtime_error(processor.cxx + " compiled nothing");
  return compiled.substr(begin + opening.size(), compiled.find(';', begin) - begin - opening.size());
}

target_kernels kernels_on(const target& processor, const std::vector<char>& model) {
  std::istringstream line(
      compiled_line(processor, find_places().probe.string(), header_of(model), "inlay kernels, tables "));
  target_kernels found;
  char colon = 0;
  line >> found.table_bytes >> colon;
  for (std::string word; line >> word;) {
    const std::size_t bytes = word.find('=') + 1, reads = word.find('=', bytes) + 1;
    found.layers.push_back({word.substr(0, bytes - 1), std::stoul(word.substr(bytes)), word.substr(reads) == "model"});
  }
  return found;
}

}  // namespace inspect
