// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Pipelines for tests: run to their end, and coroutines that can stand in them.
#pragma once

#include "process_tools.hpp"

#include <parley/process/pipeline.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cctype>
#include <string>
#include <tuple>

#include <unistd.h>

namespace parley::test {

using pipeline_outcome = std::tuple<error_code, pipeline_result>;

struct pipeline_fixture : process_fixture {
    pipeline_outcome run_all(const pipeline& what, const pipeline_options& options = {}) {
        return run_task(io, [](executor on, pipeline p, pipeline_options o) -> task<pipeline_outcome> {
            co_return co_await async_run(on, p, o, asio::as_tuple(asio::use_awaitable));
        }(ex, what, options));
    }
};

/// What stream `number` of a child of ours is: "pipe:[4711]".
inline std::string stream_of(int pid, int number) {
    std::string target(256, '\0');
    const auto link = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(number);
    const auto length = ::readlink(link.c_str(), target.data(), target.size());
    target.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
    return target;
}

/// How many descriptors of this process lead there.
inline int how_many_here(const std::string& target) {
    int count = 0;
    for (const auto& [number, leads_to] : open_descriptors()) count += leads_to == target ? 1 : 0;
    return count;
}

/// Some bytes of `from`; none at its end.
inline task<std::string> read_some(asio::readable_pipe& from) {
    std::string block(65536, '\0');
    error_code ec;
    block.resize(co_await from.async_read_some(asio::buffer(block), asio::redirect_error(asio::use_awaitable, ec)));
    if (ec && ec != asio::error::eof) throw boost::system::system_error(ec);
    co_return block;
}

/// A stage that makes letters upper case.
inline task<void> upper(asio::readable_pipe& from, pipe_writer& to) {
    for (;;) {
        auto block = co_await read_some(from);
        if (block.empty()) co_return;
        for (char& c : block) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        co_await asio::async_write(to, asio::buffer(block), asio::use_awaitable);
    }
}

/// A stage that writes without end and never reads.
inline task<void> endless(asio::readable_pipe&, pipe_writer& to) {
    const std::string line = "y\n";
    for (;;) co_await asio::async_write(to, asio::buffer(line), asio::use_awaitable);
}

/// A stage that waits for the first line, says so, and then for the end of its input. It keeps what comes: a stage that
/// is about to pass it on could find the next one gone before it is stopped itself.
inline coroutine_stage line_watcher(bool& seen) {
    return stage("watcher", [&seen](asio::readable_pipe& from, pipe_writer&) -> task<void> {
        while (!(co_await read_some(from)).empty()) seen = true;
    });
}

}  // namespace parley::test
