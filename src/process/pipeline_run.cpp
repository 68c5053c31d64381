// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/pipeline.hpp>

#include <parley/core/timer.hpp>

#include "core/operation.hpp"
#include "core/syscall.hpp"
#include "process/capture.hpp"
#include "process/pipeline_stages.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <poll.h>

namespace parley {
namespace {

using time_point = std::chrono::steady_clock::time_point;
constexpr time_point never = time_point::max();
constexpr std::chrono::milliseconds longest_grace_after_failure{250};

// Not left to Asio: its close may leave the epoll entry to the kernel.
void shut(asio::readable_pipe& pipe) {
    if (pipe.is_open()) unique_fd(pipe.release());
}

void shut_ends(running_stage& stage) {
    if (stage.from) shut(*stage.from);
    if (stage.to) stage.to->close();
}

bool has_no_reader(const pipe_writer& writer) {
    pollfd end{writer.native_handle(), POLLOUT, 0};
    sys::poll(&end, 1, 0);
    return (end.revents & (POLLERR | POLLHUP)) != 0;
}

// What an exception of the user's means.
struct thrown {
    error_code code;
    std::string text{};
};

thrown explain(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const asio::multiple_exceptions& e) {  // of coroutines that were awaited together
        return explain(e.first_exception());
    } catch (const boost::system::system_error& e) {
        return {e.code()};
    } catch (const std::bad_alloc&) {
        return {make_error_code(boost::system::errc::not_enough_memory)};
    } catch (const std::exception& e) {
        return {make_error_code(errc::stage_failed), e.what()};
    } catch (...) {
        return {make_error_code(errc::stage_failed), "an exception of no known type"};
    }
}

// The whole while it runs. Everything that goes on beside `run` is a coroutine that holds this object, counts itself in
// `running_` or `transfers_`, and wakes `run` when it ends.
class pipeline_run : public std::enable_shared_from_this<pipeline_run> {
public:
    pipeline_run(executor io, pipeline what, pipeline_options options)
        : io_(std::move(io)),
          plan_(std::move(what)),
          options_(std::move(options)),
          stages_(plan_.stages().size()),
          woken_(io_) {
        result_.stages.resize(stages_.each.size());
        for (std::size_t i = 0; i < result_.stages.size(); ++i) result_.stages[i].report.program = name_of(i);
        result_.rule = options_.rule;
        result_.forgive_sigpipe = options_.forgive_sigpipe;
    }

    /// Starts every program and makes every pipe; ends at the first failure.
    void start();
    static task<void> run(std::shared_ptr<pipeline_run> self);

    error_code failure() const { return failure_; }
    pipeline_result take_result();

private:
    using self_ptr = std::shared_ptr<pipeline_run>;

    const std::string& name_of(std::size_t i) const {
        const auto& stage = plan_.stages()[i];
        const auto* program = std::get_if<command>(&stage);
        return program ? program->program : std::get<coroutine_stage>(stage).name();
    }

    void announce();
    void begin();
    void run_beside(task<void> work, std::size_t& count, std::function<void(std::exception_ptr)> ended,
                    asio::cancellation_slot slot = {});
    static task<void> wait_for(self_ptr self, std::size_t i);
    static task<void> run_coroutine(self_ptr self, std::size_t i);
    void coroutine_ended(std::size_t i, const std::exception_ptr& exception);
    static task<void> feed(self_ptr self);
    static task<void> keep(self_ptr, asio::readable_pipe& from, captured& into, std::size_t i, const char* stream);
    void stream_failed(std::size_t i, const char* stream, const std::exception_ptr& exception);
    void transfer_ended(const std::exception_ptr& exception);

    void fail(const error_code& ec);
    task<void> change(time_point until);
    task<void> stop();
    void end_transfers();

