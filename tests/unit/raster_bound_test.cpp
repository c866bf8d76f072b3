// What raster order cannot go below: by hand, and the same when compiled and at run time.
#include <inlay.hpp>
#include <inlay/report.hpp>

#include <doctest/doctest.h>

namespace {

using namespace inlay;

// Two windows of 3 × 3: as pixel (5, 1) of the output is about to be made, 31 of its pixels of 3 bytes are there, and
// rows 4 and 5 of the map before, of 2 bytes a pixel, are all wanted.
using two_windows = sequential<input<6, 6, 1>, conv2d<{.filters = 2, .window = {.kernel = 3}}>,
                               conv2d<{.filters = 3, .window = {.kernel = 3}}>>;
static_assert(raster_bound<two_windows>() == 31 * 3 + 12 * 2);

// A map that is read pixel by pixel: one pixel of it beside the 15 that have been made of the output.
using pixels = sequential<input<4, 4, 3>, conv2d<{.filters = 5}>, conv2d<{.filters = 5}>>;
static_assert(raster_bound<pixels>() == 16 * 5);

// Every second row and column is read: what nobody reads is not alive.
using some_pixels = sequential<input<8, 8, 3>, conv2d<{.filters = 5}>, conv2d<{.filters = 2, .window = {.stride = 2}}>>;
static_assert(raster_bound<some_pixels>() == 15 * 2 + 5);

// 3 units whose sums are less than the map: a pixel of it is alive with the sums.
using summed = sequential<input<6, 6, 1>, conv2d<{.filters = 4}>, dense<{.units = 3}>>;
static_assert(raster_bound<summed>() == 4 + 3 * 4);
// 40 units take more than the map: all of it is alive.
using waiting = sequential<input<6, 6, 1>, conv2d<{.filters = 4}>, dense<{.units = 40}>>;
static_assert(raster_bound<waiting>() == 6 * 6 * 4);

using residual = sequential<input<12, 9, 3>, conv2d<{.filters = 8, .window = {.kernel = 3, .stride = 2}}>,
                            inverted_residual<{.filters = 8, .expansion = 4, .window = {.kernel = 3}}>,
                            inverted_residual<{.filters = 12, .expansion = 4, .window = {.kernel = 3, .stride = 2}}>,
                            global_average_pool, dense<{.units = 4}>>;

template <typename Model>
void check() {
  constexpr graph_view g = Model::graph();
  constexpr std::int64_t bound = raster_bound<Model>();
  CHECK(raster_bound(g) == bound);
  CHECK(bound > 0);
  CHECK(bound <= loaded_schedule(g, per_layer_stages(g)).arena_bytes());
  CHECK(bound <= loaded_schedule(g, least_memory_stages(g)).arena_bytes());
  CHECK(bound <= peak_bytes<Model, least_memory>);
}

TEST_CASE("the bound of raster order is below every arena, the same when compiled and at run time") {
  check<two_windows>();
  check<pixels>();
  check<some_pixels>();
  check<summed>();
  check<waiting>();
  check<residual>();
}

}  // namespace
