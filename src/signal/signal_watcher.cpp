// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/disposition.hpp>
#include <parley/signal/signal_catalogue.hpp>
#include <parley/signal/signal_watcher.hpp>

#include "core/operation.hpp"
#include "core/syscall.hpp"
#include "signal/blocked_everywhere.hpp"
#include "signal/event_queue.hpp"
#include "signal/signal_hub.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <list>
#include <string>
#include <utility>

#include <sys/epoll.h>

namespace parley {
namespace {

using boost::system::system_error;

void check(const error_code& ec, const signal_mask& signals, const char* call) {
    if (ec) throw system_error(ec, "watch " + signals.to_string() + ", " + call);
}

template <typename T>
T take(sys::outcome<T> outcome, const signal_mask& signals, const char* call) {
    if (!outcome) check(outcome.error(), signals, call);
    return std::move(*outcome);
}

// After one of these the failed instruction would run again, and fail again, for ever.
bool is_fault(int number) noexcept {
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL;
}

signal_mask accept(signal_mask signals, const signal_watcher_options& options) {
    if (signals.empty()) throw system_error(errc::invalid_argument, "watch no signal");
    for (const int number : signals.to_vector()) {
        const auto& row = *find_signal(number);
        if (!row.catchable) throw system_error(errc::signal_not_catchable, "watch " + std::string(row.name));
        if (is_fault(number))
            throw system_error(errc::invalid_argument,
                               "watch " + std::string(row.name) + ", which a crash_handler is for");
    }
    if (options.queue_limit == 0 || options.queue_limit > detail::event_queue::largest)
        throw system_error(errc::invalid_argument, "watch " + signals.to_string() + " with a queue_limit of " +
                                                       std::to_string(options.queue_limit));
    const bool hung_up_is_ignored =
        signals.contains(SIGHUP) && current_disposition(SIGHUP).value() == disposition::ignore;
    if (hung_up_is_ignored && !options.even_if_ignored) signals.erase(SIGHUP).value();
    return signals;
}

}  // namespace

struct signal_watcher::state {
    state(const executor& on, const signal_mask& wanted, const signal_watcher_options& options)
        : io(on),
          signals(accept(wanted, options)),
          by_signalfd(!options.by_handler && !signals.empty() && detail::blocked_everywhere(signals)),
          queue(options.queue_limit, take(sys::eventfd(), wanted, "eventfd")),
          door(io) {
        if (by_signalfd) {
            pending = take(sys::signalfd(signals.native()), signals, "signalfd");
            either = take(sys::epoll_create(), signals, "epoll_create1");
            check(sys::epoll_add(either.get(), pending.get(), EPOLLIN), signals, "epoll_ctl");
            check(sys::epoll_add(either.get(), queue.bell(), EPOLLIN), signals, "epoll_ctl");
        }
        error_code refused;
        door.assign(by_signalfd ? either.get() : queue.bell(), refused);
        check(refused, wanted, "asio::posix::descriptor::assign");
        try {
            subscribed.emplace(queue, signals, !by_signalfd);
        } catch (...) {
            release_door();
            throw;
        }
    }
    ~state() { close(); }

    void release_door() noexcept {
        if (door.is_open()) (void)door.release();  // the numbers have owners of their own
    }

    void close() noexcept {
        if (closed) return;
        closed = true;
        subscribed.reset();
        release_door();
        for (auto& each : waiting) each.timer.cancel();
        while (queue.pop()) {}
    }

    void cancel() {
        ++round;
        error_code ignored;
        door.cancel(ignored);
        for (auto& each : waiting) each.timer.cancel();
    }

    // The first leaves.
    void call_next() {
        const auto next = std::ranges::find(waiting, false, &waiter::called);
        somebody_is_first = next != waiting.end();
        if (!somebody_is_first) return;
        next->called = true;
        next->timer.cancel();
    }

    // Reads only when nothing is queued: what the kernel can keep is not lost here.
    std::optional<signal_event> next() noexcept {
        if (auto event = queue.pop()) return event;
        if (!by_signalfd || detail::distribute(pending.get(), queue.capacity(), &queue) == 0) return std::nullopt;
        return queue.pop();
    }

    // The same after the door opened.
    std::optional<signal_event> next_at_the_door() noexcept {
        if (by_signalfd)
            if (auto event = next()) return event;
        queue.hush();
        return queue.pop();
    }