    const executor io_;
    const pipeline plan_;
    const pipeline_options options_;
    pipeline_stages stages_;
    pipeline_result result_;
    error_code failure_;
    asio::steady_timer woken_;
    time_point began_{};
    time_point deadline_ = never;
    std::size_t running_ = 0;    // stages
    std::size_t transfers_ = 0;  // streams that we feed or capture
    bool stopping_ = false;      // the programs have their signals
    bool ending_transfers_ = false;
};

void pipeline_run::start() {
    began_ = std::chrono::steady_clock::now();
    if (options_.timeout) deadline_ = detail::time_after(*options_.timeout);
    if (stages_.each.empty()) failure_ = make_error_code(errc::invalid_argument);
    if (auto failed = start_stages(io_, plan_, options_, stages_)) {
        failure_ = failed->why.code();
        result_.stages[failed->stage].failure = std::move(failed->why);
    }
}

task<void> pipeline_run::run(self_ptr self) {
    auto& r = *self;
    co_await asio::this_coro::throw_if_cancelled(false);
    r.announce();
    try {
        r.begin();
    } catch (...) {
        r.fail(code_of(std::current_exception()));
    }
    while (r.running_ > 0 && !r.failure_) co_await r.change(never);
    const error_code failure = r.failure_;
    if (failure) {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        co_await r.stop();
        while (r.running_ > 0) co_await r.change(never);
    }
    // All stages have ended. What they have said is in the pipes, whose ends come now unless somebody else holds one.
    const std::chrono::milliseconds grace = r.options_.drain_grace;
    const auto end = detail::time_after(failure ? std::min(grace, longest_grace_after_failure) : grace);
    while (r.transfers_ > 0 && r.failure_ == failure && std::chrono::steady_clock::now() < end) co_await r.change(end);
    r.result_.drained = r.transfers_ == 0;
    r.end_transfers();
    while (r.transfers_ > 0) co_await r.change(never);
}

void pipeline_run::announce() {
    if (failure_ || !options_.started) return;
    try {
        options_.started(stages_.group);
    } catch (...) {
        fail(explain(std::current_exception()).code);
    }
}

void pipeline_run::begin() {
    const auto transfer_over = [this](const std::exception_ptr& e) { transfer_ended(e); };
    for (std::size_t i = 0; i < stages_.each.size(); ++i) {
        auto& stage = stages_.each[i];
        if (stage.process) {
            stage.runs = true;
            run_beside(wait_for(shared_from_this(), i), running_, [this, i](const std::exception_ptr& e) {
                stages_.each[i].runs = false;
                if (e) fail(code_of(e));
            });
            if (stage.err)
                run_beside(keep(shared_from_this(), *stage.err, stage.kept_err, i, "standard error"), transfers_,
                           transfer_over);
        } else if (stage.from && !failure_) {
            stage.runs = true;
            run_beside(
                run_coroutine(shared_from_this(), i), running_,
                [this, i](const std::exception_ptr& e) { coroutine_ended(i, e); }, stage.cancel.slot());
        }
    }
    if (stages_.out)
        run_beside(keep(shared_from_this(), *stages_.out, stages_.kept_out, stages_.each.size() - 1, "standard output"),
                   transfers_, transfer_over);
    if (stages_.in && !failure_) run_beside(feed(shared_from_this()), transfers_, transfer_over);
}

void pipeline_run::run_beside(task<void> work, std::size_t& count, std::function<void(std::exception_ptr)> ended,
                              asio::cancellation_slot slot) {
    asio::co_spawn(io_, std::move(work),
                   asio::bind_cancellation_slot(slot, [self = shared_from_this(), &count,
                                                       ended = std::move(ended)](const std::exception_ptr& e) {
                       ended(e);
                       --count;
                       self->woken_.cancel();
                   }));
    ++count;
}

task<void> pipeline_run::wait_for(self_ptr self, std::size_t i) {
    auto& told = self->result_.stages[i];
    told.report = co_await self->stages_.each[i].process.async_report(asio::use_awaitable);
    told.status = told.report.status;
}

task<void> pipeline_run::run_coroutine(self_ptr self, std::size_t i) {
    auto& stage = self->stages_.each[i];
    co_await std::get<coroutine_stage>(self->plan_.stages()[i]).run(*stage.from, *stage.to);
}

void pipeline_run::coroutine_ended(std::size_t i, const std::exception_ptr& exception) {
    auto& stage = stages_.each[i];
    auto& told = result_.stages[i];
    stage.runs = false;
    if (!exception) {
        told.status = exit_status::exited(0);
    } else {
        const auto why = explain(exception);
        const bool unread = i + 1 < stages_.each.size() && stage.to->is_open() && has_no_reader(*stage.to);
        if (unread && why.code == asio::error::broken_pipe) {
            told.status = exit_status::signalled(SIGPIPE);
        } else if (!failure_ || why.code != asio::error::operation_aborted) {
            told.failure = error(why.code, "stage " + std::to_string(i + 1) + ": " + name_of(i) +
                                               (why.text.empty() ? "" : ": " + why.text));
            told.exception = exception;
            fail(why.code);
        }
    }
    told.report.status = told.status;
    told.report.run_time =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began_);
    // After a failure the ends are left to `stop`.
    if (stopping_ || told.status.known()) shut_ends(stage);
}

