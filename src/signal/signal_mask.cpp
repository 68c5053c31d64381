// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/signal_catalogue.hpp>
#include <parley/signal/signal_mask.hpp>

#include "core/syscall.hpp"

#include <array>
#include <ostream>

namespace parley {
namespace {

result<std::size_t> bit_of(int number) {
    if (!find_signal(number)) return error(errc::unknown_signal, "signal " + std::to_string(number));
    return static_cast<std::size_t>(number);
}

result<signal_mask> change_mask(int how, const signal_mask* mask, const char* action) {
    sigset_t wanted{}, earlier;
    if (mask) wanted = mask->native();
    if (const auto ec = sys::thread_sigmask(how, mask ? &wanted : nullptr, &earlier))
        return error(ec, mask ? std::string(action) + ' ' + mask->to_string() : action);
    return signal_mask(earlier);
}

}  // namespace

void signal_mask::add(int number) { insert(number).value(); }

signal_mask::signal_mask(const sigset_t& set) {
    for (const auto& row : signal_catalogue())
        if (sigismember(&set, row.number) == 1) bits_.set(static_cast<std::size_t>(row.number));
}

signal_mask signal_mask::all() {
    signal_mask mask;
    for (const auto& row : signal_catalogue()) mask.bits_.set(static_cast<std::size_t>(row.number));
    return mask;
}

result<void> signal_mask::insert(int number) {
    const auto bit = bit_of(number);
    if (!bit) return bit.error();
    bits_.set(*bit);
    return {};
}

result<void> signal_mask::erase(int number) {
    const auto bit = bit_of(number);
    if (!bit) return bit.error();
    bits_.reset(*bit);
    return {};
}

bool signal_mask::contains(int number) const noexcept {
    return number > 0 && number < NSIG && bits_[static_cast<std::size_t>(number)];
}

std::vector<int> signal_mask::to_vector() const {
    std::vector<int> numbers;
    numbers.reserve(size());
    for (int number = 1; number < NSIG; ++number)
        if (contains(number)) numbers.push_back(number);
    return numbers;
}

std::string signal_mask::to_string() const {
    std::string text = "{";
    for (const int number : to_vector()) {
        if (text.size() > 1) text += ", ";
        text += find_signal(number)->name;
    }
    return text += '}';
}

sigset_t signal_mask::native() const noexcept {
    sigset_t set;
    sigemptyset(&set);
    for (int number = 1; number < NSIG; ++number)
        if (contains(number)) sigaddset(&set, number);
    return set;
}

std::ostream& operator<<(std::ostream& out, const signal_mask& mask) { return out << mask.to_string(); }

result<signal_mask> current_mask() { return change_mask(SIG_BLOCK, nullptr, "read the signal mask"); }
result<signal_mask> block_signals(const signal_mask& mask) { return change_mask(SIG_BLOCK, &mask, "block"); }
result<signal_mask> unblock_signals(const signal_mask& mask) { return change_mask(SIG_UNBLOCK, &mask, "unblock"); }
result<signal_mask> replace_mask(const signal_mask& mask) {
    return change_mask(SIG_SETMASK, &mask, "set the signal mask to");
}

result<signal_mask> pending_signals() {
    sigset_t set;
    if (const auto ec = sys::sigpending(set)) return error(ec, "read the pending signals");
    return signal_mask(set);
}

namespace {
// How many scopes of this thread hold each signal.
thread_local std::array<unsigned, NSIG> holders{};
}  // namespace

scoped_signal_block::scoped_signal_block(const signal_mask& mask) : earlier_(block_signals(mask).value()) {
    for (const int number : mask.to_vector()) {
        auto& count = holders[static_cast<std::size_t>(number)];
        if (earlier_.contains(number) && count == 0) continue;  // was held back before any scope
        ++count;
        held_.insert(number).value();
    }
}

scoped_signal_block::~scoped_signal_block() {
    sigset_t over;
    sigemptyset(&over);
    for (int number = 1; number < NSIG; ++number)
        if (held_.contains(number) && --holders[static_cast<std::size_t>(number)] == 0) sigaddset(&over, number);
    sys::thread_sigmask(SIG_UNBLOCK, &over, nullptr);
}

}  // namespace parley
