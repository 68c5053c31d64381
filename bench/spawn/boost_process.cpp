// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/process/v2/process.hpp>

#include <exception>
#include <string>
#include <vector>

namespace spawning {
namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;

asio::awaitable<void> again_and_again(asio::io_context& io, bench::run& r) {
    const std::vector<std::string> no_arguments;
    do {
        // A fresh default launcher for each: a second start by the same one passes garbage on Boost 1.81.
        process::process child(io, program, no_arguments);
        bench::require(co_await child.async_wait(asio::use_awaitable) == 0, "the child has failed");
    } while (r.add(1));
}

}  // namespace

void with_boost_process(bench::run& r) {
    asio::io_context io{1};
    for (long i = 0; i < r["in_flight"]; ++i)
        asio::co_spawn(io, again_and_again(io, r), [](std::exception_ptr failure) { bench::rethrow(failure); });
    io.run();
}

}  // namespace spawning
