// The options that name a processor and how to compile for it.
#pragma once

#include "target.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace inspect {

/// --target, and --cxx and --flags, which need it. `help` says what the target is for.
inline void add_target_options(CLI::App& app, const std::string& help, std::string& target, std::string& cxx,
                               std::string& flags) {
  CLI::Option* option = app.add_option("--target", target, help);
  option->check(CLI::IsMember(target_names()));
  app.add_option("--cxx", cxx, "another compiler for the target")->needs(option);
  app.add_option("--flags", flags, "other flags for it, as in --flags='-mcpu=cortex-m33 -DINLAY_ISA=small'")
      ->needs(option);
}

}  // namespace inspect
