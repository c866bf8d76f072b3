// Finds persons in pictures, in videos and before a camera.
#include "person_detection.hpp"
#include "persons.hpp"
#include "program.hpp"

#include <inlay.hpp>

#include <cstdint>
#include <span>

struct person : inlay::tflite<person_detection> {};

// The network under two schedules, which give the same answers.
using least_memory = inlay::network<person, inlay::least_memory>;
using per_layer = inlay::network<person, inlay::per_layer>;
static_assert(least_memory::arena_bytes <= 32 * 1024 && least_memory::recomputed_macs == 0);

// They run in turns, in the memory of the largest.
static inlay::shared<least_memory, per_layer> detector;

template <typename Network>
std::span<const std::int8_t> run(const std::int8_t* image) {
  return detector.run<Network>(Network::unchecked_input(image));
}

constexpr vision::scheduled schedules[] = {
    vision::describe<least_memory>("least_memory", run<least_memory>),
    vision::describe<per_layer>("per_layer", run<per_layer>),
};

constexpr vision::colour colours[] = {{0, 90, 200}};

int main(int argc, char** argv) {
  return vision::run_program({.name = "person_detection",
                              .description = "Finds persons, near and far.",
                              .side = per_layer::input_info<>::extents.width(),
                              .schedules = schedules,
                              .kinds = person_kinds,
                              .colours = colours,
                              .one = "person",
                              .several = "persons",
                              .threshold = person_threshold,
                              .find = vision::find_all<per_layer::output<>>,
                              .examples = PHOTOS_DIR},
                             argc, argv);
}
