// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Sets of signals, and the signals that the calling thread holds back.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>

#include <bitset>
#include <concepts>
#include <csignal>
#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

namespace parley {

/// A set of signals. A value: copies, compares, prints.
class PARLEY_EXPORT signal_mask {
public:
    /// The empty set.
    signal_mask() noexcept = default;
    /// `signal_mask{SIGINT, SIGTERM}`, also where a mask is wanted: `{SIGINT}`. Throws system_error with
    /// `errc::unknown_signal` for a number that is no signal.
    template <std::same_as<int>... More>
    signal_mask(int number, More... more) {  // no initializer_list: GCC 12 takes none within a co_await expression
        add(number);
        (add(more), ...);
    }
    /// What `set` holds, without the signals that the C library keeps for itself.
    explicit signal_mask(const sigset_t& set);

    /// Every signal, SIGKILL and SIGSTOP included: blocking those two has no effect.
    static signal_mask all();
    static signal_mask none() noexcept { return {}; }

    /// Errors: `errc::unknown_signal`. What is there already stays.
    result<void> insert(int number);
    /// Errors: `errc::unknown_signal`. What is not there stays away.
    result<void> erase(int number);
    /// False for a number that is no signal.
    bool contains(int number) const noexcept;

    bool empty() const noexcept { return bits_.none(); }
    std::size_t size() const noexcept { return bits_.count(); }

    /// The numbers, rising.
    std::vector<int> to_vector() const;
    /// "{SIGINT, SIGTERM}".
    std::string to_string() const;
    /// The same set for the C library.
    sigset_t native() const noexcept;

    signal_mask& operator|=(const signal_mask& other) noexcept {
        bits_ |= other.bits_;
        return *this;
    }
    signal_mask& operator&=(const signal_mask& other) noexcept {
        bits_ &= other.bits_;
        return *this;
    }
    signal_mask& operator-=(const signal_mask& other) noexcept {
        bits_ &= ~other.bits_;
        return *this;
    }
    /// Union, intersection, difference.
    friend signal_mask operator|(signal_mask a, const signal_mask& b) noexcept { return a |= b; }
    friend signal_mask operator&(signal_mask a, const signal_mask& b) noexcept { return a &= b; }
    friend signal_mask operator-(signal_mask a, const signal_mask& b) noexcept { return a -= b; }

    friend bool operator==(const signal_mask&, const signal_mask&) noexcept = default;
    /// Prints as `to_string`.
    PARLEY_EXPORT friend std::ostream& operator<<(std::ostream& out, const signal_mask& mask);

private:
    void add(int number);

    std::bitset<NSIG> bits_;  // bit n is signal n
};

// Each thread has a mask of its own: the signals that wait, pending, until it lets them through. A new thread starts
// with the mask of the thread that made it. The functions here are for the calling thread. Source: pthread_sigmask(3).

/// The signals that this thread holds back.
[[nodiscard]] PARLEY_EXPORT result<signal_mask> current_mask();
/// Holds back the signals of `mask` too; gives the earlier mask.
PARLEY_EXPORT result<signal_mask> block_signals(const signal_mask& mask);
/// Lets the signals of `mask` through; pending ones arrive before it returns. Gives the earlier mask.
PARLEY_EXPORT result<signal_mask> unblock_signals(const signal_mask& mask);
/// Holds back the signals of `mask` and no others; gives the earlier mask.
PARLEY_EXPORT result<signal_mask> replace_mask(const signal_mask& mask);
/// The signals that have been sent to this thread or process and wait because they are blocked.
[[nodiscard]] PARLEY_EXPORT result<signal_mask> pending_signals();

/// Holds back signals in this thread for the length of a scope, then lets those through again that this thread held
/// back for scopes alone.
///
/// Scopes may overlap in any way, as those of coroutines on one thread do: a signal is let through when the last scope
/// that holds it ends. A scope that lasts across a `co_await` holds its signals back from everything else that runs on
/// this thread meanwhile, too. To be destroyed by the thread that made it. Errors: the constructor throws system_error.
class PARLEY_EXPORT scoped_signal_block {
public:
    explicit scoped_signal_block(const signal_mask& mask);
    scoped_signal_block(const scoped_signal_block&) = delete;
    scoped_signal_block& operator=(const scoped_signal_block&) = delete;
    ~scoped_signal_block();

    /// The mask there was before.
    const signal_mask& earlier() const noexcept { return earlier_; }

private:
    signal_mask earlier_;
    signal_mask held_;  // by scopes of this thread, this one included, and by nobody else
};

}  // namespace parley
