// Inlay: operators that take several samples at once become layers that take one each.
#pragma once

#include <inlay/config.hpp>
#include <inlay/graph/layers.hpp>
#include <inlay/graph/shape.hpp>
#include <inlay/model/tflite_reader.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

/// Appends a layer that takes one map: for each sample one, from a slice to a part of its output.
constexpr bool append_for_samples(tflite_reader& r, const layer& l) {
  const shape& from = r.at(l.inputs[0]).extents;
  const shape& to = r.at(l.output).extents;
  if (from[0] == 1) return r.append(l);
  for (std::int32_t sample = 0; sample < from[0]; ++sample) {
    shape one_from = from, one_to = to;
    one_from[0] = one_to[0] = 1;
    layer cut = r.make_layer(layer_kind::slice), one = l, place = r.make_layer(layer_kind::place);
    cut.inputs[0] = l.inputs[0];
    cut.output = one.inputs[0] = r.add_tensor(one_from, r.at(l.inputs[0]).quant);
    one.output = place.inputs[0] = r.add_tensor(one_to, r.at(l.output).quant);
    place.output = l.output;
    cut.begin[0] = place.begin[0] = sample;
    cut.step = {1, 1, 1, 1, 1, 1};
    r.append(cut);
    r.append(one);
    r.append(place);
  }
  return true;
}

}  // namespace detail

}  // namespace inlay
