// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/in_child.hpp"

#include <csignal>
#include <cstdint>

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace parley {
namespace {

using sys::call;

constexpr std::size_t most_groups_read_back = 1024;

PARLEY_IN_CHILD bool place_descriptors(const launch_plan& plan) noexcept {
    // First every source goes above every target, then down to its place: so no order of targets can overwrite a
    // source.
    constexpr std::size_t most = 1024;
    int lifted[most];
    const std::size_t count = plan.moves.size();
    if (count > most) {
        errno = E2BIG;
        return false;
    }
    int above = 3;
    for (std::size_t i = 0; i < count; ++i)
        if (plan.moves[i].to >= above) above = number_above(plan.moves[i].to);
    for (std::size_t i = 0; i < count; ++i) {
        if (fate_of(call::child_dup) == fate::refused) return false;
        if (plan.moves[i].from == plan.moves[i].to) continue;  // in its place, and no other move's target
        lifted[i] = static_cast<int>(::syscall(SYS_fcntl, plan.moves[i].from, F_DUPFD_CLOEXEC, above));
        if (lifted[i] < 0) return false;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const int to = plan.moves[i].to;
        const long result =
            plan.moves[i].from == to ? ::syscall(SYS_fcntl, to, F_SETFD, 0) : ::syscall(SYS_dup3, lifted[i], to, 0);
        if (result < 0) return false;
    }
    return true;
}

PARLEY_IN_CHILD bool close_by_listing(const launch_plan& plan, int error_pipe) noexcept {
    if (fate_of(call::child_getdents) == fate::refused) return false;
    descriptor_listing listing;
    if (!listing.opened()) return false;
    // Closing while reading may skip entries: again until a whole pass closes nothing.
    for (bool closed_one = true; closed_one;) {
        closed_one = false;
        listing.again();
        for (int number = listing.next(); number != descriptor_listing::end; number = listing.next()) {
            if (number == descriptor_listing::failed) return false;
            if (number == error_pipe || is_kept(plan, number)) continue;
            if (::syscall(SYS_close, number) == 0) closed_one = true;
        }
    }
    listing.close();
    return true;
}

PARLEY_IN_CHILD bool close_all_but_kept(const launch_plan& plan, int error_pipe) noexcept {
    const fate decided = fate_of(call::child_close_range);
    if (decided == fate::left_out) return true;
    unsigned first = 0;
    bool listed = decided == fate::refused;
    const std::size_t count = plan.keep.size();
    for (std::size_t i = 0; !listed && i <= count; ++i) {
        const unsigned last = i < count ? static_cast<unsigned>(plan.keep[i]) : ~0u;
        // The error pipe is close-on-exec and must live until then.
        const unsigned hole = error_pipe >= 0 ? static_cast<unsigned>(error_pipe) : ~0u;
        if (i < count && last == 0) {
            first = 1;
            continue;
        }
        const unsigned end = i < count ? last - 1 : ~0u;
        if (first <= end) {
            if (hole >= first && hole <= end && hole != ~0u) {
                if (hole > first && ::syscall(SYS_close_range, first, hole - 1, 0) != 0) listed = true;
                if (!listed && ::syscall(SYS_close_range, hole + 1, end, 0) != 0) listed = true;
            } else if (::syscall(SYS_close_range, first, end, 0) != 0) {
                listed = true;  // ENOSYS, or EPERM from a seccomp filter
            }
        }
        first = last + 1;
    }
    return !listed || close_by_listing(plan, error_pipe);
}

PARLEY_IN_CHILD bool reset_signals() noexcept {
    // All signals are blocked until this is done, so that no handler of the parent can run in here.
    const kernel_sigaction fresh{};
    const fate decided = fate_of(call::child_sigaction);
    if (decided == fate::refused) return false;
    for (int number = 1; number <= number_of_signals && decided == fate::made; ++number) {
        if (number == SIGKILL || number == SIGSTOP) continue;
        // Most are what they should be, and to look costs less than to set. The flags go at exec.
        kernel_sigaction now;
        if (::syscall(SYS_rt_sigaction, number, nullptr, &now, kernel_sigset_size) != 0) return false;
        if (now.handler == nullptr) continue;
        if (::syscall(SYS_rt_sigaction, number, &fresh, nullptr, kernel_sigset_size) != 0) return false;
    }
    const std::uint64_t none = 0;
    return done(call::child_sigmask, SYS_rt_sigprocmask, SIG_SETMASK, word(&none), 0, kernel_sigset_size);
}

PARLEY_IN_CHILD bool groups_are(const launch_plan& plan) noexcept {
    if (plan.group_count > most_groups_read_back) return true;  // as many as no stack holds; the call has succeeded
    gid_t now[most_groups_read_back];
    const long count = ::syscall(SYS_getgroups, most_groups_read_back, now);
    if (count < 0 || static_cast<std::size_t>(count) != plan.group_count) return false;
    for (long i = 0; i < count; ++i)
        if (now[i] != plan.groups[i]) return false;
    return true;
}

// The raw calls change this process alone; the C library's would ask every thread of the parent to follow.
PARLEY_IN_CHILD bool become(const launch_plan& plan) noexcept {
    const identity& who = *plan.run_as;
    if (!done(call::child_setgroups, SYS_setgroups, static_cast<long>(plan.group_count), word(plan.groups)) ||
        !done(call::child_setresgid, SYS_setresgid, who.group, who.group, who.group) ||
        !done(call::child_setresuid, SYS_setresuid, who.user, who.user, who.user))
        return false;
    if (who.user != 0) ::syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    uid_t real = 0, effective = 0, saved = 0;
    gid_t group = 0, effective_group = 0, saved_group = 0;
    ::syscall(SYS_getresuid, &real, &effective, &saved);
    ::syscall(SYS_getresgid, &group, &effective_group, &saved_group);
    errno = EPERM;
    return real == who.user && effective == who.user && saved == who.user && group == who.group &&
           effective_group == who.group && saved_group == who.group && groups_are(plan);
}

// What needs the parent's rights and comes before they are given up.
PARLEY_IN_CHILD bool set_limits(const launch_plan& plan, launch_failure& failed) noexcept {
    failed.step = spawn_step::cgroup;
    if (plan.cgroup_procs >= 0 && !done(call::child_cgroup, SYS_write, plan.cgroup_procs, word("0"), 1)) return false;
    failed.step = spawn_step::priority;
    if (plan.nice && !done(call::child_setpriority, SYS_setpriority, PRIO_PROCESS, 0, *plan.nice)) return false;
    failed.step = spawn_step::affinity;
    if (plan.cpus != nullptr &&
        !done(call::child_affinity, SYS_sched_setaffinity, 0, static_cast<long>(plan.cpus_size), word(plan.cpus)))
        return false;
    failed.step = spawn_step::limits;
    for (std::size_t i = 0; i < plan.limit_count; ++i) {
        const std::uint64_t wanted[2] = {plan.limits[i].soft, plan.limits[i].hard};
        failed.detail = plan.limits[i].resource;
        if (!done(call::child_prlimit, SYS_prlimit64, 0, plan.limits[i].resource, word(wanted))) return false;
    }
    return true;
}

PARLEY_IN_CHILD bool die_with_parent(const launch_plan& plan) noexcept {
    if (!done(call::child_prctl, SYS_prctl, PR_SET_PDEATHSIG, SIGKILL)) return false;
    errno = ESRCH;  // it has ended meanwhile, and nobody hears this
    return ::syscall(SYS_getppid) == plan.parent;
}

// In decimal, with a NUL behind it: there is room for any number.
PARLEY_IN_CHILD void write_own_number(char* to) noexcept {
    const long number = ::syscall(SYS_getpid);
    long power = 1;
    while (number / power >= 10) power *= 10;
    for (; power > 0; power /= 10) *to++ = static_cast<char>('0' + number / power % 10);
    *to = '\0';
}

}  // namespace

PARLEY_IN_CHILD launch_failure run_in_child(const launch_plan& plan, int error_pipe) noexcept {
    launch_failure failed;
    const auto at = [&failed](spawn_step step) PARLEY_IN_CHILD -> launch_failure& {
        failed.step = step;
        failed.errno_value = errno;
        return failed;
    };
    if (plan.group == process_group::session && !done(call::child_setsid, SYS_setsid)) return at(spawn_step::session);
    if ((plan.group == process_group::own || plan.join_group != 0) &&
        !done(call::child_setpgid, SYS_setpgid, 0, plan.join_group))
        return at(spawn_step::group);
    if (!place_descriptors(plan)) return at(spawn_step::descriptors);
    if (plan.terminal >= 0 && !done(call::child_terminal, SYS_ioctl, plan.terminal, TIOCSCTTY))
        return at(spawn_step::terminal);
    if (!set_limits(plan, failed)) return at(failed.step);
    if (plan.umask && !done(call::child_umask, SYS_umask, *plan.umask)) return at(spawn_step::umask);
    if (plan.run_as != nullptr && !become(plan)) return at(spawn_step::identity);
    // As whom the child is: a directory that it may not enter is none for it.
    if (plan.directory != nullptr && !done(call::child_chdir, SYS_chdir, word(plan.directory)))
        return at(spawn_step::directory);
    if (plan.extension != nullptr) {
        if (const auto ec = plan.extension->in_child()) {
            errno = ec.value();
            return at(spawn_step::initializer);
        }
    }
    if (plan.no_new_privs && !done(call::child_prctl, SYS_prctl, PR_SET_NO_NEW_PRIVS, 1))
        return at(spawn_step::no_new_privs);
    if (plan.die_with_parent && !die_with_parent(plan)) return at(spawn_step::parent_death);
    if (!close_all_but_kept(plan, error_pipe)) return at(spawn_step::close);
    if (!reset_signals()) return at(spawn_step::signals);
    if (plan.verify != nullptr && !verify_in_child(plan, failed)) return failed;
    if (plan.process_number != nullptr) write_own_number(plan.process_number);
    done(call::child_exec, SYS_execve, word(plan.program), word(plan.arguments), word(plan.environment));
    return at(spawn_step::exec);
}

}  // namespace parley
