#pragma once

#include <cstdio>

#include "macros.hpp"

#define ESP_LOGI(tag, format, ...) std::printf(tag ": " format "\n", __VA_ARGS__)
