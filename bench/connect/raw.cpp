// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"

#include <array>
#include <cstring>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace connecting {
namespace {

void watch(int epoll, int fd) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.fd = fd;
    bench::check(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted), "epoll_ctl");
}

}  // namespace

void with_raw(bench::run& r) {
    const bench::place at;
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, at.path().c_str(), at.path().size());
    const auto* const to = reinterpret_cast<const sockaddr*>(&name);
    constexpr int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    const int server = bench::check(::socket(AF_UNIX, type, 0), "socket");
    bench::check(::bind(server, to, sizeof name), "bind");
    bench::check(::listen(server, SOMAXCONN), "listen");
    const int epoll = bench::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    watch(epoll, server);
    const auto connect = [&] {
        const int client = bench::check(::socket(AF_UNIX, type, 0), "socket");
        bench::check(::connect(client, to, sizeof name), "connect");
        watch(epoll, client);
    };
    long left = r["in_flight"];
    for (long i = left; i > 0; --i) connect();
    std::array<epoll_event, 64> events{};
    while (left > 0) {
        const int count = bench::check(::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1), "wait");
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == server) {
                const int session = ::accept4(server, nullptr, nullptr, SOCK_CLOEXEC);
                if (session < 0) continue;
                watch(epoll, session);  // as a server does that goes on to read
                ::close(session);
            } else {
                char byte = 0;
                bench::require(::read(fd, &byte, 1) == 0, "the server did not close");
                ::close(fd);
                if (r.add(1))
                    connect();
                else
                    --left;
            }
        }
    }
    ::close(epoll);
    ::close(server);
}

}  // namespace connecting
