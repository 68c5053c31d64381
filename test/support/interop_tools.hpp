// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Programs that nobody here wrote as the other side of a connection, over their standard streams.
#pragma once

#include "rpc_tools.hpp"
#include "skip.hpp"

#include <parley/message/stream_pair.hpp>
#include <parley/process/run.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>

#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace parley::test {

/// The interpreter of test/rpc/with_python; null outside of it.
inline const char* python() { return std::getenv("PARLEY_PYTHON"); }

[[noreturn]] inline void skip(const char* needed) { skip_program(std::string("needs ") + needed); }

inline void skip_without_python() {
    if (python() == nullptr) skip("to be run by test/rpc/with_python");
}

/// Ends the test program with 77, which CTest takes for "skipped", where `program` is not in PATH.
inline void skip_without(const char* program) {
    asio::io_context io;
    auto started = spawn(io.get_executor(), {.program = program,
                                             .arguments = {"--version"},
                                             .search_path = true,
                                             .in = stdio::null(),
                                             .out = stdio::null(),
                                             .err = stdio::null()});
    if (started &&
        run_task(io, [](child& c) -> task<exit_status> { co_return co_await c.async_wait(); }(*started)).success())
        return;
    skip(program);
}

struct interop_fixture : rpc_fixture {
    rpc::router calls;  // what the program may call
    child program;
    rpc::connection peer;

    void start(command what, const rpc::protocol& protocol) {
        what.search_path = what.program.find('/') == std::string::npos;
        what.in = what.out = stdio::pipe();
        what.err = stdio::null();
        program = spawn(ex, what).value();
        peer = rpc::connection(stream_pair(std::move(program.out()), std::move(program.in())), calls,
                               {.protocol = protocol});
    }
    /// A script beside test/rpc/with_python.
    void start_script(const std::string& name, const rpc::protocol& protocol) {
        start({.program = python(), .arguments = {std::getenv("PARLEY_SCRIPTS") + ("/" + name)}}, protocol);
    }
    exit_status end() {
        return run_task(io, [](child& c) -> task<exit_status> { co_return co_await c.async_wait(); }(program));
    }
    template <typename R = rpc::value, typename... Args>
    R call(std::string_view method, Args&&... args) {
        auto operation = peer.prepare_call<R>(method, std::forward<Args>(args)...);
        if constexpr (std::is_void_v<R>) {
            if (const auto failure = end_of_call(std::move(operation))) std::rethrow_exception(failure);
        } else {
            return get<R>(std::move(operation));
        }
    }
    template <typename Operation>
    std::exception_ptr end_of_call(Operation operation) {
        std::optional<std::exception_ptr> ended;
        std::move(operation)([&](std::exception_ptr e) { ended = std::move(e); });
        run_until(io, [&] { return ended.has_value(); });
        return *ended;
    }
    template <typename... Args>
    void notify(std::string_view method, Args&&... args) {
        run(peer.async_notify(method, std::forward<Args>(args)...));
    }
    template <typename Condition>
    void wait_until(Condition condition) {
        run_until(io, std::move(condition));
    }
};

}  // namespace parley::test
