// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/signal_catalogue.hpp>
#include <parley/signal/signal_event.hpp>

#include <csignal>
#include <ostream>

namespace parley {

std::string signal_event::to_string() const {
    const auto* row = find_signal(number);
    std::string text = row ? std::string(row->name) : "signal " + std::to_string(number);
    if (sender_pid != 0)
        text += " from process " + std::to_string(sender_pid) + " (uid " + std::to_string(sender_uid) + ')';
    else
        text += code > 0 || code == SI_TIMER ? " from the kernel" : " from an unknown sender";
    if (code == SI_QUEUE) text += ", value " + std::to_string(value);
    if (missed != 0) text += ", " + std::to_string(missed) + " missed before it";
    return text;
}

std::ostream& operator<<(std::ostream& out, const signal_event& event) { return out << event.to_string(); }

}  // namespace parley
