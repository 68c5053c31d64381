// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "core/syscall.hpp"

#include "core/attempt.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

namespace parley::sys {
namespace {

std::atomic<fault_hook> hook{nullptr};

constexpr int rwf_nosignal = 0x100;  // RWF_NOSIGNAL, Linux 6.18

}  // namespace

fault_hook set_fault_hook(fault_hook replacement) noexcept { return hook.exchange(replacement); }

int injected_fault(call c) noexcept {
    const fault_hook ask = hook.load(std::memory_order_acquire);
    return ask ? ask(c) : 0;
}

void close(int fd) noexcept {
    const int saved = errno;
    ::close(fd);  // never again after EINTR: the number is free on Linux
    errno = saved;
}

outcome<unique_fd> duplicate(int fd, int lowest) noexcept {
    const int copy = attempt(call::dup, [&] { return ::fcntl(fd, F_DUPFD_CLOEXEC, lowest); });
    if (copy < 0) return last_error();
    return unique_fd{copy};
}

outcome<unique_fd> above_standard_streams(unique_fd fd) noexcept {
    if (fd.get() >= first_free_number) return fd;
    return duplicate(fd.get());
}

error_code put_in_place(int fd, int number) noexcept {
    return check(call::dup, [&] { return ::dup2(fd, number); });
}

outcome<unique_fd> open(const char* path, int flags, mode_t mode) noexcept {
    return make_descriptor(call::open, [&] { return ::open(path, flags | O_CLOEXEC, mode); });
}

outcome<std::size_t> read(int fd, void* data, std::size_t size) noexcept {
    return transfer(call::read, [&] { return ::read(fd, data, size); });
}

outcome<std::size_t> write(int fd, const void* data, std::size_t size) noexcept {
    return transfer(call::write, [&] { return ::write(fd, data, size); });
}

outcome<std::size_t> writev_no_sigpipe(int fd, const iovec* parts, int count) noexcept {
    static std::atomic<bool> kernel_has_nosignal{true};
    if (kernel_has_nosignal.load(std::memory_order_relaxed)) {
        const ssize_t n = attempt(call::writev, [&] { return ::pwritev2(fd, parts, count, -1, rwf_nosignal); });
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS && errno != EPERM) return last_error();
        kernel_has_nosignal.store(false, std::memory_order_relaxed);
    }
    // Blocked, a SIGPIPE that this write causes becomes pending on this thread and is taken back; one that was pending
    // before belongs to somebody else and stays.
    sigset_t pipe_only, earlier, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    if (const auto ec = thread_sigmask(SIG_BLOCK, &pipe_only, &earlier)) return ec;
    const bool was_pending = ::sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    const ssize_t n = attempt(call::write, [&] { return ::writev(fd, parts, count); });
    const int saved = errno;
    if (n < 0 && saved == EPIPE && !was_pending) {
        const timespec at_once{};
        while (::sigtimedwait(&pipe_only, nullptr, &at_once) < 0 && errno == EINTR) {}
    }
    if (sigismember(&earlier, SIGPIPE) != 1) ::pthread_sigmask(SIG_SETMASK, &earlier, nullptr);
    if (n < 0) return make_code(saved);
    return static_cast<std::size_t>(n);
}

outcome<int> status_flags(int fd) noexcept {
    const int flags = attempt(call::fcntl, [&] { return ::fcntl(fd, F_GETFL); });
    if (flags < 0) return last_error();
    return flags;
}

