// Inlay: models of which nothing is known at compile time, and reports on plans. Hosted programs only: these are
// the headers that use the heap.
#pragma once

#include <inlay/hosted/loaded.hpp>         // models and schedules known at run time
#include <inlay/hosted/topology.hpp>       // topologies known at run time
#include <inlay/report/plan.hpp>           // what reports are about
#include <inlay/report/raster_bound.hpp>   // what raster order cannot go below
#include <inlay/report/schedule_text.hpp>  // schedules as text
#include <inlay/report/layer_types.hpp>    // topologies as C++ types
#include <inlay/report/text.hpp>           // tables, and the arena over time
#include <inlay/report/lifetime_svg.hpp>   // the arena over time as a picture
#include <inlay/report/patch_svg.hpp>      // a stage's patches as a picture
#include <inlay/report/trade_off.hpp>      // memory against computation
