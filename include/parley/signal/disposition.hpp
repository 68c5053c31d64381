// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the process does when a signal arrives: the default action, nothing, or a handler.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>

#include <csignal>
#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace parley {

/// One setting per signal for the whole process. `default_action` and `ignore` outlive exec; a handler becomes
/// `default_action` there.
enum class disposition : std::uint8_t {
    default_action,  ///< what signal(7) says
    ignore,          ///< the signal is discarded
    handler,         ///< a function of this program runs
};

/// "default", "ignore", "handler".
PARLEY_EXPORT std::string_view to_string(disposition value) noexcept;
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, disposition value);

/// The disposition of signal `number`. Errors: `errc::unknown_signal`. Any thread.
[[nodiscard]] PARLEY_EXPORT result<disposition> current_disposition(int number);

/// Sets the disposition of signal `number` for the whole process.
///
/// To handle a signal, use a `signal_watcher` or `asio::signal_set`; while one holds the signal, leave its disposition
/// alone. Errors: `errc::unknown_signal`; `errc::signal_not_catchable` for SIGKILL and SIGSTOP;
/// `errc::invalid_argument` for `disposition::handler`. Any thread. Source: sigaction(2).
PARLEY_EXPORT result<void> set_disposition(int number, disposition wanted);

/// Sets the disposition of one signal for the length of a scope; then the earlier one comes back, with its handler,
/// flags and mask.
///
/// The setting is the whole process's: scopes on one signal must nest. Errors: the constructor throws system_error as
/// `set_disposition` reports.
class PARLEY_EXPORT scoped_disposition {
public:
    scoped_disposition(int number, disposition wanted);
    scoped_disposition(const scoped_disposition&) = delete;
    scoped_disposition& operator=(const scoped_disposition&) = delete;
    ~scoped_disposition();

private:
    int number_;
    struct ::sigaction earlier_ {};
};

}  // namespace parley
