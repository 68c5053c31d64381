// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/error.hpp>
#include <parley/signal/wait_signal.hpp>

#include "core/operation.hpp"
#include "core/syscall.hpp"
#include "signal/blocked_everywhere.hpp"
#include "signal/signal_hub.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <memory>

namespace parley::detail {
namespace {

using handler_type = completion_handler<void(error_code, signal_event)>;

struct pause_state {
    pause_state(const executor& io, unique_fd signalfd) : pending(std::move(signalfd)), door(io, pending.get()) {}
    ~pause_state() {
        if (door.is_open()) (void)door.release();
    }
    unique_fd pending;
    asio::posix::stream_descriptor door;
};

struct pause_operation {
    std::unique_ptr<pause_state> state;
    bool started = false;

    template <typename Self>
    void operator()(Self& self, error_code failure = {}) {
        if (!started) {
            started = true;
            self.reset_cancellation_state(asio::enable_total_cancellation());
            return wait(self);
        }
        if (!failure && self.cancelled() != asio::cancellation_type::none) failure = asio::error::operation_aborted;
        if (failure) return finish(self, failure, {});
        if (const auto event = take_one(state->pending.get())) return finish(self, {}, *event);
        wait(self);  // somebody else was faster
    }

    template <typename Self>
    void wait(Self& self) {
        auto& door = state->door;
        door.async_wait(asio::posix::stream_descriptor::wait_read, std::move(self));
    }

    template <typename Self>
    void finish(Self& self, error_code ec, const signal_event& event) {
        state.reset();
        self.complete(ec, event);
    }
};

sys::outcome<std::unique_ptr<pause_state>> prepare(const executor& io, const signal_mask& signals) {
    if (signals.empty()) return make_error_code(errc::invalid_argument);
    if (!blocked_everywhere(signals)) return make_error_code(errc::signal_not_blocked);
    auto pending = sys::signalfd(signals.native());
    if (!pending) return pending.error();
    try {
        return std::make_unique<pause_state>(io, std::move(*pending));
    } catch (const boost::system::system_error& e) {
        return e.code();
    }
}

}  // namespace

void start_wait_signal(const executor& io, const signal_mask& signals, handler_type handler) {
    auto state = prepare(io, signals);
    if (!state) return post_completion(io, std::move(handler), state.error(), signal_event{});
    asio::async_compose<handler_type, void(error_code, signal_event)>(pause_operation{std::move(*state)}, handler, io);
}

}  // namespace parley::detail
