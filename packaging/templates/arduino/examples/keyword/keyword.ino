// Runs a small network on recorded sounds and says how many answers are TensorFlow Lite Micro's.
// Your own network: python3 extras/embed.py network.tflite network.hpp writes the header.
#include <inlay.hpp>

#include "keyword_answers.hpp"

void setup() { Serial.begin(115200); }

void loop() {
  Serial.print(exact_answers());
  Serial.print(F(" of "));
  Serial.print(keyword_sounds);
  Serial.println(F(" answers are exact"));
  delay(1000);
}
