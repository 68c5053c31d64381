// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>

#include <exception>

namespace capturing {
namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;

asio::awaitable<void> again_and_again(asio::io_context& io, bench::run& r) {
    const auto command = child_of(r);
    do {
        asio::readable_pipe out(io);
        process::process child(io, command.program, command.arguments, process::process_stdio{{}, out, {}});
        std::string text;
        boost::system::error_code ec;
        co_await asio::async_read(out, asio::dynamic_buffer(text), asio::redirect_error(asio::use_awaitable, ec));
        bench::require(ec == asio::error::eof && text.size() == command.size, "not what the child wrote");
        bench::require(co_await child.async_wait(asio::use_awaitable) == 0, "the child has failed");
    } while (r.add(static_cast<double>(r["mib"])));
}

}  // namespace

void with_boost_process(bench::run& r) {
    asio::io_context io{1};
    asio::co_spawn(io, again_and_again(io, r), [](std::exception_ptr failure) { bench::rethrow(failure); });
    io.run();
}

}  // namespace capturing