task<void> pipeline_run::feed(self_ptr self) {
    error_code ec;
    co_await asio::async_write(*self->stages_.in, asio::buffer(self->options_.input),
                               asio::redirect_error(asio::use_awaitable, ec));
    if (ec && ec != asio::error::broken_pipe) {
        const auto failure = std::make_exception_ptr(boost::system::system_error(ec));
        self->stream_failed(0, "standard input", failure);
        std::rethrow_exception(failure);  // `stop` closes it
    }
    self->stages_.in->close();
}

task<void> pipeline_run::keep(self_ptr self, asio::readable_pipe& from, captured& into, std::size_t i,
                              const char* stream) {
    std::exception_ptr failure;
    try {
        co_await capture(from, into);
    } catch (...) {
        failure = std::current_exception();
        self->stream_failed(i, stream, failure);  // before a writer can fail for want of a reader
    }
    shut(from);  // who still writes is not to wait for us
    if (failure) std::rethrow_exception(failure);
}

// Where it is the cause of the end, the stage is told whose stream it was.
void pipeline_run::stream_failed(std::size_t i, const char* stream, const std::exception_ptr& exception) {
    const auto ec = code_of(exception);
    if (failure_ || (ec == asio::error::operation_aborted && ending_transfers_)) return;
    result_.stages[i].failure = error(ec, "stage " + std::to_string(i + 1) + ": " + name_of(i) + ": " + stream);
    fail(ec);
}

void pipeline_run::transfer_ended(const std::exception_ptr& exception) {
    const auto ec = code_of(exception);
    const bool as_asked = ec == asio::error::operation_aborted && (ending_transfers_ || failure_);
    if (ec && !as_asked) fail(ec);
}

// The end

void pipeline_run::fail(const error_code& ec) {
    if (!failure_) failure_ = ec;
    deadline_ = never;
    woken_.cancel();
}

// Waits until something ends, at most until `until`. The caller's cancellation, or the deadline, is a failure.
task<void> pipeline_run::change(time_point until) {
    error_code ignored;
    const auto cancelled = [](const asio::cancellation_state& state) {
        return state.cancelled() != asio::cancellation_type::none;
    };
    if (!cancelled(co_await asio::this_coro::cancellation_state)) {
        woken_.expires_at(std::min(until, deadline_));
        co_await woken_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (running_ == 0 && transfers_ == 0) co_return;  // it is done, and too late for anything else
    if (cancelled(co_await asio::this_coro::cancellation_state)) {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        fail(asio::error::operation_aborted);
    } else if (std::chrono::steady_clock::now() >= deadline_) {
        fail(asio::error::timed_out);
    }
}

task<void> pipeline_run::stop() {
    // The last first, and programs before streams: when one ends, the next must have its signal already, or it would
    // take what has come so far for all there is.
    for (auto stage = stages_.each.rbegin(); stage != stages_.each.rend(); ++stage)
        if (stage->runs && stage->process) stage->process.async_stop(asio::detached);
    co_await asio::post(io_, asio::use_awaitable);
    stopping_ = true;
    for (auto& stage : stages_.each) {
        if (stage.runs)
            stage.cancel.emit(asio::cancellation_type::terminal);
        else
            shut_ends(stage);
    }
    if (stages_.in) stages_.in->close();
}

void pipeline_run::end_transfers() {
    ending_transfers_ = true;
    if (stages_.in) stages_.in->close();
    if (stages_.out) shut(*stages_.out);
    for (auto& stage : stages_.each)
        if (stage.err) shut(*stage.err);
}

pipeline_result pipeline_run::take_result() {
    trim(stages_.kept_out);
    result_.out = std::move(stages_.kept_out.text);
    result_.out_truncated = stages_.kept_out.truncated;
    for (std::size_t i = 0; i < stages_.each.size(); ++i) {
        auto& kept = stages_.each[i].kept_err;
        auto& told = result_.stages[i];
        trim(kept);
        told.err = std::move(kept.text);
        told.err_truncated = kept.truncated;
        told.report.error_tail = tail_of(told.err);
    }
    return std::move(result_);
}

}  // namespace

void detail::start_pipeline(const executor& io, pipeline what, pipeline_options options,
                            completion_handler<void(error_code, pipeline_result)> handler) {
    auto r = std::make_shared<pipeline_run>(io, std::move(what), std::move(options));
    r->start();
    asio::co_spawn(io, accept_every_cancellation(pipeline_run::run(r)),
                   map_handler(std::move(handler), [r](auto h, std::exception_ptr failure) mutable {
                       const error_code ec = failure ? code_of(failure) : r->failure();
                       pipeline_result result = r->take_result();
                       r.reset();
                       std::move(h)(ec, std::move(result));
                   }));
}

}  // namespace parley
