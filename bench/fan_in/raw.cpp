// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "plain_frames.hpp"

#include <deque>

#include <fcntl.h>
#include <sys/epoll.h>

namespace fan_in {
namespace {

void receive(bench::run& r, std::size_t bytes, const std::vector<int>& sockets) {
    const int all = bench::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    std::deque<checked> messages;
    std::deque<bench::frame_reader> readers;
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        bench::check(::fcntl(sockets[i], F_SETFL, O_NONBLOCK), "fcntl");
        epoll_event wanted{};
        wanted.events = EPOLLIN;
        wanted.data.u64 = i;
        bench::check(::epoll_ctl(all, EPOLL_CTL_ADD, sockets[i], &wanted), "epoll_ctl");
        messages.emplace_back(r, bytes);
        readers.emplace_back(bytes);
    }
    for (;;) {
        epoll_event ready[8];
        const int n = bench::check(::epoll_wait(all, ready, 8, -1), "epoll_wait");
        for (int i = 0; i < n; ++i) {
            const auto who = ready[i].data.u64;
            if (!readers[who].read_some(sockets[who], messages[who])) return;
        }
    }
}

}  // namespace

void with_raw(bench::run& r) { play(r, bench::send_gathered, receive); }

}  // namespace fan_in
