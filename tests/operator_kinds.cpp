// Prints, for the golden models of a folder, "OPERATOR" for each operator in them and "OPERATOR KIND" for each kind of
// layer that one became. Refused models have no say.
//
// usage: operator_kinds FOLDER
#include <inlay/report.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::set<std::string> lines;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    if (entry.path().extension() != ".tflite") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const inlay::loaded_model model(std::vector<char>{std::istreambuf_iterator<char>(file), {}});
    if (model.refused()) continue;
    std::vector<std::string> operators;
    inlay::visit_tflite_operators(model.file().data(), model.file().size(),
                                  [&](inlay::tflite_operator op) { operators.push_back(name(op)); });
    lines.insert(operators.begin(), operators.end());
    const inlay::graph_view g = model.graph();
    for (std::int32_t i = 0; i < g.layer_count; ++i)
      if (g.layers[i].operator_index >= 0)  // not a copy of what the caller has
        lines.insert(operators.at(static_cast<std::size_t>(g.layers[i].operator_index)) + " " + name(g.layers[i].kind));
  }
  for (const std::string& line : lines) std::puts(line.c_str());
}
