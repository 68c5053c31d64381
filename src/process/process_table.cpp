// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/process_table.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <unistd.h>

namespace parley {
namespace {

template <typename Number>
bool read_number(std::string_view text, Number& into) {
    return std::from_chars(text.data(), text.data() + text.size(), into).ptr == text.data() + text.size() &&
           !text.empty();
}

/// Takes the next word off the front.
std::string_view next_word(std::string_view& text) {
    const auto begin = std::min(text.find_first_not_of(" \t\n"), text.size());
    const auto end = std::min(text.find_first_of(" \t\n", begin), text.size());
    const auto word = text.substr(begin, end - begin);
    text.remove_prefix(end);
    return word;
}

std::string path_of(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

/// A file of /proc that one read gets whole.
template <std::size_t Size>
sys::outcome<std::string_view> read_once(const std::string& path, std::array<char, Size>& into) {
    const auto fd = sys::open(path.c_str(), O_RDONLY);
    if (!fd) return fd.error();
    const auto n = sys::read(fd->get(), into.data(), into.size());
    if (!n) return n.error();
    return std::string_view(into.data(), *n);
}

bool is_gone(const error_code& ec) { return ec.value() == ENOENT || ec.value() == ESRCH; }

/// A /proc mounted with hidepid shows a user its own processes alone.
bool is_hidden(const error_code& ec) { return ec.value() == EPERM || ec.value() == EACCES; }

void add_numbers(std::string_view text, std::vector<pid_t>& to) {
    for (auto word = next_word(text); !word.empty(); word = next_word(text))
        if (pid_t pid = 0; read_number(word, pid)) to.push_back(pid);
}

/// Where the kernel does not list children (CONFIG_PROC_CHILDREN): whose parent we are.
sys::outcome<std::vector<pid_t>> children_by_table() {
    std::vector<pid_t> found;
    auto listing = process_listing::open();
    if (!listing) return listing.error();
    for (;;) {
        const auto pid = listing->next();
        if (!pid) return pid.error();
        if (!*pid) return found;
        const auto row = read_row(**pid);
        if (row && *row && (*row)->parent == ::getpid()) found.push_back(**pid);
    }
}

}  // namespace

std::optional<process_row> parse_row(std::string_view stat) {
    // pid (name) state parent group session ...: the name may hold anything, parentheses and newlines, too.
    const auto open = stat.find(" (");
    const auto close = stat.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) return std::nullopt;
    process_row row;
    row.name = stat.substr(open + 2, close - open - 2);
    for (char& c : row.name)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
    auto rest = stat.substr(close + 1);
    const auto state = next_word(rest);
    if (!read_number(stat.substr(0, open), row.pid) || !read_number(next_word(rest), row.parent) ||
        !read_number(next_word(rest), row.group) || !read_number(next_word(rest), row.session))
        return std::nullopt;
    for (int field = 7; field < 20; ++field) next_word(rest);
    int threads = 0;
    const bool counted = read_number(next_word(rest), threads);
    next_word(rest);
    if (!counted || !read_number(next_word(rest), row.start)) return std::nullopt;
    // A process whose first thread has ended lives as long as any other does.
    row.ended = (state == "Z" || state == "X" || state == "x") && threads <= 1;
    return row;
}

sys::outcome<std::optional<process_row>> read_row(pid_t pid) {
    std::array<char, 1024> text;
    const auto stat = read_once(path_of(pid, "stat"), text);
    if (stat) return parse_row(*stat);
    if (is_gone(stat.error()) || is_hidden(stat.error())) return std::optional<process_row>{};
    return stat.error();
}

sys::outcome<process_listing> process_listing::open() {
    auto directory = sys::directory::open("/proc");
    if (!directory) return directory.error();
    return process_listing(std::move(*directory));
}

sys::outcome<std::optional<pid_t>> process_listing::next() {
    for (;;) {
        const auto entry = directory_.next();
        if (!entry) return entry.error();
        if (!*entry) return std::optional<pid_t>{};
        if (pid_t pid = 0; read_number((*entry)->name, pid) && pid > 0) return std::optional<pid_t>(pid);
    }
}

sys::outcome<std::vector<pid_t>> own_children() {
    std::vector<pid_t> found;
    auto threads = sys::directory::open("/proc/self/task");
    if (!threads) return threads.error();
    for (;;) {
        const auto thread = threads->next();
        if (!thread) return thread.error();
        if (!*thread) return found;
        const auto path = "/proc/self/task/" + std::string((*thread)->name);
        const auto list = sys::read_file((path + "/children").c_str(), std::size_t{1} << 24);
        if (list)
            add_numbers(*list, found);
        else if (!is_gone(list.error()))
            return list.error();
        else if (sys::stat(path.c_str()))  // the thread is there, the list is not
            return children_by_table();
    }
}

bool table_is_ours() {
    std::array<char, 1024> text;
    const auto stat = read_once("/proc/self/stat", text);
    if (!stat) return false;
    const auto row = parse_row(*stat);
    return row && row->pid == ::getpid();
}

sys::outcome<unique_fd> open_process(const process_row& row) {
    auto pidfd = sys::pidfd_open(row.pid);
    if (!pidfd) return pidfd.error();
    // Read after the opening: if the process is still the one that was seen before it, so is what was opened.
    const auto now = read_row(row.pid);
    if (!now) return now.error();
    if (!*now || (*now)->start != row.start) return sys::make_code(ESRCH);
    return pidfd;
}

std::uint64_t realtime_limit(pid_t pid) {
    std::array<char, 4096> text;
    const auto limits = read_once(path_of(pid, "limits"), text);
    constexpr std::string_view label = "\nMax realtime timeout";
    if (!limits) return 0;
    const auto at = limits->find(label);
    if (at == std::string_view::npos) return 0;
    auto rest = limits->substr(at + label.size());
    std::uint64_t limit = 0;
    return read_number(next_word(rest), limit) ? limit : 0;
}

std::string cgroup_of(pid_t pid) {
    const auto lines = sys::read_file(path_of(pid, "cgroup").c_str(), std::size_t{1} << 16);
    if (!lines) return {};
    // One line a hierarchy; that of version 2 has the number 0.
    const std::string_view text = *lines;
    const auto at = text.starts_with("0::") ? 0 : text.find("\n0::");
    if (at == std::string_view::npos) return {};
    auto name = text.substr(text.find("0::", at) + 3);
    return std::string(name.substr(0, name.find('\n')));
}

}  // namespace parley
