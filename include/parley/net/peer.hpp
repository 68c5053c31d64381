// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Who is at the other end of a UNIX socket, as the kernel knows it, and whom to talk to.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/unique_fd.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace parley {

/// The process at the other end as it was when it called connect(2), listen(2) or socketpair(2): whatever becomes of it
/// later, these stay, and a socket that it has passed on to another process keeps its name.
///
/// What this process cannot know is empty, and no policy admits it: the pid of a process of another PID namespace (the
/// kernel says 0), a user or group of another user namespace (the kernel says 65534, which is also called nobody).
struct PARLEY_EXPORT peer_credentials {
    std::optional<pid_t> pid{};
    std::optional<uid_t> user{};
    std::optional<gid_t> group{};
    std::vector<gid_t> groups{};  ///< the supplementary ones, ascending, without unknown ones

    friend bool operator==(const peer_credentials&, const peer_credentials&) = default;
};

/// "pid 4711, user 1000, group 1000"; what is unknown is called so.
PARLEY_EXPORT std::string to_string(const peer_credentials& who);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const peer_credentials& who);

/// Who is at the other end of the connected UNIX socket `fd`.
///
/// Errors: `errc::invalid_argument` for a socket that is not a UNIX one: the kernel knows nobody at the end of a TCP
/// connection; `not_connected` (ENOTCONN) and others of getsockopt(2). Any thread. Source: unix(7), SO_PEERCRED,
/// SO_PEERGROUPS (Linux 4.13; without it `groups` is empty).
[[nodiscard]] PARLEY_EXPORT result<peer_credentials> peer_of(int fd);

/// A pidfd of the process at the other end of the connected UNIX socket `fd`, even if it has ended since. For signals
/// and for waiting; its number cannot come to mean another process, as a pid can.
///
/// Errors: as `peer_of`; ENOPROTOOPT on a kernel without SO_PEERPIDFD (before Linux 6.5); `no_such_process` where it
/// was reaped and the kernel keeps no record (before Linux 6.16). Any thread. Source: unix(7), pidfd_open(2).
[[nodiscard]] PARLEY_EXPORT result<unique_fd> peer_pidfd(int fd);

template <typename T>
concept has_native_handle = requires(T& socket) {
    { socket.native_handle() } -> std::convertible_to<int>;
};

/// Of a socket of Asio's.
template <has_native_handle Socket>
[[nodiscard]] result<peer_credentials> peer_of(Socket& socket) {
    return peer_of(static_cast<int>(socket.native_handle()));
}
template <has_native_handle Socket>
[[nodiscard]] result<unique_fd> peer_pidfd(Socket& socket) {
    return peer_pidfd(static_cast<int>(socket.native_handle()));
}

/// Whom to talk to: a list of users and groups, of which one is enough. Who is unknown is never on it.
///
///     peer_policy::same_user()
///     peer_policy().allow_user(0).allow_group(27)
///
/// A value of fixed size: up to 16 users and 16 groups. One made by the default constructor admits nobody.
class PARLEY_EXPORT peer_policy {
public:
    static constexpr std::size_t capacity = 16;

    constexpr peer_policy() noexcept = default;

    /// Everybody, unknown ones too.
    static peer_policy anyone() noexcept;
    /// The effective user of this process at the time of this call. Root is no exception: add `allow_user(0)`.
    static peer_policy same_user() noexcept;

    /// Also this user. std::length_error when there are 16.
    peer_policy& allow_user(uid_t user);
    /// Also who has this group as its main one or as one of the others. std::length_error when there are 16.
    peer_policy& allow_group(gid_t group);

    bool admits_anyone() const noexcept { return anyone_; }
    bool allows(const peer_credentials& who) const noexcept;

    friend bool operator==(const peer_policy&, const peer_policy&) = default;
    /// "users 0 1000, groups 27", "anyone", "nobody at all".
    PARLEY_EXPORT friend std::ostream& operator<<(std::ostream& out, const peer_policy& policy);

private:
    std::array<uid_t, capacity> users_{};
    std::array<gid_t, capacity> groups_{};
    std::size_t user_count_ = 0;
    std::size_t group_count_ = 0;
    bool anyone_ = false;
};

}  // namespace parley
