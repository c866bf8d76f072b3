#pragma once
#include "macros.hpp"
