// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/activation.hpp>

#include "core/syscall.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace parley {
namespace {

constexpr int first_descriptor = 3;  // SD_LISTEN_FDS_START

struct handed_socket {
    std::string name;
    unique_fd fd;
};

std::optional<int> number_in(const char* variable) {
    const char* const text = std::getenv(variable);
    if (text == nullptr) return std::nullopt;
    const std::string_view whole(text);
    int number = 0;
    const auto [end, ec] = std::from_chars(whole.data(), whole.data() + whole.size(), number);
    if (ec != std::errc{} || end != whole.data() + whole.size()) return std::nullopt;
    return number;
}

std::vector<handed_socket> take_over() {
    std::vector<handed_socket> all;
    if (number_in("LISTEN_PID") != ::getpid()) return all;
    const int count = number_in("LISTEN_FDS").value_or(0);
    const char* const text = std::getenv("LISTEN_FDNAMES");
    std::string_view names(text != nullptr ? text : "");
    for (int i = 0; i < count; ++i) {
        const int fd = first_descriptor + i;
        // What an exec has brought is open and not close-on-exec, as whatever this program opened itself would be:
        // where fewer came than was said, the next are not ours to take.
        if (!sys::survives_exec(fd) || sys::set_close_on_exec(fd)) break;
        const auto end = std::min(names.find(':'), names.size());
        all.push_back({std::string(end == 0 ? "unknown" : names.substr(0, end)), unique_fd(fd)});
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    return all;
}

std::mutex guard;

// With `guard` held.
std::vector<handed_socket>& handed_sockets() {
    static auto* const all = new std::vector<handed_socket>(take_over());  // open until the end of the program
    return *all;
}

}  // namespace

std::vector<std::string> activated_names() {
    const std::scoped_lock lock(guard);
    std::vector<std::string> names;
    for (const auto& each : handed_sockets()) names.push_back(each.name);
    return names;
}

result<unique_fd> take_activated_socket(std::string_view name) {
    const std::scoped_lock lock(guard);
    auto& all = handed_sockets();
    const auto found = std::ranges::find(all, name, &handed_socket::name);
    if (found == all.end()) {
        std::string context = "no socket '" + std::string(name) + "' was handed to this program";
        if (all.empty()) context += " (any more)";
        const char* before = ", but ";
        for (const auto& each : all) context += std::exchange(before, " ") + ("'" + each.name + "'");
        return error(errc::invalid_argument, std::move(context));
    }
    auto fd = std::move(found->fd);
    all.erase(found);
    return fd;
}

}  // namespace parley
