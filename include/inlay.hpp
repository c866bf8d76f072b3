// Inlay: int8 neural networks for microcontrollers, compiled from their .tflite files.
//
//   bytes or layer types → graph → schedule → arena plan → kernels → run
//
// Headers come in that order; each includes only what stands before it.
#pragma once

#include <inlay/config.hpp>
#include <inlay/fold.hpp>
#include <inlay/narrow.hpp>

#include <inlay/graph/shape.hpp>
#include <inlay/graph/quantization.hpp>
#include <inlay/graph/layer_kinds.hpp>
#include <inlay/graph/layers.hpp>
#include <inlay/graph/graph.hpp>
#include <inlay/graph/geometry.hpp>
#include <inlay/graph/normalize.hpp>

#include <inlay/model/model.hpp>
#include <inlay/model/operators.hpp>
#include <inlay/model/error.hpp>
#include <inlay/model/flatbuffer.hpp>
#include <inlay/model/limits.hpp>
#include <inlay/model/preconditions.hpp>
#include <inlay/model/tflite_schema.hpp>
#include <inlay/model/tflite_tables.hpp>
#include <inlay/model/tflite_counts.hpp>
#include <inlay/model/tflite_reader.hpp>
#include <inlay/model/refusal_text.hpp>
#include <inlay/model/import/samples.hpp>
#include <inlay/model/import/shape.hpp>
#include <inlay/model/import/window.hpp>
#include <inlay/model/import/weighted.hpp>
#include <inlay/model/import/pairwise.hpp>
#include <inlay/model/import/lookup.hpp>
#include <inlay/model/import/reduce.hpp>
#include <inlay/model/import/move.hpp>
#include <inlay/model/import/rearrange.hpp>
#include <inlay/model/import/slice.hpp>
#include <inlay/model/import/resize.hpp>
#include <inlay/model/import/matrix.hpp>
#include <inlay/model/tflite.hpp>
#include <inlay/model/topology.hpp>
#include <inlay/model/sequential.hpp>
#include <inlay/model/sourced.hpp>
#include <inlay/model/sourced_weights.hpp>

#include <inlay/plan/budget.hpp>
#include <inlay/plan/stage.hpp>
#include <inlay/plan/need.hpp>
#include <inlay/plan/pull.hpp>
#include <inlay/plan/dry_run.hpp>
#include <inlay/plan/stage_layout.hpp>
#include <inlay/plan/schedule.hpp>
#include <inlay/plan/arena.hpp>
#include <inlay/plan/facts.hpp>
#include <inlay/plan/search.hpp>
#include <inlay/plan/layout.hpp>
#include <inlay/plan/fitting.hpp>

#include <inlay/patch/receptive_field.hpp>
#include <inlay/patch/redistribute.hpp>

#include <inlay/isa/isa.hpp>

#include <inlay/kernels/fixed_point.hpp>
#include <inlay/kernels/kernel.hpp>
#include <inlay/kernels/reference/convolution.hpp>
#include <inlay/kernels/reference/matrix.hpp>
#include <inlay/kernels/reference/elementwise.hpp>
#include <inlay/kernels/reference/lookup.hpp>
#include <inlay/kernels/reference/channels.hpp>
#include <inlay/kernels/reference/reduce.hpp>
#include <inlay/kernels/reference/move.hpp>
#include <inlay/kernels/reference/fetch.hpp>
#include <inlay/kernels/reference/load.hpp>
#include <inlay/kernels/reference.hpp>
#include <inlay/kernels/overwrite.hpp>
#include <inlay/kernels/invoke.hpp>
#include <inlay/kernels/weight_sums.hpp>
#include <inlay/kernels/fast.hpp>

#include <inlay/run/steps.hpp>
#include <inlay/run/stream.hpp>
#include <inlay/run/prepared.hpp>
#include <inlay/input.hpp>
#include <inlay/output.hpp>
#include <inlay/network.hpp>
#include <inlay/shared.hpp>
