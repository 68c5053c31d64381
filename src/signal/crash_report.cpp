// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "signal/crash_report.hpp"

#include <parley/signal/signal_catalogue.hpp>

#include "core/syscall.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include <execinfo.h>
#include <pthread.h>
#include <ucontext.h>
#include <unistd.h>

namespace parley::detail {
namespace {

using name_text = std::array<char, 16>;

constinit std::array<name_text, NSIG> names{};
constinit std::array<void*, 64> frames{};  // not on the alternate stack, which is small

// Collects text and writes it when full and at the end.
class report_writer {
public:
    explicit report_writer(int descriptor) noexcept : descriptor_(descriptor) {}
    report_writer(const report_writer&) = delete;
    report_writer& operator=(const report_writer&) = delete;
    ~report_writer() { flush(); }

    report_writer& operator<<(std::string_view text) noexcept {
        for (const char c : text) {
            if (used_ == buffer_.size()) flush();
            buffer_[used_++] = c;
        }
        return *this;
    }
    report_writer& decimal(std::int64_t value) noexcept {
        if (value < 0) *this << "-";
        return digits(value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value), 10);
    }
    report_writer& address(std::uintptr_t value) noexcept {
        *this << "0x";
        return digits(value, 16);
    }
    void flush() noexcept {
        for (std::size_t done = 0; done < used_;) {
            const auto n = sys::write(descriptor_, buffer_.data() + done, used_ - done);
            if (!n || *n == 0) break;  // nobody to tell
            done += *n;
        }
        used_ = 0;
    }

private:
    report_writer& digits(std::uint64_t value, std::uint64_t base) noexcept {
        std::array<char, 20> reversed;
        std::size_t count = 0;
        do reversed[count++] = "0123456789abcdef"[value % base];
        while ((value /= base) != 0);
        while (count > 0) *this << std::string_view(&reversed[--count], 1);
        return *this;
    }

    int descriptor_;
    std::size_t used_ = 0;
    std::array<char, 256> buffer_;
};

std::string_view cause_of_segv(int code) noexcept {
    switch (code) {
        case SEGV_MAPERR:
            return "nothing is mapped at the address";
        case SEGV_ACCERR:
            return "the memory does not allow this access";
        case SEGV_BNDERR:
            return "a bounds check failed";
        case SEGV_PKUERR:
            return "a protection key does not allow this access";
        case SI_KERNEL:
            return "an address that cannot exist";
        default:
            return {};
    }
}

std::string_view cause_of_bus(int code) noexcept {
    switch (code) {
        case BUS_ADRALN:
            return "the address is not aligned";
        case BUS_ADRERR:
            return "there is no memory behind the address, as past the end of a mapped file";
        case BUS_OBJERR:
            return "a hardware error";
        case BUS_MCEERR_AR:
        case BUS_MCEERR_AO:
            return "the memory is broken";
        default:
            return {};
    }
}

std::string_view cause_of_fpe(int code) noexcept {
    switch (code) {
        case FPE_INTDIV:
            return "integer division by zero";
        case FPE_INTOVF:
            return "integer overflow";
        case FPE_FLTDIV:
            return "floating-point division by zero";
        case FPE_FLTOVF:
            return "floating-point overflow";
        case FPE_FLTUND:
            return "floating-point underflow";
        case FPE_FLTRES:
            return "floating-point result is not exact";
        case FPE_FLTINV:
            return "invalid floating-point operation";
        case FPE_FLTSUB:
            return "a subscript is out of range";
        default:
            return {};
    }
}

std::string_view cause_of_ill(int code) noexcept {
    switch (code) {
        case ILL_ILLOPC:
            return "no such instruction";
        case ILL_ILLOPN:
            return "no such operand";
        case ILL_ILLADR:
            return "no such addressing mode";
        case ILL_ILLTRP:
            return "no such trap";
        case ILL_PRVOPC:
            return "a privileged instruction";
        case ILL_PRVREG:
            return "a privileged register";
        case ILL_COPROC:
            return "a coprocessor error";
        case ILL_BADSTK:
            return "an internal stack error";
        default:
            return {};
    }
}

std::string_view cause_of(int number, int code) noexcept {
    switch (number) {
        case SIGSEGV:
            return cause_of_segv(code);
        case SIGBUS:
            return cause_of_bus(code);
        case SIGFPE:
            return cause_of_fpe(code);
        case SIGILL:
            return cause_of_ill(code);
        default:
            return {};
    }
}

struct registers {
    std::uintptr_t instruction = 0;
    std::uintptr_t stack = 0;
};

registers registers_of(const void* context) noexcept {
    [[maybe_unused]] const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    return {static_cast<std::uintptr_t>(machine.gregs[REG_RIP]), static_cast<std::uintptr_t>(machine.gregs[REG_RSP])};
#elif defined(__i386__)
    return {static_cast<std::uintptr_t>(machine.gregs[REG_EIP]), static_cast<std::uintptr_t>(machine.gregs[REG_ESP])};
#elif defined(__aarch64__)
    return {static_cast<std::uintptr_t>(machine.pc), static_cast<std::uintptr_t>(machine.sp)};
#elif defined(__riscv)
    return {static_cast<std::uintptr_t>(machine.__gregs[REG_PC]), static_cast<std::uintptr_t>(machine.__gregs[REG_SP])};
#else
    return {};
#endif
}

// A stack grows down: it overflowed when the thread touched what lies just below its lowest address, or below its stack
// pointer where nothing is mapped.
bool overflowed(std::uintptr_t address, const registers& at, const stack_bounds& stack) noexcept {
    constexpr std::uintptr_t page = 4096, largest_frame = 64 * 1024;
    const auto reach = std::max(stack.guard, largest_frame);
    const auto near_end = [&](std::uintptr_t a) {
        return stack.lowest > reach && a >= stack.lowest - reach && a < stack.lowest + page;
    };
    const bool below_pointer = at.stack > page && address < at.stack && address >= at.stack - page;
    return near_end(address) || below_pointer;
}

}  // namespace

