// Runs a small network on recorded sounds and says how many answers are TensorFlow Lite Micro's.
#include "keyword_answers.hpp"

#include <cstdio>

int main() {
  std::printf("%d of %d answers are exact\n", exact_answers(), keyword_sounds);
  return exact_answers() == keyword_sounds ? 0 : 1;
}
