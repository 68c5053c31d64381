// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/tree_watcher.hpp"

#include <parley/pipe/pipe.hpp>
#include <parley/process/spawn.hpp>

#include "core/syscall.hpp"
#include "process/orphan_reaper.hpp"
#include "process/own_children.hpp"

#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

namespace parley {
namespace {

// Both look again after the last kill: a leader may be on its way into its cgroup, or to its mark.
constexpr const char* kill_cgroup = R"(
trap '' HUP INT QUIT TERM TSTP
read -r nothing
end_each() {
    while read -r pid; do kill -9 "$pid"; done < "$1/cgroup.procs"
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

constexpr const char* kill_marked = R"(
trap '' HUP INT QUIT TERM TSTP
read -r nothing
tries=0 quiet=0
while [ "$quiet" -lt 3 ] && [ "$tries" -lt 200 ]; do
    quiet=$((quiet + 1))
    for limits in /proc/[0-9]*/limits; do
        while read -r first second third soft rest; do
            [ "$first $second $third" = "Max realtime timeout" ] || continue
            if [ "$soft" = "$1" ]; then
                pid=${limits#/proc/}
                kill -9 "${pid%/limits}" && quiet=0
            fi
            break
        done < "$limits"
    done
    sleep 0.05
    tries=$((tries + 1))
done
)";

}  // namespace

result<std::unique_ptr<tree_watcher>> tree_watcher::start(const executor& io, const std::string& cgroup,
                                                          std::uint64_t mark) {
    auto lifeline = make_pipe_descriptors();
    if (!lifeline) return lifeline.error();
    command shell{.program = "/bin/sh", .group = process_group::session, .stop = stop_policy::kill()};
    shell.arguments = {"-c", cgroup.empty() ? kill_marked : kill_cgroup, "parley-tree-watcher",
                       cgroup.empty() ? std::to_string(mark) : cgroup};
    shell.environment = {environment_base::empty, {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}}};
    shell.directory = "/";
    shell.in = stdio::descriptor(lifeline->reader.get());
    shell.out = shell.err = stdio::null();
    auto started = spawn(io, shell);
    if (!started) return started.error();
    const child_birth handing_over;
    auto released = started->release();
    if (!released) return released.error();
    add_own_child(released->pid);
    return std::make_unique<tree_watcher>(released->pid, std::move(released->pidfd), std::move(lifeline->writer));
}

tree_watcher::tree_watcher(pid_t pid, unique_fd pidfd, unique_fd lifeline)
    : pid_(pid), pidfd_(std::move(pidfd)), lifeline_(std::move(lifeline)) {}

tree_watcher::~tree_watcher() {
    if (!end()) adopt_orphan(pid_, std::move(pidfd_), stop_policy::kill());
}

// The shell is killed before the pipe is closed: it is not to see its end.
bool tree_watcher::end() {
    if (!pidfd_) return true;
    (void)sys::signal_child(pidfd_.get(), pid_, SIGKILL);
    const auto reaped = sys::reap(pidfd_.get());
    const bool gone = reaped ? reaped->has_value() : reaped.error().value() == ECHILD;
    if (!gone) return false;
    forget_own_child(pid_);
    pidfd_.reset();
    return true;
}

}  // namespace parley
