// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// All that is known of a child's end: a line for people, JSON for programs.

#include <parley/loop/application.hpp>
#include <parley/process/run.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/this_coro.hpp>

#include <csignal>
#include <iostream>

// [reports]
parley::task<> tell() {
    const auto io = co_await parley::asio::this_coro::executor;

    // One that complains and fails: its last words are in the report.
    const parley::command failing{.program = "/bin/sh", .arguments = {"-c", "echo no table users >&2; exit 3"}};
    const parley::run_result result = co_await parley::async_run(io, failing);
    std::cout << result.report << "\n" << to_json(result.report) << "\n";

    // One that crashes by itself, and one that we signal.
    const parley::command crashing{
        .program = "/bin/sh", .arguments = {"-c", "kill -SEGV $$"}, .limits = {{RLIMIT_CORE, 0, 0}}};
    parley::child crashed = parley::spawn(io, crashing).value();
    std::cout << co_await crashed.async_report() << "\n";

    parley::child signalled = parley::spawn(io, {.program = "/bin/sleep", .arguments = {"60"}}).value();
    signalled.send_signal(SIGUSR1).value();
    std::cout << co_await signalled.async_report() << "\n";

    // One that needs memory: a block of 48 MiB.
    const parley::command large{.program = "/bin/dd",
                                .arguments = {"if=/dev/zero", "of=/dev/null", "bs=48M", "count=1"},
                                .err = parley::stdio::null()};
    parley::child copying = parley::spawn(io, large).value();
    const parley::exit_report report = co_await copying.async_report();
    const auto mebibytes = report.usage.value().peak_memory >> 20;
    std::cout << report.program << " " << report.status << (mebibytes >= 48 ? ", and was large" : ", and was small")
              << std::endl;
}
// [/reports]

int main() { return parley::run(tell()); }
