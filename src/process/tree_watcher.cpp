// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/tree_watcher.hpp"

#include <parley/pipe/pipe.hpp>
#include <parley/process/spawn.hpp>

#include "core/syscall.hpp"
#include "process/orphan_reaper.hpp"
#include "process/own_children.hpp"
#include "process/process_tree_membership.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace parley {
namespace {

// Both scripts look again after the last kill: a leader may be on its way into its cgroup, or to its mark.
constexpr const char* kill_cgroup = R"(
trap '' HUP INT QUIT TERM TSTP
read -r nothing
end_each() {
    while read -r pid; do [ "$pid" -gt 0 ] && kill -9 "$pid"; done < "$1/cgroup.procs"
    for inner in "$1"/*/; do [ -d "$inner" ] && end_each "${inner%/}"; done
}
remove() {
    for inner in "$1"/*/; do [ -d "$inner" ] && remove "${inner%/}"; done
    rmdir "$1"
}
tries=0
while [ -d "$1" ] && [ "$tries" -lt 200 ]; do
    if [ -e "$1/cgroup.kill" ]; then
        echo 1 > "$1/cgroup.kill"
    else
        echo 1 > "$1/cgroup.freeze"
        end_each "$1"
        echo 0 > "$1/cgroup.freeze"
    fi
    remove "$1"
    [ -d "$1" ] && sleep 0.05
    tries=$((tries + 1))
done
)";

// The marks are lines of descriptor 3. grep reads all of /proc at one go; where there is none the shell does, byte by
// byte. A mark is a number that is no other limit of any process.
constexpr const char* kill_marked = R"(
trap '' HUP INT QUIT TERM TSTP
read -r nothing
marks= some=
while read -r mark; do
    case $mark in [0-9]*) marks="$marks $mark" some=$mark ;; esac
done < /proc/self/fd/3
[ "$some" ] && cd /proc || exit
grep=; echo "$some" | grep -qwFf /proc/self/fd/3 && grep=yes
find_by_reading() {
    for limits in [0-9]*/limits; do
        while read -r first second third soft rest; do
            [ "$first $second $third" = "Max realtime timeout" ] || continue
            case "$marks " in *" $soft "*) found="$found $limits" ;; esac
            break
        done < "$limits"
    done
}
tries=0 quiet=0
while [ "$quiet" -lt 3 ] && [ "$tries" -lt 200 ]; do
    quiet=$((quiet + 1)) found=
    if [ "$grep" ]; then
        found=$(grep -lswFf /proc/self/fd/3 [0-9]*/limits)
        [ "$?" -lt 100 ] || grep=
    fi
    [ "$grep" ] || find_by_reading
    for limits in $found; do
        kill -9 "${limits%/limits}" && quiet=0
    done
    sleep 0.05
    tries=$((tries + 1))
done
)";

bool is_of_this_process(pid_t owner) noexcept { return owner == ::getpid(); }

}  // namespace

const char* script_for_marks() noexcept { return kill_marked; }

/// The shell and our end of its pipe.
class tree_watcher::shell {
public:
    static result<std::shared_ptr<shell>> start(const executor& io, const char* script, argument_list words, int marks);

    shell(pid_t pid, unique_fd pidfd, unique_fd lifeline)
        : pid_(pid), pidfd_(std::move(pidfd)), lifeline_(std::move(lifeline)) {}
    shell(const shell&) = delete;
    shell& operator=(const shell&) = delete;
    ~shell() {
        if (is_of_this_process(owner_) && !end()) adopt_orphan(pid_, std::move(pidfd_), stop_policy::kill());
    }

    /// Whether it is reaped.
    bool has_ended() noexcept {
        if (!pidfd_) return true;
        const auto reaped = sys::reap(pidfd_.get());
        const bool gone = reaped ? reaped->has_value() : reaped.error().value() == ECHILD;
        if (!gone) return false;
        forget_own_child(pid_);
        pidfd_.reset();
        return true;
    }
    // The shell is killed before the pipe is closed: it is not to see its end.
    bool end() noexcept {
        if (pidfd_) (void)sys::signal_child(pidfd_.get(), pid_, SIGKILL);
        return has_ended();
    }

private:
    const pid_t owner_ = ::getpid();
    const pid_t pid_;
    unique_fd pidfd_;
    unique_fd lifeline_;
};

