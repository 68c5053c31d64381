// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/application.hpp>

#include <parley/core/log.hpp>
#include <parley/loop/shutdown.hpp>

#include "core/operation.hpp"
#include "core/syscall.hpp"
#include "core/visible.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include <spdlog/logger.h>

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace parley {
namespace {

std::string text_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        return detail::visible(e.what());
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

bool is_abortion(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& e) {
        return e.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

bool is(const struct ::sigaction& action, void (*handler)(int)) {
    return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == handler;
}

// Blocks and lets through what was asked; the earlier mask comes back.
class scoped_mask {
public:
    scoped_mask(const signal_mask& blocked, const signal_mask& open)
        : earlier_(block_signals(blocked).value()), added_(blocked - earlier_) {
        unblock_signals(open).value();
    }
    scoped_mask(const scoped_mask&) = delete;
    scoped_mask& operator=(const scoped_mask&) = delete;

    // What is still pending came too late for the program and must not kill it now: to ignore a signal discards it.
    ~scoped_mask() {
        std::vector<std::pair<int, struct ::sigaction>> lethal;
        for (const int number : added_.to_vector()) {
            struct ::sigaction now {};
            if (sys::sigaction(number, nullptr, &now) || !is(now, SIG_DFL)) continue;
            struct ::sigaction ignore = now;
            ignore.sa_handler = SIG_IGN;
            if (!sys::sigaction(number, &ignore, nullptr)) lethal.emplace_back(number, now);
        }
        static_cast<void>(replace_mask(earlier_));
        for (const auto& [number, before] : lethal) static_cast<void>(sys::sigaction(number, &before, nullptr));
    }

private:
    signal_mask earlier_;
    signal_mask added_;
};

// Makes sure that exit statuses of children are kept.
class scoped_sigchld {
public:
    scoped_sigchld() {
        if (sys::sigaction(SIGCHLD, nullptr, &earlier_)) return;
        const bool ignored = is(earlier_, SIG_IGN);
        if (!ignored && (earlier_.sa_flags & SA_NOCLDWAIT) == 0) return;
        struct ::sigaction kept = earlier_;
        kept.sa_flags &= ~SA_NOCLDWAIT;
        if (ignored) kept.sa_handler = SIG_DFL;
        changed_ = !sys::sigaction(SIGCHLD, &kept, nullptr);
        logger()->warn("SIGCHLD was {} when the program began: undone, or the exit statuses of children would be lost",
                       ignored ? "ignored" : "set to SA_NOCLDWAIT");
    }
    scoped_sigchld(const scoped_sigchld&) = delete;
    scoped_sigchld& operator=(const scoped_sigchld&) = delete;
    ~scoped_sigchld() {
        if (changed_) static_cast<void>(sys::sigaction(SIGCHLD, &earlier_, nullptr));
    }

private:
    struct ::sigaction earlier_ {};
    bool changed_ = false;
};

// The coroutine's end, as it was seen.
struct outcome_of_main {
    bool ended = false;
    std::optional<int> value;
    std::exception_ptr failure;
};

int exit_code(const outcome_of_main& end, const shutdown_control& stopping, bool handler_threw,
              const std::optional<int>& when_asked) {
    const int signal = stopping.signal_number();
    if (!end.ended && stopping.phase() == shutdown_phase::forced) {
        logger()->warn("main was asked to end and did not: forced");
        return signal != 0 ? 128 + signal : handler_threw ? 1 : 0;
    }
    const bool was_asked = signal != 0 || handler_threw;
    const auto asked = [&] {
        if (signal == 0) return handler_threw ? 1 : 0;
        if (!when_asked) return 128 + signal;
        return handler_threw ? 1 : *when_asked;
    }();
    if (!end.ended) {
        logger()->error("the loop was stopped before main had ended");
        return 1;
    }
    if (end.failure) {
        if (was_asked && is_abortion(end.failure)) return asked;
        logger()->error("main failed: {}", text_of(end.failure));
        return 1;
    }
    if (end.value && *end.value != 0) return *end.value;
    if (handler_threw) return 1;
    return end.value ? *end.value : asked;
}

int run_loop(task<std::optional<int>> main, const application_options& options) {
    const scoped_mask mask(options.blocked, options.signals);
    const scoped_sigchld statuses;
    asio::cancellation_signal cancel;  // outlives what it cancels
    outcome_of_main end;
    event_loop loop(options.loop);
    shutdown_control stopping(loop.get_executor(), {.signals = options.signals, .deadline = options.deadline});
    bool handler_threw = false;

    asio::co_spawn(
        loop.get_executor(), std::move(main),
        asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr failure, std::optional<int> value) {
            end = {true, value, std::move(failure)};
            loop.stop();
        }));
    stopping.async_wait_draining([&](error_code ec) {
        if (!ec) cancel.emit(asio::cancellation_type::terminal);
    });
    stopping.async_wait_forced([&](error_code ec) {
        if (!ec) loop.stop();
    });
    while (!loop.stopped()) {
        try {
            loop.run();
        } catch (...) {
            logger()->error("a handler failed: {}", text_of(std::current_exception()));
            handler_threw = true;
            stopping.request();
        }
    }
    return exit_code(end, stopping, handler_threw, options.exit_code_when_asked);
}

int run_and_log(task<std::optional<int>> main, const application_options& options) noexcept {
    try {
        return run_loop(std::move(main), options);
    } catch (...) {
        logger()->error("cannot run: {}", text_of(std::current_exception()));
        return 1;
    }
}

task<std::optional<int>> with_value(task<int> main) { co_return co_await std::move(main); }

task<std::optional<int>> without_value(task<void> main) {
    co_await std::move(main);
    co_return std::nullopt;
}

}  // namespace

int run(task<int> main, const application_options& options) {
    return run_and_log(with_value(std::move(main)), options);
}
int run(task<int> main) { return run(std::move(main), {}); }
int run(task<void> main, const application_options& options) {
    return run_and_log(without_value(std::move(main)), options);
}
int run(task<void> main) { return run(std::move(main), {}); }

}  // namespace parley
