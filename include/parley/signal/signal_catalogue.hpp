// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Every signal of this Linux: name, class, default action, whether a program can catch it, and one line of text.
#pragma once

#include <parley/core/export.hpp>

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string_view>

namespace parley {

/// What a signal tells of.
enum class signal_class : std::uint8_t {
    hardware_condition,  ///< an instruction failed: division by zero, bad address, illegal code
    software_condition,  ///< a program asked for it, or an event in software: a timer, a broken pipe, a user's signal
    io_notification,     ///< a descriptor or the terminal has news
    process_control,     ///< start, stop and end of processes
    resource_control,    ///< a limit of the process was passed
};

/// What the kernel does with a signal that nobody handles.
enum class default_action : std::uint8_t {
    terminate,  ///< the process ends
    core,       ///< the process ends, with a core dump where the limits allow one
    stop,       ///< the process stops until SIGCONT
    ignore,     ///< nothing
    resume,     ///< a stopped process continues
};

/// "hardware condition" and so on.
PARLEY_EXPORT std::string_view to_string(signal_class value) noexcept;
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, signal_class value);
/// "terminate", "core", "stop", "ignore", "continue".
PARLEY_EXPORT std::string_view to_string(default_action value) noexcept;
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, default_action value);

/// One row of the catalogue.
struct signal_info {
    int number;
    std::string_view name;  ///< with "SIG": "SIGHUP", "SIGRTMIN+3"
    signal_class cls;
    default_action action;
    bool catchable;         ///< false for SIGKILL and SIGSTOP: they can be neither caught, nor blocked, nor ignored
    std::string_view text;  ///< one line for a person
};

/// Every signal a program may use, by rising number: the standard ones and SIGRTMIN to SIGRTMAX. Lives until the end of
/// the program. Any thread. Source: signal(7).
PARLEY_EXPORT std::span<const signal_info> signal_catalogue();

/// The row of signal `number`, null when there is no such signal. Any thread.
PARLEY_EXPORT const signal_info* find_signal(int number);

}  // namespace parley
