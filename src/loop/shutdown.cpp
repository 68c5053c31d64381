// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/shutdown.hpp>

#include <parley/core/timer.hpp>
#include <parley/signal/disposition.hpp>
#include <parley/signal/signal_catalogue.hpp>
#include <parley/signal/signal_watcher.hpp>

#include "core/operation.hpp"
#include "core/syscall.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

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
        : io_(std::move(io)), deadline_(options.deadline), timer_(io_), draining_(io_), forced_(io_) {}

    void catch_signals(const signal_mask& wanted) {
        signal_mask caught;
        for (const int number : wanted.to_vector()) {
            if (!find_signal(number)->catchable) fail(sys::make_code(EINVAL), number);
            const auto earlier = current_disposition(number);
            if (!earlier) fail(earlier.error().code(), number);
            if (*earlier != disposition::ignore) caught.insert(number).value();
        }
        if (caught.empty()) return;
        // By a handler: the program may let them through later. Every number is seen, so there is no need for more
        // room.
        signals_.emplace(io_, caught, signal_watcher_options{.queue_limit = 16, .by_handler = true});
        wait_for_signal();
    }

    void give_signals_back() noexcept {
        if (signals_) signals_->close();
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
        signals_->async_wait([self = shared_from_this()](error_code ec, const signal_event& event) {
            if (ec || self->closed_ || self->phase_ == shutdown_phase::forced) return;
            self->request(event.number);
            if (self->phase_ != shutdown_phase::forced) self->wait_for_signal();
        });
    }

    executor io_;
    std::chrono::milliseconds deadline_;
    std::optional<signal_watcher> signals_;
    asio::steady_timer timer_;
    event draining_;
    event forced_;
    shutdown_phase phase_ = shutdown_phase::running;
    int number_ = 0;
    bool closed_ = false;
};

shutdown_control::shutdown_control(executor io) : shutdown_control(std::move(io), {}) {}

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
