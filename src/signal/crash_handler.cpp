// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/error.hpp>
#include <parley/signal/crash_handler.hpp>
#include <parley/signal/signal_catalogue.hpp>

#include "core/syscall.hpp"
#include "signal/crash_report.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include <sys/auxv.h>
#include <unistd.h>

namespace parley {
namespace {

using boost::system::system_error;

// The kernel has one disposition per signal and process: what the handler needs is not in an object.
constinit std::atomic<bool> installed{false};
constinit std::atomic<int> report_descriptor{-1};
constinit std::array<struct ::sigaction, NSIG> before{};
constinit std::atomic<bool> reporting{false};

// Of this thread, known before it crashes. In static storage: the handler must not be the first to ask for it.
[[gnu::tls_model("initial-exec")]] constinit thread_local detail::stack_bounds own_stack{};

// One report at a time. A thread that crashes while another one reports waits for the end, which is most likely its
// own.
bool begin_report() noexcept {
    using namespace std::chrono_literals;
    for (int round = 0; reporting.exchange(true); ++round) {
        if (round == 5000) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

void on_crash(int number, siginfo_t* info, void* context) {
    if (begin_report()) {
        detail::write_crash_report(report_descriptor, number, *info, context, own_stack);
        reporting = false;
    }
    sys::sigaction(number, &before[static_cast<std::size_t>(number)], nullptr);
    if (!detail::comes_again(number, *info)) sys::raise(number);  // delivered when this handler returns
}

void check(const error_code& ec, const std::string& what) {
    if (ec) throw system_error(ec, "crash_handler, " + what);
}

signal_mask accept(const signal_mask& signals) {
    if (signals.empty()) throw system_error(errc::invalid_argument, "crash_handler for no signal");
    for (const int number : signals.to_vector()) {
        const auto& row = *find_signal(number);
        const std::string context = "crash_handler for " + std::string(row.name);
        if (!row.catchable) throw system_error(errc::signal_not_catchable, context);
        if (row.action != default_action::terminate && row.action != default_action::core)
            throw system_error(errc::invalid_argument, context + ", which ends no program");
    }
    return signals;
}

// What the kernel needs for the registers, and room for the handler and the unwinder.
std::size_t sufficient(std::size_t size) noexcept {
    constexpr std::size_t for_the_report = 32 * 1024;
#ifndef AT_MINSIGSTKSZ
    constexpr unsigned long AT_MINSIGSTKSZ = 51;
#endif
    return std::max(size, static_cast<std::size_t>(::getauxval(AT_MINSIGSTKSZ)) + for_the_report);
}

}  // namespace

crash_stack::crash_stack(std::size_t size) {
    const auto pages = sys::map_guarded(sufficient(size));
    if (!pages) check(pages.error(), "mmap of a stack of " + std::to_string(size) + " bytes");
    memory_ = pages->base;
    size_ = pages->size;
    stack_t stack{};
    stack.ss_sp = pages->usable;
    stack.ss_size = pages->usable_size;
    if (const auto ec = sys::sigaltstack(&stack, &earlier_)) {
        sys::unmap_pages(*pages);
        check(ec, "sigaltstack");
    }
    own_stack = detail::find_stack_bounds();
}

crash_stack::~crash_stack() {
    sys::sigaltstack(&earlier_, nullptr);
    sys::unmap_pages({memory_, size_, nullptr, 0});
}

crash_handler::crash_handler(const crash_handler_options& options)
    : signals_(accept(options.signals)), stack_(options.stack_size) {
    if (installed.exchange(true)) check(sys::make_code(EBUSY), "of which a process has one at a time");
    try {
        detail::prepare_crash_reports();
        report_descriptor = options.descriptor;
        struct ::sigaction ours {};
        ours.sa_sigaction = on_crash;
        ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigfillset(&ours.sa_mask);
        for (const int number : signals_.to_vector()) {
            auto& earlier = before[static_cast<std::size_t>(number)];
            check(sys::sigaction(number, nullptr, &earlier), "sigaction");  // known before ours can run
            check(sys::sigaction(number, &ours, nullptr), "sigaction");
            installed_.insert(number).value();
        }
    } catch (...) {
        uninstall();
        throw;
    }
}

crash_handler::~crash_handler() { uninstall(); }

void crash_handler::uninstall() noexcept {
    for (const int number : installed_.to_vector()) {
        struct ::sigaction now {};
        sys::sigaction(number, nullptr, &now);
        const bool ours = (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_crash;
        if (ours) sys::sigaction(number, &before[static_cast<std::size_t>(number)], nullptr);
    }
    installed = false;
}

}  // namespace parley
