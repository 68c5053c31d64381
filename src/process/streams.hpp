// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The three standard streams of a child while its start is prepared: both ends of each, and where they go.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/unique_fd.hpp>
#include <parley/pipe/pipe.hpp>
#include <parley/process/command.hpp>
#include <parley/process/pty.hpp>

#include "core/syscall.hpp"
#include "process/launcher.hpp"

#include <boost/asio/readable_pipe.hpp>

#include <array>
#include <optional>

namespace parley {

/// The parent's and the child's end of one stream.
struct stream_ends {
    unique_fd parent;
    unique_fd child;  // empty: the child takes `lent`
    int lent = -1;
};

struct child_streams {
    std::array<stream_ends, 3> ends;
    std::optional<sys::pty_ends> terminal;
};

/// The parent's ends as objects of the loop.
struct parent_ends {
    std::optional<pipe_writer> in;
    std::optional<asio::readable_pipe> out;
    std::optional<asio::readable_pipe> err;
    std::optional<pty> terminal;
};

/// Opens what the command asks for. Errors name the stream.
result<child_streams> open_streams(const command& what);

/// Writes into the plan which descriptor goes where. Errors name the descriptor.
result<void> plan_descriptors(const command& what, const child_streams& streams, launch_plan& plan);

/// An end that stays here, as an object of the loop.
asio::readable_pipe& attach(std::optional<asio::readable_pipe>& pipe, const executor& io, unique_fd end);

/// Done before there is a child: then nothing but the pidfd can fail after it.
sys::outcome<parent_ends> attach_all(const executor& io, child_streams& streams);

/// An error of a start, naming the program.
error start_error(const command& what, error_code ec, const std::string& where = {});
error_code prepare_error(const error_code& ec);

}  // namespace parley
