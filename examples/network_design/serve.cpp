#include "serve.hpp"

#include "report.hpp"

#include <istream>
#include <new>
#include <ostream>
#include <string>

namespace design {

namespace {

void take_budget(const json& request, const char* key, std::optional<std::int64_t>& budget) {
  if (!request.contains(key)) return;
  const json& value = request[key];
  if (!value.is_null() && (!value.is_number_integer() || value < 0 || value > std::int64_t{1} << 53))
    throw bad_input(std::string(key) + " is a number of at least 0, or null");
  budget = value.is_null() ? std::optional<std::int64_t>() : value.get<std::int64_t>();
}

budgets budgets_of(const json& request, budgets limits) {
  take_budget(request, "sram", limits.sram);
  take_budget(request, "flash", limits.flash);
  take_budget(request, "macs", limits.macs);
  if (!request.contains("picture")) return limits;
  if (request["picture"] != "memory" && request["picture"] != "lines") throw bad_input("picture is memory or lines");
  limits.picture_in_memory = request["picture"] == "memory";
  return limits;
}

inlay::loaded_topology network_of(const json& request, const search_space& space) {
  if (request.contains("topology") == request.contains("candidate"))
    throw bad_input("a request has either a topology or a candidate");
  if (request.contains("topology")) return topology_from(request["topology"]);
  inlay::loaded_topology topology = topology_of(space, candidate_from(space, request["candidate"]));
  require_network(topology);
  return topology;
}

json answer_to(const json& request, const search_space& space, const budgets& limits) {
  require_object(request, "a request",
                 {"id", "topology", "candidate", "sram", "flash", "macs", "picture", "blocks", "cpp"});
  const budgets asked = budgets_of(request, limits);
  const inlay::loaded_topology topology = network_of(request, space);
  price p;
  find_price(topology, asked, p);
  json answer = {{"feasible", p.kept != nullptr}};
  if (p.kept == nullptr) {
    answer["exceeded"] = p.exceeded;
    answer.update(json{{"macs", p.macs},
                       {"parameters", p.parameters},
                       {"flash_bytes", p.flash_bytes},
                       {"input_bytes", p.input_bytes}});
  } else {
    answer.update(cost_of(p, *p.kept, asked));
  }
  if (p.per_layer) answer["per_layer_bytes"] = sram_bytes(p, *p.per_layer, asked);
  if (p.least_memory) answer["least_memory_bytes"] = sram_bytes(p, *p.least_memory, asked);
  if (request.value("blocks", false)) answer["topology"] = json_of(topology);
  if (request.value("cpp", false) && p.kept != nullptr) answer["cpp"] = cpp_of(topology, p, *p.kept, asked);
  return answer;
}

}  // namespace

void serve(std::istream& in, std::ostream& out, const search_space& space, const budgets& limits) {
  for (std::string line; std::getline(in, line);) {
    json answer = json::object();
    try {
      const json request = json::parse(line);
      if (request.is_object() && request.contains("id")) answer["id"] = request["id"];
      answer.update(answer_to(request, space, limits));
    } catch (const json::parse_error& failure) {
      answer["error"] = "this is not JSON from its byte " + std::to_string(failure.byte) + " on";
    } catch (const std::bad_alloc&) {
      answer["error"] = "there is not enough memory for this network";
    } catch (const std::exception& failure) {
      answer["error"] = failure.what();
    }
    out << answer.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
  }
}

}  // namespace design
