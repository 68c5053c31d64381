// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/task_group.hpp>

#include "core/operation.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <vector>

namespace parley {
namespace {

std::exception_ptr aborted() {
    return std::make_exception_ptr(boost::system::system_error(asio::error::operation_aborted));
}

}  // namespace

task_group::task_group(executor io) : io_(std::move(io)), changed_(io_, asio::steady_timer::time_point::max()) {}

task_group::~task_group() = default;

void task_group::spawn(task<void> body) {
    const auto place = tasks_.insert(tasks_.end(), std::make_shared<entry>());
    const auto added = *place;
    const auto ended = [self = shared_from_this(), place](std::exception_ptr e) {
        self->task_ended(place, std::move(e));
    };
    try {
        asio::co_spawn(io_, std::move(body), asio::bind_cancellation_slot(added->cancel.slot(), ended));
    } catch (...) {  // out of memory: it did not start
        tasks_.erase(place);
        throw;
    }
    if (cancelled_) added->cancel.emit(asio::cancellation_type::terminal);
}

void task_group::cancel() {
    if (std::exchange(cancelled_, true)) return;
    const std::vector<std::shared_ptr<entry>> all(tasks_.begin(), tasks_.end());  // a task may end meanwhile
    for (const auto& each : all) each->cancel.emit(asio::cancellation_type::terminal);
}

void task_group::cancel_scope() {
    if (std::exchange(scope_cancelled_, true)) return;
    cancel();
    if (body_runs_) body_cancel_.emit(asio::cancellation_type::terminal);
}

bool task_group::is_answer_to_cancellation(const std::exception_ptr& failure) const {
    if (!cancelled_) return false;
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& e) {
        return e.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

void task_group::task_ended(std::list<std::shared_ptr<entry>>::iterator place, std::exception_ptr failure) {
    tasks_.erase(place);
    if (failure && !is_answer_to_cancellation(failure) && !failure_ && !body_failure_) {
        failure_ = std::move(failure);
        cancel_scope();
    }
    if (tasks_.empty()) changed_.cancel();
}

void task_group::body_ended(std::exception_ptr failure) {
    body_runs_ = false;
    if (failure) {
        body_failure_ = std::move(failure);
        cancel_scope();
    }
    changed_.cancel();
}

// Goes on with `step` when something has changed or the handler's slot was cancelled. The state keeps a cancellation
// that comes while a wake-up is on its way.
void task_group::wait_then(wait_step step, asio::cancellation_state cancellation, handler_type handler) {
    changed_.async_wait(asio::bind_cancellation_slot(
        cancellation.slot(), detail::map_handler(std::move(handler), [self = shared_from_this(), step, cancellation](
                                                                         handler_type h, error_code) {
            (self.get()->*step)(cancellation, std::move(h));
        })));
}

void task_group::start_join(handler_type handler) {
    asio::cancellation_state cancellation(asio::get_associated_cancellation_slot(handler),
                                          asio::enable_total_cancellation());
    if (!tasks_.empty()) return wait_then(&task_group::continue_join, cancellation, std::move(handler));
    asio::post(io_, detail::map_handler(std::move(handler), [self = shared_from_this(), cancellation](handler_type h) {
                   self->continue_join(cancellation, std::move(h));
               }));
}

void task_group::continue_join(asio::cancellation_state cancellation, handler_type handler) {
    const bool cancelled = cancellation.cancelled() != asio::cancellation_type::none;
    if (tasks_.empty()) {
        auto outcome = std::exchange(failure_, nullptr);
        // A body that lets no cancellation through has last duties, and goes on.
        if (!outcome && aborted_ && cancelled) outcome = aborted();
        return std::move(handler)(std::move(outcome));
    }
    if (cancelled && !scope_cancelled_) return std::move(handler)(aborted());
    wait_then(&task_group::continue_join, cancellation, std::move(handler));
}

void task_group::start_scope(task<void> body, handler_type handler) {
    asio::cancellation_state cancellation(asio::get_associated_cancellation_slot(handler),
                                          asio::enable_total_cancellation());
    body_runs_ = true;
    wait_then(&task_group::continue_scope, cancellation, std::move(handler));
    asio::co_spawn(io_, std::move(body),
                   asio::bind_cancellation_slot(body_cancel_.slot(), [self = shared_from_this()](std::exception_ptr e) {
                       self->body_ended(std::move(e));
                   }));
}

void task_group::continue_scope(asio::cancellation_state cancellation, handler_type handler) {
    if (cancellation.cancelled() != asio::cancellation_type::none) {
        aborted_ = true;
        cancel_scope();
    }
    if (body_runs_ || !tasks_.empty()) return wait_then(&task_group::continue_scope, cancellation, std::move(handler));
    auto outcome = failure_ ? failure_ : body_failure_;
    if (!outcome && aborted_) outcome = aborted();
    std::move(handler)(std::move(outcome));
}

}  // namespace parley
