// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// "waiters" operations wait at once for something scarce: what one success costs, in microseconds of the whole.

#include <parley/core/log.hpp>
#include <parley/loop/event_loop.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/net/connect.hpp>
#include <parley/net/listen.hpp>
#include <parley/net/local.hpp>
#include <parley/version.hpp>

#include "bench.hpp"
#include "core/operation.hpp"
#include "workloads.hpp"

#include <spdlog/logger.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace asio = parley::asio;
using local = asio::local::stream_protocol;
using listener = parley::basic_listener<local>;

// The result of a run: microseconds for each of `count` successes.
void set_cost(bench::run& r, long count, bench::clock::time_point begun) {
    const std::chrono::duration<double, std::micro> taken = bench::clock::now() - begun;
    r.set(taken.count() / static_cast<double>(count), 1);
}

// What the connects of a run connect to, and from where.
struct connects {
    explicit connects(const bench::run& r)
        : count(r["waiters"]),
          where(parley::address::unix_stream(at.path(), {.backlog = static_cast<int>(r["backlog"])}).value()) {}

    bench::place at;
    long count;
    parley::address where;
};

// A child that does `work`; it ends with 0 where this throws nothing.
class helper {
public:
    explicit helper(const std::function<void()>& work) : pid_(bench::check(::fork(), "fork")) {
        if (pid_ != 0) return;
        try {
            work();
            ::_exit(0);
        } catch (...) {
            ::_exit(1);
        }
    }
    void wait() {
        int status = 0;
        bench::check(::waitpid(pid_, &status, 0), "waitpid");
        bench::require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the clients have failed");
    }

private:
    pid_t pid_;
};

parley::task<> serve(listener& server, long count) {
    for (; count > 0; --count) const local::socket session = co_await server.async_accept(asio::use_awaitable);
}

parley::task<> visit(parley::executor io, const parley::address& where, long& left) {
    const local::socket client = co_await parley::async_connect<local>(io, where, asio::use_awaitable);
    --left;
}

void start_clients(asio::io_context& io, const connects& c, long& left) {
    for (long i = c.count; i > 0; --i) asio::co_spawn(io, visit(io.get_executor(), c.where, left), bench::rethrow);
}

// The clients are in this process, and its loop serves them as well.
void connect_here(bench::run& r) {
    const connects c(r);
    asio::io_context io(1);
    auto server = parley::listen<local>(io.get_executor(), c.where).value();
    long left = c.count;
    const auto begun = bench::clock::now();
    asio::co_spawn(io, serve(server, c.count), bench::rethrow);
    start_clients(io, c, left);
    io.run();
    bench::require(left == 0, "a client has not connected");
    set_cost(r, c.count, begun);
}

// The clients are another process.
void connect_from_elsewhere(bench::run& r, const std::function<void(const connects&)>& clients) {
    const connects c(r);
    asio::io_context io(1);
    auto server = parley::listen<local>(io.get_executor(), c.where).value();
    const auto begun = bench::clock::now();
    io.notify_fork(asio::io_context::fork_prepare);
    helper other([&] { clients(c); });
    io.notify_fork(asio::io_context::fork_parent);
    asio::co_spawn(io, serve(server, c.count), bench::rethrow);
    io.run();
    other.wait();
    set_cost(r, c.count, begun);
}

void connect_apart(bench::run& r) {
    connect_from_elsewhere(r, [](const connects& c) {
        asio::io_context io(1);
        long left = c.count;
        start_clients(io, c, left);
        io.run();
        bench::require(left == 0, "a client has not connected");
    });
}

void connect_blocking(const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.c_str(), path.size());
    const int client = bench::check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    bench::check(::connect(client, reinterpret_cast<const sockaddr*>(&name), sizeof name), "connect");
    ::close(client);
}

void connect_one_by_one(bench::run& r) {
    connect_from_elsewhere(r, [](const connects& c) {
        for (long i = c.count; i > 0; --i) connect_blocking(c.at.path());
    });
}

