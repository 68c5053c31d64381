// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/peer.hpp>

#include "core/syscall_net.hpp"
#include "net/credentials.hpp"

#include <algorithm>
#include <cerrno>
#include <ostream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace parley {
namespace {

constexpr int so_peerpidfd = 77;  // SO_PEERPIDFD, Linux 6.5
constexpr std::size_t few_groups = 32;

result<void> check_is_local(int fd, const char* what) {
    const auto family = sys::socket_option(fd, SOL_SOCKET, SO_DOMAIN);
    if (!family) return error(family.error(), what);
    if (*family != AF_UNIX)
        return error(errc::invalid_argument, std::string(what) + ": the kernel knows it for UNIX sockets only");
    return {};
}

std::vector<gid_t> groups_of(int fd) {
    std::vector<gid_t> groups(few_groups);
    for (;;) {
        const auto room = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
        const auto size = sys::socket_option(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), room);
        if (size) {
            groups.resize(*size / sizeof(gid_t));
            break;
        }
        constexpr std::size_t most = 65536;  // NGROUPS_MAX
        if (size.error().value() != ERANGE || groups.size() >= most) return {};
        groups.resize(groups.size() * 4);
    }
    std::erase(groups, gid_t{detail::overflow_id});
    std::ranges::sort(groups);
    return groups;
}

template <typename T>
void put(std::ostream& out, const char* name, const std::optional<T>& number) {
    out << name << ' ';
    if (number)
        out << *number;
    else
        out << "unknown";
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const peer_credentials& who) {
    put(out, "pid", who.pid);
    put(out, ", user", who.user);
    put(out, ", group", who.group);
    return out;
}

std::string to_string(const peer_credentials& who) {
    std::ostringstream out;
    out << who;
    return out.str();
}

result<peer_credentials> peer_of(int fd) {
    constexpr auto what = "credentials of the peer";
    if (auto local = check_is_local(fd, what); !local) return local.error();
    ucred told{};
    const auto size = sys::socket_option(fd, SOL_SOCKET, SO_PEERCRED, &told, sizeof told);
    if (!size) return error(size.error(), what);
    // Of a socket that is not connected the kernel says pid 0 and user and group -1.
    constexpr auto none = static_cast<uid_t>(-1);
    if (*size != sizeof told || (told.pid == 0 && told.uid == none)) return error(sys::make_code(ENOTCONN), what);
    auto who = detail::known_of(told);
    who.groups = groups_of(fd);
    return who;
}

result<unique_fd> peer_pidfd(int fd) {
    constexpr auto what = "pidfd of the peer";
    if (auto local = check_is_local(fd, what); !local) return local.error();
    int pidfd = -1;
    const auto size = sys::socket_option(fd, SOL_SOCKET, so_peerpidfd, &pidfd, sizeof pidfd);
    if (!size) return error(size.error(), what);
    if (pidfd < 0) return error(sys::make_code(ENOTCONN), what);
    auto owner = sys::above_standard_streams(unique_fd(pidfd));
    if (!owner) return error(owner.error(), what);
    return std::move(*owner);
}

peer_policy peer_policy::anyone() noexcept {
    peer_policy policy;
    policy.anyone_ = true;
    return policy;
}

peer_policy peer_policy::same_user() noexcept {
    peer_policy policy;
    policy.users_[policy.user_count_++] = ::geteuid();
    return policy;
}

peer_policy& peer_policy::allow_user(uid_t user) {
    if (user_count_ == capacity) throw std::length_error("peer_policy: more than 16 users");
    users_[user_count_++] = user;
    return *this;
}

peer_policy& peer_policy::allow_group(gid_t group) {
    if (group_count_ == capacity) throw std::length_error("peer_policy: more than 16 groups");
    groups_[group_count_++] = group;
    return *this;
}

bool peer_policy::allows(const peer_credentials& who) const noexcept {
    if (anyone_) return true;
    const std::span users(users_.data(), user_count_);
    const std::span groups(groups_.data(), group_count_);
    if (who.user && std::ranges::count(users, *who.user) > 0) return true;
    if (who.group && std::ranges::count(groups, *who.group) > 0) return true;
    return std::ranges::any_of(who.groups, [&](gid_t group) { return std::ranges::count(groups, group) > 0; });
}

std::ostream& operator<<(std::ostream& out, const peer_policy& policy) {
    if (policy.anyone_) return out << "anyone";
    if (policy.user_count_ == 0 && policy.group_count_ == 0) return out << "nobody at all";
    const auto list = [&out](const char* name, const auto& ids, std::size_t count) {
        if (count == 0) return;
        out << name;
        for (std::size_t i = 0; i < count; ++i) out << ' ' << ids[i];
    };
    list("users", policy.users_, policy.user_count_);
    if (policy.user_count_ > 0 && policy.group_count_ > 0) out << ", ";
    list("groups", policy.groups_, policy.group_count_);
    return out;
}

}  // namespace parley
