// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace passing {
namespace {

constexpr std::size_t most_fds = 253;

// A message of one byte with room for any number of descriptors.
struct one_byte {
    char byte = 'x';
    iovec part{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(most_fds * sizeof(int))> control;
    msghdr message{};

    one_byte() {
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
    }
    one_byte(const one_byte&) = delete;
    one_byte& operator=(const one_byte&) = delete;
};

void send(int socket, const std::vector<int>& fds) {
    one_byte sent;
    msghdr& message = sent.message;
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
    bench::check(static_cast<int>(::sendmsg(socket, &message, MSG_NOSIGNAL)), "sendmsg");
}

// Gives the number of descriptors that have come, and closes them.
std::size_t receive(int socket) {
    one_byte received;
    msghdr& message = received.message;
    bench::require(::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1, "recvmsg");
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    bench::require(header != nullptr && header->cmsg_type == SCM_RIGHTS, "no descriptors have come");
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
        ::close(fd);
    }
    return count;
}

using ends_of_pair = std::array<int, 2>;  // the second one receives

template <typename Wait>
void loop(bench::run& r, int flags, Wait wait) {
    ends_of_pair ends{};
    bench::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0, ends.data()), "socketpair");
    const int something = open_something();
    const std::vector<int> fds(static_cast<std::size_t>(r["fds"]), something);
    do {
        send(ends[0], fds);
        wait(ends);
        bench::require(receive(ends[1]) == fds.size(), "descriptors are missing");
    } while (r.add(static_cast<double>(fds.size())));
    ::close(something);
    for (const int end : ends) ::close(end);
}

void add(int epoll, int socket, unsigned events) {
    epoll_event wanted{};
    wanted.events = events;
    bench::check(::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &wanted), "epoll_ctl");
}

}  // namespace

void with_raw(bench::run& r) {
    loop(r, 0, [](const ends_of_pair&) {});
}

// Sockets of Asio's are in an epoll set, also when nobody waits for them.
void with_raw_registered(bench::run& r) {
    const int epoll = bench::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    bool registered = false;
    loop(r, 0, [&](const ends_of_pair& ends) {
        if (std::exchange(registered, true)) return;
        for (const int end : ends) add(epoll, end, EPOLLIN | EPOLLET);
    });
    ::close(epoll);
}

void with_raw_epoll(bench::run& r) {
    const int epoll = bench::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    bool registered = false;
    loop(r, SOCK_NONBLOCK, [&](const ends_of_pair& ends) {
        if (!std::exchange(registered, true)) add(epoll, ends[1], EPOLLIN);
        epoll_event event{};
        bench::require(::epoll_wait(epoll, &event, 1, -1) == 1, "epoll_wait");
    });
    ::close(epoll);
}

}  // namespace passing
