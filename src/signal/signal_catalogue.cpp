// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/signal_catalogue.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <deque>
#include <ostream>
#include <string>
#include <vector>

namespace parley {
namespace {

using enum signal_class;
using enum default_action;

const signal_info standard_signals[] = {
    {SIGHUP, "SIGHUP", process_control, terminate, true, "the terminal hung up, or its controlling process died"},
    {SIGINT, "SIGINT", process_control, terminate, true, "interrupt from the keyboard (Ctrl-C)"},
    {SIGQUIT, "SIGQUIT", process_control, core, true, "quit from the keyboard (Ctrl-\\)"},
    {SIGILL, "SIGILL", hardware_condition, core, true, "illegal instruction"},
    {SIGTRAP, "SIGTRAP", hardware_condition, core, true, "trace or breakpoint trap"},
    {SIGABRT, "SIGABRT", software_condition, core, true, "abort(3) was called"},
    {SIGBUS, "SIGBUS", hardware_condition, core, true, "bus error: memory that cannot be reached or is not aligned"},
    {SIGFPE, "SIGFPE", hardware_condition, core, true, "arithmetic error, such as a division by zero"},
    {SIGKILL, "SIGKILL", process_control, terminate, false, "the process is killed, without appeal"},
    {SIGUSR1, "SIGUSR1", software_condition, terminate, true, "first signal for the program's own use"},
    {SIGSEGV, "SIGSEGV", hardware_condition, core, true, "segmentation fault: memory that is not the program's"},
    {SIGUSR2, "SIGUSR2", software_condition, terminate, true, "second signal for the program's own use"},
    {SIGPIPE, "SIGPIPE", software_condition, terminate, true, "a write to a pipe or socket without a reader"},
    {SIGALRM, "SIGALRM", software_condition, terminate, true, "the alarm clock of alarm(2) or setitimer(2) rang"},
    {SIGTERM, "SIGTERM", process_control, terminate, true, "the process is asked to end"},
#ifdef SIGSTKFLT
    {SIGSTKFLT, "SIGSTKFLT", hardware_condition, terminate, true, "stack fault of a coprocessor (unused)"},
#endif
    {SIGCHLD, "SIGCHLD", process_control, ignore, true, "a child ended, stopped or continued"},
    {SIGCONT, "SIGCONT", process_control, resume, true, "continue after a stop"},
    {SIGSTOP, "SIGSTOP", process_control, stop, false, "the process is stopped, without appeal"},
    {SIGTSTP, "SIGTSTP", process_control, stop, true, "stop from the keyboard (Ctrl-Z)"},
    {SIGTTIN, "SIGTTIN", process_control, stop, true, "a background process read from the terminal"},
    {SIGTTOU, "SIGTTOU", process_control, stop, true, "a background process wrote to the terminal"},
    {SIGURG, "SIGURG", io_notification, ignore, true, "urgent data on a socket"},
    {SIGXCPU, "SIGXCPU", resource_control, core, true, "the limit on processor time was passed"},
    {SIGXFSZ, "SIGXFSZ", resource_control, core, true, "the limit on the size of files was passed"},
    {SIGVTALRM, "SIGVTALRM", software_condition, terminate, true, "the virtual alarm clock of setitimer(2) rang"},
    {SIGPROF, "SIGPROF", software_condition, terminate, true, "the profiling timer of setitimer(2) rang"},
    {SIGWINCH, "SIGWINCH", io_notification, ignore, true, "the terminal's window changed its size"},
    {SIGIO, "SIGIO", io_notification, terminate, true, "input or output has become possible"},
    {SIGPWR, "SIGPWR", software_condition, terminate, true, "the power supply fails or is back"},
    {SIGSYS, "SIGSYS", software_condition, core, true, "a system call that does not exist or is not allowed"},
};

class catalogue {
public:
    catalogue() : rows_(std::begin(standard_signals), std::end(standard_signals)) {
        const int first = SIGRTMIN, last = SIGRTMAX;  // functions of the C library, not constants
        for (int number = first; number <= last; ++number) {
            auto& name = names_.emplace_back("SIGRTMIN");
            if (number == last)
                name = "SIGRTMAX";
            else if (number != first)
                name += '+' + std::to_string(number - first);
            rows_.push_back({number, name, software_condition, terminate, true,
                             "real-time signal: queued, in order, with a value"});
        }
        std::ranges::sort(rows_, {}, &signal_info::number);
        for (const auto& row : rows_)
            if (row.number > 0 && row.number < NSIG) by_number_[static_cast<std::size_t>(row.number)] = &row;
    }
    catalogue(const catalogue&) = delete;
    catalogue& operator=(const catalogue&) = delete;

    std::span<const signal_info> rows() const noexcept { return rows_; }
    const signal_info* find(int number) const noexcept {
        return number > 0 && number < NSIG ? by_number_[static_cast<std::size_t>(number)] : nullptr;
    }

private:
    std::deque<std::string> names_;
    std::vector<signal_info> rows_;
    std::array<const signal_info*, NSIG> by_number_{};
};

const catalogue& the_catalogue() {
    static const catalogue* const instance = new catalogue;  // never destroyed: asked in destructors at exit, too
    return *instance;
}

}  // namespace

std::string_view to_string(signal_class value) noexcept {
    switch (value) {
        case hardware_condition:
            return "hardware condition";
        case software_condition:
            return "software condition";
        case io_notification:
            return "I/O notification";
        case process_control:
            return "process control";
        case resource_control:
            return "resource control";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& out, signal_class value) { return out << to_string(value); }

std::string_view to_string(default_action value) noexcept {
    switch (value) {
        case terminate:
            return "terminate";
        case core:
            return "core";
        case stop:
            return "stop";
        case ignore:
            return "ignore";
        case resume:
            return "continue";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& out, default_action value) { return out << to_string(value); }

std::span<const signal_info> signal_catalogue() { return the_catalogue().rows(); }

const signal_info* find_signal(int number) { return the_catalogue().find(number); }

}  // namespace parley
