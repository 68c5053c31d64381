// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Openings of FIFOs, and what they end with.
#pragma once

#include <parley/pipe/fifo.hpp>

#include "leftovers.hpp"
#include "run_task.hpp"
#include "temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>

namespace parley::test {

inline constexpr asio::cancellation_type every_type[] = {
    asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total};

struct fifo_fixture : no_leftovers {
    temporary_directory directory;
    std::string path = directory / "fifo";
    asio::io_context io;
};

// What an opening ended with.
template <typename Object>
struct opening {
    error_code ec;
    std::optional<Object> object;
    int count = 0;

    bool done() const { return count == 1; }
    auto handler() {
        return [this](error_code e, Object o) { ec = e, object.emplace(std::move(o)), ++count; };
    }
};

using reader_opening = opening<asio::readable_pipe>;
using writer_opening = opening<pipe_writer>;

inline unique_fd raw_open(const std::string& path, int access) {
    return unique_fd{::open(path.c_str(), access | O_NONBLOCK | O_CLOEXEC)};
}

inline error_code reader_error(asio::io_context& io, const std::string& path, fifo_options options = {}) {
    reader_opening result;
    async_open_fifo_reader(io.get_executor(), path, options, result.handler());
    run_until(io, [&] { return result.done(); });
    BOOST_TEST(!result.object->is_open());
    return result.ec;
}

inline error_code writer_error(asio::io_context& io, const std::string& path) {
    writer_opening result;
    async_open_fifo_writer(io.get_executor(), path, result.handler());
    run_until(io, [&] { return result.done(); });
    BOOST_TEST(!result.object->is_open());
    return result.ec;
}

}  // namespace parley::test
