// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/pty.hpp>

#include "core/syscall.hpp"
#include "process/terminal_modes.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <ostream>
#include <string>

#include <sys/ioctl.h>

namespace parley {

std::string to_string(window_size size) { return std::to_string(size.rows) + " x " + std::to_string(size.columns); }

std::ostream& operator<<(std::ostream& out, window_size size) { return out << to_string(size); }

error_code set_up_terminal(const sys::pty_ends& terminal, const pty_options& options) noexcept {
    winsize size{};
    size.ws_row = options.size.rows;
    size.ws_col = options.size.columns;
    if (const auto ec = sys::terminal_control(terminal.leader.get(), TIOCSWINSZ, &size)) return ec;
    if (options.line_discipline) return {};
    return sys::make_terminal_raw(terminal.follower.get());
}

error_code detail::end_of_terminal(const error_code& ec) noexcept {
    return ec == boost::system::errc::io_error ? error_code(asio::error::eof) : ec;
}

pty::pty(const executor& io, unique_fd leader) : descriptor_(io) {
    error_code ec;
    descriptor_.assign(leader.get(), ec);
    if (ec) throw boost::system::system_error(ec, "pseudo-terminal");
    (void)leader.release();
}

int pty::native_handle() noexcept { return descriptor_.is_open() ? descriptor_.native_handle() : -1; }

result<void> pty::resize(window_size size) {
    winsize wanted{};
    wanted.ws_row = size.rows;
    wanted.ws_col = size.columns;
    if (const auto ec = sys::terminal_control(native_handle(), TIOCSWINSZ, &wanted))
        return error(ec, "resize pseudo-terminal");
    return {};
}

result<window_size> pty::size() {
    winsize now{};
    if (const auto ec = sys::terminal_control(native_handle(), TIOCGWINSZ, &now))
        return error(ec, "size of pseudo-terminal");
    return window_size{now.ws_row, now.ws_col};
}

void pty::cancel() noexcept {
    error_code ignored;
    descriptor_.cancel(ignored);
}

void pty::close() noexcept {
    if (descriptor_.is_open()) const unique_fd closed(descriptor_.release());
}

result<pty_pair> make_pty(const executor& io, pty_options options) {
    auto made = sys::open_pty();
    if (!made) return error(made.error(), "open pseudo-terminal");
    if (const auto ec = set_up_terminal(*made, options)) return error(ec, "set up pseudo-terminal");
    try {
        return pty_pair{pty(io, std::move(made->leader)), std::move(made->follower)};
    } catch (const boost::system::system_error& e) {
        return error(e.code(), "watch pseudo-terminal");
    }
}

}  // namespace parley
