// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Operations that wait for something scarce which the kernel does not announce: room in a backlog, a free descriptor.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/timer.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace parley::detail {

/// A place in a line of operations of one execution context that wait for the same thing, from its construction at the
/// end of the line to its destruction. The first one tries, with a pause after each try in vain. Those behind it cost
/// nothing: each waits on a timer that never expires. When the first one leaves, whatever the reason, the next one is
/// first and tries at once. So the cost of a success does not grow with those that wait, and they are served in order.
///
/// Where the handler of the first one does not run, because its executor stands still, the place steps aside after a
/// while, and those behind it are called: two, then four and so on until one of them runs. A place that stepped aside
/// is back where it was when its handler runs.
///
/// Places of one line may be on different executors and threads of the context; one place is one thread's at a time.
class place_in_line {
public:
    using duration = asio::steady_timer::duration;

    /// At the end of the line that `key` names in the context of `io`.
    place_in_line(const executor& io, const std::string& key);
    place_in_line(const place_in_line&) = delete;
    place_in_line& operator=(const place_in_line&) = delete;
    ~place_in_line();

    /// Whether operations stand in that line now: a new one goes behind them and does not try before them. Cheap where
    /// no operation of this process stands in any line.
    static bool is_line(const executor& io, const std::string& key);

    /// Where this place is the first: completes after `pause`. Otherwise: completes when it is the first. The handler's
    /// signature is `void(error_code)`; the code is `operation_aborted` for a wait that was cancelled. The handler asks
    /// `has_turn`, and where it has none waits again: another place may have come back meanwhile. The place must live
    /// until then.
    template <typename Handler>
    void async_wait(duration pause, Handler handler) {
        const std::lock_guard lock(lines_->mutex);
        cancelled_ = false;
        if (is_first()) {
            due_ = time_after(std::exchange(called_, false) ? duration() : pause);
        } else {
            due_ = time_point::max();
            called_ = false;
        }
        timer_.expires_at(due_);
        timer_.async_wait(map_handler(std::move(handler),
                                      [this](auto h, const error_code& ec) mutable { std::move(h)(outcome(ec)); }));
        watch(*line_->second);
    }

    bool has_turn() const {
        const std::lock_guard lock(lines_->mutex);
        return is_first();
    }

    /// Ends the wait with `operation_aborted`.
    void cancel();

private:
    using time_point = asio::steady_timer::time_point;

    struct line {
        std::map<std::uint64_t, place_in_line*> present{};  // in their order
        std::size_t places = 0;                             // with those that have stepped aside
        std::uint64_t next_number = 0;
        std::optional<asio::steady_timer> watch{};  // looks whether the first one stands still
        bool watched = false;
    };
    struct all_lines {
        std::mutex mutex{};
        std::map<std::string, std::shared_ptr<line>> lines{};
    };
    class service;
    static inline std::atomic<std::size_t> places{0};  // in all lines of all contexts

    bool is_first() const noexcept {
        const auto& present = line_->second->present;
        return !present.empty() && present.begin()->second == this;
    }
    void call();
    void step_aside();
    error_code outcome(const error_code& ec);
    void watch(line& which);
    void look(line& which);

    const std::shared_ptr<all_lines> lines_;
    asio::steady_timer timer_;  // under the mutex, because the place before this one ends its wait
    std::map<std::string, std::shared_ptr<line>>::iterator line_{};
    std::uint64_t number_ = 0;
    time_point due_ = time_point::max();  // when its handler has to run; of the first one that waits, or one called
    bool called_ = false;                 // to try: its wait ends, or will end, at once
    bool cancelled_ = false;              // its wait has ended for this
};

}  // namespace parley::detail
