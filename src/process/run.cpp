// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/run.hpp>
#include <parley/process/spawn.hpp>

#include <parley/core/timeout.hpp>
#include <parley/core/timer.hpp>

#include "core/operation.hpp"
#include "process/capture.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace parley {
namespace {

struct running {
    child process;
    run_options options;
    captured out{};
    captured err{};
    run_result result{};
    error_code failure{};
    const char* failed_stream = nullptr;
};

task<void> feed(running& r, const stdio& plan) {
    if (!leads_to_parent(plan)) co_return;
    error_code ec;
    co_await asio::async_write(r.process.in(), asio::buffer(r.options.input),
                               asio::redirect_error(asio::use_awaitable, ec));
    if (ec && ec != asio::error::broken_pipe) throw boost::system::system_error(ec);
    r.process.in().close();
}

task<void> capture_out(running& r, const stdio& plan) {
    if (leads_to_parent(plan)) co_await capture(r.process.out(), r.out);
}

task<void> capture_err(running& r, const stdio& plan) {
    if (leads_to_parent(plan)) co_await capture(r.process.err(), r.err);
}

// Each of the three returns at once where its stream does not lead to us. The first that fails is the cause; those that
// it cancels are not. (The && of awaitable_operators throws what the leftmost has failed with.)
task<void> transfer(running& r, const command& plan) {
    const auto io = r.process.get_executor();
    auto all = asio::experimental::make_parallel_group(asio::co_spawn(io, feed(r, plan.in), asio::deferred),
                                                       asio::co_spawn(io, capture_out(r, plan.out), asio::deferred),
                                                       asio::co_spawn(io, capture_err(r, plan.err), asio::deferred));
    const auto [order, in, out, err] =
        co_await all.async_wait(asio::experimental::wait_for_one_error(), asio::use_awaitable);
    const std::array<std::exception_ptr, 3> failures{in, out, err};
    constexpr std::array<const char*, 3> streams{"standard input", "standard output", "standard error"};
    for (const std::size_t i : order) {
        if (!failures.at(i)) continue;
        r.failed_stream = streams.at(i);
        std::rethrow_exception(failures.at(i));
    }
}

task<void> end_and_grace(running& r) {
    r.result.status = co_await r.process.async_wait(asio::use_awaitable);
    asio::steady_timer grace(r.process.get_executor(), detail::time_after(r.options.drain_grace));
    co_await grace.async_wait(asio::use_awaitable);
}

task<void> run_to_the_end(running& r, const command& plan) {
    const auto io = r.process.get_executor();
    // Whichever ends first, well or not, ends the other. (The || of awaitable_operators would wait for a success.)
    auto group = asio::experimental::make_parallel_group(asio::co_spawn(io, transfer(r, plan), asio::deferred),
                                                         asio::co_spawn(io, end_and_grace(r), asio::deferred));
    const auto [order, transferred, ended] =
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const bool all_read = order[0] == 0;
    if (const auto& failure = all_read ? transferred : ended) std::rethrow_exception(failure);
    // It may have failed by itself while the other ended.
    if (transferred && code_of(transferred) != asio::error::operation_aborted) std::rethrow_exception(transferred);
    r.result.drained = all_read;
    co_await r.process.async_wait(asio::use_awaitable);
}

task<void> run_in_time(running& r, const command& plan) {
    if (!r.options.timeout) {
        co_await run_to_the_end(r, plan);
        co_return;
    }
    auto whole = asio::co_spawn(r.process.get_executor(), run_to_the_end(r, plan), asio::deferred);
    co_await with_timeout(std::move(whole), *r.options.timeout, asio::use_awaitable);
}

task<void> body(std::shared_ptr<running> r, command plan) {
    try {
        co_await run_in_time(*r, plan);
    } catch (...) {
        r->failure = code_of(std::current_exception());
    }
    // Whatever went wrong, the call ends with the child gone.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    error_code ignored;
    if (r->failure) co_await r->process.async_stop(asio::redirect_error(asio::use_awaitable, ignored));
    r->result.report = co_await r->process.async_report(asio::redirect_error(asio::use_awaitable, ignored));
    r->result.status = r->result.report.status;
}

// What was tried, and on which stream it failed.
error describe_failure(const running& r, const error_code& ec, const std::string& program) {
    auto where = "run " + shell_quote(program);
    if (r.failed_stream && ec != asio::error::operation_aborted && ec != asio::error::timed_out)
        where += std::string(": ") + r.failed_stream;
    return {ec, std::move(where)};
}

run_result result_of(running& r) {
    trim(r.out);
    trim(r.err);
    r.result.out = std::move(r.out.text);
    r.result.err = std::move(r.err.text);
    r.result.out_truncated = r.out.truncated;
    r.result.err_truncated = r.err.truncated;
    r.result.report.error_tail = tail_of(r.result.err);
    return std::move(r.result);
}

bool is_default(const stdio& plan) { return plan.what() == stdio::kind::inherit; }

}  // namespace

void detail::start_run(const executor& io, command what, run_options options,
                       completion_handler<void(error_code, run_result)> handler) {
    if (is_default(what.in)) what.in = options.input.empty() ? stdio::null() : stdio::pipe();
    if (is_default(what.out)) what.out = stdio::pipe();
    if (is_default(what.err)) what.err = stdio::pipe();
    auto started = spawn(io, what);
    if (!started) {
        run_result nothing;
        nothing.failure = started.error();
        post_completion(io, std::move(handler), started.error().code(), std::move(nothing));
        return;
    }
    auto r = std::make_shared<running>(running{std::move(*started), std::move(options)});
    r->out = plan_capture(what.out, r->options.output_limit, r->options.on_overflow);
    r->err = plan_capture(what.err, r->options.error_limit, r->options.on_overflow);
    const auto program = what.program;
    asio::co_spawn(io, accept_every_cancellation(body(r, std::move(what))),
                   map_handler(std::move(handler), [r, program](auto h, std::exception_ptr failure) mutable {
                       const error_code ec = failure ? code_of(failure) : r->failure;
                       run_result result = result_of(*r);
                       if (ec) result.failure = describe_failure(*r, ec, program);
                       r.reset();
                       std::move(h)(ec, std::move(result));
                   }));
}

}  // namespace parley
