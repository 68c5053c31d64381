// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/cgroup_leaf.hpp"

#include "process/process_table.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <system_error>

#include <unistd.h>

namespace parley {
namespace {

constexpr int deepest = 64;  // of what is made below a leaf

// Where a cgroup2 hierarchy is mounted, and from which of its directories down.
struct hierarchy {
    std::string root;
    std::string mount_point;
};

// Spaces and the like are octal in mountinfo.
std::string unescape(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned code = 0;
        if (text[i] == '\\' && i + 3 < text.size() &&
            std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8).ptr == text.data() + i + 4) {
            plain += static_cast<char>(code);
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

std::vector<hierarchy> hierarchies() {
    std::vector<hierarchy> found;
    const auto text = sys::read_file("/proc/self/mountinfo", std::size_t{1} << 22);
    if (!text) return found;
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
        // id parent major:minor root mount-point options optional... - type source options
        std::istringstream words(line);
        std::string skipped, root, mount_point, word, type;
        words >> skipped >> skipped >> skipped >> root >> mount_point;
        while (words >> word && word != "-") {}
        words >> type;
        if (type == "cgroup2") found.push_back({unescape(root), unescape(mount_point)});
    }
    return found;
}

// What is left of `path` below `directory`, beginning with a slash unless it is empty; none when it is not below.
std::optional<std::string> below(std::string_view directory, std::string_view path) {
    if (directory == "/") directory = {};
    if (!path.starts_with(directory)) return std::nullopt;
    path.remove_prefix(directory.size());
    if (path == "/") path = {};
    if (!path.empty() && path.front() != '/') return std::nullopt;
    return std::string(path);
}

// The directory of a cgroup and the cgroup's name within the hierarchy.
struct place {
    std::string path;
    std::string name;
};

result<place> own_cgroup() {
    const auto name = cgroup_of(::getpid());
    for (const auto& h : hierarchies()) {
        const auto rest = name.empty() ? std::nullopt : below(h.root, name);
        if (rest) return place{h.mount_point + *rest, name};
    }
    return error(sys::make_code(ENOENT), "cgroup: no cgroup2 file system shows the one of this process");
}

result<place> named_cgroup(const std::string& path) {
    std::error_code ec;
    const auto whole = std::filesystem::canonical(path, ec);
    if (ec) return error(sys::make_code(ec.value()), "cgroup " + path);
    std::optional<place> found;
    std::size_t longest = 0;
    for (const auto& h : hierarchies()) {
        const auto rest = below(h.mount_point, whole.native());
        if (!rest || h.mount_point.size() < longest) continue;
        longest = h.mount_point.size();
        found = place{whole.native(), (h.root == "/" ? "" : h.root) + *rest};
    }
    if (found) return *found;
    return error(sys::make_code(EINVAL), "cgroup " + path + ": not in a cgroup2 file system");
}

// systemd keeps the cgroups of its units to itself unless it was told to delegate one, and marks that.
bool belongs_to_systemd(const std::string& path) {
    if (!sys::stat("/run/systemd/system")) return false;
    for (const char* mark : {"user.delegate", "trusted.delegate"})
        if (const auto value = sys::extended_attribute(path.c_str(), mark); value && *value == "1") return false;
    return true;
}

// parley-PID-NUMBER-START-NAMESPACE: the start of the process, which tells it from a later one of its number, and the
// PID namespace in which it has that number. Without the last two: of an earlier version.
struct leaf_name {
    pid_t owner = 0;
    std::uint64_t number = 0;
    std::optional<std::uint64_t> start{};
    std::uint64_t space = 0;
};

std::optional<leaf_name> parse_name(std::string_view text) {
    constexpr std::string_view prefix = "parley-";
    if (!text.starts_with(prefix)) return std::nullopt;
    text.remove_prefix(prefix.size());
    std::vector<std::uint64_t> numbers;
    for (bool more = true; more;) {
        const auto end = std::min(text.find('-'), text.size());
        std::uint64_t number = 0;
        if (end == 0 || std::from_chars(text.data(), text.data() + end, number).ptr != text.data() + end)
            return std::nullopt;
        numbers.push_back(number);
        more = end < text.size();
        text.remove_prefix(more ? end + 1 : end);
    }
    constexpr std::uint64_t greatest_pid = std::numeric_limits<pid_t>::max();
    if ((numbers.size() != 2 && numbers.size() != 4) || numbers[0] == 0 || numbers[0] > greatest_pid)
        return std::nullopt;
    leaf_name name{.owner = static_cast<pid_t>(numbers[0]), .number = numbers[1]};
    if (numbers.size() == 4) {
        name.start = numbers[2];
        name.space = numbers[3];
    }
    return name;
}

std::uint64_t own_pid_namespace() {
    const auto there = sys::stat("/proc/self/ns/pid");
    return there ? there->st_ino : 0;
}

std::string unique_name() {
    static std::atomic<unsigned> counter{0};
    const auto row = read_row(::getpid());
    return "parley-" + std::to_string(::getpid()) + "-" + std::to_string(++counter) + "-" +
           std::to_string(row && *row ? (*row)->start : 0) + "-" + std::to_string(own_pid_namespace());
}

// False in doubt: for a process of another namespace, and for one that /proc hides.
bool owner_has_gone(const leaf_name& name) {
    if (name.start && name.space != own_pid_namespace()) return false;
    const auto there = sys::pidfd_open(name.owner);
    if (!there) return there.error().value() == ESRCH;
    const auto row = read_row(name.owner);
    return name.start && row && *row && ((*row)->start != *name.start || (*row)->ended);
}

std::vector<std::string> directories_in(const std::string& path) {
    std::vector<std::string> found;
    auto listing = sys::directory::open(path.c_str());
    while (listing) {
        const auto entry = listing->next();
        if (!entry || !*entry) break;
        if ((*entry)->is_directory) found.push_back(path + "/" + std::string((*entry)->name));
    }
    return found;
}

error_code add_processes(const std::string& path, std::vector<pid_t>& to, int depth) {
    const auto text = sys::read_file((path + "/cgroup.procs").c_str(), std::size_t{1} << 24);
    // ENOENT: removed meanwhile; EOPNOTSUPP: a threaded one, whose processes are listed further up.
    if (!text && text.error().value() != ENOENT && text.error().value() != ENODEV && text.error().value() != EOPNOTSUPP)
        return text.error();
    std::istringstream numbers(text ? *text : std::string());
    for (pid_t pid = 0; numbers >> pid;)
        if (pid > 0) to.push_back(pid);  // 0: one of another PID namespace
    if (depth < deepest)
        for (const auto& inner : directories_in(path))
            if (const auto ec = add_processes(inner, to, depth + 1)) return ec;
    return {};
}

// Whether a directory within one that is to be removed may be removed as well.
using may_remove = bool (*)(const std::string& path);

error_code remove_all(const std::string& path, int depth, may_remove allowed) {
    const auto ec = sys::rmdir(path.c_str());
    if (!ec || ec.value() == ENOENT) return {};
    if (depth == deepest) return ec;
    for (const auto& inner : directories_in(path)) {
        if (!allowed(inner)) return ec;
        if (const auto failed = remove_all(inner, depth + 1, allowed)) return failed;
    }
    const auto again = sys::rmdir(path.c_str());
    return again.value() == ENOENT ? error_code{} : again;
}

std::string_view last_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_nobodys(const std::string& path) {
    const auto name = parse_name(last_name(path));
    return !name || owner_has_gone(*name);
}

bool is_populated(const std::string& path) {
    const auto events = sys::read_file((path + "/cgroup.events").c_str(), 4096);
    return !events || events->find("populated 0") == std::string::npos;
}

// What programs have left behind that were killed. What cannot be removed stays: another user's, and one in which
// somebody lives on; another process may be about the same.
void remove_left_behind(const std::string& parent) {
    for (const auto& path : directories_in(parent)) {
        const auto name = parse_name(last_name(path));
        if (name && owner_has_gone(*name) && !is_populated(path)) (void)remove_all(path, 0, is_nobodys);
    }
}

// Before each start, but with many directories not as often as starts come: it takes a twentieth of the time at most.
void clean_up_now_and_then(const std::string& parent) {
    using clock = std::chrono::steady_clock;
    static std::mutex mutex;
    static auto& next = *new std::map<std::string, clock::time_point>;  // a helper thread may outlive main
    const std::unique_lock lock(mutex, std::try_to_lock);
    if (!lock) return;  // another thread is at it
    const auto began = clock::now();
    if (const auto known = next.find(parent); known != next.end() && began < known->second) return;
    remove_left_behind(parent);
    constexpr int rest = 20;
    constexpr std::size_t most_places = 1024;
    if (next.size() == most_places) next.clear();
    const auto end = clock::now();
    next[parent] = end + (end - began) * rest;
}

}  // namespace

result<cgroup_leaf> cgroup_leaf::make(const std::string& parent) {
    const auto where = parent.empty() ? own_cgroup() : named_cgroup(parent);
    if (!where) return where.error();
    if (const auto there = sys::stat((where->path + "/cgroup.procs").c_str()); !there)
        return error(there.error(), "cgroup " + where->path);
    if (parent.empty() && belongs_to_systemd(where->path))
        return error(sys::make_code(EPERM), "cgroup " + where->path + ": not delegated by systemd");
    clean_up_now_and_then(where->path);
    constexpr int most_tries = 100;
    for (int tries = 0;; ++tries) {
        const auto name = "/" + unique_name();
        const auto ec = sys::mkdir((where->path + name).c_str(), 0755);
        if (!ec) return cgroup_leaf(where->path + name, (where->name == "/" ? "" : where->name) + name);
        // A copy of this process, made by fork(2), counts from where this one was.
        if (ec.value() != EEXIST || tries == most_tries) return error(ec, "cgroup: mkdir " + where->path + name);
    }
}

cgroup_leaf::~cgroup_leaf() {
    if (!path_.empty()) (void)remove();
}

bool cgroup_leaf::holds(std::string_view cgroup) const noexcept {
    constexpr std::string_view removed = " (deleted)";
    if (cgroup.ends_with(removed)) cgroup.remove_suffix(removed.size());
    return cgroup.starts_with(name_) && (cgroup.size() == name_.size() || cgroup[name_.size()] == '/');
}

sys::outcome<bool> cgroup_leaf::populated() const {
    const auto events = sys::read_file((path_ + "/cgroup.events").c_str(), 4096);
    if (!events) {
        if (events.error().value() == ENOENT || events.error().value() == ENODEV) return false;  // removed
        return {boost::system::in_place_error, events.error()};
    }
    return events->find("populated 0") == std::string::npos;
}

sys::outcome<std::vector<pid_t>> cgroup_leaf::processes() const {
    std::vector<pid_t> found;
    if (const auto ec = add_processes(path_, found, 0)) return ec;
    return found;
}

error_code cgroup_leaf::kill() const {
    const auto ec = sys::write_file((path_ + "/cgroup.kill").c_str(), "1");
    if (ec) (void)sys::write_file((path_ + "/cgroup.freeze").c_str(), "1");
    return ec;
}

void cgroup_leaf::thaw() const { (void)sys::write_file((path_ + "/cgroup.freeze").c_str(), "0"); }

error_code cgroup_leaf::remove() {
    return remove_all(path_, 0, [](const std::string&) { return true; });
}

}  // namespace parley
