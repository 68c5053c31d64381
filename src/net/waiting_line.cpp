// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/waiting_line.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/system_executor.hpp>

#include <chrono>

namespace parley::detail {

// A line belongs to its places, which the handlers own that wait: the context destroys them, and they may end after
// this.
class place_in_line::service final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;

    explicit service(asio::execution_context& context) : asio::execution_context::service(context) {}

    static service& of(const executor& io) {
        return asio::use_service<service>(asio::query(io, asio::execution::context));
    }

    const std::shared_ptr<all_lines> lines = std::make_shared<all_lines>();

private:
    void shutdown() override {}
};

namespace {

// More than a handler waits for its turn on a loop that works; less than a person notices.
constexpr place_in_line::duration longest_delay = std::chrono::milliseconds(50);

}  // namespace

place_in_line::place_in_line(const executor& io, const std::string& key) : lines_(service::of(io).lines), timer_(io) {
    ++places;
    const std::lock_guard lock(lines_->mutex);
    line_ = lines_->lines.try_emplace(key).first;
    auto& own = line_->second;
    if (!own) own = std::make_shared<line>();
    number_ = own->next_number++;
    own->present.emplace_hint(own->present.end(), number_, this);
    ++own->places;
}

place_in_line::~place_in_line() {
    --places;
    const std::lock_guard lock(lines_->mutex);
    auto& own = *line_->second;
    const bool first = is_first();
    step_aside();
    if (--own.places == 0) {
        lines_->lines.erase(line_);
    } else if (first && !own.present.empty()) {
        own.present.begin()->second->call();
        watch(own);
    }
}

void place_in_line::call() {
    called_ = true;
    due_ = asio::steady_timer::clock_type::now();
    timer_.cancel();
}

void place_in_line::step_aside() { line_->second->present.erase(number_); }

// Its executor runs.
error_code place_in_line::outcome(const error_code& ec) {
    const std::lock_guard lock(lines_->mutex);
    auto& present = line_->second->present;
    present.emplace(number_, this);  // where it had stepped aside
    due_ = time_point::max();
    const bool called = std::exchange(called_, false);
    const auto now = asio::steady_timer::clock_type::now();
    if (called)  // with others before it, which have not come
        while (!is_first() && present.begin()->second->due_ <= now) present.begin()->second->step_aside();
    if (cancelled_) return asio::error::operation_aborted;
    return called ? error_code() : ec;
}

// Looks after the first one, once its handler has had time to run. Not on the executor of a place, which may be the one
// that stands still, but in any thread of the context.
void place_in_line::watch(line& which) {
    if (which.present.size() < 2) return;
    const auto due = which.present.begin()->second->due_;
    if (due == time_point::max()) return;  // it runs
    const auto time = due + longest_delay;
    if (which.watched && which.watch->expiry() <= time + longest_delay) return;
    if (!which.watch) which.watch.emplace(timer_.get_executor());
    which.watched = true;
    which.watch->expires_at(time);
    auto then = [lines = lines_, weak = std::weak_ptr<line>(line_->second)](const error_code& ec) {
        if (ec) return;
        const std::lock_guard lock(lines->mutex);
        const auto still = weak.lock();
        if (!still) return;
        still->watched = false;
        if (!still->present.empty()) still->present.begin()->second->look(*still);
    };
    which.watch->async_wait(asio::bind_executor(asio::system_executor(), std::move(then)));
}

void place_in_line::look(line& which) {
    auto& present = which.present;
    const auto now = asio::steady_timer::clock_type::now();
    std::size_t late = 0;
    for (; !present.empty() && present.begin()->second->due_ <= now - longest_delay; ++late)
        present.begin()->second->step_aside();
    // Twice as many as were late: however many stand still, the others wait a few times only.
    std::size_t calls = 2 * late;
    for (const auto& [number, place] : present) {
        if (calls-- == 0 || place->due_ != time_point::max()) break;
        place->call();
    }
    if (!present.empty()) present.begin()->second->watch(which);
}

bool place_in_line::is_line(const executor& io, const std::string& key) {
    if (places == 0) return false;
    const auto lines = service::of(io).lines;
    const std::lock_guard lock(lines->mutex);
    return lines->lines.contains(key);
}

void place_in_line::cancel() {
    const std::lock_guard lock(lines_->mutex);
    cancelled_ = true;
    timer_.cancel();
}

}  // namespace parley::detail
