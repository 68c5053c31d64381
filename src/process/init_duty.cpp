// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/init_duty.hpp>

#include <parley/core/timer.hpp>
#include "core/operation.hpp"
#include "process/own_children.hpp"
#include "process/process_table.hpp"
#include "process/process_tree_membership.hpp"
#include "process/subreaper.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include <unistd.h>

namespace parley {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr clock::duration shortest_look = 20ms, longest_look = 500ms;

std::atomic<bool> there_is_one{false};

pid_t own_session() {
    const auto row = read_row(::getpid());
    return row && *row ? (*row)->session : -1;
}

}  // namespace

class init_duty::state : public std::enable_shared_from_this<init_duty::state> {
public:
    state(const executor& io, const init_duty_options& options)
        : options_(options), timer_(io), session_(own_session()) {
        if (::getpid() != 1) {
            auto hold = subreaper_hold::take();
            if (!hold) throw boost::system::system_error(hold.error().code(), hold.error().context());
            subreaper_ = std::move(*hold);
        }
        const auto there = own_children();
        if (!there) throw boost::system::system_error(there.error(), "list the children of this process");
        for (const pid_t child : *there)
            if (const auto row = read_row(child); row && *row) earlier_children_[child] = (*row)->start;
    }

    void begin(const executor& io) { asio::co_spawn(io, look_for_ever(shared_from_this()), asio::detached); }

    void close() {
        closed_ = true;
        timer_.cancel();
        subreaper_.reset();
    }

    void claim(pid_t child) {
        const std::lock_guard lock(mutex_);
        claimed_.insert(child);
    }
    void disclaim(pid_t child) {
        const std::lock_guard lock(mutex_);
        claimed_.erase(child);
    }
    std::uint64_t reaped() const noexcept { return reaped_; }

private:
    static task<void> look_for_ever(std::shared_ptr<state> self) {
        auto interval = shortest_look;
        while (!self->closed_) {
            interval = self->look() ? shortest_look : std::min(interval * 2, longest_look);
            self->timer_.expires_at(detail::time_after(interval));
            error_code ec;
            co_await self->timer_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        }
    }

    // True when there was something to reap, or is soon.
    bool look() {
        const auto children = own_children();
        if (!children) return false;
        session_changed_ = session_changed_ || own_session() != session_;
        bool busy = false;
        std::map<pid_t, ended_child> ended;
        for (const pid_t pid : *children) {
            if (is_own_child(pid)) continue;  // not worth a look
            const auto row = read_row(pid);
            if (!row || !*row || !(*row)->ended) continue;
            auto found = ended_child{(*row)->start, clock::now()};
            if (const auto before = ended_.find(pid); before != ended_.end() && before->second.start == found.start)
                found.since = before->second.since;
            if (may_be_reaped(**row, found.since) && reap_row(**row)) {
                ++reaped_;
                busy = true;
            } else {
                ended.emplace(pid, found);
            }
        }
        ended_ = std::move(ended);
        return busy;
    }

    bool may_be_reaped(const process_row& child, clock::time_point since) {
        {
            const std::lock_guard lock(mutex_);
            if (claimed_.contains(child.pid)) return false;
        }
        if (!is_strange_child(child.pid)) return false;
        return is_adopted(child) ||
               (options_.unclaimed_after && clock::now() >= detail::time_after(since, *options_.unclaimed_after));
    }

    // It cannot be one that this program has forked.
    bool is_adopted(const process_row& child) const {
        const auto mark = realtime_limit(child.pid);
        if (tree_mark::is_one(mark) && mark != own_mark_) return true;
        const auto earlier = earlier_children_.find(child.pid);
        if (earlier != earlier_children_.end() && earlier->second == child.start) return false;
        return !session_changed_ && child.session != session_ && child.session != child.pid && session_ >= 0;
    }

    struct ended_child {
        std::uint64_t start;
        clock::time_point since;
    };

    const init_duty_options options_;
    asio::steady_timer timer_;
    std::unique_ptr<subreaper_hold> subreaper_;
    const pid_t session_;
    const std::uint64_t own_mark_ = realtime_limit(::getpid());
    std::map<pid_t, std::uint64_t> earlier_children_;  // children from before
    std::map<pid_t, ended_child> ended_;
    std::atomic<std::uint64_t> reaped_{0};
    bool session_changed_ = false;
    bool closed_ = false;

    std::mutex mutex_;  // guards what follows
    std::set<pid_t> claimed_;
};

init_duty::init_duty(const executor& io, init_duty_options options) {
    if (there_is_one.exchange(true))
        throw boost::system::system_error(make_error_code(errc::invalid_argument), "there is an init_duty already");
    try {
        state_ = std::make_shared<state>(io, options);
        state_->begin(io);
    } catch (...) {
        there_is_one = false;
        throw;
    }
}

init_duty::init_duty(init_duty&&) noexcept = default;

init_duty& init_duty::operator=(init_duty&& other) noexcept {
    if (this != &other) {
        close();
        state_ = std::move(other.state_);
    }
    return *this;
}

init_duty::~init_duty() { close(); }

void init_duty::claim(pid_t child) {
    if (state_) state_->claim(child);
}

void init_duty::disclaim(pid_t child) {
    if (state_) state_->disclaim(child);
}

std::uint64_t init_duty::reaped() const noexcept { return state_ ? state_->reaped() : 0; }

void init_duty::close() {
    if (!state_) return;
    state_->close();
    state_.reset();
    there_is_one = false;
}

}  // namespace parley
