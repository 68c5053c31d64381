// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/exit_status.hpp>
#include <parley/signal/signal_name.hpp>

#include <ostream>

#include <sys/wait.h>

namespace parley {

exit_status exit_status::from_wait_status(int status) noexcept {
    if (WIFEXITED(status)) return exited(WEXITSTATUS(status));
    if (WIFSIGNALED(status)) return signalled(WTERMSIG(status), WCOREDUMP(status));
    return {};
}

std::string to_string(const exit_status& status) {
    if (const auto code = status.exit_code()) return "exited with " + std::to_string(*code);
    if (const auto number = status.signal_number()) {
        const auto name = signal_name(*number);
        return "killed by " + (name ? *name : "signal " + std::to_string(*number)) +
               (status.core_dumped() ? " (core dumped)" : "");
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& out, const exit_status& status) { return out << to_string(status); }

}  // namespace parley
