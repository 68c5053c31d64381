// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The stages of one pipeline, started, and the streams that lead to this process.
#pragma once

#include <parley/core/error.hpp>
#include <parley/pipe/pipe.hpp>
#include <parley/process/child.hpp>
#include <parley/process/pipeline.hpp>

#include "process/capture.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/readable_pipe.hpp>

#include <cstddef>
#include <optional>
#include <vector>

#include <sys/types.h>

namespace parley {

/// A child, or a coroutine with its ends of two pipes.
struct running_stage {
    bool runs = false;
    child process{};
    asio::readable_pipe* err = nullptr;  // the child's, where it is captured
    captured kept_err{};
    std::optional<asio::readable_pipe> from{};
    std::optional<pipe_writer> to{};
    asio::cancellation_signal cancel{};
};

struct pipeline_stages {
    explicit pipeline_stages(std::size_t count) : each(count) {}

    std::vector<running_stage> each;
    pid_t group = 0;
    pipe_writer* in = nullptr;           // to the first
    asio::readable_pipe* out = nullptr;  // from the last
    captured kept_out{};

    // what `in` and `out` point to where a coroutine is at that end
    std::optional<pipe_writer> coroutine_in{};
    std::optional<asio::readable_pipe> coroutine_out{};
};

/// Why a stage could not be started.
struct start_failure {
    std::size_t stage;
    error why;
};

/// Starts the programs of `plan` in order and prepares the ends of the coroutines, up to the first failure. What has
/// been started until then is in `stages`.
std::optional<start_failure> start_stages(const executor& io, const pipeline& plan, const pipeline_options& options,
                                          pipeline_stages& stages);

}  // namespace parley