bool survives_exec(int fd) noexcept {
    const int flags = attempt(call::fcntl, [&] { return ::fcntl(fd, F_GETFD); });
    return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

error_code set_nonblocking(int fd, bool on) noexcept {
    const auto flags = status_flags(fd);
    if (!flags) return flags.error();
    const int wanted = on ? *flags | O_NONBLOCK : *flags & ~O_NONBLOCK;
    return check(call::fcntl, [&] { return ::fcntl(fd, F_SETFL, wanted); });
}

error_code set_close_on_exec(int fd) noexcept {
    return check(call::fcntl, [&] { return ::fcntl(fd, F_SETFD, FD_CLOEXEC); });
}

error_code open_standard_streams() noexcept {
    for (int wanted = 0; wanted < first_free_number; ++wanted) {
        if (::fcntl(wanted, F_GETFD) >= 0) continue;
        const int got = attempt(call::open, [] { return ::open("/dev/null", O_RDWR | O_CLOEXEC); });
        if (got < 0) return last_error();
        if (got < first_free_number) {
            ::fcntl(got, F_SETFD, 0);
        } else {  // another thread has taken the place meanwhile
            close(got);
        }
    }
    return {};
}

outcome<pipe_ends> pipe(int flags) noexcept {
    int ends[2];
    if (attempt(call::pipe2, [&] { return ::pipe2(ends, flags | O_CLOEXEC); }) < 0) return last_error();
    unique_fd first{ends[0]}, second{ends[1]};
    auto reader = own(first.release());
    if (!reader) return reader.error();
    auto writer = own(second.release());
    if (!writer) return writer.error();
    return pipe_ends{std::move(*reader), std::move(*writer)};
}

outcome<std::size_t> set_pipe_size(int fd, std::size_t bytes) noexcept {
    return transfer(call::set_pipe_size,
                    [&] { return static_cast<ssize_t>(::fcntl(fd, F_SETPIPE_SZ, static_cast<int>(bytes))); });
}

outcome<std::size_t> pipe_size(int fd) noexcept {
    return transfer(call::fcntl, [&] { return static_cast<ssize_t>(::fcntl(fd, F_GETPIPE_SZ)); });
}

outcome<socket_ends> socket_pair(int type) noexcept {
    int pair[2];
    if (attempt(call::socketpair, [&] { return ::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair); }) < 0)
        return last_error();
    auto first = own(pair[0]);
    auto second = own(pair[1]);
    if (!first) return first.error();
    if (!second) return second.error();
    return socket_ends{std::move(*first), std::move(*second)};
}

outcome<pipe_ends> one_way_socket_pair() noexcept {
    auto ends = socket_pair(SOCK_STREAM);
    if (!ends) return ends.error();
    ::shutdown(ends->first.get(), SHUT_WR);
    ::shutdown(ends->second.get(), SHUT_RD);
    return pipe_ends{std::move(ends->first), std::move(ends->second)};
}

outcome<pty_ends> open_pty() noexcept {
    auto leader = make_descriptor(call::posix_openpt, [] { return ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC); });
    if (!leader) return leader.error();
    int locked = 0;
    if (const auto ec = terminal_control(leader->get(), TIOCSPTLCK, &locked)) return ec;
    // By descriptor: no path below /dev/pts that a mount could have changed. Linux 4.13.
    auto follower = make_descriptor(call::tty_ioctl,
                                    [&] { return ::ioctl(leader->get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC); });
    if (!follower) return follower.error();
    // Erase takes a character, not a byte; also where the program turns the line discipline on later.
    termios modes{};
    if (const auto ec = check(call::tty_ioctl, [&] { return ::tcgetattr(follower->get(), &modes); })) return ec;
    modes.c_iflag |= IUTF8;
    if (const auto ec = check(call::tty_ioctl, [&] { return ::tcsetattr(follower->get(), TCSANOW, &modes); }))
        return ec;
    return pty_ends{std::move(*leader), std::move(*follower)};
}

error_code make_terminal_raw(int fd) noexcept {
    termios modes{};
    if (const auto ec = check(call::tty_ioctl, [&] { return ::tcgetattr(fd, &modes); })) return ec;
    ::cfmakeraw(&modes);
    return check(call::tty_ioctl, [&] { return ::tcsetattr(fd, TCSANOW, &modes); });
}

error_code terminal_control(int fd, unsigned long request, void* argument) noexcept {
    return check(call::tty_ioctl, [&] { return ::ioctl(fd, request, argument); });
}

