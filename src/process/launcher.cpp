// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/launcher.hpp"

#include "core/syscall.hpp"
#include "process/in_child.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define PARLEY_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PARLEY_TSAN 1
#endif
#endif
#ifdef PARLEY_TSAN
// ThreadSanitizer takes clone(3) for a fork and marks the thread of the child, which with shared memory is ours: from
// then on it would not see our locks. The C library's own name for the function goes past it.
extern "C" int __clone(int (*)(void*), void*, int, void*, ...);
#define PARLEY_CLONE ::__clone
#else
#define PARLEY_CLONE ::clone
#endif

namespace parley {
namespace {

using sys::call;

constexpr std::size_t child_stack_size = 128 * 1024;
constexpr std::size_t guard_size = 4096;

// What parent and child share.
struct launch_context {
    const launch_plan* plan;
    int error_pipe = -1;  // only where the memory is not really shared: valgrind, some emulators
    std::atomic<bool> reached{false};
    launch_failure failed{};
};

PARLEY_IN_CHILD int child_main(void* argument) noexcept {
    auto& context = *static_cast<launch_context*>(argument);
    context.reached.store(true, std::memory_order_relaxed);
    const launch_failure failed = run_in_child(*context.plan, context.error_pipe);
    context.failed = failed;
    if (context.error_pipe >= 0) ::syscall(SYS_write, context.error_pipe, &failed, sizeof failed);
    for (;;) ::syscall(SYS_exit_group, 127);
}

// All signals, those of the C library too, are blocked while a child shares our memory.
class all_signals_blocked {
public:
    all_signals_blocked() noexcept {
        const std::uint64_t all = ~std::uint64_t{0};
        ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &earlier_, kernel_sigset_size);
    }
    ~all_signals_blocked() { ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &earlier_, nullptr, kernel_sigset_size); }
    all_signals_blocked(const all_signals_blocked&) = delete;
    all_signals_blocked& operator=(const all_signals_blocked&) = delete;

private:
    std::uint64_t earlier_ = 0;
};

// The stack that the last child has left behind: to map one, to touch it and to unmap it costs ten microseconds.
std::atomic<void*> spare_stack{nullptr};

class child_stack {
public:
    child_stack() noexcept {
        if (sys::injected_fault(call::mmap)) return;
        base_ = spare_stack.exchange(nullptr, std::memory_order_acquire);
        if (base_) return;
        void* made = ::mmap(nullptr, child_stack_size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
        if (made == MAP_FAILED) return;
        base_ = made;
        ::mprotect(base_, guard_size, PROT_NONE);
    }
    ~child_stack() {
        void* none = nullptr;
        if (base_ && !spare_stack.compare_exchange_strong(none, base_, std::memory_order_release))
            ::munmap(base_, child_stack_size);
    }
    child_stack(const child_stack&) = delete;
    child_stack& operator=(const child_stack&) = delete;

    void* top() const noexcept { return base_ ? static_cast<char*>(base_) + child_stack_size : nullptr; }

private:
    void* base_ = nullptr;
};

// Does a clone with CLONE_VM share memory here? Learnt at the first start.
enum class sharing { unknown, shared, emulated };
std::atomic<sharing> memory{sharing::unknown};

void reap_failed(pid_t pid) noexcept {
    // It has left through exit_group or is about to: the wait is short.
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) < 0 && errno == EINTR) {}
}

}  // namespace

std::variant<launched, launch_failure> launch(const launch_plan& plan) {
    child_stack stack;
    if (!stack.top()) return launch_failure{spawn_step::clone, ENOMEM};
    launch_context context{&plan};
    sys::pipe_ends errors;
    if (memory.load(std::memory_order_relaxed) != sharing::shared) {
        auto made = sys::pipe();
        if (!made) return launch_failure{spawn_step::prepare, made.error().value()};
        errors = std::move(*made);
        // Out of the way of the numbers that the child asks for.
        int above = 3;
        for (const auto& move : plan.moves) above = std::max(above, number_above(move.to));
        if (errors.writer.get() < above) {
            auto lifted = sys::duplicate(errors.writer.get(), above);
            if (!lifted) return launch_failure{spawn_step::prepare, lifted.error().value()};
            errors.writer = std::move(*lifted);
        }
        context.error_pipe = errors.writer.get();
    }

    int pidfd = -1;
    pid_t pid = -1;
    int clone_errno = sys::injected_fault(call::clone);
    if (clone_errno == 0) {
        const int with_pidfd = sys::injected_fault(call::clone_pidfd) ? 0 : CLONE_PIDFD;
        const all_signals_blocked quiet;
        pid = PARLEY_CLONE(child_main, stack.top(), CLONE_VM | CLONE_VFORK | with_pidfd | SIGCHLD, &context, &pidfd);
        clone_errno = errno;
    }
    if (pid < 0) return launch_failure{spawn_step::clone, clone_errno};

    unique_fd owner{pidfd};
    launch_failure failed = context.failed;
    if (context.reached.load(std::memory_order_relaxed)) {
        memory.store(sharing::shared, std::memory_order_relaxed);
    } else {
        memory.store(sharing::emulated, std::memory_order_relaxed);
        errors.writer.reset();
        if (const auto n = sys::read(errors.reader.get(), &failed, sizeof failed); !n || *n != sizeof failed)
            failed = {};
    }
    if (failed.step != spawn_step{}) {
        reap_failed(pid);
        return failed;
    }

    if (owner && owner.get() < 3) {  // a standard stream is closed; its number is not for us
        auto lifted = sys::duplicate(owner.get());
        if (lifted) owner = std::move(*lifted);
    }
    if (!owner) {  // a kernel or filter that ignores CLONE_PIDFD; the child is ours and not reaped, so the pid is it
        auto opened = sys::pidfd_open(pid);
        if (!opened) {
            ::kill(pid, SIGKILL);
            reap_failed(pid);
            return launch_failure{spawn_step::clone, opened.error().value()};
        }
        owner = std::move(*opened);
    }
    return launched{pid, std::move(owner)};
}

}  // namespace parley
