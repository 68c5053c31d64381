// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/disposition.hpp>
#include <parley/signal/signal_catalogue.hpp>

#include "core/syscall.hpp"

#include <ostream>
#include <string>

namespace parley {
namespace {

result<struct ::sigaction> replace(int number, disposition wanted) {
    const auto* row = find_signal(number);
    if (!row) return error(errc::unknown_signal, "signal " + std::to_string(number));
    const std::string name(row->name);
    if (!row->catchable) return error(errc::signal_not_catchable, name);
    if (wanted == disposition::handler)
        return error(errc::invalid_argument, "disposition of " + name + ": a handler is installed by a signal_watcher");
    struct ::sigaction action {
    }, earlier{};
    action.sa_handler = wanted == disposition::ignore ? SIG_IGN : SIG_DFL;
    if (const auto ec = sys::sigaction(number, &action, &earlier)) return error(ec, "set the disposition of " + name);
    return earlier;
}

}  // namespace

std::string_view to_string(disposition value) noexcept {
    switch (value) {
        case disposition::default_action:
            return "default";
        case disposition::ignore:
            return "ignore";
        case disposition::handler:
            return "handler";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& out, disposition value) { return out << to_string(value); }

result<disposition> current_disposition(int number) {
    const auto* row = find_signal(number);
    if (!row) return error(errc::unknown_signal, "signal " + std::to_string(number));
    struct ::sigaction now {};
    if (const auto ec = sys::sigaction(number, nullptr, &now))
        return error(ec, "read the disposition of " + std::string(row->name));
    if (now.sa_flags & SA_SIGINFO) return disposition::handler;
    if (now.sa_handler == SIG_DFL) return disposition::default_action;
    if (now.sa_handler == SIG_IGN) return disposition::ignore;
    return disposition::handler;
}

result<void> set_disposition(int number, disposition wanted) {
    const auto done = replace(number, wanted);
    if (!done) return done.error();
    return {};
}

scoped_disposition::scoped_disposition(int number, disposition wanted)
    : number_(number), earlier_(replace(number, wanted).value()) {}

scoped_disposition::~scoped_disposition() { sys::sigaction(number_, &earlier_, nullptr); }

}  // namespace parley
