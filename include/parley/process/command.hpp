// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What to run and how: a value that can be built, compared, copied and printed before anything is started.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/process/identity.hpp>
#include <parley/process/pty_options.hpp>
#include <parley/process/resource_limit.hpp>
#include <parley/process/stdio.hpp>
#include <parley/process/stop_policy.hpp>

#include <concepts>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace parley {

/// What a child's environment begins with, before `environment::changes`.
enum class environment_base {
    inherit,  ///< the parent's, as it is at the time of the start
    clean,    ///< the parent's without what steers loaders, shells and interpreters: LD_*, GCONV_PATH, GLIBC_TUNABLES,
              ///< MALLOC_*, IFS, BASH_ENV, ENV, SHELLOPTS, BASH_FUNC_*, PYTHON*, PERL5*, RUBY*, NODE_OPTIONS, ...
    empty,    ///< nothing
};

struct environment {
    environment_base base = environment_base::inherit;
    /// Variables to set, or, with `nullopt`, to take away.
    std::map<std::string, std::optional<std::string>> changes{};

    friend bool operator==(const environment&, const environment&) = default;
};

/// A descriptor of the parent and the number it has in the child.
struct descriptor_mapping {
    int parent;  ///< lent; open when `spawn` is called
    int child;   ///< 3 or higher; 0 to 2 are `in`, `out`, `err`

    friend bool operator==(const descriptor_mapping&, const descriptor_mapping&) = default;
};

/// Whom the child is grouped with for signals and job control.
enum class process_group {
    inherit,  ///< the parent's group: Ctrl-C at the terminal reaches both
    own,      ///< a new group with the child as its leader: setpgid(2)
    session,  ///< a new session and group without a controlling terminal: setsid(2)
};

/// A list of strings that `{"a", "b"}` makes without a std::initializer_list, which GCC 12 cannot keep in a coroutine
/// across a co_await. Otherwise a std::vector<std::string>.
class argument_list : public std::vector<std::string> {
public:
    argument_list() = default;
    argument_list(std::vector<std::string> list) : std::vector<std::string>(std::move(list)) {}
    template <std::convertible_to<std::string>... Words>
        requires(sizeof...(Words) > 0)
    argument_list(Words&&... words) {
        reserve(sizeof...(Words));
        (emplace_back(std::forward<Words>(words)), ...);
    }
};

/// A descriptor of this process that a child gets by a name; it stays the caller's. Names have 1 to 255 characters, no
/// control characters and no ':'. Source: sd_listen_fds(3).
struct handed_descriptor {
    std::string name;
    int fd = -1;

    friend bool operator==(const handed_descriptor&, const handed_descriptor&) = default;
};

/// A program with everything it is started with. Arguments are passed byte for byte: no shell, no splitting, no
/// globbing.
///
///     command{.program = "/usr/bin/sort", .arguments = {"-n"}, .in = stdio::pipe(), .out = stdio::pipe()}
///
/// A child starts with descriptors 0, 1, 2 and those in `descriptors` and `sockets`, an empty signal mask and default
/// dispositions: nothing else comes along.
struct command {
    /// A path; a relative one counts from `directory`. With `search_path`, a name without a slash.
    std::string program;
    /// Without the program's own name.
    argument_list arguments{};
    /// Look `program` up in the parent's PATH. Empty and relative elements of PATH are passed over.
    bool search_path = false;
    /// argv[0], when it is to differ from `program`.
    std::string name{};
    parley::environment environment{};
    /// The working directory; empty: the parent's.
    std::string directory{};
    stdio in{};
    stdio out{};
    stdio err{};
    /// Any permutation works; a number may be given to several.
    std::vector<descriptor_mapping> descriptors{};
    /// Sockets for the child by name, as systemd hands them over: they become its descriptors 3, 4 and so on, and
    /// LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID tell it so. A child that is built on parley finds them by
    /// `systemd:name` addresses; others by sd_listen_fds(3). A shell in between would take the place of the process
    /// they are for.
    std::vector<handed_descriptor> sockets{};
    process_group group = process_group::inherit;
    /// The number of a process group of this session for the child to enter; 0: as `group` says, which is `inherit`
    /// otherwise. The caller sees to it that the group lives, for example by not waiting for its leader before.
    pid_t join_group = 0;
    /// The terminal behind the streams that are `stdio::pty()`.
    parley::pty_options terminal{};

    /// Who the child is. Needs CAP_SETUID and CAP_SETGID; nothing less than all of it is accepted: the start fails
    /// where a part is refused, and what was set is read back.
    std::optional<identity> run_as{};
    /// The child and its descendants can never gain rights by an exec (set-user-ID programs, file capabilities).
    /// Source: PR_SET_NO_NEW_PRIVS.
    bool no_new_privs = false;
    /// The kernel kills the child (SIGKILL) when this process ends, however it ends. Holds whichever thread calls
    /// `spawn`, and however soon that thread ends. Ends with an exec of a set-user-ID program; does not reach the
    /// child's own children. Source: PR_SET_PDEATHSIG.
    bool die_with_parent = false;

    /// The file mode creation mask; none: the parent's.
    std::optional<mode_t> umask{};
    /// -20 (most of the CPU) to 19 (least). Below the parent's it needs CAP_SYS_NICE.
    std::optional<int> nice{};
    /// The CPUs the child may run on, by number; empty: the parent's.
    std::vector<int> cpus{};
    std::vector<resource_limit> limits{};
    /// A directory of cgroup v2 (below /sys/fs/cgroup) that exists and that this process may write: the child moves
    /// there before it runs its program.
    std::string cgroup{};

    /// Debugging aid: right before the exec the child looks at its descriptors, dispositions, signal mask, directory
    /// and umask, and the start fails at the first that is not as declared here, with the descriptor's target. Costs
    /// some 100 system calls a start.
    bool verify = false;

    /// What happens to the child when its handle leaves scope.
    stop_policy stop{};

    friend bool operator==(const command&, const command&) = default;
};

/// The command as a line that every sh(1) accepts and that does what `spawn` does, as far as a shell, env(1), nice(1)
/// and the tools of util-linux (prlimit, setpriv, setsid, taskset) can say it. The shell that reads the line is the
/// parent. What they cannot say stands in the line's first words: `(: 'not said: descriptor 5 as 12' && exec /bin/x)`.
/// That is an argv[0] that differs from the program, a descriptor with a number above 9, a process group, a stream that
/// leads to the parent, and the cleaning of an environment other than this process' own.
PARLEY_EXPORT std::string to_shell(const command& c);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const command& c);

/// One word quoted for sh(1).
PARLEY_EXPORT std::string shell_quote(std::string_view word);

/// Where PATH finds an executable file called `name`. `path` is a list like PATH; empty and relative elements are
/// passed over. Errors: `errc::program_not_found`, `errc::invalid_argument` for a name with a slash.
[[nodiscard]] PARLEY_EXPORT result<std::string> find_program(std::string_view name, std::string_view path);
[[nodiscard]] PARLEY_EXPORT result<std::string> find_program(std::string_view name);

}  // namespace parley
