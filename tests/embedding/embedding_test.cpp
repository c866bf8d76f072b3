// One model embedded in three ways gives the same network.
//
// usage: embedding_test apart|xxd|embed     exit status 77 if this compiler, or this machine, cannot embed so
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

template <typename Network>
static int exact() {
  static inlay_tests::guarded<Network> n;
  return inlay_tests::exact_cases(n, inlay_tests::read_file(recording + ".in"),
                                  inlay_tests::read_file(recording + ".out")) > 0
             ? 0
             : 1;
}

/// As inlay_add_model writes it: the network has the constants that its kernels read, each an array of its own.
using apart = inlay::network<inlay::tflite<tiny>>;
static_assert(apart::flash_bytes < inlay::tflite<tiny>::byte_count / 2);

/// One array, which the network has all of.
template <const auto& Bytes>
static int exact_as_a_whole() {
  using model = inlay::tflite<Bytes>;
  using network = inlay::network<model>;
  static_assert(network::arena_bytes == apart::arena_bytes);
  static_assert(network::flash_bytes > model::byte_count);
  static_assert(network::flash_bytes < model::byte_count + apart::flash_bytes);
  static_assert(network::macs == apart::macs);
  return exact<network>();
}

int main(int argc, char** argv) {
  const std::string way = argc == 2 ? argv[1] : "";
  if (way == "apart") return exact<apart>();
#if defined(INLAY_HAVE_XXD)
  if (way == "xxd") return exact_as_a_whole<tiny_xxd>();
#endif
#if defined(INLAY_HAVE_EMBED)
  if (way == "embed") return exact_as_a_whole<tiny_embed>();
#endif
  std::printf("SKIPPED: %s is not available\n", way.c_str());
  return 77;
}
