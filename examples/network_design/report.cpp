#include "report.hpp"

#include <algorithm>
#include <utility>

namespace design {

namespace {

using inlay::detail::grouped;

entry entry_of(const search_space& space, candidate chosen, const budgets& limits, bool patched) {
  const inlay::loaded_topology topology = topology_of(space, chosen);
  price p;
  find_price(topology, limits, p);
  const way& w = !patched ? *p.per_layer : p.fit ? *p.fit : *p.least_memory;
  return {std::move(chosen),        json_of(topology),
          sram_bytes(p, w, limits), p.macs,
          cost_of(p, w, limits),    cpp_of(topology, p, w, limits)};
}

json list_of(const std::vector<entry>& entries) {
  json list = json::array();
  for (const entry& e : entries) {
    list.push_back(e.cost);
    list.back()["candidate"] = json_of(e.chosen);
    list.back()["topology"] = e.topology;
  }
  return list;
}

json json_of(const std::optional<std::int64_t>& budget) { return budget ? json(*budget) : json(); }

std::string millions(std::int64_t macs) { return inlay::detail::decimal(static_cast<double>(macs) / 1e6); }

}  // namespace

json cost_of(const price& p, const way& w, const budgets& limits) {
  return {{"sram_bytes", sram_bytes(p, w, limits)},
          {"arena_bytes", w.arena_bytes},
          {"input_bytes", p.input_bytes},
          {"flash_bytes", p.flash_bytes},
          {"parameters", p.parameters},
          {"macs", p.macs},
          {"recomputed_macs", std::max<std::int64_t>(0, w.macs - p.macs)},
          {"policy", w.policy},
          {"schedule", inlay::schedule_text(w.stages)}};
}

std::string cpp_of(const inlay::loaded_topology& topology, const price& p, const way& w, const budgets& limits) {
  const std::string model = limits.picture_in_memory ? "topology" : "inlay::sourced<topology>";
  const auto equals = [](const std::string& what, std::int64_t value) {
    return "static_assert(" + what + " == " + std::to_string(value) + ");\n";
  };
  return "// Layers without weights, and the schedule (" + std::string(w.policy) +
         ") that was found for them.\n#pragma once\n\n#include <inlay.hpp>\n\nusing topology =\n    " +
         inlay::layer_types_text(topology) + ";\nusing model = " + model + ";\nusing plan =\n    " +
         inlay::schedule_type_text(w.stages) + ";\n\n" + equals("inlay::peak_bytes<model, plan>", w.arena_bytes) +
         equals("inlay::total_macs(model::graph())", p.macs);
}

findings findings_of(const search_space& space, const selection& chosen, const budgets& limits,
                     const std::vector<outcome>& outcomes) {
  findings found;
  found.candidates = outcomes.size();
  for (const outcome& o : outcomes) {
    found.refused += o.refused;
    found.fit_per_layer += o.per_layer_bytes > 0;
    found.fit_patched += o.patched_bytes > 0;
  }
  for (const std::uint64_t number : frontier_of(outcomes, &outcome::per_layer_bytes))
    found.per_layer.push_back(entry_of(space, candidate_of(space, chosen, number), limits, false));
  for (const std::uint64_t number : frontier_of(outcomes, &outcome::patched_bytes))
    found.patched.push_back(entry_of(space, candidate_of(space, chosen, number), limits, true));
  return found;
}

json json_of(const findings& found, const selection& chosen, const budgets& limits) {
  return {{"candidates", found.candidates},
          {"all", chosen.all},
          {"seed", chosen.all ? json() : json(chosen.seed)},
          {"budgets",
           {{"sram", json_of(limits.sram)},
            {"flash", json_of(limits.flash)},
            {"macs", json_of(limits.macs)},
            {"picture", limits.picture_in_memory ? "memory" : "lines"}}},
          {"refused", found.refused},
          {"fit_per_layer", found.fit_per_layer},
          {"fit_patched", found.fit_patched},
          {"per_layer", list_of(found.per_layer)},
          {"patched", list_of(found.patched)}};
}

std::string table_of(const findings& found) {
  using inlay::detail::alignment;
  std::string text = grouped(static_cast<std::int64_t>(found.candidates)) + " networks, " +
                     grouped(static_cast<std::int64_t>(found.fit_per_layer)) + " fit layer after layer, " +
                     grouped(static_cast<std::int64_t>(found.fit_patched)) + " with patches\n";
  for (const auto* entries : {&found.per_layer, &found.patched}) {
    std::vector<inlay::detail::text_row> rows{
        {"SRAM bytes", "MACs", "recomputed", "flash bytes", "picture", "width", "schedule"}};
    for (const entry& e : *entries)
      rows.push_back({grouped(e.sram_bytes), grouped(e.macs), grouped(e.cost["recomputed_macs"].get<std::int64_t>()),
                      grouped(e.cost["flash_bytes"].get<std::int64_t>()),
                      std::to_string(e.chosen.resolution) + " × " + std::to_string(e.chosen.channels),
                      json(e.chosen.width).dump(), e.cost["schedule"].get<std::string>()});
    text += std::string("\n") + (entries == &found.per_layer ? "layer after layer" : "with patches") + "\n" +
            inlay::detail::aligned(rows, {alignment::right, alignment::right, alignment::right, alignment::right,
                                          alignment::right, alignment::right, alignment::left});
  }
  return text;
}

namespace {

/// So much SRAM allows so much computation: from an entry's bytes on, its multiply-accumulates.
std::string curve(const inlay::detail::trade_canvas& c, const std::vector<entry>& entries, const char* style,
                  const char* points) {
  using inlay::detail::decimal;
  if (entries.empty()) return "";
  std::string path = "M" + decimal(c.x(static_cast<double>(entries[0].sram_bytes))) + " " + decimal(c.bottom), circles;
  for (const entry& e : entries) {
    const double x = c.x(static_cast<double>(e.sram_bytes)), y = c.y(static_cast<double>(e.macs) / 1e6);
    path += "H" + decimal(x) + "V" + decimal(y);
    circles += "<circle cx=\"" + decimal(x) + "\" cy=\"" + decimal(y) + "\" r=\"4\" class=\"" + points + "\"><title>" +
               inlay::detail::escaped(grouped(e.sram_bytes) + " bytes, " + millions(e.macs) + " million MACs, " +
                                      std::to_string(e.chosen.resolution) + " pixels, " +
                                      e.cost["schedule"].get<std::string>()) +
               "</title></circle>\n";
  }
  return "<path d=\"" + path + "H" + decimal(c.right) + "\" class=\"" + style + "\"/>\n" + circles;
}

}  // namespace

std::string svg_of(const findings& found, const budgets& limits) {
  using namespace inlay::detail;
  trade_canvas c{};
  double least = 1 << 30, most = 2, macs = 1e6;
  for (const auto* entries : {&found.per_layer, &found.patched})
    for (const entry& e : *entries) {
      least = std::min(least, static_cast<double>(e.sram_bytes));
      most = std::max(most, static_cast<double>(e.sram_bytes));
      macs = std::max(macs, static_cast<double>(e.macs));
    }
  c.least_bytes = std::min(least, most) / 1.15;
  c.most_bytes = most * 1.3;
  c.most_height = macs / 1e6 * 1.08;
  std::string svg = svg_opening({c.width, c.height}, c.left, "Largest networks by SRAM",
                                grouped(static_cast<std::int64_t>(found.candidates)) +
                                    " networks: " + grouped(static_cast<std::int64_t>(found.fit_per_layer)) +
                                    " fit layer after layer (grey), " +
                                    grouped(static_cast<std::int64_t>(found.fit_patched)) + " with patches (blue)");
  svg += svg_byte_axis(c, limits.picture_in_memory ? "SRAM, picture included" : "SRAM, the picture comes line by line");
  const auto top = static_cast<std::int32_t>(c.most_height);
  for (std::int32_t tick = 0; tick <= top; tick += tick_step(top, 6))
    svg += svg_horizontal(c.left, c.right, c.y(tick), "grid") +
           svg_text({c.left - 8, c.y(tick) + 4}, "end", std::to_string(tick) + " M");
  svg += svg_text({c.left, c.top - 10}, "", "multiply-accumulates");
  return svg + curve(c, found.per_layer, "stage", "start") + curve(c, found.patched, "curve", "trade") + "</svg>\n";
}

}  // namespace design