    struct waiter {
        explicit waiter(const executor& io) : timer(io, asio::steady_timer::time_point::max()) {}
        asio::steady_timer timer;
        bool called = false;  // is the first now
    };
    using line = std::list<waiter>;

    executor io;
    signal_mask signals;
    bool by_signalfd;
    bool somebody_is_first = false;
    line waiting{};
    bool closed = false;
    std::uint64_t round = 0;  // rises with every cancel()
    unique_fd pending;        // the signalfd
    unique_fd either;         // epoll: signalfd or bell
    detail::event_queue queue;
    asio::posix::stream_descriptor door;  // what readiness is waited on: bell or either
    std::optional<detail::subscription> subscribed;
};

// One waiter stands at the door, and looks again when there is nothing for it; the others stand in a line behind it,
// each on a timer that never expires. So an event wakes one of them, the one that came first, however many wait.
struct signal_watcher::wait_operation {
    enum class place : std::uint8_t { nowhere, first, in_line };

    std::shared_ptr<state> watcher;
    std::uint64_t round;
    place stands = place::nowhere;
    bool at_the_door = false;
    state::line::iterator position{};

    template <typename Self>
    void operator()(Self& self, error_code failure = {}) {
        const auto kept = watcher;  // self moves away below, and may be gone with its own
        if (stands == place::nowhere) return begin(*kept, self);
        bool first = stands == place::first;
        if (!first) {
            first = position->called;
            kept->waiting.erase(position);
            stands = place::first;
            failure = {};  // a timer that never expires ends in no other way
        }
        const bool aborted = kept->closed || kept->round != round || self.cancelled() != asio::cancellation_type::none;
        if (!failure && aborted) failure = asio::error::operation_aborted;
        std::optional<signal_event> event;
        if (!failure) event = at_the_door ? kept->next_at_the_door() : kept->next();
        if (!failure && !event) return wait_at_the_door(*kept, self);
        if (first) kept->call_next();
        self.complete(failure, event.value_or(signal_event{}));
    }

    template <typename Self>
    void begin(state& from, Self& self) {
        self.reset_cancellation_state(asio::enable_total_cancellation());
        if (from.closed || !from.somebody_is_first) {
            stands = place::first;
            from.somebody_is_first = true;
            if (from.closed || !from.queue.empty()) return asio::post(from.io, std::move(self));
            return wait_at_the_door(from, self);
        }
        stands = place::in_line;
        position = from.waiting.emplace(from.waiting.end(), from.io);
        auto& timer = position->timer;
        timer.async_wait(std::move(self));
    }

    template <typename Self>
    void wait_at_the_door(state& from, Self& self) {
        at_the_door = true;
        from.door.async_wait(asio::posix::stream_descriptor::wait_read, std::move(self));
    }
};

signal_watcher::signal_watcher(const executor& io, const signal_mask& signals, signal_watcher_options options)
    : state_(std::make_shared<state>(io, signals, options)) {}

signal_watcher::signal_watcher(signal_watcher&& other) noexcept = default;

signal_watcher& signal_watcher::operator=(signal_watcher&& other) noexcept {
    if (this != &other) {
        if (state_) state_->close();
        state_ = std::move(other.state_);
    }
    return *this;
}

signal_watcher::~signal_watcher() {
    if (state_) state_->close();
}

void signal_watcher::start_wait(std::shared_ptr<state> state, const executor& own,
                                completion_handler<void(error_code, signal_event)> handler) {
    if (!state)
        return post_completion(own, std::move(handler), error_code(asio::error::bad_descriptor), signal_event{});
    const auto io = state->io;
    const auto round = state->round;
    asio::async_compose<completion_handler<void(error_code, signal_event)>, void(error_code, signal_event)>(
        wait_operation{std::move(state), round}, handler, io);
}

std::optional<signal_event> signal_watcher::try_wait() {
    if (!state_ || state_->closed) return std::nullopt;
    return state_->next();
}

void signal_watcher::cancel() {
    if (state_) state_->cancel();
}

void signal_watcher::close() {
    if (state_) state_->close();
}

const signal_mask& signal_watcher::signals() const noexcept {
    static const signal_mask none;
    return state_ ? state_->signals : none;
}

std::uint64_t signal_watcher::missed() const noexcept { return state_ ? state_->queue.missed() : 0; }

bool signal_watcher::uses_signalfd() const noexcept { return state_ && state_->by_signalfd; }

}  // namespace parley
