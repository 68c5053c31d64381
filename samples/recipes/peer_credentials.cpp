// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Who is it? The kernel tells who is at the other end of a UNIX socket; a list says who may come. Here the program
// calls itself: once it is on the list and is greeted, once it is not and sees the connection end.

#include <parley/loop/application.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/net/connect.hpp>
#include <parley/net/listen.hpp>
#include <parley/net/peer.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <iostream>
#include <string>

#include <unistd.h>

namespace asio = parley::asio;

// [greet]
parley::task<> greet(parley::listener& server) {
    auto caller = co_await server.async_accept();
    const auto who = parley::peer_of(caller).value();  // of the moment it connected, and no later one
    std::string answer = "good day, ";
    answer += who.user == ::geteuid() ? "it is me" : "stranger";
    answer += who.pid == ::getpid() ? ", from this very process\n" : "\n";
    co_await asio::async_write(caller, asio::buffer(answer), asio::use_awaitable);
}
// [/greet]

parley::task<std::string> visit(parley::address where) {
    auto connection = co_await parley::async_connect(co_await asio::this_coro::executor, where);
    std::string answer(64, '\0');
    parley::error_code ended;
    answer.resize(
        co_await connection.async_read_some(asio::buffer(answer), asio::redirect_error(asio::use_awaitable, ended)));
    co_return answer;
}

parley::task<> show() {
    const auto executor = co_await asio::this_coro::executor;
    const auto where = parley::address::parse("unix:@parley-peer-sample-" + std::to_string(::getpid())).value();

    // [policy]
    // An abstract name has no rights, so it is for the same user unless the policy says otherwise.
    auto ours = parley::peer_policy::same_user().allow_user(0);
    auto server = parley::listen(executor, where, {.policy = ours}).value();
    // [/policy]
    co_await parley::with_task_group([&](parley::task_group& tasks) -> parley::task<> {
        tasks.spawn(greet(server));
        std::cout << "admitted: " << co_await visit(where);
    });
    server.close();

    const auto others = parley::peer_policy().allow_user(::geteuid() + 1);
    auto strict = parley::listen(executor, where, {.policy = others}).value();
    std::cout << "for " << others << ": ";
    co_await parley::with_task_group([&](parley::task_group& tasks) -> parley::task<> {
        tasks.spawn(greet(strict));
        const auto answer = co_await visit(where);
        std::cout << (answer.empty() ? "nothing is said" : answer) << ", " << strict.counters().refused
                  << " was refused" << std::endl;
        tasks.cancel();
    });
}

int main() { return parley::run(show()); }
