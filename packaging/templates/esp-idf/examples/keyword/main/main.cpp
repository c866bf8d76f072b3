// Runs a small network on recorded sounds and says how many answers are TensorFlow Lite Micro's.
#include <cstdio>

#include "esp_log.h"

#include "keyword_answers.hpp"

extern "C" void app_main() { ESP_LOGI("keyword", "%d of %d answers are exact", exact_answers(), keyword_sounds); }