outcome<unique_fd> eventfd() noexcept {
    return make_descriptor(call::eventfd, [] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
}

outcome<unique_fd> epoll_create() noexcept {
    return make_descriptor(call::epoll_create, [] { return ::epoll_create1(EPOLL_CLOEXEC); });
}

error_code epoll_add(int epoll, int fd, std::uint32_t events) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    return check(call::epoll_ctl, [&] { return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event); });
}

void epoll_remove(int epoll, int fd) noexcept {
    epoll_event event{};
    ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
}

std::size_t epoll_wait(int epoll, int* ready, std::size_t most, int milliseconds) noexcept {
    std::array<epoll_event, 64> events{};
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(std::min(most, events.size())), milliseconds);
    for (int i = 0; i < count; ++i) ready[i] = events[static_cast<std::size_t>(i)].data.fd;
    return static_cast<std::size_t>(std::max(count, 0));
}

void poll(pollfd* watched, std::size_t count, int milliseconds) noexcept {
    if (::poll(watched, count, milliseconds) >= 0) return;
    for (std::size_t i = 0; i < count; ++i) watched[i].revents = 0;
}

outcome<unique_fd> inotify_init() noexcept {
    return make_descriptor(call::inotify_init, [] { return ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK); });
}

error_code inotify_add_watch(int fd, const char* path, std::uint32_t mask) noexcept {
    return check(call::inotify_add_watch, [&] { return ::inotify_add_watch(fd, path, mask); });
}

outcome<unique_fd> signalfd(const sigset_t& set) noexcept {
    return make_descriptor(call::signalfd, [&] { return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK); });
}

error_code sigaction(int number, const struct ::sigaction* action, struct ::sigaction* earlier) noexcept {
    return check(call::sigaction, [&] { return ::sigaction(number, action, earlier); });
}

error_code thread_sigmask(int how, const sigset_t* set, sigset_t* earlier) noexcept {
    if (const int fault = injected_fault(call::thread_sigmask)) return make_code(fault);
    return make_code(::pthread_sigmask(how, set, earlier));
}

error_code sigpending(sigset_t& set) noexcept {
    return check(call::sigpending, [&] { return ::sigpending(&set); });
}

error_code sigaltstack(const stack_t* stack, stack_t* earlier) noexcept {
    return check(call::sigaltstack, [&] { return ::sigaltstack(stack, earlier); });
}

error_code kill_group(pid_t group, int number) noexcept {
    return check(call::kill, [&] { return group == 0 ? ::kill(0, number) : ::killpg(group, number); });
}

error_code raise(int number) noexcept {
    return check(call::tgkill, [&] { return ::syscall(SYS_tgkill, ::getpid(), ::gettid(), number); });
}

outcome<guarded_pages> map_guarded(std::size_t size) noexcept {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t usable = (size + page - 1) / page * page;
    if (usable < size || usable + page < usable) return make_code(ENOMEM);
    const long base = attempt(call::mmap, [&] {  // user addresses are positive, MAP_FAILED is -1
        return reinterpret_cast<long>(
            ::mmap(nullptr, usable + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0));
    });
    if (base < 0) return last_error();
    auto* const start = reinterpret_cast<char*>(base);
    const guarded_pages pages{start, usable + page, start + page, usable};
    if (const auto ec = check(call::mmap, [&] { return ::mprotect(pages.usable, usable, PROT_READ | PROT_WRITE); })) {
        unmap_pages(pages);
        return ec;
    }
    return pages;
}

void unmap_pages(const guarded_pages& pages) noexcept { ::munmap(pages.base, pages.size); }

void prefer_huge_pages(void* data, std::size_t size) noexcept {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = (reinterpret_cast<std::uintptr_t>(data) + page - 1) / page * page;
    const auto end = (reinterpret_cast<std::uintptr_t>(data) + size) / page * page;
    const int before = errno;
    if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
    errno = before;
}

}  // namespace parley::sys
