// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What becomes of a session whose connection is lost.

#include <parley/core/timer.hpp>

#include "rpc/session.hpp"
#include "rpc/session_pump.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <random>
#include <utility>

namespace parley::rpc::detail {
namespace {

// Between three quarters and five quarters of `pause`, so that clients of one server do not come all at once.
std::chrono::steady_clock::duration around(std::chrono::steady_clock::duration pause) {
    thread_local std::minstd_rand random{std::random_device{}()};
    pause = std::min(pause, std::chrono::steady_clock::duration::max() / 2);
    return pause / 4 * 3 + pause / 1024 * static_cast<int>(random() % 512);
}

}  // namespace

// `why`: no error where the other side has ended it.
void session::lost(error why) {
    if (!open_ || !connected_) return;
    if (!redial_ || shutting_down_ || has_ended_ || calls_ == nullptr) {
        failure_ = std::move(why);
        return finish(failure_.code(), ended_by::other_side);
    }
    connected_ = false;
    ++link_;
    unsent_bytes_ = batched_bytes_ = 0;
    held_.clear();
    hang_up_.reset();
    last_words_.reset();
    noise_ = 0;
    failure_ = std::move(why);
    channel_.close();
    abort_calls(false);
    cancel_handlers();
    // What is under way, a receive or a wait, ends, and goes on with it; so does the processing of a message.
    parked_.cancel();
    if (calls_at_home_ && !processing_) begin_reconnect();
}

// Behind what runs now, which may be the coroutine that has just connected.
void session::begin_reconnect() {
    asio::post(get_executor(), [own = pump{shared_from_this(), std::move(calls_at_home_)}]() mutable {
        const auto self = own.self;
        asio::co_spawn(self->get_executor(), reconnect(std::move(own)),
                       asio::bind_cancellation_slot(self->redial_cancel_.slot(), [](const std::exception_ptr&) {}));
    });
}

// The coroutine owns the calls meanwhile, and whatever it waits for owns the coroutine.
task<void> session::reconnect(pump own) {
    const auto self = own.self;
    auto pause = self->reconnect_.first_pause;
    for (std::size_t n = 1; self->open_; ++n) {
        asio::steady_timer later(self->get_executor(), parley::detail::time_after(around(pause)));
        co_await later.async_wait(asio::use_awaitable);
        try {
            auto channel = co_await self->redial_();
            if (!self->open_) co_return;
            self->calls_at_home_ = std::move(own.calls);
            self->connected(std::move(channel));
            co_return;
        } catch (const boost::system::system_error& e) {
            if (!self->open_) co_return;
            if (n != self->reconnect_.attempts) {
                pause = pause < self->reconnect_.longest_pause / 2 ? 2 * pause : self->reconnect_.longest_pause;
                continue;
            }
            self->failure_ = error(e.code(), "connect again, " + std::to_string(n) + " times");
        }
        self->finish(self->failure_.code(), ended_by::other_side);
    }
}

void session::connected(any_channel channel) {
    channel_ = std::move(channel);
    watch_sending();
    wire_ = options_.protocol.make_wire();
    connected_ = true;
    failure_ = {};
    ++counted_.connections;
    const auto waiting = calls_->all(next_id_, wire_->ordered());
    if (reconnect_.on_connect) reconnect_.on_connect(peer(shared_from_this()));
    if (!connected_) return;
    for (auto* const call : waiting) {
        call->sent = true;
        send(call->request);
        if (!connected_) return;  // lost again
        if (!call->idempotent) std::string().swap(call->request);
    }
    next();
}

}  // namespace parley::rpc::detail
