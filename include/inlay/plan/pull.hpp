// Inlay: the pulling rule, by which the rows of a stage's layers follow one another, in a dry run and in earnest.
//
// The stage's outputs want their rows. A layer whose next row is wanted, but which lacks rows of an operand for it,
// wants them from whoever makes that; and the last layer that is wanted and lacks nothing makes a row. So rows are made
// as late as possible and used soon.
#pragma once

#include <inlay/graph/geometry.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI::detail {

/// Whether a layer is to make a row, or to have what it lacks for it made: later stages read its output, or another
/// layer waits for it, and there is work left.
constexpr bool is_due(bool leaves, bool wanted, interval work, std::int32_t done) {
  return (leaves || wanted) && done < work.end;
}

/// Rows of a map that one of the layers that write it has made, from the top: those that it has worked on, or all once
/// its work is done. A layer without work keeps nobody waiting.
constexpr std::int32_t made_rows(interval work, std::int32_t done, bool at_once, std::int32_t all_rows) {
  if (work.size() == 0) return 0x7fffffff;
  return !at_once ? done : done >= work.end ? all_rows : 0;
}

/// Whether a layer has made all that the next segment of a reader needs: of the last row that this needs, segments up
/// to its own.
constexpr bool has_made(std::int32_t rows, std::int32_t segments, std::int32_t needed_rows, std::int32_t segment) {
  return rows >= needed_rows || (rows + 1 == needed_rows && segments > segment);
}

}  // namespace inlay::detail
