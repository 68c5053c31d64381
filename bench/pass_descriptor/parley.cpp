// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/unique_fd.hpp>
#include <parley/loop/event_loop.hpp>
#include <parley/net/fd_passing.hpp>
#include <parley/net/local.hpp>

#include "impls.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <exception>
#include <vector>

namespace passing {
namespace {

namespace asio = parley::asio;
using local = asio::local::stream_protocol;

parley::task<> pass(bench::run& r, local::socket& from, local::socket& to) {
    const parley::unique_fd something(open_something());
    const std::vector<int> fds(static_cast<std::size_t>(r["fds"]), something.get());
    char byte = 'x';
    parley::received_message got;
    do {
        co_await parley::async_send_with_fds(from, asio::buffer(&byte, 1), fds, asio::use_awaitable);
        got = co_await parley::async_receive_with_fds(to, asio::buffer(&byte, 1), asio::use_awaitable);
        bench::require(got.fds.size() == fds.size(), "descriptors are missing");
        got.fds.clear();
    } while (r.add(static_cast<double>(fds.size())));
}

}  // namespace

void with_parley(bench::run& r) {
    parley::event_loop loop;
    auto [from, to] = parley::make_socket_pair<local>(loop.get_executor()).value();
    asio::co_spawn(loop.get_executor(), pass(r, from, to), [](std::exception_ptr failure) { bench::rethrow(failure); });
    loop.run();
}

void with_parley_try(bench::run& r) {
    parley::event_loop loop;
    auto [from, to] = parley::make_socket_pair<local>(loop.get_executor()).value();
    const parley::unique_fd something(open_something());
    const std::vector<int> fds(static_cast<std::size_t>(r["fds"]), something.get());
    char byte = 'x';
    do {
        bench::require(parley::try_send_with_fds(from, asio::buffer(&byte, 1), fds).value().has_value(), "no room");
        const auto got = parley::try_receive_with_fds(to, asio::buffer(&byte, 1)).value();
        bench::require(got && got->fds.size() == fds.size(), "descriptors are missing");
    } while (r.add(static_cast<double>(fds.size())));
}

}  // namespace passing
