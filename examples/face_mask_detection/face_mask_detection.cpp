// Finds faces in pictures, in videos and before a camera, and tells which of them wear a mask.
#include "face_mask_detection.hpp"
#include "faces.hpp"
#include "program.hpp"

#include <inlay.hpp>

#include <cstdint>
#include <span>

struct face_mask : inlay::tflite<face_mask_detection> {};

// The network under three schedules, which give the same answers.
using least_memory = inlay::network<face_mask, inlay::least_memory>;
using patches = inlay::network<face_mask, inlay::schedule<inlay::per_patch<inlay::split<11>, inlay::grid<3, 3>>>>;
using per_layer = inlay::network<face_mask, inlay::per_layer>;
static_assert(least_memory::arena_bytes <= 48 * 1024 && least_memory::recomputed_macs == 0);

// They run in turns, in the memory of the largest.
static inlay::shared<least_memory, patches, per_layer> detector;

template <typename Network>
std::span<const std::int8_t> run(const std::int8_t* image) {
  return detector.run<Network>(Network::unchecked_input(image));
}

constexpr vision::scheduled schedules[] = {
    vision::describe<least_memory>("least_memory", run<least_memory>),
    vision::describe<patches>("patches", run<patches>),
    vision::describe<per_layer>("per_layer", run<per_layer>),
};

constexpr vision::colour colours[] = {{215, 35, 35}, {0, 150, 70}};

int main(int argc, char** argv) {
  return vision::run_program({.name = "face_mask_detection",
                              .description = "Finds faces and tells which of them wear a mask.",
                              .side = per_layer::input_info<>::extents.width(),
                              .schedules = schedules,
                              .kinds = face_kinds,
                              .colours = colours,
                              .one = "face",
                              .several = "faces",
                              .threshold = face_threshold,
                              .find = vision::find_all<per_layer::output<>>,
                              .examples = PHOTOS_DIR},
                             argc, argv);
}
