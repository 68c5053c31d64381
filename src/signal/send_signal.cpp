// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/send_signal.hpp>
#include <parley/signal/signal_catalogue.hpp>

#include "core/syscall.hpp"

#include <optional>
#include <string>

#include <unistd.h>

namespace parley {
namespace {

std::string describe(int number, const std::string& target) {
    const auto* row = find_signal(number);
    return "send " + (row ? std::string(row->name) : "signal " + std::to_string(number)) + " to " + target;
}

// Number 0 is allowed: the probe.
bool can_be_sent(int number) { return number == 0 || find_signal(number); }

siginfo_t queued(int number, signal_value value) noexcept {
    siginfo_t info{};
    info.si_signo = number;
    info.si_code = SI_QUEUE;
    info.si_pid = ::getpid();
    info.si_uid = ::getuid();
    info.si_value = value.native();
    return info;
}

template <typename Describe>
result<void> finish(const error_code& ec, Describe&& context) {
    if (ec) return error(ec, context());
    return {};
}

template <typename Describe>
result<void> send(int pidfd, int number, const std::optional<signal_value>& value, Describe&& context) {
    if (!can_be_sent(number)) return error(errc::unknown_signal, context());
    if (!value || number == 0) return finish(sys::pidfd_send_signal(pidfd, number), context);
    const siginfo_t info = queued(number, *value);
    return finish(sys::pidfd_send_signal(pidfd, number, &info), context);
}

result<void> send_to_pid(pid_t pid, int number, const std::optional<signal_value>& value) {
    const auto context = [&] { return describe(number, "process " + std::to_string(pid)); };
    if (pid <= 0) return error(errc::invalid_process, context());
    const auto pidfd = sys::pidfd_open(pid);
    if (!pidfd) return error(pidfd.error(), context());
    return send(pidfd->get(), number, value, context);
}

result<void> send_to_pidfd(pidfd_ref process, int number, const std::optional<signal_value>& value) {
    return send(process.fd, number, value,
                [&] { return describe(number, "the process of pidfd " + std::to_string(process.fd)); });
}

}  // namespace

result<void> send_signal(pid_t pid, int number) { return send_to_pid(pid, number, std::nullopt); }
result<void> send_signal(pidfd_ref process, int number) { return send_to_pidfd(process, number, std::nullopt); }
result<void> queue_signal(pid_t pid, int number, signal_value value) { return send_to_pid(pid, number, value); }
result<void> queue_signal(pidfd_ref process, int number, signal_value value) {
    return send_to_pidfd(process, number, value);
}

result<void> send_signal_to_group(pid_t group, int number) {
    const auto context = [&] { return describe(number, "process group " + std::to_string(group)); };
    if (group <= 1) return error(errc::invalid_process, context());
    if (!can_be_sent(number)) return error(errc::unknown_signal, context());
    return finish(sys::kill_group(group, number), context);
}

result<void> send_signal_to_own_group(int number) {
    const auto context = [&] { return describe(number, "the own process group"); };
    if (!can_be_sent(number)) return error(errc::unknown_signal, context());
    return finish(sys::kill_group(0, number), context);
}

result<void> raise_signal(int number) {
    const auto context = [&] { return describe(number, "the calling thread"); };
    if (!can_be_sent(number)) return error(errc::unknown_signal, context());
    return finish(sys::raise(number), context);
}

}  // namespace parley
