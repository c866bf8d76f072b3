// Inlay: the one place for compiler differences.
#pragma once

#if __cplusplus < 202002L
#error "Inlay needs C++20: compile with -std=c++20 or later"
#endif

#define INLAY_VERSION_MAJOR 0
#define INLAY_VERSION_MINOR 1
#define INLAY_VERSION_PATCH 0
