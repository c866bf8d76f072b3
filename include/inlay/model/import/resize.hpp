// Inlay: operators that enlarge and shrink maps, and trade channels for pixels, become layers.
#pragma once

#include <inlay/graph/geometry.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/tflite_reader.hpp>
#include <inlay/model/import/samples.hpp>

#include <cstdint>

namespace inlay::inline INLAY_ABI {

namespace detail {

constexpr bool require_block(tflite_reader& r, std::int32_t larger, std::int32_t smaller) {
  const shape& pixels = r.at(larger).extents;
  const shape& blocks = r.at(smaller).extents;
  const std::int64_t block = r.file.i32_or(r.options, 0, 0);
  if (block < 1 || block > most_extent) return r.fail(refusal::option, larger, "the block is too small or too large");
  if (pixels.height() != blocks.height() * block)
    return r.fail(refusal::shape, larger, pixels.height(), blocks.height());
  if (pixels.width() != blocks.width() * block) return r.fail(refusal::shape, larger, pixels.width(), blocks.width());
  if (blocks.channels() != pixels.channels() * block * block)
    return r.fail(refusal::shape, smaller, blocks.channels(), pixels.channels());
  return true;
}

constexpr bool import_depth_to_space(tflite_reader& r, layer_kind kind) {
  return r.require_maps() && require_block(r, r.result(0), r.operand(0)) && append_for_samples(r, r.make_layer(kind));
}

constexpr bool import_space_to_depth(tflite_reader& r, layer_kind kind) {
  return r.require_maps() && require_block(r, r.operand(0), r.result(0)) && append_for_samples(r, r.make_layer(kind));
}

constexpr bool import_resize(tflite_reader& r, layer_kind kind) {
  if (!r.require_maps(2)) return false;
  const shape& from = r.at(r.operand(0)).extents;
  const shape& to = r.at(r.result(0)).extents;
  if (from.channels() != to.channels()) return r.fail(refusal::shape, r.result(0), to.channels(), from.channels());
  if (!r.require_rank(r.operand(1), 1)) return false;
  std::int32_t size[2]{};
  const std::int32_t count = r.integers(r.operand(1), size, 2);
  if (count < 0) return false;
  if (count != 2 || size[0] != to.height() || size[1] != to.width()) return r.fail(refusal::shape, r.result(0));
  // Tables have 16 bits for a row or a column.
  for (std::int32_t index : {r.operand(0), r.result(0)})
    for (std::int32_t extent : {r.at(index).extents.height(), r.at(index).extents.width()})
      if (extent > most_rows) return r.fail(refusal::too_large, index, extent, most_rows);
  layer l = r.make_layer(kind);
  // RESIZE_BILINEAR's options begin with a size that is no longer used.
  const std::uint32_t first_field = kind == layer_kind::resize_bilinear ? 2 : 0;
  l.align_corners = r.file.flag(r.options, first_field);
  l.half_pixel_centers = r.file.flag(r.options, first_field + 1);
  return append_for_samples(r, l);
}

constexpr bool import_resize_bilinear(tflite_reader& r, layer_kind kind) {
  if (!import_resize(r, kind)) return false;
  const layer& l = r.graph->layers[r.graph->layer_count - 1];
  if (l.align_corners && l.half_pixel_centers)
    return r.fail(refusal::option, r.result(0), "align_corners and half_pixel_centers exclude each other");
  // The reference counts 1024ths of pixels in 32 bits. Very much enlarged, its rounded scale reaches beyond the map.
  const shape& from = r.at(r.operand(0)).extents;
  const shape& to = r.at(r.result(0)).extents;
  if (from.width() > most_blended) return r.fail(refusal::too_large, r.operand(0), from.width(), most_blended);
  if (blend_position(l, to.height() - 1, from.height(), to.height()) >= 1024 * from.height() ||
      blend_position(l, to.width() - 1, from.width(), to.width()) >= 1024 * from.width())
    return r.fail(refusal::option, r.result(0), "it is enlarged so much that the reference reads beyond the map");
  return true;
}

inline constexpr tflite_importer resize_importers[]{
    {tflite_operator::depth_to_space, import_depth_to_space, layer_kind::depth_to_space},
    {tflite_operator::space_to_depth, import_space_to_depth, layer_kind::space_to_depth},
    {tflite_operator::resize_nearest_neighbor, import_resize, layer_kind::resize_nearest},
    {tflite_operator::resize_bilinear, import_resize_bilinear, layer_kind::resize_bilinear},
};

}  // namespace detail

}  // namespace inlay
