// Answers a trainer: a line of JSON for each line of JSON.
#pragma once

#include "price.hpp"
#include "space.hpp"

#include <iosfwd>

namespace design {

/// Until the input ends. A line that cannot be used is answered by a line that says why.
void serve(std::istream& in, std::ostream& out, const search_space& space, const budgets& limits);

}  // namespace design
