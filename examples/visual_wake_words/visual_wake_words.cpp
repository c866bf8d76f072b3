// Says whether a person is in a picture, of pictures, of videos and before a camera.
#include "presence.hpp"
#include "program.hpp"
#include "visual_wake_words.hpp"

#include <inlay.hpp>

#include <cstdint>
#include <span>

struct person_there : inlay::tflite<visual_wake_words> {};

// The network under three schedules, which give the same answers.
using least_memory = inlay::network<person_there, inlay::least_memory>;
using patches = inlay::network<person_there, inlay::schedule<inlay::per_patch<inlay::split<6>, inlay::grid<2, 2>>>>;
using per_layer = inlay::network<person_there, inlay::per_layer>;
static_assert(least_memory::arena_bytes <= 20 * 1024 && least_memory::recomputed_macs == 0);

// They run in turns, in the memory of the largest.
static inlay::shared<least_memory, patches, per_layer> classifier;

template <typename Network>
std::span<const std::int8_t> run(const std::int8_t* image) {
  return classifier.run<Network>(Network::unchecked_input(image));
}

constexpr vision::scheduled schedules[] = {
    vision::describe<least_memory>("least_memory", run<least_memory>),
    vision::describe<patches>("patches", run<patches>),
    vision::describe<per_layer>("per_layer", run<per_layer>),
};

constexpr vision::colour colours[] = {{60, 60, 60}, {0, 150, 70}};

int main(int argc, char** argv) {
  return vision::run_program({.name = "visual_wake_words",
                              .description = "Says whether a person is in a picture.",
                              .side = per_layer::input_info<>::extents.width(),
                              .squashed = true,
                              .schedules = schedules,
                              .kinds = presence_kinds,
                              .colours = colours,
                              .threshold = presence_threshold,
                              .find = vision::decide_all<per_layer::output<>>,
                              .examples = PHOTOS_DIR},
                             argc, argv);
}