// Listeners whose connections wait, with one accept for each, and no descriptor for any. Then there are a few. Each
// session ends at once.
void accept_without_descriptors(bench::run& r) {
    constexpr long listeners = 100;
    const long count = r["waiters"];
    const bench::place at;
    asio::io_context io(1);
    parley::set_logger(std::make_shared<spdlog::logger>("none"));
    std::vector<listener> servers;
    std::vector<std::string> paths;
    for (long i = 0; i < listeners; ++i) {
        paths.push_back(at.path() + std::to_string(i));
        servers.push_back(parley::listen<local>(io.get_executor(), parley::address::unix_stream(paths.back()).value(),
                                                {.pause = std::chrono::milliseconds(1)})
                              .value());
    }
    io.notify_fork(asio::io_context::fork_prepare);
    helper clients([&] {
        for (long i = 0; i < count; ++i) connect_blocking(paths[static_cast<std::size_t>(i % listeners)]);
    });
    io.notify_fork(asio::io_context::fork_parent);
    clients.wait();
    rlimit before{};
    bench::check(::getrlimit(RLIMIT_NOFILE, &before), "getrlimit");
    const auto allow = [&](rlim_t descriptors) {
        const rlimit now{descriptors, before.rlim_max};
        bench::check(::setrlimit(RLIMIT_NOFILE, &now), "setrlimit");
    };
    const auto used = static_cast<rlim_t>(bench::check(::dup(0), "dup"));  // the lowest that is free
    ::close(static_cast<int>(used));
    allow(used);
    long left = count;
    for (long i = 0; i < count; ++i)
        servers[static_cast<std::size_t>(i % listeners)].async_accept(
            [&](parley::error_code ec, const local::socket&) { left -= ec ? 0 : 1; });
    io.run_for(std::chrono::milliseconds(5));
    bench::require(left == count, "there was a descriptor");
    const auto begun = bench::clock::now();
    allow(used + 4);
    io.restart();
    io.run();
    set_cost(r, count, begun);
    allow(before.rlim_cur);
    bench::require(left == 0, "an accept has failed");
}

void wait_for_event(bench::run& r) {
    const long count = r["waiters"];
    asio::io_context io(1);
    parley::event happened(io.get_executor());
    long told = 0;
    const auto begun = bench::clock::now();
    for (long i = 0; i < count; ++i)
        happened.async_wait(parley::completion_handler<void(parley::error_code)>([&](parley::error_code) { ++told; }),
                            [](auto h, parley::error_code ec) { std::move(h)(ec); });
    happened.set();
    io.run();
    bench::require(told == count, "one was not told");
    set_cost(r, count, begun);
}

// Each sends one message through a queue that holds a few; the other side reads when all wait.
void send_through_full_channel(bench::run& r) {
    const long count = r["waiters"];
    asio::io_context io(1);
    auto ends = parley::make_socket_pair<local>(io.get_executor()).value();
    parley::channel out(std::move(ends.first), parley::length_prefix(), {.queue_messages = 16});
    parley::channel in(std::move(ends.second), parley::length_prefix());
    const std::string message(4096, 'x');
    long sent = 0;
    for (long i = 0; i < count; ++i) out.async_send(message, [&](parley::error_code ec) { sent += ec ? 0 : 1; });
    io.poll();
    const auto begun = bench::clock::now();
    asio::co_spawn(
        io,
        [&]() -> parley::task<> {
            for (long i = 0; i < count; ++i) co_await in.async_receive();
            in.close();
        },
        bench::rethrow);
    io.restart();
    io.run();
    bench::require(sent == count, "a message was not sent");
    set_cost(r, count, begun);
}

}  // namespace

bench::workload waiting::describe() {
    constexpr auto version = PARLEY_VERSION_STRING;
    return {
        .name = "waiting",
        .unit = "us/success",
        .impls = {{"raw connects, blocking, one by one", "", connect_one_by_one},
                  {"parley connects from another process", version, connect_apart},
                  {"parley connects in the same process", version, connect_here},
                  {"parley accepts without descriptors", version, accept_without_descriptors},
                  {"parley sends through a full channel", version, send_through_full_channel},
                  {"parley waits for one event", version, wait_for_event}},
        .cases = {{{"waiters", 100}, {"backlog", 16}},
                  {{"waiters", 1000}, {"backlog", 16}},
                  {{"waiters", 10'000}, {"backlog", 16}},
                  {{"waiters", 15'000}, {"backlog", 4096}}},
        .smoke_cases = {{{"waiters", 100}, {"backlog", 16}}},
        .where = {bench::cpus::any},
    };
}
