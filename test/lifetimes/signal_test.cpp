// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "leftovers.hpp"
#include "lifetimes.hpp"

#include <parley/signal/signal_watcher.hpp>

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <memory>

BOOST_AUTO_TEST_SUITE(signal_test)

using namespace parley;
using namespace parley::test;

namespace {

std::unique_ptr<signal_watcher> watcher_of_a_signal(const executor& io) {
    return std::make_unique<signal_watcher>(io, signal_mask{SIGUSR2});
}

living<signal_watcher> living_watcher(const executor& io) { return {watcher_of_a_signal(io)}; }

const dead_objects<signal_watcher>& dead_watchers() {
    static const dead_objects<signal_watcher> all = moved_from_or_closed<signal_watcher>(watcher_of_a_signal);
    return all;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(signal_suite, no_leftovers)

BOOST_AUTO_TEST_CASE(a_watcher_that_watches_nothing) {
    const auto& dead = dead_watchers();
    lifetime("signal_watcher", "async_wait", dead,
             [](signal_watcher& w, auto& call) { call.fails([&](auto h) { w.async_wait(h); }); });
    lifetime("signal_watcher", "try_wait", dead, [](signal_watcher& w, auto&) { BOOST_TEST(!w.try_wait()); });
    lifetime("signal_watcher", "cancel", dead, [](signal_watcher& w, auto&) { w.cancel(); });
    lifetime("signal_watcher", "close", dead, [](signal_watcher& w, auto&) { w.close(); });
    lifetime("signal_watcher", "signals", dead, [](signal_watcher& w, auto& call) {
        if (call.is("moved from")) BOOST_TEST((w.signals() == signal_mask()));
        (void)w.signals();
    });
    lifetime("signal_watcher", "missed", dead, [](signal_watcher& w, auto&) { BOOST_TEST(w.missed() == 0u); });
    lifetime("signal_watcher", "uses_signalfd", dead, [](signal_watcher& w, auto&) { BOOST_TEST(!w.uses_signalfd()); });
}

BOOST_AUTO_TEST_CASE(a_watcher_that_goes) {
    pending("signal_watcher", "async_wait", living_watcher, [](signal_watcher& w, auto h) { w.async_wait(h); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
