// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/shutdown.hpp>

#include <parley/core/timer.hpp>

#include "core/operation.hpp"
#include "core/syscall.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace parley {

std::string_view to_string(shutdown_phase phase) noexcept {
    switch (phase) {
        case shutdown_phase::running:
            return "running";
        case shutdown_phase::draining:
            return "draining";
        case shutdown_phase::forced:
            return "forced";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& out, shutdown_phase phase) { return out << to_string(phase); }

class shutdown_control::state : public std::enable_shared_from_this<state> {
public:
    state(executor io, const shutdown_options& options)
        : io_(std::move(io)), deadline_(options.deadline), signals_(io_), timer_(io_), draining_(io_), forced_(io_) {}

    void catch_signals(const signal_mask& wanted) {
        for (const int number : wanted.to_vector()) {
            struct ::sigaction earlier {};
            if (const auto ec = sys::sigaction(number, nullptr, &earlier)) fail(ec, number);
            if ((earlier.sa_flags & SA_SIGINFO) == 0 && earlier.sa_handler == SIG_IGN) continue;
            error_code ec;
            signals_.add(number, ec);
            if (ec) fail(ec, number);
            earlier_.emplace_back(number, earlier);
        }
        if (!earlier_.empty()) wait_for_signal();
    }

    // Asio leaves the default action behind; what was there before comes back in its place. Where anything else is
    // found somebody else holds the signal by now.
    void give_signals_back() noexcept {
        error_code ignored;
        signals_.cancel(ignored);
        signals_.clear(ignored);
        for (const auto& [number, earlier] : std::exchange(earlier_, {})) {
            struct ::sigaction now {};
            if (sys::sigaction(number, nullptr, &now)) continue;
            if ((now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL)
                static_cast<void>(sys::sigaction(number, &earlier, nullptr));
        }
    }

    void begin(int number) {
        number_ = number;
        phase_ = shutdown_phase::draining;
        timer_.expires_at(detail::time_after(deadline_));
        timer_.async_wait([self = shared_from_this()](error_code ec) {
            if (!ec && !self->closed_) self->force();
        });
        draining_.set();
    }

    void request(int number) {
        if (closed_) return;
        if (phase_ == shutdown_phase::running) return begin(number);
        if (phase_ == shutdown_phase::draining && number != 0) force();
    }

    void force() {
        if (closed_ || phase_ == shutdown_phase::forced) return;
        phase_ = shutdown_phase::forced;
        timer_.cancel();
        give_signals_back();
        draining_.set();
        forced_.set();
    }

    void close() {
        if (std::exchange(closed_, true)) return;
        give_signals_back();
        timer_.cancel();
        draining_.cancel();
        forced_.cancel();
    }

    void wait(bool forced, completion_handler<void(error_code)> handler) {
        event& wanted = forced ? forced_ : draining_;
        if (closed_ && !wanted.is_set())
            return post_completion(io_, std::move(handler), error_code(asio::error::operation_aborted));
        wanted.async_wait(std::move(handler), [](auto h, error_code ec) { std::move(h)(ec); });
    }

    shutdown_phase phase() const noexcept { return phase_; }
    int number() const noexcept { return number_; }

private:
    [[noreturn]] static void fail(const error_code& ec, int number) {
        throw boost::system::system_error(ec, "catch signal " + std::to_string(number));
    }

    void wait_for_signal() {
        signals_.async_wait([self = shared_from_this()](error_code ec, int number) {
            if (ec || self->closed_ || self->phase_ == shutdown_phase::forced) return;
            self->request(number);
            if (self->phase_ != shutdown_phase::forced) self->wait_for_signal();
        });
    }

    executor io_;
    std::chrono::milliseconds deadline_;
    asio::signal_set signals_;
    asio::steady_timer timer_;
    event draining_;
    event forced_;
    std::vector<std::pair<int, struct ::sigaction>> earlier_;
    shutdown_phase phase_ = shutdown_phase::running;
    int number_ = 0;
    bool closed_ = false;
};

shutdown_control::shutdown_control(executor io, const shutdown_options& options)
    : state_(std::make_shared<state>(std::move(io), options)) {
    try {
        state_->catch_signals(options.signals);
    } catch (...) {
        state_->close();
        throw;
    }
}

shutdown_control::~shutdown_control() { state_->close(); }

shutdown_phase shutdown_control::phase() const noexcept { return state_->phase(); }
int shutdown_control::signal_number() const noexcept { return state_->number(); }
void shutdown_control::request(int number) { state_->request(number); }
void shutdown_control::force() { state_->force(); }
void shutdown_control::close() { state_->close(); }

void shutdown_control::start_wait(bool forced, completion_handler<void(error_code)> handler) {
    state_->wait(forced, std::move(handler));
}

}  // namespace parley
