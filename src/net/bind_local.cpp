// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/bind_local.hpp"

#include <parley/core/unique_fd.hpp>
#include <parley/net/address_endpoint.hpp>

#include "core/account.hpp"
#include "core/syscall_net.hpp"
#include "net/open_socket.hpp"
#include "net/path_kind.hpp"

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace parley::detail {
namespace {

constexpr uid_t unchanged = static_cast<uid_t>(-1);  // to chown(2)
constexpr mode_t only_owner = 0600;

struct file_owner {
    uid_t user = unchanged;
    gid_t group = unchanged;
};

result<file_owner> wanted_owner(const address& a) {
    file_owner owner;
    if (const auto name = a.options().user.view(); !name.empty()) {
        const auto found = user_number(std::string(name));
        if (!found) return address_error(a, found.error().code(), found.error().context());
        owner.user = *found;
    }
    if (const auto name = a.options().group.view(); !name.empty()) {
        const auto found = group_number(std::string(name));
        if (!found) return address_error(a, found.error().code(), found.error().context());
        owner.group = *found;
    }
    return owner;
}

bool is_same_file(const struct ::stat& a, const struct ::stat& b) noexcept {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Whether it can be nothing but the lock of a start: `start_lock` makes no other, and a user's own file is hardly ever
// like that.
bool is_made_as_lock(const struct ::stat& st) noexcept {
    return S_ISREG(st.st_mode) && st.st_uid == ::geteuid() && st.st_size == 0 && st.st_nlink == 1 &&
           (st.st_mode & 07777 & ~only_owner) == 0;
}

// The file "PATH.lock", locked, from a successful `take` to the end of its life. What is empty and not made as a lock
// serves as one and stays.
class start_lock {
public:
    explicit start_lock(std::string path) : path_(std::move(path)) {}
    start_lock(const start_lock&) = delete;
    start_lock& operator=(const start_lock&) = delete;
    ~start_lock() {
        if (is_still_ours()) (void)sys::unlink(path_.c_str());  // before the lock goes: no lock on a lost file
    }

    result<void> take(const address& a) {
        constexpr int rounds = 16;  // as long as others take it and remove it
        for (int i = 0; i < rounds; ++i) {
            auto opened = sys::open(path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, only_owner);
            if (!opened) return not_ours(a, opened.error());
            const auto held = sys::fstat(opened->get());
            if (!held) return not_ours(a, held.error());
            if (!S_ISREG(held->st_mode) || held->st_uid != ::geteuid() || held->st_size != 0)
                return not_ours(a, sys::make_code(EACCES));
            if (const auto ec = sys::try_lock(opened->get())) {
                if (ec == sys::make_code(EWOULDBLOCK)) break;
                return not_ours(a, ec);
            }
            const auto there = sys::lstat(path_.c_str());
            if (there && is_same_file(*there, *held)) {
                fd_ = std::move(*opened);
                return {};
            }
        }
        return address_error(a, sys::make_code(EADDRINUSE), "another server is about to start there");
    }

private:
    bool is_still_ours() const noexcept {
        if (!fd_) return false;
        const auto held = sys::fstat(fd_.get());
        const auto there = sys::lstat(path_.c_str());
        return held && there && is_made_as_lock(*held) && is_same_file(*held, *there);
    }

    // With what is there in its place.
    error not_ours(const address& a, const error_code& ec) const {
        std::string what = "lock '" + path_ + "'";
        if (const auto st = sys::lstat(path_.c_str())) {
            if (!S_ISREG(st->st_mode))
                what += ": " + kind_of_file(*st, path_) + " is there";
            else if (st->st_uid != ::geteuid())
                what += ": the file there is user " + std::to_string(st->st_uid) + "'s";
            else if (st->st_size != 0)
                what += ": the file there has content";
        }
        return address_error(a, ec, what);
    }

    std::string path_;
    unique_fd fd_;
};

// Whether a server is at the socket, and what it is for: an error, or nothing.
result<void> refuse_served(const address& a, const socket_address& native) {
    const auto type = socket_type_for(a);
    const auto in_use = [&](const std::string& what) { return address_error(a, sys::make_code(EADDRINUSE), what); };
    // A server of another type tells none of its clients of a connect that fails for this. Datagrams before streams:
    // a server does not see them connect.
    for (const int kind : std::array<int, 4>{type.type, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM}) {
        const auto probe = sys::socket(type.family, kind, type.protocol);
        if (!probe) return address_error(a, probe.error(), "probe");
        const auto answer = sys::connect(probe->get(), native.data(), native.size);
        if (answer == sys::make_code(EPROTOTYPE)) continue;
        if (kind != type.type)
            return in_use(std::string("another server is there, with a socket for ") + use_of_socket(kind));
        if (answer == sys::make_code(ENOENT) || answer == sys::make_code(ECONNREFUSED)) return {};
        if (answer == sys::make_code(EACCES)) return in_use("a socket is there that this user may not connect to");
        return in_use("another server is there");
    }
    return in_use("another server is there");
}

// What is in the way. An error, or nothing any more.
result<void> clear_way(const address& a, const socket_address& native, const file_owner& owner) {
    const auto& path = a.path();
    constexpr int rounds = 16;  // as long as others replace it
    for (int i = 0; i < rounds; ++i) {
        const auto st = sys::lstat(path.c_str());
        if (!st) {
            if (st.error() == sys::make_code(ENOENT)) return {};
            return address_error(a, st.error(), "look at the path");
        }
        if (!S_ISSOCK(st->st_mode))
            return address_error(a, sys::make_code(ENOTSOCK), kind_of_file(*st, path) + " is there");
        if (st->st_uid != ::geteuid() && st->st_uid != owner.user)
            return address_error(a, sys::make_code(EACCES),
                                 "the socket there is user " + std::to_string(st->st_uid) + "'s");
        if (auto served = refuse_served(a, native); !served) return served;
        // The answer is of what was there a moment ago.
        const auto now = sys::lstat(path.c_str());
        if (!now || !is_same_file(*now, *st)) continue;
        if (const auto ec = sys::unlink(path.c_str()); ec && ec != sys::make_code(ENOENT))
            return address_error(a, ec, "remove the file of a server that has ended");
        return {};
    }
    return address_error(a, sys::make_code(EADDRINUSE), "another server is about to start there");
}

// The file is there, and nobody but us may connect yet. Its rights are changed through a descriptor of the file itself.
result<void> hand_over(const address& a, const file_owner& owner) {
    const mode_t mode = a.options().mode.value_or(only_owner);
    auto file = sys::open(a.path().c_str(), O_PATH | O_NOFOLLOW);
    if (!file) return address_error(a, file.error(), "open the socket file");
    const auto st = sys::fstat(file->get());
    if (!st) return address_error(a, st.error(), "look at the socket file");
    if (!S_ISSOCK(st->st_mode) || st->st_uid != ::geteuid())
        return address_error(a, sys::make_code(EACCES), "somebody has replaced the socket file");
    if (owner.user != unchanged || owner.group != unchanged)
        if (const auto ec = sys::chown_path_descriptor(file->get(), owner.user, owner.group))
            return address_error(a, ec, "change the owner");
    if ((st->st_mode & mode_t{0777}) != mode)
        if (const auto ec = sys::chmod_path_descriptor(file->get(), mode)) return address_error(a, ec, "option mode");
    return {};
}

error_code start_listening(int fd, std::optional<int> backlog) {
    return backlog ? sys::listen(fd, *backlog) : error_code{};
}

}  // namespace

result<socket_file> bind_local(int fd, const address& a, std::optional<int> backlog) {
    const auto native = to_socket_address(a);
    if (!native) return native.error();
    if (a.is_abstract()) {
        if (const auto ec = sys::bind(fd, native->data(), native->size)) return address_error(a, ec, "bind");
        if (const auto ec = start_listening(fd, backlog)) return address_error(a, ec, "listen");
        return socket_file();
    }
    const auto owner = wanted_owner(a);
    if (!owner) return owner.error();
    start_lock lock(a.path() + ".lock");
    if (auto taken = lock.take(a); !taken) return taken.error();
    if (auto cleared = clear_way(a, *native, *owner); !cleared) return cleared.error();

    // The kernel gives the file the mode of the socket, less the umask. Until the rest is set it is for us alone.
    const bool has_owner = owner->user != unchanged || owner->group != unchanged;
    const mode_t mode = a.options().mode.value_or(only_owner);
    if (const auto ec = sys::fchmod(fd, has_owner ? mode & only_owner : mode)) return address_error(a, ec, "mode");
    if (const auto ec = sys::bind(fd, native->data(), native->size)) return address_error(a, ec, "bind");
    socket_file file(a.path());
    if (auto handed = hand_over(a, *owner); !handed) return handed.error();
    if (const auto ec = start_listening(fd, backlog)) return address_error(a, ec, "listen");
    return file;
}

}  // namespace parley::detail
