// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Everything that is known about a child that has ended: a line for people, JSON for programs.
#pragma once

#include <parley/core/export.hpp>
#include <parley/process/exit_status.hpp>

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace parley {

/// How far a stop policy had gone when the child ended.
enum class stop_step : unsigned char {
    none,    ///< nobody had asked it to end
    asked,   ///< it had the policy's signal and time to end by itself
    killed,  ///< the grace had passed, or the policy was `stop_policy::kill()`
};

/// Who sent the signal that ended the child, as far as it went through its handle.
enum class signal_sender : unsigned char {
    unknown,      ///< the kernel, another process, or this one by other means
    send_signal,  ///< `child::send_signal`
    stop_policy,  ///< `child::async_stop`, or the handle that left scope
};

/// What the child used, with those of its own children that it has waited for. Source: getrusage(2).
struct resource_usage {
    std::chrono::microseconds user_time{};
    std::chrono::microseconds system_time{};
    /// Bytes: the largest resident set of the child or of one of its own. Until its exec a child is in the parent's
    /// memory, which the kernel counts: a child that needs less shows the parent's peak.
    std::uint64_t peak_memory = 0;

    friend bool operator==(const resource_usage&, const resource_usage&) = default;
};

/// "none", "asked", "killed".
PARLEY_EXPORT std::string_view to_string(stop_step step) noexcept;
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, stop_step step);
/// "unknown", "send_signal", "stop_policy".
PARLEY_EXPORT std::string_view to_string(signal_sender sender) noexcept;
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, signal_sender sender);
/// "CPU 0.010 s + 0.002 s, 1.2 MiB".
PARLEY_EXPORT std::string to_string(const resource_usage& usage);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const resource_usage& usage);

/// A value: copies, compares, prints.
struct exit_report {
    std::string program{};
    pid_t pid = 0;  ///< 0 for what was never a process: a stage of a pipeline that is a coroutine, or was not started
    exit_status status{};
    signal_sender sender = signal_sender::unknown;
    stop_step step = stop_step::none;
    /// The kernel's out-of-memory killer ended it. None where that cannot be known: no cgroup of its own
    /// (`command::cgroup`), or one without the memory controller. Source: memory.events.
    std::optional<bool> oom_killed{};
    /// None where somebody else has taken the status.
    std::optional<resource_usage> usage{};
    /// From right before the start until the end was noticed, which is at once while somebody waits.
    std::chrono::microseconds run_time{};
    /// The last bytes of standard error, at most 2 KiB, where it was captured (`async_run`).
    std::string error_tail{};

    friend bool operator==(const exit_report&, const exit_report&) = default;
};

/// "/usr/bin/x (4242) was killed by SIGKILL from its stop policy after 5.003 s, CPU 0.010 s + 0.002 s, 1.2 MiB; last
/// words: ..."
PARLEY_EXPORT std::string to_string(const exit_report& report);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const exit_report& report);

/// One JSON object (RFC 8259) on one line; times in seconds, memory in bytes, what is not known is null. Bytes that are
/// not UTF-8 become U+FFFD.
PARLEY_EXPORT std::string to_json(const exit_report& report);

}  // namespace parley
