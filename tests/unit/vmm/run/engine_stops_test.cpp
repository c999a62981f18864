// What a tracer and a debugger want the engine to stop at does not get in each other's way.
#include "vmm/run/engine_stops.hpp"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/vmm/engine/fake_engine.hpp"

namespace levitate::vmm {
namespace {

constexpr GuestVirt kFirst{0x1000};
constexpr GuestVirt kSecond{0x2000};
constexpr GuestVirt kThird{0x3000};
constexpr WatchedLoads kLoads{.table = 7, .begin = kFirst, .end = kSecond};

using Addresses = std::vector<GuestVirt>;

TEST(engine_stops, breakpoints_of_both_are_set_once_each) {
    test::FakeEngine engine;
    EngineStops stops(engine);
    stops.set_debuggers_breakpoints(std::array{kThird, kSecond, kThird});
    stops.set_tracers({.boundary = false, .loads = {}, .breakpoints = {kFirst, kSecond}});
    EXPECT_EQ(engine.stops.breakpoints, (Addresses{kFirst, kSecond, kThird}));
    EXPECT_TRUE(stops.debugger_has_breakpoint(kSecond));
    EXPECT_FALSE(stops.debugger_has_breakpoint(kFirst));
}

TEST(engine_stops, what_one_gives_up_stays_for_the_other) {
    test::FakeEngine engine;
    EngineStops stops(engine);
    stops.set_tracers({.boundary = true, .loads = {kLoads}, .breakpoints = {kFirst}});
    stops.set_debuggers_breakpoints(std::array{kFirst});
    stops.set_debuggers_breakpoints({});
    EXPECT_EQ(engine.stops, (Stops{.boundary = true, .loads = {kLoads}, .breakpoints = {kFirst}}));
    stops.set_debuggers_breakpoints(std::array{kFirst});
    stops.set_tracers({});
    EXPECT_EQ(engine.stops, (Stops{.boundary = false, .loads = {}, .breakpoints = {kFirst}}));
}

TEST(engine_stops, boundary_stops_while_either_wants_it) {
    test::FakeEngine engine;
    EngineStops stops(engine);
    stops.set_debuggers_boundary(true);
    EXPECT_TRUE(engine.stops.boundary);
    stops.set_tracers({.boundary = true, .loads = {}, .breakpoints = {}});
    stops.set_debuggers_boundary(false);
    EXPECT_TRUE(engine.stops.boundary);
    EXPECT_FALSE(stops.debugger_wants_boundary());
    stops.set_tracers({});
    EXPECT_FALSE(engine.stops.boundary);
}

}  // namespace
}  // namespace levitate::vmm
