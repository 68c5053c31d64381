// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The one gateway to the kernel: EINTR is retried, every descriptor is born close-on-exec and numbered 3 or higher,
// errno becomes an error_code, and a test can make any call fail.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/unique_fd.hpp>

#include <boost/system/result.hpp>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

struct epoll_event;
struct pollfd;

namespace parley::sys {

/// A result inside the library: the bare code; the caller adds what was tried.
template <typename T>
using outcome = boost::system::result<T, error_code>;

/// Every call that passes the gateway, by name, for fault injection.
enum class call : std::uint8_t {
    close,
    dup,
    fcntl,
    fstat,
    open,
    read,
    write,
    writev,
    pipe2,
    set_pipe_size,
    mkfifo,
    chmod,
    unlink,
    eventfd,
    epoll_create,
    epoll_ctl,
    signalfd,
    inotify_init,
    inotify_add_watch,
    sigaction,
    thread_sigmask,
    sigpending,
    sigaltstack,
    kill,
    tgkill,
    pidfd_open,
    pidfd_send_signal,
    waitid,
    pidfd_get_info,
    clone,
    clone_pidfd,  // a failure means: a child without a pidfd
    mmap,
    fork,
    thread,  // a thread of the library's own; a failure means: there is none
    memfd,
    accept,
    sendmsg,
    recvmsg,
    prctl,
    posix_openpt,
    tty_ioctl,
    socketpair,
    socket,
    bind,
    listen,
    connect,
    setsockopt,
    getsockopt,
    chown,
    flock,
    poll,
    sockatmark,
    mkdir,
    rmdir,
    getdents,
    getxattr,
    getrlimit,
    // made by the child between clone and exec (src/process/in_child.cpp)
    child_setsid,
    child_setpgid,
    child_dup,
    child_chdir,
    child_close_range,
    child_getdents,
    child_sigaction,
    child_sigmask,
    child_terminal,
    child_cgroup,
    child_prlimit,
    child_setpriority,
    child_affinity,
    child_umask,
    child_setgroups,
    child_setresgid,
    child_setresuid,
    child_prctl,
    child_exec,
    count_
};

/// Decides the fate of a call: 0 lets it through, a positive number is the errno it fails with; `pretend` leaves it out
/// as if it had worked (calls of a child only). Must be async-signal-safe; runs in a vforked child, too.
using fault_hook = int (*)(call) noexcept;

constexpr int pretend = -1;

/// Sets the hook for the whole process (null: none) and gives back the earlier one. Tests only.
fault_hook set_fault_hook(fault_hook hook) noexcept;

/// What the hook says about `c`.
int injected_fault(call c) noexcept;

inline error_code make_code(int errno_value) noexcept { return {errno_value, boost::system::system_category()}; }

// descriptors
constexpr int first_free_number = 3;  // 0 to 2 belong to the standard streams, also when they are closed
void close(int fd) noexcept;          // keeps errno
outcome<unique_fd> duplicate(int fd, int lowest = 3) noexcept;
/// The same descriptor, or a duplicate in its place where it has the number of a standard stream: for those that the
/// kernel has chosen the number of.
outcome<unique_fd> above_standard_streams(unique_fd fd) noexcept;
/// Makes `number` a standard stream that is what `fd` is, in one step: dup2(2).
error_code put_in_place(int fd, int number) noexcept;
outcome<unique_fd> open(const char* path, int flags, mode_t mode = 0) noexcept;
outcome<std::size_t> read(int fd, void* data, std::size_t size) noexcept;
outcome<std::size_t> write(int fd, const void* data, std::size_t size) noexcept;
/// writev(2) that never raises SIGPIPE, whatever its disposition: RWF_NOSIGNAL where the kernel has it (Linux 6.18),
/// else the signal is blocked for this thread and taken back.
outcome<std::size_t> writev_no_sigpipe(int fd, const iovec* parts, int count) noexcept;
outcome<int> status_flags(int fd) noexcept;
/// Open and not close-on-exec: an exec would hand it on.
bool survives_exec(int fd) noexcept;
error_code set_nonblocking(int fd, bool on) noexcept;
/// Of a descriptor that came from elsewhere: those that are made here are born so.
error_code set_close_on_exec(int fd) noexcept;
outcome<struct ::stat> fstat(int fd) noexcept;
outcome<struct ::stat> stat(const char* path) noexcept;
/// A regular file that this process may execute.
bool is_executable_file(const char* path) noexcept;
/// The whole of a small file, at most `limit` bytes.
outcome<std::string> read_file(const char* path, std::size_t limit) noexcept;
/// Writes `text` in one call over the beginning of a file that exists: what the kernel's control files take.
error_code write_file(const char* path, std::string_view text) noexcept;
/// Writes `text` at a place of a file, whose own position stays.
error_code write_at(int fd, std::string_view text, off_t place) noexcept;
/// An empty file in memory, which has no path.
outcome<unique_fd> memory_file(const char* name) noexcept;
/// Opens /dev/null on each of 0, 1 and 2 that is closed; those are inherited, as standard streams are.
error_code open_standard_streams() noexcept;

// pipes and names
struct pipe_ends {
    unique_fd reader;
    unique_fd writer;
};
outcome<pipe_ends> pipe(int flags = 0) noexcept;
outcome<std::size_t> set_pipe_size(int fd, std::size_t bytes) noexcept;
outcome<std::size_t> pipe_size(int fd) noexcept;
error_code mkfifo(const char* path, mode_t mode) noexcept;
error_code chmod(const char* path, mode_t mode) noexcept;
error_code unlink(const char* path) noexcept;

error_code mkdir(const char* path, mode_t mode) noexcept;
error_code rmdir(const char* path) noexcept;
outcome<std::string> extended_attribute(const char* path, const char* name) noexcept;

/// The names in a directory, in the directory's order. Few are read ahead: what comes into being behind the place where
/// the reading is, is found.
class directory {
public:
    struct entry {
        std::string_view name;  // until the next call
        bool is_directory;
    };

