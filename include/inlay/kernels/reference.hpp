// Inlay: all reference kernels.
#pragma once

#include <inlay/kernels/reference/channels.hpp>
#include <inlay/kernels/reference/convolution.hpp>
#include <inlay/kernels/reference/elementwise.hpp>
#include <inlay/kernels/reference/fetch.hpp>
#include <inlay/kernels/reference/load.hpp>
#include <inlay/kernels/reference/lookup.hpp>
#include <inlay/kernels/reference/matrix.hpp>
#include <inlay/kernels/reference/move.hpp>
#include <inlay/kernels/reference/reduce.hpp>
