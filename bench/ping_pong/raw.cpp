// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "numbered.hpp"

#include <cerrno>
#include <type_traits>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ping_pong {
namespace {

// What differs is how they wait for a socket that has nothing or takes nothing.

struct blocking {
    explicit blocking(int) {}
    void wait(int, unsigned) {}
};

class by_epoll {
public:
    explicit by_epoll(int socket) : epoll_(bench::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
        bench::check(::fcntl(socket, F_SETFL, O_NONBLOCK), "fcntl");
        epoll_event wanted{};
        wanted.events = events_;
        bench::check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &wanted), "epoll_ctl");
    }
    by_epoll(const by_epoll&) = delete;
    by_epoll& operator=(const by_epoll&) = delete;
    ~by_epoll() { ::close(epoll_); }

    void wait(int socket, unsigned events, int milliseconds = -1) {
        epoll_event wanted{};
        wanted.events = events;
        if (events != events_) bench::check(::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &wanted), "epoll_ctl");
        events_ = events;
        while (bench::check(::epoll_wait(epoll_, &wanted, 1, milliseconds), "epoll_wait") == 0) spins();
    }

private:
    // As in `spinning`.
    void spins() {
        if (++tries_ % 1024 == 0) ::sched_yield();
    }

    int epoll_;
    unsigned events_ = EPOLLIN;
    unsigned tries_ = 0;
};

// Tries first, and waits where that was in vain, as Asio does.
struct trying_first : by_epoll {
    using by_epoll::by_epoll;
};

// Asks epoll again and again.
class spinning_on_epoll {
public:
    explicit spinning_on_epoll(int socket) : epoll_(socket) {}
    void wait(int socket, unsigned events) { epoll_.wait(socket, events, 0); }

private:
    by_epoll epoll_;
};

class spinning {
public:
    explicit spinning(int socket) { bench::check(::fcntl(socket, F_SETFL, O_NONBLOCK), "fcntl"); }

    // Where both share a core, and under chrt above all, the other side must be let in. Across cores it answers
    // earlier.
    void wait(int, unsigned) {
        if (++tries_ % 1024 == 0) ::sched_yield();
    }

private:
    unsigned tries_ = 0;
};

bool would_block(ssize_t n) { return n < 0 && errno == EAGAIN; }

template <typename Wait>
void send_all(Wait& how, int socket, const std::vector<char>& message) {
    for (std::size_t done = 0; done < message.size();) {
        const ssize_t n = ::send(socket, message.data() + done, message.size() - done, MSG_NOSIGNAL);
        if (would_block(n))
            how.wait(socket, EPOLLOUT);
        else
            done += static_cast<std::size_t>(bench::check(static_cast<int>(n), "send"));
    }
}

// False at the end.
template <typename Wait>
bool receive_all(Wait& how, int socket, std::vector<char>& message) {
    if constexpr (std::is_same_v<Wait, by_epoll> || std::is_same_v<Wait, spinning_on_epoll>)
        how.wait(socket, EPOLLIN);  // it never is there already
    for (std::size_t done = 0; done < message.size();) {
        const ssize_t n = ::recv(socket, message.data() + done, message.size() - done, 0);
        if (would_block(n)) {
            how.wait(socket, EPOLLIN);
            continue;
        }
        if (bench::check(static_cast<int>(n), "recv") == 0) return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

template <typename Wait>
void ask(bench::run& r, std::size_t bytes, int socket) {
    Wait how(socket);
    bench::question message(bytes);
    do {
        send_all(how, socket, message.next());
        bench::require(receive_all(how, socket, message.blank()), "the other side has ended");
        message.check_answer();
    } while (r.add(1));
    ::close(socket);
}

template <typename Wait>
void echo(std::size_t bytes, int socket) {
    Wait how(socket);
    std::vector<char> message(bytes);
    while (receive_all(how, socket, message)) send_all(how, socket, message);
    ::close(socket);
}

}  // namespace

void with_raw(bench::run& r) { play(r, make_ends(), ask<blocking>, echo<blocking>); }
void with_raw_epoll(bench::run& r) { play(r, make_ends(), ask<by_epoll>, echo<by_epoll>); }
void with_raw_tries(bench::run& r) { play(r, make_ends(), ask<trying_first>, echo<trying_first>); }
void with_raw_epoll_spin(bench::run& r) { play(r, make_ends(), ask<spinning_on_epoll>, echo<spinning_on_epoll>); }
void with_raw_spin(bench::run& r) { play(r, make_ends(), ask<spinning>, echo<spinning>); }

}  // namespace ping_pong
