// Runs one model on recorded inputs and compares its answers with recorded ones, byte for byte.
// Compiled by run.py for each model: MODEL is its name, MODEL_HEADER the header with its bytes, SCHEDULE a type, and
// WEIGHTS_AHEAD, if weights are asked for, how many layers ahead.
//
// usage: runner NAME.in NAME.out     prints what differs and "arena BYTES flash BYTES macs N recomputed N cases N"
#include "../answers.hpp"
#include "../late_weights.hpp"

#include MODEL_HEADER

struct model : inlay::tflite<MODEL> {};
#ifdef WEIGHTS_AHEAD
using net = inlay::network<inlay::sourced_weights<model, inlay::prefetch<WEIGHTS_AHEAD>>, SCHEDULE>;
#else
using net = inlay::network<model, SCHEDULE>;
#endif
static inlay_tests::guarded<net> network;

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto inputs = inlay_tests::read_file(argv[1]), answers = inlay_tests::read_file(argv[2]);
#ifdef WEIGHTS_AHEAD
  inlay_tests::late_weights weights{model::bytes()};
  const int cases = inlay_tests::exact_cases(network, inputs, answers, weights);
#else
  const int cases = inlay_tests::exact_cases(network, inputs, answers);
#endif
  std::printf("arena %zu flash %zu macs %lld recomputed %lld cases %d\n", net::arena_bytes, net::flash_bytes,
              static_cast<long long>(net::macs), static_cast<long long>(net::recomputed_macs), cases);
  return cases > 0 ? 0 : 1;
}
