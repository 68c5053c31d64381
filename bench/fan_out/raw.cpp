// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "plain_frames.hpp"

#include <cerrno>
#include <deque>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace fan_out {
namespace {

// What goes to one receiver: messages gather, and what the socket does not take stays.
class outgoing {
public:
    outgoing(std::size_t bytes, int socket) : messages_(bytes), socket_(socket) {
        out_.reserve(bench::block + bytes + 4);
        bench::check(::fcntl(socket, F_SETFL, O_NONBLOCK), "fcntl");
    }

    /// False when the socket is full.
    bool write_some() {
        if (done_ == out_.size()) {
            out_.clear();
            done_ = 0;
            while (out_.size() < bench::block) bench::append_frame(out_, messages_.next());
        }
        const auto n = ::send(socket_, out_.data() + done_, out_.size() - done_, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) return false;
        done_ += static_cast<std::size_t>(bench::check(static_cast<int>(n), "send"));
        return true;
    }

private:
    numbered messages_;
    int socket_;
    std::vector<char> out_;
    std::size_t done_ = 0;
};

void send(std::size_t bytes, const std::vector<int>& sockets) {
    const int all = bench::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    std::deque<outgoing> receivers;
    for (const int socket : sockets) {
        epoll_event wanted{};
        wanted.events = EPOLLOUT;
        wanted.data.ptr = &receivers.emplace_back(bytes, socket);
        bench::check(::epoll_ctl(all, EPOLL_CTL_ADD, socket, &wanted), "epoll_ctl");
    }
    for (;;) {
        epoll_event ready[8];
        const int n = bench::check(::epoll_wait(all, ready, 8, -1), "epoll_wait");
        for (int i = 0; i < n; ++i) {
            auto& receiver = *static_cast<outgoing*>(ready[i].data.ptr);
            for (int writes = 0; writes < 4 && receiver.write_some();) ++writes;  // no longer: the others wait
        }
    }
}

}  // namespace

void with_raw(bench::run& r) { play(r, send, receive_frames); }

}  // namespace fan_out
