// Checks a predicate as a constant expression, where undefined behaviour cannot hide, and at run time.
#pragma once

#include <doctest/doctest.h>

#define CHECK_BOTH(predicate)                 \
  do {                                        \
    static_assert(predicate());               \
    bool (*volatile at_run_time)() = [] {     \
      return predicate();                     \
    };                                        \
    CHECK_MESSAGE(at_run_time(), #predicate); \
  } while (false)
