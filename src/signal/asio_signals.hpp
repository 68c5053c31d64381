// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What Asio knows of the signals that asio::signal_set waits for.
#pragma once

#include <parley/core/asio.hpp>

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstddef>
#include <type_traits>

namespace parley::detail {

// Parameters, so that what Asio does not show is refused by a sentence, and what a newer Asio has is used.
template <typename State>
concept shows_its_count = requires(State& state) {
    state.mutex_;
    state.registration_count_[0];
};
template <typename State>
concept has_flags = requires(State& state) { state.flags_[0]; };

/// Asio counts the registrations of each number in the process. It installs its handler with the first, sets SIG_DFL
/// with the last, and does nothing in between. Our handler counts as one more while it is in place: then Asio leaves
/// the disposition alone, whatever signal_sets come and go, and the count says whether there is one. A registration by
/// an asio::signal_set of ours would do the same, and open Asio's pipe, which is not close-on-exec.
///
/// An object holds the lock of Asio.
template <typename State = asio::detail::signal_state>
class basic_asio_signals {
    static_assert(shows_its_count<State>, "parley is compiled with the header-only form of Asio");

public:
    basic_asio_signals() : basic_asio_signals(*asio::detail::get_signal_state()) {}
    explicit basic_asio_signals(State& state) : state_(state) {}

    /// How many signal_sets of the program wait for `number`, where our handler is counted.
    std::size_t others(int number) const noexcept { return state_.registration_count_[number] - 1; }
    /// The same where it is not.
    std::size_t all(int number) const noexcept { return state_.registration_count_[number]; }

    /// What there was before our handler was counted.
    struct before {
        std::size_t waiting = 0;   // signal_sets
        bool wanted_flags = true;  // of which one said what flags it wants
    };

    /// Counts our handler.
    before count(int number) noexcept {
        before was{.waiting = all(number)};
        ++state_.registration_count_[number];
        // Where no flags are wanted yet, a signal_set that wants some would install its handler over ours: they are
        // said to be what ours has. A signal_set that wants others is then refused by Asio.
        if constexpr (has_flags<State>) {
            auto& known = state_.flags_[number];
            using flags = std::remove_reference_t<decltype(known)>;
            was.wanted_flags = was.waiting > 0 && known != flags::dont_care;
            if (!was.wanted_flags) known = flags::restart;
        }
        return was;
    }
    /// Our handler goes. Where signal_sets have waited all the time that want no flags, none are wanted again: what is
    /// put back in our place has none. Where another one has come meanwhile it may have asked for those that we have
    /// said; they stay, and `action` has them.
    void uncount(int number, const before& was) noexcept {
        --state_.registration_count_[number];
        if constexpr (has_flags<State>) {
            auto& known = state_.flags_[number];
            using flags = std::remove_reference_t<decltype(known)>;
            if (all(number) == 0)
                known = {};
            else if (!was.wanted_flags && all(number) <= was.waiting)
                known = flags::dont_care;
        }
    }

    /// What Asio has installed, or would have, but for ours.
    struct ::sigaction action(int number) const noexcept {
        auto its = plain_action();
        if constexpr (has_flags<State>) {
            const auto known = state_.flags_[number];
            if (known != std::remove_cv_t<decltype(known)>::dont_care) its.sa_flags = static_cast<int>(known);
        }
        return its;
    }
    /// The same without flags.
    static struct ::sigaction plain_action() noexcept {
        struct ::sigaction its {};
        its.sa_handler = asio::detail::boost_asio_signal_handler;
        sigfillset(&its.sa_mask);
        return its;
    }
    static bool is_its_handler(const struct ::sigaction& action) noexcept {
        return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == asio::detail::boost_asio_signal_handler;
    }

    /// For a handler, without the lock: the count of that moment.
    [[gnu::no_sanitize_thread]] static std::size_t count_now(int number) noexcept {
        State& state = *asio::detail::get_signal_state();
        return *static_cast<const volatile std::size_t*>(&state.registration_count_[number]);
    }
    /// Tells the signal_sets. Async-signal-safe.
    static void deliver(int number) noexcept { asio::detail::boost_asio_signal_handler(number); }

private:
    State& state_;
    asio::detail::static_mutex::scoped_lock held_{state_.mutex_};
};

using asio_signals = basic_asio_signals<>;

}  // namespace parley::detail
