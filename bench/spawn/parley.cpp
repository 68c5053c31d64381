// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/event_loop.hpp>
#include <parley/process/spawn.hpp>

#include "impls.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>

namespace spawning {
namespace {

parley::task<void> again_and_again(bench::run& r) {
    const parley::executor io = co_await parley::asio::this_coro::executor;
    const parley::command job{.program = program};
    do {
        parley::child child = parley::spawn(io, job).value();
        const auto status = co_await child.async_wait();
        bench::require(status.success(), "the child has failed");
    } while (r.add(1));
}

}  // namespace

void with_parley(bench::run& r) {
    parley::event_loop loop;
    for (long i = 0; i < r["in_flight"]; ++i)
        parley::asio::co_spawn(loop.get_executor(), again_and_again(r),
                               [](std::exception_ptr failure) { bench::rethrow(failure); });
    loop.run();
}

}  // namespace spawning
