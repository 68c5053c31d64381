// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "core/account.hpp"

#include "core/syscall.hpp"

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <optional>
#include <vector>

#include <grp.h>
#include <pwd.h>

namespace parley {
namespace {

// getpwnam_r(3) or getgrnam_r(3), with as much room as it asks for. `use` is called with the entry.
template <typename Entry, typename Look, typename Use>
auto look_up(const std::string& name, const std::string& context, Look look, Use use)
    -> result<decltype(use(Entry{}))> {
    if (name.empty() || name.find('\0') != std::string::npos) return error(errc::unknown_user, context);
    constexpr std::size_t most = std::size_t{1} << 20;
    std::vector<char> text(1024);
    Entry entry{};
    Entry* found = nullptr;
    int failed = look(name.c_str(), &entry, text.data(), text.size(), &found);
    while (failed == ERANGE && text.size() < most) {
        text.resize(text.size() * 2);
        failed = look(name.c_str(), &entry, text.data(), text.size(), &found);
    }
    if (found != nullptr) return use(entry);
    if (failed == 0 || failed == ENOENT || failed == ESRCH) return error(errc::unknown_user, context);
    return error(sys::make_code(failed), context);
}

std::optional<id_t> as_number(const std::string& text) {
    id_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    constexpr auto reserved = static_cast<id_t>(-1);
    if (ec != std::errc{} || end != text.data() + text.size() || number == reserved) return std::nullopt;
    return number;
}

}  // namespace

result<user_account> find_user(const std::string& name) {
    return look_up<passwd>(name, "find user '" + name + "'", ::getpwnam_r, [](const passwd& entry) {
        return user_account{entry.pw_uid, entry.pw_gid};
    });
}

result<uid_t> user_number(const std::string& name) {
    if (const auto number = as_number(name)) return *number;
    const auto found = find_user(name);
    if (!found) return found.error();
    return found->user;
}

result<gid_t> group_number(const std::string& name) {
    if (const auto number = as_number(name)) return *number;
    return look_up<::group>(name, "find group '" + name + "'", ::getgrnam_r,
                            [](const ::group& entry) { return entry.gr_gid; });
}

}  // namespace parley
