// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "leftovers.hpp"
#include "lifetimes.hpp"

#include <parley/loop/shutdown.hpp>

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <memory>

BOOST_AUTO_TEST_SUITE(loop_test)

using namespace parley;
using namespace parley::test;

namespace {

std::unique_ptr<shutdown_control> control_by_a_signal(const executor& io) {
    return std::make_unique<shutdown_control>(io, shutdown_options{.signals = {SIGUSR2}});
}

const dead_objects<shutdown_control>& dead_controls() {
    static const dead_objects<shutdown_control> all = dead_ones<shutdown_control>({{"closed", [](const executor& io) {
                                                                                        auto control =
                                                                                            control_by_a_signal(io);
                                                                                        control->close();
                                                                                        return control;
                                                                                    }}});
    return all;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(loop_suite, no_leftovers)

BOOST_AUTO_TEST_CASE(a_control_that_is_closed) {
    using control = shutdown_control;
    const auto& dead = dead_controls();
    lifetime("shutdown_control", "async_wait_draining", dead,
             [](control& s, auto& call) { call.fails([&](auto h) { s.async_wait_draining(h); }); });
    lifetime("shutdown_control", "async_wait_forced", dead,
             [](control& s, auto& call) { call.fails([&](auto h) { s.async_wait_forced(h); }); });
    lifetime("shutdown_control", "phase", dead,
             [](control& s, auto&) { BOOST_TEST(s.phase() == shutdown_phase::running); });
    lifetime("shutdown_control", "signal_number", dead, [](control& s, auto&) { BOOST_TEST(s.signal_number() == 0); });
    lifetime("shutdown_control", "request", dead, [](control& s, auto&) { s.request(); });
    lifetime("shutdown_control", "force", dead, [](control& s, auto&) { s.force(); });
    lifetime("shutdown_control", "close", dead, [](control& s, auto&) { s.close(); });
}

BOOST_AUTO_TEST_CASE(a_control_that_goes) {
    const auto living_control = [](const executor& io) { return living<shutdown_control>{control_by_a_signal(io)}; };
    pending("shutdown_control", "async_wait_draining", living_control,
            [](shutdown_control& s, auto h) { s.async_wait_draining(h); });
    pending("shutdown_control", "async_wait_forced", living_control,
            [](shutdown_control& s, auto h) { s.async_wait_forced(h); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
