// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/event_loop.hpp>
#include <parley/process/run.hpp>

#include "impls.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>

namespace capturing {
namespace {

parley::task<void> again_and_again(parley::executor io, bench::run& r, parley::stdio out) {
    const auto what = child_of(r);
    const parley::command job{.program = what.program, .arguments = what.arguments, .out = out};
    const parley::run_options options{.output_limit = what.size};
    do {
        const auto result = co_await parley::async_run(io, job, options);
        bench::require(result.status.success() && result.out.size() == what.size, "not what the child wrote");
    } while (r.add(static_cast<double>(r["mib"])));
}

void loop(bench::run& r, const parley::stdio& out) {
    parley::event_loop loop;
    const parley::executor io = loop.get_executor();
    parley::asio::co_spawn(io, again_and_again(io, r, out),
                           [](std::exception_ptr failure) { bench::rethrow(failure); });
    loop.run();
}

}  // namespace

void with_parley(bench::run& r) { loop(r, {}); }
void with_parley_socket_pair(bench::run& r) { loop(r, parley::stdio::socket_pair()); }

}  // namespace capturing
