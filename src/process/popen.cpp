// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/popen.hpp>
#include <parley/process/spawn.hpp>

#include <parley/core/buffer.hpp>

#include "core/operation.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

namespace parley {

struct process_stream::impl {
    impl(const executor& runs_on, child started, const popen_options& options)
        : io(runs_on),
          process(std::move(started)),
          received(std::max(options.line_limit, options.line_limit + 1)),  // the largest is none
          mode(options.mode) {}

    executor io;
    child process;
    buffer received;  // one byte more than a line, for its newline
    std::size_t searched = 0;
    popen_mode mode;
    bool ended = false;

    // The next whole line in the buffer.
    std::optional<std::string> take_line() {
        const auto data = received.data();
        const auto newline = data.find('\n', searched);
        if (newline == std::string_view::npos) {
            searched = data.size();
            return std::nullopt;
        }
        std::string line(data.substr(0, newline));
        received.consume(newline + 1);
        searched = 0;
        return line;
    }
};

namespace {

constexpr std::size_t block_size = std::size_t{16} << 10;

task<std::optional<std::string>> read_line(std::shared_ptr<process_stream::impl> state) {
    auto& s = *state;
    if (s.mode == popen_mode::write) throw boost::system::system_error(make_error_code(errc::not_piped));
    for (;;) {
        if (!s.process) throw boost::system::system_error(asio::error::operation_aborted);  // the stream has gone
        if (auto line = s.take_line()) co_return line;
        if (s.ended) {
            if (s.received.empty()) co_return std::nullopt;
            std::string last(s.received.data());
            s.received.consume(last.size());
            s.searched = 0;
            co_return last;
        }
        if (s.received.full()) throw boost::system::system_error(make_error_code(errc::limit_exceeded));
        error_code ec;
        const auto n = co_await s.process.out().async_read_some(s.received.prepare(block_size),
                                                                asio::redirect_error(asio::use_awaitable, ec));
        s.received.commit(n);
        if (ec == asio::error::eof)
            s.ended = true;
        else if (ec)
            throw boost::system::system_error(ec);
    }
}

struct writing {
    std::string text;
    std::size_t written = 0;
};

// The pipe goes with the stream, between two writes as well.
task<void> write_all(std::shared_ptr<process_stream::impl> state, std::shared_ptr<writing> what) {
    while (what->written < what->text.size()) {
        if (!state->process) throw boost::system::system_error(asio::error::operation_aborted);
        error_code ec;
        what->written += co_await state->process.in().async_write_some(asio::buffer(what->text) + what->written,
                                                                       asio::redirect_error(asio::use_awaitable, ec));
        if (ec) throw boost::system::system_error(ec);
    }
}

}  // namespace

process_stream::process_stream() noexcept = default;
process_stream::process_stream(std::shared_ptr<impl> state) noexcept : impl_(std::move(state)) {}
process_stream::process_stream(process_stream&&) noexcept = default;

process_stream& process_stream::operator=(process_stream&& other) noexcept {
    if (this != &other) {
        leave();
        impl_ = std::move(other.impl_);
    }
    return *this;
}

process_stream::~process_stream() { leave(); }

void process_stream::leave() noexcept {
    if (!impl_) return;
    const auto state = std::move(impl_);  // operations under way hold it, too
    state->process = child();
}

std::optional<std::string> process_stream::try_read_line() { return impl_ ? impl_->take_line() : std::nullopt; }

void process_stream::start_read_line(const std::shared_ptr<impl>& s, const executor& on,
                                     completion_handler<void(error_code, std::optional<std::string>)> handler) {
    if (!s) {
        post_completion(on, std::move(handler), make_error_code(errc::no_child), std::optional<std::string>());
        return;
    }
    run_operation(s->io, std::move(handler), read_line(s));
}

void process_stream::start_write(const std::shared_ptr<impl>& s, const executor& on, std::string text,
                                 completion_handler<void(error_code, std::size_t)> handler) {
    if (!s) {
        post_completion(on, std::move(handler), make_error_code(errc::no_child), std::size_t{0});
        return;
    }
    if (s->mode == popen_mode::read) {
        post_completion(s->io, std::move(handler), make_error_code(errc::not_piped), std::size_t{0});
        return;
    }
    const auto what = std::make_shared<writing>(writing{std::move(text)});
    asio::co_spawn(s->io, detail::accept_every_cancellation(write_all(s, what)),
                   detail::map_handler(std::move(handler), [what](auto h, std::exception_ptr failure) {
                       std::move(h)(code_of(failure), what->written);
                   }));
}

void process_stream::close_input() {
    if (impl_ && impl_->mode != popen_mode::read) impl_->process.in().close();
}

void process_stream::start_close(const std::shared_ptr<impl>& s, const executor& on,
                                 completion_handler<void(error_code, exit_status)> handler) {
    if (!s || !s->process) {
        post_completion(s ? s->io : on, std::move(handler), make_error_code(errc::no_child), exit_status());
        return;
    }
    if (s->mode != popen_mode::read) s->process.in().close();
    if (s->mode != popen_mode::write && s->process.out().is_open()) {
        const unique_fd closed(s->process.out().release());
        s->ended = true;
    }
    s->process.async_wait(std::move(handler));
}

child& process_stream::process() {
    if (!impl_) throw boost::system::system_error(make_error_code(errc::no_child), "process stream");
    return impl_->process;
}

result<process_stream> popen(const executor& io, std::string_view command_line, popen_options options) {
    command shell{.program = "/bin/sh", .arguments = {"-c", "--", std::string(command_line)}, .stop = options.stop};
    if (options.mode != popen_mode::read) shell.in = stdio::pipe();
    if (options.mode != popen_mode::write) shell.out = stdio::pipe();
    if (options.merge_stderr) shell.err = stdio::to_stdout();
    auto started = spawn(io, shell);
    if (!started) return started.error();
    return process_stream(std::make_shared<process_stream::impl>(io, std::move(*started), options));
}

}  // namespace parley
