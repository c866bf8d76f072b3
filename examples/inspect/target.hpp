// Which kernels a model gets on a processor: its own compiler says.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace inspect {

/// A processor: how to compile for it.
struct target {
  std::string cxx, flags;
};

/// m0, m3, m4, m7, m33, m55, rv32imc, rv32imac, aarch64, host.
std::vector<std::string> target_names();
/// With another compiler or other flags, where these are not empty.
target target_named(const std::string& name, const std::string& cxx = "", const std::string& flags = "");

/// Compiles a program that has `header` as GIVEN_HEADER for the processor, and reads what stands in the object behind
/// `opening`, up to a semicolon; a std::runtime_error with the compiler's first error if it fails.
std::string compiled_line(const target& processor, const std::string& program, const std::string& header,
                          const std::string& opening);

/// The kernel of one layer.
struct layer_kernel {
  std::string name;  // of an instruction set, portable, or reference
  std::size_t table_bytes = 0;
  bool reads_model = true;  // and not weights in its table
};

struct target_kernels {
  std::vector<layer_kernel> layers;
  std::size_t table_bytes = 0;  // of all layers together
};

/// Compiles the model for the processor and reads what the compiler made of it.
target_kernels kernels_on(const target& processor, const std::vector<char>& model);

}  // namespace inspect
