// inlay-design: looks for networks that a processor's memory carries, network and schedule together.
//
//   inlay-design --sram 32K --flash 256K --macs 10M
//   inlay-design --space mine.json --all --json
//   inlay-design --sram 16K --svg frontier.svg --cpp largest.hpp
//   inlay-design --sram 32K --flash 256K --target m4
//   inlay-design --sram 32K --serve            a line of JSON for each line of JSON
#include "files.hpp"
#include "report.hpp"
#include "search.hpp"
#include "serve.hpp"
#include "target_options.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

enum exit_code { done = 0, nothing_fits = 1, unusable = 2 };

struct options {
  std::string space, svg, cpp, picture = "lines", target, cxx, flags;
  std::uint64_t sram = 0, flash = 0, macs = 0;
  design::selection chosen{1000};
  unsigned threads = std::thread::hardware_concurrency();
  bool serve = false, json = false, print_space = false, progress = false;
};

constexpr std::uint64_t most_priced = 100'000'000;

design::search_space space_of(const options& given) {
  if (given.space.empty()) return design::space_from(design::json::parse(design::default_space));
  const std::vector<char> file = inspect::read_file(given.space);
  try {
    return design::space_from(design::json::parse(file.begin(), file.end()));
  } catch (const std::exception& failure) {
    throw design::bad_input(given.space + ": " + failure.what());
  }
}

int look(const options& given, const design::search_space& space, const design::budgets& limits) {
  design::selection chosen = given.chosen;
  if (chosen.all) chosen.count = design::count_of(space);
  if (chosen.count > most_priced)
    throw design::bad_input("more than " + std::to_string(most_priced) + " networks: draw some of them with --samples");
  const bool progress = given.progress || isatty(STDERR_FILENO) == 1;
  const auto outcomes = design::search(space, chosen, limits, given.threads, progress);
  const design::findings found = design::findings_of(space, chosen, limits, outcomes);
  if (given.json)
    std::cout << design::json_of(found, chosen, limits).dump(2) << '\n';
  else
    std::cout << design::table_of(found);
  if (!given.svg.empty()) inspect::write_file(given.svg, design::svg_of(found, limits));
  if (found.patched.empty()) return nothing_fits;
  if (!given.cpp.empty()) inspect::write_file(given.cpp, found.patched.back().cpp);
  return done;
}

int run(const options& given, const design::budgets& limits) {
  if (given.print_space) {
    std::cout << design::default_space;
    return done;
  }
  const design::search_space space = space_of(given);
  if (!given.serve) return look(given, space, limits);
  design::serve(std::cin, std::cout, space, limits);
  return done;
}

}  // namespace

int main(int argc, char** argv) {
  options given;
  CLI::App app("Looks for the largest networks that a processor's memory carries, each with its schedule.",
               "inlay-design");
  app.add_option("--space", given.space, "a search space in JSON; by default MCUNetV2's, which --print-space shows");
  app.add_flag("--print-space", given.print_space, "print the default space");
  CLI::Option* sram = app.add_option("--sram", given.sram, "bytes of SRAM: 32K is 32768");
  CLI::Option* flash = app.add_option("--flash", given.flash, "bytes of flash for weights and tables");
  CLI::Option* macs = app.add_option("--macs", given.macs, "multiply-accumulates of a run: 10M is 10,000,000");
  sram->transform(CLI::AsSizeValue(false));
  flash->transform(CLI::AsSizeValue(false));
  macs->transform(CLI::AsSizeValue(true));
  app.add_option("--picture", given.picture,
                 "lines (the default): the picture comes line by line; memory: it stands in SRAM and counts there")
      ->check(CLI::IsMember({"lines", "memory"}));
  CLI::Option* all = app.add_flag("--all", given.chosen.all, "price every network of the space");
  app.add_option("--samples", given.chosen.count, "price so many draws (1000)")->excludes(all);
  app.add_option("--seed", given.chosen.seed, "of the draws (1)")->excludes(all);
  app.add_option("--threads", given.threads, "as many as there are cores by default")->check(CLI::Range(1u, 1024u));
  inspect::add_target_options(app, "count the tables of this processor's kernels, as its compiler has them",
                              given.target, given.cxx, given.flags);
  app.add_flag("--progress", given.progress, "show how far it is, where standard error is no terminal, too");
  app.add_flag("--json", given.json, "print JSON instead of tables");
  app.add_option("--svg", given.svg, "write a chart of multiply-accumulates against SRAM to this file");
  app.add_option("--cpp", given.cpp, "write the largest network that fits as C++ types to this file");
  app.add_flag("--serve", given.serve, "answer requests, a line of JSON each, until the input ends");
  CLI11_PARSE(app, argc, argv);
  design::budgets limits;
  limits.picture_in_memory = given.picture == "memory";
  if (*sram) limits.sram = static_cast<std::int64_t>(given.sram);
  if (*flash) limits.flash = static_cast<std::int64_t>(given.flash);
  if (*macs) limits.macs = static_cast<std::int64_t>(given.macs);
  try {
    std::optional<design::target_tables> tables;
    if (!given.target.empty()) {
      tables.emplace(inspect::target_named(given.target, given.cxx, given.flags));
      limits.tables = &*tables;
    }
    return run(given, limits);
  } catch (const std::exception& failure) {
    std::cerr << "inlay-design: " << failure.what() << '\n';
    return unusable;
  }
}
