// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/cgroup_leaf.hpp"

#include "process/process_table.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <filesystem>
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

std::string unique_name() {
    static std::atomic<unsigned> counter{0};
    return "parley-" + std::to_string(::getpid()) + "-" + std::to_string(++counter);
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

error_code remove_all(const std::string& path, int depth) {
    const auto ec = sys::rmdir(path.c_str());
    if (!ec || ec.value() == ENOENT) return {};
    if (depth == deepest) return ec;
    for (const auto& inner : directories_in(path))
        if (const auto failed = remove_all(inner, depth + 1)) return failed;
    const auto again = sys::rmdir(path.c_str());
    return again.value() == ENOENT ? error_code{} : again;
}

}  // namespace

result<cgroup_leaf> cgroup_leaf::make(const std::string& parent) {
    const auto where = parent.empty() ? own_cgroup() : named_cgroup(parent);
    if (!where) return where.error();
    if (const auto there = sys::stat((where->path + "/cgroup.procs").c_str()); !there)
        return error(there.error(), "cgroup " + where->path);
    if (parent.empty() && belongs_to_systemd(where->path))
        return error(sys::make_code(EPERM), "cgroup " + where->path + ": not delegated by systemd");
    constexpr int most_tries = 100;
    for (int tries = 0;; ++tries) {
        const auto name = "/" + unique_name();
        const auto ec = sys::mkdir((where->path + name).c_str(), 0755);
        if (!ec) return cgroup_leaf(where->path + name, (where->name == "/" ? "" : where->name) + name);
        // Left behind by a program that had this pid and was killed.
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

error_code cgroup_leaf::remove() { return remove_all(path_, 0); }

}  // namespace parley
