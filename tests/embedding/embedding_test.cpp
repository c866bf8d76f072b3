// One model embedded in three ways gives the same network.
//
// usage: embedding_test xxd|embed     exit status 77 if this compiler, or this machine, cannot embed so
#include "answers.hpp"

#include "tiny.hpp"  // made by inlay_add_model

#if defined(INLAY_HAVE_XXD)
inline constexpr unsigned char tiny_xxd[] = {
#include "tiny.inc"
};
#endif

#if defined(__has_embed)
#if __has_embed("../golden/models/tiny.tflite")
#define INLAY_HAVE_EMBED
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wc23-extensions"
#endif
inline constexpr unsigned char tiny_embed[] = {
#embed "../golden/models/tiny.tflite"
};
#endif
#endif

static const std::string recording = INLAY_GOLDEN_DIR "/tiny";

template <const auto& Bytes>
static int same_as_literal() {
  using expected = inlay::network<inlay::tflite<tiny>>;
  using network = inlay::network<inlay::tflite<Bytes>>;
  static_assert(network::arena_bytes == expected::arena_bytes);
  static_assert(network::flash_bytes == expected::flash_bytes);
  static_assert(network::macs == expected::macs);
  static inlay_tests::guarded<network> n;
  return inlay_tests::exact_cases(n, inlay_tests::read_file(recording + ".in"),
                                  inlay_tests::read_file(recording + ".out")) > 0
             ? 0
             : 1;
}

int main(int argc, char** argv) {
  const std::string way = argc == 2 ? argv[1] : "";
#if defined(INLAY_HAVE_XXD)
  if (way == "xxd") return same_as_literal<tiny_xxd>();
#endif
#if defined(INLAY_HAVE_EMBED)
  if (way == "embed") return same_as_literal<tiny_embed>();
#endif
  std::printf("SKIPPED: %s is not available\n", way.c_str());
  return 77;
}
