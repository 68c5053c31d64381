// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Work that serves all who ask for it at the time: who asks while it is under way shares the next round with all others
// that do.
#pragma once

#include <parley/core/asio.hpp>

#include "core/operation.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

namespace parley {

/// A service of a context. Threads: any; a round runs on the executor of one of those that asked.
template <typename Result>
class shared_rounds : public asio::execution_context::service {
public:
    explicit shared_rounds(asio::execution_context& context) : service(context) {}

    struct round {
        explicit round(const executor& io) : over(io) {}
        event over;
        std::shared_ptr<Result> result = std::make_shared<Result>();
        error_code failed{};
    };

    /// A round that has not begun.
    std::shared_ptr<round> join(const executor& io) {
        std::shared_ptr<round> joined;
        bool begins = false;
        {
            const std::lock_guard lock(mutex_);
            if (!next_) next_ = std::make_shared<round>(io);
            joined = next_;
            begins = !std::exchange(runs_, true);
        }
        if (begins) asio::co_spawn(io, run_rounds(*this, io), asio::detached);
        return joined;
    }

    void async_wait(round& r, completion_handler<void(error_code)> handler) {
        const std::lock_guard lock(mutex_);
        r.over.async_wait(std::move(handler), [](auto h, error_code ec) { std::move(h)(ec); });
    }

protected:
    void shutdown() override {
        const std::lock_guard lock(mutex_);
        next_.reset();  // its timer is one of this context
    }

private:
    virtual task<void> run(executor io, Result& into) = 0;
    /// How long after the end of a round that took `time` the next begins, at the soonest: who asks meanwhile shares
    /// it.
    virtual std::chrono::steady_clock::duration rest_after(std::chrono::steady_clock::duration time) const = 0;

    using clock = std::chrono::steady_clock;

    static task<void> run_rounds(shared_rounds& self, executor io) {
        for (;;) {
            {
                const std::lock_guard lock(self.mutex_);
                if (!self.next_) {
                    self.runs_ = false;
                    co_return;
                }
            }
            if (const auto begin = self.next_begin_.load(); begin > clock::now()) {
                asio::steady_timer rest(io);
                rest.expires_at(begin);
                co_await rest.async_wait(asio::use_awaitable);
            }
            std::shared_ptr<round> now;
            const auto began = clock::now();
            {
                const std::lock_guard lock(self.mutex_);
                now = std::exchange(self.next_, nullptr);
            }
            error_code failed;
            try {
                co_await self.run(io, *now->result);
            } catch (...) {
                failed = code_of(std::current_exception());
            }
            const auto ended = clock::now();
            self.next_begin_ = ended + self.rest_after(ended - began);
            const std::lock_guard lock(self.mutex_);
            now->failed = failed;
            now->over.set();
        }
    }

    std::atomic<clock::time_point> next_begin_{};
    std::mutex mutex_;  // guards everything below
    std::shared_ptr<round> next_;
    bool runs_ = false;
};

/// What the next round of `Rounds` has found.
template <typename Rounds, typename Result>
task<std::shared_ptr<const Result>> next_round(executor io) {
    auto& rounds = asio::use_service<Rounds>(asio::query(io, asio::execution::context));
    const auto round = rounds.join(io);
    const auto end = async_start<void(error_code)>(
        asio::deferred,
        [&rounds, round](completion_handler<void(error_code)> h) { rounds.async_wait(*round, std::move(h)); });
    co_await end(asio::use_awaitable);
    if (round->failed) throw boost::system::system_error(round->failed);
    co_return round->result;
}

}  // namespace parley