    static outcome<directory> open(const char* path) noexcept;
    /// The next one, without "." and ".."; none after the last.
    outcome<std::optional<entry>> next() noexcept;

private:
    explicit directory(unique_fd fd) noexcept : fd_(std::move(fd)) {}

    unique_fd fd_;
    std::size_t at_ = 0, filled_ = 0;
    alignas(8) char block_[288];  // one entry with the longest name, or about ten with numbers
};

/// Two ends of a UNIX stream that only goes from `writer` to `reader`; both block.
outcome<pipe_ends> one_way_socket_pair() noexcept;

struct socket_ends {
    unique_fd first;
    unique_fd second;
};
/// Two connected UNIX sockets of `type`, to which SOCK_NONBLOCK may be added.
outcome<socket_ends> socket_pair(int type) noexcept;
/// A packet of one byte with one descriptor. Never blocks.
error_code send_descriptor(int socket, int fd) noexcept;
/// The other end of it: empty at the end of the stream. Whatever else came along is closed and an error. Never blocks.
outcome<unique_fd> receive_descriptor(int socket) noexcept;

// terminals
struct pty_ends {
    unique_fd leader;
    unique_fd follower;
};
/// A new pseudo-terminal, unlocked, nobody's controlling one.
outcome<pty_ends> open_pty() noexcept;
error_code terminal_control(int fd, unsigned long request, void* argument) noexcept;
/// Switches the line discipline off: cfmakeraw(3).
error_code make_terminal_raw(int fd) noexcept;

// readiness; all non-blocking
outcome<unique_fd> eventfd() noexcept;
outcome<unique_fd> epoll_create() noexcept;
error_code epoll_add(int epoll, int fd, std::uint32_t events) noexcept;
/// Of a descriptor that is still open: a copy of it in another process would keep its entry.
void epoll_remove(int epoll, int fd) noexcept;
/// The descriptors that are ready; negative: no limit. An interruption counts as none.
std::size_t epoll_wait(int epoll, int* ready, std::size_t most, int milliseconds) noexcept;
/// poll(2) for threads of our own; negative: no limit. An interruption counts as nothing ready.
void poll(pollfd* watched, std::size_t count, int milliseconds) noexcept;
outcome<unique_fd> inotify_init() noexcept;
error_code inotify_add_watch(int fd, const char* path, std::uint32_t mask) noexcept;

// signals
outcome<unique_fd> signalfd(const sigset_t& set) noexcept;
error_code sigaction(int number, const struct ::sigaction* action, struct ::sigaction* earlier) noexcept;
error_code thread_sigmask(int how, const sigset_t* set, sigset_t* earlier) noexcept;
error_code sigpending(sigset_t& set) noexcept;
error_code sigaltstack(const stack_t* stack, stack_t* earlier) noexcept;
error_code kill_group(pid_t group, int number) noexcept;  // group > 0, or 0 for the own one
error_code raise(int number) noexcept;                    // the calling thread

// memory
/// Whole pages of zeros, above a page that cannot be touched.
struct guarded_pages {
    void* base;        // of the guard page
    std::size_t size;  // with the guard page
    void* usable;
    std::size_t usable_size;
};
/// At least `size` usable bytes; the caller gives them back to `unmap_pages`.
outcome<guarded_pages> map_guarded(std::size_t size) noexcept;
void unmap_pages(const guarded_pages& pages) noexcept;
/// Memory that will be written for the first time and in order: a hint, which changes nothing but the speed.
void prefer_huge_pages(void* data, std::size_t size) noexcept;

// this process and copies of it
outcome<pid_t> fork() noexcept;
/// SIGKILL from the kernel when the parent ends; ESRCH when `parent` is no longer it.
error_code die_with(pid_t parent) noexcept;
/// SIGKILL to a child that nobody has reaped, and the wait for its end, which is short.
void kill_unreaped_child(pid_t pid) noexcept;
/// SIGCHLD is ignored or SA_NOCLDWAIT set: the kernel keeps no exit statuses.
bool exit_statuses_are_discarded() noexcept;
/// 1 where /proc cannot be read.
std::size_t number_of_threads() noexcept;
unsigned usable_cpus() noexcept;

// processes, by pidfd
outcome<unique_fd> pidfd_open(pid_t pid) noexcept;
error_code pidfd_send_signal(int pidfd, int number, const siginfo_t* info = nullptr) noexcept;
/// The same for all processes of the group that the process behind `leader` led, also when it has been reaped and its
/// number given to another. EINVAL before Linux 6.9. Source: PIDFD_SIGNAL_PROCESS_GROUP.
error_code pidfd_send_signal_to_group(int leader, int number) noexcept;
/// The same as `pidfd_send_signal` for a child of ours that nobody has reaped. Where the call is missing or filtered
/// (an old kernel, seccomp, valgrind) kill(2) does it: the pid of such a child belongs to nobody else.
error_code signal_child(int pidfd, pid_t pid, int number) noexcept;
/// How a child ended and what it used.
struct reaped_child {
    siginfo_t info;
    struct ::rusage usage;
};
/// Reaps the child behind `pidfd` if it has ended: none while it has not. Never blocks.
outcome<std::optional<reaped_child>> reap(int pidfd) noexcept;
/// The same, but leaves the ended child to be reaped: until then its number belongs to nobody else.
outcome<std::optional<reaped_child>> look_at_end(int pidfd) noexcept;
/// Takes the report that the child behind `pidfd` was stopped or continued; none where there is none.
outcome<std::optional<siginfo_t>> child_change(int pidfd) noexcept;
/// ECHILD where `pidfd` is no child of this process, or is reaped. Takes nothing.
error_code is_child(int pidfd) noexcept;
/// The process behind `pidfd`; an error where there is none any more.
outcome<pid_t> pid_of(int pidfd) noexcept;
/// Whether the orphans among our descendants become our children. Source: PR_SET_CHILD_SUBREAPER.
outcome<bool> is_subreaper() noexcept;
error_code set_subreaper(bool on) noexcept;
outcome<struct ::rlimit> resource_limit(int resource) noexcept;
/// The wait status (as of wait(2)) of a process that somebody else has reaped, where the kernel keeps it (Linux 6.15).
std::optional<int> status_after_reaping(int pidfd) noexcept;

}  // namespace parley::sys
