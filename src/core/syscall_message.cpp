// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "core/syscall_message.hpp"

#include "core/attempt.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

namespace parley::sys {
namespace {

outcome<file_facts> facts(int directory, const char* path, int flags) noexcept {
    struct ::statx found {};
    const auto ec = check(call::fstat, [&] {
        return ::statx(directory, path, flags | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_MODE | STATX_SIZE, &found);
    });
    if (ec) return ec;
    return file_facts{found.stx_mode, found.stx_size, (std::uint64_t{found.stx_dev_major} << 32) | found.stx_dev_minor};
}

}  // namespace

outcome<std::size_t> sendmsg(int fd, const msghdr& message, int flags) noexcept {
    return transfer(call::sendmsg, [&] { return ::sendmsg(fd, &message, flags | MSG_DONTWAIT | MSG_NOSIGNAL); });
}

outcome<std::size_t> recvmsg(int fd, msghdr& message, int flags) noexcept {
    return transfer(call::recvmsg, [&] { return ::recvmsg(fd, &message, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC); });
}

outcome<std::size_t> send(int fd, const iovec& bytes) noexcept {
    return transfer(call::sendmsg,
                    [&] { return ::send(fd, bytes.iov_base, bytes.iov_len, MSG_DONTWAIT | MSG_NOSIGNAL); });
}

outcome<std::size_t> recv(int fd, const iovec& into) noexcept {
    return transfer(call::recvmsg, [&] { return ::recv(fd, into.iov_base, into.iov_len, MSG_DONTWAIT); });
}

outcome<short> poll_now(int fd, short events) noexcept {
    pollfd watched{fd, events, 0};
    if (const auto ec = check(call::poll, [&] { return ::poll(&watched, 1, 0); })) return ec;
    return watched.revents;
}

outcome<int> is_at_mark(int fd) noexcept {
    const int at = attempt(call::sockatmark, [&] { return ::sockatmark(fd); });
    if (at < 0) return last_error();
    return at;
}

outcome<file_facts> facts_of(int fd) noexcept { return facts(fd, "", AT_EMPTY_PATH); }

outcome<file_facts> facts_of(const char* path) noexcept { return facts(AT_FDCWD, path, 0); }

outcome<unsigned> seals_of(int fd) noexcept {
    const int seals = attempt(call::fcntl, [&] { return ::fcntl(fd, F_GET_SEALS); });
    if (seals < 0) return last_error();
    return static_cast<unsigned>(seals);
}

}  // namespace parley::sys