// It does not carry the mark of a tree that this process is in: whoever kills that tree is to leave the watcher alone
// until it has done its work.
result<std::shared_ptr<tree_watcher::shell>> tree_watcher::shell::start(const executor& io, const char* script,
                                                                        argument_list words, int marks) {
    auto lifeline = make_pipe_descriptors();
    if (!lifeline) return lifeline.error();
    command what{.program = "/bin/sh", .group = process_group::session, .stop = stop_policy::kill()};
    what.arguments = {"-c", script, "parley-tree-watcher"};
    what.arguments.insert(what.arguments.end(), words.begin(), words.end());
    what.environment = {environment_base::empty, {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}}};
    what.directory = "/";
    what.in = stdio::descriptor(lifeline->reader.get());
    what.out = what.err = stdio::null();
    if (marks >= 0) what.descriptors.push_back({marks, 3});
    if (const auto limit = sys::resource_limit(RLIMIT_RTTIME); limit && tree_mark::is_one(limit->rlim_cur))
        what.limits.push_back({RLIMIT_RTTIME, tree_mark::none, limit->rlim_max});
    auto started = spawn(io, what);
    if (!started) return started.error();
    const child_birth handing_over;
    auto released = started->release();
    if (!released) return released.error();
    add_own_child(released->pid);
    return std::make_shared<shell>(released->pid, std::move(released->pidfd), std::move(lifeline->writer));
}

/// The marks of this process's trees, in a file that the one shell for them reads at the end.
class tree_watcher::mark_table {
public:
    /// With a shell that lives.
    static result<std::shared_ptr<mark_table>> of_this_process(const executor& io) {
        auto table = current().lock();
        if (!table || !is_of_this_process(table->owner_)) {
            auto file = sys::memory_file("parley-tree-marks");
            if (!file) return error(file.error(), "process tree: die_with_parent");
            table = std::make_shared<mark_table>(std::move(*file));
        }
        if (!table->shell_ || table->shell_->has_ended()) {
            auto started = shell::start(io, kill_marked, {}, table->file_.get());
            if (!started) return started.error();
            table->shell_ = std::move(*started);
        }
        current() = table;
        return table;
    }

    explicit mark_table(unique_fd file) : file_(std::move(file)) {}

    /// A place for it.
    result<std::size_t> add(std::uint64_t mark) {
        const auto place = static_cast<std::size_t>(std::ranges::find(taken_, false) - taken_.begin());
        if (place == taken_.size()) taken_.push_back(false);
        if (const auto ec = write(place, std::to_string(mark))) return error(ec, "process tree: die_with_parent");
        taken_[place] = true;
        ++count_;
        return place;
    }
    /// The last one that is removed brings the shell, which is to be ended.
    std::shared_ptr<shell> remove(std::size_t place) {
        if (!is_of_this_process(owner_)) return nullptr;
        (void)write(place, {});
        taken_[place] = false;
        return --count_ == 0 ? std::move(shell_) : nullptr;
    }

    static std::mutex& mutex() {
        static std::mutex& instance = *new std::mutex;  // a helper thread may outlive main
        return instance;
    }

private:
    static std::weak_ptr<mark_table>& current() {
        static auto& instance = *new std::weak_ptr<mark_table>;
        return instance;
    }

    // A line with the mark and one without a digit; a page holds whole places, so that a place is written whole or not
    // at all.
    error_code write(std::size_t place, const std::string& mark) const {
        constexpr std::size_t size = 32;
        auto text = mark.empty() ? mark : mark + "\n";  // an empty line would be part of any text
        text.resize(size - 1, '-');
        return sys::write_at(file_.get(), text + "\n", static_cast<off_t>(place * size));
    }

    const pid_t owner_ = ::getpid();
    unique_fd file_;
    std::shared_ptr<shell> shell_;
    std::vector<bool> taken_;
    std::size_t count_ = 0;
};

result<std::unique_ptr<tree_watcher>> tree_watcher::start(const executor& io, const std::string& cgroup,
                                                          std::uint64_t mark) {
    auto made = std::make_unique<tree_watcher>();
    if (!cgroup.empty()) {
        auto started = shell::start(io, kill_cgroup, {cgroup}, -1);
        if (!started) return started.error();
        made->shell_ = std::move(*started);
        return made;
    }
    const std::lock_guard lock(mark_table::mutex());
    auto table = mark_table::of_this_process(io);
    if (!table) return table.error();
    const auto place = (*table)->add(mark);
    if (!place) return place.error();
    made->table_ = std::move(*table);
    made->place_ = *place;
    return made;
}

tree_watcher::tree_watcher() noexcept = default;
tree_watcher::~tree_watcher() { stop_watching(); }

void tree_watcher::stop_watching() {
    if (!table_) return;
    const std::lock_guard lock(mark_table::mutex());
    shell_ = table_->remove(place_);
    table_.reset();
}

bool tree_watcher::end() {
    stop_watching();
    if (!shell_ || shell_->end()) return true;
    return false;
}

}  // namespace parley
