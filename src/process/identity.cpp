// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/identity.hpp>

#include "core/account.hpp"
#include "core/syscall.hpp"

#include <cerrno>
#include <cstddef>

#include <grp.h>

namespace parley {

result<identity> find_identity(const std::string& user) {
    const auto found = find_user(user);
    if (!found) return found.error();
    identity who{found->user, found->group};
    constexpr std::size_t most = std::size_t{1} << 20;
    int count = 32;
    who.groups.resize(static_cast<std::size_t>(count));
    while (::getgrouplist(user.c_str(), who.group, who.groups.data(), &count) < 0) {
        if (static_cast<std::size_t>(count) <= who.groups.size()) count = static_cast<int>(who.groups.size() * 2);
        if (static_cast<std::size_t>(count) > most)
            return error(sys::make_code(E2BIG), "find user '" + user + "': groups");
        who.groups.resize(static_cast<std::size_t>(count));
    }
    who.groups.resize(static_cast<std::size_t>(count));
    return who;
}

}  // namespace parley
