// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What Asio is told of our handler, with flags as Boost 1.83 has them: a state that looks like its own.

#include "signal/asio_signals.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>

BOOST_AUTO_TEST_SUITE(asio_signals_test)

using namespace parley;

namespace {

struct state {
    enum flags { none = 0, restart = SA_RESTART, no_child_stop = SA_NOCLDSTOP, dont_care = -1 };

    asio::detail::static_mutex mutex_ = BOOST_ASIO_STATIC_MUTEX_INIT;
    std::size_t registration_count_[NSIG] = {};
    flags flags_[NSIG] = {};

    state() { mutex_.init(); }

    // As Asio does it; false where it refuses the flags.
    bool add(flags wanted) {
        if (registration_count_[SIGUSR1]++ == 0) {
            flags_[SIGUSR1] = wanted;
        } else if (wanted != dont_care && wanted != flags_[SIGUSR1]) {
            if (flags_[SIGUSR1] != dont_care) {
                --registration_count_[SIGUSR1];
                return false;
            }
            flags_[SIGUSR1] = wanted;
        }
        return true;
    }
    void remove() { --registration_count_[SIGUSR1]; }

    int installed_flags() { return signals(*this).action(SIGUSR1).sa_flags; }

    using signals = detail::basic_asio_signals<state>;
};

using signals = detail::basic_asio_signals<state>;

signals::before lay_over(state& of) { return signals(of).count(SIGUSR1); }
void take_away(state& of, const signals::before& was) { signals(of).uncount(SIGUSR1, was); }

}  // namespace

BOOST_AUTO_TEST_CASE(flags_that_nobody_wanted_are_wanted_by_nobody_after_our_handler) {
    state asio;
    BOOST_TEST(asio.add(state::dont_care));
    const auto was = lay_over(asio);
    BOOST_TEST(!asio.add(state::no_child_stop));  // it would install its handler over ours
    take_away(asio, was);
    BOOST_TEST(asio.installed_flags() == 0);
    BOOST_TEST(asio.add(state::no_child_stop));
    BOOST_TEST(asio.installed_flags() == SA_NOCLDSTOP);
}

BOOST_AUTO_TEST_CASE(flags_that_were_wanted_before_our_handler_stay) {
    state asio;
    BOOST_TEST(asio.add(state::no_child_stop));
    const auto was = lay_over(asio);
    BOOST_TEST(asio.add(state::no_child_stop));
    BOOST_TEST(!asio.add(state::restart));
    take_away(asio, was);
    BOOST_TEST(asio.installed_flags() == SA_NOCLDSTOP);
    BOOST_TEST(!asio.add(state::restart));
}

BOOST_AUTO_TEST_CASE(flags_that_were_asked_for_while_our_handler_was_there_stay) {
    for (const bool one_was_there : {false, true}) {
        state asio;
        if (one_was_there) BOOST_TEST(asio.add(state::dont_care));
        const auto was = lay_over(asio);
        BOOST_TEST(asio.add(state::restart));
        take_away(asio, was);
        BOOST_TEST(asio.installed_flags() == SA_RESTART);
    }
}

BOOST_AUTO_TEST_CASE(after_the_last_everything_is_as_at_the_beginning) {
    state asio;
    const auto was = lay_over(asio);
    take_away(asio, was);
    BOOST_TEST(asio.installed_flags() == 0);
    BOOST_TEST(asio.add(state::no_child_stop));
    BOOST_TEST(asio.installed_flags() == SA_NOCLDSTOP);
}

BOOST_AUTO_TEST_SUITE_END()