bool comes_again(int number, const siginfo_t& info) noexcept {
    if (info.si_code <= 0) return false;  // sent by somebody
    switch (number) {
        case SIGSEGV:
        case SIGFPE:
        case SIGILL:
            return true;
        case SIGBUS:
            return info.si_code != BUS_MCEERR_AO;  // broken memory that nobody has touched yet
        default:
            return false;
    }
}

stack_bounds find_stack_bounds() noexcept {
    stack_bounds found;
    pthread_attr_t attributes;
    if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return found;
    void* lowest = nullptr;
    std::size_t size = 0, guard = 0;
    if (::pthread_attr_getstack(&attributes, &lowest, &size) == 0)
        found.lowest = reinterpret_cast<std::uintptr_t>(lowest);
    if (::pthread_attr_getguardsize(&attributes, &guard) == 0) found.guard = guard;
    ::pthread_attr_destroy(&attributes);
    return found;
}

void prepare_crash_reports() {
    for (const auto& row : signal_catalogue()) {
        auto& name = names[static_cast<std::size_t>(row.number)];
        name = {};
        row.name.copy(name.data(), name.size() - 1);
    }
    (void)::backtrace(frames.data(), 1);  // the first call loads the unwinder and allocates
}

void write_crash_report(int descriptor, int number, const siginfo_t& info, const void* context,
                        const stack_bounds& stack) noexcept {
    const auto at = registers_of(context);
    const bool fault = comes_again(number, info);
    report_writer out(descriptor);
    out << "crash: " << names[static_cast<std::size_t>(number)].data() << " in " << ::program_invocation_short_name
        << ", process ";
    out.decimal(::getpid()) << ", thread ";
    out.decimal(::gettid()) << "\n";
    if (info.si_code == SI_USER || info.si_code == SI_QUEUE || info.si_code == SI_TKILL) {
        out << "cause: sent by process ";
        out.decimal(info.si_pid) << " (uid ";
        out.decimal(info.si_uid) << ")\n";
    } else {
        const auto cause = cause_of(number, info.si_code);
        out << "cause: " << (cause.empty() ? "unknown" : cause) << " (code ";
        out.decimal(info.si_code) << ")\n";
    }
    if (fault) {
        const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
        out << "address: ";
        out.address(address) << "\n";
        if ((number == SIGSEGV || number == SIGBUS) && info.si_code != SI_KERNEL && overflowed(address, at, stack))
            out << "stack overflow: the address lies below the end of this thread's stack\n";
    }
    if (at.instruction != 0) {
        out << "instruction: ";
        out.address(at.instruction) << "\n";
    }
    out << "backtrace:\n";
    out.flush();
    const int depth = ::backtrace(frames.data(), static_cast<int>(frames.size()));
    int first = 0;  // from where it happened, without the frames of this handler
    while (first < depth && reinterpret_cast<std::uintptr_t>(frames[static_cast<std::size_t>(first)]) != at.instruction)
        ++first;
    if (first == depth) first = 0;
    ::backtrace_symbols_fd(frames.data() + first, depth - first, descriptor);
    out << "end of crash report\n";
}

}  // namespace parley::detail
