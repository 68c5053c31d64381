// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How a process ended: with a code, by a signal, or nobody knows.
#pragma once

#include <parley/core/export.hpp>

#include <iosfwd>
#include <optional>
#include <string>

namespace parley {

/// The end of a process. Three different things, never mixed: `exited` with a code of 0 to 255, `signalled` by a signal
/// that may have dumped core, `unknown` when somebody else took the status and the kernel does not keep it. An unknown
/// status is never a success and has no code.
///
/// A value: copies, compares, prints. Source: wait(2), waitid(2).
class PARLEY_EXPORT exit_status {
public:
    /// Unknown.
    constexpr exit_status() noexcept = default;

    static constexpr exit_status exited(int code) noexcept { return {kind::exited, code & 0xff, false}; }
    static constexpr exit_status signalled(int number, bool core_dumped = false) noexcept {
        return {kind::signalled, number, core_dumped};
    }
    /// From the integer that wait(2) gives. A stopped or continued process has not ended: unknown.
    static exit_status from_wait_status(int status) noexcept;

    /// Exited with 0.
    constexpr bool success() const noexcept { return kind_ == kind::exited && value_ == 0; }
    constexpr bool known() const noexcept { return kind_ != kind::unknown; }
    constexpr std::optional<int> exit_code() const noexcept {
        return kind_ == kind::exited ? std::optional<int>(value_) : std::nullopt;
    }
    constexpr std::optional<int> signal_number() const noexcept {
        return kind_ == kind::signalled ? std::optional<int>(value_) : std::nullopt;
    }
    constexpr bool core_dumped() const noexcept { return core_dumped_; }

    /// What a shell puts into $?: the code, 128 + the signal's number; 255 for unknown.
    constexpr int shell_code() const noexcept {
        if (kind_ == kind::exited) return value_;
        return kind_ == kind::signalled ? 128 + value_ : 255;
    }

    friend constexpr bool operator==(const exit_status&, const exit_status&) noexcept = default;

private:
    enum class kind : unsigned char { unknown, exited, signalled };
    constexpr exit_status(kind k, int value, bool core) noexcept : value_(value), kind_(k), core_dumped_(core) {}

    int value_ = 0;
    kind kind_ = kind::unknown;
    bool core_dumped_ = false;
};

/// "exited with 3", "killed by SIGSEGV (core dumped)", "unknown".
PARLEY_EXPORT std::string to_string(const exit_status& status);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const exit_status& status);

}  // namespace parley
