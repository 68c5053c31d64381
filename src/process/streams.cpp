// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/streams.hpp"

#include "process/terminal_modes.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include <fcntl.h>

namespace parley {
namespace {

sys::outcome<stream_ends> open_stream(const stdio& plan, int number) {
    stream_ends ends;
    const auto take = [&ends](sys::outcome<unique_fd> opened) -> sys::outcome<stream_ends> {
        if (!opened) return opened.error();
        ends.child = std::move(*opened);
        return std::move(ends);
    };
    const bool reads = number == 0;
    switch (plan.what()) {
        case stdio::kind::inherit:
            // A close-on-exec one was not meant for a child: in a program that began without standard streams,
            // something else has taken the number.
            if (sys::survives_exec(number)) {
                ends.lent = number;
                return ends;
            }
            [[fallthrough]];
        case stdio::kind::null:
            return take(sys::open("/dev/null", reads ? O_RDONLY : O_WRONLY));
        case stdio::kind::read_file:
            return take(sys::open(plan.path().c_str(), O_RDONLY | O_NOCTTY | O_NONBLOCK));
        case stdio::kind::truncate_file:
            return take(sys::open(plan.path().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_NONBLOCK, 0666));
        case stdio::kind::append_file:
            return take(sys::open(plan.path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK, 0666));
        case stdio::kind::descriptor:
            ends.lent = plan.fd();
            return ends;
        case stdio::kind::pipe: {
            auto made = sys::pipe();
            if (!made) return made.error();
            if (plan.capacity() != 0) (void)sys::set_pipe_size(made->writer.get(), plan.capacity());
            ends.parent = std::move(reads ? made->writer : made->reader);
            ends.child = std::move(reads ? made->reader : made->writer);
            return ends;
        }
        case stdio::kind::socket_pair: {
            auto made = sys::one_way_socket_pair();
            if (!made) return made.error();
            ends.parent = std::move(reads ? made->writer : made->reader);
            ends.child = std::move(reads ? made->reader : made->writer);
            return ends;
        }
        case stdio::kind::pty:
        case stdio::kind::to_stdout:
            return ends;
    }
    return ends;
}

bool opens_a_file(const stdio& plan) {
    return plan.what() == stdio::kind::read_file || plan.what() == stdio::kind::truncate_file ||
           plan.what() == stdio::kind::append_file;
}

constexpr std::array<const char*, 3> stream_names{"standard input", "standard output", "standard error"};

}  // namespace

error start_error(const command& what, error_code ec, const std::string& where) {
    return error(ec, "spawn " + shell_quote(what.program) + (where.empty() ? "" : ": " + where));
}

error_code prepare_error(const error_code& ec) { return make_spawn_error(spawn_step::prepare, ec.value()); }

result<child_streams> open_streams(const command& what) {
    const std::array<const stdio*, 3> plans{&what.in, &what.out, &what.err};
    child_streams streams;
    for (int number = 0; number < 3; ++number) {
        const auto& plan = *plans[static_cast<std::size_t>(number)];
        const std::string where = stream_names[static_cast<std::size_t>(number)];
        if (plan.what() == stdio::kind::to_stdout && number != 2)
            return start_error(what, make_error_code(errc::invalid_argument), where + " cannot go to standard output");
        if (opens_a_file(plan) && plan.path().find('\0') != std::string::npos)
            return start_error(what, make_error_code(errc::invalid_argument), where + ": the path contains a NUL byte");
        auto opened = open_stream(plan, number);
        if (!opened)
            return start_error(what, prepare_error(opened.error()),
                               opens_a_file(plan) ? where + " " + shell_quote(plan.path()) : where);
        // Opened without waiting for a peer; the program expects a stream that blocks.
        if (opens_a_file(plan))
            if (const auto ec = sys::set_nonblocking(opened->child.get(), false))
                return start_error(what, prepare_error(ec), where);
        if (plan.what() == stdio::kind::descriptor)
            if (const auto open = sys::status_flags(opened->lent); !open)
                return start_error(what, prepare_error(open.error()),
                                   where + ": descriptor " + std::to_string(opened->lent));
        if (plan.what() == stdio::kind::pty) {
            if (!streams.terminal) {
                auto made = sys::open_pty();
                if (!made) return start_error(what, prepare_error(made.error()), where + ": pseudo-terminal");
                if (const auto ec = set_up_terminal(*made, what.terminal))
                    return start_error(what, prepare_error(ec), where + ": pseudo-terminal");
                streams.terminal = std::move(*made);
            }
            opened->lent = streams.terminal->follower.get();
        }
        streams.ends[static_cast<std::size_t>(number)] = std::move(*opened);
    }
    return streams;
}

result<void> plan_descriptors(const command& what, const child_streams& streams, launch_plan& plan) {
    plan.moves.reserve(3 + what.descriptors.size() + what.sockets.size());
    plan.keep.reserve(3 + what.descriptors.size() + what.sockets.size());
    for (int number = 0; number < 3; ++number) {
        const auto& ends =
            streams
                .ends[static_cast<std::size_t>(number == 2 && what.err.what() == stdio::kind::to_stdout ? 1 : number)];
        plan.moves.push_back({ends.child ? ends.child.get() : ends.lent, number});
        if (streams.terminal && ends.lent == streams.terminal->follower.get()) plan.terminal = number;
        plan.keep.push_back(number);
    }
    std::vector<descriptor_mapping> mappings;
    mappings.reserve(what.sockets.size() + what.descriptors.size());
    for (int number = 3; const auto& each : what.sockets) mappings.push_back({each.fd, number++});
    mappings.insert(mappings.end(), what.descriptors.begin(), what.descriptors.end());
    for (const auto& mapping : mappings) {
        const auto where = "descriptor " + std::to_string(mapping.parent) + " as " + std::to_string(mapping.child);
        if (mapping.child < 3 || std::ranges::find(plan.keep, mapping.child) != plan.keep.end())
            return start_error(what, make_error_code(errc::invalid_argument),
                               where + ": the child's number must be 3 or higher and used once");
        if (const auto open = sys::status_flags(mapping.parent); !open)
            return start_error(what, prepare_error(open.error()), where);
        plan.moves.push_back({mapping.parent, mapping.child});
        plan.keep.push_back(mapping.child);
    }
    return {};
}

asio::readable_pipe& attach(std::optional<asio::readable_pipe>& pipe, const executor& io, unique_fd end) {
    pipe.emplace(io).assign(end.get());
    (void)end.release();
    return *pipe;
}

sys::outcome<parent_ends> attach_all(const executor& io, child_streams& streams) {
    try {
        parent_ends ends;
        if (streams.ends[0].parent) ends.in.emplace(io, std::move(streams.ends[0].parent));
        if (auto& end = streams.ends[1].parent) attach(ends.out, io, std::move(end));
        if (auto& end = streams.ends[2].parent) attach(ends.err, io, std::move(end));
        if (streams.terminal) ends.terminal.emplace(io, std::move(streams.terminal->leader));
        return ends;
    } catch (const boost::system::system_error& e) {
        return e.code();
    }
}

}  // namespace parley
