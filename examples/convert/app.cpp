// The network that from_keras.py or from_pytorch.py converts, in a program: what kind of stripes are these?
#include <inlay.hpp>

#include "model.hpp"  // the bytes of model.tflite, made by embed.py

#include <cstdio>

struct stripes : inlay::tflite<model> {};  // the network as a type

// The compiler looks for the schedule that recomputes least within 4 KiB, or says that there is none.
using net = inlay::network<stripes, inlay::fit<inlay::sram<4 * 1024>>>;
static net classifier;  // all the memory that it works in

static std::int8_t picture[32 * 32 * 3];  // where a camera would put it

static void draw(int kind) {
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 32; ++x) {
      const int across[] = {y, x, x - y + 32, x + y};
      for (int c = 0; c < 3; ++c)
        picture[(y * 32 + x) * 3 + c] = net::input_info<>::quantize(across[kind] % 5 < 3 ? 0.4f : -0.4f);
    }
}

int main() {
  const char* kinds[] = {"lying", "standing", "falling", "rising"};
  int right = 0;
  for (int kind = 0; kind < 4; ++kind) {
    draw(kind);
    const auto answer = classifier.run(picture);  // exactly what TensorFlow Lite Micro answers
    std::printf("%s stripes look %s\n", kinds[kind], kinds[answer.largest()]);
    right += static_cast<int>(answer.largest()) == kind;
  }
  std::printf("%d of 4 right, in %d bytes of memory\n", right, static_cast<int>(sizeof classifier));
  return right == 4 ? 0 : 1;
}
