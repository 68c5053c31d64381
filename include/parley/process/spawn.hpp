// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Start a program as a child process.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/process/child.hpp>
#include <parley/process/command.hpp>

#include <concepts>
#include <iosfwd>
#include <string_view>
#include <vector>

namespace parley {

/// Where on the way a start failed.
enum class spawn_step {
    prepare = 1,   ///< the parent, before the child: open files, make pipes
    clone,         ///< making the process
    session,       ///< setsid(2)
    group,         ///< setpgid(2)
    descriptors,   ///< putting the descriptors in their places
    terminal,      ///< making the pseudo-terminal the controlling one: TIOCSCTTY
    cgroup,        ///< moving into the cgroup
    priority,      ///< setpriority(2)
    affinity,      ///< sched_setaffinity(2)
    limits,        ///< setrlimit(2)
    umask,         ///< umask(2)
    identity,      ///< setgroups(2), setresgid(2), setresuid(2), or what they left
    directory,     ///< chdir(2), as the user that the child is
    initializer,   ///< a Boost.Process initializer
    no_new_privs,  ///< prctl(2)
    parent_death,  ///< prctl(2) for `die_with_parent`
    close,         ///< closing what was not listed
    signals,       ///< resetting dispositions and mask
    verify,        ///< the child is not as declared
    exec,          ///< execve(2)
};

PARLEY_EXPORT std::string_view to_string(spawn_step step) noexcept;
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, spawn_step step);

/// The category of a failed start, "parley.spawn": value = step * 65536 + errno. The message names both ("exec: No such
/// file or directory"); it compares equal to the errno's condition (`ec ==
/// boost::system::errc::no_such_file_or_directory`).
PARLEY_EXPORT const boost::system::error_category& spawn_category() noexcept;
/// The step in such an error; nothing sensible (0) for another category.
PARLEY_EXPORT spawn_step failed_step(const error_code& ec) noexcept;

namespace detail {

/// A hook into the start, for `boost_initializer.hpp`.
class PARLEY_EXPORT spawn_extension {
public:
    virtual ~spawn_extension() = default;
    /// In the parent, before the child exists. May replace the environment and add descriptors for the child to keep.
    virtual error_code prepare(const char* program, const char* const* argv, const char* const*& environment,
                               std::vector<int>& keep) = 0;
    /// In the child, in memory shared with the parent: async-signal-safe, no allocation.
    virtual error_code in_child() noexcept = 0;
    virtual void failed(const error_code& ec) = 0;
    virtual void succeeded() = 0;
};

PARLEY_EXPORT result<child> spawn_extended(const executor& io, const command& what, spawn_extension* extension);

}  // namespace detail

/// Starts `what` as a child of this process.
///
/// Returns when the new program has begun (execve(2) has succeeded) or the start has failed; a failure names the step
/// and the culprit, leaves no process, no zombie and no descriptor. Bad input (NUL bytes, '=' in a variable's name, an
/// empty program) is `errc::invalid_argument`, a name that PATH does not know `errc::program_not_found`, everything
/// later is of `spawn_category()`. When SIGCHLD is ignored or SA_NOCLDWAIT set, nothing is started:
/// `errc::child_ignored`
/// (`parley::run(main)` mends that at its beginning).
///
/// The start is a vfork(2)-like clone(2): its cost does not grow with the parent's memory; the calling thread is
/// suspended until execve(2), which takes as long as the file system takes to open the program. In between only
/// async-signal-safe calls are made and all signals are blocked. Any thread. Source: clone(2), execve(2),
/// close_range(2).
[[nodiscard]] inline result<child> spawn(const executor& io, const command& what) {
    return detail::spawn_extended(io, what, nullptr);
}

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
/// GCC 12 destroys a braces-made temporary twice when it stands in a `co_await` expression (fixed in GCC 13):
/// `spawn(co_await asio::this_coro::executor, {...})` does not compile there. Name the executor first.
template <std::same_as<executor> Temporary>
result<child> spawn(Temporary&& io, command&& what) = delete;
#endif

}  // namespace parley
